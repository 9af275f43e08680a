//! Where a unit's ancestors are computed: rows cut into segments, stretches
//! with the same ancestors.

use jiff::civil::Date;
use rustc_hash::FxHashMap;

use super::unit::{UnitCode, UnitRow};

/// A row's place in [`super::UnitTable::rows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub(super) u32);

/// A stretch of a row during which its ancestors are the same rows: figures
/// are kept by segment, so that each day counts under the ancestors of that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(pub(super) u32);

/// What a segment is.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) row: RowId,
    pub(super) from: Date,
    /// The row's last day.
    pub(super) row_to: Option<Date>,
    pub(super) parent: Option<SegmentId>,
}

/// What a (code, date) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// In force that day.
    InForce(SegmentId),
    /// The code is known, but not on that day.
    OutsideDates,
    /// No unit ever had the code.
    Unknown,
}

/// Every segment of a table.
#[derive(Clone, Debug)]
pub(super) struct Segments {
    pub(super) segments: Vec<Segment>,
    /// Segments of a code, by date.
    pub(super) by_code: FxHashMap<UnitCode, Vec<SegmentId>>,
}

impl Segments {
    /// Cuts each row where the row above it is cut, from the root down. Rows stand parents before children: a row's
    /// ancestors are known when it is cut.
    pub(super) fn cut(rows: &[UnitRow]) -> Self {
        let mut segments: Vec<Segment> = Vec::new();
        let mut by_code: FxHashMap<UnitCode, Vec<SegmentId>> = FxHashMap::default();
        for (index, row) in rows.iter().enumerate() {
            let mut cuts = vec![(row.valid_from, None)];
            if let Some(parent) = row.parent {
                cuts.clear();
                for id in by_code.get(&parent).into_iter().flatten() {
                    let above = &segments[id.0 as usize];
                    let above_row = &rows[above.row.0 as usize];
                    let end =
                        segments.get(id.0 as usize + 1).filter(|next| next.row == above.row).map(|next| next.from);
                    let starts_in_time = row.valid_to.is_none_or(|to| above.from <= to);
                    let ends_in_time = end
                        .map_or(above_row.valid_to.is_none_or(|to| to >= row.valid_from), |end| end > row.valid_from);
                    if starts_in_time && ends_in_time {
                        cuts.push((above.from.max(row.valid_from), Some(*id)));
                    }
                }
            }
            for (from, parent) in cuts {
                let id = SegmentId(segments.len() as u32);
                segments.push(Segment { row: RowId(index as u32), from, row_to: row.valid_to, parent });
                by_code.entry(row.code).or_default().push(id);
            }
        }
        Self { segments, by_code }
    }

    /// The segment of that id.
    pub(super) fn get(&self, id: SegmentId) -> &Segment {
        &self.segments[id.0 as usize]
    }

    /// The segments of a code, by date; none where no unit ever had it.
    pub(super) fn of(&self, code: UnitCode) -> Option<&[SegmentId]> {
        self.by_code.get(&code).map(Vec::as_slice)
    }

    /// Which unit the code meant on that day.
    pub(super) fn at(&self, code: UnitCode, day: Date) -> Lookup {
        let Some(segments) = self.of(code) else { return Lookup::Unknown };
        for id in segments.iter().rev() {
            let segment = self.get(*id);
            if segment.from <= day {
                let in_force = segment.row_to.is_none_or(|to| day <= to);
                return if in_force { Lookup::InForce(*id) } else { Lookup::OutsideDates };
            }
        }
        Lookup::OutsideDates
    }
}

//! Every unit, dated: which unit a code meant on a day, what lies above it, and
//! who took over from it. The table is data of the operator's; nothing in code
//! knows a province.

use std::fmt::Write as _;

use jiff::civil::Date;

use super::unit::{UnitCode, UnitRow};
use super::unit_csv::{self, UnitTableError};
use super::unit_segment::{Lookup, RowId, SegmentId, Segments};
use super::unit_succession::Successions;

/// A mistyped code differs from the one that is meant in so many letters at most.
const MOST_SLIPS: usize = 2;

/// Every unit, dated, with its successions.
#[derive(Clone, Debug)]
pub struct UnitTable {
    pub(super) rows: Vec<UnitRow>,
    segments: Segments,
    pub(super) successions: Successions,
}

impl UnitTable {
    /// Reads the table and its successions from CSV. The columns are
    /// `code,name,kind,parent_code,valid_from,valid_to` and
    /// `from_code,to_code,effective_on,extent,basis`; others are ignored.
    ///
    /// # Errors
    ///
    /// Every overlap, gap, orphan, cycle and row that cannot be read, with its line.
    pub fn from_csv(units: &str, succession: &str) -> Result<Self, Vec<UnitTableError>> {
        let mut problems = Vec::new();
        let mut rows = unit_csv::read(units, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        rows.sort_by_key(|row| (row.kind.level(), row.code, row.valid_from));
        let segments = Segments::cut(&rows);
        let successions = Successions::read(succession, &segments, &mut problems);
        if problems.is_empty() { Ok(Self { rows, segments, successions }) } else { Err(problems) }
    }

    /// Every row, parents before children, then by code, then by date.
    pub fn rows(&self) -> &[UnitRow] {
        &self.rows
    }

    /// Each row with its id.
    pub fn row_ids(&self) -> impl Iterator<Item = (RowId, &UnitRow)> {
        self.rows.iter().enumerate().map(|(index, row)| (RowId(index as u32), row))
    }

    /// A row.
    pub fn row(&self, id: RowId) -> &UnitRow {
        &self.rows[id.0 as usize]
    }

    /// The unit over all others, as it is last known.
    pub fn root(&self) -> &UnitRow {
        // Its level is the lowest, so its rows come first.
        let rows = self.rows.iter().take_while(|row| row.parent.is_none());
        rows.last().unwrap_or(&self.rows[0])
    }

    /// The row of a segment.
    pub fn row_of(&self, segment: SegmentId) -> RowId {
        self.segments.get(segment).row
    }

    /// What names a segment for ever: its unit's code and its first day.
    pub fn segment_key(&self, segment: SegmentId) -> (UnitCode, Date) {
        let segment = self.segments.get(segment);
        (self.row(segment.row).code, segment.from)
    }

    /// The segment of that key.
    pub fn segment(&self, code: UnitCode, from: Date) -> Option<SegmentId> {
        let segments = self.segments.of(code)?;
        segments.iter().copied().find(|id| self.segments.get(*id).from == from)
    }

    /// The segment its figures also count in, one level up.
    pub fn parent(&self, segment: SegmentId) -> Option<SegmentId> {
        self.segments.get(segment).parent
    }

    /// The segment and its ancestors, upwards.
    pub fn lineage(&self, segment: SegmentId) -> impl Iterator<Item = SegmentId> + '_ {
        std::iter::successors(Some(segment), |id| self.parent(*id))
    }

    /// Which unit the code meant on that day.
    pub fn at(&self, code: UnitCode, day: Date) -> Lookup {
        self.segments.at(code, day)
    }

    /// Whether any unit ever had the code.
    pub fn knows(&self, code: UnitCode) -> bool {
        self.segments.of(code).is_some()
    }

    /// The code's rows, by date.
    pub fn rows_of(&self, code: UnitCode) -> Vec<&UnitRow> {
        self.rows.iter().filter(|row| row.code == code).collect()
    }

    /// The unit of `code` as it was last in force from `from` to `to`.
    pub fn last_within(&self, code: UnitCode, from: Date, to: Date) -> Option<SegmentId> {
        let segments = self.segments.of(code)?;
        segments.iter().rev().copied().find(|id| {
            let segment = self.segments.get(*id);
            segment.from <= to && self.row(segment.row).in_force_within(from, to)
        })
    }

    /// The unit that a code means in a report on the days from `from` to `to` that was recorded on `day`: the one in force
    /// on that day, if it is one of them, else the one that was last in force on them.
    pub fn meant(&self, code: UnitCode, day: Date, (from, to): (Date, Date)) -> Option<SegmentId> {
        match self.at(code, day) {
            Lookup::InForce(segment) if (from..=to).contains(&day) => Some(segment),
            _ => self.last_within(code, from, to),
        }
    }

    /// Every segment of a segment's unit (a code and name that went on unchanged) that has a day from `from` to `to`.
    pub fn stretches_within(&self, segment: SegmentId, from: Date, to: Date) -> impl Iterator<Item = SegmentId> + '_ {
        let unit = self.unit_of(self.row_of(segment));
        let of_code = self.segments.of(self.row(unit).code).unwrap_or_default();
        let is_of_unit = move |id: &SegmentId| self.unit_of(self.row_of(*id)) == unit;
        of_code.iter().copied().filter(move |id| self.has_day(*id, from, to)).filter(is_of_unit)
    }

    /// Where what happens on `day` to a case of `code` found on `found` counts:
    /// in the unit itself while it lasts (a code and name that went on unchanged
    /// are the same unit), else in the unit that took it over whole, step by
    /// step; `None` if on some step none did.
    pub fn heir(&self, code: UnitCode, found: Date, day: Date) -> Option<SegmentId> {
        let Lookup::InForce(mut current) = self.at(code, found) else { return None };
        loop {
            let row = self.row(self.row_of(current));
            if row.in_force_on(day) {
                return match self.at(row.code, day) {
                    Lookup::InForce(segment) => Some(segment),
                    _ => None,
                };
            }
            let next_day = row.valid_to?.tomorrow().ok()?;
            let same = match self.at(row.code, next_day) {
                Lookup::InForce(next) if self.row(self.row_of(next)).name == row.name => Some(next),
                _ => None,
            };
            current = match same {
                Some(next) => next,
                None => {
                    let heir = self.successions.heir(row.code, next_day)?;
                    match self.at(heir, next_day) {
                        Lookup::InForce(next) => next,
                        _ => return None,
                    }
                }
            };
        }
    }

    /// The first row of the unit that this row is a stretch of: a unit whose
    /// code and name went on unchanged is the same unit.
    pub fn unit_of(&self, id: RowId) -> RowId {
        let row = self.row(id);
        let mut first = id;
        for index in (0..id.0).rev() {
            let earlier = &self.rows[index as usize];
            if earlier.code != row.code || earlier.name != row.name {
                break;
            }
            first = RowId(index);
        }
        first
    }

    /// The row of a unit, which is named by its first, that was last in force from `from` to `to`; the first if none was.
    pub fn last_row(&self, unit: RowId, from: Date, to: Date) -> &UnitRow {
        let first = self.row(unit);
        let rows =
            self.rows[unit.0 as usize..].iter().take_while(|row| row.code == first.code && row.name == first.name);
        rows.filter(|row| row.in_force_within(from, to)).last().unwrap_or(first)
    }

    /// Every segment that has a day from `from` to `to`, both inclusive.
    pub fn segments_within(&self, from: Date, to: Date) -> impl Iterator<Item = SegmentId> + '_ {
        let all = (0..self.segments.segments.len() as u32).map(SegmentId);
        all.filter(move |id| self.has_day(*id, from, to))
    }

    fn has_day(&self, id: SegmentId, from: Date, to: Date) -> bool {
        let segment = self.segments.get(id);
        let next = self.segments.segments.get(id.0 as usize + 1).filter(|next| next.row == segment.row);
        let begun = segment.from <= to && next.is_none_or(|next| next.from > from);
        begun && self.row(segment.row).in_force_within(from, to)
    }

    /// The nearest known code to a mistyped one, for a remedy. What is longer than any code is like none, and costs no
    /// search: nobody makes the program compare long texts.
    pub fn nearest_code(&self, text: &str) -> Option<UnitCode> {
        if text.len() > UnitCode::MAX_BYTES {
            return None;
        }
        let near = |code: &UnitCode| code.as_str().len().abs_diff(text.len()) <= MOST_SLIPS;
        let slips = |code: UnitCode| (strsim::osa_distance(code.as_str(), text), code);
        let codes = self.segments.by_code.keys().copied().filter(near).map(slips);
        codes.min().filter(|(slips, _)| *slips <= MOST_SLIPS).map(|(_, code)| code)
    }

    /// All that decides figures, as text for the rules' fingerprint.
    pub(super) fn describe(&self, out: &mut String) {
        for row in &self.rows {
            let parent = row.parent.as_ref().map_or("", UnitCode::as_str);
            let to = row.valid_to.map(|day| day.to_string()).unwrap_or_default();
            let _ =
                writeln!(out, "unit {},{},{},{parent},{},{to}", row.code, row.name, row.kind.name(), row.valid_from);
        }
        self.successions.describe(out);
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    use crate::domain::UnitProblem;

    const HANOI: &str = include_str!("../../config/units/hanoi.csv");
    const SUCCESSION: &str = include_str!("../../config/units/hanoi-succession.csv");
    const HEAD: &str = "code,name,kind,parent_code,valid_from,valid_to\n";

    fn hanoi() -> UnitTable {
        UnitTable::from_csv(HANOI, SUCCESSION).unwrap()
    }

    fn code(text: &str) -> UnitCode {
        UnitCode::new(text).unwrap()
    }

    fn problems(rows: &str) -> Vec<(usize, String)> {
        let error =
            UnitTable::from_csv(&format!("{HEAD}{rows}"), "from_code,to_code,effective_on,extent,basis\n").unwrap_err();
        let name = |problem: &UnitProblem| format!("{problem:?}").split(' ').next().unwrap().to_owned();
        error.into_iter().map(|error| (error.line, name(&error.problem))).collect()
    }

    #[test]
    fn hanoi_has_the_units_that_were_in_force() {
        let table = hanoi();
        let count = |day: Date, level: u8| {
            table.rows().iter().filter(|row| row.in_force_on(day) && row.kind.level() == level).count()
        };
        assert_eq!((count(date(2020, 3, 1), 1), count(date(2020, 3, 1), 2)), (30, 579));
        assert_eq!((count(date(2025, 3, 1), 1), count(date(2025, 3, 1), 2)), (30, 526));
        assert_eq!((count(date(2025, 7, 1), 1), count(date(2025, 7, 1), 2)), (0, 126));
    }

    #[test]
    fn a_code_means_the_unit_of_that_date() {
        let table = hanoi();
        let name = |day| match table.at(code("00004"), day) {
            Lookup::InForce(segment) => table.row(table.row_of(segment)).name.clone(),
            other => format!("{other:?}"),
        };
        assert_eq!(name(date(2025, 6, 30)), "Phường Trúc Bạch");
        assert_eq!(name(date(2025, 7, 1)), "Phường Ba Đình");
        assert_eq!(name(date(2019, 12, 31)), "OutsideDates");
        assert_eq!(table.at(code("99999"), date(2020, 1, 1)), Lookup::Unknown);
    }

    #[test]
    fn a_dissolved_unit_passes_its_cases_on_only_if_it_went_over_whole() {
        let table = hanoi();
        let heir = |text: &str, found: Date, day: Date| {
            table.heir(code(text), found, day).map(|segment| table.segment_key(segment).0.to_string())
        };
        let (before, after) = (date(2024, 5, 1), date(2025, 8, 1));
        assert_eq!(heir("00010", before, date(2025, 3, 1)).as_deref(), Some("00004"));
        assert_eq!(heir("00010", before, after).as_deref(), Some("00004"), "by way of Trúc Bạch to Ba Đình");
        assert_eq!(heir("00016", before, after), None, "split");
        assert_eq!(heir("00091", before, after).as_deref(), Some("00091"), "code and name went on");
        assert_eq!(heir("001", before, after), None, "districts have no successor");
        assert_eq!(heir("01", before, after).as_deref(), Some("01"));
    }

    #[test]
    fn a_broken_table_names_each_line() {
        assert_eq!(problems("01,A,city,,2020-01-01,\n01,A,city,,2021-01-01,\n"), [(3, "Overlap".into())]);
        assert_eq!(problems("01,A,city,,2020-01-01,2020-12-31\n01,A,city,,2021-01-02,\n"), [(3, "Gap".into())]);
        assert_eq!(problems("01,A,city,,2020-01-01,\n1,B,town,7,2020-01-01,\n"), [(3, "ParentUnknown".into())]);
        assert_eq!(
            problems("01,A,city,,2020-01-01,2020-12-31\n1,B,town,01,2020-01-01,\n"),
            [(3, "ParentNotInForce".into())]
        );
        assert_eq!(
            problems("01,A,city,,2020-01-01,\n1,B,town,2,2020-01-01,\n2,C,town,1,2020-01-01,\n"),
            [(3, "Cycle".into()), (4, "Cycle".into())]
        );
        assert_eq!(problems("01,A,city,,2020-02-30,\n")[0].0, 2);
        assert_eq!(problems("")[0].0, 1);
    }

    #[test]
    fn what_is_longer_than_any_code_is_like_none() {
        let table = hanoi();
        assert_eq!(table.nearest_code("000004"), Some(code("00004")));
        assert_eq!(table.nearest_code("0004"), Some(code("00004")));
        for long in ["0000400000000000", &"A".repeat(64 << 10), &"00004".repeat(10_000)] {
            assert_eq!(table.nearest_code(long), None);
        }
    }

    #[test]
    fn a_row_is_cut_where_its_parent_changes() {
        let rows = "01,A,city,,2020-01-01,\n1,B,town,01,2020-01-01,2020-06-30\n1,B new,town,01,2020-07-01,\n00001,C,ward,1,2020-01-01,\n";
        let table =
            UnitTable::from_csv(&format!("{HEAD}{rows}"), "from_code,to_code,effective_on,extent,basis\n").unwrap();
        let parent = |day| match table.at(code("00001"), day) {
            Lookup::InForce(segment) => table.row(table.row_of(table.parent(segment).unwrap())).name.clone(),
            other => format!("{other:?}"),
        };
        assert_eq!((parent(date(2020, 6, 30)).as_str(), parent(date(2020, 7, 1)).as_str()), ("B", "B new"));
    }
}

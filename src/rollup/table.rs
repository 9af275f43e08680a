//! A period's figures for every unit, made of the cells of its quarters.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use jiff::civil::Date;

use super::cell::Cell;
use super::contribution::CellPlace;
use super::error::RollupError;
use crate::domain::{Body, FieldPart, Figure, Period, RowId, Rules, SegmentId, UnitCode, UnitRow};
use crate::text::report::dissolved_units;

/// The row of what counts in no unit any more.
pub const DISSOLVED: &str = "dissolved";

/// The figures of a period.
#[derive(Clone, Debug)]
pub struct Rollup {
    /// Which period.
    pub period: Period,
    /// By which calendar.
    pub calendar: String,
    /// Its first day.
    pub from: Date,
    /// Its last day.
    pub to: Date,
    /// Every unit in force on some day of the period, parents before children, then by code.
    pub rows: Vec<RollupRow>,
    /// Every unit that is expected to report to those that were asked for, each once though it may have several rows.
    pub reporting: Vec<UnitReport>,
}

/// Whether a unit has reported, as it was last in the period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitReport {
    /// Its code.
    pub unit: String,
    /// Its first day in the table.
    pub valid_from: Date,
    /// Its name.
    pub name: String,
    /// The code of the unit that it reports to.
    pub parent: Option<String>,
    /// What it has sent in.
    pub reported: Reported,
}

/// What a unit has sent in of a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// Whether it has a record.
    pub records: bool,
    /// Whether it has a nil return.
    pub nil: bool,
}

impl Reported {
    /// Whether it has sent in neither.
    pub fn is_nothing(self) -> bool {
        !self.records && !self.nil
    }

    /// What either says.
    fn or(self, other: Self) -> Self {
        Self { records: self.records || other.records, nil: self.nil || other.nil }
    }

    /// Whether its unit is one of those that a figure counts.
    pub fn counts_in(self, figure: Figure) -> bool {
        match figure {
            Figure::UnitsExpected => true,
            Figure::UnitsReported => self.records || self.nil,
            Figure::UnitsNil => self.nil && !self.records,
            _ => false,
        }
    }
}

/// The figures of one unit.
#[derive(Clone, Debug)]
pub struct RollupRow {
    /// Its code, or `dissolved`.
    pub unit: String,
    /// Its first day.
    pub valid_from: Option<Date>,
    /// Its name.
    pub name: String,
    /// Its kind, or `dissolved`.
    pub kind: &'static str,
    /// The code of the unit it reports to.
    pub parent: Option<String>,
    /// The names of the units that are expected to report, of itself and of those under it, and have sent in nothing.
    pub silent: Vec<String>,
    /// Sums of the unit and everything under it.
    cell: Cell,
    /// Units expected, reported, nil.
    units: [i128; 3],
}

impl RollupRow {
    /// A figure's value in its measure.
    pub fn figure(&self, figure: Figure) -> i128 {
        match figure {
            Figure::UnitsExpected => self.units[0],
            Figure::UnitsReported => self.units[1],
            Figure::UnitsNil => self.units[2],
            _ => self.cell.total(figure),
        }
    }

    /// A figure's parts by body that are not zero.
    pub fn by_body(&self, figure: Figure) -> impl Iterator<Item = (Body, i128)> + '_ {
        self.cell.by_body(figure)
    }

    /// A figure's parts by field that are not zero.
    pub fn by_field(&self, figure: Figure) -> impl Iterator<Item = (FieldPart, i128)> + '_ {
        self.cell.by_field(figure)
    }
}

/// Of which unit something is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfUnit<'a> {
    /// Its code; of the unit over all others if none is named.
    pub code: Option<&'a str>,
    /// Its first day, where several units had the code in the period.
    pub since: Option<Date>,
}

impl OfUnit<'_> {
    /// Its row.
    ///
    /// # Errors
    /// If the code was no unit in the period, or it is not clear which one.
    pub fn row(self, period: Period, rules: &Rules) -> Result<RowId, RollupError> {
        let days = Days::of(period, rules)?;
        let unit = self.code.unwrap_or_else(|| rules.units.root().code.as_str()).to_owned();
        let had = rules.units.row_ids().filter(|(_, row)| row.code.as_str() == unit && days.have(row));
        let had: Vec<_> = had.collect();
        let mut asked = had.iter().filter(|(_, row)| self.since.is_none_or(|since| since == row.valid_from));
        match (asked.next(), asked.next()) {
            (Some((id, _)), None) => Ok(*id),
            _ if had.is_empty() => Err(RollupError::NoSuchUnit { unit, period }),
            _ => {
                let units = had.iter().map(|(_, row)| (row.name.clone(), row.valid_from)).collect();
                Err(RollupError::WhichUnit { unit, period, units })
            }
        }
    }
}

/// The days of a period, from the first to the last.
#[derive(Clone, Copy)]
struct Days {
    from: Date,
    to: Date,
}

/// The first and last day of a period.
///
/// # Errors
/// If the calendar does not have all of its quarters.
pub fn days_of(period: Period, rules: &Rules) -> Result<(Date, Date), RollupError> {
    let calendar = || rules.calendar.name().to_owned();
    rules.calendar.range(period).ok_or_else(|| RollupError::PeriodOutsideCalendar { period, calendar: calendar() })
}

impl Days {
    fn of(period: Period, rules: &Rules) -> Result<Self, RollupError> {
        let (from, to) = days_of(period, rules)?;
        Ok(Self { from, to })
    }

    /// Whether a unit was in force on one of them.
    fn have(self, row: &UnitRow) -> bool {
        row.in_force_within(self.from, self.to)
    }
}

/// Cells of the quarters of a period, gathered for [`Rollup::of`].
#[derive(Debug, Default)]
pub struct Cells(FxHashMap<CellPlace, Cell>);

impl Cells {
    /// The cell of a place over all quarters of the period, to add to.
    pub fn at(&mut self, place: CellPlace) -> &mut Cell {
        self.0.entry(place).or_default()
    }

    /// Each place with its cell, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (CellPlace, &Cell)> {
        self.0.iter().map(|(place, cell)| (*place, cell))
    }
}

impl Rollup {
    /// The figures of `period`; of `unit` and its subtree alone if one is named. What counts in no unit any more is
    /// the row [`DISSOLVED`], which may be named too.
    pub fn of(period: Period, unit: Option<&str>, cells: &Cells, rules: &Rules) -> Result<Self, RollupError> {
        let days = Days::of(period, rules)?;
        let only_dissolved = unit == Some(DISSOLVED);
        let subtree = Subtree::of(unit.filter(|_| !only_dissolved), period, days, rules)?;
        let mut rollup = Self::within(period, days, &subtree, cells, rules);
        if only_dissolved {
            // There are no units in it.
            rollup.rows.retain(|row| row.kind == DISSOLVED);
            rollup.reporting.clear();
        }
        Ok(rollup)
    }

    /// The figures of one unit and its subtree, though others had its code in the period.
    pub fn of_row(period: Period, row: RowId, cells: &Cells, rules: &Rules) -> Result<Self, RollupError> {
        let days = Days::of(period, rules)?;
        let subtree = Subtree::under(days, rules, |other| other == row);
        Ok(Self::within(period, days, &subtree, cells, rules))
    }

    fn within(period: Period, days: Days, subtree: &Subtree, cells: &Cells, rules: &Rules) -> Self {
        let mut sums: BTreeMap<RowId, Cell> = BTreeMap::new();
        let mut dissolved: BTreeMap<RowId, Cell> = BTreeMap::new();
        for (place, cell) in &cells.0 {
            let segment = match *place {
                CellPlace::Unit(segment) => segment,
                CellPlace::Dissolved(root) => {
                    dissolved.entry(rules.units.row_of(root)).or_default().add_cell(cell);
                    root
                }
            };
            for row in lineage_rows(rules, segment).filter(|row| subtree.contains(*row)) {
                sums.entry(row).or_default().add_cell(cell);
            }
        }
        let units = Reporting::of(cells, days, rules);
        let mut rows = Vec::new();
        for (id, row) in rules.units.row_ids().filter(|(_, row)| days.have(row)) {
            if subtree.contains(id) {
                rows.push(RollupRow {
                    unit: row.code.to_string(),
                    valid_from: Some(row.valid_from),
                    name: row.name.clone(),
                    kind: row.kind.name(),
                    parent: row.parent.map(|parent| parent.to_string()),
                    silent: units.silent(id, days, rules),
                    cell: sums.remove(&id).unwrap_or_default(),
                    units: units.count(id),
                });
            }
        }
        let mut outlived = Cell::default();
        dissolved.iter().filter(|(root, _)| subtree.contains(**root)).for_each(|(_, cell)| outlived.add_cell(cell));
        if !outlived.is_zero() {
            rows.push(RollupRow {
                unit: DISSOLVED.into(),
                valid_from: None,
                name: dissolved_units().vi.into_owned(),
                kind: DISSOLVED,
                parent: Some(rules.units.root().code.to_string()),
                silent: Vec::new(),
                cell: outlived,
                units: [0; 3],
            });
        }
        let reporting = units.reports(&subtree.tops, days, rules);
        let Days { from, to } = days;
        Self { period, calendar: rules.calendar.name().to_owned(), from, to, rows, reporting }
    }

    /// The row of the unit over all others, or of the unit asked for.
    pub fn first(&self) -> Option<&RollupRow> {
        self.rows.first()
    }
}

/// The rows of a segment and its ancestors, each once.
pub fn lineage_rows(rules: &Rules, segment: SegmentId) -> impl Iterator<Item = RowId> + '_ {
    rules.units.lineage(segment).map(|segment| rules.units.row_of(segment))
}

/// The rows that are the unit asked for or lie under it in the period.
struct Subtree {
    /// The rows of the unit asked for; of the unit over all others if none is.
    tops: Vec<RowId>,
    /// These and all under them; `None` if no unit is asked for.
    rows: Option<BTreeSet<RowId>>,
}

impl Subtree {
    /// Of the unit of that code; of all if none is named.
    fn of(unit: Option<&str>, period: Period, days: Days, rules: &Rules) -> Result<Self, RollupError> {
        let Some(unit) = unit else {
            let tops = rules.units.row_ids().filter(|(_, row)| row.parent.is_none() && days.have(row));
            return Ok(Self { tops: tops.map(|(id, _)| id).collect(), rows: None });
        };
        let code = UnitCode::new(unit);
        let subtree = Self::under(days, rules, |row| Some(rules.units.row(row).code) == code);
        if subtree.tops.is_empty() {
            Err(RollupError::NoSuchUnit { unit: unit.to_owned(), period })
        } else {
            Ok(subtree)
        }
    }

    fn under(days: Days, rules: &Rules, asked: impl Fn(RowId) -> bool) -> Self {
        let tops = rules.units.row_ids().filter(|(id, row)| days.have(row) && asked(*id)).map(|(id, _)| id).collect();
        let segments = rules.units.segments_within(days.from, days.to);
        let under = segments.filter(|segment| lineage_rows(rules, *segment).any(&asked));
        Self { tops, rows: Some(under.map(|segment| rules.units.row_of(segment)).collect()) }
    }

    /// Whether the row is one of them.
    fn contains(&self, row: RowId) -> bool {
        self.rows.as_ref().is_none_or(|rows| rows.contains(&row))
    }
}

/// Which units are expected to report to a row, and which have: those that were under it on some day, by what lies on
/// days on which they were, and the row's own, by all that it has in the period. A unit that went on unchanged is one.
struct Reporting {
    expected: UnitsOfRow,
    records: UnitsOfRow,
    nils: UnitsOfRow,
}

/// The units of each row, each by its first row.
type UnitsOfRow = FxHashMap<RowId, BTreeSet<RowId>>;

impl Reporting {
    fn of(cells: &Cells, days: Days, rules: &Rules) -> Self {
        let of_rows = |segments: &mut dyn Iterator<Item = SegmentId>| {
            let mut units = UnitsOfRow::default();
            for segment in segments {
                let reporting = rules.units.row_of(segment);
                if rules.units.row(reporting).kind.level() > 0 {
                    let unit = rules.units.unit_of(reporting);
                    let own = rules.units.stretches_within(segment, days.from, days.to);
                    let own = own.map(|stretch| rules.units.row_of(stretch));
                    for row in lineage_rows(rules, segment).chain(own) {
                        units.entry(row).or_default().insert(unit);
                    }
                }
            }
            units
        };
        let with = |figure| {
            let has = move |(place, cell): (&CellPlace, &Cell)| match place {
                CellPlace::Unit(segment) if cell.total(figure) > 0 => Some(*segment),
                _ => None,
            };
            of_rows(&mut cells.0.iter().filter_map(has))
        };
        Self {
            expected: of_rows(&mut rules.units.segments_within(days.from, days.to)),
            records: with(Figure::UnitsReported),
            nils: with(Figure::UnitsNil),
        }
    }

    /// The units that are to report to any of these rows, and whether they have to any.
    fn reports(&self, tops: &[RowId], days: Days, rules: &Rules) -> Vec<UnitReport> {
        let units: BTreeSet<RowId> = tops.iter().flat_map(|top| self.expected_of(*top)).collect();
        let report = |unit: RowId| {
            let row = rules.units.last_row(unit, days.from, days.to);
            let reported = tops.iter().map(|top| self.reported(*top, unit));
            UnitReport {
                unit: row.code.to_string(),
                valid_from: row.valid_from,
                name: row.name.clone(),
                parent: row.parent.map(|parent| parent.to_string()),
                reported: reported.fold(Reported::default(), Reported::or),
            }
        };
        units.into_iter().map(report).collect()
    }

    fn silent(&self, row: RowId, days: Days, rules: &Rules) -> Vec<String> {
        let silent = self.expected_of(row).filter(|unit| self.reported(row, *unit).is_nothing());
        silent.map(|unit| rules.units.last_row(unit, days.from, days.to).name.clone()).collect()
    }

    fn count(&self, row: RowId) -> [i128; 3] {
        let counted = |figure| {
            let counts = |unit: &RowId| self.reported(row, *unit).counts_in(figure);
            self.expected_of(row).filter(counts).count() as i128
        };
        [Figure::UnitsExpected, Figure::UnitsReported, Figure::UnitsNil].map(counted)
    }

    fn expected_of(&self, row: RowId) -> impl Iterator<Item = RowId> + '_ {
        self.expected.get(&row).into_iter().flatten().copied()
    }

    fn reported(&self, row: RowId, unit: RowId) -> Reported {
        let has = |units: &UnitsOfRow| units.get(&row).is_some_and(|units| units.contains(&unit));
        Reported { records: has(&self.records), nil: has(&self.nils) }
    }
}

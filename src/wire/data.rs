//! The checks on an event's `data`: each field by itself, then what the fields
//! must be to one another, and the [`Fact`] that comes of it.

use jiff::civil::{Date, date};

use super::breach::Breach;
use super::canonical::double_text;
use super::codes::Code;
use super::json::{Found, Members};
use super::spec::{FieldSpec, Kind, MAX_FIELDS, TypeSpec};
use super::value::{Cell, pointer, read};
use crate::domain::{
    ActivityKind, Area, Body, Fact, Field, IndexKind, Lookup, Period, PetitionKind, Resolution, Rules, Status,
    UnitCode, UnitRow, Vnd,
};

/// Checks `data` by the rules of its type. Every breach is added to `breaches`;
/// `None` where one of them keeps the fact from being made.
///
/// `latest` is the last day that may have happened by the event's `time`.
pub(super) fn check(
    spec: &'static TypeSpec,
    data: Members<'_>,
    latest: Option<Date>,
    rules: &Rules,
    breaches: &mut Vec<Breach>,
) -> Option<Fact> {
    let before = breaches.len();
    let cells = Cells::read(spec, data, breaches);
    Relations { cells: &cells, latest, rules, breaches }.check();
    if breaches.len() > before { None } else { cells.fact() }
}

/// The unit that `data` names, if it can be one.
pub(super) fn unit_of(data: Members<'_>) -> Option<UnitCode> {
    data.get("unit").and_then(Found::as_str).and_then(UnitCode::new)
}

/// A type's fields as they were read, by place in its table.
struct Cells<'j> {
    spec: &'static TypeSpec,
    data: Members<'j>,
    cells: [Option<Cell<'j>>; MAX_FIELDS],
}

impl<'j> Cells<'j> {
    fn read(spec: &'static TypeSpec, data: Members<'j>, breaches: &mut Vec<Breach>) -> Self {
        let mut cells = [None; MAX_FIELDS];
        let mut rest = data;
        for (field, cell) in spec.fields.iter().zip(&mut cells) {
            match data.take(field.name, &mut rest) {
                Some(value) => read(field, value, cell, breaches),
                None if field.required => {
                    breaches.push(Breach::new(Code::FieldMissing, pointer(field.name), "", field.kind.allowed()));
                }
                None => {}
            }
        }
        Self { spec, data, cells }
    }

    fn get(&self, name: &str) -> Option<Cell<'j>> {
        let place = self.spec.fields.iter().position(|field| field.name == name)?;
        self.cells[place]
    }

    /// The first field of such a kind, with what was read from it.
    fn first(&self, is: impl Fn(Kind) -> bool) -> Option<(&'static FieldSpec, Cell<'j>)> {
        let place = self.spec.fields.iter().position(|field| is(field.kind))?;
        Some((&self.spec.fields[place], self.cells[place]?))
    }

    fn unit(&self) -> Option<UnitCode> {
        match self.get("unit") {
            Some(Cell::Unit(code)) => Some(code),
            _ => None,
        }
    }

    fn day(&self, name: &str) -> Option<Date> {
        match self.get(name) {
            Some(Cell::Day(day)) => Some(day),
            _ => None,
        }
    }

    fn choice<T: Copy>(&self, name: &str, members: &[T]) -> Option<T> {
        match self.get(name) {
            Some(Cell::Choice(index)) => members.get(index).copied(),
            _ => None,
        }
    }

    fn count(&self, name: &str) -> Option<u32> {
        match self.get(name) {
            Some(Cell::Count(count)) => Some(count),
            _ => None,
        }
    }

    fn year(&self) -> Option<i16> {
        match self.get("year") {
            Some(Cell::Year(year)) => Some(year),
            _ => None,
        }
    }

    fn money(&self, name: &str) -> Vnd {
        match self.get(name) {
            Some(Cell::Money(money)) => money,
            _ => Vnd::default(),
        }
    }

    fn land(&self, name: &str) -> Area {
        match self.get(name) {
            Some(Cell::Land(land)) => land,
            _ => Area::default(),
        }
    }

    /// What the event says; `None` where a required field could not be read.
    fn fact(&self) -> Option<Fact> {
        Some(match self.spec.name {
            "supervision" => Fact::Supervision {
                unit: self.unit()?,
                held_on: self.day("held_on")?,
                body: self.choice("body", Body::ALL)?,
                field: self.choice("field", Field::ALL)?,
                participants: self.count("participants").unwrap_or_default(),
                recommendations: match self.get("recommendations") {
                    Some(Cell::Counts(counts)) => counts,
                    _ => [0; 3],
                },
            },
            "violation" => Fact::Violation {
                unit: self.unit()?,
                detected_on: self.day("detected_on")?,
                body: self.choice("body", Body::ALL)?,
                field: self.choice("field", Field::ALL)?,
                status: self.choice("status", Status::ALL)?,
                recommended: matches!(self.get("recommended"), Some(Cell::Flag(true))),
                resolution: self.day("resolved_on").map(|on| Resolution {
                    on,
                    money_recovered: self.money("money_recovered_vnd"),
                    money_other: self.money("money_other_vnd"),
                    settlement_reduction: self.money("settlement_reduction_vnd"),
                    land_recovered: self.land("land_recovered_m2"),
                    land_other: self.land("land_other_m2"),
                }),
            },
            "activity" => Fact::Activity {
                unit: self.unit()?,
                held_on: self.day("held_on")?,
                kind: self.choice("kind", ActivityKind::ALL)?,
                body: self.choice("body", Body::ALL)?,
                count: self.count("count")?,
            },
            "petition" => Fact::Petition {
                unit: self.unit()?,
                received_on: self.day("received_on")?,
                kind: self.choice("kind", PetitionKind::ALL)?,
                resolved_on: self.day("resolved_on"),
            },
            "inspectionplan" => {
                Fact::InspectionPlan { unit: self.unit()?, year: self.year()?, planned: self.count("planned")? }
            }
            "index" => Fact::Index {
                unit: self.unit()?,
                year: self.year()?,
                index: self.choice("index", IndexKind::ALL)?,
                dimension: match self.get("dimension") {
                    Some(Cell::Text(text)) => Some(text.to_owned()),
                    _ => None,
                },
                score: match self.get("score")? {
                    Cell::Score(score) => double_text(score),
                    _ => return None,
                },
                rank: self.count("rank"),
                out_of: self.count("out_of"),
            },
            "nilreturn" => Fact::NilReturn {
                unit: self.unit()?,
                period: match self.get("period")? {
                    Cell::Period(period) => period,
                    _ => return None,
                },
            },
            _ => Fact::Withdrawal,
        })
    }
}

/// The rules between fields, and between fields and the tables of units and quarters.
struct Relations<'c, 'j> {
    cells: &'c Cells<'j>,
    latest: Option<Date>,
    rules: &'c Rules,
    breaches: &'c mut Vec<Breach>,
}

impl Relations<'_, '_> {
    fn check(&mut self) {
        let unit = self.known_unit();
        let first = match self.cells.first(|kind| matches!(kind, Kind::Day)) {
            Some((field, Cell::Day(day))) => {
                self.happened(field.name, day, unit);
                Some((field, day))
            }
            _ => None,
        };
        match self.cells.first(|kind| matches!(kind, Kind::ResolvedOn)) {
            Some((field, Cell::Day(day))) => self.resolved(field.name, day, first),
            _ => self.no_resolution(),
        }
        if let (Some(unit), Some((_, Cell::Year(year)))) = (unit, self.cells.first(|kind| matches!(kind, Kind::Year))) {
            let reporting = self.rules.calendar.range(Period::Year(year));
            let ranges = [Some((date(year, 1, 1), date(year, 12, 31))), reporting];
            let lasts = |(from, to)| self.rules.units.last_within(unit, from, to).is_some();
            if !ranges.into_iter().flatten().any(lasts) {
                self.add(Code::UnitOutsidePeriod, "unit", &year.to_string(), stretches(self.rules, unit));
            }
        }
        if let (Some(unit), Some((field, Cell::Period(period)))) =
            (unit, self.cells.first(|kind| matches!(kind, Kind::Period)))
        {
            match self.rules.calendar.range(period) {
                None => self.add(Code::DateOutsideCalendar, field.name, &period.to_string(), self.calendar()),
                Some((from, to)) if self.rules.units.last_within(unit, from, to).is_none() => {
                    let found = format!("{period}: {from} … {to}");
                    self.add(Code::UnitOutsidePeriod, "unit", &found, stretches(self.rules, unit));
                }
                Some(_) => {}
            }
        }
    }

    fn add(&mut self, code: Code, field: &str, found: &str, allowed: String) {
        self.breaches.push(Breach::new(code, pointer(field), found, allowed));
    }

    fn calendar(&self) -> String {
        self.rules.calendar.name().to_owned()
    }

    fn known_unit(&mut self) -> Option<UnitCode> {
        let code = self.cells.unit()?;
        if self.rules.units.knows(code) {
            return Some(code);
        }
        self.add(Code::UnitUnknown, "unit", code.as_str(), nearest_unit(self.rules, code.as_str()));
        None
    }

    /// A day that decides unit and period.
    fn happened(&mut self, name: &str, day: Date, unit: Option<UnitCode>) {
        self.not_after_time(name, day);
        let outside_unit = |code: &UnitCode| self.rules.units.at(*code, day) == Lookup::OutsideDates;
        match unit.filter(outside_unit) {
            Some(code) => {
                let found = format!("{code}, {day}");
                self.add(Code::DateOutsideUnit, name, &found, stretches(self.rules, code));
            }
            None => self.in_calendar(name, day),
        }
    }

    fn resolved(&mut self, name: &str, day: Date, first: Option<(&FieldSpec, Date)>) {
        self.not_after_time(name, day);
        self.in_calendar(name, day);
        if let Some((field, begun)) = first.filter(|(_, begun)| day < *begun) {
            let code = match field.name {
                "received_on" => Code::DateResolvedBeforeReceived,
                _ => Code::DateResolvedBeforeDetected,
            };
            self.add(code, name, &day.to_string(), format!("≥ {begun}"));
        }
    }

    /// Without a day of resolution there is neither money nor land.
    fn no_resolution(&mut self) {
        let Cells { spec, data, .. } = self.cells;
        let given = |field: &&FieldSpec| data.get(field.name).is_some();
        let resolved_on = spec.fields.iter().find(|field| matches!(field.kind, Kind::ResolvedOn));
        let Some(resolved_on) = resolved_on.filter(|field| !given(field)) else { return };
        let of_resolution = spec.fields.iter().filter(|field| field.kind.needs_resolution());
        let given: Vec<&str> = of_resolution.filter(given).map(|field| field.name).collect();
        if !given.is_empty() {
            self.add(
                Code::ResolutionMissing,
                resolved_on.name,
                &given.join(", "),
                Kind::ResolvedOn.allowed().into_owned(),
            );
        }
    }

    fn not_after_time(&mut self, name: &str, day: Date) {
        if let Some(latest) = self.latest.filter(|latest| day > *latest) {
            self.add(Code::DateAfterTime, name, &day.to_string(), format!("≤ {latest}"));
        }
    }

    fn in_calendar(&mut self, name: &str, day: Date) {
        if self.rules.calendar.quarter_of(day).is_none() {
            self.add(Code::DateOutsideCalendar, name, &day.to_string(), self.calendar());
        }
    }
}

/// The stretches in which a code was in force, each with the unit's name.
fn stretches(rules: &Rules, code: UnitCode) -> String {
    let stretch = |row: &&UnitRow| match row.valid_to {
        Some(to) => format!("{} … {to} {}", row.valid_from, row.name),
        None => format!("≥ {} {}", row.valid_from, row.name),
    };
    rules.units.rows_of(code).iter().map(stretch).collect::<Vec<_>>().join("; ")
}

/// An excerpt of the codes: the one nearest to what was written, if any is near.
pub(super) fn nearest_unit(rules: &Rules, written: &str) -> String {
    rules.units.nearest_code(written).map(|code| format!("…, {code}, …")).unwrap_or_default()
}

//! The checks on an event's `data`: each field by itself, then what the fields
//! must be to one another, and the [`Fact`] that comes of it.

use jiff::Timestamp;
use jiff::civil::Date;

use super::spec::{EventType, FieldSpec, Kind, MAX_FIELDS, TYPES, TypeSpec};
use super::validation_error::ValidationError;
use super::value::{Reading, pointer};
use crate::domain::{
    ActivityKind, Area, Body, Fact, Field, Form, FormTotals, HANOI, IndexKind, Lookup, Period, PetitionKind,
    Resolution, Rules, Status, UnitCode, UnitRow, Vnd,
};
use crate::json::{JsonAt, Members, double_text};
use crate::text::codes::Code;

/// Checks `data` by the rules of its type. Every error is added to `errors`;
/// `None` where one of them keeps the fact from being made.
///
/// `source` is the unit that the event comes from, if the table has it; `time` when it was recorded, if it says.
pub(super) fn check(
    spec: &'static TypeSpec,
    data: Members<'_>,
    source: Option<UnitCode>,
    time: Option<Timestamp>,
    rules: &Rules,
    errors: &mut Vec<ValidationError>,
) -> Option<Fact> {
    let before = errors.len();
    let fields = Fields::read(spec, data, errors);
    let today = time.map(|time| HANOI.to_datetime(time).date());
    Relations { fields: &fields, source, today, rules, errors }.check();
    if errors.len() > before { None } else { fields.fact(time) }
}

/// The unit that `data` names, if it can be one.
pub(super) fn unit_of(data: Members<'_>) -> Option<UnitCode> {
    data.get("unit").and_then(JsonAt::as_str).and_then(UnitCode::new)
}

/// A type's fields as they were read: those of which a type has at most one by what they are, the others by their place
/// in its table.
struct Fields<'j> {
    spec: &'static TypeSpec,
    data: Members<'j>,
    unit: Option<UnitCode>,
    /// The day that decides unit and period.
    day: Option<(&'static FieldSpec, Date)>,
    resolved_on: Option<(&'static FieldSpec, Date)>,
    year: Option<i16>,
    period: Option<(&'static FieldSpec, Period)>,
    score: Option<f64>,
    others: [Other<'j>; MAX_FIELDS],
    /// The members of its object.
    members: [Other<'j>; MAX_FIELDS],
}

/// What was read from a field of which a type may have several.
#[derive(Clone, Copy)]
enum Other<'j> {
    /// Nothing, or it stands elsewhere.
    Nothing,
    /// Place in the closed list.
    Choice(usize),
    Count(u32),
    Money(Vnd),
    Land(Area),
    Flag(bool),
    Text(&'j str),
}

impl<'j> Other<'j> {
    fn read(reading: Reading<'_, 'j>) -> Self {
        let read = match reading.field.kind {
            Kind::OneOf(names) => reading.choice(names).map(Self::Choice),
            Kind::Count { min } => reading.count(min).map(Self::Count),
            Kind::Money => reading.money().map(Self::Money),
            Kind::Land => reading.land().map(Self::Land),
            Kind::Flag => reading.flag().map(Self::Flag),
            Kind::Name => reading.name().map(Self::Text),
            Kind::Text => reading.text().map(Self::Text),
            // Of these a type has one, which stands in a place of its own.
            _ => None,
        };
        read.unwrap_or(Self::Nothing)
    }

    fn count(self) -> Option<u32> {
        match self {
            Self::Count(count) => Some(count),
            _ => None,
        }
    }

    fn money(self) -> Option<Vnd> {
        match self {
            Self::Money(money) => Some(money),
            _ => None,
        }
    }

    fn land(self) -> Option<Area> {
        match self {
            Self::Land(land) => Some(land),
            _ => None,
        }
    }
}

impl<'j> Fields<'j> {
    fn read(spec: &'static TypeSpec, data: Members<'j>, errors: &mut Vec<ValidationError>) -> Self {
        let mut all = Self {
            spec,
            data,
            unit: None,
            day: None,
            resolved_on: None,
            year: None,
            period: None,
            score: None,
            others: [Other::Nothing; MAX_FIELDS],
            members: [Other::Nothing; MAX_FIELDS],
        };
        let mut rest = data;
        for (field, other) in spec.fields.iter().zip(&mut all.others) {
            let Some(value) = data.take(field.name, &mut rest) else {
                if field.required {
                    errors.push(ValidationError::new(
                        Code::FieldMissing,
                        pointer(field.name),
                        "",
                        field.kind.allowed(),
                    ));
                }
                continue;
            };
            let reading = Reading { within: None, field, value, errors };
            match field.kind {
                Kind::Unit => all.unit = reading.unit(),
                Kind::Day => all.day = reading.day().map(|day| (field, day)),
                Kind::ResolvedOn => all.resolved_on = reading.day().map(|day| (field, day)),
                Kind::Score => all.score = reading.score(),
                Kind::Year => all.year = reading.year(),
                Kind::Period => all.period = reading.period().map(|period| (field, period)),
                Kind::Quarter => all.period = reading.quarter().map(|quarter| (field, Period::Quarter(quarter))),
                Kind::Object(fields) => {
                    let Some(object) = reading.members() else { continue };
                    for (member, place) in fields.iter().zip(&mut all.members) {
                        if let Some(value) = object.get(member.name) {
                            *place = Other::read(Reading { within: Some(field), field: member, value, errors });
                        }
                    }
                }
                _ => *other = Other::read(reading),
            }
        }
        all
    }

    fn day(&self) -> Option<Date> {
        self.day.map(|(_, day)| day)
    }

    fn choice<T: Copy>(&self, place: usize, members: &[T]) -> Option<T> {
        match self.others[place] {
            Other::Choice(index) => members.get(index).copied(),
            _ => None,
        }
    }

    fn count(&self, place: usize) -> Option<u32> {
        self.others[place].count()
    }

    fn money(&self, place: usize) -> Vnd {
        self.others[place].money().unwrap_or_default()
    }

    fn land(&self, place: usize) -> Area {
        self.others[place].land().unwrap_or_default()
    }

    /// In the order of the form's table.
    fn totals(&self) -> FormTotals {
        let [sessions, participants, found, recommended, resolved, rest @ ..] = self.members;
        let [money_recovered, money_other, settlement_reduction, land_recovered, land_other, ..] = rest;
        FormTotals {
            supervision_sessions: sessions.count(),
            participants: participants.count(),
            violations_found: found.count(),
            violations_recommended: recommended.count(),
            violations_resolved: resolved.count(),
            money_recovered: money_recovered.money(),
            money_other: money_other.money(),
            settlement_reduction: settlement_reduction.money(),
            land_recovered: land_recovered.land(),
            land_other: land_other.land(),
        }
    }

    /// What the event says; `None` where a required field could not be read.
    fn fact(&self, time: Option<Timestamp>) -> Option<Fact> {
        Some(match self.spec.kind {
            EventType::Supervision => Fact::Supervision {
                unit: self.unit?,
                held_on: self.day()?,
                body: self.choice(const { place(EventType::Supervision, "body") }, Body::ALL)?,
                field: self.choice(const { place(EventType::Supervision, "field") }, Field::ALL)?,
                participants: self.count(const { place(EventType::Supervision, "participants") }).unwrap_or_default(),
                recommendations: [0, 1, 2].map(|place: usize| self.members[place].count().unwrap_or_default()),
            },
            EventType::Violation => Fact::Violation {
                unit: self.unit?,
                detected_on: self.day()?,
                body: self.choice(const { place(EventType::Violation, "body") }, Body::ALL)?,
                field: self.choice(const { place(EventType::Violation, "field") }, Field::ALL)?,
                status: self.choice(const { place(EventType::Violation, "status") }, Status::ALL)?,
                recommended: matches!(
                    self.others[const { place(EventType::Violation, "recommended") }],
                    Other::Flag(true)
                ),
                resolution: self.resolved_on.map(|(_, on)| Resolution {
                    on,
                    money_recovered: self.money(const { place(EventType::Violation, "money_recovered_vnd") }),
                    money_other: self.money(const { place(EventType::Violation, "money_other_vnd") }),
                    settlement_reduction: self.money(const { place(EventType::Violation, "settlement_reduction_vnd") }),
                    land_recovered: self.land(const { place(EventType::Violation, "land_recovered_m2") }),
                    land_other: self.land(const { place(EventType::Violation, "land_other_m2") }),
                }),
            },
            EventType::Activity => Fact::Activity {
                unit: self.unit?,
                held_on: self.day()?,
                kind: self.choice(const { place(EventType::Activity, "kind") }, ActivityKind::ALL)?,
                body: self.choice(const { place(EventType::Activity, "body") }, Body::ALL)?,
                count: self.count(const { place(EventType::Activity, "count") })?,
            },
            EventType::Petition => Fact::Petition {
                unit: self.unit?,
                received_on: self.day()?,
                kind: self.choice(const { place(EventType::Petition, "kind") }, PetitionKind::ALL)?,
                resolved_on: self.resolved_on.map(|(_, day)| day),
            },
            EventType::InspectionPlan => Fact::InspectionPlan {
                unit: self.unit?,
                year: self.year?,
                planned: self.count(const { place(EventType::InspectionPlan, "planned") })?,
                recorded: time?,
            },
            EventType::Index => Fact::Index {
                unit: self.unit?,
                year: self.year?,
                index: self.choice(const { place(EventType::Index, "index") }, IndexKind::ALL)?,
                dimension: match self.others[const { place(EventType::Index, "dimension") }] {
                    Other::Text(text) => Some(text.to_owned()),
                    _ => None,
                },
                score: double_text(self.score?),
                rank: self.count(const { place(EventType::Index, "rank") }),
                out_of: self.count(const { place(EventType::Index, "out_of") }),
                recorded: time?,
            },
            EventType::NilReturn => Fact::NilReturn { unit: self.unit?, period: self.period?.1, recorded: time? },
            EventType::FormTotal => Fact::FormTotal {
                unit: self.unit?,
                quarter: self.period?.1.quarters().first().copied()?,
                form: self.choice(const { place(EventType::FormTotal, "form") }, Form::ALL)?,
                totals: self.totals().into(),
                recorded: time?,
            },
            EventType::Withdrawal => Fact::Withdrawal,
        })
    }
}

/// The place of a field in its type's table. That it is there is known when this is compiled.
const fn place(kind: EventType, name: &str) -> usize {
    let fields = TYPES[kind as usize].fields;
    let mut place = 0;
    while !same(fields[place].name, name) {
        place += 1;
    }
    place
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// The rules between fields, and between fields and the tables of units and quarters.
struct Relations<'c, 'j> {
    fields: &'c Fields<'j>,
    source: Option<UnitCode>,
    /// The day in Hanoi on which it was recorded.
    today: Option<Date>,
    rules: &'c Rules,
    errors: &'c mut Vec<ValidationError>,
}

impl Relations<'_, '_> {
    fn check(&mut self) {
        let Fields { day: first, resolved_on, year, period, .. } = *self.fields;
        let unit = self.known_unit();
        if let Some((field, day)) = first {
            self.happened(field.name, day, unit);
        }
        match resolved_on {
            Some((field, day)) => self.resolved(field.name, day, first),
            None => self.no_resolution(),
        }
        if let (Some(unit), Some(year)) = (unit, year) {
            let days = self.rules.days_of_year(year);
            if days.and_then(|(from, to)| self.rules.units.last_within(unit, from, to)).is_none() {
                self.add(Code::UnitOutsidePeriod, "unit", &year.to_string(), stretches(self.rules, unit));
            }
        }
        if let Some((field, period)) = period {
            self.reported(field.name, period, unit);
        }
    }

    /// A period that is reported as a whole: its last quarter has begun.
    fn reported(&mut self, name: &str, period: Period, unit: Option<UnitCode>) {
        let Some((from, to)) = self.rules.calendar.range(period) else {
            return self.add(Code::DateOutsideCalendar, name, &period.to_string(), self.calendar());
        };
        let last = period.quarters().last().and_then(|quarter| self.rules.calendar.quarter_range(*quarter));
        if let (Some((begun, _)), Some(today)) = (last, self.today)
            && today < begun
        {
            self.add(Code::PeriodNotBegun, name, &format!("{period}, {today}"), format!("≥ {begun}"));
        }
        if let Some(unit) = unit.filter(|unit| self.rules.units.last_within(*unit, from, to).is_none()) {
            let found = format!("{period}: {from} … {to}");
            self.add(Code::UnitOutsidePeriod, "unit", &found, stretches(self.rules, unit));
        }
    }

    fn add(&mut self, code: Code, field: &str, found: &str, allowed: String) {
        self.errors.push(ValidationError::new(code, pointer(field), found, allowed));
    }

    fn calendar(&self) -> String {
        self.rules.calendar.name().to_owned()
    }

    fn known_unit(&mut self) -> Option<UnitCode> {
        let code = self.fields.unit?;
        // Nearly every event speaks of the unit that it comes from.
        if self.source == Some(code) || self.rules.units.knows(code) {
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
        let Fields { spec, data, .. } = self.fields;
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
        let latest = self.today.and_then(|today| today.tomorrow().ok());
        if let Some(latest) = latest.filter(|latest| day > *latest) {
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

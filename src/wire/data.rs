//! The checks on an event's `data`: each field by its [`Kind`], then what the
//! fields must be to one another, and the [`Fact`] that comes of it.

use jiff::civil::{Date, date};

use super::breach::Breach;
use super::codes::Code;
use super::json::{Json, Member, double_text, member};
use super::spec::{FieldSpec, Kind, MAX_COUNT, MAX_FIELDS, TypeSpec, YEARS};
use crate::domain::{
    ActivityKind, Area, AreaError, Body, Fact, Field, IndexKind, Lookup, Period, PetitionKind, Resolution, Rules,
    Status, UnitCode, Vnd,
};

/// What was read from a field.
#[derive(Clone, Copy, Debug)]
enum Cell<'j> {
    Unit(UnitCode),
    Day(Date),
    /// Place in the closed list.
    Choice(usize),
    Count(u32),
    Counts([u32; 3]),
    Money(Vnd),
    Land(Area),
    Score(f64),
    Year(i16),
    Period(Period),
    Flag(bool),
    Text(&'j str),
}

/// A rule that one value breaks: the code, what was found and what is allowed.
type Fault = (Code, String, String);

/// Checks `data` by the rules of its type. Every breach is added to `breaches`;
/// `None` where one of them keeps the fact from being made.
///
/// `latest` is the last day that may have happened by the event's `time`.
pub(super) fn check(
    spec: &'static TypeSpec,
    data: &[Member<'_>],
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
pub(super) fn unit_of(data: &[Member<'_>]) -> Option<UnitCode> {
    member(data, "unit").and_then(Json::as_str).and_then(UnitCode::new)
}

/// A type's fields as they were read, by place in its table.
struct Cells<'j> {
    spec: &'static TypeSpec,
    cells: [Option<Cell<'j>>; MAX_FIELDS],
}

impl<'j> Cells<'j> {
    fn read(spec: &'static TypeSpec, data: &'j [Member<'_>], breaches: &mut Vec<Breach>) -> Self {
        let mut cells = [None; MAX_FIELDS];
        for (field, cell) in spec.fields.iter().zip(&mut cells) {
            match member(data, field.name) {
                Some(value) => *cell = read(field, value, breaches),
                None if field.required => {
                    breaches.push(Breach::new(Code::FieldMissing, pointer(field.name), "", field.kind.allowed()));
                }
                None => {}
            }
        }
        Self { spec, cells }
    }

    fn get(&self, name: &str) -> Option<Cell<'j>> {
        let place = self.spec.fields.iter().position(|field| field.name == name)?;
        self.cells[place]
    }

    /// The first field of that kind, with what was read from it.
    fn first(&self, kind: Kind) -> Option<(&'static FieldSpec, Cell<'j>)> {
        let place = self.spec.fields.iter().position(|field| field.kind == kind)?;
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
        let first = match self.cells.first(Kind::Day) {
            Some((field, Cell::Day(day))) => {
                self.happened(field.name, day, unit);
                Some((field, day))
            }
            _ => None,
        };
        match self.cells.first(Kind::ResolvedOn) {
            Some((field, Cell::Day(day))) => self.resolved(field.name, day, first),
            _ => self.no_resolution(),
        }
        if let (Some(unit), Some((_, Cell::Year(year)))) = (unit, self.cells.first(Kind::Year)) {
            let reporting = self.rules.calendar.range(Period::Year(year));
            let ranges = [Some((date(year, 1, 1), date(year, 12, 31))), reporting];
            let lasts = |(from, to)| self.rules.units.last_within(unit, from, to).is_some();
            if !ranges.into_iter().flatten().any(lasts) {
                self.add(Code::UnitOutsidePeriod, "unit", &year.to_string(), stretches(self.rules, unit));
            }
        }
        if let (Some(unit), Some((field, Cell::Period(period)))) = (unit, self.cells.first(Kind::Period)) {
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
        let place = self.cells.spec.fields.iter().position(|field| field.kind == Kind::ResolvedOn);
        if place
            .is_none_or(|place| self.breaches.iter().any(|b| b.pointer == pointer(self.cells.spec.fields[place].name)))
        {
            return;
        }
        let given: Vec<&str> = self
            .cells
            .spec
            .fields
            .iter()
            .zip(&self.cells.cells)
            .filter(|(field, cell)| field.kind.needs_resolution() && cell.is_some())
            .map(|(field, _)| field.name)
            .collect();
        if !given.is_empty() {
            self.add(
                Code::ResolutionMissing,
                "resolved_on",
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
    let stretch = |row: &&crate::domain::UnitRow| match row.valid_to {
        Some(to) => format!("{} … {to} {}", row.valid_from, row.name),
        None => format!("≥ {} {}", row.valid_from, row.name),
    };
    rules.units.rows_of(code).iter().map(stretch).collect::<Vec<_>>().join("; ")
}

/// An excerpt of the codes: the one nearest to what was written, if any is near.
pub(super) fn nearest_unit(rules: &Rules, written: &str) -> String {
    rules.units.nearest_code(written).map(|code| format!("…, {code}, …")).unwrap_or_default()
}

fn pointer(name: &str) -> String {
    format!("/data/{name}")
}

/// Reads one field.
fn read<'j>(field: &FieldSpec, value: &'j Json<'_>, breaches: &mut Vec<Breach>) -> Option<Cell<'j>> {
    if let Kind::Counts(names) = field.kind {
        return counts(field, names, value, breaches);
    }
    match read_value(field.kind, value) {
        Ok(cell) => Some(cell),
        Err((code, found, allowed)) => {
            breaches.push(Breach::new(code, pointer(field.name), &found, allowed));
            None
        }
    }
}

fn counts<'j>(field: &FieldSpec, names: [&str; 3], value: &Json<'_>, breaches: &mut Vec<Breach>) -> Option<Cell<'j>> {
    let Json::Object(members) = value else {
        let found = value.to_string();
        breaches.push(Breach::new(Code::FieldWrongType, pointer(field.name), &found, field.kind.allowed()));
        return None;
    };
    let before = breaches.len();
    let counts = names.map(|name| match member(members, name).map(|value| count(0, value)) {
        Some(Ok(number)) => number,
        Some(Err((code, found, allowed))) => {
            breaches.push(Breach::new(code, format!("/data/{}/{name}", field.name), &found, allowed));
            0
        }
        None => 0,
    });
    (breaches.len() == before).then_some(Cell::Counts(counts))
}

fn read_value<'j>(kind: Kind, value: &'j Json<'_>) -> Result<Cell<'j>, Fault> {
    let wrong_type = || (Code::FieldWrongType, value.to_string(), kind.allowed().into_owned());
    let text = || value.as_str().ok_or_else(wrong_type);
    let refuse = |code, found: &str| (code, found.to_owned(), kind.allowed().into_owned());
    Ok(match kind {
        Kind::Unit => {
            let text = text()?;
            // What cannot be a code is no unit's code.
            Cell::Unit(UnitCode::new(text).ok_or_else(|| (Code::UnitUnknown, text.to_owned(), String::new()))?)
        }
        Kind::Day | Kind::ResolvedOn => {
            let text = text()?;
            Cell::Day(day(text).ok_or_else(|| refuse(Code::DateInvalid, text))?)
        }
        Kind::OneOf(names) => {
            let text = text()?;
            let place = names.iter().position(|name| *name == text);
            Cell::Choice(place.ok_or_else(|| refuse(Code::ValueUnknown, text))?)
        }
        Kind::Count { min } => Cell::Count(count(min, value)?),
        Kind::Counts(_) => return Err(wrong_type()),
        Kind::Money => Cell::Money(money(value).map_err(|code| refuse(code, &value.to_string()))?),
        Kind::Land => Cell::Land(land(value).map_err(|code| refuse(code, &value.to_string()))?),
        Kind::Score => match double(value).ok_or_else(wrong_type)? {
            score if score >= 0.0 => Cell::Score(score),
            _ => return Err(refuse(Code::NumberOutOfRange, &value.to_string())),
        },
        Kind::Year => match whole(value) {
            Number::Whole(year) if i16::try_from(year).is_ok_and(|year| YEARS.contains(&year)) => {
                Cell::Year(year as i16)
            }
            Number::None => return Err(wrong_type()),
            _ => return Err(refuse(Code::YearInvalid, &value.to_string())),
        },
        Kind::Period => {
            let text = text()?;
            Cell::Period(text.parse().map_err(|_| refuse(Code::PeriodInvalid, text))?)
        }
        Kind::Flag => match value {
            Json::Bool(flag) => Cell::Flag(*flag),
            _ => return Err(wrong_type()),
        },
        Kind::Text => Cell::Text(text()?),
    })
}

/// A number as far as it is whole; `1200000.0` and `1e6` are.
enum Number {
    Whole(i128),
    Fraction(f64),
    None,
}

fn whole(value: &Json<'_>) -> Number {
    match value {
        Json::Int(number) => Number::Whole(i128::from(*number)),
        Json::Big(number) => Number::Whole(i128::from(*number)),
        Json::Float(number) if number.fract() == 0.0 => Number::Whole(*number as i128),
        Json::Float(number) => Number::Fraction(*number),
        _ => Number::None,
    }
}

fn double(value: &Json<'_>) -> Option<f64> {
    match value {
        Json::Int(number) => Some(*number as f64),
        Json::Big(number) => Some(*number as f64),
        Json::Float(number) => Some(*number),
        _ => None,
    }
}

fn count(min: u32, value: &Json<'_>) -> Result<u32, Fault> {
    let refuse = |code| (code, value.to_string(), Kind::Count { min }.allowed().into_owned());
    match whole(value) {
        Number::Whole(number) => u32::try_from(number)
            .ok()
            .filter(|number| (min..=MAX_COUNT).contains(number))
            .ok_or_else(|| refuse(Code::NumberOutOfRange)),
        Number::Fraction(_) => Err(refuse(Code::NumberFractional)),
        Number::None => Err(refuse(Code::FieldWrongType)),
    }
}

fn money(value: &Json<'_>) -> Result<Vnd, Code> {
    match whole(value) {
        Number::Whole(number) if number < 0 => Err(Code::MoneyNegative),
        Number::Whole(number) => u64::try_from(number).ok().and_then(Vnd::new).ok_or(Code::MoneyTooLarge),
        Number::Fraction(number) if number < 0.0 => Err(Code::MoneyNegative),
        Number::Fraction(_) => Err(Code::MoneyFractional),
        Number::None => Err(Code::FieldWrongType),
    }
}

/// The shortest decimal that is this double: with at most 11 digits it is what was written.
fn land(value: &Json<'_>) -> Result<Area, Code> {
    let number = double(value).ok_or(Code::FieldWrongType)?;
    if number < 0.0 {
        return Err(Code::LandNegative);
    }
    if number > Area::MAX_M2 as f64 {
        return Err(Code::LandTooLarge);
    }
    Area::parse(&double_text(number)).map_err(|error| match error {
        AreaError::OutOfRange => Code::LandTooLarge,
        // What ECMAScript writes with an exponent lies below 0.000001 here.
        AreaError::NotANumber | AreaError::TooFine => Code::LandTooFine,
    })
}

/// A day written YYYY-MM-DD.
fn day(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        bytes[range].iter().try_fold(0i16, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i16::from(byte - b'0')))
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    Date::new(year, month as i8, day as i8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_that_exists() {
        assert_eq!(day("2020-02-29"), Some(date(2020, 2, 29)));
        for text in ["2020-02-30", "2021-02-29", "2020-2-03", "20200203", "2020-02-03 ", "2020-13-01", "+020-01-01", ""]
        {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn land_is_exact_to_the_hundredth() {
        let land = |text| land(&Json::parse(text).unwrap()).map(Area::centi_m2);
        assert_eq!(land("12.57"), Ok(1257));
        assert_eq!(land("0.1"), Ok(10));
        assert_eq!(land("1e3"), Ok(100_000));
        assert_eq!(land("999999999.99"), Ok(99_999_999_999));
        assert_eq!(land("-0.0"), Ok(0));
        assert_eq!(land("12.345"), Err(Code::LandTooFine));
        assert_eq!(land("1e-9"), Err(Code::LandTooFine));
        assert_eq!(land("1000000000.01"), Err(Code::LandTooLarge));
        assert_eq!(land("1e300"), Err(Code::LandTooLarge));
        assert_eq!(land("-0.01"), Err(Code::LandNegative));
        assert_eq!(land("\"1\""), Err(Code::FieldWrongType));
    }

    #[test]
    fn a_whole_number_may_be_written_with_an_exponent() {
        let money = |text| money(&Json::parse(text).unwrap()).map(Vnd::dong);
        assert_eq!(money("1200000.0"), Ok(1_200_000));
        assert_eq!(money("1e6"), Ok(1_000_000));
        assert_eq!(money("1e15"), Ok(1_000_000_000_000_000));
        assert_eq!(money("1000000000000001"), Err(Code::MoneyTooLarge));
        assert_eq!(money("1e300"), Err(Code::MoneyTooLarge));
        assert_eq!(money("-1"), Err(Code::MoneyNegative));
        assert_eq!(money("-0.5"), Err(Code::MoneyNegative));
        assert_eq!(money("0.5"), Err(Code::MoneyFractional));
    }
}

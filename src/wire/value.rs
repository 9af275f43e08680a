//! One field's value: read by its [`Kind`] alone, or refused with its code.

use jiff::civil::Date;

use super::breach::Breach;
use super::codes::Code;
use super::decimal::{Decimal, Units, double};
use super::json::{Found, Json};
use super::spec::{FieldSpec, Kind, MAX_COUNT, YEARS};
use crate::domain::{Area, Period, UnitCode, Vnd};

/// What was read from a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'j> {
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

/// Reads one field into its cell; a breach is added where it cannot be read.
pub(super) fn read<'j>(field: &FieldSpec, value: Found<'j>, cell: &mut Option<Cell<'j>>, breaches: &mut Vec<Breach>) {
    if let Kind::Counts(names) = field.kind {
        *cell = counts(field, names, value, breaches);
        return;
    }
    match read_value(field.kind, value) {
        Ok(read) => *cell = Some(read),
        Err((code, found, allowed)) => breaches.push(Breach::new(code, pointer(field.name), &found, allowed)),
    }
}

fn counts<'j>(field: &FieldSpec, names: [&str; 3], value: Found<'_>, breaches: &mut Vec<Breach>) -> Option<Cell<'j>> {
    let Json::Object(members) = value.json() else {
        let found = value.to_string();
        breaches.push(Breach::new(Code::FieldWrongType, pointer(field.name), &found, field.kind.allowed()));
        return None;
    };
    let before = breaches.len();
    let counts = names.map(|name| {
        let Some(value) = members.get(name) else { return 0 };
        match read_value(Kind::Count { min: 0 }, value) {
            Ok(Cell::Count(number)) => number,
            Ok(_) => 0,
            Err((code, found, allowed)) => {
                breaches.push(Breach::new(code, format!("/data/{}/{name}", field.name), &found, allowed));
                0
            }
        }
    });
    (breaches.len() == before).then_some(Cell::Counts(counts))
}

fn read_value<'j>(kind: Kind, value: Found<'j>) -> Result<Cell<'j>, Fault> {
    let wrong_type = || (Code::FieldWrongType, value.written(), kind.allowed().into_owned());
    let units = |places| units(value, places).ok_or_else(wrong_type);
    let refuse_number = |code| (code, value.written(), kind.allowed().into_owned());
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
        Kind::Count { min } => Cell::Count(count(min, units(0)?).map_err(refuse_number)?),
        Kind::Counts(_) => return Err(wrong_type()),
        Kind::Money => Cell::Money(money(units(0)?).map_err(refuse_number)?),
        Kind::Land => Cell::Land(land(units(2)?).map_err(refuse_number)?),
        Kind::Score => match double_of(value).ok_or_else(wrong_type)? {
            score if score >= 0.0 => Cell::Score(score),
            _ => return Err(refuse_number(Code::NumberOutOfRange)),
        },
        Kind::Year => Cell::Year(year(units(0)?).map_err(refuse_number)?),
        Kind::Period => {
            let text = text()?;
            Cell::Period(text.parse().map_err(|_| refuse(Code::PeriodInvalid, text))?)
        }
        Kind::Flag => match value.json() {
            Json::Bool(flag) => Cell::Flag(flag),
            _ => return Err(wrong_type()),
        },
        Kind::Text => Cell::Text(text()?),
    })
}

/// A number in units of 10^−`places`, exactly; `None` of what is none.
fn units(value: Found<'_>, places: u32) -> Option<Units> {
    Some(match value.json() {
        Json::Int(number) => Units::of(number < 0, number.unsigned_abs(), places),
        Json::Big(number) => Units::of(false, number, places),
        Json::Float(text) => Decimal::of(text).units(places),
        _ => return None,
    })
}

fn double_of(value: Found<'_>) -> Option<f64> {
    match value.json() {
        Json::Int(number) => Some(number as f64),
        Json::Big(number) => Some(number as f64),
        Json::Float(text) => Some(double(text)),
        _ => None,
    }
}

/// What the rules say of a number that stands in a field of that kind.
pub(super) fn refusal(kind: Kind, number: &str) -> Option<Code> {
    let number = Decimal::of(number);
    match kind {
        Kind::Count { min } => count(min, number.units(0)).err(),
        Kind::Money => money(number.units(0)).err(),
        Kind::Land => land(number.units(2)).err(),
        Kind::Year => year(number.units(0)).err(),
        _ => None,
    }
}

fn count(min: u32, number: Units) -> Result<u32, Code> {
    match number {
        Units { has_rest: true, .. } => Err(Code::NumberFractional),
        Units { is_negative: false, whole: Some(number), .. } => {
            u32::try_from(number).ok().filter(|number| (min..=MAX_COUNT).contains(number)).ok_or(Code::NumberOutOfRange)
        }
        _ => Err(Code::NumberOutOfRange),
    }
}

fn money(number: Units) -> Result<Vnd, Code> {
    match number {
        Units { is_negative: true, .. } => Err(Code::MoneyNegative),
        Units { has_rest: true, .. } => Err(Code::MoneyFractional),
        Units { whole, .. } => {
            whole.and_then(|dong| dong.try_into().ok()).and_then(Vnd::new).ok_or(Code::MoneyTooLarge)
        }
    }
}

/// In hundredths of a square metre.
fn land(number: Units) -> Result<Area, Code> {
    let area = number.whole.and_then(|centi| centi.try_into().ok()).and_then(Area::from_centi);
    match (number, area) {
        (Units { is_negative: true, .. }, _) => Err(Code::LandNegative),
        (_, None) => Err(Code::LandTooLarge),
        (Units { has_rest: true, .. }, Some(area)) if area == Area::MAX => Err(Code::LandTooLarge),
        (Units { has_rest: true, .. }, _) => Err(Code::LandTooFine),
        (_, Some(area)) => Ok(area),
    }
}

fn year(number: Units) -> Result<i16, Code> {
    let year = number.whole.and_then(|year| i16::try_from(year).ok()).filter(|year| YEARS.contains(year));
    year.filter(|_| !number.is_negative && !number.has_rest).ok_or(Code::YearInvalid)
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

/// The pointer to a field of `data`.
pub(super) fn pointer(name: &str) -> String {
    format!("/data/{name}")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::wire::json::Document;

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
        let land = |text| {
            let mut document = Document::default();
            let place = document.add(text).unwrap();
            units(document.at(place), 2).ok_or(Code::FieldWrongType).and_then(land).map(Area::centi_m2)
        };
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
        let money = |text| {
            let mut document = Document::default();
            let place = document.add(text).unwrap();
            units(document.at(place), 0).ok_or(Code::FieldWrongType).and_then(money).map(Vnd::dong)
        };
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

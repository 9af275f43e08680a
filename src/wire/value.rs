//! One field's value: read by its [`Kind`] alone, or refused with its code.

use jiff::civil::Date;

use super::breach::Breach;
use super::canonical::double_text;
use super::codes::Code;
use super::json::{Found, Json};
use super::spec::{FieldSpec, Kind, MAX_COUNT, YEARS};
use crate::domain::{Area, AreaError, Period, UnitCode, Vnd};

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
    let counts = names.map(|name| match members.get(name).map(|value| count(0, value)) {
        Some(Ok(number)) => number,
        Some(Err((code, found, allowed))) => {
            breaches.push(Breach::new(code, format!("/data/{}/{name}", field.name), &found, allowed));
            0
        }
        None => 0,
    });
    (breaches.len() == before).then_some(Cell::Counts(counts))
}

fn read_value<'j>(kind: Kind, value: Found<'j>) -> Result<Cell<'j>, Fault> {
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
        Kind::Flag => match value.json() {
            Json::Bool(flag) => Cell::Flag(flag),
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

fn whole(value: Found<'_>) -> Number {
    match value.json() {
        Json::Int(number) => Number::Whole(i128::from(number)),
        Json::Big(number) => Number::Whole(i128::from(number)),
        Json::Float(number) if number.fract() == 0.0 => Number::Whole(number as i128),
        Json::Float(number) => Number::Fraction(number),
        _ => Number::None,
    }
}

fn double(value: Found<'_>) -> Option<f64> {
    match value.json() {
        Json::Int(number) => Some(number as f64),
        Json::Big(number) => Some(number as f64),
        Json::Float(number) => Some(number),
        _ => None,
    }
}

fn count(min: u32, value: Found<'_>) -> Result<u32, Fault> {
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

fn money(value: Found<'_>) -> Result<Vnd, Code> {
    match whole(value) {
        Number::Whole(number) if number < 0 => Err(Code::MoneyNegative),
        Number::Whole(number) => u64::try_from(number).ok().and_then(Vnd::new).ok_or(Code::MoneyTooLarge),
        Number::Fraction(number) if number < 0.0 => Err(Code::MoneyNegative),
        Number::Fraction(_) => Err(Code::MoneyFractional),
        Number::None => Err(Code::FieldWrongType),
    }
}

/// The shortest decimal that is this double: with at most 11 digits it is what was written.
fn land(value: Found<'_>) -> Result<Area, Code> {
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
            land(document.at(place)).map(Area::centi_m2)
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
            money(document.at(place)).map(Vnd::dong)
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

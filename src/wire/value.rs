//! One field's value: read by its [`Kind`] alone, or refused with its code.

use jiff::civil::Date;

use super::spec::{FieldSpec, Kind, MAX_COUNT, MAX_NAME_CHARS, YEARS};
use super::validation_error::ValidationError;
use crate::domain::{Area, Period, Quarter, UnitCode, Vnd};
use crate::json::{Json, JsonAt, Members, Number, Scaled};
use crate::text::codes::Code;

/// A field's value that is to be read; an error is added where it cannot be.
///
/// Each kind has a method of its own: one value for all kinds would be written in pieces and then read as a whole, which
/// stalls the processor.
pub(super) struct Reading<'b, 'j> {
    /// The field of `data` that it is a member of; `None` of a field of `data` itself.
    pub(super) within: Option<&'static FieldSpec>,
    pub(super) field: &'static FieldSpec,
    pub(super) value: JsonAt<'j>,
    pub(super) errors: &'b mut Vec<ValidationError>,
}

impl<'j> Reading<'_, 'j> {
    pub(super) fn unit(self) -> Option<UnitCode> {
        let Some(text) = self.value.as_str() else { return self.wrong_type() };
        // What cannot be a code is no unit's code.
        match UnitCode::new(text) {
            Some(code) => Some(code),
            None => self.add(Code::UnitUnknown, text, String::new()),
        }
    }

    pub(super) fn day(self) -> Option<Date> {
        let Some(text) = self.value.as_str() else { return self.wrong_type() };
        match day(text) {
            Some(day) => Some(day),
            None => self.refuse(Code::DateInvalid, text),
        }
    }

    /// The place in the closed list.
    pub(super) fn choice(self, names: &[&str]) -> Option<usize> {
        let Some(text) = self.value.as_str() else { return self.wrong_type() };
        match names.iter().position(|name| *name == text) {
            Some(place) => Some(place),
            None => self.refuse(Code::ValueUnknown, text),
        }
    }

    pub(super) fn count(self, min: u32) -> Option<u32> {
        self.number(0, |number| count(min, number))
    }

    pub(super) fn money(self) -> Option<Vnd> {
        self.number(0, money)
    }

    pub(super) fn land(self) -> Option<Area> {
        self.number(2, land)
    }

    pub(super) fn year(self) -> Option<i16> {
        self.number(0, year)
    }

    /// The members of an object.
    pub(super) fn members(self) -> Option<Members<'j>> {
        match self.value.json() {
            Json::Object(members) => Some(members),
            _ => self.wrong_type(),
        }
    }

    pub(super) fn score(self) -> Option<f64> {
        match double_of(self.value) {
            Some(score) if score >= 0.0 => Some(score),
            Some(_) => self.refuse_written(Code::NumberOutOfRange),
            None => self.wrong_type(),
        }
    }

    pub(super) fn period(self) -> Option<Period> {
        let Some(text) = self.value.as_str() else { return self.wrong_type() };
        match text.parse() {
            Ok(period) => Some(period),
            Err(_) => self.refuse(Code::PeriodInvalid, text),
        }
    }

    pub(super) fn quarter(self) -> Option<Quarter> {
        let Some(text) = self.value.as_str() else { return self.wrong_type() };
        match text.parse() {
            Ok(Period::Quarter(quarter)) => Some(quarter),
            Ok(_) => self.refuse(Code::PeriodNotAQuarter, text),
            Err(_) => self.refuse(Code::PeriodInvalid, text),
        }
    }

    pub(super) fn flag(self) -> Option<bool> {
        match self.value.json() {
            Json::Bool(flag) => Some(flag),
            _ => self.wrong_type(),
        }
    }

    pub(super) fn name(self) -> Option<&'j str> {
        match self.value.as_str() {
            Some(text) if text.chars().nth(MAX_NAME_CHARS).is_some() => self.refuse(Code::TextTooLong, text),
            Some(text) => Some(text),
            None => self.wrong_type(),
        }
    }

    pub(super) fn text(self) -> Option<&'j str> {
        let text = self.value.as_str();
        if text.is_none() { self.wrong_type() } else { text }
    }

    /// A number in units of 10^−`places`, as far as the rules allow it.
    fn number<T>(self, places: u32, allowed: impl FnOnce(Scaled) -> Result<T, Code>) -> Option<T> {
        let Some(number) = units(self.value, places) else { return self.wrong_type() };
        match allowed(number) {
            Ok(number) => Some(number),
            Err(code) => self.refuse_written(code),
        }
    }

    #[cold]
    fn wrong_type<T>(self) -> Option<T> {
        self.refuse_written(Code::FieldWrongType)
    }

    #[cold]
    fn refuse_written<T>(self, code: Code) -> Option<T> {
        let found = self.value.written();
        self.refuse(code, &found)
    }

    #[cold]
    fn refuse<T>(self, code: Code, found: &str) -> Option<T> {
        let allowed = self.field.kind.allowed().into_owned();
        self.add(code, found, allowed)
    }

    #[cold]
    fn add<T>(self, code: Code, found: &str, allowed: String) -> Option<T> {
        let place = match self.within {
            None => pointer(self.field.name),
            Some(object) => format!("{}/{}", pointer(object.name), self.field.name),
        };
        self.errors.push(ValidationError::new(code, place, found, allowed));
        None
    }
}

/// A number in units of 10^−`places`, exactly; `None` of what is none.
fn units(value: JsonAt<'_>, places: u32) -> Option<Scaled> {
    match value.json() {
        Json::Number(number) => Some(number.in_units(places)),
        _ => None,
    }
}

fn double_of(value: JsonAt<'_>) -> Option<f64> {
    match value.json() {
        Json::Number(number) => Some(number.to_f64()),
        _ => None,
    }
}

/// What the rules say of a number that stands in a field of that kind.
pub(super) fn refusal(kind: Kind, number: &str) -> Option<Code> {
    let number = Number::new(number);
    match kind {
        Kind::Count { min } => count(min, number.in_units(0)).err(),
        Kind::Money => money(number.in_units(0)).err(),
        Kind::Land => land(number.in_units(2)).err(),
        Kind::Year => year(number.in_units(0)).err(),
        _ => None,
    }
}

fn count(min: u32, number: Scaled) -> Result<u32, Code> {
    match number {
        Scaled { has_rest: true, .. } => Err(Code::NumberFractional),
        Scaled { is_negative: false, whole: Some(number), .. } => {
            u32::try_from(number).ok().filter(|number| (min..=MAX_COUNT).contains(number)).ok_or(Code::NumberOutOfRange)
        }
        _ => Err(Code::NumberOutOfRange),
    }
}

fn money(number: Scaled) -> Result<Vnd, Code> {
    match number {
        Scaled { is_negative: true, .. } => Err(Code::MoneyNegative),
        Scaled { has_rest: true, .. } => Err(Code::MoneyFractional),
        Scaled { whole, .. } => {
            whole.and_then(|dong| dong.try_into().ok()).and_then(Vnd::new).ok_or(Code::MoneyTooLarge)
        }
    }
}

/// In hundredths of a square metre.
fn land(number: Scaled) -> Result<Area, Code> {
    let area = number.whole.and_then(|centi| centi.try_into().ok()).and_then(Area::from_centi);
    match (number, area) {
        (Scaled { is_negative: true, .. }, _) => Err(Code::LandNegative),
        (_, None) => Err(Code::LandTooLarge),
        (Scaled { has_rest: true, .. }, Some(area)) if area == Area::MAX => Err(Code::LandTooLarge),
        (Scaled { has_rest: true, .. }, _) => Err(Code::LandTooFine),
        (_, Some(area)) => Ok(area),
    }
}

fn year(number: Scaled) -> Result<i16, Code> {
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
    use crate::json::JsonDocument;
    use crate::wire::spec::TypeSpec;

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
            let mut document = JsonDocument::default();
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
    fn what_is_no_object_is_told_as_it_is_written() {
        let (mut document, mut errors) = (JsonDocument::default(), Vec::new());
        let place = document.add("1.50").unwrap();
        let field = TypeSpec::named("supervision").unwrap().field("recommendations").unwrap();
        let reading = Reading { within: None, field, value: document.at(place), errors: &mut errors };
        assert!(reading.members().is_none());
        let told: Vec<_> = errors.iter().map(|error| (error.code, error.found.as_str())).collect();
        assert_eq!(told, [(Code::FieldWrongType, "1.50")]);
    }

    #[test]
    fn a_whole_number_may_be_written_with_an_exponent() {
        let money = |text| {
            let mut document = JsonDocument::default();
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

//! One value of a table, typed: a renderer decides how it is written, and a
//! spreadsheet gets a number. What is not known is never a zero.

use std::cmp::Ordering;

use jiff::civil::Date;
use serde::ser::{Serialize, Serializer};

use super::numbers;
use crate::domain::amount::plain_hundredths;
use crate::domain::{Figure, Measure};
use crate::text::{Lang, report as say};

/// A value that a person or a program reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Datum {
    /// A number of things.
    Count(i128),
    /// Đồng.
    Money(i128),
    /// Hundredths of a square metre.
    Area(i128),
    /// A decimal number with a dot, as it was sent: the score of an index.
    Decimal(String),
    /// So many of so many, as of the units that have reported; or a rank among so many.
    Share(i128, i128),
    /// How a count moved against another period.
    Change(FigureChange),
    /// A day.
    Day(Date),
    /// Words.
    Text(String),
    /// The unit has not reported: not the same as a zero.
    NotReported,
    /// There are no figures of that period.
    NoFigures,
    /// There can be no value here.
    NotApplicable,
}

/// A count in a period and in the one that it is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FigureChange {
    /// In the period.
    pub now: i128,
    /// In the other.
    pub before: i128,
}

impl FigureChange {
    /// How much more there is now.
    pub fn difference(self) -> i128 {
        self.now - self.before
    }

    /// `tăng 12 (5,0%)`; without the share of a count that was 0.
    fn written(self, lang: Lang) -> String {
        let difference = self.difference();
        let count = numbers::grouped(difference.abs(), lang);
        let amount = match numbers::percent(difference.abs(), self.before, lang) {
            Some(percent) => format!("{count} ({percent})"),
            None => count,
        };
        let said = match difference.cmp(&0) {
            Ordering::Equal => say::unchanged(),
            Ordering::Greater => say::more(amount),
            Ordering::Less => say::fewer(amount),
        };
        said.get(lang).to_owned()
    }
}

impl Datum {
    /// An amount of a figure, in the figure's measure.
    pub fn of(figure: Figure, amount: i128) -> Self {
        match figure.measure() {
            Measure::Count => Self::Count(amount),
            Measure::Vnd => Self::Money(amount),
            Measure::CentiM2 => Self::Area(amount),
        }
    }

    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A day, if there is one.
    pub fn day(day: Option<Date>) -> Self {
        day.map_or(Self::NotApplicable, Self::Day)
    }

    /// For people: `1.234.567`, `12,50`, `15/09/2020`; `–` of a unit that has not reported.
    pub fn written(&self, lang: Lang) -> String {
        match self {
            Self::Count(amount) | Self::Money(amount) => numbers::grouped(*amount, lang),
            Self::Area(centi) => numbers::hundredths(*centi, lang),
            Self::Decimal(digits) => numbers::decimal(digits, lang),
            Self::Share(part, whole) => format!("{}/{}", numbers::grouped(*part, lang), numbers::grouped(*whole, lang)),
            Self::Change(change) => change.written(lang),
            Self::Day(day) => numbers::day(*day),
            Self::Text(text) => text.clone(),
            Self::NotReported => "–".into(),
            Self::NoFigures => "…".into(),
            Self::NotApplicable => String::new(),
        }
    }

    /// The same with its unit of measurement, as within a sentence: `1.234.567 đồng`.
    pub fn with_unit(&self, lang: Lang) -> String {
        match self {
            Self::Money(_) => say::dong(self.written(lang)).get(lang).to_owned(),
            Self::Area(_) => say::square_metres(self.written(lang)).get(lang).to_owned(),
            _ => self.written(lang),
        }
    }

    /// For programs: digits alone, land in m² with a dot and two decimals, days by ISO 8601;
    /// nothing where there is no value.
    pub fn plain(&self) -> String {
        match self {
            Self::Count(amount) | Self::Money(amount) => amount.to_string(),
            Self::Area(centi) => plain_hundredths(*centi),
            Self::Decimal(digits) => digits.clone(),
            Self::Share(part, whole) => format!("{part}/{whole}"),
            Self::Change(change) => change.difference().to_string(),
            Self::Day(day) => day.to_string(),
            Self::Text(text) => text.clone(),
            Self::NotReported | Self::NoFigures | Self::NotApplicable => String::new(),
        }
    }
}

/// As the contract in `src/wire` has it: counts and đồng as numbers, land as a decimal string.
impl Serialize for Datum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(amount) | Self::Money(amount) => serializer.serialize_i128(*amount),
            Self::NotReported | Self::NoFigures | Self::NotApplicable => serializer.serialize_none(),
            _ => serializer.serialize_str(&self.plain()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_said_with_its_share_where_there_is_one() {
        let said = |now, before| Datum::Change(FigureChange { now, before }).written(Lang::Vi);
        assert_eq!(said(252, 240), "tăng 12 (5,0%)");
        assert_eq!(said(1_000, 4_000), "giảm 3.000 (75,0%)");
        assert_eq!(said(5, 0), "tăng 5");
        assert_eq!(said(5, 5), "không đổi");
    }

    #[test]
    fn what_is_not_known_is_no_zero() {
        let written = |datum: Datum| datum.written(Lang::Vi);
        let all = [Datum::Count(0), Datum::NotReported, Datum::NoFigures, Datum::NotApplicable];
        assert_eq!(all.clone().map(written), ["0", "–", "…", ""]);
        assert_eq!(all.map(|datum| datum.plain()), ["0", "", "", ""]);
    }

    #[test]
    fn land_has_two_decimals_always() {
        assert_eq!(Datum::Area(1_250).written(Lang::Vi), "12,50");
        assert_eq!(Datum::Area(123_456_700).written(Lang::Vi), "1.234.567,00");
        assert_eq!(Datum::Area(7).written(Lang::En), "0.07");
        assert_eq!(Datum::Area(-50).written(Lang::En), "-0.50");
        assert_eq!(Datum::Area(1_250).plain(), "12.50");
        assert_eq!(Datum::Area(-50).plain(), "-0.50");
        assert_eq!(Datum::Money(1_234_567).plain(), "1234567");
        assert_eq!(Datum::Money(1_234_567).with_unit(Lang::Vi), "1.234.567\u{a0}đồng");
    }
}

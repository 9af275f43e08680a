//! Reporting periods: quarters, and what is the sum of quarters.
//!
//! Which days lie in a quarter is the calendar's affair.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A quarter of a reporting year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Quarter {
    year: i16,
    number: u8,
}

impl Quarter {
    /// Quarter `number` (1 to 4) of `year` (1900 to 9998).
    pub fn new(year: i16, number: u8) -> Option<Self> {
        ((1900..=9998).contains(&year) && (1..=4).contains(&number)).then_some(Self { year, number })
    }

    /// The reporting year.
    pub fn year(self) -> i16 {
        self.year
    }

    /// 1 to 4.
    pub fn number(self) -> u8 {
        self.number
    }

    /// The quarter before.
    pub fn previous(self) -> Self {
        match self.number {
            1 => Self { year: self.year - 1, number: 4 },
            n => Self { number: n - 1, ..self },
        }
    }
}

impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-Q{}", self.year, self.number)
    }
}

impl FromStr for Quarter {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        match text.parse()? {
            Period::Quarter(quarter) => Ok(quarter),
            _ => Err(PeriodError(text.to_owned())),
        }
    }
}

/// A reporting period: `2020-Q4`, `2020-H1`, `2020-9M` or `2020`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// One quarter.
    Quarter(Quarter),
    /// The first (1) or second (2) half year.
    Half(i16, u8),
    /// The first three quarters.
    NineMonths(i16),
    /// All four quarters.
    Year(i16),
}

/// A text that names no period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no period: write 2020-Q4, 2020-H1, 2020-9M or 2020")]
pub struct PeriodError(pub String);

impl Period {
    /// The quarters whose sum it is, in order.
    pub fn quarters(self) -> Vec<Quarter> {
        let (year, numbers) = match self {
            Self::Quarter(quarter) => (quarter.year, quarter.number..=quarter.number),
            Self::Half(year, half) => (year, half * 2 - 1..=half * 2),
            Self::NineMonths(year) => (year, 1..=3),
            Self::Year(year) => (year, 1..=4),
        };
        numbers.map(|number| Quarter { year, number }).collect()
    }

    /// The reporting year it lies in.
    pub fn year(self) -> i16 {
        match self {
            Self::Quarter(quarter) => quarter.year,
            Self::Half(year, _) | Self::NineMonths(year) | Self::Year(year) => year,
        }
    }

    /// The period of the same length just before it: nine months have none of their own, so the year before's.
    pub fn previous(self) -> Self {
        match self {
            Self::Quarter(quarter) => Self::Quarter(quarter.previous()),
            Self::Half(year, 2) => Self::Half(year, 1),
            Self::Half(year, _) => Self::Half(year - 1, 2),
            Self::NineMonths(year) => Self::NineMonths(year - 1),
            Self::Year(year) => Self::Year(year - 1),
        }
    }

    /// From the start of the year to the end of this period.
    pub fn year_to_date(self) -> Self {
        let last = self.quarters().last().map_or(4, |quarter| quarter.number);
        match last {
            1 => Self::Quarter(Quarter { year: self.year(), number: 1 }),
            2 => Self::Half(self.year(), 1),
            3 => Self::NineMonths(self.year()),
            _ => Self::Year(self.year()),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quarter(quarter) => quarter.fmt(f),
            Self::Half(year, half) => write!(f, "{year:04}-H{half}"),
            Self::NineMonths(year) => write!(f, "{year:04}-9M"),
            Self::Year(year) => write!(f, "{year:04}"),
        }
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let error = || PeriodError(text.to_owned());
        let (year, part) = match text.split_once('-') {
            Some((year, part)) => (year, Some(part)),
            None => (text, None),
        };
        if year.len() != 4 || !year.bytes().all(|b| b.is_ascii_digit()) {
            return Err(error());
        }
        let year: i16 = year.parse().map_err(|_| error())?;
        // The year must be one that a quarter may have, whatever the period.
        Quarter::new(year, 1).ok_or_else(error)?;
        Ok(match part {
            None => Self::Year(year),
            Some("9M") => Self::NineMonths(year),
            Some("H1") => Self::Half(year, 1),
            Some("H2") => Self::Half(year, 2),
            Some("Q1") => Self::Quarter(Quarter { year, number: 1 }),
            Some("Q2") => Self::Quarter(Quarter { year, number: 2 }),
            Some("Q3") => Self::Quarter(Quarter { year, number: 3 }),
            Some("Q4") => Self::Quarter(Quarter { year, number: 4 }),
            Some(_) => return Err(error()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_read_and_written_alike() {
        for text in ["2020-Q1", "2020-Q4", "2020-H1", "2020-H2", "2020-9M", "2020"] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
        }
        for text in ["", "2020-Q5", "2020-q1", "20-Q1", "2020-", "Q1-2020", "2020-H3", "0000", "+202", "2020-Q1 "] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    #[test]
    fn longer_periods_are_their_quarters() {
        let names = |text: &str| {
            text.parse::<Period>().unwrap().quarters().iter().map(Quarter::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names("2020-H2"), "2020-Q3 2020-Q4");
        assert_eq!(names("2020-9M"), "2020-Q1 2020-Q2 2020-Q3");
        assert_eq!(names("2020"), "2020-Q1 2020-Q2 2020-Q3 2020-Q4");
    }

    #[test]
    fn the_year_to_date_ends_with_the_period() {
        let to_date = |text: &str| text.parse::<Period>().unwrap().year_to_date().to_string();
        assert_eq!(to_date("2020-Q1"), "2020-Q1");
        assert_eq!(to_date("2020-Q2"), "2020-H1");
        assert_eq!(to_date("2020-Q3"), "2020-9M");
        assert_eq!(to_date("2020-Q4"), "2020");
    }
}

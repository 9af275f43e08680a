//! Why there are no figures of what was asked for.

use jiff::civil::Date;

use crate::domain::Period;
use crate::failure::{Explained, FailureKind};
use crate::text::{Text, rollup as text};

/// A period or a unit that the rules do not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RollupError {
    /// The calendar lacks a quarter of the period.
    PeriodOutsideCalendar {
        /// Which period.
        period: Period,
        /// Which calendar.
        calendar: String,
    },
    /// No unit had the code in the period.
    NoSuchUnit {
        /// The code.
        unit: String,
        /// The period.
        period: Period,
    },
    /// The code was several units in the period, or none since the day that was named.
    WhichUnit {
        /// The code.
        unit: String,
        /// The period.
        period: Period,
        /// The names of those that it was, with their first days.
        units: Vec<(String, Date)>,
    },
}

crate::failure::shown_as_explained!(RollupError);

impl Explained for RollupError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::PeriodOutsideCalendar { .. } | Self::NoSuchUnit { .. } => FailureKind::NotFound,
            Self::WhichUnit { .. } => FailureKind::Ambiguous,
        }
    }

    fn what(&self) -> Text {
        match self {
            Self::PeriodOutsideCalendar { period, calendar } => text::period_outside_calendar(period, calendar),
            Self::NoSuchUnit { unit, period } => text::no_such_unit(unit, period),
            Self::WhichUnit { unit, period, units } => {
                let units: Vec<Text> = units.iter().map(|(name, since)| text::unit_since(name, since)).collect();
                text::which_unit(unit, period, Text::join(&units, &text::comma()))
            }
        }
    }

    fn remedy(&self) -> Text {
        match self {
            Self::PeriodOutsideCalendar { .. } => text::choose_period(),
            Self::NoSuchUnit { .. } => text::see_codes(),
            Self::WhichUnit { units, .. } => {
                let flags: Vec<Text> = units.iter().map(|(_, since)| Text::same(format!("--since {since}"))).collect();
                text::choose_unit(Text::join(&flags, &text::or()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{ExitCode, Failure};

    #[test]
    fn the_units_of_a_code_are_named_in_both_languages() {
        let units = vec![
            ("Phường Trúc Bạch".to_owned(), jiff::civil::date(2020, 1, 1)),
            ("Phường Ba Đình".to_owned(), jiff::civil::date(2025, 7, 1)),
        ];
        let period = "2025-Q3".parse().unwrap();
        let failure = Failure::from(RollupError::WhichUnit { unit: "00004".into(), period, units });
        assert_eq!(failure.code(), ExitCode::Usage);
        assert_eq!(
            failure.what().vi,
            "trong 2025-Q3 mã 00004 là Phường Trúc Bạch từ 2020-01-01, Phường Ba Đình từ 2025-07-01"
        );
        assert_eq!(failure.remedy().vi, "Chọn một đơn vị: --since 2020-01-01 hoặc --since 2025-07-01.");
        assert!(failure.remedy().en.starts_with("Name one of them: --since 2020-01-01 or"));
    }
}

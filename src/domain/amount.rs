//! Money and land as fixed-point numbers, so that no figure was ever a float.
//!
//! Knows nothing of storage. Sums of amounts are kept in `i128` by the rollup: 2^63 records of the largest amount
//! still fit.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::catalogue::{Figure, Measure};

/// Whole đồng, 0 to 10^15. The đồng has no minor unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Vnd(u64);

impl Vnd {
    /// The largest amount that one record may carry, in đồng.
    pub const MAX: u64 = 1_000_000_000_000_000;

    /// The amount, or `None` above [`Vnd::MAX`].
    pub fn new(dong: u64) -> Option<Self> {
        (dong <= Self::MAX).then_some(Self(dong))
    }

    /// In đồng.
    pub fn dong(self) -> i128 {
        i128::from(self.0)
    }
}

/// Land in hundredths of a square metre, 0 to 10^9 m².
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Area(u64);

impl Area {
    /// The largest area that one record may carry, in m².
    pub const MAX_M2: u64 = 1_000_000_000;

    /// The same, as an area.
    pub const MAX: Self = Self(Self::MAX_M2 * 100);

    /// From hundredths of a square metre, or `None` above [`Area::MAX_M2`].
    pub fn from_centi(centi_m2: u64) -> Option<Self> {
        (centi_m2 <= Self::MAX.0).then_some(Self(centi_m2))
    }

    /// In hundredths of a square metre.
    pub fn centi_m2(self) -> i128 {
        i128::from(self.0)
    }
}

/// Hundredths for programs: `1234.50`.
pub fn plain_hundredths(number: i128) -> String {
    let (sign, number) = (if number < 0 { "-" } else { "" }, number.unsigned_abs());
    format!("{sign}{}.{:02}", number / 100, number % 100)
}

/// An amount of a figure, as programs write it: counts and đồng as numbers, land as a decimal text with 2 places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FigureAmount {
    measure: Measure,
    amount: i128,
}

impl FigureAmount {
    /// That amount in the figure's measure.
    pub fn of(figure: Figure, amount: i128) -> Self {
        Self { measure: figure.measure(), amount }
    }
}

impl fmt::Display for FigureAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.measure {
            Measure::Count | Measure::Vnd => self.amount.fmt(f),
            Measure::CentiM2 => f.pad(&plain_hundredths(self.amount)),
        }
    }
}

impl Serialize for FigureAmount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.measure {
            Measure::Count | Measure::Vnd => serializer.serialize_i128(self.amount),
            Measure::CentiM2 => serializer.collect_str(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_stops_at_its_limit() {
        assert_eq!(Vnd::new(Vnd::MAX).unwrap().dong(), 1_000_000_000_000_000);
        assert_eq!(Vnd::new(Vnd::MAX + 1), None);
    }

    #[test]
    fn land_stops_at_its_limit() {
        assert_eq!(Area::from_centi(100_000_000_000), Some(Area::MAX));
        assert_eq!(Area::from_centi(100_000_000_001), None);
    }

    #[test]
    fn an_amount_is_written_in_the_measure_of_its_figure() {
        let written = |figure, amount| {
            let amount = FigureAmount::of(figure, amount);
            (amount.to_string(), serde_json::to_string(&amount).unwrap())
        };
        assert_eq!(written(Figure::LandRecoveredM2, -50), ("-0.50".into(), "\"-0.50\"".into()));
        assert_eq!(written(Figure::LandOtherM2, 123_456), ("1234.56".into(), "\"1234.56\"".into()));
        assert_eq!(written(Figure::MoneyOtherVnd, -50), ("-50".into(), "-50".into()));
        assert_eq!(written(Figure::Participants, 7), ("7".into(), "7".into()));
    }
}

//! Money and land as fixed-point numbers, so that no figure was ever a float.
//!
//! Knows nothing of JSON, figures or storage. Sums of amounts are kept in
//! `i128` by the rollup: 2^63 records of the largest amount still fit.

use serde::{Deserialize, Serialize};

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

/// Why a text is not an [`Area`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AreaError {
    /// Not a plain decimal number.
    NotANumber,
    /// More than two decimals.
    TooFine,
    /// Negative, or above 10^9 m².
    OutOfRange,
}

impl Area {
    /// The largest area that one record may carry, in m².
    pub const MAX_M2: u64 = 1_000_000_000;

    /// From hundredths of a square metre, or `None` above [`Area::MAX_M2`].
    pub fn from_centi(centi_m2: u64) -> Option<Self> {
        (centi_m2 <= Self::MAX_M2 * 100).then_some(Self(centi_m2))
    }

    /// From a plain decimal number in m² (`12`, `12.5`, `12.50`), exactly.
    pub fn parse(text: &str) -> Result<Self, AreaError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !plain(whole) || !plain(fraction) {
            return Err(AreaError::NotANumber);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 2 {
            return Err(AreaError::TooFine);
        }
        let whole: u64 = whole.parse().map_err(|_| AreaError::OutOfRange)?;
        let hundredths: u64 = format!("{fraction:0<2}").parse().map_err(|_| AreaError::NotANumber)?;
        let area = whole
            .checked_mul(100)
            .and_then(|centi| centi.checked_add(hundredths))
            .and_then(Self::from_centi)
            .ok_or(AreaError::OutOfRange)?;
        if negative && area.0 != 0 {
            return Err(AreaError::OutOfRange);
        }
        Ok(area)
    }

    /// In hundredths of a square metre.
    pub fn centi_m2(self) -> i128 {
        i128::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_keeps_its_two_decimals() {
        assert_eq!(Area::parse("12.5").unwrap().centi_m2(), 1250);
        assert_eq!(Area::parse("12.500").unwrap().centi_m2(), 1250);
        assert_eq!(Area::parse("0.07").unwrap().centi_m2(), 7);
        assert_eq!(Area::parse("1000000000").unwrap().centi_m2(), 100_000_000_000);
        assert_eq!(Area::parse("-0").unwrap().centi_m2(), 0);
    }

    #[test]
    fn what_is_no_area_is_refused_with_its_reason() {
        assert_eq!(Area::parse("1.234"), Err(AreaError::TooFine));
        assert_eq!(Area::parse("-1"), Err(AreaError::OutOfRange));
        assert_eq!(Area::parse("1000000000.01"), Err(AreaError::OutOfRange));
        assert_eq!(Area::parse("99999999999999999999"), Err(AreaError::OutOfRange));
        assert_eq!(Area::parse("1,5"), Err(AreaError::NotANumber));
        assert_eq!(Area::parse("1."), Err(AreaError::NotANumber));
    }

    #[test]
    fn money_stops_at_its_limit() {
        assert_eq!(Vnd::new(Vnd::MAX).unwrap().dong(), 1_000_000_000_000_000);
        assert_eq!(Vnd::new(Vnd::MAX + 1), None);
    }
}

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
}

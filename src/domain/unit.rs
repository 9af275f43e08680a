//! Who reports: a unit's code, its kind, and what it was from one day to another.
//!
//! A code is no identity: every commune code of 2025 was another unit's before.
//! A unit is (code, date).

use std::fmt;
use std::hash::{Hash, Hasher};

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::catalogue::closed_list;

/// The code of a unit: 1 to 15 ASCII letters and digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitCode([u8; 16]);

impl Hash for UnitCode {
    /// In one piece: it is looked up several times for each event.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.0));
    }
}

impl UnitCode {
    /// How long a code may be.
    pub const MAX_BYTES: usize = 15;

    /// The code, or `None` if the text cannot be one.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        // As one number: bytes that are written singly and then read as a whole stall the processor.
        fits.then(|| Self(text.bytes().rev().fold(0, |code, byte| code << 8 | u128::from(byte)).to_le_bytes()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        let end = 16 - u128::from_le_bytes(self.0).leading_zeros() as usize / 8;
        std::str::from_utf8(&self.0[..end]).unwrap_or_default()
    }
}

impl fmt::Display for UnitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for UnitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for UnitCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for UnitCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| serde::de::Error::custom(format!("\"{text}\" cannot be a unit's code")))
    }
}

closed_list! {
    /// What a unit is.
    UnitKind {
        City = "city";
        Province = "province";
        UrbanDistrict = "urban_district";
        RuralDistrict = "rural_district";
        Town = "town";
        ProvincialCity = "provincial_city";
        Ward = "ward";
        Commune = "commune";
        Township = "township";
        SpecialZone = "special_zone";
    }
}

impl UnitKind {
    /// 0 for the root's kinds, 1 for districts, 2 for communes.
    pub fn level(self) -> u8 {
        match self {
            Self::City | Self::Province => 0,
            Self::UrbanDistrict | Self::RuralDistrict | Self::Town | Self::ProvincialCity => 1,
            Self::Ward | Self::Commune | Self::Township | Self::SpecialZone => 2,
        }
    }
}

/// A row of the table: a unit as it was from one day to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitRow {
    /// Its code.
    pub code: UnitCode,
    /// Its name with its kind, as it is written.
    pub name: String,
    /// What it is.
    pub kind: UnitKind,
    /// The code of the unit it reports to; `None` at the root.
    pub parent: Option<UnitCode>,
    /// Its first day.
    pub valid_from: Date,
    /// Its last day; `None` while it is in force.
    pub valid_to: Option<Date>,
    /// The line of the file, for messages.
    pub(super) line: usize,
}

impl UnitRow {
    /// Whether it was in force on that day.
    pub fn in_force_on(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|to| day <= to)
    }

    /// Whether it was in force on some day from `from` to `to`, both inclusive.
    pub fn in_force_within(&self, from: Date, to: Date) -> bool {
        self.valid_from <= to && self.valid_to.is_none_or(|end| from <= end)
    }
}

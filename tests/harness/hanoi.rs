//! Hà Nội's units, as the program ships them. It knows nothing of the other tests.

use giaoban::domain::{Calendar, Rules, UnitTable};

pub const UNITS: &str = include_str!("../../config/units/hanoi.csv");
pub const SUCCESSION: &str = include_str!("../../config/units/hanoi-succession.csv");

/// The rules by that calendar.
pub fn rules_of(calendar: Calendar) -> Rules {
    Rules::new(UnitTable::from_csv(UNITS, SUCCESSION).unwrap(), calendar)
}

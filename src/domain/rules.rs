//! What decides figures besides the events: units, calendar and catalogue,
//! and the fingerprint by which a store knows them again.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::calendar::Calendar;
use super::catalogue;
use super::record::Digest;
use super::unit_table::UnitTable;

/// The rules that a store's figures were made by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Who reports.
    pub units: UnitTable,
    /// Which days lie in a quarter.
    pub calendar: Calendar,
    fingerprint: Digest,
}

impl Rules {
    /// Those units under that calendar.
    pub fn new(units: UnitTable, calendar: Calendar) -> Self {
        let mut text = String::new();
        let _ = writeln!(text, "catalogue {}", catalogue::VERSION);
        calendar.describe(&mut text);
        units.describe(&mut text);
        let fingerprint = Digest(Sha256::digest(text.as_bytes()).into());
        Self { units, calendar, fingerprint }
    }

    /// Equal for equal rules, and only for these.
    pub fn fingerprint(&self) -> Digest {
        self.fingerprint
    }
}

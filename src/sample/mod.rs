//! The sample year 2020 of the demo, made from a fixed seed.
//!
//! The city's totals are those of the committee's briefing of 3 December 2020;
//! everything else is made up, uneven as life is: units that report late,
//! corrections, duplicates, withdrawals, nil returns, some that never report.
//! Every event says of itself that it is synthetic. Pure: no clock.

mod records;
mod refused;
#[cfg(test)]
mod tests;
mod year;

pub use records::{CASES, SESSIONS};
pub use refused::bad_examples;
pub use year::SampleEvent;

use year::{Year, in_force_all_year};

use crate::domain::Rules;

/// Whether the rules have units for the sample year: a city or province over at
/// least one district or commune, in force from its first day to its last.
pub fn covers(rules: &Rules) -> bool {
    let level = |wanted: fn(u8) -> bool| {
        rules.units.rows().iter().any(|row| in_force_all_year(row) && wanted(row.kind.level()))
    };
    level(|level| level == 0) && level(|level| level > 0)
}

/// The sample year over the rules' own units; empty if these have none, see [`covers`].
pub fn sample_year(rules: &Rules) -> Vec<SampleEvent> {
    if !covers(rules) {
        return Vec::new();
    }
    let mut year = Year::new(rules);
    year.sessions();
    year.cases();
    year.activities();
    year.petitions();
    year.nil_returns();
    year.plans_and_indices();
    let forms = year.forms();
    let mut events = year.in_order();
    // They come last, whenever they were recorded, as forms do.
    events.extend(forms);
    events
}

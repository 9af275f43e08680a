//! What decides figures besides the events: units, calendar and catalogue,
//! and the fingerprint by which a store knows them again.

use std::fmt::Write as _;

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use super::calendar::{Calendar, HANOI};
use super::catalogue;
use super::fact::Fact;
use super::period::Period;
use super::record::Digest;
use super::unit_segment::{Lookup, SegmentId};
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

    /// The first and last day of a year that a plan or an index speaks of: of the calendar year and the reporting year,
    /// whichever begins earlier and ends later. `None` of a year that dates do not reach.
    pub fn days_of_year(&self, year: i16) -> Option<(Date, Date)> {
        let (first, last) = (Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?);
        let (from, to) = self.calendar.range(Period::Year(year)).unwrap_or((first, last));
        Some((first.min(from), last.max(to)))
    }

    /// The unit that a fact without a day of its own speaks of, by the days of its period or year and by when it was
    /// recorded; `None` of any other fact, and of a code that was no unit on these days.
    pub fn unit_meant(&self, fact: &Fact) -> Option<SegmentId> {
        self.unit_meant_within(fact).map(|(unit, _)| unit)
    }

    /// With the first and last day of that period or year.
    fn unit_meant_within(&self, fact: &Fact) -> Option<(SegmentId, (Date, Date))> {
        let (unit, days, recorded) = match fact {
            Fact::InspectionPlan { unit, year, recorded, .. } | Fact::Index { unit, year, recorded, .. } => {
                (unit, self.days_of_year(*year), recorded)
            }
            Fact::NilReturn { unit, period, recorded } => (unit, self.calendar.range(*period), recorded),
            Fact::FormTotal { unit, quarter, recorded, .. } => (unit, self.calendar.quarter_range(*quarter), recorded),
            _ => return None,
        };
        let days = days?;
        self.units.meant(*unit, HANOI.to_datetime(*recorded).date(), days).map(|unit| (unit, days))
    }

    /// The unit that a fact speaks of on the day that decides who may speak for it, with that day: its own, or the last
    /// one of its period or year on which that unit was in force. `None` of a withdrawal, and where there is no such unit.
    pub fn unit_to_speak_for(&self, fact: &Fact) -> Option<(SegmentId, Date)> {
        if let (Some(unit), Some(day)) = (fact.unit(), fact.day()) {
            return match self.units.at(unit, day) {
                Lookup::InForce(unit) => Some((unit, day)),
                _ => None,
            };
        }
        let (unit, (_, to)) = self.unit_meant_within(fact)?;
        self.units.on_its_last_day(unit, to)
    }

    /// Equal for equal rules, and only for these.
    pub fn fingerprint(&self) -> Digest {
        self.fingerprint
    }
}

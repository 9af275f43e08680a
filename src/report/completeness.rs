//! How many units have reported for a period: what a committee asks first.

use jiff::civil::Date;

use crate::domain::{Figure, Period, Rules};
use crate::rollup::Rollup;
use crate::store::{StoreError, StoreReader};

/// How complete a period is, of the unit over all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completeness {
    /// The period.
    pub period: Period,
    /// Units that should report.
    pub expected: i128,
    /// Those that have.
    pub reported: i128,
}

impl Completeness {
    /// That of the newest quarter with figures that has begun by that day; `None` if there is none.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn newest(store: &mut dyn StoreReader, rules: &Rules, today: Date) -> Result<Option<Self>, StoreError> {
        let quarters = store.quarters()?;
        let has_begun = |period: &Period| rules.calendar.range(*period).is_some_and(|(from, _)| from <= today);
        let Some(period) = quarters.iter().rev().map(|quarter| Period::Quarter(*quarter)).find(has_begun) else {
            return Ok(None);
        };
        let cells = store.cells(&period.quarters(), rules)?;
        Ok(Rollup::of(period, None, &cells, rules).ok().as_ref().and_then(Self::of))
    }

    /// That of a rollup of all units; `None` if it has none.
    fn of(rollup: &Rollup) -> Option<Self> {
        let root = rollup.first()?;
        let [expected, reported] = [Figure::UnitsExpected, Figure::UnitsReported].map(|figure| root.figure(figure));
        Some(Self { period: rollup.period, expected, reported })
    }
}

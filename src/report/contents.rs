//! What the report of a period is made of, read from the store: its figures,
//! those of the periods beside it, the year's plans and indices.

use super::ReportError;
use super::caveats::Caveats;
use super::year::YearFacts;
use crate::domain::{Digest, Figure, Period, Quarter, Rules};
use crate::rollup::Rollup;
use crate::store::{ReadFigures, StoreReader};

/// All that a report is made of.
#[derive(Debug)]
pub struct Contents {
    /// The figures of the period.
    pub now: Rollup,
    /// Of the period before; `None` unless there are records of all its quarters.
    pub before: Option<Rollup>,
    /// Of the same period a year before; `None` unless there are records of all its quarters.
    pub year_before: Option<Rollup>,
    /// From the start of the year.
    pub to_date: Option<Rollup>,
    /// The quarters that there are records of.
    pub quarters: Vec<Quarter>,
    /// Plans and indices of the year.
    pub year: YearFacts,
    /// In how many places a form's totals may count what single records count too.
    pub overlaps: usize,
    /// How many records the store has.
    pub records: u64,
    /// The fingerprint of the rules.
    pub fingerprint: Digest,
    /// What they have to be taken with.
    pub caveats: Caveats,
}

/// A period that the report's own is compared with.
pub struct Compared<'a> {
    /// Which.
    pub period: Period,
    /// Whether it is the same period a year before, not the one right before.
    pub a_year_before: bool,
    /// Its figures, if there are records of all its quarters.
    pub rollup: Option<&'a Rollup>,
}

impl Contents {
    /// Reads them.
    ///
    /// # Errors
    /// If the store cannot be read, or the calendar does not have the period.
    pub fn read(store: &mut dyn StoreReader, rules: &Rules, period: Period) -> Result<Self, ReportError> {
        let (cells, overlaps) = store.cells_with_overlaps(&period.quarters(), rules)?;
        let now = Rollup::of(period, None, &cells, rules)?;
        let quarters = store.quarters()?;
        // Figures of a part of a period are no measure of another's.
        let whole = |period: &Period| period.quarters().iter().all(|quarter| quarters.contains(quarter));
        let before = Some(period.previous()).filter(whole);
        let year_before = a_year_before(period).filter(whole);
        let mut other = |period: Option<Period>| match period {
            Some(period) if rules.calendar.range(period).is_some() => {
                rollup(store, rules, period).map(|rollup| Some(rollup).filter(has_records))
            }
            _ => Ok(None),
        };
        Ok(Self {
            before: other(before)?,
            year_before: other(year_before)?,
            to_date: other(Some(period.year_to_date()))?,
            quarters,
            now,
            year: YearFacts::of(store, period.year(), rules)?,
            overlaps: overlaps.len(),
            records: store.record_count()?,
            fingerprint: rules.fingerprint(),
            caveats: Caveats::of(store)?,
        })
    }

    /// The periods that this one is compared with: the one before, and the same a year before if that is another.
    pub fn compared(&self) -> Vec<Compared<'_>> {
        let previous = self.now.period.previous();
        let before = Compared { period: previous, a_year_before: false, rollup: self.before.as_ref() };
        let year_before = a_year_before(self.now.period).filter(|period| *period != previous);
        let year_before =
            year_before.map(|period| Compared { period, a_year_before: true, rollup: self.year_before.as_ref() });
        std::iter::once(before).chain(year_before).collect()
    }

    /// The quarters of a period that there are no records of; none if there are records of none of them.
    pub fn missing(&self, period: Period) -> Vec<Quarter> {
        let quarters = period.quarters();
        let missing: Vec<Quarter> = quarters.iter().copied().filter(|of| !self.quarters.contains(of)).collect();
        if missing.len() == quarters.len() { Vec::new() } else { missing }
    }
}

/// The same period a year before.
fn a_year_before(period: Period) -> Option<Period> {
    let year = period.year() - 1;
    let name = period.to_string();
    format!("{year:04}{}", name.get(4..)?).parse().ok()
}

fn rollup(store: &mut dyn ReadFigures, rules: &Rules, period: Period) -> Result<Rollup, ReportError> {
    let cells = store.cells(&period.quarters(), rules)?;
    Ok(Rollup::of(period, None, &cells, rules)?)
}

fn has_records(rollup: &Rollup) -> bool {
    let counts = |figure: &&Figure| **figure != Figure::UnitsExpected;
    rollup.first().is_some_and(|row| Figure::ALL.iter().filter(counts).any(|figure| row.figure(*figure) != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_period_a_year_before_is_of_the_same_kind() {
        let before = |text: &str| a_year_before(text.parse().unwrap()).map(|period| period.to_string());
        assert_eq!(before("2020-Q4").unwrap(), "2019-Q4");
        assert_eq!(before("2020-9M").unwrap(), "2019-9M");
        assert_eq!(before("2020").unwrap(), "2019");
        assert_eq!(before("1900-Q1"), None);
    }
}

//! What pages read from the store, and no more than each of them shows.

use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::{Figure, Period, Rules, SegmentId, UnitRow};
use crate::report::Caveats;
use crate::report::completeness::Completeness;
use crate::report::overlaps::Overlap;
use crate::report::records::{Listing, ListingError};
use crate::rollup::Rollup;
use crate::rollup::table::{DISSOLVED, OfUnit, lineage_rows};
use crate::store::{StoreError, StoreReader};

/// Opens the store for one answer.
pub type Open = dyn Fn() -> Result<Box<dyn StoreReader>, StoreError> + Send + Sync;

/// Where figures come from.
#[derive(Clone)]
pub struct Figures {
    /// The rules that they are made by.
    pub rules: Arc<Rules>,
    /// The store, opened anew for each answer, so that a new generation is seen.
    pub open: Arc<Open>,
    /// The day that it is.
    pub today: fn() -> Date,
}

/// The store, open for one answer.
pub struct StoreQuery<'a> {
    /// The rules that its figures are made by.
    pub rules: &'a Rules,
    store: Box<dyn StoreReader>,
}

impl<'a> StoreQuery<'a> {
    /// Opens the store.
    ///
    /// # Errors
    /// If it is not there or cannot be read.
    pub fn open(figures: &'a Figures) -> Result<Self, StoreError> {
        Ok(Self { rules: &figures.rules, store: (figures.open)()? })
    }

    /// The quarters that have figures and their years, newest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn periods(&mut self) -> Result<Vec<Period>, StoreError> {
        let mut periods = Vec::new();
        for quarter in self.store.quarters()?.iter().rev() {
            let year = Period::Year(quarter.year());
            if !periods.contains(&year) {
                periods.push(year);
            }
            periods.push(Period::Quarter(*quarter));
        }
        Ok(periods)
    }

    /// Whether any record says of itself that it is made up.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn caveats(&mut self) -> Result<Caveats, StoreError> {
        Caveats::of(&mut *self.store)
    }

    /// How complete the newest quarter is that has begun by that day; `None` if there is none.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn completeness(&mut self, today: Date) -> Result<Option<Completeness>, StoreError> {
        Completeness::newest(&mut *self.store, self.rules, today)
    }

    /// The figures of a unit and all under it; of all units if none is named.
    ///
    /// # Errors
    /// If the store cannot be read, or there is no such period or unit.
    pub fn rollup(&mut self, period: Period, unit: Option<&str>) -> Result<Rollup, ListingError> {
        let cells = self.store.cells(&period.quarters(), self.rules)?;
        Ok(Rollup::of(period, unit, &cells, self.rules)?)
    }

    /// The records behind a figure of a unit.
    ///
    /// # Errors
    /// If the store cannot be read, there is no such period or unit, or it is not clear which unit is meant.
    pub fn listing(&mut self, figure: Figure, period: Period, unit: OfUnit<'_>) -> Result<Listing, ListingError> {
        Listing::of(&mut *self.store, (figure, period, unit), self.rules)
    }

    /// The figures of all units, and in how many places a form's totals may count what single records count too.
    ///
    /// # Errors
    /// If the store cannot be read, or there is no such period.
    pub fn overview(&mut self, period: Period) -> Result<(Rollup, usize), ListingError> {
        let (cells, overlaps) = self.store.cells_with_overlaps(&period.quarters(), self.rules)?;
        Ok((Rollup::of(period, None, &cells, self.rules)?, overlaps.len()))
    }

    /// These places, each with its records.
    ///
    /// # Errors
    /// If the store cannot be read, or there is no such period.
    pub fn overlaps(&mut self, period: Period) -> Result<Vec<Overlap>, ListingError> {
        Overlap::list(&mut *self.store, Some(period), self.rules)
    }

    /// The unit and those over it in the period, the highest first; of what counts in no unit, the highest alone.
    /// The rules know them: no figure is read.
    pub fn lineage(&self, period: Period, unit: OfUnit<'_>) -> Vec<&'a UnitRow> {
        let units = &self.rules.units;
        let Some((from, to)) = self.rules.calendar.range(period) else { return Vec::new() };
        let root = units.root().code;
        let code = unit.code.filter(|code| *code != DISSOLVED).unwrap_or(root.as_str());
        let is_meant = |segment: &SegmentId| {
            let row = units.row(units.row_of(*segment));
            row.code.as_str() == code && unit.since.is_none_or(|since| row.valid_from == since)
        };
        let Some(meant) = units.segments_within(from, to).find(is_meant) else { return Vec::new() };
        let mut lineage: Vec<&UnitRow> = lineage_rows(self.rules, meant).map(|row| units.row(row)).collect();
        lineage.reverse();
        lineage
    }
}

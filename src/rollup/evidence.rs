//! Which records stand behind a figure: the same decision as the figure's own,
//! asked of each record, so that the two cannot differ.

use std::collections::BTreeSet;

use super::RollupError;
use super::cell::Counted;
use super::contribution::{CellPlace, NotInTable, contributions};
use super::table::{DISSOLVED, OfUnit, lineage_rows};
use crate::domain::RowId;
use crate::domain::{Fact, Figure, Period, Quarter, Rules, SegmentId};

/// A figure of a unit (with all under it) in a period.
pub struct Scope<'a> {
    rules: &'a Rules,
    figure: Figure,
    quarters: BTreeSet<Quarter>,
    row: RowId,
    /// Whether what counts in no unit any more counts here: in the root, as in its own row.
    dissolved_row: bool,
}

impl<'a> Scope<'a> {
    /// The figure of `unit` (a code, `dissolved`, or the root if none is named).
    ///
    /// # Errors
    /// If the calendar lacks the period, no unit had the code in it, or several had.
    pub fn new(figure: Figure, period: Period, unit: OfUnit<'_>, rules: &'a Rules) -> Result<Self, RollupError> {
        let dissolved_row = unit.code == Some(DISSOLVED);
        let row = if dissolved_row { OfUnit::default() } else { unit }.row(period, rules)?;
        Ok(Self { rules, figure, quarters: period.quarters().into_iter().collect(), row, dissolved_row })
    }

    /// What a fact adds to the figure, in the figure's measure. What stands behind a figure that counts units is said
    /// by [`super::table::Reported`].
    pub fn amount(&self, fact: &Fact) -> Result<i128, NotInTable> {
        let mut sum = 0;
        contributions(fact, self.rules, |part| {
            let counts = match part.place {
                CellPlace::Unit(segment) => !self.dissolved_row && self.includes(segment),
                CellPlace::Dissolved(root) => self.includes(root),
            };
            if counts && part.counted == Counted::Figure(self.figure) && self.quarters.contains(&part.quarter) {
                sum += part.amount;
            }
        })?;
        Ok(sum)
    }

    fn includes(&self, segment: SegmentId) -> bool {
        lineage_rows(self.rules, segment).any(|row| row == self.row)
    }
}

//! What a batch changes: which revision of a record counts, and what its
//! counting adds to the cells and takes from them.

use rustc_hash::FxHashMap;
use std::cmp::Ordering;

use super::cell::Cell;
use super::contribution::{NotInTable, Place, contributions};
use crate::domain::record::Rank;
use crate::domain::{Fact, Quarter, Rules};

/// What becomes of a revision that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It counts from now on, in place of the one before, if any.
    Applied,
    /// It is known: the same event sent again.
    Duplicate,
    /// A higher one counts already.
    Superseded,
}

/// The verdict on a revision, given the one that counts now. That a superseded
/// one has been seen before, the store knows.
pub fn verdict(incoming: Rank, counting: Option<Rank>) -> Verdict {
    #[cfg(feature = "bite")]
    if crate::bite::is_out(crate::bite::Guard::TieBreak)
        && counting.is_some_and(|counting| counting.0 == incoming.0 && counting != incoming)
    {
        return Verdict::Applied;
    }
    match counting.map_or(Ordering::Greater, |counting| incoming.cmp(&counting)) {
        Ordering::Greater => Verdict::Applied,
        Ordering::Equal => Verdict::Duplicate,
        Ordering::Less => Verdict::Superseded,
    }
}

/// Changes to cells, gathered over a batch.
#[derive(Debug, Default)]
pub struct Delta {
    /// Where each cell is in `cells`.
    places: FxHashMap<(Place, Quarter), usize>,
    cells: Vec<((Place, Quarter), Cell)>,
}

impl Delta {
    /// A fact counts now.
    pub fn add(&mut self, fact: &Fact, rules: &Rules) -> Result<(), NotInTable> {
        self.count(fact, rules, 1)
    }

    /// A fact counts no more.
    pub fn subtract(&mut self, fact: &Fact, rules: &Rules) -> Result<(), NotInTable> {
        self.count(fact, rules, -1)
    }

    fn count(&mut self, fact: &Fact, rules: &Rules, sign: i128) -> Result<(), NotInTable> {
        let Self { places, cells } = self;
        // All that a record adds counts in one or two cells: looked up once each.
        let mut at: Option<((Place, Quarter), usize)> = None;
        contributions(fact, rules, |part| {
            let key = (part.place, part.quarter);
            let index = match at {
                Some((known, index)) if known == key => index,
                _ => *places.entry(key).or_insert_with(|| {
                    cells.push((key, Cell::default()));
                    cells.len() - 1
                }),
            };
            at = Some((key, index));
            cells[index].1.add(part.figure, part.body, part.field, sign * part.amount);
        })
    }

    /// The changes that are not zero, in the order of quarter and place, which is
    /// the order in which stores keep them.
    pub fn changes(&self) -> Vec<(Place, Quarter, &Cell)> {
        let changed = self.cells.iter().filter(|(_, cell)| !cell.is_zero());
        let mut changes: Vec<_> = changed.map(|((place, quarter), cell)| (*place, *quarter, cell)).collect();
        changes.sort_unstable_by_key(|(place, quarter, _)| (*quarter, *place));
        changes
    }

    /// Forgets every change; keeps the room for as many.
    pub fn clear(&mut self) {
        /// The cells of a city in a year.
        const KEPT: usize = 4_096;
        if self.cells.len() > KEPT {
            *self = Self::default();
        }
        self.cells.iter_mut().for_each(|(_, cell)| cell.clear());
    }
}

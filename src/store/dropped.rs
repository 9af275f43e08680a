//! What a switch would drop: records that a store has and the one that is to follow it has not.

use std::hash::{BuildHasher as _, RandomState};

use super::{StoreError, StoreReader};
use crate::domain::{Position, RecordKey};

/// Records that the one store has and the other has not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Those that the log does not have any more.
    pub lost: u64,
    /// Those that the log has, but that are no valid events by the rules in force.
    pub refused: u64,
}

impl Dropped {
    /// Compares the two; `in_log` says whether the log has a record where the first store read it.
    ///
    /// Keys are compared by a keyed hash of 64 bits, so that twenty million records take 160 MB: that any one of them goes
    /// unnoticed has a chance of one in 40,000.
    ///
    /// # Errors
    /// If either store cannot be read.
    pub fn between(
        now: &mut dyn StoreReader,
        then: &mut dyn StoreReader,
        in_log: impl Fn(Position) -> bool,
    ) -> Result<Self, StoreError> {
        let state = RandomState::new();
        let mark = |key: &RecordKey| state.hash_one(key.text());
        let mut kept = Vec::new();
        then.places(&mut |key, _| {
            kept.push(mark(key));
            true
        })?;
        kept.sort_unstable();
        let mut dropped = Self::default();
        now.places(&mut |key, position| {
            if kept.binary_search(&mark(key)).is_err() {
                if in_log(position) { dropped.refused += 1 } else { dropped.lost += 1 }
            }
            true
        })?;
        Ok(dropped)
    }

    /// How many it is.
    pub fn count(self) -> u64 {
        self.lost + self.refused
    }
}

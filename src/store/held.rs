//! Partitions that too many dead letters have paused, and how far operators have accepted them: kept beside the
//! checkpoints, so that a decision holds whichever worker reads the partition next.

use super::StoreError;
use crate::domain::{NextOffset, Offset, Partition};

/// A partition of which nothing more is taken until somebody decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The partition.
    pub partition: Partition,
    /// The record at which it stands, the first that is not taken.
    pub at: Offset,
    /// The first bad one that is counted.
    pub first: Offset,
    /// How many are not valid events.
    pub bad: u64,
    /// Of how many.
    pub of: u64,
    /// The commonest reason, as its code.
    pub reason: String,
    /// Since when, in milliseconds since 1970.
    pub since_ms: i64,
}

/// That records of a partition may become dead letters, however many they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The partition.
    pub partition: Partition,
    /// The first record that is not accepted.
    pub to: NextOffset,
    /// When that was decided, in milliseconds since 1970.
    pub at_ms: i64,
    /// Why, in somebody's words.
    pub why: String,
}

/// Reads which partitions are held, and what was accepted.
pub trait ReadHeld: Send {
    /// The held partitions of the topic, in order; not one whose record was passed since.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn held(&mut self, topic: &str) -> Result<Vec<Held>, StoreError>;

    /// What was accepted of the topic, in the order of its partitions: the last word on each.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn accepted(&mut self, topic: &str) -> Result<Vec<Accepted>, StoreError>;
}

/// Notes them, beside whoever writes figures.
pub trait NoteHeld: ReadHeld {
    /// Notes that a partition is held, in place of what was noted of it before; at the same record, since then.
    ///
    /// # Errors
    /// If the store cannot be written.
    fn hold(&mut self, topic: &str, held: &Held) -> Result<(), StoreError>;

    /// Notes what is accepted of a partition, in place of what was before.
    ///
    /// # Errors
    /// If the store cannot be written.
    fn accept(&mut self, topic: &str, accepted: &Accepted) -> Result<(), StoreError>;
}

//! What a worker did.

use crate::store::Counts;

/// What a worker did, from its start on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Of all records that it wrote.
    pub counts: Counts,
    /// Batches that it wrote.
    pub batches: u64,
}

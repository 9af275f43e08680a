//! What is asked of a store now and then, by whoever has it open: what of it is not known from writing it.

use super::health::now_ms;
use super::metrics::Metrics;
use crate::store::{StoreError, StoreReader};

/// Asks a store for its size, its accepted gaps and its clock.
///
/// # Errors
/// If it cannot be read.
pub fn look(store: &mut dyn StoreReader, metrics: &Metrics) -> Result<(), StoreError> {
    metrics.store_size(store.size_bytes()?);
    metrics.gaps(&store.gaps()?);
    let before = now_ms();
    if let Some(theirs) = store.clock_ms()? {
        metrics.clock_skew((before + now_ms()) / 2 - theirs);
    }
    Ok(())
}

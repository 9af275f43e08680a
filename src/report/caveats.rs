//! What whoever reads figures has to be told beside them, in whatever form they are.

use crate::store::{StoreError, StoreReader};
use crate::text::{Text, report as say};

/// What figures have to be taken with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caveats {
    /// Whether any record says of itself that it is made up.
    pub synthetic: bool,
    /// At most so many messages were gone before they were read: the figures lack them, and somebody accepted that.
    pub gone: u64,
}

impl Caveats {
    /// Those of a store.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn of(store: &mut dyn StoreReader) -> Result<Self, StoreError> {
        let gone = store.gaps()?.iter().map(|accepted| accepted.gap.messages()).sum();
        Ok(Self { synthetic: store.synthetic()?, gone })
    }

    /// That messages are gone, if any are.
    pub fn gone(self) -> Option<Text> {
        (self.gone > 0).then(|| say::messages_gone(self.gone))
    }
}

//! What of a worker's partitions can be read: which of them nobody leads who answers, and what an open transaction hides.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::Partition;

/// What of a worker's partitions can be read, as last heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Its partitions.
    pub assigned: BTreeSet<Partition>,
    /// Those of them that nobody leads who answers: how far they are behind is not known.
    pub unavailable: BTreeSet<Partition>,
    /// How many offsets lie behind the beginning of a transaction that nobody has ended yet, where any do.
    pub hidden: BTreeMap<Partition, i64>,
}

impl Reach {
    /// Whether it has partitions, and none that can be read.
    pub(super) fn is_none(&self) -> bool {
        !self.assigned.is_empty() && self.assigned.is_subset(&self.unavailable)
    }

    /// A partition was given up.
    pub(super) fn released(&mut self, partition: Partition) {
        self.assigned.remove(&partition);
        self.unavailable.remove(&partition);
        self.hidden.remove(&partition);
    }

    /// What somebody should know of it, a line each.
    pub(super) fn remarks(&self) -> impl Iterator<Item = String> + '_ {
        let away = self.unavailable.iter().map(|partition| {
            format!("partition {partition} is unavailable: no broker leads it that answers, see giaoban doctor")
        });
        away.chain(self.hidden.iter().map(|(partition, offsets)| {
            format!("partition {partition}: {offsets} offsets lie behind an open transaction, see giaoban doctor")
        }))
    }
}

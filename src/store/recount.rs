//! A store at one moment, compared with another one that was counted anew from the
//! log up to the very offsets of that moment.

use super::compare::{Change, RawCells, cells, changes};
use super::{Checkpoint, Counts, StoreError, StoreReader};
use crate::domain::{NextOffset, Partition};

/// What a store said at one moment, and how far it had come.
#[derive(Debug)]
pub struct Moment {
    /// Where it is in each partition.
    pub checkpoints: Vec<Checkpoint>,
    /// Its figures.
    pub cells: RawCells,
    /// How many records count.
    pub records: u64,
}

/// What a recount found.
#[derive(Debug)]
pub struct Findings {
    /// Figures that differ.
    pub figures: Vec<Change>,
    /// Partitions of which another number of messages was read, or some became nothing.
    pub partitions: Vec<Miscount>,
    /// How many records count.
    pub records: u64,
    /// How many the recount has.
    pub recounted: u64,
}

/// A partition of which the store says to have read another number, or of which what was read and what it became do not
/// add up. How many became what is no matter of the log alone: a message that was a dead letter when it was read, and
/// was sent again since, is an event and its duplicate to a recount by the rules of today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Miscount {
    /// The partition.
    pub partition: Partition,
    /// What the store says.
    pub stored: Counts,
    /// What the recount found.
    pub recounted: Counts,
}

impl Moment {
    /// That of a store now.
    ///
    /// # Errors
    ///
    /// Where the store cannot be read.
    pub fn of(store: &mut dyn StoreReader, topic: &str) -> Result<Self, StoreError> {
        Ok(Self { checkpoints: store.checkpoints(topic)?, cells: cells(store)?, records: store.record_count()? })
    }

    /// What a recount up to these checkpoints found.
    pub fn compared_with(&self, recount: &Self) -> Findings {
        Findings {
            figures: changes(&self.cells, &recount.cells),
            partitions: miscounts(&self.checkpoints, &recount.checkpoints),
            records: self.records,
            recounted: recount.records,
        }
    }
}

impl Findings {
    /// How many differences there are; the number of records is one.
    pub fn count(&self) -> usize {
        self.figures.len() + self.partitions.len() + usize::from(self.records != self.recounted)
    }
}

fn miscounts(stored: &[Checkpoint], recounted: &[Checkpoint]) -> Vec<Miscount> {
    let miscount = |at: &Checkpoint| {
        let found = recounted.iter().find(|found| found.partition == at.partition);
        Miscount {
            partition: at.partition,
            stored: at.counts,
            recounted: found.map(|found| found.counts).unwrap_or_default(),
        }
    };
    let differs =
        |Miscount { stored, recounted, .. }: &Miscount| stored.read != recounted.read || stored.difference() != 0;
    stored.iter().filter(|at| at.next > NextOffset(0)).map(miscount).filter(differs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(records: u64, checkpoints: &[(i32, i64, Counts)]) -> Moment {
        let checkpoint = |&(partition, next, counts): &(i32, i64, Counts)| Checkpoint {
            partition: Partition(partition),
            next: NextOffset(next),
            counts,
            last_timestamp_ms: None,
        };
        Moment { checkpoints: checkpoints.iter().map(checkpoint).collect(), cells: RawCells::new(), records }
    }

    #[test]
    fn a_partition_is_miscounted_where_it_read_another_number_or_lost_some() {
        let counts = |read, applied, dead_lettered| Counts { read, applied, dead_lettered, ..Counts::default() };
        let stored = moment(
            9,
            &[(0, 5, counts(5, 4, 1)), (1, 5, counts(5, 4, 0)), (2, 5, counts(4, 3, 1)), (3, 0, counts(0, 0, 0))],
        );
        let recount = moment(10, &[(0, 5, counts(5, 5, 0)), (1, 5, counts(5, 5, 0)), (2, 5, counts(5, 4, 1))]);
        let findings = stored.compared_with(&recount);
        assert_eq!(findings.partitions.iter().map(|found| found.partition.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(findings.count(), 3, "and the number of records");
        assert_eq!(stored.compared_with(&moment(9, &[])).partitions.len(), 3, "partitions that were not recounted");
    }
}

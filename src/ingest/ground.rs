//! Before a recount: whether the log still has what the store has read, and what of it the store alone has.
//!
//! A recount of a log that ends before the store would wait for ever, or put fewer figures in force; one of a log
//! that has expired in part would lack what had been counted. So the one is refused, and of the other the records that
//! only the store has are carried over.

use std::collections::BTreeMap;

use super::error::WorkerError;
use super::machine::Stopped;
use crate::domain::{Entry, NextOffset, Partition, Position, Rules};
use crate::log::{EventLog, PartitionRange, still_has};
use crate::store::{AcceptedGap, Batch, Checkpoint, Counts, Span, StoreError, StoreReader, StoreWriter};

/// Records that are carried over in one transaction.
const TOGETHER: usize = 50_000;

/// What a log has, compared with what a store has read of it.
#[derive(Debug)]
pub struct Ground {
    topic: String,
    ranges: Vec<PartitionRange>,
    /// Where the store is.
    stored: BTreeMap<Partition, NextOffset>,
    /// Where partitions begin of which the log does not have the beginning any more.
    expired: BTreeMap<Partition, NextOffset>,
    /// Of these, what nobody has ever read.
    gaps: Vec<AcceptedGap>,
}

impl Ground {
    /// That of a store which this log was read into. `short` is whether the log may end before the store.
    ///
    /// # Errors
    /// [`Stopped::Truncated`] where a partition ends before the store's offset, [`Stopped::Recreated`] where it has another
    /// record in the place of the store's last, [`Stopped::Gap`] where messages are gone
    /// that the store has not read and that nobody has accepted to be without; or if either cannot be asked.
    pub fn of(log: &dyn EventLog, topic: &str, store: &mut dyn StoreReader, short: bool) -> Result<Self, WorkerError> {
        let ranges = log.topic(topic)?.partitions;
        let stored = store.checkpoints(topic)?;
        for at in stored.iter().filter(|_| !short) {
            let Checkpoint { partition, next, last_timestamp_ms, .. } = *at;
            let nothing = PartitionRange { partition, low: NextOffset(0), high: NextOffset(0) };
            let range = ranges.iter().find(|range| range.partition == partition).copied().unwrap_or(nothing);
            if next > range.high {
                return Err(Stopped::Truncated { partition, stored: next, end: range.high }.into());
            }
            if let Some(taken_ms) = last_timestamp_ms
                && !still_has(log, topic, &range, (next, taken_ms))?
            {
                return Err(Stopped::Recreated { partition, next }.into());
            }
        }
        let mut gaps = store.gaps()?;
        let mut expired = BTreeMap::new();
        for PartitionRange { partition, low, .. } in &ranges {
            let next = stored.iter().find(|at| at.partition == *partition).map_or(NextOffset(0), |at| at.next);
            if *low > next {
                return Err(Stopped::Gap { partition: *partition, from: next, to: *low }.into());
            }
            if *low > NextOffset(0) {
                expired.insert(*partition, *low);
            }
        }
        // What the log has again is read again.
        gaps.retain(|accepted| expired.get(&accepted.gap.partition).is_some_and(|low| accepted.gap.from < *low));
        let stored = stored.iter().map(|at| (at.partition, at.next)).collect();
        Ok(Self { topic: topic.to_owned(), ranges, stored, expired, gaps })
    }

    /// Whether the log has everything from its beginning.
    pub fn is_whole(&self) -> bool {
        self.expired.is_empty()
    }

    /// Whether the log lacks the beginning of that partition.
    pub fn lacks_beginning_of(&self, partition: Partition) -> bool {
        self.expired.contains_key(&partition)
    }

    /// Whether the log has a record there.
    pub fn has(&self, position: Position) -> bool {
        let at = NextOffset(position.offset.0);
        let range = self.ranges.iter().find(|range| range.partition == position.partition);
        range.is_some_and(|range| range.low <= at && at < range.high)
    }

    /// How far the store has counted what the log has. What comes after is a worker's: it keeps dead letters, and stops
    /// where there are too many.
    pub fn counted(&self) -> BTreeMap<Partition, NextOffset> {
        let end = |range: &PartitionRange| self.stored.get(&range.partition).map(|next| (*next).min(range.high));
        self.ranges.iter().filter_map(|range| Some((range.partition, end(range)?))).collect()
    }

    /// Carries over into an empty store that is to be read from the log what the log does not have any more: the records of
    /// the store that has read it, with all their revisions, and the gaps. Returns how many revisions that were.
    ///
    /// # Errors
    /// If the one cannot be read or the other written.
    pub fn carry(
        &self,
        from: &mut dyn StoreReader,
        to: &mut dyn StoreWriter,
        rules: &Rules,
    ) -> Result<u64, StoreError> {
        let lows = &self.expired;
        let mut carrying = Carrying {
            to,
            rules,
            batch: Batch { topic: self.topic.clone(), ..Batch::default() },
            at: BTreeMap::new(),
            carried: 0,
        };
        let mut failed = None;
        let mut take = |entry: Entry| {
            if lows.get(&entry.position.partition).is_some_and(|low| entry.position.offset.next() <= *low) {
                failed = carrying.take(entry).err();
            }
            failed.is_none()
        };
        from.entries(&mut take)?;
        from.earlier_entries(&mut take)?;
        failed.map_or(Ok(()), Err)?;
        // Only now do these partitions go on behind it.
        carrying.batch.gaps.clone_from(&self.gaps);
        carrying.write(|partition| lows.get(&partition).copied(), lows.keys())?;
        Ok(carrying.carried)
    }
}

struct Carrying<'a> {
    to: &'a mut dyn StoreWriter,
    rules: &'a Rules,
    batch: Batch,
    /// Where the store is.
    at: BTreeMap<Partition, NextOffset>,
    carried: u64,
}

impl Carrying<'_> {
    fn take(&mut self, entry: Entry) -> Result<(), StoreError> {
        self.batch.entries.push(entry);
        self.carried += 1;
        if self.batch.entries.len() < TOGETHER {
            return Ok(());
        }
        let partitions: Vec<Partition> = self.batch.entries.iter().map(|entry| entry.position.partition).collect();
        self.write(|_| None, partitions.iter())
    }

    /// Writes what is gathered; the store is then at `end` of each partition, or stays where it is.
    fn write<'p>(
        &mut self,
        end: impl Fn(Partition) -> Option<NextOffset>,
        partitions: impl Iterator<Item = &'p Partition>,
    ) -> Result<(), StoreError> {
        let mut spans: BTreeMap<Partition, Span> = BTreeMap::new();
        for partition in partitions.copied() {
            let from = self.at.get(&partition).copied();
            let to = end(partition).or(from).unwrap_or_default();
            spans.insert(partition, Span { partition, from, to, ..Span::default() });
        }
        for entry in &self.batch.entries {
            spans.entry(entry.position.partition).and_modify(|span| span.read += 1);
        }
        self.batch.spans = spans.into_values().collect();
        let _: Vec<Counts> = self.to.apply(&self.batch, self.rules)?;
        self.at.extend(self.batch.spans.iter().map(|span| (span.partition, span.to)));
        self.batch.entries.clear();
        Ok(())
    }
}

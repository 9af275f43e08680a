//! How far the store is behind the log, partition by partition.

use std::collections::{BTreeMap, VecDeque};

use crate::domain::{NextOffset, Offset, Partition, Position};
use crate::store::{Checkpoint, Counts};

/// How far a partition is.
#[derive(Clone, Debug, Default)]
pub(super) struct PartitionLag {
    next: NextOffset,
    end: NextOffset,
    /// With which records the batches begin that are not in the store yet, and when the log took them.
    waiting: VecDeque<(Offset, i64)>,
    /// Where none of the records that the store lacks was read: when the log took the one before
    /// them, or when they were first heard of.
    unread_since_ms: Option<i64>,
    counts: Counts,
    /// The record at which it is held, because too many before it and with it are not valid events.
    held: Option<Offset>,
}

impl PartitionLag {
    /// Records that the log has and the store lacks.
    pub(super) fn records(&self) -> i64 {
        (self.end.0 - self.next.0).max(0)
    }

    /// The record at which it is held.
    pub(super) fn held(&self) -> Option<Offset> {
        self.held
    }

    /// For how long the oldest record that the store lacks has waited for it, in seconds.
    pub(super) fn seconds(&self, now_ms: i64) -> f64 {
        let read = self.waiting.front().map(|(_, taken_ms)| *taken_ms);
        let since_ms = read.or(self.unread_since_ms).filter(|_| self.records() > 0);
        since_ms.map_or(0.0, |since_ms| ((now_ms - since_ms) as f64 / 1000.0).max(0.0))
    }

    /// The store is there now.
    fn stored(&mut self, next: NextOffset, last_timestamp_ms: Option<i64>) {
        self.next = next;
        self.end = self.end.max(next);
        self.waiting.retain(|(offset, _)| offset.next() > next);
        self.held = self.held.filter(|at| at.next() > next);
        self.unread_since_ms = last_timestamp_ms;
    }
}

/// The assigned partitions. Of one that was given up nothing is said, and what still comes of it brings nothing back.
#[derive(Debug, Default)]
pub(super) struct Lag(BTreeMap<Partition, PartitionLag>);

impl Lag {
    /// Each partition.
    pub(super) fn partitions(&self) -> impl Iterator<Item = (Partition, &PartitionLag)> {
        self.0.iter().map(|(partition, lag)| (*partition, lag))
    }

    /// Records read less those that ended somehow, since the store began: 0 unless one has vanished.
    pub(super) fn difference(&self) -> i64 {
        self.0.values().map(|lag| lag.counts.difference()).sum()
    }

    /// Whether the store has everything.
    pub(super) fn is_none(&self) -> bool {
        self.0.values().all(|lag| lag.records() == 0)
    }

    /// A partition is read from where the store is.
    pub(super) fn reading(&mut self, partition: Partition, stored: Option<Checkpoint>, end: NextOffset, now_ms: i64) {
        let next = stored.map_or(NextOffset(0), |checkpoint| checkpoint.next);
        let lag = self.0.entry(partition).or_default();
        lag.end = end;
        lag.counts = stored.map_or_else(Counts::default, |checkpoint| checkpoint.counts);
        lag.stored(next, stored.and_then(|checkpoint| checkpoint.last_timestamp_ms).or(Some(now_ms)));
    }

    /// A batch begins with this record, which the log took then.
    pub(super) fn begun(&mut self, position: Position, taken_ms: i64) {
        let Some(lag) = self.0.get_mut(&position.partition) else { return };
        // After a failure they are read again, and batches may begin elsewhere.
        lag.waiting.retain(|(offset, _)| *offset < position.offset);
        lag.waiting.push_back((position.offset, taken_ms));
        lag.end = lag.end.max(position.offset.next());
    }

    /// The log ends there, as last heard.
    pub(super) fn end(&mut self, partition: Partition, end: NextOffset, now_ms: i64) {
        let Some(lag) = self.0.get_mut(&partition) else { return };
        if lag.records() == 0 {
            lag.unread_since_ms = Some(now_ms);
        }
        lag.end = end;
    }

    /// A span was committed: where the store is now, when the log took the record before that, and what the span's
    /// records came to.
    pub(super) fn committed(
        &mut self,
        partition: Partition,
        next: NextOffset,
        last_timestamp_ms: Option<i64>,
        counts: &Counts,
    ) {
        let Some(lag) = self.0.get_mut(&partition) else { return };
        lag.stored(next, last_timestamp_ms);
        lag.counts.add(counts);
    }

    /// A partition is held at a record, until the store has passed it.
    pub(super) fn hold(&mut self, partition: Partition, at: Offset) {
        self.0.entry(partition).and_modify(|lag| lag.held = Some(at));
    }

    /// A partition was given up.
    pub(super) fn released(&mut self, partition: Partition) {
        self.0.remove(&partition);
    }
}

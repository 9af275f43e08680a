//! How far the store is behind the log, partition by partition of the topic: whoever reads it, and while either is away as
//! far as is known. No producer's clock has a say in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::domain::{NextOffset, Offset, Partition, Position};
use crate::log::{LogError, PartitionRange};
use crate::store::{Checkpoint, Counts};

/// Of an end that grows while nothing is stored, at most so many moments are kept.
const MOMENTS: usize = 512;

/// How far a partition is.
#[derive(Clone, Debug, Default)]
pub(super) struct PartitionLag {
    /// Whether this worker reads it.
    assigned: bool,
    /// Where the store is, once that is known.
    next: Option<NextOffset>,
    /// The first message that the log still has.
    low: NextOffset,
    end: Option<NextOffset>,
    /// When each end was first heard of, as far as the store is not there yet: the oldest first.
    heard: VecDeque<(NextOffset, i64)>,
    /// From the one to the other lie only marks of transactions.
    bare: (NextOffset, NextOffset),
    /// With which records the batches begin that are not in the store yet, and when the log took them.
    waiting: VecDeque<(Offset, i64)>,
    /// When the log took the first record that the store lacks, as it was looked at there.
    looked: Option<(NextOffset, i64)>,
    /// Whether the log has not said of late where it ends.
    silent: bool,
    counts: Counts,
    /// The record at which it is held, because too many before it and with it are not valid events.
    held: Option<Offset>,
}

impl PartitionLag {
    /// Records that the log has and the store lacks; `None` while either is not known.
    pub(super) fn records(&self) -> Option<i64> {
        let (next, end) = (self.first_missing()?, self.end?);
        Some((end.0 - next.0).max(0))
    }

    /// The same, where it can be relied on: of a partition that says nothing, what was known to wait still does, but nobody
    /// knows whether nothing does.
    pub(super) fn reliable(&self, unavailable: bool) -> Option<i64> {
        self.records().filter(|records| *records > 0 || !(self.silent || unavailable))
    }

    /// Whether this worker reads it.
    pub(super) fn is_assigned(&self) -> bool {
        self.assigned
    }

    /// The record at which it is held.
    pub(super) fn held(&self) -> Option<Offset> {
        self.held
    }

    /// For how long the oldest record that the store lacks has waited for it, in seconds.
    pub(super) fn seconds(&self, now_ms: i64) -> f64 {
        if self.records().unwrap_or_default() == 0 {
            return 0.0;
        }
        let looked = self.looked.filter(|(at, _)| Some(*at) == self.next).map(|(_, taken_ms)| taken_ms);
        let begun = self.waiting.front().map(|(_, taken_ms)| *taken_ms);
        let heard = self.heard.front().map(|(_, heard_ms)| *heard_ms);
        let since_ms = looked.or([begun, heard].into_iter().flatten().min());
        since_ms.map_or(0.0, |since_ms| ((now_ms - since_ms) as f64 / 1000.0).max(0.0))
    }

    /// Where the first record that the store lacks may lie.
    fn first_missing(&self) -> Option<NextOffset> {
        let next = self.next?.max(self.low);
        Some(if self.bare.0 <= next && next < self.bare.1 { self.bare.1 } else { next })
    }

    /// The store is there now.
    fn stored(&mut self, next: NextOffset, now_ms: i64) {
        self.next = Some(next);
        // Where the log ends only the log says.
        self.end = self.end.map(|end| end.max(next));
        self.waiting.retain(|(offset, _)| offset.next() > next);
        self.heard.retain(|(end, _)| *end > next);
        self.held = self.held.filter(|at| at.next() > next);
        // A store that went back lacks what was heard of before.
        if let Some(end) = self.end.filter(|end| *end > next && self.heard.is_empty()) {
            self.heard.push_back((end, now_ms));
        }
    }

    /// The log ends there.
    fn ends(&mut self, end: NextOffset, now_ms: i64) {
        self.end = Some(end);
        let is_new = self.heard.back().is_none_or(|(last, _)| *last < end) && self.next.is_none_or(|next| next < end);
        if is_new {
            self.heard.push_back((end, now_ms));
        }
        if self.heard.len() > MOMENTS {
            let mut odd = false;
            self.heard.retain(|_| {
                odd = !odd;
                odd
            });
        }
    }

    /// When the log took a record, as far as that was heard.
    fn heard_of(&self, offset: Offset) -> Option<i64> {
        self.heard.iter().find(|(end, _)| offset.next() <= *end).map(|(_, heard_ms)| *heard_ms)
    }
}

/// The partitions of the topic. What still comes of one that was given up does not make it this worker's again.
#[derive(Debug, Default)]
pub(super) struct Lag {
    partitions: BTreeMap<Partition, PartitionLag>,
    /// When the log last took an event, in milliseconds since 1970.
    last_event_ms: Option<i64>,
}

impl Lag {
    /// Each partition of the topic.
    pub(super) fn partitions(&self) -> impl Iterator<Item = (Partition, &PartitionLag)> {
        self.partitions.iter().map(|(partition, lag)| (*partition, lag))
    }

    /// Each that this worker reads.
    pub(super) fn assigned(&self) -> impl Iterator<Item = (Partition, &PartitionLag)> {
        self.partitions().filter(|(_, lag)| lag.assigned)
    }

    /// Records read less those that ended somehow, since the store began: 0 unless one has vanished.
    pub(super) fn difference(&self) -> i64 {
        self.assigned().map(|(_, lag)| lag.counts.difference()).sum()
    }

    /// Whether the store has everything of what this worker reads.
    pub(super) fn is_none(&self) -> bool {
        self.assigned().all(|(_, lag)| lag.records().unwrap_or_default() == 0)
    }

    /// When the log last took an event, in milliseconds since 1970.
    pub(super) fn last_event_ms(&self) -> Option<i64> {
        self.last_event_ms
    }

    /// A partition is read from where the store is.
    pub(super) fn reading(&mut self, partition: Partition, stored: Option<Checkpoint>, end: NextOffset, now_ms: i64) {
        let lag = self.partitions.entry(partition).or_default();
        (lag.assigned, lag.silent) = (true, false);
        lag.counts = stored.map_or_else(Counts::default, |checkpoint| checkpoint.counts);
        lag.ends(end, now_ms);
        lag.stored(stored.map_or(NextOffset(0), |checkpoint| checkpoint.next), now_ms);
    }

    /// A batch begins with this record, which the log took then, if it says so by its own clock.
    pub(super) fn begun(&mut self, position: Position, taken_ms: Option<i64>, now_ms: i64) {
        let Some(lag) = self.of_this_worker(position.partition) else { return };
        let taken_ms = taken_ms.or_else(|| lag.heard_of(position.offset)).unwrap_or(now_ms);
        // After a failure they are read again, and batches may begin elsewhere.
        lag.waiting.retain(|(offset, _)| *offset < position.offset);
        lag.waiting.push_back((position.offset, taken_ms));
        lag.end = lag.end.max(Some(position.offset.next()));
    }

    /// The log ends there, as last heard by the worker that reads it. From `bare` on there are no records.
    pub(super) fn end(&mut self, partition: Partition, end: NextOffset, bare: Option<NextOffset>, now_ms: i64) {
        let Some(lag) = self.of_this_worker(partition) else { return };
        if let Some(from) = bare.filter(|from| *from < end) {
            lag.bare = (from, end);
        }
        let end = lag.end.map_or(end, |known| known.max(end));
        lag.ends(end, now_ms);
    }

    /// A span was committed: where the store is now, and what the span's records came to.
    pub(super) fn committed(&mut self, partition: Partition, next: NextOffset, counts: &Counts, now_ms: i64) {
        let Some(lag) = self.of_this_worker(partition) else { return };
        lag.stored(next, now_ms);
        lag.counts.add(counts);
    }

    /// Where the store is, of every partition that it has anything of.
    pub(super) fn checkpoints(&mut self, checkpoints: &[Checkpoint], now_ms: i64) {
        for Checkpoint { partition, next, last_timestamp_ms, .. } in checkpoints {
            self.partitions.entry(*partition).or_default().stored(*next, now_ms);
            // A producer's clock may be ahead.
            self.last_event_ms = self.last_event_ms.max(last_timestamp_ms.map(|at_ms| at_ms.min(now_ms)));
        }
        let stored: BTreeSet<Partition> = checkpoints.iter().map(|checkpoint| checkpoint.partition).collect();
        let without = self.partitions.iter_mut().filter(|(partition, _)| !stored.contains(partition));
        without.for_each(|(_, lag)| lag.stored(NextOffset(0), now_ms));
    }

    /// What the log has of every partition of the topic, or that it did not say so.
    pub(super) fn ranges(&mut self, ranges: &[(Partition, Result<PartitionRange, LogError>)], now_ms: i64) {
        for (partition, range) in ranges {
            let lag = self.partitions.entry(*partition).or_default();
            lag.silent = range.is_err();
            let Ok(range) = range else { continue };
            if lag.end.or(lag.next).is_some_and(|known| known < range.high) {
                self.last_event_ms = Some(now_ms);
            }
            lag.low = range.low;
            lag.ends(range.high, now_ms);
        }
        let there: BTreeSet<Partition> = ranges.iter().map(|(partition, _)| *partition).collect();
        self.partitions.retain(|partition, lag| lag.assigned || there.contains(partition));
    }

    /// The log does not answer at all.
    pub(super) fn silent(&mut self) {
        self.partitions.values_mut().for_each(|lag| lag.silent = true);
    }

    /// Where records wait that were heard of before that moment, and it was not looked yet when the log took the first of
    /// them: where to look, and up to where.
    pub(super) fn unlooked(&self, before_ms: i64) -> Vec<(Partition, NextOffset, PartitionRange)> {
        let waits = |(partition, lag): (Partition, &PartitionLag)| {
            let (next, end) = (lag.next?, lag.end?);
            let is_old = lag.heard.front().is_some_and(|(_, heard_ms)| *heard_ms <= before_ms);
            let is_looked = lag.looked.is_some_and(|(at, _)| at == next);
            let looks = lag.records()? > 0 && is_old && !is_looked && !lag.silent;
            looks.then_some((partition, next, PartitionRange { partition, low: lag.low, high: end }))
        };
        self.partitions().filter_map(waits).collect()
    }

    /// What was found there: when the log took the first record from that offset on, if it says so, or that there is none
    /// before that end.
    pub(super) fn looked(&mut self, partition: Partition, from: NextOffset, found: Looked) {
        let Some(lag) = self.partitions.get_mut(&partition) else { return };
        match found {
            Looked::Taken(at_ms) => lag.looked = Some((from, at_ms)),
            Looked::Untold => {
                // By when it was heard of, and not to be looked at again.
                let heard_ms = lag.heard.front().map(|(_, heard_ms)| *heard_ms);
                lag.looked = heard_ms.map(|heard_ms| (from, heard_ms));
            }
            Looked::NoneBefore(end) => lag.bare = (from, end),
        }
    }

    /// A partition is held at a record, until the store has passed it.
    pub(super) fn hold(&mut self, partition: Partition, at: Offset) {
        self.partitions.entry(partition).and_modify(|lag| lag.held = Some(at));
    }

    /// A partition was given up.
    pub(super) fn released(&mut self, partition: Partition) {
        if let Some(lag) = self.partitions.get_mut(&partition) {
            (lag.assigned, lag.held) = (false, None);
            lag.waiting.clear();
        }
    }

    fn of_this_worker(&mut self, partition: Partition) -> Option<&mut PartitionLag> {
        self.partitions.get_mut(&partition).filter(|lag| lag.assigned)
    }
}

/// What lies where the store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
    /// A record that the log took then, in milliseconds since 1970.
    Taken(i64),
    /// A record of which the log does not say when it took it.
    Untold,
    /// No record up to that end.
    NoneBefore(NextOffset),
}

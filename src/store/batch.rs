//! What a worker hands to a store, and how far a store is: batches, their spans, checkpoints, and how records ended.

use rustc_hash::FxHashMap;

use super::StoreError;
use crate::domain::{Entry, Gap, NextOffset, Partition};
use crate::rollup::EntryVerdict;

/// How many records ended how. Every record read ends as exactly one of the other four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records read from the log.
    pub read: u64,
    /// Revisions that count, or did when they came.
    pub applied: u64,
    /// The same event sent again.
    pub duplicate: u64,
    /// Revisions lower than the one that counts.
    pub superseded: u64,
    /// Messages that are not valid events, kept in the dead-letter topic.
    pub dead_lettered: u64,
}

impl Counts {
    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.applied += other.applied;
        self.duplicate += other.duplicate;
        self.superseded += other.superseded;
        self.dead_lettered += other.dead_lettered;
    }

    /// One more ended so.
    pub fn count(&mut self, verdict: EntryVerdict) {
        match verdict {
            EntryVerdict::Applied => self.applied += 1,
            EntryVerdict::Duplicate => self.duplicate += 1,
            EntryVerdict::Superseded => self.superseded += 1,
        }
    }

    /// How many were read, and what became of them, each with its name.
    pub fn by_outcome(&self) -> [(&'static str, u64); 5] {
        let Self { read, applied, duplicate, superseded, dead_lettered } = *self;
        [
            ("read", read),
            ("applied", applied),
            ("duplicate", duplicate),
            ("superseded", superseded),
            ("dead_lettered", dead_lettered),
        ]
    }

    /// Records read less records ended: 0, or a record has vanished.
    pub fn difference(&self) -> i64 {
        let ended = self.applied + self.duplicate + self.superseded + self.dead_lettered;
        self.read as i64 - ended as i64
    }
}

/// How far a partition is in the store, and how its records ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The partition.
    pub partition: Partition,
    /// The first offset that is not in the store.
    pub next: NextOffset,
    /// Of every record before it.
    pub counts: Counts,
    /// When the log took the record before `next`, in milliseconds since 1970:
    /// it distinguishes the log from one that was recreated under the same name.
    pub last_timestamp_ms: Option<i64>,
}

/// The part of a partition that a batch covers: `from..to`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The partition.
    pub partition: Partition,
    /// Where the store must be, `None` if it has nothing of the partition yet.
    pub from: Option<NextOffset>,
    /// Where the store is afterwards.
    pub to: NextOffset,
    /// Records in it. Offsets may have gaps, so this is not `to − from`.
    pub read: u64,
    /// Of these, dead letters, confirmed by the log.
    pub dead_lettered: u64,
    /// When the log took the last of them, in milliseconds since 1970.
    pub last_timestamp_ms: Option<i64>,
}

impl Span {
    /// That the store is elsewhere than where this span starts.
    pub fn fenced(&self, topic: &str, stored: Option<NextOffset>) -> StoreError {
        StoreError::Fenced { topic: topic.to_owned(), partition: self.partition, stored, expected: self.from }
    }

    /// What is known of its records before the store has settled them.
    pub fn counts(&self) -> Counts {
        Counts { read: self.read, dead_lettered: self.dead_lettered, ..Counts::default() }
    }
}

/// A gap that somebody has accepted: the figures are without these messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedGap {
    /// Which messages.
    pub gap: Gap,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who, as the system knows them.
    pub by: String,
}

/// What is written in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The log's topic.
    pub topic: String,
    /// What it covers; no partition twice.
    pub spans: Vec<Span>,
    /// The events, in the order in which they were read.
    pub entries: Vec<Entry>,
    /// Gaps that its spans pass over.
    pub gaps: Vec<AcceptedGap>,
}

impl Batch {
    /// The entries by the text of their key, and of one record in the order in
    /// which they were read: so that a store walks its tree from left to right.
    pub fn by_record(&self) -> Vec<&Entry> {
        // Most keys differ in how they begin; the keys themselves lie all over the memory.
        let begins = |entry: &Entry| {
            let mut begins = [[0; 8]; 4];
            begins.as_flattened_mut().iter_mut().zip(entry.key.text().bytes()).for_each(|(to, byte)| *to = byte);
            begins.map(u64::from_be_bytes)
        };
        let mut entries: Vec<([u64; 4], &Entry)> = self.entries.iter().map(|entry| (begins(entry), entry)).collect();
        entries.sort_by(|(a, first), (b, second)| a.cmp(b).then_with(|| first.key.cmp(&second.key)));
        entries.into_iter().map(|(_, entry)| entry).collect()
    }
}

/// Counts how the records of a batch end, span by span, while a store settles them.
#[derive(Debug)]
pub struct Tally {
    spans: FxHashMap<Partition, usize>,
    counts: Vec<Counts>,
}

impl Tally {
    /// A tally with what is known of a batch before it is settled. `at` is the store, for the message.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if an entry lies in no span of the batch.
    pub fn of(batch: &Batch, at: impl FnOnce() -> String) -> Result<Self, StoreError> {
        let spans: FxHashMap<Partition, usize> =
            batch.spans.iter().enumerate().map(|(index, span)| (span.partition, index)).collect();
        let in_none = batch.entries.iter().map(|entry| entry.position.partition).find(|of| !spans.contains_key(of));
        if let Some(partition) = in_none {
            let cause = format!("partition {partition} is in no span of the batch");
            return Err(StoreError::Damaged { at: at(), cause: cause.into() });
        }
        Ok(Self { spans, counts: batch.spans.iter().map(Span::counts).collect() })
    }

    /// An entry of the batch ended so.
    pub fn count(&mut self, entry: &Entry, verdict: EntryVerdict) {
        if let Some(span) = self.spans.get(&entry.position.partition) {
            self.counts[*span].count(verdict);
        }
    }

    /// What became of the records of each span, in the order of the spans.
    pub fn into_counts(self) -> Vec<Counts> {
        self.counts
    }
}

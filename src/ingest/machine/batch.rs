//! A batch: gathered record by record, then in flight to the log and the store.

use std::collections::BTreeMap;

use super::messages::Decoded;
use crate::dead_letters::DeadLetter;
use crate::dead_letters::message::was_redriven;
use crate::domain::{Entry, Gap, NextOffset, Partition};
use crate::log::Incoming;
use crate::store::{AcceptedGap, Batch, Span};
use crate::wire::Event;

/// What is gathered for the next batch.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    entries: Vec<Entry>,
    dead_letters: Vec<DeadLetter>,
    parts: BTreeMap<Partition, Part>,
    /// Records, good and bad.
    pub(super) records: usize,
    /// Of entries and dead letters, roughly.
    pub(super) bytes: usize,
    /// When the first record was read, by the inputs' clock.
    pub(super) since_ms: u64,
}

/// What is gathered of one partition.
#[derive(Debug)]
struct Part {
    span: Span,
    /// Records that were sent again.
    redriven: u64,
    /// Of its entries and dead letters, roughly.
    bytes: usize,
    /// What is gone at its beginning.
    gap: Option<Gap>,
}

impl Gathered {
    /// With room for entries.
    pub(super) fn with_room(entries: Vec<Entry>) -> Self {
        Self { entries, ..Self::default() }
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether there is anything of that partition.
    pub(super) fn has(&self, partition: Partition) -> bool {
        self.parts.contains_key(&partition)
    }

    /// The part of a partition, which begins where the store will be.
    fn part(&mut self, partition: Partition, from: Option<NextOffset>, now_ms: u64) -> &mut Part {
        if self.parts.is_empty() {
            self.since_ms = now_ms;
        }
        let begin = || Part {
            span: Span { partition, from, to: from.unwrap_or_default(), ..Span::default() },
            redriven: 0,
            bytes: 0,
            gap: None,
        };
        self.parts.entry(partition).or_insert_with(begin)
    }

    /// Takes a record; true if it is the first of its partition.
    pub(super) fn take(
        &mut self,
        record: &Incoming<'_>,
        decoded: Decoded,
        from: Option<NextOffset>,
        now_ms: u64,
    ) -> bool {
        let part = self.part(record.position.partition, from, now_ms);
        let first = part.span.read == 0;
        part.span.to = record.position.offset.next();
        part.span.read += 1;
        part.span.last_timestamp_ms = record.timestamp_ms;
        part.redriven += u64::from(was_redriven(record));
        let weight = match decoded {
            Ok(event) => {
                let entry = entry(event, record);
                let weight = entry.weight();
                part.bytes += weight;
                self.entries.push(entry);
                weight
            }
            Err(errors) => {
                let dead_letter = DeadLetter::new(record, errors);
                let weight = dead_letter.weight();
                part.span.dead_lettered += 1;
                part.bytes += weight;
                self.dead_letters.push(dead_letter);
                weight
            }
        };
        self.records += 1;
        self.bytes += weight;
        first
    }

    /// Notes that what is gone is given up, so that the store goes on behind it although nothing may ever follow.
    pub(super) fn pass_over(&mut self, partition: Partition, from: Option<NextOffset>, to: NextOffset, now_ms: u64) {
        let part = self.part(partition, from, now_ms);
        part.span.to = to;
        part.gap = Some(Gap { partition, from: from.unwrap_or_default(), to });
    }

    /// Drops all of these partitions.
    pub(super) fn forget(&mut self, partitions: &[Partition]) {
        for partition in partitions {
            if let Some(part) = self.parts.remove(partition) {
                self.records -= part.span.read as usize;
                self.bytes -= part.bytes;
            }
        }
        self.entries.retain(|entry| !partitions.contains(&entry.position.partition));
        self.dead_letters.retain(|dead_letter| !partitions.contains(&dead_letter.position.partition));
    }

    /// As it goes: the batch, what is to be kept before it, and what is to be known when it is done.
    pub(super) fn close(self, topic: &str) -> (Batch, Vec<DeadLetter>, Origin) {
        let mut batch = Batch { topic: topic.to_owned(), entries: self.entries, ..Batch::default() };
        let mut redriven = Vec::with_capacity(self.parts.len());
        for part in self.parts.into_values() {
            batch.spans.push(part.span);
            // When and by whom it was accepted is not known here.
            batch.gaps.extend(part.gap.map(|gap| AcceptedGap { gap, at_ms: 0, by: String::new() }));
            redriven.push(part.redriven);
        }
        (batch, self.dead_letters, Origin { redriven, since_ms: self.since_ms })
    }
}

/// What is in flight: a batch waits for its dead letters, then for the store.
#[derive(Debug)]
pub(super) enum InFlight {
    Nothing,
    DeadLetters(Batch, Origin),
    Store(Vec<Span>, Origin),
}

/// Of each span how many records were sent again, and when the first record of the batch was read.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) redriven: Vec<u64>,
    pub(super) since_ms: u64,
}

impl InFlight {
    /// Whether there is no batch in flight.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// Whether it has any of these partitions.
    pub(super) fn has_any(&self, partitions: &[Partition]) -> bool {
        let spans = match self {
            Self::Nothing => &[][..],
            Self::DeadLetters(batch, _) => &batch.spans,
            Self::Store(spans, _) => spans,
        };
        spans.iter().any(|span| partitions.contains(&span.partition))
    }
}

fn entry(event: Event, record: &Incoming<'_>) -> Entry {
    Entry {
        key: event.key,
        revision: event.revision,
        digest: event.digest,
        event_id: event.id,
        fact: event.fact,
        position: record.position,
    }
}

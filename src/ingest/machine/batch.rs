//! A batch: gathered record by record, sorted by whether its dead letters have to be kept first, then in flight.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Place;
use std::mem;

use super::messages::Decoded;
use super::reading::Reading;
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
    /// Its dead letters, by the code of what is wrong first.
    reasons: BTreeMap<&'static str, u64>,
    /// How many of them are to be kept yet.
    letters: u64,
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
            reasons: BTreeMap::new(),
            letters: 0,
            bytes: 0,
            gap: None,
        };
        self.parts.entry(partition).or_insert_with(begin)
    }

    /// Takes a record of a partition as it is read; true if it is the first of it.
    pub(super) fn take(&mut self, record: &Incoming<'_>, decoded: Decoded, reading: &Reading, now_ms: u64) -> bool {
        let Reading { from, kept, .. } = *reading;
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
                part.span.dead_lettered += 1;
                *part.reasons.entry(dead_letter.reason()).or_default() += 1;
                if record.position.offset.0 < kept.0 {
                    0
                } else {
                    let weight = dead_letter.weight();
                    part.letters += 1;
                    part.bytes += weight;
                    self.dead_letters.push(dead_letter);
                    weight
                }
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

    /// Sorts it by what is to be done with it. What `stays` says of a partition, given what its dead letters weigh with
    /// their records, holds for it whole.
    pub(super) fn sort(mut self, mut stays: impl FnMut(Partition, Option<usize>) -> bool) -> Sorted {
        let mut sorted = Sorted::default();
        let mut elsewhere: BTreeMap<Partition, bool> = BTreeMap::new();
        for (partition, part) in &self.parts {
            let letters = part.letters > 0;
            let stays = stays(*partition, letters.then_some(part.bytes));
            if stays || letters {
                elsewhere.insert(*partition, stays);
            }
        }
        if !elsewhere.is_empty() {
            for (partition, stays) in &elsewhere {
                if let Some(part) = self.parts.remove(partition) {
                    self.records -= part.span.read as usize;
                    self.bytes -= part.bytes;
                    sorted.of(*partition, *stays).begin(part, self.since_ms);
                }
            }
            let goes = |partition: Partition| elsewhere.get(&partition).copied();
            for entry in self.entries.extract_if(.., |entry| goes(entry.position.partition).is_some()) {
                let partition = entry.position.partition;
                sorted.of(partition, goes(partition) == Some(true)).entries.push(entry);
            }
            for letter in mem::take(&mut self.dead_letters) {
                let partition = letter.position.partition;
                sorted.of(partition, goes(partition) == Some(true)).dead_letters.push(letter);
            }
        }
        sorted.free = self;
        sorted
    }

    fn begin(&mut self, part: Part, since_ms: u64) {
        self.since_ms = since_ms;
        self.records += part.span.read as usize;
        self.bytes += part.bytes;
        self.parts.insert(part.span.partition, part);
    }

    /// Takes what is to be kept before it.
    pub(super) fn take_letters(&mut self) -> Vec<DeadLetter> {
        self.parts.values_mut().for_each(|part| part.letters = 0);
        mem::take(&mut self.dead_letters)
    }

    /// Where each of its partitions will be.
    pub(super) fn ends(&self) -> impl Iterator<Item = (Partition, NextOffset)> + '_ {
        self.parts.iter().map(|(partition, part)| (*partition, part.span.to))
    }

    /// Takes what follows it, or is of other partitions.
    pub(super) fn merge(&mut self, other: Self) {
        self.since_ms = if self.parts.is_empty() { other.since_ms } else { self.since_ms.min(other.since_ms) };
        for (partition, part) in other.parts {
            match self.parts.entry(partition) {
                Place::Vacant(place) => drop(place.insert(part)),
                Place::Occupied(mut place) => place.get_mut().follow(part),
            }
        }
        // Whichever is larger keeps its place.
        if self.entries.is_empty() {
            self.entries = other.entries;
        } else {
            self.entries.extend(other.entries);
        }
        self.dead_letters.extend(other.dead_letters);
        self.records += other.records;
        self.bytes += other.bytes;
    }

    /// As it goes: the batch, and what is to be known when it is done.
    pub(super) fn close(self, topic: &str) -> (Batch, InFlight) {
        let mut batch = Batch { topic: topic.to_owned(), entries: self.entries, ..Batch::default() };
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in self.parts.into_values() {
            batch.spans.push(part.span);
            // When and by whom it was accepted is not known here.
            batch.gaps.extend(part.gap.map(|gap| AcceptedGap { gap, at_ms: 0, by: String::new() }));
            parts.push((part.redriven, part.reasons));
        }
        let in_flight = InFlight { spans: batch.spans.clone(), parts, since_ms: self.since_ms };
        (batch, in_flight)
    }
}

impl Part {
    fn follow(&mut self, next: Self) {
        self.span.to = next.span.to;
        self.span.read += next.span.read;
        self.span.dead_lettered += next.span.dead_lettered;
        self.span.last_timestamp_ms = next.span.last_timestamp_ms;
        self.redriven += next.redriven;
        self.gap = self.gap.take().or(next.gap);
        self.letters += next.letters;
        for (reason, count) in next.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
        self.bytes += next.bytes;
    }
}

/// What was gathered, by what is to be done with it.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// It may go to the store.
    pub(super) free: Gathered,
    /// Its dead letters are to be kept first.
    pub(super) letters: BTreeMap<Partition, Gathered>,
    /// It is to wait.
    pub(super) staying: Gathered,
}

impl Sorted {
    fn of(&mut self, partition: Partition, stays: bool) -> &mut Gathered {
        if stays { &mut self.staying } else { self.letters.entry(partition).or_default() }
    }
}

/// Dead letters of a partition that wait for the log to keep them.
#[derive(Debug)]
pub(super) struct Keeping {
    /// By which the answer is known.
    pub(super) id: u64,
    /// What they are of; `None` if they are so late that it was dropped, to be read again.
    pub(super) part: Option<Gathered>,
    /// Where that ends.
    pub(super) to: NextOffset,
    pub(super) since_ms: u64,
}

/// A batch in flight to the store.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) spans: Vec<Span>,
    /// Of each span how many records were sent again, and its dead letters by reason.
    pub(super) parts: Vec<(u64, BTreeMap<&'static str, u64>)>,
    /// When the first record of it was read.
    pub(super) since_ms: u64,
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

//! What must hold after each write and at the end of a run.

use std::collections::{BTreeMap, BTreeSet};

use giaoban::domain::record::Rank;
use giaoban::domain::{NextOffset, Partition, Period, RecordKey};
use giaoban::rollup::Rollup;
use giaoban::store::{Batch, StoreWriter};

use super::TOPIC;
use super::events::{PERIODS, PartitionLog, RULES, SUCCESSION, Sent};
use super::oracle;

/// Where the store is.
pub type At = BTreeMap<Partition, NextOffset>;

pub fn at(store: &mut dyn StoreWriter) -> At {
    store.checkpoints(TOPIC).unwrap().iter().map(|at| (at.partition, at.next)).collect()
}

/// Who writes: a worker from one start to the next, perhaps after its end.
#[derive(Clone, Copy)]
pub struct Writer {
    pub start: u64,
    /// Its connection is gone, and what it sent arrives all the same.
    pub late: bool,
}

/// Too many bad records in a row, and how far an operator has accepted them.
#[derive(Clone, Default)]
pub struct Limit {
    run: u64,
    accepted: BTreeMap<Partition, NextOffset>,
}

impl Limit {
    pub fn of(run: u64) -> Self {
        Self { run, accepted: BTreeMap::new() }
    }

    /// The records that are one too many, of those from an offset on.
    fn exceeded<'l>(&self, log: &'l PartitionLog, from: i64) -> impl Iterator<Item = i64> + use<'l> {
        let (most, mut run) = (self.run, 0);
        log.from(from).iter().filter_map(move |message| {
            run = if message.event.is_none() { run + 1 } else { 0 };
            (run > most).then_some(message.offset.0)
        })
    }
}

#[derive(Clone, Default)]
pub struct Watch {
    limit: Option<Limit>,
    /// Messages that the store has.
    taken: BTreeSet<(Partition, i64)>,
    /// Messages that expired and were passed over, by order.
    passed_over: BTreeSet<(Partition, i64)>,
    /// The dead-letter topic.
    letters: BTreeSet<(Partition, i64)>,
    /// Who last wrote, and whether it was to.
    last: BTreeMap<Partition, (u64, bool)>,
    /// Partitions taken from workers that may not know it.
    taken_away: BTreeSet<(u64, Partition)>,
    /// Partitions of which the store has lost something that its workers may not know of.
    put_back: BTreeSet<Partition>,
    /// Of which it ever did: an answer from before may come at any time.
    ever_put_back: BTreeSet<Partition>,
    /// Where workers that were told to accept a gap began.
    began: BTreeMap<(u64, Partition), i64>,
}

impl Watch {
    /// True if it was there before.
    pub fn letter(&mut self, partition: Partition, offset: i64) -> bool {
        !self.letters.insert((partition, offset))
    }

    pub fn is_taken_away(&mut self, start: u64, partition: Partition) {
        self.taken_away.insert((start, partition));
    }

    /// The worker reads the partition from there, perhaps after it was taken away again.
    pub fn begins(&mut self, start: u64, partition: Partition, offset: i64, lost: bool) {
        if !lost {
            self.taken_away.remove(&(start, partition));
        }
        self.began.insert((start, partition), offset);
    }

    /// The store has again what it had when `then` was noted.
    pub fn go_back(&mut self, then: Self, before: &At, after: &At) {
        (self.taken, self.passed_over) = (then.taken, then.passed_over);
        let changed = before.keys().filter(|partition| before.get(partition) != after.get(partition));
        self.put_back.extend(changed);
        self.ever_put_back.extend(&self.put_back);
    }

    pub fn was_put_back(&self, partition: Partition) -> bool {
        self.ever_put_back.contains(&partition)
    }

    pub fn with(limit: Option<Limit>) -> Self {
        Self { limit, ..Self::default() }
    }

    pub fn accepted(&self, partition: Partition) -> NextOffset {
        let accepted = self.limit.as_ref().and_then(|limit| limit.accepted.get(&partition));
        accepted.copied().unwrap_or_default()
    }

    pub fn accepts(&mut self, partition: Partition, to: NextOffset) {
        if let Some(limit) = &mut self.limit {
            limit.accepted.insert(partition, to);
        }
    }

    /// A worker that knows what was accepted holds a partition at a record: so many bad ones are there, up to it.
    pub fn held(&self, log: &PartitionLog, at: i64, accepted: NextOffset) {
        let limit = self.limit.as_ref().expect("held without a limit");
        assert!(
            limit.exceeded(log, accepted.0).any(|exceeded| exceeded == at),
            "partition {} is held at {at}",
            log.partition
        );
    }

    /// A batch is in the store: it moved forward, over every message between, each once.
    pub fn written(&mut self, log: &[PartitionLog], writer: Writer, batch: &Batch, before: &At, after: &At) {
        for span in &batch.spans {
            let partition = span.partition;
            let of = format!("partition {partition}, {before:?} to {after:?}, by {span:?}");
            assert!(before.get(&partition) < after.get(&partition), "the checkpoint did not go forward: {of}");
            let log = &log[partition.0 as usize];
            assert!(log.before.is_none(), "it was read on though the log had lost what was counted: {of}");
            let began = self.began.get(&(writer.start, partition)).copied().unwrap_or_default();
            let from = span.from.unwrap_or_default().0;
            let first = self
                .limit
                .as_ref()
                .and_then(|limit| limit.exceeded(log, log.low.max(self.accepted(partition).0)).next());
            assert!(first.is_none_or(|first| span.to.0 <= first), "{first:?} was passed without a decision: {of}");
            let (gone, read): (Vec<&Sent>, Vec<&Sent>) =
                log.between(from, span.to.0).iter().partition(|message| message.offset.0 < began);
            self.passed_over.extend(gone.iter().map(|message| (partition, message.offset.0)));
            let mut entries = batch.entries.iter().filter(|entry| entry.position.partition == partition);
            for message in &read {
                let position = (partition, message.offset.0);
                assert!(self.taken.insert(position), "offset {} was taken twice: {of}", message.offset);
                match message.event {
                    Some(_) => {
                        assert_eq!(entries.next().map(|entry| entry.position.offset), Some(message.offset), "{of}")
                    }
                    None => assert!(
                        self.letters.contains(&position),
                        "offset {} moved before its dead letter was kept: {of}",
                        message.offset
                    ),
                }
            }
            assert_eq!((entries.next(), read.len() as u64), (None, span.read), "{of}");
            let stray = writer.late || self.taken_away.contains(&(writer.start, partition));
            self.last.insert(partition, (writer.start, stray));
            if !stray {
                self.put_back.remove(&partition);
            }
        }
    }

    /// A batch was turned away: nothing changed, and for a reason.
    pub fn turned_away(&self, writer: Writer, batch: &Batch, before: &At, after: &At) {
        assert_eq!(before, after, "a batch that was turned away was written");
        let reason = batch.spans.iter().filter(|span| before.get(&span.partition).copied() != span.from).any(|span| {
            let stray_before = self.last.get(&span.partition).is_some_and(|(_, stray)| *stray);
            let put_back = self.put_back.contains(&span.partition);
            writer.late || stray_before || put_back || self.taken_away.contains(&(writer.start, span.partition))
        });
        assert!(
            reason,
            "a worker was fenced though its partitions were handed over in order: {:?} {before:?}",
            batch.spans
        );
    }

    /// Counts, ledger and figures are those of the messages that were taken, and at the end that is all of them.
    pub fn settled(&self, store: &mut dyn StoreWriter, log: &[&PartitionLog], complete: bool) {
        let checkpoints = store.checkpoints(TOPIC).unwrap();
        let mut revisions = Vec::new();
        let mut not_again = 0;
        for log in log {
            let position = |message: &Sent| (log.partition, message.offset.0);
            let taken: Vec<&Sent> =
                log.come().iter().filter(|message| self.taken.contains(&position(message))).collect();
            let bad: Vec<&&Sent> = taken.iter().filter(|message| message.event.is_none()).collect();
            assert!(bad.iter().all(|message| self.letters.contains(&position(message))), "a dead letter is lost");
            let passed_over = self.passed_over.iter().filter(|(of, _)| *of == log.partition).count();
            assert!(!complete || taken.len() + passed_over == log.come().len(), "messages are missing");
            let counts = checkpoints.iter().find(|at| at.partition == log.partition).map(|at| at.counts);
            let counts = counts.unwrap_or_default();
            assert_eq!(
                (counts.difference(), counts.read, counts.dead_lettered),
                (0, taken.len() as u64, bad.len() as u64),
                "read = applied + duplicate + superseded + dead-lettered, partition {}",
                log.partition
            );
            not_again += counts.applied + counts.superseded;
            revisions.extend(taken.iter().filter_map(|message| message.event.clone()));
        }
        let distinct: BTreeSet<(&RecordKey, Rank)> = revisions.iter().map(|(key, rank, _)| (key, *rank)).collect();
        assert_eq!(not_again, distinct.len() as u64, "each revision is new once and a duplicate after");
        let mut highest: BTreeMap<&RecordKey, Rank> = BTreeMap::new();
        for (key, rank) in distinct {
            highest.entry(key).and_modify(|known| *known = rank.max(*known)).or_insert(rank);
        }
        let mut records = 0;
        let mut check = |entry: giaoban::domain::Entry| {
            records += 1;
            assert_eq!(highest.get(&entry.key), Some(&entry.rank()), "{:?} does not count its highest", entry.key);
            true
        };
        store.entries(&mut check).unwrap();
        assert_eq!(records, highest.len(), "records are missing");
        let winners = oracle::winners(&revisions);
        for period in PERIODS {
            let period: Period = period.parse().unwrap();
            let cells = store.cells(&period.quarters(), &RULES).unwrap();
            let rollup = Rollup::of(period, None, &cells, &RULES).unwrap();
            let naive = oracle::recount(&winners, period, &RULES, SUCCESSION);
            assert!(oracle::figures_of(&rollup) == naive, "{period} differs from the recount");
        }
    }
}

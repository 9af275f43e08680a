//! A store in memory, as exact as those on disk and without their waiting: it
//! passes the contract suite, and a store's guards can be taken out of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use giaoban::domain::record::Rank;
use giaoban::domain::{Digest, Entry, LogIdentity, Partition, Quarter, RecordKey, Rules};
use giaoban::rollup::{Cell, CellPlace, Delta, settle};
use giaoban::store::{
    Accepted, AcceptedGap, Batch, Checkpoint, Counts, Held, NoteHeld, ReadCheckpoints, ReadFigures, ReadHeld,
    ReadLedger, StoreError, StoreReader, StoreWriter, Tally,
};

/// Where a store in memory may be: what a path is to one on disk.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Option<Data>>>);

#[derive(Clone, Default)]
struct Data {
    fingerprint: Option<Digest>,
    synthetic: bool,
    checkpoints: BTreeMap<(String, Partition), Checkpoint>,
    ledger: BTreeMap<RecordKey, Entry>,
    earlier: BTreeMap<(RecordKey, Rank), Entry>,
    cells: BTreeMap<(Quarter, String, String), Cell>,
    bound_log: Option<LogIdentity>,
    gaps: Vec<AcceptedGap>,
    held: BTreeMap<(String, Partition), Held>,
    accepted: BTreeMap<(String, Partition), Accepted>,
}

impl Memory {
    /// The store that is there, or a new one.
    pub fn create(&self) -> MemoryStore {
        self.0.lock().unwrap().get_or_insert_default();
        MemoryStore { at: self.clone(), fenced: true, settles_ties: true }
    }

    /// The store as it is now, for reading.
    pub fn read(&self) -> Result<MemoryStore, StoreError> {
        let data = self.0.lock().unwrap().clone();
        let data = data.ok_or_else(|| StoreError::Missing { at: "memory".into() })?;
        let at = Self(Arc::new(Mutex::new(Some(data))));
        Ok(MemoryStore { at, fenced: true, settles_ties: true })
    }
}

/// All that a store had at some moment.
#[derive(Clone)]
pub struct Saved(Data);

pub struct MemoryStore {
    at: Memory,
    /// Whether a batch that does not start where the store is is turned away.
    pub fenced: bool,
    /// Whether of equal revisions the content decides which counts; else the one that came last does.
    pub settles_ties: bool,
}

struct Locked<'a>(MutexGuard<'a, Option<Data>>);

impl std::ops::Deref for Locked<'_> {
    type Target = Data;

    fn deref(&self) -> &Data {
        self.0.as_ref().unwrap()
    }
}

impl std::ops::DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Data {
        self.0.as_mut().unwrap()
    }
}

impl MemoryStore {
    fn data(&self) -> Locked<'_> {
        Locked(self.at.0.lock().unwrap())
    }

    /// What it has now.
    pub fn save(&self) -> Saved {
        Saved(self.data().clone())
    }

    /// Has again what it had then, and nothing of what came since.
    pub fn go_back(&mut self, saved: Saved) {
        *self.data() = saved.0;
    }

    /// Ledger and cells alone, if every span starts where the store is.
    pub fn write_records(&mut self, batch: &Batch, rules: &Rules) -> Result<Vec<Counts>, StoreError> {
        let mut delta = Delta::default();
        let mut data = self.data();
        for span in batch.spans.iter().filter(|_| self.fenced) {
            let stored = data.checkpoints.get(&(batch.topic.clone(), span.partition)).map(|at| at.next);
            if stored != span.from {
                return Err(span.fenced(&batch.topic, stored));
            }
        }
        let mut tally = Tally::of(batch, || "memory".to_owned())?;
        // Gathered first, so that an error leaves everything as it was.
        let (mut ledger, mut earlier) = (Vec::new(), Vec::new());
        for revisions in batch.by_record().chunk_by(|a, b| a.key == b.key) {
            let mut stored = data.ledger.get(&revisions[0].key).cloned();
            if let Some(stored) = &mut stored
                && !self.settles_ties
                && revisions.iter().all(|entry| entry.digest != stored.digest)
            {
                stored.digest = Digest([0; 32]);
            }
            let settled =
                settle(stored.as_ref(), revisions, &mut delta, rules, |entry, verdict| tally.count(entry, verdict))?;
            ledger.extend(settled.counting.map(|entry| (entry.key.clone(), entry.clone())));
            for lower in settled.earlier {
                let place = (lower.entry.key.clone(), lower.entry.rank());
                if let Some(verdict) = lower.verdict(!data.earlier.contains_key(&place)) {
                    tally.count(lower.entry, verdict);
                }
                earlier.push((place, lower.entry.clone()));
            }
        }
        data.ledger.extend(ledger);
        data.earlier.extend(earlier);
        for (quarter, place, change) in delta.changes() {
            let (unit, since) = name(place, rules);
            data.cells.entry((quarter, unit, since)).or_default().add_cell(change);
        }
        data.gaps.extend(batch.gaps.iter().cloned());
        drop(data);
        Ok(tally.into_counts())
    }

    /// The checkpoints alone.
    pub fn advance(&mut self, batch: &Batch, counts: &[Counts]) {
        let mut data = self.data();
        for (span, counts) in batch.spans.iter().zip(counts) {
            let none = Checkpoint {
                partition: span.partition,
                next: span.to,
                counts: Counts::default(),
                last_timestamp_ms: None,
            };
            let at = data.checkpoints.entry((batch.topic.clone(), span.partition)).or_insert(none);
            at.next = span.to;
            at.last_timestamp_ms = span.last_timestamp_ms;
            at.counts.add(counts);
        }
    }
}

/// A place as the readers' contract names it.
fn name(place: CellPlace, rules: &Rules) -> (String, String) {
    let (prefix, segment) = match place {
        CellPlace::Unit(segment) => ("", segment),
        CellPlace::Dissolved(root) => ("dissolved:", root),
    };
    let (code, since) = rules.units.segment_key(segment);
    (format!("{prefix}{code}"), since.to_string())
}

impl ReadFigures for MemoryStore {
    fn fingerprint(&mut self) -> Result<Option<Digest>, StoreError> {
        Ok(self.data().fingerprint)
    }

    fn synthetic(&mut self) -> Result<bool, StoreError> {
        Ok(self.data().synthetic)
    }

    fn quarters(&mut self) -> Result<Vec<Quarter>, StoreError> {
        let data = self.data();
        let counting = data.cells.iter().filter(|(_, cell)| !cell.is_zero());
        let mut quarters: Vec<Quarter> = counting.map(|((quarter, ..), _)| *quarter).collect();
        quarters.dedup();
        Ok(quarters)
    }

    fn raw_cells(&mut self, quarter: Quarter, sink: &mut dyn FnMut(&str, &str, Cell)) -> Result<(), StoreError> {
        for ((of, unit, since), cell) in &self.data().cells {
            if *of == quarter {
                sink(unit, since, cell.clone());
            }
        }
        Ok(())
    }
}

impl ReadLedger for MemoryStore {
    fn entries(&mut self, sink: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError> {
        let entries: Vec<Entry> = self.data().ledger.values().cloned().collect();
        entries.into_iter().all(sink);
        Ok(())
    }

    fn entry(&mut self, key: &RecordKey) -> Result<Option<Entry>, StoreError> {
        Ok(self.data().ledger.get(key).cloned())
    }

    fn earlier(&mut self, key: &RecordKey) -> Result<Vec<Entry>, StoreError> {
        Ok(self.data().earlier.iter().filter(|((of, _), _)| of == key).map(|(_, entry)| entry.clone()).collect())
    }

    fn earlier_entries(&mut self, sink: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError> {
        let entries: Vec<Entry> = self.data().earlier.values().cloned().collect();
        entries.into_iter().all(sink);
        Ok(())
    }

    fn record_count(&mut self) -> Result<u64, StoreError> {
        Ok(self.data().ledger.len() as u64)
    }
}

impl ReadCheckpoints for MemoryStore {
    fn topics(&mut self) -> Result<Vec<String>, StoreError> {
        let mut topics: Vec<String> = self.data().checkpoints.keys().map(|(topic, _)| topic.clone()).collect();
        topics.dedup();
        Ok(topics)
    }

    fn checkpoints(&mut self, topic: &str) -> Result<Vec<Checkpoint>, StoreError> {
        Ok(self.data().checkpoints.iter().filter(|((of, _), _)| of == topic).map(|(_, at)| *at).collect())
    }

    fn bound_log(&mut self) -> Result<Option<LogIdentity>, StoreError> {
        Ok(self.data().bound_log.clone())
    }

    fn gaps(&mut self) -> Result<Vec<AcceptedGap>, StoreError> {
        Ok(self.data().gaps.clone())
    }
}

impl ReadHeld for MemoryStore {
    fn held(&mut self, topic: &str) -> Result<Vec<Held>, StoreError> {
        let data = self.data();
        let stands = |(at, held): (&(String, Partition), &Held)| {
            let passed = data.checkpoints.get(at).is_some_and(|checkpoint| checkpoint.next.0 > held.at.0);
            (at.0 == topic && !passed).then(|| held.clone())
        };
        Ok(data.held.iter().filter_map(stands).collect())
    }

    fn accepted(&mut self, topic: &str) -> Result<Vec<Accepted>, StoreError> {
        let data = self.data();
        Ok(data.accepted.iter().filter(|((of, _), _)| of == topic).map(|(_, accepted)| accepted.clone()).collect())
    }
}

impl NoteHeld for MemoryStore {
    fn hold(&mut self, topic: &str, held: &Held) -> Result<(), StoreError> {
        let mut held = held.clone();
        let mut data = self.data();
        let before = data.held.get(&(topic.to_owned(), held.partition)).filter(|before| before.at == held.at);
        held.since_ms = before.map_or(held.since_ms, |before| before.since_ms);
        data.held.insert((topic.to_owned(), held.partition), held);
        Ok(())
    }

    fn accept(&mut self, topic: &str, accepted: &Accepted) -> Result<(), StoreError> {
        self.data().accepted.insert((topic.to_owned(), accepted.partition), accepted.clone());
        Ok(())
    }
}

impl StoreReader for MemoryStore {
    fn describe(&self) -> String {
        "memory".into()
    }

    fn size_bytes(&mut self) -> Result<u64, StoreError> {
        Ok(self.data().ledger.len() as u64 * 256)
    }
}

impl StoreWriter for MemoryStore {
    fn adopt(&mut self, rules: &Rules, synthetic: bool) -> Result<(), StoreError> {
        let now = rules.fingerprint();
        match self.fingerprint()? {
            Some(stored) if stored != now => Err(StoreError::OtherRules { at: self.describe(), stored, now }),
            Some(_) => Ok(()),
            None => {
                let mut data = self.data();
                (data.fingerprint, data.synthetic) = (Some(now), synthetic);
                Ok(())
            }
        }
    }

    fn standing(&mut self, topic: &str) -> Result<Vec<Checkpoint>, StoreError> {
        self.checkpoints(topic)
    }

    fn bind(&mut self, log: &LogIdentity) -> Result<(), StoreError> {
        self.check_log(log.kind, &log.topic, Some(log))?;
        self.data().bound_log.get_or_insert_with(|| log.clone());
        Ok(())
    }

    fn rebind(&mut self, log: &LogIdentity) -> Result<(), StoreError> {
        self.data().bound_log = Some(log.clone());
        Ok(())
    }

    fn apply(&mut self, batch: &Batch, rules: &Rules) -> Result<Vec<Counts>, StoreError> {
        let counts = self.write_records(batch, rules)?;
        self.advance(batch, &counts);
        Ok(counts)
    }
}

//! The store: ledger, cells and checkpoints, changed together or not at all.
//!
//! One trait, so that several databases can serve; SQL lives below it and
//! nowhere else. May not know how events travel. Every implementation passes the
//! contract suite in `tests/store_contract.rs`.

pub mod data_dir;
mod error;
pub mod holding;
pub mod place;
pub mod postgres;
pub mod sqlite;

pub use data_dir::DataDir;
pub use error::StoreError;
pub use place::Place as StorePlace;

use crate::domain::{Digest, Entry, NextOffset, Partition, Quarter, RecordKey, Rules, UnitCode};
use std::str::FromStr as _;

use jiff::civil::Date;

use crate::rollup::table::Cells;
use crate::rollup::{Cell, NotInTable, Place};

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
    /// Messages that are no events, kept in the dead-letter topic.
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
    /// it tells the log from one that was made anew under the same name.
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
    /// What is known of its records before the store has settled them.
    pub fn counts(&self) -> Counts {
        Counts { read: self.read, dead_lettered: self.dead_lettered, ..Counts::default() }
    }
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
    /// Whether any event says that it is made up.
    pub synthetic: bool,
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

/// A store, for reading.
pub trait StoreReader: Send {
    /// What it is, for messages.
    fn describe(&self) -> String;

    /// Whether it is on a server, which several workers may share.
    fn is_on_server(&self) -> bool {
        false
    }

    /// The fingerprint of the rules that its figures were made by; `None` while it is empty.
    fn fingerprint(&mut self) -> Result<Option<Digest>, StoreError>;

    /// Whether any event in it says that it is made up.
    fn synthetic(&mut self) -> Result<bool, StoreError>;

    /// Every topic that it has anything of, in order.
    fn topics(&mut self) -> Result<Vec<String>, StoreError>;

    /// Every partition of the topic that it has anything of, in order.
    fn checkpoints(&mut self, topic: &str) -> Result<Vec<Checkpoint>, StoreError>;

    /// The cells of a quarter as they are stored: unit (or `dissolved:` and the root), since when, figures.
    fn raw_cells(&mut self, quarter: Quarter, sink: &mut dyn FnMut(&str, &str, Cell)) -> Result<(), StoreError>;

    /// The cells of those quarters, summed over the quarters and all writers.
    fn cells(&mut self, quarters: &[Quarter], rules: &Rules) -> Result<Cells, StoreError> {
        let mut cells = Cells::default();
        let mut unknown = None;
        for quarter in quarters {
            self.raw_cells(*quarter, &mut |unit, since, cell| match place_of(unit, since, rules) {
                Some(place) => cells.at(place).add_cell(&cell),
                None => unknown = Some(NotInTable(format!("unit {unit} since {since} is not in the table of units"))),
            })?;
        }
        match unknown {
            Some(unknown) => Err(unknown.into()),
            None => Ok(cells),
        }
    }

    /// Every quarter that has a cell, in order.
    fn quarters(&mut self) -> Result<Vec<Quarter>, StoreError>;

    /// The counting revision of every record, in no order. The sink says whether to go on.
    fn entries(&mut self, sink: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError>;

    /// The counting revision of a record.
    fn entry(&mut self, key: &RecordKey) -> Result<Option<Entry>, StoreError>;

    /// The revisions of a record that do not count, lowest first.
    fn earlier(&mut self, key: &RecordKey) -> Result<Vec<Entry>, StoreError>;

    /// The revisions of all records that do not count, in no order. The sink says whether to go on.
    fn earlier_entries(&mut self, sink: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError>;

    /// How many records it has.
    fn record_count(&mut self) -> Result<u64, StoreError>;

    /// Its size on disk, in bytes.
    fn size_bytes(&mut self) -> Result<u64, StoreError>;
}

/// A store, for writing.
pub trait StoreWriter: StoreReader {
    /// Takes the rules into an empty store; of one made by other rules, refuses
    /// with [`StoreError::OtherRules`].
    fn adopt(&mut self, rules: &Rules) -> Result<(), StoreError>;

    /// Writes ledger, cells and checkpoints in one transaction. Returns what
    /// became of the records of each span, in the order of the spans.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if a span does not start where the store is. On
    /// any error nothing is written, but of [`StoreError::Unavailable`] the
    /// outcome may be unknown; the checkpoints tell.
    fn apply(&mut self, batch: &Batch, rules: &Rules) -> Result<Vec<Counts>, StoreError>;
}

/// A place as stores name it: unit and first day. A place in no unit has the root's.
fn place_key(place: Place, rules: &Rules) -> (String, String) {
    let (prefix, segment) = match place {
        Place::Unit(segment) => ("", segment),
        Place::Dissolved(root) => (DISSOLVED, root),
    };
    let (code, since) = rules.units.segment_key(segment);
    (format!("{prefix}{code}"), since.to_string())
}

/// Undoes [`place_key`].
fn place_of(unit: &str, since: &str, rules: &Rules) -> Option<Place> {
    let (code, make): (&str, fn(_) -> Place) = match unit.strip_prefix(DISSOLVED) {
        Some(root) => (root, Place::Dissolved),
        None => (unit, Place::Unit),
    };
    let segment = rules.units.segment(UnitCode::new(code)?, Date::from_str(since).ok()?)?;
    Some(make(segment))
}

const DISSOLVED: &str = "dissolved:";

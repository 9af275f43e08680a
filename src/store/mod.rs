//! The store: ledger, cells and checkpoints, changed together or not at all.
//!
//! A trait for each thing that is asked of a store, so that several databases can serve and nobody depends on more than
//! they use; SQL lives below them and nowhere else. May not know how events travel. Every implementation passes the
//! contract suite in `tests/store_contract.rs`.

mod batch;
pub mod compare;
pub mod data_dir;
pub mod dropped;
mod error;
mod held;
pub mod holding;
pub mod place;
pub mod postgres;
pub mod recount;
pub mod sqlite;
mod stored;
pub mod timelines;
mod upgrade;

pub use batch::{AcceptedGap, Batch, Checkpoint, Counts, Span, Tally};
pub use data_dir::DataDir;
pub use error::StoreError;
pub use held::{Accepted, Held, NoteHeld, ReadHeld};
pub use place::StorePlace;
pub use upgrade::{check_rules, versions};

use crate::domain::{Digest, Entry, LogIdentity, LogKind, Position, Quarter, RecordKey, Rules};
use crate::files::{Inspected, Inspection};
use crate::rollup::overlap::OverlapPlace;
use crate::rollup::table::Cells;
use crate::rollup::{Cell, NotInTable};
use std::sync::Arc;
use stored::place_of;
use timelines::Timelines;

/// Reads figures. What shows the records behind them asks [`ReadLedger`] as well.
pub trait ReadFigures: Send {
    /// The fingerprint of the rules that the figures were made by; `None` while the store is empty.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn fingerprint(&mut self) -> Result<Option<Digest>, StoreError>;

    /// Whether the store was made for events that are made up: no figure of it is real.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn synthetic(&mut self) -> Result<bool, StoreError>;

    /// Every quarter with a cell that is not all zero, in order: whether anything was ever counted there is no matter.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn quarters(&mut self) -> Result<Vec<Quarter>, StoreError>;

    /// The cells of a quarter as they are stored: unit (or `dissolved:` and the root), since when, figures.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn raw_cells(&mut self, quarter: Quarter, sink: &mut dyn FnMut(&str, &str, Cell)) -> Result<(), StoreError>;

    /// The cells of those quarters, summed over the quarters and all writers.
    ///
    /// # Errors
    /// If the store cannot be read, or has a cell of a unit that the rules do not have.
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

    /// Where in these quarters a form's totals may count what single records count too, in order.
    ///
    /// # Errors
    /// If the store cannot be read, or has a cell of a unit that the rules do not have.
    fn overlaps(&mut self, quarters: &[Quarter], rules: &Rules) -> Result<Vec<OverlapPlace>, StoreError> {
        Ok(self.cells_with_overlaps(quarters, rules)?.1)
    }

    /// The cells of these quarters, with their overlaps, read once.
    ///
    /// # Errors
    /// If the store cannot be read, or has a cell of a unit that the rules do not have.
    fn cells_with_overlaps(
        &mut self,
        quarters: &[Quarter],
        rules: &Rules,
    ) -> Result<(Cells, Vec<OverlapPlace>), StoreError> {
        let (mut all, mut places) = (Cells::default(), Vec::new());
        for quarter in quarters {
            let cells = self.cells(&[*quarter], rules)?;
            places.extend(OverlapPlace::all(*quarter, &cells, rules));
            cells.iter().for_each(|(place, cell)| all.at(place).add_cell(cell));
        }
        Ok((all, places))
    }
}

/// Reads the ledger: the revisions of every record.
pub trait ReadLedger: Send {
    /// The counting revision of every record, in no order. The sink says whether to go on.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn entries(&mut self, sink: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError>;

    /// Every record, and where its counting revision lies in the log: also where a version before this one has written
    /// what it says. The sink says whether to go on.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn places(&mut self, sink: &mut dyn FnMut(&RecordKey, Position) -> bool) -> Result<(), StoreError> {
        self.entries(&mut |entry| sink(&entry.key, entry.position))
    }

    /// The counting revision of a record; `None` if the store does not have the record.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn entry(&mut self, key: &RecordKey) -> Result<Option<Entry>, StoreError>;

    /// The revisions of a record that do not count, lowest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn earlier(&mut self, key: &RecordKey) -> Result<Vec<Entry>, StoreError>;

    /// The revisions of all records that do not count, in no order. The sink says whether to go on.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn earlier_entries(&mut self, sink: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError>;

    /// How many records the store has.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn record_count(&mut self) -> Result<u64, StoreError>;
}

/// Takes the counting revision of every record, in no order, until one cannot be taken.
///
/// # Errors
/// If the store cannot be read, or why that one could not.
pub fn try_entries(
    store: &mut (impl ReadLedger + ?Sized),
    mut take: impl FnMut(Entry) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut failed = None;
    store.entries(&mut |entry| {
        failed = take(entry).err();
        failed.is_none()
    })?;
    failed.map_or(Ok(()), Err)
}

/// Reads how far the store is in its log.
pub trait ReadCheckpoints: Send {
    /// Every topic that the store has anything of, in order.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn topics(&mut self) -> Result<Vec<String>, StoreError>;

    /// Every partition of the topic that the store has anything of, in order.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn checkpoints(&mut self, topic: &str) -> Result<Vec<Checkpoint>, StoreError>;

    /// The log that the store is made from; `None` if it has read nothing yet, or was made before a store kept that.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn bound_log(&mut self) -> Result<Option<LogIdentity>, StoreError>;

    /// The gaps that were accepted, by partition and offset.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn gaps(&mut self) -> Result<Vec<AcceptedGap>, StoreError>;
}

/// What a user may not do to a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissingRights {
    /// All that a worker does is allowed.
    None,
    /// Nothing may be written: it is there for reading.
    OnlyReads,
    /// Some of it may be written, and these tables not.
    Tables(Vec<String>),
}

/// A whole store, for reading. Who needs less of it asks for one of the traits that make it up.
pub trait StoreReader: ReadFigures + ReadLedger + ReadCheckpoints + ReadHeld {
    /// What it is, for messages.
    fn describe(&self) -> String;

    /// Compares the log that is configured with the one that the store is made from: the one comparison that comes
    /// before whoever reads or writes a log beside a store. `found` is the topic of that name, if there is one.
    ///
    /// # Errors
    /// [`StoreError::OtherLog`] if it is another, [`StoreError::LogGone`] if it is not there any more.
    fn check_log(&mut self, kind: LogKind, topic: &str, found: Option<&LogIdentity>) -> Result<(), StoreError> {
        let mut read = self.topics()?;
        read.sort_by_key(|read| read == topic);
        let bound = match self.bound_log()? {
            Some(bound) => bound,
            None => match read.first() {
                // Made before a store kept that: the names of the topics that it has read are all that is known.
                Some(read) => LogIdentity::named(kind, read),
                None => return Ok(()),
            },
        };
        let configured = found.cloned().unwrap_or_else(|| LogIdentity::named(kind, topic));
        match found {
            Some(found) if bound.is_same(found) => Ok(()),
            None if bound.has_name_of(&configured) => {
                Err(StoreError::LogGone { at: self.describe(), bound: bound.into() })
            }
            _ => Err(StoreError::OtherLog { at: self.describe(), bound: bound.into(), found: configured.into() }),
        }
    }

    /// Whether it is on a server, which several workers may share.
    fn is_on_server(&self) -> bool {
        false
    }

    /// Whether it can be written at present, by whoever may.
    ///
    /// # Errors
    /// With why not.
    fn takes_writes(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// What the clock of its server says, in milliseconds since 1970; `None` of a file, which has that of this machine.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn clock_ms(&mut self) -> Result<Option<i64>, StoreError> {
        Ok(None)
    }

    /// What its user lacks of what a worker needs, in the server's words; nothing where there are no users.
    ///
    /// # Errors
    /// If the store cannot be asked.
    fn missing_rights(&mut self) -> Result<MissingRights, StoreError> {
        Ok(MissingRights::None)
    }

    /// Reads every page of it, where it is a file of this machine; `None` where it is none.
    fn inspect(&mut self, _inspection: &Inspection<'_>) -> Option<Result<Inspected, StoreError>> {
        None
    }

    /// Its size on disk, in bytes.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn size_bytes(&mut self) -> Result<u64, StoreError>;
}

/// A store, for writing.
pub trait StoreWriter: StoreReader + NoteHeld {
    /// Takes the rules into an empty store, and whether it is for events that are made up. Of one that has rules
    /// nothing is changed: what it is for was decided when it was made.
    ///
    /// # Errors
    /// [`StoreError::OtherRules`] if it was made by other rules.
    fn adopt(&mut self, rules: &Rules, synthetic: bool) -> Result<(), StoreError>;

    /// Every partition's checkpoint, as [`ReadCheckpoints::checkpoints`] has it, of a store that still is the one that
    /// was opened and can be written.
    ///
    /// # Errors
    /// If it cannot be read, cannot be written for now, or is another.
    fn standing(&mut self, topic: &str) -> Result<Vec<Checkpoint>, StoreError>;

    /// Whether its connection was made anew since this was asked last: behind it may be a store that went back.
    fn was_reconnected(&mut self) -> bool {
        false
    }

    /// What is known of the servers that it may be on; `None` where there is but one place, or no server that tells.
    fn timelines(&self) -> Option<Arc<Timelines>> {
        None
    }

    /// Takes this log for the store's own, if it has none yet.
    ///
    /// # Errors
    /// [`StoreError::OtherLog`] if it is made from another.
    fn bind(&mut self, log: &LogIdentity) -> Result<(), StoreError>;

    /// Takes this log for the store's own in place of the one that it had: all of that was moved there.
    ///
    /// # Errors
    /// If the store cannot be written.
    fn rebind(&mut self, log: &LogIdentity) -> Result<(), StoreError>;

    /// Writes ledger, cells and checkpoints in one transaction. Returns what
    /// became of the records of each span, in the order of the spans.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if a span does not start where the store is. On
    /// any error nothing is written, but of one that may pass the outcome may be
    /// unknown; the checkpoints tell.
    fn apply(&mut self, batch: &Batch, rules: &Rules) -> Result<Vec<Counts>, StoreError>;
}

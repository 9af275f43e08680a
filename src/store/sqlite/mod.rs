//! The store on one machine: a SQLite file that an operator can open, query and
//! back up with tools they know.
//!
//! Entries come sorted by record, so each batch walks the ledger's leaves once
//! from left to right: that is what keeps the speed flat as history grows.

mod error;
mod held;
mod leaf;
mod ledger;
mod read;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

use self::error::sql_error;
use self::ledger::{Settling, pack_ledger};
use super::stored::{count_columns, place_key};
use super::{
    AcceptedGap, Batch, Checkpoint, Counts, ReadCheckpoints as _, ReadFigures as _, Span, StoreError, StoreReader as _,
    StoreWriter, Tally,
};
use crate::domain::{Gap, LogIdentity, NextOffset, Rules};
use crate::failure::Cause;
use crate::files::sqlite::{self as sqlite_file, OpenFiles};
use crate::rollup::Delta;

/// Each step takes a file from the version before to this one.
const MIGRATIONS: [Migration; 3] = [
    Migration::Sql(include_str!("001.sql")),
    Migration::PackLedger(include_str!("002.sql")),
    Migration::Sql(include_str!("003.sql")),
];
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;
/// `gbst`, so that another program's file is not taken for a store.
const APPLICATION_ID: i64 = 0x6762_7374;
const FINGERPRINT: &str = "rules_fingerprint";
const SYNTHETIC: &str = "synthetic";

enum Migration {
    Sql(&'static str),
    /// After this, the ledger's rows go into leaves.
    PackLedger(&'static str),
}

/// A store in a file.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    path: PathBuf,
    files: OpenFiles,
}

impl SqliteStore {
    /// Opens or makes the store for writing, and brings it to the newest schema.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut store = Self::open(path, flags)?;
        store.check_version()?;
        store.prepare_for_writing().map_err(|error| store.error(error))?;
        store.migrate()?;
        Ok(store)
    }

    /// Opens a store for reading, beside its writer. All that it reads is of the
    /// moment of its first look: open it again to see what came later.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing { at: path.display().to_string() });
        }
        let mut store = Self::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        if store.check_version()? == 0 {
            return Err(StoreError::Missing { at: path.display().to_string() });
        }
        // Everything that this reader reads is of one moment, whatever is committed meanwhile.
        store.connection.execute_batch("BEGIN").map_err(|error| store.error(error))?;
        Ok(store)
    }

    fn open(path: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        let connection = sqlite_file::connect(path, flags).map_err(|error| sql_error(path, error))?;
        connection.set_prepared_statement_cache_capacity(32);
        let store = Self { connection, path: path.to_owned(), files: OpenFiles::of(path) };
        store.connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(|error| store.error(error))?;
        Ok(store)
    }

    /// The version of its schema.
    pub(super) fn version(&mut self) -> Result<i64, StoreError> {
        self.check_version()
    }

    /// Copies the store as it is now to a new file, while it is written; reports how many pages are done, of how many.
    pub fn back_up(&self, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
        sqlite_file::copy(&self.connection, to, progress).map_err(|error| sql_error(to, error))
    }

    /// Reads every page of the file.
    ///
    /// # Errors
    /// If one is damaged.
    pub fn check(&self) -> Result<(), StoreError> {
        sqlite_file::check(&self.connection).map_err(|error| self.error(error))
    }

    fn prepare_for_writing(&self) -> rusqlite::Result<()> {
        self.connection.pragma_update(None, "page_size", 4096)?;
        self.connection.pragma_update(None, "journal_mode", "wal")?;
        self.connection.pragma_update(None, "synchronous", "normal")?;
        self.connection.pragma_update(None, "cache_size", -16_384)?;
        self.connection.pragma_update(None, "wal_autocheckpoint", 16_384)?;
        self.connection.pragma_update(None, "journal_size_limit", 134_217_728)
    }

    /// The schema version, 0 for an empty file.
    fn check_version(&mut self) -> Result<i64, StoreError> {
        let found = sqlite_file::version(&self.connection, APPLICATION_ID).map_err(|error| self.error(error))?;
        let found = found.ok_or_else(|| self.damaged("it is a file of another program"))?;
        if found > VERSION {
            return Err(StoreError::Newer { at: self.path.display().to_string(), found, known: VERSION });
        }
        Ok(found)
    }

    fn migrate(&mut self) -> Result<(), StoreError> {
        let path = self.path.clone();
        let sql = |error: rusqlite::Error| sql_error(&path, error);
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
        let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(sql)?;
        for step in &MIGRATIONS[found.unsigned_abs() as usize..] {
            match step {
                Migration::Sql(step) => transaction.execute_batch(step).map_err(sql)?,
                Migration::PackLedger(step) => {
                    transaction.execute_batch(step).map_err(sql)?;
                    pack_ledger(&transaction).map_err(sql)?;
                }
            }
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(sql)?;
        transaction.pragma_update(None, "user_version", VERSION).map_err(sql)?;
        transaction.commit().map_err(sql)
    }

    fn write_bound_log(&self, log: &LogIdentity) -> Result<(), StoreError> {
        let write =
            "INSERT OR REPLACE INTO bound_log (one, kind, topic, topic_id, cluster_id) VALUES (1, ?1, ?2, ?3, ?4)";
        let written = self.connection.execute(write, params![log.kind.name(), log.topic, log.topic_id, log.cluster_id]);
        written.map(|_| ()).map_err(|error| self.error(error))
    }

    fn meta<T: rusqlite::types::FromSql>(&self, name: &str) -> Result<Option<T>, StoreError> {
        self.connection
            .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
            .optional()
            .map_err(|error| self.error(error))
    }

    fn error(&self, error: rusqlite::Error) -> StoreError {
        sql_error(&self.path, error)
    }

    fn damaged(&self, cause: impl Into<Cause>) -> StoreError {
        StoreError::Damaged { at: self.path.display().to_string(), cause: cause.into() }
    }
}

impl StoreWriter for SqliteStore {
    fn adopt(&mut self, rules: &Rules, synthetic: bool) -> Result<(), StoreError> {
        let now = rules.fingerprint();
        match self.fingerprint()? {
            None => {
                let insert = "INSERT INTO meta (name, value) SELECT ?1, ?2 UNION ALL SELECT ?3, 1 WHERE ?4";
                let insert = self.connection.execute(insert, params![FINGERPRINT, now.0, SYNTHETIC, synthetic]);
                insert.map(|_| ()).map_err(|error| self.error(error))
            }
            Some(stored) if stored == now => Ok(()),
            Some(stored) => Err(StoreError::OtherRules { at: self.describe(), stored, now }),
        }
    }

    fn standing(&mut self, topic: &str) -> Result<Vec<Checkpoint>, StoreError> {
        match self.files.replaced() {
            Some(file) => Err(StoreError::Replaced { at: file.display().to_string() }),
            None => self.checkpoints(topic),
        }
    }

    fn bind(&mut self, log: &LogIdentity) -> Result<(), StoreError> {
        self.check_log(log.kind, &log.topic, Some(log))?;
        if self.bound_log()?.is_none() { self.write_bound_log(log) } else { Ok(()) }
    }

    fn rebind(&mut self, log: &LogIdentity) -> Result<(), StoreError> {
        self.write_bound_log(log)
    }

    fn apply(&mut self, batch: &Batch, rules: &Rules) -> Result<Vec<Counts>, StoreError> {
        let path = self.path.clone();
        let sql = |error: rusqlite::Error| sql_error(&path, error);
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
        for span in &batch.spans {
            fence(&transaction, &batch.topic, span, &path)?;
        }
        let mut tally = Tally::of(batch, || path.display().to_string())?;
        let mut delta = Delta::default();
        Settling { transaction: &transaction, batch, rules, path: &path, tally: &mut tally, delta: &mut delta }
            .settle()?;
        write_cells(&transaction, &delta, rules, &path)?;
        let counts = tally.into_counts();
        for (span, counts) in batch.spans.iter().zip(&counts) {
            advance(&transaction, &batch.topic, span, counts).map_err(sql)?;
        }
        for accepted in &batch.gaps {
            write_gap(&transaction, accepted).map_err(sql)?;
        }
        transaction.commit().map_err(sql)?;
        Ok(counts)
    }
}

/// Turns a batch away that does not start where the store is.
fn fence(transaction: &Transaction<'_>, topic: &str, span: &Span, path: &Path) -> Result<(), StoreError> {
    let stored: Option<i64> = transaction
        .prepare_cached("SELECT next_offset FROM checkpoint WHERE topic = ?1 AND partition = ?2")
        .and_then(|mut select| select.query_row(params![topic, span.partition.0], |row| row.get(0)).optional())
        .map_err(|error| sql_error(path, error))?;
    if stored == span.from.map(|next| next.0) {
        return Ok(());
    }
    Err(span.fenced(topic, stored.map(NextOffset)))
}

fn advance(transaction: &Transaction<'_>, topic: &str, span: &Span, counts: &Counts) -> rusqlite::Result<()> {
    let [read, applied, duplicate, superseded, dead_lettered] = count_columns(counts);
    transaction
        .prepare_cached(
            "INSERT INTO checkpoint
             (topic, partition, next_offset, read, applied, duplicate, superseded, dead_lettered, last_timestamp_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (topic, partition) DO UPDATE SET next_offset = ?3, read = read + ?4, applied = applied + ?5,
             duplicate = duplicate + ?6, superseded = superseded + ?7, dead_lettered = dead_lettered + ?8,
             last_timestamp_ms = ?9",
        )?
        .execute(params![
            topic,
            span.partition.0,
            span.to.0,
            read,
            applied,
            duplicate,
            superseded,
            dead_lettered,
            span.last_timestamp_ms,
        ])?;
    Ok(())
}

fn write_gap(transaction: &Transaction<'_>, accepted: &AcceptedGap) -> rusqlite::Result<()> {
    let AcceptedGap { gap: Gap { partition, from, to }, at_ms, by } = accepted;
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO gap (partition, from_offset, to_offset, accepted_at_ms, accepted_by)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![partition.0, from.0, to.0, at_ms, by])?;
    Ok(())
}

fn write_cells(transaction: &Transaction<'_>, delta: &Delta, rules: &Rules, path: &Path) -> Result<(), StoreError> {
    let sql = |error: rusqlite::Error| sql_error(path, error);
    let mut select = transaction
        .prepare_cached("SELECT figures FROM cell WHERE quarter = ?1 AND unit = ?2 AND since = ?3")
        .map_err(sql)?;
    let mut upsert = transaction
        .prepare_cached("INSERT OR REPLACE INTO cell (quarter, unit, since, figures) VALUES (?1, ?2, ?3, ?4)")
        .map_err(sql)?;
    for (quarter, place, change) in delta.changes() {
        let ((unit, since), quarter) = (place_key(place, rules), quarter.to_string());
        let mut cell = change.clone();
        let stored = select
            .query_row(params![quarter, unit, since], |row| Ok(cell.add_encoded(row.get_ref(0)?.as_blob()?)))
            .optional()
            .map_err(sql)?;
        if let Some(Err(error)) = stored {
            return Err(StoreError::Damaged { at: path.display().to_string(), cause: error.into() });
        }
        upsert.execute(params![quarter, unit, since, cell.encode()]).map_err(sql)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::ledger::write_entry;
    use super::*;
    use crate::domain::{
        Body, Calendar, Digest, Entry, Fact, Field, Offset, Partition, Position, RecordKey, Revision, UnitCode,
        UnitTable,
    };
    use crate::store::ReadLedger as _;
    use crate::store::stored::ENTRY_COLUMNS;

    /// More than one leaf of records, numbered out of order.
    fn entries() -> Vec<Entry> {
        let numbers = (0..500usize).map(|number| number * 77 % 500);
        let entry = |number: usize| Entry {
            key: RecordKey::new(["/units/00004", "/units/00004x", "a"][number % 3], &format!("GS-{number}")),
            revision: Revision::FIRST,
            digest: Digest([number as u8; 32]),
            event_id: number.is_multiple_of(5).then(|| "another".into()),
            fact: Fact::Supervision {
                unit: UnitCode::new("00004").unwrap(),
                held_on: jiff::civil::date(2020, 2, 1),
                body: Body::Other,
                field: Field::Other,
                participants: number as u32,
                recommendations: [0; 3],
            },
            position: Position { partition: Partition(0), offset: Offset(number as i64) },
        };
        numbers.map(entry).collect()
    }

    fn rules() -> Rules {
        let units = include_str!("../../../config/units/hanoi.csv");
        let units = UnitTable::from_csv(units, include_str!("../../../config/units/hanoi-succession.csv")).unwrap();
        Rules::new(units, Calendar::Decree09)
    }

    fn all_of(store: &mut SqliteStore) -> Vec<Entry> {
        let mut found = Vec::new();
        let mut sink = |entry| {
            found.push(entry);
            true
        };
        store.entries(&mut sink).unwrap();
        found
    }

    #[test]
    fn a_revision_that_an_earlier_version_took_is_read_whatever_its_number() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::create(&dir.path().join("store-1.db")).unwrap();
        let entry = Entry { revision: Revision::stored(i64::MAX).unwrap(), ..entries().remove(0) };
        let span = Span { partition: Partition(0), from: None, to: NextOffset(1), read: 1, ..Span::default() };
        let batch = Batch { topic: "t".into(), spans: vec![span], entries: vec![entry.clone()], ..Batch::default() };
        store.apply(&batch, &rules()).unwrap();
        assert_eq!(all_of(&mut store), [entry]);
    }

    #[test]
    fn a_batch_that_failed_leaves_nothing_behind_for_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::create(&dir.path().join("store-1.db")).unwrap();
        let rules = rules();
        let span = Span { partition: Partition(0), from: None, to: NextOffset(500), read: 500, ..Span::default() };
        let batch = Batch { topic: "t".into(), spans: vec![span], entries: entries(), ..Batch::default() };
        let trigger = "CREATE TRIGGER refusing BEFORE INSERT ON leaf BEGIN SELECT RAISE(ABORT, 'refused'); END";
        store.connection.execute_batch(trigger).unwrap();
        let refused = store.apply(&batch, &rules);
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
        store.connection.execute_batch("DROP TRIGGER refusing").unwrap();
        assert_eq!(store.apply(&batch, &rules).unwrap()[0].applied, 500);
        let mut expected = entries();
        expected.sort_by(|a, b| a.key.cmp(&b.key));
        assert!(all_of(&mut store) == expected, "each record once, in order");
        assert_eq!(store.record_count().unwrap(), 500);
    }

    #[test]
    fn a_ledger_of_schema_version_1_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store-1.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(include_str!("001.sql")).unwrap();
        old.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        let insert = format!("INSERT INTO ledger ({ENTRY_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        for entry in entries() {
            write_entry(&mut old.prepare_cached(&insert).unwrap(), &entry).unwrap();
        }
        drop(old);

        let mut store = SqliteStore::create(&path).unwrap();
        let mut expected = entries();
        expected.sort_by(|a, b| a.key.cmp(&b.key));
        assert_eq!(all_of(&mut store), expected);
        assert_eq!(store.record_count().unwrap(), 500);
        assert_eq!(store.entry(&expected[321].key).unwrap().as_ref(), Some(&expected[321]));

        // It goes on as one that was in leaves from the start.
        let span = Span { partition: Partition(0), from: None, to: NextOffset(500), read: 500, ..Span::default() };
        let batch = Batch { topic: "t".into(), spans: vec![span], entries: entries(), ..Batch::default() };
        assert_eq!(store.apply(&batch, &rules()).unwrap()[0].duplicate, 500);
    }
}

//! The store on one machine: a SQLite file that an operator can open, query and
//! back up with tools they know.
//!
//! Entries come sorted by record, so each batch walks the ledger's tree once
//! from left to right: that is what keeps the speed flat as history grows.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::{Batch, Checkpoint, Counts, Span, StoreError, StoreReader, StoreWriter, place_key};
use crate::domain::{
    Digest, Entry, Fact, NextOffset, Offset, Partition, Position, Quarter, RecordKey, Revision, Rules, UnitCode,
};
use crate::rollup::{Cell, Delta, Verdict, verdict};

/// Each step takes a file from the version before to this one.
const MIGRATIONS: [&str; 1] = [include_str!("sqlite/001.sql")];
const VERSION: i64 = MIGRATIONS.len() as i64;
/// `gbst`, so that another program's file is not taken for a store.
const APPLICATION_ID: i64 = 0x6762_7374;
const FINGERPRINT: &str = "rules_fingerprint";
const SYNTHETIC: &str = "synthetic";

/// A store in a file.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    path: PathBuf,
    /// Of the batch that is being written.
    delta: Delta,
}

impl SqliteStore {
    /// Opens or makes the store for writing, and brings it to the newest schema.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut store = Self::open(path, flags)?;
        store.prepare_for_writing().map_err(|error| store.error(&error))?;
        store.check_version()?;
        store.migrate().map_err(|error| store.error(&error))?;
        Ok(store)
    }

    /// Opens a store for reading, beside its writer. All that it reads is of the
    /// moment of its first look: open it anew to see what came later.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing { at: path.display().to_string() });
        }
        let mut store = Self::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        if store.check_version()? == 0 {
            return Err(StoreError::Missing { at: path.display().to_string() });
        }
        // Everything that this reader reads is of one moment, whatever is committed meanwhile.
        store.connection.execute_batch("BEGIN").map_err(|error| store.error(&error))?;
        Ok(store)
    }

    fn open(path: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        let connection = Connection::open_with_flags(path, flags).map_err(|error| sql_error(path, &error))?;
        connection.set_prepared_statement_cache_capacity(32);
        let store = Self { connection, path: path.to_owned(), delta: Delta::default() };
        store.connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(|error| store.error(&error))?;
        Ok(store)
    }

    fn prepare_for_writing(&self) -> rusqlite::Result<()> {
        self.connection.pragma_update(None, "page_size", 4096)?;
        self.connection.pragma_update(None, "journal_mode", "wal")?;
        self.connection.pragma_update(None, "synchronous", "normal")?;
        self.connection.pragma_update(None, "cache_size", -32_768)?;
        self.connection.pragma_update(None, "wal_autocheckpoint", 16384)?;
        self.connection.pragma_update(None, "journal_size_limit", 134_217_728)
    }

    /// The schema version, 0 for an empty file.
    fn check_version(&mut self) -> Result<i64, StoreError> {
        let pragma = |name| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let found = pragma("user_version").map_err(|error| self.error(&error))?;
        let application = pragma("application_id").map_err(|error| self.error(&error))?;
        let at = self.path.display().to_string();
        if application != APPLICATION_ID && (found, application) != (0, 0) {
            return Err(StoreError::Damaged { at, cause: "it is a file of another program".into() });
        }
        if found > VERSION {
            return Err(StoreError::Newer { at, found, known: VERSION });
        }
        Ok(found)
    }

    fn migrate(&mut self) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        for step in &MIGRATIONS[found.unsigned_abs() as usize..] {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()
    }

    fn meta<T: rusqlite::types::FromSql>(&self, name: &str) -> Result<Option<T>, StoreError> {
        self.connection
            .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
            .optional()
            .map_err(|error| self.error(&error))
    }

    fn error(&self, error: &rusqlite::Error) -> StoreError {
        sql_error(&self.path, error)
    }

    fn damaged(&self, cause: impl Into<String>) -> StoreError {
        StoreError::Damaged { at: self.path.display().to_string(), cause: cause.into() }
    }
}

fn sql_error(path: &Path, error: &rusqlite::Error) -> StoreError {
    let at = path.display().to_string();
    let cause = error.to_string();
    // The file of shared memory does not grow on a full disk, and SQLite does not call that full.
    if error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE) {
        return StoreError::DiskFull { at };
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Damaged { at, cause },
        Some(ErrorCode::DiskFull) => StoreError::DiskFull { at },
        // An input/output error does not pass by trying again: a caller that did would hang.
        Some(
            ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure,
        ) => StoreError::Unwritable { at, cause },
        Some(_) => StoreError::Unavailable { at, cause },
        None => StoreError::Damaged { at, cause },
    }
}

impl StoreReader for SqliteStore {
    fn describe(&self) -> String {
        format!("SQLite {}", self.path.display())
    }

    fn fingerprint(&mut self) -> Result<Option<Digest>, StoreError> {
        let bytes: Option<Vec<u8>> = self.meta(FINGERPRINT)?;
        let digest = bytes.map(|bytes| bytes.try_into().map(Digest)).transpose();
        digest.map_err(|_| self.damaged("its rules have no proper fingerprint"))
    }

    fn synthetic(&mut self) -> Result<bool, StoreError> {
        Ok(self.meta::<i64>(SYNTHETIC)?.is_some())
    }

    fn checkpoints(&mut self, topic: &str) -> Result<Vec<Checkpoint>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Checkpoint>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT partition, next_offset, read, applied, duplicate, superseded, dead_lettered
                 FROM checkpoint WHERE topic = ?1 ORDER BY partition",
            )?;
            let rows = statement.query_map([topic], |row| {
                Ok(Checkpoint {
                    partition: Partition(row.get(0)?),
                    next: NextOffset(row.get(1)?),
                    counts: Counts {
                        read: row.get::<_, i64>(2)? as u64,
                        applied: row.get::<_, i64>(3)? as u64,
                        duplicate: row.get::<_, i64>(4)? as u64,
                        superseded: row.get::<_, i64>(5)? as u64,
                        dead_lettered: row.get::<_, i64>(6)? as u64,
                    },
                })
            })?;
            rows.collect()
        };
        read().map_err(|error| self.error(&error))
    }

    fn raw_cells(&mut self, quarter: Quarter, sink: &mut dyn FnMut(&str, &str, Cell)) -> Result<(), StoreError> {
        let sql = |error: rusqlite::Error| self.error(&error);
        let mut statement =
            self.connection.prepare_cached("SELECT unit, since, figures FROM cell WHERE quarter = ?1").map_err(sql)?;
        let mut rows = statement.query([quarter.to_string()]).map_err(sql)?;
        while let Some(row) = rows.next().map_err(sql)? {
            let read = || -> rusqlite::Result<_> {
                Ok((row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_blob()?))
            };
            let (unit, since, figures) = read().map_err(sql)?;
            let mut cell = Cell::default();
            cell.add_encoded(figures).map_err(|error| self.damaged(error.to_string()))?;
            sink(unit, since, cell);
        }
        Ok(())
    }

    fn quarters(&mut self) -> Result<Vec<Quarter>, StoreError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.connection.prepare_cached("SELECT DISTINCT quarter FROM cell ORDER BY quarter")?;
            statement.query_map([], |row| row.get(0))?.collect()
        };
        let names = read().map_err(|error| self.error(&error))?;
        names.iter().map(|name| name.parse().map_err(|_| self.damaged(format!("\"{name}\" is no quarter")))).collect()
    }

    fn entries(&mut self, sink: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{SELECT_LEDGER} ORDER BY source, subject"))
            .map_err(|error| self.error(&error))?;
        let mut rows = statement.query([]).map_err(|error| self.error(&error))?;
        while let Some(row) = rows.next().map_err(|error| self.error(&error))? {
            let entry = read_entry(row).map_err(|error| self.error(&error))?;
            if !sink(entry) {
                break;
            }
        }
        Ok(())
    }

    fn entry(&mut self, key: &RecordKey) -> Result<Option<Entry>, StoreError> {
        stored_entry(&self.connection, key).map_err(|error| self.error(&error))
    }

    fn earlier(&mut self, key: &RecordKey) -> Result<Vec<Entry>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Entry>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT source, subject, revision, digest, event_id, partition, log_offset, fact
                 FROM earlier_revision WHERE source = ?1 AND subject = ?2 ORDER BY revision, digest",
            )?;
            statement.query_map([key.source(), key.subject()], read_entry)?.collect()
        };
        read().map_err(|error| self.error(&error))
    }

    fn record_count(&mut self) -> Result<u64, StoreError> {
        let count = self.connection.query_row("SELECT count(*) FROM ledger", [], |row| row.get::<_, i64>(0));
        count.map(i64::unsigned_abs).map_err(|error| self.error(&error))
    }

    fn size_bytes(&mut self) -> Result<u64, StoreError> {
        let mut wal = self.path.clone().into_os_string();
        wal.push("-wal");
        let size = |path: &Path| path.metadata().map_or(0, |file| file.len());
        Ok(size(&self.path) + size(Path::new(&wal)))
    }
}

impl StoreWriter for SqliteStore {
    fn adopt(&mut self, rules: &Rules) -> Result<(), StoreError> {
        let now = rules.fingerprint();
        match self.fingerprint()? {
            None => {
                let insert = self
                    .connection
                    .execute("INSERT INTO meta (name, value) VALUES (?1, ?2)", params![FINGERPRINT, now.0]);
                insert.map(|_| ()).map_err(|error| self.error(&error))
            }
            Some(stored) if stored == now => Ok(()),
            Some(stored) => Err(StoreError::OtherRules { at: self.describe(), stored, now }),
        }
    }

    fn apply(&mut self, batch: &Batch, rules: &Rules) -> Result<Vec<Counts>, StoreError> {
        let path = self.path.clone();
        let sql = |error: rusqlite::Error| sql_error(&path, &error);
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
        for span in &batch.spans {
            fence(&transaction, &batch.topic, span, &path)?;
        }
        let mut counts: Vec<Counts> = batch
            .spans
            .iter()
            .map(|span| Counts { read: span.read, dead_lettered: span.dead_lettered, ..Counts::default() })
            .collect();
        self.delta.clear();
        settle(&transaction, batch, rules, &mut counts, &mut self.delta, &path)?;
        write_cells(&transaction, &self.delta, rules, &path)?;
        for (span, counts) in batch.spans.iter().zip(&counts) {
            advance(&transaction, &batch.topic, span, counts).map_err(sql)?;
        }
        if batch.synthetic {
            let mark = "INSERT INTO meta (name, value) VALUES (?1, 1) ON CONFLICT DO NOTHING";
            transaction.prepare_cached(mark).and_then(|mut insert| insert.execute([SYNTHETIC])).map_err(sql)?;
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
        .map_err(|error| sql_error(path, &error))?;
    if stored == span.from.map(|next| next.0) {
        return Ok(());
    }
    let show = |offset: Option<i64>| offset.map_or_else(|| "nothing".to_owned(), |offset| offset.to_string());
    Err(StoreError::Fenced {
        topic: topic.to_owned(),
        partition: span.partition,
        stored: show(stored),
        expected: show(span.from.map(|next| next.0)),
    })
}

fn advance(transaction: &Transaction<'_>, topic: &str, span: &Span, counts: &Counts) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO checkpoint (topic, partition, next_offset, read, applied, duplicate, superseded, dead_lettered)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (topic, partition) DO UPDATE SET next_offset = ?3, read = read + ?4, applied = applied + ?5,
             duplicate = duplicate + ?6, superseded = superseded + ?7, dead_lettered = dead_lettered + ?8",
        )?
        .execute(params![
            topic,
            span.partition.0,
            span.to.0,
            counts.read as i64,
            counts.applied as i64,
            counts.duplicate as i64,
            counts.superseded as i64,
            counts.dead_lettered as i64,
        ])?;
    Ok(())
}

/// Takes each entry into the ledger and gathers what that changes in the cells.
fn settle(
    transaction: &Transaction<'_>,
    batch: &Batch,
    rules: &Rules,
    counts: &mut [Counts],
    delta: &mut Delta,
    path: &Path,
) -> Result<(), StoreError> {
    let sql = |error: rusqlite::Error| sql_error(path, &error);
    let mut insert = transaction.prepare_cached(INSERT_LEDGER).map_err(sql)?;
    let mut replace = transaction.prepare_cached(REPLACE_LEDGER).map_err(sql)?;
    let mut keep_earlier = transaction.prepare_cached(INSERT_EARLIER).map_err(sql)?;
    let mut fact = Vec::with_capacity(128);
    for entry in batch.by_record() {
        let outcome = batch.spans.iter().position(|span| span.partition == entry.position.partition);
        let outcome = outcome.and_then(|index| counts.get_mut(index)).ok_or_else(|| StoreError::Damaged {
            at: path.display().to_string(),
            cause: format!("partition {} is in no span of the batch", entry.position.partition),
        })?;
        // Most records are new, and then one walk down the tree is enough.
        if write_entry(&mut insert, entry, &mut fact).map_err(sql)? == 1 {
            delta.add(&entry.fact, rules)?;
            outcome.applied += 1;
            continue;
        }
        let counting = stored_entry(transaction, &entry.key)
            .map_err(sql)?
            .ok_or(rusqlite::Error::QueryReturnedNoRows)
            .map_err(sql)?;
        match verdict(entry.rank(), Some(counting.rank())) {
            Verdict::Applied => {
                write_entry(&mut keep_earlier, &counting, &mut fact).map_err(sql)?;
                write_entry(&mut replace, entry, &mut fact).map_err(sql)?;
                delta.subtract(&counting.fact, rules)?;
                delta.add(&entry.fact, rules)?;
                outcome.applied += 1;
            }
            Verdict::Duplicate => outcome.duplicate += 1,
            Verdict::Superseded => match write_entry(&mut keep_earlier, entry, &mut fact).map_err(sql)? {
                0 => outcome.duplicate += 1,
                _ => outcome.superseded += 1,
            },
        }
    }
    Ok(())
}

fn write_cells(transaction: &Transaction<'_>, delta: &Delta, rules: &Rules, path: &Path) -> Result<(), StoreError> {
    let sql = |error: rusqlite::Error| sql_error(path, &error);
    let mut select = transaction
        .prepare_cached("SELECT figures FROM cell WHERE quarter = ?1 AND unit = ?2 AND since = ?3")
        .map_err(sql)?;
    let mut upsert = transaction
        .prepare_cached("INSERT OR REPLACE INTO cell (quarter, unit, since, figures) VALUES (?1, ?2, ?3, ?4)")
        .map_err(sql)?;
    for (place, quarter, change) in delta.changes() {
        let (unit, since) = place_key(place, rules);
        let quarter = quarter.to_string();
        let stored: Option<Vec<u8>> =
            select.query_row(params![quarter, unit, since], |row| row.get(0)).optional().map_err(sql)?;
        let mut cell = change.clone();
        if let Some(stored) = stored {
            cell.add_encoded(&stored)
                .map_err(|error| StoreError::Damaged { at: path.display().to_string(), cause: error.to_string() })?;
        }
        upsert.execute(params![quarter, unit, since, cell.encode()]).map_err(sql)?;
    }
    Ok(())
}

const SELECT_LEDGER: &str =
    "SELECT source, subject, revision, digest, event_id, partition, log_offset, fact FROM ledger";
const INSERT_LEDGER: &str = "INSERT OR IGNORE INTO ledger
    (source, subject, revision, digest, event_id, partition, log_offset, fact, kind, unit) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const REPLACE_LEDGER: &str = "REPLACE INTO ledger
    (source, subject, revision, digest, event_id, partition, log_offset, fact, kind, unit) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const INSERT_EARLIER: &str = "INSERT OR IGNORE INTO earlier_revision
    (source, subject, revision, digest, event_id, partition, log_offset, fact, kind, unit) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// Runs a statement of [`INSERT_LEDGER`]'s shape; returns the rows it changed.
fn write_entry(
    statement: &mut rusqlite::CachedStatement<'_>,
    entry: &Entry,
    fact: &mut Vec<u8>,
) -> rusqlite::Result<usize> {
    fact.clear();
    *fact = postcard::to_extend(&entry.fact, std::mem::take(fact))
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let unit = entry.fact.unit();
    statement.execute(params![
        entry.key.source(),
        entry.key.subject(),
        entry.revision.number(),
        &entry.digest.0[..],
        entry.event_id.as_deref(),
        entry.position.partition.0,
        entry.position.offset.0,
        &fact[..],
        entry.fact.kind(),
        unit.as_ref().map(UnitCode::as_str),
    ])
}

fn stored_entry(connection: &Connection, key: &RecordKey) -> rusqlite::Result<Option<Entry>> {
    let mut select = connection.prepare_cached(&format!("{SELECT_LEDGER} WHERE source = ?1 AND subject = ?2"))?;
    select.query_row([key.source(), key.subject()], read_entry).optional()
}

fn read_entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let invalid = |column: usize, problem: &str| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, problem.to_owned().into())
    };
    let text = |column: usize| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str()?);
    let fact: Fact =
        postcard::from_bytes(row.get_ref(7)?.as_blob()?).map_err(|error| invalid(7, &error.to_string()))?;
    Ok(Entry {
        key: RecordKey::new(text(0)?, text(1)?),
        revision: Revision::new(row.get(2)?).ok_or_else(|| invalid(2, "a revision below 1"))?,
        digest: Digest(row.get(3)?),
        event_id: row.get::<_, Option<String>>(4)?.map(String::into_boxed_str),
        fact,
        position: Position { partition: Partition(row.get(5)?), offset: Offset(row.get(6)?) },
    })
}

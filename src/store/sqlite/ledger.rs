//! The ledger in the file: leaves with the counting revision of every record,
//! and rows with the earlier ones.

use std::path::Path;

use rusqlite::{CachedStatement, Connection, Row, Transaction, params};

use super::leaf::{Packer, Records};
use super::sql_error;
use crate::domain::{Entry, Rules, UnitCode};
use crate::rollup::{Delta, settle};
use crate::store::stored::{ENTRY_COLUMNS, EntryRow, SELECT_ENTRY, write_fact};
use crate::store::{Batch, StoreError, Tally};

/// A leaf of the ledger: every record from its first key up to the next leaf's.
pub(super) struct Leaf {
    id: i64,
    pub(super) records: Vec<u8>,
    /// Where the next leaf begins, if there is one.
    end: Option<String>,
}

impl Leaf {
    /// The leaf that has the record of that key, or would have it.
    pub(super) fn holding(connection: &Connection, key: &str) -> rusqlite::Result<Self> {
        Self::find(&mut connection.prepare_cached(LEAF)?, key)
    }

    fn find(statement: &mut CachedStatement<'_>, key: &str) -> rusqlite::Result<Self> {
        statement.query_row([key], |row| Ok(Self { id: row.get(0)?, records: row.get(1)?, end: row.get(2)? }))
    }
}

const LEAF: &str = "SELECT id, records, (SELECT first FROM leaf WHERE first > ?1 ORDER BY first LIMIT 1)
    FROM leaf WHERE first <= ?1 ORDER BY first DESC LIMIT 1";

/// The leaves of the ledger, as a batch goes through them.
struct Leaves<'s> {
    find: CachedStatement<'s>,
    update: CachedStatement<'s>,
    insert: CachedStatement<'s>,
}

impl<'s> Leaves<'s> {
    fn of(connection: &'s Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            find: connection.prepare_cached(LEAF)?,
            update: connection.prepare_cached("UPDATE leaf SET count = ?2, records = ?3 WHERE id = ?1")?,
            insert: connection.prepare_cached("INSERT INTO leaf (first, count, records) VALUES (?1, ?2, ?3)")?,
        })
    }

    /// Writes what the packer has in the place of a leaf.
    fn write(&mut self, packer: &mut Packer, place: i64) -> rusqlite::Result<()> {
        let mut place = Some(place);
        packer.pack(|first, count, records| match place.take() {
            Some(id) => self.update.execute(params![id, count as i64, records]).map(|_| ()),
            None => self.insert.execute(params![first, count as i64, records]).map(|_| ()),
        })
    }
}

/// Takes a batch's entries into the ledger and gathers what that changes in the cells.
pub(super) struct Settling<'s> {
    pub(super) transaction: &'s Transaction<'s>,
    pub(super) batch: &'s Batch,
    pub(super) rules: &'s Rules,
    pub(super) path: &'s Path,
    pub(super) tally: &'s mut Tally,
    pub(super) delta: &'s mut Delta,
    pub(super) packer: &'s mut Packer,
}

impl Settling<'_> {
    pub(super) fn settle(mut self) -> Result<(), StoreError> {
        let (transaction, path) = (self.transaction, self.path);
        let sql = |error: rusqlite::Error| sql_error(path, &error);
        let entries = self.batch.by_record();
        let mut leaves = Leaves::of(transaction).map_err(sql)?;
        let mut rest = &entries[..];
        while let Some(first) = rest.first() {
            let leaf = Leaf::find(&mut leaves.find, first.key.text()).map_err(sql)?;
            let here = leaf.end.as_deref().map_or(rest.len(), |end| count_before(rest, end));
            let (here, later) = rest.split_at(here);
            match self.merge(&leaf, here)? {
                true => leaves.write(self.packer, leaf.id).map_err(sql)?,
                false => self.packer.clear(),
            }
            rest = later;
        }
        Ok(())
    }

    /// Merges a leaf with the entries that belong in it; whether that changes it.
    fn merge(&mut self, leaf: &Leaf, entries: &[&Entry]) -> Result<bool, StoreError> {
        let path = self.path;
        let damaged = |error: &dyn std::fmt::Display| StoreError::Damaged {
            at: path.display().to_string(),
            cause: error.to_string(),
        };
        let mut stored = Records::of(&leaf.records);
        let mut more = stored.advance().map_err(|error| damaged(&error))?;
        let mut changed = false;
        for revisions in entries.chunk_by(|a, b| a.key == b.key) {
            let key = revisions[0].key.text();
            while more && stored.key() < key {
                self.packer.keep(stored.key(), stored.body());
                more = stored.advance().map_err(|error| damaged(&error))?;
            }
            let known = more && stored.key() == key;
            let before = if known { Some(stored.entry().map_err(|error| damaged(&error))?) } else { None };
            let settled = settle(before.as_ref(), revisions, self.delta, self.rules, |entry, verdict| {
                self.tally.count(entry, verdict);
            })?;
            for earlier in settled.earlier {
                let is_new = self.keep_earlier(earlier.entry)?;
                if let Some(verdict) = earlier.verdict(is_new) {
                    self.tally.count(earlier.entry, verdict);
                }
            }
            match settled.counting {
                Some(entry) => {
                    self.packer.put(entry).map_err(|error| damaged(&error))?;
                    changed = true;
                }
                None => self.packer.keep(stored.key(), stored.body()),
            }
            if known {
                more = stored.advance().map_err(|error| damaged(&error))?;
            }
        }
        while more {
            self.packer.keep(stored.key(), stored.body());
            more = stored.advance().map_err(|error| damaged(&error))?;
        }
        Ok(changed)
    }

    /// Keeps a revision that does not count; false if it is there already.
    fn keep_earlier(&mut self, entry: &Entry) -> Result<bool, StoreError> {
        insert_earlier(self.transaction)
            .and_then(|mut insert| write_entry(&mut insert, entry))
            .map(|rows| rows > 0)
            .map_err(|error| sql_error(self.path, &error))
    }
}

/// How many of the entries, which lie in the order of their keys, come before that key: mostly a few.
fn count_before(entries: &[&Entry], end: &str) -> usize {
    let before = |entry: &&Entry| entry.key.text() < end;
    let mut reach = 1;
    while entries.get(reach).is_some_and(before) {
        reach *= 2;
    }
    let from = reach / 2;
    from + entries[from..entries.len().min(reach)].partition_point(before)
}

/// Puts every row of the ledger of schema version 1 into leaves.
pub(super) fn pack_ledger(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut rows = transaction.prepare(&format!("{SELECT_ENTRY} FROM ledger ORDER BY source, subject"))?;
    let mut rows = rows.query([])?;
    let (mut packer, mut leaves) = (Packer::default(), Leaves::of(transaction)?);
    let mut place = transaction.query_row("SELECT id FROM leaf", [], |row| row.get(0))?;
    while let Some(row) = rows.next()? {
        let entry = read_entry(row)?;
        if packer.len() == 100_000 {
            leaves.write(&mut packer, place)?;
            transaction.execute("INSERT INTO leaf (first, count, records) VALUES (?1, 0, x'')", [entry.key.text()])?;
            place = transaction.last_insert_rowid();
        }
        packer.put(&entry).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    }
    leaves.write(&mut packer, place)?;
    transaction.execute_batch("DROP TABLE ledger")
}

/// Keeps a revision that does not count, unless it is there.
pub(super) fn insert_earlier(connection: &Connection) -> rusqlite::Result<CachedStatement<'_>> {
    connection.prepare_cached(&format!(
        "INSERT OR IGNORE INTO earlier_revision ({ENTRY_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
    ))
}

/// Runs a statement that takes the columns of an entry; returns the rows it changed.
pub(super) fn write_entry(statement: &mut CachedStatement<'_>, entry: &Entry) -> rusqlite::Result<usize> {
    let fact = write_fact(&entry.fact).map_err(|cause| rusqlite::Error::ToSqlConversionFailure(cause.into()))?;
    let unit = entry.fact.unit();
    statement.execute(params![
        entry.key.source(),
        entry.key.subject(),
        entry.revision.number(),
        &entry.digest.0[..],
        entry.event_id.as_deref(),
        entry.position.partition.0,
        entry.position.offset.0,
        fact,
        entry.fact.kind(),
        unit.as_ref().map(UnitCode::as_str),
    ])
}

/// A row of [`SELECT_ENTRY`].
pub(super) fn read_entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let row = EntryRow {
        source: row.get_ref(0)?.as_str()?,
        subject: row.get_ref(1)?.as_str()?,
        revision: row.get(2)?,
        digest: row.get_ref(3)?.as_blob()?,
        event_id: row.get_ref(4)?.as_str_or_null()?,
        partition: row.get(5)?,
        log_offset: row.get(6)?,
        fact: row.get_ref(7)?.as_blob()?,
    };
    let invalid =
        |cause: String| rusqlite::Error::FromSqlConversionFailure(7, rusqlite::types::Type::Blob, cause.into());
    row.entry().map_err(invalid)
}

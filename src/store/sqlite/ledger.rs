//! The ledger in the file: leaves with the counting revision of every record,
//! and rows with the earlier ones.

use std::cmp::Ordering;
use std::path::Path;

use rusqlite::{CachedStatement, Connection, Row, Transaction, params};

use super::error::sql_error;
use super::leaf::{Leaf, LeafError, Packer, Record, Records};
use crate::domain::{Entry, Rules, UnitCode};
use crate::rollup::{Delta, settle};
use crate::store::stored::{ENTRY_COLUMNS, EntryRow, SELECT_ENTRY, write_fact};
use crate::store::{Batch, StoreError, Tally};

/// A leaf that is stored: every record from its first key up to the next leaf's.
pub(super) struct StoredLeaf {
    id: i64,
    pub(super) records: Vec<u8>,
    /// Where the next leaf begins, if there is one.
    end: Option<String>,
}

impl StoredLeaf {
    /// The leaf that has the record of that key, or would have it.
    pub(super) fn holding(connection: &Connection, key: &str) -> rusqlite::Result<Self> {
        let mut select = connection.prepare_cached(
            "SELECT id, records, (SELECT first FROM leaf WHERE first > ?1 ORDER BY first LIMIT 1)
             FROM leaf WHERE first <= ?1 ORDER BY first DESC LIMIT 1",
        )?;
        select.query_row([key], |row| Ok(Self { id: row.get(0)?, records: row.get(1)?, end: row.get(2)? }))
    }
}

/// Writes what the packer has in the place of a leaf.
fn write_leaves(connection: &Connection, packer: Packer<'_>, place: i64) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached("UPDATE leaf SET count = ?2, records = ?3 WHERE id = ?1")?;
    let mut insert = connection.prepare_cached("INSERT INTO leaf (first, count, records) VALUES (?1, ?2, ?3)")?;
    let mut place = Some(place);
    for Leaf { first, count, records } in packer.pack().map_err(unwritable)? {
        match place.take() {
            Some(id) => update.execute(params![id, count as i64, records])?,
            None => insert.execute(params![first, count as i64, records])?,
        };
    }
    Ok(())
}

fn unwritable(error: LeafError) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}

/// Takes a batch's entries into the ledger and gathers what that changes in the cells.
pub(super) struct Settling<'s> {
    pub(super) transaction: &'s Transaction<'s>,
    pub(super) batch: &'s Batch,
    pub(super) rules: &'s Rules,
    pub(super) path: &'s Path,
    pub(super) tally: &'s mut Tally,
    pub(super) delta: &'s mut Delta,
}

impl Settling<'_> {
    pub(super) fn settle(mut self) -> Result<(), StoreError> {
        let (transaction, path) = (self.transaction, self.path);
        let sql = |error: rusqlite::Error| sql_error(path, error);
        let entries = self.batch.by_record();
        let mut rest = &entries[..];
        while let Some(first) = rest.first() {
            let leaf = StoredLeaf::holding(transaction, first.key.text()).map_err(sql)?;
            let is_later = |entry: &&Entry| leaf.end.as_deref().is_some_and(|end| entry.key.text() >= end);
            let (here, later) = rest.split_at(rest.iter().position(is_later).unwrap_or(rest.len()));
            if let Some(packer) = self.merge(&leaf, here)? {
                write_leaves(transaction, packer, leaf.id).map_err(sql)?;
            }
            rest = later;
        }
        Ok(())
    }

    /// Merges a leaf with the entries that belong in it; `None` if that does not change it.
    fn merge<'l>(&mut self, leaf: &'l StoredLeaf, entries: &[&'l Entry]) -> Result<Option<Packer<'l>>, StoreError> {
        let at = self.path;
        let damaged = |error: LeafError| StoreError::Damaged { at: at.display().to_string(), cause: error.into() };
        let (mut packer, mut changed) = (Packer::default(), false);
        let mut stored = Records::of(&leaf.records).peekable();
        for revisions in entries.chunk_by(|a, b| a.key == b.key) {
            let key = revisions[0].key.text();
            let mut up_to = |most: Ordering| {
                stored
                    .next_if(|next| next.as_ref().map_or(true, |next| next.key.as_ref().cmp(key) == most))
                    .transpose()
                    .map_err(damaged)
            };
            while let Some(record) = up_to(Ordering::Less)? {
                packer.keep(record);
            }
            let known = up_to(Ordering::Equal)?;
            let before = known.as_ref().map(Record::entry).transpose().map_err(damaged)?;
            match (self.counting(before.as_ref(), revisions)?, known) {
                (Some(entry), _) => {
                    packer.put(Record::of(entry).map_err(damaged)?);
                    changed = true;
                }
                (None, known) => known.into_iter().for_each(|known| packer.keep(known)),
            }
        }
        for record in stored {
            packer.keep(record.map_err(damaged)?);
        }
        Ok(changed.then_some(packer))
    }

    /// Settles the revisions of one record: the one that counts now, or `None` if that is still the stored one.
    fn counting<'e>(
        &mut self,
        stored: Option<&Entry>,
        revisions: &[&'e Entry],
    ) -> Result<Option<&'e Entry>, StoreError> {
        let settled =
            settle(stored, revisions, self.delta, self.rules, |entry, verdict| self.tally.count(entry, verdict))?;
        for earlier in settled.earlier {
            let is_new = insert_earlier(self.transaction)
                .and_then(|mut insert| write_entry(&mut insert, earlier.entry))
                .map_err(|error| sql_error(self.path, error))?
                > 0;
            if let Some(verdict) = earlier.verdict(is_new) {
                self.tally.count(earlier.entry, verdict);
            }
        }
        Ok(settled.counting)
    }
}

/// Puts every row of the ledger of schema version 1 into leaves.
pub(super) fn pack_ledger(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut rows = transaction.prepare(&format!("{SELECT_ENTRY} FROM ledger ORDER BY source, subject"))?;
    let mut rows = rows.query([])?;
    let mut packer = Packer::default();
    let mut place = transaction.query_row("SELECT id FROM leaf", [], |row| row.get(0))?;
    while let Some(row) = rows.next()? {
        let entry = read_entry(row)?;
        if packer.len() == 100_000 {
            write_leaves(transaction, std::mem::take(&mut packer), place)?;
            transaction.execute("INSERT INTO leaf (first, count, records) VALUES (?1, 0, x'')", [entry.key.text()])?;
            place = transaction.last_insert_rowid();
        }
        packer.put(Record::of(&entry).map_err(unwritable)?.into_owned());
    }
    write_leaves(transaction, packer, place)?;
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

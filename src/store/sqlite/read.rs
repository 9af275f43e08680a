//! What is read of the file: figures, ledger, checkpoints.

use std::path::Path;

use rusqlite::OptionalExtension as _;

use super::leaf::{LeafError, Record, Records};
use super::ledger::{StoredLeaf, read_entry};
use super::{FINGERPRINT, SYNTHETIC, SqliteStore};
use crate::domain::{Digest, Entry, LogIdentity, LogKind, Position, Quarter, RecordKey};
use crate::files::{Inspected, Inspection, sqlite as sqlite_file};
use crate::rollup::Cell;
use crate::store::stored::{SELECT_CHECKPOINT, SELECT_ENTRY, SELECT_GAP, accepted_gap, checkpoint};
use crate::store::{AcceptedGap, Checkpoint, ReadCheckpoints, ReadFigures, ReadLedger, StoreError, StoreReader};

impl ReadFigures for SqliteStore {
    fn fingerprint(&mut self) -> Result<Option<Digest>, StoreError> {
        let bytes: Option<Vec<u8>> = self.meta(FINGERPRINT)?;
        let digest = bytes.map(|bytes| bytes.try_into().map(Digest)).transpose();
        digest.map_err(|_| self.damaged("its rules have no proper fingerprint"))
    }

    fn synthetic(&mut self) -> Result<bool, StoreError> {
        Ok(self.meta::<i64>(SYNTHETIC)?.is_some())
    }

    fn quarters(&mut self) -> Result<Vec<Quarter>, StoreError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            // A cell that is all zero takes no bytes.
            let select = "SELECT DISTINCT quarter FROM cell WHERE figures <> x'' ORDER BY quarter";
            let mut statement = self.connection.prepare_cached(select)?;
            statement.query_map([], |row| row.get(0))?.collect()
        };
        let names = read().map_err(|error| self.error(error))?;
        names.iter().map(|name| name.parse().map_err(|_| self.damaged(format!("\"{name}\" is no quarter")))).collect()
    }

    fn raw_cells(&mut self, quarter: Quarter, sink: &mut dyn FnMut(&str, &str, Cell)) -> Result<(), StoreError> {
        let sql = |error: rusqlite::Error| self.error(error);
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
}

impl ReadLedger for SqliteStore {
    fn entries(&mut self, sink: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError> {
        self.records(&mut |record| Ok(sink(record.entry()?)))
    }

    fn places(&mut self, sink: &mut dyn FnMut(&RecordKey, Position) -> bool) -> Result<(), StoreError> {
        self.records(&mut |record| {
            let (key, position) = record.place()?;
            Ok(sink(&key, position))
        })
    }

    fn entry(&mut self, key: &RecordKey) -> Result<Option<Entry>, StoreError> {
        let leaf = StoredLeaf::holding(&self.connection, key.text()).map_err(|error| self.error(error))?;
        for record in Records::of(&leaf.records) {
            let record = record.map_err(|error| self.damaged(error.to_string()))?;
            if record.key == key.text() {
                return record.entry().map(Some).map_err(|error| self.damaged(error.to_string()));
            }
        }
        Ok(None)
    }

    fn earlier(&mut self, key: &RecordKey) -> Result<Vec<Entry>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Entry>> {
            let mut statement = self.connection.prepare_cached(&format!(
                "{SELECT_ENTRY} FROM earlier_revision WHERE source = ?1 AND subject = ?2 ORDER BY revision, digest"
            ))?;
            statement.query_map([key.source(), key.subject()], read_entry)?.collect()
        };
        read().map_err(|error| self.error(error))
    }

    fn earlier_entries(&mut self, sink: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError> {
        let mut walk = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(&format!("{SELECT_ENTRY} FROM earlier_revision"))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if !sink(read_entry(row)?) {
                    break;
                }
            }
            Ok(())
        };
        walk().map_err(|error| self.error(error))
    }

    fn record_count(&mut self) -> Result<u64, StoreError> {
        let count =
            self.connection.query_row("SELECT coalesce(sum(count), 0) FROM leaf", [], |row| row.get::<_, i64>(0));
        count.map(i64::unsigned_abs).map_err(|error| self.error(error))
    }
}

impl ReadCheckpoints for SqliteStore {
    fn topics(&mut self) -> Result<Vec<String>, StoreError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut statement =
                self.connection.prepare_cached("SELECT DISTINCT topic FROM checkpoint ORDER BY topic")?;
            statement.query_map([], |row| row.get(0))?.collect()
        };
        read().map_err(|error| self.error(error))
    }

    fn checkpoints(&mut self, topic: &str) -> Result<Vec<Checkpoint>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Checkpoint>> {
            let select = format!("{SELECT_CHECKPOINT} FROM checkpoint WHERE topic = ?1 ORDER BY partition");
            let mut statement = self.connection.prepare_cached(&select)?;
            let rows = statement.query_map([topic], |row| {
                let numbers = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?];
                Ok(checkpoint(row.get(0)?, numbers, row.get(7)?))
            })?;
            rows.collect()
        };
        read().map_err(|error| self.error(error))
    }

    fn bound_log(&mut self) -> Result<Option<LogIdentity>, StoreError> {
        if !self.has_table("bound_log")? {
            return Ok(None);
        }
        let select = "SELECT kind, topic, topic_id, cluster_id FROM bound_log";
        let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<_> {
            Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        };
        let found = self.connection.query_row(select, [], read).optional().map_err(|error| self.error(error))?;
        let Some((kind, topic, topic_id, cluster_id)) = found else { return Ok(None) };
        let kind = LogKind::named(&kind).ok_or_else(|| self.damaged(format!("\"{kind}\" is no kind of log")))?;
        Ok(Some(LogIdentity { kind, topic, topic_id, cluster_id }))
    }

    fn gaps(&mut self) -> Result<Vec<AcceptedGap>, StoreError> {
        if !self.has_table("gap")? {
            return Ok(Vec::new());
        }
        let read = || -> rusqlite::Result<Vec<AcceptedGap>> {
            let mut statement =
                self.connection.prepare_cached(&format!("{SELECT_GAP} FROM gap ORDER BY partition, from_offset"))?;
            let rows = statement.query_map([], |row| {
                Ok(accepted_gap(row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?], row.get(4)?))
            })?;
            rows.collect()
        };
        read().map_err(|error| self.error(error))
    }
}

impl SqliteStore {
    /// Hands over what lies in the leaves.
    fn records(&self, sink: &mut dyn FnMut(Record<'_>) -> Result<bool, LeafError>) -> Result<(), StoreError> {
        let sql = |error: rusqlite::Error| self.error(error);
        let mut leaves = self.connection.prepare_cached("SELECT records FROM leaf ORDER BY first").map_err(sql)?;
        let mut rows = leaves.query([]).map_err(sql)?;
        while let Some(row) = rows.next().map_err(sql)? {
            let leaf = row.get_ref(0).and_then(|leaf| Ok(leaf.as_blob()?)).map_err(sql)?;
            for record in Records::of(leaf) {
                if !record.and_then(&mut *sink).map_err(|error| self.damaged(error.to_string()))? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Whether the file, which may be of an older version, has a table.
    pub(super) fn has_table(&self, name: &str) -> Result<bool, StoreError> {
        let select = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)";
        self.connection.query_row(select, [name], |row| row.get(0)).map_err(|error| self.error(error))
    }
}

impl StoreReader for SqliteStore {
    fn describe(&self) -> String {
        format!("SQLite {}", self.path.display())
    }

    fn inspect(&mut self, inspection: &Inspection<'_>) -> Option<Result<Inspected, StoreError>> {
        Some(sqlite_file::inspect(&self.connection, inspection).map_err(|error| self.error(error)))
    }

    fn size_bytes(&mut self) -> Result<u64, StoreError> {
        let size = |path: &Path| path.metadata().map_or(0, |file| file.len());
        Ok(size(&self.path) + size(&sqlite_file::wal_of(&self.path)))
    }
}

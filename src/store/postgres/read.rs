//! What is read of a generation: figures, ledger, checkpoints.

use std::collections::BTreeMap;

use ::postgres::Row;
use ::postgres::types::Type;

use super::{BEGIN_READING, PostgresStore, Trouble, primaries};
use crate::domain::{Digest, Entry, LogIdentity, LogKind, Offset, Partition, Position, Quarter, RecordKey};
use crate::rollup::Cell;
use crate::store::stored::{EntryRow, SELECT_CHECKPOINT, SELECT_ENTRY, SELECT_GAP, accepted_gap, checkpoint};
use crate::store::{
    AcceptedGap, Checkpoint, MissingRights, ReadCheckpoints, ReadFigures, ReadLedger, StoreError, StoreReader,
};

/// How many rows of the ledger are in memory at a time.
const ROWS_AT_A_TIME: usize = 2_000;

impl PostgresStore {
    /// Hands over the rows of a table of entries, some at a time.
    fn walk(
        &mut self,
        (select, table): (&str, &str),
        each: &mut dyn FnMut(&Row) -> Result<bool, Trouble>,
    ) -> Result<(), StoreError> {
        let declare = self.fill(&format!(
            "DECLARE entries NO SCROLL CURSOR FOR {select} FROM {{schema}}.{table}_{{n}} ORDER BY source, subject"
        ));
        let begin = if self.reading { "" } else { BEGIN_READING };
        let end = if self.reading { "CLOSE entries" } else { "ROLLBACK" };
        let fetch = format!("FETCH FORWARD {ROWS_AT_A_TIME} FROM entries");
        self.with(|client| {
            client.batch_execute(&format!("{begin};{declare}"))?;
            let mut walk = || -> Result<(), Trouble> {
                loop {
                    let rows = client.query_typed(&fetch, &[])?;
                    for row in &rows {
                        if !each(row)? {
                            return Ok(());
                        }
                    }
                    if rows.len() < ROWS_AT_A_TIME {
                        return Ok(());
                    }
                }
            };
            let walked = walk();
            let ended = client.batch_execute(end);
            walked?;
            Ok(ended?)
        })
    }

    /// Whether a quarter has a cell that is not all zero, over all slots.
    fn counts_in(&mut self, quarter: Quarter) -> Result<bool, StoreError> {
        let mut cells = BTreeMap::<(String, String), Cell>::new();
        self.raw_cells(quarter, &mut |unit, since, cell| {
            cells.entry((unit.to_owned(), since.to_owned())).or_default().add_cell(&cell);
        })?;
        Ok(cells.values().any(|cell| !cell.is_zero()))
    }

    /// Whether the generation, which may be of an older version, has a table.
    pub(super) fn has_table(&mut self, name: &str) -> Result<bool, StoreError> {
        let table = self.fill(&format!("{{schema}}.{name}_{{n}}"));
        let rows = self.rows("SELECT to_regclass($1) IS NOT NULL", &[(&table, Type::TEXT)])?;
        self.read(|| rows.first().map_or(Ok(false), |row| Ok(row.try_get(0)?)))
    }

    pub(super) fn read<T>(&self, row: impl FnOnce() -> Result<T, Trouble>) -> Result<T, StoreError> {
        row().map_err(|trouble| trouble.of(&self.schema.server))
    }
}

impl ReadFigures for PostgresStore {
    fn fingerprint(&mut self) -> Result<Option<Digest>, StoreError> {
        let (schema, generation) = (self.schema.clone(), self.found.generation);
        self.with(|client| Ok(schema.generation(client, generation)?.and_then(|found| found.rules)))
    }

    fn synthetic(&mut self) -> Result<bool, StoreError> {
        let (schema, generation) = (self.schema.clone(), self.found.generation);
        let found = self.with(|client| schema.generation(client, generation))?;
        if let Some(synthetic) = found.and_then(|found| found.synthetic) {
            return Ok(synthetic);
        }
        let rows = self.rows("SELECT EXISTS (SELECT FROM {schema}.checkpoint_{n} WHERE synthetic)", &[])?;
        self.read(|| rows.first().map_or(Ok(false), |row| Ok(row.try_get(0)?)))
    }

    fn quarters(&mut self) -> Result<Vec<Quarter>, StoreError> {
        // A cell that is all zero takes no bytes; what is in several slots may cancel out, and is summed only where a
        // quarter has nothing else.
        let rows = self.rows(
            "SELECT quarter, bool_or(slots = 1) FROM (SELECT quarter, count(*) AS slots FROM {schema}.cell_{n}
             WHERE figures <> '' GROUP BY quarter, unit, since) AS c GROUP BY quarter ORDER BY quarter",
            &[],
        )?;
        let mut quarters = Vec::new();
        for row in &rows {
            let (name, is_sure) = self.read(|| Ok((row.try_get::<_, String>(0)?, row.try_get::<_, bool>(1)?)))?;
            let quarter = name.parse().map_err(|_| self.damaged(format!("\"{name}\" is no quarter")))?;
            if is_sure || self.counts_in(quarter)? {
                quarters.push(quarter);
            }
        }
        Ok(quarters)
    }

    fn raw_cells(&mut self, quarter: Quarter, sink: &mut dyn FnMut(&str, &str, Cell)) -> Result<(), StoreError> {
        let rows = self.rows(
            "SELECT unit, since, figures FROM {schema}.cell_{n} WHERE quarter = $1 ORDER BY unit, since, slot",
            &[(&quarter.to_string(), Type::TEXT)],
        )?;
        for row in &rows {
            let read =
                || -> Result<(&str, &str, &[u8]), Trouble> { Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)) };
            let (unit, since, figures) = self.read(read)?;
            let mut cell = Cell::default();
            cell.add_encoded(figures).map_err(|error| self.damaged(error.to_string()))?;
            sink(unit, since, cell);
        }
        Ok(())
    }
}

impl ReadLedger for PostgresStore {
    fn entries(&mut self, sink: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError> {
        self.walk((SELECT_ENTRY, "ledger"), &mut |row| Ok(sink(read_entry(row)?)))
    }

    fn places(&mut self, sink: &mut dyn FnMut(&RecordKey, Position) -> bool) -> Result<(), StoreError> {
        self.walk(("SELECT source, subject, partition, log_offset", "ledger"), &mut |row| {
            let key = RecordKey::new(row.try_get(0)?, row.try_get(1)?);
            let (partition, offset) = (Partition(row.try_get(2)?), Offset(row.try_get(3)?));
            Ok(sink(&key, Position { partition, offset }))
        })
    }

    fn entry(&mut self, key: &RecordKey) -> Result<Option<Entry>, StoreError> {
        let select = format!("{SELECT_ENTRY} FROM {{schema}}.ledger_{{n}} WHERE source = $1 AND subject = $2");
        let rows = self.rows(&select, &[(&key.source(), Type::TEXT), (&key.subject(), Type::TEXT)])?;
        self.read(|| rows.first().map(read_entry).transpose())
    }

    fn earlier(&mut self, key: &RecordKey) -> Result<Vec<Entry>, StoreError> {
        let select = format!(
            "{SELECT_ENTRY} FROM {{schema}}.earlier_revision_{{n}} WHERE source = $1 AND subject = $2
             ORDER BY revision, digest"
        );
        let rows = self.rows(&select, &[(&key.source(), Type::TEXT), (&key.subject(), Type::TEXT)])?;
        self.read(|| rows.iter().map(read_entry).collect())
    }

    fn earlier_entries(&mut self, sink: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError> {
        self.walk((SELECT_ENTRY, "earlier_revision"), &mut |row| Ok(sink(read_entry(row)?)))
    }

    fn record_count(&mut self) -> Result<u64, StoreError> {
        let rows = self.rows("SELECT count(*) FROM {schema}.ledger_{n}", &[])?;
        self.read(|| rows.first().map_or(Ok(0), |row| Ok(row.try_get::<_, i64>(0)?.unsigned_abs())))
    }
}

impl ReadCheckpoints for PostgresStore {
    fn topics(&mut self) -> Result<Vec<String>, StoreError> {
        let rows = self.rows("SELECT DISTINCT topic FROM {schema}.checkpoint_{n} ORDER BY topic", &[])?;
        self.read(|| rows.iter().map(|row| Ok(row.try_get(0)?)).collect())
    }

    fn checkpoints(&mut self, topic: &str) -> Result<Vec<Checkpoint>, StoreError> {
        let rows = self.rows(&select_checkpoints(), &[(&topic, Type::TEXT)])?;
        self.read(|| rows.iter().map(read_checkpoint).collect())
    }

    fn bound_log(&mut self) -> Result<Option<LogIdentity>, StoreError> {
        if !self.has_table("bound_log")? {
            return Ok(None);
        }
        let rows = self.rows("SELECT kind, topic, topic_id, cluster_id FROM {schema}.bound_log_{n}", &[])?;
        let Some(row) = rows.first() else { return Ok(None) };
        let read = || -> Result<_, Trouble> {
            Ok((row.try_get::<_, String>(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
        };
        let (kind, topic, topic_id, cluster_id) = self.read(read)?;
        let kind = LogKind::named(&kind).ok_or_else(|| self.damaged(format!("\"{kind}\" is no kind of log")))?;
        Ok(Some(LogIdentity { kind, topic, topic_id, cluster_id }))
    }

    fn gaps(&mut self) -> Result<Vec<AcceptedGap>, StoreError> {
        if !self.has_table("gap")? {
            return Ok(Vec::new());
        }
        let select = format!("{SELECT_GAP} FROM {{schema}}.gap_{{n}} ORDER BY partition, from_offset");
        let rows = self.rows(&select, &[])?;
        let of_row = |row: &Row| -> Result<AcceptedGap, Trouble> {
            let numbers = [row.try_get(1)?, row.try_get(2)?, row.try_get(3)?];
            Ok(accepted_gap(row.try_get(0)?, numbers, row.try_get(4)?))
        };
        self.read(|| rows.iter().map(of_row).collect())
    }
}

impl StoreReader for PostgresStore {
    fn describe(&self) -> String {
        self.schema.describe(self.found.generation)
    }

    fn is_on_server(&self) -> bool {
        true
    }

    fn clock_ms(&mut self) -> Result<Option<i64>, StoreError> {
        let rows = self.rows("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint", &[])?;
        self.read(|| Ok(rows.first().map(|row| row.try_get::<_, i64>(0)).transpose()?))
    }

    fn takes_writes(&mut self) -> Result<(), StoreError> {
        let schema = self.schema.clone();
        self.with(|client| {
            schema.check_writable(client)?;
            primaries::check_alone(client, &schema.server)
        })
    }

    fn missing_rights(&mut self) -> Result<MissingRights, StoreError> {
        let rows = self.rows(
            "SELECT c.relname::text, has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
                AND has_table_privilege(c.oid, 'DELETE')
             FROM pg_catalog.pg_class c WHERE c.relnamespace = '{schema}'::regnamespace AND c.relkind = 'r'
             AND c.relname LIKE '%\\_{n}' ORDER BY 1",
            &[],
        )?;
        let tables = self.read(|| rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect())?;
        let tables: Vec<(String, bool)> = tables;
        let (count, lacking) = (tables.len(), tables.into_iter().filter(|(_, may)| !may).map(|(name, _)| name));
        let lacking: Vec<String> = lacking.collect();
        Ok(match lacking.len() {
            0 => MissingRights::None,
            all if all == count => MissingRights::OnlyReads,
            _ => MissingRights::Tables(lacking),
        })
    }

    fn size_bytes(&mut self) -> Result<u64, StoreError> {
        let rows = self.rows(
            "SELECT sum(pg_total_relation_size(name))::bigint FROM unnest(ARRAY['{schema}.ledger_{n}',
             '{schema}.earlier_revision_{n}', '{schema}.cell_{n}', '{schema}.checkpoint_{n}']::regclass[]) AS name",
            &[],
        )?;
        self.read(|| rows.first().map_or(Ok(0), |row| Ok(row.try_get::<_, i64>(0)?.unsigned_abs())))
    }
}

/// Reads the checkpoints of a topic.
pub(super) fn select_checkpoints() -> String {
    format!("{SELECT_CHECKPOINT} FROM {{schema}}.checkpoint_{{n}} WHERE topic = $1 ORDER BY partition")
}

/// A row of [`select_checkpoints`].
pub(super) fn read_checkpoint(row: &Row) -> Result<Checkpoint, Trouble> {
    let number = |column: usize| row.try_get::<_, i64>(column);
    let numbers = [number(1)?, number(2)?, number(3)?, number(4)?, number(5)?, number(6)?];
    Ok(checkpoint(row.try_get(0)?, numbers, row.try_get(7)?))
}

/// A row of [`SELECT_ENTRY`].
pub(super) fn read_entry(row: &Row) -> Result<Entry, Trouble> {
    let row = EntryRow {
        source: row.try_get(0)?,
        subject: row.try_get(1)?,
        revision: row.try_get(2)?,
        digest: row.try_get(3)?,
        event_id: row.try_get(4)?,
        partition: row.try_get(5)?,
        log_offset: row.try_get(6)?,
        fact: row.try_get(7)?,
    };
    row.entry().map_err(|cause| {
        let at = format!("record {} {}", row.source, row.subject);
        StoreError::Damaged { at, cause: cause.into() }.into()
    })
}

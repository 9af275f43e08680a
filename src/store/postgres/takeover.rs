//! Another store taken over whole, in one transaction: until that is committed
//! nothing of it is there, whatever ends the process, the connection or the server.

use ::postgres::types::{ToSql, Type};

use super::apply::INSERT_GAP;
use super::copy::{Copying, trouble};
use super::{DURABLE, PostgresStore, Schema, Trouble};
use crate::domain::{Entry, Rules};
use crate::rollup::Delta;
use crate::store::stored::{ENTRY_COLUMNS, count_columns, place_key};
use crate::store::{AcceptedGap, NoteHeld as _, StoreError, StoreReader, StoreWriter as _};

/// Reading the other store, and comparing, takes the time that it takes.
const SETTINGS: &str = "SET LOCAL lock_timeout = '30s'; SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0";

/// Hands every entry to a sink that says whether to go on.
type Walk<'w> = dyn FnMut(&mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError> + 'w;

/// The generation in force while it takes over another store.
pub struct Takeover {
    store: PostgresStore,
}

impl Takeover {
    /// Opens or makes the generation in force, and keeps those who write it away until the end.
    pub fn begin(schema: &Schema) -> Result<Self, StoreError> {
        let mut store = schema.create()?;
        let opened = store.found.generation;
        let guard = schema.guard("pg_advisory_xact_lock", opened);
        let now = store.with(|client| {
            client.batch_execute(&format!("BEGIN; {SETTINGS}; {DURABLE}; {guard}"))?;
            schema.in_force(client)
        })?;
        if now.is_none_or(|now| now.generation != opened) {
            return Err(StoreError::Switched { at: store.describe() });
        }
        // From here on a lost connection is the end of the transaction.
        store.reading = true;
        Ok(Self { store })
    }

    /// What the transaction sees: what is there, and what was taken over.
    pub fn store(&mut self) -> &mut dyn StoreReader {
        &mut self.store
    }

    /// Takes over records, earlier revisions and checkpoints; the figures are recounted from the
    /// records. Reports after each record how many it was.
    pub fn take(
        &mut self,
        from: &mut dyn StoreReader,
        rules: &Rules,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), StoreError> {
        self.store.adopt(rules, from.synthetic()?)?;
        let (mut delta, mut taken) = (Delta::default(), 0);
        self.copy("ledger", &mut |put| from.entries(put), &mut |entry| {
            taken += 1;
            progress(taken);
            Ok(delta.add(&entry.fact, rules)?)
        })?;
        self.copy("earlier_revision", &mut |put| from.earlier_entries(put), &mut |_| {
            taken += 1;
            progress(taken);
            Ok(())
        })?;
        self.cells(&delta, rules)?;
        for topic in from.topics()? {
            self.checkpoints(&topic, from)?;
            for held in from.held(&topic)? {
                self.store.hold(&topic, &held)?;
            }
            for accepted in from.accepted(&topic)? {
                self.store.accept(&topic, &accepted)?;
            }
        }
        if let Some(log) = from.bound_log()? {
            self.store.rebind(&log)?;
        }
        for AcceptedGap { gap, at_ms, by } in from.gaps()? {
            self.execute(
                INSERT_GAP,
                &[
                    (&gap.partition.0, Type::INT4),
                    (&gap.from.0, Type::INT8),
                    (&gap.to.0, Type::INT8),
                    (&at_ms, Type::INT8),
                    (&by, Type::TEXT),
                ],
            )?;
        }
        Ok(())
    }

    /// Makes it what is in force, for everyone, at once.
    pub fn commit(mut self) -> Result<(), StoreError> {
        self.store.with(|client| Ok(client.batch_execute("COMMIT")?))
    }

    fn copy(
        &mut self,
        table: &str,
        walk: &mut Walk<'_>,
        each: &mut dyn FnMut(&Entry) -> Result<(), Trouble>,
    ) -> Result<(), StoreError> {
        let at = self.store.describe();
        let sql =
            self.store.fill(&format!("COPY {{schema}}.{table}_{{n}} ({ENTRY_COLUMNS}) FROM STDIN (FORMAT binary)"));
        self.store.with(|client| {
            let statement = client.prepare(&sql)?;
            let mut copying = Copying::to(client.copy_in(&statement)?);
            let mut failed = None;
            walk(&mut |entry| {
                let put = copying.put(&entry).map_err(|error| trouble(error, at.clone()));
                failed = put.and_then(|()| each(&entry)).err();
                failed.is_none()
            })?;
            if let Some(trouble) = failed {
                return Err(trouble);
            }
            copying.end().map_err(|error| trouble(error, at.clone()))?.finish()?;
            Ok(())
        })
    }

    fn cells(&mut self, delta: &Delta, rules: &Rules) -> Result<(), StoreError> {
        let (mut quarters, mut units, mut sinces, mut figures) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (quarter, place, cell) in delta.changes() {
            let (unit, since) = place_key(place, rules);
            quarters.push(quarter.to_string());
            units.push(unit);
            sinces.push(since);
            figures.push(cell.encode());
        }
        self.execute(
            "INSERT INTO {schema}.cell_{n} (quarter, unit, since, slot, figures)
             SELECT quarter, unit, since, 0, figures
             FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) AS r(quarter, unit, since, figures)",
            &[
                (&quarters, Type::TEXT_ARRAY),
                (&units, Type::TEXT_ARRAY),
                (&sinces, Type::TEXT_ARRAY),
                (&figures, Type::BYTEA_ARRAY),
            ],
        )
    }

    fn checkpoints(&mut self, topic: &str, from: &mut dyn StoreReader) -> Result<(), StoreError> {
        for checkpoint in from.checkpoints(topic)? {
            let columns = count_columns(&checkpoint.counts);
            self.execute(
                "INSERT INTO {schema}.checkpoint_{n}
                 (topic, partition, next_offset, read, applied, duplicate, superseded, dead_lettered,
                  last_timestamp_ms)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                &[
                    (&topic, Type::TEXT),
                    (&checkpoint.partition.0, Type::INT4),
                    (&checkpoint.next.0, Type::INT8),
                    (&columns[0], Type::INT8),
                    (&columns[1], Type::INT8),
                    (&columns[2], Type::INT8),
                    (&columns[3], Type::INT8),
                    (&columns[4], Type::INT8),
                    (&checkpoint.last_timestamp_ms, Type::INT8),
                ],
            )?;
        }
        Ok(())
    }

    fn execute(&mut self, sql: &str, parameters: &[(&(dyn ToSql + Sync), Type)]) -> Result<(), StoreError> {
        let sql = self.store.fill(sql);
        self.store.with(|client| Ok(client.execute_typed(&sql, parameters).map(|_| ())?))
    }
}

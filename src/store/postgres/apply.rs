//! One batch in one transaction.
//!
//! Locks are taken in one order by every worker, so that none can wait in a
//! circle: generation, checkpoints by partition, records that were there by key, new
//! records by key, a slot of cells. A new record waits for nobody who only looked one up.

use ::postgres::error::SqlState;
use ::postgres::types::{ToSql, Type};
use ::postgres::{Client, IsolationLevel, Transaction};
use rustc_hash::{FxHashMap, FxHashSet};

use super::copy::{Columns, Copying, ROWS, trouble};
use super::read::read_entry;
use super::schema::{Found, Schema, VERSION};
use super::{DURABLE, Trouble, fill, primaries};
use crate::domain::{Entry, NextOffset, Revision, Rules};
use crate::rollup::{Delta, Earlier, settle};
use crate::store::stored::{ENTRY_COLUMNS, SELECT_ENTRY, count_columns, place_key};
use crate::store::timelines::Timelines;
use crate::store::{AcceptedGap, Batch, Counts, Span, StoreError, Tally};

/// Every look-up is by key: a plan that reads a whole table would slow down as history grows. While the server waits
/// for rows of a COPY no limit of its own holds: a worker whose machine is gone is found out by the connection.
const SETTINGS: &str = "SET LOCAL statement_timeout = '5min'; SET LOCAL lock_timeout = '30s';
    SET LOCAL idle_in_transaction_session_timeout = '60s'; SET LOCAL tcp_keepalives_idle = 30;
    SET LOCAL tcp_keepalives_interval = 10; SET LOCAL tcp_keepalives_count = 3; SET LOCAL jit = off;
    SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off";
/// Keeps a gap.
pub(super) const INSERT_GAP: &str = "INSERT INTO {schema}.gap_{n}
    (partition, from_offset, to_offset, accepted_at_ms, accepted_by) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (partition, from_offset) DO UPDATE SET to_offset = excluded.to_offset,
    accepted_at_ms = excluded.accepted_at_ms, accepted_by = excluded.accepted_by";
/// So many workers write cells at the same time; more wait for one another.
const SLOTS: i32 = 64;

/// Which records of a batch are looked up before they are written.
///
/// A look-up costs the server nearly as much as writing the record, and a first revision is hardly ever there already:
/// it is only where an event was sent twice, or overtaken by its correction. So it is written as a new record without
/// a look, and the primary key turns the whole batch away if it was there after all. That batch and those that follow
/// are then looked up whole, until some have had no such record: a log full of repeats does not write each batch twice,
/// and where repeats are rare at most one batch in five leaves dead rows for the server to clean up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LookUp {
    /// So many batches are still looked up whole.
    whole: u32,
}

impl LookUp {
    const WHOLE: u32 = 4;

    /// A batch was turned away, by a record that was there or by another worker.
    pub(super) fn turned_away(&mut self) {
        self.whole = Self::WHOLE;
    }

    /// A batch was written. `repeats`: its look-up found a record of which only the first revision came.
    fn written(&mut self, repeats: bool) {
        self.whole = if repeats { Self::WHOLE } else { self.whole.saturating_sub(1) };
    }

    fn is_whole(self) -> bool {
        self.whole > 0
    }
}

/// Whether a batch met with what another worker wrote, or with a record that was not looked up, so that it is worth
/// another try at once.
pub(super) fn meets_another(code: &SqlState) -> bool {
    [SqlState::UNIQUE_VIOLATION, SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code)
}

/// Writes a batch. Nothing of it if that fails, but whether a commit whose answer was lost has happened is unknown.
pub(super) fn apply(
    client: &mut Client,
    (schema, found, timelines): (&Schema, Found, Option<&Timelines>),
    batch: &Batch,
    rules: &Rules,
    look_up: &mut LookUp,
) -> Result<Vec<Counts>, Trouble> {
    let mut tally = Tally::of(batch, || schema.describe(found.generation))?;
    let mut delta = Delta::default();
    let transaction = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start()?;
    let mut writing = Writing { transaction, schema, found };
    primaries::check(&mut writing.transaction, &schema.server, timelines)?;
    writing.generation(rules)?;
    writing.fence(batch)?;
    let entries = batch.by_record();
    let records: Vec<&[&Entry]> = entries.chunk_by(|a, b| a.key == b.key).collect();
    let Stored { entries: stored, repeats } = writing.stored(&records, *look_up)?;
    let (mut fresh, mut replaced, mut earlier) = (Vec::new(), Vec::new(), Vec::new());
    for (revisions, stored) in records.iter().zip(&stored) {
        let settled =
            settle(stored.as_ref(), revisions, &mut delta, rules, |entry, verdict| tally.count(entry, verdict))?;
        match stored {
            None => fresh.extend(settled.counting),
            Some(_) => replaced.extend(settled.counting),
        }
        earlier.extend(settled.earlier);
    }
    writing.insert(&fresh)?;
    writing.replace(&replaced)?;
    writing.keep(&earlier, &mut tally)?;
    let counts = tally.into_counts();
    writing.cells(&delta, rules)?;
    writing.advance(batch, &counts)?;
    writing.gaps(&batch.gaps)?;
    writing.transaction.commit()?;
    look_up.written(repeats);
    Ok(counts)
}

/// What the ledger has of a batch's records.
struct Stored {
    /// For each record in their order; `None` also where it was not looked up.
    entries: Vec<Option<Entry>>,
    /// Whether a record is there of which only the first revision came.
    repeats: bool,
}

struct Writing<'c> {
    transaction: Transaction<'c>,
    schema: &'c Schema,
    found: Found,
}

type Parameter<'p> = (&'p (dyn ToSql + Sync), Type);

impl Writing<'_> {
    fn fill(&self, sql: &str) -> String {
        fill(self.schema, self.found.generation, sql)
    }

    fn query(&mut self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<::postgres::Row>, Trouble> {
        Ok(self.transaction.query_typed(&self.fill(sql), parameters)?)
    }

    fn execute(&mut self, sql: &str, parameters: &[Parameter<'_>]) -> Result<u64, Trouble> {
        Ok(self.transaction.execute_typed(&self.fill(sql), parameters)?)
    }

    /// Whether this generation still is what it was at the opening, and stays so until the end.
    fn generation(&mut self, rules: &Rules) -> Result<(), Trouble> {
        let (schema, opened) = (self.schema, self.found);
        let guard = schema.guard("pg_advisory_xact_lock_shared", opened.generation);
        // A statement of its own, so that the next sees what was committed while this one waited.
        self.transaction.batch_execute(&format!("{SETTINGS}; {DURABLE}; {guard}"))?;
        let now = schema.generation(&mut self.transaction, opened.generation)?;
        let at = schema.describe(opened.generation);
        match now {
            Some(now) if now.in_force != opened.in_force => Err(StoreError::Switched { at }.into()),
            None => Err(StoreError::Switched { at }.into()),
            Some(now) if now.version > VERSION => Ok(schema.check_version(now)?),
            Some(now) => match now.rules {
                Some(stored) if stored != rules.fingerprint() => {
                    Err(StoreError::OtherRules { at, stored, now: rules.fingerprint() }.into())
                }
                _ => Ok(()),
            },
        }
    }

    /// Turns a batch away that does not start where the store is, and keeps others from its partitions.
    fn fence(&mut self, batch: &Batch) -> Result<(), Trouble> {
        let (new, known): (Vec<&Span>, Vec<&Span>) = batch.spans.iter().partition(|span| span.from.is_none());
        let mut inserted: FxHashSet<i32> = FxHashSet::default();
        if !new.is_empty() {
            // A row that is not there cannot be locked: of two who start a partition, one makes it.
            let (partitions, to) = columns(&new);
            let rows = self.query(
                "INSERT INTO {schema}.checkpoint_{n}
                 (topic, partition, next_offset, read, applied, duplicate, superseded, dead_lettered)
                 SELECT $1, partition, next_offset, 0, 0, 0, 0, 0
                 FROM unnest($2::integer[], $3::bigint[]) AS r(partition, next_offset) ORDER BY partition
                 ON CONFLICT DO NOTHING RETURNING partition",
                &[(&batch.topic, Type::TEXT), (&partitions, Type::INT4_ARRAY), (&to, Type::INT8_ARRAY)],
            )?;
            for row in rows {
                inserted.insert(row.try_get(0)?);
            }
        }
        let others: Vec<&Span> =
            known.into_iter().chain(new.into_iter().filter(|span| !inserted.contains(&span.partition.0))).collect();
        if others.is_empty() {
            return Ok(());
        }
        let (partitions, _) = columns(&others);
        let rows = self.query(
            "SELECT partition, next_offset FROM {schema}.checkpoint_{n}
             WHERE topic = $1 AND partition = ANY ($2) ORDER BY partition FOR UPDATE",
            &[(&batch.topic, Type::TEXT), (&partitions, Type::INT4_ARRAY)],
        )?;
        let mut stored: FxHashMap<i32, i64> = FxHashMap::default();
        for row in rows {
            stored.insert(row.try_get(0)?, row.try_get(1)?);
        }
        for span in others {
            let stored = stored.get(&span.partition.0).copied().map(NextOffset);
            // Those that nothing was known of were not to be there.
            if stored != span.from || span.from.is_none() {
                return Err(span.fenced(&batch.topic, stored).into());
            }
        }
        Ok(())
    }

    /// What counts of each record until now, as far as it is looked up, and keeps others from changing it.
    fn stored(&mut self, records: &[&[&Entry]], look_up: LookUp) -> Result<Stored, Trouble> {
        let mut stored = Stored { entries: records.iter().map(|_| None).collect(), repeats: false };
        let only_first = |revisions: &[&Entry]| revisions.iter().all(|entry| entry.revision == Revision::FIRST);
        let is_wanted = |index: &usize| look_up.is_whole() || !only_first(records[*index]);
        let wanted: Vec<usize> = (0..records.len()).filter(is_wanted).collect();
        if wanted.is_empty() {
            return Ok(stored);
        }
        let sources: Vec<&str> = wanted.iter().map(|index| records[*index][0].key.source()).collect();
        let subjects: Vec<&str> = wanted.iter().map(|index| records[*index][0].key.subject()).collect();
        // By LATERAL the rows are looked up, and locked, in the order of the keys.
        let rows = self.query(
            &format!(
                "SELECT l.*, k.place FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(source, subject, place),
                 LATERAL ({SELECT_ENTRY} FROM {{schema}}.ledger_{{n}} AS t
                          WHERE t.source = k.source AND t.subject = k.subject FOR UPDATE) AS l"
            ),
            &[(&sources, Type::TEXT_ARRAY), (&subjects, Type::TEXT_ARRAY)],
        )?;
        for row in &rows {
            let place: i64 = row.try_get(8)?;
            if let Some(index) = wanted.get(place.unsigned_abs() as usize - 1) {
                stored.entries[*index] = Some(read_entry(row)?);
                stored.repeats |= only_first(records[*index]);
            }
        }
        Ok(stored)
    }

    fn insert(&mut self, fresh: &[&Entry]) -> Result<(), Trouble> {
        if fresh.is_empty() {
            return Ok(());
        }
        let sql = self.fill(&format!("COPY {{schema}}.ledger_{{n}} ({ENTRY_COLUMNS}) FROM STDIN (FORMAT binary)"));
        // The driver gives this one a name; it goes out of use within the transaction.
        let statement = self.transaction.prepare(&sql)?;
        let mut copying = Copying::to(self.transaction.copy_in(&statement)?);
        let copied = fresh.iter().try_for_each(|entry| copying.put(entry)).and_then(|()| copying.end());
        copied.map_err(|error| trouble(error, self.schema.describe(self.found.generation)))?.finish()?;
        Ok(())
    }

    fn replace(&mut self, replaced: &[&Entry]) -> Result<(), Trouble> {
        if replaced.is_empty() {
            return Ok(());
        }
        let columns = Columns::of(replaced.iter().copied())?;
        self.execute(
            &format!(
                "UPDATE {{schema}}.ledger_{{n}} AS l SET revision = r.revision, digest = r.digest,
                 event_id = r.event_id, partition = r.partition, log_offset = r.log_offset, fact = r.fact,
                 kind = r.kind, unit = r.unit
                 FROM {ROWS} WHERE l.source = r.source AND l.subject = r.subject"
            ),
            &columns.parameters(),
        )?;
        Ok(())
    }

    /// Keeps revisions that do not count, unless they are kept already, and counts the verdicts that hang on that.
    fn keep(&mut self, earlier: &[Earlier<'_>], tally: &mut Tally) -> Result<(), Trouble> {
        if earlier.is_empty() {
            return Ok(());
        }
        let columns = Columns::of(earlier.iter().map(|earlier| earlier.entry))?;
        // Nobody else can keep one of these: the record's row is locked, or made in this transaction.
        let rows = self.query(
            &format!(
                "INSERT INTO {{schema}}.earlier_revision_{{n}} ({ENTRY_COLUMNS}) SELECT {ENTRY_COLUMNS} FROM {ROWS}
                 ON CONFLICT DO NOTHING RETURNING source, subject, revision, digest"
            ),
            &columns.parameters(),
        )?;
        let mut new: FxHashSet<(&str, &str, i64, &[u8])> = FxHashSet::default();
        for row in &rows {
            new.insert((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?));
        }
        for earlier in earlier {
            let entry = earlier.entry;
            let of = (entry.key.source(), entry.key.subject(), entry.revision.number(), &entry.digest.0[..]);
            if let Some(verdict) = earlier.verdict(new.contains(&of)) {
                tally.count(entry, verdict);
            }
        }
        Ok(())
    }

    fn cells(&mut self, delta: &Delta, rules: &Rules) -> Result<(), Trouble> {
        let changes = delta.changes();
        if changes.is_empty() {
            return Ok(());
        }
        let quarters: Vec<String> = changes.iter().map(|(quarter, ..)| quarter.to_string()).collect();
        let places = changes.iter().map(|(_, place, _)| place_key(*place, rules));
        let (units, sinces): (Vec<String>, Vec<String>) = places.unzip();
        let slot = self.slot()?;
        let keys = [
            (&quarters as &(dyn ToSql + Sync), Type::TEXT_ARRAY),
            (&units, Type::TEXT_ARRAY),
            (&sinces, Type::TEXT_ARRAY),
        ];
        let rows = self.query(
            "SELECT k.place, c.figures
             FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k(quarter, unit, since, place)
             JOIN {schema}.cell_{n} AS c
             ON c.quarter = k.quarter AND c.unit = k.unit AND c.since = k.since AND c.slot = $4",
            &[&keys[..], &[(&slot, Type::INT4)]].concat(),
        )?;
        let mut stored: FxHashMap<i64, &[u8]> = FxHashMap::default();
        for row in &rows {
            stored.insert(row.try_get(0)?, row.try_get(1)?);
        }
        let mut figures = Vec::with_capacity(changes.len());
        for (index, (_, _, change)) in changes.into_iter().enumerate() {
            let mut cell = change.clone();
            if let Some(stored) = stored.get(&(index as i64 + 1)) {
                let at = self.schema.describe(self.found.generation);
                cell.add_encoded(stored).map_err(|error| StoreError::Damaged { at, cause: error.into() })?;
            }
            figures.push(cell.encode());
        }
        self.execute(
            "INSERT INTO {schema}.cell_{n} (quarter, unit, since, slot, figures)
             SELECT quarter, unit, since, $4, figures
             FROM unnest($1::text[], $2::text[], $3::text[], $5::bytea[]) AS r(quarter, unit, since, figures)
             ON CONFLICT (quarter, unit, since, slot) DO UPDATE SET figures = EXCLUDED.figures",
            &[&keys[..], &[(&slot, Type::INT4), (&figures, Type::BYTEA_ARRAY)]].concat(),
        )?;
        Ok(())
    }

    /// A slot of cells that nobody else writes until the end of the transaction: the first that is free.
    fn slot(&mut self) -> Result<i32, Trouble> {
        let free = self.query(
            "SELECT slot FROM generate_series(0, $1 - 1) AS slot
             WHERE pg_try_advisory_xact_lock('{schema}.cell_{n}'::regclass::oid::integer, slot) LIMIT 1",
            &[(&SLOTS, Type::INT4)],
        )?;
        if let Some(row) = free.first() {
            return Ok(row.try_get(0)?);
        }
        // Whoever has it is about to commit, and waits for nothing.
        self.query("SELECT pg_advisory_xact_lock('{schema}.cell_{n}'::regclass::oid::integer, 0)", &[])?;
        Ok(0)
    }

    fn advance(&mut self, batch: &Batch, counts: &[Counts]) -> Result<(), Trouble> {
        let (partitions, to) = columns(&batch.spans.iter().collect::<Vec<_>>());
        let column = |index: usize| counts.iter().map(|counts| count_columns(counts)[index]).collect::<Vec<i64>>();
        self.execute(
            "UPDATE {schema}.checkpoint_{n} AS c SET next_offset = r.next_offset, read = c.read + r.read,
             applied = c.applied + r.applied, duplicate = c.duplicate + r.duplicate,
             superseded = c.superseded + r.superseded, dead_lettered = c.dead_lettered + r.dead_lettered,
             last_timestamp_ms = r.last_timestamp_ms
             FROM unnest($2::integer[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
                         $9::bigint[])
             AS r(partition, next_offset, read, applied, duplicate, superseded, dead_lettered, last_timestamp_ms)
             WHERE c.topic = $1 AND c.partition = r.partition",
            &[
                (&batch.topic, Type::TEXT),
                (&partitions, Type::INT4_ARRAY),
                (&to, Type::INT8_ARRAY),
                (&column(0), Type::INT8_ARRAY),
                (&column(1), Type::INT8_ARRAY),
                (&column(2), Type::INT8_ARRAY),
                (&column(3), Type::INT8_ARRAY),
                (&column(4), Type::INT8_ARRAY),
                (&batch.spans.iter().map(|span| span.last_timestamp_ms).collect::<Vec<_>>(), Type::INT8_ARRAY),
            ],
        )?;
        Ok(())
    }

    fn gaps(&mut self, gaps: &[AcceptedGap]) -> Result<(), Trouble> {
        for AcceptedGap { gap, at_ms, by } in gaps {
            self.execute(
                INSERT_GAP,
                &[
                    (&gap.partition.0, Type::INT4),
                    (&gap.from.0, Type::INT8),
                    (&gap.to.0, Type::INT8),
                    (at_ms, Type::INT8),
                    (by, Type::TEXT),
                ],
            )?;
        }
        Ok(())
    }
}

/// Partitions, and where the store is afterwards.
fn columns(spans: &[&Span]) -> (Vec<i32>, Vec<i64>) {
    spans.iter().map(|span| (span.partition.0, span.to.0)).unzip()
}

#[cfg(test)]
mod tests {
    use super::LookUp;

    #[test]
    fn batches_are_looked_up_whole_for_a_while_after_a_repeat() {
        let mut look_up = LookUp::default();
        let whole_until = |look_up: &mut LookUp| {
            (0..).find(|_| {
                let whole = look_up.is_whole();
                look_up.written(false);
                !whole
            })
        };
        assert_eq!(whole_until(&mut look_up), Some(0), "nothing is expected at first");
        look_up.turned_away();
        assert_eq!(whole_until(&mut look_up), Some(4));
        look_up.turned_away();
        look_up.written(false);
        look_up.written(true);
        assert_eq!(whole_until(&mut look_up), Some(4), "a repeat that was found begins it anew");
    }
}

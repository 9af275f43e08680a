//! The store of several workers: a schema in a PostgreSQL database.
//!
//! A batch is one transaction of a dozen statements, whatever its size, and
//! never row by row. Every statement is sent unnamed, and what has to be kept
//! between two lives in the transaction, so that a connection pooler may stand
//! before the server in whichever mode.

mod apply;
mod copy;
mod schema;
mod server;
mod settle;
mod takeover;

pub use schema::Schema;
pub use server::{Server, is_url, masked};
pub use takeover::Takeover;

use ::postgres::types::Type;
use ::postgres::{Client, Row};

use super::data_dir::Generation;
use super::{Batch, Checkpoint, Counts, StoreError, StoreReader, StoreWriter};
use crate::domain::{
    Digest, Entry, Fact, NextOffset, Offset, Partition, Position, Quarter, RecordKey, Revision, Rules,
};
use crate::rollup::{Cell, Delta, NotInTable};
use apply::LookUp;
use schema::{Found, number};

/// A transaction that sees one moment, on whatever server.
const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '5min'";
/// How many rows of the ledger are in memory at a time.
const ROWS_AT_A_TIME: usize = 2_000;
/// How often a batch is tried that met with another worker's.
const TRIES: u32 = 10;

/// A generation of the store in a schema.
pub struct PostgresStore {
    schema: Schema,
    found: Found,
    /// `None` after the connection was lost, until the next call.
    client: Option<Client>,
    /// Within one transaction, from the opening on.
    reading: bool,
    /// Of the batch that is being written.
    delta: Delta,
    look_up: LookUp,
}

/// What ends a statement or a batch.
enum Trouble {
    Sql(::postgres::Error),
    Store(StoreError),
}

impl From<::postgres::Error> for Trouble {
    fn from(error: ::postgres::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<NotInTable> for Trouble {
    fn from(error: NotInTable) -> Self {
        Self::Store(error.into())
    }
}

impl Trouble {
    fn of(self, server: &Server) -> StoreError {
        match self {
            Self::Sql(error) => server.error(&error),
            Self::Store(error) => error,
        }
    }
}

impl PostgresStore {
    fn new(schema: Schema, found: Found, client: Client, reading: bool) -> Self {
        Self { schema, found, client: Some(client), reading, delta: Delta::default(), look_up: LookUp::default() }
    }

    /// Which generation it is.
    pub fn generation(&self) -> Generation {
        self.found.generation
    }

    /// Puts the names of schema and tables into a statement: `{ledger}`, `{n}`.
    fn fill(&self, sql: &str) -> String {
        fill(&self.schema, self.found.generation, sql)
    }

    /// Does something on the connection, which is made anew if it was lost.
    fn with<T>(&mut self, act: impl FnOnce(&mut Client) -> Result<T, Trouble>) -> Result<T, StoreError> {
        let server = &self.schema.server;
        let mut client = match self.client.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            // What it has read was of a moment that is gone.
            None if self.reading => return Err(lost(server)),
            None => server.connect().map_err(passing)?,
        };
        let result = act(&mut client);
        // A failure without a word of the server leaves the connection in an unknown state.
        let broken = matches!(&result, Err(Trouble::Sql(error)) if error.code().is_none());
        if !broken && !client.is_closed() {
            self.client = Some(client);
        }
        result.map_err(|trouble| trouble.of(server))
    }

    fn rows(
        &mut self,
        sql: &str,
        parameters: &[(&(dyn ::postgres::types::ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, StoreError> {
        let sql = self.fill(sql);
        self.with(|client| Ok(client.query_typed(&sql, parameters)?))
    }

    /// Hands over the rows of a table of entries, some at a time.
    fn walk(&mut self, table: &str, sink: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError> {
        let declare = self.fill(&format!(
            "DECLARE entries NO SCROLL CURSOR FOR {SELECT_ENTRY} FROM {{schema}}.{table}_{{n}} ORDER BY source, subject"
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
                        if !sink(read_entry(row)?) {
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

    fn read<T>(&self, row: impl FnOnce() -> Result<T, Trouble>) -> Result<T, StoreError> {
        row().map_err(|trouble| trouble.of(&self.schema.server))
    }

    fn damaged(&self, cause: impl Into<String>) -> StoreError {
        StoreError::Damaged { at: self.describe(), cause: cause.into() }
    }
}

fn fill(schema: &Schema, generation: Generation, sql: &str) -> String {
    schema.fill(sql).replace("{n}", &generation.0.to_string())
}

fn lost(server: &Server) -> StoreError {
    StoreError::Unavailable { at: server.to_string(), cause: "the connection was lost".into() }
}

/// In the middle of work a server that is away may come back; at the start it is told by its name.
fn passing(error: StoreError) -> StoreError {
    match error {
        StoreError::Unreachable { at, cause } | StoreError::Crowded { at, cause } => {
            StoreError::Unavailable { at, cause }
        }
        other => other,
    }
}

impl StoreReader for PostgresStore {
    fn describe(&self) -> String {
        self.schema.describe(self.found.generation)
    }

    fn is_on_server(&self) -> bool {
        true
    }

    fn fingerprint(&mut self) -> Result<Option<Digest>, StoreError> {
        let (schema, generation) = (self.schema.clone(), self.found.generation);
        self.with(|client| Ok(schema.generation(client, generation)?.and_then(|found| found.rules)))
    }

    fn synthetic(&mut self) -> Result<bool, StoreError> {
        let rows = self.rows("SELECT EXISTS (SELECT FROM {schema}.checkpoint_{n} WHERE synthetic)", &[])?;
        self.read(|| rows.first().map_or(Ok(false), |row| Ok(row.try_get(0)?)))
    }

    fn topics(&mut self) -> Result<Vec<String>, StoreError> {
        let rows = self.rows("SELECT DISTINCT topic FROM {schema}.checkpoint_{n} ORDER BY topic", &[])?;
        self.read(|| rows.iter().map(|row| Ok(row.try_get(0)?)).collect())
    }

    fn checkpoints(&mut self, topic: &str) -> Result<Vec<Checkpoint>, StoreError> {
        let rows = self.rows(
            "SELECT partition, next_offset, read, applied, duplicate, superseded, dead_lettered, last_timestamp_ms
             FROM {schema}.checkpoint_{n} WHERE topic = $1 ORDER BY partition",
            &[(&topic, Type::TEXT)],
        )?;
        let count = |row: &Row, column: usize| row.try_get::<_, i64>(column).map(|count| count as u64);
        let checkpoint = |row: &Row| -> Result<Checkpoint, Trouble> {
            Ok(Checkpoint {
                partition: Partition(row.try_get(0)?),
                next: NextOffset(row.try_get(1)?),
                counts: Counts {
                    read: count(row, 2)?,
                    applied: count(row, 3)?,
                    duplicate: count(row, 4)?,
                    superseded: count(row, 5)?,
                    dead_lettered: count(row, 6)?,
                },
                last_timestamp_ms: row.try_get(7)?,
            })
        };
        self.read(|| rows.iter().map(checkpoint).collect())
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

    fn quarters(&mut self) -> Result<Vec<Quarter>, StoreError> {
        let rows = self.rows("SELECT DISTINCT quarter FROM {schema}.cell_{n} ORDER BY quarter", &[])?;
        let names: Vec<String> = self.read(|| rows.iter().map(|row| Ok(row.try_get(0)?)).collect())?;
        names.iter().map(|name| name.parse().map_err(|_| self.damaged(format!("\"{name}\" is no quarter")))).collect()
    }

    fn entries(&mut self, sink: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError> {
        self.walk("ledger", sink)
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
        self.walk("earlier_revision", sink)
    }

    fn record_count(&mut self) -> Result<u64, StoreError> {
        let rows = self.rows("SELECT count(*) FROM {schema}.ledger_{n}", &[])?;
        self.read(|| rows.first().map_or(Ok(0), |row| Ok(row.try_get::<_, i64>(0)?.unsigned_abs())))
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

impl StoreWriter for PostgresStore {
    fn adopt(&mut self, rules: &Rules) -> Result<(), StoreError> {
        let now = rules.fingerprint();
        let update = self.fill("UPDATE {schema}.giaoban_generation SET rules = $2 WHERE number = $1 AND rules IS NULL");
        let generation = number(self.found.generation);
        let stored = match self.fingerprint()? {
            Some(stored) => Some(stored),
            None => {
                let parameters: [(&(dyn ::postgres::types::ToSql + Sync), Type); 2] =
                    [(&generation, Type::INT4), (&&now.0[..], Type::BYTEA)];
                self.with(|client| Ok(client.execute_typed(&update, &parameters)?))?;
                // Another worker may have been first, with other rules.
                self.fingerprint()?
            }
        };
        match stored {
            Some(stored) if stored == now => Ok(()),
            Some(stored) => Err(StoreError::OtherRules { at: self.describe(), stored, now }),
            None => Err(self.damaged("giaoban_generation lacks the generation")),
        }
    }

    fn apply(&mut self, batch: &Batch, rules: &Rules) -> Result<Vec<Counts>, StoreError> {
        let (schema, found) = (self.schema.clone(), self.found);
        let (mut delta, mut look_up) = (std::mem::take(&mut self.delta), self.look_up);
        let mut tries = 1;
        let result = loop {
            let mut met = None;
            let result = self.with(|client| {
                let result = apply::apply(client, &schema, found, batch, rules, &mut delta, &mut look_up);
                if let Err(Trouble::Sql(error)) = &result {
                    met = error.code().filter(|code| apply::meets_another(code)).map(|code| code.code().to_owned());
                }
                result
            });
            match met {
                Some(code) if tries < TRIES => {
                    tracing::debug!(
                        code,
                        tries,
                        "met with a record that is there, or with another worker; trying again"
                    );
                    look_up.turned_away();
                    tries += 1;
                }
                Some(_) => {
                    let cause = format!("another worker wrote the same records at the same time, {TRIES} times");
                    break Err(StoreError::Unavailable { at: schema.server.to_string(), cause });
                }
                None => break result,
            }
        };
        (self.delta, self.look_up) = (delta, look_up);
        result
    }
}

const SELECT_ENTRY: &str = "SELECT source, subject, revision, digest, event_id, partition, log_offset, fact";

/// A row of [`SELECT_ENTRY`].
fn read_entry(row: &Row) -> Result<Entry, Trouble> {
    let wrong = |cause: String| {
        let text = |column: usize| row.try_get::<_, &str>(column).unwrap_or_default();
        let (source, subject) = (text(0), text(1));
        StoreError::Damaged { at: format!("record {source} {subject}"), cause }
    };
    let fact: Fact = postcard::from_bytes(row.try_get(7)?).map_err(|error| wrong(error.to_string()))?;
    let digest: &[u8] = row.try_get(3)?;
    Ok(Entry {
        key: RecordKey::new(row.try_get(0)?, row.try_get(1)?),
        revision: Revision::new(row.try_get(2)?).ok_or_else(|| wrong("a revision below 1".into()))?,
        digest: Digest(digest.try_into().map_err(|_| wrong("a digest of another length".into()))?),
        event_id: row.try_get::<_, Option<String>>(4)?.map(String::into_boxed_str),
        fact,
        position: Position { partition: Partition(row.try_get(5)?), offset: Offset(row.try_get(6)?) },
    })
}

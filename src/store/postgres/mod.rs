//! The store of several workers: a schema in a PostgreSQL database.
//!
//! A batch is one transaction of a dozen statements, whatever its size, and
//! never row by row. Every statement is sent unnamed, and what has to be kept
//! between two lives in the transaction, so that a connection pooler may stand
//! before the server in whichever mode.

mod apply;
mod copy;
mod held;
mod primaries;
mod read;
mod schema;
mod server;
mod takeover;
mod url;

pub use schema::Schema;
pub(super) use schema::VERSION;
pub use server::Server;
pub use takeover::Takeover;
pub use url::{is_url, masked};

use std::sync::Arc;

use ::postgres::types::Type;
use ::postgres::{Client, Row};

use super::data_dir::Generation;
use super::timelines::Timelines;
use super::{
    Batch, Checkpoint, Counts, ReadCheckpoints as _, ReadFigures as _, StoreError, StoreReader as _, StoreWriter,
};
use crate::domain::{LogIdentity, Rules};
use crate::failure::Cause;
use crate::rollup::NotInTable;
use apply::LookUp;
use read::{read_checkpoint, select_checkpoints};
use schema::{Found, number};

/// A transaction that sees one moment, on whatever server.
const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '5min'";
/// Whatever the server or the role says: what was committed is on its disk, or where it asks for more than that, there.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', true)
    WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')";
/// A look at where the store is takes no time, or waits for a lock that is not ours.
const ANSWERS_WITHIN: &str = "SET LOCAL statement_timeout = '30s'";
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
    /// Whether the connection was made anew, until that is asked.
    reconnected: bool,
    look_up: LookUp,
    /// What is known of the servers that the URL may lead to, where that is asked.
    timelines: Option<Arc<Timelines>>,
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
            Self::Sql(error) => server.error(error),
            Self::Store(error) => error,
        }
    }
}

impl PostgresStore {
    fn new(schema: Schema, found: Found, client: Client, reading: bool) -> Self {
        let (client, look_up) = (Some(client), LookUp::default());
        Self { schema, found, client, reading, reconnected: false, look_up, timelines: None }
    }

    /// Which generation it is.
    pub fn generation(&self) -> Generation {
        self.found.generation
    }

    /// Puts the names of schema and tables into a statement: `{ledger}`, `{n}`.
    fn fill(&self, sql: &str) -> String {
        fill(&self.schema, self.found.generation, sql)
    }

    /// Does something on the connection, which is made again if it was lost.
    fn with<T>(&mut self, act: impl FnOnce(&mut Client) -> Result<T, Trouble>) -> Result<T, StoreError> {
        let server = &self.schema.server;
        let mut client = match self.client.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            // What it has read was of a moment that is gone.
            None if self.reading => return Err(lost(server)),
            None => {
                let client = match &self.timelines {
                    Some(timelines) => primaries::newest(server.connect()?, server, timelines),
                    None => server.connect()?,
                };
                self.reconnected = true;
                client
            }
        };
        let result = act(&mut client);
        // A failure without a word of the server leaves the connection in an unknown state.
        let broken = match &result {
            Err(Trouble::Sql(error)) => error.code().is_none(),
            // Another connection may lead to the server that is to be written.
            Err(Trouble::Store(StoreError::Outlived { .. } | StoreError::TwoPrimaries { .. })) => true,
            _ => false,
        };
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

    fn write_bound_log(&mut self, log: &LogIdentity, on_conflict: &str) -> Result<(), StoreError> {
        let insert = self.fill(&format!(
            "INSERT INTO {{schema}}.bound_log_{{n}} (one, kind, topic, topic_id, cluster_id) VALUES (1, $1, $2, $3, $4)
             {on_conflict}"
        ));
        let LogIdentity { kind, topic, topic_id, cluster_id } = log;
        let parameters: [(&(dyn ::postgres::types::ToSql + Sync), Type); 4] =
            [(&kind.name(), Type::TEXT), (topic, Type::TEXT), (topic_id, Type::TEXT), (cluster_id, Type::TEXT)];
        self.with(|client| Ok(client.execute_typed(&insert, &parameters).map(|_| ())?))
    }

    fn damaged(&self, cause: impl Into<Cause>) -> StoreError {
        StoreError::Damaged { at: self.describe(), cause: cause.into() }
    }
}

fn fill(schema: &Schema, generation: Generation, sql: &str) -> String {
    schema.fill(sql).replace("{n}", &generation.0.to_string())
}

fn lost(server: &Server) -> StoreError {
    StoreError::BrokenOff { at: server.to_string(), cause: "the connection was lost".into() }
}

/// While a worker works, a store whose tables are not there is one that is being restored.
fn restored_soon(error: StoreError) -> StoreError {
    match error {
        StoreError::Foreign { at, cause } => StoreError::Unavailable { at, cause },
        other => other,
    }
}

impl StoreWriter for PostgresStore {
    fn adopt(&mut self, rules: &Rules, synthetic: bool) -> Result<(), StoreError> {
        let now = rules.fingerprint();
        let update = self.fill(
            "UPDATE {schema}.giaoban_generation SET rules = $2, synthetic = $3 WHERE number = $1 AND rules IS NULL",
        );
        let generation = number(self.found.generation);
        let stored = match self.fingerprint()? {
            Some(stored) => Some(stored),
            None => {
                let parameters: [(&(dyn ::postgres::types::ToSql + Sync), Type); 3] =
                    [(&generation, Type::INT4), (&&now.0[..], Type::BYTEA), (&synthetic, Type::BOOL)];
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

    fn standing(&mut self, topic: &str) -> Result<Vec<Checkpoint>, StoreError> {
        let (schema, found, select) = (self.schema.clone(), self.found, self.fill(&select_checkpoints()));
        let timelines = self.timelines.clone();
        let standing = self.with(|client| {
            let mut transaction = client.transaction()?;
            transaction.batch_execute(ANSWERS_WITHIN)?;
            schema.check_writable(&mut transaction)?;
            primaries::check(&mut transaction, &schema.server, timelines.as_deref())?;
            let now = schema.generation(&mut transaction, found.generation)?;
            let Some(now) = now.filter(|now| now.in_force == found.in_force) else {
                return Err(StoreError::Switched { at: schema.describe(found.generation) }.into());
            };
            schema.check_version(now)?;
            let rows = transaction.query_typed(&select, &[(&topic, Type::TEXT)])?;
            transaction.commit()?;
            rows.iter().map(read_checkpoint).collect()
        });
        standing.map_err(restored_soon)
    }

    fn was_reconnected(&mut self) -> bool {
        std::mem::take(&mut self.reconnected)
    }

    fn timelines(&self) -> Option<Arc<Timelines>> {
        self.timelines.clone()
    }

    fn bind(&mut self, log: &LogIdentity) -> Result<(), StoreError> {
        self.check_log(log.kind, &log.topic, Some(log))?;
        if self.bound_log()?.is_none() {
            self.write_bound_log(log, "ON CONFLICT DO NOTHING")?;
            // Another worker may have been first, with another log.
            self.check_log(log.kind, &log.topic, Some(log))?;
        }
        Ok(())
    }

    fn rebind(&mut self, log: &LogIdentity) -> Result<(), StoreError> {
        self.write_bound_log(
            log,
            "ON CONFLICT (one) DO UPDATE SET kind = excluded.kind, topic = excluded.topic,
             topic_id = excluded.topic_id, cluster_id = excluded.cluster_id",
        )
    }

    fn apply(&mut self, batch: &Batch, rules: &Rules) -> Result<Vec<Counts>, StoreError> {
        let (schema, found, timelines) = (self.schema.clone(), self.found, self.timelines.clone());
        let mut look_up = self.look_up;
        let mut tries = 1;
        let result = loop {
            let mut met = None;
            let result = self.with(|client| {
                let result = apply::apply(client, (&schema, found, timelines.as_deref()), batch, rules, &mut look_up);
                if let Err(Trouble::Sql(error)) = &result {
                    met = error.code().filter(|code| apply::meets_another(code)).map(|code| code.code().to_owned());
                }
                result
            });
            match met {
                Some(code) if tries < TRIES => {
                    tracing::debug!(
                        event = "batch_meets_another",
                        code,
                        tries,
                        "met with a record that is there, or with another worker; trying again"
                    );
                    look_up.turned_away();
                    tries += 1;
                }
                Some(_) => {
                    let cause = format!("another worker wrote the same records at the same time, {TRIES} times");
                    break Err(StoreError::Unavailable { at: schema.server.to_string(), cause: cause.into() });
                }
                None => break result,
            }
        };
        self.look_up = look_up;
        result.map_err(restored_soon)
    }
}

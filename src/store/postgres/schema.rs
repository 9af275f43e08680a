//! The schema in the database: its generations, and bringing one to the newest version.

use ::postgres::types::Type;
use ::postgres::{Client, GenericClient};

use super::server::Server;
use super::{DURABLE, PostgresStore, Trouble, primaries};
use crate::domain::Digest;
use crate::store::StoreError;
use crate::store::data_dir::Generation;

const BASE: &str = include_str!("000.sql");
/// Each step takes a generation's tables from the version before to this one.
const MIGRATIONS: [&str; 2] = [include_str!("001.sql"), include_str!("002.sql")];
pub(crate) const VERSION: i32 = MIGRATIONS.len() as i32;
/// The tables of a generation.
const TABLES: [&str; 8] =
    ["ledger", "earlier_revision", "cell", "checkpoint", "bound_log", "gap", "held_partition", "accepted_dead_letters"];
/// Encodings of a database that hold every text of an event; the second takes bytes as they come.
const HOLDS_ALL: [&str; 2] = ["UTF8", "SQL_ASCII"];
/// So that what waits for another's lock does not wait without a limit.
const LOCK_WITHIN: &str = "SET LOCAL lock_timeout = '30s'";

/// A schema in a database, whose tables are the store.
#[derive(Clone, Debug)]
pub struct Schema {
    pub(super) server: Server,
    pub(super) name: String,
    /// The version of which its operator keeps a copy: that one may be brought to this program's.
    kept: Option<i64>,
}

/// A generation as the database has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) generation: Generation,
    pub(super) version: i32,
    pub(super) rules: Option<Digest>,
    /// `None` where its version is older than the property.
    pub(super) synthetic: Option<bool>,
    pub(super) in_force: bool,
}

impl Schema {
    /// That schema in that database. It may be missing there.
    pub fn at(server: Server, name: &str) -> Self {
        let server = server.called(&format!("giaoban {name} v{VERSION}"));
        Self { server, name: name.to_owned(), kept: None }
    }

    /// The same, of whose version that one a copy is kept.
    pub fn with_copy_of(mut self, version: i64) -> Self {
        self.kept = Some(version);
        self
    }

    /// Whether a text can be a schema's name here: it is used unquoted by people, and quoted by us.
    pub fn is_name(text: &str) -> bool {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        (1..=48).contains(&text.len())
            && text.bytes().all(fits)
            && !text.starts_with(|first: char| first.is_ascii_digit())
            && !text.starts_with("pg_")
    }

    /// Opens or makes the generation in force for writing. One of an earlier version is brought to the newest if its
    /// operator keeps a copy, and nobody writes it by the version before.
    pub fn create(&self) -> Result<PostgresStore, StoreError> {
        self.open_for_writing(|schema, client| {
            let found = schema.in_force(client)?.ok_or_else(|| schema.no_generation())?;
            if (1..VERSION).contains(&found.version) {
                schema.check_upgrade(client, found)?;
            }
            Ok(found)
        })
    }

    /// Whether it may be brought to the newest version.
    fn check_upgrade(&self, client: &mut impl GenericClient, found: Found) -> Result<(), Trouble> {
        let (at, version) = (self.describe(found.generation), i64::from(found.version));
        if self.kept != Some(version) {
            let schema = self.name.clone();
            return Err(StoreError::Older { at, schema, found: version, known: VERSION.into() }.into());
        }
        let look = "SELECT pid, coalesce(host(client_addr), 'local') FROM pg_catalog.pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND (application_name = 'giaoban' OR starts_with(application_name, 'giaoban ' || $1 || ' v'))
            AND application_name <> $2 ORDER BY pid";
        let own = format!("giaoban {} v{VERSION}", self.name);
        let rows = client.query_typed(look, &[(&self.name, Type::TEXT), (&own, Type::TEXT)])?;
        let mut sessions = Vec::with_capacity(rows.len());
        for row in &rows {
            let (pid, from): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
            sessions.push(format!("pid {pid} ({from})"));
        }
        if !sessions.is_empty() {
            return Err(StoreError::OlderAtWork { at, sessions: sessions.join(", ") }.into());
        }
        tracing::info!(
            event = "store_upgrade",
            store = at,
            found = version,
            to = VERSION,
            "the store is of an earlier version, of which a copy is kept: bringing it to this one"
        );
        Ok(())
    }

    /// Makes the generation after the one in force. What is there already is removed, and who still writes that is
    /// fenced.
    pub fn create_next(&self) -> Result<PostgresStore, StoreError> {
        self.open_for_writing(|schema, client| {
            let current = schema.in_force(client)?.ok_or_else(|| schema.no_generation())?;
            let next = Generation(current.generation.0 + 1);
            schema.lock(client, next)?;
            // Tables that were made for a row that is gone go before new ones are made.
            let delete = "DELETE FROM {schema}.giaoban_generation WHERE number = $1 AND NOT in_force";
            let insert = "INSERT INTO {schema}.giaoban_generation (number, version, in_force) VALUES ($1, 0, false)
                          ON CONFLICT DO NOTHING";
            for statement in [delete, insert] {
                client.execute_typed(&schema.fill(statement), &[(&number(next), Type::INT4)])?;
            }
            let made = schema.generation(client, next)?.filter(|made| !made.in_force);
            Ok(made.ok_or_else(|| StoreError::Switched { at: schema.describe(next) })?)
        })
    }

    /// Opens the generation in force for reading. All that it reads is of the moment of its opening.
    pub fn read(&self) -> Result<PostgresStore, StoreError> {
        self.open_for_reading(|schema, client| schema.in_force(client))
    }

    /// Opens a generation for reading, in force or not.
    pub fn read_generation(&self, generation: Generation) -> Result<PostgresStore, StoreError> {
        self.open_for_reading(|schema, client| schema.generation(client, generation))
    }

    /// Puts a generation in force; what writes another one is fenced from then on.
    pub fn switch(&self, generation: Generation) -> Result<(), StoreError> {
        let mut client = self.server.connect()?;
        let switch = |client: &mut Client| -> Result<(), Trouble> {
            let mut transaction = client.transaction()?;
            transaction.batch_execute(&format!("{LOCK_WITHIN}; {DURABLE}"))?;
            let current = self.in_force(&mut transaction)?.ok_or_else(|| self.no_generation())?;
            self.lock(&mut transaction, current.generation)?;
            let old = self.fill("UPDATE {schema}.giaoban_generation SET in_force = false WHERE in_force");
            transaction.execute_typed(&old, &[])?;
            let new = self.fill("UPDATE {schema}.giaoban_generation SET in_force = true WHERE number = $1");
            if transaction.execute_typed(&new, &[(&number(generation), Type::INT4)])? != 1 {
                return Err(self.no_generation().into());
            }
            Ok(transaction.commit()?)
        };
        switch(&mut client).map_err(|trouble| trouble.of(&self.server))
    }

    /// The statement that drops a generation's tables.
    pub fn removal(&self, generation: Generation) -> String {
        let tables = TABLES.map(|table| format!("\"{}\".{table}_{}", self.name, generation.0));
        format!("DROP TABLE IF EXISTS {}", tables.join(", "))
    }

    /// What it is, for messages.
    pub fn describe(&self, generation: Generation) -> String {
        format!("PostgreSQL {}, schema {}, generation {}", self.server, self.name, generation.0)
    }

    /// Puts the schema's name into a statement.
    pub(super) fn fill(&self, sql: &str) -> String {
        sql.replace("{schema}", &format!("\"{}\"", self.name))
    }

    fn open_for_writing(
        &self,
        choose: impl Fn(&Self, &mut ::postgres::Transaction<'_>) -> Result<Found, Trouble>,
    ) -> Result<PostgresStore, StoreError> {
        let mut client = self.server.connect()?;
        let timelines = primaries::follow(&mut client, &self.server)?;
        if let Some(timelines) = &timelines {
            client = primaries::newest(client, &self.server, timelines);
        }
        let prepare = |client: &mut Client| -> Result<Found, Trouble> {
            let mut transaction = client.transaction()?;
            transaction.batch_execute(&format!("{LOCK_WITHIN}; {DURABLE}"))?;
            self.check_writable(&mut transaction)?;
            let lock = "SELECT pg_advisory_xact_lock(hashtextextended('giaoban ' || $1, 0))";
            transaction.query_typed(lock, &[(&self.name, Type::TEXT)])?;
            self.make(&mut transaction)?;
            let found = choose(self, &mut transaction)?;
            self.check_version(found)?;
            self.migrate(&mut transaction, found)?;
            transaction.commit()?;
            Ok(found)
        };
        let found = prepare(&mut client).map_err(|trouble| trouble.of(&self.server))?;
        Ok(PostgresStore { timelines, ..PostgresStore::new(self.clone(), found, client, false) })
    }

    fn open_for_reading(
        &self,
        choose: impl Fn(&Self, &mut Client) -> Result<Option<Found>, Trouble>,
    ) -> Result<PostgresStore, StoreError> {
        let mut client = self.server.connect()?;
        let begin = |client: &mut Client| -> Result<Found, Trouble> {
            client.batch_execute(super::BEGIN_READING)?;
            if !self.is_there(client)? {
                return Err(self.missing().into());
            }
            let found = choose(self, client)?.filter(|found| found.version > 0).ok_or_else(|| self.missing())?;
            self.check_version(found)?;
            Ok(found)
        };
        let found = begin(&mut client).map_err(|trouble| trouble.of(&self.server))?;
        Ok(PostgresStore::new(self.clone(), found, client, true))
    }

    /// Whether the server takes changes, and the database every text. A transaction of our own that only reads, or a
    /// user's own setting, says nothing of that.
    pub(super) fn check_writable(&self, client: &mut impl GenericClient) -> Result<(), Trouble> {
        let look = "SELECT pg_is_in_recovery(),
            (SELECT setting = 'on' AND source <> 'user' FROM pg_settings WHERE name = 'default_transaction_read_only'),
            current_setting('server_encoding')";
        let row = client.query_typed_one(look, &[])?;
        let (is_standby, only_reads, encoding): (bool, bool, String) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let at = self.server.to_string();
        if is_standby || only_reads {
            let cause = if is_standby { "the server is a standby" } else { "default_transaction_read_only is on" };
            return Err(StoreError::ReadOnly { at, cause: cause.into() }.into());
        }
        if !HOLDS_ALL.contains(&&*encoding) {
            return Err(StoreError::Encoding { at, encoding }.into());
        }
        Ok(())
    }

    /// Whether the schema is one of ours; refuses one that is another program's.
    fn is_there(&self, client: &mut impl GenericClient) -> Result<bool, Trouble> {
        let look = "SELECT to_regclass($1)::text IS NOT NULL,
            (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = $2 AND c.relkind IN ('r', 'p', 'v', 'm'))";
        let table = self.fill("{schema}.giaoban_generation");
        let row = client.query_typed_one(look, &[(&table, Type::TEXT), (&self.name, Type::TEXT)])?;
        let (ours, others): (bool, i64) = (row.try_get(0)?, row.try_get(1)?);
        if !ours && others > 0 {
            let cause = format!("schema {} has tables of another program", self.name);
            return Err(StoreError::Foreign { at: self.server.to_string(), cause: cause.into() }.into());
        }
        Ok(ours)
    }

    /// Makes the schema with its first generation, if it is not there.
    fn make(&self, transaction: &mut ::postgres::Transaction<'_>) -> Result<(), Trouble> {
        let look = "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = $1";
        let there: i64 = transaction.query_typed_one(look, &[(&self.name, Type::TEXT)])?.try_get(0)?;
        if there == 0 {
            // Not IF NOT EXISTS: that asks for the right to make one even if it is there.
            transaction.batch_execute(&self.fill("CREATE SCHEMA {schema}"))?;
        }
        if !self.is_there(transaction)? {
            transaction.batch_execute(&self.fill(BASE))?;
        }
        Ok(())
    }

    fn migrate(&self, transaction: &mut ::postgres::Transaction<'_>, found: Found) -> Result<(), Trouble> {
        if found.version == VERSION {
            return Ok(());
        }
        self.lock(transaction, found.generation)?;
        if found.version == 0 {
            // What a restored dump did not know of: tables of a generation that is listed nowhere.
            let removal = self.removal(found.generation);
            transaction.batch_execute(&format!("SET LOCAL client_min_messages = warning; {removal}"))?;
        }
        for step in &MIGRATIONS[found.version.unsigned_abs() as usize..] {
            let step = self.fill(step).replace("{n}", &found.generation.0.to_string());
            transaction.batch_execute(&step)?;
        }
        let update = self.fill("UPDATE {schema}.giaoban_generation SET version = $2 WHERE number = $1");
        transaction.execute_typed(&update, &[(&number(found.generation), Type::INT4), (&VERSION, Type::INT4)])?;
        Ok(())
    }

    pub(super) fn check_version(&self, found: Found) -> Result<(), StoreError> {
        if found.version > VERSION {
            let (found, known, at) = (found.version.into(), VERSION.into(), self.describe(found.generation));
            return Err(StoreError::Newer { at, found, known });
        }
        Ok(())
    }

    /// Keeps those who write a generation away until the end of the transaction.
    fn lock(&self, client: &mut impl GenericClient, generation: Generation) -> Result<(), Trouble> {
        client.batch_execute(&self.guard("pg_advisory_xact_lock", generation))?;
        Ok(())
    }

    /// A lock on a generation: those who write it share one, who changes it has it alone. Waiters
    /// are served in turn, which rows locked in share mode do not give.
    pub(super) fn guard(&self, function: &str, generation: Generation) -> String {
        let table = self.fill("{schema}.giaoban_generation");
        format!("SELECT {function}('{table}'::regclass::oid::integer, {})", generation.0)
    }

    pub(super) fn in_force(&self, client: &mut impl GenericClient) -> Result<Option<Found>, Trouble> {
        self.found(client, "in_force", &[])
    }

    pub(super) fn generation(
        &self,
        client: &mut impl GenericClient,
        generation: Generation,
    ) -> Result<Option<Found>, Trouble> {
        self.found(client, "number = $1", &[(&number(generation), Type::INT4)])
    }

    fn found(
        &self,
        client: &mut impl GenericClient,
        which: &str,
        parameters: &[(&(dyn ::postgres::types::ToSql + Sync), Type)],
    ) -> Result<Option<Found>, Trouble> {
        // By way of JSON, where a column that is not there yet is nothing, and no error.
        let select = format!(
            "SELECT number, version, rules, in_force, (to_jsonb(g) ->> 'synthetic')::boolean
             FROM {{schema}}.giaoban_generation AS g WHERE {which}"
        );
        let Some(row) = client.query_typed_opt(&self.fill(&select), parameters)? else { return Ok(None) };
        let rules: Option<Vec<u8>> = row.try_get(2)?;
        let rules = rules.map(|bytes| bytes.try_into().map(Digest)).transpose();
        let version = row.try_get(1)?;
        Ok(Some(Found {
            generation: Generation(row.try_get::<_, i32>(0)?.unsigned_abs()),
            version,
            synthetic: row.try_get::<_, Option<bool>>(4)?.filter(|_| version >= 2),
            rules: rules.map_err(|_| StoreError::Damaged {
                at: self.server.to_string(),
                cause: "its rules have no proper fingerprint".into(),
            })?,
            in_force: row.try_get(3)?,
        }))
    }

    fn missing(&self) -> StoreError {
        StoreError::Missing { at: format!("PostgreSQL {}, schema {}", self.server, self.name) }
    }

    fn no_generation(&self) -> StoreError {
        StoreError::Damaged { at: self.server.to_string(), cause: "giaoban_generation lacks the generation".into() }
    }
}

/// A generation's number as the database has it.
pub(super) fn number(generation: Generation) -> i32 {
    i32::try_from(generation.0).unwrap_or(i32::MAX)
}

//! The file of the embedded log: its schema, its topics, and what lies in them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior, params};

use super::headers::unpack_headers;
use crate::domain::{NextOffset, Offset, Partition, Position};
use crate::failure::Cause;
use crate::files::{create_folder, sqlite as sqlite_file};
use crate::log::{Created, Incoming, LogError, Most};

/// A log that takes messages.
const OPEN: i64 = 1;
/// One that was moved: programs that know no such version refuse it too.
const SEALED: i64 = 2;
/// Its file within the data folder.
const FILE: &str = "log.db";
/// `gblg`, so that another program's file is not taken for a log.
const APPLICATION_ID: i64 = 0x6762_6c67;
/// Partitions of a topic that is made with the file.
const PARTITIONS: i32 = 6;
/// The largest message of such a topic: what is larger than an event may be is refused by its reader, with a code.
pub(super) const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// Keeps everything out, those too that had it open before.
const SEAL: &str = "
CREATE TABLE moved (
    where_to TEXT NOT NULL,
    at_ms    INTEGER NOT NULL
) STRICT;
CREATE TRIGGER sealed BEFORE INSERT ON message BEGIN SELECT RAISE(ABORT, 'the log was moved'); END;
";

const SCHEMA: &str = "
CREATE TABLE topic (
    name              TEXT PRIMARY KEY,
    id                TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))),
    partitions        INTEGER NOT NULL,
    max_message_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE message (
    topic        TEXT NOT NULL REFERENCES topic,
    partition    INTEGER NOT NULL,
    log_offset   INTEGER NOT NULL,
    timestamp_ms INTEGER NOT NULL,
    key          BLOB,
    headers      TEXT,      -- JSON: [[name, value in hexadecimal or null], …]; NULL for none
    payload      BLOB NOT NULL,
    PRIMARY KEY (topic, partition, log_offset)
) STRICT, WITHOUT ROWID;
";

const MAKE_TOPIC: &str =
    "INSERT INTO topic (name, partitions, max_message_bytes) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";

/// A log in a folder.
#[derive(Clone, Debug)]
pub struct EmbeddedLog {
    pub(super) path: PathBuf,
}

impl EmbeddedLog {
    /// Whether there is one in that folder; makes none.
    pub fn is_in(dir: &Path) -> bool {
        dir.join(FILE).exists()
    }

    /// The log in `DIR/log.db`. If it is missing it is made, with these topics; one that is there gets none.
    pub fn create(dir: &Path, topics: &[&str]) -> Result<Self, LogError> {
        create_folder(dir)
            .map_err(|error| LogError::Unwritable { at: dir.display().to_string(), cause: error.into() })?;
        let log = Self { path: dir.join(FILE) };
        let (mut connection, version) = log.connect_to_version()?;
        if version < OPEN {
            log.make(&mut connection, topics).map_err(|error| log.error(error))?;
        }
        Ok(log)
    }

    /// The log that is in `DIR/log.db`; [`LogError::Broken`] if there is none.
    pub fn open(dir: &Path) -> Result<Self, LogError> {
        let log = Self { path: dir.join(FILE) };
        if !Self::is_in(dir) {
            return Err(log.broken("there is no such file"));
        }
        log.connect()?;
        Ok(log)
    }

    /// Takes no more messages from now on, of whatever program: what is in it was moved there.
    pub fn seal(&self, where_to: &str) -> Result<(), LogError> {
        let (mut connection, _) = self.connect_to_version()?;
        let seal = |connection: &mut Connection| -> rusqlite::Result<()> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
            if version == OPEN {
                transaction.execute_batch(SEAL)?;
                let now_ms = jiff::Timestamp::now().as_millisecond();
                transaction
                    .execute("INSERT INTO moved (where_to, at_ms) VALUES (?1, ?2)", params![where_to, now_ms])?;
                transaction.pragma_update(None, "user_version", SEALED)?;
            }
            transaction.commit()
        };
        seal(&mut connection).map_err(|error| self.error(error))
    }

    /// A connection to a log that takes messages and readers; [`LogError::Moved`] if it was sealed.
    pub(super) fn connect_in_use(&self) -> Result<Connection, LogError> {
        let (connection, version) = self.connect_to_version()?;
        if version == SEALED { Err(self.moved(&connection)) } else { Ok(connection) }
    }

    fn moved(&self, connection: &Connection) -> LogError {
        let at = self.path.display().to_string();
        match connection.query_row("SELECT where_to FROM moved", [], |row| row.get(0)) {
            Ok(where_to) => LogError::Moved { at, where_to },
            Err(error) => self.broken(error),
        }
    }

    /// Every topic that has a message.
    pub fn filled_topics(&self) -> Result<Vec<String>, LogError> {
        let connection = self.connect()?;
        let select = || -> rusqlite::Result<Vec<String>> {
            let sql = "SELECT name FROM topic WHERE EXISTS (SELECT 1 FROM message WHERE topic = name) ORDER BY name";
            connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
        };
        select().map_err(|error| self.error(error))
    }

    /// Where it lies within a data folder.
    pub fn file_in(dir: &Path) -> PathBuf {
        dir.join(FILE)
    }

    /// Copies the log as it is now to a new file, while it is written; told how many pages are done, of how many.
    pub fn back_up(&self, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), LogError> {
        let copied = sqlite_file::copy(&self.connect()?, to, progress);
        copied.map_err(|error| Self { path: to.to_owned() }.error(error))
    }

    /// Reads every page of the file.
    ///
    /// # Errors
    /// If one is damaged.
    pub fn check(&self) -> Result<(), LogError> {
        sqlite_file::check(&self.connect()?).map_err(|error| self.error(error))
    }

    pub(super) fn connect(&self) -> Result<Connection, LogError> {
        self.connect_to_version().map(|(connection, _)| connection)
    }

    /// With the schema version, 0 for an empty file.
    fn connect_to_version(&self) -> Result<(Connection, i64), LogError> {
        let connection = sqlite_file::connect(&self.path, OpenFlags::default()).map_err(|error| self.error(error))?;
        connection.busy_timeout(Duration::from_secs(30)).map_err(|error| self.error(error))?;
        // Before anything is changed, for it may be another program's.
        let version = sqlite_file::version(&connection, APPLICATION_ID).map_err(|error| self.error(error))?;
        let version = version.ok_or_else(|| self.broken("it is a file of another program"))?;
        if version > SEALED {
            return Err(self.broken(format!(
                "schema version {version} is newer than {SEALED}, the newest that this program knows"
            )));
        }
        connection.pragma_update(None, "journal_mode", "wal").map_err(|error| self.error(error))?;
        connection.pragma_update(None, "synchronous", "full").map_err(|error| self.error(error))?;
        Ok((connection, version))
    }

    fn make(&self, connection: &mut Connection, topics: &[&str]) -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have made it since.
        let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version == 0 {
            transaction.execute_batch(SCHEMA)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", OPEN)?;
            for topic in topics {
                transaction.execute(MAKE_TOPIC, params![topic, PARTITIONS, MAX_MESSAGE_BYTES as i64])?;
            }
        }
        transaction.commit()
    }

    pub(super) fn broken(&self, cause: impl Into<Cause>) -> LogError {
        LogError::Broken { at: self.path.display().to_string(), cause: cause.into() }
    }

    pub(super) fn error(&self, error: rusqlite::Error) -> LogError {
        let at = self.path.display().to_string();
        match error.sqlite_error_code() {
            _ if sqlite_file::is_full(&error) => LogError::DiskFull { at },
            _ if sqlite_file::is_unwritable(&error) => LogError::Unwritable { at, cause: error.into() },
            // Sealed while it was open here.
            Some(ErrorCode::ConstraintViolation) => {
                self.connect_in_use().map_or_else(|moved| moved, |_| self.broken(error))
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LogError::Locked { at, cause: error.into() },
            _ => self.broken(error),
        }
    }

    pub(super) fn make_topic(
        &self,
        connection: &Connection,
        name: &str,
        partitions: i32,
        max: usize,
    ) -> Result<Created, LogError> {
        let made = connection.execute(MAKE_TOPIC, params![name, partitions, max as i64]);
        match made.map_err(|error| self.error(error))? {
            0 => Ok(Created::AlreadyThere),
            _ => Ok(Created::New),
        }
    }

    /// Partitions and the largest message of a topic, and its id.
    pub(super) fn shape(&self, connection: &Connection, name: &str) -> Result<(i32, usize, String), LogError> {
        let found = connection
            .query_row("SELECT partitions, max_message_bytes, id FROM topic WHERE name = ?1", [name], |row| {
                Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs() as usize, row.get(2)?))
            })
            .optional()
            .map_err(|error| self.error(error))?;
        found.ok_or_else(|| LogError::NoSuchTopic(name.to_owned()))
    }

    pub(super) fn end(
        &self,
        connection: &Connection,
        topic: &str,
        partition: Partition,
    ) -> Result<NextOffset, LogError> {
        connection
            .prepare_cached("SELECT max(log_offset) FROM message WHERE topic = ?1 AND partition = ?2")
            .and_then(|mut select| select.query_row(params![topic, partition.0], |row| row.get::<_, Option<i64>>(0)))
            .map(|last| NextOffset(last.map_or(0, |last| last + 1)))
            .map_err(|error| self.error(error))
    }

    /// Hands over what lies from an offset on.
    pub(super) fn read_from(
        &self,
        connection: &Connection,
        (topic, partition, from): (&str, Partition, i64),
        most: Most,
        sink: &mut dyn FnMut(Incoming<'_>),
    ) -> Result<usize, LogError> {
        let sql = |error: rusqlite::Error| self.error(error);
        let mut select = connection
            .prepare_cached(
                "SELECT log_offset, timestamp_ms, key, headers, payload FROM message
                 WHERE topic = ?1 AND partition = ?2 AND log_offset >= ?3 ORDER BY log_offset LIMIT ?4",
            )
            .map_err(sql)?;
        let mut rows = select.query(params![topic, partition.0, from, most.messages as i64]).map_err(sql)?;
        let (mut handed, mut taken) = (0, 0);
        while let Some(row) = rows.next().map_err(sql)? {
            let read = || -> rusqlite::Result<_> {
                Ok((
                    Offset(row.get(0)?),
                    row.get::<_, i64>(1)?,
                    row.get_ref(2)?.as_blob_or_null()?,
                    row.get_ref(3)?.as_str_or_null()?,
                    row.get_ref(4)?.as_blob()?,
                ))
            };
            let (offset, timestamp_ms, key, headers, payload) = read().map_err(sql)?;
            let headers =
                headers.map(unpack_headers).transpose().map_err(|cause| self.broken(cause))?.unwrap_or_default();
            let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
            let message = Incoming {
                position: Position { partition, offset },
                timestamp_ms: Some(timestamp_ms),
                appended_ms: Some(timestamp_ms),
                key,
                headers: &headers,
                payload: Some(payload),
            };
            (handed, taken) = (handed + 1, taken + message.weight());
            sink(message);
            if taken >= most.bytes {
                break;
            }
        }
        Ok(handed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::tests::leads_to;

    #[test]
    fn a_log_that_cannot_be_opened_leads_to_what_sqlite_or_the_system_said() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), "no database at all".repeat(100)).unwrap();
        let error = EmbeddedLog::open(dir.path()).unwrap_err();
        assert!(matches!(error, LogError::Broken { .. }) && leads_to::<rusqlite::Error>(&error), "{error}");
        let error = EmbeddedLog::create(&dir.path().join(FILE), &[]).unwrap_err();
        assert!(matches!(error, LogError::Unwritable { .. }) && leads_to::<std::io::Error>(&error), "{error}");
    }

    #[test]
    fn a_log_that_another_process_holds_says_so_and_names_no_kafka() {
        let dir = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::create(dir.path(), &["events"]).unwrap();
        let holder = Connection::open(EmbeddedLog::file_in(dir.path())).unwrap();
        holder.execute_batch("BEGIN IMMEDIATE").unwrap();
        let connection = log.connect().unwrap();
        connection.busy_timeout(Duration::ZERO).unwrap();
        let error = log.make_topic(&connection, "more", 6, 1).unwrap_err();
        assert!(matches!(&error, LogError::Locked { at, .. } if at.ends_with("log.db")), "{error}");
    }
}

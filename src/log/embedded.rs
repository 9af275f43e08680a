//! The event log on one machine: a durable partitioned log in a SQLite file.
//!
//! Publishers write while a worker reads, each from a process of its own. What
//! is acknowledged was committed with `synchronous=FULL`: it survives `kill -9`
//! and a power cut. Nothing has to be set up: a topic is made when it is used.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};

use super::partitioner::partition_of;
use super::{
    Consumer, Created, Delivery, EventLog, Incoming, LogError, Membership, Outgoing, PartitionRange, Polled, Producer,
    Topic, TopicSpec,
};
use crate::domain::{NextOffset, Offset, Partition, Position};
use crate::files::sqlite as sqlite_file;

const VERSION: i64 = 1;
/// Its file within the data folder.
const FILE: &str = "log.db";
/// `gblg`, so that another program's file is not taken for a log.
const APPLICATION_ID: i64 = 0x6762_6c67;
/// Partitions of a topic that was not made on purpose.
const PARTITIONS: i32 = 6;
/// The largest message of such a topic: what is larger than an event may be is refused by its reader, with a code.
const MAX_MESSAGE_BYTES: usize = 16 << 20;
/// Messages that are committed together.
const TOGETHER: usize = 5_000;
/// How often an idle consumer looks whether anything was committed: at that a look costs microseconds.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

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

/// A log in a folder.
#[derive(Clone, Debug)]
pub struct EmbeddedLog {
    path: PathBuf,
}

impl EmbeddedLog {
    /// Whether there is one in that folder; makes none.
    pub fn is_in(dir: &Path) -> bool {
        dir.join(FILE).exists()
    }

    /// The log in `DIR/log.db`, which is made if it is missing.
    pub fn open(dir: &Path) -> Result<Self, LogError> {
        std::fs::create_dir_all(dir)
            .map_err(|error| LogError::Unwritable { at: dir.display().to_string(), cause: error.to_string() })?;
        let log = Self { path: dir.join(FILE) };
        let (mut connection, version) = log.connect_to_version()?;
        if version > VERSION {
            return Err(log.broken(format!(
                "schema version {version} is newer than {VERSION}, the newest that this program knows"
            )));
        }
        if version < VERSION {
            log.make(&mut connection).map_err(|error| log.error(&error))?;
        }
        Ok(log)
    }

    /// Where it lies within a data folder.
    pub fn file_in(dir: &Path) -> PathBuf {
        dir.join(FILE)
    }

    /// Copies the log as it is now to a new file, while it is written; told how many pages are done, of how many.
    pub fn back_up(&self, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), LogError> {
        let copied = sqlite_file::copy(&self.connect()?, to, progress);
        copied.map_err(|error| Self { path: to.to_owned() }.error(&error))
    }

    fn connect(&self) -> Result<Connection, LogError> {
        self.connect_to_version().map(|(connection, _)| connection)
    }

    /// With the schema version, 0 for an empty file.
    fn connect_to_version(&self) -> Result<(Connection, i64), LogError> {
        let connection = Connection::open(&self.path).map_err(|error| self.error(&error))?;
        connection.busy_timeout(Duration::from_secs(30)).map_err(|error| self.error(&error))?;
        // Before anything is changed, for it may be another program's.
        let version = sqlite_file::version(&connection, APPLICATION_ID).map_err(|error| self.error(&error))?;
        let version = version.ok_or_else(|| self.broken("it is a file of another program".into()))?;
        connection.pragma_update(None, "journal_mode", "wal").map_err(|error| self.error(&error))?;
        connection.pragma_update(None, "synchronous", "full").map_err(|error| self.error(&error))?;
        Ok((connection, version))
    }

    fn make(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have made it since.
        let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version == 0 {
            transaction.execute_batch(SCHEMA)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        transaction.commit()
    }

    fn broken(&self, cause: String) -> LogError {
        LogError::Broken { at: self.path.display().to_string(), cause }
    }

    fn error(&self, error: &rusqlite::Error) -> LogError {
        let at = self.path.display().to_string();
        match error.sqlite_error_code() {
            _ if sqlite_file::is_full(error) => LogError::DiskFull { at },
            _ if sqlite_file::is_unwritable(error) => LogError::Unwritable { at, cause: error.to_string() },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                LogError::Locked { at, cause: error.to_string() }
            }
            _ => self.broken(error.to_string()),
        }
    }

    fn make_topic(
        &self,
        connection: &Connection,
        name: &str,
        partitions: i32,
        max: usize,
    ) -> Result<Created, LogError> {
        let made = connection.execute(
            "INSERT INTO topic (name, partitions, max_message_bytes) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![name, partitions, max as i64],
        );
        match made.map_err(|error| self.error(&error))? {
            0 => Ok(Created::AlreadyThere),
            _ => Ok(Created::New),
        }
    }

    /// Partitions and the largest message of a topic, which is made if it is missing.
    fn shape(&self, connection: &Connection, name: &str) -> Result<(i32, usize), LogError> {
        let select = || {
            connection
                .query_row("SELECT partitions, max_message_bytes FROM topic WHERE name = ?1", [name], |row| {
                    Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs() as usize))
                })
                .optional()
                .map_err(|error| self.error(&error))
        };
        if let Some(shape) = select()? {
            return Ok(shape);
        }
        self.make_topic(connection, name, PARTITIONS, MAX_MESSAGE_BYTES)?;
        select()?.ok_or_else(|| self.broken(format!("topic {name} was not made")))
    }

    fn end(&self, connection: &Connection, topic: &str, partition: Partition) -> Result<NextOffset, LogError> {
        connection
            .prepare_cached("SELECT max(log_offset) FROM message WHERE topic = ?1 AND partition = ?2")
            .and_then(|mut select| select.query_row(params![topic, partition.0], |row| row.get::<_, Option<i64>>(0)))
            .map(|last| NextOffset(last.map_or(0, |last| last + 1)))
            .map_err(|error| self.error(&error))
    }

    /// Hands over what lies from an offset on.
    fn read_from(
        &self,
        connection: &Connection,
        (topic, partition, from): (&str, Partition, i64),
        count: usize,
        sink: &mut dyn FnMut(Incoming<'_>),
    ) -> Result<usize, LogError> {
        let sql = |error: rusqlite::Error| self.error(&error);
        let mut select = connection
            .prepare_cached(
                "SELECT log_offset, timestamp_ms, key, headers, payload FROM message
                 WHERE topic = ?1 AND partition = ?2 AND log_offset >= ?3 ORDER BY log_offset LIMIT ?4",
            )
            .map_err(sql)?;
        let mut rows = select.query(params![topic, partition.0, from, count as i64]).map_err(sql)?;
        let mut handed = 0;
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
            sink(Incoming {
                position: Position { partition, offset },
                timestamp_ms: Some(timestamp_ms),
                key,
                headers: &headers,
                payload: Some(payload),
            });
            handed += 1;
        }
        Ok(handed)
    }
}

impl EventLog for EmbeddedLog {
    fn describe(&self) -> String {
        format!("the embedded log {}", self.path.display())
    }

    fn topic(&self, name: &str) -> Result<Topic, LogError> {
        let connection = self.connect()?;
        let (count, _) = self.shape(&connection, name)?;
        let range = |partition| {
            let high = self.end(&connection, name, Partition(partition))?;
            Ok(PartitionRange { partition: Partition(partition), low: NextOffset(0), high })
        };
        let partitions = (0..count).map(range).collect::<Result<_, LogError>>()?;
        Ok(Topic { name: name.to_owned(), partitions, replication: 1 })
    }

    fn create_topic(&self, spec: &TopicSpec) -> Result<Created, LogError> {
        self.make_topic(
            &self.connect()?,
            &spec.name,
            spec.partitions.max(1),
            spec.max_message_bytes.max(MAX_MESSAGE_BYTES),
        )
    }

    fn producer(&self, topic: &str) -> Result<Box<dyn Producer>, LogError> {
        let connection = self.connect()?;
        let (partitions, max_message_bytes) = self.shape(&connection, topic)?;
        Ok(Box::new(EmbeddedProducer {
            log: self.clone(),
            connection,
            topic: topic.to_owned(),
            partitions,
            max_message_bytes,
            without_key: 0,
            queue: Vec::new(),
            decided: Vec::new(),
        }))
    }

    fn consumer(&self, topic: &str, _membership: &Membership) -> Result<Box<dyn Consumer>, LogError> {
        let connection = self.connect()?;
        let (partitions, _) = self.shape(&connection, topic)?;
        Ok(Box::new(EmbeddedConsumer {
            log: self.clone(),
            connection,
            topic: topic.to_owned(),
            unassigned: (0..partitions).map(Partition).collect(),
            reading: Vec::new(),
            turn: 0,
            drained_at: None,
            paused: false,
        }))
    }

    fn read(
        &self,
        topic: &str,
        partition: Partition,
        from: Offset,
        count: usize,
        sink: &mut dyn FnMut(Incoming<'_>),
    ) -> Result<usize, LogError> {
        self.read_from(&self.connect()?, (topic, partition, from.0), count, sink)
    }
}

struct EmbeddedProducer {
    log: EmbeddedLog,
    connection: Connection,
    topic: String,
    partitions: i32,
    max_message_bytes: usize,
    /// Messages without a key go round.
    without_key: i32,
    queue: Vec<(u64, Outgoing)>,
    decided: Vec<Delivery>,
}

impl EmbeddedProducer {
    /// Commits what is queued; then, and only then, it is acknowledged.
    fn commit(&mut self) {
        let queue = std::mem::take(&mut self.queue);
        if queue.is_empty() {
            return;
        }
        match self.write(&queue) {
            Ok(positions) => {
                let delivered = queue
                    .iter()
                    .zip(positions)
                    .map(|((tag, _), position)| Delivery { tag: *tag, result: Ok(position) });
                self.decided.extend(delivered);
            }
            Err(error) => {
                let error = self.log.error(&error);
                self.decided.extend(queue.iter().map(|(tag, _)| Delivery { tag: *tag, result: Err(error.clone()) }));
            }
        }
    }

    fn write(&mut self, queue: &[(u64, Outgoing)]) -> rusqlite::Result<Vec<Position>> {
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut positions = Vec::with_capacity(queue.len());
        let mut ends = vec![None; self.partitions.unsigned_abs() as usize];
        {
            let mut last = transaction
                .prepare_cached("SELECT max(log_offset) FROM message WHERE topic = ?1 AND partition = ?2")?;
            let mut insert = transaction.prepare_cached(
                "INSERT INTO message (topic, partition, log_offset, timestamp_ms, key, headers, payload)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for (_, message) in queue {
                let partition = match (message.partition, &message.key) {
                    (Some(partition), _) => partition,
                    (_, Some(key)) => partition_of(key, self.partitions),
                    (_, None) => {
                        self.without_key = (self.without_key + 1) % self.partitions;
                        Partition(self.without_key)
                    }
                };
                let end = &mut ends[partition.0.unsigned_abs() as usize];
                let next = match *end {
                    Some(next) => next,
                    None => last
                        .query_row(params![self.topic, partition.0], |row| row.get::<_, Option<i64>>(0))?
                        .map_or(0, |last| last + 1),
                };
                *end = Some(next + 1);
                insert.execute(params![
                    self.topic,
                    partition.0,
                    next,
                    message.timestamp_ms.unwrap_or(now_ms),
                    message.key,
                    pack_headers(&message.headers),
                    message.payload
                ])?;
                positions.push(Position { partition, offset: Offset(next) });
            }
        }
        transaction.commit()?;
        Ok(positions)
    }
}

impl Producer for EmbeddedProducer {
    fn send(&mut self, message: &Outgoing, tag: u64) -> Result<(), LogError> {
        let bytes = message.payload.len();
        if bytes > self.max_message_bytes {
            let cause = format!("at most {} in topic {}", self.max_message_bytes, self.topic);
            self.decided.push(Delivery { tag, result: Err(LogError::TooLarge { bytes, cause }) });
            return Ok(());
        }
        if let Some(partition) = message.partition.filter(|partition| !(0..self.partitions).contains(&partition.0)) {
            let refused = self.log.broken(format!("topic {} has no partition {partition}", self.topic));
            self.decided.push(Delivery { tag, result: Err(refused) });
            return Ok(());
        }
        self.queue.push((tag, message.clone()));
        if self.queue.len() >= TOGETHER {
            self.commit();
        }
        Ok(())
    }

    fn deliveries(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.decided)
    }

    fn flush(&mut self, _timeout: Duration) -> Vec<Delivery> {
        self.commit();
        self.deliveries()
    }
}

struct EmbeddedConsumer {
    log: EmbeddedLog,
    connection: Connection,
    topic: String,
    /// Until the first poll.
    unassigned: Vec<Partition>,
    reading: Vec<(Partition, NextOffset)>,
    /// Which partition is read first next time: each has its turn.
    turn: usize,
    /// The file's version at which no partition had more; `None` if that is to be found out.
    drained_at: Option<i64>,
    paused: bool,
}

impl EmbeddedConsumer {
    /// Hands over what one partition has, if any has anything.
    fn read_next(&mut self, max: usize, sink: &mut dyn FnMut(Incoming<'_>)) -> Result<usize, LogError> {
        // Asked before the partitions: what is committed meanwhile has a version after it.
        let version = self.version()?;
        if self.drained_at == Some(version) {
            return Ok(0);
        }
        for index in 0..self.reading.len() {
            let at = (self.turn + index) % self.reading.len();
            let (partition, next) = self.reading[at];
            let handed = self.log.read_from(&self.connection, (&self.topic, partition, next.0), max, sink)?;
            if handed > 0 {
                // Offsets of this log have no gaps.
                self.reading[at].1 = NextOffset(next.0 + handed as i64);
                self.turn = at + 1;
                return Ok(handed);
            }
        }
        self.drained_at = Some(version);
        Ok(0)
    }

    /// A number that changes with each commit of another connection, of whatever process; a look into shared memory.
    fn version(&self) -> Result<i64, LogError> {
        let select = self.connection.prepare_cached("PRAGMA data_version");
        select.and_then(|mut select| select.query_row([], |row| row.get(0))).map_err(|error| self.log.error(&error))
    }
}

impl Consumer for EmbeddedConsumer {
    fn poll(&mut self, timeout: Duration, max: usize, sink: &mut dyn FnMut(Incoming<'_>)) -> Result<Polled, LogError> {
        if !self.unassigned.is_empty() {
            return Ok(Polled::Assigned(std::mem::take(&mut self.unassigned)));
        }
        let begun = Instant::now();
        loop {
            if !self.paused {
                let handed = self.read_next(max, sink)?;
                if handed > 0 {
                    return Ok(Polled::Messages(handed));
                }
            }
            let left = timeout.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Ok(Polled::Messages(0));
            }
            std::thread::sleep(left.min(LOOK_AGAIN));
        }
    }

    fn start(&mut self, from: &[(Partition, NextOffset)]) -> Result<(), LogError> {
        self.release(&from.iter().map(|(partition, _)| *partition).collect::<Vec<_>>())?;
        self.reading.extend(from);
        self.drained_at = None;
        Ok(())
    }

    fn release(&mut self, partitions: &[Partition]) -> Result<(), LogError> {
        self.reading.retain(|(partition, _)| !partitions.contains(partition));
        Ok(())
    }

    fn seek(&mut self, partition: Partition, to: NextOffset) -> Result<(), LogError> {
        for reading in self.reading.iter_mut().filter(|(reading, _)| *reading == partition) {
            reading.1 = to;
        }
        self.drained_at = None;
        Ok(())
    }

    fn pause(&mut self) -> Result<(), LogError> {
        self.paused = true;
        Ok(())
    }

    fn resume(&mut self) -> Result<(), LogError> {
        self.paused = false;
        Ok(())
    }

    fn commit_hint(&mut self, _offsets: &[(Partition, NextOffset)]) {}

    fn range(&mut self, partition: Partition) -> Result<PartitionRange, LogError> {
        let high = self.log.end(&self.connection, &self.topic, partition)?;
        Ok(PartitionRange { partition, low: NextOffset(0), high })
    }

    fn ends(&mut self) -> Vec<(Partition, NextOffset)> {
        let partitions: Vec<Partition> = self.reading.iter().map(|(partition, _)| *partition).collect();
        let end = |partition: Partition| self.range(partition).ok().map(|range| (partition, range.high));
        partitions.into_iter().filter_map(end).collect()
    }

    fn close(self: Box<Self>) {}
}

fn pack_headers(headers: &[(String, Option<Vec<u8>>)]) -> Option<String> {
    let hex = |bytes: &Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let packed: Vec<(&str, Option<String>)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_ref().map(hex))).collect();
    // Text alone: serializing it cannot fail.
    (!packed.is_empty()).then(|| serde_json::to_string(&packed).unwrap_or_default())
}

/// Names and values, in order.
type Headers = Vec<(String, Option<Vec<u8>>)>;

fn unpack_headers(text: &str) -> Result<Headers, String> {
    let packed: Vec<(String, Option<String>)> =
        serde_json::from_str(text).map_err(|error| format!("a message has damaged headers: {error}"))?;
    let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes = |hex: String| {
        let bytes: Option<Vec<u8>> = hex.as_bytes().chunks(2).map(byte).collect();
        bytes.ok_or_else(|| "a message has damaged headers".to_owned())
    };
    packed.into_iter().map(|(name, value)| Ok((name, value.map(bytes).transpose()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_another_process_holds_says_so_and_names_no_kafka() {
        let dir = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(dir.path()).unwrap();
        let holder = Connection::open(EmbeddedLog::file_in(dir.path())).unwrap();
        holder.execute_batch("BEGIN IMMEDIATE").unwrap();
        let connection = log.connect().unwrap();
        connection.busy_timeout(Duration::ZERO).unwrap();
        let error = log.make_topic(&connection, "events", 6, 1).unwrap_err();
        assert!(matches!(&error, LogError::Locked { at, .. } if at.ends_with("log.db")), "{error}");
    }
}

//! Writes a topic: many messages in one transaction, acknowledged once it is committed.

use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior, params};

use super::file::EmbeddedLog;
use super::headers::pack_headers;
use crate::domain::{Offset, Partition, Position};
use crate::log::partitioner::partition_of;
use crate::log::{Delivery, LogError, Outgoing, Producer};

/// Messages that are committed together: so many at most, and not much more of memory than so many bytes.
const TOGETHER: (usize, usize) = (5_000, 8 << 20);

pub(super) struct EmbeddedProducer {
    pub(super) log: EmbeddedLog,
    pub(super) connection: Connection,
    pub(super) topic: String,
    pub(super) partitions: i32,
    pub(super) max_message_bytes: usize,
    /// Messages without a key go round.
    pub(super) without_key: i32,
    pub(super) queue: Vec<(u64, Outgoing)>,
    /// What the queue takes in memory, in bytes.
    pub(super) queued: usize,
    pub(super) decided: Vec<Delivery>,
}

impl EmbeddedProducer {
    /// Commits what is queued; then, and only then, it is acknowledged.
    fn commit(&mut self) {
        let queue = std::mem::take(&mut self.queue);
        self.queued = 0;
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
                let error = self.log.error(error);
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
            self.decided.push(Delivery { tag, result: Err(LogError::TooLarge { bytes, cause: cause.into() }) });
            return Ok(());
        }
        if let Some(partition) = message.partition.filter(|partition| !(0..self.partitions).contains(&partition.0)) {
            let refused = self.log.broken(format!("topic {} has no partition {partition}", self.topic));
            self.decided.push(Delivery { tag, result: Err(refused) });
            return Ok(());
        }
        self.queued += message.weight();
        self.queue.push((tag, message.clone()));
        if self.queue.len() >= TOGETHER.0 || self.queued >= TOGETHER.1 {
            self.commit();
        }
        Ok(())
    }

    fn hurry(&mut self) {
        self.commit();
    }

    fn deliveries(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.decided)
    }

    fn flush(&mut self, _timeout: Duration) -> Vec<Delivery> {
        self.commit();
        self.deliveries()
    }
}

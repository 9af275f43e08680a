//! Held partitions and what was accepted, in the file.

use rusqlite::params;

use super::SqliteStore;
use crate::domain::{NextOffset, Offset, Partition};
use crate::store::{Accepted, Held, NoteHeld, ReadHeld, StoreError};

impl ReadHeld for SqliteStore {
    fn held(&mut self, topic: &str) -> Result<Vec<Held>, StoreError> {
        if !self.has_table("held_partition")? {
            return Ok(Vec::new());
        }
        let read = || -> rusqlite::Result<Vec<Held>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT partition, log_offset, first, bad, of_records, reason, since_ms FROM held_partition AS held
                 WHERE topic = ?1 AND NOT EXISTS (SELECT 1 FROM checkpoint WHERE topic = held.topic
                     AND partition = held.partition AND next_offset > held.log_offset) ORDER BY partition",
            )?;
            let rows = statement.query_map([topic], |row| {
                Ok(Held {
                    partition: Partition(row.get(0)?),
                    at: Offset(row.get(1)?),
                    first: Offset(row.get(2)?),
                    bad: row.get::<_, i64>(3)?.unsigned_abs(),
                    of: row.get::<_, i64>(4)?.unsigned_abs(),
                    reason: row.get(5)?,
                    since_ms: row.get(6)?,
                })
            })?;
            rows.collect()
        };
        read().map_err(|error| self.error(error))
    }

    fn accepted(&mut self, topic: &str) -> Result<Vec<Accepted>, StoreError> {
        if !self.has_table("accepted_dead_letters")? {
            return Ok(Vec::new());
        }
        let read = || -> rusqlite::Result<Vec<Accepted>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT partition, next_offset, at_ms, why FROM accepted_dead_letters WHERE topic = ?1 ORDER BY partition",
            )?;
            let rows = statement.query_map([topic], |row| {
                let (partition, to) = (Partition(row.get(0)?), NextOffset(row.get(1)?));
                Ok(Accepted { partition, to, at_ms: row.get(2)?, why: row.get(3)? })
            })?;
            rows.collect()
        };
        read().map_err(|error| self.error(error))
    }
}

impl NoteHeld for SqliteStore {
    fn hold(&mut self, topic: &str, held: &Held) -> Result<(), StoreError> {
        let noted = self.connection.execute(
            "INSERT INTO held_partition (topic, partition, log_offset, first, bad, of_records, reason, since_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (topic, partition) DO UPDATE SET log_offset = ?3,
             first = ?4, bad = ?5, of_records = ?6, reason = ?7,
             since_ms = CASE WHEN log_offset = ?3 THEN since_ms ELSE ?8 END",
            params![
                topic,
                held.partition.0,
                held.at.0,
                held.first.0,
                held.bad as i64,
                held.of as i64,
                held.reason,
                held.since_ms
            ],
        );
        noted.map(|_| ()).map_err(|error| self.error(error))
    }

    fn accept(&mut self, topic: &str, accepted: &Accepted) -> Result<(), StoreError> {
        let noted = self.connection.execute(
            "INSERT OR REPLACE INTO accepted_dead_letters (topic, partition, next_offset, at_ms, why)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![topic, accepted.partition.0, accepted.to.0, accepted.at_ms, accepted.why],
        );
        noted.map(|_| ()).map_err(|error| self.error(error))
    }
}

//! Held partitions and what was accepted, in the schema.

use ::postgres::types::{ToSql, Type};

use super::PostgresStore;
use crate::domain::{NextOffset, Offset, Partition};
use crate::store::{Accepted, Held, NoteHeld, ReadHeld, StoreError};

impl ReadHeld for PostgresStore {
    fn held(&mut self, topic: &str) -> Result<Vec<Held>, StoreError> {
        if !self.has_table("held_partition")? {
            return Ok(Vec::new());
        }
        let rows = self.rows(
            "SELECT partition, log_offset, first, bad, of_records, reason, since_ms FROM {schema}.held_partition_{n} AS held
             WHERE topic = $1 AND NOT EXISTS (SELECT 1 FROM {schema}.checkpoint_{n} AS at WHERE at.topic = held.topic
                 AND at.partition = held.partition AND at.next_offset > held.log_offset) ORDER BY partition",
            &[(&topic, Type::TEXT)],
        )?;
        let of_row = |row: &::postgres::Row| {
            Ok(Held {
                partition: Partition(row.try_get(0)?),
                at: Offset(row.try_get(1)?),
                first: Offset(row.try_get(2)?),
                bad: row.try_get::<_, i64>(3)?.unsigned_abs(),
                of: row.try_get::<_, i64>(4)?.unsigned_abs(),
                reason: row.try_get(5)?,
                since_ms: row.try_get(6)?,
            })
        };
        self.read(|| rows.iter().map(of_row).collect())
    }

    fn accepted(&mut self, topic: &str) -> Result<Vec<Accepted>, StoreError> {
        if !self.has_table("accepted_dead_letters")? {
            return Ok(Vec::new());
        }
        let rows = self.rows(
            "SELECT partition, next_offset, at_ms, why FROM {schema}.accepted_dead_letters_{n} WHERE topic = $1
             ORDER BY partition",
            &[(&topic, Type::TEXT)],
        )?;
        let of_row = |row: &::postgres::Row| {
            let (partition, to) = (Partition(row.try_get(0)?), NextOffset(row.try_get(1)?));
            Ok(Accepted { partition, to, at_ms: row.try_get(2)?, why: row.try_get(3)? })
        };
        self.read(|| rows.iter().map(of_row).collect())
    }
}

impl NoteHeld for PostgresStore {
    fn hold(&mut self, topic: &str, held: &Held) -> Result<(), StoreError> {
        self.note(
            "INSERT INTO {schema}.held_partition_{n} AS held (topic, partition, log_offset, first, bad, of_records, reason, since_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (topic, partition) DO UPDATE SET log_offset = $3,
             first = $4, bad = $5, of_records = $6, reason = $7,
             since_ms = CASE WHEN held.log_offset = $3 THEN held.since_ms ELSE $8 END",
            &[
                (&topic, Type::TEXT),
                (&held.partition.0, Type::INT4),
                (&held.at.0, Type::INT8),
                (&held.first.0, Type::INT8),
                (&(held.bad as i64), Type::INT8),
                (&(held.of as i64), Type::INT8),
                (&held.reason, Type::TEXT),
                (&held.since_ms, Type::INT8),
            ],
        )
    }

    fn accept(&mut self, topic: &str, accepted: &Accepted) -> Result<(), StoreError> {
        self.note(
            "INSERT INTO {schema}.accepted_dead_letters_{n} (topic, partition, next_offset, at_ms, why)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (topic, partition) DO UPDATE SET next_offset = $3, at_ms = $4,
             why = $5",
            &[
                (&topic, Type::TEXT),
                (&accepted.partition.0, Type::INT4),
                (&accepted.to.0, Type::INT8),
                (&accepted.at_ms, Type::INT8),
                (&accepted.why, Type::TEXT),
            ],
        )
    }
}

impl PostgresStore {
    fn note(&mut self, sql: &str, parameters: &[(&(dyn ToSql + Sync), Type)]) -> Result<(), StoreError> {
        let sql = self.fill(sql);
        self.with(|client| Ok(client.execute_typed(&sql, parameters).map(|_| ())?))
    }
}

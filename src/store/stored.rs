//! What a stored entry and a stored checkpoint are made of, and what a place is called: said once, for every database.
//!
//! A table's columns are in the databases' own SQL as well; a test below holds them to what stands here. How SQLite
//! packs the entries that count is in `sqlite/leaf.rs`. May not know any database.

use std::str::FromStr as _;

use jiff::civil::Date;

use super::{AcceptedGap, Checkpoint, Counts};
use crate::domain::{
    Digest, Entry, Fact, Gap, NextOffset, Offset, Partition, Position, RecordKey, Revision, Rules, UnitCode,
};
use crate::rollup::CellPlace;

/// The columns of an entry. The last two repeat what is in the fact, for people who query.
pub(super) const ENTRY_COLUMNS: &str =
    "source, subject, revision, digest, event_id, partition, log_offset, fact, kind, unit";
/// Reads what an [`EntryRow`] is made of, in its order.
pub(super) const SELECT_ENTRY: &str = "SELECT source, subject, revision, digest, event_id, partition, log_offset, fact";
/// Reads what [`checkpoint`] takes, in its order.
pub(super) const SELECT_CHECKPOINT: &str =
    "SELECT partition, next_offset, read, applied, duplicate, superseded, dead_lettered, last_timestamp_ms";

/// Reads what [`accepted_gap`] takes, in its order.
pub(super) const SELECT_GAP: &str = "SELECT partition, from_offset, to_offset, accepted_at_ms, accepted_by";

/// An entry as its columns hold it.
pub(super) struct EntryRow<'r> {
    pub(super) source: &'r str,
    pub(super) subject: &'r str,
    pub(super) revision: i64,
    pub(super) digest: &'r [u8],
    pub(super) event_id: Option<&'r str>,
    pub(super) partition: i32,
    pub(super) log_offset: i64,
    pub(super) fact: &'r [u8],
}

impl EntryRow<'_> {
    /// The entry.
    ///
    /// # Errors
    /// What is wrong with the row, if it holds no entry.
    pub(super) fn entry(&self) -> Result<Entry, String> {
        Ok(Entry {
            key: RecordKey::new(self.source, self.subject),
            revision: Revision::stored(self.revision).ok_or("a revision below 1")?,
            digest: Digest(self.digest.try_into().map_err(|_| "a digest of another length")?),
            event_id: self.event_id.map(Into::into),
            fact: read_fact(self.fact)?,
            position: Position { partition: Partition(self.partition), offset: Offset(self.log_offset) },
        })
    }
}

/// What decides figures, as the column `fact` holds it.
///
/// # Errors
/// What is wrong with it, if it cannot be encoded.
pub(super) fn write_fact(fact: &Fact) -> Result<Vec<u8>, String> {
    postcard::to_stdvec(fact).map_err(|error| error.to_string())
}

fn read_fact(bytes: &[u8]) -> Result<Fact, String> {
    postcard::from_bytes(bytes).map_err(|error| error.to_string())
}

/// The checkpoint of a partition: its next offset, then the counts in the order of [`count_columns`].
pub(super) fn checkpoint(partition: i32, numbers: [i64; 6], last_timestamp_ms: Option<i64>) -> Checkpoint {
    let [next, counts @ ..] = numbers;
    let [read, applied, duplicate, superseded, dead_lettered] = counts.map(|count| count as u64);
    Checkpoint {
        partition: Partition(partition),
        next: NextOffset(next),
        counts: Counts { read, applied, duplicate, superseded, dead_lettered },
        last_timestamp_ms,
    }
}

/// A gap of a partition: its first offset, that after it, and when it was accepted; and by whom.
pub(super) fn accepted_gap(partition: i32, [from, to, at_ms]: [i64; 3], by: String) -> AcceptedGap {
    AcceptedGap { gap: Gap { partition: Partition(partition), from: NextOffset(from), to: NextOffset(to) }, at_ms, by }
}

/// Counts as the columns `read, applied, duplicate, superseded, dead_lettered` hold them.
pub(super) fn count_columns(counts: &Counts) -> [i64; 5] {
    [counts.read, counts.applied, counts.duplicate, counts.superseded, counts.dead_lettered].map(|count| count as i64)
}

/// What a place's cells are stored under: unit and first day. A place in no unit has the root's.
pub(super) fn place_key(place: CellPlace, rules: &Rules) -> (String, String) {
    let (prefix, segment) = match place {
        CellPlace::Unit(segment) => ("", segment),
        CellPlace::Dissolved(root) => (DISSOLVED, root),
    };
    let (code, since) = rules.units.segment_key(segment);
    (format!("{prefix}{code}"), since.to_string())
}

/// Undoes [`place_key`]; `None` for what the rules do not have.
pub(super) fn place_of(unit: &str, since: &str, rules: &Rules) -> Option<CellPlace> {
    let (code, make): (&str, fn(_) -> CellPlace) = match unit.strip_prefix(DISSOLVED) {
        Some(root) => (root, CellPlace::Dissolved),
        None => (unit, CellPlace::Unit),
    };
    let segment = rules.units.segment(UnitCode::new(code)?, Date::from_str(since).ok()?)?;
    Some(make(segment))
}

const DISSOLVED: &str = "dissolved:";

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns of a table, by the statement that makes it.
    fn columns<'s>(sql: &'s str, table: &str) -> Vec<&'s str> {
        let (_, rest) = sql.split_once(&format!("{table} (\n")).unwrap();
        let (columns, _) = rest.split_once("\n)").unwrap();
        let names = columns.lines().filter_map(|line| line.split_whitespace().next());
        names.filter(|name| *name != "PRIMARY").collect()
    }

    #[test]
    fn the_tables_of_every_database_have_these_columns() {
        let (sqlite, postgres) = (include_str!("sqlite/001.sql"), include_str!("postgres/001.sql"));
        let entry: Vec<&str> = ENTRY_COLUMNS.split(", ").collect();
        assert_eq!(columns(sqlite, "earlier_revision"), entry);
        assert_eq!(columns(postgres, "earlier_revision_{n}"), entry);
        assert_eq!(columns(postgres, "ledger_{n}"), entry);
        assert!(ENTRY_COLUMNS.starts_with(SELECT_ENTRY.strip_prefix("SELECT ").unwrap()));

        let checkpoint = SELECT_CHECKPOINT.strip_prefix("SELECT ").unwrap();
        let checkpoint: Vec<&str> = ["topic"].into_iter().chain(checkpoint.split(", ")).collect();
        // Dropped by the second version.
        let mut of_postgres = columns(postgres, "checkpoint_{n}");
        of_postgres.retain(|name| *name != "synthetic");
        assert_eq!(of_postgres, checkpoint);
        let mut of_sqlite = columns(sqlite, "checkpoint");
        of_sqlite.extend(
            include_str!("sqlite/002.sql")
                .split("checkpoint ADD COLUMN ")
                .skip(1)
                .filter_map(|rest| rest.split_whitespace().next()),
        );
        assert_eq!(of_sqlite, checkpoint);
    }
}

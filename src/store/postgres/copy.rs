//! Entries as PostgreSQL takes them in bulk: COPY's binary form, and columns as arrays.

use std::io::Write;

use ::postgres::types::{ToSql, Type};

use super::Trouble;
use crate::domain::{Entry, UnitCode};
use crate::store::StoreError;
use crate::store::stored::write_fact;

/// Signature, flags, and the length of a header extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const FIELDS: i16 = 10;
/// So much is handed over at a time.
const CHUNK: usize = 1 << 16;

/// What decides figures, as it is stored.
pub(super) fn fact(entry: &Entry) -> Result<Vec<u8>, StoreError> {
    write_fact(&entry.fact).map_err(|cause| {
        let at = format!("record {} {}", entry.key.source(), entry.key.subject());
        StoreError::Damaged { at, cause: cause.into() }
    })
}

/// Writes entries in COPY's binary form.
pub(super) struct Copying<W: Write> {
    to: W,
    bytes: Vec<u8>,
}

impl<W: Write> Copying<W> {
    pub(super) fn to(to: W) -> Self {
        let mut bytes = Vec::with_capacity(CHUNK + 1024);
        bytes.extend_from_slice(HEADER);
        Self { to, bytes }
    }

    pub(super) fn put(&mut self, entry: &Entry) -> std::io::Result<()> {
        let Self { to, bytes } = self;
        let fact = fact(entry).map_err(std::io::Error::other)?;
        let unit = entry.fact.unit();
        bytes.extend_from_slice(&FIELDS.to_be_bytes());
        field(bytes, entry.key.source().as_bytes())?;
        field(bytes, entry.key.subject().as_bytes())?;
        field(bytes, &entry.revision.number().to_be_bytes())?;
        field(bytes, &entry.digest.0)?;
        optional(bytes, entry.event_id.as_deref())?;
        field(bytes, &entry.position.partition.0.to_be_bytes())?;
        field(bytes, &entry.position.offset.0.to_be_bytes())?;
        field(bytes, &fact)?;
        field(bytes, entry.fact.kind().as_bytes())?;
        optional(bytes, unit.as_ref().map(UnitCode::as_str))?;
        if bytes.len() >= CHUNK {
            to.write_all(bytes)?;
            bytes.clear();
        }
        Ok(())
    }

    /// Ends it; the writer is to be finished yet.
    pub(super) fn end(mut self) -> std::io::Result<W> {
        self.bytes.extend_from_slice(&(-1i16).to_be_bytes());
        self.to.write_all(&self.bytes)?;
        Ok(self.to)
    }
}

/// What ends writing by way of COPY.
pub(super) fn trouble(error: std::io::Error, at: String) -> Trouble {
    match error.downcast::<::postgres::Error>() {
        Ok(error) => error.into(),
        Err(error) => StoreError::BrokenOff { at, cause: error.into() }.into(),
    }
}

fn field(bytes: &mut Vec<u8>, value: &[u8]) -> std::io::Result<()> {
    let length = i32::try_from(value.len()).map_err(std::io::Error::other)?;
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(value);
    Ok(())
}

fn optional(bytes: &mut Vec<u8>, value: Option<&str>) -> std::io::Result<()> {
    match value {
        Some(value) => field(bytes, value.as_bytes()),
        None => {
            bytes.extend_from_slice(&(-1i32).to_be_bytes());
            Ok(())
        }
    }
}

/// Entries by column.
#[derive(Default)]
pub(super) struct Columns<'e> {
    source: Vec<&'e str>,
    subject: Vec<&'e str>,
    revision: Vec<i64>,
    digest: Vec<&'e [u8]>,
    event_id: Vec<Option<&'e str>>,
    partition: Vec<i32>,
    log_offset: Vec<i64>,
    fact: Vec<Vec<u8>>,
    kind: Vec<&'static str>,
    unit: Vec<Option<String>>,
}

/// What stands for [`Columns`] in a statement: `r` with [`ENTRY_COLUMNS`](crate::store::stored::ENTRY_COLUMNS).
pub(super) const ROWS: &str = "unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[], $5::text[], $6::integer[],
    $7::bigint[], $8::bytea[], $9::text[], $10::text[])
    AS r(source, subject, revision, digest, event_id, partition, log_offset, fact, kind, unit)";

impl<'e> Columns<'e> {
    pub(super) fn of(entries: impl Iterator<Item = &'e Entry>) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for entry in entries {
            columns.source.push(entry.key.source());
            columns.subject.push(entry.key.subject());
            columns.revision.push(entry.revision.number());
            columns.digest.push(&entry.digest.0);
            columns.event_id.push(entry.event_id.as_deref());
            columns.partition.push(entry.position.partition.0);
            columns.log_offset.push(entry.position.offset.0);
            columns.fact.push(fact(entry)?);
            columns.kind.push(entry.fact.kind());
            columns.unit.push(entry.fact.unit().map(|unit| unit.as_str().to_owned()));
        }
        Ok(columns)
    }

    pub(super) fn parameters(&self) -> [(&(dyn ToSql + Sync), Type); 10] {
        [
            (&self.source, Type::TEXT_ARRAY),
            (&self.subject, Type::TEXT_ARRAY),
            (&self.revision, Type::INT8_ARRAY),
            (&self.digest, Type::BYTEA_ARRAY),
            (&self.event_id, Type::TEXT_ARRAY),
            (&self.partition, Type::INT4_ARRAY),
            (&self.log_offset, Type::INT8_ARRAY),
            (&self.fact, Type::BYTEA_ARRAY),
            (&self.kind, Type::TEXT_ARRAY),
            (&self.unit, Type::TEXT_ARRAY),
        ]
    }
}

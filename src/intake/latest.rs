//! The present revision of a record, wherever it is known, and the revision that comes after it: what a correction and
//! a withdrawal start from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::check::Checker;
use super::error::RecordError;
use super::record::{Columns, data_of, has_column};
use crate::domain::{Entry, NextOffset, Offset, Partition, RecordKey};
use crate::log::{EventLog, Incoming};
use crate::store::StoreReader;
use crate::wire::encode::Draft;
use crate::wire::flat;
use crate::wire::spec::{EventType, TypeSpec};
use crate::wire::{Event, Message};

/// Where records are looked up.
pub struct Archive<'a> {
    /// The log.
    pub log: &'a dyn EventLog,
    /// Its topic of events.
    pub topic: &'a str,
    /// The store, if there is one yet.
    pub store: Option<&'a mut dyn StoreReader>,
    /// By which messages are read.
    pub checker: &'a Checker,
}

/// The highest revision of a record.
pub struct Latest {
    event: Event,
    payload: Vec<u8>,
}

impl Archive<'_> {
    /// Looks in the store, and in what of the log the store has not read yet, for the record of that source, or of
    /// any source if none is named.
    ///
    /// # Errors
    ///
    /// Where there is none, several sources have one, or store or log cannot be read.
    pub fn find(&mut self, source: Option<&str>, subject: &str) -> Result<Latest, RecordError> {
        let Self { log, topic, store, checker } = self;
        let mut found: Vec<Latest> = Vec::new();
        let mut from: BTreeMap<Partition, NextOffset> = BTreeMap::new();
        if let Some(store) = store {
            from.extend(store.checkpoints(topic)?.iter().map(|checkpoint| (checkpoint.partition, checkpoint.next)));
            for entry in stored(&mut **store, source, subject)? {
                log.read(topic, entry.position.partition, entry.position.offset, 1, &mut |message| {
                    found.extend(Latest::of(checker, &message));
                })?;
            }
        }
        let wanted = |key: &RecordKey| key.subject() == subject && source.is_none_or(|source| key.source() == source);
        for range in log.topic(topic)?.partitions {
            let next = from.get(&range.partition).copied().unwrap_or_default().max(range.low);
            if next < range.high {
                let count = (range.high.0 - next.0).unsigned_abs() as usize;
                log.read(topic, range.partition, Offset(next.0), count, &mut |message| {
                    found.extend(Latest::of(checker, &message).filter(|latest| wanted(&latest.event.key)));
                })?;
            }
        }
        let mut sources: Vec<String> = found.iter().map(|latest| latest.event.key.source().to_owned()).collect();
        sources.sort_unstable();
        sources.dedup();
        if sources.len() > 1 {
            return Err(RecordError::SeveralSources { subject: subject.to_owned(), sources });
        }
        let highest = found.into_iter().max_by_key(|latest| (latest.event.revision, latest.event.digest));
        highest.ok_or_else(|| RecordError::NotFound { subject: subject.to_owned() })
    }
}

impl Latest {
    fn of(checker: &Checker, message: &Incoming<'_>) -> Option<Self> {
        let event =
            checker.event(&Message { key: message.key, headers: message.headers, payload: message.payload }).ok()?;
        Some(Self { event, payload: message.payload.unwrap_or_default().to_vec() })
    }

    /// The revision in which these columns say something else; an empty one takes its field away.
    ///
    /// # Errors
    ///
    /// Where the record was withdrawn or cannot be read, its type has no such columns, or one cannot be read.
    pub fn corrected(&self, columns: &Columns, now: Timestamp) -> Result<Draft, RecordError> {
        let mut data = self.data()?;
        let spec = TypeSpec::named(self.event.fact.kind()).filter(|spec| spec.kind != EventType::Withdrawal);
        let spec = spec.ok_or_else(|| RecordError::Withdrawn { subject: self.event.key.subject().to_owned() })?;
        let foreign: Vec<String> = columns.keys().filter(|column| !has_column(spec, column)).cloned().collect();
        if !foreign.is_empty() {
            return Err(RecordError::NoSuchFields { kind: spec.name, columns: foreign });
        }
        let given: Columns =
            columns.iter().filter(|(_, value)| !value.is_empty()).map(|(a, b)| (a.clone(), b.clone())).collect();
        let changed = data_of(spec, &given)?;
        let is_emptied = |column: &flat::FlatColumn| columns.get(&column.name()).is_some_and(String::is_empty);
        for column in flat::columns(spec).into_iter().filter(is_emptied) {
            match column.member {
                None => drop(data.remove(column.field)),
                Some(member) => {
                    let whole = data.get_mut(column.field).and_then(Value::as_object_mut);
                    drop(whole.and_then(|members| members.remove(member)));
                }
            }
        }
        for (name, value) in changed {
            match (data.get_mut(&name).and_then(Value::as_object_mut), value) {
                (Some(counts), Value::Object(more)) => counts.extend(more),
                (_, value) => {
                    data.insert(name, value);
                }
            }
        }
        self.next(spec, data, now)
    }

    /// The revision that takes the record back.
    ///
    /// # Errors
    ///
    /// Where the record has no revision left.
    pub fn withdrawn(&self, reason: String, now: Timestamp) -> Result<Draft, RecordError> {
        self.next(EventType::Withdrawal.spec(), [("reason".to_owned(), Value::from(reason))].into_iter().collect(), now)
    }

    /// What it says, in either content mode.
    fn data(&self) -> Result<Map<String, Value>, RecordError> {
        let damaged = |_| RecordError::Damaged { subject: self.event.key.subject().to_owned() };
        let body: Map<String, Value> = serde_json::from_slice(&self.payload).map_err(damaged)?;
        Ok(match body.get("specversion").and(body.get("data")) {
            Some(Value::Object(data)) => data.clone(),
            _ => body,
        })
    }

    /// The next revision, with that content.
    fn next(&self, spec: &'static TypeSpec, data: Map<String, Value>, now: Timestamp) -> Result<Draft, RecordError> {
        let key = &self.event.key;
        let spent = || RecordError::RevisionsSpent { subject: key.subject().to_owned() };
        Ok(Draft {
            revision: self.event.revision.next().ok_or_else(spent)?,
            partition_key: self.event.partition_key.map(|unit| unit.to_string()),
            synthetic: self.event.synthetic,
            ..Draft::new(spec, key.source(), key.subject(), now, data)
        })
    }
}

/// The record of that source, or of any source if none is named.
fn stored(store: &mut dyn StoreReader, source: Option<&str>, subject: &str) -> Result<Vec<Entry>, RecordError> {
    if let Some(source) = source {
        return Ok(store.entry(&RecordKey::new(source, subject))?.into_iter().collect());
    }
    let mut found = Vec::new();
    store.entries(&mut |entry| {
        if entry.key.subject() == subject {
            found.push(entry);
        }
        true
    })?;
    Ok(found)
}

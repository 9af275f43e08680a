//! Looks over everything that a pipeline needs and says of each thing whether
//! it is well, and if not, what to do. Changes nothing.
//!
//! What moves while it is looked at is read in the order in which it moves, the store before its log, and asked again
//! before anybody is accused.

mod address;
mod brokers;
mod finding;
mod group;
mod machine;
mod offsets;
mod permissions;
mod stored;
mod topics;

use std::time::Duration;

use jiff::Timestamp;

use self::finding::Examination;
pub use self::finding::{Finding, Thing, Verdict};
use crate::config::Settings;
use crate::domain::Rules;
use crate::failure::Failure;
use crate::files::Inspection;
use crate::log::{EventLog, Topic};
use crate::store::{Checkpoint, StoreError, StoreReader};
use crate::text::doctor as says;

/// The event log as it was met with.
pub enum Met<'a> {
    /// It is there.
    Open(&'a dyn EventLog),
    /// The embedded log is made with the first event, and there was none.
    NotYet,
    /// It cannot be opened.
    Failed(&'a Failure),
}

impl Met<'_> {
    fn open(&self) -> Option<&dyn EventLog> {
        match self {
            Self::Open(log) => Some(*log),
            _ => None,
        }
    }
}

/// How it is looked.
pub struct Manner<'a> {
    /// At every page of a file.
    pub inspection: Inspection<'a>,
    /// Between two looks at what moves.
    pub pause: Duration,
}

/// Opens the store in force, as often as it is looked at.
pub type OpenStore<'a> = dyn Fn() -> Result<Box<dyn StoreReader>, StoreError> + 'a;

/// Looks everything over, at the moment `now`.
pub fn examine(
    (settings, rules, now): (&Settings, &Rules, Timestamp),
    log: &Met<'_>,
    open_store: &OpenStore<'_>,
    manner: &Manner<'_>,
) -> Vec<Finding> {
    let mut examination = Examination::new(settings.lang);
    let store = open_store().and_then(|mut store| {
        let checkpoints = store.checkpoints(&settings.kafka.topic)?;
        let is_bound = !store.topics()?.is_empty();
        Ok((store, checkpoints, is_bound))
    });
    machine::units(&mut examination, rules, now);
    machine::folder(&mut examination, &settings.general.data, |path| fs4::available_space(path));
    address::look(&mut examination, "http.listen", &settings.http.listen);
    address::look(&mut examination, "http.metrics_listen", &settings.http.metrics_listen);
    let is_bound = store.as_ref().is_ok_and(|(_, _, is_bound)| *is_bound);
    let (events, newest) = log_and_topics(&mut examination, settings, (log, is_bound), manner);
    machine::clock(&mut examination, now, newest);
    // Whatever the log is like: the store's own health is seen without it.
    let looked = store.and_then(|(mut store, checkpoints, _)| {
        stored::look(&mut examination, settings, (&mut *store, &checkpoints), manner)?;
        Ok(stored::is_of_log(&mut examination, settings, &mut *store, log).then_some(checkpoints))
    });
    match (looked, events) {
        (Ok(Some(checkpoints)), Some(events)) => {
            let place = offsets::Place { settings, log, open_store, manner };
            place.look(&mut examination, &checkpoints, &events);
        }
        (Ok(_), _) => {}
        (Err(error), _) => {
            let missing = matches!(error, StoreError::Missing { .. });
            let verdict = if missing { Verdict::Warning } else { Verdict::Problem };
            examination.failed(Thing::Store, verdict, &error);
        }
    }
    examination.findings
}

/// The events' topic, and when its newest message was taken, as far as they could be seen.
fn log_and_topics(
    examination: &mut Examination,
    settings: &Settings,
    (log, is_bound): (&Met<'_>, bool),
    manner: &Manner<'_>,
) -> (Option<Topic>, Option<Timestamp>) {
    match log {
        Met::Open(log) => {
            let events = topics::look(examination, settings, *log, is_bound);
            topics::inspect(examination, *log, manner);
            let newest = events.as_ref().and_then(|events| permissions::look(examination, settings, *log, events));
            (events, newest)
        }
        Met::NotYet => {
            examination.add(Thing::Log, Verdict::Warning, &says::no_events_yet(), &says::publish_some());
            (Some(Topic { name: settings.kafka.topic.clone(), partitions: Vec::new(), replication: 1 }), None)
        }
        Met::Failed(failure) => {
            examination.add(Thing::Log, Verdict::Problem, failure.what(), failure.remedy());
            (None, None)
        }
    }
}

/// The numbers of partitions, for people.
fn listed(partitions: impl IntoIterator<Item = crate::domain::Partition>) -> String {
    partitions.into_iter().map(|partition| partition.to_string()).collect::<Vec<_>>().join(", ")
}

/// The checkpoint of a partition, if the store has anything of it.
fn of_partition(checkpoints: &[Checkpoint], partition: crate::domain::Partition) -> Option<&Checkpoint> {
    checkpoints.iter().find(|checkpoint| checkpoint.partition == partition)
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

//! A worker as others see it: what it is given, and how long it works. Its
//! threads share nothing but messages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::connection::{Connection, ConnectionLimits};
use super::error::{Silent, WorkerError};
use super::letters::LetterKeeper;
use super::machine::{Limits, Machine};
use super::notes::GroupNotes;
use super::reader::{Outages, Reader};
use super::summary::Summary;
use super::writer::{Overlaps, Writer};
use crate::dead_letters::producer::DeadLetterProducer;
use crate::domain::{LogIdentity, NextOffset, Partition, Rules};
use crate::failure::Cause;
use crate::log::{Consumer, EventLog, LogError, Membership, identity_of};
use crate::observability::Metrics;
use crate::store::StoreWriter;
use crate::wire::{Admission, Decoder};

/// What a worker works on.
pub struct Worker {
    /// The event log.
    pub log: Arc<dyn EventLog>,
    /// The topic of events.
    pub topic: String,
    /// The topic of dead letters; `None` to count them only, as a replay does.
    pub dead_letter_topic: Option<String>,
    /// As whom it reads.
    pub membership: Membership,
    /// What it writes.
    pub store: Box<dyn StoreWriter>,
    /// What decides figures.
    pub rules: Arc<Rules>,
    /// What is taken in besides what units say.
    pub admission: Admission,
    /// Of batches.
    pub limits: Limits,
    /// Of how long it is without a broker where others are answered.
    pub connection: ConnectionLimits,
    /// What operators watch.
    pub metrics: Arc<Metrics>,
    /// Set to stop it.
    pub stop: Arc<AtomicBool>,
    /// How long it works.
    pub until: Until,
    /// Told after each commit how many records are done, and of how many if that is known.
    pub progress: Box<dyn FnMut(u64, Option<u64>)>,
}

/// How long a worker works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Until {
    /// Until it is stopped.
    #[default]
    Stopped,
    /// Until it is at the end offsets that are seen at the start; what comes meanwhile may be taken too.
    CaughtUp,
    /// Until it is at these offsets; nothing at or after them is taken, nor of other partitions.
    At(BTreeMap<Partition, NextOffset>),
}

/// A worker that has begun: its store is bound to its log and can be written, and it reads, as a member of its group if it
/// is one.
pub struct Begun {
    bound: Option<LogIdentity>,
    /// Where to stop, and whether what lies at or after that is left alone.
    targets: Option<BTreeMap<Partition, NextOffset>>,
    bounded: bool,
    consumer: Box<dyn Consumer>,
    notes: Option<Arc<GroupNotes>>,
}

fn start_thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, LogError> {
    let thread = std::thread::Builder::new().name(name.into()).spawn(work);
    thread.map_err(|error| LogError::Transient(Cause::worded(format!("cannot start a thread: {error}"), error)))
}

impl Worker {
    /// Works until it is stopped, has caught up, or cannot go on.
    ///
    /// # Errors
    /// As [`Worker::begin`] and [`Worker::go_on`].
    pub fn run(mut self) -> Result<Summary, WorkerError> {
        let begun = self.begin()?;
        self.go_on(begun)
    }

    /// Compares log and store, and joins the group last: who cannot write takes no partition. Where it fails it may be
    /// tried again.
    ///
    /// # Errors
    /// If log and store do not go together, or one of them cannot be asked.
    pub fn begin(&mut self) -> Result<Begun, WorkerError> {
        let store = &mut self.store;
        // Before anything else is asked of either: one letter off, and two logs would be counted as one.
        let bound = identity_of(&*self.log, &self.topic)?;
        match &bound {
            Some(log) => store.bind(log)?,
            None => store.check_log(self.log.kind(), &self.topic, None)?,
        }
        let (targets, bounded) = match &self.until {
            Until::Stopped => (None, false),
            Until::CaughtUp => {
                let ends = self.log.topic(&self.topic)?.partitions;
                (Some(ends.iter().map(|range| (range.partition, range.high)).collect()), false)
            }
            Until::At(offsets) => (Some(offsets.clone()), true),
        };
        let notes = match (&self.membership, store.timelines()) {
            (Membership::Group(group), Some(timelines)) => {
                Some(GroupNotes::follow(&*self.log, &self.topic, group, timelines)?)
            }
            _ => None,
        };
        if let Some(topic) = &self.dead_letter_topic {
            // Needed only when a dead letter comes; but better known before.
            if let Err(error) = self.log.topic(topic) {
                tracing::warn!(event = "dead_letter_topic_unusable", %error, "the dead-letter topic cannot be used; the worker stops at the first message that is not a valid event");
            }
        }
        store.standing(&self.topic)?;
        let consumer = self.log.consumer(&self.topic, &self.membership)?;
        Ok(Begun { bound, targets, bounded, consumer, notes })
    }

    /// Works on as [`Worker::run`].
    ///
    /// # Errors
    /// If log or store fail in a way that does not pass.
    pub fn go_on(self, begun: Begun) -> Result<Summary, WorkerError> {
        let Begun { bound, targets, bounded, consumer, notes } = begun;
        let store = self.store;
        let (requests, inbox) = channel();
        let (outbox, replies) = channel();
        let of_store = (if store.is_on_server() { Silent::Server } else { Silent::File }, store.describe());
        let mut writer = Writer {
            topic: self.topic.clone(),
            store,
            looked: None,
            overlaps: if targets.is_some() { Overlaps::Unwatched } else { Overlaps::Due },
            rules: Arc::clone(&self.rules),
            metrics: Arc::clone(&self.metrics),
            operator: operator(),
        };
        let (store_replies, served) = (outbox.clone(), Arc::new(AtomicBool::new(false)));
        let all_served = Arc::clone(&served);
        let store_thread = start_thread("store", move || {
            writer.serve(&inbox, &store_replies);
            // That all is answered is known before the store is closed, which takes a while.
            all_served.store(true, Ordering::Relaxed);
        })?;
        let (letters, parcels) = channel();
        let mut keeper = LetterKeeper {
            dead_letters: DeadLetterProducer::new(Arc::clone(&self.log), &self.topic, self.dead_letter_topic),
            log: Arc::clone(&self.log),
            stop: Arc::clone(&self.stop),
        };
        let keeper_replies = outbox.clone();
        let letters_thread = start_thread("dead-letters", move || keeper.serve(&parcels, &keeper_replies))?;
        let machine = Machine::new(&self.topic, self.limits);
        let mut reader = Reader {
            log: self.log,
            topic: self.topic,
            bound,
            machine,
            decoder: Decoder::new(),
            rules: self.rules,
            admission: self.admission,
            consumer,
            notes,
            noted: String::new(),
            connection: Connection::new(self.connection),
            requests,
            letters,
            answers: outbox,
            replies,
            threads: vec![("store", store_thread), ("dead-letters", letters_thread)],
            metrics: self.metrics,
            stop: self.stop,
            stop_at: None,
            of_store,
            targets,
            bounded,
            looked_up: false,
            committed: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            held_elsewhere: BTreeMap::new(),
            started: Vec::new(),
            ranging: BTreeMap::new(),
            rounds: 0,
            unanswered: BTreeSet::new(),
            unavailable: BTreeSet::new(),
            asked_accepted: false,
            written: Duration::ZERO,
            begun: Instant::now(),
            asleep: false,
            told: Duration::ZERO,
            hidden_at: None,
            looked_at: Instant::now(),
            looking: false,
            away_told: None,
            outages: Outages::default(),
            progress: self.progress,
            summary: Summary::default(),
        };
        let result = reader.run();
        drop((reader.requests, reader.letters, reader.answers));
        let in_time = !matches!(result, Err(WorkerError::Slow { .. }));
        let store_thread = reader.threads.swap_remove(0).1;
        while in_time && !served.load(Ordering::Relaxed) && !store_thread.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
        }
        // Only now, so that no other reads where a batch of this one is still to be written.
        reader.consumer.close();
        if in_time {
            // A panic in the thread was reported as its end.
            let _ = store_thread.join();
        }
        result.map(|()| reader.summary)
    }
}

/// Who runs the program, as the system knows them.
fn operator() -> String {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = variable("USER").or_else(|| variable("LOGNAME")).unwrap_or_else(|| "?".to_owned());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| variable("HOSTNAME"));
    format!("{user}@{}", host.as_deref().unwrap_or("?").trim())
}

//! Drives the state machine: one thread polls the log and asks the machine what
//! to do, one writes dead letters and the store (and in a heavy flow two decode).
//! They share nothing but messages.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::dead_letter::DeadLetter;
use super::decoding::DecodingConsumer;
use super::machine::{Committed, Failure, Input, Limits, Machine, Output, Start, Stopped};
use super::metrics::Metrics;
use super::outbox::DeadLetterProducer;
pub use super::outbox::DeadLetterRefused;
use crate::domain::{Entry, NextOffset, Offset, Partition, Position, Rules};
use crate::failure::Explained as _;
use crate::log::{EventLog, LogError, Membership, Polled};
use crate::store::{Batch, Checkpoint, Counts, StoreError, StoreWriter};
use crate::wire::AllowedSources;

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
    /// Sources besides the units.
    pub sources: AllowedSources,
    /// Of batches.
    pub limits: Limits,
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

/// What a worker did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Of all records that it wrote.
    pub counts: Counts,
    /// Batches that it wrote.
    pub batches: u64,
}

/// Why a worker stopped.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The log failed.
    Log(#[from] LogError),
    /// The store failed in a way that does not pass.
    Store(#[from] StoreError),
    /// Log and store do not go together.
    Stopped(#[from] Stopped),
    /// The dead-letter topic does not take letters.
    DeadLetters(#[from] DeadLetterRefused),
    /// What was under way was not answered in time when the worker was to stop.
    Slow {
        /// Who did not.
        silent: Silent,
        /// Its name.
        at: String,
        /// How long it was waited for.
        seconds: u64,
    },
}

/// Who did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silent {
    /// A store in a file, which another process holds.
    File,
    /// A store on a server.
    Server,
    /// The log, which was to take dead letters.
    Log,
}

/// A stop waits this long for what is under way.
const STOP_WITHIN: Duration = Duration::from_secs(8);
/// How often the size of the store is asked.
const SIZE_EVERY: Duration = Duration::from_secs(1);
/// How often it is said that the store does not answer.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// A broker that starts knows its topics within this long.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);
/// A group gives partitions within this long, or has none to give.
const ASSIGNED_WITHIN: Duration = Duration::from_secs(10);
/// A poll waits this long while a batch is gathered or in flight, or an end is to be reached.
const POLL: Duration = Duration::from_millis(20);
/// And this long where nothing is: a message ends it at once, a stop is seen within it.
const IDLE_POLL: Duration = Duration::from_millis(200);

enum Request {
    Checkpoints,
    DeadLetter(Vec<DeadLetter>),
    Apply(Batch),
}

enum Reply {
    Checkpoints(Result<Vec<Checkpoint>, StoreError>),
    Kept(Result<(), DeadLetterRefused>),
    Applied { result: Result<Vec<Counts>, StoreError>, took: Duration, store_bytes: u64, room: Vec<Entry> },
}

impl Worker {
    /// Works until it is stopped, has caught up, or cannot go on.
    pub fn run(self) -> Result<Summary, WorkerError> {
        let (targets, bounded) = match self.until {
            Until::Stopped => (None, false),
            Until::CaughtUp => {
                let ends = self.log.topic(&self.topic)?.partitions;
                (Some(ends.iter().map(|range| (range.partition, range.high)).collect()), false)
            }
            Until::At(offsets) => (Some(offsets), true),
        };
        let letters = DeadLetterProducer::new(Arc::clone(&self.log), self.dead_letter_topic.clone());
        let consumer = self.log.consumer(&self.topic, &self.membership)?;
        if let Some(topic) = &self.dead_letter_topic {
            // Needed only when a letter comes; but better known before.
            if let Err(error) = self.log.topic(topic) {
                tracing::warn!(%error, "the dead-letter topic cannot be used; the worker stops at the first message that is no event");
            }
        }
        let (requests, inbox) = channel();
        let (outbox, replies) = channel();
        let mut store = self.store;
        let size = (Instant::now(), store.size_bytes().unwrap_or_default());
        let of_store = (if store.is_on_server() { Silent::Server } else { Silent::File }, store.describe());
        let of_log = (Silent::Log, self.log.describe());
        self.metrics.store_size(size.1);
        let mut writer = Writer {
            topic: self.topic.clone(),
            store,
            size,
            rules: Arc::clone(&self.rules),
            letters,
            metrics: Arc::clone(&self.metrics),
        };
        let work = move || {
            writer.serve(&inbox, &outbox);
            // That all is answered is known before the store is closed, which takes a while.
            drop(outbox);
        };
        let thread = std::thread::Builder::new().name("store".into()).spawn(work);
        let thread = thread.map_err(|error| LogError::Transient(format!("cannot start a thread: {error}")))?;
        let machine = Machine::new(&self.topic, self.limits);
        let consumer = DecodingConsumer::new(consumer, self.rules, self.sources);
        let mut reader = Reader {
            log: self.log,
            topic: self.topic,
            machine,
            consumer,
            requests,
            replies,
            metrics: self.metrics,
            stop: self.stop,
            stop_at: None,
            of_store,
            of_log,
            keeping: false,
            targets,
            bounded,
            looked_up: false,
            committed: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            started: Vec::new(),
            reasons: BTreeMap::new(),
            written: (Duration::ZERO, 0),
            begun: Instant::now(),
            asleep: false,
            told: Duration::ZERO,
            progress: self.progress,
            summary: Summary::default(),
        };
        let result = reader.run();
        drop(reader.requests);
        let in_time = !matches!(result, Err(WorkerError::Slow { .. }));
        while in_time && reader.replies.recv().is_ok() {}
        // Only now, so that no other reads where a batch of this one is still to be written.
        reader.consumer.close();
        if in_time {
            // A panic in the thread was reported as no answer.
            let _ = thread.join();
        }
        result.map(|()| reader.summary)
    }
}

/// The thread that writes.
struct Writer {
    topic: String,
    store: Box<dyn StoreWriter>,
    /// When its size was asked last, and the answer in bytes.
    size: (Instant, u64),
    rules: Arc<Rules>,
    letters: DeadLetterProducer,
    metrics: Arc<Metrics>,
}

impl Writer {
    fn serve(&mut self, requests: &Receiver<Request>, replies: &Sender<Reply>) {
        while let Ok(request) = requests.recv() {
            let begun = Instant::now();
            let reply = match request {
                Request::DeadLetter(letters) => Reply::Kept(self.letters.keep(&self.topic, &letters)),
                Request::Checkpoints => {
                    self.metrics.asked(Some(begun));
                    Reply::Checkpoints(self.store.checkpoints(&self.topic))
                }
                Request::Apply(mut batch) => {
                    self.metrics.asked(Some(begun));
                    let result = self.store.apply(&batch, &self.rules);
                    let took = begun.elapsed();
                    batch.entries.clear();
                    Reply::Applied { result, took, store_bytes: self.store_bytes(), room: batch.entries }
                }
            };
            self.metrics.asked(None);
            if replies.send(reply).is_err() {
                break;
            }
        }
    }

    /// The size of the store, asked now and then: to a database it is one more question.
    fn store_bytes(&mut self) -> u64 {
        let (asked, bytes) = &mut self.size;
        if asked.elapsed() >= SIZE_EVERY {
            (*asked, *bytes) = (Instant::now(), self.store.size_bytes().unwrap_or_default());
        }
        *bytes
    }
}

/// The thread that reads.
struct Reader {
    log: Arc<dyn EventLog>,
    topic: String,
    machine: Machine,
    consumer: DecodingConsumer,
    requests: Sender<Request>,
    replies: Receiver<Reply>,
    metrics: Arc<Metrics>,
    stop: Arc<AtomicBool>,
    /// When it saw that it is to stop.
    stop_at: Option<Instant>,
    /// Who is waited for: the store, or the log while it keeps dead letters.
    of_store: (Silent, String),
    of_log: (Silent, String),
    keeping: bool,
    /// Where to stop, if that is known at the start.
    targets: Option<BTreeMap<Partition, NextOffset>>,
    /// Whether what lies at or after these is left alone.
    bounded: bool,
    /// Whether it was ever given partitions, perhaps none, and knows where these start.
    looked_up: bool,
    /// Where the store is, as far as this worker knows.
    committed: BTreeMap<Partition, NextOffset>,
    /// Where the store was a second ago in partitions that are others'.
    elsewhere: BTreeMap<Partition, NextOffset>,
    /// Partitions that the consumer reads: they are sought, not started.
    started: Vec<Partition>,
    /// Of the dead letters under way.
    reasons: BTreeMap<&'static str, u64>,
    /// How long the last write took, and the size of the store after it.
    written: (Duration, u64),
    begun: Instant,
    /// Whether the consumer is paused for longer than a moment.
    asleep: bool,
    /// How long the store had owed an answer when that was last said.
    told: Duration,
    progress: Box<dyn FnMut(u64, Option<u64>)>,
    summary: Summary,
}

impl Reader {
    fn run(&mut self) -> Result<(), WorkerError> {
        let mut asked_at = Instant::now();
        let mut told = false;
        loop {
            self.metrics.beat();
            let now_ms = self.begun.elapsed().as_millis() as u64;
            if self.is_to_stop()? && !told {
                told = true;
                self.machine.handle(Input::Stop, now_ms);
            }
            self.poll(now_ms)?;
            while let Ok(reply) = self.replies.try_recv() {
                self.reply(reply, now_ms)?;
            }
            let at_end = self.targets.as_ref().is_some_and(|targets| self.machine.has_read(targets));
            self.machine.handle(if at_end { Input::AtEnd } else { Input::Tick }, now_ms);
            if self.act()? {
                return Ok(());
            }
            if asked_at.elapsed() > Duration::from_secs(1) {
                asked_at = Instant::now();
                // Behind the last record may lie offsets that are no records: these are not waited for.
                // (What has come while nothing is read is not known to be none.)
                let end = |(partition, end): (Partition, NextOffset)| {
                    let at = self.machine.end_of(partition).filter(|_| !self.machine.paused());
                    (partition, at.map_or(end, |at| end.min(at)))
                };
                let ends: Vec<_> = self.consumer.ends().into_iter().map(end).collect();
                self.metrics.ends(&ends);
                self.metrics.connected(self.consumer.connected());
                self.tell_of_silence();
                if self.elsewhere_caught_up()? {
                    return Ok(());
                }
            }
        }
    }

    /// Whether it is to stop; a failure if it was to for too long.
    fn is_to_stop(&mut self) -> Result<bool, WorkerError> {
        if self.stop.load(Ordering::Relaxed) {
            self.stop_at.get_or_insert_with(Instant::now);
        }
        match self.stop_at {
            Some(at) if at.elapsed() > STOP_WITHIN => {
                let (silent, at) = if self.keeping { &self.of_log } else { &self.of_store };
                Err(WorkerError::Slow { silent: *silent, at: at.clone(), seconds: STOP_WITHIN.as_secs() })
            }
            at => Ok(at.is_some()),
        }
    }

    /// Says every ten seconds that the store owes an answer.
    fn tell_of_silence(&mut self) {
        let Some(waited) = self.metrics.unanswered() else {
            self.told = Duration::ZERO;
            return;
        };
        if waited >= self.told + TELL_EVERY {
            self.told = waited;
            tracing::warn!(seconds = waited.as_secs(), "the store does not answer; waiting for it");
        }
    }

    /// Reads on, or waits for the store while the machine wants no more.
    fn poll(&mut self, now_ms: u64) -> Result<(), WorkerError> {
        if self.machine.paused() && !self.asleep {
            match self.replies.recv_timeout(Duration::from_millis(500)) {
                Ok(reply) => return self.reply(reply, now_ms),
                Err(RecvTimeoutError::Disconnected) => return Err(no_answer()),
                Err(RecvTimeoutError::Timeout) => {
                    self.consumer.pause()?;
                    self.asleep = true;
                }
            }
        }
        if self.asleep && !self.machine.paused() {
            self.consumer.resume()?;
            self.asleep = false;
        }
        let wait = if self.machine.is_idle() && self.targets.is_none() { IDLE_POLL } else { POLL };
        let (machine, bounds) = (&mut self.machine, self.targets.as_ref().filter(|_| self.bounded));
        let polled = self.consumer.poll(wait, 1000, &mut |incoming, decoded| {
            let Position { partition, offset } = incoming.position;
            if bounds.is_some_and(|bounds| bounds.get(&partition).is_none_or(|end| offset.next() > *end)) {
                return;
            }
            machine.handle(Input::Record(incoming, decoded), now_ms);
        });
        let polled = match polled {
            Err(error @ LogError::NoSuchTopic(_)) => match self.once_more(&self.topic, error) {
                // There again: perhaps as another.
                LogError::Transient(_) => Polled::Recreated,
                error => return Err(error.into()),
            },
            polled => polled?,
        };
        self.metrics.begun(self.machine.begun());
        match polled {
            Polled::Messages(_) => {}
            Polled::Assigned(partitions) => {
                self.metrics.rebalanced("assigned");
                tracing::info!(?partitions, "assigned");
                self.look_up(&partitions, now_ms)?;
            }
            Polled::Revoked(partitions) => {
                self.metrics.rebalanced("revoked");
                tracing::info!(?partitions, "revoked");
                self.machine.handle(Input::Revoked(&partitions), now_ms);
            }
            Polled::Lost(partitions) => {
                self.metrics.rebalanced("lost");
                tracing::warn!(?partitions, "lost: the session timed out");
                self.machine.handle(Input::Lost(&partitions), now_ms);
            }
            Polled::AtEnd(partitions) => self.machine.handle(Input::AtEndOf(&partitions), now_ms),
            Polled::Recreated => self.machine.handle(Input::Recreated, now_ms),
        }
        Ok(())
    }

    /// A topic that is not there is looked for once more: a broker that has just started may not know it yet.
    fn once_more(&self, topic: &str, error: LogError) -> LogError {
        let begun = Instant::now();
        while matches!(error, LogError::NoSuchTopic(_)) && !self.stop.load(Ordering::Relaxed) {
            match self.log.topic(topic) {
                Err(LogError::NoSuchTopic(_)) if begun.elapsed() > KNOWN_WITHIN => break,
                Err(LogError::NoSuchTopic(_)) => std::thread::sleep(KNOWN_WITHIN / 5),
                _ => return LogError::Transient(error.to_string()),
            }
        }
        error
    }

    /// Tells the machine where store and log are.
    fn look_up(&mut self, partitions: &[Partition], now_ms: u64) -> Result<(), WorkerError> {
        // The group waits for the answer to an assignment of nothing too, and it takes neither store nor log.
        let found = if partitions.is_empty() { Ok(Vec::new()) } else { self.starts(partitions, now_ms) };
        let starts = match found {
            Ok(starts) => starts,
            Err(error) if error.kind().may_pass() => {
                tracing::warn!(%error, "cannot look up where to start; trying again");
                self.metrics.not_ready();
                self.machine.handle(Input::Unknown(partitions), now_ms);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.looked_up = true;
        self.machine.handle(Input::Assigned(&starts), now_ms);
        Ok(())
    }

    fn starts(&mut self, partitions: &[Partition], now_ms: u64) -> Result<Vec<Start>, WorkerError> {
        let checkpoints = self.checkpoints(now_ms)?;
        let mut starts = Vec::with_capacity(partitions.len());
        for partition in partitions {
            let stored = checkpoints.iter().find(|checkpoint| checkpoint.partition == *partition).copied();
            let range = self.consumer.range(*partition).map_err(|error| self.once_more(&self.topic, error))?;
            self.metrics.reading(*partition, stored, range.high);
            self.committed.insert(*partition, stored.map_or(NextOffset(0), |checkpoint| checkpoint.next));
            let last_timestamp_ms = stored.and_then(|checkpoint| checkpoint.last_timestamp_ms);
            starts.push(Start { stored: stored.map(|checkpoint| checkpoint.next), last_timestamp_ms, range });
        }
        Ok(starts)
    }

    fn checkpoints(&mut self, now_ms: u64) -> Result<Vec<Checkpoint>, WorkerError> {
        self.requests.send(Request::Checkpoints).map_err(|_| no_answer())?;
        loop {
            match self.replies.recv_timeout(Duration::from_millis(500)) {
                Ok(Reply::Checkpoints(result)) => return Ok(result?),
                Ok(other) => self.reply(other, now_ms)?,
                // A server that hangs keeps nobody from stopping.
                Err(RecvTimeoutError::Timeout) => {
                    self.is_to_stop()?;
                    self.tell_of_silence();
                }
                Err(RecvTimeoutError::Disconnected) => return Err(no_answer()),
            }
        }
    }

    fn reply(&mut self, reply: Reply, now_ms: u64) -> Result<(), WorkerError> {
        self.keeping &= !matches!(reply, Reply::Kept(_));
        let input = match reply {
            Reply::Checkpoints(_) => return Ok(()),
            Reply::Kept(Ok(())) => Input::DeadLettersKept,
            Reply::Kept(Err(refused)) if self.once_more(&refused.topic, refused.cause.clone()).kind().may_pass() => {
                tracing::warn!(error = %refused, "dead letters are not confirmed; reading again from the store's offsets");
                self.metrics.failed("dead_letter");
                Input::Failed(Failure::Passing(refused.to_string()))
            }
            Reply::Kept(Err(refused)) => return Err(refused.into()),
            Reply::Applied { result: Ok(counts), took, store_bytes, room } => {
                self.written = (took, store_bytes);
                self.machine.take_back(room);
                Input::Committed(counts)
            }
            Reply::Applied { result: Err(error @ StoreError::Fenced { .. }), .. } => {
                tracing::error!(%error, "fenced: dropped what was read, starting again from the store's offsets");
                self.metrics.failed("fenced");
                Input::Failed(Failure::Fenced)
            }
            Reply::Applied { result: Err(error @ StoreError::Unavailable { .. }), .. } => {
                tracing::warn!(%error, "the store did not take a batch; trying again from its offsets");
                self.metrics.failed("passing");
                Input::Failed(Failure::Passing(error.to_string()))
            }
            Reply::Applied { result: Err(error), .. } => return Err(error.into()),
        };
        self.machine.handle(input, now_ms);
        Ok(())
    }

    /// Does what the machine says; true when it says that all is done.
    fn act(&mut self) -> Result<bool, WorkerError> {
        while self.machine.has_outputs() {
            for output in self.machine.outputs() {
                match output {
                    Output::Start(from) => {
                        let partitions: Vec<Partition> = from.iter().map(|(partition, _)| *partition).collect();
                        let started = self.start(from);
                        self.or_later(started, &partitions)?;
                    }
                    Output::LookBack(partition, from) => {
                        let sought = self.look_back(partition, from);
                        self.or_later(sought, &[partition])?;
                    }
                    Output::Release(partitions) => {
                        self.consumer.release(&partitions)?;
                        self.metrics.released(&partitions);
                        self.started.retain(|partition| !partitions.contains(partition));
                        self.committed.retain(|partition, _| !partitions.contains(partition));
                    }
                    Output::DeadLetter(letters) => {
                        self.reasons.clear();
                        for letter in &letters {
                            *self.reasons.entry(letter.reason()).or_default() += 1;
                        }
                        self.keeping = true;
                        self.requests.send(Request::DeadLetter(letters)).map_err(|_| no_answer())?;
                    }
                    Output::Apply(batch) => self.requests.send(Request::Apply(batch)).map_err(|_| no_answer())?,
                    Output::Commit { spans, since_ms } => self.committed(&spans, since_ms),
                    // Followed by way of `Machine::paused`, so that a pause of a moment costs nothing.
                    Output::Pause | Output::Resume => {}
                    Output::Resync(partitions) => {
                        let now_ms = self.begun.elapsed().as_millis() as u64;
                        self.look_up(&partitions, now_ms)?;
                    }
                    Output::Stop(result) => {
                        result?;
                        return Ok(true);
                    }
                }
            }
        }
        Ok(self.caught_up())
    }

    /// What may pass is tried again later.
    fn or_later(&mut self, result: Result<(), LogError>, partitions: &[Partition]) -> Result<(), WorkerError> {
        match result.map_err(|error| self.once_more(&self.topic, error)) {
            Err(error) if error.kind().may_pass() => {
                tracing::warn!(%error, "cannot read from there yet; trying again");
                let now_ms = self.begun.elapsed().as_millis() as u64;
                self.machine.handle(Input::Unknown(partitions), now_ms);
                Ok(())
            }
            other => Ok(other?),
        }
    }

    fn look_back(&mut self, partition: Partition, from: NextOffset) -> Result<(), LogError> {
        // What has expired meanwhile is not asked for.
        let low = self.consumer.range(partition)?.low;
        tracing::debug!(%partition, %from, "the first bad record since the start: looking at those before it");
        self.consumer.seek(partition, from.max(low))
    }

    fn start(&mut self, from: Vec<(Partition, NextOffset)>) -> Result<(), LogError> {
        let nothing = from.is_empty();
        let (known, new): (Vec<_>, Vec<_>) =
            from.into_iter().partition(|(partition, _)| self.started.contains(partition));
        for (partition, next) in known {
            self.consumer.seek(partition, next)?;
        }
        // An assignment of nothing wants its answer too, or the group waits for it.
        if !new.is_empty() || nothing {
            self.consumer.start(&new)?;
            self.started.extend(new.iter().map(|(partition, _)| *partition));
        }
        Ok(())
    }

    fn committed(&mut self, spans: &[Committed], since_ms: u64) {
        let whole = self.begun.elapsed().saturating_sub(Duration::from_millis(since_ms));
        let records = spans.iter().map(|span| span.counts.read).sum();
        self.metrics.batch(records, whole, self.written.0, self.written.1);
        self.metrics.dead_lettered(&std::mem::take(&mut self.reasons));
        self.summary.batches += 1;
        let mut hints = Vec::with_capacity(spans.len());
        for span in spans {
            self.metrics.committed(span);
            self.summary.counts.add(&span.counts);
            // One that was lost meanwhile is another's, and so is its progress.
            if let Some(next) = self.committed.get_mut(&span.partition) {
                *next = span.next;
            }
            hints.push((span.partition, span.next));
        }
        self.consumer.commit_hint(&hints);
        let of = self.targets.as_ref().map(|targets| targets.values().map(|end| end.0.unsigned_abs()).sum());
        (self.progress)(self.summary.counts.read, of);
    }

    /// Whether the store is at every end that was seen at the start, by this worker's own doing.
    fn caught_up(&self) -> bool {
        let Some(targets) = self.targets.as_ref().filter(|_| self.looked_up) else { return false };
        targets.iter().all(|(partition, end)| self.is_reached(*partition, *end))
    }

    /// The same of one partition; of one without messages nothing is to be reached.
    fn is_reached(&self, partition: Partition, end: NextOffset) -> bool {
        end.0 == 0
            || self.committed.get(&partition).is_some_and(|next| *next >= end)
            || self.machine.is_done(partition, end)
    }

    /// The same, where other workers have a part in it.
    fn elsewhere_caught_up(&mut self) -> Result<bool, WorkerError> {
        let Some(targets) = self.targets.clone() else { return Ok(false) };
        // What the group gives this one is looked at first: the topic may be another than the store's. Where it gives
        // nothing, that may not be told.
        if !self.looked_up && self.begun.elapsed() < ASSIGNED_WITHIN {
            return Ok(false);
        }
        if targets.keys().all(|partition| self.committed.contains_key(partition)) {
            return Ok(self.caught_up());
        }
        let now_ms = self.begun.elapsed().as_millis() as u64;
        let stored = match self.checkpoints(now_ms) {
            // Asked again soon.
            Err(WorkerError::Store(StoreError::Unavailable { .. })) => return Ok(false),
            stored => stored?,
        };
        for (partition, end) in targets {
            if self.is_reached(partition, end) {
                continue;
            }
            let stored = stored.iter().find(|at| at.partition == partition).map_or(NextOffset(0), |at| at.next);
            let before = self.elsewhere.insert(partition, stored);
            // Where another worker stands still, perhaps nothing follows that is a record.
            if stored < end && (before != Some(stored) || self.has_record(partition, stored)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the log has a record of a partition at an offset or after it, as far as can be found out.
    fn has_record(&self, partition: Partition, from: NextOffset) -> bool {
        !matches!(self.log.read(&self.topic, partition, Offset(from.0), 1, &mut |_| {}), Ok(0))
    }
}

fn no_answer() -> WorkerError {
    WorkerError::Log(LogError::Transient("the thread that writes the store has ended unexpectedly".into()))
}

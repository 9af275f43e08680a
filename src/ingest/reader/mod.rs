//! The thread that reads: it polls the log, decodes, asks the machine what to do
//! and does it, but for what the writer does.
//!
//! `lookup` finds out where partitions start, `held` goes on with what is held once
//! somebody has decided, `standing` knows whether the store still has what it was
//! given, `connection` whether its client still has a broker, `reach` what the log has
//! of its partitions, `end` whether a worker that is to end has done its work.

mod connection;
mod end;
mod held;
mod lookup;
mod reach;
mod standing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::errands::{Parcel, Reply, Request};
use super::error::{Silent, WorkerError};
use super::machine::{BatchFailure, Committed, Input, Machine, Output};
use super::notes::GroupNotes;
use super::ranges::once_more;
use super::summary::Summary;
use crate::dead_letters::limit::Excess;
use crate::domain::{LogIdentity, NextOffset, Partition, Position, Rules};
use crate::failure::{Explained as _, FailureKind};
use crate::log::{Consumer, EventLog, LogError, Most, Polled};
use crate::observability::Metrics;
use crate::store::StoreError;
use crate::wire::{Admission, Decoder, Message};

/// How much one poll hands over: only between two are answers taken and is the machine's word followed.
const MOST: Most = Most { messages: 1000, bytes: 1 << 20 };
/// A stop waits this long for what is in flight.
const STOP_WITHIN: Duration = Duration::from_secs(8);
/// How often it is said that the store does not answer.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// A poll waits this long while a batch is gathered or in flight, or an end is to be reached.
const POLL: Duration = Duration::from_millis(20);
/// And this long where nothing is: a message ends it at once, a stop is seen within it.
const IDLE_POLL: Duration = Duration::from_millis(200);

/// What is away, each since when: that it is over is said with how long it took.
#[derive(Default)]
pub(super) struct Outages {
    store_away: Option<Instant>,
    /// The store takes no batch.
    store_refuses: Option<Instant>,
    leaderless: Option<Instant>,
    /// Whether a broker was ever connected.
    was_connected: bool,
}

/// The thread that reads.
pub(super) struct Reader {
    pub(super) log: Arc<dyn EventLog>,
    pub(super) topic: String,
    /// Which log it reads.
    pub(super) bound: Option<LogIdentity>,
    pub(super) machine: Machine,
    pub(super) decoder: Decoder,
    pub(super) rules: Arc<Rules>,
    pub(super) admission: Admission,
    pub(super) consumer: Box<dyn Consumer>,
    /// What the group's workers note of the store's servers, where there are several to tell apart, and what this one has.
    pub(super) notes: Option<Arc<GroupNotes>>,
    pub(super) noted: String,
    /// Whether its client has a broker.
    pub(super) connection: Connection,
    pub(super) requests: Sender<Request>,
    /// For the thread that has dead letters kept.
    pub(super) letters: Sender<Parcel>,
    /// By which whoever is asked answers; as it is kept here, `replies` never ends.
    pub(super) answers: Sender<Reply>,
    pub(super) replies: Receiver<Reply>,
    /// The threads that it asks, by what they do.
    pub(super) threads: Vec<(&'static str, JoinHandle<()>)>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) stop: Arc<AtomicBool>,
    /// When it saw that it is to stop.
    pub(super) stop_at: Option<Instant>,
    /// Who is waited for when it is to stop.
    pub(super) of_store: (Silent, String),
    /// Where to stop, if that is known at the start.
    pub(super) targets: Option<BTreeMap<Partition, NextOffset>>,
    /// Whether what lies at or after these is left alone.
    pub(super) bounded: bool,
    /// Whether it was ever given partitions, perhaps none, and knows where these start.
    pub(super) looked_up: bool,
    /// Where the store is, as far as this worker knows.
    pub(super) committed: BTreeMap<Partition, NextOffset>,
    /// Where the store was a second ago in partitions that are others'.
    pub(super) elsewhere: BTreeMap<Partition, NextOffset>,
    /// Which of these are held there.
    pub(super) held_elsewhere: BTreeMap<Partition, Excess>,
    /// Partitions that the consumer reads: they are sought, not started.
    pub(super) started: Vec<Partition>,
    /// The partitions whose range is asked of the log, with the number of that look-up.
    pub(super) ranging: BTreeMap<Partition, u64>,
    pub(super) rounds: u64,
    /// Those of which the log did not answer where they begin and end.
    pub(super) unanswered: BTreeSet<Partition>,
    /// Those that nobody leads who answers, as it was last said.
    pub(super) unavailable: BTreeSet<Partition>,
    /// Whether the store is asked what operators have accepted.
    pub(super) asked_accepted: bool,
    /// How long the last write took.
    pub(super) written: Duration,
    pub(super) begun: Instant,
    /// Whether the consumer is paused for longer than a moment.
    pub(super) asleep: bool,
    /// When the log was last found to hide something, and whether that was said.
    pub(super) hidden_at: Option<(Instant, Instant)>,
    /// How long the store had owed an answer when that was last said.
    pub(super) told: Duration,
    /// When the store was asked last whether it still has what it was given, and whether that is yet to be answered.
    pub(super) looked_at: Instant,
    pub(super) looking: bool,
    /// When it was last said that it cannot be looked at.
    pub(super) away_told: Option<Instant>,
    pub(super) outages: Outages,
    pub(super) progress: Box<dyn FnMut(u64, Option<u64>)>,
    pub(super) summary: Summary,
}

impl Reader {
    /// Works until it is stopped, has caught up, or cannot go on.
    pub(super) fn run(&mut self) -> Result<(), WorkerError> {
        let mut asked_at = Instant::now();
        let mut told = false;
        loop {
            self.metrics.health.beat();
            let now_ms = self.now_ms();
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
                return self.ended();
            }
            self.look_at_store()?;
            if asked_at.elapsed() > Duration::from_secs(1) {
                asked_at = Instant::now();
                self.look_at_client()?;
                self.look_at_log();
                self.tell_of_silence();
                self.answer_group()?;
                self.all_live()?;
                self.ask_accepted()?;
                if self.elsewhere_caught_up()? && self.hides_nothing() {
                    return self.ended();
                }
            }
        }
    }

    /// The time by the machine's clock.
    fn now_ms(&self) -> u64 {
        self.begun.elapsed().as_millis() as u64
    }

    /// Whether it is to stop; a failure if it was to for too long.
    fn is_to_stop(&mut self) -> Result<bool, WorkerError> {
        if self.stop.load(Ordering::Relaxed) {
            self.stop_at.get_or_insert_with(Instant::now);
        }
        match self.stop_at {
            Some(at) if at.elapsed() > STOP_WITHIN => {
                let (silent, at) = &self.of_store;
                Err(WorkerError::Slow { silent: *silent, at: at.clone(), seconds: STOP_WITHIN.as_secs() })
            }
            at => Ok(at.is_some()),
        }
    }

    /// Says every ten seconds that the store owes an answer.
    fn tell_of_silence(&mut self) {
        let Some(waited) = self.metrics.health.unanswered() else {
            if !self.told.is_zero() {
                let seconds = self.told.as_secs();
                tracing::info!(
                    event = "store_answers",
                    seconds,
                    "the store answers again, after so many seconds or more"
                );
            }
            self.told = Duration::ZERO;
            return;
        };
        if waited >= self.told + TELL_EVERY {
            self.told = waited;
            tracing::warn!(
                event = "store_silent",
                seconds = waited.as_secs(),
                "the store does not answer; waiting for it"
            );
        }
    }

    /// Reads on, or waits for the store while the machine wants no more.
    fn poll(&mut self, now_ms: u64) -> Result<(), WorkerError> {
        if self.machine.paused() && !self.asleep {
            match self.replies.recv_timeout(Duration::from_millis(500)) {
                Ok(reply) => return self.reply(reply, now_ms),
                Err(_) => {
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
        let Self { consumer, decoder, rules, admission, machine, targets, bounded, .. } = self;
        let bounds = targets.as_ref().filter(|_| *bounded);
        let polled = consumer.poll(wait, MOST, &mut |incoming| {
            let Position { partition, offset } = incoming.position;
            if bounds.is_none_or(|bounds| bounds.get(&partition).is_some_and(|end| offset.next() <= *end)) {
                let message = Message { key: incoming.key, headers: incoming.headers, payload: incoming.payload };
                let decoded = decoder.decode(&message, rules, admission);
                machine.handle(Input::Record(&incoming, decoded), now_ms);
            }
        });
        let polled = match polled {
            Err(error @ LogError::NoSuchTopic(_)) => match once_more(&*self.log, &self.topic, &self.stop, error) {
                // There again: perhaps as another.
                LogError::Transient(_) => Polled::Recreated,
                error => return Err(error.into()),
            },
            Err(error @ LogError::OffsetOutOfRange { .. }) => return self.nothing_there(error, now_ms),
            polled => polled?,
        };
        self.metrics.begun(self.machine.begun());
        match polled {
            Polled::Messages(_) => {}
            Polled::Assigned(partitions) => {
                self.metrics.rebalanced("assigned");
                tracing::info!(event = "partitions_assigned", ?partitions, "assigned");
                self.look_up(&partitions, now_ms);
            }
            Polled::Revoked(partitions) => {
                self.ranging.retain(|partition, _| !partitions.contains(partition));
                self.metrics.rebalanced("revoked");
                tracing::info!(event = "partitions_revoked", ?partitions, "revoked");
                self.machine.handle(Input::Revoked(&partitions), now_ms);
            }
            Polled::Lost(partitions) => {
                self.ranging.retain(|partition, _| !partitions.contains(partition));
                self.metrics.rebalanced("lost");
                tracing::warn!(event = "partitions_lost", ?partitions, "lost: another worker may have them");
                self.machine.handle(Input::Lost(&partitions), now_ms);
            }
            Polled::AtEnd(partitions) => self.machine.handle(Input::AtEndOf(&partitions), now_ms),
            Polled::Recreated => {
                self.is_still_bound()?;
                self.machine.handle(Input::Recreated, now_ms);
            }
        }
        Ok(())
    }

    fn reply(&mut self, reply: Reply, now_ms: u64) -> Result<(), WorkerError> {
        let input = match reply {
            Reply::Progress(_) => return Ok(()),
            Reply::Standing(standing) => return self.standing(standing, now_ms),
            Reply::Ranges(round, ranges) => return self.ranges(round, ranges, now_ms),
            Reply::LogAnswers(well) => {
                self.log_answers(well, now_ms);
                return Ok(());
            }
            Reply::Noted(result) => {
                if let Err(error) = result {
                    tracing::warn!(event = "hold_not_noted", %error, "the store has not noted that a partition is held");
                }
                return Ok(());
            }
            Reply::Accepted(accepted) => {
                self.asked_accepted = false;
                return accepted.map_or(Ok(()), |(noted, accepted)| self.decided(&noted, &accepted, now_ms));
            }
            Reply::Kept(id, Ok(())) => Input::DeadLettersKept(id),
            Reply::Kept(id, Err(refused)) if self.passes(refused.kind()) => {
                tracing::warn!(event = "dead_letters_not_confirmed", partition = %refused.position.partition, error = %refused, "dead letters are not confirmed; reading this partition again from the store's offset");
                self.metrics.failed("dead_letter");
                Input::DeadLettersNotKept(id)
            }
            Reply::Kept(_, Err(refused)) => return Err(refused.into()),
            Reply::Applied { result: Ok(counts), took, room } => {
                self.written = took;
                if let Some(since) = self.outages.store_refuses.take() {
                    let seconds = since.elapsed().as_secs();
                    tracing::info!(event = "store_takes", seconds, "the store takes batches again");
                }
                self.machine.take_back(room);
                Input::Committed(counts)
            }
            Reply::Applied { result: Err(error @ StoreError::Fenced { .. }), .. } => {
                tracing::error!(event = "store_fenced", %error, "fenced: dropped what was read, starting again from the store's offsets");
                self.metrics.failed("fenced");
                Input::Failed(BatchFailure::Fenced)
            }
            Reply::Applied { result: Err(error), .. } if self.passes(error.kind()) => {
                self.outages.store_refuses.get_or_insert_with(Instant::now);
                tracing::warn!(event = "batch_not_taken", %error, "the store did not take a batch; trying again from its offsets");
                self.metrics.failed(if error.kind() == FailureKind::DiskFull { "disk_full" } else { "passing" });
                Input::Failed(BatchFailure::Passing(error.to_string()))
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
                        self.ranging.retain(|partition, _| !partitions.contains(partition));
                        self.unanswered.retain(|partition| !partitions.contains(partition));
                    }
                    Output::WentBack(lost) => self.went_back(&lost),
                    Output::DeadLetter(id, letters) => {
                        self.letters.send((id, letters)).map_err(|_| WorkerError::ThreadEnded("dead-letters"))?;
                    }
                    Output::Hold(partitions) => self.keep_still(&partitions)?,
                    Output::TooManyDeadLetters(partition, excess) => self.hold(partition, excess)?,
                    Output::Apply(batch) => self.ask(Request::Apply(batch))?,
                    Output::Commit { spans, since_ms } => self.committed(&spans, since_ms),
                    // Followed by way of `Machine::paused`, so that a pause of a moment costs nothing.
                    Output::Pause | Output::Resume => {}
                    Output::Resync(partitions) => {
                        let now_ms = self.now_ms();
                        self.look_up(&partitions, now_ms);
                    }
                    Output::Stop(result) => {
                        result?;
                        return Ok(true);
                    }
                }
            }
        }
        // The log, which is not asked again at once, before the store, which is.
        Ok(self.caught_up() && self.hides_nothing() && self.is_kept()?)
    }

    fn look_back(&mut self, partition: Partition, from: NextOffset) -> Result<(), LogError> {
        // What has expired meanwhile is not asked for.
        let low = self.log.range(&self.topic, partition)?.low;
        tracing::debug!(event = "looking_back", %partition, %from, "the first bad record since the start: looking at those before it");
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
        self.metrics.batch(records, whole, self.written);
        self.summary.batches += 1;
        let mut hints = Vec::with_capacity(spans.len());
        for span in spans {
            self.metrics.dead_lettered(&span.reasons);
            self.metrics.committed(span.partition, span.next, &span.counts, span.redriven);
            self.summary.counts.add(&span.counts);
            // One that was lost meanwhile is another's, and so is its progress.
            if let Some(next) = self.committed.get_mut(&span.partition) {
                *next = span.next;
            }
            hints.push((span.partition, span.next));
        }
        self.hint(&hints);
        let of = self.targets.as_ref().map(|targets| targets.values().map(|end| end.0.unsigned_abs()).sum());
        (self.progress)(self.summary.counts.read, of);
    }

    /// Asks the thread that writes.
    fn ask(&self, request: Request) -> Result<(), WorkerError> {
        self.requests.send(request).map_err(|_| WorkerError::ThreadEnded("store"))
    }

    /// Whether every thread that is asked still runs: one that has ended answers nobody.
    fn all_live(&self) -> Result<(), WorkerError> {
        let ended = self.threads.iter().find(|(_, thread)| thread.is_finished());
        ended.map_or(Ok(()), |(name, _)| Err(WorkerError::ThreadEnded(name)))
    }
}

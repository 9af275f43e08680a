//! The worker's core: a synchronous state machine without I/O or clock.
//!
//! It is told what happened and says what to do (`messages`). It gathers records
//! into a batch; at most one batch is in flight to the store while the next is
//! gathered (`batch`). A batch's dead letters are kept by the log before its
//! offsets move. After any failure it drops what it holds and starts again from
//! the store's checkpoints: the store is the truth, so nothing can be lost or
//! counted twice by that. Where too many records are not valid events it stops.

mod batch;
mod messages;
mod standing;

pub use messages::{BatchFailure, Committed, Decoded, Input, Limits, Output, Start, Stopped, WentBack};

use std::collections::BTreeMap;
use std::mem;

use batch::{Gathered, InFlight, Origin};

use crate::dead_letters::limit::{DeadLetterLimit, LimitVerdict};
use crate::domain::{Entry, NextOffset, Partition, Position};
use crate::log::Incoming;
use crate::store::{Batch, Counts};

/// A partition that is being read.
#[derive(Debug)]
struct Reading {
    /// Where the store will be when all that is gathered and in flight is written.
    from: Option<NextOffset>,
    /// The next offset that is wanted.
    next: NextOffset,
    /// When the log took the record before that, until it has been seen again.
    known: Option<i64>,
    /// Since when nothing of it follows, in milliseconds.
    at_end: Option<u64>,
    /// Nothing is taken of it until it is started again.
    stale: bool,
    limit: DeadLetterLimit,
}

impl Reading {
    /// Whether it has been read up to that end, or to where nothing has followed for a while: that for a moment nothing
    /// does may be the word of a broker which has not heard of all yet.
    fn has_read(&self, end: NextOffset, now_ms: u64) -> bool {
        let stays = self.at_end.is_some_and(|since| now_ms >= since + AT_END_MS);
        !self.stale && (stays || self.next >= end)
    }
}

/// Nothing has followed for so long, in milliseconds, where an end before the one that was seen is believed.
const AT_END_MS: u64 = 1_000;

/// Fences in a row, without a commit between, after which the worker gives up.
const FENCES_ALLOWED: u32 = 5;

/// The state machine.
pub struct Machine {
    topic: String,
    limits: Limits,
    partitions: BTreeMap<Partition, Reading>,
    gathered: Gathered,
    in_flight: InFlight,
    /// Partitions to release when what is in flight is done.
    releasing: Vec<Partition>,
    paused: bool,
    /// When to look the partitions up again after a failure.
    resync_at_ms: Option<u64>,
    failures: u32,
    fences: u32,
    stopping: bool,
    /// Why it stops, if not because it was told to.
    stopped: Option<Stopped>,
    /// Room for the next batch's entries.
    room: Vec<Entry>,
    outputs: Vec<Output>,
    begun: Vec<(Position, Option<i64>)>,
    /// The time of the last input.
    now_ms: u64,
}

impl Machine {
    /// A machine that has no partitions yet.
    pub fn new(topic: &str, limits: Limits) -> Self {
        Self {
            topic: topic.to_owned(),
            limits,
            partitions: BTreeMap::new(),
            gathered: Gathered::default(),
            in_flight: InFlight::Nothing,
            releasing: Vec::new(),
            paused: false,
            resync_at_ms: None,
            failures: 0,
            fences: 0,
            stopping: false,
            stopped: None,
            room: Vec::new(),
            outputs: Vec::new(),
            begun: Vec::new(),
            now_ms: 0,
        }
    }

    /// Takes back the room of a batch's entries, for another's: fresh memory costs more than what is written into it.
    pub fn take_back(&mut self, mut room: Vec<Entry>) {
        room.clear();
        self.room = room;
    }

    /// Takes one input; what is to be done is in [`Machine::outputs`].
    pub fn handle(&mut self, input: Input<'_>, now_ms: u64) {
        let at_end = matches!(input, Input::AtEnd);
        self.now_ms = now_ms;
        match input {
            Input::Record(record, decoded) => self.record(record, decoded, now_ms),
            Input::Assigned(starts) => self.assigned(starts, now_ms),
            Input::Unknown(partitions) => self.hold(partitions, now_ms),
            Input::Revoked(partitions) => self.revoked(partitions),
            Input::Lost(partitions) => {
                self.forget(partitions);
                // Released below: not once more, when they may have come back.
                self.releasing.retain(|partition| !partitions.contains(partition));
                self.outputs.push(Output::Release(partitions.to_vec()));
            }
            Input::AtEndOf(partitions) => {
                for partition in partitions {
                    self.partitions.entry(*partition).and_modify(|reading| reading.at_end = Some(now_ms));
                }
            }
            Input::Recreated => self.look_again(now_ms),
            Input::Standing(stored) => self.compare(stored, now_ms),
            Input::DeadLettersKept => {
                if let InFlight::DeadLetters(batch, origin) = mem::replace(&mut self.in_flight, InFlight::Nothing) {
                    self.apply(batch, origin);
                }
            }
            Input::Committed(counts) => self.committed(&counts),
            Input::Failed(failure) => self.failed(&failure, now_ms),
            Input::Tick | Input::AtEnd => {}
            Input::Stop => {
                self.stopping = true;
                self.gathered = Gathered::default();
            }
        }
        self.go_on(now_ms, at_end);
    }

    /// What is to be done, in order; taken away.
    pub fn outputs(&mut self) -> impl Iterator<Item = Output> + use<> {
        mem::take(&mut self.outputs).into_iter()
    }

    /// Whether anything waits in [`Machine::outputs`].
    pub fn has_outputs(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// The records that batches have begun with since this was asked last, of each partition its first, each with when
    /// the log took it in milliseconds since 1970.
    pub fn begun(&mut self) -> impl Iterator<Item = (Position, Option<i64>)> + '_ {
        self.begun.drain(..)
    }

    /// Whether no more records are wanted for now.
    pub fn paused(&self) -> bool {
        self.paused
    }

    /// Whether it holds nothing and waits for nothing: until an input comes, the passing of time changes nothing.
    pub fn is_idle(&self) -> bool {
        self.in_flight.is_nothing() && self.gathered.is_empty() && self.resync_at_ms.is_none() && !self.stopping
    }

    /// Whether each of its partitions has been read up to the end that is given for it.
    pub fn has_read(&self, ends: &BTreeMap<Partition, NextOffset>) -> bool {
        let mut partitions = self.partitions.iter();
        partitions.all(|(partition, reading)| {
            ends.get(partition).map_or(!reading.stale, |end| reading.has_read(*end, self.now_ms))
        })
    }

    /// Whether a partition has been read up to that end, with nothing of it gathered or in flight.
    pub fn is_done(&self, partition: Partition, end: NextOffset) -> bool {
        !self.stopping
            && self.partitions.get(&partition).is_some_and(|reading| reading.has_read(end, self.now_ms))
            && !self.gathered.has(partition)
            && !self.in_flight.has_any(&[partition])
    }

    /// Where reading stands in a partition of which nothing follows for now.
    pub fn end_of(&self, partition: Partition) -> Option<NextOffset> {
        self.partitions
            .get(&partition)
            .filter(|reading| reading.at_end.is_some() && !reading.stale)
            .map(|reading| reading.next)
    }

    fn record(&mut self, record: &Incoming<'_>, decoded: Decoded, now_ms: u64) {
        let position = record.position;
        let Some(reading) = self.partitions.get_mut(&position.partition) else { return };
        if let Some(known) = reading.known.take_if(|_| !reading.stale)
            && position.offset.next() == reading.next
            && record.timestamp_ms != Some(known)
        {
            let (partition, next) = (position.partition, reading.next);
            return self.stop(Stopped::Recreated { partition, next });
        }
        if reading.stale || self.stopping || !reading.limit.wants(position.offset, reading.next) {
            return;
        }
        let wrong = decoded.as_ref().err().and_then(|errors| errors.first()).map(|error| error.code);
        match reading.limit.see(position.offset, wrong) {
            LimitVerdict::Taken => {}
            LimitVerdict::Past => return,
            LimitVerdict::LookBack(from) => return self.outputs.push(Output::LookBack(position.partition, from)),
            LimitVerdict::TooMany(excess) => {
                return self.stop(Stopped::TooManyDeadLetters { partition: position.partition, excess });
            }
        }
        reading.next = position.offset.next();
        reading.at_end = None;
        if self.gathered.take(record, decoded, reading.from, now_ms) {
            self.begun.push((position, record.timestamp_ms));
        }
    }

    fn assigned(&mut self, starts: &[Start], now_ms: u64) {
        let partitions: Vec<Partition> = starts.iter().map(|start| start.range.partition).collect();
        // What was gathered of a partition does not go with a new start.
        self.forget(&partitions);
        // Lost, and back before its batch was done: where the store will be is known only after that.
        if self.in_flight.has_any(&partitions) {
            self.hold(&partitions, now_ms);
            return;
        }
        let mut from = Vec::with_capacity(starts.len());
        for Start { stored, last_timestamp_ms, range } in starts {
            let partition = range.partition;
            let next = stored.unwrap_or(NextOffset(0));
            if next < range.low && !self.limits.accept_gap {
                self.stop(Stopped::Gap { partition, from: next, to: range.low });
                return;
            }
            if next > range.high {
                self.stop(Stopped::Truncated { partition, stored: next, end: range.high });
                return;
            }
            let next = next.max(range.low);
            let limit = DeadLetterLimit::new(self.limits.dead_letters, next == range.low);
            // The last record that the store has comes once more, to be known again.
            let known = last_timestamp_ms.filter(|_| *stored == Some(next) && next > range.low);
            let first = if known.is_some() { NextOffset(next.0 - 1) } else { next };
            let reading = Reading { from: *stored, next, known, at_end: None, stale: false, limit };
            self.partitions.insert(partition, reading);
            if stored.unwrap_or_default() < range.low {
                self.gathered.pass_over(partition, *stored, range.low, now_ms);
            }
            from.push((partition, first));
        }
        self.outputs.push(Output::Start(from));
    }

    /// Starts every partition again, so that the last record that the store has is looked at once more.
    fn look_again(&mut self, now_ms: u64) {
        self.gathered = Gathered::default();
        self.partitions.values_mut().for_each(|reading| reading.stale = true);
        self.resync_at_ms = Some(now_ms);
    }

    fn hold(&mut self, partitions: &[Partition], now_ms: u64) {
        for partition in partitions {
            let limit = DeadLetterLimit::new(None, false);
            let reading = Reading { from: None, next: NextOffset(0), known: None, at_end: None, stale: true, limit };
            self.partitions.insert(*partition, reading);
        }
        self.try_again(now_ms);
    }

    fn revoked(&mut self, partitions: &[Partition]) {
        self.forget(partitions);
        if self.in_flight.has_any(partitions) {
            self.releasing.extend(partitions);
        } else {
            self.outputs.push(Output::Release(partitions.to_vec()));
        }
    }

    /// Drops these partitions, with all that is gathered of them.
    fn forget(&mut self, partitions: &[Partition]) {
        self.partitions.retain(|partition, _| !partitions.contains(partition));
        self.gathered.forget(partitions);
    }

    fn committed(&mut self, counts: &[Counts]) {
        let InFlight::Store(spans, origin) = mem::replace(&mut self.in_flight, InFlight::Nothing) else { return };
        (self.failures, self.fences) = (0, 0);
        let done = spans.iter().zip(counts).zip(&origin.redriven).map(|((span, counts), redriven)| Committed {
            partition: span.partition,
            next: span.to,
            counts: *counts,
            last_timestamp_ms: span.last_timestamp_ms,
            redriven: *redriven,
        });
        self.outputs.push(Output::Commit { spans: done.collect(), since_ms: origin.since_ms });
        self.release_waiting();
    }

    fn failed(&mut self, failure: &BatchFailure, now_ms: u64) {
        self.in_flight = InFlight::Nothing;
        self.gathered = Gathered::default();
        self.release_waiting();
        for reading in self.partitions.values_mut() {
            reading.stale = true;
        }
        if *failure == BatchFailure::Fenced {
            self.fences += 1;
            if self.fences >= FENCES_ALLOWED {
                self.stop(Stopped::Fenced(self.fences));
                return;
            }
        }
        self.try_again(now_ms);
    }

    fn try_again(&mut self, now_ms: u64) {
        let wait = self.limits.backoff_ms * (1 << self.failures.min(7)).min(100);
        self.failures += 1;
        self.resync_at_ms = Some(now_ms + wait);
    }

    fn release_waiting(&mut self) {
        if !self.releasing.is_empty() {
            let partitions = mem::take(&mut self.releasing);
            self.outputs.push(Output::Release(partitions));
        }
    }

    /// Stops when what is in flight is done; what is gathered is dropped.
    fn stop(&mut self, why: Stopped) {
        self.stopping = true;
        self.stopped.get_or_insert(why);
        self.gathered = Gathered::default();
    }

    /// Sends the next batch off if it is time, and keeps pause and stop in step.
    fn go_on(&mut self, now_ms: u64, at_end: bool) {
        let idle = self.in_flight.is_nothing();
        if self.stopping {
            if idle {
                self.outputs.push(Output::Stop(self.stopped.take().map_or(Ok(()), Err)));
            }
            return;
        }
        if self.resync_at_ms.is_some_and(|at| at <= now_ms) {
            self.resync_at_ms = None;
            // One that was assigned since is being read from where the store is.
            let stale = self.partitions.iter().filter(|(_, reading)| reading.stale);
            let stale: Vec<Partition> = stale.map(|(partition, _)| *partition).collect();
            // A start of nothing would answer an assignment that is not known here yet.
            if !stale.is_empty() {
                self.outputs.push(Output::Resync(stale));
            }
        }
        let full = self.gathered.records >= self.limits.records || self.gathered.bytes >= self.limits.bytes;
        let age = now_ms.saturating_sub(self.gathered.since_ms);
        // In a heavy flow a fuller batch is worth a longer wait: each writes the same pages.
        let wait = if self.gathered.records > self.limits.records / 20 {
            5 * self.limits.wait_ms
        } else {
            self.limits.wait_ms
        };
        // Sent off before it is full, so that reading goes on while the store still has the batch before.
        let ripe = |limit: usize| limit - limit / 4;
        let ripe = self.gathered.records >= ripe(self.limits.records) || self.gathered.bytes >= ripe(self.limits.bytes);
        let due = !self.gathered.is_empty() && (age >= wait || at_end);
        if idle && (ripe || due) {
            self.send_off();
        }
        let pause = (full && !idle) || self.resync_at_ms.is_some();
        if pause != self.paused {
            self.paused = pause;
            self.outputs.push(if pause { Output::Pause } else { Output::Resume });
        }
    }

    fn send_off(&mut self) {
        let mut next = mem::take(&mut self.room);
        // What follows is likely to be as much.
        next.reserve(self.gathered.records);
        let gathered = mem::replace(&mut self.gathered, Gathered::with_room(next));
        let (batch, dead_letters, origin) = gathered.close(&self.topic);
        for span in &batch.spans {
            self.partitions.entry(span.partition).and_modify(|reading| reading.from = Some(span.to));
        }
        if dead_letters.is_empty() {
            self.apply(batch, origin);
        } else {
            self.in_flight = InFlight::DeadLetters(batch, origin);
            self.outputs.push(Output::DeadLetter(dead_letters));
        }
    }

    fn apply(&mut self, batch: Batch, origin: Origin) {
        self.in_flight = InFlight::Store(batch.spans.clone(), origin);
        self.outputs.push(Output::Apply(batch));
    }
}

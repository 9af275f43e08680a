//! The worker's core: a synchronous state machine without I/O or clock.
//!
//! It is told what happened and says what to do (`messages`). It gathers records
//! into a batch; at most one batch is in flight to the store while the next is
//! gathered (`batch`). Dead letters are kept by the log before their offsets move:
//! what has some waits for them partition by partition, and the rest goes on. After
//! a failure of the store it drops what it holds and starts again from the store's
//! checkpoints: the store is the truth, so nothing can be lost or counted twice by
//! that. What fails of one partition, where to start, its dead letters, too many of
//! them, holds back that partition alone (`reading`).

mod batch;
mod messages;
mod reading;
mod sending;
mod standing;

pub use messages::{BatchFailure, Committed, Decoded, Input, Limits, Output, Start, Stopped, WentBack};

use std::collections::BTreeMap;
use std::mem;

use batch::{Gathered, InFlight, Keeping};
use reading::{Reading, State};

use crate::dead_letters::limit::{DeadLetterLimit, Excess, LimitVerdict};
use crate::domain::{Entry, NextOffset, Partition, Position};
use crate::log::Incoming;
use crate::store::Counts;

/// Fences in a row, without a commit between, after which the worker gives up.
const FENCES_ALLOWED: u32 = 5;

/// The state machine.
pub struct Machine {
    topic: String,
    limits: Limits,
    partitions: BTreeMap<Partition, Reading>,
    gathered: Gathered,
    /// Its dead letters are kept: it goes to the store next.
    ready: Gathered,
    in_flight: Option<InFlight>,
    /// What waits for its dead letters to be kept.
    keeping: BTreeMap<Partition, Keeping>,
    /// How often dead letters were sent off.
    letters: u64,
    /// Before that time nothing more of what is gathered can go.
    not_before_ms: u64,
    /// Partitions to release when what is in flight is done.
    releasing: Vec<Partition>,
    paused: bool,
    /// Batches in a row that the store did not take.
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
            ready: Gathered::default(),
            in_flight: None,
            keeping: BTreeMap::new(),
            letters: 0,
            not_before_ms: 0,
            releasing: Vec::new(),
            paused: false,
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
        let (at_end, after_record) = (matches!(input, Input::AtEnd), matches!(input, Input::Record(..)));
        self.now_ms = now_ms;
        match input {
            Input::Record(record, decoded) => self.record(record, decoded, now_ms),
            Input::Assigned(starts) => self.assigned(starts, now_ms),
            Input::Unknown(partitions) => self.unknown(partitions, now_ms),
            Input::Revoked(partitions) => {
                self.forget(partitions);
                self.releasing.extend(partitions);
                if partitions.is_empty() {
                    self.outputs.push(Output::Release(Vec::new()));
                }
            }
            Input::Lost(partitions) => {
                self.forget(partitions);
                self.drop_kept(partitions);
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
            Input::DeadLettersKept(id) => {
                match self.answered(id) {
                    Some((_, Keeping { part: Some(part), .. })) => self.ready.merge(part),
                    // It is read again, and its dead letters need not be kept twice.
                    Some((partition, Keeping { to, .. })) => {
                        if let Some(reading) = self.partitions.get_mut(&partition) {
                            (reading.kept, reading.state) = (to, State::Waiting(now_ms));
                        }
                    }
                    None => {}
                }
            }
            Input::DeadLettersNotKept(id) => {
                if let Some((partition, _)) = self.answered(id) {
                    self.hold_back(partition, now_ms);
                }
            }
            Input::Decided(partition) => {
                let held = self.partitions.get_mut(&partition).filter(|reading| reading.is_held());
                held.into_iter().for_each(|reading| reading.state = State::Waiting(now_ms));
            }
            Input::Committed(counts) => self.committed(&counts),
            Input::Failed(failure) => self.failed(&failure, now_ms),
            Input::Tick | Input::AtEnd => {}
            Input::Stop => {
                self.stopping = true;
                self.gathered = Gathered::default();
            }
        }
        self.go_on(now_ms, at_end, after_record);
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
    /// the log took it by its own clock, in milliseconds since 1970.
    pub fn begun(&mut self) -> impl Iterator<Item = (Position, Option<i64>)> + '_ {
        self.begun.drain(..)
    }

    /// Whether it goes on behind messages that are gone unread.
    pub fn accepts_gaps(&self) -> bool {
        self.limits.accept_gap
    }

    /// Whether no more records are wanted for now.
    pub fn paused(&self) -> bool {
        self.paused
    }

    /// Whether it holds nothing and waits for nothing: until an input comes, the passing of time changes nothing.
    pub fn is_idle(&self) -> bool {
        let waits = |reading: &Reading| matches!(reading.state, State::Waiting(_));
        self.holds_nothing() && !self.partitions.values().any(waits) && !self.stopping
    }

    /// Whether each of its partitions has been read up to the end that is given for it, but for those that are held.
    pub fn has_read(&self, ends: &BTreeMap<Partition, NextOffset>) -> bool {
        let mut partitions = self.partitions.iter().filter(|(_, reading)| !reading.is_held());
        partitions.all(|(partition, reading)| {
            ends.get(partition).map_or(reading.takes(), |end| reading.has_read(*end, self.now_ms))
        })
    }

    /// Why a partition is held, if it is and nothing that was read of it before is still to be written.
    pub fn held(&self, partition: Partition) -> Option<Excess> {
        match self.partitions.get(&partition)?.state {
            State::Held(excess) if !self.has_any(&[partition]) && !self.gathered.has(partition) => Some(excess),
            _ => None,
        }
    }

    /// The partitions that are held, each with why.
    pub fn all_held(&self) -> impl Iterator<Item = (Partition, Excess)> + '_ {
        self.partitions.iter().filter_map(|(partition, reading)| match reading.state {
            State::Held(excess) => Some((*partition, excess)),
            _ => None,
        })
    }

    /// Whether it has partitions, and takes nothing of any for now.
    pub fn takes_nothing(&self) -> bool {
        !self.partitions.is_empty() && !self.partitions.values().any(Reading::takes)
    }

    /// Whether a partition has been read up to that end, with nothing of it gathered or in flight.
    pub fn is_done(&self, partition: Partition, end: NextOffset) -> bool {
        !self.stopping
            && self.partitions.get(&partition).is_some_and(|reading| reading.has_read(end, self.now_ms))
            && !self.gathered.has(partition)
            && !self.has_any(&[partition])
    }

    /// Where reading stands in a partition of which nothing follows for now.
    pub fn end_of(&self, partition: Partition) -> Option<NextOffset> {
        self.partitions
            .get(&partition)
            .filter(|reading| reading.at_end.is_some() && reading.takes())
            .map(|reading| reading.next)
    }

    fn record(&mut self, record: &Incoming<'_>, decoded: Decoded, now_ms: u64) {
        let position = record.position;
        let Some(reading) = self.partitions.get_mut(&position.partition) else { return };
        let takes = reading.takes();
        // What comes before it, handed over once more, says nothing of it.
        if let Some(known) = reading.known.take_if(|_| takes && position.offset.next() >= reading.next)
            && position.offset.next() == reading.next
            && record.timestamp_ms != Some(known)
        {
            let (partition, next) = (position.partition, reading.next);
            return self.stop(Stopped::Recreated { partition, next });
        }
        if !takes || self.stopping || !reading.limit.wants(position.offset, reading.next) {
            return;
        }
        let wrong = decoded.as_ref().err().and_then(|errors| errors.first()).map(|error| error.code);
        match reading.limit.see(position.offset, wrong) {
            LimitVerdict::Taken => {}
            LimitVerdict::Past => return,
            LimitVerdict::LookBack(from) => return self.outputs.push(Output::LookBack(position.partition, from)),
            LimitVerdict::TooMany(excess) => {
                reading.state = State::Held(excess);
                self.outputs.push(Output::Hold(vec![position.partition]));
                self.outputs.push(Output::TooManyDeadLetters(position.partition, excess));
                return;
            }
        }
        reading.next = position.offset.next();
        reading.at_end = None;
        if self.gathered.take(record, decoded, reading, now_ms) {
            self.begun.push((position, record.appended_ms));
        }
    }

    fn assigned(&mut self, starts: &[Start], now_ms: u64) {
        let partitions: Vec<Partition> = starts.iter().map(|start| start.range.partition).collect();
        // What was gathered of a partition does not go with a new start.
        self.gathered.forget(&partitions);
        self.drop_kept(&partitions);
        let mut from = Vec::with_capacity(starts.len());
        for Start { stored, last_timestamp_ms, range, accepted } in starts {
            let partition = range.partition;
            // Lost, and back before its batch was done: where the store will be is known only after that.
            if self.is_in_flight(partition) {
                self.unknown(&[partition], now_ms);
                continue;
            }
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
            let limit = DeadLetterLimit::new(self.limits.dead_letters, next == range.low).accepting(*accepted, next);
            // The last record that the store has comes once more, to be known again.
            let known = last_timestamp_ms.filter(|_| *stored == Some(next) && next > range.low);
            let first = if known.is_some() { NextOffset(next.0 - 1) } else { next };
            let reading = self.partitions.entry(partition).or_insert_with(Reading::new);
            (reading.from, reading.next, reading.known, reading.at_end) = (*stored, next, known, None);
            (reading.state, reading.limit) = (State::Taking, limit);
            if stored.unwrap_or_default() < range.low {
                self.gathered.pass_over(partition, *stored, range.low, now_ms);
            }
            from.push((partition, first));
        }
        // A start of nothing answers an assignment of nothing, and no other.
        if starts.is_empty() || !from.is_empty() {
            self.outputs.push(Output::Start(from));
        }
    }

    /// Starts every partition again, so that the last record that the store has is looked at once more.
    fn look_again(&mut self, now_ms: u64) {
        self.gathered = Gathered::default();
        for reading in self.partitions.values_mut() {
            (reading.state, reading.kept) = (State::Waiting(now_ms), NextOffset(0));
        }
    }

    /// Partitions of which it is not known where they start.
    fn unknown(&mut self, partitions: &[Partition], now_ms: u64) {
        for partition in partitions {
            self.partitions.entry(*partition).or_insert_with(Reading::new);
            self.hold_back(*partition, now_ms);
        }
    }

    /// One partition is looked up again after a while, longer each time in a row; the others go on.
    fn hold_back(&mut self, partition: Partition, now_ms: u64) {
        self.gathered.forget(&[partition]);
        let Some(reading) = self.partitions.get_mut(&partition) else { return };
        reading.state = State::Waiting(now_ms + self.limits.wait_after(reading.failures));
        reading.failures += 1;
        self.outputs.push(Output::Hold(vec![partition]));
    }

    /// Drops these partitions, with all that is gathered of them.
    fn forget(&mut self, partitions: &[Partition]) {
        self.partitions.retain(|partition, _| !partitions.contains(partition));
        self.gathered.forget(partitions);
        // What is given up is not looked up any more.
        for output in &mut self.outputs {
            if let Output::Resync(again) = output {
                again.retain(|partition| !partitions.contains(partition));
            }
        }
        self.outputs.retain(|output| *output != Output::Resync(Vec::new()));
    }

    /// Drops what waits for dead letters or has them kept: it is read again, and they may be kept once more.
    fn drop_kept(&mut self, partitions: &[Partition]) {
        self.keeping.retain(|partition, _| !partitions.contains(partition));
        self.ready.forget(partitions);
    }

    /// Whether anything of these was sent off and is not in the store yet.
    fn has_any(&self, partitions: &[Partition]) -> bool {
        let kept = |partition: &Partition| self.keeping.contains_key(partition) || self.ready.has(*partition);
        partitions.iter().any(|partition| self.is_in_flight(*partition) || kept(partition))
    }

    fn is_in_flight(&self, partition: Partition) -> bool {
        let mut spans = self.in_flight.iter().flat_map(|batch| &batch.spans);
        spans.any(|span| span.partition == partition)
    }

    fn holds_nothing(&self) -> bool {
        let sent = self.in_flight.is_none() && self.keeping.is_empty() && self.ready.is_empty();
        sent && self.gathered.is_empty()
    }

    /// What the dead letters of that number were of; nothing if that is not waited for any more.
    fn answered(&mut self, id: u64) -> Option<(Partition, Keeping)> {
        self.not_before_ms = 0;
        let partition = *self.keeping.iter().find(|(_, kept)| kept.id == id)?.0;
        Some((partition, self.keeping.remove(&partition)?))
    }

    fn committed(&mut self, counts: &[Counts]) {
        let Some(InFlight { spans, parts, since_ms }) = self.in_flight.take() else { return };
        (self.failures, self.fences) = (0, 0);
        for span in &spans {
            self.partitions.entry(span.partition).and_modify(|reading| reading.failures = 0);
        }
        let done = spans.iter().zip(counts).zip(parts).map(|((span, counts), (redriven, reasons))| Committed {
            partition: span.partition,
            next: span.to,
            counts: *counts,
            last_timestamp_ms: span.last_timestamp_ms,
            redriven,
            reasons,
        });
        self.outputs.push(Output::Commit { spans: done.collect(), since_ms });
    }

    fn failed(&mut self, failure: &BatchFailure, now_ms: u64) {
        self.in_flight = None;
        (self.gathered, self.ready) = (Gathered::default(), Gathered::default());
        self.keeping.clear();
        let again_ms = now_ms + self.limits.wait_after(self.failures);
        self.failures += 1;
        self.partitions.values_mut().for_each(|reading| reading.state = State::Waiting(again_ms));
        if *failure == BatchFailure::Fenced {
            self.fences += 1;
            if self.fences >= FENCES_ALLOWED {
                self.stop(Stopped::Fenced(self.fences));
            }
        }
    }

    /// Stops when what is in flight is done; what is gathered is dropped.
    fn stop(&mut self, why: Stopped) {
        self.stopping = true;
        self.stopped.get_or_insert(why);
        self.gathered = Gathered::default();
    }
}

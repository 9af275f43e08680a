//! The worker's core: a synchronous state machine without I/O or clock.
//!
//! It is told what happened and says what to do. It gathers records into a
//! batch; at most one batch is under way to the store while the next is gathered.
//! A batch's dead letters are kept by the log before its offsets move. After any
//! failure it drops what it holds and starts again from the store's checkpoints:
//! the store is the truth, so nothing can be lost or counted twice by that.
//! Where too many records are no events it stops (`watch`).

use std::collections::BTreeMap;
use std::mem;

use super::dead_letter::{DeadLetter, was_redriven};
use super::decoding::Decoded;
use super::watch::{Excess, Tolerance, Verdict, Watch};
use crate::domain::{Entry, NextOffset, Partition, Position};
use crate::log::{Incoming, PartitionRange};
use crate::store::{Batch, Counts, Span};
use crate::wire::Event;

/// When a batch is closed, and how long to wait after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// At most this many records in a batch; it goes from three quarters of that on when the store is free.
    pub records: usize,
    /// At most about this many bytes of events in a batch, likewise.
    pub bytes: usize,
    /// A record waits at most this long for others, in milliseconds; five times
    /// as long in a flow that fills more than a twentieth of a batch meanwhile.
    pub wait_ms: u64,
    /// The first wait after a failure, in milliseconds; doubles up to a hundredfold.
    pub backoff_ms: u64,
    /// Start at the first message that is still there, although earlier ones are gone.
    pub accept_gap: bool,
    /// When bad records are too many; `None` to accept any number.
    pub dead_letters: Option<Tolerance>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { records: 125_000, bytes: 40 << 20, wait_ms: 100, backoff_ms: 200, accept_gap: false, dead_letters: None }
    }
}

/// A partition that is now this worker's, with what store and log have of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Where the store is; `None` if it has nothing of the partition.
    pub stored: Option<NextOffset>,
    /// When the log took the last record that the store has, if it is known.
    pub last_timestamp_ms: Option<i64>,
    /// What the log has.
    pub range: PartitionRange,
}

/// Why a batch did not get into the store, or its dead letters into the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Another writer moved the checkpoint.
    Fenced,
    /// It may pass; whether the batch was written is unknown.
    Passing(String),
}

/// What happened. Times are milliseconds of a clock that only goes forward.
#[derive(Debug)]
pub enum Input<'a> {
    /// Partitions are this worker's, or are to be started again after [`Output::Resync`].
    Assigned(&'a [Start]),
    /// Store or log could not be asked about these partitions; ask again later.
    Unknown(&'a [Partition]),
    /// Partitions are to be given up, after what is under way of them is done.
    Revoked(&'a [Partition]),
    /// Partitions are gone already.
    Lost(&'a [Partition]),
    /// These were read to their ends: nothing that lies behind what was handed over is a record.
    AtEndOf(&'a [Partition]),
    /// The log may be another than the one that was read.
    Recreated,
    /// A record was read: its event, or what is wrong with it.
    Record(&'a Incoming<'a>, Decoded),
    /// The log has the dead letters of the batch under way.
    DeadLettersKept,
    /// The batch under way is in the store, with these counts for each span.
    Committed(Vec<Counts>),
    /// The batch under way, or its dead letters, failed.
    Failed(Failure),
    /// Time has passed.
    Tick,
    /// Nothing more is to be read: what is gathered waits for no other record.
    AtEnd,
    /// Stop when what is under way is done.
    Stop,
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Read these partitions from these offsets.
    Start(Vec<(Partition, NextOffset)>),
    /// Read this partition again from there, or from the first message that is left.
    LookBack(Partition, NextOffset),
    /// Give these up now.
    Release(Vec<Partition>),
    /// Keep these in the dead-letter topic, confirmed, and answer.
    DeadLetter(Vec<DeadLetter>),
    /// Write this batch in one transaction, and answer.
    Apply(Batch),
    /// These are in the store: tell the log, as a hint, and count.
    Commit {
        /// What each span came to.
        spans: Vec<Committed>,
        /// When the first record of the batch was read, by the inputs' clock.
        since_ms: u64,
    },
    /// Hand over no more records until [`Output::Resume`].
    Pause,
    /// Go on.
    Resume,
    /// Look up store and log of these and answer with [`Input::Assigned`].
    Resync(Vec<Partition>),
    /// Stop: all is done, or this is why it cannot go on.
    Stop(Result<(), Stopped>),
}

/// What one span of a batch came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The partition.
    pub partition: Partition,
    /// Where the store is now.
    pub next: NextOffset,
    /// What became of the span's records.
    pub counts: Counts,
    /// When the log took the last of them, in milliseconds since 1970.
    pub last_timestamp_ms: Option<i64>,
    /// How many had been dead letters and were sent again.
    pub redriven: u64,
}

/// The first record of a partition in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Where it lies.
    pub position: Position,
    /// When the log took it, in milliseconds since 1970.
    pub timestamp_ms: Option<i64>,
}

/// Why the worker cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Messages are gone that the store has not seen.
    Gap {
        /// The partition.
        partition: Partition,
        /// The first that is gone.
        from: NextOffset,
        /// The first that is there.
        to: NextOffset,
    },
    /// The log ends before the store's checkpoint.
    OtherLog {
        /// The partition.
        partition: Partition,
        /// Where the store is.
        stored: NextOffset,
        /// Where the log ends.
        end: NextOffset,
    },
    /// The log has another record where the store's last one was.
    Recreated {
        /// The partition.
        partition: Partition,
        /// Where the store is.
        next: NextOffset,
    },
    /// Another worker kept writing the same partitions.
    Fenced(u32),
    /// So many records are no events that the producer must be broken.
    TooManyDeadLetters {
        /// The partition.
        partition: Partition,
        /// Which records, how many, and why.
        excess: Excess,
    },
}

/// A partition that is being read.
#[derive(Debug)]
struct Reading {
    /// Where the store will be when all that is gathered and under way is written.
    from: Option<NextOffset>,
    /// The next offset that is wanted.
    next: NextOffset,
    /// When the log took the record before that, until it has been seen again.
    known: Option<i64>,
    /// Since when nothing of it follows, in milliseconds.
    at_end: Option<u64>,
    /// Nothing is taken of it until it is started again.
    stale: bool,
    watch: Watch,
}

impl Reading {
    /// Whether it has been read up to that end, or to where nothing has followed for a while: that for a moment nothing
    /// does may be the word of a broker which has not heard of all yet.
    fn has_read(&self, end: NextOffset, now_ms: u64) -> bool {
        let stays = self.at_end.is_some_and(|since| now_ms >= since + AT_END_MS);
        !self.stale && (stays || self.next >= end)
    }
}

#[derive(Debug, Default)]
struct Open {
    entries: Vec<Entry>,
    dead_letters: Vec<DeadLetter>,
    parts: BTreeMap<Partition, Part>,
    records: usize,
    bytes: usize,
    since_ms: u64,
}

/// What is gathered of one partition.
#[derive(Debug)]
struct Part {
    span: Span,
    /// Records that were sent again.
    redriven: u64,
    /// Of its entries and dead letters, roughly.
    bytes: usize,
    /// Whether any event says that it is made up.
    synthetic: bool,
}

impl Part {
    fn new(partition: Partition, from: Option<NextOffset>) -> Self {
        let span = Span { partition, from, to: from.unwrap_or_default(), ..Span::default() };
        Self { span, redriven: 0, bytes: 0, synthetic: false }
    }
}

/// What an entry takes in memory, roughly, in bytes.
const ENTRY_WEIGHT: usize = 256;

/// What is under way: a batch waits for its dead letters, then for the store.
#[derive(Debug)]
enum UnderWay {
    Nothing,
    DeadLetters(Batch, Origin),
    Store(Vec<Span>, Origin),
}

/// Of each span how many records were sent again, and when the first record of the batch was read.
#[derive(Debug)]
struct Origin {
    redriven: Vec<u64>,
    since_ms: u64,
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
    open: Open,
    under_way: UnderWay,
    /// Partitions to release when what is under way is done.
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
    begun: Vec<Begun>,
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
            open: Open::default(),
            under_way: UnderWay::Nothing,
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
            Input::DeadLettersKept => {
                if let UnderWay::DeadLetters(batch, origin) = mem::replace(&mut self.under_way, UnderWay::Nothing) {
                    self.apply(batch, origin);
                }
            }
            Input::Committed(counts) => self.committed(&counts),
            Input::Failed(failure) => self.failed(&failure, now_ms),
            Input::Tick | Input::AtEnd => {}
            Input::Stop => {
                self.stopping = true;
                self.open = Open::default();
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

    /// The records that batches have begun with since this was asked last, of each partition its first.
    pub fn begun(&mut self) -> impl Iterator<Item = Begun> + '_ {
        self.begun.drain(..)
    }

    /// Whether no more records are wanted for now.
    pub fn paused(&self) -> bool {
        self.paused
    }

    /// Whether it holds nothing and waits for nothing: until an input comes, the passing of time changes nothing.
    pub fn is_idle(&self) -> bool {
        matches!(self.under_way, UnderWay::Nothing)
            && self.open.parts.is_empty()
            && self.resync_at_ms.is_none()
            && !self.stopping
    }

    /// Whether each of its partitions has been read up to the end that is given for it.
    pub fn has_read(&self, ends: &BTreeMap<Partition, NextOffset>) -> bool {
        let mut partitions = self.partitions.iter();
        partitions.all(|(partition, reading)| {
            ends.get(partition).map_or(!reading.stale, |end| reading.has_read(*end, self.now_ms))
        })
    }

    /// Whether a partition has been read up to that end, with nothing of it gathered or under way.
    pub fn is_done(&self, partition: Partition, end: NextOffset) -> bool {
        !self.stopping
            && self.partitions.get(&partition).is_some_and(|reading| reading.has_read(end, self.now_ms))
            && !self.open.parts.contains_key(&partition)
            && !self.is_under_way(&[partition])
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
        if reading.stale || self.stopping || !reading.watch.wants(position.offset, reading.next) {
            return;
        }
        let wrong = decoded.as_ref().err().and_then(|errors| errors.first()).map(|error| error.code);
        match reading.watch.see(position.offset, wrong) {
            Verdict::Taken => {}
            Verdict::Past => return,
            Verdict::LookBack(from) => return self.outputs.push(Output::LookBack(position.partition, from)),
            Verdict::TooMany(excess) => {
                return self.stop(Stopped::TooManyDeadLetters { partition: position.partition, excess });
            }
        }
        reading.next = position.offset.next();
        reading.at_end = None;
        let open = &mut self.open;
        if open.parts.is_empty() {
            open.since_ms = now_ms;
        }
        let from = reading.from;
        let part = open.parts.entry(position.partition).or_insert_with(|| Part::new(position.partition, from));
        if part.span.read == 0 {
            self.begun.push(Begun { position, timestamp_ms: record.timestamp_ms });
        }
        part.span.to = reading.next;
        part.span.read += 1;
        part.span.last_timestamp_ms = record.timestamp_ms;
        part.redriven += u64::from(was_redriven(record));
        let weight = match decoded {
            Ok(event) => {
                part.synthetic |= event.synthetic;
                open.entries.push(entry(event, record));
                ENTRY_WEIGHT
            }
            Err(errors) => {
                let letter = DeadLetter::new(record, errors);
                let weight = letter.weight();
                part.span.dead_lettered += 1;
                open.dead_letters.push(letter);
                weight
            }
        };
        part.bytes += weight;
        open.records += 1;
        open.bytes += weight;
    }

    fn assigned(&mut self, starts: &[Start], now_ms: u64) {
        let partitions: Vec<Partition> = starts.iter().map(|start| start.range.partition).collect();
        // What was gathered of a partition does not go with a new start.
        self.forget(&partitions);
        // Lost, and back before its batch was done: where the store will be is known only after that.
        if self.is_under_way(&partitions) {
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
                self.stop(Stopped::OtherLog { partition, stored: next, end: range.high });
                return;
            }
            let next = next.max(range.low);
            let watch = Watch::new(self.limits.dead_letters, next == range.low);
            // The last record that the store has comes once more, to be known again.
            let known = last_timestamp_ms.filter(|_| *stored == Some(next) && next > range.low);
            let first = if known.is_some() { NextOffset(next.0 - 1) } else { next };
            let reading = Reading { from: *stored, next, known, at_end: None, stale: false, watch };
            self.partitions.insert(partition, reading);
            if stored.unwrap_or_default() < range.low {
                self.pass_over(partition, *stored, range.low, now_ms);
            }
            from.push((partition, first));
        }
        self.outputs.push(Output::Start(from));
    }

    /// Notes that what is gone is given up, so that the store goes on behind it although nothing may ever follow.
    fn pass_over(&mut self, partition: Partition, from: Option<NextOffset>, to: NextOffset, now_ms: u64) {
        if self.open.parts.is_empty() {
            self.open.since_ms = now_ms;
        }
        let mut part = Part::new(partition, from);
        part.span.to = to;
        self.open.parts.insert(partition, part);
    }

    /// Starts every partition again, so that the last record that the store has is looked at once more.
    fn look_again(&mut self, now_ms: u64) {
        self.open = Open::default();
        self.partitions.values_mut().for_each(|reading| reading.stale = true);
        self.resync_at_ms = Some(now_ms);
    }

    fn hold(&mut self, partitions: &[Partition], now_ms: u64) {
        for partition in partitions {
            let watch = Watch::new(None, false);
            let reading = Reading { from: None, next: NextOffset(0), known: None, at_end: None, stale: true, watch };
            self.partitions.insert(*partition, reading);
        }
        self.try_again(now_ms);
    }

    fn revoked(&mut self, partitions: &[Partition]) {
        self.forget(partitions);
        let busy = self.is_under_way(partitions);
        #[cfg(feature = "bite")]
        let busy = busy && !crate::bite::is_out(crate::bite::Guard::DrainBeforeRelease);
        if busy {
            self.releasing.extend(partitions);
        } else {
            self.outputs.push(Output::Release(partitions.to_vec()));
        }
    }

    /// Whether the batch under way has any of these.
    fn is_under_way(&self, partitions: &[Partition]) -> bool {
        let spans = match &self.under_way {
            UnderWay::Nothing => &[][..],
            UnderWay::DeadLetters(batch, _) => &batch.spans,
            UnderWay::Store(spans, _) => spans,
        };
        spans.iter().any(|span| partitions.contains(&span.partition))
    }

    /// Drops all that is gathered of these partitions.
    fn forget(&mut self, partitions: &[Partition]) {
        for partition in partitions {
            self.partitions.remove(partition);
            if let Some(part) = self.open.parts.remove(partition) {
                self.open.records -= part.span.read as usize;
                self.open.bytes -= part.bytes;
            }
        }
        self.open.entries.retain(|entry| !partitions.contains(&entry.position.partition));
        self.open.dead_letters.retain(|letter| !partitions.contains(&letter.position.partition));
    }

    fn committed(&mut self, counts: &[Counts]) {
        let UnderWay::Store(spans, origin) = mem::replace(&mut self.under_way, UnderWay::Nothing) else { return };
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

    fn failed(&mut self, failure: &Failure, now_ms: u64) {
        self.under_way = UnderWay::Nothing;
        self.open = Open::default();
        self.release_waiting();
        for reading in self.partitions.values_mut() {
            reading.stale = true;
        }
        if *failure == Failure::Fenced {
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

    /// Stops when what is under way is done; what is gathered is dropped.
    fn stop(&mut self, why: Stopped) {
        self.stopping = true;
        self.stopped.get_or_insert(why);
        self.open = Open::default();
    }

    /// Sends the next batch off if it is time, and keeps pause and stop in step.
    fn go_on(&mut self, now_ms: u64, at_end: bool) {
        let idle = matches!(self.under_way, UnderWay::Nothing);
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
        let full = self.open.records >= self.limits.records || self.open.bytes >= self.limits.bytes;
        let age = now_ms.saturating_sub(self.open.since_ms);
        // In a heavy flow a fuller batch is worth a longer wait: each writes the same pages.
        let wait =
            if self.open.records > self.limits.records / 20 { 5 * self.limits.wait_ms } else { self.limits.wait_ms };
        // Sent off before it is full, so that reading goes on while the store still has the batch before.
        let ripe = |limit: usize| limit - limit / 4;
        let ripe = self.open.records >= ripe(self.limits.records) || self.open.bytes >= ripe(self.limits.bytes);
        let due = !self.open.parts.is_empty() && (age >= wait || at_end);
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
        let entries = mem::take(&mut self.room);
        let open = mem::replace(&mut self.open, Open { entries, ..Open::default() });
        // What follows is likely to be as much.
        self.open.entries.reserve(open.entries.len());
        let mut batch = Batch { topic: self.topic.clone(), entries: open.entries, ..Batch::default() };
        let mut redriven = Vec::with_capacity(open.parts.len());
        for part in open.parts.into_values() {
            if let Some(reading) = self.partitions.get_mut(&part.span.partition) {
                reading.from = Some(part.span.to);
            }
            batch.spans.push(part.span);
            batch.synthetic |= part.synthetic;
            redriven.push(part.redriven);
        }
        let origin = Origin { redriven, since_ms: open.since_ms };
        #[cfg(feature = "bite")]
        if crate::bite::is_out(crate::bite::Guard::LetterBeforeOffset) && !open.dead_letters.is_empty() {
            self.apply(batch, origin);
            self.outputs.push(Output::DeadLetter(open.dead_letters));
            return;
        }
        if open.dead_letters.is_empty() {
            self.apply(batch, origin);
        } else {
            self.under_way = UnderWay::DeadLetters(batch, origin);
            self.outputs.push(Output::DeadLetter(open.dead_letters));
        }
    }

    fn apply(&mut self, batch: Batch, origin: Origin) {
        self.under_way = UnderWay::Store(batch.spans.clone(), origin);
        self.outputs.push(Output::Apply(batch));
    }
}

fn entry(event: Event, record: &Incoming<'_>) -> Entry {
    Entry {
        key: event.key,
        revision: event.revision,
        digest: event.digest,
        event_id: event.id,
        fact: event.fact,
        position: record.position,
    }
}

//! A worker of a run: the machine, driven in the order in which `ingest::worker`
//! drives it. One thread polls, ticks, takes replies and does what the machine
//! says, and waits for the store alone when it looks up where to start; the
//! other (`writer`) does what it is asked for, one thing after the other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use giaoban::dead_letters::DeadLetter;
use giaoban::dead_letters::limit::Excess;
use giaoban::domain::{NextOffset, Partition, Position};
use giaoban::ingest::connection::Connection;
use giaoban::ingest::machine::{Committed, Stopped};
use giaoban::ingest::{BatchFailure, Input, Limits, Machine, Output, Start};
use giaoban::log::Incoming;
use giaoban::store::{Batch, Checkpoint, Counts, Held};
use giaoban::wire::{Admission, Decoder, Message};

use super::TOPIC;
use super::client::CONNECTION;
use super::events::RULES;
use super::watch::at;
use super::world::{Guard, World};

/// What the group says.
#[derive(Debug)]
pub enum Event {
    Assigned(Vec<Partition>),
    Revoked(Vec<Partition>),
    Lost(Vec<Partition>),
}

impl Event {
    pub fn is_about(&self, partition: Partition) -> bool {
        let (Self::Assigned(partitions) | Self::Revoked(partitions) | Self::Lost(partitions)) = self;
        partitions.contains(&partition)
    }
}

pub enum Request {
    Checkpoints,
    Standing,
    Letters(u64, Vec<DeadLetter>),
    Apply(Batch),
    /// The second half of a write, where one transaction is not one.
    Advance(Batch, Vec<Counts>),
}

pub enum Reply {
    Checkpoints(Option<Vec<Checkpoint>>),
    Standing(Option<Vec<Checkpoint>>),
    Kept(u64, bool),
    Applied(Result<Vec<Counts>, BatchFailure>),
}

/// Where in its round the reading thread is.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Poll,
    Replies,
    Act,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum State {
    Up,
    /// Stopped by SIGSTOP: both threads stand still, the clock does not.
    Frozen,
    Down,
}

pub struct Worker {
    pub start: u64,
    pub state: State,
    pub told_to_stop: bool,
    /// It has stood still.
    pub thawed: bool,
    pub machine: Machine,
    /// Its client has no broker, and never will: nothing is heard or read by it.
    pub alone: bool,
    /// The group has missed it for so long that it is no member any more.
    pub expelled: bool,
    pub connection: Connection,
    accept_gap: bool,
    pub started_ms: u64,
    /// What the group has given it and it has not given up.
    pub given: BTreeSet<Partition>,
    /// Where the log is read, and which of those that it has been.
    positions: BTreeMap<Partition, i64>,
    pub generations: BTreeMap<Partition, u64>,
    pub events: VecDeque<Event>,
    /// Revoked and not yet released.
    pub revoking: BTreeSet<Partition>,
    pub requests: VecDeque<Request>,
    pub replies: VecDeque<Reply>,
    pub todo: VecDeque<Output>,
    /// The checkpoints of these were asked for; nothing else is done until they are there.
    pub looking: Option<Vec<Partition>>,
    /// When they were.
    pub asked_ms: Option<u64>,
    pub looked: BTreeMap<Partition, Start>,
    /// Their ranges are asked of the log, without waiting.
    pub asked: BTreeSet<Partition>,
    /// Nothing of these is handed over.
    held: BTreeSet<Partition>,
    /// What was gone when it was looked up: the stop that says so may come after another look.
    pub gone: BTreeSet<(Partition, NextOffset, NextOffset)>,
    stage: Stage,
}

impl Worker {
    pub fn new(start: u64, limits: Limits, now_ms: u64) -> Self {
        Self {
            start,
            state: State::Up,
            told_to_stop: false,
            thawed: false,
            machine: Machine::new(TOPIC, limits),
            alone: false,
            expelled: false,
            connection: Connection::new(CONNECTION),
            accept_gap: limits.accept_gap,
            started_ms: now_ms,
            given: BTreeSet::new(),
            positions: BTreeMap::new(),
            generations: BTreeMap::new(),
            events: VecDeque::new(),
            revoking: BTreeSet::new(),
            requests: VecDeque::new(),
            replies: VecDeque::new(),
            todo: VecDeque::new(),
            looking: None,
            asked_ms: None,
            looked: BTreeMap::new(),
            asked: BTreeSet::new(),
            held: BTreeSet::new(),
            gone: BTreeSet::new(),
            stage: Stage::Poll,
        }
    }
}

impl World {
    pub fn handle(&mut self, w: usize, input: Input<'_>) {
        let worker = &mut self.workers[w];
        // What comes while it looks up where to start comes at the moment of the question.
        let now_ms = worker.asked_ms.unwrap_or(self.clock_ms) - worker.started_ms;
        worker.machine.handle(input, now_ms);
    }

    /// A round of the reading thread, as far as it gets.
    pub fn turn(&mut self, w: usize) {
        if self.workers[w].state != State::Up || !self.look_on(w) {
            return;
        }
        let start = self.workers[w].start;
        if self.workers[w].stage == Stage::Poll {
            if self.workers[w].told_to_stop {
                self.workers[w].told_to_stop = false;
                self.handle(w, Input::Stop);
            }
            self.workers[w].stage = Stage::Replies;
            self.hear_of_decisions(w);
            if !self.workers[w].asked.is_empty() && self.dice.one_in(3) {
                self.hear_of_ranges(w);
            } else {
                self.poll(w);
            }
            if self.is_gone(w, start) || self.workers[w].looking.is_some() {
                return;
            }
        }
        if self.workers[w].stage == Stage::Replies {
            self.look_at_client(w);
            if self.is_gone(w, start) {
                return;
            }
            for _ in 0..self.dice.below(4) {
                if let Some(reply) = self.workers[w].replies.pop_front() {
                    self.reply(w, reply);
                }
            }
            let at_end = self.dice.below(8) == 0;
            self.handle(w, if at_end { Input::AtEnd } else { Input::Tick });
            self.workers[w].stage = Stage::Act;
            let looking = self.workers[w].requests.iter().any(|request| matches!(request, Request::Standing));
            if !looking && self.dice.one_in(10) && self.without != Some(Guard::Standing) {
                self.workers[w].requests.push_back(Request::Standing);
            }
        }
        loop {
            if self.workers[w].todo.is_empty() {
                let outputs = self.workers[w].machine.outputs();
                self.workers[w].todo.extend(outputs);
            }
            let Some(output) = self.workers[w].todo.pop_front() else { break };
            self.maybe_crash(w);
            if self.is_gone(w, start) {
                return;
            }
            self.obey(w, output);
            if self.is_gone(w, start) || self.workers[w].looking.is_some() {
                return;
            }
        }
        self.workers[w].stage = Stage::Poll;
    }

    pub fn is_gone(&self, w: usize, start: u64) -> bool {
        self.workers[w].start != start || self.workers[w].state == State::Down
    }

    fn poll(&mut self, w: usize) {
        // While it is paused it waits for the store, for a moment at least.
        if self.workers[w].machine.paused() && self.dice.one_in(2) {
            return;
        }
        if self.workers[w].alone {
            return;
        }
        if !self.healed && self.dice.one_in(80) {
            self.seen("a worker was told that the log may be another");
            return self.handle(w, Input::Recreated);
        }
        let heard = self.dice.one_in(self.hears).then(|| self.workers[w].events.pop_front()).flatten();
        match heard {
            Some(Event::Assigned(partitions)) => {
                self.workers[w].given.extend(&partitions);
                self.look_up(w, partitions);
            }
            Some(Event::Revoked(partitions)) => {
                self.workers[w].revoking.extend(&partitions);
                self.look_no_more(w, &partitions);
                self.handle(w, Input::Revoked(&partitions));
                if self.without == Some(Guard::DrainBeforeRelease) {
                    self.release(w, &partitions);
                }
            }
            Some(Event::Lost(partitions)) => {
                self.workers[w].revoking.retain(|partition| !partitions.contains(partition));
                self.look_no_more(w, &partitions);
                self.handle(w, Input::Lost(&partitions));
            }
            None if !self.workers[w].machine.paused() => self.read(w),
            None => {}
        }
    }

    /// Hands over some records of a partition.
    fn read(&mut self, w: usize) {
        let worker = &self.workers[w];
        let reading = worker.positions.iter().filter(|(partition, _)| !worker.held.contains(partition));
        let reading: Vec<(Partition, i64)> = reading.map(|(partition, at)| (*partition, *at)).collect();
        if reading.is_empty() {
            return;
        }
        let (partition, mut position) = self.dice.pick(&reading);
        let log = &self.log[partition.0 as usize];
        if position < log.low {
            self.seen("a worker met an offset that had expired");
            return self.leave(w);
        }
        if self.is_another(w, partition, position) {
            return;
        }
        if self.dice.one_in(15) {
            self.seen("records were handed over twice");
            position = (position - 1 - self.dice.below(5) as i64).max(self.log[partition.0 as usize].low);
        }
        let count = 1 + self.dice.below(8);
        let records: Vec<_> = self.log[partition.0 as usize].from(position).iter().take(count).cloned().collect();
        for record in &records {
            let incoming = Incoming {
                position: Position { partition, offset: record.offset },
                timestamp_ms: record.timestamp_ms,
                appended_ms: None,
                key: None,
                headers: &[],
                payload: record.payload.as_deref(),
            };
            let message = Message { payload: incoming.payload, ..Message::default() };
            let decoded = Decoder::new().decode(&message, &RULES, &Admission::new());
            self.handle(w, Input::Record(&incoming, decoded));
        }
        match records.last() {
            Some(last) => drop(self.workers[w].positions.insert(partition, last.offset.next().0)),
            None => self.reaches_end(w, partition),
        }
    }

    /// Nothing more of a partition comes for now: once nothing of it is in flight, the store has all of it.
    fn reaches_end(&mut self, w: usize, partition: Partition) {
        self.handle(w, Input::AtEndOf(&[partition]));
        let end = NextOffset(self.log[partition.0 as usize].high());
        if self.workers[w].machine.is_done(partition, end) {
            self.seen("a worker has read a partition to its end");
            let done = self.is_done(partition.0 as usize) || self.watch.was_put_back(partition);
            assert!(done, "partition {partition} is not done");
        }
    }

    pub fn reply(&mut self, w: usize, reply: Reply) {
        match reply {
            Reply::Checkpoints(_) | Reply::Standing(None) => {}
            Reply::Standing(Some(stored)) => self.handle(w, Input::Standing(&stored)),
            // Nobody waits for them.
            Reply::Kept(..) if self.without == Some(Guard::LetterBeforeOffset) => {}
            Reply::Kept(id, true) => self.handle(w, Input::DeadLettersKept(id)),
            Reply::Kept(id, false) => self.handle(w, Input::DeadLettersNotKept(id)),
            Reply::Applied(Ok(counts)) => self.handle(w, Input::Committed(counts)),
            Reply::Applied(Err(failure)) => self.handle(w, Input::Failed(failure)),
        }
    }

    fn obey(&mut self, w: usize, output: Output) {
        self.note(|| match &output {
            Output::Apply(batch) => format!("worker {w}: Apply({:?})", batch.spans),
            Output::DeadLetter(id, letters) => {
                format!(
                    "worker {w}: DeadLetter({id}, {:?})",
                    letters.iter().map(|letter| letter.position).collect::<Vec<_>>()
                )
            }
            output => format!("worker {w}: {output:?}"),
        });
        match output {
            Output::Start(from) => self.start(w, &from),
            Output::LookBack(partition, from) => {
                self.seen("a worker looked back");
                let low = self.log[partition.0 as usize].low;
                self.workers[w].positions.insert(partition, from.0.max(low));
            }
            Output::Release(partitions) => self.release(w, &partitions),
            Output::DeadLetter(id, letters) if self.without == Some(Guard::LetterBeforeOffset) => {
                self.handle(w, Input::DeadLettersKept(id));
                let outputs: Vec<Output> = self.workers[w].machine.outputs().collect();
                outputs.into_iter().for_each(|output| self.obey(w, output));
                self.ask(w, Request::Letters(id, letters));
            }
            Output::DeadLetter(id, letters) => self.ask(w, Request::Letters(id, letters)),
            Output::Hold(partitions) => self.hold(w, &partitions),
            Output::TooManyDeadLetters(partition, excess) => {
                self.seen("a partition was held");
                let accepted = self.workers[w].looked[&partition].accepted;
                self.watch.held(&self.log[partition.0 as usize], excess.last.0, accepted);
                let Excess { first, last: at, bad, of, reason } = excess;
                let held = Held { partition, at, first, bad, of, reason: reason.into(), since_ms: 0 };
                self.store.writer().hold(TOPIC, &held).unwrap();
            }
            Output::Apply(batch) => self.ask(w, Request::Apply(batch)),
            Output::Resync(partitions) => self.look_up(w, partitions),
            Output::Stop(Ok(())) => {
                self.seen("a worker was stopped in order");
                self.leave(w);
            }
            Output::Stop(Err(why)) => {
                self.stopped(w, &why);
                self.leave(w);
            }
            Output::Commit { spans, .. } => {
                let stored = at(self.store.writer());
                let ahead = |of: &Committed| {
                    let more = stored.get(&of.partition) < Some(&of.next) && !self.watch.was_put_back(of.partition);
                    more || of.counts.difference() != 0
                };
                assert!(!spans.iter().any(ahead), "the log is told more than is in the store: {spans:?} {stored:?}");
            }
            Output::WentBack(lost) => {
                self.seen("a worker saw that the store went back");
                assert!(lost.iter().all(|lost| lost.to < Some(lost.from)), "nothing is lost: {lost:?}");
            }
            Output::Pause | Output::Resume => {}
        }
    }

    fn release(&mut self, w: usize, partitions: &[Partition]) {
        for partition in partitions {
            self.workers[w].given.remove(partition);
            self.workers[w].positions.remove(partition);
            self.workers[w].held.remove(partition);
            self.released(w, *partition);
        }
    }

    fn start(&mut self, w: usize, from: &[(Partition, NextOffset)]) {
        let partitions: Vec<Partition> = from.iter().map(|(partition, _)| *partition).collect();
        if !from.is_empty() && !self.healed && self.dice.one_in(30) {
            self.seen("a partition could not be read from there yet");
            for (partition, next) in from {
                self.watch.begins(self.workers[w].start, *partition, next.0, true);
            }
            return self.handle(w, Input::Unknown(&partitions));
        }
        for (partition, next) in from {
            let Start { stored, last_timestamp_ms, range, .. } = self.workers[w].looked[partition];
            let due = stored.unwrap_or_default();
            let due = if self.workers[w].accept_gap { due.max(range.low) } else { due };
            let again = last_timestamp_ms.is_some() && stored == Some(due) && due > range.low;
            let due = if again { NextOffset(due.0 - 1) } else { due };
            assert_eq!(*next, due, "partition {partition} is to be read from where the store is");
            let worker = &mut self.workers[w];
            worker.positions.insert(*partition, next.0);
            worker.generations.insert(*partition, self.log[partition.0 as usize].generation);
            worker.held.remove(partition);
            let lost = worker.events.iter().any(|event| matches!(event, Event::Lost(of) if of.contains(partition)));
            self.watch.begins(worker.start, *partition, next.0, lost);
        }
    }

    fn stopped(&mut self, w: usize, why: &Stopped) {
        match why {
            Stopped::Gap { partition, from, to } => {
                assert!(self.workers[w].gone.contains(&(*partition, *from, *to)), "{why}");
                self.seen("a gap stopped a worker");
            }
            Stopped::Fenced(_) => self.seen("a worker gave up after many fences"),
            Stopped::Truncated { partition, .. } if self.log[partition.0 as usize].before.is_some() => {
                self.noticed("a log that ended before the store stopped a worker");
            }
            Stopped::Recreated { partition, .. } if self.log[partition.0 as usize].before.is_some() => {
                self.noticed("another record in the place of the last stopped a worker");
            }
            why => panic!("no reason to stop: {why}"),
        }
    }

    /// Read no further for a while: because of late letters, or another reason.
    fn hold(&mut self, w: usize, partitions: &[Partition]) {
        let stuck = |request: &Request| matches!(request, Request::Letters(_, letters) if partitions.contains(&letters[0].position.partition));
        if self.workers[w].requests.iter().any(stuck) {
            self.seen("a dead letter came late and its partition waited");
        }
        self.workers[w].held.extend(partitions);
    }

    fn ask(&mut self, w: usize, request: Request) {
        let worker = &self.workers[w];
        let twice = matches!(request, Request::Apply(_))
            && (worker.requests.iter().any(|request| matches!(request, Request::Apply(_)))
                || worker.replies.iter().any(|reply| matches!(reply, Reply::Applied(_))));
        assert!(!twice || self.without.is_some(), "two batches are in flight at once");
        self.workers[w].requests.push_back(request);
    }
}

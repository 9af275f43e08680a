//! The writing thread of a worker, and how a worker ends: of what was asked for,
//! all or nothing is done, and nobody may hear of it.

use std::mem;

use giaoban::dead_letters::DeadLetter;
use giaoban::ingest::BatchFailure;
use giaoban::store::{Batch, Counts, StoreError};

use super::TOPIC;
use super::events::RULES;
use super::watch::{Writer, at};
use super::worker::{Reply, Request, State};
use super::world::{Guard, Store, World};

impl World {
    /// One step of the writing thread.
    pub fn serve(&mut self, w: usize) {
        if self.workers[w].state != State::Up {
            return;
        }
        let start = self.workers[w].start;
        self.maybe_crash(w);
        if self.is_gone(w, start) {
            return;
        }
        let Some(request) = self.next_request(w) else { return };
        let reply = match request {
            Request::Checkpoints => {
                Reply::Checkpoints((self.store_away == 0).then(|| self.store.writer().checkpoints(TOPIC).unwrap()))
            }
            Request::Standing => {
                Reply::Standing((self.store_away == 0).then(|| self.store.writer().standing(TOPIC).unwrap()))
            }
            Request::Letters(id, letters) => Reply::Kept(id, self.keep(&letters)),
            Request::Apply(batch) => match self.commit(w, batch) {
                Some(result) => Reply::Applied(result),
                None => return,
            },
            Request::Advance(batch, counts) => {
                self.advance(w, &batch, &counts);
                Reply::Applied(Ok(counts))
            }
        };
        self.workers[w].replies.push_back(reply);
        self.maybe_crash(w);
    }

    /// Either of two threads: that which writes the store, or that which has dead letters kept, in whatever order these are
    /// confirmed.
    fn next_request(&mut self, w: usize) -> Option<Request> {
        let stuck = self.letters_stuck.map(|(partition, _)| partition);
        let all_wait = self.without == Some(Guard::LettersByPartition);
        let requests = &self.workers[w].requests;
        let letters = |request: &Request| matches!(request, Request::Letters(..));
        let is_stuck = |request: &Request| matches!(request, Request::Letters(_, letters) if Some(letters[0].position.partition) == stuck);
        let store = (0..requests.len()).find(|index| !letters(&requests[*index]));
        let free: Vec<usize> =
            (0..requests.len()).filter(|index| letters(&requests[*index]) && !is_stuck(&requests[*index])).collect();
        let any_stuck = requests.iter().any(is_stuck);
        if any_stuck {
            self.seen("dead letters of one partition stood still");
        }
        if any_stuck && all_wait {
            return None;
        }
        let letter = if free.is_empty() { None } else { Some(self.dice.pick(&free)) };
        let index = match (store, letter) {
            (Some(store), Some(letter)) => Some(if self.dice.one_in(2) { store } else { letter }),
            (store, letter) => store.or(letter),
        };
        self.workers[w].requests.remove(index?)
    }

    /// Keeps dead letters; whether that is confirmed.
    fn keep(&mut self, letters: &[DeadLetter]) -> bool {
        let fault = if self.healed { 9 } else { self.dice.below(10) };
        let kept = if self.log_away > 0 || fault == 0 { self.dice.below(letters.len()) } else { letters.len() };
        for letter in &letters[..kept] {
            if self.watch.letter(letter.position.partition, letter.position.offset.0) {
                self.seen("a dead letter was kept twice");
            }
        }
        if kept < letters.len() {
            self.seen("dead letters were not kept");
        } else if fault == 1 {
            self.seen("the confirmation of dead letters was lost");
        }
        kept == letters.len() && fault != 1
    }

    /// Writes a batch, or does not, or does and does not say so; `None` if only half of it is done.
    fn commit(&mut self, w: usize, batch: Batch) -> Option<Result<Vec<Counts>, BatchFailure>> {
        let writer = Writer { start: self.workers[w].start, late: false };
        let fault = if self.healed { 19 } else { self.dice.below(20) };
        let passing = |why: &str| Some(Err(BatchFailure::Passing(why.into())));
        if self.store_away > 0 || fault == 0 {
            self.seen("the store was away");
            if self.dice.one_in(4) {
                self.late.push((writer.start, batch));
            }
            return passing("away");
        }
        if self.disk_full > 0 {
            self.seen("the disk was full");
            if self.without == Some(Guard::ReadAgain) {
                return Some(Ok(vec![Counts::default(); batch.spans.len()]));
            }
            return passing("no space");
        }
        if self.without == Some(Guard::OneTransaction) {
            let Store::Memory(store) = &mut self.store else { panic!("only the store in memory has that") };
            return match store.write_records(&batch, &RULES) {
                Ok(counts) => {
                    self.workers[w].requests.push_front(Request::Advance(batch, counts));
                    None
                }
                Err(_) => Some(Err(BatchFailure::Fenced)),
            };
        }
        match self.write(writer, &batch) {
            Some(_) if fault == 1 => {
                self.seen("the reply of a commit was lost");
                passing("no answer")
            }
            Some(counts) => Some(Ok(counts)),
            None => {
                if self.workers[w].thawed {
                    self.seen("a worker that was continued was fenced");
                }
                Some(Err(BatchFailure::Fenced))
            }
        }
    }

    /// Writes a batch whole; `None` if it was turned away.
    pub fn write(&mut self, writer: Writer, batch: &Batch) -> Option<Vec<Counts>> {
        let before = at(self.store.writer());
        let result = self.store.writer().apply(batch, &RULES);
        let after = at(self.store.writer());
        self.note(|| format!("  {before:?} → {after:?} {result:?} by start {}", writer.start));
        match result {
            Ok(counts) => {
                self.seen(if self.healed { "a batch was written, healed" } else { "a batch was written" });
                self.watch.written(&self.log, writer, batch, &before, &after);
                Some(counts)
            }
            Err(StoreError::Fenced { .. }) => {
                self.seen("a writer was fenced");
                self.watch.turned_away(writer, batch, &before, &after);
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn advance(&mut self, w: usize, batch: &Batch, counts: &[Counts]) {
        let before = at(self.store.writer());
        let Store::Memory(store) = &mut self.store else { panic!("only the store in memory has that") };
        store.advance(batch, counts);
        let after = at(self.store.writer());
        let writer = Writer { start: self.workers[w].start, late: false };
        self.watch.written(&self.log, writer, batch, &before, &after);
    }

    /// Ends by itself: what is in flight is finished before its partitions go to others.
    pub fn leave(&mut self, w: usize) {
        while let Some(request) = self.workers[w].requests.pop_front() {
            match request {
                Request::Apply(batch) => {
                    self.commit(w, batch);
                }
                Request::Letters(_, letters) => {
                    self.keep(&letters);
                }
                Request::Advance(batch, counts) => self.advance(w, &batch, &counts),
                Request::Checkpoints | Request::Standing => {}
            }
        }
        self.ends(w);
    }

    /// Ends at once: of what was sent to the store, all or nothing may happen, now or later.
    pub fn crash(&mut self, w: usize) {
        self.note(|| format!("worker {w} is killed"));
        self.seen("a worker was killed");
        let writer = Writer { start: self.workers[w].start, late: true };
        for request in mem::take(&mut self.workers[w].requests) {
            match request {
                Request::Apply(batch) => {
                    self.seen("a worker was killed while it wrote");
                    match self.dice.below(3) {
                        0 if self.store_away == 0 && self.without != Some(Guard::OneTransaction) => {
                            self.write(writer, &batch);
                        }
                        1 => self.late.push((writer.start, batch)),
                        _ => {}
                    }
                }
                Request::Letters(_, letters) => {
                    self.keep(&letters);
                }
                _ => {}
            }
        }
        self.ends(w);
    }
}

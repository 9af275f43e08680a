//! A log that loses what the store has counted, as by an unclean election, or is recreated under the same name: somebody
//! stops for that, and nothing is counted on top of it.

use std::ops::Range;

use giaoban::domain::Partition;
use giaoban::ingest::Input;

use super::watch::at;
use super::worker::State;
use super::world::{Guard, World};

impl World {
    /// Of these partitions what the store has last of is gone, or all if the topic was recreated, and other messages lie in
    /// its place. Whoever has anything of them on its way goes down with the brokers.
    pub fn lose(&mut self, partitions: Range<usize>, all: bool) {
        // Often while somebody has read all, and hears of it in its own time.
        if self.dice.one_in(2) {
            (0..60).for_each(|_| self.round());
        }
        let stored = at(self.store.writer());
        let has = |p: usize| stored.get(&Partition(p as i32)).map_or(0, |next| next.0);
        let lost: Vec<usize> = partitions.filter(|p| has(*p) > 0).collect();
        if lost.is_empty() || self.log.iter().any(|log| log.before.is_some()) {
            return;
        }
        for w in 0..self.workers.len() {
            if self.workers[w].state != State::Down && !self.has_nothing_on_its_way(w) {
                self.thaw(w);
                self.crash(w);
            }
        }
        self.late.clear();
        self.seen(if all { "the log was recreated" } else { "the log lost its end" });
        for p in lost {
            let from = if all { 0 } else { (has(p) - 1 - self.dice.below(4) as i64).max(0) };
            let others = 1 + self.dice.below((has(p) - from) as usize + 10);
            self.log[p].lose(&mut self.dice, from, others);
        }
    }

    /// Whether nothing of any partition is on its way to the store or back.
    fn has_nothing_on_its_way(&self, w: usize) -> bool {
        let worker = &self.workers[w];
        let asks = worker.looking.is_some() || !worker.asked.is_empty() || !worker.requests.is_empty();
        worker.machine.is_idle() && !asks && worker.replies.is_empty() && worker.todo.is_empty()
    }

    /// Whether the log is another than the one that was read up to there, and what becomes of the worker that hears so.
    pub fn is_another(&mut self, w: usize, partition: Partition, position: i64) -> bool {
        let log = &self.log[partition.0 as usize];
        let (generation, high) = (log.generation, log.high());
        if self.workers[w].generations[&partition] == generation || self.without == Some(Guard::AnotherLog) {
            return false;
        }
        if position > high {
            self.noticed("a worker met the end of a log that had lost it");
            self.leave(w);
        } else {
            self.seen("a worker heard that the log was another");
            self.workers[w].generations.insert(partition, generation);
            self.handle(w, Input::Recreated);
        }
        true
    }

    pub fn noticed(&mut self, what: &'static str) {
        self.seen(what);
        self.loss_noticed = true;
    }

    /// What was counted is gone from the log, and others lie in its place: somebody stops for that, and nothing is counted on
    /// top of it.
    pub fn loss_is_noticed(&mut self) {
        for _ in 0..2_000 {
            if self.loss_noticed && self.without.is_none() {
                break;
            }
            self.round();
        }
        assert!(self.loss_noticed, "nobody has noticed that the log has lost what was counted");
        self.late.clear();
        self.settled(false);
    }
}

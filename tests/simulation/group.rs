//! The group: whose a partition is, handed over in order or taken away at once.

use giaoban::domain::Partition;

use super::worker::{Event, State, Worker};
use super::world::World;

/// Whose a partition is; who is to get it when it is released.
#[derive(Clone, Copy, Default)]
pub struct Owner {
    pub worker: Option<usize>,
    pub heir: Option<usize>,
}

impl World {
    /// Gives a partition that is nobody's to that worker, or to another that lives and is in the group.
    pub fn give(&mut self, p: usize, to: usize) {
        let count = self.workers.len();
        let is_member = |w: &usize| self.workers[*w].state != State::Down && !self.workers[*w].expelled;
        let to = (to..to + count).map(|w| w % count).find(is_member);
        self.owners[p] = Owner { worker: to, heir: None };
        let Some(to) = to else { return };
        let partition = Partition(p as i32);
        match self.workers[to].events.back_mut() {
            Some(Event::Assigned(partitions)) => partitions.push(partition),
            _ => self.workers[to].events.push_back(Event::Assigned(vec![partition])),
        }
    }

    /// In order: the heir gets it when its owner has released it. Often with others.
    pub fn hand_over(&mut self, p: usize) {
        let Some(from) = self.owners[p].worker else { return };
        let all = self.dice.one_in(3);
        let mut revoked = Vec::new();
        // Another hears that it gets nothing, which wants its answer too.
        let other = self.dice.below(self.workers.len());
        if self.workers[other].state != State::Down && !self.workers[other].expelled && self.dice.one_in(4) {
            self.workers[other].events.push_back(Event::Assigned(Vec::new()));
        }
        for p in (0..self.log.len()).filter(|other| *other == p || all) {
            let partition = Partition(p as i32);
            let asked = self.workers[from].events.iter().any(|event| event.is_about(partition))
                || self.workers[from].revoking.contains(&partition);
            if self.owners[p].worker == Some(from) && self.owners[p].heir.is_none() && !asked {
                self.owners[p].heir = Some(self.dice.below(self.workers.len()));
                revoked.push(partition);
            }
        }
        if !revoked.is_empty() {
            self.workers[from].events.push_back(Event::Revoked(revoked));
        }
    }

    pub fn released(&mut self, w: usize, partition: Partition) {
        let p = partition.0 as usize;
        let Owner { worker, heir } = self.owners[p];
        if self.workers[w].revoking.remove(&partition)
            && worker == Some(w)
            && let Some(heir) = heir
        {
            self.seen("a partition was handed over");
            self.give(p, heir);
        }
    }

    /// At once: its session has timed out, and it will hear of that later.
    pub fn take_away(&mut self, p: usize) {
        let Some(from) = self.owners[p].worker else { return };
        self.seen("a partition was taken away");
        let partition = Partition(p as i32);
        self.watch.is_taken_away(self.workers[from].start, partition);
        self.workers[from].events.push_back(Event::Lost(vec![partition]));
        self.give(p, from + 1);
    }

    /// A worker is no more: its partitions go to others.
    pub fn ends(&mut self, w: usize) {
        self.workers[w].state = State::Down;
        self.workers[w].events.clear();
        for p in 0..self.log.len() {
            if self.owners[p].worker == Some(w) {
                let to = self.owners[p].heir.unwrap_or(w);
                self.give(p, to);
            }
        }
        if self.dice.one_in(2) {
            self.restart(w);
        }
    }

    pub fn restart(&mut self, w: usize) {
        if self.workers[w].state != State::Down {
            return;
        }
        self.seen("a worker was started again");
        self.workers[w] = Worker::new(self.starts, self.limits, self.clock_ms);
        self.starts += 1;
        self.joins(w);
    }

    /// A member is new, and gets what is nobody's.
    pub fn joins(&mut self, w: usize) {
        for p in 0..self.log.len() {
            if self.owners[p].worker.is_none() {
                self.give(p, w);
            }
        }
    }

    pub fn thaw(&mut self, w: usize) {
        if self.workers[w].state == State::Frozen {
            self.seen("a worker was continued");
            (self.workers[w].state, self.workers[w].thawed) = (State::Up, true);
            self.clock_ms += if self.dice.one_in(2) { 7_200_000 } else { 0 };
        }
    }
}

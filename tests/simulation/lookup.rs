//! Where a worker's partitions start: what the log has of each is asked without waiting, then the store is; and what
//! operators have accepted.

use giaoban::dead_letters::limit::Excess;
use giaoban::domain::{NextOffset, Partition};
use giaoban::ingest::{Input, Start};
use giaoban::log::PartitionRange;
use giaoban::store::{Accepted, Held};

use super::TOPIC;
use super::worker::{Reply, Request};
use super::world::{Guard, World};

impl World {
    /// Now and then the store is asked what was accepted.
    pub fn hear_of_decisions(&mut self, w: usize) {
        let held: Vec<_> = self.workers[w].machine.all_held().collect();
        if held.is_empty() || self.store_away > 0 || !self.dice.one_in(3) {
            return;
        }
        // As `reader::held` does: what the store has lost of it is noted once more.
        let noted = self.store.writer().held(TOPIC).unwrap();
        for (partition, excess) in &held {
            if !noted.iter().any(|of| of.partition == *partition && of.at == excess.last) {
                let Excess { first, last: at, bad, of, reason } = *excess;
                let again = Held { partition: *partition, at, first, bad, of, reason: reason.into(), since_ms: 0 };
                self.store.writer().hold(TOPIC, &again).unwrap();
            }
        }
        for Accepted { partition, to, .. } in self.store.writer().accepted(TOPIC).unwrap() {
            if held.iter().any(|(of, excess)| *of == partition && to.0 > excess.last.0) {
                self.seen("a decision let a partition go on");
                self.handle(w, Input::Decided(partition));
            }
        }
    }

    /// The log has answered of some partitions; where it could not, these alone are asked again later.
    pub fn hear_of_ranges(&mut self, w: usize) {
        let asked = std::mem::take(&mut self.workers[w].asked);
        let mut heard = Vec::new();
        for partition in asked {
            match self.dice.below(if self.healed { 3 } else { 4 }) {
                0 => drop(self.workers[w].asked.insert(partition)),
                3 => self.handle(w, Input::Unknown(&[partition])),
                _ => heard.push(partition),
            }
        }
        if !heard.is_empty() {
            self.workers[w].requests.push_back(Request::Checkpoints);
            let worker = &mut self.workers[w];
            (worker.looking, worker.asked_ms) = (Some(heard), Some(self.clock_ms));
        }
    }

    /// What is given up is not looked up any more.
    pub fn look_no_more(&mut self, w: usize, partitions: &[Partition]) {
        let asked = self.workers[w].asked.len();
        self.workers[w].asked.retain(|partition| !partitions.contains(partition));
        if self.workers[w].asked.len() < asked {
            self.seen("a partition was given up while it was looked up");
        }
    }

    pub fn look_up(&mut self, w: usize, partitions: Vec<Partition>) {
        if partitions.is_empty() {
            return self.handle(w, Input::Assigned(&[]));
        }
        self.workers[w].asked.extend(partitions);
    }

    /// Takes replies until the checkpoints are there; false while they are not.
    pub fn look_on(&mut self, w: usize) -> bool {
        while let Some(partitions) = self.workers[w].looking.take() {
            match self.workers[w].replies.pop_front() {
                Some(Reply::Checkpoints(Some(stored))) if self.log_away == 0 => {
                    let accepted = self.store.writer().accepted(TOPIC).unwrap();
                    let start = |partition: &Partition| {
                        let accepted = accepted.iter().find(|accepted| accepted.partition == *partition);
                        let accepted = accepted.map_or(NextOffset(0), |accepted| accepted.to);
                        let log = &self.log[partition.0 as usize];
                        let stored = stored.iter().find(|stored| stored.partition == *partition);
                        let (low, mut high) = (NextOffset(log.low), NextOffset(log.high().max(log.low)));
                        if self.without == Some(Guard::EndOfLog) {
                            high = high.max(stored.map_or(high, |stored| stored.next));
                        }
                        let range = PartitionRange { partition: *partition, low, high };
                        Start {
                            stored: stored.map(|stored| stored.next),
                            last_timestamp_ms: stored
                                .and_then(|stored| stored.last_timestamp_ms)
                                .filter(|_| self.without != Some(Guard::LastRecord)),
                            range,
                            accepted: if self.without == Some(Guard::Hold) { NextOffset(i64::MAX) } else { accepted },
                        }
                    };
                    let starts: Vec<Start> = partitions.iter().map(start).collect();
                    let gone = starts.iter().map(|Start { stored, range, .. }| (stored.unwrap_or_default(), range));
                    let gone = gone.filter(|(next, range)| *next < range.low);
                    self.workers[w].gone.extend(gone.map(|(next, range)| (range.partition, next, range.low)));
                    self.workers[w].looked.extend(starts.iter().map(|start| (start.range.partition, *start)));
                    self.handle(w, Input::Assigned(&starts));
                }
                Some(Reply::Checkpoints(_)) => {
                    self.seen("store or log could not be asked where to start");
                    self.handle(w, Input::Unknown(&partitions));
                }
                reply => {
                    self.workers[w].looking = Some(partitions);
                    match reply {
                        Some(reply) => self.reply(w, reply),
                        None => return false,
                    }
                }
            }
        }
        self.workers[w].asked_ms = None;
        true
    }
}

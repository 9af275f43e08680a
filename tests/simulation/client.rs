//! A worker's client that never has a broker again, while others are answered: the group gives what it had to others, and
//! it hears of nothing.

use giaoban::domain::Partition;
use giaoban::ingest::Input;
use giaoban::ingest::connection::{ConnectionLimits, Step};

use super::world::{Guard, World};

/// By the clock of a run.
pub const CONNECTION: ConnectionLimits = ConnectionLimits { ask_ms: 20, renew_ms: 100, end_ms: 300 };

impl World {
    pub fn lose_broker(&mut self, w: usize) {
        self.seen("a client had no broker any more");
        self.workers[w].alone = true;
        if self.dice.one_in(2) {
            self.expel(w);
        }
    }

    /// The session of a client that has no broker is over, of which it does not hear.
    pub fn expel(&mut self, w: usize) {
        if !self.workers[w].alone || self.workers[w].expelled {
            return;
        }
        self.workers[w].expelled = true;
        for p in 0..self.log.len() {
            if self.owners[p].worker == Some(w) {
                self.take_away(p);
            }
        }
    }

    /// As `reader::connection` does.
    pub fn look_at_client(&mut self, w: usize) {
        if self.without == Some(Guard::Renew) {
            return;
        }
        let worker = &mut self.workers[w];
        let now_ms = self.clock_ms - worker.started_ms;
        match worker.connection.look(!worker.alone, now_ms) {
            Step::Wait => {}
            Step::Ask => worker.connection.answered(self.log_away == 0, now_ms),
            Step::Renew => self.renew(w),
            Step::End => {
                self.seen("a client without a broker ended its worker");
                self.expel(w);
                self.leave(w);
            }
        }
    }

    /// Another client joins the group; what the one before had is lost, of which the group may not have known.
    fn renew(&mut self, w: usize) {
        self.note(|| format!("worker {w}: its client is made anew"));
        self.seen("a client was made anew");
        self.expel(w);
        let worker = &mut self.workers[w];
        worker.events.clear();
        worker.revoking.clear();
        let had: Vec<Partition> = self.workers[w].given.iter().copied().collect();
        self.look_no_more(w, &had);
        self.handle(w, Input::Lost(&had));
        self.workers[w].expelled = false;
        // Now and then it does not help.
        self.workers[w].alone = !self.healed && self.dice.one_in(4);
        self.joins(w);
    }
}

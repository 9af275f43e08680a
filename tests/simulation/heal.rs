//! When nothing goes wrong any more: all is read, once operators have decided what is theirs to decide.

use giaoban::domain::{NextOffset, Partition};
use giaoban::store::Accepted;

use super::TOPIC;
use super::events::PartitionLog;
use super::watch::at;
use super::world::{Guard, Step, World};

impl World {
    /// An operator accepts what is held in one partition, and perhaps some more.
    pub fn decide(&mut self) {
        let held = self.store.writer().held(TOPIC).unwrap();
        let Some(held) = held.get(self.dice.below(held.len().max(1))) else { return };
        self.seen("an operator has decided");
        let to = NextOffset(held.at.0 + 1 + self.dice.below(20) as i64);
        let before = self.watch.accepted(held.partition);
        let to = to.max(before);
        self.watch.accepts(held.partition, to);
        let accepted = Accepted { partition: held.partition, to, at_ms: 0, why: "fixed".into() };
        self.store.writer().accept(TOPIC, &accepted).unwrap();
    }

    /// Whether the store has all that can be read of a partition.
    pub fn is_done(&mut self, p: usize) -> bool {
        let stored = at(self.store.writer()).get(&Partition(p as i32)).map_or(0, |next| next.0);
        let passed_over = stored >= self.log[p].low || !self.limits.accept_gap;
        passed_over && self.log[p].from(stored.max(self.log[p].low)).is_empty()
    }

    pub fn gap(&mut self) -> Option<usize> {
        let stored = at(self.store.writer());
        let next = |p: usize| stored.get(&Partition(p as i32)).map_or(0, |next| next.0);
        (0..self.log.len()).find(|p| next(*p) < self.log[*p].low)
    }

    /// Nothing goes wrong any more: everything is read, or a gap stops it until it is accepted.
    pub fn heal(&mut self) {
        self.note(|| "nothing goes wrong any more".into());
        (self.store_away, self.disk_full, self.log_away, self.hears, self.healed) = (0, 0, 0, 1, true);
        self.letters_stuck = None;
        for w in 0..self.workers.len() {
            self.expel(w);
        }
        self.add_partition();
        for p in 0..self.log.len() {
            self.log[p].grow(usize::MAX);
        }
        if self.log.iter().any(|log| log.before.is_some()) {
            return self.loss_is_noticed();
        }
        let whole = matches!(self.without, None | Some(Guard::LettersByPartition));
        if whole && self.gap().is_none() {
            self.others_go_on();
        }
        if let Some(p) = self.gap() {
            let stood = at(self.store.writer()).get(&Partition(p as i32)).copied();
            self.go_on(60);
            // Workers that had read it before it expired may still have written it.
            if self.gap() == Some(p) && at(self.store.writer()).get(&Partition(p as i32)).copied() == stood {
                self.seen("a gap was not passed over");
            }
            self.settled(false);
            self.limits.accept_gap = true;
            for w in 0..self.workers.len() {
                self.thaw(w);
                self.crash(w);
            }
        }
        self.go_on(4_000);
        // Once more while nobody has anything to write.
        if self.steps.contains(&Step::GoBack) && (0..self.log.len()).all(|p| self.log[p].low == 0 && self.is_done(p)) {
            self.go_back();
            self.go_on(4_000);
        }
        assert!(
            (0..self.log.len()).all(|p| self.is_done(p)),
            "the store never got to the end: {:?}",
            at(self.store.writer())
        );
        while !self.late.is_empty() {
            self.arrive_late();
        }
        self.settled(true);
    }

    /// What the store has is what was counted, all of it if all is read.
    pub fn settled(&mut self, complete: bool) {
        let counted: Vec<&PartitionLog> = self.log.iter().map(|log| log.before.as_deref().unwrap_or(log)).collect();
        self.watch.settled(self.store.writer(), &counted, complete);
    }

    /// While nobody confirms the dead letters of one partition, the others are read to their ends.
    pub fn others_go_on(&mut self) {
        let stuck = self.dice.below(self.log.len());
        self.letters_stuck = Some((Partition(stuck as i32), usize::MAX));
        self.go_on_but(4_000, Some(stuck));
        let all = (0..self.log.len()).all(|p| p == stuck || self.is_done(p));
        assert!(all, "a partition waited for the dead letters of another, {stuck}");
        self.letters_stuck = None;
    }

    /// So many rounds of everybody, or until all is read.
    pub fn go_on(&mut self, rounds: usize) {
        self.go_on_but(rounds, None);
    }

    pub fn go_on_but(&mut self, rounds: usize, stuck: Option<usize>) {
        for _ in 0..rounds {
            if (0..self.log.len()).all(|p| Some(p) == stuck || self.is_done(p)) {
                return;
            }
            self.round();
        }
    }

    pub fn round(&mut self) {
        self.clock_ms += 50;
        self.decide();
        for w in 0..self.workers.len() {
            self.restart(w);
            self.thaw(w);
            self.turn(w);
            self.serve(w);
        }
    }
}

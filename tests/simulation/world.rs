//! A run: log, store, group and workers, and the seeded scheduler that decides
//! what happens next and what goes wrong.

use std::collections::BTreeMap;

use giaoban::dead_letters::Tolerance;
use giaoban::domain::Partition;
use giaoban::ingest::Limits;
use giaoban::store::sqlite::SqliteStore;
use giaoban::store::{Batch, StoreWriter};

use super::events::{Dice, PartitionLog, RULES, log};
use super::group::Owner;
use super::memory::{Memory, MemoryStore, Saved};
use super::watch::{Limit, Watch, Writer, at};
use super::worker::{State, Worker};

/// What keeps figures exact, each taken out to see that a run notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// A span is compared with where the store is.
    Fence,
    /// Records and checkpoints are written together.
    OneTransaction,
    /// What is in flight of a partition is finished before it is given up.
    DrainBeforeRelease,
    /// Equal revisions are settled by their content.
    TieBreak,
    /// A dead letter is kept before its offset moves.
    LetterBeforeOffset,
    /// It is looked whether the store still has what it was given.
    Standing,
    /// A batch that a full disk did not take is read again.
    ReadAgain,
    /// Where too many dead letters are, a partition stands until somebody has decided.
    Hold,
    /// What waits for dead letters of one partition keeps no other waiting.
    LettersByPartition,
    /// A log that ends before the store stops whoever reads it.
    EndOfLog,
    /// The last record that the store has is compared with the one that lies there now.
    LastRecord,
    /// Who reads a log hears that it has become another.
    AnotherLog,
    /// A client that stays without a broker while others are answered is made anew.
    Renew,
}

/// How often what happened, over runs: what never does is not tested.
pub type Seen = BTreeMap<&'static str, u64>;

pub enum Store {
    Memory(MemoryStore),
    Sqlite { store: Box<SqliteStore>, _dir: tempfile::TempDir },
}

impl Store {
    /// One run of 50 is on a real file.
    fn of(seed: u64, without: Option<Guard>) -> Self {
        let mut store = if seed % 50 == 49 && without.is_none() {
            let dir = tempfile::tempdir().unwrap();
            let store = Box::new(SqliteStore::create(&dir.path().join("store.db")).unwrap());
            Self::Sqlite { store, _dir: dir }
        } else {
            let mut store = Memory::default().create();
            store.fenced = without != Some(Guard::Fence);
            store.settles_ties = without != Some(Guard::TieBreak);
            Self::Memory(store)
        };
        store.writer().adopt(&RULES, false).unwrap();
        store
    }

    pub fn writer(&mut self) -> &mut dyn StoreWriter {
        match self {
            Self::Memory(store) => store,
            Self::Sqlite { store, .. } => &mut **store,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Turn,
    Serve,
    Wait,
    Grow,
    Restart,
    Thaw,
    HandOver,
    TakeAway,
    Crash,
    Stop,
    Freeze,
    SkipHours,
    StoreAway,
    DiskFull,
    GoBack,
    LogAway,
    LettersStuck,
    LoseBroker,
    Decide,
    Late,
    AddPartition,
    Retain,
    Expire,
    /// The log loses its end, as by an unclean election, and goes on; it is recreated under the same name.
    LoseEnd,
    Recreate,
}

pub struct World {
    pub dice: Dice,
    pub without: Option<Guard>,
    trace: bool,
    /// Each step with how often it comes: of faults every run has some and lacks others.
    pub steps: Vec<Step>,
    pub limits: Limits,
    pub clock_ms: u64,
    pub log: Vec<PartitionLog>,
    /// Partitions that are yet to be added.
    unborn: Vec<PartitionLog>,
    pub store: Store,
    pub workers: Vec<Worker>,
    pub owners: Vec<Owner>,
    pub watch: Watch,
    /// Batches whose sender is gone and that may still arrive.
    pub late: Vec<(u64, Batch)>,
    /// What the store had at some moment, to which it may go back, with what was seen of it until then.
    saved: Option<(Saved, Watch)>,
    /// For how many steps the store does not answer, takes nothing, the log does not answer.
    pub store_away: usize,
    pub disk_full: usize,
    pub log_away: usize,
    /// The partition whose dead letters nobody confirms, and for how many steps.
    pub letters_stuck: Option<(Partition, usize)>,
    /// One in so many chances, a worker is killed there; 0 for never.
    kills: usize,
    /// One in so many polls hears what the group has to say.
    pub hears: usize,
    /// Nothing goes wrong any more.
    pub healed: bool,
    /// A worker has stopped because the log has lost what was counted.
    pub loss_noticed: bool,
    pub starts: u64,
    pub seen: Seen,
}

fn borne(run: u64) -> Tolerance {
    Tolerance { share_percent: 100, run }
}

impl World {
    pub fn new(seed: u64, without: Option<Guard>, trace: bool) -> Self {
        let mut dice = Dice::new(seed);
        let (partitions, workers) = (1 + dice.below(4), 2 + dice.below(3));
        let mut log = log(&mut dice, partitions + 1);
        let mut unborn = log.split_off(partitions);
        let mut steps = vec![Step::Turn; 130];
        steps.extend([Step::Serve; 70]);
        steps.extend([Step::Wait; 25]);
        steps.extend([Step::Grow; 12]);
        steps.extend([Step::Restart; 12]);
        steps.extend([Step::Thaw; 8]);
        steps.extend([Step::Decide; 3]);
        // Now and then a run in which nothing is taken away from anybody.
        let gentle = dice.one_in(8);
        let rough =
            [Step::TakeAway, Step::Crash, Step::Freeze, Step::Late, Step::StoreAway, Step::GoBack, Step::LoseBroker];
        for fault in [
            Step::HandOver,
            Step::TakeAway,
            Step::Crash,
            Step::Stop,
            Step::Freeze,
            Step::SkipHours,
            Step::StoreAway,
            Step::DiskFull,
            Step::GoBack,
            Step::LogAway,
            Step::LettersStuck,
            Step::LoseBroker,
            Step::Late,
            Step::AddPartition,
            Step::Retain,
        ] {
            let times = if gentle && rough.contains(&fault) { 0 } else { dice.pick(&[0, 1, 1, 2, 4]) };
            steps.extend(std::iter::repeat_n(fault, times));
        }
        if dice.one_in(6) {
            steps.push(Step::Expire);
        }
        if dice.one_in(5) {
            // Without what keeps a loss from being seen, or is one by itself.
            steps.retain(|step| !matches!(step, Step::GoBack | Step::Retain | Step::Expire));
            steps.push(dice.pick(&[Step::LoseEnd, Step::Recreate]));
            log.iter_mut().chain(&mut unborn).for_each(PartitionLog::stamp);
        }
        let kills = if gentle { 0 } else { dice.pick(&[0, 30, 100, 300]) };
        let hears = dice.pick(&[1, 3, 10, 40]);
        let limits = Limits {
            records: 1 + dice.below(12),
            bytes: dice.pick(&[1_000, 32 << 20]),
            wait_ms: 20,
            backoff_ms: 5,
            // Often exceeded, or never, but looked back for.
            dead_letters: dice.pick(&[None, Some(1_000), Some(1), Some(2)]).map(borne),
            ..Limits::default()
        };
        let mut world = Self {
            dice,
            without,
            trace,
            steps,
            limits,
            clock_ms: 0,
            log,
            unborn,
            store: Store::of(seed, without),
            workers: (0..workers as u64).map(|start| Worker::new(start, limits, 0)).collect(),
            owners: vec![Owner::default(); partitions],
            watch: Watch::with(limits.dead_letters.map(|tolerance| Limit::of(tolerance.run))),
            late: Vec::new(),
            saved: None,
            store_away: 0,
            disk_full: 0,
            log_away: 0,
            letters_stuck: None,
            kills,
            hears,
            healed: false,
            loss_noticed: false,
            starts: workers as u64,
            seen: Seen::new(),
        };
        for partition in 0..partitions {
            let to = world.dice.below(workers);
            world.give(partition, to);
        }
        world
    }

    pub fn seen(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    pub fn note(&self, what: impl FnOnce() -> String) {
        if self.trace {
            println!("{:>9} ms  {}", self.clock_ms, what());
        }
    }

    /// All of it: the faults, the time after them, and whether everything holds.
    pub fn run(&mut self) {
        for _ in 0..500 + self.dice.below(1_000) {
            let step = self.dice.pick(&self.steps);
            self.step(step);
        }
        self.heal();
    }

    fn step(&mut self, step: Step) {
        for away in [&mut self.store_away, &mut self.disk_full, &mut self.log_away] {
            *away = away.saturating_sub(1);
        }
        self.letters_stuck = self.letters_stuck.and_then(|(of, steps)| Some((of, steps.checked_sub(1)?)));
        // Whom it fits, if there is one; and faults rather whoever has something in flight.
        let mut workers: Vec<usize> = (0..self.workers.len()).collect();
        self.dice.shuffle(&mut workers);
        let first = |fits: &dyn Fn(&Worker) -> bool| workers.iter().copied().find(|w| fits(&self.workers[*w]));
        let busy = first(&|worker| worker.state == State::Up && !worker.requests.is_empty());
        let fitting = match step {
            Step::Serve => busy,
            Step::Restart => first(&|worker| worker.state == State::Down),
            Step::Thaw => first(&|worker| worker.state == State::Frozen),
            Step::Crash | Step::Freeze | Step::LoseBroker => busy,
            _ => first(&|worker| worker.state == State::Up),
        };
        let w = fitting.unwrap_or(workers[0]);
        let p = self.dice.below(self.log.len());
        let of_it = (0..self.log.len()).find(|p| self.owners[*p].worker == busy);
        let p = of_it.filter(|_| matches!(step, Step::TakeAway | Step::HandOver) && self.dice.one_in(2)).unwrap_or(p);
        let up = self.workers[w].state == State::Up;
        if !matches!(step, Step::Turn | Step::Serve) {
            self.note(|| format!("{step:?} (worker {w}, partition {p})"));
        }
        match step {
            Step::Turn => self.turn(w),
            Step::Serve => self.serve(w),
            Step::Wait => self.clock_ms += self.dice.below(40) as u64,
            Step::Grow => {
                let by = 1 + self.dice.below(12);
                self.log[p].grow(by);
            }
            Step::Restart => self.restart(w),
            Step::Thaw => self.thaw(w),
            Step::HandOver => self.hand_over(p),
            Step::TakeAway => self.take_away(p),
            Step::Crash if up => self.crash(w),
            Step::Stop if up => self.workers[w].told_to_stop = true,
            Step::Freeze if up => {
                self.workers[w].state = State::Frozen;
                // Its session times out sooner or later.
                if self.dice.one_in(2) {
                    for p in 0..self.log.len() {
                        if self.owners[p].worker == Some(w) {
                            self.take_away(p);
                        }
                    }
                }
            }
            Step::SkipHours => {
                self.seen("hours went by at once");
                self.clock_ms += 3_600_000 * (1 + self.dice.below(100) as u64);
            }
            Step::StoreAway => self.store_away = self.dice.below(40),
            Step::DiskFull => self.disk_full = self.dice.below(40),
            Step::GoBack => self.go_back(),
            Step::LogAway => self.log_away = self.dice.below(40),
            Step::LettersStuck => {
                self.letters_stuck = Some((Partition(p as i32), 100 + self.dice.below(200)));
                // So that what is late is late.
                self.clock_ms += 3_000;
            }
            Step::LoseBroker if up => self.lose_broker(w),
            Step::Decide => self.decide(),
            Step::Late => self.arrive_late(),
            Step::AddPartition => self.add_partition(),
            Step::Retain => {
                // What the store has may expire.
                let stored = at(self.store.writer()).get(&Partition(p as i32)).map_or(0, |next| next.0);
                let low = self.log[p].low;
                self.log[p].low = low.max(stored - self.dice.below(6) as i64);
            }
            Step::Expire => {
                let stored = at(self.store.writer()).get(&Partition(p as i32)).map_or(0, |next| next.0);
                let ahead = self.log[p].high() - stored;
                if ahead > 0 && self.dice.one_in(2) {
                    self.seen("messages expired before they were read");
                    let low = stored + 1 + self.dice.below(ahead as usize) as i64;
                    self.log[p].low = self.log[p].low.max(low);
                }
            }
            Step::LoseEnd => self.lose(p..p + 1, false),
            Step::Recreate => self.lose(0..self.log.len(), true),
            Step::Crash | Step::Stop | Step::Freeze | Step::LoseBroker => {}
        }
    }

    /// Between any two things that a worker does.
    pub fn maybe_crash(&mut self, w: usize) {
        if self.kills > 0 && !self.healed && self.dice.one_in(self.kills) {
            self.crash(w);
        }
    }

    pub fn arrive_late(&mut self) {
        if self.late.is_empty() || self.store_away > 0 {
            return;
        }
        let (start, batch) = self.late.swap_remove(self.dice.below(self.late.len()));
        if self.without != Some(Guard::OneTransaction) && self.write(Writer { start, late: true }, &batch).is_some() {
            self.seen("a commit happened after its worker had given it up");
        }
    }

    /// Notes what the store has, or puts it back to what was noted. What was on its way to it is lost with it.
    pub fn go_back(&mut self) {
        // Without one transaction there is no moment that a copy could be of.
        let Store::Memory(store) = &mut self.store else { return };
        if self.without == Some(Guard::OneTransaction) {
            return;
        }
        let Some((saved, watch)) = self.saved.take() else {
            self.saved = Some((store.save(), self.watch.clone()));
            return;
        };
        let before = at(store);
        store.go_back(saved);
        let after = at(store);
        self.late.clear();
        self.watch.go_back(watch, &before, &after);
        self.note(|| format!("  the store went back: {before:?} → {after:?}"));
        if before != after {
            self.seen("the store went back");
        }
    }

    pub fn add_partition(&mut self) {
        if let Some(log) = self.unborn.pop() {
            self.seen("a partition was added");
            self.log.push(log);
            self.owners.push(Owner::default());
            self.give(self.log.len() - 1, 0);
        }
    }
}

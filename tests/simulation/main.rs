//! The worker's core through everything that goes wrong, in an order that a seed
//! decides: workers killed between any two of their steps, frozen and continued
//! hours later, partitions handed over and taken away with a batch in flight,
//! replies and confirmations lost, commits that happen after all, stores and logs
//! that do not answer, clients that never have a broker again, a store that goes back, a log that loses its end or is
//! recreated, a full disk, expired messages,
//! duplicates, corrections on other partitions.
//! After each write and each run: every invariant, and figures equal to a recount.
//!
//! `./test.sh simulate --seeds 1000000` runs more, `./test.sh simulate --seed 7`
//! repeats one and tells each of its steps.

#![allow(clippy::unwrap_used)]

mod bite;
mod client;
mod events;
mod group;
mod heal;
mod lookup;
mod loss;
#[allow(dead_code)]
mod memory;
#[path = "../oracle/mod.rs"]
mod oracle;
mod watch;
mod worker;
mod world;
mod writer;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use world::{Guard, Seen, World};

const TOPIC: &str = "events";

/// Seeds of a run that was asked for nothing: some seconds even without optimisation.
const QUICK: u64 = 300;

/// What happens in any three hundred runs, or the scheduler has lost it.
const HAPPENS: [&str; 44] = [
    "a client had no broker any more",
    "a client was made anew",
    "a client without a broker ended its worker",
    "a commit happened after its worker had given it up",
    "a dead letter was kept twice",
    "a decision let a partition go on",
    "a dead letter came late and its partition waited",
    "a gap stopped a worker",
    "a gap was not passed over",
    "a partition could not be read from there yet",
    "a partition was added",
    "a partition was handed over",
    "a partition was held",
    "a partition was given up while it was looked up",
    "a partition was taken away",
    "an operator has decided",
    "a log that ended before the store stopped a worker",
    "a worker has read a partition to its end",
    "a worker heard that the log was another",
    "a worker looked back",
    "a worker met an offset that had expired",
    "a worker that was continued was fenced",
    "a worker saw that the store went back",
    "a worker was continued",
    "a worker was killed",
    "a worker was killed while it wrote",
    "a worker was started again",
    "a worker was stopped in order",
    "a worker was told that the log may be another",
    "a writer was fenced",
    "another record in the place of the last stopped a worker",
    "dead letters of one partition stood still",
    "dead letters were not kept",
    "hours went by at once",
    "messages expired before they were read",
    "records were handed over twice",
    "store or log could not be asked where to start",
    "the confirmation of dead letters was lost",
    "the disk was full",
    "the log lost its end",
    "the log was recreated",
    "the reply of a commit was lost",
    "the store was away",
    "the store went back",
];

/// One run; panics if anything does not hold.
fn run(seed: u64, without: Option<Guard>, trace: bool) -> Seen {
    let mut world = World::new(seed, without, trace);
    world.run();
    world.seen
}

/// What went wrong in a run, if anything did.
fn failure(seed: u64, without: Option<Guard>) -> Result<Seen, String> {
    catch_unwind(AssertUnwindSafe(|| run(seed, without, false))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| panic.downcast_ref().copied()).unwrap_or("a panic without words").to_owned()
    })
}

/// Every seed, on every core, until one fails.
fn run_all(seeds: Range<u64>) -> Seen {
    let next = AtomicU64::new(seeds.start);
    let result: Mutex<Result<Seen, (u64, String)>> = Mutex::new(Ok(Seen::new()));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let one = failure(seed, None);
            let mut all = result.lock().unwrap();
            match (&mut *all, one) {
                (Ok(all), Ok(one)) => one.into_iter().for_each(|(what, times)| *all.entry(what).or_default() += times),
                (Ok(_), Err(why)) => {
                    next.store(seeds.end, Ordering::Relaxed);
                    *all = Err((seed, why));
                }
                (Err(_), _) => return,
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    let result = result.into_inner().unwrap();
    result.unwrap_or_else(|(seed, why)| panic!("seed {seed}: {why}\nrepeat it by: ./test.sh simulate --seed {seed}"))
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}

#[test]
fn whatever_goes_wrong_figures_are_those_of_a_recount() {
    if let Some(seed) = number("SIMULATION_SEED") {
        run(seed, None, true);
        return;
    }
    let seeds = number("SIMULATION_SEEDS").unwrap_or(QUICK);
    let begun = Instant::now();
    let seen = run_all(0..seeds);
    println!("{seeds} schedules in {:.1} s: {seen:#?}", begun.elapsed().as_secs_f64());
    for what in HAPPENS.iter().filter(|_| seeds >= QUICK) {
        assert!(seen.contains_key(what), "in {seeds} schedules it never happened that {what}");
    }
}

#[test]
fn a_seed_is_the_same_run_every_time() {
    for seed in [7, 49] {
        assert_eq!(run(seed, None, false), run(seed, None, false));
    }
}

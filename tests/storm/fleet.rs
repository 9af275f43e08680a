//! Workers that are killed, frozen, or behind a pooler.

use std::time::{Duration, Instant};

use giaoban::store::postgres::{Schema, Server};
use giaoban::store::sqlite::SqliteStore;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::database::Database;
use crate::database::pooler::Pooler;
use crate::harness::assignments;
use crate::publisher::Publisher;
use crate::worker::Worker;
use crate::{giaoban, make_topics, members, trial, until, with_store};

const TICK: Duration = Duration::from_millis(250);

/// A place in the fleet, whose worker comes and goes.
struct Place {
    worker: Option<Worker>,
    told: Option<Instant>,
    again_at: Instant,
    starts: usize,
}

#[test]
#[ignore = "needs a broker and PostgreSQL: ./test.sh"]
fn kafka_storm_six_workers_killed_again_and_again_leave_exact_figures() {
    const KILLS: u64 = 20;
    const EVERY: Duration = Duration::from_secs(6);
    /// Events that come right before a kill.
    const BURST: usize = 240;
    let database = Database::new();
    let giaoban = with_store(giaoban(), &database.url, &database.schema);
    make_topics(&giaoban, "12");
    let mut rng = ChaCha8Rng::seed_from_u64(20_203);
    let events = trial::events(9_000, &mut rng);
    let mut publisher = Publisher::of(&giaoban);
    let started = Instant::now();
    let mut places: Vec<Place> =
        (0..6).map(|_| Place { worker: None, told: None, again_at: started, starts: 0 }).collect();
    let (mut killed, mut terminated, mut at_work) = (0, 0, 0);
    let (mut published, mut in_bursts) = (0, 0);
    let mut client = database.client();
    let mut in_a_transaction = |worker: &Worker| {
        let of = "SELECT count(*) FROM pg_stat_activity
                  WHERE application_name = $1 AND xact_start IS NOT NULL AND state <> 'idle'";
        client.query_one(of, &[&worker.session()]).unwrap().get::<_, i64>(0) > 0
    };
    let mut kill_at = EVERY / 2;
    while killed + terminated < KILLS || published < events.len() {
        let begun = Instant::now();
        // As many as the storm has lasted, besides those that come in bursts; the last when it is over.
        let share = started.elapsed().as_secs_f64() / (EVERY * KILLS as u32).as_secs_f64();
        let flowing = events.len() - KILLS as usize * BURST;
        let due = ((flowing as f64 * share) as usize + in_bursts).min(events.len());
        publisher.send(&events[published..due]);
        published = due;
        for (number, place) in places.iter_mut().enumerate() {
            if let Some(worker) = &mut place.worker {
                match place.told {
                    None => worker.assert_running(),
                    Some(told) if worker.has_stopped(told) => {
                        (place.worker, place.told) = (None, None);
                        place.again_at = Instant::now() + Duration::from_millis(rng.next_u64() % 3_000);
                    }
                    Some(_) => {}
                }
            } else if place.again_at <= Instant::now() {
                place.starts += 1;
                // Half of them keep their name in the group, so that nobody takes over when they are back soon.
                let instance = format!("place-{number}");
                let name = format!("{instance}-{}", place.starts);
                let url = database.url_with(&format!("application_name={name}"));
                let mut variables = vec![("GIAOBAN__STORE__URL", url.as_str())];
                if number % 2 == 0 {
                    variables.push(("GIAOBAN__KAFKA__PROPERTIES__GROUP_INSTANCE_ID", instance.as_str()));
                }
                place.worker = Some(Worker::start(&giaoban, &name, &variables));
            }
        }
        if killed + terminated < KILLS && started.elapsed() >= kill_at {
            kill_at += EVERY / 2 + Duration::from_millis(rng.next_u64() % EVERY.as_millis() as u64);
            let mut up: Vec<&mut Place> =
                places.iter_mut().filter(|place| place.worker.is_some() && place.told.is_none()).collect();
            let mut victim = rng.next_u64() as usize % up.len();
            let burst = published..(published + BURST).min(events.len());
            publisher.send(&events[burst.clone()]);
            (published, in_bursts) = (burst.end, in_bursts + burst.len());
            // Whoever is seen at work, unless nobody is for a while: the group may be sharing itself out anew.
            let sent = Instant::now();
            while sent.elapsed() < Duration::from_secs(1) {
                if let Some(found) = up.iter().position(|place| in_a_transaction(place.worker.as_ref().unwrap())) {
                    victim = found;
                    at_work += 1;
                    break;
                }
            }
            let place = &mut up[victim];
            if rng.next_u64() % 2 == 0 {
                place.worker.as_ref().unwrap().signal("TERM");
                place.told = Some(Instant::now());
                terminated += 1;
            } else {
                place.worker = None;
                place.again_at = Instant::now() + Duration::from_millis(rng.next_u64() % 3_000);
                killed += 1;
            }
        }
        std::thread::sleep(TICK.saturating_sub(begun.elapsed()));
    }
    assert!(killed >= 5 && terminated >= 5, "{killed} killed, {terminated} terminated");
    assert!(at_work >= KILLS / 2, "of {KILLS} only {at_work} met a worker in the middle of a batch");
    let mut workers: Vec<Worker> = Vec::new();
    for (number, place) in places.into_iter().enumerate() {
        match (place.worker, place.told) {
            (Some(worker), None) => workers.push(worker),
            // A second signal would end it at once.
            (Some(worker), Some(told)) => worker.stops(told),
            (None, _) => workers.push(Worker::start(&giaoban, &format!("last-{number}"), &[])),
        }
    }
    until("everything is in the store", || {
        workers.iter_mut().for_each(Worker::assert_running);
        publisher.stored(database.at().read()) == Some(publisher.sent)
    });
    workers.into_iter().for_each(Worker::stop);
    publisher.assert_exact(&events, &mut database.at().read().unwrap());
}

#[test]
#[ignore = "needs a broker, PostgreSQL and PgBouncer: ./test.sh"]
fn postgres_storm_behind_a_pooler_leaves_exact_figures() {
    let database = Database::new();
    let mut pooler = Pooler::before(&database.url);
    let giaoban = with_store(giaoban(), &pooler.url(), &database.schema);
    make_topics(&giaoban, "6");
    let events = trial::events(3_000, &mut ChaCha8Rng::seed_from_u64(20_211));
    let chunks: Vec<&[String]> = events.chunks(events.len().div_ceil(4)).collect();
    let mut publisher = Publisher::of(&giaoban);
    // More workers than sessions, and readers beside them.
    let mut workers: Vec<Worker> =
        (1..=3).map(|number| Worker::start(&giaoban, &format!("worker-{number}"), &[])).collect();
    let stored = |publisher: &Publisher| publisher.stored(database.at().read()).unwrap_or_default();
    for (round, chunk) in (1..).zip(&chunks) {
        let before = publisher.sent;
        publisher.send(chunk);
        until("they are at work", || {
            workers.iter_mut().for_each(Worker::assert_running);
            stored(&publisher) > before
        });
        match round {
            // Killed, and another takes over.
            1 | 3 => workers[0] = Worker::start(&giaoban, &format!("worker-{}", round + 3), &[]),
            2 => pooler.kill(),
            _ => {}
        }
        let ended = giaoban.run(&["rollup", "--period", "2020", "--format", "json"]);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
    }
    until("everything is in the store", || {
        workers.iter_mut().for_each(Worker::assert_running);
        stored(&publisher) == publisher.sent
    });
    workers.into_iter().for_each(Worker::stop);
    let through = Schema::at(Server::parse(&pooler.url(), None).unwrap(), &database.schema);
    publisher.assert_exact(&events, &mut through.read().unwrap());
}

#[test]
#[ignore = "needs a broker and PostgreSQL: ./test.sh"]
fn kafka_storm_a_frozen_worker_is_turned_away() {
    const ROUNDS: usize = 10;
    const LOST: &str = "lost: another worker may have them";
    const FENCED: &str = "fenced: dropped what was read";
    let database = Database::new();
    let giaoban = with_store(giaoban(), &database.url, &database.schema);
    make_topics(&giaoban, "6");
    let events = trial::events(12_000, &mut ChaCha8Rng::seed_from_u64(20_204));
    let mut chunks = events.chunks(events.len().div_ceil(ROUNDS + 1));
    let mut publisher = Publisher::of(&giaoban);
    let stored = |publisher: &Publisher| publisher.stored(database.at().read()).unwrap_or_default();
    let mut frozen = Worker::start(&giaoban, "frozen", &[]);
    until("the first has its share", || frozen.has_worked());
    let mut other = Worker::start(&giaoban, "other", &[]);
    until("the second has its share", || other.has_worked());
    let mut met = false;
    for chunk in chunks.by_ref().take(ROUNDS) {
        let (before, sent) = (frozen.said().len(), publisher.sent);
        publisher.send(chunk);
        // Most of a batch's time is that of its dead letters: so it is frozen with a batch that is yet to be written.
        until("they are at work", || stored(&publisher) > sent);
        frozen.signal("STOP");
        until("the group misses it", || members(&giaoban) == 1);
        until("the other has written all", || {
            other.assert_running();
            stored(&publisher) == publisher.sent
        });
        frozen.signal("CONT");
        let turned_away = |said: &str| [LOST, FENCED].iter().filter_map(|words| said.find(words)).min();
        until("it is a member again", || {
            [&mut frozen, &mut other].into_iter().for_each(Worker::assert_running);
            let said = &frozen.said()[before..];
            turned_away(said).is_some_and(|at| assignments(&said[at..]) > 0) && members(&giaoban) == 2
        });
        met = frozen.said().contains(FENCED);
        if met {
            break;
        }
    }
    assert!(met, "in {ROUNDS} rounds the store turned nobody away:\n{}", frozen.said());
    chunks.for_each(|chunk| publisher.send(chunk));
    until("all is in the store", || {
        [&mut frozen, &mut other].into_iter().for_each(Worker::assert_running);
        stored(&publisher) == publisher.sent
    });
    [frozen, other].into_iter().for_each(Worker::stop);
    publisher.assert_exact(&events, &mut database.at().read().unwrap());
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_storm_a_worker_alone_goes_on_after_it_was_frozen() {
    let giaoban = giaoban();
    make_topics(&giaoban, "6");
    let events = trial::events(3_000, &mut ChaCha8Rng::seed_from_u64(20_205));
    let chunks: Vec<&[String]> = events.chunks(events.len().div_ceil(2)).collect();
    let mut publisher = Publisher::of(&giaoban);
    let file = giaoban.data().join("store-1.db");
    let stored = |publisher: &Publisher| publisher.stored(SqliteStore::read(&file)).unwrap_or_default();
    publisher.send(chunks[0]);
    let mut worker = Worker::start(&giaoban, "worker", &[]);
    until("it works", || {
        worker.assert_running();
        stored(&publisher) > 0
    });
    worker.signal("STOP");
    until("the group misses it", || members(&giaoban) == 0);
    publisher.send(chunks[1]);
    worker.signal("CONT");
    until("all is in the store", || {
        worker.assert_running();
        stored(&publisher) == publisher.sent
    });
    assert!(worker.said().contains("lost: another worker may have them"), "{}", worker.said());
    worker.stop();
    publisher.assert_exact(&events, &mut SqliteStore::read(&file).unwrap());
}

//! Killed at any moment, on the embedded log and on Kafka: the figures are
//! those of a recount, and no record has vanished.

#![allow(clippy::unwrap_used)]

mod harness;
mod oracle;

use std::path::Path;
use std::time::Duration;

use giaoban::domain::{Calendar, Period, RecordKey, Rules, UnitTable};
use giaoban::rollup::Rollup;
use giaoban::store::StoreReader as _;
use giaoban::store::sqlite::SqliteStore;
use giaoban::wire::decode::Decoder;
use giaoban::wire::{AllowedSources, Message};
use harness::{Giaoban, case, session};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

const UNITS: &str = include_str!("../config/units/hanoi.csv");
const SUCCESSION: &str = include_str!("../config/units/hanoi-succession.csv");
const WORKERS_KILLED: usize = 12;

fn rules() -> Rules {
    Rules::new(UnitTable::from_csv(UNITS, SUCCESSION).unwrap(), Calendar::Decree09)
}

/// Sessions with corrections, some moved to another unit, some sent twice, and cases; in a seeded order.
fn events(count: usize, rng: &mut ChaCha8Rng) -> Vec<String> {
    let rules = rules();
    let communes: Vec<String> = rules
        .units
        .rows()
        .iter()
        .filter(|row| row.kind.level() == 2 && row.valid_from.year() == 2020)
        .map(|row| row.code.to_string())
        .collect();
    let mut events = Vec::new();
    for number in 0..count {
        let mut unit = || communes[(rng.next_u64() % communes.len() as u64) as usize].clone();
        let (here, there) = (unit(), unit());
        let day = format!("2020-{:02}-{:02}", 1 + rng.next_u64() % 12, 1 + rng.next_u64() % 28);
        events.push(session(&here, number, 1, &day, 5));
        match rng.next_u64() % 6 {
            0 => {
                let moved = session(&there, number, 2, &day, 9).replacen(
                    &format!("/units/{there}"),
                    &format!("/units/{here}"),
                    1,
                );
                events.push(moved);
            }
            1 => events.push(session(&here, number, 1, &day, 5)),
            2 => events.push(case(&there, number, &day, r#","resolved_on":"2021-02-01","money_recovered_vnd":1000"#)),
            _ => {}
        }
    }
    for index in (1..events.len()).rev() {
        events.swap(index, (rng.next_u64() % (index as u64 + 1)) as usize);
    }
    events
}

fn assert_recount(events: &[String], store: &Path, topic: &str) {
    let rules = rules();
    let mut decoder = Decoder::new();
    let facts: Vec<_> = events
        .iter()
        .map(|event| {
            let message = Message { headers: &[], payload: Some(event.as_bytes()) };
            let event = decoder.decode(&message, &rules, &AllowedSources::new()).unwrap();
            (RecordKey::new(event.key.source(), event.key.subject()), (event.revision, event.digest), event.fact)
        })
        .collect();
    let winners = oracle::winners(&facts);
    let mut store = SqliteStore::read(store).unwrap();
    assert_eq!(store.record_count().unwrap() as usize, winners.len());
    for checkpoint in store.checkpoints(topic).unwrap() {
        assert_eq!(checkpoint.counts.difference(), 0, "{checkpoint:?}");
        assert_eq!(checkpoint.counts.read as i64, checkpoint.next.0, "{checkpoint:?}");
    }
    for period in ["2020-Q1", "2020-Q3", "2020-Q4", "2021-Q1", "2020"] {
        let period: Period = period.parse().unwrap();
        let cells = store.cells(&period.quarters(), &rules).unwrap();
        let rollup = Rollup::of(period, None, &cells, &rules).unwrap();
        assert_eq!(oracle::figures_of(&rollup), oracle::recount(&winners, period, &rules, SUCCESSION), "{period}");
    }
}

/// Starts a command and kills it after a moment; true if it was still running.
fn kill_after(giaoban: &Giaoban, arguments: &[&str], moment: Duration) -> bool {
    let mut child = giaoban
        .command(arguments)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(moment);
    let running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    running
}

fn killed_again_and_again(giaoban: &Giaoban, topic: &str, seed: u64, longest_ms: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let events = events(6_000, &mut rng);
    // New work before each kill, published by somebody who is killed at it too and publishes again.
    let mut killed = 0;
    for (round, chunk) in events.chunks(events.len().div_ceil(WORKERS_KILLED)).enumerate() {
        let file = format!("events-{round}.ndjson");
        giaoban.write(&file, chunk.join("\n"));
        kill_after(giaoban, &["publish", &file], Duration::from_millis(rng.next_u64() % 40));
        giaoban.ok(&["publish", &file]);
        let moment = Duration::from_millis(rng.next_u64() % longest_ms);
        killed += usize::from(kill_after(giaoban, &["worker", "--until-caught-up"], moment));
    }
    assert!(killed >= WORKERS_KILLED / 3, "only {killed} of {WORKERS_KILLED} workers were killed at work");
    giaoban.settle();
    assert_recount(&events, &giaoban.data().join("store-1.db"), topic);
}

#[test]
fn workers_killed_on_the_embedded_log_leave_exact_figures() {
    let giaoban = Giaoban::new().with("GIAOBAN__WORKER__BATCH_RECORDS", "20");
    killed_again_and_again(&giaoban, "giaoban.events", 20_201, 90);
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_workers_killed_leave_exact_figures() {
    // A static member that was killed comes back at once, so that the kills hit work and not waiting.
    let giaoban = Giaoban::on_kafka()
        .with("GIAOBAN__WORKER__BATCH_RECORDS", "20")
        .with("GIAOBAN__KAFKA__PROPERTIES__GROUP_INSTANCE_ID", "one");
    giaoban.ok(&["topics", "create"]);
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    killed_again_and_again(&giaoban, &topic, 20_202, 700);
}

//! Killed at any moment, on the embedded log and on Kafka: the figures are
//! those of a recount, and no record has vanished.

#![allow(clippy::unwrap_used)]

mod harness;
mod oracle;
mod trial;

use std::time::Duration;

use giaoban::store::sqlite::SqliteStore;
use harness::Giaoban;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

const WORKERS_KILLED: usize = 12;

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

fn killed_again_and_again(giaoban: &Giaoban, topic: &str, seed: u64, mut longest_ms: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let events = trial::events(6_000, &mut rng);
    // New work before each kill, published by somebody who is killed at it too and publishes again.
    let mut killed = 0;
    for (round, chunk) in events.chunks(events.len().div_ceil(WORKERS_KILLED)).enumerate() {
        let file = format!("events-{round}.ndjson");
        giaoban.write(&file, chunk.join("\n"));
        kill_after(giaoban, &["publish", &file], Duration::from_millis(rng.next_u64() % 40));
        giaoban.ok(&["publish", &file]);
        let moment = Duration::from_millis(rng.next_u64() % longest_ms);
        let running = kill_after(giaoban, &["worker", "--until-caught-up"], moment);
        killed += usize::from(running);
        // Machines differ: so that on each the kills come while there is work.
        longest_ms = if running { longest_ms * 5 / 4 } else { longest_ms / 2 + 1 };
    }
    assert!(killed >= WORKERS_KILLED / 3, "only {killed} of {WORKERS_KILLED} workers were killed at work");
    giaoban.settle();
    let mut store = SqliteStore::read(&giaoban.data().join("store-1.db")).unwrap();
    trial::assert_recount(&events, &mut store, topic);
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

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_workers_killed_in_a_group_of_the_newer_protocol_leave_exact_figures() {
    let giaoban = Giaoban::on_kafka()
        .with("GIAOBAN__WORKER__BATCH_RECORDS", "20")
        .with("GIAOBAN__KAFKA__PROPERTIES__GROUP_PROTOCOL", "consumer");
    giaoban.ok(&["topics", "create"]);
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    // Each waits for the session of the one before it.
    killed_again_and_again(&giaoban, &topic, 20_203, 12_000);
}

//! What happens to brokers, topics and workers in use: each ends in exact
//! figures, or in a stop whose message names the cause and what to do.

#![allow(clippy::unwrap_used)]

mod harness;
mod oracle;
mod trial;

use std::process::Child;
use std::time::Duration;

use giaoban::store::StoreReader as _;
use giaoban::store::sqlite::SqliteStore;
use harness::broker::Broker;
use harness::{Giaoban, session};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};
use rdkafka::client::DefaultClientContext;
use rdkafka::{Offset, TopicPartitionList};

/// How long a worker may take to get somewhere, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn until(what: &str, condition: impl FnMut() -> bool) {
    harness::until(what, PATIENCE, condition);
}

/// How many records of the topic are in the store.
fn in_store(giaoban: &Giaoban) -> u64 {
    let Ok(mut store) = SqliteStore::read(&giaoban.data().join("store-1.db")) else { return 0 };
    let checkpoints = store.checkpoints(giaoban.variable("GIAOBAN__KAFKA__TOPIC")).unwrap();
    checkpoints.iter().map(|checkpoint| checkpoint.counts.read).sum()
}

fn signal(worker: &Child, signal: &str) {
    let id = worker.id().to_string();
    assert!(std::process::Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
}

fn term(worker: &Child) {
    signal(worker, "TERM");
}

fn admin(giaoban: &Giaoban) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", giaoban.variable("GIAOBAN__KAFKA__BROKERS")).create().unwrap()
}

fn wait_for<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)))
}

fn delete_topic(giaoban: &Giaoban) {
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    let deleted = wait_for(admin(giaoban).delete_topics(&[&topic], &options())).unwrap();
    deleted[0].as_ref().unwrap();
}

/// What lies before that offset of partition 0 is gone.
fn expire(giaoban: &Giaoban, before: i64) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(giaoban.variable("GIAOBAN__KAFKA__TOPIC"), 0, Offset::Offset(before)).unwrap();
    wait_for(admin(giaoban).delete_records(&list, &options())).unwrap();
}

#[test]
#[ignore = "starts a broker of its own: ./test.sh"]
fn kafka_fault_a_broker_killed_and_away_for_a_minute_costs_nothing() {
    let mut broker = Broker::start();
    let giaoban = Giaoban::on_kafka_at(&broker.address())
        .with("GIAOBAN__WORKER__BATCH_RECORDS", "50")
        .with("GIAOBAN__HTTP__LISTEN", "off");
    giaoban.ok(&["topics", "create"]);
    let events = trial::events(3_000, &mut ChaCha8Rng::seed_from_u64(5));
    let chunks: Vec<&[String]> = events.chunks(events.len().div_ceil(3)).collect();
    let publish = |chunk: usize| {
        let file = format!("events-{chunk}.ndjson");
        giaoban.write(&file, chunks[chunk].join("\n"));
        giaoban.ok(&["publish", &file]);
    };
    publish(0);
    let worker = giaoban.start(&["worker"]);
    until("the first batches", || in_store(&giaoban) > 0);
    broker.kill();
    broker.start_again();
    publish(1);
    until("the worker goes on after a kill", || in_store(&giaoban) >= (chunks[0].len() + chunks[1].len()) as u64);
    broker.kill();
    std::thread::sleep(Duration::from_secs(60));
    broker.start_again();
    publish(2);
    until("the worker goes on after a minute", || in_store(&giaoban) >= events.len() as u64);
    term(&worker);
    let ended = harness::wait(worker, "worker");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let mut store = SqliteStore::read(&giaoban.data().join("store-1.db")).unwrap();
    trial::assert_recount(&events, &mut store, giaoban.variable("GIAOBAN__KAFKA__TOPIC"));
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_fault_records_gone_before_they_were_read_stop_the_worker() {
    let giaoban = Giaoban::on_kafka();
    giaoban.ok(&["topics", "create", "--partitions", "1"]);
    let publish = |numbers: std::ops::Range<usize>| {
        let sessions: Vec<String> = numbers.map(|number| session("00004", number, 1, "2020-03-04", 1)).collect();
        giaoban.write("a.ndjson", sessions.join("\n"));
        giaoban.ok(&["publish", "a.ndjson"]);
    };
    publish(0..10);
    giaoban.settle();
    publish(10..30);
    expire(&giaoban, 15);
    let said = giaoban.fails(11, &["worker", "--until-caught-up"]);
    assert!(said.contains("messages 10 to 15 of partition 0 are gone"), "{said}");
    assert!(said.contains("--accept-gap"), "{said}");
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 10, "as it was");
    giaoban.ok(&["worker", "--until-caught-up", "--accept-gap"]);
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 25);

    // Nothing is left that would come after the gap.
    publish(30..40);
    expire(&giaoban, 40);
    let said = giaoban.fails(11, &["worker", "--until-caught-up"]);
    assert!(said.contains("messages 30 to 40 of partition 0 are gone"), "{said}");
    assert!(giaoban.ok(&["worker", "--until-caught-up", "--accept-gap"]).contains("Read 0 records"));
    giaoban.settle();
    publish(40..41);
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 26);
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_fault_a_topic_made_anew_is_not_taken_for_the_old_one() {
    for (in_new_topic, under_work) in [(3, false), (20, false), (20, true)] {
        let giaoban = Giaoban::on_kafka().with("GIAOBAN__HTTP__LISTEN", "off");
        let publish = |numbers: std::ops::Range<usize>| {
            let sessions: Vec<String> = numbers.map(|number| session("00004", number, 1, "2020-03-04", 1)).collect();
            giaoban.write("a.ndjson", sessions.join("\n"));
            giaoban.ok(&["publish", "a.ndjson"]);
        };
        giaoban.ok(&["topics", "create", "--partitions", "1"]);
        publish(0..10);
        giaoban.settle();
        let worker = under_work.then(|| giaoban.start(&["worker"]));
        delete_topic(&giaoban);
        until("the topic is made anew", || giaoban.run(&["topics", "create", "--partitions", "1"]).code == Some(0));
        until("the new topic takes messages", || {
            giaoban.write("b.ndjson", session("00004", 100, 1, "2020-03-04", 1));
            giaoban.run(&["publish", "b.ndjson"]).code == Some(0)
        });
        publish(100..100 + in_new_topic);
        let ended = match worker {
            Some(worker) => harness::wait(worker, "worker"),
            None => giaoban.run(&["worker", "--until-caught-up"]),
        };
        assert!(matches!(ended.code, Some(7 | 11)), "{:?} {}", ended.code, ended.err);
        let named = ["made anew", "no topic", "has no offset"].iter().any(|cause| ended.err.contains(cause));
        assert!(named && ended.err.contains("remedy: "), "{}", ended.err);
        assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 10, "nothing of the new one");
    }
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_fault_a_topic_made_anew_while_a_worker_stands_still_is_not_read_on_from_the_old_offset() {
    let giaoban = Giaoban::on_kafka().with("GIAOBAN__HTTP__LISTEN", "off");
    let publish = |numbers: std::ops::Range<usize>| {
        let sessions: Vec<String> = numbers.map(|number| session("00004", number, 1, "2020-03-04", 1)).collect();
        giaoban.write("a.ndjson", sessions.join("\n"));
        giaoban.run(&["publish", "a.ndjson"]).code == Some(0)
    };
    giaoban.ok(&["topics", "create", "--partitions", "1"]);
    assert!(publish(0..10));
    let worker = giaoban.start(&["worker"]);
    until("the worker has read the old topic", || in_store(&giaoban) == 10);
    signal(&worker, "STOP");
    delete_topic(&giaoban);
    until("the topic is made anew", || giaoban.run(&["topics", "create", "--partitions", "1"]).code == Some(0));
    until("the new topic has more than the old one", || publish(100..120));
    signal(&worker, "CONT");
    let ended = harness::wait(worker, "worker");
    assert_eq!(ended.code, Some(11), "{}", ended.err);
    assert!(ended.err.contains("made anew") && ended.err.contains("remedy: "), "{}", ended.err);
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 10, "nothing of the new one");
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_fault_partitions_added_under_a_worker_are_read_from_their_start() {
    let giaoban = Giaoban::on_kafka()
        .with("GIAOBAN__HTTP__LISTEN", "off")
        .with("GIAOBAN__KAFKA__PROPERTIES__TOPIC_METADATA_REFRESH_INTERVAL_MS", "1000");
    giaoban.ok(&["topics", "create", "--partitions", "2"]);
    let events = trial::events(1_000, &mut ChaCha8Rng::seed_from_u64(6));
    let (before, after) = events.split_at(events.len() / 2);
    giaoban.write("before.ndjson", before.join("\n"));
    giaoban.write("after.ndjson", after.join("\n"));
    giaoban.ok(&["publish", "before.ndjson"]);
    let worker = giaoban.start(&["worker"]);
    until("the first half", || in_store(&giaoban) == before.len() as u64);
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    let more = [NewPartitions::new(&topic, 5)];
    wait_for(admin(&giaoban).create_partitions(&more, &options())).unwrap()[0].as_ref().unwrap();
    until("a producer sees the new partitions", || giaoban.ok(&["topics", "create"]).contains("5 partitions"));
    giaoban.ok(&["publish", "after.ndjson"]);
    until("the second half", || in_store(&giaoban) == events.len() as u64);
    term(&worker);
    assert_eq!(harness::wait(worker, "worker").code, Some(0));
    let mut store = SqliteStore::read(&giaoban.data().join("store-1.db")).unwrap();
    assert!(store.checkpoints(&topic).unwrap().len() > 2, "some of the second half is on new partitions");
    trial::assert_recount(&events, &mut store, &topic);
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_fault_of_two_workers_with_one_instance_id_the_first_stops() {
    let giaoban = Giaoban::on_kafka()
        .with("GIAOBAN__HTTP__LISTEN", "off")
        .with("GIAOBAN__KAFKA__PROPERTIES__GROUP_INSTANCE_ID", "worker-1");
    giaoban.ok(&["topics", "create", "--partitions", "2"]);
    let publish = |numbers: std::ops::Range<usize>| {
        let sessions: Vec<String> = numbers.map(|number| session("00004", number, 1, "2020-03-04", 1)).collect();
        giaoban.write("a.ndjson", sessions.join("\n"));
        giaoban.ok(&["publish", "a.ndjson"]);
    };
    publish(0..10);
    let first = giaoban.start(&["worker"]);
    until("the first worker reads", || in_store(&giaoban) == 10);
    let second = giaoban.start(&["worker", "--data", "second"]);
    let ended = harness::wait(first, "the first worker");
    assert_eq!(ended.code, Some(12), "{}", ended.err);
    assert!(ended.err.contains("joined the group as worker-1 too"), "{}", ended.err);
    assert!(ended.err.contains("a group.instance.id of its own"), "{}", ended.err);
    publish(10..20);
    let figure = || {
        let rollup =
            giaoban.run(&["rollup", "--data", "second", "--period", "2020-Q1", "--unit", "00004", "--format", "json"]);
        let rollup: serde_json::Value = serde_json::from_str(&rollup.out).ok()?;
        rollup["units"][0]["figures"]["supervision_sessions"].as_u64()
    };
    until("the second worker reads all", || figure() == Some(20));
    term(&second);
    assert_eq!(harness::wait(second, "the second worker").code, Some(0));
}

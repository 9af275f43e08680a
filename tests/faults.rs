//! What happens to brokers, topics and workers in use: each ends in exact
//! figures, or in a stop whose message names the cause and what to do.

#![allow(clippy::unwrap_used)]

mod harness;
mod oracle;
mod trial;

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use giaoban::domain::Partition;
use giaoban::log::kafka::{KafkaLog, KafkaSettings};
use giaoban::log::{EventLog as _, Outgoing};
use giaoban::store::ReadCheckpoints as _;
use giaoban::store::sqlite::SqliteStore;
use harness::broker::Broker;
use harness::kafka::{admin, delete_topic, expire, options, wait_for};
use harness::{Giaoban, assignments, session, signal};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rdkafka::admin::NewPartitions;

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

fn term(worker: &Child) {
    signal(worker, "TERM");
}

fn log(giaoban: &Giaoban) -> KafkaLog {
    let brokers = giaoban.variable("GIAOBAN__KAFKA__BROKERS").to_owned();
    KafkaLog::new(KafkaSettings { brokers, properties: BTreeMap::new() }).unwrap()
}

/// Sends events and, after each nineteenth, something that is none; how many messages that makes.
fn send(giaoban: &Giaoban, events: &[String]) -> u64 {
    let mut producer = log(giaoban).producer(giaoban.variable("GIAOBAN__KAFKA__TOPIC")).unwrap();
    let mut sent = 0;
    let mut send = |event: &str| {
        let key = Some(format!("{sent}").into_bytes());
        producer.send(&Outgoing { key, payload: event.into(), ..Outgoing::default() }, sent).unwrap();
        sent += 1;
    };
    for (index, event) in events.iter().enumerate() {
        send(event);
        if index % 19 == 18 {
            send("{no event");
        }
    }
    let decided = producer.flush(Duration::from_secs(60));
    assert!(decided.len() as u64 == sent && decided.iter().all(|delivery| delivery.result.is_ok()), "{decided:?}");
    sent
}

#[test]
#[ignore = "starts a broker of its own: ./test.sh"]
fn kafka_fault_a_broker_killed_at_work_stopped_and_away_for_a_minute_costs_nothing() {
    let mut broker = Broker::start();
    let giaoban = Giaoban::on_kafka_at(&broker.address())
        .with("GIAOBAN__WORKER__BATCH_RECORDS", "40")
        .with("GIAOBAN__HTTP__LISTEN", "off");
    giaoban.ok(&["topics", "create"]);
    let events = trial::events(16_000, &mut ChaCha8Rng::seed_from_u64(5));
    let worker = giaoban.start(&["worker"]);
    let mut sent = 0;
    let chunks: Vec<&[String]> = events.chunks(events.len().div_ceil(4)).collect();
    for (round, chunk) in chunks.iter().enumerate() {
        let before = sent;
        sent += send(&giaoban, chunk);
        until("it is at work", || in_store(&giaoban) > before);
        match round {
            // Killed in the middle of a batch, more than once.
            0 | 1 => broker.kill(),
            2 => broker.stop(),
            _ => broker.kill(),
        }
        let stored = in_store(&giaoban);
        assert!(stored < sent, "the broker went when all was done: {stored} of {sent}");
        std::thread::sleep(Duration::from_secs(if round == 3 { 60 } else { 0 }));
        broker.start_again();
        until("it goes on", || in_store(&giaoban) == sent);
    }
    term(&worker);
    let ended = harness::wait(worker, "worker");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC");
    let mut store = SqliteStore::read(&giaoban.data().join("store-1.db")).unwrap();
    trial::assert_recount(&events, &mut store, topic);
    let dead: u64 = store.checkpoints(topic).unwrap().iter().map(|at| at.counts.dead_lettered).sum();
    assert_eq!(dead, sent - events.len() as u64);
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_fault_records_gone_before_they_were_read_stop_the_worker() {
    let giaoban = Giaoban::on_kafka();
    giaoban.ok(&["topics", "create", "--partitions", "1"]);
    let publish = |numbers| giaoban.publish_sessions(numbers);
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
            giaoban.write_sessions("a.ndjson", &["00004"], numbers);
            // By somebody without a store: beside this one nobody publishes to another topic.
            giaoban.ok(&["publish", "a.ndjson", "--data", "elsewhere"]);
        };
        giaoban.ok(&["topics", "create", "--partitions", "1"]);
        publish(0..10);
        giaoban.settle();
        let worker = under_work.then(|| giaoban.start(&["worker"]));
        delete_topic(&giaoban);
        until("the topic is recreated", || giaoban.run(&["topics", "create", "--partitions", "1"]).code == Some(0));
        until("the new topic takes messages", || {
            giaoban.write("b.ndjson", session("00004", 100, 1, "2020-03-04", 1));
            giaoban.run(&["publish", "b.ndjson", "--data", "elsewhere"]).code == Some(0)
        });
        publish(100..100 + in_new_topic);
        let ended = match worker {
            Some(worker) => harness::wait(worker, "worker"),
            None => giaoban.run(&["worker", "--until-caught-up"]),
        };
        assert!(matches!(ended.code, Some(7 | 11)), "{:?} {}", ended.code, ended.err);
        let named = ["created again", "is not there any more", "no topic", "lost that one", "now ends at"]
            .iter()
            .any(|cause| ended.err.contains(cause));
        assert!(named && harness::has_remedy(&ended.err), "{}", ended.err);
        assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 10, "nothing of the new one");
    }
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_fault_a_topic_made_anew_while_a_worker_stands_still_is_not_read_on_from_the_old_offset() {
    let giaoban = Giaoban::on_kafka().with("GIAOBAN__HTTP__LISTEN", "off");
    let publish = |numbers: std::ops::Range<usize>| {
        giaoban.write_sessions("a.ndjson", &["00004"], numbers);
        giaoban.run(&["publish", "a.ndjson", "--data", "elsewhere"]).code == Some(0)
    };
    giaoban.ok(&["topics", "create", "--partitions", "1"]);
    assert!(publish(0..10));
    let worker = giaoban.start(&["worker"]);
    until("the worker has read the old topic", || in_store(&giaoban) == 10);
    signal(&worker, "STOP");
    delete_topic(&giaoban);
    until("the topic is recreated", || giaoban.run(&["topics", "create", "--partitions", "1"]).code == Some(0));
    until("the new topic has more than the old one", || publish(100..120));
    signal(&worker, "CONT");
    let ended = harness::wait(worker, "worker");
    assert_eq!(ended.code, Some(11), "{}", ended.err);
    assert!(ended.err.contains("was made from") && ended.err.contains("created again"), "{}", ended.err);
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 10, "nothing of the new one");
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_fault_partitions_added_under_a_worker_are_read_from_their_start() {
    let giaoban = Giaoban::on_kafka().with("GIAOBAN__HTTP__LISTEN", "off");
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
fn kafka_fault_partitions_added_are_read_within_ten_seconds_and_the_old_ones_never_stop() {
    for protocol in ["consumer", "classic"] {
        let giaoban = Giaoban::on_kafka()
            .with("GIAOBAN__HTTP__LISTEN", "off")
            .with("GIAOBAN__KAFKA__PROPERTIES__GROUP_PROTOCOL", protocol);
        giaoban.ok(&["topics", "create", "--partitions", "2"]);
        let mut number = 0;
        let mut send_to = |partition: i32| {
            let mut producer = log(&giaoban).producer(giaoban.variable("GIAOBAN__KAFKA__TOPIC")).unwrap();
            number += 1;
            let payload = session("00004", number, 1, "2020-03-04", 1).into_bytes();
            let partition = Some(Partition(partition));
            producer.send(&Outgoing { payload, partition, ..Outgoing::default() }, 0).unwrap();
            assert!(producer.flush(Duration::from_secs(20))[0].result.is_ok());
            number as u64
        };
        let worker = giaoban.start(&["worker"]);
        let sent = send_to(0);
        until("it is at work", || in_store(&giaoban) == sent);
        let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
        let more = [NewPartitions::new(&topic, 4)];
        wait_for(admin(&giaoban).create_partitions(&more, &options())).unwrap()[0].as_ref().unwrap();
        let added = Instant::now();
        let mut sent = send_to(3);
        while in_store(&giaoban) < sent {
            assert!(added.elapsed() < Duration::from_secs(10), "{protocol}: a new partition is not read");
            let before = in_store(&giaoban);
            sent = send_to(0);
            harness::until("an old partition goes on", Duration::from_secs(3), || in_store(&giaoban) > before);
        }
        term(&worker);
        assert_eq!(harness::wait(worker, "worker").code, Some(0));
    }
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_fault_of_two_workers_with_one_instance_id_the_first_stops() {
    let giaoban = Giaoban::on_kafka()
        .with("GIAOBAN__HTTP__LISTEN", "off")
        .with("GIAOBAN__KAFKA__PROPERTIES__GROUP_INSTANCE_ID", "worker-1");
    giaoban.ok(&["topics", "create", "--partitions", "2"]);
    let publish = |numbers| giaoban.publish_sessions(numbers);
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

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_fault_records_gone_under_a_worker_that_stands_still_stop_it_unless_they_are_accepted() {
    for (protocol, accepted) in [("consumer", false), ("consumer", true), ("classic", true)] {
        let giaoban = Giaoban::on_kafka()
            .with("GIAOBAN__HTTP__LISTEN", "off")
            .with("GIAOBAN__KAFKA__PROPERTIES__GROUP_PROTOCOL", protocol);
        giaoban.ok(&["topics", "create", "--partitions", "1"]);
        let publish = |numbers| giaoban.publish_sessions(numbers);
        let figure = || giaoban.figure("2020-Q1", "00004", "supervision_sessions");
        publish(0..10);
        let worker = giaoban.start(if accepted { &["worker", "--accept-gap"] } else { &["worker"] });
        until("it has read all", || in_store(&giaoban) == 10);
        signal(&worker, "STOP");
        publish(10..30);
        expire(&giaoban, 20);
        signal(&worker, "CONT");
        if accepted {
            until("it goes on behind them", || in_store(&giaoban) == 20);
            publish(30..35);
            until("and reads on", || in_store(&giaoban) == 25);
            term(&worker);
        }
        let ended = harness::wait(worker, "worker");
        assert_eq!(ended.code, Some(if accepted { 0 } else { 11 }), "{}", ended.err);
        if accepted {
            assert_eq!(figure(), 25);
            let said = giaoban.run(&["doctor"]).out;
            assert!(said.contains("messages from 10 up to 20"), "{said}");
        } else {
            assert!(harness::has_remedy(&ended.err) && ended.err.contains("--accept-gap"), "{}", ended.err);
            assert_eq!(figure(), 10, "as it was");
        }
    }
}

/// A worker with a store of its own, whose words go to a file.
fn member(giaoban: &Giaoban, name: &str, variables: &[(&str, &str)]) -> Child {
    let said = std::fs::File::options().create(true).append(true).open(giaoban.dir().join(name)).unwrap();
    let mut command = giaoban.command(&["worker", "--data", &format!("data-{name}")]);
    command.env("GIAOBAN__KAFKA__PROPERTIES__GROUP_INSTANCE_ID", name).envs(variables.iter().copied());
    command.stdout(Stdio::null()).stderr(said).spawn().unwrap()
}

/// How often a member was given partitions.
fn assigned(giaoban: &Giaoban, name: &str) -> usize {
    assignments(&giaoban.read(name))
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_fault_a_static_member_killed_and_started_again_keeps_its_partitions() {
    let giaoban = Giaoban::on_kafka().with("GIAOBAN__HTTP__LISTEN", "off");
    giaoban.ok(&["topics", "create", "--partitions", "4"]);
    let mut killed = member(&giaoban, "killed", &[]);
    until("the first has all", || assigned(&giaoban, "killed") > 0);
    let mut other = member(&giaoban, "other", &[]);
    until("the second has its share", || assigned(&giaoban, "other") > 0);
    // What was taken from the first is settled.
    std::thread::sleep(Duration::from_secs(4));
    let (first, second) = (assigned(&giaoban, "killed"), assigned(&giaoban, "other"));
    killed.kill().unwrap();
    killed.wait().unwrap();
    let mut again = member(&giaoban, "killed", &[]);
    until("it is back", || assigned(&giaoban, "killed") > first);
    std::thread::sleep(Duration::from_secs(8));
    assert_eq!(assigned(&giaoban, "other"), second, "{}", giaoban.read("other"));
    for member in [&mut again, &mut other] {
        term(member);
        assert!(member.wait().unwrap().success());
    }
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_fault_a_static_member_of_the_newer_protocol_waits_for_its_name() {
    let giaoban = Giaoban::on_kafka().with("GIAOBAN__HTTP__LISTEN", "off");
    giaoban.ok(&["topics", "create", "--partitions", "1"]);
    giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-04", 1));
    let newer = [("GIAOBAN__KAFKA__PROPERTIES__GROUP_PROTOCOL", "consumer")];
    let mut killed = member(&giaoban, "one", &newer);
    until("it has its partition", || assigned(&giaoban, "one") == 1);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let mut again = member(&giaoban, "one", &newer);
    until("it waits", || giaoban.read("one").contains("waiting until its session is over"));
    until("it has its partition again", || assigned(&giaoban, "one") == 2);
    giaoban.ok(&["publish", "a.ndjson"]);
    let file = giaoban.dir().join("data-one/store-1.db");
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC");
    let stored =
        || SqliteStore::read(&file).unwrap().checkpoints(topic).unwrap().iter().map(|at| at.counts.read).sum::<u64>();
    until("it reads", || 1 == stored());
    term(&again);
    assert!(again.wait().unwrap().success());
}

#[test]
#[ignore = "starts a broker of its own: ./test.sh"]
fn kafka_fault_a_broker_without_the_newer_protocol_of_groups_has_the_classic_one() {
    let broker = Broker::with("group.coordinator.rebalance.protocols=classic");
    let giaoban = Giaoban::on_kafka_at(&broker.address());
    giaoban.ok(&["topics", "create", "--partitions", "2"]);
    giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-04", 1));
    giaoban.ok(&["publish", "a.ndjson"]);
    let ended = giaoban.run(&["worker", "--until-caught-up"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(
        ended.err.contains("\"protocol\":\"consumer\"") && ended.err.contains("\"protocol\":\"classic\""),
        "{}",
        ended.err
    );
    assert_eq!(giaoban.figure("2020-Q1", "00004", "participants"), 1);

    let asked = giaoban.with("GIAOBAN__KAFKA__PROPERTIES__GROUP_PROTOCOL", "consumer");
    let said = asked.fails(3, &["worker", "--until-caught-up"]);
    assert!(said.contains("group.protocol"), "{said}");
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_fault_a_group_moves_from_one_protocol_to_the_other_and_back() {
    let giaoban = Giaoban::on_kafka().with("GIAOBAN__HTTP__LISTEN", "off");
    giaoban.ok(&["topics", "create", "--partitions", "4"]);
    let protocol = "GIAOBAN__KAFKA__PROPERTIES__GROUP_PROTOCOL";
    let start = |name: &str, value: &str| {
        let said = std::fs::File::create(giaoban.dir().join(name)).unwrap();
        let mut command = giaoban.command(&["worker", "--data", &format!("data-{name}")]);
        command.env(protocol, value).stdout(Stdio::null()).stderr(said).spawn().unwrap()
    };
    let mut workers = Vec::new();
    for (name, value) in [("a", "classic"), ("b", "consumer"), ("c", "classic")] {
        workers.push(start(name, value));
        until("it has its share beside the others", || assigned(&giaoban, name) > 0);
    }
    for worker in &mut workers {
        assert!(worker.try_wait().unwrap().is_none());
        term(worker);
        assert!(worker.wait().unwrap().success());
    }
}

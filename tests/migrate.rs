//! From one machine to many: the store to PostgreSQL, the log to Kafka, killed on
//! the way, and workers that go on there as if nothing had happened.

#![allow(clippy::unwrap_used)]

mod database;
mod harness;
mod oracle;
mod trial;

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use database::Database;
use giaoban::log::embedded::EmbeddedLog;
use giaoban::log::kafka::{KafkaLog, KafkaSettings};
use giaoban::log::{Clock, EventLog, Outgoing, TopicSpec};
use giaoban::store::DataDir;
use harness::{Giaoban, session};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

const EVENTS: &str = "giaoban.events";

fn events(count: usize) -> Vec<String> {
    trial::events(count, &mut ChaCha8Rng::seed_from_u64(2_020))
}

fn publish(giaoban: &Giaoban, events: &[String]) {
    giaoban.write("events.ndjson", events.join("\n"));
    giaoban.ok(&["publish", "events.ndjson"]);
}

/// Into the embedded log as a producer of one's own would: nothing is checked.
fn send_bad(giaoban: &Giaoban, topic: &str, numbers: std::ops::Range<usize>) {
    let mut producer = EmbeddedLog::open(&giaoban.data()).unwrap().producer(topic).unwrap();
    for number in numbers {
        let headers = vec![("trace".into(), Some(b"t1".to_vec())), ("none".into(), None)];
        let (key, payload) = (Some(number.to_string().into_bytes()), format!("{{{number}").into_bytes());
        producer.send(&Outgoing { key, headers, payload, ..Outgoing::default() }, 0).unwrap();
    }
    assert!(producer.flush(Duration::from_secs(20)).iter().all(|delivery| delivery.result.is_ok()));
}

fn on_postgres(giaoban: Giaoban, database: &Database) -> Giaoban {
    giaoban.with("GIAOBAN__STORE__URL", &database.url).with("GIAOBAN__STORE__SCHEMA", &database.schema)
}

/// Kills a command as soon as that is so; false if it ended before.
fn kill_when(giaoban: &Giaoban, arguments: &[&str], mut so: impl FnMut() -> bool) -> bool {
    let mut child = giaoban.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while !so() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{arguments:?} does not get there");
    }
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

#[test]
fn what_is_missing_is_told_before_anything_is_made() {
    let giaoban = Giaoban::new();
    let said = giaoban.fails(3, &["migrate", "store"]);
    assert!(said.contains("store.url") && said.contains("GIAOBAN__STORE__URL"), "{said}");
    let said = giaoban.fails(3, &["migrate", "log"]);
    assert!(said.contains("kafka.brokers") && said.contains("GIAOBAN__KAFKA__BROKERS"), "{said}");
    assert!(giaoban.fails(3, &["migrate", "log", "--lang", "vi"]).contains("chưa được đặt"));

    // Nobody answers there; nobody is asked.
    let giaoban = giaoban
        .with("GIAOBAN__STORE__URL", "postgres://u@127.0.0.1:1/d")
        .with("GIAOBAN__KAFKA__BROKERS", "127.0.0.1:1");
    assert!(giaoban.fails(8, &["migrate", "store"]).contains("there is no store"));
    assert!(giaoban.fails(8, &["migrate", "log"]).contains("no embedded log"));
    assert!(!giaoban.data().exists());

    EmbeddedLog::create(&giaoban.data(), &["giaoban.events", "giaoban.events.dlq"]).unwrap();
    let _worker = DataDir::at(&giaoban.data()).lock_writer().unwrap();
    assert!(giaoban.fails(9, &["migrate", "log"]).contains("in use by another process"));
    for command in ["store", "log"] {
        let help = giaoban.ok(&["migrate", command, "--help"]);
        assert!(help.contains("Example:") && help.contains("=") && help.contains("Stop "), "{help}");
    }
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_takes_over_a_store_and_a_worker_goes_on() {
    let (database, giaoban, events) = (Database::new(), Giaoban::new(), events(2_000));
    let (first, rest) = events.split_at(events.len() / 2);
    publish(&giaoban, first);
    send_bad(&giaoban, EVENTS, 0..20);
    giaoban.settle();
    let period = ["rollup", "--period", "2020", "--format", "json"];
    let before = giaoban.ok(&period);
    publish(&giaoban, rest);

    let giaoban = on_postgres(giaoban, &database);
    let lock = DataDir::at(&giaoban.data()).lock_writer().unwrap();
    giaoban.fails(9, &["migrate", "store"]);
    drop(lock);
    let said = giaoban.ok(&["migrate", "store"]);
    assert!(said.starts_with("Moved ") && said.contains("all equal") && said.contains("store-1.db"), "{said}");
    assert!(said.contains("the offsets of 6 partitions"), "{said}");
    assert_eq!(giaoban.ok(&period), before);
    let again = giaoban.ok(&["migrate", "store"]);
    assert!(again.starts_with("Moved before"), "{again}");

    let said = giaoban.settle();
    assert!(said.contains(&format!("Read {} records", rest.len())), "{said}");
    trial::assert_recount(&events, &mut database.at().read().unwrap(), EVENTS);
    // It has gone on; what is older does not come over it.
    let said = giaoban.fails(20, &["migrate", "store"]);
    assert!(said.contains("how far the log was read") && said.contains("Nothing was changed"), "{said}");
    trial::assert_recount(&events, &mut database.at().read().unwrap(), EVENTS);
    assert!(giaoban.ok(&["replay"]).contains("Nothing would change"));
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_has_all_of_a_store_or_nothing_whenever_a_migration_is_killed() {
    let (database, giaoban, events) = (Database::new(), Giaoban::new(), events(6_000));
    publish(&giaoban, &events);
    giaoban.settle();
    let giaoban = on_postgres(giaoban, &database);
    let mut killed = 0;
    for (table, bytes) in
        [("giaoban_generation", 1), ("ledger_1", 100_000), ("ledger_1", 1_000_000), ("cell_1", 20_000)]
    {
        // What a transaction has written has its size before anybody sees it.
        let mut client = database.client();
        let size = format!("SELECT coalesce(pg_relation_size(to_regclass('{}.{table}')), 0)", database.schema);
        let mut grown = || client.query_one(&size, &[]).unwrap().get::<_, i64>(0) >= bytes;
        killed += usize::from(kill_when(&giaoban, &["migrate", "store"], &mut grown));
        let rows = database.value(
            "SELECT (SELECT count(*) FROM {schema}.ledger_1) + (SELECT count(*) FROM {schema}.cell_1)
             + (SELECT count(*) FROM {schema}.earlier_revision_1) + (SELECT count(*) FROM {schema}.checkpoint_1)",
        );
        assert_eq!(rows, 0, "{table}");
        // So that the next one is measured by what it writes itself.
        database.run("VACUUM {schema}.ledger_1, {schema}.cell_1");
    }
    assert!(killed >= 3, "only {killed} were killed at work");
    assert!(giaoban.ok(&["migrate", "store"]).starts_with("Moved "));
    trial::assert_recount(&events, &mut database.at().read().unwrap(), EVENTS);
    assert!(giaoban.settle().contains("Read 0 records"));
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_takes_no_figure_that_the_records_do_not_add_up_to() {
    let (database, giaoban) = (Database::new(), Giaoban::new());
    publish(&giaoban, &[session("00004", 1, 1, "2020-03-04", 5), session("00007", 2, 1, "2020-03-04", 6)]);
    giaoban.settle();
    let store = rusqlite::Connection::open(giaoban.data().join("store-1.db")).unwrap();
    let swap = "UPDATE cell SET figures = (SELECT figures FROM cell WHERE unit = '00007') WHERE unit = '00004'";
    assert_eq!(store.execute(swap, []).unwrap(), 1);
    drop(store);
    let giaoban = on_postgres(giaoban, &database);
    let said = giaoban.fails(20, &["migrate", "store"]);
    assert!(said.contains("2020-Q1 00004 participants 6 → 5") && said.contains("Nothing was put in force"), "{said}");
    assert_eq!(database.value("SELECT count(*) FROM {schema}.checkpoint_1"), 0);
    // Other figures are not written over either.
    let other = on_postgres(Giaoban::new(), &database);
    publish(&other, &[session("00010", 3, 1, "2020-03-04", 7)]);
    other.settle();
    giaoban.fails(20, &["migrate", "store"]);
    assert_eq!(other.figure("2020-Q1", "00010", "participants"), 7);
}

/// On the embedded log, with topics that nobody else has.
fn with_own_topics() -> Giaoban {
    let name = format!("test-{:x}", jiff::Timestamp::now().as_nanosecond());
    Giaoban::new()
        .with("GIAOBAN__KAFKA__TOPIC", &name)
        .with("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC", &format!("{name}.dlq"))
        .with("GIAOBAN__KAFKA__GROUP", &name)
}

fn on_kafka(giaoban: Giaoban) -> (Giaoban, KafkaLog) {
    let brokers = std::env::var("KAFKA_BROKERS").expect("KAFKA_BROKERS is not set: run ./test.sh");
    let giaoban = giaoban.with("GIAOBAN__KAFKA__BROKERS", &brokers);
    (giaoban, KafkaLog::new(KafkaSettings { brokers, properties: BTreeMap::new() }).unwrap())
}

/// How many messages a topic has; 0 if there is none.
fn count(log: &dyn EventLog, topic: &str) -> i64 {
    log.topic(topic).map_or(0, |topic| topic.partitions.iter().map(|range| range.high.0 - range.low.0).sum())
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_takes_over_a_log_and_a_worker_goes_on() {
    let (giaoban, events) = (with_own_topics(), events(6_000));
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    let parts: Vec<&[String]> = events.chunks(events.len().div_ceil(3)).collect();
    publish(&giaoban, parts[0]);
    send_bad(&giaoban, &topic, 0..50);
    giaoban.settle();
    publish(&giaoban, parts[1]);
    send_bad(&giaoban, &topic, 50..80);
    let letters = ["dlq", "list", "--format", "json"];
    let listed = giaoban.ok(&letters);
    let embedded = count(&EmbeddedLog::open(&giaoban.data()).unwrap(), &topic);

    let (giaoban, kafka) = on_kafka(giaoban);
    // Killed on the way, twice.
    for least in [1, 2_000] {
        assert!(kill_when(&giaoban, &["migrate", "log"], || count(&kafka, &topic) >= least), "it was done before");
        let there = count(&kafka, &topic);
        assert!((least..embedded).contains(&there), "{there} of {embedded}");
    }
    let there = count(&kafka, &topic);
    let said = giaoban.ok(&["migrate", "log"]);
    assert!(
        said.contains(&format!("{topic}: {embedded} messages in 6 partitions, {} moved in this run", embedded - there)),
        "{said}"
    );
    assert!(said.contains(".dlq: 50 messages in 6 partitions, 50 moved in this run"), "{said}");
    let again = giaoban.ok(&["migrate", "log"]);
    assert!(again.contains(&format!("{topic}: {embedded} messages in 6 partitions, 0 moved in this run")), "{again}");

    // Whoever forgets the brokers writes nowhere, and reads nothing of what was moved.
    for command in [&["publish", "events.ndjson"][..], &["worker", "--until-caught-up"]] {
        let child = giaoban.command(command).env("GIAOBAN__KAFKA__BROKERS", "").spawn().unwrap();
        let ended = harness::wait(child, command[0]);
        assert!(ended.code == Some(11) && ended.err.contains("set kafka.brokers"), "{}", ended.err);
    }

    // A letter is called as before, and the worker reads what it has not read, once.
    assert_eq!(giaoban.ok(&letters), listed);
    publish(&giaoban, parts[2]);
    let said = giaoban.settle();
    let rest = parts[1].len() + parts[2].len() + 30;
    assert!(said.contains(&format!("Read {rest} records")) && said.contains(" 30 dead-lettered"), "{said}");
    assert!(giaoban.settle().contains("Read 0 records"));
    let mut store = giaoban::store::sqlite::SqliteStore::read(&giaoban.data().join("store-1.db")).unwrap();
    trial::assert_recount(&events, &mut store, &topic);
    let ahead = giaoban.ok(&["migrate", "log"]);
    assert!(ahead.contains(&format!("Kafka has received {} more messages", parts[2].len())), "{ahead}");
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_topics_with_something_else_are_left_as_they_are() {
    let giaoban = with_own_topics();
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    publish(&giaoban, &events(200));
    let (giaoban, kafka) = on_kafka(giaoban);
    let spec = |name: &str, partitions| TopicSpec {
        name: name.to_owned(),
        partitions,
        replication: Some(1),
        max_message_bytes: 1 << 20,
        clock: Clock::Sender,
    };
    kafka.create_topic(&spec(&topic, 6)).unwrap();
    let mut producer = kafka.producer(&topic).unwrap();
    for unit in ["00004", "00007", "00010", "00013"] {
        let key = Some(unit.as_bytes().to_vec());
        producer.send(&Outgoing { key, payload: b"another".to_vec(), ..Outgoing::default() }, 0).unwrap();
    }
    producer.flush(Duration::from_secs(20));
    let said = giaoban.fails(20, &["migrate", "log"]);
    assert!(said.contains("between offsets 0 and") && said.contains("kafka-topics.sh --delete"), "{said}");
    assert_eq!(count(&kafka, &topic), 4);

    // Under another name nothing would be moved, and all would be well.
    let giaoban = giaoban.with("GIAOBAN__KAFKA__TOPIC", &format!("{topic}-other"));
    let said = giaoban.fails(11, &["migrate", "log"]);
    assert!(said.contains(&format!("has topic {topic}, but the configuration names {topic}-other")), "{said}");

    let giaoban = with_own_topics();
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    publish(&giaoban, &events(200));
    let (giaoban, kafka) = on_kafka(giaoban);
    kafka.create_topic(&spec(&topic, 3)).unwrap();
    assert!(giaoban.fails(20, &["migrate", "log"]).contains("has 3 partitions there, not 6"));
}

#[test]
#[ignore = "needs a broker and PostgreSQL: ./test.sh"]
fn kafka_and_postgres_take_over_one_after_the_other() {
    let (database, giaoban, events) = (Database::new(), with_own_topics(), events(2_000));
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    let parts: Vec<&[String]> = events.chunks(events.len().div_ceil(3)).collect();
    publish(&giaoban, parts[0]);
    send_bad(&giaoban, &topic, 0..20);
    // Larger than a topic usually takes.
    let mut producer = EmbeddedLog::open(&giaoban.data()).unwrap().producer(&topic).unwrap();
    let mut noise = vec![0; 3 << 20];
    rand_chacha::rand_core::Rng::fill_bytes(&mut ChaCha8Rng::seed_from_u64(1), &mut noise);
    producer.send(&Outgoing { key: Some(b"00004".to_vec()), payload: noise, ..Outgoing::default() }, 0).unwrap();
    assert!(producer.flush(Duration::from_secs(20)).iter().all(|delivery| delivery.result.is_ok()));
    giaoban.settle();
    publish(&giaoban, parts[1]);

    let giaoban = on_postgres(giaoban, &database);
    giaoban.ok(&["migrate", "store"]);
    let (giaoban, _) = on_kafka(giaoban);
    giaoban.ok(&["migrate", "log"]);
    publish(&giaoban, parts[2]);
    let workers = [(); 2].map(|()| giaoban.start(&["worker", "--until-caught-up"]));
    let ended = workers.map(|worker| harness::wait(worker, "worker"));
    assert!(ended.iter().all(|ended| ended.code == Some(0)), "{} {}", ended[0].err, ended[1].err);
    giaoban.settle();
    trial::assert_recount(&events, &mut database.at().read().unwrap(), &topic);
}

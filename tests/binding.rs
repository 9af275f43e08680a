//! A store is bound to its log: another one is refused by every command, and no remedy puts fewer figures in force
//! than the store has.

#![allow(clippy::unwrap_used)]

mod database;
mod harness;

use std::path::Path;
use std::time::{Duration, Instant};

use database::Database;
use giaoban::log::EventLog as _;
use giaoban::log::embedded::EmbeddedLog;
use giaoban::log::kafka::{KafkaLog, KafkaSettings};
use giaoban::store::ReadCheckpoints as _;
use giaoban::store::sqlite::SqliteStore;
use harness::kafka::{delete_topic, expire};
use harness::running::Running;
use harness::{Giaoban, session};

const ROLLUP: [&str; 3] = ["rollup", "--period", "2020-Q1"];

/// As somebody who has no store beside the log.
fn publish_elsewhere(giaoban: &Giaoban, numbers: std::ops::Range<usize>) {
    giaoban.write_sessions("b.ndjson", &["00004"], numbers);
    harness::until("the topic takes messages", Duration::from_secs(60), || {
        giaoban.run(&["publish", "b.ndjson", "--data", "elsewhere"]).code == Some(0)
    });
}

fn sessions(giaoban: &Giaoban) -> serde_json::Value {
    giaoban.figure("2020-Q1", "00004", "supervision_sessions")
}

/// Every command that reads or writes a log beside a store.
const COMMANDS: [&[&str]; 10] = [
    &["publish", "a.ndjson"],
    &["worker", "--until-caught-up"],
    &["verify"],
    &["replay"],
    &["replay", "--switch", "--drop-records", "0"],
    &["dlq", "list"],
    &ROLLUP,
    &["records", "--period", "2020-Q1", "--figure", "participants"],
    &["report", "--period", "2020-Q1", "--out", "out"],
    &["withdraw", "--subject", "GS-1", "--reason", "x"],
];

/// Of these, those that give figures: whole ones while the topic is the store's by its name.
const READERS: [&str; 3] = ["rollup", "records", "report"];

/// That everything is refused beside a topic recreated under the name of the store's, but figures are given.
fn only_figures_are_given(giaoban: &Giaoban) {
    for command in COMMANDS.iter().filter(|command| !command.contains(&"--switch")) {
        let reads = READERS.contains(&command[0]);
        let ended = giaoban.run(command);
        assert_eq!(ended.code, Some(if reads { 0 } else { 11 }), "{command:?} {}", ended.err);
        let said = if reads { "is not known" } else { "was deleted and created again" };
        assert!(ended.err.contains(said), "{command:?} {}", ended.err);
    }
}

/// That every command refuses, at once, and says both of these.
fn all_refuse(giaoban: &Giaoban, named: [&str; 2]) {
    for command in COMMANDS {
        let begun = Instant::now();
        let said = giaoban.fails(11, command);
        assert!(named.iter().all(|name| said.contains(name)), "{command:?} {said}");
        assert!(harness::has_remedy(&said) && begun.elapsed() < Duration::from_secs(30), "{command:?}");
    }
    let found = giaoban.run(&["doctor"]);
    assert_eq!(found.code, Some(16), "{}", found.out);
    assert!(named.iter().all(|name| found.out.contains(name)), "{}", found.out);
}

#[test]
fn another_topic_of_the_embedded_log_is_refused_by_every_command_and_made_by_none() {
    let giaoban = Giaoban::new();
    giaoban.publish_sessions(0..5);
    giaoban.settle();
    let giaoban = giaoban.with("GIAOBAN__KAFKA__TOPIC", "giaoban.event");
    all_refuse(&giaoban, ["topic giaoban.events of", "topic giaoban.event of"]);
    let log = EmbeddedLog::open(&giaoban.data()).unwrap();
    assert!(log.topic("giaoban.event").is_err(), "made by nobody");
    // Made on purpose, it still is another than the store's.
    giaoban.ok(&["topics", "create"]);
    all_refuse(&giaoban, ["topic giaoban.events of", "topic giaoban.event of"]);
    let giaoban = giaoban.with("GIAOBAN__KAFKA__TOPIC", "giaoban.events");
    assert_eq!(sessions(&giaoban), 5);
}

#[test]
fn beside_a_store_whose_log_is_gone_none_is_made_and_its_figures_are_still_read() {
    let giaoban = Giaoban::new();
    giaoban.publish_sessions(0..5);
    giaoban.settle();
    let log = giaoban.data().join("log.db");
    std::fs::remove_file(&log).unwrap();
    for command in [&["publish", "a.ndjson"][..], &["worker", "--until-caught-up"], &["verify"], &["replay"]] {
        let said = giaoban.fails(11, command);
        assert!(said.contains("is not there any more") && said.contains("Restore log.db"), "{said}");
    }
    assert!(!log.exists());
    let read = giaoban.run(&ROLLUP);
    assert!(read.code == Some(0) && read.err.contains("is not known"), "{}", read.err);
    // A log of which nothing can be read keeps nobody from the figures either.
    for (content, user_version) in [(&b"no database at all"[..], None), (b"", Some(99))] {
        std::fs::write(&log, content).unwrap();
        if let Some(version) = user_version {
            rusqlite::Connection::open(&log).unwrap().pragma_update(None, "user_version", version).unwrap();
        }
        assert_eq!(sessions(&giaoban), 5);
        std::fs::remove_file(&log).unwrap();
    }
    // A new log in its place is another one.
    EmbeddedLog::create(&giaoban.data(), &["giaoban.events", "giaoban.events.dlq"]).unwrap();
    only_figures_are_given(&giaoban);
    let said = giaoban.fails(11, &["replay", "--switch", "--drop-records", "0"]);
    assert!(said.contains("has 5 records that the rebuilt one has not"), "{said}");
}

#[test]
fn a_log_that_was_moved_takes_nothing_more_of_whoever_has_it_open() {
    let giaoban = Giaoban::new();
    giaoban.publish_sessions(0..5);
    let log = EmbeddedLog::open(&giaoban.data()).unwrap();
    let mut producer = log.producer("giaoban.events").unwrap();
    log.seal("Kafka at kafka-1:9092").unwrap();
    let said = giaoban.fails(11, &["publish", "a.ndjson"]);
    assert!(said.contains("was moved to Kafka at kafka-1:9092") && said.contains("kafka.brokers"), "{said}");
    producer.send(&giaoban::log::Outgoing { payload: b"{}".to_vec(), ..Default::default() }, 0).unwrap();
    let refused = producer.flush(Duration::from_secs(5)).remove(0).result.unwrap_err();
    assert!(refused.to_string().contains("was moved to Kafka at kafka-1:9092"), "{refused}");
    giaoban.fails(11, &["worker", "--until-caught-up"]);
    // A program from before this one does not know such a file.
    let version: i64 = rusqlite::Connection::open(giaoban.data().join("log.db"))
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert!(version > 1);
}

fn copy_log(from: &Path, to: &Path) {
    for file in ["log.db-wal", "log.db-shm"] {
        let _ = std::fs::remove_file(to.join(file));
    }
    std::fs::copy(from.join("log.db"), to.join("log.db")).unwrap();
}

#[test]
fn an_older_log_is_told_at_once_and_its_figures_are_put_in_force_by_whoever_names_what_is_dropped() {
    let giaoban = Giaoban::new();
    giaoban.publish_sessions(0..20);
    giaoban.ok(&["worker", "--until-caught-up"]);
    giaoban.ok(&["backup", "copy"]);
    giaoban.publish_sessions(20..30);
    giaoban.settle();
    copy_log(&giaoban.dir().join("copy"), &giaoban.data());
    for command in [&["verify"][..], &["replay"], &["replay", "--switch"], &["worker", "--until-caught-up"]] {
        let begun = Instant::now();
        let said = giaoban.fails(11, command);
        assert!(said.contains("up to offset") && said.contains("replay --drop-records 0"), "{said}");
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
    let found = giaoban.run(&["doctor"]);
    assert!(found.code == Some(16) && found.out.contains("replay --drop-records 0"), "{}", found.out);
    assert!(!found.out.contains("--accept-gap"), "it would not help: {}", found.out);

    // As the remedy says: what is missing, then the missing events, then nothing is.
    let looked = giaoban.run(&["replay", "--drop-records", "0"]);
    assert_eq!(looked.code, Some(0), "{}", looked.err);
    assert!(looked.err.contains("has 10 records that the rebuilt one has not: 10 that"), "{}", looked.err);
    let said = giaoban.fails(11, &["replay", "--switch", "--drop-records", "0"]);
    assert!(said.contains("giaoban replay --switch --drop-records 10"), "{said}");
    assert_eq!(sessions(&giaoban), 30, "as it was");
    giaoban.publish_sessions(20..30);
    giaoban.ok(&["replay", "--switch", "--drop-records", "0"]);
    assert_eq!(sessions(&giaoban), 30);
    giaoban.ok(&["verify"]);
    assert!(giaoban.settle().contains("Read 0 records"));

    // Whoever has lost them for good says how many.
    copy_log(&giaoban.dir().join("copy"), &giaoban.data());
    giaoban.fails(11, &["replay", "--switch", "--drop-records", "9"]);
    giaoban.ok(&["replay", "--switch", "--drop-records", "10"]);
    assert_eq!(sessions(&giaoban), 20);
    giaoban.ok(&["verify"]);
}

#[test]
fn a_copy_is_not_restored_beside_another_log() {
    let (one, two) = (Giaoban::new(), Giaoban::new());
    for (giaoban, numbers) in [(&one, 0..5), (&two, 5..8)] {
        giaoban.publish_sessions(numbers);
        giaoban.settle();
    }
    one.ok(&["backup", "copy"]);
    let copy = one.dir().join("copy");
    let said = two.fails(11, &["restore", copy.to_str().unwrap(), "--replace"]);
    assert!(said.contains("was made from"), "{said}");
    two.ok(&["verify"]);
    assert_eq!(sessions(&two), 3, "as it was");
}

#[test]
fn a_recount_that_is_stopped_ends_with_the_code_of_its_signal() {
    let giaoban = Giaoban::new();
    giaoban.publish_sessions(0..20_000);
    giaoban.settle();
    // With much left to do once some of it is seen to be done.
    let giaoban = giaoban.with("GIAOBAN__WORKER__BATCH_RECORDS", "10");
    for (command, signal, code) in [("verify", "TERM", 143), ("replay", "INT", 130)] {
        let child = giaoban.start(&[command]);
        let scratch = giaoban.data().join(if command == "verify" { "verify/recount.db" } else { "store-2.db" });
        let recounted = || {
            let mut store = SqliteStore::read(&scratch).ok()?;
            Some(store.checkpoints("giaoban.events").ok()?.iter().map(|at| at.counts.read).sum::<u64>())
        };
        harness::until("it is at it", Duration::from_secs(20), || recounted().is_some_and(|read| read > 0));
        harness::signal(&child, signal);
        let ended = harness::wait(child, command);
        assert_eq!(ended.code, Some(code), "{command} {}", ended.err);
        assert!(ended.err.contains("stopped before the end") && ended.err.contains(command), "{}", ended.err);
        assert!(!giaoban.data().join("verify.json").exists(), "who stops it makes no recount fail");
    }
}

#[test]
fn counts_that_differ_are_told_from_figures() {
    let giaoban = Giaoban::new();
    giaoban.publish_sessions(0..5);
    giaoban.settle();
    let store = rusqlite::Connection::open(giaoban.data().join("store-1.db")).unwrap();
    store.execute_batch("UPDATE checkpoint SET read = read + 1 WHERE read > 0").unwrap();
    drop(store);
    let said = giaoban.fails(20, &["verify"]);
    assert!(said.contains("every figure and record agrees") && said.contains("The figures are right"), "{said}");
    giaoban.ok(&["replay", "--switch"]);
    giaoban.ok(&["verify"]);
}

fn kafka(giaoban: &Giaoban) -> KafkaLog {
    let brokers = giaoban.variable("GIAOBAN__KAFKA__BROKERS").to_owned();
    KafkaLog::new(KafkaSettings { brokers, properties: [].into() }).unwrap()
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_tells_which_topic_it_is_and_another_one_each_time_it_is_made() {
    let giaoban = Giaoban::on_kafka();
    let (log, topic) = (kafka(&giaoban), giaoban.variable("GIAOBAN__KAFKA__TOPIC"));
    assert!(log.identity(topic).is_err());
    giaoban.ok(&["topics", "create"]);
    let first = log.identity(topic).unwrap();
    assert!(first.topic_id.is_some() && first.cluster_id.is_some(), "{first:?}");
    assert_eq!(log.identity(topic).unwrap(), first);
    delete_topic(&giaoban);
    harness::until("it is recreated", Duration::from_secs(60), || giaoban.run(&["topics", "create"]).code == Some(0));
    let second = log.identity(topic).unwrap();
    assert!(!first.is_same(&second) && first.is_recreated_as(&second), "{second:?}");
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_another_topic_or_none_beside_a_store_is_refused() {
    let giaoban = Giaoban::on_kafka();
    giaoban.ok(&["topics", "create", "--partitions", "2"]);
    giaoban.publish_sessions(0..5);
    giaoban.settle();
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    let brokers = giaoban.variable("GIAOBAN__KAFKA__BROKERS").to_owned();
    let other = format!("{topic}-other");
    let other_dlq = format!("{other}.dlq");
    let giaoban = giaoban.with("GIAOBAN__KAFKA__TOPIC", &other).with("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC", &other_dlq);
    all_refuse(&giaoban, [&topic, &other]);
    giaoban.ok(&["topics", "create", "--partitions", "2"]);
    all_refuse(&giaoban, [&topic, &other]);

    // Without brokers, an embedded log would be made beside it.
    let giaoban = giaoban.with("GIAOBAN__KAFKA__BROKERS", "");
    let said = giaoban.fails(11, &["publish", "a.ndjson"]);
    assert!(said.contains(&topic) && said.contains("set kafka.brokers"), "{said}");
    assert!(!giaoban.data().join("log.db").exists());
    let read = giaoban.run(&ROLLUP);
    assert!(read.code == Some(0) && read.err.contains("kafka.brokers is not set"), "{}", read.err);

    // What is not in the figures yet is told of Kafka too.
    let giaoban = giaoban.with("GIAOBAN__KAFKA__BROKERS", &brokers).with("GIAOBAN__KAFKA__TOPIC", &topic);
    giaoban.publish_sessions(5..8);
    for command in [&ROLLUP[..], &["records", "--period", "2020-Q1", "--figure", "participants"]] {
        let read = giaoban.run(command);
        assert!(read.code == Some(0) && read.err.contains("3 records of the log are not in these"), "{}", read.err);
    }
    let giaoban = giaoban.with("GIAOBAN__KAFKA__BROKERS", "127.0.0.1:1");
    let read = giaoban.run(&ROLLUP);
    assert!(read.code == Some(0) && read.err.contains("is not known"), "{}", read.err);
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_a_deleted_and_a_recreated_topic_leave_the_figures_whole_until_everything_is_there_again() {
    let giaoban = Giaoban::on_kafka();
    giaoban.ok(&["topics", "create", "--partitions", "2"]);
    giaoban.publish_sessions(0..20);
    giaoban.settle();
    delete_topic(&giaoban);
    harness::until("it is gone", Duration::from_secs(60), || {
        kafka(&giaoban).topic(giaoban.variable("GIAOBAN__KAFKA__TOPIC")).is_err()
    });
    for command in [&["publish", "a.ndjson"][..], &["worker", "--until-caught-up"], &["verify"], &["replay"]] {
        let said = giaoban.fails(11, command);
        assert!(said.contains("which is not there any more") && said.contains("was deleted"), "{said}");
    }
    let found = giaoban.run(&["doctor"]);
    assert!(found.code == Some(16) && found.out.contains("was deleted; the figures in the store are"), "{}", found.out);
    assert!(!found.out.contains("Create it: giaoban topics create"), "{}", found.out);
    harness::until("it is recreated", Duration::from_secs(60), || {
        giaoban.run(&["topics", "create", "--partitions", "2"]).code == Some(0)
    });
    publish_elsewhere(&giaoban, 0..15);
    only_figures_are_given(&giaoban);
    let said = giaoban.fails(11, &["replay", "--switch", "--drop-records", "0"]);
    assert!(said.contains("has 5 records that the rebuilt one has not"), "{said}");
    publish_elsewhere(&giaoban, 15..20);
    giaoban.ok(&["replay", "--switch", "--drop-records", "0"]);
    assert_eq!(sessions(&giaoban), 20);
    giaoban.publish_sessions(20..21);
    giaoban.settle();
    giaoban.ok(&["verify"]);
    assert_eq!(sessions(&giaoban), 21);
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_an_accepted_gap_is_told_everywhere_and_recounts_go_on() {
    let giaoban = Giaoban::on_kafka().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0").with("USER", "lan");
    giaoban.ok(&["topics", "create", "--partitions", "1"]);
    giaoban.publish_sessions(0..10);
    giaoban.settle();
    giaoban.publish_sessions(10..30);
    expire(&giaoban, 15);
    for command in [&["verify"][..], &["replay"], &["worker", "--until-caught-up"]] {
        let said = giaoban.fails(11, command);
        assert!(said.contains("messages 10 to 15 of partition 0 are gone"), "{said}");
    }
    giaoban.ok(&["worker", "--until-caught-up", "--accept-gap"]);
    let told = |giaoban: &Giaoban| {
        assert_eq!(sessions(giaoban), 25);
        let doctor = giaoban.ok(&["doctor"]);
        assert!(doctor.contains("from 10 up to 15 (at most 5)") && doctor.contains("lan@"), "{doctor}");
        for format in ["json", "csv", "table"] {
            let read = giaoban.ok(&[&ROLLUP[..], &["--format", format]].concat());
            assert!(read.contains(if format == "csv" { ",gone" } else { "at most 5 messages were gone" }), "{read}");
        }
        giaoban.ok(&["report", "--period", "2020-Q1", "--out", "out"]);
        assert!(giaoban.read("out/giaoban-2020-Q1.html").contains("nhiều nhất 5 bản ghi"));
        let verified = giaoban.run(&["verify"]);
        assert!(verified.code == Some(0) && verified.err.contains("10 revisions that only"), "{}", verified.err);
    };
    told(&giaoban);
    let worker = Running::worker(&giaoban);
    harness::until("the metric", Duration::from_secs(20), || {
        worker.metric("giaoban_store_accepted_gap_records") == Some(5.0)
    });
    drop(worker);
    // A rebuild of what is left keeps the records that only the store has, and the note.
    giaoban.ok(&["replay"]);
    giaoban.ok(&["replay", "--switch"]);
    told(&giaoban);
    assert!(giaoban.settle().contains("Read 0 records"));

    // The whole log again, under another id: nothing is missing, and nothing is said any more.
    delete_topic(&giaoban);
    harness::until("it is recreated", Duration::from_secs(60), || {
        giaoban.run(&["topics", "create", "--partitions", "1"]).code == Some(0)
    });
    publish_elsewhere(&giaoban, 0..30);
    giaoban.ok(&["replay", "--switch", "--drop-records", "0"]);
    assert_eq!(sessions(&giaoban), 30);
    assert!(!giaoban.ok(&["doctor"]).contains("were gone unread"));
    giaoban.ok(&["verify"]);
}

#[test]
#[ignore = "needs a broker and PostgreSQL: ./test.sh"]
fn kafka_two_installations_that_share_a_schema_of_postgres_are_refused() {
    let database = Database::new();
    let on = |giaoban: Giaoban| {
        giaoban.with("GIAOBAN__STORE__URL", &database.url).with("GIAOBAN__STORE__SCHEMA", &database.schema)
    };
    let (one, two) = (on(Giaoban::on_kafka()), on(Giaoban::on_kafka()));
    one.ok(&["topics", "create", "--partitions", "2"]);
    one.publish_sessions(0..5);
    one.settle();
    two.ok(&["topics", "create", "--partitions", "2"]);
    two.write("a.ndjson", session("00004", 1, 1, "2020-03-04", 1));
    let topics = [&one, &two].map(|giaoban| giaoban.variable("GIAOBAN__KAFKA__TOPIC"));
    all_refuse(&two, topics);
    assert_eq!(sessions(&one), 5);
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_a_leftover_of_a_generation_that_a_restored_dump_does_not_know_stops_no_replay() {
    let database = Database::new();
    let giaoban =
        Giaoban::new().with("GIAOBAN__STORE__URL", &database.url).with("GIAOBAN__STORE__SCHEMA", &database.schema);
    giaoban.publish_sessions(0..5);
    giaoban.settle();
    giaoban.ok(&["replay"]);
    // The dump was made before that replay.
    database.run("DELETE FROM {schema}.giaoban_generation WHERE number = 2");
    giaoban.ok(&["replay", "--switch"]);
    assert_eq!(sessions(&giaoban), 5);
    giaoban.ok(&["verify"]);
}

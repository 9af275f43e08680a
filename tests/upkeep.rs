//! What operators do with a store in use: recount it, back it up, restore it.

#![allow(clippy::unwrap_used)]

mod database;
mod harness;
mod oracle;
mod trial;

use std::time::Duration;

use database::Database;
use giaoban::store::DataDir;
use giaoban::store::data_dir::Generation;
use giaoban::store::sqlite::SqliteStore;
use harness::Giaoban;
use harness::broker::Broker;
use harness::running::Running;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

const TOPIC: &str = "giaoban.events";

fn until(what: &str, condition: impl FnMut() -> bool) {
    harness::until(what, Duration::from_secs(60), condition);
}

fn publish(giaoban: &Giaoban, events: &[String]) {
    giaoban.write("events.ndjson", events.join("\n"));
    giaoban.ok(&["publish", "events.ndjson"]);
}

fn recounts(giaoban: &Giaoban, events: &[String], topic: &str) {
    let mut store = SqliteStore::read(&giaoban.data().join("store-1.db")).unwrap();
    trial::assert_recount(events, &mut store, topic);
}

#[test]
fn a_store_in_use_agrees_with_its_log_and_the_metric_says_so() {
    let giaoban =
        Giaoban::new().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0").with("GIAOBAN__WORKER__BATCH_RECORDS", "50");
    let events = trial::events(1_500, &mut ChaCha8Rng::seed_from_u64(7));
    let (before, after) = events.split_at(events.len() / 2);
    publish(&giaoban, before);
    giaoban.settle();
    let worker = Running::worker(&giaoban);
    worker.until_ready();
    let (status, metrics) = worker.get("/metrics");
    assert!(status == 200 && !metrics.contains("giaoban_verify_differences"), "no figure before there was a recount");
    publish(&giaoban, after);
    // While the worker is at it, and after.
    for _ in 0..2 {
        let ended = giaoban.run(&["verify"]);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert!(ended.err.contains("All agree: "), "{}", ended.err);
        assert!(!giaoban.data().join("verify").exists(), "nothing is left");
    }
    assert_eq!(worker.metric("giaoban_verify_differences"), Some(0.0));
}

#[test]
#[ignore = "needs a broker and PostgreSQL: ./test.sh"]
fn kafka_workers_on_postgres_are_recounted_beside_their_work_and_what_is_spoilt_is_named() {
    let database = Database::new();
    let giaoban = Giaoban::on_kafka()
        .with("GIAOBAN__STORE__URL", &database.url)
        .with("GIAOBAN__STORE__SCHEMA", &database.schema)
        .with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0")
        .with("GIAOBAN__WORKER__BATCH_RECORDS", "50");
    until("the topics", || giaoban.run(&["topics", "create", "--partitions", "4"]).code == Some(0));
    let events = trial::events(1_500, &mut ChaCha8Rng::seed_from_u64(11));
    let (before, after) = events.split_at(events.len() / 2);
    publish(&giaoban, before);
    let workers = [Running::worker(&giaoban), Running::worker(&giaoban)];
    let each = |name: &str| workers.each_ref().map(|worker| worker.metric(name));
    until("both have a share", || {
        each("giaoban_worker_assigned_partitions").iter().all(|count| count.is_some_and(|count| count > 0.0))
    });
    publish(&giaoban, after);
    let ended = giaoban.run(&["verify"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    until("everything is in the store", || {
        database.value("SELECT sum(read)::bigint FROM {schema}.checkpoint_1") == events.len() as i64
    });
    let ended = giaoban.run(&["verify"]);
    assert!(ended.code == Some(0) && ended.err.contains("All agree: "), "{}", ended.err);
    assert_eq!(each("giaoban_verify_differences"), [Some(0.0), Some(0.0)]);

    let unit = "SELECT quarter, unit FROM {schema}.cell_1 WHERE quarter = '2020-Q2' ORDER BY unit LIMIT 1";
    let row = database.client().query_one(&unit.replace("{schema}", &database.schema), &[]).unwrap();
    let (quarter, unit): (String, String) = (row.get(0), row.get(1));
    database.run(&format!("DELETE FROM {{schema}}.cell_1 WHERE quarter = '{quarter}' AND unit = '{unit}'"));
    let ended = giaoban.run(&["verify", "--format", "csv"]);
    assert_eq!(ended.code, Some(20), "{}", ended.err);
    let mut rows = ended.out.lines().skip(1);
    assert!(
        rows.clone().count() > 0 && rows.all(|row| row.starts_with(&format!("{quarter},{unit},"))),
        "{}",
        ended.out
    );
    let miscounted = |said: &str| -> Vec<String> {
        said.lines().filter(|line| line.starts_with("partition ")).map(str::to_owned).collect()
    };
    assert!(miscounted(&ended.err).is_empty(), "{}", ended.err);
    assert!(each("giaoban_verify_differences").iter().all(|found| found.is_some_and(|found| found > 0.0)));

    database.run("UPDATE {schema}.checkpoint_1 SET read = read + 1 WHERE partition = 2");
    let ended = giaoban.run(&["verify"]);
    assert_eq!(ended.code, Some(20), "{}", ended.err);
    assert!(ended.out.contains(&format!("{quarter} {unit}")), "{}", ended.out);
    let said = miscounted(&ended.err);
    assert!(said.len() == 1 && said[0].starts_with("partition 2: read "), "{}", ended.err);
}

#[test]
fn a_figure_that_is_wrong_is_named_with_unit_and_quarter() {
    let giaoban = Giaoban::new();
    publish(
        &giaoban,
        &[harness::session("00004", 1, 1, "2020-03-04", 5), harness::session("00007", 2, 1, "2020-03-04", 5)],
    );
    giaoban.settle();
    let file = giaoban.data().join("store-1.db");
    let database = rusqlite::Connection::open(&file).unwrap();
    let changed = database
        .execute("UPDATE cell SET figures = (SELECT figures FROM cell WHERE unit = '00007') WHERE unit = '00004'", []);
    assert_eq!(changed.unwrap(), 1);
    assert_eq!(giaoban.run(&["verify"]).code, Some(0), "equal figures are equal");
    database.execute("DELETE FROM cell WHERE unit = '00007'", []).unwrap();
    drop(database);
    let ended = giaoban.run(&["verify", "--format", "csv"]);
    assert_eq!(ended.code, Some(20), "{}", ended.err);
    assert!(ended.out.starts_with("quarter,unit,since,figure,store,recount\n"), "{}", ended.out);
    assert!(ended.out.contains("2020-Q1,00007,2020-01-01,participants,0,5\n"), "{}", ended.out);
    assert!(!ended.out.contains("00004"), "{}", ended.out);
    assert!(ended.err.contains("giaoban replay --switch"), "{}", ended.err);
    let vietnamese = giaoban.run(&["verify", "--lang", "vi"]);
    assert!(vietnamese.out.contains("2020-Q1 00007  participants: kho 0, đếm lại 5"), "{}", vietnamese.out);
}

/// Another system, which speaks for one unit.
const SYSTEM: &str = "https://x";

fn sent_by_the_system(number: usize) -> String {
    harness::session("00004", number, 1, "2020-03-04", 5).replace("/units/00004", SYSTEM)
}

fn allowing(sources: &str) -> impl Fn(Giaoban) -> Giaoban {
    let sources = sources.to_owned();
    move |giaoban| giaoban.with("GIAOBAN__SOURCES__ALLOWED", &sources)
}

#[test]
fn a_source_that_is_not_allowed_any_more_is_dropped_by_the_remedy_that_verify_names() {
    let giaoban = allowing("https://x 00004")(Giaoban::new());
    publish(&giaoban, &[sent_by_the_system(1), harness::session("00004", 2, 1, "2020-03-04", 5)]);
    giaoban.settle();
    // By the settings of its day; what it leaves is nothing to go on from.
    giaoban.ok(&["replay"]);
    let giaoban = allowing("https://y 00004")(giaoban);
    let said = giaoban.fails(20, &["verify"]);
    assert!(said.contains("giaoban replay --switch"), "{said}");
    let looked = giaoban.run(&["replay"]);
    assert!(looked.out.contains("figures would change"), "{}", looked.out);
    assert!(looked.err.contains("replay --switch --drop-records 1"), "{}", looked.err);
    let said = giaoban.fails(20, &["replay", "--switch"]);
    assert!(said.contains("1 that are not valid events") && said.contains("--drop-records 1"), "{said}");
    giaoban.ok(&["replay", "--switch", "--drop-records", "1"]);
    giaoban.ok(&["verify"]);
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 1);
}

#[test]
fn what_was_a_dead_letter_and_was_sent_again_is_no_difference() {
    let giaoban = allowing(SYSTEM)(Giaoban::new());
    publish(&giaoban, &[sent_by_the_system(1), sent_by_the_system(2)]);
    let giaoban = allowing("https://y")(giaoban);
    assert!(giaoban.settle().contains("2 dead-lettered"));
    let giaoban = allowing(SYSTEM)(giaoban);
    giaoban.ok(&["dlq", "redrive"]);
    assert!(giaoban.settle().contains("2 applied"));
    let ended = giaoban.run(&["verify"]);
    assert!(ended.code == Some(0) && ended.err.contains("All agree: "), "{}", ended.err);
    let database = rusqlite::Connection::open(giaoban.data().join("store-1.db")).unwrap();
    database.execute("UPDATE checkpoint SET dead_lettered = dead_lettered + 1 WHERE read > 0", []).unwrap();
    assert!(giaoban.fails(20, &["verify"]).contains("read - ended -1"), "what does not add up is told");
}

#[test]
fn a_backup_made_in_use_is_restored_and_catches_up() {
    let giaoban = Giaoban::new().with("GIAOBAN__HTTP__LISTEN", "off").with("GIAOBAN__WORKER__BATCH_RECORDS", "20");
    let events = trial::events(2_000, &mut ChaCha8Rng::seed_from_u64(8));
    let (before, after) = events.split_at(events.len() / 2);
    publish(&giaoban, before);
    let mut worker = giaoban.start(&["worker"]);
    until("a store", || giaoban.run(&["rollup", "--period", "2020"]).code == Some(0));
    let said = giaoban.ok(&["backup", "copy"]);
    assert!(said.starts_with("Backed up the store and the log to copy: "), "{said}");
    assert!(giaoban.fails(2, &["backup", "copy"]).contains("not empty"), "a backup is not written over");
    publish(&giaoban, after);
    until("all is in the store", || giaoban.run(&["doctor"]).out.contains("0 records are not in the store yet"));
    worker.kill().unwrap();
    worker.wait().unwrap();

    // The store is lost, the log is there: an older store catches up.
    assert!(giaoban.fails(2, &["restore", "copy"]).contains("--replace"));
    let restored = giaoban.run(&["restore", "copy", "--replace"]);
    assert_eq!(restored.code, Some(0), "{}", restored.err);
    assert!(restored.err.contains("The existing log is kept"), "{}", restored.err);
    giaoban.settle();
    recounts(&giaoban, &events, TOPIC);

    // Everything is lost: what the copy has is there, in a new folder.
    giaoban.ok(&["restore", "copy", "--data", "new"]);
    giaoban.ok(&["worker", "--until-caught-up", "--data", "new"]);
    let mut store = SqliteStore::read(&giaoban.dir().join("new/store-1.db")).unwrap();
    trial::assert_recount(before, &mut store, TOPIC);
    assert!(giaoban.fails(8, &["restore", "nowhere", "--data", "new"]).contains("nowhere"));
}

#[test]
fn a_copy_that_serves_nobody_is_refused_before_anything_is_moved() {
    let giaoban = Giaoban::new();
    let events = trial::events(300, &mut ChaCha8Rng::seed_from_u64(11));
    publish(&giaoban, &events);
    giaoban.settle();
    giaoban.ok(&["backup", "copy"]);
    let dir = giaoban.dir().to_owned();
    // The copy is the folder itself, by another name too.
    std::os::unix::fs::symlink(dir.join("copy"), dir.join("link")).unwrap();
    assert!(giaoban.fails(2, &["restore", "copy", "--data", "copy", "--replace"]).contains("copy"));
    assert!(giaoban.fails(2, &["restore", "copy", "--data", "link", "--replace"]).contains("copy"));
    assert!(dir.join("copy/CURRENT").exists());
    giaoban.ok(&["restore", "copy", "--data", "whole"]);

    // Its log is gone: the store would stand beside a log that it was not made from.
    std::fs::rename(dir.join("copy/log.db"), dir.join("log.db")).unwrap();
    giaoban.fails(11, &["restore", "copy", "--data", "without"]);
    assert!(!dir.join("without/CURRENT").exists());
    std::fs::rename(dir.join("log.db"), dir.join("copy/log.db")).unwrap();

    // A part of it is damaged.
    let mut store = std::fs::read(dir.join("copy/store-1.db")).unwrap();
    store[4 * 4096..10 * 4096].fill(0);
    std::fs::write(dir.join("copy/store-1.db"), store).unwrap();
    let figures = giaoban.ok(&["rollup", "--period", "2020", "--format", "json"]);
    giaoban.fails(8, &["restore", "copy", "--replace"]);
    assert_eq!(giaoban.ok(&["rollup", "--period", "2020", "--format", "json"]), figures);
}

#[test]
fn a_backup_made_while_a_replay_is_switched_is_of_one_generation() {
    let giaoban = Giaoban::new();
    let events = trial::events(200, &mut ChaCha8Rng::seed_from_u64(10));
    publish(&giaoban, &events);
    giaoban.settle();
    let data = DataDir::at(&giaoban.data());
    drop(SqliteStore::create(&data.store_file(Generation(2))).unwrap());
    // So large that the switch comes while it is copied.
    let ballast = rusqlite::Connection::open(data.store_file(Generation(1))).unwrap();
    ballast.execute_batch("CREATE TABLE ballast (x); INSERT INTO ballast VALUES (zeroblob(300000000))").unwrap();
    drop(ballast);
    let backup = giaoban.start(&["backup", "copy"]);
    until("it copies", || {
        let mut files = std::fs::read_dir(giaoban.dir().join("copy")).into_iter().flatten().flatten();
        files.any(|file| file.file_name().to_string_lossy().ends_with(".partial"))
    });
    data.switch(&data.lock_writer().unwrap(), Generation(2)).unwrap();
    assert!(!giaoban.dir().join("copy/store-1.db").exists(), "the switch came too late");
    let ended = harness::wait(backup, "backup");
    assert_eq!(ended.code, Some(0), "{}", ended.err);

    giaoban.ok(&["restore", "copy", "--data", "new"]);
    giaoban.ok(&["worker", "--until-caught-up", "--data", "new"]);
    let mut store = SqliteStore::read(&giaoban.dir().join("new/store-1.db")).unwrap();
    trial::assert_recount(&events, &mut store, TOPIC);

    // What a backup that was killed leaves is no copy.
    std::fs::remove_file(giaoban.dir().join("copy/CURRENT")).unwrap();
    let said = giaoban.fails(8, &["restore", "copy", "--data", "newer"]);
    assert!(said.contains("copy is not a complete backup") && said.contains("CURRENT"), "{said}");
    assert!(!giaoban.dir().join("newer").exists(), "nothing is touched");
    // The same command makes it again, and takes nothing away that is not half a copy.
    assert!(giaoban.fails(2, &["backup", "copy"]).contains("not empty"), "it may be anybody's");
    let of_it = |name: &str| giaoban.dir().join("copy").join(name);
    for left in ["backup.partial", "store-7.db-journal", "CURRENT.4711.partial", "notes.txt"] {
        std::fs::write(of_it(left), "half").unwrap();
    }
    assert!(giaoban.fails(2, &["backup", "copy"]).contains("not empty"));
    assert_eq!(std::fs::read_dir(giaoban.dir().join("copy")).unwrap().count(), 1, "what is somebody's own stays");
    std::fs::remove_file(of_it("notes.txt")).unwrap();
    std::fs::write(of_it("store-1.db"), "half").unwrap();
    std::fs::write(of_it("backup.partial"), "").unwrap();
    giaoban.ok(&["backup", "copy"]);
    assert!(!of_it("backup.partial").exists());
    giaoban.ok(&["restore", "copy", "--data", "newer"]);
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_an_older_store_catches_up_and_agrees_with_a_recount() {
    let giaoban = Giaoban::on_kafka();
    giaoban.ok(&["topics", "create"]);
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    let events = trial::events(1_000, &mut ChaCha8Rng::seed_from_u64(9));
    let (before, after) = events.split_at(events.len() / 2);
    publish(&giaoban, before);
    giaoban.settle();
    assert!(giaoban.ok(&["backup", "copy"]).starts_with("Backed up the store (the log is on Kafka)"));
    publish(&giaoban, after);
    giaoban.settle();
    giaoban.ok(&["restore", "copy", "--replace"]);
    assert!(giaoban.run(&["verify"]).err.contains("All agree: "), "as it was then");
    giaoban.settle();
    recounts(&giaoban, &events, &topic);
    assert!(giaoban.run(&["verify"]).err.contains("All agree: "));
}

#[test]
#[ignore = "starts a broker of its own: ./test.sh"]
fn kafka_a_log_that_lost_its_end_is_not_taken_for_one_that_expired() {
    let mut broker = Broker::start();
    let giaoban = Giaoban::on_kafka_at(&broker.address()).with("GIAOBAN__HTTP__LISTEN", "off");
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    giaoban.ok(&["topics", "create", "--partitions", "1"]);
    giaoban.publish_sessions(0..10);
    let bytes = broker.log_bytes(&topic);
    giaoban.publish_sessions(10..30);
    giaoban.settle();
    broker.loses_from(&topic, bytes);
    let refuse = |told: &str| {
        for command in [&["worker", "--until-caught-up"][..], &["verify"], &["replay", "--switch"]] {
            let said = giaoban.fails(11, command);
            assert!(said.contains(told) && said.contains("replay --drop-records 0"), "{command:?} {said}");
            assert!(!said.contains("--accept-gap"), "{said}");
        }
        let found = giaoban.run(&["doctor"]);
        assert!(found.code == Some(16) && found.out.contains("replay --drop-records 0"), "{}", found.out);
        assert!(!found.out.contains("--accept-gap"), "{}", found.out);
    };
    // The log ends before the store; then it has gone on, with other records in their place.
    let said = giaoban.fails(11, &["worker", "--until-caught-up"]);
    assert!(said.contains("up to offset 30, but the log now ends at 10"), "{said}");
    giaoban.publish_sessions(50..55);
    let said = giaoban.fails(11, &["verify"]);
    assert!(said.contains("up to offset 30, but the log now ends at 15"), "{said}");
    giaoban.publish_sessions(55..90);
    refuse("the record before offset 30 of partition 0 is not the one that the store has read");
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 30, "as it was");

    // As the remedy says.
    let looked = giaoban.run(&["replay", "--drop-records", "0"]);
    assert!(
        looked.code == Some(0) && looked.err.contains("has 20 records that the rebuilt one has not"),
        "{}",
        looked.err
    );
    giaoban.publish_sessions(10..30);
    giaoban.ok(&["replay", "--switch", "--drop-records", "0"]);
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 70);
    giaoban.ok(&["verify"]);
    assert!(giaoban.settle().contains("Read 0 records"));
}

#[test]
fn a_backup_of_the_generation_before_a_switch_is_restored_and_rebuilt_again() {
    let giaoban = Giaoban::new();
    giaoban.publish_sessions(0..20);
    giaoban.settle();
    giaoban.ok(&["backup", "before"]);
    giaoban.ok(&["replay", "--switch"]);
    giaoban.publish_sessions(20..30);
    giaoban.settle();
    giaoban.ok(&["backup", "after"]);
    for (copy, generation, sessions) in [("before", 1, 20), ("after", 2, 30)] {
        giaoban.ok(&["restore", copy, "--replace"]);
        let current = std::fs::read_to_string(giaoban.data().join("CURRENT")).unwrap();
        assert_eq!((current.as_str(), giaoban.sessions()), (&*format!("store-{generation}.db\n"), Some(sessions)));
        giaoban.settle();
        giaoban.ok(&["verify"]);
        giaoban.ok(&["replay", "--switch"]);
        assert!(giaoban.data().join(format!("store-{}.db", generation + 1)).exists());
        giaoban.ok(&["verify"]);
        assert_eq!(giaoban.sessions(), Some(30));
    }
}

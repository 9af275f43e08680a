//! When something is away, full, taken or broken: a clear word, a documented
//! exit code, and what was acknowledged is still there.

#![allow(clippy::unwrap_used)]

mod harness;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use giaoban::log::embedded::EmbeddedLog;
use giaoban::log::{EventLog as _, Outgoing};
use harness::disk::SmallDisk;
use harness::running::Running;
use harness::{Giaoban, session};

fn published(count: usize) -> Giaoban {
    let giaoban = Giaoban::new().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0");
    giaoban.publish_sessions(0..count);
    giaoban
}

fn until(what: &str, condition: impl FnMut() -> bool) {
    harness::until(what, Duration::from_secs(30), condition);
}

/// Tells it to stop: its code, how long that took, and its log.
fn terminate(worker: Running) -> (Option<i32>, Duration, String) {
    let begun = Instant::now();
    worker.signal("TERM");
    let (code, log) = worker.ended();
    (code, begun.elapsed(), log)
}

#[test]
fn a_running_worker_is_watched_and_stops_when_told() {
    let giaoban = published(500);
    let worker = Running::worker(&giaoban);
    until("every record", || worker.metric("giaoban_worker_records_applied_total") == Some(500.0));
    assert_eq!(worker.metric("giaoban_worker_reconciliation_difference_records"), Some(0.0));
    assert_eq!(worker.metric("giaoban_worker_assigned_partitions"), Some(6.0));
    until("no lag", || worker.metric("giaoban_worker_lag_records{partition=\"5\"}") == Some(0.0));
    for probe in ["/livez", "/readyz", "/startupz"] {
        assert_eq!(worker.get(probe).0, 200, "{probe}");
    }
    let (status, page) = worker.get("/?period=2020-Q1");
    assert_eq!(status, 200);
    assert!(page.contains("500") && page.contains("Thành phố Hà Nội"), "{page}");

    // A second worker on the folder is turned away; a command that only reads is not.
    assert!(giaoban.fails(9, &["worker"]).contains("in use by another process"));
    assert_eq!(giaoban.figure("2020-Q1", "01", "supervision_sessions"), 500);
    // What is recorded meanwhile arrives without being asked for.
    giaoban.ok(&[
        "record",
        "supervision",
        "--unit",
        "00004",
        "--held-on",
        "2020-03-04",
        "--body",
        "other",
        "--field",
        "other",
    ]);
    until("the new record", || giaoban.figure("2020-Q1", "01", "supervision_sessions") == 501);
    let (code, took, log) = terminate(worker);
    assert_eq!(code, Some(0), "{log}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn a_store_that_takes_no_batch_is_told_until_it_does() {
    let giaoban = published(1);
    giaoban.settle();
    let worker = Running::worker(&giaoban);
    worker.until_ready();
    // So that the age of the record that waits is told from that of the one before it.
    std::thread::sleep(Duration::from_secs(4));
    let holder = rusqlite::Connection::open(giaoban.data().join("store-1.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    giaoban.write("b.ndjson", session("00004", 2, 1, "2020-03-04", 1));
    giaoban.ok(&["publish", "b.ndjson"]);
    let begun = Instant::now();
    let age = || worker.metric("giaoban_worker_oldest_unprocessed_event_age_seconds").unwrap();
    until("word of it", || worker.readiness().0 == 503);
    // It looks the store up again meanwhile, which answers.
    let seen = Instant::now();
    while seen.elapsed() < Duration::from_secs(2) {
        assert_eq!(worker.readiness().0, 503);
        let (age, waited) = (age(), begun.elapsed().as_secs_f64());
        assert!(age > waited - 2.0 && age < waited + 2.0, "{age} s after {waited} s");
        std::thread::sleep(Duration::from_millis(50));
    }
    holder.execute_batch("ROLLBACK").unwrap();
    worker.until_ready();
    until("no age", || age() == 0.0);
    worker.stop();
}

#[test]
fn a_worker_that_the_store_keeps_from_stopping_says_so_in_both_languages() {
    for (lang, said) in [("vi", "không trả lời trong 8 giây"), ("en", "did not answer within 8 s of the stop")] {
        let giaoban = published(1);
        giaoban.settle();
        let mut worker = Running::of(giaoban.command(&["worker", "--lang", lang]));
        worker.until_assigned();
        let holder = rusqlite::Connection::open(giaoban.data().join("store-1.db")).unwrap();
        holder.execute_batch("BEGIN IMMEDIATE").unwrap();
        giaoban.write("b.ndjson", session("00004", 2, 1, "2020-03-04", 1));
        giaoban.ok(&["publish", "b.ndjson"]);
        std::thread::sleep(Duration::from_secs(1));
        let (code, took, text) = terminate(worker);
        assert_eq!(code, Some(9), "{text}");
        assert!(text.contains("store-1.db") && text.contains(said), "{text}");
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}

#[test]
fn catching_up_ends_while_others_go_on_publishing() {
    let giaoban = published(2_000);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let topic = || {
        EmbeddedLog::create(&giaoban.data(), &["giaoban.events", "giaoban.events.dlq"])
            .unwrap()
            .topic("giaoban.events")
            .unwrap()
    };
    let in_log = || topic().partitions.iter().map(|range| range.high.0).sum::<i64>();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut producer = EmbeddedLog::create(&giaoban.data(), &["giaoban.events", "giaoban.events.dlq"])
                .unwrap()
                .producer("giaoban.events")
                .unwrap();
            let mut number = 10_000;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let payload = session("00004", number, 1, "2020-03-04", 1).into_bytes();
                let message = Outgoing { key: Some(b"00004".to_vec()), payload, ..Outgoing::default() };
                producer.send(&message, 0).unwrap();
                assert!(producer.flush(Duration::from_secs(10))[0].result.is_ok());
                number += 1;
            }
        });
        until("more", || in_log() > 2_000);
        let before = in_log();
        let said = giaoban.settle();
        let read: i64 = said.split(' ').nth(1).unwrap().parse().unwrap();
        let goes_on = in_log();
        until("still more", || in_log() > goes_on);
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(read >= before, "{read} of {before}");
    });
}

#[test]
fn nothing_that_an_event_says_comes_into_the_log_of_the_program_at_any_level() {
    let giaoban = published(1).with("GIAOBAN__LOG__LEVEL", "trace");
    let mut producer = EmbeddedLog::create(&giaoban.data(), &["giaoban.events", "giaoban.events.dlq"])
        .unwrap()
        .producer("giaoban.events")
        .unwrap();
    // No event, and one of another shape than its type's.
    let good = session("00004", 7, 1, "2020-03-04", 1).replace("}}", r#","topic":"Nguyen Van Marker"}}"#);
    for payload in ["Nguyen Van Marker", r#"{"name":"Nguyen Van Marker"}"#, &good.replace("2020-03-04", "x"), &good] {
        let message = Outgoing { key: Some(b"Marker".to_vec()), payload: payload.into(), ..Outgoing::default() };
        producer.send(&message, 0).unwrap();
    }
    assert_eq!(producer.flush(Duration::from_secs(10)).len(), 4);
    let ended = giaoban.run(&["worker", "--until-caught-up"]);
    assert!(ended.out.contains("2 applied, 0 duplicate, 0 superseded, 3 dead-lettered"), "{}", ended.out);
    assert!(ended.err.contains("\"level\""), "it does log: {}", ended.err);
    let listed = giaoban.run(&["dlq", "list"]);
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    for text in [&ended.err, &ended.out, &listed.err] {
        assert!(!text.contains("Marker"), "{text}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap().to_string();
    let giaoban = Giaoban::new().with("GIAOBAN__HTTP__LISTEN", &address);
    let said = giaoban.fails(14, &["worker"]);
    assert!(said.contains(&address) && said.contains("GIAOBAN__HTTP__LISTEN"), "{said}");
}

#[test]
fn a_broker_that_is_away_is_told_within_ten_seconds() {
    let giaoban = Giaoban::new().with("GIAOBAN__KAFKA__BROKERS", "127.0.0.1:1").with("GIAOBAN__KAFKA__WAIT", "0");
    giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-04", 1));
    for command in [&["publish", "a.ndjson"][..], &["worker"], &["worker", "--until-caught-up"], &["topics", "create"]]
    {
        let begun = Instant::now();
        let said = giaoban.fails(6, command);
        assert!(said.contains("127.0.0.1:1") && said.contains("remedy"), "{said}");
        assert!(begun.elapsed() < Duration::from_secs(11), "{command:?} took {:?}", begun.elapsed());
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let giaoban = Giaoban::new();
    giaoban.write("file", "");
    giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-04", 1));
    let said = giaoban.fails(13, &["worker", "--data", "file/data"]);
    assert!(said.contains("file/data"), "{said}");
    let ended = giaoban.run(&["publish", "a.ndjson", "--data", "file/data"]);
    assert!(ended.code == Some(13) && ended.err.contains("file/data"), "{:?} {}", ended.code, ended.err);
}

#[test]
fn a_damaged_store_and_a_newer_one_are_named() {
    let giaoban = published(10);
    giaoban.settle();
    let store = giaoban.data().join("store-1.db");
    let newer = rusqlite::Connection::open(&store).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    for command in [&["worker", "--until-caught-up"][..], &["rollup", "--period", "2020-Q1"]] {
        let said = giaoban.fails(8, command);
        assert!(said.contains("store-1.db") && said.contains("99"), "{said}");
    }
    std::fs::write(&store, vec![0x5a; 20_000]).unwrap();
    for command in [&["worker", "--until-caught-up"][..], &["rollup", "--period", "2020-Q1"]] {
        let said = giaoban.fails(8, command);
        assert!(said.contains("store-1.db"), "{said}");
    }
    // The remedy that is given works: the log has everything.
    for name in ["store-1.db", "store-1.db-wal", "store-1.db-shm"] {
        let _ = std::fs::remove_file(giaoban.data().join(name));
    }
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "01", "supervision_sessions"), 10);
}

#[test]
fn without_a_store_there_are_no_figures_rather_than_zeros() {
    let giaoban = Giaoban::new();
    assert!(giaoban.fails(8, &["rollup", "--period", "2020-Q1"]).contains("giaoban worker --until-caught-up"));
}

#[test]
fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let Some(disk) = SmallDisk::mount(48) else { return };
    let giaoban = Giaoban::new();
    let data = disk.path().join("data");
    let on_disk = |arguments: &[&str]| {
        let output = disk.run(&giaoban.command(&[arguments, &["--data", data.to_str().unwrap()]].concat()));
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        harness::Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    };
    let publish = |unit: &str, count: usize| {
        let file = giaoban.write_sessions("a.ndjson", &[unit], 0..count);
        on_disk(&["publish", file.to_str().unwrap()])
    };
    let settled = |unit: &str| -> u64 {
        let ended = on_disk(&["worker", "--until-caught-up"]);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        let rollup = on_disk(&["rollup", "--period", "2020-Q1", "--format", "json"]);
        let rollup: serde_json::Value = serde_json::from_str(&rollup.out).unwrap();
        let row = rollup["units"].as_array().unwrap().iter().find(|row| row["unit"] == unit).unwrap();
        row["figures"]["supervision_sessions"].as_u64().unwrap()
    };
    let full = |ended: &harness::Ended, file: &str| {
        assert_eq!(ended.code, Some(13), "{} {}", ended.out, ended.err);
        assert!(ended.err.contains("no space left") && ended.err.contains(file), "{}", ended.err);
        assert!(harness::has_remedy(&ended.err), "{}", ended.err);
    };

    // The store, before there is one and when it is in use.
    let ended = publish("00004", 3_000);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    disk.fill_up(150_000);
    full(&on_disk(&["worker", "--until-caught-up"]), "store-1.db");
    disk.make_room();
    assert_eq!(settled("00004"), 3_000);
    assert_eq!(publish("00007", 3_000).code, Some(0));
    disk.fill_up(150_000);
    full(&on_disk(&["worker", "--until-caught-up"]), "store-1.db");
    disk.make_room();
    assert_eq!(settled("00007"), 3_000);

    // The embedded log: what its receipt acknowledges is there.
    disk.fill_up(3_000_000);
    let ended = publish("00010", 9_000);
    full(&ended, "log.db");
    let acknowledged: u64 = ended.out.split(": ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok()).unwrap();
    assert!((1..9_000).contains(&acknowledged), "{}", ended.out);
    disk.make_room();
    assert_eq!(settled("00010"), acknowledged);
    assert_eq!(publish("00010", 9_000).code, Some(0));
    assert_eq!(settled("00010"), 9_000);
}

#[test]
fn doctor_finds_what_is_wrong() {
    let giaoban = published(10);
    let said = giaoban.ok(&["doctor"]);
    assert!(said.contains("warning") && said.contains("there is no store"), "{said}");
    giaoban.settle();
    let said = giaoban.ok(&["doctor"]);
    assert!(said.contains("10 records read, none has vanished") && !said.contains("warning"), "{said}");
    std::fs::remove_file(giaoban.data().join("log.db")).unwrap();
    let ended = giaoban.run(&["doctor"]);
    assert_eq!(ended.code, Some(16), "{}", ended.out);
    assert!(ended.out.contains("PROBLEM  the store's log"), "{}", ended.out);
}

#[test]
fn a_broker_that_goes_away_is_waited_for_and_told() {
    let cluster = rdkafka::mocking::MockCluster::new(1).unwrap();
    for topic in ["giaoban.events", "giaoban.events.dlq"] {
        cluster.create_topic(topic, 1, 1).unwrap();
    }
    let giaoban = Giaoban::new()
        .with("GIAOBAN__KAFKA__BROKERS", &cluster.bootstrap_servers())
        .with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0");
    let mut worker = Running::worker(&giaoban);
    let connected = |worker: &Running| worker.metric("giaoban_worker_log_connected");
    until("a connection", || connected(&worker) == Some(1.0));
    cluster.broker_down(1).unwrap();
    until("none", || connected(&worker) == Some(0.0));
    // An outage passes: the worker waits.
    worker.assert_running();
    cluster.broker_up(1).unwrap();
    until("a connection again", || connected(&worker) == Some(1.0));
    worker.stop();
}

#[test]
fn a_log_that_cannot_be_written_ends_no_worker() {
    let giaoban = Giaoban::new();
    giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-04", 1));
    giaoban.ok(&["publish", "a.ndjson"]);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = giaoban.command(&["worker", "--until-caught-up"]);
    let ended = command.stderr(full).env("GIAOBAN__LOG__LEVEL", "debug").status().unwrap();
    assert_eq!(ended.code(), Some(0));
    assert_eq!(giaoban.figure("2020-Q1", "00004", "participants"), 1);
}

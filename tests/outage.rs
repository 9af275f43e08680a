//! What happens to the files and the disk of a worker that lives on, and to its own threads: it waits for what may come
//! back, says so, and ends where only a person can help.

#![allow(clippy::unwrap_used)]

mod harness;
#[allow(dead_code)]
#[path = "simulation/memory.rs"]
mod memory;

use std::fs;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use giaoban::domain::{Calendar, Rules};
use giaoban::failure::{ExitCode, Explained as _};
use giaoban::ingest::worker::{Until, Worker};
use giaoban::ingest::{ConnectionLimits, Limits, WorkerError};
use giaoban::log::embedded::EmbeddedLog;
use giaoban::log::{EventLog, Membership, Outgoing};
use giaoban::observability::{Metrics, Role};
use giaoban::store::{ReadCheckpoints as _, ReadFigures as _, StoreWriter as _};
use giaoban::wire::Admission;
use harness::disk::SmallDisk;
use harness::hanoi::rules_of;
use harness::kafka::two_brokers;
use harness::lonely::LonelyLog;
use harness::running::Running;
use harness::{Giaoban, session, until};

const PATIENCE: Duration = Duration::from_secs(60);

fn serving() -> Giaoban {
    Giaoban::new().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0")
}

/// A worker that has nothing to do.
fn idle(giaoban: &Giaoban) -> Running {
    giaoban.publish_sessions(0..10);
    let worker = Running::worker(giaoban);
    until("all events", PATIENCE, || giaoban.sessions() == Some(10));
    worker.until_ready();
    worker
}

/// Ends with the code of what only a person can mend, within a dozen seconds, and names the file.
fn ends_by(worker: Running, file: &str) {
    let (code, log) = worker.ended();
    assert_eq!(code, Some(8), "{log}");
    assert!(log.contains(file) && log.contains("no longer the file that was opened"), "{log}");
    assert!(harness::has_remedy(&log) && log.contains("giaoban restore"), "{log}");
}

#[test]
fn a_store_whose_files_are_removed_under_an_idle_worker_ends_it() {
    let giaoban = serving();
    let worker = idle(&giaoban);
    for name in ["store-1.db", "store-1.db-wal", "store-1.db-shm"] {
        let _ = fs::remove_file(giaoban.data().join(name));
    }
    ends_by(worker, "store-1.db");
    // As the remedy says: it resumes from what is there.
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "01", "supervision_sessions"), 10);
}

#[test]
fn a_store_that_is_replaced_by_another_ends_it() {
    let giaoban = serving();
    let other = serving();
    other.publish_sessions(0..5);
    other.settle();
    let worker = idle(&giaoban);
    fs::rename(other.data().join("store-1.db"), giaoban.data().join("store-1.db")).unwrap();
    ends_by(worker, "store-1.db");
}

#[test]
fn a_store_that_a_backup_is_copied_into_ends_it() {
    let giaoban = serving();
    giaoban.publish_sessions(0..3);
    giaoban.settle();
    giaoban.ok(&["backup", "backup"]);
    let worker = idle(&giaoban);
    fs::copy(giaoban.dir().join("backup/store-1.db"), giaoban.data().join("store-1.db")).unwrap();
    ends_by(worker, "store-1.db");
}

#[test]
fn a_log_that_a_backup_replaces_ends_it() {
    for in_place in [true, false] {
        let giaoban = serving();
        giaoban.publish_sessions(0..3);
        giaoban.settle();
        giaoban.ok(&["backup", "backup"]);
        let worker = Running::worker(&giaoban);
        giaoban.publish_sessions(3..13);
        until("all events", PATIENCE, || worker.metric("giaoban_worker_records_applied_total") == Some(10.0));
        let (log, copy) = (giaoban.data().join("log.db"), giaoban.dir().join("backup/log.db"));
        if in_place {
            fs::copy(copy, log).unwrap();
        } else {
            fs::rename(copy, log).unwrap();
        }
        let (code, said) = worker.ended();
        assert_eq!(code, Some(8), "{said}");
        assert!(said.contains("log.db") && harness::has_remedy(&said), "{said}");
    }
}

#[test]
fn a_worker_on_a_full_disk_waits_for_room_and_says_so() {
    let Some(disk) = SmallDisk::mount(48) else { return };
    let giaoban = serving();
    let data = disk.path().join("data");
    let command =
        |arguments: &[&str]| disk.command(&giaoban.command(&[arguments, &["--data", data.to_str().unwrap()]].concat()));
    let publish = |unit: &str, count: usize| {
        let file = giaoban.write_sessions("a.ndjson", &[unit], 0..count);
        let published = command(&["publish", file.to_str().unwrap()]).output().unwrap();
        assert!(published.status.success(), "{}", String::from_utf8_lossy(&published.stderr));
    };
    publish("00004", 10);
    let mut worker = Running::of(command(&["worker"]));
    let applied = |worker: &Running| worker.metric("giaoban_worker_records_applied_total");
    until("the first", PATIENCE, || applied(&worker) == Some(10.0));
    worker.signal("STOP");
    publish("00007", 3_000);
    disk.fill_up(100_000);
    worker.signal("CONT");
    worker.says("no space left");
    worker.until_not_ready(PATIENCE);
    assert_eq!(worker.metric("giaoban_worker_store_connected"), Some(0.0));
    assert!(worker.metric("giaoban_worker_store_failures_total{kind=\"disk_full\"}") > Some(0.0));
    assert!(worker.is_live());
    worker.assert_running();
    disk.make_room();
    until("all events", PATIENCE, || applied(&worker) == Some(3_010.0));
    worker.until_ready();
    assert_eq!(worker.metric("giaoban_worker_store_connected"), Some(1.0));
    worker.stop();
    let rollup = command(&["rollup", "--period", "2020-Q1", "--format", "json"]).output().unwrap();
    let rollup: serde_json::Value = serde_json::from_slice(&rollup.stdout).unwrap();
    let row = rollup["units"].as_array().unwrap().iter().find(|row| row["unit"] == "01").unwrap();
    assert_eq!(row["figures"]["supervision_sessions"], 3_010);
}

#[test]
fn a_backup_that_a_full_disk_ends_leaves_nothing_and_can_be_made_again() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let giaoban = serving();
    giaoban.publish_sessions(0..3_000);
    giaoban.settle();
    let (to, empty) = (disk.path().join("backup"), disk.path().join("empty"));
    let data = giaoban.data();
    let back_up = |to: &std::path::Path| {
        let arguments = ["backup", to.to_str().unwrap(), "--data", data.to_str().unwrap()];
        disk.command(&giaoban.command(&arguments)).output().unwrap()
    };
    let in_disk = |script: &str| {
        let listed = disk.run(std::process::Command::new("sh").args(["-c", script]));
        String::from_utf8(listed.stdout).unwrap()
    };
    in_disk(&format!("mkdir {}", empty.display()));
    // Enough for the store, and not for the log after it; and for neither.
    let store = fs::metadata(giaoban.data().join("store-1.db")).unwrap().len();
    for free in [store + 300_000, 50_000] {
        disk.fill_up(free);
        for to in [&to, &empty] {
            let ended = back_up(to);
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert_eq!(ended.status.code(), Some(13), "{said}");
            assert!(said.contains("no space left"), "{said}");
        }
        assert_eq!(in_disk(&format!("find {} -name 'backup*' -o -path '*/empty/*'", disk.path().display())), "");
        disk.make_room();
    }
    for to in [&to, &empty] {
        let ended = back_up(to);
        assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    }
}

#[test]
fn brokers_that_are_away_at_the_start_are_waited_for() {
    let cluster = rdkafka::mocking::MockCluster::new(1).unwrap();
    for topic in ["giaoban.events", "giaoban.events.dlq"] {
        cluster.create_topic(topic, 1, 1).unwrap();
    }
    let giaoban = serving().with("GIAOBAN__KAFKA__BROKERS", &cluster.bootstrap_servers());
    // Before there is a store, and once there is one that the log is compared with.
    for _ in 0..2 {
        cluster.broker_down(1).unwrap();
        let worker = Running::worker(&giaoban);
        worker.says("cannot begin yet");
        assert!(!worker.is_ready() && worker.is_live());
        cluster.broker_up(1).unwrap();
        worker.says("joining the group");
        until("a connection", PATIENCE, || worker.metric("giaoban_worker_log_connected") == Some(1.0));
        worker.stop();
    }
}

#[test]
fn a_partition_without_a_leader_is_named_while_the_others_are_read() {
    let cluster = two_brokers();
    let lead = |partition: i32, broker| cluster.partition_leader("giaoban.events", partition, broker).unwrap();
    let giaoban = serving().with("GIAOBAN__KAFKA__BROKERS", &cluster.bootstrap_servers());
    // Gone while it works, and gone before it begins.
    for is_gone_at_start in [false, true] {
        lead(1, (!is_gone_at_start).then_some(2));
        let worker = Running::worker(&giaoban);
        let of =
            |name: &str, partition: u8| worker.metric(&format!("giaoban_worker_{name}{{partition=\"{partition}\"}}"));
        if !is_gone_at_start {
            until("both are read", PATIENCE, || [0, 1].map(|id| of("lag_records", id)) == [Some(0.0); 2]);
            assert_eq!(worker.readiness(), (200, "ok\n".to_owned()));
            lead(1, None);
        }
        until("word of it", PATIENCE, || of("partition_unavailable", 1) == Some(1.0));
        until("the other", PATIENCE, || of("partition_unavailable", 0) == Some(0.0));
        let (status, said) = worker.readiness();
        assert!(
            status == 200 && said.contains("partition 1 is unavailable") && !said.contains("partition 0"),
            "{said}"
        );
        assert_eq!([0, 1].map(|partition| of("lag_records", partition)), [Some(0.0), None]);
        assert_eq!(worker.metric("giaoban_worker_log_connected"), Some(1.0));
        let doctor = giaoban.run(&["doctor"]);
        assert!(
            doctor.code == Some(16) && doctor.out.contains("giaoban.events, partition 1: no leader"),
            "{}",
            doctor.out
        );
        lead(0, None);
        worker.until_not_ready(PATIENCE);
        assert!(worker.is_live());
        lead(0, Some(1));
        lead(1, Some(2));
        until("all is well", PATIENCE, || worker.readiness() == (200, "ok\n".to_owned()));
        until("both are read again", PATIENCE, || [0, 1].map(|id| of("lag_records", id)) == [Some(0.0); 2]);
        worker.stop();
    }
}

/// A worker that reads all of a log for itself until it is stopped.
fn worker(log: Arc<dyn EventLog>, store: memory::MemoryStore, rules: Arc<Rules>) -> Worker {
    Worker {
        log,
        topic: "events".into(),
        dead_letter_topic: None,
        membership: Membership::Alone,
        store: Box::new(store),
        rules,
        admission: Admission::new(),
        limits: Limits::default(),
        connection: ConnectionLimits::default(),
        metrics: Arc::new(Metrics::new("giaoban", Role::Worker).unwrap()),
        stop: Arc::new(AtomicBool::new(false)),
        until: Until::Stopped,
        progress: Box::new(|_, _| {}),
    }
}

/// Sessions with these numbers.
fn send(log: &EmbeddedLog, numbers: Range<usize>) {
    let mut producer = log.producer("events").unwrap();
    for number in numbers {
        let payload = session("00004", number, 1, "2020-03-04", 1).into_bytes();
        let key = Some(b"00004".to_vec());
        producer.send(&Outgoing { key, payload, ..Outgoing::default() }, number as u64).unwrap();
    }
    assert!(producer.flush(PATIENCE).iter().all(|delivery| delivery.result.is_ok()));
}

/// What makes the thread that writes panic: the store of the test is one that panics once it was poisoned.
#[test]
fn a_thread_that_dies_ends_the_worker_as_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::create(dir.path(), &["events"]).unwrap();
    send(&log, 1..2);
    let rules = Arc::new(rules_of(Calendar::Decree09));
    let memory = memory::Memory::default();
    let mut store = memory.create();
    store.adopt(&rules, false).unwrap();
    let poison = std::thread::spawn(move || {
        let mut seen = memory.create();
        until("the event", PATIENCE, || !seen.checkpoints("events").unwrap().is_empty());
        let quarter = "2020-Q1".parse().unwrap();
        seen.raw_cells(quarter, &mut |_, _, _| panic!("what is read of it is held meanwhile")).unwrap();
    });
    let worker = worker(Arc::new(log), store, rules);
    let error = worker.run().unwrap_err();
    assert!(poison.join().is_err());
    assert_eq!(error.kind().policy().exit, ExitCode::Internal);
    let said = format!("{} {}", error.what().en, error.remedy().en);
    assert!(said.contains("thread \"store\"") && !said.contains("kafka"), "{said}");
}

/// Stops a worker where whoever watches it has failed, or has seen all.
struct StopIf<'s> {
    stop: &'s AtomicBool,
    also_well: bool,
}

impl Drop for StopIf<'_> {
    fn drop(&mut self) {
        if self.also_well || std::thread::panicking() {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_client_that_never_has_a_broker_again_is_made_anew_and_what_it_had_is_read_on() {
    let dir = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::create(dir.path(), &["events"]).unwrap();
    let memory = memory::Memory::default();
    let rules = Arc::new(rules_of(Calendar::Decree09));
    for helps in [true, false] {
        let lonely = LonelyLog::of(log.clone(), helps);
        let mut store = memory.create();
        store.adopt(&rules, false).unwrap();
        let mut worker = worker(lonely.clone(), store, Arc::clone(&rules));
        worker.connection = ConnectionLimits { ask_ms: 100, renew_ms: 2_500, end_ms: 2_500 };
        let (stop, mut seen) = (Arc::clone(&worker.stop), memory.create());
        let mut read = move || seen.checkpoints("events").unwrap().iter().map(|at| at.counts.read).sum::<u64>();
        let before = read();
        let first = before as usize;
        let result = std::thread::scope(|scope| {
            scope.spawn(|| {
                let _stop = StopIf { stop: &stop, also_well: helps };
                send(&log, first..first + 5);
                until("the first", PATIENCE, || read() == before + 5);
                lonely.leave_alone();
                send(&log, first + 5..first + 10);
                if helps {
                    until("the others, by another client", PATIENCE, || read() == before + 10);
                }
            });
            worker.run()
        });
        match result {
            Ok(summary) => assert!(helps && summary.counts.read == 10, "{:?}", summary.counts),
            Err(error) => {
                assert!(!helps && matches!(error, WorkerError::Stranded { .. }), "{error}");
                assert_eq!(error.kind().policy().exit, ExitCode::LogUnreachable);
                assert_eq!(read(), before + 5, "nobody reads the others");
            }
        }
        assert_eq!(lonely.renewed(), 1);
    }
}

//! Memory is bounded by what is held: whatever its messages are, a worker gets by with what its batches may hold.
#![allow(clippy::unwrap_used)]

mod harness;

use std::path::Path;
use std::time::Duration;

use giaoban::log::embedded::EmbeddedLog;
use giaoban::log::{EventLog as _, Outgoing};
use harness::{Giaoban, wait};

/// What a worker may take at any moment, in KiB, with its program: its batches may hold 8 MiB of the hundred that lie in the
/// log, and twice that hundred would be held without a bound.
const LIMIT_KIB: usize = 128 << 10;

/// A worker whose batches may hold so many records that only their bytes bound them.
fn giaoban() -> Giaoban {
    Giaoban::new()
        .with("GIAOBAN__WORKER__BATCH_RECORDS", "1000000")
        .with("GIAOBAN__WORKER__BATCH_BYTES", "8388608")
        .with("GIAOBAN__WORKER__BATCH_WAIT_MS", "60000")
        // However many of them are bad.
        .with("GIAOBAN__WORKER__DEAD_LETTER_SHARE", "100")
        .with("GIAOBAN__WORKER__DEAD_LETTER_RUN", "1000000")
}

/// Into the log as a producer of one's own would send: nothing is checked.
fn send(data: &Path, messages: impl Iterator<Item = Outgoing>) {
    let log = EmbeddedLog::create(data, &["giaoban.events", "giaoban.events.dlq"]).unwrap();
    let mut producer = log.producer("giaoban.events").unwrap();
    for (tag, message) in messages.enumerate() {
        producer.send(&message, tag as u64).unwrap();
    }
    assert!(producer.flush(Duration::from_secs(60)).iter().all(|delivery| delivery.result.is_ok()));
}

/// Runs the worker to the end of the log, watched; what it said.
fn settle_watched(giaoban: &Giaoban) -> String {
    let worker = giaoban.start(&["worker", "--until-caught-up"]);
    let status = format!("/proc/{}/status", worker.id());
    let watch = std::thread::spawn(move || {
        let mut most_kib = 0;
        // Gone when the process is.
        while let Ok(status) = std::fs::read_to_string(&status) {
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse().ok());
            most_kib = most_kib.max(peak.unwrap_or(0));
            std::thread::sleep(Duration::from_millis(2));
        }
        most_kib
    });
    let ended = wait(worker, "worker");
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.out, ended.err);
    let most_kib: usize = watch.join().unwrap();
    assert!((1..LIMIT_KIB).contains(&most_kib), "{most_kib} KiB of memory");
    ended.out
}

#[test]
fn events_with_the_longest_names_weigh_what_they_take() {
    let giaoban = giaoban();
    let (long, name) = ("s".repeat(240), "\u{1f600}".repeat(256));
    let event = |number: usize| {
        let event = format!(
            r#"{{"specversion":"1.0","id":"{long}-i{number}","source":"/units/01","type":"vn.giaoban.index.v1","subject":"{long}-{number}","time":"2021-01-01T08:00:00+07:00","data":{{"unit":"01","year":2020,"index":"papi","dimension":"{name}","score":1}}}}"#
        );
        Outgoing { key: Some(b"01".to_vec()), payload: event.into_bytes(), ..Outgoing::default() }
    };
    send(&giaoban.data(), (0..40_000).map(event));
    let said = settle_watched(&giaoban);
    assert!(said.contains("40000 applied"), "{said}");
}

#[test]
fn dead_letters_weigh_what_they_take() {
    let giaoban = giaoban();
    let large = |number: usize| Outgoing { payload: vec![b'x'; 60_000 + number % 7], ..Outgoing::default() };
    let headers: Vec<(String, Option<Vec<u8>>)> = (0..9_000).map(|number| (format!("{number:x}"), None)).collect();
    let many = |_| Outgoing { headers: headers.clone(), payload: b"x".to_vec(), ..Outgoing::default() };
    send(&giaoban.data(), (0..1_000).map(large).chain((0..150).map(many)));
    let said = settle_watched(&giaoban);
    assert!(said.contains("1150 dead-lettered"), "{said}");
}

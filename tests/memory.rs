//! Memory is bounded by what is held: whatever its messages are, a worker gets by with what its batches may hold. Each
//! runs under a limit of the system, which ends what takes more.
#![allow(clippy::unwrap_used)]

mod harness;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use giaoban::log::embedded::EmbeddedLog;
use giaoban::log::{EventLog as _, Outgoing};
use harness::Giaoban;

/// What a worker may take beyond its program, in KiB: its batches hold a hundredth of what lies in the log.
const LIMIT_KIB: usize = 96 << 10;

/// A worker whose batches may hold so many records that only their bytes bound them.
fn giaoban() -> Giaoban {
    Giaoban::new()
        .with("GIAOBAN__WORKER__BATCH_RECORDS", "1000000")
        .with("GIAOBAN__WORKER__BATCH_BYTES", "1048576")
        .with("GIAOBAN__WORKER__BATCH_WAIT_MS", "60000")
        // One arena of the allocator for each thread would count as taken.
        .with("MALLOC_ARENA_MAX", "1")
}

/// Into the log as a producer of one's own would send: nothing is checked.
fn send(data: &Path, messages: impl Iterator<Item = Outgoing>) {
    let log = EmbeddedLog::open(data).unwrap();
    let mut producer = log.producer("giaoban.events").unwrap();
    for (tag, message) in messages.enumerate() {
        producer.send(&message, tag as u64).unwrap();
    }
    assert!(producer.flush(Duration::from_secs(60)).iter().all(|delivery| delivery.result.is_ok()));
}

/// Runs the worker to the end of the log under the limit; what it said.
fn settle_within(giaoban: &Giaoban) -> String {
    let worker = giaoban.command(&["worker", "--until-caught-up", "--accept-dead-letters"]);
    let mut limited = Command::new("sh");
    limited.arg("-c").arg(format!("ulimit -d {LIMIT_KIB} && exec \"$0\" \"$@\"")).arg(worker.get_program());
    limited.args(worker.get_args()).current_dir(giaoban.dir()).stdin(Stdio::null());
    for (name, value) in worker.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let ended = limited.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{:?}\n{said}\n{}", ended.status, String::from_utf8_lossy(&ended.stderr));
    said
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
    send(&giaoban.data(), (0..60_000).map(event));
    let said = settle_within(&giaoban);
    assert!(said.contains("60000") || said.contains("60,000"), "{said}");
}

#[test]
fn dead_letters_weigh_what_they_take() {
    let giaoban = giaoban();
    let large = |number: usize| Outgoing { payload: vec![b'x'; 60_000 + number % 7], ..Outgoing::default() };
    send(&giaoban.data(), (0..2_000).map(large));
    settle_within(&giaoban);
}

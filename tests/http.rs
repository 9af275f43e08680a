//! What is served beside a worker and beside a store, also under connections that ask nothing, with few descriptors; and the
//! log of whoever serves.

#![allow(clippy::unwrap_used)]

mod harness;

use std::io::Write as _;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use harness::running::Running;
use harness::{Giaoban, session, until};

#[test]
fn six_hundred_half_open_connections_leave_probes_metrics_and_the_worker_alone() {
    let giaoban = Giaoban::new();
    let of = giaoban.command(&["worker"]);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 256; exec \"$@\"", "sh"]).arg(of.get_program()).args(of.get_args());
    command.current_dir(giaoban.dir()).env("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0");
    let worker = Running::of(command);
    worker.until_ready();
    let half_open: Vec<TcpStream> = (0..600)
        .map(|_| {
            let mut stream = TcpStream::connect(worker.address()).unwrap();
            // Some are closed for others already.
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: ");
            stream
        })
        .collect();
    let begun = Instant::now();
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(worker.get(path).0, 200, "{path}");
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-04", 1));
    giaoban.ok(&["publish", "a.ndjson"]);
    until("the worker works", Duration::from_secs(5), || {
        worker.metric("giaoban_worker_records_read_total") == Some(1.0)
    });
    let descriptors = || std::fs::read_dir(format!("/proc/{}/fd", worker.id())).unwrap().count();
    assert!(descriptors() < 200, "{}", descriptors());
    until("half-open connections end", Duration::from_secs(15), || descriptors() < 60);
    drop(half_open);
}

/// How long anything may take on a busy machine.
const WITHIN: Duration = Duration::from_secs(40);

fn served(giaoban: &Giaoban) -> Running {
    Running::of(giaoban.command(&["serve"]))
}

#[test]
fn a_store_is_served_before_beside_and_after_its_worker_with_the_lag_of_all_partitions() {
    let giaoban = Giaoban::new().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0");
    let serving = served(&giaoban);
    until("word of it", WITHIN, || serving.readiness().1.contains("there is no store yet: giaoban worker makes it"));
    assert_eq!((serving.readiness().0, serving.get("/startupz").0, serving.get("/livez").0), (503, 503, 200));
    assert!(!giaoban.data().join("store-1.db").exists(), "who reads makes nothing");
    giaoban.publish_sessions(0..5);
    let worker = Running::worker(&giaoban);
    worker.until_ready();
    serving.until_ready();
    assert_eq!(serving.get("/startupz").0, 200);
    let lag = || -> Option<f64> {
        let of = |partition: u8| serving.metric(&format!("giaoban_topic_lag_records{{partition=\"{partition}\"}}"));
        (0..6).map(of).sum()
    };
    until("no lag", WITHIN, || lag() == Some(0.0));
    assert_eq!(serving.metric("giaoban_topic_partitions"), Some(6.0));
    assert!(serving.metric("giaoban_store_size_bytes") > Some(0.0));
    assert_eq!(serving.metric("giaoban_dead_letters_undecided_records"), Some(0.0));
    let (status, metrics) = serving.get("/metrics");
    assert!(status == 200 && !metrics.contains("giaoban_worker_"), "{metrics}");
    assert!(serving.get("/?period=2020-Q1").1.contains("2020"));
    worker.stop();
    // Nobody reads the partitions now; what waits in them is seen all the same.
    giaoban.write("b.ndjson", [session("00004", 90, 1, "2020-03-04", 1), "{".to_owned()].join("\n"));
    giaoban.run(&["publish", "b.ndjson"]);
    until("the lag", WITHIN, || lag() == Some(1.0));
    let seconds = || serving.metric("giaoban_worker_lag_seconds{partition=\"0\"}");
    assert_eq!(seconds(), None);
    assert!(serving.is_ready(), "the store is there");
    serving.stop();
}

#[test]
fn metrics_have_an_address_of_their_own_where_one_is_given() {
    let giaoban = Giaoban::new()
        .with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0")
        .with("GIAOBAN__HTTP__METRICS_LISTEN", "127.0.0.1:0")
        .with("GIAOBAN__INSTALLATION", "hanoi");
    let worker = Running::worker(&giaoban);
    worker.until_ready();
    let log = worker.log();
    let metrics = log.split_once("\"metrics_address\":\"").unwrap().1.split('"').next().unwrap().to_owned();
    assert_eq!((worker.get("/metrics").0, worker.get("/livez").0), (404, 200));
    let (status, shown) = harness::get(&metrics, "/metrics");
    assert_eq!((status, harness::get(&metrics, "/readyz").0), (200, 200));
    assert!(shown.contains("giaoban_worker_ready{installation=\"hanoi\"} 1"), "{shown}");
    assert_eq!(harness::get(&metrics, "/").0, 404);
    worker.stop();
    let giaoban = giaoban.with("GIAOBAN__HTTP__LISTEN", "off").with("GIAOBAN__HTTP__METRICS_LISTEN", "off");
    let said = giaoban.fails(3, &["serve"]);
    assert!(said.contains("there is nothing to serve"), "{said}");
}

#[test]
fn the_log_begins_with_what_runs_and_ends_with_why_it_ended_in_json_as_every_line() {
    let giaoban = Giaoban::new()
        .with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0")
        .with("GIAOBAN__STORE__PASSWORD", "s3cret")
        .with("GIAOBAN__KAFKA__PROPERTIES__CLIENT_ID", "s3cret");
    giaoban.publish_sessions(0..1);
    giaoban.settle();
    for (command, lang) in [("worker", "en"), ("serve", "vi")] {
        // Other rules than those that the store was made by.
        let giaoban = giaoban.command(&[command, "--lang", lang]).env("GIAOBAN__CALENDAR", "calendar-quarter").output();
        let ended = giaoban.unwrap();
        let log = String::from_utf8(ended.stderr).unwrap();
        let lines: Vec<serde_json::Value> =
            log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
        assert!(lines.iter().all(|line| line["fields"]["event"].is_string()), "{log}");
        let (first, last) = (&lines[0]["fields"], &lines[lines.len() - 1]["fields"]);
        assert_eq!(first["event"], "started");
        assert_eq!((&first["store"], &first["version"]), (&"sqlite".into(), &env!("CARGO_PKG_VERSION").into()));
        assert!(first["settings"].as_str().unwrap().contains("calendar=calendar-quarter"), "{first}");
        assert!(!log.contains("s3cret"), "{log}");
        assert_eq!(last["event"], "failed");
        assert_eq!(last["code"].as_i64().map(|code| code as i32), ended.status.code());
        let said = (last["error"].as_str().unwrap(), last["remedy"].as_str().unwrap());
        assert!(said.0.is_ascii() == (lang == "en") && said.1.contains("giaoban replay"), "{said:?}");
    }
}

//! A worker's server under connections that ask nothing, with few descriptors.

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

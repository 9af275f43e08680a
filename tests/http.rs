//! A worker's server under connections that ask nothing, with few descriptors.

#![allow(clippy::unwrap_used)]

mod harness;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use harness::{Giaoban, address, session, until};

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut said = String::new();
    let _ = stream.read_to_string(&mut said);
    said
}

#[test]
fn six_hundred_half_open_connections_leave_probes_metrics_and_the_worker_alone() {
    let giaoban = Giaoban::new();
    let of = giaoban.command(&["worker"]);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 256; exec \"$@\"", "sh"]).arg(of.get_program()).args(of.get_args());
    command.current_dir(giaoban.dir()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut worker = command.env("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0").spawn().unwrap();
    let address = address(&mut worker);
    until("the worker is ready", Duration::from_secs(20), || get(&address, "/readyz").starts_with("HTTP/1.1 200 "));
    let half_open: Vec<TcpStream> = (0..600)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            // Some are closed for others already.
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: ");
            stream
        })
        .collect();
    let begun = Instant::now();
    for path in ["/livez", "/readyz", "/metrics"] {
        assert!(get(&address, path).starts_with("HTTP/1.1 200 "), "{path}");
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-04", 1));
    giaoban.ok(&["publish", "a.ndjson"]);
    until("the worker works", Duration::from_secs(5), || {
        get(&address, "/metrics").contains("giaoban_worker_records_read_total 1")
    });
    let descriptors = || std::fs::read_dir(format!("/proc/{}/fd", worker.id())).unwrap().count();
    assert!(descriptors() < 200, "{}", descriptors());
    until("half-open connections end", Duration::from_secs(15), || descriptors() < 60);
    drop(half_open);
    worker.kill().unwrap();
    worker.wait().unwrap();
}

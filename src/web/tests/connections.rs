//! What a server does about connections that ask nothing, read nothing or call it by a strange name, over real ones.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use super::*;

impl Server {
    /// What comes back of these bytes, to the end of the connection; `None` if that has not come after ten seconds.
    fn raw(&self, request: &str) -> Option<String> {
        answer(&mut self.connect(request))
    }

    fn connect(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }
}

fn answer(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => None,
        // A connection that was reset has ended, too.
        _ => Some(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// Metrics that nobody's buffer holds.
struct Long;

impl Watched for Long {
    fn metrics(&self) -> String {
        "giaoban_build_info 1\n".repeat(400_000)
    }
    fn not_live(&self) -> Vec<String> {
        Vec::new()
    }
    fn not_ready(&self) -> Vec<String> {
        Vec::new()
    }
    fn not_started(&self) -> Vec<String> {
        Vec::new()
    }
}

const FEW: ConnectionLimits =
    ConnectionLimits { at_a_time: 20, headers_within: Duration::from_millis(300), lives: Duration::from_secs(60) };

#[test]
fn connections_that_ask_nothing_starve_no_probe_and_end() {
    let server = Server::within(ConnectionLimits { headers_within: Duration::from_secs(3), ..FEW }, Well(true), None);
    let mut half_open: Vec<TcpStream> =
        (0..100).map(|number| server.connect(if number % 2 == 0 { "" } else { "GET /livez HTTP/1.1\r\nHo" })).collect();
    let begun = Instant::now();
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert!(half_open.iter_mut().all(|stream| answer(stream).is_some()), "each of them ends");
}

#[test]
fn a_connection_that_is_kept_ends_where_no_other_request_comes() {
    let server = Server::within(FEW, Well(true), None);
    let begun = Instant::now();
    let said = server.raw("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("ok\n"), "{said}");
    assert!((FEW.headers_within..Duration::from_secs(5)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
}

#[test]
fn an_answer_that_nobody_reads_holds_no_connection_for_ever() {
    let lives = Duration::from_secs(1);
    let server = Server::within(ConnectionLimits { lives, ..FEW }, Long, None);
    let mut unread = server.connect("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    std::thread::sleep(3 * lives);
    let said = answer(&mut unread).unwrap();
    assert!(said.starts_with("HTTP/1.1 200") && said.len() < Long.metrics().len(), "{}", said.len());
    assert_eq!(server.get("/metrics").body.len(), Long.metrics().len(), "who reads gets all of it");
}

#[test]
fn a_server_that_is_called_by_a_strange_name_answers_nothing() {
    let (_folder, server) = city();
    let ask = |path: &str, hosts: &str| {
        server.raw(&format!("GET {path} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n")).unwrap()
    };
    for path in ["/", "/v1/rollup", "/metrics", "/livez", "/nowhere"] {
        for hosts in ["Host: evil.example\r\n", "Host: localhost\r\nHost: evil.example\r\n", "Host: <b>\r\n", ""] {
            let said = ask(path, hosts);
            assert!(said.starts_with("HTTP/1.1 421 ") && !said.contains("<b>"), "{path} {hosts}: {said}");
        }
    }
    assert!(ask("http://evil.example/metrics", "Host: localhost\r\n").starts_with("HTTP/1.1 421 "));
    assert!(ask("/?lang=en", "Host: evil.example\r\n").contains("add it to `http.hosts`"));
    for known in ["localhost:9464", "127.0.0.1", "[::1]:9464", "giaoban.example"] {
        assert!(ask("/metrics", &format!("Host: {known}\r\n")).starts_with("HTTP/1.1 200 "), "{known}");
    }
    assert!(server.raw("GET /livez HTTP/1.0\r\n\r\n").unwrap().starts_with("HTTP/1.0 200 "));
}

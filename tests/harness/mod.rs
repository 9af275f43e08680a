//! Runs the binary as a user does, each test in a folder of its own.

#![allow(dead_code)]

pub mod bad;
pub mod broker;
pub mod certificate;
pub mod disk;
pub mod events;
pub mod hanoi;
pub mod kafka;
pub mod lonely;
pub mod prometheus;
pub mod running;
pub mod terminal;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// No command of these tests takes longer.
const TIME: Duration = Duration::from_secs(60);

pub struct Giaoban {
    dir: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Whether what a command or a worker's log said has a remedy, as text or as a line for programs.
pub fn has_remedy(said: &str) -> bool {
    said.contains("remedy: ") || said.contains("\"remedy\":\"")
}

impl Giaoban {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// With topics of its own on the broker that the tests run on.
    pub fn on_kafka() -> Self {
        Self::on_kafka_at(&std::env::var("KAFKA_BROKERS").expect("KAFKA_BROKERS is not set: run ./test.sh"))
    }

    /// With topics of its own on that broker.
    pub fn on_kafka_at(brokers: &str) -> Self {
        let name = format!("test-{:x}", jiff::Timestamp::now().as_nanosecond());
        Self::new()
            .with("GIAOBAN__KAFKA__BROKERS", brokers)
            .with("GIAOBAN__KAFKA__TOPIC", &name)
            .with("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC", &format!("{name}.dlq"))
            .with("GIAOBAN__KAFKA__GROUP", &name)
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    pub fn variable(&self, name: &str) -> &str {
        &self.variables.iter().find(|(known, _)| known == name).unwrap().1
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn data(&self) -> PathBuf {
        self.dir().join("data")
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The binary of this build, or that of `TEST_BINARY`.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let binary = std::env::var_os("TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_giaoban").into());
        let mut command = Command::new(binary);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GIAOBAN")) {
            command.env_remove(name);
        }
        command.current_dir(self.dir()).envs(self.variables.iter().cloned()).args(arguments);
        if !arguments.contains(&"--data") {
            command.args(["--data", "data"]);
        }
        if !arguments.contains(&"--lang") {
            command.args(["--lang", "en"]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        wait(self.start(arguments), &format!("{arguments:?}"))
    }

    pub fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Ended {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let ended = wait(child, &format!("{arguments:?}"));
        writer.join().unwrap();
        ended
    }

    /// Runs it, and it must be done without a fault.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}\n{}\n{}", ended.out, ended.err);
        ended.out
    }

    /// Runs it, and it must end with that code; returns what it said.
    pub fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(code), "{arguments:?}\n{}\n{}", ended.out, ended.err);
        ended.err
    }

    /// Sessions with these numbers, of these units in turn, as a file.
    pub fn write_sessions(&self, name: &str, units: &[&str], numbers: Range<usize>) -> PathBuf {
        let event = |number: usize| session(units[number % units.len()], number, 1, "2020-03-04", 1) + "\n";
        self.write(name, numbers.map(event).collect::<String>())
    }

    /// Sessions of one unit, with these numbers.
    pub fn publish_sessions(&self, numbers: Range<usize>) {
        self.publish_sessions_of(&["00004"], numbers);
    }

    /// Sessions of these units in turn, with these numbers.
    pub fn publish_sessions_of(&self, units: &[&str], numbers: Range<usize>) {
        self.write_sessions("a.ndjson", units, numbers);
        self.ok(&["publish", "a.ndjson"]);
    }

    /// How many sessions the whole city has in the quarter of these; `None` while there are no figures.
    pub fn sessions(&self) -> Option<u64> {
        let ended = self.run(&["rollup", "--period", "2020-Q1", "--unit", "01", "--format", "json"]);
        let out = (ended.code == Some(0)).then_some(ended.out)?;
        let rollup: serde_json::Value = serde_json::from_str(&out).ok()?;
        let row = rollup["units"].as_array()?.iter().find(|row| row["unit"] == "01")?;
        row["figures"]["supervision_sessions"].as_u64()
    }

    pub fn settle(&self) -> String {
        self.ok(&["worker", "--until-caught-up"])
    }

    pub fn rollup(&self, period: &str) -> serde_json::Value {
        serde_json::from_str(&self.ok(&["rollup", "--period", period, "--format", "json"])).unwrap()
    }

    /// A figure of a unit, as the rollup for programs has it.
    pub fn figure(&self, period: &str, unit: &str, figure: &str) -> serde_json::Value {
        let rollup = self.rollup(period);
        let units = rollup["units"].as_array().unwrap();
        let row = units.iter().find(|row| row["unit"] == unit).unwrap_or_else(|| panic!("no {unit} in {period}"));
        row["figures"][figure].clone()
    }
}

/// Waits for something to come true, which must within that time.
pub fn until(what: &str, within: Duration, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < within, "{what}: not within {within:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What a server answers to a request of its own: the status, and the body.
pub fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(TIME)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Sends it a signal, by its name.
pub fn signal(process: &Child, name: &str) {
    let kill = Command::new("kill").args([&format!("-{name}"), &process.id().to_string()]).status().unwrap();
    assert!(kill.success(), "there is no process {}", process.id());
}

/// How often a worker was given partitions, as its log says: it may be given none.
pub fn assignments(log: &str) -> usize {
    log.lines().filter(|line| line.contains("\"assigned\"") && line.contains("Partition(")).count()
}

/// Waits for its end, which must come.
pub fn wait(mut child: Child, what: &str) -> Ended {
    fn reader(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        })
    }
    let (out, err) = (reader(child.stdout.take().unwrap()), reader(child.stderr.take().unwrap()));
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > TIME {
            child.kill().unwrap();
            panic!("{what} does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Ended { code: status.code(), out: out.join().unwrap(), err: err.join().unwrap() }
}

/// A supervision session as a structured event on one line.
pub fn session(unit: &str, number: usize, revision: i64, held_on: &str, participants: u32) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"GS-{number}.{revision}","source":"/units/{unit}","type":"vn.giaoban.supervision.v1","subject":"GS-{number}","time":"2026-01-01T08:00:00+07:00","datacontenttype":"application/json","partitionkey":"{unit}","revision":{revision},"data":{{"unit":"{unit}","held_on":"{held_on}","body":"trade_union","field":"environment","participants":{participants}}}}}"#
    )
}

/// A case, with more fields as JSON members.
pub fn case(unit: &str, number: usize, detected_on: &str, more: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"VP-{number}.1","source":"/units/{unit}","type":"vn.giaoban.violation.v1","subject":"VP-{number}","time":"2026-01-01T08:00:00+07:00","partitionkey":"{unit}","data":{{"unit":"{unit}","detected_on":"{detected_on}","body":"trade_union","field":"environment","status":"confirmed","recommended":true{more}}}}}"#
    )
}

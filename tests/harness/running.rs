//! A program that runs on, watched as an operator watches it: probes, metrics, its log.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Giaoban, assignments, get, signal, until};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Running {
    child: Child,
    address: String,
    log: Arc<Mutex<String>>,
    /// What reads the log, to its end.
    reader: Option<JoinHandle<()>>,
}

impl Running {
    /// `giaoban worker`, as soon as it serves.
    pub fn worker(giaoban: &Giaoban) -> Self {
        Self::of(giaoban.command(&["worker"]))
    }

    /// That command, as soon as it serves.
    pub fn of(command: Command) -> Self {
        let mut running = Self::unserved(command);
        until("the address", PATIENCE, || {
            running.assert_running();
            let log = running.log();
            let address = log.split_once("\"address\":\"").and_then(|(_, rest)| rest.split('"').next());
            running.address = address.unwrap_or_default().to_owned();
            !running.address.is_empty()
        });
        running
    }

    /// That command, of which nothing but its log is watched.
    pub fn unserved(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log: Arc<Mutex<String>> = Arc::default();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let to = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            let mut line = String::new();
            while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
                to.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        Self { child, address: String::new(), log, reader: Some(reader) }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until its log says that.
    pub fn says(&self, words: &str) {
        for _ in 0..PATIENCE.as_millis() / 50 {
            if self.log().contains(words) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("it does not say \"{words}\": {}", self.log());
    }

    /// Waits until it was given partitions.
    pub fn until_assigned(&mut self) {
        until("partitions", PATIENCE, || {
            self.assert_running();
            assignments(&self.log()) > 0
        });
    }

    /// What it answers: the status, and the body.
    pub fn get(&self, path: &str) -> (u16, String) {
        get(&self.address, path)
    }

    pub fn is_ready(&self) -> bool {
        self.readiness().0 == 200
    }

    /// What `/readyz` answers: its status, and what it says.
    pub fn readiness(&self) -> (u16, String) {
        self.get("/readyz")
    }

    pub fn is_live(&self) -> bool {
        self.get("/livez").0 == 200
    }

    /// A metric's value, by its name with its labels.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let (_, text) = self.get("/metrics");
        let alone = text
            .replace("{installation=\"giaoban\"}", "")
            .replace(",installation=\"giaoban\"}", "}")
            .replace("installation=\"giaoban\",", "");
        alone.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
    }

    pub fn until_ready(&self) {
        until("readiness", PATIENCE, || self.is_ready());
    }

    pub fn until_not_ready(&self, within: Duration) {
        until("no readiness", within, || !self.is_ready());
    }

    pub fn assert_running(&mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "it ended: {}", self.log());
    }

    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// How it ends, of itself or because it was told to, and its log.
    pub fn ended(mut self) -> (Option<i32>, String) {
        let mut code = None;
        until("the end", PATIENCE, || {
            code = self.child.try_wait().unwrap();
            code.is_some()
        });
        // The last lines may still be on their way.
        self.reader.take().unwrap().join().unwrap();
        (code.unwrap().code(), self.log())
    }

    pub fn stop(self) {
        self.signal("TERM");
        let (code, log) = self.ended();
        assert_eq!(code, Some(0), "{log}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! A worker's process, which is signalled and watched.

use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{self, Giaoban, assignments};

/// Within which a worker that is told to must end.
pub const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// A worker's process. What it says goes to a file, which is never full.
pub struct Worker {
    name: String,
    process: Child,
    log: PathBuf,
}

impl Worker {
    pub fn start(giaoban: &Giaoban, name: &str, variables: &[(&str, &str)]) -> Self {
        let log = giaoban.dir().join(format!("{name}.log"));
        let mut command = giaoban.command(&["worker"]);
        command.envs(variables.iter().copied()).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        Self { name: name.to_owned(), process: command.spawn().unwrap(), log }
    }

    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// What its connection to the database is called, if its URL says so.
    pub fn session(&self) -> &str {
        &self.name
    }

    /// Whether it was ever given partitions.
    pub fn has_worked(&self) -> bool {
        assignments(&self.said()) > 0
    }

    pub fn signal(&self, signal: &str) {
        harness::signal(&self.process, signal);
    }

    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().unwrap()
    }

    pub fn assert_running(&mut self) {
        if let Some(status) = self.ended() {
            panic!("{} ended by itself, {status}:\n{}", self.name, self.said());
        }
    }

    /// True once it has ended as one that was told to at that moment has to.
    pub fn has_stopped(&mut self, told: Instant) -> bool {
        let Some(status) = self.ended() else {
            assert!(told.elapsed() < ENDS_WITHIN, "{} does not end:\n{}", self.name, self.said());
            return false;
        };
        // One that has not taken up its work may end by the signal itself.
        let at_once = status.signal() == Some(15) && !self.has_worked();
        assert!(status.code() == Some(0) || at_once, "{} ended with {status}:\n{}", self.name, self.said());
        true
    }

    /// Tells it to stop, and it must.
    pub fn stop(self) {
        self.signal("TERM");
        self.stops(Instant::now());
    }

    pub fn stops(mut self, told: Instant) {
        while !self.has_stopped(told) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let said = self.said();
            let lines: Vec<&str> = said.lines().collect();
            eprintln!("the last words of {}:\n{}", self.name, lines[lines.len().saturating_sub(100)..].join("\n"));
        }
    }
}

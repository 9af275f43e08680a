//! The binary that is measured, as a process of its own.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Failure, median};

/// What one run of the worker took.
pub struct WorkerRun {
    pub seconds: f64,
    pub peak_rss_bytes: u64,
}

/// The release binary on one topic and one data directory.
pub struct Giaoban<'a> {
    pub brokers: &'a str,
    pub topic: &'a str,
    pub group: String,
    pub data: &'a Path,
    /// More settings.
    pub variables: Vec<(&'static str, String)>,
}

impl Giaoban<'_> {
    /// `GIAOBAN_BIN` stands in for the binary of this build, to compare two builds on one broker.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let binary = std::env::var_os("GIAOBAN_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_giaoban").into());
        let mut command = Command::new(binary);
        command
            .args(arguments)
            .arg("--data")
            .arg(self.data)
            .env("GIAOBAN__KAFKA__BROKERS", self.brokers)
            .env("GIAOBAN__KAFKA__TOPIC", self.topic)
            .env("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC", format!("{}.dlq", self.topic))
            .env("GIAOBAN__KAFKA__GROUP", &self.group)
            .env("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0")
            .env("GIAOBAN__LOG__LEVEL", "error")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// That many workers at once, until they have caught up.
    pub fn work(&self, workers: usize) -> Result<WorkerRun, Failure> {
        fs::create_dir_all(self.data)?;
        let start = Instant::now();
        let mut children = Vec::new();
        for _ in 0..workers {
            children.push(self.command(&["worker", "--until-caught-up"]).stdout(Stdio::null()).spawn()?);
        }
        let (mut peak_rss_bytes, mut running) = (0, children.len());
        while running > 0 {
            running = 0;
            for child in &mut children {
                // VmHWM is the kernel's own peak, so nothing between two looks is missed but the last 5 ms.
                peak_rss_bytes = peak_rss_bytes.max(peak_rss_of(child.id()).unwrap_or_default());
                match child.try_wait()? {
                    Some(status) if !status.success() => {
                        return Err(format!("a worker ended with {status}; its messages are above").into());
                    }
                    Some(_) => {}
                    None => running += 1,
                }
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(WorkerRun { seconds: start.elapsed().as_secs_f64(), peak_rss_bytes })
    }

    /// A worker that runs on.
    pub fn start(&self) -> Result<Child, Failure> {
        fs::create_dir_all(self.data)?;
        Ok(self.command(&["worker"]).stdout(Stdio::null()).spawn()?)
    }

    pub fn store_bytes(&self) -> Result<u64, Failure> {
        Ok(size_of_directory(self.data)?)
    }

    /// Fails unless the figures of the year account for every event: a fast worker that is wrong is not fast.
    pub fn expect_events(&self, records: u64) -> Result<(), Failure> {
        let output = self.command(&["rollup", "--period", "2020", "--format", "json"]).output()?;
        if !output.status.success() {
            return Err(format!("rollup: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let rollup: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let city = &rollup["units"][0]["figures"];
        let counted = |figure: &str| city[figure].as_u64().ok_or(format!("the city's {figure} is not in the rollup"));
        let total = counted("supervision_sessions")? + counted("violations_found")?;
        if total != records {
            return Err(format!("the city's figures count {total} events, but {records} were sent").into());
        }
        Ok(())
    }

    pub fn rollup_milliseconds(&self, period: &str) -> Result<f64, Failure> {
        self.milliseconds(5, || self.command(&["rollup", "--period", period, "--format", "json"]))
    }

    /// The median of so many runs of a command, which must succeed.
    pub fn milliseconds(&self, runs: usize, command: impl Fn() -> Command) -> Result<f64, Failure> {
        let mut times = vec![];
        for _ in 0..runs {
            let mut command = command();
            let start = Instant::now();
            let status = command.stdout(Stdio::null()).status()?;
            if !status.success() {
                return Err(format!("{command:?} ended with {status}").into());
            }
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
        Ok(median(&mut times))
    }
}

/// The process's highest resident set so far; none once it has ended.
pub fn peak_rss_of(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn size_of_directory(directory: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { size_of_directory(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}

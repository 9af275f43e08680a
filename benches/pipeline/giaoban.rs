//! The binary that is measured, as a process of its own.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Failure, median, until};

/// What processes took that ran to their end at once.
pub struct Run {
    pub seconds: f64,
    /// Of the one that took most.
    pub peak_rss_bytes: u64,
}

/// Runs these at once.
pub fn run(commands: impl Iterator<Item = Command>) -> Result<Run, Failure> {
    let start = Instant::now();
    let mut children = Vec::new();
    for mut command in commands {
        children.push(command.stdout(Stdio::null()).spawn()?);
    }
    let (mut peak_rss_bytes, mut running) = (0, children.len());
    while running > 0 {
        running = 0;
        for child in &mut children {
            // VmHWM is the kernel's own peak, so nothing between two looks is missed but the last 5 ms.
            peak_rss_bytes = peak_rss_bytes.max(peak_rss_of(child.id()).unwrap_or_default());
            match child.try_wait()? {
                Some(status) if !status.success() => {
                    return Err(format!("a process ended with {status}; its messages are above").into());
                }
                Some(_) => {}
                None => running += 1,
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(Run { seconds: start.elapsed().as_secs_f64(), peak_rss_bytes })
}

/// Gives each partition with where the store is in it.
pub type Checkpoints = dyn FnMut() -> Result<Vec<(i32, i64)>, Failure>;

/// The release binary on one topic and one data directory.
pub struct Giaoban<'a> {
    pub brokers: &'a str,
    pub topic: &'a str,
    pub group: String,
    pub data: &'a Path,
    /// The store's place if it is not SQLite in `data`.
    pub postgres: Option<Postgres<'a>>,
}

/// A schema in a PostgreSQL database.
pub struct Postgres<'a> {
    pub url: &'a str,
    pub schema: String,
}

impl Postgres<'_> {
    pub fn client(&self) -> Result<postgres::Client, Failure> {
        Ok(postgres::Client::connect(self.url, postgres::NoTls)?)
    }

    fn bytes(&self) -> Result<u64, Failure> {
        let size = "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
                    WHERE relkind = 'r' AND relnamespace = $1::text::regnamespace";
        let bytes: i64 = self.client()?.query_one(size, &[&self.schema])?.get(0);
        Ok(bytes.unsigned_abs())
    }
}

impl Giaoban<'_> {
    /// `TEST_BINARY` stands in for the binary of this build, to compare two builds on one broker.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let binary = std::env::var_os("TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_giaoban").into());
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
            .stdin(Stdio::null());
        if let Some(Postgres { url, schema }) = &self.postgres {
            command.env("GIAOBAN__STORE__URL", url).env("GIAOBAN__STORE__SCHEMA", schema);
        }
        command
    }

    /// That many workers at once, until they have caught up.
    pub fn work(&self, workers: usize) -> Result<Run, Failure> {
        fs::create_dir_all(self.data)?;
        run((0..workers).map(|_| self.command(&["worker", "--until-caught-up"])))
    }

    /// A worker that runs on.
    pub fn start(&self) -> Result<Child, Failure> {
        fs::create_dir_all(self.data)?;
        Ok(self.command(&["worker"]).stdout(Stdio::null()).spawn()?)
    }

    pub fn store_bytes(&self) -> Result<u64, Failure> {
        match &self.postgres {
            Some(postgres) => postgres.bytes(),
            None => Ok(size_of_directory(self.data)?),
        }
    }

    /// Removes the store; what a database server still has to write of it is written, and burdens nothing that follows.
    pub fn remove_store(&self) -> Result<(), Failure> {
        if let Some(postgres) = &self.postgres {
            let mut client = postgres.client()?;
            client.batch_execute(&format!("DROP SCHEMA {} CASCADE", postgres.schema))?;
            client.batch_execute("CHECKPOINT")?;
        }
        Ok(fs::remove_dir_all(self.data)?)
    }

    /// How the store's checkpoints are asked again and again, once it is there.
    pub fn checkpoints(&self) -> Result<Box<Checkpoints>, Failure> {
        let topic = self.topic.to_owned();
        if let Some(postgres) = &self.postgres {
            let mut client = postgres.client()?;
            let select =
                format!("SELECT partition, next_offset FROM {}.checkpoint_1 WHERE topic = $1", postgres.schema);
            let select = until("a store", || Ok(client.prepare(&select).ok()))?;
            return Ok(Box::new(move || {
                let rows = client.query(&select, &[&topic])?;
                Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
            }));
        }
        let store = self.data.join("store-1.db");
        let connection = until("a store", || {
            let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
            let connection = rusqlite::Connection::open_with_flags(&store, flags).ok();
            Ok(connection.filter(|connection| connection.prepare("SELECT 1 FROM checkpoint").is_ok()))
        })?;
        Ok(Box::new(move || {
            let mut read =
                connection.prepare_cached("SELECT partition, next_offset FROM checkpoint WHERE topic = ?1")?;
            let rows = read.query_map([&topic], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        }))
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

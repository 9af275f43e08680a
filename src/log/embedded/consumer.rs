//! Reads a topic: each partition has its turn, and an idle reader looks only
//! whether anything was committed.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::file::EmbeddedLog;
use crate::domain::{NextOffset, Partition};
use crate::files::sqlite::OpenFiles;
use crate::log::{Consumer, Incoming, LogError, Most, Polled};

/// How often it looks whether the file still is the one that was opened.
const FILES_EVERY: Duration = Duration::from_secs(5);
/// How often an idle consumer looks whether anything was committed: at that a look costs microseconds.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

pub(super) struct EmbeddedConsumer {
    pub(super) log: EmbeddedLog,
    pub(super) connection: Connection,
    pub(super) topic: String,
    /// Until the first poll.
    pub(super) unassigned: Vec<Partition>,
    pub(super) reading: Vec<(Partition, NextOffset)>,
    /// Which partition is read first next time: each has its turn.
    pub(super) turn: usize,
    /// The file's version at which no partition had more; `None` if that is to be found out.
    pub(super) drained_at: Option<i64>,
    pub(super) paused: bool,
    /// The log's files as they were when they were opened, and when they were looked at last.
    pub(super) files: OpenFiles,
    pub(super) looked_at: Instant,
    pub(super) held: BTreeSet<Partition>,
}

impl EmbeddedConsumer {
    /// Hands over what one partition has, if any has anything.
    fn read_next(&mut self, most: Most, sink: &mut dyn FnMut(Incoming<'_>)) -> Result<usize, LogError> {
        // Asked before the partitions: what is committed meanwhile has a version after it.
        let version = self.version()?;
        if self.drained_at == Some(version) {
            return Ok(0);
        }
        for index in 0..self.reading.len() {
            let at = (self.turn + index) % self.reading.len();
            let (partition, next) = self.reading[at];
            if self.held.contains(&partition) {
                continue;
            }
            let handed = self.log.read_from(&self.connection, (&self.topic, partition, next.0), most, sink)?;
            if handed > 0 {
                // Offsets of this log have no gaps.
                self.reading[at].1 = NextOffset(next.0 + handed as i64);
                self.turn = at + 1;
                return Ok(handed);
            }
        }
        self.drained_at = Some(version);
        Ok(0)
    }

    /// Whether the file still is the one that was opened, with all that was read of it: another may have been moved or
    /// copied over it.
    fn look_at_files(&mut self) -> Result<(), LogError> {
        if self.looked_at.elapsed() < FILES_EVERY {
            return Ok(());
        }
        self.looked_at = Instant::now();
        if let Some(file) = self.files.replaced() {
            return Err(LogError::Replaced { at: file.display().to_string() });
        }
        for (partition, next) in self.reading.clone() {
            if self.log.end(&self.connection, &self.topic, partition)? < next {
                return Err(LogError::Replaced { at: self.log.path.display().to_string() });
            }
        }
        Ok(())
    }

    /// A number that changes with each commit of another connection, of whatever process; a look into shared memory.
    fn version(&self) -> Result<i64, LogError> {
        let select = self.connection.prepare_cached("PRAGMA data_version");
        select.and_then(|mut select| select.query_row([], |row| row.get(0))).map_err(|error| self.log.error(error))
    }
}

impl Consumer for EmbeddedConsumer {
    fn poll(&mut self, timeout: Duration, most: Most, sink: &mut dyn FnMut(Incoming<'_>)) -> Result<Polled, LogError> {
        if !self.unassigned.is_empty() {
            return Ok(Polled::Assigned(std::mem::take(&mut self.unassigned)));
        }
        let begun = Instant::now();
        self.look_at_files()?;
        loop {
            if !self.paused {
                let handed = self.read_next(most, sink)?;
                if handed > 0 {
                    return Ok(Polled::Messages(handed));
                }
            }
            let left = timeout.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Ok(Polled::Messages(0));
            }
            std::thread::sleep(left.min(LOOK_AGAIN));
        }
    }

    fn start(&mut self, from: &[(Partition, NextOffset)]) -> Result<(), LogError> {
        self.release(&from.iter().map(|(partition, _)| *partition).collect::<Vec<_>>())?;
        self.reading.extend(from);
        self.drained_at = None;
        Ok(())
    }

    fn release(&mut self, partitions: &[Partition]) -> Result<(), LogError> {
        self.reading.retain(|(partition, _)| !partitions.contains(partition));
        self.held.retain(|partition| !partitions.contains(partition));
        Ok(())
    }

    fn seek(&mut self, partition: Partition, to: NextOffset) -> Result<(), LogError> {
        for reading in self.reading.iter_mut().filter(|(reading, _)| *reading == partition) {
            reading.1 = to;
        }
        self.held.remove(&partition);
        self.drained_at = None;
        Ok(())
    }

    fn hold(&mut self, partitions: &[Partition]) -> Result<(), LogError> {
        for partition in partitions {
            if !self.reading.iter().any(|(reading, _)| reading == partition) {
                self.reading.push((*partition, NextOffset(0)));
            }
            self.held.insert(*partition);
        }
        Ok(())
    }

    fn pause(&mut self) -> Result<(), LogError> {
        self.paused = true;
        Ok(())
    }

    fn resume(&mut self) -> Result<(), LogError> {
        self.paused = false;
        Ok(())
    }

    fn commit_hint(&mut self, _offsets: &[(Partition, NextOffset)], _note: &str) {}

    fn ends(&mut self) -> Vec<(Partition, NextOffset)> {
        let partitions: Vec<Partition> = self.reading.iter().map(|(partition, _)| *partition).collect();
        let end = |partition| Some((partition, self.log.end(&self.connection, &self.topic, partition).ok()?));
        partitions.into_iter().filter_map(end).collect()
    }

    fn close(self: Box<Self>) {}
}

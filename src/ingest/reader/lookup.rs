//! Where partitions start: what the store has of them, and what the log has.

use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use super::{Reader, no_answer};
use crate::domain::{NextOffset, Partition};
use crate::failure::Explained as _;
use crate::ingest::error::WorkerError;
use crate::ingest::machine::{Input, Start, Stopped};
use crate::ingest::writer::{Reply, Request};
use crate::log::{LogError, identity_of};
use crate::store::{Checkpoint, StoreError};

/// A broker that starts knows its topics within this long.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);

impl Reader {
    /// A topic that is not there is looked for once more: a broker that has just started may not know it yet.
    pub(super) fn once_more(&self, topic: &str, error: LogError) -> LogError {
        let begun = Instant::now();
        while matches!(error, LogError::NoSuchTopic(_)) && !self.stop.load(Ordering::Relaxed) {
            match self.log.topic(topic) {
                Err(LogError::NoSuchTopic(_)) if begun.elapsed() > KNOWN_WITHIN => break,
                Err(LogError::NoSuchTopic(_)) => std::thread::sleep(KNOWN_WITHIN / 5),
                _ => return LogError::Transient(error.into()),
            }
        }
        error
    }

    /// Whether the topic is the one that the store is made from; what cannot be found out now is found out by the last
    /// record that the store has.
    pub(super) fn is_still_bound(&self) -> Result<(), WorkerError> {
        match (&self.bound, identity_of(&*self.log, &self.topic)) {
            (Some(bound), Ok(Some(found))) if !bound.is_same(&found) => {
                let (at, bound) = (self.of_store.1.clone(), bound.clone().into());
                Err(StoreError::OtherLog { at, bound, found: found.into() }.into())
            }
            _ => Ok(()),
        }
    }

    /// Why the log has nothing where it is read: what was there has expired, or the log ends before it.
    pub(super) fn nothing_there(&mut self, error: LogError) -> WorkerError {
        let LogError::OffsetOutOfRange { partition, wanted, .. } = error else { return error.into() };
        match self.consumer.range(partition) {
            Ok(range) if wanted < range.low => Stopped::Gap { partition, from: wanted, to: range.low }.into(),
            Ok(range) if wanted > range.high => {
                Stopped::Truncated { partition, stored: wanted, end: range.high }.into()
            }
            _ => error.into(),
        }
    }

    /// Tells the machine where store and log are.
    pub(super) fn look_up(&mut self, partitions: &[Partition], now_ms: u64) -> Result<(), WorkerError> {
        // The group waits for the answer to an assignment of nothing too, and it takes neither store nor log.
        let found = if partitions.is_empty() { Ok(Vec::new()) } else { self.starts(partitions, now_ms) };
        let starts = match found {
            Ok(starts) => starts,
            Err(error) if self.passes(error.kind()) => {
                tracing::warn!(%error, "cannot look up where to start; trying again");
                self.metrics.health.not_ready();
                self.machine.handle(Input::Unknown(partitions), now_ms);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.looked_up = true;
        self.machine.handle(Input::Assigned(&starts), now_ms);
        Ok(())
    }

    fn starts(&mut self, partitions: &[Partition], now_ms: u64) -> Result<Vec<Start>, WorkerError> {
        let checkpoints = self.checkpoints(now_ms)?;
        let mut starts = Vec::with_capacity(partitions.len());
        for partition in partitions {
            let stored = checkpoints.iter().find(|checkpoint| checkpoint.partition == *partition).copied();
            let range = self.consumer.range(*partition).map_err(|error| self.once_more(&self.topic, error))?;
            self.metrics.reading(*partition, stored, range.high);
            self.committed.insert(*partition, stored.map_or(NextOffset(0), |checkpoint| checkpoint.next));
            let last_timestamp_ms = stored.and_then(|checkpoint| checkpoint.last_timestamp_ms);
            starts.push(Start { stored: stored.map(|checkpoint| checkpoint.next), last_timestamp_ms, range });
        }
        Ok(starts)
    }

    pub(super) fn checkpoints(&mut self, now_ms: u64) -> Result<Vec<Checkpoint>, WorkerError> {
        self.requests.send(Request::Checkpoints).map_err(|_| no_answer())?;
        loop {
            match self.replies.recv_timeout(Duration::from_millis(500)) {
                Ok(Reply::Checkpoints(result)) => return Ok(result?),
                Ok(other) => self.reply(other, now_ms)?,
                // A server that hangs keeps nobody from stopping.
                Err(RecvTimeoutError::Timeout) => {
                    self.is_to_stop()?;
                    self.tell_of_silence();
                }
                Err(RecvTimeoutError::Disconnected) => return Err(no_answer()),
            }
        }
    }

    /// What may pass is tried again later.
    pub(super) fn or_later(
        &mut self,
        result: Result<(), LogError>,
        partitions: &[Partition],
    ) -> Result<(), WorkerError> {
        match result.map_err(|error| self.once_more(&self.topic, error)) {
            Err(error) if self.passes(error.kind()) => {
                tracing::warn!(%error, "cannot read from there yet; trying again");
                let now_ms = self.begun.elapsed().as_millis() as u64;
                self.machine.handle(Input::Unknown(partitions), now_ms);
                Ok(())
            }
            other => Ok(other?),
        }
    }
}

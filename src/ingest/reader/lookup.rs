//! Where partitions start: what the log has of each, asked without waiting, and what the store has.

use std::time::Duration;

use super::Reader;
use crate::domain::{NextOffset, Partition};
use crate::failure::Explained as _;
use crate::ingest::errands::{Progress, Reply, Request};
use crate::ingest::error::WorkerError;
use crate::ingest::machine::{Input, Start, Stopped, WentBack};
use crate::ingest::ranges::{ask, once_more};
use crate::log::{LogError, PartitionRange, Ranges, identity_of};
use crate::observability::LogTrouble;
use crate::store::StoreError;

impl Reader {
    /// Asks the log where these partitions begin and end.
    pub(super) fn look_up(&mut self, partitions: &[Partition], now_ms: u64) {
        // The group waits for the answer to an assignment of nothing too, and it takes neither store nor log.
        if partitions.is_empty() {
            self.looked_up = true;
            // One that stands by for the others.
            if self.committed.is_empty() {
                self.metrics.health.works();
            }
            self.machine.handle(Input::Assigned(&[]), now_ms);
            return;
        }
        self.rounds += 1;
        self.ranging.extend(partitions.iter().map(|partition| (*partition, self.rounds)));
        let answers = (self.rounds, self.answers.clone());
        let log = (&self.log, self.notes.as_ref());
        if let Err(error) = ask(log, &self.topic, partitions, answers, &self.stop) {
            tracing::warn!(event = "lookup_not_started", %error, "cannot start a thread that looks up where to start; trying again");
            self.unknown(partitions, now_ms);
        }
    }

    /// The log has answered of some.
    pub(super) fn ranges(&mut self, round: u64, mut ranges: Ranges, now_ms: u64) -> Result<(), WorkerError> {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        // In whatever order they came: the same log is read in the same order.
        ranges.sort_by_key(|(partition, _)| *partition);
        for (partition, range) in ranges {
            // What was given up meanwhile, or is looked up anew, is not started.
            if self.ranging.get(&partition) != Some(&round) {
                continue;
            }
            match range {
                Ok(range) => {
                    self.unanswered.remove(&partition);
                    known.push(range);
                }
                Err(error) if self.passes(error.kind()) => {
                    self.metrics.log_failed(LogTrouble::Lookup);
                    tracing::warn!(event = "log_lookup_failed", %partition, %error, "cannot look up where to start; trying again");
                    self.unanswered.insert(partition);
                    unknown.push(partition);
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.unknown(&unknown, now_ms);
        if !known.is_empty() {
            self.starts(&known, now_ms)?;
        }
        Ok(())
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

    /// The log has nothing where it is read: what was there has expired, which may be accepted, or the log ends before it.
    pub(super) fn nothing_there(&mut self, error: LogError, now_ms: u64) -> Result<(), WorkerError> {
        let LogError::OffsetOutOfRange { partition, wanted, .. } = error else { return Err(error.into()) };
        match self.log.range(&self.topic, partition) {
            Ok(range) if wanted < range.low && self.machine.accepts_gaps() => {
                tracing::warn!(event = "gap_accepted", %partition, from = %wanted, to = %range.low, "messages are gone that were not read: going on behind them, as it was accepted");
                self.unknown(&[partition], now_ms);
                Ok(())
            }
            Ok(range) if wanted < range.low => Err(Stopped::Gap { partition, from: wanted, to: range.low }.into()),
            Ok(range) if wanted > range.high => {
                Err(Stopped::Truncated { partition, stored: wanted, end: range.high }.into())
            }
            _ => Err(error.into()),
        }
    }

    /// Nothing more of these until they are started again. Those that the group has just given are taken all the same: it
    /// waits for its answer, and with it whoever else is to get or to give up a partition.
    pub(super) fn keep_still(&mut self, partitions: &[Partition]) -> Result<(), WorkerError> {
        match self.consumer.hold(partitions) {
            Ok(()) => {
                let new = partitions.iter().filter(|partition| !self.started.contains(partition));
                let new: Vec<Partition> = new.copied().collect();
                self.started.extend(new);
                Ok(())
            }
            Err(error) if self.passes(error.kind()) => {
                tracing::debug!(event = "consumer_not_held", %error, ?partitions, "the consumer does not keep still; what comes is dropped");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The group is answered although store or log have not said yet where to start.
    pub(super) fn answer_group(&mut self) -> Result<(), WorkerError> {
        let waiting = self.ranging.keys().filter(|partition| !self.started.contains(partition));
        let waiting: Vec<Partition> = waiting.copied().collect();
        if waiting.is_empty() { Ok(()) } else { self.keep_still(&waiting) }
    }

    /// Tells the machine where store and log are.
    fn starts(&mut self, ranges: &[PartitionRange], now_ms: u64) -> Result<(), WorkerError> {
        let partitions: Vec<Partition> = ranges.iter().map(|range| range.partition).collect();
        let progress = match self.progress(now_ms) {
            Ok(progress) => progress,
            Err(error) if self.passes(error.kind()) => {
                tracing::warn!(event = "store_lookup_failed", %error, "cannot look up where to start; trying again");
                self.unknown(&partitions, now_ms);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let (mut starts, mut lost) = (Vec::with_capacity(ranges.len()), Vec::new());
        for range in ranges.iter().copied() {
            let partition = range.partition;
            self.ranging.remove(&partition);
            let stored = progress.checkpoints.iter().find(|checkpoint| checkpoint.partition == partition).copied();
            self.metrics.reading(partition, stored, range.high);
            let to = stored.map(|checkpoint| checkpoint.next);
            let next = to.unwrap_or_default();
            // Nobody who writes takes a store back.
            if let Some(from) = self.committed.insert(partition, next).filter(|from| next < *from) {
                lost.push(WentBack { partition, from, to });
            }
            let accepted = progress.accepted.iter().find(|accepted| accepted.partition == partition);
            starts.push(Start {
                stored: to,
                last_timestamp_ms: stored.and_then(|checkpoint| checkpoint.last_timestamp_ms),
                range,
                accepted: accepted.map_or(NextOffset(0), |accepted| accepted.to),
            });
        }
        self.went_back(&lost);
        self.looked_up = true;
        self.machine.handle(Input::Assigned(&starts), now_ms);
        Ok(())
    }

    fn unknown(&mut self, partitions: &[Partition], now_ms: u64) {
        self.ranging.retain(|partition, _| !partitions.contains(partition));
        if partitions.is_empty() {
            return;
        }
        self.machine.handle(Input::Unknown(partitions), now_ms);
        if self.machine.takes_nothing() {
            self.metrics.health.not_ready();
        }
    }

    pub(super) fn progress(&mut self, now_ms: u64) -> Result<Progress, WorkerError> {
        self.ask(Request::Progress)?;
        loop {
            match self.replies.recv_timeout(Duration::from_millis(500)) {
                Ok(Reply::Progress(result)) => return Ok(result?),
                Ok(other) => self.reply(other, now_ms)?,
                // A server that hangs keeps nobody from stopping.
                Err(_) => {
                    self.metrics.health.beat();
                    self.is_to_stop()?;
                    self.all_live()?;
                    self.tell_of_silence();
                    self.answer_group()?;
                }
            }
        }
    }

    /// What may pass is tried again later.
    pub(super) fn or_later(
        &mut self,
        result: Result<(), LogError>,
        partitions: &[Partition],
    ) -> Result<(), WorkerError> {
        match result.map_err(|error| once_more(&*self.log, &self.topic, &self.stop, error)) {
            Err(error) if self.passes(error.kind()) => {
                self.metrics.log_failed(LogTrouble::Seek);
                tracing::warn!(event = "log_seek_failed", %error, "cannot read from there yet; trying again");
                let now_ms = self.now_ms();
                self.unknown(partitions, now_ms);
                Ok(())
            }
            other => Ok(other?),
        }
    }
}

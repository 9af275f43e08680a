//! Whether the store is there and still has what it was given, also while nothing is to be written.

use std::time::{Duration, Instant};

use super::{Reader, TELL_EVERY};
use crate::domain::{NextOffset, Partition};
use crate::failure::{Explained as _, FailureKind};
use crate::ingest::errands::Request;
use crate::ingest::error::WorkerError;
use crate::ingest::machine::{Input, WentBack};
use crate::store::{Checkpoint, StoreError};

/// How often the store is looked at: with the time that it has for an answer, one that is away is known within ten seconds.
const LOOK_EVERY: Duration = Duration::from_secs(4);

impl Reader {
    /// Asks the store now and then where it is; the answer comes by way of [`Reader::standing`].
    pub(super) fn look_at_store(&mut self) -> Result<(), WorkerError> {
        if self.looking || self.looked_at.elapsed() < LOOK_EVERY {
            return Ok(());
        }
        (self.looked_at, self.looking) = (Instant::now(), true);
        self.ask(Request::Standing)
    }

    /// Takes the answer.
    pub(super) fn standing(
        &mut self,
        standing: Result<Vec<Checkpoint>, StoreError>,
        now_ms: u64,
    ) -> Result<(), WorkerError> {
        self.looking = false;
        match standing {
            Ok(stored) => {
                self.away_told = None;
                if let Some(since) = self.outages.store_away.take() {
                    let seconds = since.elapsed().as_secs();
                    tracing::info!(event = "store_back", seconds, "the store is there again");
                }
                self.machine.handle(Input::Standing(&stored), now_ms);
                // Of a new primary the others hear at once, though there is nothing to write.
                if self.notes.as_ref().is_some_and(|notes| notes.own() != self.noted) {
                    let hints: Vec<_> = self.committed.iter().map(|(partition, next)| (*partition, *next)).collect();
                    self.hint(&hints);
                }
            }
            Err(error) if self.passes(error.kind()) => {
                if self.away_told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
                    self.away_told = Some(Instant::now());
                    self.outages.store_away.get_or_insert_with(Instant::now);
                    tracing::warn!(event = "store_away", %error, "the store is away; waiting for it");
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Tells the log how far the store is, and which server it was on.
    pub(super) fn hint(&mut self, offsets: &[(Partition, NextOffset)]) {
        if let Some(notes) = self.notes.as_ref().filter(|_| !offsets.is_empty()) {
            self.noted = notes.own();
        }
        self.consumer.commit_hint(offsets, &self.noted);
    }

    /// Says by how much the store went back. What it lacks is read again.
    pub(super) fn went_back(&mut self, lost: &[WentBack]) {
        for WentBack { partition, from, to } in lost {
            let offsets = NextOffset::lost(*to, Some(*from));
            let to = to.unwrap_or(NextOffset(0));
            tracing::error!(event = "store_went_back", %partition, offsets, %from, %to, "the store went back, as after a failover or a restore: reading again what it has lost");
            self.metrics.went_back(offsets);
            if let Some(committed) = self.committed.get_mut(partition) {
                *committed = to;
            }
        }
    }

    /// Whether the store still has all that it was given, before the work is called done.
    pub(super) fn is_kept(&mut self) -> Result<bool, WorkerError> {
        let now_ms = self.now_ms();
        match self.progress(now_ms) {
            Ok(stored) => self.machine.handle(Input::Standing(&stored.checkpoints), now_ms),
            // It has answered that all is written; that it is away now is the next worker's to see.
            Err(WorkerError::Store(error)) if self.passes(error.kind()) => {}
            Err(error) => return Err(error),
        }
        Ok(self.caught_up())
    }

    /// Whether a failure passes by itself, or by somebody who makes room on a disk: for whom a worker that lives on waits,
    /// and one that is to end does not.
    pub(super) fn passes(&self, kind: FailureKind) -> bool {
        kind.may_pass() && (kind != FailureKind::DiskFull || self.targets.is_none())
    }
}

//! The thread that writes: dead letters to the log, batches to the store, one
//! after the other as it is asked, and an answer to each.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use crate::dead_letters::DeadLetter;
use crate::dead_letters::producer::{DeadLetterProducer, DeadLetterRefused};
use crate::domain::{Entry, Rules};
use crate::observability::Metrics;
use crate::store::{Batch, Checkpoint, Counts, StoreError, StoreWriter};

/// How often the size of the store is asked.
const SIZE_EVERY: Duration = Duration::from_secs(1);

/// How often overlaps are counted, at most: for that all cells are read.
const OVERLAPS_EVERY: Duration = Duration::from_secs(15);

/// How often they are counted where others write into the store as well.
const OVERLAPS_OF_OTHERS_EVERY: Duration = Duration::from_secs(60);

/// When overlaps are to be counted.
#[derive(Debug, Default)]
pub(super) enum Overlaps {
    /// Now.
    #[default]
    Due,
    /// They were counted then, and the store has not changed since.
    Known(Instant),
    /// They were counted then, and the store has changed.
    Changed(Instant),
}

impl Overlaps {
    /// In how long they are to be counted, if they are.
    fn wait(&self, is_shared: bool) -> Option<Duration> {
        match self {
            Self::Due => Some(Duration::ZERO),
            Self::Known(counted) => is_shared.then(|| OVERLAPS_OF_OTHERS_EVERY.saturating_sub(counted.elapsed())),
            Self::Changed(counted) => Some(OVERLAPS_EVERY.saturating_sub(counted.elapsed())),
        }
    }

    fn changed(&mut self) {
        if let Self::Known(counted) = *self {
            *self = Self::Changed(counted);
        }
    }
}

/// What the reading thread asks for.
pub(super) enum Request {
    /// Where partitions start.
    Checkpoints,
    /// Whether it still has what it was given.
    Standing,
    DeadLetter(Vec<DeadLetter>),
    Apply(Batch),
}

/// What it is answered; `room` is the memory of the batch's entries.
pub(super) enum Reply {
    Checkpoints(Result<Vec<Checkpoint>, StoreError>),
    /// Also unasked for, after the store was reached by another connection.
    Standing(Result<Vec<Checkpoint>, StoreError>),
    Kept(Result<(), DeadLetterRefused>),
    Applied {
        result: Result<Vec<Counts>, StoreError>,
        took: Duration,
        store_bytes: u64,
        room: Vec<Entry>,
    },
}

/// The thread that writes.
pub(super) struct Writer {
    pub(super) topic: String,
    pub(super) store: Box<dyn StoreWriter>,
    /// When its size was asked last, and the answer in bytes.
    pub(super) size: (Instant, u64),
    pub(super) overlaps: Overlaps,
    pub(super) rules: Arc<Rules>,
    pub(super) dead_letters: DeadLetterProducer,
    pub(super) metrics: Arc<Metrics>,
    /// On whose behalf gaps are accepted.
    pub(super) operator: String,
}

impl Writer {
    /// Serves until nobody asks any more.
    pub(super) fn serve(&mut self, requests: &Receiver<Request>, replies: &Sender<Reply>) {
        while let Some(request) = self.next(requests) {
            let reply = match request {
                Request::DeadLetter(dead_letters) => Reply::Kept(self.dead_letters.keep(&self.topic, &dead_letters)),
                Request::Checkpoints => Reply::Checkpoints(self.standing()),
                Request::Standing => Reply::Standing(self.standing()),
                Request::Apply(mut batch) => {
                    let begun = Instant::now();
                    self.metrics.health.asked(true);
                    for accepted in &mut batch.gaps {
                        accepted.at_ms = jiff::Timestamp::now().as_millisecond();
                        accepted.by.clone_from(&self.operator);
                    }
                    let result = self.store.apply(&batch, &self.rules);
                    let took = begun.elapsed();
                    self.metrics.health.wrote(result.is_ok());
                    if result.is_ok() && !batch.gaps.is_empty() {
                        self.metrics.gaps(&self.store.gaps().unwrap_or_default());
                    }
                    batch.entries.clear();
                    self.overlaps.changed();
                    Reply::Applied { result, took, store_bytes: self.store_bytes(), room: batch.entries }
                }
            };
            let unasked = self.store.was_reconnected() && !matches!(reply, Reply::Standing(_));
            if replies.send(reply).is_err() || unasked && replies.send(Reply::Standing(self.standing())).is_err() {
                break;
            }
        }
    }

    /// The next request; overlaps are counted where that is due, and as long as nobody asks for anything.
    fn next(&mut self, requests: &Receiver<Request>) -> Option<Request> {
        loop {
            let waited = match self.overlaps.wait(self.store.is_on_server()) {
                None => return requests.recv().ok(),
                Some(wait) => requests.recv_timeout(wait),
            };
            match waited {
                Ok(request) => return Some(request),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.count_overlaps(),
            }
        }
    }

    /// Where the store cannot be read, the last number stands until the next time.
    fn count_overlaps(&mut self) {
        let places = self.store.quarters().and_then(|quarters| self.store.overlaps(&quarters, &self.rules));
        match places {
            Ok(places) => {
                self.metrics.overlaps(places.len());
                self.overlaps = Overlaps::Known(Instant::now());
            }
            Err(error) => {
                tracing::debug!(%error, "overlaps cannot be counted");
                self.overlaps = Overlaps::Changed(Instant::now());
            }
        }
    }

    fn standing(&mut self) -> Result<Vec<Checkpoint>, StoreError> {
        self.metrics.health.asked(false);
        let standing = self.store.standing(&self.topic);
        self.metrics.health.answered(standing.is_ok());
        standing
    }

    /// The size of the store, asked now and then: to a database it is one more question.
    fn store_bytes(&mut self) -> u64 {
        let (asked, bytes) = &mut self.size;
        if asked.elapsed() >= SIZE_EVERY {
            (*asked, *bytes) = (Instant::now(), self.store.size_bytes().unwrap_or_default());
        }
        *bytes
    }
}

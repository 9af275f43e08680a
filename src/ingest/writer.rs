//! The thread that writes the store, one thing after the other as it is asked, and an answer to each.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::errands::{Progress, Reply, Request};
use crate::domain::Rules;
use crate::observability::{self, Metrics};
use crate::store::{Checkpoint, StoreError, StoreWriter};

/// How often it is asked what is not known from writing.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How often overlaps are counted, at most: for that all cells are read.
const OVERLAPS_EVERY: Duration = Duration::from_secs(15);

/// How often they are counted where others write into the store as well.
const OVERLAPS_OF_OTHERS_EVERY: Duration = Duration::from_secs(60);

/// When overlaps are to be counted.
#[derive(Debug)]
pub(super) enum Overlaps {
    /// Never: nobody watches one that ends by itself.
    Unwatched,
    /// Now.
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
            Self::Unwatched => None,
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

/// The thread that writes.
pub(super) struct Writer {
    pub(super) topic: String,
    pub(super) store: Box<dyn StoreWriter>,
    /// When it was last asked what is not known from writing.
    pub(super) looked: Option<Instant>,
    pub(super) overlaps: Overlaps,
    pub(super) rules: Arc<Rules>,
    pub(super) metrics: Arc<Metrics>,
    /// On whose behalf gaps are accepted.
    pub(super) operator: String,
}

impl Writer {
    /// Serves until nobody asks any more.
    pub(super) fn serve(&mut self, requests: &Receiver<Request>, replies: &Sender<Reply>) {
        while let Some(request) = self.next(requests) {
            let reply = match request {
                Request::Progress => Reply::Progress(self.progress()),
                Request::Standing => Reply::Standing(self.standing()),
                Request::Accepted => {
                    Reply::Accepted(self.noted(|store, topic| Ok((store.held(topic)?, store.accepted(topic)?))))
                }
                Request::Hold(held) => Reply::Noted(self.noted(|store, topic| store.hold(topic, &held))),
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
                    Reply::Applied { result, took, room: batch.entries }
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
        self.metrics.health.asked(false);
        let places = self.store.quarters().and_then(|quarters| self.store.overlaps(&quarters, &self.rules));
        self.metrics.health.replied();
        match places {
            Ok(places) => {
                self.metrics.overlaps(places.len());
                self.overlaps = Overlaps::Known(Instant::now());
            }
            Err(error) => {
                tracing::debug!(event = "overlaps_not_counted", %error, "overlaps cannot be counted");
                self.overlaps = Overlaps::Changed(Instant::now());
            }
        }
    }

    fn standing(&mut self) -> Result<Vec<Checkpoint>, StoreError> {
        self.metrics.health.asked(false);
        let standing = self.store.standing(&self.topic);
        self.metrics.health.answered(standing.is_ok());
        match &standing {
            Ok(checkpoints) => {
                self.metrics.checkpoints(checkpoints);
                self.look();
            }
            Err(_) => self.metrics.look_failed(),
        }
        standing
    }

    fn progress(&mut self) -> Result<Progress, StoreError> {
        let checkpoints = self.standing()?;
        let held = self.noted(|store, topic| store.held(topic))?;
        Ok(Progress { checkpoints, held, accepted: self.noted(|store, topic| store.accepted(topic))? })
    }

    /// Something small that is asked of the store, or noted in it.
    fn noted<T>(
        &mut self,
        act: impl FnOnce(&mut dyn StoreWriter, &str) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.metrics.health.asked(false);
        let noted = act(&mut *self.store, &self.topic);
        self.metrics.health.answered(noted.is_ok());
        noted
    }

    /// Asks what is not known from writing, now and then: to a database these are some more questions.
    fn look(&mut self) {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK_EVERY) {
            return;
        }
        self.looked = Some(Instant::now());
        self.metrics.health.asked(false);
        let looked = observability::store::look(&mut *self.store, &self.metrics);
        self.metrics.health.answered(looked.is_ok());
        if let Err(error) = looked {
            tracing::debug!(event = "store_not_looked_at", %error, "the store's size and clock cannot be asked");
        }
    }
}

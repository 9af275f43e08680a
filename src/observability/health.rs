//! Whether a worker is well: what the probes answer.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A store that owes an answer for so long is waited for.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// A loop that has not gone round for so long, in milliseconds, hangs.
const BEATS_WITHIN_MS: i64 = 60_000;

/// Told by the threads of the worker, asked by the probes.
#[derive(Debug, Default)]
pub struct Health {
    started: AtomicBool,
    ready: AtomicBool,
    /// From a batch that is not taken to the next that is, or to there being none to take.
    store_failing: AtomicBool,
    heartbeat_ms: AtomicI64,
    /// Since when the store has owed an answer.
    asked: Mutex<Option<Instant>>,
}

impl Health {
    /// The loop went round.
    pub fn beat(&self) {
        self.heartbeat_ms.store(now_ms(), Ordering::Relaxed);
    }

    /// The store is asked for something, or has answered.
    pub fn asked(&self, since: Option<Instant>) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// It cannot do its work for now.
    pub fn not_ready(&self) {
        self.ready.store(false, Ordering::Relaxed);
    }

    /// It was given partitions and reads them.
    pub(super) fn reading(&self) {
        self.started.store(true, Ordering::Relaxed);
        self.ready.store(true, Ordering::Relaxed);
    }

    /// The store has taken a batch.
    pub(super) fn taken(&self) {
        self.ready.store(true, Ordering::Relaxed);
        self.store_failing.store(false, Ordering::Relaxed);
    }

    /// The store has not taken a batch.
    pub(super) fn refused(&self) {
        self.store_failing.store(true, Ordering::Relaxed);
    }

    /// A store that lacks nothing has no batch to take: what was not taken is another's now, or was in it after all.
    pub(super) fn nothing_waits(&self) {
        self.store_failing.store(false, Ordering::Relaxed);
    }

    /// For how long the store has owed an answer, where that is long.
    pub fn unanswered(&self) -> Option<Duration> {
        let asked = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.map(|since| since.elapsed()).filter(|waited| *waited >= ANSWERS_WITHIN)
    }

    /// Whether the loop went round in the last minute.
    pub fn live(&self) -> bool {
        now_ms() - self.heartbeat_ms.load(Ordering::Relaxed) < BEATS_WITHIN_MS
    }

    /// Whether it has its partitions, and its store answers and takes batches.
    pub fn ready(&self) -> bool {
        let answers = self.unanswered().is_none() && !self.store_failing.load(Ordering::Relaxed);
        self.live() && self.ready.load(Ordering::Relaxed) && answers
    }

    /// Whether it was ever given partitions.
    pub fn started(&self) -> bool {
        self.started.load(Ordering::Relaxed)
    }
}

/// The time, in milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

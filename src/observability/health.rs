//! Whether a process is well: what the probes answer, and why.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A store that has not written a batch for so long is waited for.
const WRITES_WITHIN: Duration = Duration::from_secs(10);
/// And one that has not said for so long where it is: asked often enough, that is known within ten seconds.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// A loop that has not gone round for so long, in milliseconds, hangs.
const BEATS_WITHIN_MS: i64 = 60_000;

/// Told by the threads of the process, asked by the probes.
#[derive(Debug, Default)]
pub struct Health {
    started: AtomicBool,
    ready: AtomicBool,
    /// From a batch that is not taken to the next that is, or to there being none to take.
    store_failing: AtomicBool,
    /// While a look at where the store is fails.
    store_away: AtomicBool,
    /// While none of its partitions has a leader that answers.
    log_away: AtomicBool,
    /// While no broker is connected.
    log_gone: AtomicBool,
    /// What it waits for before it can begin.
    awaited: Mutex<Option<String>>,
    heartbeat_ms: AtomicI64,
    /// Since when the store has owed an answer, and how long that may take.
    asked: Mutex<Option<(Instant, Duration)>>,
}

impl Health {
    /// The loop went round.
    pub fn beat(&self) {
        self.heartbeat_ms.store(now_ms(), Ordering::Relaxed);
    }

    /// The store is asked to write a batch, or something that it knows sooner.
    pub fn asked(&self, to_write: bool) {
        let within = if to_write { WRITES_WITHIN } else { ANSWERS_WITHIN };
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), within));
    }

    /// The store has answered a question where it is.
    pub fn answered(&self, well: bool) {
        self.store_away.store(!well, Ordering::Relaxed);
        self.replied();
    }

    /// The store has answered a batch. Where it did not take it, there is no moment at which all seems well: between this
    /// and what the reading thread makes of it nothing is owed any more.
    pub fn wrote(&self, well: bool) {
        if well {
            self.store_away.store(false, Ordering::Relaxed);
        } else {
            self.refused();
        }
        self.replied();
    }

    /// The store has answered, and nothing is owed any more; whether it can be written is not told by that.
    pub fn replied(&self) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// It cannot do its work for now.
    pub fn not_ready(&self) {
        self.ready.store(false, Ordering::Relaxed);
    }

    /// It cannot begin yet, for this reason.
    pub fn awaits(&self, what: String) {
        *self.awaited.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
    }

    /// It was told what is its own, perhaps nothing, and does it.
    pub fn works(&self) {
        *self.awaited.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.started.store(true, Ordering::Relaxed);
        self.ready.store(true, Ordering::Relaxed);
    }

    /// Whether a broker is connected; true if the last one has gone since this was said before.
    pub(super) fn connected(&self, connected: bool) -> bool {
        !self.log_gone.swap(!connected, Ordering::Relaxed) && !connected
    }

    /// Whether none of its partitions can be read.
    pub(super) fn reaches_nothing(&self, nothing: bool) {
        self.log_away.store(nothing, Ordering::Relaxed);
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
        asked
            .map(|(since, within)| (since.elapsed(), within))
            .filter(|(waited, within)| waited >= within)
            .map(|(waited, _)| waited)
    }

    /// Whether the store answers, and takes what is to be written, as far as that was tried.
    pub(super) fn store_works(&self) -> bool {
        let fails = self.store_failing.load(Ordering::Relaxed) || self.store_away.load(Ordering::Relaxed);
        !fails && self.unanswered().is_none()
    }

    /// Whether the loop went round in the last minute.
    pub fn live(&self) -> bool {
        now_ms() - self.heartbeat_ms.load(Ordering::Relaxed) < BEATS_WITHIN_MS
    }

    /// Whether it does its work: it knows which partitions are its own, perhaps none, can read any of them, and its store
    /// answers and takes batches.
    pub fn ready(&self) -> bool {
        self.not_ready_because().is_empty()
    }

    /// Whether it was ever told which partitions are its own, perhaps none.
    pub fn started(&self) -> bool {
        self.started.load(Ordering::Relaxed)
    }

    /// Why it is not live, a line each; none if it is.
    pub fn not_live_because(&self) -> Vec<String> {
        let seconds = BEATS_WITHIN_MS / 1000;
        if self.live() { Vec::new() } else { vec![format!("it has done nothing for {seconds} s: it hangs")] }
    }

    /// Why it has not started, a line each; none if it has.
    pub fn not_started_because(&self) -> Vec<String> {
        if self.started() { Vec::new() } else { vec![self.awaited()] }
    }

    /// Why it is not ready, a line each; none if it is.
    pub fn not_ready_because(&self) -> Vec<String> {
        let is = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        let mut reasons = self.not_live_because();
        let awaits = self.awaited.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if awaits || !is(&self.started) {
            reasons.push(self.awaited());
        } else if !is(&self.ready) {
            reasons.push("where to read on is not known: log or store did not say".to_owned());
        }
        if is(&self.log_gone) {
            reasons.push("no broker is connected".to_owned());
        } else if is(&self.log_away) {
            reasons.push("no broker answers that leads any of its partitions".to_owned());
        }
        match self.unanswered() {
            Some(waited) => reasons.push(format!("the store has not answered for {} s", waited.as_secs())),
            None if is(&self.store_away) => reasons.push("the store is away".to_owned()),
            None if is(&self.store_failing) => reasons.push("the store did not take a batch".to_owned()),
            None => {}
        }
        reasons
    }

    fn awaited(&self) -> String {
        let awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner).clone();
        awaited.unwrap_or_else(|| "it waits to hear which partitions are its own".to_owned())
    }
}

/// The time, in milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_did_not_take_a_batch_is_not_ready_from_that_very_moment() {
        let health = Health::default();
        health.beat();
        health.works();
        health.asked(true);
        assert!(health.ready() && health.store_works(), "it has its time");
        health.wrote(false);
        assert!(!health.ready(), "the reading thread has not heard of it yet");
        health.asked(false);
        health.answered(true);
        assert!(
            !health.ready() && !health.store_works(),
            "that it says where it is does not mean that it takes anything"
        );
        health.taken();
        assert!(health.ready());
        health.answered(false);
        assert!(!health.ready(), "nothing is to be written, and it is away");
        health.answered(true);
        assert!(health.ready());
    }
}

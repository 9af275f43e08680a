//! What a worker waits for before it can begin: a store or a log that is away comes back, a disk gets room. Whoever
//! started it need not do it again, and hears meanwhile what it waits for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::failure::{Failure, FailureKind};

/// The first pause between two tries, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(5)];
/// How often it is said what is waited for.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// A stop is seen within this.
const LOOK: Duration = Duration::from_millis(100);

/// How long is waited for what may come back.
pub struct Patience<'a> {
    /// So long for the store, or for room on a disk; not at all for zero.
    pub store: Duration,
    /// So long for the log.
    pub log: Duration,
    /// Set to wait no longer.
    pub stop: &'a AtomicBool,
    /// Told before each try that who waits lives, and after it what it waits for.
    pub alive: &'a dyn Fn(Option<&Failure>),
}

impl Patience<'_> {
    /// Tries until it succeeds, fails for good, or time is up; `None` if it was stopped.
    ///
    /// # Errors
    ///
    /// The last failure.
    pub fn until<T>(&self, mut attempt: impl FnMut() -> Result<T, Failure>) -> Result<Option<T>, Failure> {
        let (mut since, mut waits_for) = (Instant::now(), None);
        let (mut pause, mut told) = (PAUSES[0], None::<Instant>);
        loop {
            (self.alive)(None);
            let failure = match attempt() {
                Ok(done) => return Ok(Some(done)),
                Err(failure) => failure,
            };
            let within = match failure.kind() {
                FailureKind::LogUnreachable | FailureKind::LogHeld => self.log,
                _ => self.store,
            };
            let what = failure.kind().policy().exit;
            if waits_for.replace(what) != Some(what) {
                since = Instant::now();
            }
            let left = within.saturating_sub(since.elapsed());
            if left.is_zero() || !failure.kind().may_pass() {
                return Err(failure);
            }
            (self.alive)(Some(&failure));
            if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
                told = Some(Instant::now());
                tracing::warn!(event = "start_waits", error = %failure.what().en, seconds = left.as_secs(), "cannot begin yet; waiting for at most so many seconds");
            }
            let until = Instant::now() + pause.min(left);
            while Instant::now() < until {
                if self.stop.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                std::thread::sleep(LOOK.min(until.saturating_duration_since(Instant::now())));
            }
            pause = (pause * 2).min(PAUSES[1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::LogError;
    use crate::store::StoreError;

    fn within(milliseconds: u64, attempt: impl FnMut() -> Result<u32, Failure>) -> Result<Option<u32>, Failure> {
        let (log, store) = (Duration::from_millis(milliseconds), Duration::ZERO);
        Patience { store, log, stop: &AtomicBool::new(false), alive: &|_| {} }.until(attempt)
    }

    fn away() -> Failure {
        LogError::Unreachable { at: "b:9092".into(), cause: "refused".into() }.into()
    }

    #[test]
    fn what_may_pass_is_waited_for_and_what_will_not_is_told_at_once() {
        let mut tries = 0;
        let comes_back = || {
            tries += 1;
            if tries < 3 { Err(away()) } else { Ok(tries) }
        };
        assert_eq!(within(60_000, comes_back), Ok(Some(3)));
        assert_eq!(within(300, || Err(away())), Err(away()));
        assert_eq!(within(0, || Err(away())), Err(away()));
        let begun = Instant::now();
        let missing = || LogError::NoSuchTopic("t".into()).into();
        assert_eq!(within(60_000, || Err(missing())), Err(missing()));
        assert!(begun.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn log_and_store_are_each_waited_for_as_long_as_it_is_said_for_them() {
        let crowded = || -> Failure { StoreError::Crowded { at: "u@h:1/d".into(), cause: "too many".into() }.into() };
        assert_eq!(within(60_000, || Err(crowded())), Err(crowded()));
        let mut tries = 0;
        let in_turn = || {
            tries += 1;
            if tries == 1 { Err(away()) } else { Err(crowded()) }
        };
        assert_eq!(within(60_000, in_turn), Err(crowded()), "the log is back, and the store is away");
    }

    #[test]
    fn a_stop_ends_the_waiting_and_is_no_failure() {
        let (stop, lives) = (AtomicBool::new(false), AtomicBool::new(false));
        let alive = |_: Option<&Failure>| lives.store(true, Ordering::Relaxed);
        let minute = Duration::from_secs(60);
        let patience = Patience { store: minute, log: minute, stop: &stop, alive: &alive };
        let waited = patience.until(|| {
            stop.store(true, Ordering::Relaxed);
            Err::<u32, _>(away())
        });
        assert_eq!(waited, Ok(None));
        assert!(lives.into_inner(), "who waits lives");
    }
}

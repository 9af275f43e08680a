//! Why a worker stopped: what each reason is called, and what to do about it.

use super::machine::Stopped;
use crate::dead_letters::producer::DeadLetterRefused;
use crate::failure::{Explained, FailureKind, shown_as_explained};
use crate::log::{self, LogError};
use crate::store::StoreError;
use crate::text::{Text, ingest as text};

/// Why a worker stopped.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The log failed.
    Log(#[from] LogError),
    /// The store failed in a way that does not pass.
    Store(#[from] StoreError),
    /// Log and store do not go together.
    Stopped(#[from] Stopped),
    /// The dead-letter topic does not take a dead letter.
    DeadLetters(#[from] DeadLetterRefused),
    /// The client that reads has no broker, also after it was made anew, though others are answered.
    Stranded {
        /// The log.
        at: String,
        /// For how long it has had none.
        seconds: u64,
    },
    /// A thread of the worker has ended, which none does by itself.
    ThreadEnded(&'static str),
    /// What was in flight was not answered in time when the worker was to stop.
    Slow {
        /// Who did not.
        silent: Silent,
        /// Its name.
        at: String,
        /// How long it was waited for.
        seconds: u64,
    },
}

/// Who did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silent {
    /// A store in a file, which another process holds.
    File,
    /// A store on a server.
    Server,
}

shown_as_explained!(Stopped, WorkerError);

impl Explained for Stopped {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Gap { .. } | Self::Truncated { .. } | Self::Recreated { .. } => FailureKind::Gap,
            Self::Fenced(_) => FailureKind::Fenced,
            Self::TooManyDeadLetters { .. } => FailureKind::TooManyDeadLetters,
        }
    }

    fn what(&self) -> Text {
        match self {
            Self::Gap { partition, from, to } => text::gap(from, to, partition),
            Self::Truncated { partition, stored, end } => text::truncated(stored, partition, end),
            Self::Recreated { partition, next } => text::recreated(next, partition),
            Self::Fenced(times) => text::fenced(times),
            Self::TooManyDeadLetters { partition, excess: it } => {
                text::too_many_dead_letters(it.bad, it.of, partition, it.first, it.last, it.reason)
            }
        }
    }

    fn remedy(&self) -> Text {
        match self {
            Self::Gap { .. } => text::accept_gap(),
            Self::Truncated { .. } | Self::Recreated { .. } => text::publish_again(),
            Self::Fenced(_) => text::one_worker(),
            Self::TooManyDeadLetters { partition, .. } => text::accept_dead_letters(partition),
        }
    }
}

impl Explained for WorkerError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Log(error) => error.kind(),
            Self::Store(error) => error.kind(),
            Self::Stopped(stopped) => stopped.kind(),
            Self::DeadLetters(refused) => refused.kind(),
            Self::Stranded { .. } => FailureKind::LogUnreachable,
            Self::ThreadEnded(_) => FailureKind::Defect,
            Self::Slow { silent: Silent::File, .. } => FailureKind::InUse,
            Self::Slow { silent: Silent::Server, .. } => FailureKind::StoreSilent,
        }
    }

    fn what(&self) -> Text {
        match self {
            Self::Log(error) => error.what(),
            Self::Store(error) => error.what(),
            Self::Stopped(stopped) => stopped.what(),
            Self::DeadLetters(refused) => refused.what(),
            Self::Stranded { at, seconds } => text::stranded(log::described(at), seconds),
            Self::ThreadEnded(name) => text::thread_ended(name),
            Self::Slow { at, seconds, .. } => text::slow(log::described(at), seconds),
        }
    }

    fn remedy(&self) -> Text {
        match self {
            Self::Log(error) => error.remedy(),
            Self::Store(error) => error.remedy(),
            Self::Stopped(stopped) => stopped.remedy(),
            Self::DeadLetters(refused) => refused.remedy(),
            Self::Stranded { .. } => text::start_again(),
            Self::ThreadEnded(_) => text::report_defect(),
            Self::Slow { silent: Silent::File, .. } => text::find_holder(),
            Self::Slow { silent: Silent::Server, .. } => text::see_server(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_letters::limit::Excess;
    use crate::domain::{NextOffset, Offset, Partition};
    use crate::failure::tests::hold_to_promises;
    use crate::failure::{ExitCode, Failure};

    #[test]
    fn every_reason_to_stop_is_explained_in_both_languages() {
        let (partition, at) = (Partition(0), NextOffset(7));
        let excess = Excess { first: Offset(1), last: Offset(9), bad: 5, of: 8, reason: "E_JSON" };
        hold_to_promises(
            &[
                Stopped::Gap { partition, from: at, to: at },
                Stopped::Truncated { partition, stored: at, end: at },
                Stopped::Recreated { partition, next: at },
                Stopped::Fenced(10),
                Stopped::TooManyDeadLetters { partition, excess },
            ],
            |_| false,
        );
    }

    #[test]
    fn who_kept_a_worker_from_stopping_decides_the_code() {
        for (silent, code) in [(Silent::File, ExitCode::InUse), (Silent::Server, ExitCode::StoreUnreachable)] {
            let slow = WorkerError::Slow { silent, at: "the store d/store-1.db".into(), seconds: 8 };
            assert!(!slow.kind().may_pass());
            let failure = Failure::from(slow);
            assert_eq!(failure.code(), code);
            let (what, remedy) = (failure.what(), failure.remedy());
            assert!(what.en.starts_with("the store d/store-1.db did not answer within 8 s"), "{}", what.en);
            assert!(what.vi.starts_with("the store d/store-1.db không trả lời trong 8 giây"), "{}", what.vi);
            assert!(remedy.vi != remedy.en && !remedy.vi.is_ascii());
        }
    }
}

//! A partition as it is read: where, and whether anything of it is taken.

use crate::dead_letters::limit::{DeadLetterLimit, Excess};
use crate::domain::NextOffset;

/// Nothing has followed for so long, in milliseconds, where an end before the one that was seen is believed.
const AT_END_MS: u64 = 1_000;

/// A partition that is this worker's.
#[derive(Debug)]
pub(super) struct Reading {
    /// Where the store will be when all that is gathered and in flight is written.
    pub(super) from: Option<NextOffset>,
    /// The next offset that is wanted.
    pub(super) next: NextOffset,
    /// When the log took the record before that, until it has been seen again.
    pub(super) known: Option<i64>,
    /// The log has every dead letter of it before this.
    pub(super) kept: NextOffset,
    /// Since when nothing of it follows, in milliseconds.
    pub(super) at_end: Option<u64>,
    pub(super) state: State,
    /// How often in a row it could not go on, without a commit between.
    pub(super) failures: u32,
    pub(super) limit: DeadLetterLimit,
}

/// Whether records of a partition are taken, and if not, what it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// They are taken.
    Taking,
    /// Until that time, in milliseconds; then it is looked up again.
    Waiting(u64),
    /// For the answer of who looks it up.
    LookedUp,
    /// For the log to keep its dead letters; then it is looked up again.
    Letters,
    /// For somebody to decide, because too many of its records are not valid events.
    Held(Excess),
}

impl Reading {
    /// One of which nothing is known yet.
    pub(super) fn new() -> Self {
        Self {
            from: None,
            next: NextOffset(0),
            known: None,
            kept: NextOffset(0),
            at_end: None,
            state: State::LookedUp,
            failures: 0,
            limit: DeadLetterLimit::new(None, false),
        }
    }

    /// Whether its records are taken.
    pub(super) fn takes(&self) -> bool {
        self.state == State::Taking
    }

    /// Whether it has been read up to that end, or to where nothing has followed for a while: that for a moment nothing
    /// does may be the word of a broker which has not heard of all yet.
    pub(super) fn has_read(&self, end: NextOffset, now_ms: u64) -> bool {
        let stays = self.at_end.is_some_and(|since| now_ms >= since + AT_END_MS);
        self.takes() && (stays || self.next >= end)
    }

    /// Whether nothing more is to be taken of it for now.
    pub(super) fn is_held(&self) -> bool {
        matches!(self.state, State::Held(_))
    }
}

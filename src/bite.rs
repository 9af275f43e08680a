//! Takes one of the guards out that keep figures exact, on this thread, so that
//! the simulation shows that it would notice. Built with the feature `bite` alone,
//! which is for that test and nothing else.

use std::cell::Cell;

/// A guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// What is under way of a partition is finished before it is released.
    DrainBeforeRelease,
    /// Equal revisions are settled by their content.
    TieBreak,
    /// A dead letter is kept before its offset moves.
    LetterBeforeOffset,
}

thread_local! {
    static OUT: Cell<Option<Guard>> = const { Cell::new(None) };
}

/// Takes this guard out, and puts any other back.
pub fn take_out(guard: Option<Guard>) {
    OUT.set(guard);
}

/// Whether it is out.
pub fn is_out(guard: Guard) -> bool {
    OUT.get() == Some(guard)
}

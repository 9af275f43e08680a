//! A look at every page of a file, within a time: a large one need not be waited for.

use std::time::Duration;

/// How such a look is made.
#[derive(Clone, Copy)]
pub struct Inspection<'a> {
    /// It ends after this.
    pub within: Duration,
    /// Told now and then for how long it has gone on.
    pub tick: &'a (dyn Fn(Duration) + Sync),
}

/// How such a look ended where nothing damaged was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspected {
    /// Every page was read.
    Whole,
    /// Its time was over before that.
    Unfinished,
}

//! The kinds of failure, and the one table of what each leads to.

use super::ExitCode;

/// What a worker does about a failure. (A message that is not a valid event is none: it is a dead letter.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// Tries again later.
    Retry,
    /// Ends the program: trying again does not help, and somebody has to act.
    Stop,
}

/// What a kind of failure leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// For a worker.
    pub course: Course,
    /// For a command.
    pub exit: ExitCode,
    /// For a page: the HTTP status.
    pub status: u16,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident => $course:ident, $exit:ident, $status:literal;)+) => {
        /// A kind of failure.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum FailureKind { $($(#[$doc])* $name),+ }

        impl FailureKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// What it leads to.
            pub fn policy(self) -> Policy {
                let (course, exit, status) = match self {
                    $(Self::$name => (Course::$course, ExitCode::$exit, $status)),+
                };
                Policy { course, exit, status }
            }
        }
    };
}

kinds! {
    /// A defect of the program.
    Defect => Stop, Internal, 500;
    /// The program's settings, the units or the calendar.
    Configuration => Stop, Configuration, 500;
    /// What a command was given is not a valid event.
    InvalidEvent => Stop, AllRefused, 422;
    /// An input that cannot be read as events at all.
    InvalidInput => Stop, AllRefused, 422;
    /// Something is asked for that nothing can do.
    Request => Stop, Usage, 400;
    /// Something that is asked for is not there.
    NotFound => Stop, NotFound, 404;
    /// What is asked for is several things.
    Ambiguous => Stop, Usage, 404;
    /// A place cannot be read or written.
    CannotWrite => Stop, CannotWrite, 503;
    /// A disk is full: somebody may make room.
    DiskFull => Retry, CannotWrite, 503;
    /// The event log is away, or says that it may pass.
    LogUnreachable => Retry, LogUnreachable, 503;
    /// Another process writes the embedded log at the moment.
    LogHeld => Retry, InUse, 503;
    /// The event log refuses, and will again.
    LogRefuses => Stop, LogRefuses, 503;
    /// The embedded log cannot be read.
    LogDamaged => Stop, Store, 503;
    /// Records are gone that the store has not seen, or the log is another.
    Gap => Stop, Gap, 503;
    /// So many dead letters that the producer must be broken.
    TooManyDeadLetters => Stop, TooManyDeadLetters, 503;
    /// The store is away or held, and may soon be back.
    StoreAway => Retry, InUse, 503;
    /// The store's server does not answer, has no connection to spare, or cannot be written for now.
    StoreUnreachable => Retry, StoreUnreachable, 503;
    /// The store's server was silent when the worker was to end.
    StoreSilent => Stop, StoreUnreachable, 503;
    /// The store's server refuses, and will again.
    StoreRefuses => Stop, StoreRefuses, 503;
    /// There is no store yet.
    StoreMissing => Stop, Store, 503;
    /// The store cannot be read: damaged, newer than the program, or another program's; or not written: older, without a copy.
    StoreDamaged => Stop, Store, 503;
    /// Another process has the store.
    InUse => Stop, InUse, 503;
    /// The figures were made by other rules.
    RulesChanged => Stop, RulesChanged, 503;
    /// A recount, a copy or what is put in force has other figures or records.
    Differs => Stop, Differs, 500;
    /// Another program listens on the address of the pages.
    PortTaken => Stop, PortTaken, 503;
    /// A signal has stopped the work before its end: Ctrl-C.
    Interrupted => Stop, Interrupted, 503;
    /// The same: SIGTERM.
    Terminated => Stop, Terminated, 503;
    /// The same: SIGHUP.
    HungUp => Stop, HungUp, 503;
    /// Another worker writes the same partitions, again and again, or other figures were put in force.
    Fenced => Stop, Fenced, 503;
}

impl FailureKind {
    /// Whether it may pass by itself, so that trying again later is right.
    pub fn may_pass(self) -> bool {
        self.policy().course == Course::Retry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_failure_ends_or_answers_as_if_all_were_done() {
        for kind in FailureKind::ALL {
            let Policy { exit, status, .. } = kind.policy();
            assert!(exit != ExitCode::Done, "{kind:?}");
            assert!((400..600).contains(&status), "{kind:?}");
        }
    }
}

//! One policy for whatever goes wrong: what kind of failure it is decides whether
//! it is tried again, how the program ends and what a page answers; each error says
//! its kind, its sentence and its remedy, so that the command line, pages, `doctor`
//! and the worker's log all speak from one place.
//!
//! Knows the text catalogue and nothing of stores, logs or workers: they know it.

mod cause;
mod exit;
mod file;
mod kind;

pub use cause::Cause;
pub use exit::{ExitCode, exit_codes_page};
pub use file::FileError;
pub use kind::{Course, FailureKind, Policy};

use std::fmt;

use crate::text::Text;

/// An error that can be explained to whoever meets with it.
pub trait Explained {
    /// What kind of failure it is.
    fn kind(&self) -> FailureKind;
    /// What happened, where.
    fn what(&self) -> Text;
    /// What to do about it.
    fn remedy(&self) -> Text;
}

/// Why a command failed: how the program ends, what happened and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    kind: FailureKind,
    what: Text,
    remedy: Text,
}

impl Failure {
    /// A failure that one command alone meets with: what happened, and what to do.
    pub fn new(kind: FailureKind, what: Text, remedy: Text) -> Self {
        Self { kind, what, remedy }
    }

    /// A file or folder that cannot be read or written.
    pub fn io(path: impl fmt::Display, error: &std::io::Error) -> Self {
        FileError { path: &path, error }.into()
    }

    /// How the program ends.
    pub fn code(&self) -> ExitCode {
        self.kind.policy().exit
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// What happened, where.
    pub fn what(&self) -> &Text {
        &self.what
    }

    /// What to do about it.
    pub fn remedy(&self) -> &Text {
        &self.remedy
    }
}

impl<E: Explained> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { kind: error.kind(), what: error.what(), remedy: error.remedy() }
    }
}

/// Implements [`Display`](fmt::Display) as the English sentence of an [`Explained`] error.
macro_rules! shown_as_explained {
    ($($error:ty),+) => { $(
        impl std::fmt::Display for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&$crate::failure::Explained::what(self).en)
            }
        }
    )+ };
}
pub(crate) use shown_as_explained;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Whether the sources of an error lead to one of that type.
    pub(crate) fn leads_to<E: std::error::Error + 'static>(error: &(dyn std::error::Error + 'static)) -> bool {
        std::iter::successors(error.source(), |error| error.source()).any(|error| error.is::<E>())
    }

    /// Holds errors of one type to what every error promises: a remedy in both languages, a sentence in both unless it
    /// is in the words of others (`foreign`), and an end that no script takes for success.
    pub(crate) fn hold_to_promises<E: Explained + fmt::Display>(errors: &[E], foreign: impl Fn(&E) -> bool) {
        for error in errors {
            let (what, remedy) = (error.what(), error.remedy());
            assert_eq!(error.to_string(), what.en);
            assert!(foreign(error) || !what.vi.is_ascii(), "{what}");
            assert!(remedy.vi.ends_with('.') && remedy.en.ends_with('.'), "{remedy}");
            assert!(!remedy.vi.is_ascii() && remedy.en.is_ascii(), "{remedy}");
            assert!(![ExitCode::Done, ExitCode::Usage].contains(&error.kind().policy().exit), "{what}");
        }
    }
}

//! Why something failed, in the words of whoever met it first, with that error
//! behind the words where there is one: a sentence shows the words, a program
//! walks to the error.

use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

type AnyError = dyn Error + Send + Sync + 'static;

/// An error of another room or crate, or a sentence. Two are equal if they say the same.
#[derive(Clone)]
pub struct Cause(Arc<AnyError>);

impl Cause {
    /// An error with its own words, or a sentence alone.
    pub fn new(error: impl Into<Box<AnyError>>) -> Self {
        Self(Arc::from(error.into()))
    }

    /// An error in other words than its own, which is the source of what they are.
    pub fn worded(words: impl Into<String>, error: impl Into<Box<AnyError>>) -> Self {
        Self::new(Worded { words: words.into(), error: error.into() })
    }
}

impl<E: Into<Box<AnyError>>> From<E> for Cause {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

impl Deref for Cause {
    type Target = AnyError;

    fn deref(&self) -> &AnyError {
        &*self.0
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The words alone: what an error holds besides may be of what is kept.
impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Cause {}

struct Worded {
    words: String,
    error: Box<AnyError>,
}

impl fmt::Display for Worded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl fmt::Debug for Worded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.words)
    }
}

impl Error for Worded {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_says_what_its_error_says_and_leads_to_it() {
        let io = || std::io::Error::other("no disk");
        let cause = Cause::new(io());
        assert_eq!((cause.to_string(), format!("{cause:?}")), ("no disk".into(), "\"no disk\"".into()));
        assert_eq!(cause, "no disk".into());
        assert!(cause.is::<std::io::Error>());
        let worded = Cause::worded("cannot go on: no disk", io());
        assert_eq!(worded.to_string(), "cannot go on: no disk");
        assert!(worded.source().unwrap().is::<std::io::Error>());
    }
}

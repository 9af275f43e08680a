//! What each reason for a report not to be there is called, and what to do about it.

use super::ReportError;
use super::records::ListingError;
use crate::failure::{Explained, FailureKind, FileError};
use crate::text::Text;

impl ReportError {
    fn explained<T>(&self, of: fn(&dyn Explained) -> T) -> T {
        match self {
            Self::Store(error) => of(error),
            Self::Rollup(error) => of(error),
            Self::Write { path, error } => of(&FileError { path: &path.display(), error }),
        }
    }
}

impl Explained for ReportError {
    fn kind(&self) -> FailureKind {
        self.explained(|error| error.kind())
    }

    fn what(&self) -> Text {
        self.explained(|error| error.what())
    }

    fn remedy(&self) -> Text {
        self.explained(|error| error.remedy())
    }
}

impl ListingError {
    fn explained(&self) -> &dyn Explained {
        match self {
            Self::Store(error) => error,
            Self::Rollup(error) => error,
        }
    }
}

impl Explained for ListingError {
    fn kind(&self) -> FailureKind {
        self.explained().kind()
    }

    fn what(&self) -> Text {
        self.explained().what()
    }

    fn remedy(&self) -> Text {
        self.explained().remedy()
    }
}

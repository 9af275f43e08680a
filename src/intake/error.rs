//! Why an input or a record cannot be taken in at all. What is wrong with a single line is a
//! [`ValidationError`], and no reason to stop.

use std::io;
use std::path::Path;

use crate::domain::Revision;
use crate::failure::{Explained, FailureKind, FileError};
use crate::log::LogError;
use crate::store::StoreError;
use crate::text::{Lang, Text, intake};
use crate::wire::{TypeSpec, ValidationError};

/// Why an input cannot be read.
#[derive(Debug)]
pub enum InputError {
    /// It cannot be opened, or not be read at its beginning.
    Io {
        /// Its name.
        at: String,
        /// Why not.
        cause: io::Error,
    },
    /// It is a workbook, which has to be saved as CSV.
    Workbook {
        /// Its name.
        name: String,
    },
    /// Its header line is no row.
    Header {
        /// Its name.
        name: String,
        /// What is wrong.
        error: ValidationError,
    },
    /// Its header line is not UTF-8.
    HeaderEncoding {
        /// Its name.
        name: String,
    },
    /// A column is there twice.
    ColumnTwice {
        /// Its name.
        name: String,
        /// The column.
        column: String,
    },
    /// A column is called so nearly like a known one that its figures would be lost by a slip.
    ColumnMistaken {
        /// Its name.
        name: String,
        /// The column.
        column: String,
        /// The known one.
        nearest: String,
    },
    /// There is no type of events of that name.
    NoSuchType {
        /// The name.
        name: String,
    },
}

impl InputError {
    pub(super) fn io(name: &Path, cause: io::Error) -> Self {
        Self::Io { at: name.display().to_string(), cause }
    }
}

impl Explained for InputError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Io { at, cause } => FileError { path: at, error: cause }.kind(),
            Self::NoSuchType { .. } => FailureKind::Request,
            _ => FailureKind::InvalidInput,
        }
    }

    fn what(&self) -> Text {
        match self {
            Self::Io { at, cause } => FileError { path: at, error: cause }.what(),
            Self::Workbook { name } => intake::workbook(name),
            Self::Header { name, error } => intake::header_line(name, text_of(error)),
            Self::HeaderEncoding { name } => intake::header_not_utf8(name),
            Self::ColumnTwice { name, column } => intake::column_twice(name, column),
            Self::ColumnMistaken { name, column, nearest } => intake::column_mistaken(name, column, nearest),
            Self::NoSuchType { name } => intake::no_such_type(name),
        }
    }

    fn remedy(&self) -> Text {
        match self {
            Self::Io { at, cause } => FileError { path: at, error: cause }.remedy(),
            Self::Workbook { .. } | Self::HeaderEncoding { .. } => intake::save_as_csv(),
            Self::Header { .. } => intake::correct_header(),
            Self::ColumnTwice { .. } => intake::keep_one_column(),
            Self::ColumnMistaken { column, .. } => intake::correct_column(column),
            Self::NoSuchType { .. } => intake::use_one_of(TypeSpec::names()),
        }
    }
}

/// Why a record is not recorded, corrected or withdrawn.
#[derive(Debug)]
pub enum RecordError {
    /// The event breaks rules; nothing was sent.
    Refused(Vec<ValidationError>),
    /// No source has a record of that number.
    NotFound {
        /// The number.
        subject: String,
    },
    /// Several sources have one.
    SeveralSources {
        /// The number.
        subject: String,
        /// The sources.
        sources: Vec<String>,
    },
    /// It was withdrawn.
    Withdrawn {
        /// The number.
        subject: String,
    },
    /// Records of that type have no such fields.
    NoSuchFields {
        /// The type's short name.
        kind: &'static str,
        /// The columns.
        columns: Vec<String>,
    },
    /// Its present revision is the last that a record may have.
    RevisionsSpent {
        /// The number.
        subject: String,
    },
    /// The present revision cannot be read.
    Damaged {
        /// The number.
        subject: String,
    },
    /// The log cannot be read, or does not take the event.
    Log(LogError),
    /// The store cannot be read.
    Store(StoreError),
}

impl Explained for RecordError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Refused(_) => FailureKind::InvalidEvent,
            Self::NotFound { .. } | Self::Withdrawn { .. } => FailureKind::NotFound,
            Self::SeveralSources { .. } => FailureKind::Ambiguous,
            Self::NoSuchFields { .. } | Self::RevisionsSpent { .. } => FailureKind::Request,
            Self::Damaged { .. } => FailureKind::LogDamaged,
            Self::Log(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn what(&self) -> Text {
        match self {
            Self::Refused(errors) => Text::join(&errors.iter().map(text_of).collect::<Vec<_>>(), &Text::same("\n")),
            Self::NotFound { subject } => intake::no_such_record(subject),
            Self::SeveralSources { subject, sources } => intake::several_sources(subject, sources.join(", ")),
            Self::Withdrawn { subject } => intake::withdrawn(subject),
            Self::NoSuchFields { kind, columns } => {
                let flag = |column: &String| format!("--{}", column.replace('_', "-"));
                intake::no_such_fields(kind, columns.iter().map(flag).collect::<Vec<_>>().join(", "))
            }
            Self::RevisionsSpent { subject } => intake::revisions_spent(subject, Revision::MAX),
            Self::Damaged { subject } => intake::record_damaged(subject),
            Self::Log(error) => error.what(),
            Self::Store(error) => error.what(),
        }
    }

    fn remedy(&self) -> Text {
        match self {
            Self::Refused(_) => intake::correct_values(),
            Self::NotFound { .. } => intake::check_number(),
            Self::SeveralSources { .. } => intake::add_source(),
            Self::Withdrawn { .. } => intake::publish_to_bring_back(),
            Self::NoSuchFields { kind, .. } => intake::see_fields(kind),
            Self::RevisionsSpent { .. } => intake::begin_another_record(),
            Self::Damaged { .. } => intake::publish_whole_event(),
            Self::Log(error) => error.remedy(),
            Self::Store(error) => error.remedy(),
        }
    }
}

/// Every error on a line of its own.
fn text_of(error: &ValidationError) -> Text {
    Text { vi: error.message(Lang::Vi).into(), en: error.message(Lang::En).into() }
}

impl From<LogError> for RecordError {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

impl From<StoreError> for RecordError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

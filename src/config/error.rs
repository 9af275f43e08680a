//! What can be wrong with the configuration.

use std::path::PathBuf;

use super::origin::variable_of;
use crate::domain::{Calendar, CalendarError, HolidayError, UnitFile, UnitTableError};
use crate::failure::{Cause, Explained, FailureKind, shown_as_explained};
use crate::text::{Text, config as text, rules};

/// What is wrong with the configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    File {
        /// Which.
        file: String,
        /// Why.
        cause: Cause,
    },
    /// A key that there is not.
    UnknownKey {
        /// The file or the environment variable.
        place: String,
        /// What was found.
        key: String,
        /// The nearest right one.
        nearest: String,
    },
    /// An environment variable that is meant for this program and is no setting.
    UnknownVariable {
        /// Which.
        name: String,
        /// The right name, or the nearest one.
        nearest: String,
    },
    /// Two environment variables that set the same.
    TwoVariables {
        /// One.
        name: String,
        /// The other.
        other: String,
        /// What both set.
        key: String,
    },
    /// An environment variable that is meant for this program, but is no text.
    NotText {
        /// Which.
        name: String,
    },
    /// A value that the key does not take.
    Value {
        /// The file, the environment variable or the flag.
        place: String,
        /// The key.
        key: String,
        /// What was found.
        found: String,
        /// What is allowed.
        allowed: Text,
    },
    /// A file that a key names cannot be read.
    NamedFile {
        /// The key.
        key: String,
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: Cause,
    },
    /// A file with a secret that a key names cannot be read.
    SecretFile {
        /// The key.
        key: String,
        /// The file, as it may be shown.
        path: String,
        /// Why not.
        cause: Cause,
    },
    /// Neither a calendar's name nor a file's.
    NoCalendar {
        /// What was given.
        name: String,
    },
    /// A calendar's file that is wrong.
    Calendar {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: CalendarError,
    },
    /// A table of holidays that is wrong.
    Holidays {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: HolidayError,
    },
    /// The units: every problem, with file and line.
    Units {
        /// Where the table is.
        table: String,
        /// Where the successions are.
        succession: String,
        /// What is wrong with them.
        problems: Vec<UnitTableError>,
    },
}

shown_as_explained!(ConfigError);

impl Explained for ConfigError {
    fn kind(&self) -> FailureKind {
        FailureKind::Configuration
    }

    fn what(&self) -> Text {
        match self {
            Self::File { file, cause } => text::file(file, cause),
            Self::UnknownKey { place, key, nearest } => text::unknown_key(place, key, nearest),
            Self::UnknownVariable { name, nearest } => text::unknown_variable(name, nearest),
            Self::TwoVariables { name, other, key } => text::two_variables(name, other, key),
            Self::NotText { name } => text::not_text(name),
            Self::Value { place, key, found, allowed } => text::value(place, key, found, allowed),
            Self::NamedFile { key, path, cause } => text::named_file(key, path.display(), cause),
            Self::SecretFile { key, path, cause } => text::named_file(key, path, cause),
            Self::NoCalendar { name } => text::no_calendar(name, Calendar::NAMES.join(", ")),
            Self::Calendar { path, error } => text::calendar(path.display(), rules::of_calendar(error)),
            Self::Holidays { path, error } => text::holidays(path.display(), rules::of_holidays(error)),
            Self::Units { table, succession, problems } => {
                text::units(problems.len(), located(table, succession, problems))
            }
        }
    }

    fn remedy(&self) -> Text {
        match self {
            Self::File { .. } => text::correct_file(),
            // Not `config show`: it stops at the same key.
            Self::UnknownKey { place, key, nearest } if *place == variable_of(key) => {
                text::write_nearest(variable_of(nearest))
            }
            Self::UnknownKey { nearest, .. } => text::write_nearest(nearest),
            Self::UnknownVariable { nearest, .. } => text::write_variable(nearest),
            Self::TwoVariables { name, .. } => text::unset_one(name),
            Self::NotText { .. } => text::write_as_text(),
            Self::Value { key, place, .. } => text::correct_value(key, place),
            Self::NamedFile { .. } => text::check_path(),
            Self::SecretFile { .. } => text::name_secret_file(),
            Self::NoCalendar { .. } => text::choose_calendar(Calendar::NAMES.join(", ")),
            Self::Calendar { .. } => text::correct_calendar(),
            Self::Holidays { .. } => text::correct_holidays(),
            Self::Units { .. } => text::correct_units(),
        }
    }
}

fn located(table: &str, succession: &str, problems: &[UnitTableError]) -> Text {
    let line =
        |error: &UnitTableError| rules::of_units(error, if error.file == UnitFile::Table { table } else { succession });
    Text::join(&problems.iter().map(line).collect::<Vec<_>>(), &Text::same("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UnitProblem;
    use crate::failure::tests::hold_to_promises;

    #[test]
    fn every_error_is_explained_in_both_languages() {
        let (place, key) = (|| "f.toml".to_owned(), || "kafka.broker".to_owned());
        let problem = UnitTableError { file: UnitFile::Table, line: 2, problem: UnitProblem::Nameless };
        let errors = [
            ConfigError::File { file: place(), cause: "cause".into() },
            ConfigError::UnknownKey { place: place(), key: key(), nearest: "kafka.brokers".into() },
            ConfigError::UnknownVariable { name: "GIAOBAN_X".into(), nearest: "GIAOBAN__DATA".into() },
            ConfigError::TwoVariables {
                name: "GIAOBAN__DATA".into(),
                other: "GIAOBAN__data".into(),
                key: "data".into(),
            },
            ConfigError::NotText { name: "GIAOBAN__DATA".into() },
            ConfigError::Value { place: place(), key: key(), found: "x".into(), allowed: text::flag() },
            ConfigError::NamedFile { key: key(), path: "x".into(), cause: "cause".into() },
            ConfigError::SecretFile { key: key(), path: "x".into(), cause: "cause".into() },
            ConfigError::NoCalendar { name: place() },
            ConfigError::Calendar { path: "x".into(), error: CalendarError::Empty },
            ConfigError::Holidays {
                path: "x".into(),
                error: HolidayError { line: 1, problem: crate::domain::HolidayProblem::Head },
            },
            ConfigError::Units { table: place(), succession: place(), problems: vec![problem] },
        ];
        hold_to_promises(&errors, |error| {
            matches!(error, ConfigError::File { .. } | ConfigError::NamedFile { .. } | ConfigError::SecretFile { .. })
        });
        assert!(errors[1].remedy().vi.contains("kafka.brokers"));
        let variable = ConfigError::UnknownKey {
            place: "GIAOBAN__KAFKA__BROKRS".into(),
            key: "kafka.brokrs".into(),
            nearest: "kafka.brokers".into(),
        };
        assert!(variable.remedy().en.contains("GIAOBAN__KAFKA__BROKERS"));
    }
}

//! Settings in layers: defaults, then a file, then the environment, then flags.
//!
//! One table of keys (`keys`) drives defaults, the check for unknown keys,
//! `giaoban config show` and the shipped `config/giaoban.toml`.

mod check;
mod keys;
mod load;
mod settings;

pub use keys::{KEYS, Key, Shape, shipped_file};
pub use load::{Loaded, Origin, Overrides, load, variable_of};
pub use settings::{KafkaClient, Secret, Settings};

use std::path::PathBuf;

use crate::domain::UnitTableError;

/// What is wrong with the configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{file}: {cause}")]
    File {
        /// Which.
        file: String,
        /// Why.
        cause: String,
    },
    /// A key that there is not.
    #[error("{place}: there is no key {key}; the nearest is {nearest}")]
    UnknownKey {
        /// The file or the environment variable.
        place: String,
        /// What was found.
        key: String,
        /// The nearest right one.
        nearest: String,
    },
    /// A value that the key does not take.
    #[error("{place}: {key} is {found}, but must be {allowed}")]
    Value {
        /// The file, the environment variable or the flag.
        place: String,
        /// The key.
        key: String,
        /// What was found.
        found: String,
        /// What is allowed.
        allowed: Allowed,
    },
    /// A file that a key names cannot be read.
    #[error("{key}: {path}: {cause}", path = path.display())]
    NamedFile {
        /// The key.
        key: String,
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: String,
    },
    /// The units: every problem, with file and line.
    #[error("problems in the table of units: {}\n{}", problems.len(), located(table, succession, problems))]
    Units {
        /// Where the table is.
        table: String,
        /// Where the successions are.
        succession: String,
        /// What is wrong with them.
        problems: Vec<UnitTableError>,
    },
}

/// What a key takes, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// In Vietnamese.
    pub vi: String,
    /// In English.
    pub en: String,
}

impl Allowed {
    fn new(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { vi: vi.into(), en: en.into() }
    }

    /// What is wrong with the URL of a database is said in English alone.
    fn database(wrong: &str) -> Self {
        Self::new(format!("để trống, hoặc URL của PostgreSQL ({wrong})"), format!("empty, or {wrong}"))
    }
}

impl std::fmt::Display for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.en)
    }
}

fn located(table: &str, succession: &str, problems: &[UnitTableError]) -> String {
    let line = |problem: &UnitTableError| {
        let file = if problem.file == "units" { table } else { succession };
        format!("{file} line {}: {}", problem.line, problem.problem)
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

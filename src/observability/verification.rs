//! What the last `giaoban verify` found, kept beside the log and the store so
//! that the worker there can show it as a metric.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::WholeFile;

/// What a recount came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every figure agrees.
    Agreed,
    /// Some figure differs.
    Differed,
    /// It ended before that was known.
    Failed,
}

impl Outcome {
    /// All that there are.
    pub const ALL: [Self; 3] = [Self::Agreed, Self::Differed, Self::Failed];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agreed => "agreed",
            Self::Differed => "differed",
            Self::Failed => "failed",
        }
    }
}

/// The outcome of a recount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// When it ended, in milliseconds since 1970.
    pub at_ms: i64,
    /// Records that were counted anew.
    pub records: u64,
    /// Figures of units in quarters that differ, 0 if all agree.
    pub differing: u64,
    /// Whether it ended before that was known.
    #[serde(default)]
    pub failed: bool,
}

impl Verification {
    /// The last one in that data folder; `None` if there is none that can be read.
    pub fn last_in(dir: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(file_in(dir)).ok()?).ok()
    }

    /// Keeps it in that data folder, in place of the one before.
    pub fn keep_in(&self, dir: &Path) -> io::Result<()> {
        let json = serde_json::to_vec(self)?;
        WholeFile::write(&file_in(dir), json)
    }

    /// What it came to.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self { failed: true, .. } => Outcome::Failed,
            Self { differing: 0, .. } => Outcome::Agreed,
            _ => Outcome::Differed,
        }
    }
}

fn file_in(dir: &Path) -> PathBuf {
    dir.join("verify.json")
}

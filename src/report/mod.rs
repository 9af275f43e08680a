//! Figures as people and programs read them: JSON, CSV, a terminal's table, the
//! report for the meeting, and the records behind each figure.
//!
//! Knows rollups and the store's reader; nothing of how events travel, and no
//! clock: the same store gives the same bytes.

pub mod chart;
pub mod csv;
pub mod grid;
pub mod head;
pub mod html;
pub mod json;
pub mod numbers;
pub mod prose;
pub mod records;
pub mod table;
pub mod words;
pub mod write;
pub mod year;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

pub use head::ReportHead;
pub use write::write_report;

use std::path::PathBuf;

use crate::rollup::table::RollupError;
use crate::store::StoreError;

/// What every output says of made-up figures, in Vietnamese and English.
pub const SYNTHETIC_VI: &str = "Số liệu mẫu, không có thật: có bản ghi tự khai là dữ liệu tạo ra để minh họa.";
/// [`SYNTHETIC_VI`] in English.
pub const SYNTHETIC_EN: &str = "Made-up sample figures: some records say of themselves that they are synthetic.";

/// Why a report cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such period or unit.
    #[error(transparent)]
    Rollup(#[from] RollupError),
    /// A file cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

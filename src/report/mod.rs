//! Figures as people and programs read them: JSON, CSV, a terminal's table, the
//! report for the meeting, and the records behind each figure.
//!
//! The way of a figure: `contents` reads a period from the store; `tables` and
//! `units` make typed tables of it ([`document::Table`] of [`datum::Datum`]);
//! `sections` puts them in order, with the sentences of `prose`, into a
//! [`document::Document`]; a renderer for each format writes that. Nothing after
//! `contents` and `records` reads a store.
//!
//! - **A new figure** needs nothing here: JSON, CSV, the pages and the table of
//!   all figures go by the catalogue of the domain. Only a figure that shall also
//!   have a column in the smaller tables is named in `tables` or `units`.
//! - **A new format** (PDF, Word, spreadsheet) is one file beside `html.rs` that
//!   walks the document, and a line in `write`. How a number is written in it is
//!   for it to say: `Datum` hands it the number.
//! - **A new table** is a function in `tables` or `units` and a line in `sections`.
//!
//! Knows rollups and the store's reader; nothing of how events travel, and no
//! clock: the same store gives the same bytes.

mod caveats;
pub mod completeness;
pub mod contents;
pub mod csv;
pub mod datum;
pub mod document;
mod error;
pub mod head;
pub mod html;
pub mod json;
mod named;
pub mod numbers;
pub mod operations;
pub mod overlaps;
mod prose;
pub mod records;
pub mod rows;
pub mod sections;
pub mod svg;
mod tables;
pub mod terminal;
pub mod timeline;
pub mod units;
mod write;
pub mod year;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

pub use caveats::Caveats;
pub use head::ReportHead;
pub use write::write_report;

use std::path::PathBuf;

use crate::rollup::RollupError;
use crate::store::StoreError;

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

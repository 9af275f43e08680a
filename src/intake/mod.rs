//! Takes events in, from whoever has them: a file, a request's body, rows of a spreadsheet, single fields of a form.
//!
//! ```text
//!  input ──► reader: lines, json, table ◄── rows ◄── csv      what stands there, line by line
//!              │
//!            check ──► submit ──► the log                      every rule; what the log acknowledged
//!              │         │ contradiction
//!              └► receipt ◄┘                                   what was refused, to be corrected
//!
//!  record, latest ──► submit                                   one event, or a record's next revision
//! ```
//!
//! A new format of tables is an implementation of [`rows::Rows`], handed to [`reader::EventReader::of_rows`]; any other
//! format is a form more in [`reader`]. A new way in (HTTP, a form) gives its body to [`input::EventInput::body`], or
//! its fields to [`record`], and renders what comes back: results are values with codes and typed arguments. Knows log
//! and store by their traits, and nothing of commands, exit codes or terminals.

pub mod check;
mod columns;
mod contradiction;
mod csv;
mod error;
mod event;
pub mod input;
mod json;
pub mod latest;
mod limit;
mod lines;
pub mod reader;
pub mod receipt;
pub mod record;
pub mod rows;
mod scan;
pub mod submit;
mod table;
#[cfg(test)]
mod tests;

pub use columns::named_type;
pub use error::{InputError, RecordError};
pub use event::{InputEvent, InputLine, Unreadable};
pub use limit::InputLimit;

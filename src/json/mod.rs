//! JSON as it is written: one text read into one document, where numbers keep
//! their digits and no key is duplicated; and the canonical form of RFC 8785.
//!
//! `serde_json` says what is JSON and why not; what is plain is read faster, and
//! alike. Knows nothing of events.

mod canonical;
mod document;
mod number;
mod plain;
mod read;

pub use canonical::{double_text, write_canonical, write_text};
pub use document::{Items, Json, JsonAt, JsonDocument, Members};
pub use number::{Number, Scaled};
pub use read::JsonError;

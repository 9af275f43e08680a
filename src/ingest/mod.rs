//! From the log into the store: decode → ledger → delta → one transaction with
//! the offset.
//!
//! `machine` decides what is read, written, retried and released, without I/O;
//! `reader`, `writer` and `letters` are the three threads that carry it out, and
//! `errands` what they ask of one another. What only I/O can answer is theirs: how
//! much is read at once, where a partition starts (`ranges`), whether a failed call
//! is worth another try. `connection` decides what is done about a client that no broker
//! answers any more. `notes` has what the workers of a group tell one another, `worker` starts them, `ground` is
//! what comes before a recount. Nothing here may know how figures are shown or who asked for the work.

pub mod connection;
mod errands;
mod error;
pub mod ground;
mod letters;
pub mod machine;
mod notes;
mod ranges;
mod reader;
mod summary;
pub mod worker;
mod writer;

pub use connection::ConnectionLimits;
pub use error::{Silent, WorkerError};
pub use machine::{BatchFailure, Decoded, Input, Limits, Machine, Output, Start, Stopped, WentBack};
pub use summary::Summary;

//! From the log into the store: decode → ledger → delta → one transaction with
//! the offset.
//!
//! `machine` decides what is read, written, retried and released, without I/O;
//! `reader` and `writer` are the two threads that carry it out. What only I/O can
//! answer is theirs: how much is read at once, where a partition starts, whether a
//! failed call is worth another try. `worker` starts them. `ground` is what comes
//! before a recount. Nothing here may
//! know how figures are shown or who asked for the work.

mod error;
pub mod ground;
pub mod machine;
mod portion;
mod reader;
mod summary;
pub mod worker;
mod writer;

pub use error::{Silent, WorkerError};
pub use machine::{BatchFailure, Decoded, Input, Limits, Machine, Output, Start, Stopped, WentBack};
pub use summary::Summary;

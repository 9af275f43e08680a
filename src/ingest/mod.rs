//! From the log into the store: decode → ledger → delta → one transaction with
//! the offset.
//!
//! `machine` decides and does no I/O; `reader` and `writer` are the two threads
//! that do it and decide nothing; `worker` is what starts them. Nothing here may
//! know how figures are shown or who asked for the work.

mod error;
pub mod machine;
mod portion;
mod reader;
mod summary;
pub mod worker;
mod writer;

pub use error::{Silent, WorkerError};
pub use machine::{BatchFailure, Decoded, Input, Limits, Machine, Output, Start, Stopped};
pub use summary::Summary;

//! From the log into the store: decode → ledger → delta → one transaction with
//! the offset.
//!
//! `decoding` makes events of what the log's consumer reads; `machine` decides and
//! does no I/O; `worker` does the I/O and decides nothing.

pub mod dead_letter;
pub mod decoding;
mod error;
pub mod letters;
pub mod machine;
pub mod metrics;
mod outbox;
pub mod redrive;
pub mod verification;
pub mod watch;
pub mod worker;

pub use dead_letter::DeadLetter;
pub use decoding::{Decoded, DecodingConsumer};
pub use machine::{Failure, Input, Limits, Machine, Output, Start, Stopped};
pub use watch::Tolerance;

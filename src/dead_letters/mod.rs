//! Messages that are not valid events: kept whole with the reason, listed, sent
//! again after a fix, and counted against a limit.
//!
//! `message` is a dead letter as it goes out, `producer` has the log confirm it,
//! `reader` reads the topic back with what was decided, `selection` says which are
//! meant, `listing` and `whole` show them, `redrive` sends again, `export` writes
//! out, `undecided` counts what waits for a decision, `limit` says when they are too many. Knows the contract with producers and
//! the log; nothing of the store or of the worker.

pub mod export;
pub mod limit;
pub mod listing;
pub mod message;
pub mod producer;
pub mod reader;
pub mod redrive;
pub mod selection;
pub mod undecided;
pub mod whole;

pub use limit::Tolerance;
pub use message::DeadLetter;

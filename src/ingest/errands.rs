//! What the threads of a worker ask of one another, and what they answer.

use std::time::Duration;

use crate::dead_letters::DeadLetter;
use crate::dead_letters::producer::DeadLetterRefused;
use crate::domain::Entry;
use crate::log::Ranges;
use crate::store::{Accepted, Batch, Checkpoint, Counts, Held, StoreError};

/// What the thread that writes is asked for.
pub(super) enum Request {
    /// How far the store is, and what is noted of partitions.
    Progress,
    /// Whether it still has what it was given.
    Standing,
    /// What is noted of partitions that are held, and what operators have accepted.
    Accepted,
    /// To note that a partition is held.
    Hold(Held),
    /// To write a batch.
    Apply(Batch),
}

/// Letters of one partition for the thread that has them kept, by the machine's number.
pub(super) type Parcel = (u64, Vec<DeadLetter>);

/// How far the store is, and what is noted of partitions.
#[derive(Default)]
pub(super) struct Progress {
    pub(super) checkpoints: Vec<Checkpoint>,
    pub(super) held: Vec<Held>,
    pub(super) accepted: Vec<Accepted>,
}

/// What the reading thread is answered; `room` is the memory of the batch's entries.
pub(super) enum Reply {
    Progress(Result<Progress, StoreError>),
    /// Also unasked for, after the store was reached by another connection.
    Standing(Result<Vec<Checkpoint>, StoreError>),
    /// Whether the log answers another client than the one that reads.
    LogAnswers(bool),
    Accepted(Result<(Vec<Held>, Vec<Accepted>), StoreError>),
    Noted(Result<(), StoreError>),
    /// Of the look-up with that number.
    Ranges(u64, Ranges),
    Kept(u64, Result<(), DeadLetterRefused>),
    Applied {
        result: Result<Vec<Counts>, StoreError>,
        took: Duration,
        room: Vec<Entry>,
    },
}

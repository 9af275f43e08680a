//! The machine's inputs and outputs: the messages between it and the threads
//! that work for it.

use std::collections::BTreeMap;

use crate::dead_letters::limit::Excess;
use crate::dead_letters::{DeadLetter, Tolerance};
use crate::domain::{NextOffset, Partition};
use crate::log::{Incoming, PartitionRange};
use crate::store::{Batch, Checkpoint, Counts};
use crate::wire::{Event, ValidationError};

/// A message's event, or every rule that it breaks.
pub type Decoded = Result<Event, Vec<ValidationError>>;

/// When a batch is closed, and how long to wait after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// At most this many records in a batch; it goes from three quarters of that on when the store is free.
    pub records: usize,
    /// At most about this many bytes of events in a batch, likewise.
    pub bytes: usize,
    /// A record waits at most this long for others, in milliseconds; five times
    /// as long in a flow that fills more than a twentieth of a batch meanwhile.
    pub wait_ms: u64,
    /// The first wait after a failure, in milliseconds; doubles up to a hundredfold.
    pub backoff_ms: u64,
    /// Start at the first message that is still there, although earlier ones are gone.
    pub accept_gap: bool,
    /// When bad records are too many; `None` to accept any number.
    pub dead_letters: Option<Tolerance>,
}

impl Limits {
    /// How long to wait after so many failures in a row before this one, in milliseconds.
    pub(super) fn wait_after(&self, failures: u32) -> u64 {
        self.backoff_ms * (1 << failures.min(7)).min(100)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { records: 125_000, bytes: 40 << 20, wait_ms: 100, backoff_ms: 200, accept_gap: false, dead_letters: None }
    }
}

/// A partition that is now this worker's, with what store and log have of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Where the store is; `None` if it has nothing of the partition.
    pub stored: Option<NextOffset>,
    /// When the log took the last record that the store has, if it is known.
    pub last_timestamp_ms: Option<i64>,
    /// What the log has.
    pub range: PartitionRange,
    /// Somebody has accepted that records before this become dead letters, however many.
    pub accepted: NextOffset,
}

/// Why a batch did not get into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchFailure {
    /// Another writer moved the checkpoint.
    Fenced,
    /// It may pass; whether the batch was written is unknown.
    Passing(String),
}

/// What happened. Times are milliseconds of a clock that only goes forward.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "one at a time, on the stack: a box would be made for each record")]
pub enum Input<'a> {
    /// Partitions are this worker's, or are to be started again after [`Output::Resync`].
    Assigned(&'a [Start]),
    /// Store or log could not be asked about these partitions: they alone are looked up again later.
    Unknown(&'a [Partition]),
    /// Partitions are to be given up, after what is in flight of them is done.
    Revoked(&'a [Partition]),
    /// Partitions are gone already.
    Lost(&'a [Partition]),
    /// These were read to their ends: nothing that lies behind what was handed over is a record.
    AtEndOf(&'a [Partition]),
    /// The log may be another than the one that was read.
    Recreated,
    /// Where the store was after the last batch that it answered; a partition that it lacks is not among them.
    Standing(&'a [Checkpoint]),
    /// A record was read: its event, or what is wrong with it.
    Record(&'a Incoming<'a>, Decoded),
    /// The log has the dead letters of that number.
    DeadLettersKept(u64),
    /// The log has not confirmed them, which may pass: their partition alone is read again.
    DeadLettersNotKept(u64),
    /// Somebody has decided about a partition that is held.
    Decided(Partition),
    /// The batch in flight is in the store, with these counts for each span.
    Committed(Vec<Counts>),
    /// The batch in flight failed.
    Failed(BatchFailure),
    /// Time has passed.
    Tick,
    /// Nothing more is to be read: what is gathered waits for no other record.
    AtEnd,
    /// Stop when what is in flight is done.
    Stop,
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Read these partitions from these offsets.
    Start(Vec<(Partition, NextOffset)>),
    /// Read this partition again from there, or from the first message that is left.
    LookBack(Partition, NextOffset),
    /// Give these up now.
    Release(Vec<Partition>),
    /// The store has lost what it had of these: they are read again.
    WentBack(Vec<WentBack>),
    /// Keep these of one partition in the dead-letter topic, confirmed, and answer with the number.
    DeadLetter(u64, Vec<DeadLetter>),
    /// Read no more of these until they are started again.
    Hold(Vec<Partition>),
    /// So many records of a partition are not valid events that it is held until somebody decides.
    TooManyDeadLetters(Partition, Excess),
    /// Write this batch in one transaction, and answer.
    Apply(Batch),
    /// These are in the store: tell the log, as a hint, and count.
    Commit {
        /// What each span came to.
        spans: Vec<Committed>,
        /// When the first record of the batch was read, by the inputs' clock.
        since_ms: u64,
    },
    /// Hand over no more records until [`Output::Resume`].
    Pause,
    /// Go on.
    Resume,
    /// Look up store and log of these and answer with [`Input::Assigned`].
    Resync(Vec<Partition>),
    /// Stop: all is done, or this is why it cannot go on.
    Stop(Result<(), Stopped>),
}

/// A partition of which the store has less than was written into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WentBack {
    /// The partition.
    pub partition: Partition,
    /// Where the store was.
    pub from: NextOffset,
    /// Where it is now; `None` if it has nothing of the partition.
    pub to: Option<NextOffset>,
}

/// What one span of a batch came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The partition.
    pub partition: Partition,
    /// Where the store is now.
    pub next: NextOffset,
    /// What became of the span's records.
    pub counts: Counts,
    /// When the log took the last of them, in milliseconds since 1970.
    pub last_timestamp_ms: Option<i64>,
    /// How many had been dead letters and were sent again.
    pub redriven: u64,
    /// Its dead letters, by the code of what is wrong first.
    pub reasons: BTreeMap<&'static str, u64>,
}

/// Why the worker cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Messages are gone that the store has not seen.
    Gap {
        /// The partition.
        partition: Partition,
        /// The first that is gone.
        from: NextOffset,
        /// The first that is there.
        to: NextOffset,
    },
    /// The log ends before the store's checkpoint: what it had there is lost.
    Truncated {
        /// The partition.
        partition: Partition,
        /// Where the store is.
        stored: NextOffset,
        /// Where the log ends.
        end: NextOffset,
    },
    /// The log has another record where the store's last one was: that one is lost.
    Recreated {
        /// The partition.
        partition: Partition,
        /// Where the store is.
        next: NextOffset,
    },
    /// Another worker kept writing the same partitions.
    Fenced(u32),
    /// All else is done, and a partition is held: so many of its records are not valid events that the producer must be
    /// broken.
    TooManyDeadLetters {
        /// The partition.
        partition: Partition,
        /// Which records, how many, and why.
        excess: Excess,
    },
}

//! What can go wrong with an event log.

use crate::domain::{NextOffset, Partition};

/// What went wrong with the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// No broker answers.
    #[error("no answer from {at}: {cause}")]
    Unreachable {
        /// The brokers, or the file.
        at: String,
        /// The last cause that was seen.
        cause: String,
    },
    /// Wrong user, password or mechanism: trying again does not help.
    #[error("{at} does not let this client in: {cause}")]
    Authentication {
        /// The brokers.
        at: String,
        /// What the client saw.
        cause: String,
    },
    /// The broker's certificate is of an unknown authority or another name.
    #[error("the certificate of {at} is not trusted: {cause}")]
    Certificate {
        /// The brokers.
        at: String,
        /// What the client saw.
        cause: String,
    },
    /// One side speaks TLS or asks for a password, the other does not.
    #[error("{at} ends the connection before it is made: {cause}")]
    Protocol {
        /// The brokers.
        at: String,
        /// What the client saw.
        cause: String,
    },
    /// An access rule is missing.
    #[error("not allowed to {operation} {resource}")]
    Authorization {
        /// `read`, `write`, `create`, `describe`, `join`.
        operation: String,
        /// `topic NAME` or `group NAME`.
        resource: String,
    },
    /// Another member of the group came with the same `group.instance.id`, and the group goes on with that one.
    #[error("another worker joined the group as {instance} too, and this one was put out of it: {cause}")]
    InstanceTaken {
        /// The id.
        instance: String,
        /// What the client saw.
        cause: String,
    },
    /// The topic is not there; it is never made silently.
    #[error("there is no topic {0}")]
    NoSuchTopic(String),
    /// The message is larger than the log takes.
    #[error("a message of {bytes} bytes is larger than the log takes ({cause})")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// Who says so.
        cause: String,
    },
    /// The log refuses for a cause that trying again does not mend.
    #[error("{resource} refuses: {cause}")]
    Refused {
        /// `topic NAME` or `group NAME`.
        resource: String,
        /// What it says.
        cause: String,
    },
    /// The offset asked for is not there any more, or not yet.
    #[error("partition {partition} has no offset {wanted} ({cause})")]
    OffsetOutOfRange {
        /// The partition.
        partition: Partition,
        /// What was asked for.
        wanted: NextOffset,
        /// What the log says.
        cause: String,
    },
    /// The disk is full.
    #[error("no space left for {at}")]
    DiskFull {
        /// The file.
        at: String,
    },
    /// The place cannot be written.
    #[error("cannot write {at}: {cause}")]
    Unwritable {
        /// The file or folder.
        at: String,
        /// Why.
        cause: String,
    },
    /// The file cannot be read as a log.
    #[error("{at}: {cause}")]
    Broken {
        /// The file.
        at: String,
        /// What is wrong.
        cause: String,
    },
    /// Another process holds the file.
    #[error("{at} is held by another process: {cause}")]
    Locked {
        /// The file.
        at: String,
        /// What is said of it.
        cause: String,
    },
    /// A setting that the client refuses.
    #[error("setting {key}: {cause}")]
    Setting {
        /// Which.
        key: String,
        /// Why.
        cause: String,
    },
    /// Anything else; trying again may help.
    #[error("{0}")]
    Transient(String),
}

impl LogError {
    /// Whether it may pass by itself, so that trying again later is right.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Transient(_) | Self::Unreachable { .. } | Self::Locked { .. })
    }
}

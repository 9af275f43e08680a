//! What can go wrong with a store.

use super::Span;
use crate::domain::{Digest, NextOffset, Partition};
use crate::rollup::NotInTable;

/// What went wrong with the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another writer has moved the checkpoint: this one's reading is out of date.
    #[error(
        "partition {partition} of {topic} is at {stored} in the store, not at {expected}: another worker has written it"
    )]
    Fenced {
        /// The topic.
        topic: String,
        /// The partition.
        partition: Partition,
        /// Where the store is; `nothing` if it has none of the partition.
        stored: String,
        /// Where the batch starts.
        expected: String,
    },
    /// Another process writes this store.
    #[error("{at} is in use by another process{by}")]
    Locked {
        /// The store.
        at: String,
        /// ` (process 123)`, if known.
        by: String,
    },
    /// Its figures were made by other rules.
    #[error(
        "{at} was made by other rules (fingerprint {stored}, now {now}): units, calendar or catalogue have changed"
    )]
    OtherRules {
        /// The store.
        at: String,
        /// The stored fingerprint.
        stored: Digest,
        /// That of the rules in force.
        now: Digest,
    },
    /// Made by a newer version of the program.
    #[error("{at} has schema version {found}, newer than {known}, the newest that this program knows")]
    Newer {
        /// The store.
        at: String,
        /// Its version.
        found: i64,
        /// What this program knows.
        known: i64,
    },
    /// Not readable as a store.
    #[error("{at} is damaged: {cause}")]
    Damaged {
        /// The file.
        at: String,
        /// What is wrong.
        cause: String,
    },
    /// There is none yet.
    #[error("there is no store at {at}")]
    Missing {
        /// Where.
        at: String,
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
        /// Where.
        at: String,
        /// Why.
        cause: String,
    },
    /// A stored fact that the rules have no place for.
    #[error("the ledger does not agree with the rules: {0}")]
    Inconsistent(#[from] NotInTable),
    /// The database server does not answer.
    #[error("{at} does not answer: {cause}")]
    Unreachable {
        /// User, host, port and database.
        at: String,
        /// Why.
        cause: String,
    },
    /// The database server does not know this user with this password.
    #[error("{at} refuses the login: {cause}")]
    Login {
        /// User, host, port and database.
        at: String,
        /// Why.
        cause: String,
    },
    /// The server has no such database.
    #[error("{at}: {cause}")]
    NoDatabase {
        /// User, host, port and database.
        at: String,
        /// In the server's words.
        cause: String,
    },
    /// No connection that can be trusted: the certificate, the host's name, or no TLS at all.
    #[error("{at} cannot be trusted: {cause}")]
    Untrusted {
        /// User, host, port and database.
        at: String,
        /// Why.
        cause: String,
    },
    /// The user may not do that, or nobody may on this server.
    #[error("{at} does not allow it: {cause}")]
    Forbidden {
        /// User, host, port and database.
        at: String,
        /// In the server's words.
        cause: String,
    },
    /// The server takes no more connections.
    #[error("{at} has no connection to spare: {cause}")]
    Crowded {
        /// User, host, port and database.
        at: String,
        /// In the server's words.
        cause: String,
    },
    /// The schema is another program's.
    #[error("{at} is no store of giaoban: {cause}")]
    Foreign {
        /// User, host, port and database.
        at: String,
        /// Why not.
        cause: String,
    },
    /// A replay has put other figures in force.
    #[error("{at} is not what is written any more: a replay has put another generation in force")]
    Switched {
        /// The store.
        at: String,
    },
    /// Anything that may pass: trying again helps.
    #[error("{at}: {cause}")]
    Unavailable {
        /// The store.
        at: String,
        /// What is wrong.
        cause: String,
    },
}

impl StoreError {
    /// A span that does not start where the store is.
    pub fn fenced(topic: &str, span: &Span, stored: Option<NextOffset>) -> Self {
        let show = |next: Option<NextOffset>| next.map_or_else(|| "nothing".to_owned(), |next| next.to_string());
        let (topic, partition) = (topic.to_owned(), span.partition);
        Self::Fenced { topic, partition, stored: show(stored), expected: show(span.from) }
    }
}

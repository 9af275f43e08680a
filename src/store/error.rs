//! What can go wrong with a store.

use crate::domain::{Digest, LogIdentity, LogKind, NextOffset, Partition};
use crate::failure::{Cause, Explained, FailureKind};
use crate::rollup::NotInTable;
use crate::text::{Text, failure, store as text};

/// What went wrong with the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another writer has moved the checkpoint: this one's reading is out of date.
    Fenced {
        /// The topic.
        topic: String,
        /// The partition.
        partition: Partition,
        /// Where the store is; `None` if it has nothing of the partition.
        stored: Option<NextOffset>,
        /// Where the batch starts.
        expected: Option<NextOffset>,
    },
    /// Another process writes this store.
    Locked {
        /// The store.
        at: String,
        /// The number of its process; empty if it is not known.
        by: String,
    },
    /// Its figures were made by other rules.
    OtherRules {
        /// The store.
        at: String,
        /// The stored fingerprint.
        stored: Digest,
        /// That of the rules in force.
        now: Digest,
    },
    /// The log is another one than the store was made from.
    OtherLog {
        /// The store.
        at: String,
        /// The log that it was made from.
        bound: Box<LogIdentity>,
        /// The one that is configured.
        found: Box<LogIdentity>,
    },
    /// The log that the store was made from is not there any more.
    LogGone {
        /// The store.
        at: String,
        /// The log that it was made from.
        bound: Box<LogIdentity>,
    },
    /// Made by a newer version of the program.
    Newer {
        /// The store.
        at: String,
        /// Its version.
        found: i64,
        /// What this program knows.
        known: i64,
    },
    /// Made by an older version of the program, on a server, where nobody has said that a copy is kept.
    Older {
        /// The store.
        at: String,
        /// The name of its schema.
        schema: String,
        /// Its version.
        found: i64,
        /// The one that this program writes.
        known: i64,
    },
    /// Somebody is connected by an older version of the program, and may write by it.
    OlderAtWork {
        /// The store.
        at: String,
        /// Which sessions.
        sessions: String,
    },
    /// Not readable as a store.
    Damaged {
        /// The file.
        at: String,
        /// What is wrong.
        #[source]
        cause: Cause,
    },
    /// There is none yet.
    Missing {
        /// Where.
        at: String,
    },
    /// The disk is full.
    DiskFull {
        /// The file.
        at: String,
    },
    /// The place cannot be written.
    Unwritable {
        /// Where.
        at: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// A stored fact that the rules have no place for.
    Inconsistent(#[from] NotInTable),
    /// The database server does not answer.
    Unreachable {
        /// User, host, port and database.
        at: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// The database server does not know this user with this password.
    Login {
        /// User, host, port and database.
        at: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// The server has no such database.
    NoDatabase {
        /// User, host, port and database.
        at: String,
        /// In the server's words.
        #[source]
        cause: Cause,
    },
    /// No connection that can be trusted: the certificate, the host's name, or no TLS at all.
    Untrusted {
        /// User, host, port and database.
        at: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// The user may not do that, or nobody may on this server.
    Forbidden {
        /// User, host, port and database.
        at: String,
        /// In the server's words.
        #[source]
        cause: Cause,
    },
    /// The server takes no more connections.
    Crowded {
        /// User, host, port and database.
        at: String,
        /// In the server's words.
        #[source]
        cause: Cause,
    },
    /// The schema is another program's.
    Foreign {
        /// User, host, port and database.
        at: String,
        /// Why not.
        #[source]
        cause: Cause,
    },
    /// The server is a standby, or was told to take no changes.
    ReadOnly {
        /// User, host, port and database.
        at: String,
        /// In the server's words, or what was seen.
        #[source]
        cause: Cause,
    },
    /// The server is a primary that another has replaced.
    Outlived {
        /// User, host, port and database.
        at: String,
        /// The timeline that it is on.
        timeline: i64,
        /// The one that was seen.
        newest: i64,
    },
    /// Two servers are primaries of one system.
    TwoPrimaries {
        /// User, host, port and database.
        at: String,
        /// The two.
        both: String,
    },
    /// The database's encoding cannot hold every text.
    Encoding {
        /// User, host, port and database.
        at: String,
        /// The encoding.
        encoding: String,
    },
    /// A file of the store is not the one that was opened: it was removed, or another was put in its place.
    Replaced {
        /// The file.
        at: String,
    },
    /// A replay has put other figures in force.
    Switched {
        /// The store.
        at: String,
    },
    /// The database server has ended the connection, or cannot do what it is asked for now.
    BrokenOff {
        /// User, host, port and database.
        at: String,
        /// In the server's words, or what was seen.
        #[source]
        cause: Cause,
    },
    /// Anything else that may pass: trying again helps.
    Unavailable {
        /// The store.
        at: String,
        /// What is wrong.
        #[source]
        cause: Cause,
    },
}

crate::failure::shown_as_explained!(StoreError);

impl Explained for StoreError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Fenced { .. } | Self::Switched { .. } => FailureKind::Fenced,
            Self::Locked { .. } => FailureKind::InUse,
            Self::OtherRules { .. } | Self::Inconsistent(_) => FailureKind::RulesChanged,
            Self::OtherLog { .. } | Self::LogGone { .. } => FailureKind::Gap,
            Self::Older { .. }
            | Self::Newer { .. }
            | Self::Damaged { .. }
            | Self::Foreign { .. }
            | Self::Replaced { .. } => FailureKind::StoreDamaged,
            Self::Missing { .. } => FailureKind::StoreMissing,
            Self::DiskFull { .. } => FailureKind::DiskFull,
            Self::Unwritable { .. } => FailureKind::CannotWrite,
            Self::Unavailable { .. } | Self::OlderAtWork { .. } => FailureKind::StoreAway,
            Self::Unreachable { .. }
            | Self::Crowded { .. }
            | Self::ReadOnly { .. }
            | Self::BrokenOff { .. }
            | Self::Outlived { .. }
            | Self::TwoPrimaries { .. } => FailureKind::StoreUnreachable,
            Self::Login { .. }
            | Self::NoDatabase { .. }
            | Self::Untrusted { .. }
            | Self::Forbidden { .. }
            | Self::Encoding { .. } => FailureKind::StoreRefuses,
        }
    }

    fn what(&self) -> Text {
        match self {
            Self::Fenced { topic, partition, stored, expected } => {
                let place =
                    |next: &Option<NextOffset>| next.map_or_else(text::nothing, |next| Text::same(next.to_string()));
                match NextOffset::lost(*stored, *expected) {
                    0 => text::fenced(partition, topic, place(stored), place(expected)),
                    lost => text::went_back(partition, topic, lost, place(stored), place(expected)),
                }
            }
            Self::Locked { at, by } if by.is_empty() => text::locked(at),
            Self::Locked { at, by } => text::locked_by(at, by),
            Self::OtherRules { at, stored, now } => text::other_rules(at, stored, now),
            Self::OtherLog { at, bound, found } => text::other_log(at, identity(bound), identity(found)),
            Self::LogGone { at, bound } => text::log_gone(at, identity(bound)),
            Self::Newer { at, found, known } => text::newer(at, found, known),
            Self::Older { at, found, known, .. } => text::older(at, found, known),
            Self::OlderAtWork { at, sessions } => text::older_at_work(at, sessions),
            Self::Damaged { at, cause } => text::damaged(at, cause),
            Self::Missing { at } => text::missing(at),
            Self::DiskFull { at } => text::disk_full(at),
            Self::Unwritable { at, cause } => text::unwritable(at, cause),
            Self::Inconsistent(cause) => text::inconsistent(cause),
            Self::Unreachable { at, cause } => text::unreachable(at, cause),
            Self::Login { at, cause } => text::login(at, cause),
            Self::Untrusted { at, cause } => text::untrusted(at, cause),
            Self::Forbidden { at, cause } => text::forbidden(at, cause),
            Self::Crowded { at, cause } => text::crowded(at, cause),
            Self::Foreign { at, cause } => text::foreign(at, cause),
            Self::ReadOnly { at, cause } => text::read_only(at, cause),
            Self::Outlived { at, timeline, newest } => text::outlived(at, timeline, newest),
            Self::TwoPrimaries { at, both } => text::two_primaries(at, both),
            Self::Encoding { at, encoding } => text::encoding(at, encoding),
            Self::Replaced { at } => failure::replaced(at),
            Self::Switched { at } => text::switched(at),
            Self::BrokenOff { at, cause } => text::broken_off(at, cause),
            Self::NoDatabase { at, cause } | Self::Unavailable { at, cause } => text::foreign_words(at, cause),
        }
    }

    fn remedy(&self) -> Text {
        match self {
            Self::Fenced { stored, expected, .. } if NextOffset::lost(*stored, *expected) > 0 => text::read_again(),
            Self::Fenced { .. } => text::one_writer(),
            Self::Locked { .. } => text::stop_the_other(),
            Self::OtherRules { .. } | Self::Inconsistent(_) => text::rebuild(),
            Self::OtherLog { bound, found, .. } if bound.is_recreated_as(found) => text::topic_recreated(&bound.topic),
            Self::OtherLog { bound, found, .. } if bound.kind != found.kind => match bound.kind {
                LogKind::Kafka => text::set_brokers(),
                LogKind::Embedded => text::unset_brokers(),
            },
            Self::OtherLog { bound, found, .. } if bound.topic != found.topic => text::correct_topic(&bound.topic),
            Self::OtherLog { .. } => text::correct_brokers(),
            Self::LogGone { bound, .. } => match bound.kind {
                LogKind::Kafka => text::topic_deleted(&bound.topic),
                LogKind::Embedded => text::log_deleted(),
            },
            Self::Newer { .. } => text::use_newer(),
            Self::Older { schema, found, .. } => text::keep_copy(schema, found),
            Self::OlderAtWork { .. } => text::stop_older(),
            Self::Damaged { .. } => text::bring_back(),
            Self::Missing { .. } => text::build_it(),
            Self::DiskFull { .. } => text::free_disk(),
            Self::Unwritable { .. } => failure::make_writable(),
            Self::Unavailable { .. } => text::try_again(),
            Self::Unreachable { .. } | Self::BrokenOff { .. } => text::check_url(),
            Self::Login { .. } => text::check_login(),
            Self::NoDatabase { .. } => text::create_database(),
            Self::Untrusted { .. } => text::set_certificate(),
            Self::Forbidden { .. } => text::grant_role(),
            Self::Crowded { .. } => text::raise_connections(),
            Self::Foreign { .. } => text::choose_schema(),
            Self::ReadOnly { .. } => text::find_primary(),
            Self::Outlived { .. } => text::follow_new_primary(),
            Self::TwoPrimaries { .. } => text::stop_one_primary(),
            Self::Encoding { .. } => text::create_in_utf8(),
            Self::Replaced { .. } => failure::put_back(),
            Self::Switched { .. } => text::start_again(),
        }
    }
}

/// What a log is called: its kind, its topic, and what is known of their ids.
fn identity(log: &LogIdentity) -> Text {
    let id = |id: &Option<String>| id.clone().unwrap_or_else(|| "?".to_owned());
    match log.kind {
        LogKind::Embedded => text::embedded_topic(&log.topic, id(&log.topic_id)),
        LogKind::Kafka => text::kafka_topic(&log.topic, id(&log.topic_id), id(&log.cluster_id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::tests::hold_to_promises;

    fn log(kind: LogKind, topic: &str, topic_id: &str, cluster_id: &str) -> LogIdentity {
        let id = |id: &str| Some(id.to_owned());
        LogIdentity { kind, topic: topic.to_owned(), topic_id: id(topic_id), cluster_id: id(cluster_id) }
    }

    fn bound() -> LogIdentity {
        log(LogKind::Kafka, "a", "2", "c")
    }

    fn other_log(kind: LogKind, topic: &str, topic_id: &str, cluster_id: &str) -> StoreError {
        let found = log(kind, topic, topic_id, cluster_id).into();
        StoreError::OtherLog { at: "data/store-1.db".into(), bound: bound().into(), found }
    }

    #[test]
    fn every_error_is_explained_in_both_languages() {
        let (at, cause) = (|| "data/store-1.db".to_owned(), || Cause::new("cause"));
        let errors = [
            StoreError::Fenced {
                topic: "t".into(),
                partition: Partition(0),
                stored: Some(NextOffset(6)),
                expected: Some(NextOffset(5)),
            },
            StoreError::Locked { at: at(), by: String::new() },
            StoreError::Locked { at: at(), by: "7".into() },
            StoreError::OtherRules { at: at(), stored: Digest([0; 32]), now: Digest([1; 32]) },
            other_log(LogKind::Kafka, "a", "1", "c"),
            other_log(LogKind::Kafka, "a", "2", "d"),
            other_log(LogKind::Kafka, "b", "2", "c"),
            other_log(LogKind::Embedded, "a", "2", "c"),
            StoreError::LogGone { at: at(), bound: bound().into() },
            StoreError::LogGone { at: at(), bound: LogIdentity::named(LogKind::Embedded, "a").into() },
            StoreError::Newer { at: at(), found: 2, known: 1 },
            StoreError::Older { at: at(), schema: "giaoban".into(), found: 1, known: 2 },
            StoreError::OlderAtWork { at: at(), sessions: "pid 7 (local)".into() },
            StoreError::Damaged { at: at(), cause: cause() },
            StoreError::Missing { at: at() },
            StoreError::DiskFull { at: at() },
            StoreError::BrokenOff { at: at(), cause: cause() },
            StoreError::Unwritable { at: at(), cause: cause() },
            StoreError::Inconsistent(NotInTable("unit".into())),
            StoreError::Unavailable { at: at(), cause: cause() },
            StoreError::Unreachable { at: at(), cause: cause() },
            StoreError::Login { at: at(), cause: cause() },
            StoreError::NoDatabase { at: at(), cause: cause() },
            StoreError::Untrusted { at: at(), cause: cause() },
            StoreError::Forbidden { at: at(), cause: cause() },
            StoreError::Crowded { at: at(), cause: cause() },
            StoreError::Foreign { at: at(), cause: cause() },
            StoreError::ReadOnly { at: at(), cause: cause() },
            StoreError::Outlived { at: at(), timeline: 1, newest: 2 },
            StoreError::TwoPrimaries { at: at(), both: "a, b".into() },
            StoreError::Encoding { at: at(), encoding: "LATIN1".into() },
            StoreError::Replaced { at: at() },
            StoreError::Switched { at: at() },
            StoreError::Fenced {
                topic: "t".into(),
                partition: Partition(0),
                stored: Some(NextOffset(7)),
                expected: Some(NextOffset(9)),
            },
        ];
        hold_to_promises(&errors, |error| {
            matches!(error, StoreError::NoDatabase { .. } | StoreError::Unavailable { .. })
        });
        assert_eq!(
            errors[0].to_string(),
            "partition 0 of t: stored checkpoint: 6; expected: 5; another worker has written it"
        );
        assert!(errors[0].what().vi.contains("điểm dừng trong kho: 6, lẽ ra: 5"), "{}", errors[0].what().vi);
        assert!(errors[3].remedy().en.contains("giaoban replay"));
    }
}

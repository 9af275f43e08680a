//! What can go wrong with an event log.

use crate::domain::{NextOffset, Partition};
use crate::failure::{Cause, Explained, FailureKind};
use crate::text::{Text, failure, log as text};

/// What went wrong with the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// No broker answers.
    Unreachable {
        /// The brokers, or the file.
        at: String,
        /// The last cause that was seen.
        #[source]
        cause: Cause,
    },
    /// One broker does not answer, and others do.
    Silent {
        /// Its number, and where it is; empty where that is not known.
        broker: String,
        /// What it has: `topic NAME, partition N`; empty for what a group is asked for.
        resource: String,
        /// What the client saw.
        #[source]
        cause: Cause,
    },
    /// Wrong user, password or mechanism: trying again does not help.
    Authentication {
        /// The brokers.
        at: String,
        /// What the client saw.
        #[source]
        cause: Cause,
    },
    /// The broker's certificate is of an unknown authority or another name.
    Certificate {
        /// The brokers.
        at: String,
        /// What the client saw.
        #[source]
        cause: Cause,
    },
    /// One side speaks TLS or asks for a password, the other does not.
    Protocol {
        /// The brokers.
        at: String,
        /// What the client saw.
        #[source]
        cause: Cause,
    },
    /// An access rule is missing.
    Authorization {
        /// `read`, `write`, `create`, `describe`, `join`.
        operation: String,
        /// `topic NAME` or `group NAME`.
        resource: String,
    },
    /// Another member of the group came with the same `group.instance.id`, and the group goes on with that one.
    InstanceTaken {
        /// The id.
        instance: String,
        /// What the client saw.
        #[source]
        cause: Cause,
    },
    /// The topic is not there; it is never made silently.
    NoSuchTopic(String),
    /// No broker leads some partitions: the brokers that have their copies are away.
    Leaderless {
        /// The topic.
        topic: String,
        /// Which.
        partitions: Vec<Partition>,
    },
    /// The message is larger than the log takes.
    TooLarge {
        /// Its size.
        bytes: usize,
        /// Who says so.
        #[source]
        cause: Cause,
    },
    /// The log refuses for a cause that trying again does not mend.
    Refused {
        /// `topic NAME` or `group NAME`.
        resource: String,
        /// What it says.
        #[source]
        cause: Cause,
    },
    /// The offset asked for is not there any more, or not yet.
    OffsetOutOfRange {
        /// The partition.
        partition: Partition,
        /// What was asked for.
        wanted: NextOffset,
        /// What the log says.
        #[source]
        cause: Cause,
    },
    /// The disk is full.
    DiskFull {
        /// The file.
        at: String,
    },
    /// The place cannot be written.
    Unwritable {
        /// The file or folder.
        at: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// The file cannot be read as a log.
    Broken {
        /// The file.
        at: String,
        /// What is wrong.
        #[source]
        cause: Cause,
    },
    /// The file is not the one that was opened: it was removed, or another was put in its place.
    Replaced {
        /// The file.
        at: String,
    },
    /// The embedded log was moved: it takes no more messages.
    Moved {
        /// The file.
        at: String,
        /// Where to.
        where_to: String,
    },
    /// Another process holds the file.
    Locked {
        /// The file.
        at: String,
        /// What is said of it.
        #[source]
        cause: Cause,
    },
    /// A setting that the client refuses.
    Setting {
        /// Which.
        key: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// Anything else; trying again may help.
    Transient(#[source] Cause),
}

crate::failure::shown_as_explained!(LogError);

impl Explained for LogError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Unreachable { .. } | Self::Silent { .. } | Self::Leaderless { .. } | Self::Transient(_) => {
                FailureKind::LogUnreachable
            }
            Self::Authentication { .. }
            | Self::Certificate { .. }
            | Self::Protocol { .. }
            | Self::Authorization { .. }
            | Self::NoSuchTopic(_)
            | Self::Refused { .. }
            | Self::TooLarge { .. } => FailureKind::LogRefuses,
            Self::Locked { .. } => FailureKind::LogHeld,
            Self::InstanceTaken { .. } => FailureKind::Fenced,
            Self::OffsetOutOfRange { .. } | Self::Moved { .. } => FailureKind::Gap,
            Self::DiskFull { .. } => FailureKind::DiskFull,
            Self::Unwritable { .. } => FailureKind::CannotWrite,
            Self::Broken { .. } | Self::Replaced { .. } => FailureKind::LogDamaged,
            Self::Setting { .. } => FailureKind::Configuration,
        }
    }

    fn what(&self) -> Text {
        match self {
            Self::Unreachable { at, cause } => text::unreachable(at, cause),
            Self::Silent { resource, cause, .. } if resource.is_empty() => text::group_is_silent(cause),
            Self::Silent { broker, resource, cause } => text::silent(broker, resource, cause),
            Self::Authentication { at, cause } => text::authentication(at, cause),
            Self::Certificate { at, cause } => text::certificate(at, cause),
            Self::Protocol { at, cause } => text::protocol(at, cause),
            Self::Authorization { operation, resource: of } => {
                text::not_allowed(operation_text(operation), resource(of))
            }
            Self::InstanceTaken { instance, cause } => text::instance_taken(instance, cause),
            Self::NoSuchTopic(topic) => text::no_such_topic(topic),
            Self::Leaderless { topic, partitions } => {
                let partitions: Vec<String> = partitions.iter().map(Partition::to_string).collect();
                text::leaderless(topic, partitions.join(", "))
            }
            Self::TooLarge { bytes, cause } => text::too_large(bytes, cause),
            Self::Refused { resource: of, cause } => text::refused(resource(of), cause),
            Self::OffsetOutOfRange { partition, wanted, cause } => text::offset_out_of_range(partition, wanted, cause),
            Self::DiskFull { at } => text::disk_full(at),
            Self::Unwritable { at, cause } => text::unwritable(at, cause),
            Self::Broken { at, cause } => text::broken(at, cause),
            Self::Replaced { at } => failure::replaced(at),
            Self::Moved { at, where_to } => text::moved(at, described(where_to)),
            Self::Locked { at, cause } => text::locked(at, cause),
            Self::Setting { key, cause } => text::setting(key, cause),
            Self::Transient(cause) => Text::same(cause.to_string()),
        }
    }

    fn remedy(&self) -> Text {
        match self {
            Self::Unreachable { .. } | Self::Transient(_) => text::check_brokers(),
            Self::Silent { .. } => text::see_that_broker(),
            Self::Authentication { .. } => text::check_sasl(),
            Self::Certificate { .. } => text::set_authority(),
            Self::Protocol { .. } => text::set_protocol(),
            Self::Authorization { operation, resource } => text::add_rule(rule(operation), resource),
            Self::InstanceTaken { .. } => text::own_instance(),
            Self::NoSuchTopic(_) => text::make_topic(),
            Self::Leaderless { topic, .. } => text::start_brokers(topic),
            Self::TooLarge { .. } => text::shorten(),
            Self::Refused { resource, .. } if resource.starts_with("group ") => text::see_group_settings(),
            Self::Refused { .. } => text::correct_topic(),
            Self::OffsetOutOfRange { .. } => text::look_at_offsets(),
            Self::DiskFull { .. } => text::free_disk(),
            Self::Unwritable { .. } => failure::make_writable(),
            Self::Broken { .. } => text::bring_back(),
            Self::Replaced { .. } => failure::put_back(),
            Self::Moved { .. } => text::follow(),
            Self::Locked { .. } => text::find_holder(),
            Self::Setting { .. } => text::correct_property(),
        }
    }
}

/// What is not allowed, as a verb.
fn operation_text(operation: &str) -> Text {
    match operation {
        "read" => text::read(),
        "write" => text::write(),
        "create" => text::create(),
        "describe" => text::describe(),
        "join" => text::join(),
        other => Text::same(other.to_owned()),
    }
}

/// The same as Kafka's own tool for access rules has it.
fn rule(operation: &str) -> &'static str {
    match operation {
        "read" | "join" => "Read",
        "write" => "Write",
        "create" => "Create",
        _ => "Describe",
    }
}

fn resource(resource: &str) -> Text {
    resource.strip_prefix("group ").map_or_else(|| Text::same(resource.to_owned()), text::group)
}

/// What a log is, from how it describes itself.
pub fn described(described: &str) -> Text {
    if let Some(at) = described.strip_prefix("the embedded log ") {
        return text::embedded(at);
    }
    described.strip_prefix("Kafka at ").map_or_else(|| Text::same(described.to_owned()), text::kafka_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::ExitCode;
    use crate::failure::tests::hold_to_promises;

    #[test]
    fn every_error_is_explained_in_both_languages() {
        let (at, cause) = (|| "localhost:9092".to_owned(), || Cause::new("cause"));
        let errors = [
            LogError::Unreachable { at: at(), cause: cause() },
            LogError::Authentication { at: at(), cause: cause() },
            LogError::Silent { broker: "2 (b:9092)".into(), resource: "topic t, partition 3".into(), cause: cause() },
            LogError::Silent { broker: String::new(), resource: String::new(), cause: cause() },
            LogError::Certificate { at: at(), cause: cause() },
            LogError::Protocol { at: at(), cause: cause() },
            LogError::Authorization { operation: "read".into(), resource: "topic t".into() },
            LogError::InstanceTaken { instance: "worker-1".into(), cause: cause() },
            LogError::NoSuchTopic("t".into()),
            LogError::Leaderless { topic: "t".into(), partitions: vec![Partition(1), Partition(3)] },
            LogError::TooLarge { bytes: 70_000, cause: cause() },
            LogError::Refused { resource: "topic t".into(), cause: cause() },
            LogError::Refused { resource: "group g".into(), cause: cause() },
            LogError::OffsetOutOfRange { partition: Partition(0), wanted: NextOffset(7), cause: cause() },
            LogError::DiskFull { at: at() },
            LogError::Broken { at: at(), cause: cause() },
            LogError::Moved { at: at(), where_to: "Kafka at localhost:9092".into() },
            LogError::Unwritable { at: at(), cause: cause() },
            LogError::Replaced { at: at() },
            LogError::Locked { at: at(), cause: cause() },
            LogError::Setting { key: "acks".into(), cause: cause() },
            LogError::Transient(cause()),
        ];
        hold_to_promises(&errors, |error| matches!(error, LogError::Broken { .. } | LogError::Transient(_)));
        let password = errors[1].remedy().vi;
        assert!(password.contains("sasl.password") && password.contains("kafka.secret_files"), "{password}");
        assert!(errors[8].remedy().en.contains("giaoban topics create"));
    }

    #[test]
    fn a_rule_that_is_missing_is_named_as_kafka_wants_it() {
        let group = LogError::Authorization { operation: "join".into(), resource: "group giaoban".into() };
        assert_eq!(group.what().vi, "không có quyền tham gia nhóm tiêu thụ giaoban");
        assert!(group.remedy().en.contains("--operation Read --group giaoban;"));
    }

    #[test]
    fn a_held_file_is_not_taken_for_a_broker_that_is_away() {
        let locked = LogError::Locked { at: "data/log.db".into(), cause: "database is locked".into() };
        assert!(locked.remedy().en.contains("log.db") && !locked.remedy().en.contains("kafka"));
        assert_eq!(locked.kind().policy().exit, ExitCode::InUse);
        assert!(locked.kind().may_pass());
    }
}

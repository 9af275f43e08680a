//! Where Kafka is, and how a client of it is made: what every client here shares,
//! of whatever kind it is.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaConfRes;

use crate::domain::{NextOffset, Partition};
use crate::failure::Cause;
use crate::log::LogError;

/// What clients call themselves, where the settings do not say otherwise.
pub const CLIENT_ID: &str = "giaoban";

/// How long a question to the brokers may take.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(6);

/// What every client does sooner than librdkafka would by itself: see new leaders and partitions, notice a broker that
/// answers nothing, come back to one that was away.
const SOONER: [(&str, &str); 3] = [
    ("topic.metadata.refresh.interval.ms", "5000"),
    ("socket.timeout.ms", "10000"),
    ("reconnect.backoff.max.ms", "2000"),
];

/// Properties that correctness needs as they are.
const FIXED: [(&str, &str); 6] = [
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("auto.offset.reset", "error"),
    ("enable.idempotence", "true"),
    ("acks", "all"),
    ("enable.partition.eof", "true"),
];

/// Properties that this program's own settings decide, or that its clients cannot work with.
const DECIDED_ELSEWHERE: [(&str, &str); 3] = [
    ("bootstrap.servers", "is what the setting of the brokers is for"),
    ("group.id", "is what the setting of the group is for"),
    ("transactional.id", "the producer is idempotent, not transactional"),
];

/// Properties that name a file or a folder.
const FILES: [&str; 5] =
    ["ssl.ca.location", "ssl.certificate.location", "ssl.key.location", "ssl.keystore.location", "ssl.crl.location"];

/// librdkafka's second names of properties, with the first.
const ALIASES: [(&str, &str); 7] = [
    ("metadata.broker.list", "bootstrap.servers"),
    ("request.required.acks", "acks"),
    ("queue.buffering.max.ms", "linger.ms"),
    ("compression.codec", "compression.type"),
    ("delivery.timeout.ms", "message.timeout.ms"),
    ("message.send.max.retries", "retries"),
    ("max.partition.fetch.bytes", "fetch.message.max.bytes"),
];

/// One name for a property that has two.
fn one_name(key: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == key).map_or(key, |(_, name)| name)
}

/// Whether two values of a property say the same.
fn same(value: &str, needed: &str) -> bool {
    value == needed || (needed == "all" && value == "-1")
}

/// Where Kafka is and how to talk to it.
#[derive(Clone)]
pub struct KafkaSettings {
    /// `host:port,…`.
    pub brokers: String,
    /// Any librdkafka property. Values may be secrets, so this is never shown.
    pub properties: BTreeMap<String, String>,
}

impl KafkaSettings {
    /// Whether these properties leave alone what figures depend on, and name files that can be read.
    ///
    /// # Errors
    /// With the first property that does not.
    pub(super) fn check(&self) -> Result<(), LogError> {
        for (key, value) in &self.properties {
            let refused = |cause: Cause| Err(LogError::Setting { key: key.clone(), cause });
            let name = one_name(key);
            if let Some((_, needed)) = FIXED.iter().find(|(fixed, needed)| *fixed == name && !same(value, needed)) {
                return refused(format!("must stay {needed}: figures depend on it").into());
            }
            if let Some((_, why)) = DECIDED_ELSEWHERE.iter().find(|(decided, _)| *decided == name) {
                return refused((*why).into());
            }
            // librdkafka does not say which file it is.
            if FILES.contains(&name)
                && value != "probe"
                && let Err(error) = std::fs::File::open(value)
            {
                return refused(Cause::worded(format!("{value}: {error}"), error));
            }
        }
        Ok(())
    }
}

/// The settings' properties over ours.
pub(super) fn config(settings: &KafkaSettings, ours: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("client.id", CLIENT_ID);
    if !settings.brokers.is_empty() {
        config.set("bootstrap.servers", &settings.brokers);
    }
    let ours: Vec<&(&str, &str)> = SOONER.iter().chain(ours).collect();
    for (key, value) in &ours {
        config.set(*key, *value);
    }
    for (key, value) in &settings.properties {
        // librdkafka is told in no fixed order, so ours must not stand beside a second name of itself.
        for (ours, _) in ours.iter().filter(|(ours, _)| one_name(ours) == one_name(key)) {
            config.remove(ours);
        }
        config.set(key, value);
    }
    config
}

/// A client of these properties, with the errors that it has to report.
pub(super) fn make<C, T>(config: &ClientConfig, context: C) -> Result<T, LogError>
where
    C: rdkafka::ClientContext,
    T: rdkafka::config::FromClientConfigAndContext<C>,
{
    T::from_config_and_context(config, context).map_err(|error| match error {
        // Its own words may quote the value, and that may be a secret.
        rdkafka::error::KafkaError::ClientConfig(result, _, key, _) => LogError::Setting {
            key,
            cause: match result {
                RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN => "librdkafka has no such property".into(),
                _ => "librdkafka does not take this value".into(),
            },
        },
        other => LogError::Setting { key: "kafka.properties".into(), cause: other.into() },
    })
}

/// A list of one topic's partitions.
pub(super) fn list(topic: &str, partitions: impl IntoIterator<Item = Partition>) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(topic, partition.0);
    }
    list
}

/// A list of one topic's partitions with where to read from.
pub(super) fn list_at(topic: &str, from: &[(Partition, NextOffset)]) -> Result<TopicPartitionList, LogError> {
    let mut list = TopicPartitionList::new();
    for (partition, next) in from {
        let offset = rdkafka::Offset::Offset(next.0);
        list.add_partition_offset(topic, partition.0, offset).map_err(|error| LogError::Transient(error.into()))?;
    }
    Ok(list)
}

/// The same with a note for each.
pub(super) fn list_noted(
    topic: &str,
    from: &[(Partition, NextOffset)],
    note: &str,
) -> Result<TopicPartitionList, LogError> {
    let list = list_at(topic, from)?;
    list.elements_for_topic(topic).iter_mut().for_each(|element| element.set_metadata(note));
    Ok(list)
}

#[cfg(test)]
mod tests {
    use rdkafka::consumer::{BaseConsumer, DefaultConsumerContext};

    use super::*;

    fn settings(key: &str, value: &str) -> KafkaSettings {
        KafkaSettings { brokers: "127.0.0.1:1".into(), properties: [(key.to_owned(), value.to_owned())].into() }
    }

    fn refused(key: &str, value: &str) -> String {
        let settings = settings(key, value);
        let made =
            settings.check().and_then(|()| make::<_, BaseConsumer>(&config(&settings, &[]), DefaultConsumerContext));
        match made.map(|_| ()) {
            Err(LogError::Setting { key: named, cause }) if named == key => cause.to_string(),
            other => panic!("{key}: {other:?}"),
        }
    }

    #[test]
    fn a_second_name_of_a_property_does_not_get_round_a_refusal() {
        refused("request.required.acks", "1");
        refused("metadata.broker.list", "elsewhere:9092");
        refused("bootstrap.servers", "elsewhere:9092");
        refused("group.id", "another");
        refused("transactional.id", "t");
        assert!(settings("acks", "-1").check().is_ok());
    }

    #[test]
    fn the_users_property_counts_under_either_of_its_names() {
        let ours = [("compression.type", "lz4"), ("linger.ms", "5")];
        for key in ["compression.type", "compression.codec"] {
            let config = config(&settings(key, "zstd"), &ours);
            let native = config.create_native_config().unwrap();
            assert_eq!(config.config_map().iter().filter(|(name, _)| name.starts_with("compression")).count(), 1);
            assert_eq!(native.get("compression.codec").unwrap(), "zstd");
        }
    }

    #[test]
    fn a_broker_that_answers_nothing_is_noticed_within_ten_seconds_unless_the_operator_says_otherwise() {
        let value = |settings: &KafkaSettings| {
            config(settings, &[]).create_native_config().unwrap().get("socket.timeout.ms").unwrap()
        };
        assert_eq!(value(&settings("client.id", "x")), "10000");
        assert_eq!(value(&settings("socket.timeout.ms", "60000")), "60000");
    }

    #[test]
    fn a_value_that_is_refused_is_not_shown() {
        assert!(!refused("security.protocol", "hunter2").contains("hunter2"));
        assert!(refused("no.such.property", "hunter2").contains("no such property"));
    }
}

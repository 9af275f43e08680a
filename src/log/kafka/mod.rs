//! The event log on Apache Kafka, by way of rdkafka: the only place that knows it.
//!
//! librdkafka tries some things for ever in silence: a wrong password, an
//! unknown certificate authority, a missing access rule. So the last cause that
//! it mentions is remembered, and these are errors at once.

mod access;
mod consumer;
mod errors;
mod producer;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaConfRes;

use self::consumer::{GroupContext, KafkaConsumer};
use self::errors::{Watch, of_code, of_error};
use self::producer::KafkaProducer;
use super::{
    Access, Consumer, Created, EventLog, Incoming, LogError, Membership, PartitionRange, Polled, Producer, Topic,
    TopicSpec,
};
use crate::domain::{NextOffset, Offset, Partition};

/// How long a question to the brokers may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(6);

/// With these settings a topic keeps its messages for ever.
pub const UNLIMITED_RETENTION: [(&str, &str); 3] =
    [("retention.ms", "-1"), ("retention.bytes", "-1"), ("cleanup.policy", "delete")];

/// Where Kafka is and how to talk to it.
#[derive(Clone)]
pub struct KafkaSettings {
    /// `host:port,…`.
    pub brokers: String,
    /// Any librdkafka property. Values may be secrets, so this is never shown.
    pub properties: BTreeMap<String, String>,
}

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

/// A log on Kafka.
pub struct KafkaLog {
    settings: KafkaSettings,
    /// Asks for metadata and watermarks. A consumer, so that no topic is made by asking for it.
    probe: BaseConsumer<Watch>,
}

impl KafkaLog {
    /// A client of those brokers; nothing is asked of them yet.
    pub fn new(settings: KafkaSettings) -> Result<Self, LogError> {
        for (key, value) in &settings.properties {
            let refused = |cause: String| Err(LogError::Setting { key: key.clone(), cause });
            let name = one_name(key);
            if let Some((_, needed)) = FIXED.iter().find(|(fixed, needed)| *fixed == name && !same(value, needed)) {
                return refused(format!("must stay {needed}: figures depend on it"));
            }
            if let Some((_, why)) = DECIDED_ELSEWHERE.iter().find(|(decided, _)| *decided == name) {
                return refused((*why).to_owned());
            }
            // librdkafka does not say which file it is.
            if FILES.contains(&name)
                && value != "probe"
                && let Err(error) = std::fs::File::open(value)
            {
                return refused(format!("{value}: {error}"));
            }
        }
        let probe = make(&config(&settings, &[]), Watch::new(&settings.brokers))?;
        Ok(Self { settings, probe })
    }

    fn partitions(&self, topic: &str) -> Result<(Vec<Partition>, i32), LogError> {
        partitions(&self.probe, topic)
    }
}

/// The settings' properties over ours.
fn config(settings: &KafkaSettings, ours: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &settings.brokers).set("client.id", "giaoban");
    for (key, value) in ours {
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

fn make<C, T>(config: &ClientConfig, context: C) -> Result<T, LogError>
where
    C: rdkafka::ClientContext,
    T: rdkafka::config::FromClientConfigAndContext<C>,
{
    T::from_config_and_context(config, context).map_err(|error| match error {
        // Its own words may quote the value, and that may be a secret.
        rdkafka::error::KafkaError::ClientConfig(result, _, key, _) => LogError::Setting {
            key,
            cause: match result {
                RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN => "librdkafka has no such property".to_owned(),
                _ => "librdkafka does not take this value".to_owned(),
            },
        },
        other => LogError::Setting { key: "kafka.properties".into(), cause: other.to_string() },
    })
}

/// The partitions of a topic and their copies.
fn partitions(client: &BaseConsumer<Watch>, topic: &str) -> Result<(Vec<Partition>, i32), LogError> {
    let watch = client.context();
    let begun = Instant::now();
    // In short steps, so that a cause that will not pass is told as soon as it is known.
    let metadata = loop {
        match client.fetch_metadata(Some(topic), Duration::from_millis(500)) {
            Ok(metadata) => break metadata,
            Err(error) => {
                // Serves the callbacks that tell the cause; without a moment's time it would be one of many.
                while client.poll(Duration::from_millis(10)).is_some() {}
                if let Some(fatal) = watch.fatal() {
                    return Err(fatal);
                }
                if begun.elapsed() > ANSWER_WITHIN {
                    return Err(watch.never_answered(&error.to_string()));
                }
            }
        }
    };
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let found = found.ok_or_else(|| LogError::NoSuchTopic(topic.to_owned()))?;
    if let Some(error) = found.error() {
        return Err(of_code(RDKafkaErrorCode::from(error), "describe", topic, watch));
    }
    if found.partitions().is_empty() {
        return Err(LogError::NoSuchTopic(topic.to_owned()));
    }
    let mut ids: Vec<Partition> = found.partitions().iter().map(|partition| Partition(partition.id())).collect();
    ids.sort_unstable();
    let copies = found.partitions().iter().map(|partition| partition.replicas().len()).min().unwrap_or_default();
    Ok((ids, copies as i32))
}

impl EventLog for KafkaLog {
    fn describe(&self) -> String {
        format!("Kafka at {}", self.settings.brokers)
    }

    fn topic(&self, name: &str) -> Result<Topic, LogError> {
        let (ids, replication) = self.partitions(name)?;
        let range = |partition: Partition| {
            let watermarks = self.probe.fetch_watermarks(name, partition.0, ANSWER_WITHIN);
            let (low, high) = watermarks.map_err(|error| of_error(&error, "read", name, self.probe.context()))?;
            Ok(PartitionRange { partition, low: NextOffset(low), high: NextOffset(high) })
        };
        let partitions = ids.into_iter().map(range).collect::<Result<_, LogError>>()?;
        Ok(Topic { name: name.to_owned(), partitions, replication })
    }

    fn loses_by(&self, topic: &str) -> Result<Option<String>, LogError> {
        let watch = Watch::new(&self.settings.brokers);
        let admin: AdminClient<Watch> = make(&config(&self.settings, &[]), watch.clone())?;
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| LogError::Transient(error.to_string()))?;
        let options = AdminOptions::new().request_timeout(Some(ANSWER_WITHIN));
        let asked = [ResourceSpecifier::Topic(topic)];
        let answers = runtime.block_on(admin.describe_configs(&asked, &options));
        let answer = answers.map_err(|error| of_error(&error, "describe", topic, &watch))?.pop();
        let found = match answer {
            Some(Ok(found)) => found,
            Some(Err(code)) => return Err(of_code(code, "describe", topic, &watch)),
            None => return Ok(None),
        };
        let value = |name: &str| found.get(name).and_then(|entry| entry.value.clone());
        let differs = |(name, wanted): &(&str, &str)| value(name).filter(|value| value != wanted);
        Ok(UNLIMITED_RETENTION.iter().find_map(|setting| Some(format!("{}={}", setting.0, differs(setting)?))))
    }

    fn create_topic(&self, spec: &TopicSpec) -> Result<Created, LogError> {
        match self.partitions(&spec.name) {
            Ok(_) => return Ok(Created::AlreadyThere),
            Err(LogError::NoSuchTopic(_)) => {}
            Err(error) => return Err(error),
        }
        let watch = Watch::new(&self.settings.brokers);
        let admin: AdminClient<Watch> = make(&config(&self.settings, &[]), watch.clone())?;
        let max = spec.max_message_bytes.to_string();
        let topic = NewTopic::new(&spec.name, spec.partitions, TopicReplication::Fixed(spec.replication));
        let topic = UNLIMITED_RETENTION
            .iter()
            .fold(topic, |topic, (key, value)| topic.set(key, value))
            // A message keeps its time when it is copied here from another log.
            .set("message.timestamp.type", "CreateTime")
            .set("max.message.bytes", &max);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| LogError::Transient(error.to_string()))?;
        let options = AdminOptions::new().operation_timeout(Some(ANSWER_WITHIN)).request_timeout(Some(ANSWER_WITHIN));
        let results = runtime.block_on(admin.create_topics([&topic], &options));
        let result = results.map_err(|error| of_error(&error, "create", &spec.name, &watch))?.pop();
        match result {
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(Created::AlreadyThere),
            Some(Err((_, code))) => Err(of_code(code, "create", &spec.name, &watch)),
            _ => {
                // The controller has made it; wait until the brokers say so too, and lead its partitions.
                let begun = Instant::now();
                while matches!(self.topic(&spec.name), Err(LogError::NoSuchTopic(_) | LogError::Transient(_)))
                    && begun.elapsed() < ANSWER_WITHIN
                {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Ok(Created::New)
            }
        }
    }

    fn producer(&self, topic: &str) -> Result<Box<dyn Producer>, LogError> {
        self.partitions(topic)?;
        Ok(Box::new(KafkaProducer::new(&self.settings, topic)?))
    }

    fn consumer(&self, topic: &str, membership: &Membership) -> Result<Box<dyn Consumer>, LogError> {
        let (ids, _) = self.partitions(topic)?;
        Ok(Box::new(KafkaConsumer::new(&self.settings, topic, membership, ids)?))
    }

    fn may(&self, access: &Access<'_>) -> Result<(), LogError> {
        let (Access::Read(topic) | Access::Write(topic) | Access::Join { topic, .. }) = access;
        let (ids, _) = self.partitions(topic)?;
        let first = ids.first().copied().unwrap_or(Partition(0));
        match access {
            Access::Read(topic) => access::read(&self.settings, topic, first),
            Access::Write(topic) => access::write(&self.settings, topic),
            Access::Join { group, topic } => access::join(&self.settings, group, topic, first),
        }
    }

    fn read(
        &self,
        topic: &str,
        partition: Partition,
        from: Offset,
        count: usize,
        sink: &mut dyn FnMut(Incoming<'_>),
    ) -> Result<usize, LogError> {
        let end = self.topic(topic)?.partitions.into_iter().find(|range| range.partition == partition);
        let range = end.ok_or_else(|| LogError::NoSuchTopic(format!("{topic}, partition {partition}")))?;
        if from.0 < range.low.0 || from.0 >= range.high.0 {
            let cause = format!("it has {} to {}", range.low, range.high);
            return Err(LogError::OffsetOutOfRange { partition, wanted: NextOffset(from.0), cause });
        }
        let mut consumer = KafkaConsumer::new(&self.settings, topic, &Membership::Alone, vec![partition])?;
        consumer.start(&[(partition, NextOffset(from.0))])?;
        let wanted = count.min((range.high.0 - from.0).unsigned_abs() as usize);
        let (mut handed, mut at_end, mut last) = (0, false, Instant::now());
        while handed < wanted && !at_end && last.elapsed() < ANSWER_WITHIN {
            match consumer.poll(Duration::from_millis(100), wanted - handed, sink)? {
                Polled::Messages(more @ 1..) => (handed, last) = (handed + more, Instant::now()),
                Polled::AtEnd(_) => at_end = true,
                _ => {}
            }
        }
        Box::new(consumer).close();
        if at_end || handed == wanted {
            return Ok(handed);
        }
        let (at, seconds) = (self.settings.brokers.clone(), ANSWER_WITHIN.as_secs());
        let cause = format!("of partition {partition} of {topic} nothing more came within {seconds} s");
        Err(LogError::Unreachable { at, cause })
    }
}

/// A list of one topic's partitions.
fn list(topic: &str, partitions: impl IntoIterator<Item = Partition>) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(topic, partition.0);
    }
    list
}

/// A list of one topic's partitions with where to read from.
fn list_at(topic: &str, from: &[(Partition, NextOffset)]) -> Result<TopicPartitionList, LogError> {
    let mut list = TopicPartitionList::new();
    for (partition, next) in from {
        let offset = rdkafka::Offset::Offset(next.0);
        list.add_partition_offset(topic, partition.0, offset)
            .map_err(|error| LogError::Transient(error.to_string()))?;
    }
    Ok(list)
}

type Group = Arc<BaseConsumer<GroupContext>>;

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(key: &str, value: &str) -> KafkaSettings {
        KafkaSettings { brokers: "127.0.0.1:1".into(), properties: [(key.to_owned(), value.to_owned())].into() }
    }

    fn refused(key: &str, value: &str) -> String {
        match KafkaLog::new(settings(key, value)).map(|_| ()) {
            Err(LogError::Setting { key: named, cause }) if named == key => cause,
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
        assert!(KafkaLog::new(settings("acks", "-1")).is_ok());
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
    fn a_value_that_is_refused_is_not_shown() {
        assert!(!refused("security.protocol", "hunter2").contains("hunter2"));
        assert!(refused("no.such.property", "hunter2").contains("no such property"));
    }
}

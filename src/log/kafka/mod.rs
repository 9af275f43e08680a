//! The event log on Apache Kafka, by way of rdkafka: the only place that knows it.
//!
//! librdkafka tries some things for ever in silence: a wrong password, an
//! unknown certificate authority, a missing access rule. So the last cause that
//! it mentions is remembered, and these are errors at once.

mod access;
mod client;
mod consumer;
mod describe;
mod errors;
mod group;
mod identity;
mod members;
mod probe;
mod producer;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode;

use self::client::{ANSWER_WITHIN, config, make};
pub use self::client::{CLIENT_ID, KafkaSettings};
use self::consumer::KafkaConsumer;
use self::describe::{Described, describe};
use self::errors::{Watch, of_code, of_error};
use self::probe::Probe;
use self::producer::KafkaProducer;
use super::{
    Access, Consumer, Created, EventLog, GroupState, Incoming, Keepers, LogError, Membership, Most, Notes,
    PartitionRange, Polled, Producer, Ranges, Topic, TopicSpec,
};
use crate::domain::{LogIdentity, LogKind, NextOffset, Offset, Partition};

/// Questions that are asked at a time.
const SIDE_BY_SIDE: usize = 16;

/// Whether clients can be made of these settings: properties that librdkafka knows, files that it can read. Asks nothing
/// of any broker.
///
/// # Errors
/// With the first property that is wrong.
pub fn try_out(settings: &KafkaSettings) -> Result<(), LogError> {
    settings.check()?;
    // Without their brokers, to whom clients would go by themselves.
    let alone = KafkaSettings { brokers: String::new(), properties: settings.properties.clone() };
    let (protocol, _) = group::protocol(settings, false);
    drop(group::client(&alone, "none", "none", protocol)?);
    KafkaProducer::new(&alone, "none").map(drop)
}

/// A log on Kafka.
pub struct KafkaLog {
    settings: KafkaSettings,
    /// Asks for metadata and watermarks.
    probe: Probe,
    /// Asks for watermarks as one that reads also what is not committed.
    all_seeing: Probe,
}

impl KafkaLog {
    /// A client of those brokers; nothing is asked of them yet.
    pub fn new(settings: KafkaSettings) -> Result<Self, LogError> {
        settings.check()?;
        let probe = Probe::new(&settings, &[]);
        // What is wrong with the settings is known at once.
        probe.ask(|_| Ok(()))?;
        let all_seeing = Probe::new(&settings, &[("isolation.level", "read_uncommitted")]);
        Ok(Self { settings, probe, all_seeing })
    }

    fn described(&self, topic: &str) -> Result<Described, LogError> {
        self.probe.ask(|client| describe(client, client.context(), topic))
    }

    /// The same once each partition has a leader, which an election takes a moment for.
    fn led(&self, topic: &str) -> Result<Described, LogError> {
        let begun = Instant::now();
        loop {
            let described = self.described(topic)?;
            let leaderless = described.leaderless();
            if leaderless.is_empty() {
                return Ok(described);
            }
            if begun.elapsed() > ANSWER_WITHIN {
                return Err(LogError::Leaderless { topic: topic.to_owned(), partitions: leaderless });
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// How many brokers there are.
    fn brokers(&self) -> Result<usize, LogError> {
        self.probe.ask(|client| {
            let metadata = client.fetch_metadata(None, ANSWER_WITHIN);
            let metadata = metadata.map_err(|error| of_error(&error, "describe", "", client.context()))?;
            Ok(metadata.brokers().len())
        })
    }

    /// That nobody answered, told as what it is where other brokers do: the one silent that leads this partition, or has
    /// the group.
    fn silent(&self, error: LogError, topic: &str, partition: Option<Partition>) -> LogError {
        let LogError::Unreachable { at, cause } = error else { return error };
        let Ok(described) = self.described(topic) else { return LogError::Unreachable { at, cause } };
        match partition {
            None => LogError::Silent { broker: String::new(), resource: String::new(), cause },
            Some(partition) => match described.leader_of(partition) {
                Some(broker) => {
                    LogError::Silent { broker, resource: format!("topic {topic}, partition {partition}"), cause }
                }
                None => LogError::Leaderless { topic: topic.to_owned(), partitions: vec![partition] },
            },
        }
    }

    fn watermarks(&self, topic: &str, partition: Partition) -> Result<PartitionRange, LogError> {
        watermarks(&self.probe, topic, partition).map_err(|error| self.silent(error, topic, Some(partition)))
    }

    /// A topic's settings, or that this user may not see them.
    fn asked_settings(&self, topic: &str) -> Result<BTreeMap<String, String>, LogError> {
        let watch = Watch::new(&self.settings.brokers);
        let admin: AdminClient<Watch> = make(&config(&self.settings, &[]), watch.clone())?;
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| LogError::Transient(error.into()))?;
        let options = AdminOptions::new().request_timeout(Some(ANSWER_WITHIN));
        let asked = [ResourceSpecifier::Topic(topic)];
        let answers = runtime.block_on(admin.describe_configs(&asked, &options));
        let answer = answers.map_err(|error| of_error(&error, "describe", topic, &watch))?.pop();
        let found = match answer {
            Some(Ok(found)) => found,
            Some(Err(code)) => return Err(of_code(code, "describe", topic, &watch)),
            None => return Ok(BTreeMap::new()),
        };
        Ok(found.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?))).collect())
    }
}

fn watermarks(probe: &Probe, topic: &str, partition: Partition) -> Result<PartitionRange, LogError> {
    probe.ask(|client| {
        let watermarks = client.fetch_watermarks(topic, partition.0, ANSWER_WITHIN);
        let (low, high) = watermarks.map_err(|error| of_error(&error, "read", topic, client.context()))?;
        Ok(PartitionRange { partition, low: NextOffset(low), high: NextOffset(high) })
    })
}

impl EventLog for KafkaLog {
    fn describe(&self) -> String {
        format!("Kafka at {}", self.settings.brokers)
    }

    fn topic(&self, name: &str) -> Result<Topic, LogError> {
        let described = self.led(name)?;
        let (ids, copies) = (described.partitions(), described.copies());
        let partitions = ids.into_iter().map(|partition| self.watermarks(name, partition)).collect::<Result<_, _>>()?;
        Ok(Topic { name: name.to_owned(), partitions, replication: copies })
    }

    fn ranges(&self, topic: &str) -> Result<Ranges, LogError> {
        let described = self.described(topic)?;
        let (partitions, leaderless) = (described.partitions(), described.leaderless());
        let of = |partition: Partition| {
            if leaderless.contains(&partition) {
                return Err(LogError::Leaderless { topic: topic.to_owned(), partitions: vec![partition] });
            }
            self.watermarks(topic, partition)
        };
        // Side by side, so that a broker that does not answer holds up those of the others no longer than itself.
        let side_by_side = |some: &[Partition]| -> Ranges {
            std::thread::scope(|scope| {
                let asked: Vec<_> = some.iter().map(|partition| scope.spawn(|| of(*partition))).collect();
                let range = |asked: std::thread::ScopedJoinHandle<'_, _>| {
                    asked.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                };
                some.iter().copied().zip(asked.into_iter().map(range)).collect()
            })
        };
        Ok(partitions.chunks(SIDE_BY_SIDE).flat_map(side_by_side).collect())
    }

    fn kind(&self) -> LogKind {
        LogKind::Kafka
    }

    fn identity(&self, topic: &str) -> Result<LogIdentity, LogError> {
        identity::identity(&self.settings, topic)
    }

    fn hidden(&self, topic: &str) -> Result<Vec<(Partition, i64)>, LogError> {
        let mut hidden = Vec::new();
        for partition in self.described(topic)?.partitions() {
            // This one first: what comes between the two questions is not taken for hidden.
            let all = watermarks(&self.all_seeing, topic, partition)?.high;
            let committed = self.watermarks(topic, partition)?.high;
            if all > committed {
                hidden.push((partition, all.0 - committed.0));
            }
        }
        Ok(hidden)
    }

    fn range(&self, topic: &str, partition: Partition) -> Result<PartitionRange, LogError> {
        match self.watermarks(topic, partition) {
            // One that was added is known to a client that has asked for the topic since.
            Err(LogError::NoSuchTopic(_)) if self.described(topic)?.partitions().contains(&partition) => {
                self.watermarks(topic, partition)
            }
            range => range,
        }
    }

    fn settings(&self, topic: &str) -> Result<BTreeMap<String, String>, LogError> {
        match self.asked_settings(topic) {
            Err(LogError::Authorization { .. }) => Ok(BTreeMap::new()),
            told => told,
        }
    }

    fn keepers(&self, topic: &str) -> Result<Keepers, LogError> {
        Ok(self.described(topic)?.keepers)
    }

    fn silent_addresses(&self) -> Vec<(String, String)> {
        members::silent_addresses(&self.settings.brokers)
    }

    fn group(&self, group: &str, topic: &str) -> Result<GroupState, LogError> {
        let partitions = self.described(topic)?.partitions();
        self.probe.ask(|client| members::state(&self.settings, client, group, (topic, &partitions)))
    }

    fn create_topic(&self, spec: &TopicSpec) -> Result<Created, LogError> {
        match self.described(&spec.name) {
            Ok(_) => return Ok(Created::AlreadyThere),
            Err(LogError::NoSuchTopic(_)) => {}
            Err(error) => return Err(error),
        }
        let watch = Watch::new(&self.settings.brokers);
        let admin: AdminClient<Watch> = make(&config(&self.settings, &[]), watch.clone())?;
        let copies = spec.copies(self.brokers()?);
        let settings = spec.settings(copies);
        let topic = NewTopic::new(&spec.name, spec.partitions, TopicReplication::Fixed(copies));
        let topic = settings.iter().fold(topic, |topic, (key, value)| topic.set(key, value));
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| LogError::Transient(error.into()))?;
        let options = AdminOptions::new().operation_timeout(Some(ANSWER_WITHIN)).request_timeout(Some(ANSWER_WITHIN));
        let results = runtime.block_on(admin.create_topics([&topic], &options));
        let result = results.map_err(|error| of_error(&error, "create", &spec.name, &watch))?.pop();
        match result {
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(Created::AlreadyThere),
            Some(Err((_, code))) => Err(of_code(code, "create", &spec.name, &watch)),
            _ => {
                // The controller has made it; wait until the brokers say so too, and lead its partitions.
                let begun = Instant::now();
                while matches!(
                    self.topic(&spec.name),
                    Err(LogError::NoSuchTopic(_) | LogError::Leaderless { .. } | LogError::Transient(_))
                ) && begun.elapsed() < ANSWER_WITHIN
                {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Ok(Created::New)
            }
        }
    }

    fn notes(&self, topic: &str, group: &str) -> Result<Notes, LogError> {
        members::notes(&self.settings, topic, group)
    }

    fn producer(&self, topic: &str) -> Result<Box<dyn Producer>, LogError> {
        self.described(topic)?;
        Ok(Box::new(KafkaProducer::new(&self.settings, topic)?))
    }

    fn consumer(&self, topic: &str, membership: &Membership) -> Result<Box<dyn Consumer>, LogError> {
        let ids = self.described(topic)?.partitions();
        Ok(Box::new(KafkaConsumer::new(&self.settings, topic, membership, ids)?))
    }

    fn may(&self, access: &Access<'_>) -> Result<(), LogError> {
        let (Access::Read(topic) | Access::Write(topic) | Access::Join { topic, .. }) = access;
        let ids = self.described(topic)?.partitions();
        let first = ids.first().copied().unwrap_or(Partition(0));
        let (asked, of) = match access {
            Access::Read(topic) => (access::read(&self.settings, topic, first), Some(first)),
            Access::Write(topic) => (access::write(&self.settings, topic), Some(first)),
            Access::Join { group, topic } => (access::join(&self.settings, group, topic, first), None),
        };
        asked.map_err(|error| self.silent(error, topic, of))
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
            return Err(LogError::OffsetOutOfRange { partition, wanted: NextOffset(from.0), cause: cause.into() });
        }
        let mut consumer = KafkaConsumer::new(&self.settings, topic, &Membership::Alone, vec![partition])?;
        consumer.start(&[(partition, NextOffset(from.0))])?;
        let wanted = count.min((range.high.0 - from.0).unsigned_abs() as usize);
        let (mut handed, mut at_end, mut last) = (0, false, Instant::now());
        while handed < wanted && !at_end && last.elapsed() < ANSWER_WITHIN {
            match consumer.poll(Duration::from_millis(100), Most::messages(wanted - handed), sink)? {
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
        Err(LogError::Unreachable { at, cause: cause.into() })
    }
}

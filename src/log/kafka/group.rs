//! A group of consumers: which protocol it is joined by, what happens to it, and
//! how it is left.
//!
//! A rebalance is not answered in its callback but noted, so that whoever polls
//! can look up the store, or finish what is in flight, and answer then.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, RebalanceProtocol};
use rdkafka::error::KafkaError;
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

use super::client::{KafkaSettings, config, make};
use super::errors::Watch;
use super::identity::is_recreated;
use crate::domain::{NextOffset, Partition};
use crate::log::{LogError, Polled};

/// A client that may be in a group, and what was noted of it.
pub(super) type Group = Arc<BaseConsumer<GroupContext>>;

/// What only the classic protocol of groups takes, or, of the last, serves: by the newer one a killed member's name is
/// free only after its session, and others have its partitions by then.
const CLASSIC_ONLY: [&str; 5] = [
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "partition.assignment.strategy",
    "group.protocol.type",
    "group.instance.id",
];

/// How a group shares its partitions out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// By one of its members: every broker has it.
    Classic,
    /// By the broker (KIP-848).
    Newer,
}

/// What was last heard of a partition.
#[derive(Clone, Copy, Default)]
pub(super) struct Heard {
    /// Where it ends for those who read what is committed.
    pub(super) end: Option<NextOffset>,
    /// How many offsets an open transaction hides behind that.
    pub(super) hidden: i64,
    /// Whether it has a leader.
    pub(super) led: bool,
    /// Since when it has had no leader, or none to which there is a connection.
    pub(super) away_since: Option<Instant>,
}

/// Notes what happens to the group.
pub(super) struct GroupContext {
    pub(super) watch: Watch,
    pub(super) topic: String,
    pub(super) noted: Mutex<VecDeque<Polled>>,
    pub(super) heard: Mutex<BTreeMap<Partition, Heard>>,
    /// Whether the group was forbidden while this client was in it.
    pub(super) forbidden: AtomicBool,
    /// Since when there is a broker that looks after the group.
    pub(super) looked_after: Mutex<Option<Instant>>,
    /// Whether any broker is.
    pub(super) connected: AtomicBool,
    /// Whether the topic has another id since that was last asked.
    pub(super) recreated: AtomicBool,
    closing: AtomicBool,
}

impl GroupContext {
    /// Nobody answers a rebalance any more: the callback has to.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }
}

impl ClientContext for GroupContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.watch.log(level, facility, message);
        // The heartbeat is refused too, but librdkafka keeps that to itself until the session is over; of a hint
        // that was not taken it tells here only.
        if facility == "COMMITFAIL" && message.contains("Group authorization failed") {
            self.forbidden.store(true, Ordering::Relaxed);
        }
        if facility == "METADATA" && is_recreated(message, &self.topic) {
            tracing::warn!(event = "topic_recreated", topic = %self.topic, "the topic has another id than before: it was recreated");
            self.recreated.store(true, Ordering::Relaxed);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.watch.error(error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        let up: Vec<i32> = statistics.brokers.values().filter(|of| of.state == "UP").map(|of| of.nodeid).collect();
        // Those that only the settings name have no number yet.
        self.connected.store(up.iter().any(|id| *id >= 0), Ordering::Relaxed);
        let is_up = statistics.cgrp.is_some_and(|group| group.state == "up");
        let mut looked_after = lock(&self.looked_after);
        *looked_after = is_up.then(|| looked_after.unwrap_or_else(Instant::now));
        drop(looked_after);
        let Some(topic) = statistics.topics.get(&self.topic) else { return };
        let mut all = lock(&self.heard);
        for partition in topic.partitions.values().filter(|partition| partition.partition >= 0) {
            let heard = all.entry(Partition(partition.partition)).or_default();
            // Both come with the same answer to a fetch.
            if partition.ls_offset >= 0 {
                heard.end = Some(NextOffset(partition.ls_offset));
                heard.hidden = (partition.hi_offset - partition.ls_offset).max(0);
            }
            heard.led = partition.leader >= 0;
            let answers = heard.led && partition.broker >= 0 && up.contains(&partition.broker);
            heard.away_since = (!answers).then(|| heard.away_since.unwrap_or_else(Instant::now));
        }
    }
}

impl ConsumerContext for GroupContext {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let partitions: Vec<Partition> = list.elements().iter().map(|element| Partition(element.partition())).collect();
        let polled = match error {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Polled::Assigned(partitions),
            _ if consumer.assignment_lost() => Polled::Lost(partitions),
            _ => Polled::Revoked(partitions),
        };
        if self.closing.load(Ordering::Relaxed) {
            // Nobody polls any more: answer here, or closing waits for ever.
            let _ = match consumer.rebalance_protocol() {
                RebalanceProtocol::Cooperative => consumer.incremental_unassign(list),
                _ => consumer.unassign(),
            };
            return;
        }
        lock(&self.noted).push_back(polled);
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which protocol of groups a client begins with, and whether nobody has said so.
pub(super) fn protocol(settings: &KafkaSettings, alone: bool) -> (Protocol, bool) {
    match settings.properties.get("group.protocol").map(String::as_str) {
        Some("consumer") => (Protocol::Newer, false),
        Some(_) => (Protocol::Classic, false),
        None if alone || CLASSIC_ONLY.iter().any(|key| settings.properties.contains_key(*key)) => {
            (Protocol::Classic, false)
        }
        None => (Protocol::Newer, true),
    }
}

/// A client that reads these partitions by itself, or joins the group.
pub(super) fn begin(
    settings: &KafkaSettings,
    topic: &str,
    group: &str,
    protocol: Protocol,
    alone: Option<&[Partition]>,
) -> Result<Group, LogError> {
    let client = client(settings, topic, group, protocol)?;
    match alone {
        Some(partitions) => lock(&client.context().noted).push_back(Polled::Assigned(partitions.to_vec())),
        None => join(&client, topic, group, protocol)?,
    }
    Ok(Arc::new(client))
}

/// A client that is in no group yet.
pub(super) fn client(
    settings: &KafkaSettings,
    topic: &str,
    group: &str,
    protocol: Protocol,
) -> Result<BaseConsumer<GroupContext>, LogError> {
    let mut ours = vec![
        ("group.id", group),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("enable.partition.eof", "true"),
        ("auto.offset.reset", "error"),
        ("statistics.interval.ms", "1000"),
        // The default is 64 MB for each partition.
        ("queued.max.messages.kbytes", "4096"),
        // The default waits a second after the queue was full.
        ("fetch.queue.backoff.ms", "2"),
        ("queued.min.messages", "100000"),
        ("fetch.message.max.bytes", "524288"),
        // What comes compressed is unpacked a fetch at a time.
        ("fetch.max.bytes", "1000000"),
        ("fetch.wait.max.ms", "50"),
        ("check.crcs", "true"),
    ];
    match protocol {
        Protocol::Classic => ours.push(("partition.assignment.strategy", "cooperative-sticky")),
        Protocol::Newer => ours.push(("group.protocol", "consumer")),
    }
    let context = GroupContext {
        watch: Watch::new(&settings.brokers),
        topic: topic.to_owned(),
        noted: Mutex::default(),
        heard: Mutex::default(),
        forbidden: AtomicBool::new(false),
        looked_after: Mutex::default(),
        connected: AtomicBool::new(true),
        recreated: AtomicBool::new(false),
        closing: AtomicBool::new(false),
    };
    let mut config = config(settings, &ours);
    // For the word that the topic has another id.
    let debug = config.get("debug").map_or_else(|| "metadata".to_owned(), |more| format!("metadata,{more}"));
    config.set("debug", debug).set_log_level(RDKafkaLogLevel::Debug);
    make(&config, context)
}

fn join(consumer: &BaseConsumer<GroupContext>, topic: &str, group: &str, protocol: Protocol) -> Result<(), LogError> {
    let protocol = match protocol {
        Protocol::Classic => "classic",
        Protocol::Newer => "consumer",
    };
    tracing::info!(event = "group_joining", group, protocol, "joining the group");
    consumer.subscribe(&[topic]).map_err(|error| LogError::Transient(error.into()))
}

/// Leaves the group, on a thread of its own: a client whose brokers are away can hang in it.
pub(super) fn leave(consumer: Group) -> Option<std::thread::JoinHandle<()>> {
    consumer.context().close();
    let leave = move || {
        // A member gives up its partitions as it leaves; one that reads by itself has nobody to ask it to.
        if matches!(consumer.rebalance_protocol(), RebalanceProtocol::None) {
            let _ = consumer.unassign();
        }
        drop(consumer);
    };
    std::thread::Builder::new().name("close".into()).spawn(leave).ok()
}

//! Reads a topic: positions come from the store, never from the broker.
//!
//! A rebalance is not answered in its callback but noted, so that whoever polls
//! can look up the store, or finish what is under way, and answer then.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

use super::errors::{Watch, of_code, of_error};
use super::{ANSWER_WITHIN, Group, KafkaSettings, config, list, list_at, make};
use crate::domain::{NextOffset, Offset, Partition, Position};
use crate::log::{Consumer, Incoming, LogError, Membership, PartitionRange, Polled};

/// Leaving a group takes at most this long; a client whose brokers are away can hang in it for ever.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);
/// A member that was killed is gone within this: the longest session that brokers allow unless told otherwise, and some more.
const RELEASED_WITHIN: Duration = Duration::from_secs(75);
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
enum Protocol {
    /// By one of its members: every broker has it.
    Classic,
    /// By the broker (KIP-848).
    Newer,
}

pub(super) struct KafkaConsumer {
    consumer: Group,
    settings: KafkaSettings,
    protocol: Protocol,
    /// Whether nobody has said which protocol it is to be.
    chosen_here: bool,
    /// Since when it waits for its name in the group.
    waits_since: Option<Instant>,
    topic: String,
    group: String,
    /// Its name as a static member, if it has one.
    instance: Option<String>,
    alone: bool,
    reading: BTreeMap<Partition, NextOffset>,
    /// Read to their ends, which is yet to be told.
    at_end: BTreeSet<Partition>,
    paused: bool,
}

/// Notes what happens to the group.
pub(super) struct GroupContext {
    watch: Watch,
    topic: String,
    noted: Mutex<VecDeque<Polled>>,
    ends: Mutex<BTreeMap<Partition, NextOffset>>,
    /// Whether the group was forbidden while this client was in it.
    forbidden: AtomicBool,
    /// Whether any broker is.
    connected: AtomicBool,
    /// Whether the topic has another id since that was last asked.
    recreated: AtomicBool,
    closing: AtomicBool,
}

impl ClientContext for GroupContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.watch.log(level, facility, message);
        // The heartbeat is refused too, but librdkafka keeps that to itself until the session is over; of a hint
        // that was not taken it tells here only.
        if facility == "COMMITFAIL" && message.contains("Group authorization failed") {
            self.forbidden.store(true, Ordering::Relaxed);
        }
        if facility == "METADATA" && is_made_anew(message, &self.topic) {
            tracing::warn!(topic = %self.topic, "the topic has another id than before: it was made anew");
            self.recreated.store(true, Ordering::Relaxed);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.watch.error(error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        let up = statistics.brokers.values().any(|broker| broker.nodeid >= 0 && broker.state == "UP");
        self.connected.store(up, Ordering::Relaxed);
        let Some(topic) = statistics.topics.get(&self.topic) else { return };
        let mut ends = lock(&self.ends);
        for partition in
            topic.partitions.values().filter(|partition| partition.partition >= 0 && partition.ls_offset >= 0)
        {
            ends.insert(Partition(partition.partition), NextOffset(partition.ls_offset));
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

/// Whether librdkafka says that the topic has another id than the one it had. It goes on in the new topic where it
/// was in the old one, and says so only here, before it asks for anything of the new one.
fn is_made_anew(message: &str, topic: &str) -> bool {
    /// The id of a topic that it had not seen before.
    const NONE: &str = "AAAAAAAAAAAAAAAAAAAAAA";
    let ids =
        message.split_once(&format!("Topic {topic} changed id from ")).and_then(|(_, ids)| ids.split_once(" to "));
    ids.is_some_and(|(before, after)| !before.starts_with(NONE) && before != after)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which protocol of groups a client begins with, and whether nobody has said so.
fn protocol(settings: &KafkaSettings, alone: bool) -> (Protocol, bool) {
    match settings.properties.get("group.protocol").map(String::as_str) {
        Some("consumer") => (Protocol::Newer, false),
        Some(_) => (Protocol::Classic, false),
        None if alone || CLASSIC_ONLY.iter().any(|key| settings.properties.contains_key(*key)) => {
            (Protocol::Classic, false)
        }
        None => (Protocol::Newer, true),
    }
}

/// A client that is in no group yet.
fn client(
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
        ends: Mutex::default(),
        forbidden: AtomicBool::new(false),
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
    tracing::info!(group, protocol, "joining the group");
    consumer.subscribe(&[topic]).map_err(|error| LogError::Transient(error.to_string()))
}

/// Leaves the group, on a thread of its own: a client whose brokers are away can hang in it.
fn leave(consumer: Group) -> Option<std::thread::JoinHandle<()>> {
    // Nobody answers a rebalance any more: the callback has to.
    consumer.context().closing.store(true, Ordering::Relaxed);
    let leave = move || {
        // A member gives up its partitions as it leaves; one that reads by itself has nobody to ask it to.
        if matches!(consumer.rebalance_protocol(), RebalanceProtocol::None) {
            let _ = consumer.unassign();
        }
        drop(consumer);
    };
    std::thread::Builder::new().name("close".into()).spawn(leave).ok()
}

impl KafkaConsumer {
    pub(super) fn new(
        settings: &KafkaSettings,
        topic: &str,
        membership: &Membership,
        partitions: Vec<Partition>,
    ) -> Result<Self, LogError> {
        let (group, alone) = match membership {
            Membership::Group(group) => (group.as_str(), false),
            Membership::Alone => ("giaoban-alone", true),
        };
        let (protocol, chosen_here) = protocol(settings, alone);
        let consumer = client(settings, topic, group, protocol)?;
        if alone {
            lock(&consumer.context().noted).push_back(Polled::Assigned(partitions));
        } else {
            join(&consumer, topic, group, protocol)?;
        }
        Ok(Self {
            consumer: Arc::new(consumer),
            settings: settings.clone(),
            protocol,
            chosen_here,
            waits_since: None,
            topic: topic.to_owned(),
            group: group.to_owned(),
            instance: settings.properties.get("group.instance.id").cloned(),
            alone,
            reading: BTreeMap::new(),
            at_end: BTreeSet::new(),
            paused: false,
        })
    }

    fn hand_over(&self, message: &BorrowedMessage<'_>, sink: &mut dyn FnMut(Incoming<'_>)) {
        let headers: Option<Vec<_>> =
            message.headers().map(|headers| headers.iter().map(|header| (header.key, header.value)).collect());
        sink(Incoming {
            position: Position { partition: Partition(message.partition()), offset: Offset(message.offset()) },
            timestamp_ms: message.timestamp().to_millis(),
            key: message.key(),
            headers: headers.as_deref().unwrap_or_default(),
            payload: message.payload(),
        });
    }

    /// Whether partitions come and go by themselves: a cooperative group's, and those of one that reads alone.
    fn by_parts(&self) -> bool {
        self.alone || matches!(self.consumer.rebalance_protocol(), RebalanceProtocol::Cooperative)
    }

    /// What an error of a poll means; `None` if it passes by itself.
    fn poll_error(&self, error: &KafkaError) -> Option<LogError> {
        use RDKafkaErrorCode as C;
        let context = self.consumer.context();
        match error.rdkafka_error_code()? {
            // Whoever reads alone needs no group, but librdkafka asks who coordinates it.
            C::GroupAuthorizationFailed if self.alone => None,
            C::GroupAuthorizationFailed => Some(of_error(error, "join", &self.group, &context.watch)),
            C::TopicAuthorizationFailed | C::UnknownTopicOrPartition | C::UnknownTopic => {
                Some(of_error(error, "read", &self.topic, &context.watch))
            }
            C::OffsetOutOfRange | C::AutoOffsetReset => {
                let (partition, wanted) = self.out_of_range();
                Some(LogError::OffsetOutOfRange { partition, wanted, cause: error.to_string() })
            }
            _ => None,
        }
    }

    /// If librdkafka has given up for good, makes the client anew where that helps: polling may go on in silence then.
    fn go_on(&mut self) -> Result<(), LogError> {
        use RDKafkaErrorCode as C;
        let Some((code, cause)) = self.consumer.client().fatal_error() else { return Ok(()) };
        let taken = |cause| LogError::InstanceTaken { instance: self.instance.clone().unwrap_or_default(), cause };
        match code {
            C::FencedInstanceId => Err(taken(cause)),
            C::UnreleasedInstanceId => {
                if self.waits_since.is_none() {
                    tracing::warn!(%cause, "the group still has a member of this name: waiting until its session is over");
                }
                if self.waits_since.get_or_insert_with(Instant::now).elapsed() > RELEASED_WITHIN {
                    return Err(taken(cause));
                }
                std::thread::sleep(Duration::from_millis(500));
                self.join_anew()
            }
            C::UnsupportedVersion | C::UnsupportedFeature if self.chosen_here => {
                // Not while it holds partitions: these are given up first.
                if self.reading.is_empty() {
                    tracing::info!(%cause, "the brokers do not have the newer protocol of groups");
                    (self.protocol, self.chosen_here) = (Protocol::Classic, false);
                }
                self.join_anew()
            }
            C::UnsupportedVersion | C::UnsupportedFeature => {
                Err(LogError::Setting { key: "group.protocol".into(), cause })
            }
            C::GroupAuthorizationFailed => Err(of_code(code, "join", &self.group, &self.consumer.context().watch)),
            C::TopicAuthorizationFailed => Err(of_code(code, "read", &self.topic, &self.consumer.context().watch)),
            _ => Err(LogError::Refused { resource: format!("group {}", self.group), cause }),
        }
    }

    /// Joins the group with another client, once what the one before had is given up.
    fn join_anew(&mut self) -> Result<(), LogError> {
        if self.reading.is_empty() {
            let consumer = client(&self.settings, &self.topic, &self.group, self.protocol)?;
            join(&consumer, &self.topic, &self.group, self.protocol)?;
            leave(std::mem::replace(&mut self.consumer, Arc::new(consumer)));
        }
        Ok(())
    }

    /// The partition whose position its log does not have: the error does not say which.
    fn out_of_range(&self) -> (Partition, NextOffset) {
        let positions = self.consumer.position().unwrap_or_default();
        let at = |partition: Partition, start: NextOffset| {
            let position = positions.find_partition(&self.topic, partition.0).map(|element| element.offset());
            match position {
                Some(rdkafka::Offset::Offset(offset)) => NextOffset(offset),
                _ => start,
            }
        };
        let mut first = (Partition(0), NextOffset(0));
        for (partition, start) in &self.reading {
            let next = at(*partition, *start);
            let range = self.consumer.fetch_watermarks(&self.topic, partition.0, ANSWER_WITHIN);
            if range.is_ok_and(|(low, high)| next.0 < low || next.0 > high) {
                return (*partition, next);
            }
            first = (*partition, next);
        }
        first
    }

    fn transient(error: &KafkaError) -> LogError {
        LogError::Transient(error.to_string())
    }
}

impl Drop for KafkaConsumer {
    /// Nobody answers a rebalance any more: the callback has to.
    fn drop(&mut self) {
        self.consumer.context().closing.store(true, Ordering::Relaxed);
    }
}

impl Consumer for KafkaConsumer {
    fn poll(&mut self, timeout: Duration, max: usize, sink: &mut dyn FnMut(Incoming<'_>)) -> Result<Polled, LogError> {
        let context = self.consumer.context();
        if let Some(polled) = lock(&context.noted).pop_front() {
            self.waits_since = None;
            return Ok(polled);
        }
        if context.forbidden.load(Ordering::Relaxed) {
            return Err(of_code(RDKafkaErrorCode::GroupAuthorizationFailed, "join", &self.group, &context.watch));
        }
        if !self.at_end.is_empty() {
            return Ok(Polled::AtEnd(std::mem::take(&mut self.at_end).into_iter().collect()));
        }
        let mut handed = 0;
        let mut wait = timeout;
        while handed < max {
            match self.consumer.poll(wait) {
                Some(Ok(message)) => {
                    self.hand_over(&message, sink);
                    if !self.at_end.is_empty() {
                        self.at_end.remove(&Partition(message.partition()));
                    }
                    handed += 1;
                    wait = Duration::ZERO;
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.at_end.insert(Partition(partition));
                    wait = Duration::ZERO;
                }
                Some(Err(error)) => match self.poll_error(&error) {
                    // Of another topic than what was handed over is to be compared with.
                    Some(_) if context.recreated.load(Ordering::Relaxed) => break,
                    Some(fatal) => return Err(fatal),
                    None => {
                        tracing::debug!(%error, "the consumer goes on");
                        break;
                    }
                },
                None => break,
            }
        }
        if context.recreated.swap(false, Ordering::Relaxed) {
            self.at_end.clear();
            return Ok(Polled::Recreated);
        }
        if handed > 0 {
            return Ok(Polled::Messages(handed));
        }
        if let Some(fatal) = context.watch.fatal() {
            return Err(fatal);
        }
        if let Some(noted) = lock(&context.noted).pop_front() {
            self.waits_since = None;
            return Ok(noted);
        }
        self.go_on()?;
        Ok(Polled::Messages(0))
    }

    fn start(&mut self, from: &[(Partition, NextOffset)]) -> Result<(), LogError> {
        self.reading.extend(from.iter().copied());
        self.at_end.retain(|partition| !from.iter().any(|(started, _)| started == partition));
        let result = if self.by_parts() {
            self.consumer.incremental_assign(&list_at(&self.topic, from)?)
        } else {
            let all: Vec<_> = self.reading.iter().map(|(partition, next)| (*partition, *next)).collect();
            self.consumer.assign(&list_at(&self.topic, &all)?)
        };
        result.map_err(|error| Self::transient(&error))?;
        // What is assigned during a pause keeps still as well.
        if self.paused { self.pause() } else { Ok(()) }
    }

    fn release(&mut self, partitions: &[Partition]) -> Result<(), LogError> {
        self.reading.retain(|partition, _| !partitions.contains(partition));
        self.at_end.retain(|partition| !partitions.contains(partition));
        lock(&self.consumer.context().ends).retain(|partition, _| !partitions.contains(partition));
        let gone = list(&self.topic, partitions.iter().copied());
        // librdkafka keeps a pause beyond the assignment: what comes back after it would keep still for ever.
        if self.paused {
            self.consumer.resume(&gone).map_err(|error| Self::transient(&error))?;
        }
        let result = if self.by_parts() { self.consumer.incremental_unassign(&gone) } else { self.consumer.unassign() };
        result.map_err(|error| Self::transient(&error))
    }

    fn seek(&mut self, partition: Partition, to: NextOffset) -> Result<(), LogError> {
        self.reading.insert(partition, to);
        self.at_end.remove(&partition);
        let seek = self.consumer.seek(&self.topic, partition.0, rdkafka::Offset::Offset(to.0), ANSWER_WITHIN);
        seek.map_err(|error| Self::transient(&error))
    }

    fn pause(&mut self) -> Result<(), LogError> {
        self.paused = true;
        let all = list(&self.topic, self.reading.keys().copied());
        self.consumer.pause(&all).map_err(|error| Self::transient(&error))
    }

    fn resume(&mut self) -> Result<(), LogError> {
        self.paused = false;
        let all = list(&self.topic, self.reading.keys().copied());
        self.consumer.resume(&all).map_err(|error| Self::transient(&error))
    }

    fn commit_hint(&mut self, offsets: &[(Partition, NextOffset)]) {
        if self.alone || offsets.is_empty() {
            return;
        }
        let Ok(offsets) = list_at(&self.topic, offsets) else { return };
        if let Err(error) = self.consumer.commit(&offsets, CommitMode::Async) {
            tracing::debug!(%error, "the offset hint was not sent");
        }
    }

    fn range(&mut self, partition: Partition) -> Result<PartitionRange, LogError> {
        let watermarks = self.consumer.fetch_watermarks(&self.topic, partition.0, ANSWER_WITHIN);
        let watch = &self.consumer.context().watch;
        let (low, high) = watermarks.map_err(|error| of_error(&error, "read", &self.topic, watch))?;
        Ok(PartitionRange { partition, low: NextOffset(low), high: NextOffset(high) })
    }

    fn ends(&mut self) -> Vec<(Partition, NextOffset)> {
        lock(&self.consumer.context().ends).iter().map(|(partition, end)| (*partition, *end)).collect()
    }

    fn connected(&mut self) -> bool {
        self.consumer.context().connected.load(Ordering::Relaxed)
    }

    fn close(self: Box<Self>) {
        let consumer = Arc::clone(&self.consumer);
        drop(self);
        let Some(closer) = leave(consumer) else { return };
        let begun = Instant::now();
        while !closer.is_finished() && begun.elapsed() < CLOSE_WITHIN {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_id_of_the_topic_is_told_from_the_first() {
        let told = |message: &str| is_made_anew(message, "events");
        assert!(told("[thrd:main]: Topic events changed id from 9q2mYQ0xQ5mG1o6rVbXk1g to 3hVbq0y1T8u9WmJ2cQkZ0w"));
        assert!(!told("[thrd:main]: Topic events changed id from AAAAAAAAAAAAAAAAAAAAAA to 3hVbq0y1T8u9WmJ2cQkZ0w"));
        assert!(!told(
            "[thrd:main]: Topic events.dlq changed id from 9q2mYQ0xQ5mG1o6rVbXk1g to 3hVbq0y1T8u9WmJ2cQkZ0w"
        ));
        assert!(!told("[thrd:main]: Topic events [0] Leader 1 Epoch 0"));
    }
}

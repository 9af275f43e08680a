//! Reads a topic: positions come from the store, never from the broker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rdkafka::consumer::{CommitMode, Consumer as _, RebalanceProtocol};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _, Timestamp};

use super::client::{ANSWER_WITHIN, KafkaSettings, list, list_at, list_noted};
use super::errors::{of_code, of_error};
use super::group::{Group, Protocol, begin, leave, lock, protocol};
use super::members::signed;
use crate::domain::{NextOffset, Offset, Partition, Position};
use crate::log::{Consumer, Incoming, LogError, Membership, Most, Polled};

/// By the newer protocol, who gets no partition is not told so: nothing within this time means none.
const STANDS_BY_AFTER: Duration = Duration::from_secs(5);
/// Leaving a group takes at most this long; a client whose brokers are away can hang in it for ever.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);
/// A member that was killed is gone within this: the longest session that brokers allow unless told otherwise, and some more.
const RELEASED_WITHIN: Duration = Duration::from_secs(75);
/// A partition without a leader that answers is away after this: an election takes a moment, and so does a connection.
const AWAY_AFTER: Duration = Duration::from_secs(5);

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
    /// What it reads, if it does so outside any group.
    alone: Option<Vec<Partition>>,
    /// What is this consumer's, whether it is read yet or not.
    given: BTreeSet<Partition>,
    reading: BTreeMap<Partition, NextOffset>,
    /// Read to their ends, which is yet to be told.
    at_end: BTreeSet<Partition>,
    paused: bool,
    held: BTreeSet<Partition>,
    /// Whether its client is to be made anew once what it has is given up.
    renewing: bool,
}

impl KafkaConsumer {
    pub(super) fn new(
        settings: &KafkaSettings,
        topic: &str,
        membership: &Membership,
        partitions: Vec<Partition>,
    ) -> Result<Self, LogError> {
        let (group, alone) = match membership {
            Membership::Group(group) => (group.as_str(), None),
            Membership::Alone => ("giaoban-alone", Some(partitions)),
        };
        let (protocol, chosen_here) = protocol(settings, alone.is_some());
        Ok(Self {
            consumer: begin(settings, topic, group, protocol, alone.as_deref())?,
            settings: settings.clone(),
            protocol,
            chosen_here,
            waits_since: None,
            topic: topic.to_owned(),
            group: group.to_owned(),
            instance: settings.properties.get("group.instance.id").cloned(),
            alone,
            given: BTreeSet::new(),
            reading: BTreeMap::new(),
            at_end: BTreeSet::new(),
            paused: false,
            held: BTreeSet::new(),
            renewing: false,
        })
    }

    /// Hands a message over, and says what it takes in memory.
    fn hand_over(&self, message: &BorrowedMessage<'_>, sink: &mut dyn FnMut(Incoming<'_>)) -> usize {
        let headers: Option<Vec<_>> =
            message.headers().map(|headers| headers.iter().map(|header| (header.key, header.value)).collect());
        let message = Incoming {
            position: Position { partition: Partition(message.partition()), offset: Offset(message.offset()) },
            timestamp_ms: message.timestamp().to_millis(),
            appended_ms: match message.timestamp() {
                Timestamp::LogAppendTime(at_ms) => Some(at_ms),
                _ => None,
            },
            key: message.key(),
            headers: headers.as_deref().unwrap_or_default(),
            payload: message.payload(),
        };
        let weight = message.weight();
        sink(message);
        weight
    }

    /// Whether partitions come and go by themselves: a cooperative group's, and those of one that reads alone.
    fn by_parts(&self) -> bool {
        self.alone.is_some() || matches!(self.consumer.rebalance_protocol(), RebalanceProtocol::Cooperative)
    }

    /// What an error of a poll means; `None` if it passes by itself.
    fn poll_error(&self, error: &KafkaError) -> Option<LogError> {
        use RDKafkaErrorCode as C;
        let context = self.consumer.context();
        match error.rdkafka_error_code()? {
            // Whoever reads alone needs no group, but librdkafka asks who coordinates it.
            C::GroupAuthorizationFailed if self.alone.is_some() => None,
            C::GroupAuthorizationFailed => Some(of_error(error, "join", &self.group, &context.watch)),
            C::TopicAuthorizationFailed | C::UnknownTopicOrPartition | C::UnknownTopic => {
                Some(of_error(error, "read", &self.topic, &context.watch))
            }
            C::OffsetOutOfRange | C::AutoOffsetReset => {
                let found = self.out_of_range();
                // It was of one that is held or given up, or its log has more again: all are looked at once more.
                context.recreated.fetch_or(found.is_none(), Ordering::Relaxed);
                let (partition, wanted) = found?;
                Some(LogError::OffsetOutOfRange { partition, wanted, cause: error.clone().into() })
            }
            _ => None,
        }
    }

    /// If librdkafka has given up for good, makes another client where that helps: polling may go on in silence then.
    fn go_on(&mut self) -> Result<(), LogError> {
        use RDKafkaErrorCode as C;
        let Some((code, cause)) = self.consumer.client().fatal_error() else { return Ok(()) };
        let taken = |cause: String| LogError::InstanceTaken {
            instance: self.instance.clone().unwrap_or_default(),
            cause: cause.into(),
        };
        match code {
            C::FencedInstanceId => Err(taken(cause)),
            C::UnreleasedInstanceId => {
                if self.waits_since.is_none() {
                    tracing::warn!(event = "group_name_taken", %cause, "the group still has a member of this name: waiting until its session is over");
                }
                if self.waits_since.get_or_insert_with(Instant::now).elapsed() > RELEASED_WITHIN {
                    return Err(taken(cause));
                }
                std::thread::sleep(Duration::from_millis(500));
                self.rejoin()
            }
            C::UnsupportedVersion | C::UnsupportedFeature if self.chosen_here => {
                // Not while it holds partitions: these are given up first.
                if self.given.is_empty() {
                    tracing::info!(event = "group_protocol_classic", %cause, "the brokers do not have the newer protocol of groups");
                    (self.protocol, self.chosen_here) = (Protocol::Classic, false);
                }
                self.rejoin()
            }
            C::UnsupportedVersion | C::UnsupportedFeature => {
                Err(LogError::Setting { key: "group.protocol".into(), cause: cause.into() })
            }
            C::GroupAuthorizationFailed => Err(of_code(code, "join", &self.group, &self.consumer.context().watch)),
            C::TopicAuthorizationFailed => Err(of_code(code, "read", &self.topic, &self.consumer.context().watch)),
            _ => Err(LogError::Refused { resource: format!("group {}", self.group), cause: cause.into() }),
        }
    }

    /// Begins with another client, once what the one before had is given up.
    fn rejoin(&mut self) -> Result<(), LogError> {
        if self.given.is_empty() {
            let alone = self.alone.as_deref();
            let consumer = begin(&self.settings, &self.topic, &self.group, self.protocol, alone)?;
            // That it has a broker is known when it says so.
            consumer.context().connected.store(false, Ordering::Relaxed);
            leave(std::mem::replace(&mut self.consumer, consumer));
        }
        Ok(())
    }

    /// Gives up what the client has, then makes another.
    fn renewed(&mut self) -> Result<Polled, LogError> {
        if !self.given.is_empty() {
            return Ok(Polled::Lost(self.given.iter().copied().collect()));
        }
        self.rejoin()?;
        self.renewing = false;
        Ok(Polled::Messages(0))
    }

    /// What the group has said, in order.
    fn noted(&mut self) -> Option<Polled> {
        let noted = lock(&self.consumer.context().noted).pop_front()?;
        self.waits_since = None;
        if let Polled::Assigned(partitions) = &noted {
            self.given.extend(partitions);
        }
        Some(noted)
    }

    /// The partition whose position its log does not have, or may not have: the error does not say which. `None` if each can
    /// be read where it is.
    fn out_of_range(&self) -> Option<(Partition, NextOffset)> {
        let positions = self.consumer.position().unwrap_or_default();
        let at = |partition: Partition, start: NextOffset| {
            let position = positions.find_partition(&self.topic, partition.0).map(|element| element.offset());
            match position {
                Some(rdkafka::Offset::Offset(offset)) => NextOffset(offset),
                _ => start,
            }
        };
        let mut unasked = None;
        for (partition, start) in self.reading.iter().filter(|(partition, _)| !self.held.contains(partition)) {
            let next = at(*partition, *start);
            match self.consumer.fetch_watermarks(&self.topic, partition.0, ANSWER_WITHIN) {
                Ok((low, high)) if next.0 < low || next.0 > high => return Some((*partition, next)),
                Ok(_) => {}
                Err(_) => unasked = unasked.or(Some((*partition, next))),
            }
        }
        unasked
    }

    /// Takes these partitions, to read them from there.
    fn take(&mut self, from: &[(Partition, NextOffset)]) -> Result<(), LogError> {
        self.reading.extend(from.iter().copied());
        let taken = if self.by_parts() {
            self.consumer.incremental_assign(&list_at(&self.topic, from)?)
        } else {
            let all: Vec<_> = self.reading.iter().map(|(partition, next)| (*partition, *next)).collect();
            self.consumer.assign(&list_at(&self.topic, &all)?)
        };
        if taken.is_err() {
            self.reading.retain(|partition, _| !from.iter().any(|(given, _)| given == partition));
        }
        taken.map_err(|error| Self::transient(&error))
    }

    /// Takes a partition that it has anew, to read it from there. A pause is ended before, which librdkafka keeps beyond an
    /// assignment.
    fn take_again(&mut self, partition: Partition, from: NextOffset) -> Result<(), LogError> {
        if self.held.remove(&partition) || self.paused {
            self.resume_of(partition)?;
        }
        if self.by_parts() {
            let given_up = self.consumer.incremental_unassign(&list(&self.topic, [partition]));
            given_up.map_err(|error| Self::transient(&error))?;
        }
        self.take(&[(partition, from)])?;
        if self.paused { self.pause() } else { Ok(()) }
    }

    fn resume_of(&self, partition: Partition) -> Result<(), LogError> {
        self.consumer.resume(&list(&self.topic, [partition])).map_err(|error| Self::transient(&error))
    }

    fn transient(error: &KafkaError) -> LogError {
        LogError::Transient(error.clone().into())
    }
}

impl Drop for KafkaConsumer {
    /// Nobody answers a rebalance any more: the callback has to.
    fn drop(&mut self) {
        self.consumer.context().close();
    }
}

impl Consumer for KafkaConsumer {
    fn poll(&mut self, timeout: Duration, most: Most, sink: &mut dyn FnMut(Incoming<'_>)) -> Result<Polled, LogError> {
        if self.renewing {
            return self.renewed();
        }
        if let Some(noted) = self.noted() {
            return Ok(noted);
        }
        let context = self.consumer.context();
        if context.forbidden.load(Ordering::Relaxed) {
            return Err(of_code(RDKafkaErrorCode::GroupAuthorizationFailed, "join", &self.group, &context.watch));
        }
        if !self.at_end.is_empty() {
            return Ok(Polled::AtEnd(std::mem::take(&mut self.at_end).into_iter().collect()));
        }
        let (mut handed, mut taken) = (0, 0);
        let mut wait = timeout;
        while handed < most.messages && taken < most.bytes {
            match self.consumer.poll(wait) {
                Some(Ok(message)) => {
                    taken += self.hand_over(&message, sink);
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
                        tracing::debug!(event = "consumer_goes_on", %error, "the consumer goes on");
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
        if let Some(noted) = self.noted() {
            return Ok(noted);
        }
        self.go_on()?;
        Ok(Polled::Messages(0))
    }

    fn start(&mut self, from: &[(Partition, NextOffset)]) -> Result<(), LogError> {
        self.at_end.retain(|partition| !from.iter().any(|(started, _)| started == partition));
        // Nobody had a reason to connect to its leader before.
        lock(&self.consumer.context().heard)
            .retain(|partition, _| !from.iter().any(|(started, _)| started == partition));
        self.take(from)?;
        // What is assigned during a pause keeps still as well.
        if self.paused { self.pause() } else { Ok(()) }
    }

    fn release(&mut self, partitions: &[Partition]) -> Result<(), LogError> {
        self.given.retain(|partition| !partitions.contains(partition));
        self.reading.retain(|partition, _| !partitions.contains(partition));
        self.at_end.retain(|partition| !partitions.contains(partition));
        lock(&self.consumer.context().heard).retain(|partition, _| !partitions.contains(partition));
        let gone = list(&self.topic, partitions.iter().copied());
        // librdkafka keeps a pause beyond the assignment: what comes back after it would keep still for ever.
        let held = self.held.extract_if(.., |held| partitions.contains(held)).count() > 0;
        // That client goes with all that it had.
        if self.renewing {
            return Ok(());
        }
        if self.paused || held {
            self.consumer.resume(&gone).map_err(|error| Self::transient(&error))?;
        }
        let result = if self.by_parts() { self.consumer.incremental_unassign(&gone) } else { self.consumer.unassign() };
        result.map_err(|error| Self::transient(&error))
    }

    fn seek(&mut self, partition: Partition, to: NextOffset) -> Result<(), LogError> {
        self.at_end.remove(&partition);
        if let Err(error) = self.consumer.seek(&self.topic, partition.0, rdkafka::Offset::Offset(to.0), ANSWER_WITHIN) {
            // It is not fetched yet, or not any more because nothing was there: none is sought that is not.
            tracing::debug!(event = "partition_taken_anew", %error, %partition, "cannot seek: taking the partition anew");
            return self.take_again(partition, to);
        }
        self.reading.insert(partition, to);
        if self.held.remove(&partition) && !self.paused { self.resume_of(partition) } else { Ok(()) }
    }

    fn hold(&mut self, partitions: &[Partition]) -> Result<(), LogError> {
        let new = partitions.iter().filter(|partition| !self.reading.contains_key(partition));
        // From wherever: the pause drops what was asked for before it. (Not from its end: librdkafka goes there also when
        // the answer where that is comes only after a seek.)
        let new: Vec<_> = new.map(|partition| (*partition, NextOffset(0))).collect();
        if !new.is_empty() {
            self.take(&new)?;
        }
        self.held.extend(partitions);
        let held = list(&self.topic, partitions.iter().copied());
        self.consumer.pause(&held).map_err(|error| Self::transient(&error))
    }

    fn pause(&mut self) -> Result<(), LogError> {
        self.paused = true;
        let all = list(&self.topic, self.reading.keys().copied());
        self.consumer.pause(&all).map_err(|error| Self::transient(&error))
    }

    fn resume(&mut self) -> Result<(), LogError> {
        self.paused = false;
        let all = list(&self.topic, self.reading.keys().copied().filter(|partition| !self.held.contains(partition)));
        self.consumer.resume(&all).map_err(|error| Self::transient(&error))
    }

    fn commit_hint(&mut self, offsets: &[(Partition, NextOffset)], note: &str) {
        if self.alone.is_some() || offsets.is_empty() {
            return;
        }
        let Ok(offsets) = list_noted(&self.topic, offsets, &signed(note)) else { return };
        if let Err(error) = self.consumer.commit(&offsets, CommitMode::Async) {
            tracing::debug!(event = "hint_not_sent", %error, "the offset hint was not sent");
        }
    }

    fn ends(&mut self) -> Vec<(Partition, NextOffset)> {
        let heard = lock(&self.consumer.context().heard);
        heard.iter().filter_map(|(partition, heard)| Some((*partition, heard.end?))).collect()
    }

    fn hidden(&mut self) -> Vec<(Partition, i64)> {
        let heard = lock(&self.consumer.context().heard);
        let hides = heard.iter().filter(|(partition, heard)| heard.hidden > 0 && self.reading.contains_key(partition));
        hides.map(|(partition, heard)| (*partition, heard.hidden)).collect()
    }

    fn unavailable(&mut self) -> Vec<Partition> {
        let heard = lock(&self.consumer.context().heard);
        let away = |partition: &Partition| {
            let heard = heard.get(partition)?;
            heard.away_since.filter(|since| since.elapsed() >= AWAY_AFTER)?;
            // Of what is not read for a while the connection may end as idle.
            let idle = heard.led && (self.paused || self.held.contains(partition));
            (!idle).then_some(*partition)
        };
        self.reading.keys().filter_map(away).collect()
    }

    fn stands_by(&mut self) -> bool {
        let context = self.consumer.context();
        let is_told_nothing = self.reading.is_empty() && lock(&context.noted).is_empty();
        let since = *lock(&context.looked_after);
        self.alone.is_none() && is_told_nothing && since.is_some_and(|since| since.elapsed() >= STANDS_BY_AFTER)
    }

    fn connected(&mut self) -> bool {
        self.consumer.context().connected.load(Ordering::Relaxed)
    }

    fn renew(&mut self) {
        self.renewing = true;
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

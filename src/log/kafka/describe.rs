//! What the brokers say that a topic is made of.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;

use super::client::ANSWER_WITHIN;
use super::errors::{Watch, of_code};
use crate::domain::Partition;
use crate::log::{Copies, Keepers, LogError};

/// What a topic is made of.
pub(super) struct Described {
    /// Its partitions in order.
    pub(super) partitions: Vec<Partition>,
    /// Those of them that no broker leads now.
    pub(super) leaderless: Vec<Partition>,
    /// Copies of each partition.
    pub(super) copies: i32,
    /// Who has them.
    pub(super) keepers: Keepers,
}

impl Described {
    /// Who leads a partition, as it may be told: its number, and where it is.
    pub(super) fn leader_of(&self, partition: Partition) -> Option<String> {
        let leader = self.keepers.copies.iter().find(|copies| copies.partition == partition)?.leader?;
        Some(format!("{leader} ({})", self.keepers.brokers.get(&leader)?))
    }
}

/// Asks the brokers for a topic.
pub(super) fn describe<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    watch: &Watch,
    topic: &str,
) -> Result<Described, LogError> {
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
                    return Err(watch.unanswered(error));
                }
            }
        }
    };
    watch.answered();
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let found = found.ok_or_else(|| LogError::NoSuchTopic(topic.to_owned()))?;
    if let Some(error) = found.error() {
        return Err(of_code(RDKafkaErrorCode::from(error), "describe", topic, watch));
    }
    if found.partitions().is_empty() {
        return Err(LogError::NoSuchTopic(topic.to_owned()));
    }
    let mut all: Vec<_> = found.partitions().iter().collect();
    all.sort_unstable_by_key(|partition| partition.id());
    let copies = all.iter().map(|partition| partition.replicas().len()).min().unwrap_or_default();
    Ok(Described {
        partitions: all.iter().map(|partition| Partition(partition.id())).collect(),
        leaderless: all.iter().filter(|of| of.leader() < 0).map(|of| Partition(of.id())).collect(),
        copies: copies as i32,
        keepers: Keepers {
            brokers: metadata.brokers().iter().map(|of| (of.id(), format!("{}:{}", of.host(), of.port()))).collect(),
            copies: all
                .iter()
                .map(|of| Copies {
                    partition: Partition(of.id()),
                    leader: Some(of.leader()).filter(|leader| *leader >= 0),
                    on: of.replicas().to_vec(),
                    in_step: of.isr().to_vec(),
                })
                .collect(),
        },
    })
}

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
    /// Who has them.
    pub(super) keepers: Keepers,
}

impl Described {
    /// Its partitions in order.
    pub(super) fn partitions(&self) -> Vec<Partition> {
        self.keepers.copies.iter().map(|of| of.partition).collect()
    }

    /// Those of them that no broker leads now.
    pub(super) fn leaderless(&self) -> Vec<Partition> {
        self.keepers.copies.iter().filter(|of| of.leader.is_none()).map(|of| of.partition).collect()
    }

    /// Copies of each partition.
    pub(super) fn copies(&self) -> i32 {
        self.keepers.copies.iter().map(|of| of.on.len()).min().unwrap_or_default() as i32
    }

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
    Ok(Described {
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

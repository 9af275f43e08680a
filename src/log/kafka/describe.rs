//! What the brokers say that a topic is made of.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;

use super::client::ANSWER_WITHIN;
use super::errors::{Watch, of_code};
use crate::domain::Partition;
use crate::log::LogError;

/// The partitions of a topic and their copies.
pub(super) fn partitions<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    watch: &Watch,
    topic: &str,
) -> Result<(Vec<Partition>, i32), LogError> {
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
                    return Err(watch.never_answered(error));
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

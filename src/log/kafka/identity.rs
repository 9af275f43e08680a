//! Which topic of which cluster it is. librdkafka tells the cluster's id when it is asked, and a topic's id in its debug
//! log alone.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError;

use super::client::{ANSWER_WITHIN, KafkaSettings, config, make};
use super::describe::describe;
use super::errors::Watch;
use crate::domain::{LogIdentity, LogKind};
use crate::log::LogError;

/// What is logged about a topic is handed over within this time after the topic was described.
const LOGGED_WITHIN: Duration = Duration::from_secs(1);
/// The id of a topic of which there is none.
const NONE: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// Hears the id of one topic.
struct Listener {
    watch: Watch,
    topic: String,
    id: Mutex<Option<String>>,
}

impl ClientContext for Listener {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.watch.log(level, facility, message);
        if let Some((_, now)) = ids(message, &self.topic).filter(|(_, now)| *now != NONE) {
            *self.id.lock().unwrap_or_else(PoisonError::into_inner) = Some(now.to_owned());
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.watch.error(error, reason);
    }
}

impl ConsumerContext for Listener {}

/// Asks the brokers which topic it is that has this name now.
pub(super) fn identity(settings: &KafkaSettings, topic: &str) -> Result<LogIdentity, LogError> {
    let watch = Watch::new(&settings.brokers);
    let listener = Listener { watch: watch.clone(), topic: topic.to_owned(), id: Mutex::default() };
    let mut config = config(settings, &[]);
    let debug = config.get("debug").map_or_else(|| "metadata".to_owned(), |more| format!("metadata,{more}"));
    config.set("debug", debug).set_log_level(RDKafkaLogLevel::Debug);
    let client: BaseConsumer<Listener> = make(&config, listener)?;
    describe(&client, &watch, topic)?;
    let begun = Instant::now();
    let topic_id = loop {
        while client.poll(Duration::from_millis(10)).is_some() {}
        let heard = client.context().id.lock().unwrap_or_else(PoisonError::into_inner).take();
        if heard.is_some() || begun.elapsed() > LOGGED_WITHIN {
            break heard;
        }
    };
    let cluster_id = client.client().fetch_cluster_id(ANSWER_WITHIN);
    Ok(LogIdentity { kind: LogKind::Kafka, topic: topic.to_owned(), topic_id, cluster_id })
}

/// The id that a topic had and the one that it has, where a message of librdkafka's log says that it has another one.
pub(super) fn ids<'m>(message: &'m str, topic: &str) -> Option<(&'m str, &'m str)> {
    let (_, ids) = message.split_once(&format!("Topic {topic} changed id from "))?;
    let (before, now) = ids.split_once(" to ")?;
    Some((before, now.split_whitespace().next().unwrap_or_default()))
}

/// Whether a message says that the topic has another id than the one it had before. librdkafka goes on in the new topic
/// where it was in the old one, and says so only here, before it asks for anything of the new one.
pub(super) fn is_recreated(message: &str, topic: &str) -> bool {
    ids(message, topic).is_some_and(|(before, now)| before != NONE && before != now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_id_of_the_topic_is_told_from_the_first() {
        let told = |message: &str| is_recreated(message, "events");
        assert!(told("[thrd:main]: Topic events changed id from 9q2mYQ0xQ5mG1o6rVbXk1g to 3hVbq0y1T8u9WmJ2cQkZ0w"));
        assert!(!told("[thrd:main]: Topic events changed id from AAAAAAAAAAAAAAAAAAAAAA to 3hVbq0y1T8u9WmJ2cQkZ0w"));
        assert!(!told(
            "[thrd:main]: Topic events.dlq changed id from 9q2mYQ0xQ5mG1o6rVbXk1g to 3hVbq0y1T8u9WmJ2cQkZ0w"
        ));
        assert!(!told("[thrd:main]: Topic events [0] Leader 1 Epoch 0"));
    }
}

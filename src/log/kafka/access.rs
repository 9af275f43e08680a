//! Finds out what this user may do, and changes nothing by it: each question is
//! one that a broker answers with a refusal or with nothing done.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, ProducerContext};

use super::client::{ANSWER_WITHIN, KafkaSettings, config, list, make};
use super::errors::{Watch, of_error};
use super::members::asks_of;
use crate::domain::Partition;
use crate::log::LogError;

const STEP: Duration = Duration::from_millis(200);

/// Waits at the end of a partition: reading nothing needs the same permission.
pub(super) fn read(settings: &KafkaSettings, topic: &str, partition: Partition) -> Result<(), LogError> {
    let mut config = config(settings, &[("group.id", "giaoban-probe"), ("enable.auto.commit", "false")]);
    config.set("enable.partition.eof", "true");
    let watch = Watch::quiet(&settings.brokers);
    let consumer: BaseConsumer<Watch> = make(&config, watch.clone())?;
    let mut at_end = list(topic, [partition]);
    let set = at_end.set_all_offsets(rdkafka::Offset::End).and_then(|()| consumer.assign(&at_end));
    set.map_err(|error| LogError::Transient(error.into()))?;
    let begun = Instant::now();
    while begun.elapsed() < ANSWER_WITHIN {
        match consumer.poll(STEP) {
            Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => return Ok(()),
            Some(Err(error)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::TopicAuthorizationFailed) => {
                return Err(of_error(&error, "read", topic, &watch));
            }
            _ => {}
        }
    }
    Err(watch.fatal().unwrap_or_else(|| watch.unreachable("no answer in time")))
}

/// Asks what the group has committed; membership of it stays as it is.
pub(super) fn join(settings: &KafkaSettings, group: &str, topic: &str, partition: Partition) -> Result<(), LogError> {
    let consumer = asks_of(settings, group)?;
    let watch = consumer.context();
    let begun = Instant::now();
    loop {
        let error = match consumer.committed_offsets(list(topic, [partition]), STEP) {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        // A group whose coordinator one may not know is told by an event only.
        let events = std::iter::from_fn(|| consumer.poll(Duration::from_millis(10))).filter_map(Result::err);
        for error in std::iter::once(error.clone()).chain(events) {
            if error.rdkafka_error_code() == Some(RDKafkaErrorCode::GroupAuthorizationFailed) {
                return Err(of_error(&error, "join", group, watch));
            }
        }
        if begun.elapsed() > ANSWER_WITHIN {
            return Err(of_error(&error, "join", group, watch));
        }
    }
}

/// Asks for an acknowledgement that there is not (`acks=2`): who may write is refused for that, with nothing
/// written, and who may not is refused before.
pub(super) fn write(settings: &KafkaSettings, topic: &str) -> Result<(), LogError> {
    let mut config = config(settings, &[]);
    for other in ["request.required.acks", "delivery.timeout.ms"] {
        config.remove(other);
    }
    let milliseconds = ANSWER_WITHIN.as_millis().to_string();
    config.set("enable.idempotence", "false").set("acks", "2").set("message.timeout.ms", milliseconds);
    let context = Answer { watch: Watch::quiet(&settings.brokers), result: Arc::default() };
    let (watch, result) = (context.watch.clone(), Arc::clone(&context.result));
    let producer: BaseProducer<Answer> = make(&config, context)?;
    let sent = producer.send(BaseRecord::<[u8], [u8]>::to(topic).payload(&[]));
    sent.map_err(|(error, _)| of_error(&error, "write", topic, &watch))?;
    let begun = Instant::now();
    while begun.elapsed() < ANSWER_WITHIN {
        producer.poll(STEP);
        match result.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(Err(error)) if error.rdkafka_error_code() != Some(RDKafkaErrorCode::InvalidRequiredAcks) => {
                return Err(of_error(&error, "write", topic, &watch));
            }
            Some(_) => return Ok(()),
            None => {}
        }
    }
    Err(watch.fatal().unwrap_or_else(|| watch.unreachable("no answer in time")))
}

/// Keeps what became of the one message.
struct Answer {
    watch: Watch,
    result: Arc<Mutex<Option<Result<(), KafkaError>>>>,
}

impl ClientContext for Answer {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.watch.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.watch.error(error, reason);
    }
}

impl ProducerContext for Answer {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let result = result.as_ref().map(|_| ()).map_err(|(error, _)| error.clone());
        *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }
}

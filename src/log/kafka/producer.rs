//! Writes a topic: idempotent, acknowledged by all copies, each message
//! confirmed by itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext, PurgeConfig};

use super::client::{KafkaSettings, config, make};
use super::errors::{Watch, of_code, of_error};
use crate::domain::{Offset, Partition, Position};
use crate::log::{Delivery, LogError, Outgoing, Producer};

/// Each message once and in its order, confirmed by every copy; the rest is for speed.
const OURS: [(&str, &str); 12] = [
    ("enable.idempotence", "true"),
    ("acks", "all"),
    ("partitioner", "murmur2_random"),
    ("compression.type", "lz4"),
    ("linger.ms", "20"),
    ("batch.num.messages", "20000"),
    ("queue.buffering.max.messages", "50000"),
    ("queue.buffering.max.kbytes", "131072"),
    ("message.max.bytes", "67108864"),
    ("message.timeout.ms", "45000"),
    // So long for every copy to have it; then it is sent again, to the partition's leader of then.
    ("request.timeout.ms", "10000"),
    // Half a minute of the same answer, so that it comes to be known: a message whose time is over says nothing.
    ("retries", "30"),
];

/// How often callbacks are served while sending.
const SERVE_EVERY: u64 = 256;

pub(super) struct KafkaProducer {
    producer: BaseProducer<Deliveries>,
    deliveries: Arc<Mutex<Vec<Delivery>>>,
    watch: Watch,
    topic: String,
    sent: u64,
    /// Of those sent, how many were reported as decided.
    reported: u64,
}

/// Gathers what the brokers confirm.
struct Deliveries {
    watch: Watch,
    topic: String,
    decided: Arc<Mutex<Vec<Delivery>>>,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.watch.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.watch.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, tag: usize) {
        let result = match result {
            Ok(message) => Ok(Position { partition: Partition(message.partition()), offset: Offset(message.offset()) }),
            Err((error, message)) => Err(self.refused(error, message.payload_len())),
        };
        let mut decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        decided.push(Delivery { tag: tag as u64, result });
    }
}

impl Deliveries {
    fn refused(&self, error: &KafkaError, bytes: usize) -> LogError {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize) => {
                LogError::TooLarge { bytes, cause: format!("max.message.bytes of topic {}", self.topic).into() }
            }
            _ => of_error(error, "write", &self.topic, &self.watch),
        }
    }
}

impl KafkaProducer {
    pub(super) fn new(settings: &KafkaSettings, topic: &str) -> Result<Self, LogError> {
        let (watch, deliveries) = (Watch::new(&settings.brokers), Arc::default());
        let context = Deliveries { watch: watch.clone(), topic: topic.to_owned(), decided: Arc::clone(&deliveries) };
        let producer = make(&config(settings, &OURS), context)?;
        Ok(Self { producer, deliveries, watch, topic: topic.to_owned(), sent: 0, reported: 0 })
    }

    /// librdkafka's own count has its log lines in it.
    fn undecided(&self) -> bool {
        let decided = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).len() as u64;
        self.reported + decided < self.sent
    }

    /// A cause that does not pass by itself.
    fn fatal(&self) -> Option<LogError> {
        match self.producer.client().fatal_error() {
            // Who may write to no topic at all is given no number as an idempotent producer.
            Some((code @ RDKafkaErrorCode::ClusterAuthorizationFailed, _)) => {
                Some(of_code(code, "write", &self.topic, &self.watch))
            }
            // This client writes nothing any more; another may.
            Some((_, cause)) => Some(LogError::Transient(format!("write {}: {cause}", self.topic).into())),
            None => self.watch.fatal(),
        }
    }
}

impl Producer for KafkaProducer {
    fn send(&mut self, message: &Outgoing, tag: u64) -> Result<(), LogError> {
        self.sent += 1;
        if self.sent.is_multiple_of(SERVE_EVERY) {
            self.producer.poll(Duration::ZERO);
        }
        let mut record: BaseRecord<'_, [u8], [u8], usize> =
            BaseRecord::with_opaque_to(&self.topic, tag as usize).payload(&message.payload);
        if let Some(key) = &message.key {
            record = record.key(key);
        }
        if let Some(partition) = message.partition {
            record = record.partition(partition.0);
        }
        if let Some(timestamp_ms) = message.timestamp_ms {
            record = record.timestamp(timestamp_ms);
        }
        if !message.headers.is_empty() {
            let headers = OwnedHeaders::new_with_capacity(message.headers.len());
            record =
                record.headers(message.headers.iter().fold(headers, |headers, (name, value)| {
                    headers.insert(Header { key: name, value: value.as_deref() })
                }));
        }
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                    self.producer.poll(Duration::from_millis(50));
                    if let Some(fatal) = self.fatal() {
                        return Err(fatal);
                    }
                    record = again;
                }
                Err((error, _)) => {
                    let error = self.producer.context().refused(&error, message.payload.len());
                    let mut decided = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
                    decided.push(Delivery { tag, result: Err(error) });
                    return Ok(());
                }
            }
        }
    }

    fn deliveries(&mut self) -> Vec<Delivery> {
        self.producer.poll(Duration::ZERO);
        let mut decided = std::mem::take(&mut *self.deliveries.lock().unwrap_or_else(PoisonError::into_inner));
        self.reported += decided.len() as u64;
        // Messages given up for a cause of the whole client's do not name it themselves.
        let vague = |result: &_| matches!(result, Err(LogError::Transient(_) | LogError::Unreachable { .. }));
        if decided.iter().any(|delivery| vague(&delivery.result))
            && let Some(fatal) = self.fatal()
        {
            for delivery in decided.iter_mut().filter(|delivery| vague(&delivery.result)) {
                delivery.result = Err(fatal.clone());
            }
        }
        decided
    }

    fn flush(&mut self, timeout: Duration) -> Vec<Delivery> {
        let begun = Instant::now();
        while self.undecided() && begun.elapsed() < timeout && self.fatal().is_none() {
            // `flush` lingers no longer, but comes back at once on some errors: so in steps.
            let _ = self.producer.flush(Duration::from_millis(200));
        }
        if self.undecided() {
            self.producer.purge(PurgeConfig::default().queue().inflight());
            let _ = self.producer.flush(Duration::from_secs(1));
        }
        self.deliveries()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_written_once_and_confirmed_by_every_copy() {
        let settings = KafkaSettings { brokers: "127.0.0.1:1".into(), properties: [].into() };
        let native = config(&settings, &OURS).create_native_config().unwrap();
        assert_eq!(native.get("enable.idempotence").unwrap(), "true");
        // Of all copies that are in step.
        assert_eq!(native.get("acks").unwrap(), "-1");
        assert_eq!(native.get("partitioner").unwrap(), "murmur2_random");
    }
}

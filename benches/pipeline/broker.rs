//! The broker: topics, what fills them, and the least that any consumer or producer must do.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use giaoban::log::kafka::{KafkaLog, KafkaSettings};
use giaoban::log::{Delivery, EventLog as _, Outgoing};
use giaoban::wire::STRUCTURED;

use crate::events::Events;
use crate::giaoban::Checkpoints;
use crate::{Failure, PARTITIONS, until};

/// Where each partition of the topic ends now.
pub fn ends(brokers: &str, topic: &str) -> Result<Vec<i64>, Failure> {
    let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", brokers).create()?;
    let end = |partition| Ok(consumer.fetch_watermarks(topic, partition, Duration::from_secs(10))?.1);
    (0..PARTITIONS).map(end).collect()
}

/// Seconds that a consumer takes which does nothing but count, from its creation to the last of the `expected`
/// records that lie after these offsets.
pub fn count_bare(brokers: &str, topic: &str, from: &[i64], expected: u64) -> Result<f64, Failure> {
    let start = Instant::now();
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "giaoban.bench.bare")
        .set("enable.auto.commit", "false")
        .create()?;
    let mut starts = TopicPartitionList::new();
    for (partition, offset) in (0..).zip(from) {
        starts.add_partition_offset(topic, partition, Offset::Offset(*offset))?;
    }
    consumer.assign(&starts)?;
    let (mut count, mut bytes) = (0, 0);
    while count < expected {
        let message = consumer
            .poll(Duration::from_secs(30))
            .ok_or(format!("the bare consumer got {count} of {expected} records, then nothing for 30 s"))??;
        count += 1;
        bytes += message.payload_len();
    }
    let seconds = start.elapsed().as_secs_f64();
    if bytes == 0 {
        return Err("the bare consumer read empty records".into());
    }
    Ok(seconds)
}

/// How messages lie in a topic.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// As `publish` and all other commands write them.
    Usual,
    /// By their client too, but told not to compress.
    Uncompressed,
}

/// Adds that many events to the topic and returns the bytes of their values.
pub fn fill(
    brokers: &str,
    topic: &str,
    written: Written,
    events: &mut Events<'_>,
    records: u64,
) -> Result<u64, Failure> {
    let compression = (written == Written::Uncompressed).then(|| ("compression.type".to_owned(), "none".to_owned()));
    let log =
        KafkaLog::new(KafkaSettings { brokers: brokers.to_owned(), properties: compression.into_iter().collect() })?;
    let mut producer = log.producer(topic)?;
    let headers = vec![("content-type".to_owned(), Some(STRUCTURED.as_bytes().to_vec()))];
    let mut message = Outgoing { headers, ..Outgoing::default() };
    let (mut bytes, mut stored) = (0, 0);
    let mut count = |deliveries: Vec<Delivery>| {
        stored += deliveries.len() as u64;
        deliveries.into_iter().try_for_each(|delivery| delivery.result.map(drop))
    };
    for number in 0..records {
        let (key, value) = events.next()?;
        bytes += value.len() as u64;
        message.key = Some(key.into());
        message.payload.clear();
        message.payload.extend_from_slice(value.as_bytes());
        producer.send(&message, number)?;
        if number % 10_000 == 0 {
            count(producer.deliveries())?;
        }
    }
    count(producer.flush(Duration::from_secs(120)))?;
    if stored != records {
        return Err(format!("{records} events were sent, but {stored} were acknowledged").into());
    }
    Ok(bytes)
}

fn send(producer: &ThreadedProducer<DefaultProducerContext>, record: BaseRecord<'_, str, str>) -> Result<(), Failure> {
    let mut record = record;
    while let Err((error, refused)) = producer.send(record) {
        if error != KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) {
            return Err(error.into());
        }
        thread::sleep(Duration::from_millis(1));
        record = refused;
    }
    Ok(())
}

fn stored<C: rdkafka::ClientContext>(client: &rdkafka::client::Client<C>, topic: &str) -> Result<u64, Failure> {
    let mut stored = 0;
    for partition in 0..PARTITIONS {
        let (low, high) = client.fetch_watermarks(topic, partition, Duration::from_secs(10))?;
        stored += (high - low) as u64;
    }
    Ok(stored)
}

/// Seconds that an idempotent producer takes which does nothing but send the lines of a text and wait for their
/// acknowledgement. Each line comes with its key, and goes with the header that a CloudEvent has on Kafka.
pub fn produce_bare(brokers: &str, topic: &str, lines: &[(String, String)]) -> Result<f64, Failure> {
    let start = Instant::now();
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("partitioner", "murmur2_random")
        .set("enable.idempotence", "true")
        .create()?;
    for (key, line) in lines {
        let header = Header { key: "content-type", value: Some("application/cloudevents+json") };
        let headers = OwnedHeaders::new_with_capacity(1).insert(header);
        send(&producer, BaseRecord::to(topic).key(key.as_str()).payload(line.as_str()).headers(headers))?;
    }
    producer.flush(Duration::from_secs(120))?;
    let seconds = start.elapsed().as_secs_f64();
    let stored = stored(producer.client(), topic)?;
    if stored != lines.len() as u64 {
        return Err(format!("{} lines were sent, but the topic holds {stored}", lines.len()).into());
    }
    Ok(seconds)
}

/// Sends 1,000 events a second and finds for each how long after its acknowledgement the store had its figure: the
/// checkpoint that covers an event is committed with its figure.
pub fn follow(
    brokers: &str,
    topic: &str,
    checkpoints: &mut Checkpoints,
    events: &mut Events<'_>,
    records: u64,
) -> Result<Vec<Duration>, Failure> {
    let acknowledged = Acknowledged::default();
    let producer: ThreadedProducer<Acknowledged> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("partitioner", "murmur2_random")
        .set("enable.idempotence", "true")
        .create_with_context(acknowledged.clone())?;
    let (start, mut sent, mut times) = (Instant::now(), 0, Vec::new());
    let mut waiting: Vec<(i32, i64, Instant)> = Vec::new();
    while (times.len() as u64) < records {
        while sent < records && sent < start.elapsed().as_millis() as u64 {
            let (key, value) = events.next()?;
            let sending = producer.send(BaseRecord::to(topic).key(key).payload(value));
            sending.map_err(|(error, _)| error)?;
            sent += 1;
        }
        waiting.append(&mut *acknowledged.0.lock().map_err(|_| "a delivery failed")?);
        let stored = checkpoints()?;
        let now = Instant::now();
        let has =
            |partition: i32, offset: i64| stored.iter().any(|(known, next)| *known == partition && *next > offset);
        waiting.retain(|(partition, offset, since)| {
            let there = has(*partition, *offset);
            if there {
                times.push(now - *since);
            }
            !there
        });
        if start.elapsed() > Duration::from_secs(records / 1000 + 60) {
            return Err(format!("{} of {records} events were in the store a minute after the last", times.len()).into());
        }
        thread::sleep(Duration::from_millis(2));
    }
    // The first second is the worker's start.
    times.drain(..times.len().min(1000));
    Ok(times)
}

/// Where each event lies, and when that was known.
#[derive(Clone, Default)]
struct Acknowledged(Arc<Mutex<Vec<(i32, i64, Instant)>>>);

impl rdkafka::ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, _: ()) {
        if let (Ok(message), Ok(mut all)) = (result, self.0.lock()) {
            all.push((message.partition(), message.offset(), Instant::now()));
        }
    }
}

pub fn create_topic(brokers: &str, topic: &str) -> Result<(), Failure> {
    let new = NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(1)).set("retention.ms", "-1");
    let results = blocking(admin(brokers)?.create_topics([&new], &admin_options()))??;
    for result in results {
        result.map_err(|(name, code)| format!("topic {name} could not be created: {code}"))?;
    }
    // A broker under load may not have elected the leaders yet.
    until("the leaders of a new topic", || Ok(ends(brokers, topic).ok())).map(drop)
}

pub fn delete_topic(brokers: &str, topic: &str) -> Result<(), Failure> {
    let results = blocking(admin(brokers)?.delete_topics(&[topic], &admin_options()))??;
    results.into_iter().try_for_each(|result| match result {
        Ok(_) => Ok(()),
        Err((name, code)) => Err(format!("topic {name} could not be deleted: {code}").into()),
    })
}

fn admin(brokers: &str) -> Result<AdminClient<DefaultClientContext>, KafkaError> {
    ClientConfig::new().set("bootstrap.servers", brokers).create()
}

fn admin_options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)))
}

fn blocking<F: Future>(future: F) -> std::io::Result<F::Output> {
    Ok(tokio::runtime::Builder::new_current_thread().build()?.block_on(future))
}

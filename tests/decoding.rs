//! What the worker's consumer hands over when it decodes on a thread of its own: what the log has, in its order, and
//! nothing of what was sought or given up meanwhile.

#![allow(clippy::unwrap_used)]

mod harness;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use giaoban::domain::{Calendar, NextOffset, Offset, Partition, Position, Rules, UnitTable};
use giaoban::ingest::DecodingConsumer;
use giaoban::log::embedded::EmbeddedLog;
use giaoban::log::kafka::{KafkaLog, KafkaSettings};
use giaoban::log::{Consumer, EventLog, Incoming, LogError, Membership, Outgoing, PartitionRange, Polled, TopicSpec};
use giaoban::wire::AllowedSources;

const PARTITIONS: i32 = 3;
/// Of each partition: far more than are decoded where they are read.
const MESSAGES: i64 = 6_000;
/// Every so manieth message is no event.
const BAD: i64 = 50;
const PATIENCE: Duration = Duration::from_secs(60);
const STEP: Duration = Duration::from_millis(20);

struct Reading {
    consumer: DecodingConsumer,
    /// Where each partition is.
    next: BTreeMap<Partition, i64>,
}

fn rules() -> Arc<Rules> {
    let units = include_str!("../config/units/hanoi.csv");
    let units = UnitTable::from_csv(units, include_str!("../config/units/hanoi-succession.csv")).unwrap();
    Arc::new(Rules::new(units, Calendar::Decree09))
}

/// With a full embedded log.
fn embedded(act: impl FnOnce(Reading)) {
    let dir = tempfile::tempdir().unwrap();
    act(Reading::start(&EmbeddedLog::open(dir.path()).unwrap()));
}

/// With a full topic on Kafka.
fn kafka(act: impl FnOnce(Reading)) {
    let brokers = std::env::var("KAFKA_BROKERS").expect("KAFKA_BROKERS is not set: run ./test.sh");
    act(Reading::start(&KafkaLog::new(KafkaSettings { brokers, properties: BTreeMap::new() }).unwrap()));
}

impl Reading {
    /// Of a log that is filled first, from its beginning.
    fn start(log: &dyn EventLog) -> Self {
        let topic = format!("decoding-{:x}", jiff::Timestamp::now().as_nanosecond());
        let spec =
            TopicSpec { name: topic.clone(), partitions: PARTITIONS, replication: 1, max_message_bytes: 100_000 };
        log.create_topic(&spec).unwrap();
        let mut producer = log.producer(&topic).unwrap();
        for number in 0..MESSAGES {
            for partition in 0..PARTITIONS {
                let event = harness::session("00004", number as usize, 1, "2020-03-04", partition as u32);
                let payload = if number % BAD == 0 { b"{\"no\":".to_vec() } else { event.into_bytes() };
                let headers = vec![("number".to_owned(), Some(number.to_string().into_bytes()))];
                let partition = Some(Partition(partition));
                producer.send(&Outgoing { headers, payload, partition, ..Outgoing::default() }, 0).unwrap();
            }
        }
        assert!(producer.flush(PATIENCE).iter().all(|delivery| delivery.result.is_ok()));
        let consumer = log.consumer(&topic, &Membership::Alone).unwrap();
        let mut consumer = DecodingConsumer::new(consumer, rules(), AllowedSources::new());
        let Polled::Assigned(partitions) = consumer.poll(STEP, 1, &mut |_, _| panic!("before the start")).unwrap()
        else {
            panic!("not assigned")
        };
        let all: Vec<_> = partitions.iter().map(|partition| (*partition, NextOffset(0))).collect();
        consumer.start(&all).unwrap();
        Self { consumer, next: partitions.into_iter().map(|partition| (partition, 0)).collect() }
    }

    /// Polls once: each message must be the next of its partition, with its own headers and its own event.
    fn poll(&mut self) -> usize {
        let (next, mut handed) = (&mut self.next, 0);
        let polled = self.consumer.poll(STEP, 1000, &mut |incoming, decoded| {
            handed += 1;
            let Position { partition, offset: Offset(offset) } = incoming.position;
            let wanted = next.get_mut(&partition).unwrap_or_else(|| panic!("{partition} was given up"));
            assert_eq!(offset, *wanted, "of partition {partition}");
            *wanted += 1;
            assert_eq!(incoming.headers, [("number", Some(offset.to_string().as_bytes()))]);
            assert!(incoming.timestamp_ms.is_some());
            match decoded {
                Ok(event) => assert_eq!(event.key.subject(), format!("GS-{offset}")),
                Err(errors) => assert_eq!((offset % BAD, errors.len()), (0, 1)),
            }
        });
        assert!(matches!(polled.unwrap(), Polled::Messages(_) | Polled::AtEnd(_)));
        handed
    }

    fn until(&mut self, done: impl Fn(&BTreeMap<Partition, i64>) -> bool) {
        let begun = Instant::now();
        while !done(&self.next) {
            self.poll();
            assert!(begun.elapsed() < PATIENCE, "{:?}", self.next);
        }
    }

    fn until_all(&mut self) {
        self.until(|next| next.values().all(|next| *next == MESSAGES));
    }
}

fn in_order(mut reading: Reading) {
    reading.until_all();
    assert_eq!(reading.poll(), 0);
    reading.consumer.close();
}

fn sought(mut reading: Reading) {
    let one = Partition(1);
    // Back and forth, each time with chunks on their way.
    for (reached, to) in [(1_000, 10), (500, 4_000), (4_500, 0)] {
        reading.until(|next| next[&one] >= reached);
        reading.consumer.seek(one, NextOffset(to)).unwrap();
        reading.next.insert(one, to);
    }
    reading.until_all();
    reading.consumer.close();
}

fn given_up(mut reading: Reading) {
    let one = Partition(1);
    reading.until(|next| next[&one] >= 1_000);
    reading.consumer.release(&[one]).unwrap();
    let at = reading.next.remove(&one).unwrap();
    reading.until_all();
    reading.consumer.start(&[(one, NextOffset(at - 700))]).unwrap();
    reading.next.insert(one, at - 700);
    reading.until_all();
    reading.consumer.close();
}

fn paused(mut reading: Reading) {
    reading.until(|next| next[&Partition(0)] >= 1_000);
    reading.consumer.pause().unwrap();
    assert!((0..10).all(|_| reading.poll() == 0));
    reading.consumer.resume().unwrap();
    reading.until_all();
    reading.consumer.close();
}

#[test]
fn every_message_comes_in_order_with_its_event() {
    embedded(in_order);
}

#[test]
fn what_was_read_before_a_seek_does_not_come_after_it() {
    embedded(sought);
}

#[test]
fn what_is_given_up_does_not_come_until_it_is_started_again() {
    embedded(given_up);
}

#[test]
fn nothing_comes_in_a_pause() {
    embedded(paused);
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_messages_come_decoded_as_they_lie() {
    [in_order, sought, given_up, paused].into_iter().for_each(kafka);
}

/// Hands over three thousand messages, a few more with which it says something else, and nothing after.
#[derive(Default)]
struct Interrupted {
    at: i64,
    says: Option<Result<Polled, LogError>>,
    key: Vec<u8>,
    /// How many messages were asked for last.
    asked: Arc<AtomicUsize>,
}

impl Consumer for Interrupted {
    fn poll(&mut self, _: Duration, max: usize, sink: &mut dyn FnMut(Incoming<'_>)) -> Result<Polled, LogError> {
        if self.says.is_none() {
            return Ok(Polled::Messages(0));
        }
        self.asked.store(max, Ordering::Relaxed);
        let count = max.min(500);
        for offset in self.at..self.at + count as i64 {
            let position = Position { partition: Partition(0), offset: Offset(offset) };
            let key = Some(&*self.key);
            sink(Incoming { position, timestamp_ms: None, key, headers: &[], payload: Some(b"{}") });
        }
        self.at += count as i64;
        self.says.take_if(|_| self.at > 3_000).unwrap_or(Ok(Polled::Messages(count)))
    }
    fn start(&mut self, _: &[(Partition, NextOffset)]) -> Result<(), LogError> {
        Ok(())
    }
    fn release(&mut self, _: &[Partition]) -> Result<(), LogError> {
        Ok(())
    }
    fn seek(&mut self, _: Partition, _: NextOffset) -> Result<(), LogError> {
        Ok(())
    }
    fn pause(&mut self) -> Result<(), LogError> {
        Ok(())
    }
    fn resume(&mut self) -> Result<(), LogError> {
        Ok(())
    }
    fn commit_hint(&mut self, _: &[(Partition, NextOffset)]) {}
    fn range(&mut self, partition: Partition) -> Result<PartitionRange, LogError> {
        Ok(PartitionRange { partition, low: NextOffset(0), high: NextOffset(self.at) })
    }
    fn ends(&mut self) -> Vec<(Partition, NextOffset)> {
        Vec::new()
    }
    fn close(self: Box<Self>) {}
}

#[test]
fn what_was_read_before_an_error_comes_before_it() {
    let failing = Interrupted { says: Some(Err(LogError::Transient("gone".into()))), ..Interrupted::default() };
    let mut consumer = DecodingConsumer::new(Box::new(failing), rules(), AllowedSources::new());
    let mut next = 0;
    let error = loop {
        match consumer.poll(STEP, 1000, &mut |incoming, _| {
            assert_eq!(incoming.position.offset, Offset(next));
            next += 1;
        }) {
            Ok(Polled::Messages(_)) => {}
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert_eq!(error, LogError::Transient("gone".into()));
    assert!(next > 3_000, "{next}");
    consumer.close();
}

#[test]
fn what_was_read_before_the_log_was_another_does_not_come_after_that() {
    let recreated = Interrupted { says: Some(Ok(Polled::Recreated)), ..Interrupted::default() };
    let mut consumer = DecodingConsumer::new(Box::new(recreated), rules(), AllowedSources::new());
    consumer.start(&[(Partition(0), NextOffset(0))]).unwrap();
    let mut handed = 0;
    while consumer.poll(STEP, 1000, &mut |_, _| handed += 1).unwrap() != Polled::Recreated {}
    assert!(handed < 3_000, "some were on their way");
    for _ in 0..20 {
        consumer.poll(STEP, 1000, &mut |incoming, _| panic!("{incoming:?}")).unwrap();
    }
    consumer.close();
}

#[test]
fn few_messages_are_read_at_once_where_their_keys_are_large() {
    let large =
        Interrupted { says: Some(Ok(Polled::Messages(0))), key: vec![b'k'; 100 << 10], ..Interrupted::default() };
    let asked = Arc::clone(&large.asked);
    let mut consumer = DecodingConsumer::new(Box::new(large), rules(), AllowedSources::new());
    for _ in 0..20 {
        consumer.poll(STEP, 1000, &mut |_, _| {}).unwrap();
    }
    let asked = asked.load(Ordering::Relaxed);
    assert!((1..10).contains(&asked), "{asked} messages of 100 KB");
    consumer.close();
}

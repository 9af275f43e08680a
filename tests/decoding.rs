//! What the worker's consumer hands over when it decodes on a thread of its own: what the log has, in its order, and
//! nothing of what was sought or given up meanwhile.

#![allow(clippy::unwrap_used)]

mod harness;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use giaoban::domain::{Calendar, NextOffset, Offset, Partition, Position, Rules, UnitTable};
use giaoban::ingest::DecodingConsumer;
use giaoban::log::embedded::EmbeddedLog;
use giaoban::log::{EventLog, Membership, Outgoing, Polled, TopicSpec};
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
    _dir: tempfile::TempDir,
}

impl Reading {
    /// Of a log that is full, from its beginning.
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(dir.path()).unwrap();
        let spec =
            TopicSpec { name: "events".into(), partitions: PARTITIONS, replication: 1, max_message_bytes: 100_000 };
        log.create_topic(&spec).unwrap();
        let mut producer = log.producer("events").unwrap();
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
        let units = include_str!("../config/units/hanoi.csv");
        let units = UnitTable::from_csv(units, include_str!("../config/units/hanoi-succession.csv")).unwrap();
        let rules = Arc::new(Rules::new(units, Calendar::Decree09));
        let consumer = log.consumer("events", &Membership::Alone).unwrap();
        let mut consumer = DecodingConsumer::new(consumer, rules, AllowedSources::new());
        let Polled::Assigned(partitions) = consumer.poll(STEP, 1, &mut |_, _| panic!("before the start")).unwrap()
        else {
            panic!("not assigned")
        };
        let all: Vec<_> = partitions.iter().map(|partition| (*partition, NextOffset(0))).collect();
        consumer.start(&all).unwrap();
        Self { consumer, next: partitions.into_iter().map(|partition| (partition, 0)).collect(), _dir: dir }
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
                Err(breaches) => assert_eq!((offset % BAD, breaches.len()), (0, 1)),
            }
        });
        assert!(matches!(polled.unwrap(), Polled::Messages(_)));
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

#[test]
fn every_message_comes_in_order_with_its_event() {
    let mut reading = Reading::start();
    reading.until_all();
    assert_eq!(reading.poll(), 0);
    reading.consumer.close();
}

#[test]
fn what_was_read_before_a_seek_does_not_come_after_it() {
    let mut reading = Reading::start();
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

#[test]
fn what_is_given_up_does_not_come_until_it_is_started_again() {
    let mut reading = Reading::start();
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

#[test]
fn nothing_comes_in_a_pause() {
    let mut reading = Reading::start();
    reading.until(|next| next[&Partition(0)] >= 1_000);
    reading.consumer.pause().unwrap();
    assert!((0..10).all(|_| reading.poll() == 0));
    reading.consumer.resume().unwrap();
    reading.until_all();
    reading.consumer.close();
}

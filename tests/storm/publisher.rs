//! What is sent, and whether the store has exactly that.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use giaoban::domain::{Offset, Partition, Position};
use giaoban::log::kafka::{KafkaLog, KafkaSettings};
use giaoban::log::{EventLog as _, Outgoing, Producer};
use giaoban::store::{StoreError, StoreReader};

use crate::harness::Giaoban;
use crate::trial;

/// A producer of the test's own, which also sends what is not a valid event.
pub struct Publisher {
    log: KafkaLog,
    producer: Box<dyn Producer>,
    topic: String,
    letters: String,
    bad: BTreeSet<Position>,
    pub sent: u64,
}

impl Publisher {
    pub fn of(giaoban: &Giaoban) -> Self {
        let brokers = giaoban.variable("GIAOBAN__KAFKA__BROKERS").to_owned();
        let log = KafkaLog::new(KafkaSettings { brokers, properties: BTreeMap::new() }).unwrap();
        let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
        Self {
            producer: log.producer(&topic).unwrap(),
            log,
            topic,
            letters: giaoban.variable("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC").to_owned(),
            bad: BTreeSet::new(),
            sent: 0,
        }
    }

    /// Sends events, and after each twentieth one that is none.
    pub fn send(&mut self, events: &[String]) {
        let producer = &mut self.producer;
        let mut bad = BTreeSet::new();
        let mut tag = 0;
        let mut send = |key: &str, payload: &str| {
            let key = Some(key.as_bytes().to_vec());
            producer.send(&Outgoing { key, payload: payload.into(), ..Outgoing::default() }, tag).unwrap();
            tag += 1;
            tag - 1
        };
        for (index, event) in events.iter().enumerate() {
            let read: serde_json::Value = serde_json::from_str(event).unwrap();
            let unit = read["partitionkey"].as_str().unwrap();
            send(unit, event);
            if index % 20 == 19 {
                bad.insert(send(unit, &event[..event.len() / 2]));
            }
        }
        let decided = producer.flush(Duration::from_secs(60));
        assert_eq!(decided.len() as u64, tag);
        for delivery in decided {
            let position = delivery.result.unwrap();
            if bad.contains(&delivery.tag) {
                self.bad.insert(position);
            }
        }
        self.sent += tag;
    }

    /// Fails unless exactly the messages that are not valid events are in the dead-letter topic, each at least once.
    pub fn assert_letters(&self) {
        let mut letters = BTreeSet::new();
        for range in self.log.topic(&self.letters).unwrap().partitions {
            let count = (range.high.0 - range.low.0) as usize;
            if count == 0 {
                continue;
            }
            let read = self.log.read(&self.letters, range.partition, Offset(range.low.0), count, &mut |letter| {
                let number = |name: &str| -> i64 {
                    let (_, value) = letter.headers.iter().find(|(known, _)| *known == name).unwrap();
                    std::str::from_utf8(value.unwrap()).unwrap().parse().unwrap()
                };
                let partition = Partition(number("giaoban_dlq_partition") as i32);
                letters.insert(Position { partition, offset: Offset(number("giaoban_dlq_offset")) });
            });
            assert_eq!(read.unwrap(), count);
        }
        assert_eq!(letters, self.bad);
    }

    /// Fails unless the store has all that was sent, once.
    pub fn assert_exact(&self, events: &[String], store: &mut dyn StoreReader) {
        trial::assert_recount(events, store, &self.topic);
        let next: BTreeMap<_, _> =
            store.checkpoints(&self.topic).unwrap().iter().map(|at| (at.partition, at.next)).collect();
        let ends = self.log.topic(&self.topic).unwrap().partitions;
        let ends: BTreeMap<_, _> = ends.iter().map(|range| (range.partition, range.high)).collect();
        assert_eq!(next, ends);
        let dead: u64 = store.checkpoints(&self.topic).unwrap().iter().map(|at| at.counts.dead_lettered).sum();
        assert_eq!(dead, self.bad.len() as u64);
        self.assert_letters();
    }

    /// How many messages are in the store; `None` if it cannot be asked.
    pub fn stored(&self, store: Result<impl StoreReader, StoreError>) -> Option<u64> {
        Some(store.ok()?.checkpoints(&self.topic).ok()?.iter().map(|at| at.counts.read).sum())
    }
}

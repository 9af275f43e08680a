//! A year's events with everything that happens to events, and a store that
//! must have the figures of a recount of them.

#![allow(dead_code)]

use giaoban::domain::{Calendar, Period, RecordKey};
use giaoban::rollup::Rollup;
use giaoban::store::StoreReader;
use giaoban::wire::decode::Decoder;
use giaoban::wire::{Admission, Message};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng as _;

use crate::harness::hanoi::{SUCCESSION, rules_of};
use crate::harness::{case, session};
use crate::oracle;

/// Sessions with corrections, some moved to another unit, some sent twice, and cases; in a seeded order.
pub fn events(count: usize, rng: &mut ChaCha8Rng) -> Vec<String> {
    let rules = rules_of(Calendar::Decree09);
    let communes: Vec<String> = rules
        .units
        .rows()
        .iter()
        .filter(|row| row.kind.level() == 2 && row.valid_from.year() == 2020)
        .map(|row| row.code.to_string())
        .collect();
    let mut events = Vec::new();
    for number in 0..count {
        let mut unit = || communes[(rng.next_u64() % communes.len() as u64) as usize].clone();
        let (here, there) = (unit(), unit());
        let day = format!("2020-{:02}-{:02}", 1 + rng.next_u64() % 12, 1 + rng.next_u64() % 28);
        events.push(session(&here, number, 1, &day, 5));
        match rng.next_u64() % 6 {
            0 => {
                // The city's own records may move from any unit to any other.
                let of_city = |event: String, unit: &str| event.replacen(&format!("/units/{unit}"), "/units/01", 1);
                let first = events.pop().map(|event| of_city(event, &here));
                events.extend(first);
                events.push(of_city(session(&there, number, 2, &day, 9), &there));
            }
            1 => events.push(session(&here, number, 1, &day, 5)),
            2 => events.push(case(&there, number, &day, r#","resolved_on":"2021-02-01","money_recovered_vnd":1000"#)),
            _ => {}
        }
    }
    for index in (1..events.len()).rev() {
        events.swap(index, (rng.next_u64() % (index as u64 + 1)) as usize);
    }
    events
}

/// Fails unless the store has the figures of a recount of the events, and every record of the topic ended somehow.
pub fn assert_recount(events: &[String], store: &mut dyn StoreReader, topic: &str) {
    let rules = rules_of(Calendar::Decree09);
    let mut decoder = Decoder::new();
    let facts: Vec<_> = events
        .iter()
        .map(|event| {
            let message = Message::structured(event.as_bytes());
            let event = decoder.decode(&message, &rules, &Admission::new()).unwrap();
            (RecordKey::new(event.key.source(), event.key.subject()), (event.revision, event.digest), event.fact)
        })
        .collect();
    let winners = oracle::winners(&facts);
    assert_eq!(store.record_count().unwrap() as usize, winners.len());
    for checkpoint in store.checkpoints(topic).unwrap() {
        assert_eq!(checkpoint.counts.difference(), 0, "{checkpoint:?}");
        assert_eq!(checkpoint.counts.read as i64, checkpoint.next.0, "{checkpoint:?}");
    }
    for period in ["2020-Q1", "2020-Q3", "2020-Q4", "2021-Q1", "2020"] {
        let period: Period = period.parse().unwrap();
        let cells = store.cells(&period.quarters(), &rules).unwrap();
        let rollup = Rollup::of(period, None, &cells, &rules).unwrap();
        assert_eq!(oracle::figures_of(&rollup), oracle::recount(&winners, period, &rules, SUCCESSION), "{period}");
    }
}

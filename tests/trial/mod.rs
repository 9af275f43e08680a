//! A year's events with everything that happens to events, and a store that
//! must have the figures of a recount of them.

#![allow(dead_code)]

use std::collections::BTreeSet;

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

/// So many sessions with what happens to them, and beside them official forms and nil returns; in a seeded order.
pub fn events(count: usize, rng: &mut ChaCha8Rng) -> Vec<String> {
    let mut events = sessions(count, rng);
    events.extend(forms_and_nil_returns(count / 4, rng));
    shuffle(&mut events, rng);
    events
}

fn communes() -> Vec<String> {
    let rules = rules_of(Calendar::Decree09);
    let rows = rules.units.rows().iter();
    let of_2020 = rows.filter(|row| row.kind.level() == 2 && row.valid_from.year() == 2020);
    of_2020.map(|row| row.code.to_string()).collect()
}

/// Totals of forms and nil returns, some corrected, some sent twice, in and after their period; some beside single sessions
/// of the same board and some beside another form.
fn forms_and_nil_returns(count: usize, rng: &mut ChaCha8Rng) -> Vec<String> {
    let communes = communes();
    let mut events = Vec::new();
    for number in 0..count {
        let mut one_of = |all: &[&str]| all[(rng.next_u64() % all.len() as u64) as usize].to_owned();
        let board = one_of(&["peoples_inspection_board", "community_investment_board"]);
        let (quarter, time) = match one_of(&["", "in time"]).as_str() {
            "" => (one_of(&["2020-Q1", "2020-Q3", "2020-Q4", "2021-Q1"]), "2026-01-01T08:00:00+07:00"),
            _ => ("2020-Q3".to_owned(), "2020-07-02T08:00:00+07:00"),
        };
        let nil = one_of(&["2020-Q1", "2020-H1", "2020-9M", "2020"]);
        let beside = one_of(&["", "session", "form"]);
        let (unit, amount) =
            (&communes[(rng.next_u64() % communes.len() as u64) as usize], 1 + (rng.next_u64() % 9) as usize);
        let event = |of: &str, kind: &str, revision: usize, time: &str, data: String| {
            format!(
                r#"{{"specversion":"1.0","id":"{of}-{number}.{revision}","source":"/units/{unit}","type":"vn.giaoban.{kind}.v1","subject":"{of}-{number}","time":"{time}","partitionkey":"{unit}","revision":{revision},"data":{{"unit":"{unit}",{data}}}}}"#
            )
        };
        let form = |of: &str, revision: usize, sessions: usize| {
            let totals = format!(
                r#"{{"supervision_sessions":{sessions},"participants":{},"violations_found":{amount},"money_recovered_vnd":{amount}000,"land_recovered_m2":0.25}}"#,
                10 * sessions
            );
            event(
                of,
                "formtotal",
                revision,
                time,
                format!(r#""period":"{quarter}","form":"{board}","totals":{totals}"#),
            )
        };
        if number % 3 == 0 {
            let time = if amount % 2 == 0 { "2026-01-01T08:00:00+07:00" } else { "2020-12-20T08:00:00+07:00" };
            let data = format!(r#""period":"{nil}""#);
            events.push(event("KPS", "nilreturn", 1, time, data.clone()));
            if amount < 3 {
                events.push(event("KPS", "nilreturn", 1, time, data));
            }
            continue;
        }
        events.push(form("BM", 1, amount));
        match amount {
            1 => events.push(form("BM", 1, amount)),
            2..5 => events.push(form("BM", 2, amount + 1)),
            _ => {}
        }
        match &*beside {
            "session" => {
                let day = format!("{}-01-15", if quarter == "2021-Q1" { 2021 } else { 2020 });
                events.push(session(unit, 1_000_000 + number, 1, &day, 3).replace("trade_union", &board));
            }
            "form" => events.push(form("BK", 1, 1)),
            _ => {}
        }
    }
    events
}

fn shuffle(events: &mut [String], rng: &mut ChaCha8Rng) {
    for index in (1..events.len()).rev() {
        events.swap(index, (rng.next_u64() % (index as u64 + 1)) as usize);
    }
}

/// Sessions with corrections, some moved to another unit, some sent twice, and cases; in a seeded order.
pub fn sessions(count: usize, rng: &mut ChaCha8Rng) -> Vec<String> {
    let communes = communes();
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
    shuffle(&mut events, rng);
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
        let listed = store.overlaps(&period.quarters(), &rules).unwrap().into_iter().map(|place| {
            let unit = rules.units.row(place.unit);
            (place.quarter, unit.code, unit.name.clone(), place.form.name())
        });
        let overlaps = oracle::overlaps(&winners, period, &rules, SUCCESSION);
        assert_eq!(listed.collect::<BTreeSet<_>>(), overlaps, "{period}");
    }
}

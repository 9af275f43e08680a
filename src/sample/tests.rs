use super::*;
use crate::domain::{Calendar, Entry, Fact, Figure, Offset, Partition, Period, Position, Revision, UnitTable};
use crate::rollup::overlap::OverlapPlace;
use crate::rollup::table::Cells;
use crate::rollup::{Rollup, contributions};
use crate::wire::decode::Decoder;
use crate::wire::{Admission, Message};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

fn hanoi() -> Rules {
    let units = include_str!("../../config/units/hanoi.csv");
    let succession = include_str!("../../config/units/hanoi-succession.csv");
    Rules::new(UnitTable::from_csv(units, succession).unwrap(), Calendar::Decree09)
}

fn decode(payload: &[u8], rules: &Rules) -> Result<crate::wire::Event, Vec<crate::wire::ValidationError>> {
    let message = Message::structured(payload);
    Decoder::new().decode(&message, rules, &Admission::new().with_synthetic(true))
}

/// By record, the revision that counts.
fn recount(rules: &Rules) -> BTreeMap<(String, String), (crate::domain::record::Rank, Fact)> {
    let mut counting = BTreeMap::new();
    for event in sample_year(rules) {
        let event = decode(&event.payload, rules).unwrap_or_else(|errors| panic!("{errors:?}"));
        assert!(event.synthetic);
        let key = (event.key.source().to_owned(), event.key.subject().to_owned());
        let rank = (event.revision, event.digest);
        match counting.get(&key) {
            Some((known, _)) if *known >= rank => {}
            _ => {
                counting.insert(key, (rank, event.fact));
            }
        }
    }
    counting
}

#[test]
fn a_recount_gives_the_briefings_totals() {
    let rules = hanoi();
    let counting = recount(&rules);
    let facts: Vec<&Fact> = counting.values().map(|(_, fact)| fact).collect();
    let sessions = facts.iter().filter(|fact| matches!(fact, Fact::Supervision { .. })).count();
    let cases = facts.iter().filter(|fact| matches!(fact, Fact::Violation { .. })).count();
    assert_eq!((sessions, cases), (5_085, 848));

    let year = Period::Year(2020);
    let mut cells = Cells::default();
    for fact in &facts {
        contributions(fact, &rules, |part| {
            assert_eq!(part.quarter.year(), 2020);
            cells.at(part.place).add(part.counted, part.body, part.field, part.amount);
        })
        .unwrap();
    }
    let rollup = Rollup::of(year, None, &cells, &rules).unwrap();
    let city = rollup.first().unwrap();
    assert_eq!(city.figure(Figure::SupervisionSessions), 5_085);
    assert_eq!(city.figure(Figure::ViolationsFound), 848);
    for figure in Figure::ALL {
        assert!(city.figure(*figure) > 0, "{} is zero", figure.name());
    }
    for row in rollup.rows.iter().filter(|row| row.parent.as_deref() == Some("01")) {
        assert!(row.figure(Figure::SupervisionSessions) > 0, "nothing in {}", row.name);
    }
    let quarter: crate::domain::Quarter = "2020-Q4".parse().unwrap();
    let mut cells = Cells::default();
    for fact in &facts {
        let add = |part: crate::rollup::Contribution| {
            if part.quarter == quarter {
                cells.at(part.place).add(part.counted, part.body, part.field, part.amount);
            }
        };
        contributions(fact, &rules, add).unwrap();
    }
    assert_eq!(facts.iter().filter(|fact| matches!(fact, Fact::FormTotal { .. })).count(), 2);
    assert_eq!(OverlapPlace::all(quarter, &cells, &rules).len(), 1, "one form beside single records, one by itself");
    let silent = rollup.reporting.iter().filter(|unit| unit.reported.is_nothing()).count();
    let nil = rollup.reporting.iter().filter(|unit| unit.reported.counts_in(Figure::UnitsNil)).count();
    assert!(silent > 5 && nil > 5, "{silent} silent, {nil} nil");
}

#[test]
fn the_sample_is_the_same_every_time() {
    let rules = hanoi();
    let mut hash = Sha256::new();
    let events = sample_year(&rules);
    events.iter().for_each(|event| hash.update(&event.payload));
    let entry = Entry {
        key: crate::domain::RecordKey::new("", ""),
        revision: Revision::FIRST,
        digest: crate::domain::Digest(hash.finalize().into()),
        event_id: None,
        fact: Fact::Withdrawal,
        position: Position { partition: Partition(0), offset: Offset(0) },
    };
    insta::assert_snapshot!(format!("{} events, SHA-256 {}", events.len(), entry.digest));
}

fn rules(rows: &str) -> Rules {
    let units = format!("code,name,kind,parent_code,valid_from,valid_to\n{rows}");
    let units = UnitTable::from_csv(&units, "from_code,to_code,effective_on,extent,basis\n").unwrap();
    Rules::new(units, Calendar::Decree09)
}

#[test]
fn another_provinces_sample_has_the_same_totals() {
    let rules = rules("9,B,province,,2019-01-01,\n91,C,commune,9,2019-01-01,\n");
    let counting = recount(&rules);
    let count = |kind| counting.values().filter(|(_, fact)| fact.kind() == kind).count();
    assert_eq!((count("supervision"), count("violation")), (SESSIONS, CASES));
}

#[test]
fn units_that_came_after_2020_have_no_sample() {
    for rows in ["9,B,province,,2025-07-01,\n91,C,commune,9,2025-07-01,\n", "9,B,province,,2019-01-01,\n"] {
        assert!(!covers(&rules(rows)));
        assert_eq!(sample_year(&rules(rows)), []);
    }
    assert!(covers(&hanoi()));
}

#[test]
fn every_bad_example_is_refused_for_another_reason() {
    let rules = hanoi();
    let reason = |payload: &Vec<u8>| decode(payload, &rules).unwrap_err()[0].code.as_str();
    let reasons: std::collections::BTreeSet<_> = bad_examples().iter().map(reason).collect();
    assert_eq!(reasons.len(), bad_examples().len(), "{reasons:?}");
}

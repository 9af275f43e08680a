//! Any order, duplication, partitioning and batching of any events gives what a
//! naive recount gives.

#![allow(clippy::unwrap_used)]

#[path = "harness/hanoi.rs"]
mod hanoi;
mod oracle;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use giaoban::domain::*;
use giaoban::rollup::Rollup;
use giaoban::rollup::evidence::Scope;
use giaoban::rollup::overlap::OverlapPlace;
use giaoban::rollup::table::OfUnit;
use giaoban::store::sqlite::SqliteStore;
use giaoban::store::{Batch, Counts, ReadFigures as _, Span, StoreWriter as _};
use hanoi::{SUCCESSION, rules_of};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use proptest::sample::{Index, select};

static DECREE: LazyLock<Rules> = LazyLock::new(|| rules_of(Calendar::Decree09));
static CALENDAR_QUARTER: LazyLock<Rules> = LazyLock::new(|| rules_of(Calendar::CalendarQuarter));

/// Days at which something changes, and some others.
fn day() -> impl Strategy<Value = Date> {
    let edges = [
        date(2020, 1, 1),
        date(2020, 3, 14),
        date(2020, 3, 15),
        date(2020, 3, 31),
        date(2020, 4, 1),
        date(2020, 12, 14),
        date(2020, 12, 15),
        date(2020, 12, 31),
        date(2024, 12, 31),
        date(2025, 1, 1),
        date(2025, 6, 14),
        date(2025, 6, 15),
        date(2025, 6, 30),
        date(2025, 7, 1),
        date(2025, 9, 14),
        date(2025, 12, 15),
    ];
    prop_oneof![
        3 => select(edges.to_vec()),
        1 => (0..2190i32).prop_map(|days| date(2020, 1, 1).saturating_add(jiff::Span::new().days(days))),
    ]
}

/// A unit in force on a day: those with a story more often than others.
fn unit_on(day: Date) -> impl Strategy<Value = UnitCode> {
    let told = ["01", "001", "00004", "00010", "00016", "00091", "00229", "09583", "00142", "00181", "281"];
    let in_force: Vec<UnitCode> =
        DECREE.units.rows().iter().filter(|row| row.in_force_on(day)).map(|row| row.code).collect();
    let told: Vec<UnitCode> =
        told.iter().filter_map(|code| UnitCode::new(code)).filter(|code| in_force.contains(code)).collect();
    prop_oneof![4 => select(told), 1 => select(in_force)]
}

fn dated<T: std::fmt::Debug>(
    rest: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = (UnitCode, Date, T)> {
    day().prop_flat_map(move |day| (unit_on(day), Just(day), rest.clone()))
}

fn resolution(from: Date) -> impl Strategy<Value = Option<Resolution>> {
    let later = prop_oneof![Just(0), 0..400i32, Just(365)];
    let money = prop_oneof![Just(0), 0..=Vnd::MAX, Just(Vnd::MAX)];
    proptest::option::of((later, [money.clone(), money.clone(), money], [0..=100_000_000_000u64, 0..=9_999u64]))
        .prop_map(move |parts| {
            parts.map(|(days, money, land)| Resolution {
                on: from.saturating_add(jiff::Span::new().days(days)),
                money_recovered: Vnd::new(money[0]).unwrap(),
                money_other: Vnd::new(money[1]).unwrap(),
                settlement_reduction: Vnd::new(money[2]).unwrap(),
                land_recovered: Area::from_centi(land[0]).unwrap(),
                land_other: Area::from_centi(land[1]).unwrap(),
            })
        })
}

/// How many hours after the beginning of its day something was recorded.
fn later() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![0..24i64, 0..24 * 400i64, -24 * 40..0i64]
}

fn recorded(day: Date, hours: i64) -> jiff::Timestamp {
    HANOI.to_timestamp(day.at(0, 0, 0, 0)).unwrap() + jiff::SignedDuration::from_hours(hours)
}

fn fact() -> impl Strategy<Value = Fact> {
    let body = || select(Body::ALL);
    let field = || select(Field::ALL);
    let supervision = dated((body(), field(), 0..100u32, [0..3u32, 0..3u32, 0..3u32])).prop_map(
        |(unit, held_on, (body, field, participants, recommendations))| Fact::Supervision {
            unit,
            held_on,
            body,
            field,
            participants,
            recommendations,
        },
    );
    let violation = dated((body(), field(), select(Status::ALL), any::<bool>()))
        .prop_flat_map(|(unit, found, rest)| (Just(unit), Just(found), Just(rest), resolution(found)))
        .prop_map(|(unit, detected_on, (body, field, status, recommended), resolution)| Fact::Violation {
            unit,
            detected_on,
            body,
            field,
            status,
            recommended,
            resolution,
        });
    let activity = dated((select(ActivityKind::ALL), body(), 1..50u32))
        .prop_map(|(unit, held_on, (kind, body, count))| Fact::Activity { unit, held_on, kind, body, count });
    let petition = dated((select(PetitionKind::ALL), proptest::option::of(0..400i32))).prop_map(
        |(unit, received_on, (kind, later))| Fact::Petition {
            unit,
            received_on,
            kind,
            resolved_on: later.map(|days| received_on.saturating_add(jiff::Span::new().days(days))),
        },
    );
    let nil = dated((any::<Index>(), later())).prop_map(|(unit, day, (index, later))| {
        let quarter = DECREE.calendar.quarter_of(day).unwrap();
        let periods = [
            Period::Quarter(quarter),
            Period::Quarter(quarter),
            Period::Half(quarter.year(), 1),
            Period::Half(quarter.year(), 2),
            Period::NineMonths(quarter.year()),
            Period::Year(quarter.year()),
        ];
        Fact::NilReturn { unit, period: *index.get(&periods), recorded: recorded(day, later) }
    });
    let total = || proptest::option::of(0..50u32);
    let money = || proptest::option::of(prop_oneof![0..=Vnd::MAX, Just(0), Just(Vnd::MAX)]);
    let land = || proptest::option::of(0..=100_000_000_000u64);
    let counts = [total(), total(), total(), total(), total()];
    let amounts = ([money(), money(), money()], [land(), land()]);
    let form = dated((select(Form::ALL), counts, amounts, later())).prop_map(
        |(unit, day, (form, [sessions, participants, found, recommended, resolved], (money, land), later))| {
            let money = money.map(|amount| amount.and_then(Vnd::new));
            let land = land.map(|area| area.and_then(Area::from_centi));
            Fact::FormTotal {
                unit,
                quarter: DECREE.calendar.quarter_of(day).unwrap(),
                form,
                totals: Box::new(FormTotals {
                    supervision_sessions: sessions,
                    participants,
                    violations_found: found,
                    violations_recommended: recommended,
                    violations_resolved: resolved,
                    money_recovered: money[0],
                    money_other: money[1],
                    settlement_reduction: money[2],
                    land_recovered: land[0],
                    land_other: land[1],
                }),
                recorded: recorded(day, later),
            }
        },
    );
    let plan = dated((0..9u32, later())).prop_map(|(unit, day, (planned, later))| Fact::InspectionPlan {
        unit,
        year: day.year(),
        planned,
        recorded: recorded(day, later),
    });
    let index = dated((select(IndexKind::ALL), proptest::option::of(1..64u32), later())).prop_map(
        |(unit, day, (index, rank, later))| {
            let (dimension, score) = (rank.map(|rank| format!("D{rank}")), "41.629".into());
            let (year, out_of) = (day.year(), rank.map(|_| 63));
            Fact::Index { unit, year, index, dimension, score, rank, out_of, recorded: recorded(day, later) }
        },
    );
    prop_oneof![
        4 => supervision.boxed(), 5 => violation.boxed(), 1 => activity.boxed(), 1 => petition.boxed(), 2 => nil.boxed(),
        3 => form.boxed(), 1 => plan.boxed(), 1 => index.boxed(),
        2 => Just(Fact::Withdrawal)
    ]
}

/// Revisions of few records, so that they meet: (record, revision, content, fact, partition).
fn revisions() -> impl Strategy<Value = Vec<(u8, i64, u8, Fact, i32)>> {
    proptest::collection::vec((0..12u8, 1..4i64, 0..3u8, fact(), 0..3i32), 1..60)
}

fn entry((record, revision, content, fact, partition): &(u8, i64, u8, Fact, i32), offset: i64) -> Entry {
    Entry {
        key: RecordKey::new("/units/00004", &format!("GS-{record}")),
        revision: Revision::new(*revision).unwrap(),
        digest: Digest([*content; 32]),
        event_id: None,
        fact: fact.clone(),
        position: Position { partition: Partition(*partition), offset: Offset(offset) },
    }
}

/// Writes messages to the store in batches of these sizes, as a worker does.
fn write(store: &mut SqliteStore, messages: &[(u8, i64, u8, Fact, i32)], sizes: &[usize], rules: &Rules) -> Counts {
    store.adopt(rules, false).unwrap();
    let mut at: BTreeMap<i32, i64> = BTreeMap::new();
    let mut total = Counts::default();
    let mut rest = messages;
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let (now, later) = rest.split_at((*sizes.next().unwrap()).clamp(1, rest.len()));
        rest = later;
        let mut batch = Batch { topic: "events".into(), ..Batch::default() };
        for message in now {
            let partition = Partition(message.4);
            let next = at.entry(message.4).or_default();
            batch.entries.push(entry(message, *next));
            match batch.spans.iter_mut().find(|span| span.partition == partition) {
                Some(span) => {
                    span.read += 1;
                    span.to = Offset(*next).next();
                }
                None => batch.spans.push(Span {
                    partition,
                    from: (*next > 0).then_some(NextOffset(*next)),
                    to: Offset(*next).next(),
                    read: 1,
                    ..Span::default()
                }),
            }
            *next += 1;
        }
        for counts in store.apply(&batch, rules).unwrap() {
            total.add(&counts);
        }
    }
    total
}

fn rollup(store: &mut SqliteStore, period: Period, rules: &Rules) -> Rollup {
    let cells = store.cells(&period.quarters(), rules).unwrap();
    Rollup::of(period, None, &cells, rules).unwrap()
}

fn periods() -> Vec<Period> {
    [
        "2020-Q1", "2020-Q2", "2020-Q4", "2021-Q1", "2020-9M", "2020", "2024-Q4", "2025-Q1", "2025-Q2", "2025-Q3",
        "2025-H2", "2025", "2026-H1",
    ]
    .iter()
    .map(|text| text.parse().unwrap())
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_batches_give_what_a_recount_gives(
        (messages, shuffled) in revisions().prop_flat_map(|messages| {
            // Everything once, and some of it again, in any order.
            let twice: Vec<_> = messages.iter().chain(messages.iter().step_by(3)).cloned().collect();
            (Just(messages), Just(twice).prop_shuffle())
        }),
        sizes in proptest::collection::vec(1..20usize, 1..5),
        by_calendar in any::<bool>(),
        period in select(periods()),
    ) {
        let rules: &Rules = if by_calendar { &CALENDAR_QUARTER } else { &DECREE };
        // Equal revisions with equal content are one event: give each content one fact.
        let mut contents = BTreeMap::new();
        let mut make_one = |message: &(u8, i64, u8, Fact, i32)| {
            let fact = contents.entry((message.0, message.1, message.2)).or_insert_with(|| message.3.clone()).clone();
            (message.0, message.1, message.2, fact, message.4)
        };
        // What means no unit by these rules is a dead letter.
        let speaks_of_a_unit = |message: &(u8, i64, u8, Fact, i32)| {
            let reports = matches!(message.3, Fact::NilReturn { .. } | Fact::FormTotal { .. });
            !reports || rules.unit_meant(&message.3).is_some()
        };
        let messages: Vec<_> = messages.iter().map(&mut make_one).filter(speaks_of_a_unit).collect();
        let shuffled: Vec<_> = shuffled.iter().map(&mut make_one).filter(speaks_of_a_unit).collect();

        let dir = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::create(&dir.path().join("store.db")).unwrap();
        let counts = write(&mut store, &shuffled, &sizes, rules);
        prop_assert_eq!(counts.read as usize, shuffled.len());
        prop_assert_eq!(counts.difference(), 0);

        let facts: Vec<_> = messages.iter().map(|message| {
            let entry = entry(message, 0);
            (entry.key.clone(), entry.rank(), entry.fact)
        }).collect();
        let winners = oracle::winners(&facts);
        let rollup = rollup(&mut store, period, rules);
        prop_assert_eq!(oracle::figures_of(&rollup), oracle::recount(&winners, period, rules, SUCCESSION));

        let listed = period.quarters().into_iter().flat_map(|quarter| {
            let places = OverlapPlace::all(quarter, &store.cells(&[quarter], rules).unwrap(), rules);
            places.into_iter().map(|place| {
                let unit = rules.units.row(place.unit);
                (place.quarter, unit.code, unit.name.clone(), place.form.name())
            })
        });
        prop_assert_eq!(listed.collect::<BTreeSet<_>>(), oracle::overlaps(&winners, period, rules, SUCCESSION));

        // Every figure is the sum of the records that are listed behind it.
        for row in rollup.rows.iter().take(3).chain(rollup.rows.last()) {
            let unit = OfUnit { code: Some(&row.unit), since: row.valid_from };
            for figure in Figure::ALL.iter().filter(|figure| !figure.counts_units()) {
                let scope = Scope::new(*figure, period, unit, rules).unwrap();
                let behind: i128 = winners.iter().map(|fact| scope.amount(fact).unwrap()).sum();
                prop_assert_eq!(behind, row.figure(*figure), "{} of {}", figure.name(), row.unit);
            }
        }
    }
}

//! Many workers on one schema, and connections that are cut.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use giaoban::domain::*;
use giaoban::rollup::Rollup;
use giaoban::store::postgres::{Schema, Server};
use giaoban::store::{
    Batch, Counts, ReadCheckpoints as _, ReadFigures as _, ReadLedger as _, Span, StoreError, StoreReader,
    StoreWriter as _,
};
use jiff::civil::date;

use crate::database::Database;
use crate::harness::hanoi::{SUCCESSION, rules_of};
use crate::oracle;

fn rules() -> Rules {
    rules_of(Calendar::Decree09)
}

fn entry(number: usize, revision: i64, partition: i32, offset: i64) -> Entry {
    let unit = ["00004", "00007", "00010"][(number + revision as usize) % 3];
    Entry {
        key: RecordKey::new("/units/00004", &format!("GS-{number}")),
        revision: Revision::new(revision).unwrap(),
        digest: Digest([revision as u8; 32]),
        event_id: None,
        fact: Fact::Supervision {
            unit: UnitCode::new(unit).unwrap(),
            held_on: date(2020, (number % 12 + 1) as i8, 1),
            body: Body::Other,
            field: Field::Other,
            participants: revision as u32,
            recommendations: [0; 3],
        },
        position: Position { partition: Partition(partition), offset: Offset(offset) },
    }
}

/// The next batch of a partition.
fn batch(partition: i32, from: i64, entries: Vec<Entry>) -> Batch {
    let span = Span {
        partition: Partition(partition),
        from: (from > 0).then_some(NextOffset(from)),
        to: NextOffset(from + entries.len() as i64),
        read: entries.len() as u64,
        ..Span::default()
    };
    Batch { topic: "events".into(), spans: vec![span], entries, ..Batch::default() }
}

fn assert_recount(store: &mut dyn StoreReader, entries: &[Entry], rules: &Rules) {
    let period: Period = "2020".parse().unwrap();
    let cells = store.cells(&period.quarters(), rules).unwrap();
    let rollup = Rollup::of(period, None, &cells, rules).unwrap();
    let revisions: Vec<_> = entries.iter().map(|entry| (entry.key.clone(), entry.rank(), entry.fact.clone())).collect();
    let winners = oracle::winners(&revisions);
    assert_eq!(oracle::figures_of(&rollup), oracle::recount(&winners, period, rules, SUCCESSION));
    let mut total = Counts::default();
    for checkpoint in store.checkpoints("events").unwrap() {
        assert_eq!(checkpoint.counts.difference(), 0);
        total.add(&checkpoint.counts);
    }
    assert_eq!(total.read, entries.len() as u64);
    assert_eq!(store.record_count().unwrap(), winners.len() as u64);
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_takes_the_same_records_from_many_workers_at_once() {
    const WORKERS: i32 = 4;
    const BATCHES: usize = 12;
    let (database, rules) = (Database::new(), rules());
    database.create().adopt(&rules, false).unwrap();
    let barrier = Barrier::new(WORKERS as usize);
    let mut all: Vec<Entry> = Vec::new();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|partition| {
                let (database, rules, barrier) = (&database, &rules, &barrier);
                scope.spawn(move || {
                    let mut store = database.create();
                    let (mut sent, mut from) = (Vec::new(), 0);
                    for round in 0..BATCHES {
                        // Every worker has the same new records, in an order of its own, and corrects older ones.
                        let mut numbers: Vec<usize> = (round * 40..round * 40 + 80).collect();
                        numbers.rotate_left(partition as usize * 20);
                        let entries: Vec<Entry> = numbers
                            .iter()
                            .zip(from..)
                            .map(|(number, offset)| {
                                let revision = (*number * 7 + partition as usize * 3 + round) % 5 + 1;
                                entry(*number, revision as i64, partition, offset)
                            })
                            .collect();
                        barrier.wait();
                        store.apply(&batch(partition, from, entries.clone()), rules).unwrap();
                        from += entries.len() as i64;
                        sent.extend(entries);
                    }
                    sent
                })
            })
            .collect();
        for worker in workers {
            all.extend(worker.join().unwrap());
        }
    });
    assert_recount(&mut database.at().read().unwrap(), &all, &rules);
    let slots = database.value("SELECT count(DISTINCT slot) FROM {schema}.cell_1");
    assert!((1..=i64::from(WORKERS)).contains(&slots), "{slots}");
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_counts_first_revisions_that_are_there_already_wherever_they_come() {
    let (database, rules) = (Database::new(), rules());
    let mut store = database.create();
    store.adopt(&rules, false).unwrap();
    let (mut all, mut from): (Vec<Entry>, i64) = (Vec::new(), 0);
    let mut take = |numbers: std::ops::Range<usize>, revision: i64| {
        let entries: Vec<Entry> =
            numbers.zip(from..).map(|(number, offset)| entry(number, revision, 0, offset)).collect();
        let counts = store.apply(&batch(0, from, entries.clone()), &rules).unwrap()[0];
        from += entries.len() as i64;
        all.extend(entries);
        (counts.applied, counts.duplicate, counts.superseded)
    };
    let mut new = 1000;
    // At once, soon after another, and after so many without one that none is expected any more.
    for (base, without) in [(10_000, 0), (20_000, 3), (30_000, 12), (40_000, 12)] {
        assert_eq!(take(base..base + 100, 1), (100, 0, 0));
        assert_eq!(take(base + 200..base + 300, 2), (100, 0, 0));
        for _ in 0..without {
            assert_eq!(take(new..new + 10, 1), (10, 0, 0));
            new += 10;
        }
        let sent_twice = (base + 50..base + 150, (50, 50, 0));
        let overtaken = (base + 250..base + 350, (50, 0, 50));
        let order = if base == 40_000 { [overtaken, sent_twice] } else { [sent_twice, overtaken] };
        for (numbers, ends) in order {
            assert_eq!(take(numbers, 1), ends);
        }
        assert_eq!(take(base..base + 350, 1), (50, 250, 50), "whatever was there");
    }
    // So many that the server refuses them while they are still on their way.
    let many = 500_000..540_000;
    assert_eq!(take(many.clone(), 1), (40_000, 0, 0));
    for _ in 0..20 {
        assert_eq!(take(new..new + 10, 1), (10, 0, 0));
        new += 10;
    }
    assert_eq!(take(many, 1), (0, 40_000, 0));
    assert_recount(&mut database.at().read().unwrap(), &all, &rules);
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_workers_do_not_wait_for_one_another() {
    let (database, rules) = (Database::new(), rules());
    let mut store = database.create();
    store.adopt(&rules, false).unwrap();
    let first: Vec<Entry> = (0..200).map(|number| entry(number, 1, 0, number as i64)).collect();
    let second: Vec<Entry> = (0..200).map(|number| entry(200 + number, 1, 1, number as i64)).collect();
    store.apply(&batch(0, 0, first.clone()), &rules).unwrap();
    // A worker in the middle of partition 0 has all that it locks: generation, checkpoint, records, slot, cells.
    let mut other = database.client();
    let mut holding = other.transaction().unwrap();
    let locks = "SELECT pg_advisory_xact_lock_shared('{schema}.giaoban_generation'::regclass::oid::integer, 1);
        SELECT FROM {schema}.checkpoint_1 FOR UPDATE; SELECT FROM {schema}.ledger_1 FOR UPDATE;
        SELECT pg_advisory_xact_lock('{schema}.cell_1'::regclass::oid::integer, 0);
        UPDATE {schema}.cell_1 SET figures = figures";
    holding.batch_execute(&locks.replace("{schema}", &database.schema)).unwrap();
    // The same units and quarters: nobody could write these cells in one place at a time.
    let begun = Instant::now();
    let counts = store.apply(&batch(1, 0, second.clone()), &rules).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1), "it waited: {:?}", begun.elapsed());
    assert_eq!(counts[0].applied, 200);
    assert_eq!(database.value("SELECT count(DISTINCT slot) FROM {schema}.cell_1"), 2);
    let shared = "SELECT count(*) FROM {schema}.cell_1 a JOIN {schema}.cell_1 b USING (quarter, unit, since)
        WHERE a.slot = 0 AND b.slot = 1";
    assert!(database.value(shared) > 0, "they write figures of the same units");
    holding.rollback().unwrap();
    assert_recount(&mut database.at().read().unwrap(), &[first, second].concat(), &rules);
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_has_no_figures_of_a_quarter_that_two_workers_made_zero_between_them() {
    let (database, rules) = (Database::new(), rules());
    let mut store = database.create();
    store.adopt(&rules, false).unwrap();
    store.apply(&batch(0, 0, vec![entry(0, 1, 0, 0)]), &rules).unwrap();
    let quarters =
        || database.at().read().unwrap().quarters().unwrap().iter().map(Quarter::to_string).collect::<Vec<_>>();
    assert_eq!(quarters(), ["2020-Q1"]);
    // Another worker has the first slot, so that what is taken away lies in the second.
    let mut other = database.client();
    let mut holding = other.transaction().unwrap();
    let lock = "SELECT pg_advisory_xact_lock('{schema}.cell_1'::regclass::oid::integer, 0)";
    holding.batch_execute(&lock.replace("{schema}", &database.schema)).unwrap();
    let moved = Entry { fact: entry(8, 2, 0, 1).fact, ..entry(0, 2, 0, 1) };
    store.apply(&batch(0, 1, vec![moved]), &rules).unwrap();
    assert_eq!(database.value("SELECT count(*) FROM {schema}.cell_1 WHERE quarter = '2020-Q1' AND figures <> ''"), 2);
    assert_eq!(quarters(), ["2020-Q3"]);
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_lets_one_of_two_workers_start_a_partition() {
    let (database, rules) = (Database::new(), rules());
    database.create().adopt(&rules, false).unwrap();
    for round in 0..10 {
        let barrier = Barrier::new(2);
        let outcomes: Vec<Result<Vec<Counts>, StoreError>> = std::thread::scope(|scope| {
            let start = |number: usize| {
                let (database, rules, barrier) = (&database, &rules, &barrier);
                scope.spawn(move || {
                    let mut store = database.create();
                    barrier.wait();
                    store.apply(&batch(round, 0, vec![entry(number, 1, round, 0)]), rules)
                })
            };
            [start(1), start(2)].map(|thread| thread.join().unwrap()).into()
        });
        let fenced = |outcome: &&Result<_, _>| matches!(outcome, Err(StoreError::Fenced { .. }));
        assert_eq!(outcomes.iter().filter(fenced).count(), 1, "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    }
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_is_made_once_by_ten_who_start_at_once() {
    let database = Database::new();
    let barrier = Barrier::new(10);
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                barrier.wait();
                database.create().adopt(&rules(), false).unwrap();
            });
        }
    });
    assert_eq!(database.value("SELECT count(*) FROM {schema}.giaoban_generation WHERE in_force AND version = 2"), 1);
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_keeps_what_a_store_of_version_1_said_of_made_up_events() {
    let made =
        concat!(include_str!("../../src/store/postgres/000.sql"), include_str!("../../src/store/postgres/001.sql"));
    for is_marked in [false, true] {
        let database = Database::new();
        let checkpoint = format!(
            "INSERT INTO {{schema}}.checkpoint_1 VALUES ('events', 0, 1, 1, 1, 0, 0, 0, false, 0), ('events', 1, 1, 1, 1, 0, 0, 0, {is_marked}, 0);
             UPDATE {{schema}}.giaoban_generation SET version = 1"
        );
        database.run(&format!("CREATE SCHEMA {{schema}}; {}; {checkpoint}", made.replace("{n}", "1")));
        assert_eq!(
            database.at().read().unwrap().synthetic().unwrap(),
            is_marked,
            "before it is brought to this version"
        );
        assert_eq!(database.at().with_copy_of(1).create().unwrap().synthetic().unwrap(), is_marked);
        assert_eq!(database.at().read().unwrap().synthetic().unwrap(), is_marked);
    }
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_goes_on_after_its_connections_are_cut() {
    let (database, rules) = (Database::new(), rules());
    let at = Schema::at(
        Server::parse(&database.url_with(&format!("application_name={}", database.schema)), None).unwrap(),
        &database.schema,
    );
    let mut store = at.create().unwrap();
    store.adopt(&rules, false).unwrap();
    let all: Vec<Entry> = (0..2_000).map(|number| entry(number, 1, 0, number as i64)).collect();
    store.apply(&batch(0, 0, all[..500].to_vec()), &rules).unwrap();
    let cut = || {
        let sql =
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE application_name = '{schema}'";
        assert!(database.value(sql) > 0);
    };
    // Between two batches.
    cut();
    let lost = store.apply(&batch(0, 500, all[500..1_000].to_vec()), &rules);
    assert!(matches!(lost, Err(StoreError::BrokenOff { .. })), "{lost:?}");
    assert_eq!(store.checkpoints("events").unwrap()[0].next, NextOffset(500));
    store.apply(&batch(0, 500, all[500..1_000].to_vec()), &rules).unwrap();
    // In the middle of one: another has the lock on its checkpoint.
    let mut other = database.client();
    let mut holding = other.transaction().unwrap();
    holding.batch_execute(&format!("SELECT FROM {}.checkpoint_1 FOR UPDATE", database.schema)).unwrap();
    let lost = std::thread::scope(|scope| {
        let applying = scope.spawn(|| store.apply(&batch(0, 1_000, all[1_000..].to_vec()), &rules));
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{schema}' AND wait_event_type = 'Lock'";
        while database.value(waiting) == 0 {
            std::thread::yield_now();
        }
        cut();
        applying.join().unwrap()
    });
    assert!(matches!(lost, Err(StoreError::BrokenOff { .. })), "{lost:?}");
    holding.rollback().unwrap();
    assert_eq!(store.checkpoints("events").unwrap()[0].next, NextOffset(1_000));
    store.apply(&batch(0, 1_000, all[1_000..].to_vec()), &rules).unwrap();
    assert_recount(&mut store, &all, &rules);
    let mut seen = 0;
    store
        .entries(&mut |_| {
            seen += 1;
            true
        })
        .unwrap();
    assert_eq!(seen, all.len());
    // A reader has seen one moment, and does not go on in another.
    let mut reader = at.read().unwrap();
    cut();
    assert!(matches!(reader.record_count(), Err(StoreError::BrokenOff { .. })));
    assert!(matches!(reader.record_count(), Err(StoreError::BrokenOff { .. })));
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_refuses_who_writes_a_generation_that_is_not_in_force() {
    let (database, rules) = (Database::new(), rules());
    let mut old = database.create();
    old.adopt(&rules, false).unwrap();
    old.apply(&batch(0, 0, vec![entry(1, 1, 0, 0)]), &rules).unwrap();
    let mut next = database.at().create_next().unwrap();
    next.adopt(&rules, false).unwrap();
    next.apply(&batch(0, 0, vec![entry(1, 1, 0, 0), entry(2, 1, 0, 1)]), &rules).unwrap();
    assert_eq!(database.at().read().unwrap().record_count().unwrap(), 1, "nothing is switched unasked");
    database.at().switch(next.generation()).unwrap();
    for store in [&mut old, &mut next] {
        let refused = store.apply(&batch(3, 0, vec![entry(3, 1, 3, 0)]), &rules);
        assert!(matches!(refused, Err(StoreError::Switched { .. })), "{refused:?}");
    }
    assert_eq!(database.at().read().unwrap().record_count().unwrap(), 2);
    database.create().apply(&batch(0, 2, vec![entry(3, 1, 0, 2)]), &rules).unwrap();
    // The one before is kept until it is removed.
    let before = giaoban::store::data_dir::Generation(1);
    assert_eq!(database.at().read_generation(before).unwrap().record_count().unwrap(), 1);
    assert_eq!(database.at().read().unwrap().record_count().unwrap(), 3);
    // What a replay has left is begun anew, and whoever still writes it is fenced.
    let mut left = database.at().create_next().unwrap();
    left.adopt(&rules, false).unwrap();
    left.apply(&batch(0, 0, vec![entry(1, 1, 0, 0)]), &rules).unwrap();
    assert_eq!(database.at().create_next().unwrap().record_count().unwrap(), 0);
    let refused = left.apply(&batch(0, 1, vec![entry(2, 1, 0, 1)]), &rules);
    assert!(matches!(refused, Err(StoreError::Fenced { .. })), "{refused:?}");
    // Other rules are never mixed in, even by one who opened it before they were taken.
    let other = Rules::new(rules.units.clone(), Calendar::CalendarQuarter);
    let refused = database.create().apply(&batch(0, 3, vec![entry(4, 1, 0, 3)]), &other);
    assert!(matches!(refused, Err(StoreError::OtherRules { .. })), "{refused:?}");
}

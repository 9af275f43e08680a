//! What every store keeps to, whatever database it is.

#![allow(clippy::unwrap_used)]

mod database;
mod harness;
#[path = "simulation/memory.rs"]
#[allow(dead_code)]
mod memory;

use std::rc::Rc;

use database::Database;
use giaoban::domain::*;
use giaoban::rollup::{Cell, Rollup};
use giaoban::store::sqlite::SqliteStore;
use giaoban::store::{Accepted, Batch, Counts, Held, ReadFigures as _, Span, StoreError, StoreReader, StoreWriter};
use harness::hanoi::rules_of;
use jiff::civil::date;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

fn session(subject: &str, revision: i64, content: u8, unit: &str, month: i8, offset: i64) -> Entry {
    Entry {
        key: RecordKey::new("/units/00004", subject),
        revision: Revision::new(revision).unwrap(),
        digest: Digest([content; 32]),
        event_id: None,
        fact: Fact::Supervision {
            unit: UnitCode::new(unit).unwrap(),
            held_on: date(2020, month, 1),
            body: Body::Other,
            field: Field::Other,
            participants: content.into(),
            recommendations: [0; 3],
        },
        position: Position { partition: Partition(0), offset: Offset(offset) },
    }
}

/// The next batch of partition 0.
fn batch(from: i64, entries: Vec<Entry>) -> Batch {
    let read = entries.len() as u64;
    let span = Span {
        partition: Partition(0),
        from: (from > 0).then_some(NextOffset(from)),
        to: NextOffset(from + read as i64),
        read,
        ..Span::default()
    };
    Batch { topic: "events".into(), spans: vec![span], entries, ..Batch::default() }
}

fn figure(store: &mut dyn StoreReader, rules: &Rules, unit: &str, figure: Figure) -> i128 {
    let period: Period = "2020".parse().unwrap();
    let cells = store.cells(&period.quarters(), rules).unwrap();
    let rollup = Rollup::of(period, None, &cells, rules).unwrap();
    rollup.rows.iter().find(|row| row.unit == unit).unwrap().figure(figure)
}

/// Makes a store that is not there yet, and opens it again.
struct Maker {
    write: Box<dyn Fn() -> Result<Box<dyn StoreWriter>, StoreError>>,
    read: Box<dyn Fn() -> Result<Box<dyn StoreReader>, StoreError>>,
}

fn contract(make: impl Fn() -> Maker) {
    let decree = rules_of(Calendar::Decree09);
    revisions_are_settled_and_kept(&make(), &decree);
    revisions_in_one_batch_are_settled_in_the_order_in_which_they_were_read(&make(), &decree);
    a_batch_that_does_not_start_where_the_store_is_writes_nothing(&make(), &decree);
    rules_are_taken_once(&make(), &decree);
    what_a_store_is_for_is_decided_when_it_is_made(&make(), &decree);
    a_reader_sees_one_moment(&make(), &decree);
    quarters_are_those_where_something_counts(&make(), &decree);
    what_is_committed_is_there_when_it_is_opened_again(&make(), &decree);
    a_held_partition_and_what_was_accepted_are_known_until_its_record_is_passed(&make(), &decree);
    assert!(matches!((make().read)(), Err(StoreError::Missing { .. })));
}

fn a_held_partition_and_what_was_accepted_are_known_until_its_record_is_passed(maker: &Maker, rules: &Rules) {
    let mut store = (maker.write)().unwrap();
    store.adopt(rules, false).unwrap();
    let held = |partition: i32, at: i64, since_ms: i64| Held {
        partition: Partition(partition),
        at: Offset(at),
        first: Offset(0),
        bad: 5,
        of: 8,
        reason: "json.syntax".into(),
        since_ms,
    };
    store.hold("events", &held(0, 1, 7)).unwrap();
    store.hold("events", &held(0, 2, 8)).unwrap();
    store.hold("events", &held(0, 2, 90)).unwrap();
    store.hold("events", &held(1, 0, 9)).unwrap();
    store.hold("others", &held(2, 0, 9)).unwrap();
    let accepted =
        |to: i64| Accepted { partition: Partition(0), to: NextOffset(to), at_ms: 10, why: "đã sửa".into() };
    store.accept("events", &accepted(2)).unwrap();
    store.accept("events", &accepted(3)).unwrap();
    store.apply(&batch(0, vec![session("a", 1, 1, "00004", 3, 0), session("b", 1, 1, "00004", 3, 1)]), rules).unwrap();
    let mut read = (maker.read)().unwrap();
    assert_eq!(read.held("events").unwrap(), [held(0, 2, 8), held(1, 0, 9)], "the store is at its record, not past it");
    assert_eq!(read.accepted("events").unwrap(), [accepted(3)]);
    store.apply(&batch(2, vec![session("c", 1, 1, "00004", 3, 2)]), rules).unwrap();
    assert_eq!((maker.read)().unwrap().held("events").unwrap(), [held(1, 0, 9)]);
}

fn revisions_are_settled_and_kept(maker: &Maker, rules: &Rules) {
    let mut store = (maker.write)().unwrap();
    store.adopt(rules, false).unwrap();
    let counts = |store: &mut Box<dyn StoreWriter>, from: i64, entries: Vec<Entry>| {
        store.apply(&batch(from, entries), rules).unwrap()[0]
    };
    let of = |read, applied, duplicate, superseded| Counts { read, applied, duplicate, superseded, dead_lettered: 0 };
    let first = counts(&mut store, 0, vec![session("A", 1, 1, "00004", 2, 0), session("B", 2, 2, "00004", 2, 1)]);
    assert_eq!(first, of(2, 2, 0, 0));
    // The same again; below what counts, twice; a tie that the greater digest wins, and one that it loses.
    assert_eq!(counts(&mut store, 2, vec![session("A", 1, 1, "00004", 2, 2)]), of(1, 0, 1, 0));
    assert_eq!(
        counts(&mut store, 3, vec![session("B", 1, 9, "00007", 5, 3), session("B", 1, 9, "00007", 5, 4)]),
        of(2, 0, 1, 1)
    );
    assert_eq!(
        counts(&mut store, 5, vec![session("A", 1, 7, "00007", 8, 5), session("A", 1, 3, "00004", 2, 6)]),
        of(2, 1, 0, 1)
    );
    assert_eq!(figure(&mut *store, rules, "00004", Figure::SupervisionSessions), 1);
    assert_eq!(figure(&mut *store, rules, "00007", Figure::Participants), 7, "moved, with its quarter");
    assert_eq!(figure(&mut *store, rules, "01", Figure::Participants), 9);

    let key = RecordKey::new("/units/00004", "A");
    assert_eq!(store.entry(&key).unwrap().unwrap().position.offset, Offset(5));
    let earlier: Vec<u8> = store.earlier(&key).unwrap().iter().map(|entry| entry.digest.0[0]).collect();
    assert_eq!(earlier, [1, 3]);
    assert_eq!(store.entry(&RecordKey::new("/units/00004", "C")).unwrap(), None);

    // Withdrawn, and brought back by a later revision.
    let withdrawal = Entry { fact: Fact::Withdrawal, ..session("A", 2, 0, "00004", 2, 7) };
    assert_eq!(counts(&mut store, 7, vec![withdrawal]), of(1, 1, 0, 0));
    assert_eq!(figure(&mut *store, rules, "01", Figure::SupervisionSessions), 1);
    assert_eq!(counts(&mut store, 8, vec![session("A", 3, 4, "00007", 8, 8)]), of(1, 1, 0, 0));
    assert_eq!(figure(&mut *store, rules, "00007", Figure::Participants), 4);

    let checkpoint = store.checkpoints("events").unwrap()[0];
    assert_eq!(checkpoint.next, NextOffset(9));
    assert_eq!((checkpoint.counts, checkpoint.counts.difference()), (of(9, 5, 2, 2), 0));
    assert!(store.checkpoints("other").unwrap().is_empty());
    assert_eq!(store.record_count().unwrap(), 2);
    let mut seen = 0;
    store
        .entries(&mut |_| {
            seen += 1;
            false
        })
        .unwrap();
    assert_eq!(seen, 1, "the sink says when it has enough");
    assert!(store.size_bytes().unwrap() > 0);
}

fn revisions_in_one_batch_are_settled_in_the_order_in_which_they_were_read(maker: &Maker, rules: &Rules) {
    let mut store = (maker.write)().unwrap();
    store.adopt(rules, false).unwrap();
    let of = |read, applied, duplicate, superseded| Counts { read, applied, duplicate, superseded, dead_lettered: 0 };
    let new = vec![
        session("A", 2, 2, "00004", 2, 0),
        session("A", 1, 1, "00004", 2, 1),
        session("A", 1, 1, "00004", 2, 2),
        session("A", 3, 3, "00007", 8, 3),
        session("A", 2, 2, "00004", 2, 4),
    ];
    assert_eq!(store.apply(&batch(0, new), rules).unwrap()[0], of(5, 2, 2, 1));
    let known = vec![
        session("A", 1, 1, "00004", 2, 5),
        session("A", 1, 4, "00004", 2, 6),
        session("A", 4, 4, "00004", 2, 7),
        session("A", 3, 3, "00007", 8, 8),
        session("A", 5, 5, "00004", 2, 9),
    ];
    assert_eq!(store.apply(&batch(5, known), rules).unwrap()[0], of(5, 2, 2, 1));
    assert_eq!(figure(&mut *store, rules, "01", Figure::Participants), 5);
    assert_eq!(figure(&mut *store, rules, "00007", Figure::SupervisionSessions), 0);
    let earlier = store.earlier(&RecordKey::new("/units/00004", "A")).unwrap();
    let earlier: Vec<(i64, u8)> = earlier.iter().map(|entry| (entry.revision.number(), entry.digest.0[0])).collect();
    assert_eq!(earlier, [(1, 1), (1, 4), (2, 2), (3, 3), (4, 4)]);
    // The same of all records; the sink ends it.
    let mut all = Vec::new();
    store
        .earlier_entries(&mut |entry| {
            all.push((entry.revision.number(), entry.digest.0[0]));
            all.len() < 9
        })
        .unwrap();
    all.sort_unstable();
    assert_eq!(all, earlier);
    let mut first = 0;
    store
        .earlier_entries(&mut |_| {
            first += 1;
            false
        })
        .unwrap();
    assert_eq!(first, 1);
    assert_eq!(store.topics().unwrap(), ["events"]);
}

fn a_batch_that_does_not_start_where_the_store_is_writes_nothing(maker: &Maker, rules: &Rules) {
    let mut store = (maker.write)().unwrap();
    store.adopt(rules, false).unwrap();
    store.apply(&batch(0, vec![session("A", 1, 1, "00004", 2, 0)]), rules).unwrap();
    let late = batch(0, vec![session("B", 1, 1, "00004", 2, 0)]);
    let early = batch(5, vec![session("B", 1, 1, "00004", 2, 5)]);
    for wrong in [late, early] {
        assert!(matches!(store.apply(&wrong, rules), Err(StoreError::Fenced { .. })));
    }
    let never = Span {
        partition: Partition(4),
        from: Some(NextOffset(1)),
        to: NextOffset(2),
        read: 1,
        dead_lettered: 1,
        ..Span::default()
    };
    let unknown = Batch { topic: "events".into(), spans: vec![never], ..Batch::default() };
    assert!(matches!(store.apply(&unknown, rules), Err(StoreError::Fenced { .. })), "nothing is known of it");
    let mut half = batch(1, vec![session("B", 1, 1, "00004", 2, 1)]);
    half.spans.push(Span {
        partition: Partition(1),
        from: Some(NextOffset(3)),
        to: NextOffset(4),
        read: 1,
        dead_lettered: 1,
        ..Span::default()
    });
    assert!(matches!(store.apply(&half, rules), Err(StoreError::Fenced { .. })), "one span of two");
    let mut stray = batch(1, vec![session("B", 1, 1, "00004", 2, 1)]);
    stray.entries[0].position.partition = Partition(7);
    assert!(store.apply(&stray, rules).is_err(), "an entry of no span");
    assert_eq!(store.record_count().unwrap(), 1);
    assert_eq!(store.checkpoints("events").unwrap().len(), 1);
    assert_eq!(store.checkpoints("events").unwrap()[0].next, NextOffset(1));
    assert_eq!(figure(&mut *store, rules, "01", Figure::SupervisionSessions), 1);
    // Dead letters alone move the checkpoint too.
    let mut letters = batch(1, Vec::new());
    letters.spans[0] = Span { to: NextOffset(3), read: 2, dead_lettered: 2, ..letters.spans[0] };
    assert_eq!(store.apply(&letters, rules).unwrap()[0].dead_lettered, 2);
    assert_eq!(store.checkpoints("events").unwrap()[0].next, NextOffset(3));
}

fn rules_are_taken_once(maker: &Maker, decree: &Rules) {
    let mut store = (maker.write)().unwrap();
    assert_eq!(store.fingerprint().unwrap(), None);
    store.adopt(decree, false).unwrap();
    store.adopt(decree, false).unwrap();
    assert_eq!(store.fingerprint().unwrap(), Some(decree.fingerprint()));
    let other = rules_of(Calendar::CalendarQuarter);
    assert!(matches!(store.adopt(&other, false), Err(StoreError::OtherRules { .. })));
    assert_eq!(store.fingerprint().unwrap(), Some(decree.fingerprint()));
}

fn what_a_store_is_for_is_decided_when_it_is_made(maker: &Maker, rules: &Rules) {
    let mut store = (maker.write)().unwrap();
    assert!(!store.synthetic().unwrap());
    store.adopt(rules, true).unwrap();
    store.adopt(rules, false).unwrap();
    assert!(store.synthetic().unwrap());
    drop(store);
    assert!((maker.write)().unwrap().synthetic().unwrap());
    assert!((maker.read)().unwrap().synthetic().unwrap());
}

fn a_reader_sees_one_moment(maker: &Maker, rules: &Rules) {
    let mut store = (maker.write)().unwrap();
    store.adopt(rules, false).unwrap();
    store.apply(&batch(0, vec![session("A", 1, 1, "00004", 2, 0)]), rules).unwrap();
    let mut reader = (maker.read)().unwrap();
    assert_eq!(reader.record_count().unwrap(), 1);
    store.apply(&batch(1, vec![session("B", 1, 1, "00004", 2, 1)]), rules).unwrap();
    assert_eq!(figure(&mut *reader, rules, "01", Figure::SupervisionSessions), 1);
    let mut reader = (maker.read)().unwrap();
    assert_eq!(figure(&mut *reader, rules, "01", Figure::SupervisionSessions), 2);
    assert_eq!(reader.quarters().unwrap(), ["2020-Q1".parse().unwrap()]);
}

fn quarters_are_those_where_something_counts(maker: &Maker, rules: &Rules) {
    let mut store = (maker.write)().unwrap();
    store.adopt(rules, false).unwrap();
    store.apply(&batch(0, vec![session("A", 1, 1, "00004", 8, 0)]), rules).unwrap();
    assert_eq!(store.quarters().unwrap(), ["2020-Q3".parse().unwrap()]);
    store.apply(&batch(1, vec![session("A", 2, 1, "00004", 2, 1)]), rules).unwrap();
    assert_eq!((maker.read)().unwrap().quarters().unwrap(), ["2020-Q1".parse().unwrap()], "it was moved");
}

fn what_is_committed_is_there_when_it_is_opened_again(maker: &Maker, rules: &Rules) {
    let mut store = (maker.write)().unwrap();
    store.adopt(rules, false).unwrap();
    let named = Entry { event_id: Some("another name".into()), ..session("A", 1, 1, "00004", 2, 0) };
    store.apply(&batch(0, vec![named.clone()]), rules).unwrap();
    drop(store);
    let mut store = (maker.write)().unwrap();
    assert_eq!(store.entry(&named.key).unwrap(), Some(named));
    store.apply(&batch(1, vec![session("A", 2, 1, "00004", 2, 1)]), rules).unwrap();
    assert_eq!(store.earlier(&RecordKey::new("/units/00004", "A")).unwrap()[0].event_id(), "another name");
}

#[test]
fn sqlite_keeps_to_the_contract() {
    contract(|| {
        let dir = tempfile::tempdir().unwrap().keep();
        let path = dir.join("store.db");
        let again = path.clone();
        Maker {
            write: Box::new(move || Ok(Box::new(SqliteStore::create(&path)?))),
            read: Box::new(move || Ok(Box::new(SqliteStore::read(&again)?))),
        }
    });
}

#[test]
fn the_store_in_memory_keeps_to_the_contract() {
    contract(|| {
        let place = memory::Memory::default();
        let again = place.clone();
        Maker {
            write: Box::new(move || Ok(Box::new(place.create()))),
            read: Box::new(move || Ok(Box::new(again.read()?))),
        }
    });
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_keeps_to_the_contract() {
    contract(|| {
        let write = Rc::new(Database::new());
        let read = Rc::clone(&write);
        Maker {
            write: Box::new(move || Ok(Box::new(write.at().create()?))),
            read: Box::new(move || Ok(Box::new(read.at().read()?))),
        }
    });
}

/// Everything that a store has to say.
type Content = (Vec<Entry>, Vec<Vec<Entry>>, Vec<giaoban::store::Checkpoint>, Vec<(String, String, Cell)>);

fn content(store: &mut dyn StoreReader) -> Content {
    let mut entries = Vec::new();
    store
        .entries(&mut |entry| {
            entries.push(entry);
            true
        })
        .unwrap();
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    let earlier = entries.iter().map(|entry| store.earlier(&entry.key).unwrap()).collect();
    let mut cells = Vec::new();
    for quarter in store.quarters().unwrap() {
        store.raw_cells(quarter, &mut |unit, since, cell| cells.push((unit.into(), since.into(), cell))).unwrap();
    }
    (entries, earlier, store.checkpoints("events").unwrap(), cells)
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_holds_what_sqlite_holds_whatever_comes() {
    let rules = rules_of(Calendar::Decree09);
    for seed in 0..12 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |limit: u32| random.next_u32() % limit;
        let dir = tempfile::tempdir().unwrap();
        let database = Database::new();
        let mut sqlite = SqliteStore::create(&dir.path().join("store.db")).unwrap();
        let mut postgres = database.create();
        sqlite.adopt(&rules, false).unwrap();
        postgres.adopt(&rules, false).unwrap();
        let mut next = [0_i64; 3];
        for _ in 0..12 {
            let mut batch = Batch { topic: "events".into(), ..Batch::default() };
            let from = next;
            for _ in 0..below(120) + 1 {
                let partition = below(3) as usize;
                let unit = ["00004", "00007", "001", "01"][below(4) as usize];
                // Keys whose texts run together, and contents by revision, so that equal ones are one event.
                let subject = ["A", "B", "/A", "Ấ", "a b", "-1"][below(6) as usize];
                let (revision, content) = (i64::from(below(4)) + 1, below(3) as u8);
                let month = ((revision + i64::from(content)) % 12 + 1) as i8;
                let mut entry = session(subject, revision, content, unit, month, next[partition]);
                entry.key = RecordKey::new(["/units/1", "/units/1/A", "/units"][below(3) as usize], subject);
                entry.fact = match content {
                    0 => Fact::Withdrawal,
                    _ => session(subject, revision, content, "00004", month, 0).fact,
                };
                entry.event_id = (content == 1).then(|| "another name".into());
                entry.position.partition = Partition(partition as i32);
                next[partition] += 1;
                batch.entries.push(entry);
            }
            for partition in (0..3).filter(|partition| next[*partition] > from[*partition]) {
                let (from, to) = (from[partition], next[partition]);
                batch.spans.push(Span {
                    partition: Partition(partition as i32),
                    from: (from > 0).then_some(NextOffset(from)),
                    to: NextOffset(to),
                    read: (to - from) as u64,
                    ..Span::default()
                });
            }
            assert_eq!(postgres.apply(&batch, &rules).unwrap(), sqlite.apply(&batch, &rules).unwrap(), "seed {seed}");
        }
        assert_eq!(content(&mut postgres), content(&mut sqlite), "seed {seed}");
        assert_eq!(content(&mut database.at().read().unwrap()), content(&mut sqlite), "seed {seed}");
        assert_eq!(postgres.synthetic().unwrap(), sqlite.synthetic().unwrap());
    }
}

#[test]
fn a_file_of_another_program_is_no_store() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("other.db");
    for header in ["PRAGMA user_version = 3; CREATE TABLE t (x)", "PRAGMA user_version = 0"] {
        rusqlite::Connection::open(&path).unwrap().execute_batch(header).unwrap();
        let before = std::fs::read(&path).unwrap();
        for error in [SqliteStore::create(&path).err().unwrap(), SqliteStore::read(&path).err().unwrap()] {
            assert!(matches!(&error, StoreError::Damaged { at, .. } if at.ends_with("other.db")), "{error}");
        }
        assert_eq!(std::fs::read(&path).unwrap(), before, "left as it was");
    }
}

//! What every store keeps to, whatever database it is.

#![allow(clippy::unwrap_used)]

#[path = "simulation/memory.rs"]
#[allow(dead_code)]
mod memory;

use giaoban::domain::*;
use giaoban::rollup::Rollup;
use giaoban::store::sqlite::SqliteStore;
use giaoban::store::{Batch, Counts, Span, StoreError, StoreReader, StoreWriter};
use jiff::civil::date;

fn rules(calendar: Calendar) -> Rules {
    let units = include_str!("../config/units/hanoi.csv");
    Rules::new(UnitTable::from_csv(units, include_str!("../config/units/hanoi-succession.csv")).unwrap(), calendar)
}

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
        dead_lettered: 0,
    };
    Batch { topic: "events".into(), spans: vec![span], entries, synthetic: false }
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
    let decree = rules(Calendar::Decree09);
    revisions_are_settled_and_kept(&make(), &decree);
    a_batch_that_does_not_start_where_the_store_is_writes_nothing(&make(), &decree);
    rules_are_taken_once(&make(), &decree);
    a_reader_sees_one_moment(&make(), &decree);
    what_is_committed_is_there_when_it_is_opened_again(&make(), &decree);
    assert!(matches!((make().read)(), Err(StoreError::Missing { .. })));
}

fn revisions_are_settled_and_kept(maker: &Maker, rules: &Rules) {
    let mut store = (maker.write)().unwrap();
    store.adopt(rules).unwrap();
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

fn a_batch_that_does_not_start_where_the_store_is_writes_nothing(maker: &Maker, rules: &Rules) {
    let mut store = (maker.write)().unwrap();
    store.adopt(rules).unwrap();
    store.apply(&batch(0, vec![session("A", 1, 1, "00004", 2, 0)]), rules).unwrap();
    let late = batch(0, vec![session("B", 1, 1, "00004", 2, 0)]);
    let early = batch(5, vec![session("B", 1, 1, "00004", 2, 5)]);
    for wrong in [late, early] {
        assert!(matches!(store.apply(&wrong, rules), Err(StoreError::Fenced { .. })));
    }
    let mut half = batch(1, vec![session("B", 1, 1, "00004", 2, 1)]);
    half.spans.push(Span {
        partition: Partition(1),
        from: Some(NextOffset(3)),
        to: NextOffset(4),
        read: 1,
        dead_lettered: 1,
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
    store.adopt(decree).unwrap();
    store.adopt(decree).unwrap();
    assert_eq!(store.fingerprint().unwrap(), Some(decree.fingerprint()));
    let other = rules(Calendar::CalendarQuarter);
    assert!(matches!(store.adopt(&other), Err(StoreError::OtherRules { .. })));
    assert_eq!(store.fingerprint().unwrap(), Some(decree.fingerprint()));
}

fn a_reader_sees_one_moment(maker: &Maker, rules: &Rules) {
    let mut store = (maker.write)().unwrap();
    store.adopt(rules).unwrap();
    store.apply(&batch(0, vec![session("A", 1, 1, "00004", 2, 0)]), rules).unwrap();
    let mut reader = (maker.read)().unwrap();
    assert_eq!(reader.record_count().unwrap(), 1);
    let mut more = batch(1, vec![session("B", 1, 1, "00004", 2, 1)]);
    more.synthetic = true;
    store.apply(&more, rules).unwrap();
    assert_eq!(figure(&mut *reader, rules, "01", Figure::SupervisionSessions), 1);
    assert!(!reader.synthetic().unwrap());
    let mut reader = (maker.read)().unwrap();
    assert_eq!(figure(&mut *reader, rules, "01", Figure::SupervisionSessions), 2);
    assert!(reader.synthetic().unwrap());
    assert_eq!(reader.quarters().unwrap(), ["2020-Q1".parse().unwrap()]);
}

fn what_is_committed_is_there_when_it_is_opened_again(maker: &Maker, rules: &Rules) {
    let mut store = (maker.write)().unwrap();
    store.adopt(rules).unwrap();
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

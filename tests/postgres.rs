//! What only a PostgreSQL server decides: many workers at a time, lost
//! connections, roles, refusals, and the binary on a database.

#![allow(clippy::unwrap_used)]

mod database;
mod harness;
mod oracle;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Barrier;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use database::Database;
use giaoban::domain::*;
use giaoban::rollup::Rollup;
use giaoban::store::postgres::{Schema, Server};
use giaoban::store::{
    Batch, Counts, ReadCheckpoints as _, ReadLedger as _, Span, StoreError, StoreReader, StoreWriter as _,
};
use harness::{Giaoban, session};
use jiff::civil::date;

const SUCCESSION: &str = include_str!("../config/units/hanoi-succession.csv");

fn rules() -> Rules {
    let units = UnitTable::from_csv(include_str!("../config/units/hanoi.csv"), SUCCESSION).unwrap();
    Rules::new(units, Calendar::Decree09)
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
    Batch { topic: "events".into(), spans: vec![span], entries, synthetic: false }
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
    database.create().adopt(&rules).unwrap();
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
    store.adopt(&rules).unwrap();
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
    store.adopt(&rules).unwrap();
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
fn postgres_lets_one_of_two_workers_start_a_partition() {
    let (database, rules) = (Database::new(), rules());
    database.create().adopt(&rules).unwrap();
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
                database.create().adopt(&rules()).unwrap();
            });
        }
    });
    assert_eq!(database.value("SELECT count(*) FROM {schema}.giaoban_generation WHERE in_force AND version = 1"), 1);
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
    store.adopt(&rules).unwrap();
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
    assert!(matches!(lost, Err(StoreError::Unavailable { .. })), "{lost:?}");
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
    assert!(matches!(lost, Err(StoreError::Unavailable { .. })), "{lost:?}");
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
    assert!(matches!(reader.record_count(), Err(StoreError::Unavailable { .. })));
    assert!(matches!(reader.record_count(), Err(StoreError::Unavailable { .. })));
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_refuses_who_writes_a_generation_that_is_not_in_force() {
    let (database, rules) = (Database::new(), rules());
    let mut old = database.create();
    old.adopt(&rules).unwrap();
    old.apply(&batch(0, 0, vec![entry(1, 1, 0, 0)]), &rules).unwrap();
    let mut next = database.at().create_next().unwrap();
    next.adopt(&rules).unwrap();
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
    database.at().remove(before).unwrap();
    assert!(matches!(database.at().read_generation(before), Err(StoreError::Missing { .. })));
    assert_eq!(database.at().read().unwrap().record_count().unwrap(), 3);
    // Other rules are never mixed in, even by one who opened it before they were taken.
    let other = Rules::new(rules.units.clone(), Calendar::CalendarQuarter);
    let refused = database.create().apply(&batch(0, 3, vec![entry(4, 1, 0, 3)]), &other);
    assert!(matches!(refused, Err(StoreError::OtherRules { .. })), "{refused:?}");
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_tells_its_refusals_apart() {
    let database = Database::new();
    let open = |url: &str| Schema::at(Server::parse(url, None).unwrap(), &database.schema).create().err().unwrap();
    let wrong = open(&database.url_of("postgres", "wrong"));
    assert!(matches!(wrong, StoreError::Login { .. }), "{wrong}");
    let nobody = open(&database.url_of("no_such_user", "wrong"));
    assert!(matches!(nobody, StoreError::Login { .. }), "{nobody}");
    let (place, _) = database.url.rsplit_once('/').unwrap();
    let none = open(&format!("{place}/no_such_database"));
    assert!(matches!(&none, StoreError::NoDatabase { cause, .. } if cause.contains("no_such_database")), "{none}");

    // A server that has no connection to spare, and one whose disk is full.
    let name = &database.schema;
    database.run(&format!("CREATE ROLE {name} LOGIN PASSWORD 'p' CONNECTION LIMIT 0"));
    let crowded = open(&database.url_of(name, "p"));
    database.run(&format!("DROP ROLE {name}"));
    assert!(matches!(crowded, StoreError::Crowded { .. }), "{crowded}");
    let full = "DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$";
    let full = database.client().batch_execute(full).unwrap_err();
    let server = Server::parse(&database.url, None).unwrap();
    assert!(matches!(server.error(&full), StoreError::DiskFull { .. }));

    // A schema of another program, and one of a newer version.
    database.run("CREATE SCHEMA {schema}; CREATE TABLE {schema}.things (x integer)");
    let at = database.at();
    for error in [at.create().err().unwrap(), at.read().err().unwrap()] {
        assert!(matches!(&error, StoreError::Foreign { cause, .. } if cause.contains(&database.schema)), "{error}");
    }
    database.run("DROP TABLE {schema}.things");
    assert!(matches!(at.read(), Err(StoreError::Missing { .. })));
    at.create().unwrap();
    database.run("UPDATE {schema}.giaoban_generation SET version = 99");
    for error in [at.create().err().unwrap(), at.read().err().unwrap()] {
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    }
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_is_trusted_by_its_certificate() {
    let database = Database::new();
    let authority = std::env::var("POSTGRES_CA").expect("POSTGRES_CA is not set: run ./test.sh");
    let at_host = |host: &str, parameters: &str| {
        let url = database.url.replace("@127.0.0.1", &format!("@{host}"));
        let join = if url.contains('?') { '&' } else { '?' };
        let server = Server::parse(&format!("{url}{join}{parameters}"), None).unwrap();
        Schema::at(server, &database.schema).create()
    };
    at_host("localhost", &format!("sslmode=verify-full&sslrootcert={authority}")).unwrap();
    at_host("127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={authority}")).unwrap();
    at_host("127.0.0.1", "sslmode=no-verify").unwrap();
    at_host("127.0.0.1", "sslmode=disable").unwrap();
    let encrypted = |parameters: &str| {
        let mut client = Server::parse(&database.url_with(parameters), None).unwrap().connect().unwrap();
        let row = client.query_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]).unwrap();
        row.get::<_, bool>(0)
    };
    assert!(encrypted("sslmode=no-verify") && encrypted("sslmode=prefer") && !encrypted("sslmode=disable"));
    for (host, parameters) in [
        // Another host, an authority that is not known, and one that did not sign it.
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={authority}")),
        ("localhost", "sslmode=require".to_owned()),
    ] {
        let error = at_host(host, &parameters).err().unwrap();
        assert!(matches!(&error, StoreError::Untrusted { cause, .. } if cause.contains("certificate")), "{error}");
    }
}

/// A server's place, where nothing comes but what `serve` says on each connection. It ends with the test.
fn listening(serve: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(serve));
    port
}

#[test]
fn a_server_that_goes_down_under_the_handshake_is_away_and_not_untrusted() {
    for reset in [false, true] {
        let port = listening(move |mut client| {
            // The request for TLS, which this is ready for; of what comes then, it takes nothing, or all.
            let mut hello = [0; 8];
            client.read_exact(&mut hello).unwrap();
            client.write_all(b"S").unwrap();
            client.peek(&mut hello).unwrap();
            if !reset {
                client.shutdown(Shutdown::Write).unwrap();
                let _ = client.read_to_end(&mut Vec::new());
            }
        });
        let server = Server::parse(&format!("postgres://u@127.0.0.1:{port}/d?sslmode=no-verify"), None).unwrap();
        let error = server.connect().err().unwrap();
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    }
}

#[test]
fn a_server_that_takes_the_connection_and_says_nothing_is_away() {
    let (held, connections) = channel();
    let port = listening(move |client| drop(held.send(client)));
    let url = format!("postgres://u:s3cret@127.0.0.1:{port}/d?connect_timeout=1");
    let server = Server::parse(&url, None).unwrap();
    for _ in 0..3 {
        let begun = Instant::now();
        let error = server.connect().err().unwrap();
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    }
    assert_eq!(connections.try_iter().count(), 1, "what was given up is gone on with");
    let giaoban = Giaoban::new().with("GIAOBAN__STORE__URL", &url);
    let said = giaoban.fails(18, &["worker", "--until-caught-up"]);
    assert!(said.contains(&format!("127.0.0.1:{port}")) && said.contains("remedy: "), "{said}");
    assert!(said.contains("within 2 s"), "{said}");
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_roles_have_what_they_need_and_no_more() {
    let database = Database::new();
    let giaoban = on(&database);
    publish(&giaoban, 20);
    // The shipped file, with names of this test's own.
    let name = &database.schema;
    let roles = include_str!("../config/postgres/roles.sql")
        .replace("giaoban_writer", &format!("{name}_writer"))
        .replace("giaoban_reader", &format!("{name}_reader"))
        .replace("SCHEMA giaoban", &format!("SCHEMA {name}"));
    let current: String = database.client().query_one("SELECT current_database()", &[]).unwrap().get(0);
    let roles = roles.replace("DATABASE giaoban", &format!("DATABASE {current}"));
    database.run(&roles);
    database.run(&format!("ALTER ROLE {name}_writer PASSWORD 'w'; ALTER ROLE {name}_reader PASSWORD 'r'"));
    let writer = on(&database).with("GIAOBAN__STORE__URL", &database.url_of(&format!("{name}_writer"), "w"));
    let reader = on(&database).with("GIAOBAN__STORE__URL", &database.url_of(&format!("{name}_reader"), "r"));
    let in_folder = |other: &Giaoban, arguments: &[&str]| {
        let data = giaoban.data();
        other.run(&[arguments, &["--data", data.to_str().unwrap()]].concat())
    };
    let ended = in_folder(&writer, &["worker", "--until-caught-up"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    for command in [
        &["rollup", "--period", "2020-Q1", "--format", "json"][..],
        &["records", "--period", "2020-Q1", "--figure", "participants"],
        &["doctor"],
    ] {
        let ended = in_folder(&reader, command);
        assert_eq!(ended.code, Some(0), "{command:?} {} {}", ended.out, ended.err);
    }
    publish(&giaoban, 21);
    for command in [&["worker", "--until-caught-up"][..], &["replay"]] {
        let ended = in_folder(&reader, command);
        assert_eq!(ended.code, Some(19), "{command:?} {} {}", ended.out, ended.err);
        assert!(ended.err.contains("config/postgres/roles.sql"), "{}", ended.err);
    }
    // What each may not do, in the server's own words.
    let elsewhere = format!("{name}_elsewhere");
    database.run(&format!("CREATE SCHEMA {elsewhere}; CREATE TABLE {elsewhere}.things (x integer)"));
    let beyond = [
        format!("CREATE SCHEMA {elsewhere}_too"),
        "CREATE TABLE public.things (x integer)".to_owned(),
        format!("CREATE TABLE {elsewhere}.more (x integer)"),
        format!("SELECT FROM {elsewhere}.things"),
        format!("INSERT INTO {elsewhere}.things VALUES (1)"),
        format!("ALTER TABLE {elsewhere}.things ADD COLUMN y integer"),
        format!("DROP TABLE {elsewhere}.things"),
        format!("DROP SCHEMA {elsewhere} CASCADE"),
        format!("ALTER ROLE {name}_writer SUPERUSER"),
        format!("CREATE ROLE {name}_more"),
        "ALTER SYSTEM SET fsync = off".to_owned(),
        "COPY (SELECT 1) TO PROGRAM 'true'".to_owned(),
        "SELECT pg_read_file('PG_VERSION')".to_owned(),
    ];
    let of_the_store = [
        format!("UPDATE {name}.cell_1 SET figures = figures"),
        format!("INSERT INTO {name}.checkpoint_1 SELECT * FROM {name}.checkpoint_1"),
        format!("DELETE FROM {name}.ledger_1"),
        format!("TRUNCATE {name}.earlier_revision_1"),
        format!("UPDATE {name}.giaoban_generation SET in_force = false"),
        format!("SELECT FROM {name}.checkpoint_1 FOR UPDATE"),
        format!("CREATE TABLE {name}.things (x integer)"),
        format!("ALTER TABLE {name}.cell_1 ADD COLUMN y integer"),
        format!("DROP TABLE {name}.cell_1"),
    ];
    let refused = |role: &str, password: &str, statements: &[String]| {
        let url = database.url_of(&format!("{name}_{role}"), password);
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        for statement in statements {
            let error = client.batch_execute(statement).expect_err(statement);
            assert_eq!(error.code().map(|code| code.code()), Some("42501"), "{role}: {statement}: {error}");
        }
    };
    refused("writer", "w", &beyond);
    refused("reader", "r", &[&beyond[..], &of_the_store].concat());
    database.run(&format!("DROP SCHEMA {elsewhere} CASCADE"));
    // What a replay makes is read too.
    let ended = in_folder(&writer, &["replay", "--switch"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(in_folder(&reader, &["rollup", "--period", "2020-Q1"]).code, Some(0));
    database.run(&format!(
        "DROP SCHEMA {name} CASCADE; DROP OWNED BY {name}_writer, {name}_reader; DROP ROLE {name}_writer, {name}_reader"
    ));
}

/// The binary with its store in that database.
fn on(database: &Database) -> Giaoban {
    Giaoban::new().with("GIAOBAN__STORE__URL", &database.url).with("GIAOBAN__STORE__SCHEMA", &database.schema)
}

fn publish(giaoban: &Giaoban, count: usize) {
    let events = |number| session(["00004", "00007"][number % 2], number, 1, "2020-03-04", number as u32) + "\n";
    giaoban.write("a.ndjson", (0..count).map(events).collect::<String>());
    giaoban.ok(&["publish", "a.ndjson"]);
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_serves_every_command_as_sqlite_does() {
    let database = Database::new();
    let (postgres, sqlite) = (on(&database), Giaoban::new());
    for giaoban in [&postgres, &sqlite] {
        publish(giaoban, 300);
        giaoban.settle();
        giaoban.ok(&["correct", "--source", "/units/00004", "--subject", "GS-2", "--participants", "77"]);
        giaoban.ok(&["withdraw", "--source", "/units/00004", "--subject", "GS-4", "--reason", "duplicate"]);
        giaoban.settle();
    }
    for command in [
        &["rollup", "--period", "2020-Q1", "--format", "json"][..],
        &["rollup", "--period", "2020", "--format", "csv"],
        &["records", "--period", "2020-Q1", "--figure", "participants", "--format", "json"],
    ] {
        assert_eq!(postgres.ok(command), sqlite.ok(command), "{command:?}");
    }
    for giaoban in [&postgres, &sqlite] {
        giaoban.ok(&["report", "--period", "2020-Q1", "--out", "."]);
    }
    let mut compared = 0;
    for file in std::fs::read_dir(postgres.dir()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".html") || name.ends_with(".csv") || name.ends_with(".json") {
            assert_eq!(postgres.read(&name), sqlite.read(&name), "{name}");
            compared += 1;
        }
    }
    assert!(compared >= 3);
    let said = postgres.ok(&["doctor"]);
    assert!(said.contains("PostgreSQL") && said.contains("302 records read, none has vanished"), "{said}");
    assert!(!postgres.data().join("store-1.db").exists(), "nothing is kept in SQLite");

    // Other rules are a replay into the next generation.
    let postgres = postgres.with("GIAOBAN__CALENDAR", "calendar-quarter");
    assert!(postgres.fails(10, &["worker", "--until-caught-up"]).contains("giaoban replay"));
    let changes = postgres.ok(&["replay", "--format", "csv"]);
    assert!(!changes.contains("participants"), "the day is in the first quarter of both: {changes}");
    postgres.fails(10, &["rollup", "--period", "2020-Q1"]);
    let ended = postgres.run(&["replay", "--switch"]);
    assert!(
        ended.code == Some(0) && ended.err.contains("generation 2") && ended.err.contains("DROP TABLE"),
        "{}",
        ended.err
    );
    postgres.settle();
    assert_eq!(postgres.figure("2020-Q1", "01", "supervision_sessions"), 299);
    assert!(postgres.ok(&["replay"]).contains("Nothing would change"));
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_is_refused_with_a_remedy_and_never_with_the_password() {
    let database = Database::new();
    let wrong = on(&database).with("GIAOBAN__STORE__URL", &database.url_of("postgres", "s3cret"));
    let away = on(&database).with("GIAOBAN__STORE__URL", "postgres://u:s3cret@127.0.0.1:1/d");
    let malformed = on(&database).with("GIAOBAN__STORE__URL", "postgres://u:s3cret@h/d?sslmode=perhaps");
    for (giaoban, code, remedy) in
        [(&wrong, 19, "store.password_file"), (&away, 18, "giaoban doctor"), (&malformed, 3, "store.url")]
    {
        publish_unless_refused(giaoban);
        for command in [&["worker", "--until-caught-up"][..], &["rollup", "--period", "2020-Q1"], &["replay"]] {
            let said = giaoban.fails(code, command);
            assert!(said.contains(remedy) && !said.contains("s3cret"), "{said}");
        }
        let shown = giaoban.run(&["config", "show"]);
        assert!(!(shown.out + &shown.err).contains("s3cret"));
    }
    let told = wrong.run(&["doctor"]);
    assert!(told.code == Some(16) && told.out.contains("store.password_file"), "{}", told.out);

    // The password from a file, or from the environment.
    let (_, secret) = database.url.split_once("://").unwrap().1.rsplit_once('@').unwrap().0.split_once(':').unwrap();
    let secret = secret.replace("%20", " ");
    let without = database.url.replace(&format!(":{}@", secret.replace(' ', "%20")), "@");
    let by_file = on(&database).with("GIAOBAN__STORE__URL", &without).with("GIAOBAN__STORE__PASSWORD_FILE", "secret");
    by_file.write("secret", format!("{secret}\n"));
    let by_variable = on(&database).with("GIAOBAN__STORE__URL", &without).with("GIAOBAN__STORE__PASSWORD", &secret);
    for giaoban in [by_file, by_variable] {
        giaoban.settle();
        let shown = giaoban.ok(&["config", "show"]);
        assert!(shown.contains("store.url = \"postgres") && !shown.contains(&secret), "{shown}");
    }
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_is_behind_the_demo_and_the_pages() {
    let database = Database::new();
    let giaoban = on(&database);
    let said = giaoban.ok(&["demo", "--no-serve"]);
    assert!(said.contains("In 2020 the whole city had"), "{said}");
    giaoban.ok(&["demo", "--no-serve"]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let giaoban = giaoban.with("GIAOBAN__HTTP__LISTEN", &address);
    let mut worker = giaoban.start(&["worker"]);
    let rollup = giaoban.rollup("2020");
    let page = (0..600).find_map(|_| {
        std::thread::sleep(Duration::from_millis(50));
        let mut answer = ureq::get(format!("http://{address}/v1/rollup?period=2020")).call().ok()?;
        answer.body_mut().read_to_string().ok()
    });
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&page.unwrap()).unwrap(), rollup);

    // Real figures are not mixed with made-up ones.
    let database = Database::new();
    let giaoban = on(&database);
    publish(&giaoban, 1);
    giaoban.settle();
    let said = giaoban.fails(2, &["demo", "--no-serve"]);
    assert!(said.contains("real figures") && said.contains("store.schema"), "{said}");
}

#[test]
#[ignore = "needs a broker and PostgreSQL: ./test.sh"]
fn kafka_shares_its_partitions_among_workers_of_one_postgres() {
    const EVENTS: usize = 3_000;
    let database = Database::new();
    let giaoban = Giaoban::on_kafka()
        .with("GIAOBAN__STORE__URL", &database.url_with(&format!("application_name={}", database.schema)))
        .with("GIAOBAN__STORE__SCHEMA", &database.schema)
        .with("GIAOBAN__HTTP__LISTEN", "off")
        .with("GIAOBAN__WORKER__BATCH_RECORDS", "100")
        // A worker that is killed is missed soon.
        .with("GIAOBAN__KAFKA__PROPERTIES__SESSION_TIMEOUT_MS", "6000");
    // A broker under load may not have elected the leaders when it is asked what was made.
    let made = (0..10).any(|_| giaoban.run(&["topics", "create", "--partitions", "6"]).code == Some(0));
    assert!(made);
    let units = ["00004", "00007", "00010", "00013", "00016", "00019", "00022", "00025"];
    let send = |revision: i64| {
        let events = (0..EVENTS).map(|number| session(units[number % 8], number, revision, "2020-03-04", 1) + "\n");
        giaoban.write("a.ndjson", events.collect::<String>());
        giaoban.ok(&["publish", "a.ndjson"]);
    };
    send(1);
    let mut workers = [giaoban.start(&["worker"]), giaoban.start(&["worker"]), giaoban.start(&["worker"])];
    let read = || {
        let sum = "SELECT coalesce(sum(read), 0)::bigint FROM {schema}.checkpoint_1";
        database
            .client()
            .query_one(&sum.replace("{schema}", &database.schema), &[])
            .map_or(0, |row| row.get::<_, i64>(0))
    };
    let until = |count: usize| {
        for _ in 0..1_200 {
            if read() == count as i64 {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{} of {count} records are read", read());
    };
    until(EVENTS);
    // One is killed in the middle of work, and the others lose their connections: they take over.
    send(2);
    workers[0].kill().unwrap();
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{schema}'";
    assert!(database.value(cut) > 0);
    until(2 * EVENTS);
    assert!(workers[1..].iter_mut().all(|worker| worker.try_wait().unwrap().is_none()), "they go on");
    for worker in &mut workers {
        let _ = worker.kill();
        worker.wait().unwrap();
    }
    assert!(!giaoban.data().exists(), "nothing is kept beside the database");
    assert_eq!(giaoban.figure("2020-Q1", "01", "supervision_sessions"), EVENTS);
    let wrong =
        "SELECT count(*) FROM {schema}.checkpoint_1 WHERE read <> applied + duplicate + superseded + dead_lettered";
    assert_eq!(database.value(wrong), 0);
}

fn publish_unless_refused(giaoban: &Giaoban) {
    giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-04", 1));
    giaoban.run(&["publish", "a.ndjson"]);
}

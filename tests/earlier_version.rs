//! What version 0.1.0 has left, kept in `tests/fixtures/0.1.0`: a log, and the store that it made of it, in a file and
//! in PostgreSQL. The log is read on; the store is refused with the command that rebuilds it, which says what changes.

#![allow(clippy::unwrap_used)]

mod database;
mod harness;

use std::path::Path;

use database::Database;
use giaoban::store::sqlite::SqliteStore;
use giaoban::store::{ReadCheckpoints as _, ReadFigures as _};
use harness::Giaoban;

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/0.1.0").join(name)
}

fn with(files: &[&str]) -> Giaoban {
    let giaoban = Giaoban::new();
    std::fs::create_dir(giaoban.data()).unwrap();
    for file in files {
        std::fs::copy(fixture(file), giaoban.data().join(file)).unwrap();
    }
    giaoban
}

/// That the store is refused with the command that rebuilds it, which lists what changes, and puts it in force.
fn rebuilds(giaoban: &Giaoban) {
    for command in [&["worker", "--until-caught-up"][..], &["verify"], &["rollup", "--period", "2020"]] {
        let said = giaoban.fails(10, command);
        assert!(harness::has_remedy(&said) && said.contains("giaoban replay"), "{said}");
    }
    let listed = giaoban.run(&["replay", "--format", "json"]);
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    let changes: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
    let changes = changes["changes"].as_array().unwrap();
    let told = |change: &serde_json::Value| {
        let text = |key: &str| change[key].as_str().unwrap().to_owned();
        (text("unit"), text("figure"), change["now"].as_i64().unwrap(), change["then"].as_i64().unwrap())
    };
    let expected = CHANGES.map(|(figure, now, then)| ("00007".to_owned(), figure.to_owned(), now, then));
    assert_eq!(changes.iter().map(told).collect::<Vec<_>>(), expected, "{}", listed.out);
    assert!(listed.err.contains(&format!("The store in force has {DROPPED} records that")), "{}", listed.err);
    giaoban.fails(20, &["replay", "--switch"]);
    giaoban.ok(&["replay", "--switch", "--drop-records", &DROPPED.to_string()]);
    giaoban.ok(&["verify"]);
    for (figure, value) in [("supervision_sessions", 12 - DROPPED), ("violations_found", 6), ("complaints_received", 1)]
    {
        assert_eq!(giaoban.figure("2020", "01", figure), value, "{figure}");
    }
    // The log goes on as it was.
    giaoban.write("a.ndjson", harness::session("00004", 1, 1, "2020-03-04", 1));
    giaoban.ok(&["publish", "a.ndjson"]);
    assert!(giaoban.settle().contains("Read 1 record"));
    giaoban.ok(&["verify"]);
}

/// Records of the log that are no valid events by the rules of today: a ward that spoke for another one.
const DROPPED: u64 = 1;
/// Figures that are others by that, all of ward 00007 itself in 2020-Q4: what they were and are.
const CHANGES: [(&str, i64, i64); 3] =
    [("supervision_sessions", 2, 1), ("participants", 24, 15), ("units_reported", 3, 2)];

#[test]
fn a_folder_is_refused_with_the_command_that_rebuilds_it_and_lists_what_changes() {
    rebuilds(&with(&["log.db", "store-1.db"]));
}

#[test]
fn an_earlier_store_that_was_rebuilt_is_byte_for_byte_what_the_version_before_goes_back_to() {
    let giaoban = with(&["log.db", "store-1.db"]);
    rebuilds(&giaoban);
    // The version before goes on with it by that one line, and reads again what came meanwhile.
    std::fs::write(giaoban.data().join("CURRENT"), "store-1.db\n").unwrap();
    assert!(std::fs::read(fixture("store-1.db")).unwrap() == std::fs::read(giaoban.data().join("store-1.db")).unwrap());
    let said = giaoban.fails(10, &["worker", "--until-caught-up"]);
    assert!(said.contains("giaoban replay"), "{said}");
}

/// A store in a folder as the version of the schema before this one has it, with these rules.
fn of_schema_2(giaoban: &Giaoban) {
    giaoban.publish_sessions_of(&["00004", "00007"], 0..20);
    giaoban.settle();
    let store = rusqlite::Connection::open(giaoban.data().join("store-1.db")).unwrap();
    let drops =
        ["bound_log", "gap", "held_partition", "accepted_dead_letters"].map(|table| format!("DROP TABLE {table};"));
    store.execute_batch(&format!("{} PRAGMA user_version = 2", drops.concat())).unwrap();
}

fn schema_of(store: &Path) -> i64 {
    rusqlite::Connection::open(store).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

fn kept(giaoban: &Giaoban) -> Vec<std::path::PathBuf> {
    let all = std::fs::read_dir(giaoban.data()).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("before-version-")).collect()
}

#[test]
fn a_store_of_an_earlier_version_is_kept_before_it_is_changed_and_can_be_gone_back_to() {
    let giaoban = Giaoban::new();
    of_schema_2(&giaoban);
    let store = giaoban.data().join("store-1.db");
    // A folder that somebody holds is left as it is.
    let lock = giaoban::store::DataDir::at(&giaoban.data()).lock_writer().unwrap();
    giaoban.fails(9, &["worker", "--until-caught-up"]);
    assert_eq!((schema_of(&store), kept(&giaoban)), (2, Vec::new()));
    drop(lock);
    // One that other rules have made, too.
    let other = giaoban
        .command(&["worker", "--until-caught-up"])
        .env("GIAOBAN__CALENDAR", "calendar-quarter")
        .output()
        .unwrap();
    assert_eq!((other.status.code(), schema_of(&store), kept(&giaoban)), (Some(10), 2, Vec::new()));
    let ended = giaoban.run(&["worker", "--until-caught-up"]);
    assert!(ended.code == Some(0) && ended.err.contains("store_upgrade"), "{}", ended.err);
    giaoban.ok(&["verify"]);
    let copies = kept(&giaoban);
    let [copy] = &copies[..] else { panic!("{copies:?}") };
    assert_eq!((schema_of(&store), schema_of(&copy.join("store-1.db"))), (3, 2));
    // Once only.
    giaoban.settle();
    assert_eq!(kept(&giaoban), copies);
    // Back, and on again.
    let before = std::fs::read(copy.join("store-1.db")).unwrap();
    giaoban.ok(&["restore", copy.to_str().unwrap(), "--replace"]);
    assert!(std::fs::read(&store).unwrap() == before, "byte for byte");
    assert_eq!(giaoban.sessions(), Some(20), "an earlier one is read as it is");
    giaoban.publish_sessions(20..30);
    giaoban.settle();
    giaoban.ok(&["verify"]);
    assert_eq!(giaoban.sessions(), Some(30));
}

#[test]
fn the_program_says_which_stores_it_reads() {
    let said = Giaoban::new().ok(&["--version"]);
    assert!(said.contains("Stores: SQLite 1-3, PostgreSQL 1-2"), "{said}");
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_of_an_earlier_version_is_changed_only_where_a_copy_is_kept_and_nobody_older_is_at_work() {
    let database = Database::new();
    let giaoban =
        Giaoban::new().with("GIAOBAN__STORE__URL", &database.url).with("GIAOBAN__STORE__SCHEMA", &database.schema);
    giaoban.publish_sessions_of(&["00004", "00007"], 0..20);
    giaoban.settle();
    database.run(
        "DROP TABLE {schema}.bound_log_1, {schema}.gap_1, {schema}.held_partition_1, {schema}.accepted_dead_letters_1;
         ALTER TABLE {schema}.checkpoint_1 ADD COLUMN synthetic boolean NOT NULL DEFAULT false;
         UPDATE {schema}.giaoban_generation SET version = 1",
    );
    let version = || database.value("SELECT version::bigint FROM {schema}.giaoban_generation");
    assert_eq!(giaoban.sessions(), Some(20), "it is read as it is");
    let said = giaoban.fails(8, &["worker", "--until-caught-up"]);
    assert!(said.contains("pg_dump") && said.contains("GIAOBAN__STORE__COPY_OF_VERSION=1"), "{said}");
    let dump = giaoban.dir().join("dump");
    database.dump(&dump);
    let told = giaoban.with("GIAOBAN__STORE__COPY_OF_VERSION", "1");
    let older = postgres::Client::connect(&database.url_with("application_name=giaoban"), postgres::NoTls).unwrap();
    let said = told.fails(9, &["worker", "--until-caught-up"]);
    assert!(said.contains("older giaoban: pid "), "{said}");
    assert_eq!(version(), 1);
    drop(older);
    harness::until("the session's end", std::time::Duration::from_secs(20), || {
        told.run(&["worker", "--until-caught-up"]).code == Some(0)
    });
    assert_eq!(version(), 2);
    told.ok(&["verify"]);
    // Back: the dump is a store of the version before, whole.
    database.restore(&dump);
    assert_eq!((version(), told.sessions()), (1, Some(20)));
    told.settle();
    told.ok(&["verify"]);
    // Who works on while somebody newer changes it, ends.
    let told = told.with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0");
    let worker = harness::running::Running::worker(&told);
    worker.until_ready();
    database.run("UPDATE {schema}.giaoban_generation SET version = 99");
    let (code, log) = worker.ended();
    assert!(code == Some(8) && log.contains("schema version 99"), "{log}");
}

#[test]
fn a_log_without_a_store_is_read_as_it_is() {
    let giaoban = with(&["log.db"]);
    assert!(giaoban.settle().contains("Read 27 records"));
    giaoban.ok(&["verify"]);
}

#[test]
fn a_store_is_read_as_it_is_and_knows_its_log_by_the_topic_alone() {
    let giaoban = with(&["store-1.db"]);
    let mut store = SqliteStore::read(&giaoban.data().join("store-1.db")).unwrap();
    assert_eq!(store.bound_log().unwrap(), None);
    assert_eq!(store.gaps().unwrap(), []);
    assert_eq!(store.quarters().unwrap().len(), 4);
    // Whoever publishes beside it makes no other log.
    giaoban.write("a.ndjson", harness::session("00004", 1, 1, "2020-03-04", 1));
    let said = giaoban.fails(11, &["publish", "a.ndjson"]);
    assert!(said.contains("topic giaoban.events") && !giaoban.data().join("log.db").exists(), "{said}");
    std::fs::copy(fixture("log.db"), giaoban.data().join("log.db")).unwrap();
    let giaoban = giaoban.with("GIAOBAN__KAFKA__TOPIC", "giaoban.event");
    let said = giaoban.fails(11, &["publish", "a.ndjson"]);
    assert!(said.contains("topic giaoban.events") && said.contains("topic giaoban.event of"), "{said}");
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_a_schema_is_refused_with_the_command_that_rebuilds_it_and_lists_what_changes() {
    let database = Database::new();
    let dump = std::fs::read_to_string(fixture("store-postgres.sql")).unwrap();
    let dump = dump.replace("'giaoban.events'", "'the topic'");
    let dump = dump.replace("giaoban.", &format!("{}.", database.schema));
    let dump = dump.replace("SCHEMA giaoban;", &format!("SCHEMA {};", database.schema));
    database.run(&dump.replace("'the topic'", "'giaoban.events'"));
    let giaoban =
        with(&["log.db"]).with("GIAOBAN__STORE__URL", &database.url).with("GIAOBAN__STORE__SCHEMA", &database.schema);
    rebuilds(&giaoban);
}

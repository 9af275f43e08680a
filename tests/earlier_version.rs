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
        assert!(said.contains("remedy: ") && said.contains("giaoban replay"), "{said}");
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

//! Events that are made up: taken only by a store that was made for them, whose figures all say so.
#![allow(clippy::unwrap_used)]

mod harness;

use std::time::Duration;

use giaoban::log::embedded::EmbeddedLog;
use giaoban::log::{EventLog as _, Outgoing};
use harness::{Giaoban, session};

const FOR_SAMPLES: (&str, &str) = ("GIAOBAN__STORE__SYNTHETIC", "true");

fn made_up(number: usize) -> String {
    session("00004", number, 1, "2020-03-04", 5).replacen('{', "{\"synthetic\":true,", 1)
}

/// Into the log as a producer of one's own would send: nothing is checked.
fn send(giaoban: &Giaoban, event: &str) {
    let mut producer = EmbeddedLog::create(&giaoban.data(), &["giaoban.events", "giaoban.events.dlq"])
        .unwrap()
        .producer("giaoban.events")
        .unwrap();
    let message = Outgoing { key: Some(b"00004".to_vec()), payload: event.as_bytes().to_vec(), ..Outgoing::default() };
    producer.send(&message, 0).unwrap();
    assert!(producer.flush(Duration::from_secs(60)).iter().all(|delivery| delivery.result.is_ok()));
}

fn is_marked(giaoban: &Giaoban) -> bool {
    giaoban.ok(&["rollup", "--period", "2020-Q1", "--format", "json"]).contains("\"synthetic\"")
}

fn sessions(giaoban: &Giaoban) -> i64 {
    giaoban.figure("2020-Q1", "00004", "supervision_sessions").as_i64().unwrap()
}

#[test]
fn a_store_of_real_figures_refuses_what_is_made_up_and_is_marked_by_none_of_it() {
    let giaoban = Giaoban::new();
    giaoban.write("a.ndjson", made_up(1));
    let told = giaoban.fails(5, &["publish", "a.ndjson"]);
    assert!(told.contains("synthetic.not_accepted"), "{told}");
    send(&giaoban, &made_up(2));
    send(&giaoban, &session("00004", 3, 1, "2020-03-04", 5));
    giaoban.settle();
    assert_eq!((sessions(&giaoban), is_marked(&giaoban)), (1, false));
    assert!(giaoban.ok(&["dlq", "list"]).contains("synthetic.not_accepted 1"));

    // What a store is for is decided when it is made.
    let giaoban = giaoban.with(FOR_SAMPLES.0, FOR_SAMPLES.1);
    send(&giaoban, &made_up(4));
    giaoban.settle();
    assert_eq!((sessions(&giaoban), is_marked(&giaoban)), (1, false));
    giaoban.fails(5, &["publish", "a.ndjson"]);
}

#[test]
fn a_store_that_is_made_for_what_is_made_up_takes_it_for_good_and_says_so() {
    let giaoban = Giaoban::new().with(FOR_SAMPLES.0, FOR_SAMPLES.1);
    giaoban.write("a.ndjson", made_up(1));
    giaoban.ok(&["publish", "a.ndjson"]);
    giaoban.settle();
    assert_eq!((sessions(&giaoban), is_marked(&giaoban)), (1, true));

    // Whoever has no such setting finds the store as it was made.
    let giaoban = giaoban.with(FOR_SAMPLES.0, "false");
    giaoban.write("b.ndjson", made_up(2));
    giaoban.ok(&["publish", "b.ndjson"]);
    giaoban.settle();
    assert_eq!(sessions(&giaoban), 2);
    giaoban.ok(&["verify"]);
    giaoban.ok(&["replay", "--switch"]);
    assert_eq!((sessions(&giaoban), is_marked(&giaoban)), (2, true));

    let changes = giaoban.ok(&["replay", "--without-synthetic", "--format", "csv", "--switch", "--drop-records", "2"]);
    assert!(changes.contains("2020-Q1,00004,2020-01-01,supervision_sessions,2,0"), "{changes}");
    assert_eq!((sessions(&giaoban), is_marked(&giaoban)), (0, false));
    giaoban.fails(5, &["publish", "a.ndjson"]);
}

#[test]
fn the_demo_writes_into_no_real_log() {
    let giaoban = Giaoban::new();
    giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-04", 5));
    giaoban.ok(&["publish", "a.ndjson"]);
    let events = || EmbeddedLog::open(&giaoban.data()).unwrap().topic("giaoban.events").unwrap();
    let before = events();
    let told = giaoban.fails(2, &["demo", "--no-serve"]);
    assert!(told.contains("holds events"), "{told}");
    assert_eq!(events(), before);
    assert!(!giaoban.data().join("store-1.db").exists());

    giaoban.settle();
    let told = giaoban.fails(2, &["demo", "--no-serve"]);
    assert!(told.contains("is for real figures"), "{told}");
    assert_eq!(events(), before);
    assert!(!is_marked(&giaoban));
}

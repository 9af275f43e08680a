//! What commands write for programs: every list is an object with one array under its name, also where it is empty, and
//! nothing else is on standard output.

#![allow(clippy::unwrap_used)]

mod harness;

use std::time::Duration;

use giaoban::log::embedded::EmbeddedLog;
use giaoban::log::{EventLog as _, Outgoing};
use harness::{Giaoban, case, session};
use serde_json::Value;

/// Every command that lists, with the name of its array.
const LISTS: [(&[&str], &str); 13] = [
    (&["doctor"], "findings"),
    (&["config", "show"], "settings"),
    (&["config", "check"], "problems"),
    (&["topics", "create"], "topics"),
    (&["dlq", "list"], "dead_letters"),
    (&["dlq", "list", "--all"], "dead_letters"),
    (&["overlaps"], "overlaps"),
    (&["rollup", "--period", "2020-Q1"], "units"),
    (&["records", "--period", "2020-Q1", "--figure", "supervision_sessions"], "records"),
    (&["records", "--period", "2020-Q1", "--figure", "complaints_received"], "records"),
    (&["records", "--period", "2020-Q1", "--figure", "units_nil"], "units"),
    (&["replay"], "changes"),
    (&["verify"], "differences"),
];

/// The lists that have something in them here.
const FILLED: [&str; 6] = ["findings", "settings", "topics", "dead_letters", "units", "records"];

#[test]
fn every_list_for_programs_is_an_object_with_one_named_array() {
    let giaoban = Giaoban::new().with("GIAOBAN__HTTP__LISTEN", "off");
    giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-04", 2) + "\n" + &case("00004", 2, "2020-03-05", ""));
    giaoban.ok(&["publish", "a.ndjson"]);
    // `publish` would refuse it.
    let mut producer = EmbeddedLog::open(&giaoban.data()).unwrap().producer("giaoban.events").unwrap();
    producer.send(&Outgoing { payload: b"{".to_vec(), ..Outgoing::default() }, 0).unwrap();
    assert!(producer.flush(Duration::from_secs(20)).iter().all(|delivery| delivery.result.is_ok()));
    giaoban.settle();
    let mut filled = std::collections::BTreeSet::new();
    for (command, name) in LISTS {
        for lang in ["vi", "en"] {
            let ended = giaoban.run(&[command, &["--format", "json", "--lang", lang]].concat());
            assert_eq!(ended.code, Some(0), "{command:?}: {}{}", ended.out, ended.err);
            let document: Value =
                serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{command:?}: {}", ended.out));
            let rows = document[name].as_array().unwrap_or_else(|| panic!("{command:?} has no {name}: {}", ended.out));
            let arrays = document.as_object().unwrap().values().filter(|value| value.is_array()).count();
            assert_eq!(arrays, 1, "{command:?}");
            assert!(rows.iter().all(Value::is_object), "{command:?}");
            if !rows.is_empty() {
                filled.insert(name);
            }
        }
    }
    assert_eq!(filled, FILLED.into_iter().collect());
}

#[test]
fn a_list_names_each_thing_by_words_that_no_language_changes() {
    let giaoban = Giaoban::new().with("GIAOBAN__HTTP__LISTEN", "off").with("GIAOBAN__KAFKA__GROUP", "g");
    giaoban.publish_sessions(0..1);
    giaoban.settle();
    let of = |command: &[&str], lang: &str| -> Value {
        serde_json::from_str(&giaoban.ok(&[command, &["--format", "json", "--lang", lang]].concat())).unwrap()
    };
    let things = |lang: &str| -> Vec<String> {
        let document = of(&["doctor"], lang);
        let name = |row: &Value| format!("{} {}", row["thing"].as_str().unwrap(), row["verdict"].as_str().unwrap());
        document["findings"].as_array().unwrap().iter().map(name).collect()
    };
    assert_eq!(things("vi"), things("en"));
    assert!(things("en").contains(&"reconciliation ok".to_owned()));
    let shown = of(&["config", "show"], "en");
    let row = |key: &str| shown["settings"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap().clone();
    assert_eq!(
        row("kafka.group"),
        serde_json::json!({"key": "kafka.group", "value": "g", "from": "GIAOBAN__KAFKA__GROUP"})
    );
    assert_eq!(row("kafka.topic")["from"], "default");
    let ended =
        giaoban.command(&["config", "check", "--format", "json"]).env("GIAOBAN__CALENDAR", "none").output().unwrap();
    assert_eq!(ended.status.code(), Some(3));
    let document: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert!(document["problems"][0]["detail"].as_str().unwrap().contains("calendar"), "{document}");
    assert!(document["problems"][0]["remedy"].is_string());
}

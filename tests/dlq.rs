//! Dead letters as operators work with them: seen, sent again after a fix,
//! given up, and a limit that holds a partition until somebody has decided.

#![allow(clippy::unwrap_used)]

mod harness;

use std::time::Duration;

use giaoban::domain::Partition;
use giaoban::log::embedded::EmbeddedLog;
use giaoban::log::{EventLog as _, Outgoing};
use harness::running::Running;
use harness::{Giaoban, session, until};

const EVENTS: &str = "giaoban.events";
const LETTERS: &str = "giaoban.events.dlq";

/// Into the log as a producer of one's own would: nothing is checked.
fn send(giaoban: &Giaoban, messages: impl IntoIterator<Item = (&'static str, Vec<u8>)>) {
    let mut producer = EmbeddedLog::create(&giaoban.data(), &["giaoban.events", "giaoban.events.dlq"])
        .unwrap()
        .producer(EVENTS)
        .unwrap();
    for (key, payload) in messages {
        let key = (!key.is_empty()).then(|| key.as_bytes().to_vec());
        producer
            .send(
                &Outgoing {
                    key,
                    headers: vec![("trace".into(), Some(b"t1".to_vec()))],
                    payload,
                    ..Outgoing::default()
                },
                0,
            )
            .unwrap();
    }
    assert!(producer.flush(Duration::from_secs(20)).iter().all(|delivery| delivery.result.is_ok()));
}

fn messages(giaoban: &Giaoban, topic: &str) -> i64 {
    let topic =
        EmbeddedLog::create(&giaoban.data(), &["giaoban.events", "giaoban.events.dlq"]).unwrap().topic(topic).unwrap();
    topic.partitions.iter().map(|range| range.high.0).sum()
}

/// A session kept by a system that nobody has allowed yet.
fn foreign(number: usize) -> (&'static str, Vec<u8>) {
    let event = session("00004", number, 1, "2020-03-04", 1);
    ("00004", event.replace("/units/00004", "/systems/hr").into_bytes())
}

fn broken(number: usize) -> (&'static str, Vec<u8>) {
    ("00007", format!("{{\"number\":{number},").into_bytes())
}

/// Three that a setting will make good, two that nothing will.
fn five_letters() -> Giaoban {
    let giaoban = Giaoban::new();
    send(&giaoban, (1..=3).map(foreign).chain((1..=2).map(broken)));
    let said = giaoban.settle();
    assert!(said.contains("5 dead-lettered"), "{said}");
    giaoban
}

/// The source is allowed now.
fn mended(giaoban: Giaoban) -> Giaoban {
    giaoban.with("GIAOBAN__SOURCES__ALLOWED", "/systems/hr")
}

fn ids(giaoban: &Giaoban, arguments: &[&str]) -> Vec<String> {
    let listed = giaoban.ok(&[&["dlq", "list", "--format", "json"], arguments].concat());
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    listed["dead_letters"].as_array().unwrap().iter().map(|letter| letter["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn letters_are_listed_by_reason_unit_and_time() {
    let giaoban = five_letters();
    let table = giaoban.ok(&["dlq", "list"]);
    assert!(table.ends_with("\n5 dead letters: source.not_allowed 3, json.syntax 2\n"), "{table}");
    assert_eq!(table.lines().filter(|line| line.contains("/systems/hr  GS-")).count(), 3, "{table}");
    let count = |arguments: &[&str]| ids(&giaoban, arguments).len();
    assert_eq!(count(&["--reason", "json.syntax"]), 2);
    assert_eq!(count(&["--unit", "00004"]), 3);
    assert_eq!(count(&["--unit", "00004", "--reason", "json.syntax"]), 0);
    let now = jiff::Timestamp::now();
    let hour = |hours: i64| (now + jiff::SignedDuration::from_hours(hours)).to_string();
    assert_eq!(count(&["--since", &hour(-1), "--until", &hour(1)]), 5);
    assert_eq!(count(&["--since", &hour(1)]), 0);
    assert_eq!(count(&["--until", &hour(-1)]), 0);
    let today = jiff::tz::Offset::constant(7).to_datetime(now).date().to_string();
    assert_eq!(count(&["--since", &today, "--until", &today]), 5, "a day counts whole");
    let csv = giaoban.ok(&["dlq", "list", "--format", "csv"]);
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let at = rows.headers().unwrap().iter().position(|column| column == "subject").unwrap();
    let subjects: Vec<String> = rows.records().map(|row| row.unwrap()[at].to_owned()).collect();
    assert!(subjects.contains(&"GS-2".to_owned()) && subjects.len() == 5, "{csv}");

    assert_eq!(giaoban.run(&["dlq", "list", "--reason", "no.such"]).code, Some(2));
    assert_eq!(giaoban.run(&["dlq", "list", "--since", "yesterday"]).code, Some(2));
    let empty = Giaoban::new();
    assert!(empty.fails(15, &["dlq", "list"]).contains("--data"));
    assert!(!empty.data().exists(), "looking makes nothing");
}

#[test]
fn a_letter_is_shown_with_what_to_do() {
    let giaoban = five_letters();
    let id = &ids(&giaoban, &["--reason", "source.not_allowed"])[0];
    let said = giaoban.ok(&["dlq", "show", id]);
    for part in [
        "still bad",
        "- source.not_allowed: ",
        "at        /source",
        "found     /systems/hr",
        "allowed   /units/",
        "remedy    ",
        "header       trace: t1",
        "key          00004",
        "lay at       giaoban.events ",
        "\"participants\":1",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(giaoban.fails(15, &["dlq", "show", "5:999"]).contains("5:999"));
    let giaoban = mended(giaoban);
    let said = giaoban.ok(&["dlq", "show", id]);
    assert!(said.contains("it would be taken") && said.contains(&format!("giaoban dlq redrive {id}")), "{said}");
}

#[test]
fn what_a_fix_made_good_is_sent_once() {
    let giaoban = five_letters();
    let ended = giaoban.run(&["dlq", "redrive"]);
    assert_eq!(ended.code, Some(5), "{}", ended.err);
    assert!(ended.out.contains("0 sent again; 5 still bad (source.not_allowed 3, json.syntax 2)"), "{}", ended.out);
    assert!(ended.err.contains("/source"), "{}", ended.err);

    let giaoban = mended(giaoban);
    let before = messages(&giaoban, EVENTS);
    let ended = giaoban.run(&["dlq", "redrive", "--dry-run"]);
    assert_eq!(ended.code, Some(4), "{}", ended.err);
    assert!(ended.out.contains("3 would be sent again; 2 still bad (json.syntax 2)"), "{}", ended.out);
    assert_eq!(messages(&giaoban, EVENTS), before);

    let ended = giaoban.run(&["dlq", "redrive"]);
    assert_eq!(ended.code, Some(4), "{}", ended.err);
    assert!(ended.out.contains("3 sent again; 2 still bad (json.syntax 2); 0 sent before"), "{}", ended.out);
    let said = giaoban.settle();
    assert!(said.contains("Read 3 records") && said.contains("3 applied"), "{said}");
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 3);

    let ended = giaoban.run(&["dlq", "redrive"]);
    assert!(ended.out.contains("0 sent again; 2 still bad (json.syntax 2); 3 sent before"), "{}", ended.out);
    assert_eq!(messages(&giaoban, EVENTS), before + 3);
    assert_eq!(ids(&giaoban, &[]).len(), 2, "what was decided is hidden");

    // The rest is given up, by a person and with a reason.
    assert_eq!(giaoban.run(&["dlq", "discard", "--reason-text", "x"]).code, Some(2), "not everything by mistake");
    assert_eq!(giaoban.run(&["dlq", "discard", "--reason", "json.syntax"]).code, Some(2), "not without a reason");
    let discard = ["dlq", "discard", "--reason", "json.syntax", "--reason-text", "typed by hand"];
    assert!(giaoban.ok(&discard).contains("2 discarded; 0 decided before"));
    assert!(giaoban.ok(&discard).contains("0 discarded; 2 decided before"));
    let ended = giaoban.run(&["dlq", "list"]);
    assert!(ended.out.contains("No dead letters") && ended.err.contains("5 more are decided"), "{}", ended.err);
    let all = giaoban.ok(&["dlq", "list", "--all"]);
    assert_eq!(all.matches("redriven").count(), 3, "{all}");
    assert_eq!(all.matches("discarded typed by hand").count(), 2, "{all}");
    assert!(giaoban.ok(&["dlq", "redrive"]).contains("0 sent again; 0 still bad; 3 sent before; 2 discarded"));
    assert_eq!(messages(&giaoban, LETTERS), 5 + 5, "nothing is deleted");

    // A second thought: the letter goes, and comes back as a letter.
    let id = &ids(&giaoban, &["--all", "--reason", "json.syntax"])[0];
    assert_eq!(giaoban.run(&["dlq", "redrive", "--force"]).code, Some(2), "not everything by mistake");
    assert!(giaoban.ok(&["dlq", "redrive", "--force", id]).contains("1 sent again"));
    assert!(giaoban.ok(&["dlq", "redrive", "--force", id]).contains("0 sent again; 0 still bad; 1 sent before"));
    assert!(giaoban.settle().contains("Read 1 record in"));
    assert_eq!(ids(&giaoban, &[]).len(), 1);
}

#[test]
fn a_redrive_that_was_cut_short_changes_no_figure() {
    let giaoban = mended(five_letters());
    giaoban.run(&["dlq", "redrive"]);
    giaoban.settle();
    // As if it had died before it noted what it had sent.
    let log = rusqlite::Connection::open(giaoban.data().join("log.db")).unwrap();
    let lost = log.execute("DELETE FROM message WHERE topic = ?1 AND headers LIKE '%giaoban_dlq_action%'", [LETTERS]);
    assert_eq!(lost.unwrap(), 3);
    drop(log);
    assert!(giaoban.run(&["dlq", "redrive"]).out.contains("3 sent again"));
    assert!(giaoban.settle().contains("0 applied, 3 duplicate"));
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 3);
}

#[test]
fn redriven_records_are_counted() {
    let giaoban = mended(five_letters()).with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0");
    giaoban.run(&["dlq", "redrive"]);
    let worker = Running::worker(&giaoban);
    until("three are counted", Duration::from_secs(20), || {
        worker.metric("giaoban_worker_records_redriven_total") == Some(3.0)
    });
}

#[test]
fn letters_are_written_out_corrected_and_published() {
    let giaoban = Giaoban::new();
    let wrong = session("00004", 1, 1, "2020-03-04", 1).replace("trade_union", "trade_unoin");
    let pretty: serde_json::Value = serde_json::from_str(&wrong).unwrap();
    send(&giaoban, [("00004", serde_json::to_vec_pretty(&pretty).unwrap()), ("00004", vec![0xff, 0x00])]);
    // In binary mode the attributes are headers.
    let mut producer = EmbeddedLog::create(&giaoban.data(), &["giaoban.events", "giaoban.events.dlq"])
        .unwrap()
        .producer(EVENTS)
        .unwrap();
    let attributes = [
        ("ce_specversion", "1.0"),
        ("ce_id", "B-1.2"),
        ("ce_source", "/units/00004"),
        ("ce_subject", "B-1"),
        ("ce_type", "vn.giaoban.supervision.v1"),
        ("ce_time", "2020-03-04T09:00:00+07:00"),
        ("ce_revision", "2"),
        ("content-type", "application/json"),
    ];
    let headers = attributes.map(|(name, value)| (name.to_owned(), Some(value.as_bytes().to_vec()))).to_vec();
    let payload = br#"{"unit":"00004","held_on":"2020-03-04","body":"trade_unoin","field":"other"}"#.to_vec();
    producer.send(&Outgoing { key: Some(b"00004".to_vec()), headers, payload, ..Outgoing::default() }, 0).unwrap();
    assert!(producer.flush(Duration::from_secs(20))[0].result.is_ok());
    assert!(giaoban.settle().contains("3 dead-lettered"));

    giaoban.ok(&["dlq", "export", "fix.ndjson"]);
    let text = giaoban.read("fix.ndjson");
    assert_eq!(text.lines().filter(|line| line.starts_with('{')).count(), 2, "{text}");
    assert_eq!(text.matches("value.unknown /data/body").count(), 2, "{text}");
    assert!(text.contains("encoding.not_utf8"), "{text}");
    assert_eq!(giaoban.run(&["dlq", "export", "fix.ndjson"]).code, Some(13), "corrections are not overwritten");
    assert_eq!(giaoban.read("fix.ndjson"), text);
    giaoban.write("fix.ndjson", text.replace("trade_unoin", "trade_union"));
    assert!(giaoban.ok(&["publish", "fix.ndjson"]).contains("2 taken, 0 refused"));
    assert!(giaoban.settle().contains("2 applied"));
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 2);
    assert!(giaoban.ok(&["dlq", "discard", "--unit", "00004", "--reason-text", "corrected"]).contains("3 discarded"));
}

#[test]
fn a_poisoned_letter_does_no_harm_to_the_terminal() {
    let giaoban = Giaoban::new();
    let poison = "\u{1b}]0;owned\u{7}\u{202e}";
    let event =
        session("00004", 1, 1, "2020-03-04", 1).replace("/units/00004", &format!("/x{}", poison.escape_unicode()));
    let event = event.replace("\\u{1b}", "\\u001b").replace("\\u{7}", "\\u0007").replace("\\u{202e}", "\\u202e");
    let mut large = vec![b'"'; 1];
    large.extend("ư".repeat(60_000).bytes());
    send(&giaoban, [("\u{1b}[2J", event.into_bytes()), ("00004", vec![0xff, 0x1b, b'x']), ("00007", large)]);
    giaoban.settle();
    let mut all = giaoban.ok(&["dlq", "list"]);
    for id in ids(&giaoban, &[]) {
        let said = giaoban.ok(&["dlq", "show", &id]);
        assert!(said.len() < 70_000, "at most 64 KiB are shown");
        all += &said;
    }
    assert!(!all.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{all:?}");
    assert!(all.contains("\\xff\\x1bx") && all.contains("bytes more") && all.contains("message.too_large"));
}

#[test]
fn too_many_bad_records_hold_their_partition_at_the_same_place_until_they_are_accepted() {
    let giaoban = Giaoban::new().with("GIAOBAN__WORKER__DEAD_LETTER_RUN", "20");
    let good = |number| ("00007", session("00007", number, 1, "2020-03-04", 1).into_bytes());
    send(&giaoban, (1..=30).map(good).chain((0..40).map(broken)).chain((31..=33).map(good)));
    let stopped = giaoban.fails(17, &["worker", "--until-caught-up"]);
    assert!(stopped.contains("21 of 21 messages of partition ") && stopped.contains("offset 30 to 50"), "{stopped}");
    for part in ["json.syntax", "giaoban dlq accept", "worker.dead_letter_run", "remedy"] {
        assert!(stopped.contains(part), "{part}: {stopped}");
    }
    assert_eq!(giaoban.figure("2020-Q1", "00007", "supervision_sessions"), 30, "what lies before is counted");
    // Its last line, but for the time.
    let said = |text: &str| text.lines().next_back().and_then(|line| Some(line.split_once("\"error\":")?.1.to_owned()));
    assert!(said(&stopped).is_some(), "{stopped}");
    for _ in 0..2 {
        assert_eq!(said(&giaoban.fails(17, &["worker", "--until-caught-up"])), said(&stopped));
    }
    let vietnamese = giaoban.fails(17, &["worker", "--until-caught-up", "--lang", "vi"]);
    assert!(vietnamese.contains("21 trong 21 bản ghi") && vietnamese.contains("Sửa bên gửi"), "{vietnamese}");
    let doctor = giaoban.run(&["doctor"]);
    assert!(doctor.code == Some(16) && doctor.out.contains("is held at record 50"), "{}", doctor.out);
    // A replay goes as far as the store has counted: what is held gets its dead letters, or none, from a worker.
    giaoban.ok(&["replay", "--switch"]);
    assert_eq!(said(&giaoban.fails(17, &["worker", "--until-caught-up"])), said(&stopped));

    let (_, rest) = stopped.split_once("messages of partition ").unwrap();
    let partition = rest.split(',').next().unwrap();
    let accept = |partition: &str, through: &str| {
        giaoban.run(&["dlq", "accept", "--partition", partition, "--through", through, "--reason-text", "đã sửa"])
    };
    assert_eq!(
        (accept("99", "end").code, accept(partition, "73").code),
        (Some(15), Some(15)),
        "there is no such record"
    );
    assert!(accept(partition, "49").out.contains("there is nothing to accept"));
    // Up to a record: what follows is counted anew, and is not too many.
    let ended = accept(partition, "55");
    assert!(ended.code == Some(0) && ended.out.contains("records 50 to 55 are accepted"), "{}{}", ended.out, ended.err);
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "00007", "supervision_sessions"), 33);
    let doctor = giaoban.ok(&["doctor"]);
    assert!(doctor.contains("73 records read, none has vanished") && !doctor.contains("is held"), "{doctor}");
    // What was accepted is not held against those that follow.
    send(&giaoban, [broken(98), good(34), broken(99), good(35)]);
    assert!(giaoban.settle().contains("2 applied, 0 duplicate, 0 superseded, 2 dead-lettered"));
    send(&giaoban, (100..130).map(broken));
    assert!(giaoban.fails(17, &["worker", "--until-caught-up"]).contains("21 of 21 messages"));
    assert_eq!(accept(partition, "end").code, Some(0));
    giaoban.settle();
}

#[test]
fn garbage_in_one_partition_keeps_no_other_waiting_and_a_running_worker_hears_of_a_decision() {
    let giaoban = Giaoban::new().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0");
    send(&giaoban, []);
    let log = EmbeddedLog::open(&giaoban.data()).unwrap();
    let mut producer = log.producer(EVENTS).unwrap();
    let partitions: Vec<Partition> =
        log.topic(EVENTS).unwrap().partitions.iter().map(|range| range.partition).collect();
    let mut to = |partition: Partition, payloads: Vec<Vec<u8>>| {
        for payload in payloads {
            producer.send(&Outgoing { partition: Some(partition), payload, ..Outgoing::default() }, 0).unwrap();
        }
        assert!(producer.flush(Duration::from_secs(20)).iter().all(|delivery| delivery.result.is_ok()));
    };
    let session_of = |number| session("00007", number, 1, "2020-03-04", 1).into_bytes();
    let (bad, good) = (partitions[0], partitions[1]);
    let worker = Running::worker(&giaoban);
    to(bad, (0..1_001).map(|number| broken(number).1).chain([session_of(1)]).collect());
    let until = |what: &str, condition: &dyn Fn() -> bool| until(what, Duration::from_secs(60), condition);
    let held = || worker.metric(&format!("giaoban_worker_partition_held{{partition=\"{bad}\"}}"));
    until("it is held", &|| held() == Some(1.0));
    let (status, said) = worker.readiness();
    assert!(status == 200 && said.starts_with(&format!("ok\npartition {bad} is held at offset 999")), "{said}");
    to(good, vec![session_of(2)]);
    let figure = || giaoban.figure("2020-Q1", "00007", "supervision_sessions");
    until("the other partition", &|| giaoban.run(&["rollup", "--period", "2020-Q1"]).code == Some(0) && figure() == 1);
    let number = bad.to_string();
    giaoban.ok(&["dlq", "accept", "--partition", &number, "--through", "end", "--reason-text", "đã sửa"]);
    until("the partition goes on", &|| figure() == 2);
    assert_eq!((held(), worker.readiness()), (Some(0.0), (200, "ok\n".to_owned())));
}

#[test]
fn a_small_topic_of_nothing_but_bad_records_passes() {
    let giaoban = Giaoban::new();
    send(&giaoban, (0..999).map(broken));
    assert!(giaoban.settle().contains("999 dead-lettered"));
    send(&giaoban, [broken(1_000)]);
    let said = giaoban.fails(17, &["worker", "--until-caught-up"]);
    assert!(said.contains("1000 of 1000 messages of partition "), "{said}");
    let giaoban = giaoban.with("GIAOBAN__WORKER__DEAD_LETTER_SHARE", "100");
    assert!(giaoban.settle().contains("1 dead-lettered"));
}

#[test]
fn a_letter_as_large_as_a_message_may_be_is_taken_when_it_is_sent_again() {
    let giaoban = Giaoban::new();
    // Its key and the header that every message here has.
    let beside = "00004".len() + "trace".len() + "t1".len();
    let filled = |bytes: usize| {
        let (key, payload) = foreign(1);
        let mut payload =
            String::from_utf8(payload).unwrap().replace(r#""participants""#, r#""topic":"","participants""#);
        let at = payload.find(r#""topic":""#).unwrap() + r#""topic":""#.len();
        payload.insert_str(at, &"x".repeat(bytes - beside - payload.len()));
        (key, payload.into_bytes())
    };
    send(&giaoban, [filled(65_536)]);
    assert!(giaoban.settle().contains("1 dead-lettered"));
    let giaoban = mended(giaoban);
    assert!(giaoban.ok(&["dlq", "redrive"]).contains("1 sent again"));
    assert!(giaoban.settle().contains("1 applied"));
    send(&giaoban, [filled(65_537)]);
    assert!(giaoban.settle().contains("1 dead-lettered"));
    assert!(giaoban.ok(&["dlq", "list"]).contains("message.too_large"));
}

#[test]
fn many_letters_are_worked_on() {
    let giaoban = mended(Giaoban::new()).with("GIAOBAN__WORKER__DEAD_LETTER_SHARE", "100");
    send(&giaoban, (0..1_700).map(|number| if number % 5 == 0 { broken(number) } else { foreign(number) }));
    let unmended = giaoban.with("GIAOBAN__SOURCES__ALLOWED", "/systems/other");
    assert!(unmended.settle().contains("1700 dead-lettered"));
    let giaoban = mended(unmended);
    assert!(giaoban.ok(&["dlq", "list"]).ends_with("\n1700 dead letters: source.not_allowed 1360, json.syntax 340\n"));
    let ended = giaoban.run(&["dlq", "redrive"]);
    assert!(ended.out.contains("1360 sent again; 340 still bad"), "{}", ended.out);
    assert!(ended.err.lines().count() < 30, "a few are told, the rest is counted: {}", ended.err);
    assert!(giaoban.settle().contains("1360 applied"));
    assert!(
        giaoban
            .run(&["dlq", "redrive"])
            .out
            .contains("0 sent again; 340 still bad (json.syntax 340); 1360 sent before")
    );
}

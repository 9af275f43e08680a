//! What only a real broker decides.

#![allow(clippy::unwrap_used)]

mod harness;

use std::collections::BTreeMap;
use std::time::Duration;

use giaoban::domain::Offset;
use giaoban::log::kafka::{KafkaLog, KafkaSettings};
use giaoban::log::{EventLog as _, Outgoing};
use harness::{Giaoban, session};

fn log(giaoban: &Giaoban) -> KafkaLog {
    let brokers = giaoban.variable("GIAOBAN__KAFKA__BROKERS").to_owned();
    KafkaLog::new(KafkaSettings { brokers, properties: BTreeMap::new() }).unwrap()
}

fn message(payload: &[u8], headers: &[(&str, Option<&[u8]>)]) -> Outgoing {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec))).collect();
    Outgoing { key: Some(b"00004".to_vec()), headers, payload: payload.to_vec() }
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_topics_are_made_on_purpose_only() {
    let giaoban = Giaoban::on_kafka();
    giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-04", 1));
    for command in [&["publish", "a.ndjson"][..], &["worker"], &["doctor"]] {
        let ended = giaoban.run(command);
        assert_eq!(ended.code, Some(if command[0] == "doctor" { 16 } else { 7 }), "{}", ended.err);
        assert!((ended.err + &ended.out).contains("giaoban topics create"), "{command:?}");
    }
    giaoban.ok(&["topics", "create", "--partitions", "3"]);
    assert!(giaoban.ok(&["topics", "create"]).contains("is there already: 3 partitions"));
    giaoban.ok(&["publish", "a.ndjson"]);
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "00004", "participants"), 1);
    let said = giaoban.ok(&["doctor"]);
    assert!(said.contains("0 records are not in the store yet"), "{said}");
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_bad_messages_become_dead_letters() {
    let giaoban = Giaoban::on_kafka();
    giaoban.ok(&["topics", "create"]);
    let (topic, dead_letters) =
        (giaoban.variable("GIAOBAN__KAFKA__TOPIC"), giaoban.variable("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC"));
    let log = log(&giaoban);
    let data = br#"{"unit":"00004","held_on":"2020-03-04","body":"other","field":"other"}"#;
    let binary = |event_type: &'static str| {
        let mut headers: Vec<(&str, Option<&[u8]>)> = [
            ("ce_specversion", "1.0"),
            ("ce_id", "B-1.1"),
            ("ce_source", "/units/00004"),
            ("ce_subject", "B-1"),
            ("ce_time", "2020-03-04T09:00:00+07:00"),
            ("ce_revision", "1"),
            ("content-type", "application/json"),
        ]
        .map(|(name, value)| (name, Some(value.as_bytes())))
        .to_vec();
        headers.push(("ce_type", Some(event_type.as_bytes())));
        message(data, &headers)
    };
    let bad = [
        (message(b"{\"specversion\":", &[("trace", Some(b"t1")), ("empty", None)]), "json.syntax"),
        (
            message(session("00004", 1, 1, "2020-03-04", 1).replace("supervision.v1", "weather.v1").as_bytes(), &[]),
            "type.unknown",
        ),
        (message(&[0xff, 0xfe, 0x00], &[]), "encoding.not_utf8"),
        (message(b"", &[]), "message.empty"),
        (message(&vec![b'x'; 100 << 10], &[]), "message.too_large"),
        (binary("vn.giaoban.supervision.v2"), "type.version_unknown"),
    ];
    let good = [message(session("00004", 2, 1, "2020-03-04", 7).as_bytes(), &[]), binary("vn.giaoban.supervision.v1")];
    let mut producer = log.producer(topic).unwrap();
    let all: Vec<&Outgoing> = bad.iter().map(|(message, _)| message).chain(&good).collect();
    for (tag, message) in all.iter().enumerate() {
        producer.send((*message).clone(), tag as u64).unwrap();
    }
    let sent: BTreeMap<u64, _> = producer
        .flush(Duration::from_secs(20))
        .into_iter()
        .map(|delivery| (delivery.tag, delivery.result.unwrap()))
        .collect();
    assert_eq!(sent.len(), all.len());

    let said = giaoban.settle();
    assert!(said.contains("2 applied, 0 duplicate, 0 superseded, 6 dead-lettered"), "{said}");
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 2);

    let mut letters = BTreeMap::new();
    for range in log.topic(dead_letters).unwrap().partitions {
        let count = (range.high.0 - range.low.0) as usize;
        if count > 0 {
            log.read(dead_letters, range.partition, Offset(range.low.0), count, &mut |letter| {
                let headers: Vec<(String, Option<Vec<u8>>)> = letter
                    .headers
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec)))
                    .collect();
                let own = |name: &str| {
                    let header = headers.iter().find(|(known, _)| known == &format!("giaoban_dlq_{name}")).unwrap();
                    String::from_utf8(header.1.clone().unwrap()).unwrap()
                };
                assert_eq!(own("topic"), topic);
                assert!(own("time").parse::<i64>().unwrap() > 1_600_000_000_000);
                assert!(own("detail").contains(&own("reason")));
                let kept = headers.iter().filter(|(name, _)| !name.starts_with("giaoban_dlq_")).cloned().collect();
                let message = Outgoing {
                    key: letter.key.map(<[u8]>::to_vec),
                    headers: kept,
                    payload: letter.payload.unwrap().to_vec(),
                };
                letters.insert((own("partition"), own("offset")), (message, own("reason")));
            })
            .unwrap();
        }
    }
    assert_eq!(letters.len(), bad.len());
    for (tag, (message, reason)) in bad.iter().enumerate() {
        let position = sent[&(tag as u64)];
        let (letter, found) = &letters[&(position.partition.to_string(), position.offset.to_string())];
        assert_eq!((letter, found.as_str()), (message, *reason), "as it was, to be sent again");
    }
}

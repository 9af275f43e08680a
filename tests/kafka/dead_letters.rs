//! What a broker decides of dead letters, and of what the worker does without their topic.

use std::collections::BTreeMap;
use std::time::Duration;

use giaoban::domain::Offset;
use giaoban::log::kafka::{KafkaLog, KafkaSettings};
use giaoban::log::{Clock, Delivery, EventLog as _, LogError, Outgoing, TopicSpec};

use crate::harness::bad::bad_lines;
use crate::harness::{Giaoban, session};
use crate::{log, message, send, transactions};

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
        producer.send(message, tag as u64).unwrap();
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
                    ..Outgoing::default()
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

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_what_publish_refuses_is_a_dead_letter_with_the_same_code() {
    let giaoban = Giaoban::on_kafka();
    giaoban.ok(&["topics", "create"]);
    let (topic, dead_letters) =
        (giaoban.variable("GIAOBAN__KAFKA__TOPIC"), giaoban.variable("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC"));
    let log = log(&giaoban);
    let mut bad = bad_lines();
    // What is larger than the topic takes does not come as far as the worker.
    bad.iter_mut().for_each(|(line, _)| line.truncate(512 << 10));
    let mut producer = log.producer(topic).unwrap();
    for (tag, (line, _)) in bad.iter().enumerate() {
        producer.send(&message(line, &[]), tag as u64).unwrap();
    }
    let sent: BTreeMap<(String, String), u64> = producer
        .flush(Duration::from_secs(20))
        .into_iter()
        .map(|delivery| (delivery.result.unwrap(), delivery.tag))
        .map(|(position, tag)| ((position.partition.to_string(), position.offset.to_string()), tag))
        .collect();
    giaoban.settle();
    let mut codes: BTreeMap<u64, String> = BTreeMap::new();
    for range in log.topic(dead_letters).unwrap().partitions {
        let count = (range.high.0 - range.low.0) as usize;
        let mut sink = |letter: giaoban::log::Incoming<'_>| {
            let own = |name: &str| {
                let header = letter.headers.iter().find(|(known, _)| *known == format!("giaoban_dlq_{name}")).unwrap();
                String::from_utf8(header.1.unwrap().to_vec()).unwrap()
            };
            codes.insert(sent[&(own("partition"), own("offset"))], own("reason"));
        };
        if count > 0 {
            log.read(dead_letters, range.partition, Offset(range.low.0), count, &mut sink).unwrap();
        }
    }
    for (tag, (line, code)) in bad.iter().enumerate() {
        let shown = String::from_utf8_lossy(&line[..line.len().min(400)]).into_owned();
        assert_eq!(codes.get(&(tag as u64)).map(String::as_str), Some(*code), "{shown}");
    }
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_headers_that_a_producer_forges_hide_nothing_of_a_dead_letter() {
    let giaoban = Giaoban::on_kafka();
    giaoban.ok(&["topics", "create"]);
    let (topic, dead_letters) =
        (giaoban.variable("GIAOBAN__KAFKA__TOPIC"), giaoban.variable("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC"));
    let log = log(&giaoban);
    let forged: [(&str, Option<&[u8]>); 5] = [
        ("giaoban_dlq_tombstone", Some(b"true")),
        ("giaoban_dlq_action", Some(b"discarded")),
        ("giaoban_dlq_letter", Some(b"0:0")),
        ("giaoban_dlq_reason", Some(b"none")),
        ("trace", Some(b"t1")),
    ];
    let event = session("00004", 1, 1, "2020-03-04", 7).replace("/units/00004", "/systems/hr");
    let mut producer = log.producer(topic).unwrap();
    producer.send(&message(event.as_bytes(), &forged), 0).unwrap();
    assert!(producer.flush(Duration::from_secs(20)).iter().all(|delivery| delivery.result.is_ok()));
    giaoban.settle();
    // Whoever reads the topic without this program finds nobody else speaking in the worker's name.
    let mut said = Vec::new();
    for range in log.topic(dead_letters).unwrap().partitions {
        let mut sink = |letter: giaoban::log::Incoming<'_>| {
            said.extend(
                letter.headers.iter().filter_map(|(name, _)| name.strip_prefix("giaoban_dlq_")).map(str::to_owned),
            );
        };
        let count = (range.high.0 - range.low.0) as usize;
        if count > 0 {
            log.read(dead_letters, range.partition, Offset(range.low.0), count, &mut sink).unwrap();
        }
    }
    assert_eq!(said, ["topic", "partition", "offset", "reason", "detail", "time"]);
    let listed: serde_json::Value = serde_json::from_str(&giaoban.ok(&["dlq", "list", "--format", "json"])).unwrap();
    assert_eq!(listed["dead_letters"][0]["state"], "open");
    assert_eq!(listed["dead_letters"][0]["bytes"], event.len());
    let shown = giaoban.ok(&["dlq", "show", listed["dead_letters"][0]["id"].as_str().unwrap()]);
    assert!(shown.contains("giaoban_dlq_tombstone: true") && shown.contains(&event), "{shown}");
    let giaoban = giaoban.with("GIAOBAN__SOURCES__ALLOWED", "/systems/hr");
    assert!(giaoban.ok(&["dlq", "redrive"]).contains("1 sent"));
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "00004", "participants"), 7);
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_dead_letters_are_sent_again_once() {
    let giaoban = Giaoban::on_kafka();
    giaoban.ok(&["topics", "create"]);
    assert!(giaoban.ok(&["dlq", "list"]).contains("No dead letters"));
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    let foreign = |number| session("00004", number, 1, "2020-03-04", 1).replace("/units/00004", "/systems/hr");
    let good = |number| message(session("00004", number, 1, "2020-03-04", 1).as_bytes(), &[]);
    let mut messages: Vec<Outgoing> = (2_000..4_000).map(good).collect();
    messages.extend((0..1_200).map(|number| message(foreign(number).as_bytes(), &[])));
    messages.push(message(b"{", &[("trace", Some(b"t1")), ("empty", None)]));
    send(&log(&giaoban), &topic, &messages);
    assert!(giaoban.settle().contains("2000 applied, 0 duplicate, 0 superseded, 1201 dead-lettered"));

    let giaoban = giaoban.with("GIAOBAN__SOURCES__ALLOWED", "/systems/hr");
    let ended = giaoban.run(&["dlq", "redrive"]);
    assert_eq!(ended.code, Some(4), "{}", ended.err);
    assert!(ended.out.contains("1200 sent again; 1 still bad (json.syntax 1); 0 sent before"), "{}", ended.out);
    assert!(giaoban.settle().contains("1200 applied, 0 duplicate"));
    let ended = giaoban.run(&["dlq", "redrive"]);
    assert!(ended.out.contains("0 sent again; 1 still bad (json.syntax 1); 1200 sent before"), "{}", ended.out);
    assert!(giaoban.settle().contains("Read 0 records"));
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 3_200);
    let listed: serde_json::Value = serde_json::from_str(&giaoban.ok(&["dlq", "list", "--format", "json"])).unwrap();
    let id = listed["dead_letters"][0]["id"].as_str().unwrap();
    assert!(giaoban.ok(&["dlq", "show", id]).contains("header       empty: null"));
    assert!(giaoban.fails(15, &["dlq", "show", "9:9"]).contains("9:9"));
    assert!(giaoban.ok(&["dlq", "discard", id, "--reason-text", "mất"]).contains("1 discarded"));
    assert!(giaoban.ok(&["dlq", "list", "--all"]).contains("discarded mất"));
}

/// Changes a topic's setting, as its administrator would.
fn alter(giaoban: &Giaoban, topic: &str, key: &str, value: &str) {
    use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", giaoban.variable("GIAOBAN__KAFKA__BROKERS"));
    let admin: AdminClient<_> = config.create().unwrap();
    let change = AlterConfig::new(ResourceSpecifier::Topic(topic)).set(key, value);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let changed = runtime.block_on(admin.alter_configs([&change], &AdminOptions::new())).unwrap();
    assert!(changed.iter().all(Result::is_ok), "{changed:?}");
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_a_dead_letter_topic_that_refuses_stops_the_worker_until_it_is_mended() {
    let giaoban = Giaoban::on_kafka();
    let (topic, letters) = (
        giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned(),
        giaoban.variable("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC").to_owned(),
    );
    let log = log(&giaoban);
    let spec = |name: &str, max_message_bytes| TopicSpec {
        name: name.into(),
        partitions: 1,
        replication: Some(1),
        max_message_bytes,
        clock: Clock::Log,
    };
    log.create_topic(&spec(&topic, 1 << 20)).unwrap();
    let good = |number| message(session("00004", number, 1, "2020-03-04", 1).as_bytes(), &[]);
    // Not to be compressed: what counts is what the broker gets.
    let mut state = 1_u64;
    let mut noise = |bytes: usize| -> Vec<u8> {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..bytes).map(|_| next()).collect()
    };
    let small: Vec<Outgoing> = (0..8).map(|_| message(&noise(1_000), &[])).collect();
    send(&log, &topic, &[&[good(1)][..], &small, &[good(2)]].concat());
    let nothing_moved = || {
        let said = giaoban.ok(&["rollup", "--period", "2020-Q1", "--format", "json"]);
        assert!(
            !said.contains("\"supervision_sessions\": 1") && !said.contains("\"supervision_sessions\":1"),
            "{said}"
        );
    };

    // It is not there.
    let said = giaoban.fails(7, &["worker", "--until-caught-up"]);
    assert!(said.contains(&letters) && said.contains("message 1 of partition 0"), "{said}");
    assert!(said.contains("giaoban topics create"), "{said}");
    nothing_moved();
    // It takes each of the letters, but not all at once.
    log.create_topic(&spec(&letters, 3_000)).unwrap();
    assert!(giaoban.settle().contains("2 applied, 0 duplicate, 0 superseded, 8 dead-lettered"));

    // It does not take this one.
    send(&log, &topic, &[message(&noise(5_000), &[]), good(3), good(4)]);
    for _ in 0..2 {
        let said = giaoban.fails(7, &["worker", "--until-caught-up"]);
        assert!(said.contains("message 10 of partition 0") && said.contains("max.message.bytes"), "{said}");
        assert!(said.contains(&format!("--entity-name {letters}")), "{said}");
        assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 2);
    }
    alter(&giaoban, &letters, "max.message.bytes", "4194304");
    assert!(giaoban.settle().contains("2 applied, 0 duplicate, 0 superseded, 1 dead-lettered"));
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 4);
    // Tried before, some were written twice: each is one letter.
    let listed: serde_json::Value = serde_json::from_str(&giaoban.ok(&["dlq", "list", "--format", "json"])).unwrap();
    assert_eq!(listed["dead_letters"].as_array().unwrap().len(), 9);
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_a_dead_letter_topic_that_refuses_for_good_stops_the_worker_and_says_why() {
    let giaoban = Giaoban::on_kafka();
    giaoban.ok(&["topics", "create", "--partitions", "1"]);
    let (topic, letters) = (
        giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned(),
        giaoban.variable("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC").to_owned(),
    );
    // A compacted topic takes nothing without a key.
    alter(&giaoban, &letters, "cleanup.policy", "compact");
    let good = message(session("00004", 1, 1, "2020-03-04", 1).as_bytes(), &[]);
    send(&log(&giaoban), &topic, &[good, Outgoing { key: None, ..message(b"{", &[]) }]);
    for _ in 0..2 {
        let said = giaoban.fails(7, &["worker", "--until-caught-up"]);
        assert!(said.contains("message 1 of partition 0") && said.contains(&letters), "{said}");
        assert!(said.contains("InvalidRecord") && said.contains("cleanup.policy"), "{said}");
    }
    alter(&giaoban, &letters, "cleanup.policy", "delete");
    assert!(giaoban.settle().contains("1 applied, 0 duplicate, 0 superseded, 1 dead-lettered"));
}

#[test]
#[ignore = "takes half a minute: ./test.sh"]
fn kafka_too_few_copies_are_named_before_a_message_is_too_old() {
    use rdkafka::mocking::MockCluster;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("letters", 1, 1).unwrap();
    let too_few = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS;
    cluster.request_errors(RDKafkaApiKey::Produce, &[too_few; 200]);
    let log =
        KafkaLog::new(KafkaSettings { brokers: cluster.bootstrap_servers(), properties: BTreeMap::new() }).unwrap();
    let mut producer = log.producer("letters").unwrap();
    producer.send(&message(b"{", &[]), 0).unwrap();
    let decided = producer.flush(Duration::from_secs(50));
    let [Delivery { result: Err(LogError::Transient(cause)), .. }] = &decided[..] else { panic!("{decided:?}") };
    let cause = cause.to_string();
    assert!(cause.contains("letters") && cause.contains("Not enough in-sync replicas"), "{cause}");
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_too_many_bad_records_hold_their_partition_at_the_same_place_until_they_are_accepted() {
    let giaoban = Giaoban::on_kafka().with("GIAOBAN__WORKER__DEAD_LETTER_RUN", "100");
    giaoban.ok(&["topics", "create", "--partitions", "2"]);
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    let good = |number| message(session("00004", number, 1, "2020-03-04", 1).as_bytes(), &[]);
    let bad = |number: i32| message(format!("{{{number}").as_bytes(), &[]);
    let log = log(&giaoban);
    send(&log, &topic, &(0..500).map(good).chain((0..90).map(bad)).collect::<Vec<_>>());
    giaoban.settle();
    // The run goes on where the store has passed its beginning.
    send(&log, &topic, &(90..300).map(bad).chain((500..510).map(good)).collect::<Vec<_>>());
    let mut partition = String::new();
    for _ in 0..2 {
        let said = giaoban.fails(17, &["worker", "--until-caught-up"]);
        assert!(said.contains("101 of 101 messages") && said.contains("offset 500 to 600"), "{said}");
        partition = said.split_once("messages of partition ").unwrap().1.split(',').next().unwrap().to_owned();
    }
    giaoban.ok(&["dlq", "accept", "--partition", &partition, "--through", "end", "--reason-text", "đã sửa"]);
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 510);
    send(&log, &topic, &[bad(301), good(511)]);
    assert!(giaoban.settle().contains("1 applied, 0 duplicate, 0 superseded, 1 dead-lettered"));
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_dead_letters_are_read_where_their_topic_ends_in_no_message() {
    let giaoban = Giaoban::on_kafka();
    giaoban.ok(&["topics", "create", "--partitions", "1"]);
    let topic = |name: &str| giaoban.variable(name).to_owned();
    send(&log(&giaoban), &topic("GIAOBAN__KAFKA__TOPIC"), &[message(b"{", &[])]);
    assert!(giaoban.settle().contains("1 dead-lettered"));
    // Somebody wrote to it in a transaction, and gave it up.
    transactions(&giaoban, &topic("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC"))(0..2, false);
    let listed = giaoban.ok(&["dlq", "list"]);
    assert!(listed.contains("json.syntax"), "{listed}");
    let ended = giaoban.run(&["dlq", "redrive"]);
    assert!(ended.out.contains("0 sent again; 1 still bad (json.syntax 1)"), "{} {}", ended.out, ended.err);
    assert!(giaoban.ok(&["dlq", "discard", "0:0", "--reason-text", "mất"]).contains("1 discarded"));
    assert!(giaoban.ok(&["dlq", "list", "--all"]).contains("discarded mất"));
}

//! What only a real broker decides.

#![allow(clippy::unwrap_used)]

mod dead_letters;
#[path = "../harness/mod.rs"]
mod harness;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use giaoban::domain::{Offset, Partition};
use giaoban::log::kafka::{KafkaLog, KafkaSettings};
use giaoban::log::{Clock, EventLog as _, Outgoing, TopicSpec, loses_by};
use harness::running::Running;
use harness::{Giaoban, session, until, wait};
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;

fn log(giaoban: &Giaoban) -> KafkaLog {
    let brokers = giaoban.variable("GIAOBAN__KAFKA__BROKERS").to_owned();
    KafkaLog::new(KafkaSettings { brokers, properties: BTreeMap::new() }).unwrap()
}

/// A topic's settings, as the broker has them.
fn settings(giaoban: &Giaoban, topic: &str) -> BTreeMap<String, String> {
    let admin: AdminClient<DefaultClientContext> = rdkafka::ClientConfig::new()
        .set("bootstrap.servers", giaoban.variable("GIAOBAN__KAFKA__BROKERS"))
        .create()
        .unwrap();
    let asked = [ResourceSpecifier::Topic(topic)];
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(admin.describe_configs(&asked, &AdminOptions::new())).unwrap().remove(0).unwrap();
    answer.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?))).collect()
}

fn message(payload: &[u8], headers: &[(&str, Option<&[u8]>)]) -> Outgoing {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec))).collect();
    Outgoing { key: Some(b"00004".to_vec()), headers, payload: payload.to_vec(), ..Outgoing::default() }
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
    // More copies than there are brokers: what is asked for reaches the broker.
    let ended = giaoban.run(&["topics", "create", "--partitions", "3", "--replication", "7"]);
    assert!(ended.code != Some(0) && ended.err.to_lowercase().contains("replication"), "{}", ended.err);
    giaoban.ok(&["topics", "create", "--partitions", "3", "--replication", "1"]);
    for topic in ["GIAOBAN__KAFKA__TOPIC", "GIAOBAN__KAFKA__DEAD_LETTER_TOPIC"].map(|name| giaoban.variable(name)) {
        let kept = settings(&giaoban, topic);
        assert_eq!((kept["retention.ms"].as_str(), kept["retention.bytes"].as_str()), ("-1", "-1"), "{topic}");
        assert_eq!(loses_by(&log(&giaoban).settings(topic).unwrap()), None);
        assert_eq!(log(&giaoban).topic(topic).unwrap().replication, 1);
    }
    assert!(giaoban.ok(&["topics", "create"]).contains("exists already: 3 partitions"));
    giaoban.ok(&["publish", "a.ndjson"]);
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "00004", "participants"), 1);
    let said = giaoban.ok(&["doctor"]);
    assert!(said.contains("0 records are not in the store yet"), "{said}");
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_a_line_goes_while_others_are_waited_for() {
    let giaoban = Giaoban::on_kafka();
    giaoban.ok(&["topics", "create", "--partitions", "1"]);
    let mut child = giaoban.command(&["publish", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let topic = log(&giaoban);
    for number in 1..=2 {
        writeln!(input, "{}", session("00004", number, 1, "2020-03-04", 1)).unwrap();
        until("the line in the topic", Duration::from_secs(20), || {
            topic.topic(giaoban.variable("GIAOBAN__KAFKA__TOPIC")).unwrap().partitions[0].high.0 == number as i64
        });
    }
    drop(input);
    let ended = wait(child, "publish");
    assert!(ended.out.contains("2 taken, 0 refused"), "{}{}", ended.out, ended.err);
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_a_receipt_has_its_lines_in_order_whoever_refused_them() {
    let giaoban = Giaoban::on_kafka();
    let name = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    log(&giaoban)
        .create_topic(&TopicSpec {
            name,
            partitions: 1,
            replication: Some(1),
            max_message_bytes: 1000,
            clock: Clock::Log,
        })
        .unwrap();
    let noise: String =
        (0..1_000_u64).map(|number| format!("{:x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    let large = session("00004", 1, 1, "2020-03-04", 1).replace("}}", &format!(r#","noise":"{noise}"}}}}"#));
    giaoban.write("a.ndjson", [&large, "{", &session("00004", 2, 1, "2020-03-04", 1), "[]"].join("\n"));
    // The broker's answer about the first comes after the check of the second.
    let ended = giaoban.run(&["publish", "a.ndjson"]);
    let receipt = giaoban.read("a.rejected.ndjson");
    let mut told = receipt.lines().filter(|line| line.starts_with('#'));
    assert!(told.next().unwrap().starts_with("# line 1: delivery.failed"), "{receipt}{}", ended.err);
    assert!(told.next().unwrap().starts_with("# line 2: json.syntax"), "{receipt}");
    assert!(told.next_back().unwrap().starts_with("# line 4: json.not_an_object"), "{receipt}");
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_one_event_in_both_content_modes_is_one_record() {
    let giaoban = Giaoban::on_kafka();
    giaoban.ok(&["topics", "create"]);
    let log = log(&giaoban);
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC");
    for subject in ["GS%2F12", "100%", "\"GS-1\"", "Số 12/BC"] {
        let event = serde_json::json!({"specversion": "1.0", "id": format!("{subject}.1"), "source": "/units/00004",
            "type": "vn.giaoban.supervision.v1", "subject": subject, "time": "2020-03-04T09:00:00+07:00",
            "data": {"unit": "00004", "held_on": "2020-03-04", "body": "other", "field": "other", "participants": 3}});
        let attributes = event.as_object().unwrap().iter().filter(|(name, _)| *name != "data");
        let named: Vec<(String, &str)> =
            attributes.map(|(name, value)| (format!("ce_{name}"), value.as_str().unwrap())).collect();
        let mut headers: Vec<(&str, Option<&[u8]>)> =
            named.iter().map(|(name, value)| (name.as_str(), Some(value.as_bytes()))).collect();
        headers.push(("content-type", Some(b"application/json")));
        let binary = message(event["data"].to_string().as_bytes(), &headers);
        send(&log, topic, &[message(event.to_string().as_bytes(), &[]), binary]);
    }
    let said = giaoban.settle();
    assert!(said.contains("8 records") && said.contains("4 duplicate"), "{said}");
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 4);
    assert_eq!(giaoban.figure("2020-Q1", "00004", "participants"), 12);
}

fn send(log: &KafkaLog, topic: &str, messages: &[Outgoing]) {
    let mut producer = log.producer(topic).unwrap();
    for message in messages {
        producer.send(message, 0).unwrap();
    }
    let decided = producer.flush(Duration::from_secs(20));
    assert!(decided.len() == messages.len() && decided.iter().all(|delivery| delivery.result.is_ok()), "{decided:?}");
}

/// What writes sessions of those numbers into partition 0 of a topic in a transaction, and commits it or not.
fn transactions(giaoban: &Giaoban, topic: &str) -> impl Fn(std::ops::Range<usize>, bool) + use<> {
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
    let (log, topic, within) = (log(giaoban), topic.to_owned(), Duration::from_secs(20));
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", giaoban.variable("GIAOBAN__KAFKA__BROKERS")).set("transactional.id", &topic);
    let producer: BaseProducer = config.create().unwrap();
    producer.init_transactions(within).unwrap();
    move |numbers, commit| {
        let end = || log.topic(&topic).unwrap().partitions[0].high.0;
        let with_its_mark = end() + numbers.len() as i64 + 1;
        producer.begin_transaction().unwrap();
        for number in numbers {
            let event = session("00004", number, 1, "2020-03-04", 1);
            producer.send(BaseRecord::to(&topic).partition(0).key("00004").payload(&event)).unwrap();
        }
        producer.flush(within).unwrap();
        if commit { producer.commit_transaction(within) } else { producer.abort_transaction(within) }.unwrap();
        // The broker answers before it has written the mark, and nothing of the transaction is read before that.
        until("the mark", within, || end() >= with_its_mark);
    }
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_what_an_open_transaction_hides_is_waited_for_and_told() {
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
    let giaoban = Giaoban::on_kafka().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0");
    giaoban.ok(&["topics", "create", "--partitions", "1"]);
    // There is a store: without one, that is what doctor tells.
    giaoban.settle();
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    let within = Duration::from_secs(20);
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", giaoban.variable("GIAOBAN__KAFKA__BROKERS")).set("transactional.id", &topic);
    let open: BaseProducer = config.create().unwrap();
    open.init_transactions(within).unwrap();
    open.begin_transaction().unwrap();
    let event = session("00004", 1, 1, "2020-03-04", 1);
    open.send(BaseRecord::to(&topic).partition(0).key("00004").payload(&event)).unwrap();
    open.flush(within).unwrap();
    // Somebody else's event lies behind it.
    giaoban.write("a.ndjson", session("00004", 2, 1, "2020-03-04", 1));
    giaoban.ok(&["publish", "a.ndjson"]);
    let watched = Running::worker(&giaoban);
    let of = |name: &str| watched.metric(&format!("giaoban_worker_{name}{{partition=\"0\"}}"));
    until("word of it", within, || of("hidden_records") == Some(2.0));
    assert_eq!((of("lag_records"), of("partition_unavailable")), (Some(0.0), Some(0.0)));
    let readiness = (200, "ok\npartition 0: 2 offsets lie behind an open transaction, see giaoban doctor\n".to_owned());
    assert_eq!(watched.readiness(), readiness);
    watched.stop();
    let mut worker = Running::unserved(giaoban.command(&["worker", "--until-caught-up"]));
    let doctor = giaoban.run(&["doctor"]);
    assert!(
        doctor.code == Some(16) && doctor.out.contains("2 offsets lie behind an open transaction"),
        "{}",
        doctor.out
    );
    worker.says("an open transaction of some producer hides");
    // What is hidden is not in the store.
    worker.assert_running();
    open.commit_transaction(within).unwrap();
    let (code, said) = worker.ended();
    assert_eq!(code, Some(0), "{said}");
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 2);
    assert!(!giaoban.ok(&["doctor"]).contains("open transaction"));
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_a_topic_that_ends_in_no_message_is_read_to_its_end() {
    let giaoban = Giaoban::on_kafka().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0");
    giaoban.ok(&["topics", "create", "--partitions", "1"]);
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    let within = Duration::from_secs(20);
    let transaction = transactions(&giaoban, &topic);
    let sessions = |giaoban: &Giaoban| giaoban.figure("2020-Q1", "00004", "supervision_sessions");
    transaction(0..3, true);
    let settled = giaoban.run(&["worker", "--until-caught-up"]);
    assert!(settled.out.contains("3 applied") && !settled.err.contains("end of partition"), "{}", settled.err);
    transaction(3..5, false);
    assert!(giaoban.settle().contains("Read 0 records"));
    let said = giaoban.ok(&["doctor"]);
    assert!(said.contains("0 records are not in the store yet"), "{said}");
    assert!(giaoban.ok(&["replay"]).contains("Nothing would change"));
    assert_eq!(sessions(&giaoban), 3);

    let worker = Running::worker(&giaoban);
    let lag = || worker.metric("giaoban_worker_lag_records{partition=\"0\"}");
    until("an idle worker does not lag", within, || lag() == Some(0.0));
    transaction(5..9, true);
    until("it has read what follows", within, || sessions(&giaoban) == 7);
    until("it does not lag again", within, || lag() == Some(0.0));
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_a_worker_that_stands_by_is_started_and_ready_and_what_nobody_reads_is_seen() {
    let giaoban = Giaoban::on_kafka()
        .with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0")
        .with("GIAOBAN__STORE__URL", &std::env::var("POSTGRES_URL").expect("POSTGRES_URL is not set: run ./test.sh"));
    let name = format!("spare_{:x}", jiff::Timestamp::now().as_nanosecond());
    let giaoban = giaoban.with("GIAOBAN__STORE__SCHEMA", &name);
    giaoban.ok(&["topics", "create", "--partitions", "1"]);
    let within = Duration::from_secs(40);
    let first = Running::worker(&giaoban);
    first.until_ready();
    let second = Running::worker(&giaoban);
    until("both are ready", within, || first.is_ready() && second.is_ready());
    assert_eq!((first.get("/startupz").0, second.get("/startupz").0), (200, 200));
    let sum = |name: &str| first.metric(name).unwrap() + second.metric(name).unwrap();
    until("one of them reads", within, || sum("giaoban_worker_assigned_partitions") == 1.0);
    for worker in [&first, &second] {
        until("both know of all", within, || worker.metric("giaoban_topic_lag_records{partition=\"0\"}") == Some(0.0));
        assert_eq!(worker.metric("giaoban_topic_partitions"), Some(1.0));
        assert!(worker.metric("giaoban_clock_skew_seconds").is_some_and(|skew| skew.abs() < 5.0));
    }
    second.stop();
    first.stop();
    let serving = Running::of(giaoban.command(&["serve"]));
    serving.until_ready();
    giaoban.publish_sessions(0..3);
    let lag = |of: &str| serving.metric(&format!("giaoban_topic_lag_{of}{{partition=\"0\"}}"));
    until("what nobody reads", within, || lag("records") == Some(3.0));
    // A topic as topics create makes it: the broker says when it took each.
    log(&giaoban)
        .read(giaoban.variable("GIAOBAN__KAFKA__TOPIC"), Partition(0), Offset(0), 1, &mut |message| {
            assert!(message.appended_ms.is_some() && message.appended_ms == message.timestamp_ms);
        })
        .unwrap();
    assert!(lag("seconds") < Some(60.0), "no producer's clock: {:?}", lag("seconds"));
    serving.stop();
    let mut client = postgres::Client::connect(&std::env::var("POSTGRES_URL").unwrap(), postgres::NoTls).unwrap();
    client.batch_execute(&format!("DROP SCHEMA \"{name}\" CASCADE")).unwrap();
}

//! What every event log keeps to, embedded or on Kafka.

#![allow(clippy::unwrap_used)]

mod harness;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use giaoban::domain::{NextOffset, Offset, Partition, Position};
use giaoban::log::embedded::EmbeddedLog;
use giaoban::log::kafka::{KafkaLog, KafkaSettings};
use giaoban::log::{
    Clock, Consumer, Created, EventLog, LogError, Membership, Most, Outgoing, Polled, Producer, TopicSpec,
};

const TIME: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(50);
const FEW: Most = Most { messages: 7, bytes: 300 };

fn spec(name: &str, partitions: i32) -> TopicSpec {
    TopicSpec {
        name: name.to_owned(),
        partitions,
        replication: Some(1),
        max_message_bytes: 100_000,
        clock: Clock::Sender,
    }
}

fn message(key: &[u8], payload: &[u8]) -> Outgoing {
    Outgoing { key: Some(key.to_vec()), payload: payload.to_vec(), ..Outgoing::default() }
}

fn send(producer: &mut dyn Producer, messages: &[Outgoing]) -> Vec<Result<Position, LogError>> {
    for (tag, message) in messages.iter().enumerate() {
        producer.send(message, tag as u64).unwrap();
    }
    let mut deliveries = producer.flush(TIME);
    deliveries.sort_by_key(|delivery| delivery.tag);
    deliveries.into_iter().map(|delivery| delivery.result).collect()
}

fn assigned(consumer: &mut dyn Consumer) -> Vec<Partition> {
    let begun = Instant::now();
    loop {
        match consumer.poll(STEP, Most::messages(10), &mut |_| panic!("nothing comes before the start")).unwrap() {
            Polled::Assigned(partitions) => return partitions,
            _ => assert!(begun.elapsed() < TIME, "no assignment"),
        }
    }
}

type Read = (Position, Option<Vec<u8>>, Vec<(String, Option<Vec<u8>>)>, Vec<u8>);

/// Reads until so many have come, or nothing more does.
fn read(consumer: &mut dyn Consumer, count: usize) -> Vec<Read> {
    let mut read = Vec::new();
    let begun = Instant::now();
    let patience = if count == 0 { Duration::from_millis(700) } else { TIME };
    while (read.len() < count || count == 0) && begun.elapsed() < patience {
        let (mut handed, mut taken) = (0, 0);
        let polled = consumer.poll(STEP, FEW, &mut |incoming| {
            assert!(handed < FEW.messages && taken < FEW.bytes, "more than was asked for");
            (handed, taken) = (handed + 1, taken + incoming.weight());
            assert!(incoming.timestamp_ms.is_some());
            let headers = incoming.headers.iter().map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec)));
            let payload = incoming.payload.unwrap_or_default().to_vec();
            read.push((incoming.position, incoming.key.map(<[u8]>::to_vec), headers.collect(), payload));
        });
        assert!(matches!(polled.unwrap(), Polled::Messages(_) | Polled::AtEnd(_)));
    }
    read
}

fn contract(log: &dyn EventLog, topic: &str) {
    let spec = spec(topic, 3);
    assert_eq!(log.create_topic(&spec).unwrap(), Created::New);
    assert_eq!(log.create_topic(&spec).unwrap(), Created::AlreadyThere);
    let described = log.topic(topic).unwrap();
    assert_eq!((described.partitions.len(), described.replication), (3, 1));
    assert!(described.partitions.iter().all(|range| range.low == NextOffset(0) && range.high == NextOffset(0)));

    // Positions are dense, an order is kept for each key, and keys lie where the Java client puts them.
    let mut producer = log.producer(topic).unwrap();
    assert!(producer.flush(TIME).is_empty(), "nothing was sent");
    let keys = ["00004", "00007", "00010", "001", "01", "\u{1}\u{2}"];
    let mut messages: Vec<Outgoing> =
        (0..60u8).map(|number| message(keys[usize::from(number) % 6].as_bytes(), &[number])).collect();
    messages.push(Outgoing {
        key: Some(b"00004".to_vec()),
        headers: vec![("a".into(), Some(b"\xff\x00".to_vec())), ("null".into(), None), ("a".into(), Some(Vec::new()))],
        ..Outgoing::default()
    });
    let positions: Vec<Position> = send(&mut *producer, &messages).into_iter().map(Result::unwrap).collect();
    let mut next: BTreeMap<Partition, i64> = BTreeMap::new();
    for (message, position) in messages.iter().zip(&positions) {
        assert_eq!(position.partition, giaoban::log::partitioner::partition_of(message.key.as_deref().unwrap(), 3));
        let next = next.entry(position.partition).or_default();
        assert_eq!(position.offset, Offset(*next));
        *next += 1;
    }
    // One that is too large is refused by itself.
    let sizes = [message(b"00004", b"small"), message(b"00004", &vec![0; 100 << 20]), message(b"00004", b"small")];
    let results = send(&mut *producer, &sizes);
    assert!(results[0].is_ok() && results[2].is_ok());
    assert!(matches!(results[1], Err(LogError::TooLarge { .. })), "{:?}", results[1]);

    // Nothing comes before the start; then everything does, as it was.
    let mut consumer = log.consumer(topic, &Membership::Alone).unwrap();
    let partitions = assigned(&mut *consumer);
    assert_eq!(partitions, [Partition(0), Partition(1), Partition(2)]);
    assert!(read(&mut *consumer, 0).is_empty());
    consumer.start(&partitions.iter().map(|partition| (*partition, NextOffset(0))).collect::<Vec<_>>()).unwrap();
    let all = read(&mut *consumer, 63);
    assert_eq!(all.len(), 63);
    for (message, position) in messages.iter().zip(&positions) {
        let (_, key, headers, payload) = all.iter().find(|read| read.0 == *position).unwrap();
        assert_eq!((key, headers, payload), (&message.key, &message.headers, &message.payload));
    }
    for partition in &partitions {
        let offsets: Vec<i64> =
            all.iter().filter(|read| read.0.partition == *partition).map(|read| read.0.offset.0).collect();
        assert!(offsets.is_sorted());
        let range = log.range(topic, *partition).unwrap();
        assert_eq!((range.low, range.high.0), (NextOffset(0), offsets.len() as i64));
    }

    // What is held before it is started is this consumer's; it is read from where it is sought, at once too.
    let mut late = log.consumer(topic, &Membership::Alone).unwrap();
    assert_eq!(assigned(&mut *late), partitions);
    late.hold(&partitions[..2]).unwrap();
    assert!(read(&mut *late, 0).is_empty(), "held");
    late.hold(&partitions[2..]).unwrap();
    partitions.iter().for_each(|partition| late.seek(*partition, NextOffset(0)).unwrap());
    let mut came: Vec<Position> = read(&mut *late, 63).into_iter().map(|read| read.0).collect();
    came.sort_unstable();
    let mut expected: Vec<Position> = all.iter().map(|read| read.0).collect();
    expected.sort_unstable();
    assert_eq!(came, expected);
    late.close();

    // Back to an offset; then a pause, in which nothing comes.
    let busiest = positions[0].partition;
    consumer.seek(busiest, NextOffset(2)).unwrap();
    let again = read(&mut *consumer, 3);
    assert_eq!(again[0].0, Position { partition: busiest, offset: Offset(2) });
    read(&mut *consumer, 0);
    consumer.pause().unwrap();
    send(&mut *producer, &[message(b"00004", b"later")]);
    assert!(read(&mut *consumer, 0).is_empty(), "paused");
    consumer.resume().unwrap();
    assert_eq!(read(&mut *consumer, 1)[0].3, b"later");
    // What is held keeps still and the others go on, beyond a pause, until it is sought.
    let other = *partitions.iter().find(|partition| **partition != busiest).unwrap();
    let to = |partition, payload| Outgoing { partition: Some(partition), ..message(b"00004", payload) };
    consumer.hold(&[busiest]).unwrap();
    let held = send(&mut *producer, &[to(busiest, b"held"), to(other, b"goes on")]).remove(0).unwrap();
    assert_eq!(read(&mut *consumer, 1)[0].3, b"goes on");
    consumer.pause().unwrap();
    consumer.resume().unwrap();
    assert!(read(&mut *consumer, 0).is_empty(), "held");
    consumer.seek(busiest, NextOffset(held.offset.0)).unwrap();
    assert_eq!(read(&mut *consumer, 1)[0].3, b"held");
    // What is released comes no more.
    consumer.release(&partitions).unwrap();
    send(&mut *producer, &[message(b"00004", b"for nobody")]);
    assert!(read(&mut *consumer, 0).is_empty(), "released");
    consumer.close();

    // A stretch read outside any group.
    let mut stretch = Vec::new();
    let count =
        log.read(topic, busiest, Offset(1), 2, &mut |incoming| stretch.push(incoming.position.offset.0)).unwrap();
    assert_eq!((count, stretch), (2, vec![1, 2]));

    // A copy lies where it is told to, whatever its key, and is as old as it was.
    let copies = format!("{topic}-copies");
    log.create_topic(&TopicSpec { name: copies.clone(), ..spec }).unwrap();
    let mut producer = log.producer(&copies).unwrap();
    let copy = |partition| Outgoing {
        partition: Some(Partition(partition)),
        timestamp_ms: Some(1_600_000_000_000),
        ..message(b"00004", b"copy")
    };
    let mut results = send(&mut *producer, &[copy(2), copy(0), copy(2), copy(3)]).into_iter();
    let places: Vec<Position> = results.by_ref().take(3).map(Result::unwrap).collect();
    let place = |partition, offset| Position { partition: Partition(partition), offset: Offset(offset) };
    assert_eq!(places, [place(2, 0), place(0, 0), place(2, 1)]);
    assert!(results.next().unwrap().is_err(), "there is no such partition");
    log.read(&copies, Partition(0), Offset(0), 1, &mut |incoming| {
        assert_eq!((incoming.timestamp_ms, incoming.payload), (Some(1_600_000_000_000), Some(&b"copy"[..])));
    })
    .unwrap();
}

#[test]
fn the_embedded_log_keeps_to_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    contract(&EmbeddedLog::create(dir.path(), &[]).unwrap(), "events");
}

#[test]
fn the_embedded_log_keeps_what_it_acknowledged_and_takes_several_writers() {
    let dir = tempfile::tempdir().unwrap();
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let log = EmbeddedLog::create(dir.path(), &["events"]).unwrap();
            std::thread::spawn(move || {
                let mut producer = log.producer("events").unwrap();
                for round in 0..20u8 {
                    let results = send(
                        &mut *producer,
                        &[message(b"00004", &[writer, round]), message(b"00007", &[writer, round])],
                    );
                    assert!(results.iter().all(Result::is_ok));
                }
            })
        })
        .collect();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    let log = EmbeddedLog::open(dir.path()).unwrap();
    let total: i64 = log.topic("events").unwrap().partitions.iter().map(|range| range.high.0).sum();
    assert_eq!(total, 120);
}

#[test]
fn an_embedded_log_that_cannot_be_read_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.db");
    let open = || EmbeddedLog::open(dir.path()).err().unwrap();
    std::fs::write(&path, vec![7; 10_000]).unwrap();
    assert!(matches!(open(), LogError::Broken { at, .. } if at.ends_with("log.db")));
    std::fs::remove_file(&path).unwrap();
    drop(EmbeddedLog::create(dir.path(), &["events"]).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(open(), LogError::Broken { cause, .. } if cause.to_string().contains("newer")));
}

fn kafka() -> KafkaLog {
    let brokers = std::env::var("KAFKA_BROKERS").expect("KAFKA_BROKERS is not set: run ./test.sh");
    KafkaLog::new(KafkaSettings { brokers, properties: BTreeMap::new() }).unwrap()
}

fn fresh() -> String {
    format!("contract-{:x}", jiff::Timestamp::now().as_nanosecond())
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_keeps_to_the_contract() {
    contract(&kafka(), &fresh());
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_makes_no_topic_by_being_asked_for_it() {
    let (log, topic) = (kafka(), fresh());
    for _ in 0..2 {
        assert_eq!(log.topic(&topic), Err(LogError::NoSuchTopic(topic.clone())));
        assert_eq!(log.producer(&topic).err(), Some(LogError::NoSuchTopic(topic.clone())));
        assert_eq!(log.consumer(&topic, &Membership::Alone).err(), Some(LogError::NoSuchTopic(topic.clone())));
    }
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_members_of_a_group_share_and_hand_over() {
    share_and_hand_over(&kafka());
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_members_share_and_hand_over_by_the_newer_protocol_too() {
    let brokers = std::env::var("KAFKA_BROKERS").expect("KAFKA_BROKERS is not set: run ./test.sh");
    let properties = [("group.protocol".to_owned(), "consumer".to_owned())].into();
    share_and_hand_over(&KafkaLog::new(KafkaSettings { brokers, properties }).unwrap());
}

fn share_and_hand_over(log: &KafkaLog) {
    let topic = fresh();
    log.create_topic(&spec(&topic, 4)).unwrap();
    let group = Membership::Group(topic.clone());
    let mut one = log.consumer(&topic, &group).unwrap();
    let all = assigned(&mut *one);
    assert_eq!(all.len(), 4);
    one.start(&all.iter().map(|partition| (*partition, NextOffset(0))).collect::<Vec<_>>()).unwrap();
    one.pause().unwrap();
    let mut two = log.consumer(&topic, &group).unwrap();
    let (mut revoked, mut taken) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    while taken.len() < 2 {
        assert!(begun.elapsed() < TIME, "no sharing");
        match one.poll(STEP, Most::messages(10), &mut |_| {}).unwrap() {
            Polled::Revoked(partitions) => {
                one.release(&partitions).unwrap();
                revoked.extend(partitions);
            }
            // Nothing new for it, but the group waits for its answer.
            Polled::Assigned(partitions) => {
                assert!(partitions.is_empty());
                one.start(&[]).unwrap();
            }
            _ => {}
        }
        if let Polled::Assigned(partitions) = two.poll(STEP, Most::messages(10), &mut |_| {}).unwrap() {
            two.start(&partitions.iter().map(|partition| (*partition, NextOffset(0))).collect::<Vec<_>>()).unwrap();
            taken.extend(partitions);
        }
    }
    revoked.sort_unstable();
    taken.sort_unstable();
    assert_eq!(revoked, taken, "only what moves is revoked");
    // A pause ends with what it was for: what was given up in one is read when it is back after it.
    one.resume().unwrap();
    two.close();
    let mut back = Vec::new();
    while back.len() < 2 {
        assert!(begun.elapsed() < TIME, "no handing over");
        if let Polled::Assigned(partitions) = one.poll(STEP, Most::messages(10), &mut |_| {}).unwrap() {
            one.start(&partitions.iter().map(|partition| (*partition, NextOffset(0))).collect::<Vec<_>>()).unwrap();
            back.extend(partitions);
        }
    }
    back.sort_unstable();
    assert_eq!(back, taken);
    let mut producer = log.producer(&topic).unwrap();
    let to = |partition: &Partition| Outgoing { partition: Some(*partition), ..message(b"00004", b"event") };
    let places = send(&mut *producer, &all.iter().map(to).collect::<Vec<_>>());
    let mut came: Vec<Position> = read(&mut *one, 4).into_iter().map(|read| read.0).collect();
    came.sort_unstable();
    let mut places: Vec<Position> = places.into_iter().map(Result::unwrap).collect();
    places.sort_unstable();
    assert_eq!(came, places);
    one.close();
}

/// A member that does not know yet where to start holds what it is given: no other waits for it.
#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_members_that_hold_what_they_are_given_keep_no_other_waiting() {
    for protocol in ["classic", "consumer"] {
        let brokers = std::env::var("KAFKA_BROKERS").expect("KAFKA_BROKERS is not set: run ./test.sh");
        let properties = [("group.protocol".to_owned(), protocol.to_owned())].into();
        let log = KafkaLog::new(KafkaSettings { brokers, properties }).unwrap();
        let (topic, begun) = (fresh(), Instant::now());
        log.create_topic(&spec(&topic, 4)).unwrap();
        // Of none the beginning is there any more.
        let to = |partition| Outgoing { partition: Some(Partition(partition)), ..message(b"00004", b"gone") };
        let sent = send(&mut *log.producer(&topic).unwrap(), &[0, 1, 2, 3].map(to));
        let mut gone = rdkafka::TopicPartitionList::new();
        for place in sent.into_iter().map(Result::unwrap) {
            gone.add_partition_offset(&topic, place.partition.0, rdkafka::Offset::Offset(1)).unwrap();
        }
        harness::kafka::delete_records(&std::env::var("KAFKA_BROKERS").unwrap(), &gone);
        let group = Membership::Group(topic.clone());
        let mut members: Vec<Box<dyn Consumer>> = Vec::new();
        let mut has = vec![Vec::new(); 3];
        for count in 1..=3 {
            members.push(log.consumer(&topic, &group).unwrap());
            while has[count - 1].is_empty() {
                assert!(begun.elapsed() < 2 * TIME, "{protocol}: member {count} waits for the others");
                for (member, has) in members.iter_mut().zip(&mut has) {
                    match member.poll(STEP, Most::messages(1), &mut |_| panic!("held")).unwrap() {
                        Polled::Assigned(partitions) if partitions.is_empty() => member.start(&[]).unwrap(),
                        Polled::Assigned(partitions) => {
                            member.hold(&partitions).unwrap();
                            has.extend(partitions);
                        }
                        Polled::Revoked(partitions) => {
                            member.release(&partitions).unwrap();
                            has.retain(|partition| !partitions.contains(partition));
                        }
                        _ => {}
                    }
                }
            }
        }
        members.into_iter().for_each(|member| member.close());
    }
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_a_client_that_is_made_anew_loses_what_it_had_and_is_given_it_again() {
    let brokers = std::env::var("KAFKA_BROKERS").expect("KAFKA_BROKERS is not set: run ./test.sh");
    for protocol in ["consumer", "classic", "alone"] {
        let of_group = [("group.protocol".to_owned(), protocol.to_owned())];
        let properties = of_group.into_iter().filter(|_| protocol != "alone").collect();
        let log = KafkaLog::new(KafkaSettings { brokers: brokers.clone(), properties }).unwrap();
        let topic = fresh();
        log.create_topic(&spec(&topic, 2)).unwrap();
        let membership = if protocol == "alone" { Membership::Alone } else { Membership::Group(topic.clone()) };
        let mut consumer = log.consumer(&topic, &membership).unwrap();
        let mut producer = log.producer(&topic).unwrap();
        let to = |partition| Outgoing { partition: Some(Partition(partition)), ..message(b"00004", b"event") };
        // Also before it was answered where they start.
        for started in [true, false] {
            let all = assigned(&mut *consumer);
            assert_eq!(all.len(), 2, "{protocol}");
            if started {
                consumer.start(&all.iter().map(|partition| (*partition, NextOffset(0))).collect::<Vec<_>>()).unwrap();
                assert!(send(&mut *producer, &[to(0), to(1)]).iter().all(Result::is_ok));
                assert_eq!(read(&mut *consumer, 2).len(), 2, "{protocol}");
            }
            consumer.renew();
            let lost = consumer.poll(STEP, FEW, &mut |_| panic!("it is not its any more"));
            assert_eq!(lost, Ok(Polled::Lost(all.clone())), "{protocol}");
            consumer.release(&all).unwrap();
        }
        let all = assigned(&mut *consumer);
        consumer.start(&all.iter().map(|partition| (*partition, NextOffset(1))).collect::<Vec<_>>()).unwrap();
        assert!(send(&mut *producer, &[to(1), to(0)]).iter().all(Result::is_ok));
        assert!(read(&mut *consumer, 2).iter().all(|read| read.0.offset == Offset(1)), "{protocol}: only what follows");
        let begun = Instant::now();
        while !consumer.connected() {
            assert!(begun.elapsed() < TIME, "{protocol}: it has no broker");
            consumer.poll(STEP, FEW, &mut |_| {}).unwrap();
        }
        consumer.close();
    }
}

#[test]
fn what_correctness_needs_cannot_be_set_otherwise() {
    let properties = [("enable.auto.commit".to_owned(), "true".to_owned())].into();
    let error = KafkaLog::new(KafkaSettings { brokers: "127.0.0.1:1".into(), properties }).err().unwrap();
    assert!(matches!(error, LogError::Setting { key, .. } if key == "enable.auto.commit"));
    let properties = [("no.such.property".to_owned(), "x".to_owned())].into();
    let error = KafkaLog::new(KafkaSettings { brokers: "127.0.0.1:1".into(), properties }).err().unwrap();
    assert!(matches!(error, LogError::Setting { key, .. } if key == "no.such.property"));
}

#[test]
fn a_file_of_another_program_is_no_log() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = EmbeddedLog::open(dir.path()).err().unwrap();
    assert!(matches!(&error, LogError::Broken { at, .. } if at.ends_with("log.db")), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before, "left as it was");
}

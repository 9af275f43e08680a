//! On Kafka: a certificate that ends, a group with a stranger in it, a transaction that nobody ends, and messages that are
//! gone unread.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{Offset, TopicPartitionList};

use super::{Watched, client, of_installation};
use crate::harness::certificate::certificate_until;
use crate::harness::kafka::delete_records;
use crate::harness::{Giaoban, session, until};
use crate::pages::Page;
use crate::prometheus::Prometheus;

const HERE: &str = "group";
const WITHIN: Duration = Duration::from_secs(30);

/// A member of the workers' group that is none of ours, for so long.
fn stranger(giaoban: &Giaoban, stays: Duration) {
    let consumer: BaseConsumer = client(giaoban)
        .set("group.id", giaoban.variable("GIAOBAN__KAFKA__GROUP"))
        .set("partition.assignment.strategy", "range")
        .set("heartbeat.interval.ms", "200")
        .create()
        .unwrap();
    consumer.subscribe(&[giaoban.variable("GIAOBAN__KAFKA__TOPIC")]).unwrap();
    let begun = Instant::now();
    while begun.elapsed() < stays {
        let _ = consumer.poll(Duration::from_millis(50));
    }
}

pub fn has_a_stranger(prometheus: &Prometheus) {
    let giaoban = of_installation(Giaoban::on_kafka(), HERE)
        .with("GIAOBAN__KAFKA__PROPERTIES__GROUP_PROTOCOL", "classic")
        .with("GIAOBAN__KAFKA__PROPERTIES__PARTITION_ASSIGNMENT_STRATEGY", "range")
        .with("GIAOBAN__KAFKA__PROPERTIES__HEARTBEAT_INTERVAL_MS", "200");
    // It ends within the three weeks that take 21 seconds.
    let soon = jiff::Timestamp::now() + Duration::from_secs(20);
    let certificate = giaoban.write("authority.pem", certificate_until(soon).0);
    let giaoban = giaoban.with("GIAOBAN__KAFKA__PROPERTIES__SSL_CA_LOCATION", certificate.to_str().unwrap());
    giaoban.ok(&["topics", "create", "--partitions", "4"]);
    let worker = Watched::worker(prometheus, &giaoban);
    worker.running().until_ready();
    let instance = worker.running().address();

    let expiring = prometheus.fires("GiaobanCertificateExpiring", HERE);
    assert_eq!((&expiring["instance"], &expiring["file"]), (&instance.into(), &"kafka.ssl.ca.location".into()));
    Page::of("GiaobanCertificateExpiring").is_looked_at(&giaoban);

    std::thread::scope(|scope| {
        scope.spawn(|| stranger(&giaoban, Duration::from_secs(20)));
        prometheus.fires("GiaobanPartitionsUnread", HERE);
        Page::of("GiaobanPartitionsUnread").is_looked_at(&giaoban);
    });
    prometheus.ends("GiaobanPartitionsUnread", HERE);

    let begun = Instant::now();
    while !prometheus.is_firing("GiaobanRebalancingOften", HERE) {
        assert!(begun.elapsed() < Duration::from_secs(90), "rebalancing again and again is not told");
        stranger(&giaoban, Duration::from_millis(700));
    }
    assert_eq!(prometheus.fires("GiaobanRebalancingOften", HERE)["instance"], instance);
    Page::of("GiaobanRebalancingOften").is_looked_at(&giaoban);
    prometheus.ends("GiaobanRebalancingOften", HERE);

    hides(prometheus, &giaoban);
    worker.stop();
    loses(prometheus, &giaoban);
}

/// A transaction that nobody ends.
fn hides(prometheus: &Prometheus, giaoban: &Giaoban) {
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC");
    let producer: BaseProducer = client(giaoban).set("transactional.id", topic).create().unwrap();
    producer.init_transactions(WITHIN).unwrap();
    producer.begin_transaction().unwrap();
    let event = session("00004", 1, 1, "2020-03-04", 1);
    producer.send(BaseRecord::to(topic).partition(0).key("00004").payload(&event)).unwrap();
    producer.flush(WITHIN).unwrap();
    assert_eq!(prometheus.fires("GiaobanRecordsHidden", HERE)["partition"], "0");
    Page::of("GiaobanRecordsHidden").is_looked_at(giaoban);
    producer.abort_transaction(WITHIN).unwrap();
    prometheus.ends("GiaobanRecordsHidden", HERE);
}

/// Messages that are gone before they were read, and sent again: told for as long as the log is not whole.
fn loses(prometheus: &Prometheus, giaoban: &Giaoban) {
    giaoban.publish_sessions(0..20);
    let mut gone = TopicPartitionList::new();
    for partition in 0..4 {
        gone.add_partition_offset(giaoban.variable("GIAOBAN__KAFKA__TOPIC"), partition, Offset::End).unwrap();
    }
    delete_records(giaoban.variable("GIAOBAN__KAFKA__BROKERS"), &gone);
    giaoban.ok(&["worker", "--until-caught-up", "--accept-gap"]);
    let worker = Watched::worker(prometheus, giaoban);
    prometheus.fires("GiaobanGapAccepted", HERE);
    Page::of("GiaobanGapAccepted").is_looked_at(giaoban);
    giaoban.ok(&["publish", "a.ndjson"]);
    until("they are in the figures after all", WITHIN, || giaoban.sessions() == Some(20));
    assert!(prometheus.is_firing("GiaobanGapAccepted", HERE));
    worker.stop();
}

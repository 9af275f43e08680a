//! What an administrator of Kafka does to topics, and librdkafka's own cluster of two brokers.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::RDKafkaApiKey;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::Giaoban;

pub type Admin = AdminClient<DefaultClientContext>;

fn admin_at(brokers: &str) -> Admin {
    ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap()
}

pub fn admin(giaoban: &Giaoban) -> Admin {
    admin_at(giaoban.variable("GIAOBAN__KAFKA__BROKERS"))
}

pub fn wait_for<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)))
}

pub fn delete_topic(giaoban: &Giaoban) {
    let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
    let deleted = wait_for(admin(giaoban).delete_topics(&[&topic], &options())).unwrap();
    deleted[0].as_ref().unwrap();
}

/// What lies before these offsets is gone.
pub fn delete_records(brokers: &str, before: &TopicPartitionList) {
    wait_for(admin_at(brokers).delete_records(before, &options())).unwrap();
}

/// What lies before that offset of partition 0 is gone.
pub fn expire(giaoban: &Giaoban, before: i64) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(giaoban.variable("GIAOBAN__KAFKA__TOPIC"), 0, Offset::Offset(before)).unwrap();
    delete_records(giaoban.variable("GIAOBAN__KAFKA__BROKERS"), &list);
}

/// Two brokers with two partitions of events, where a leader is gone when it is told to be, and comes back.
pub fn two_brokers() -> MockCluster<'static, DefaultProducerContext> {
    let cluster = MockCluster::new(2).unwrap();
    // From version 12 on it names the leader in its refusal, and crashes where there is none.
    cluster.apiversion(RDKafkaApiKey::Fetch, Some(4), Some(11)).unwrap();
    cluster.create_topic("giaoban.events", 2, 2).unwrap();
    cluster.create_topic("giaoban.events.dlq", 1, 2).unwrap();
    cluster
}

//! Partitions without a leader, beside brokers that answer: on librdkafka's own cluster, where a leader is gone when it is
//! told to be, and comes back.

use super::{Watched, of_installation};
use crate::harness::Giaoban;
use crate::harness::kafka::two_brokers;
use crate::pages::Page;
use crate::prometheus::Prometheus;

const HERE: &str = "leaders";

pub fn are_gone(prometheus: &Prometheus) {
    let cluster = two_brokers();
    let lead = |partition: i32, broker| cluster.partition_leader("giaoban.events", partition, broker).unwrap();
    let giaoban = of_installation(Giaoban::new(), HERE).with("GIAOBAN__KAFKA__BROKERS", &cluster.bootstrap_servers());
    let worker = Watched::worker(prometheus, &giaoban);
    worker.running().until_ready();
    lead(1, None);
    assert_eq!(prometheus.fires("GiaobanPartitionUnavailable", HERE)["partition"], "1");
    Page::of("GiaobanPartitionUnavailable").is_looked_at(&giaoban);
    lead(0, None);
    assert_eq!(prometheus.fires("GiaobanWorkerNotReady", HERE)["instance"], worker.running().address());
    Page::of("GiaobanWorkerNotReady").is_looked_at(&giaoban);
    lead(0, Some(1));
    lead(1, Some(2));
    prometheus.ends("GiaobanWorkerNotReady", HERE);
    prometheus.ends("GiaobanPartitionUnavailable", HERE);
    worker.stop();
}

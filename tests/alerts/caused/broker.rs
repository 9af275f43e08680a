//! A broker that is killed, and started again.

use super::{Watched, of_installation};
use crate::harness::Giaoban;
use crate::harness::broker::Broker;
use crate::pages::Page;
use crate::prometheus::Prometheus;

const HERE: &str = "broker";

pub fn is_killed(prometheus: &Prometheus) {
    let mut broker = Broker::start();
    let giaoban = of_installation(Giaoban::on_kafka_at(&broker.address()), HERE);
    giaoban.ok(&["topics", "create", "--partitions", "2"]);
    let worker = Watched::worker(prometheus, &giaoban);
    worker.running().until_ready();
    broker.kill();
    assert_eq!(prometheus.fires("GiaobanLogDisconnected", HERE)["instance"], worker.running().address());
    Page::of("GiaobanLogDisconnected").is_looked_at(&giaoban);
    broker.start_again();
    prometheus.ends("GiaobanLogDisconnected", HERE);
    worker.stop();
}

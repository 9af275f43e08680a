//! Several workers, Kafka and PostgreSQL in a storm: workers killed again and
//! again or frozen, the database restarted, hanging, its sessions cut. Each ends
//! in the figures of a recount.

#![allow(clippy::unwrap_used)]

#[path = "../database/mod.rs"]
mod database;
mod fleet;
#[path = "../harness/mod.rs"]
mod harness;
#[path = "../oracle/mod.rs"]
mod oracle;
mod publisher;
mod server;
#[path = "../trial/mod.rs"]
mod trial;
mod worker;

use std::time::Duration;

use harness::Giaoban;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

/// How long anything may take, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

fn until(what: &str, condition: impl FnMut() -> bool) {
    harness::until(what, PATIENCE, condition);
}

/// Workers that are missed soon, and write often.
fn giaoban() -> Giaoban {
    Giaoban::on_kafka()
        .with("GIAOBAN__HTTP__LISTEN", "off")
        .with("GIAOBAN__WORKER__BATCH_RECORDS", "20")
        .with("GIAOBAN__WORKER__BATCH_WAIT_MS", "20")
        .with("GIAOBAN__KAFKA__PROPERTIES__SESSION_TIMEOUT_MS", "6000")
        .with("GIAOBAN__KAFKA__PROPERTIES__HEARTBEAT_INTERVAL_MS", "1000")
}

fn with_store(giaoban: Giaoban, url: &str, schema: &str) -> Giaoban {
    giaoban.with("GIAOBAN__STORE__URL", url).with("GIAOBAN__STORE__SCHEMA", schema)
}

fn make_topics(giaoban: &Giaoban, partitions: &str) {
    // A broker under load may not have elected the leaders when it is asked what was made.
    until("the topics", || giaoban.run(&["topics", "create", "--partitions", partitions]).code == Some(0));
}

fn members(giaoban: &Giaoban) -> usize {
    let brokers = giaoban.variable("GIAOBAN__KAFKA__BROKERS");
    let client: BaseConsumer = ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap();
    let groups = client.fetch_group_list(Some(giaoban.variable("GIAOBAN__KAFKA__GROUP")), Duration::from_secs(20));
    groups.unwrap().groups().iter().map(|group| group.members().len()).sum()
}

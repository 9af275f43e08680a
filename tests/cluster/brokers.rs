//! Three brokers with every partition on each of them, of which a write needs two.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use crate::harness::broker::{Broker, free_port};
use crate::until;

/// A broker that is missed for so long is missed by the controller too.
pub const MISSED_AFTER: Duration = Duration::from_secs(9);

const METADATA_LOG: &str = "__cluster_metadata";

/// What a broker is to be to meet with what befalls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It leads a partition of the events.
    Leader,
    /// It coordinates the group of the workers.
    Coordinator,
    /// It controls the cluster.
    Controller,
}

pub struct Cluster {
    brokers: Mutex<Vec<Broker>>,
}

/// The tests of one process, each of which holds it alone while it runs, share one: it is there as long as any has it.
static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
static IN_USE: Mutex<()> = Mutex::new(());

/// Gives the cluster to one test at a time.
pub fn on_cluster(test: impl FnOnce(&Cluster)) {
    let cluster = {
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let cluster = Arc::new(Cluster::start());
            *shared = Arc::downgrade(&cluster);
            cluster
        })
    };
    let _alone = IN_USE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    cluster.heal();
    test(&cluster);
    cluster.heal();
}

impl Cluster {
    fn start() -> Self {
        let ports: Vec<(u16, u16)> = (0..3).map(|_| (free_port(), free_port())).collect();
        let voters: Vec<String> =
            (1..).zip(&ports).map(|(id, (_, controller))| format!("{id}@127.0.0.1:{controller}")).collect();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/server.properties");
        let shipped = fs::read_to_string(shipped).unwrap();
        let of = |id: usize| {
            let (port, controller) = ports[id - 1];
            let properties = format!(
                "{shipped}\nnode.id={id}\ncontroller.quorum.voters={}\n\
                 listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
                 advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
                 default.replication.factor=3\nmin.insync.replicas=2\n\
                 offsets.topic.replication.factor=3\ntransaction.state.log.replication.factor=3\n\
                 share.coordinator.state.topic.replication.factor=3\n\
                 broker.session.timeout.ms={}\n",
                voters.join(","),
                MISSED_AFTER.as_millis(),
            );
            let mut broker = Broker::formatted(&properties, port, &[]);
            broker.spawn();
            broker
        };
        let brokers: Vec<Broker> = std::thread::scope(|scope| {
            let starting: Vec<_> = (1..=3).map(|id| scope.spawn(move || of(id))).collect();
            starting.into_iter().map(|broker| broker.join().unwrap()).collect()
        });
        let cluster = Self { brokers: Mutex::new(brokers) };
        until("three brokers", || cluster.with(|brokers| brokers.iter().all(|broker| broker.named() == 3)));
        cluster
    }

    pub fn with<T>(&self, act: impl FnOnce(&mut [Broker]) -> T) -> T {
        act(&mut self.brokers.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    pub fn addresses(&self) -> String {
        self.with(|brokers| brokers.iter().map(Broker::address).collect::<Vec<_>>().join(","))
    }

    /// Every broker is up, and every copy of every partition in step.
    pub fn heal(&self) {
        self.with(|brokers| {
            for broker in brokers.iter_mut() {
                match broker.is_running() {
                    true => broker.signal("CONT"),
                    false => broker.spawn(),
                }
            }
        });
        until("all copies in step", || {
            self.with(|brokers| brokers.iter().all(|broker| broker.named() == 3))
                && self.behind().is_some_and(|all| all == 0)
        });
    }

    fn client(&self) -> BaseConsumer {
        ClientConfig::new().set("bootstrap.servers", self.addresses()).create().unwrap()
    }

    /// How many copies are not in step.
    fn behind(&self) -> Option<usize> {
        let metadata = self.client().fetch_metadata(None, Duration::from_secs(5)).ok()?;
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        Some(partitions.map(|partition| 3 - partition.isr().len().min(3)).sum())
    }

    /// Who leads each partition, by their numbers from 0; who is away leads none.
    pub fn leaders(&self, topic: &str) -> BTreeMap<i32, usize> {
        let metadata = self.client().fetch_metadata(Some(topic), Duration::from_secs(20)).unwrap();
        let led = metadata.topics()[0].partitions().iter().filter(|partition| partition.leader() > 0);
        led.map(|partition| (partition.id(), partition.leader() as usize - 1)).collect()
    }

    /// A broker in that role, by its number from 0.
    pub fn one_that_is(&self, role: Role, topic: &str, group: &str) -> usize {
        match role {
            Role::Leader => self.leaders(topic)[&0],
            Role::Coordinator => {
                // As a group's coordinator is found: by Java's hash of its name.
                let hash = group.bytes().fold(0i32, |hash, byte| hash.wrapping_mul(31).wrapping_add(i32::from(byte)));
                let offsets = self.leaders("__consumer_offsets");
                offsets[&((hash & i32::MAX) % offsets.len() as i32)]
            }
            Role::Controller => {
                let name = compact(METADATA_LOG);
                // DescribeQuorum of the one partition of the one topic.
                let body = [&[2][..], &name, &[2, 0, 0, 0, 0, 0, 0, 0]].concat();
                let answer = self.with(|brokers| brokers[0].ask((55, 0), &body).unwrap());
                // Behind the error, the topic, and the partition's number and error.
                let at = 2 + 1 + name.len() + 1 + 4 + 2;
                i32::from_be_bytes(answer[at..at + 4].try_into().unwrap()) as usize - 1
            }
        }
    }

    /// Every partition is given another leader: another order of its copies, and an election.
    pub fn move_leaders(&self, topic: &str) {
        let before = self.leaders(topic);
        let mut partitions = vec![before.len() as u8 + 1];
        for (partition, leader) in &before {
            partitions.extend(partition.to_be_bytes());
            partitions.push(4);
            (1..=3).for_each(|next| partitions.extend((((leader + next) % 3) as i32 + 1).to_be_bytes()));
            partitions.push(0);
        }
        // AlterPartitionReassignments within 20 s, then ElectLeaders: the preferred ones, everywhere.
        let moved = [&20_000i32.to_be_bytes()[..], &[2], &compact(topic), &partitions, &[0, 0]].concat();
        let elected = [&[0, 0][..], &20_000i32.to_be_bytes(), &[0]].concat();
        self.with(|brokers| brokers[0].ask((45, 0), &moved).unwrap());
        until("other leaders", || {
            self.with(|brokers| brokers[0].ask((43, 2), &elected).unwrap());
            let now = self.leaders(topic);
            before.iter().all(|(partition, leader)| now.get(partition).is_some_and(|other| other != leader))
        });
    }
}

/// A short text, as flexible versions have it.
fn compact(text: &str) -> Vec<u8> {
    [&[text.len() as u8 + 1], text.as_bytes()].concat()
}

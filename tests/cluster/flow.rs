//! What is sent by `giaoban publish` while something befalls the brokers, how long workers stood still over it, and
//! whether the store has exactly what was sent.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use giaoban::domain::Partition;
use giaoban::log::kafka::{KafkaLog, KafkaSettings};
use giaoban::log::{EventLog as _, Outgoing};
use giaoban::store::{ReadCheckpoints as _, StoreReader};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::database::Database;
use crate::harness::running::Running;
use crate::harness::{self, Giaoban};
use crate::{PATIENCE, trial, until};

/// Events are sent so many at a time, so often: some for each partition each second.
const PORTION: usize = 12;
const EVERY: Duration = Duration::from_millis(50);
/// And for so long after what befell the brokers.
const AFTER: Duration = Duration::from_secs(2);
pub const PARTITIONS: usize = 6;

/// Two workers on one PostgreSQL, and what one producer has sent.
pub struct Flow {
    pub giaoban: Giaoban,
    log: KafkaLog,
    pub stored: Arc<Stored>,
    pub workers: Vec<Running>,
    events: Vec<String>,
    sent: usize,
}

/// The store that the workers write.
pub struct Stored {
    database: Database,
    topic: String,
}

impl Stored {
    /// Where it is in each partition.
    fn progress(&self) -> BTreeMap<Partition, i64> {
        let Ok(mut store) = self.database.at().read() else { return BTreeMap::new() };
        store.checkpoints(&self.topic).unwrap().iter().map(|at| (at.partition, at.next.0)).collect()
    }

    fn all(&self) -> i64 {
        self.progress().values().sum()
    }

    pub fn at(&self, partition: i32) -> i64 {
        self.progress().get(&Partition(partition)).copied().unwrap_or_default()
    }

    /// Waits until it has more of every partition than now.
    pub fn until_each_goes_on(&self) {
        let before = self.progress();
        assert_eq!(before.len(), PARTITIONS);
        until("every partition", || {
            let now = self.progress();
            before.iter().all(|(partition, next)| now.get(partition) > Some(next))
        });
    }
}

/// How long no message of a partition came into the store: of that which waited longest, and of all of them.
#[derive(Clone, Copy, Debug)]
pub struct StoodStill {
    pub one: Duration,
    pub all: Duration,
}

impl Flow {
    pub fn start(brokers: &str) -> Self {
        let database = Database::new();
        let giaoban = Giaoban::on_kafka_at(brokers)
            .with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0")
            .with("GIAOBAN__STORE__URL", &database.url)
            .with("GIAOBAN__STORE__SCHEMA", &database.schema);
        let partitions = PARTITIONS.to_string();
        giaoban.ok(&["topics", "create", "--partitions", &partitions, "--replication", "3"]);
        let workers = (0..2).map(|_| Running::worker(&giaoban)).collect();
        let events = trial::events(20_000, &mut ChaCha8Rng::seed_from_u64(20_203));
        let log = KafkaLog::new(KafkaSettings { brokers: brokers.to_owned(), properties: BTreeMap::new() }).unwrap();
        let stored = Arc::new(Stored { database, topic: giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned() });
        let mut flow = Self { giaoban, log, stored, workers, events, sent: 0 };
        flow.workers.iter_mut().for_each(Running::until_assigned);
        flow
    }

    pub fn topic(&self) -> &str {
        self.giaoban.variable("GIAOBAN__KAFKA__TOPIC")
    }

    /// One message to that partition, whatever it says, under the key `bad`.
    pub fn send_to(&self, partition: i32, payload: &str) {
        let mut producer = self.log.producer(self.topic()).unwrap();
        let partition = Some(Partition(partition));
        producer
            .send(
                &Outgoing { key: Some(b"bad".to_vec()), payload: payload.into(), partition, ..Outgoing::default() },
                0,
            )
            .unwrap();
        assert!(producer.flush(PATIENCE)[0].result.is_ok());
    }

    /// Sends events while that happens and for a while after it, and says how long the workers stood still. `publish`
    /// refuses none, and the workers go on by themselves.
    pub fn during(&mut self, what: &str, act: impl FnOnce() + Send) {
        let (publish, mut input) = self.publish();
        // So that it is in the middle of it.
        let before = self.stored.all();
        let begun = Instant::now();
        while self.stored.all() < before + 5 * PARTITIONS as i64 {
            assert!(begun.elapsed() < PATIENCE, "nothing comes into the store");
            self.send(&mut input);
        }
        let mut stood = Watch::new(self.stored.progress());
        std::thread::scope(|scope| {
            let acting = scope.spawn(act);
            let mut acted = None;
            while acted.is_none_or(|acted: Instant| acted.elapsed() < AFTER) {
                self.send(&mut input);
                stood.look(&self.stored.progress());
                if acting.is_finished() {
                    acted.get_or_insert_with(Instant::now);
                }
            }
            acting.join().unwrap();
        });
        drop(input);
        let ended = harness::wait(publish, "publish");
        assert_eq!(ended.code, Some(0), "{what}: {}{}", ended.out, ended.err);
        until("all that was sent is in the store", || self.stored.all() == self.sent as i64);
        stood.look(&self.stored.progress());
        let StoodStill { one, all } = stood.longest;
        println!("{what}: {:.1} s without progress, {:.1} s in one partition", all.as_secs_f64(), one.as_secs_f64());
        self.workers.iter_mut().for_each(Running::assert_running);
    }

    fn publish(&self) -> (Child, ChildStdin) {
        let mut child = self.giaoban.command(&["publish", "-"]).stdin(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take().unwrap();
        (child, input)
    }

    fn send(&mut self, input: &mut ChildStdin) {
        let begun = Instant::now();
        let end = (self.sent + PORTION).min(self.events.len());
        assert!(end > self.sent, "there are no more events to send");
        for event in &self.events[self.sent..end] {
            writeln!(input, "{event}").unwrap();
        }
        self.sent = end;
        std::thread::sleep(EVERY.saturating_sub(begun.elapsed()));
    }

    /// Fails unless the store has the figures of a recount of all that was sent, and each worker ends as it is told.
    pub fn ends_exactly(self) {
        let mut store = self.stored.database.at().read().unwrap();
        trial::assert_recount(&self.events[..self.sent], &mut store as &mut dyn StoreReader, self.topic());
        self.workers.into_iter().for_each(Running::stop);
    }
}

/// Watches where the store is.
struct Watch {
    last: BTreeMap<Partition, (i64, Instant)>,
    any: Instant,
    longest: StoodStill,
}

impl Watch {
    fn new(now: BTreeMap<Partition, i64>) -> Self {
        let began = Instant::now();
        let last = now.into_iter().map(|(partition, next)| (partition, (next, began))).collect();
        Self { last, any: began, longest: StoodStill { one: Duration::ZERO, all: Duration::ZERO } }
    }

    fn look(&mut self, now: &BTreeMap<Partition, i64>) {
        let at = Instant::now();
        for (partition, next) in now {
            let (before, since) = self.last.entry(*partition).or_insert((*next, at));
            if next > before {
                self.longest.one = self.longest.one.max(at - *since);
                self.longest.all = self.longest.all.max(at - self.any);
                (*before, *since, self.any) = (*next, at, at);
            }
        }
    }
}

//! Several workers, Kafka and PostgreSQL in a storm: workers killed again and
//! again or frozen, the database restarted, hanging, its sessions cut. Each ends
//! in the figures of a recount.

#![allow(clippy::unwrap_used)]

mod database;
mod harness;
mod oracle;
mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use database::Database;
use database::pooler::Pooler;
use database::server::{Down, OwnServer};
use giaoban::domain::{Offset, Partition, Position};
use giaoban::log::kafka::{KafkaLog, KafkaSettings};
use giaoban::log::{EventLog as _, Outgoing, Producer};
use giaoban::store::postgres::{Schema, Server};
use giaoban::store::sqlite::SqliteStore;
use giaoban::store::{StoreError, StoreReader};
use harness::Giaoban;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

/// How long anything may take, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// Within which a worker that is told to must end.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(250);

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

/// A worker's process. What it says goes to a file, which is never full.
struct Worker {
    name: String,
    process: Child,
    log: PathBuf,
}

impl Worker {
    fn start(giaoban: &Giaoban, name: &str, variables: &[(&str, &str)]) -> Self {
        let log = giaoban.dir().join(format!("{name}.log"));
        let mut command = giaoban.command(&["worker"]);
        command.envs(variables.iter().copied()).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        Self { name: name.to_owned(), process: command.spawn().unwrap(), log }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// What its connection to the database is called, if its URL says so.
    fn session(&self) -> &str {
        &self.name
    }

    /// Whether it was ever given partitions.
    fn has_worked(&self) -> bool {
        was_assigned(&self.said())
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([format!("-{signal}"), self.process.id().to_string()]).status().unwrap();
        assert!(status.success(), "{} is not there", self.name);
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().unwrap()
    }

    fn assert_running(&mut self) {
        if let Some(status) = self.ended() {
            panic!("{} ended by itself, {status}:\n{}", self.name, self.said());
        }
    }

    /// True once it has ended as one that was told to at that moment has to.
    fn has_stopped(&mut self, told: Instant) -> bool {
        let Some(status) = self.ended() else {
            assert!(told.elapsed() < ENDS_WITHIN, "{} does not end:\n{}", self.name, self.said());
            return false;
        };
        // One that has not taken up its work may end by the signal itself.
        let at_once = status.signal() == Some(15) && !self.has_worked();
        assert!(status.code() == Some(0) || at_once, "{} ended with {status}:\n{}", self.name, self.said());
        true
    }

    /// Tells it to stop, and it must.
    fn stop(self) {
        self.signal("TERM");
        self.stops(Instant::now());
    }

    fn stops(mut self, told: Instant) {
        while !self.has_stopped(told) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let said = self.said();
            let lines: Vec<&str> = said.lines().collect();
            eprintln!("the last words of {}:\n{}", self.name, lines[lines.len().saturating_sub(100)..].join("\n"));
        }
    }
}

fn was_assigned(said: &str) -> bool {
    said.lines().any(|line| line.contains("\"assigned\"") && line.contains("Partition("))
}

/// A producer of the test's own, which also sends what is no event.
struct Publisher {
    log: KafkaLog,
    producer: Box<dyn Producer>,
    topic: String,
    letters: String,
    bad: BTreeSet<Position>,
    sent: u64,
}

impl Publisher {
    fn of(giaoban: &Giaoban) -> Self {
        let brokers = giaoban.variable("GIAOBAN__KAFKA__BROKERS").to_owned();
        let log = KafkaLog::new(KafkaSettings { brokers, properties: BTreeMap::new() }).unwrap();
        let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC").to_owned();
        Self {
            producer: log.producer(&topic).unwrap(),
            log,
            topic,
            letters: giaoban.variable("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC").to_owned(),
            bad: BTreeSet::new(),
            sent: 0,
        }
    }

    /// Sends events, and after each twentieth one that is none.
    fn send(&mut self, events: &[String]) {
        let producer = &mut self.producer;
        let mut bad = BTreeSet::new();
        let mut tag = 0;
        let mut send = |key: &str, payload: &str| {
            let key = Some(key.as_bytes().to_vec());
            producer.send(&Outgoing { key, payload: payload.into(), ..Outgoing::default() }, tag).unwrap();
            tag += 1;
            tag - 1
        };
        for (index, event) in events.iter().enumerate() {
            let read: serde_json::Value = serde_json::from_str(event).unwrap();
            let unit = read["partitionkey"].as_str().unwrap();
            send(unit, event);
            if index % 20 == 19 {
                bad.insert(send(unit, &event[..event.len() / 2]));
            }
        }
        let decided = producer.flush(Duration::from_secs(60));
        assert_eq!(decided.len() as u64, tag);
        for delivery in decided {
            let position = delivery.result.unwrap();
            if bad.contains(&delivery.tag) {
                self.bad.insert(position);
            }
        }
        self.sent += tag;
    }

    /// Fails unless exactly the messages that are no events are in the dead-letter topic, each at least once.
    fn assert_letters(&self) {
        let mut letters = BTreeSet::new();
        for range in self.log.topic(&self.letters).unwrap().partitions {
            let count = (range.high.0 - range.low.0) as usize;
            if count == 0 {
                continue;
            }
            let read = self.log.read(&self.letters, range.partition, Offset(range.low.0), count, &mut |letter| {
                let number = |name: &str| -> i64 {
                    let (_, value) = letter.headers.iter().find(|(known, _)| *known == name).unwrap();
                    std::str::from_utf8(value.unwrap()).unwrap().parse().unwrap()
                };
                let partition = Partition(number("giaoban_dlq_partition") as i32);
                letters.insert(Position { partition, offset: Offset(number("giaoban_dlq_offset")) });
            });
            assert_eq!(read.unwrap(), count);
        }
        assert_eq!(letters, self.bad);
    }

    /// Fails unless the store has all that was sent, once.
    fn assert_exact(&self, events: &[String], store: &mut dyn StoreReader) {
        trial::assert_recount(events, store, &self.topic);
        let next: BTreeMap<_, _> =
            store.checkpoints(&self.topic).unwrap().iter().map(|at| (at.partition, at.next)).collect();
        let ends = self.log.topic(&self.topic).unwrap().partitions;
        let ends: BTreeMap<_, _> = ends.iter().map(|range| (range.partition, range.high)).collect();
        assert_eq!(next, ends);
        let dead: u64 = store.checkpoints(&self.topic).unwrap().iter().map(|at| at.counts.dead_lettered).sum();
        assert_eq!(dead, self.bad.len() as u64);
        self.assert_letters();
    }

    /// How many messages are in the store; `None` if it cannot be asked.
    fn stored(&self, store: Result<impl StoreReader, StoreError>) -> Option<u64> {
        Some(store.ok()?.checkpoints(&self.topic).ok()?.iter().map(|at| at.counts.read).sum())
    }
}

fn members(giaoban: &Giaoban) -> usize {
    let brokers = giaoban.variable("GIAOBAN__KAFKA__BROKERS");
    let client: BaseConsumer = ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap();
    let groups = client.fetch_group_list(Some(giaoban.variable("GIAOBAN__KAFKA__GROUP")), Duration::from_secs(20));
    groups.unwrap().groups().iter().map(|group| group.members().len()).sum()
}

/// A place in the fleet, whose worker comes and goes.
struct Place {
    worker: Option<Worker>,
    told: Option<Instant>,
    again_at: Instant,
    starts: usize,
}

#[test]
#[ignore = "needs a broker and PostgreSQL: ./test.sh"]
fn kafka_storm_six_workers_killed_again_and_again_leave_exact_figures() {
    const KILLS: u64 = 20;
    const EVERY: Duration = Duration::from_secs(6);
    /// Events that come right before a kill.
    const BURST: usize = 240;
    let database = Database::new();
    let giaoban = with_store(giaoban(), &database.url, &database.schema);
    make_topics(&giaoban, "12");
    let mut rng = ChaCha8Rng::seed_from_u64(20_203);
    let events = trial::events(9_000, &mut rng);
    let mut publisher = Publisher::of(&giaoban);
    let started = Instant::now();
    let mut places: Vec<Place> =
        (0..6).map(|_| Place { worker: None, told: None, again_at: started, starts: 0 }).collect();
    let (mut killed, mut terminated, mut at_work) = (0, 0, 0);
    let (mut published, mut in_bursts) = (0, 0);
    let mut client = database.client();
    let mut in_a_transaction = |worker: &Worker| {
        let of = "SELECT count(*) FROM pg_stat_activity
                  WHERE application_name = $1 AND xact_start IS NOT NULL AND state <> 'idle'";
        client.query_one(of, &[&worker.session()]).unwrap().get::<_, i64>(0) > 0
    };
    let mut kill_at = EVERY / 2;
    while killed + terminated < KILLS || published < events.len() {
        let begun = Instant::now();
        // As many as the storm has lasted, besides those that come in bursts; the last when it is over.
        let share = started.elapsed().as_secs_f64() / (EVERY * KILLS as u32).as_secs_f64();
        let flowing = events.len() - KILLS as usize * BURST;
        let due = ((flowing as f64 * share) as usize + in_bursts).min(events.len());
        publisher.send(&events[published..due]);
        published = due;
        for (number, place) in places.iter_mut().enumerate() {
            if let Some(worker) = &mut place.worker {
                match place.told {
                    None => worker.assert_running(),
                    Some(told) if worker.has_stopped(told) => {
                        (place.worker, place.told) = (None, None);
                        place.again_at = Instant::now() + Duration::from_millis(rng.next_u64() % 3_000);
                    }
                    Some(_) => {}
                }
            } else if place.again_at <= Instant::now() {
                place.starts += 1;
                // Half of them keep their name in the group, so that nobody takes over when they are back soon.
                let instance = format!("place-{number}");
                let name = format!("{instance}-{}", place.starts);
                let url = database.url_with(&format!("application_name={name}"));
                let mut variables = vec![("GIAOBAN__STORE__URL", url.as_str())];
                if number % 2 == 0 {
                    variables.push(("GIAOBAN__KAFKA__PROPERTIES__GROUP_INSTANCE_ID", instance.as_str()));
                }
                place.worker = Some(Worker::start(&giaoban, &name, &variables));
            }
        }
        if killed + terminated < KILLS && started.elapsed() >= kill_at {
            kill_at += EVERY / 2 + Duration::from_millis(rng.next_u64() % EVERY.as_millis() as u64);
            let mut up: Vec<&mut Place> =
                places.iter_mut().filter(|place| place.worker.is_some() && place.told.is_none()).collect();
            let mut victim = rng.next_u64() as usize % up.len();
            let burst = published..(published + BURST).min(events.len());
            publisher.send(&events[burst.clone()]);
            (published, in_bursts) = (burst.end, in_bursts + burst.len());
            // Whoever is seen at work, unless nobody is for a while: the group may be sharing itself out anew.
            let sent = Instant::now();
            while sent.elapsed() < Duration::from_secs(1) {
                if let Some(found) = up.iter().position(|place| in_a_transaction(place.worker.as_ref().unwrap())) {
                    victim = found;
                    at_work += 1;
                    break;
                }
            }
            let place = &mut up[victim];
            if rng.next_u64() % 2 == 0 {
                place.worker.as_ref().unwrap().signal("TERM");
                place.told = Some(Instant::now());
                terminated += 1;
            } else {
                place.worker = None;
                place.again_at = Instant::now() + Duration::from_millis(rng.next_u64() % 3_000);
                killed += 1;
            }
        }
        std::thread::sleep(TICK.saturating_sub(begun.elapsed()));
    }
    assert!(killed >= 5 && terminated >= 5, "{killed} killed, {terminated} terminated");
    assert!(at_work >= KILLS / 2, "of {KILLS} only {at_work} met a worker in the middle of a batch");
    let mut workers: Vec<Worker> = Vec::new();
    for (number, place) in places.into_iter().enumerate() {
        match (place.worker, place.told) {
            (Some(worker), None) => workers.push(worker),
            // A second signal would end it at once.
            (Some(worker), Some(told)) => worker.stops(told),
            (None, _) => workers.push(Worker::start(&giaoban, &format!("last-{number}"), &[])),
        }
    }
    until("everything is in the store", || {
        workers.iter_mut().for_each(Worker::assert_running);
        publisher.stored(database.at().read()) == Some(publisher.sent)
    });
    workers.into_iter().for_each(Worker::stop);
    publisher.assert_exact(&events, &mut database.at().read().unwrap());
}

#[test]
#[ignore = "needs a broker, PostgreSQL and PgBouncer: ./test.sh"]
fn postgres_storm_behind_a_pooler_leaves_exact_figures() {
    let database = Database::new();
    let mut pooler = Pooler::before(&database.url);
    let giaoban = with_store(giaoban(), &pooler.url(), &database.schema);
    make_topics(&giaoban, "6");
    let events = trial::events(3_000, &mut ChaCha8Rng::seed_from_u64(20_211));
    let chunks: Vec<&[String]> = events.chunks(events.len().div_ceil(4)).collect();
    let mut publisher = Publisher::of(&giaoban);
    // More workers than sessions, and readers beside them.
    let mut workers: Vec<Worker> =
        (1..=3).map(|number| Worker::start(&giaoban, &format!("worker-{number}"), &[])).collect();
    let stored = |publisher: &Publisher| publisher.stored(database.at().read()).unwrap_or_default();
    for (round, chunk) in (1..).zip(&chunks) {
        let before = publisher.sent;
        publisher.send(chunk);
        until("they are at work", || {
            workers.iter_mut().for_each(Worker::assert_running);
            stored(&publisher) > before
        });
        match round {
            // Killed, and another takes over.
            1 | 3 => workers[0] = Worker::start(&giaoban, &format!("worker-{}", round + 3), &[]),
            2 => pooler.kill(),
            _ => {}
        }
        let ended = giaoban.run(&["rollup", "--period", "2020", "--format", "json"]);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
    }
    until("everything is in the store", || {
        workers.iter_mut().for_each(Worker::assert_running);
        stored(&publisher) == publisher.sent
    });
    workers.into_iter().for_each(Worker::stop);
    let through = Schema::at(Server::parse(&pooler.url(), None).unwrap(), &database.schema);
    publisher.assert_exact(&events, &mut through.read().unwrap());
}

#[test]
#[ignore = "needs a broker and PostgreSQL: ./test.sh"]
fn kafka_storm_a_frozen_worker_is_turned_away() {
    const ROUNDS: usize = 10;
    const LOST: &str = "lost: the session timed out";
    const FENCED: &str = "fenced: dropped what was read";
    let database = Database::new();
    let giaoban = with_store(giaoban(), &database.url, &database.schema);
    make_topics(&giaoban, "6");
    let events = trial::events(12_000, &mut ChaCha8Rng::seed_from_u64(20_204));
    let mut chunks = events.chunks(events.len().div_ceil(ROUNDS + 1));
    let mut publisher = Publisher::of(&giaoban);
    let stored = |publisher: &Publisher| publisher.stored(database.at().read()).unwrap_or_default();
    let mut frozen = Worker::start(&giaoban, "frozen", &[]);
    until("the first has its share", || frozen.has_worked());
    let mut other = Worker::start(&giaoban, "other", &[]);
    until("the second has its share", || other.has_worked());
    let mut met = false;
    for chunk in chunks.by_ref().take(ROUNDS) {
        let (before, sent) = (frozen.said().len(), publisher.sent);
        publisher.send(chunk);
        // Most of a batch's time is that of its dead letters: so it is frozen with a batch that is yet to be written.
        until("they are at work", || stored(&publisher) > sent);
        frozen.signal("STOP");
        until("the group misses it", || members(&giaoban) == 1);
        until("the other has written all", || {
            other.assert_running();
            stored(&publisher) == publisher.sent
        });
        frozen.signal("CONT");
        let turned_away = |said: &str| [LOST, FENCED].iter().filter_map(|words| said.find(words)).min();
        until("it is a member again", || {
            [&mut frozen, &mut other].into_iter().for_each(Worker::assert_running);
            let said = &frozen.said()[before..];
            turned_away(said).is_some_and(|at| was_assigned(&said[at..])) && members(&giaoban) == 2
        });
        met = frozen.said().contains(FENCED);
        if met {
            break;
        }
    }
    assert!(met, "in {ROUNDS} rounds the store turned nobody away:\n{}", frozen.said());
    chunks.for_each(|chunk| publisher.send(chunk));
    until("all is in the store", || {
        [&mut frozen, &mut other].into_iter().for_each(Worker::assert_running);
        stored(&publisher) == publisher.sent
    });
    [frozen, other].into_iter().for_each(Worker::stop);
    publisher.assert_exact(&events, &mut database.at().read().unwrap());
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_storm_a_worker_alone_goes_on_after_it_was_frozen() {
    let giaoban = giaoban();
    make_topics(&giaoban, "6");
    let events = trial::events(3_000, &mut ChaCha8Rng::seed_from_u64(20_205));
    let chunks: Vec<&[String]> = events.chunks(events.len().div_ceil(2)).collect();
    let mut publisher = Publisher::of(&giaoban);
    let file = giaoban.data().join("store-1.db");
    let stored = |publisher: &Publisher| publisher.stored(SqliteStore::read(&file)).unwrap_or_default();
    publisher.send(chunks[0]);
    let mut worker = Worker::start(&giaoban, "worker", &[]);
    until("it works", || {
        worker.assert_running();
        stored(&publisher) > 0
    });
    worker.signal("STOP");
    until("the group misses it", || members(&giaoban) == 0);
    publisher.send(chunks[1]);
    worker.signal("CONT");
    until("all is in the store", || {
        worker.assert_running();
        stored(&publisher) == publisher.sent
    });
    assert!(worker.said().contains("lost: the session timed out"), "{}", worker.said());
    worker.stop();
    publisher.assert_exact(&events, &mut SqliteStore::read(&file).unwrap());
}

const SCHEMA: &str = "storm";

/// Two workers on a server of the test's own, with a listener each.
struct OnOwnServer {
    // Ends before what it works with goes.
    workers: Vec<Worker>,
    server: OwnServer,
    giaoban: Giaoban,
    publisher: Publisher,
    ports: Vec<u16>,
}

impl OnOwnServer {
    fn start() -> Self {
        let server = OwnServer::start();
        let giaoban = with_store(giaoban(), &server.url(), SCHEMA);
        make_topics(&giaoban, "6");
        let publisher = Publisher::of(&giaoban);
        let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let ports = vec![free(), free()];
        let start = |port: &u16| {
            let listen = format!("127.0.0.1:{port}");
            Worker::start(&giaoban, &format!("worker-{port}"), &[("GIAOBAN__HTTP__LISTEN", &listen)])
        };
        let workers = ports.iter().map(start).collect();
        Self { workers, server, giaoban, publisher, ports }
    }

    fn schema(&self) -> Schema {
        Schema::at(Server::parse(&self.server.url(), None).unwrap(), SCHEMA)
    }

    fn stored(&mut self) -> u64 {
        self.workers.iter_mut().for_each(Worker::assert_running);
        self.publisher.stored(self.schema().read()).unwrap_or_default()
    }

    /// What `/readyz` answers of each.
    fn ready(&self) -> Vec<u16> {
        let ask = |port: &u16| match ureq::get(format!("http://127.0.0.1:{port}/readyz")).call() {
            Ok(_) => 200,
            Err(ureq::Error::StatusCode(code)) => code,
            Err(_) => 0,
        };
        self.ports.iter().map(ask).collect()
    }

    fn client(&self) -> postgres::Client {
        postgres::Client::connect(&self.server.url(), postgres::NoTls).unwrap()
    }

    fn end(mut self, events: &[String]) {
        until("all is in the store", || self.stored() == self.publisher.sent);
        until("both are ready again", || self.ready() == [200, 200]);
        self.workers.drain(..).for_each(Worker::stop);
        self.publisher.assert_exact(events, &mut self.schema().read().unwrap());
    }
}

#[test]
#[ignore = "needs a broker and PostgreSQL's programs: ./test.sh"]
fn postgres_storm_a_server_that_was_away_costs_nothing() {
    let mut storm = OnOwnServer::start();
    let events = trial::events(3_000, &mut ChaCha8Rng::seed_from_u64(20_206));
    // One that joins while the server is away only looks up where to start.
    until("both have a share", || storm.workers.iter().all(Worker::has_worked));
    let ways = [(Down::Fast, 0), (Down::Killed, 0), (Down::Immediate, 20), (Down::Killed, 0), (Down::Fast, 0)];
    for (chunk, (how, seconds)) in events.chunks(events.len().div_ceil(ways.len())).zip(ways) {
        let before = storm.stored();
        storm.publisher.send(chunk);
        until("they are at work", || storm.stored() > before);
        storm.server.stop(how);
        let away = Instant::now();
        if seconds > 0 {
            // Whoever had nothing to write then has now.
            until("they say that they are not ready", || storm.ready() == [503, 503]);
            std::thread::sleep(Duration::from_secs(seconds).saturating_sub(away.elapsed()));
        }
        storm.server.start_again();
    }
    for worker in &storm.workers {
        assert!(worker.said().contains("the store did not take a batch; trying again"), "{}", worker.said());
    }
    storm.end(&events);
}

#[test]
#[ignore = "needs a broker and PostgreSQL's programs: ./test.sh"]
fn postgres_storm_the_group_changes_while_the_server_is_away() {
    let mut storm = OnOwnServer::start();
    let events = trial::events(1_000, &mut ChaCha8Rng::seed_from_u64(20_209));
    let (first, second) = events.split_at(events.len() / 2);
    storm.publisher.send(first);
    until("both are at work", || storm.workers.iter().all(Worker::has_worked) && storm.stored() > 0);
    storm.server.stop(Down::Fast);
    // Somebody comes, takes some partitions and goes: of what the workers are given anew, some is nothing.
    let guest: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", storm.giaoban.variable("GIAOBAN__KAFKA__BROKERS"))
        .set("group.id", storm.giaoban.variable("GIAOBAN__KAFKA__GROUP"))
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", "6000")
        .create()
        .unwrap();
    guest.subscribe(&[storm.giaoban.variable("GIAOBAN__KAFKA__TOPIC")]).unwrap();
    until("the guest has its share", || {
        let _ = guest.poll(Duration::from_millis(50));
        guest.assignment().unwrap().count() > 0
    });
    storm.publisher.send(second);
    drop(guest);
    until("the workers have all", || members(&storm.giaoban) == 2);
    storm.server.start_again();
    storm.end(&events);
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_storm_a_session_that_the_server_ends_may_be_made_anew() {
    let database = Database::new();
    let server = Server::parse(&database.url, None).unwrap();
    // Idle within a transaction, ended by its administrator, after a crash, while it starts, idle, short of memory.
    for code in ["25P03", "57P01", "57P02", "57P03", "57P05", "53200"] {
        let raise = format!("DO $$ BEGIN RAISE EXCEPTION 'ended' USING ERRCODE = '{code}'; END $$");
        let error = server.error(&database.client().batch_execute(&raise).unwrap_err());
        assert!(matches!(error, StoreError::Unavailable { .. }), "{code}: {error}");
    }
}

#[test]
#[ignore = "needs a broker and PostgreSQL's programs: ./test.sh"]
fn postgres_storm_sessions_cut_in_the_middle_of_a_commit_cost_nothing() {
    const CUT: usize = 40;
    const ANSWERS_LOST: usize = 6;
    let mut storm = OnOwnServer::start();
    let mut rng = ChaCha8Rng::seed_from_u64(20_207);
    let events = trial::events(4_000, &mut rng);
    let (first, second) = events.split_at(events.len() * 3 / 4);
    storm.publisher.send(first);
    until("they are at work", || storm.stored() > 0);
    // This one's own changes wait for nobody.
    let mut client = storm.client();
    client.batch_execute("SET synchronous_commit = local").unwrap();
    let mut cut = |of: &str| -> usize {
        let of = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'giaoban' AND {of} LIMIT 1"
        );
        client.query(&of, &[]).unwrap().len()
    };
    let mut times = 0;
    while times < CUT && storm.stored() < storm.publisher.sent {
        let met = cut("xact_start IS NOT NULL AND state <> 'idle'");
        times += met;
        std::thread::sleep(Duration::from_millis(rng.next_u64() % 150 * met as u64));
    }
    assert!(times >= CUT / 2, "only {times} sessions were cut at work");

    // From now on a commit is done, but answered only when a standby has it, and there is none.
    let mut admin = storm.client();
    let set = |admin: &mut postgres::Client, standby: &str| {
        admin.batch_execute(&format!("ALTER SYSTEM SET synchronous_standby_names = '{standby}'")).unwrap();
        admin.batch_execute("SELECT pg_reload_conf()").unwrap();
    };
    admin.batch_execute("SET synchronous_commit = local").unwrap();
    set(&mut admin, "nobody");
    storm.publisher.send(second);
    let mut lost = 0;
    until("commits are done whose answers are lost", || {
        lost += cut("wait_event = 'SyncRep'");
        lost >= ANSWERS_LOST
    });
    set(&mut admin, "");
    storm.end(&events);
}

#[test]
#[ignore = "needs a broker and PostgreSQL's programs: ./test.sh"]
fn postgres_storm_a_server_that_hangs_is_told_and_waited_for() {
    let mut storm = OnOwnServer::start();
    let events = trial::events(2_000, &mut ChaCha8Rng::seed_from_u64(20_210));
    let (first, second) = events.split_at(events.len() / 2);
    storm.publisher.send(first);
    until("both are at work", || storm.workers.iter().all(Worker::has_worked) && storm.stored() > 0);
    until("both are ready", || storm.ready() == [200, 200]);
    storm.server.freeze();
    storm.publisher.send(second);
    until("they say that they are not ready", || storm.ready() == [503, 503]);
    let told = |worker: &Worker| worker.said().matches("the store does not answer; waiting for it").count();
    until("they say so again and again", || storm.workers.iter().all(|worker| told(worker) >= 2));
    storm.server.thaw();
    storm.end(&events);
}

#[test]
#[ignore = "needs a broker and PostgreSQL's programs: ./test.sh"]
fn postgres_storm_a_server_that_hangs_does_not_keep_a_worker_from_stopping() {
    let mut storm = OnOwnServer::start();
    let events = trial::events(2_000, &mut ChaCha8Rng::seed_from_u64(20_208));
    storm.publisher.send(&events);
    until("they are at work", || storm.stored() > 0);
    storm.server.freeze();
    let mut workers = std::mem::take(&mut storm.workers);
    let told = Instant::now();
    for worker in &workers {
        worker.signal("TERM");
    }
    for worker in &mut workers {
        while worker.ended().is_none() {
            assert!(told.elapsed() < ENDS_WITHIN + Duration::from_secs(5), "it does not end:\n{}", worker.said());
            std::thread::sleep(Duration::from_millis(10));
        }
        let status = worker.ended().unwrap();
        assert!(status.code() == Some(0) || worker.said().contains("remedy: "), "{status}: {}", worker.said());
    }
    storm.server.thaw();
    storm.giaoban.settle();
    storm.publisher.assert_exact(&events, &mut storm.schema().read().unwrap());
}

//! A PostgreSQL server that is restarted, hangs, or cuts its sessions.

use std::time::{Duration, Instant};

use giaoban::store::StoreError;
use giaoban::store::postgres::{Schema, Server};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use crate::database::Database;
use crate::database::server::{Down, OwnServer};
use crate::harness::Giaoban;
use crate::harness::broker::free_port;
use crate::publisher::Publisher;
use crate::worker::{ENDS_WITHIN, Worker};
use crate::{giaoban, make_topics, members, trial, until, with_store};

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
        let ports = vec![free_port(), free_port()];
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
    // One that has not found out yet where its partitions start keeps the group waiting as long as the server is away.
    until("both read", || storm.workers.iter().all(Worker::has_worked) && storm.ready() == [200, 200]);
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
        let error = server.error(database.client().batch_execute(&raise).unwrap_err());
        assert!(matches!(error, StoreError::BrokenOff { .. }), "{code}: {error}");
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
    // This one's own changes wait for nobody.
    let mut client = storm.client();
    client.batch_execute("SET synchronous_commit = local").unwrap();
    let mut cut = |of: &str| -> usize {
        let of = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'giaoban %' AND {of} LIMIT 1"
        );
        client.query(&of, &[]).unwrap().len()
    };
    // However fast the workers are, there is always something left to be cut at.
    let mut portions = first.chunks(first.len() / (3 * CUT));
    portions.next().into_iter().for_each(|portion| storm.publisher.send(portion));
    until("they are at work", || storm.workers.iter().all(Worker::has_worked) && storm.stored() > 0);
    let mut times = 0;
    while times < CUT {
        // A transaction lasts some milliseconds: looked for again and again, and only then what there is to do.
        let met = (0..200).map(|_| cut("xact_start IS NOT NULL AND state <> 'idle'")).find(|met| *met > 0).unwrap_or(0);
        times += met;
        std::thread::sleep(Duration::from_millis(rng.next_u64() % 150 * met as u64));
        if met == 0 && storm.stored() == storm.publisher.sent {
            let Some(portion) = portions.next() else { break };
            storm.publisher.send(portion);
        }
    }
    assert!(times >= CUT / 2, "only {times} sessions were cut at work");
    portions.for_each(|portion| storm.publisher.send(portion));

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
        assert!(status.code() == Some(0) || crate::harness::has_remedy(&worker.said()), "{status}: {}", worker.said());
    }
    storm.server.thaw();
    storm.giaoban.settle();
    storm.publisher.assert_exact(&events, &mut storm.schema().read().unwrap());
}

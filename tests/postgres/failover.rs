//! A primary that is replaced by its standby, lacks of which the standby has, and comes back as what it was: figures are
//! exact on the new one, and nobody writes the old one any more.

use std::time::Duration;

use crate::database::Database;
use crate::database::server::{Down, OwnServer};
use crate::harness::running::Running;
use crate::harness::{Giaoban, until};

const PATIENCE: Duration = Duration::from_secs(60);
/// Within which a worker hears from others that its server was replaced, and what a busy machine adds.
const HEARD_WITHIN: Duration = Duration::from_secs(20);
const REPLACED: &str = "is a primary that was replaced";

fn publish(giaoban: &Giaoban, numbers: std::ops::Range<usize>) {
    giaoban.publish_sessions_of(&["00004", "00007", "00010", "00013"], numbers);
}

fn records(server: &OwnServer) -> i64 {
    match server.ask("SELECT to_regclass('giaoban.ledger_1') IS NOT NULL") {
        true => server.ask("SELECT count(*) FROM giaoban.ledger_1"),
        false => 0,
    }
}

fn until_it_has(server: &OwnServer, count: i64) {
    until(&format!("{count} records"), PATIENCE, || records(server) == count);
}

/// On whichever of these servers takes changes.
fn at(giaoban: Giaoban, servers: &[&OwnServer]) -> Giaoban {
    let hosts: Vec<String> = servers.iter().map(|server| server.place()).collect();
    let url = format!("postgres://postgres@{}/postgres?target_session_attrs=read-write", hosts.join(","));
    giaoban.with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0").with("GIAOBAN__STORE__URL", &url)
}

#[test]
#[ignore = "needs PostgreSQL's programs: ./test.sh"]
fn postgres_failover_under_traffic_is_exact_and_the_old_primary_is_written_no_more() {
    let mut old = OwnServer::start();
    let mut new = old.standby();
    let giaoban = at(Giaoban::new(), &[&old, &new]);
    publish(&giaoban, 0..100);
    let mut worker = Running::worker(&giaoban);
    until_it_has(&old, 100);
    until_it_has(&new, 100);
    // What is committed from here on is lost with the old primary.
    new.stop(Down::Fast);
    publish(&giaoban, 100..150);
    until_it_has(&old, 150);
    old.stop(Down::Killed);
    publish(&giaoban, 150..180);
    new.start_again();
    assert_eq!(records(&new), 100);
    new.promote();
    publish(&giaoban, 180..200);
    until_it_has(&new, 200);
    worker.says("the store went back");
    worker.until_ready();

    // It comes back as the primary that it was, and is the first that the driver finds.
    old.start_again();
    worker.says("still takes changes");
    let sessions =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'giaoban%'";
    assert!(new.ask::<i64>(sessions) > 0);
    publish(&giaoban, 200..220);
    until_it_has(&new, 220);
    worker.until_ready();
    let found = giaoban.run(&["doctor"]);
    assert!(found.code == Some(16) && found.out.contains(REPLACED), "{}", found.out);
    let both = giaoban
        .command(&["doctor"])
        .env("GIAOBAN__STORE__URL", at(Giaoban::new(), &[&new, &old]).variable("GIAOBAN__STORE__URL"))
        .output()
        .unwrap();
    let both = String::from_utf8_lossy(&both.stdout).into_owned();
    assert!(both.contains("two primaries") && both.contains(&old.place()) && both.contains(&new.place()), "{both}");

    // And is the only one that answers.
    new.stop(Down::Fast);
    publish(&giaoban, 220..230);
    worker.says(REPLACED);
    worker.until_not_ready(HEARD_WITHIN);
    worker.assert_running();
    assert_eq!(records(&old), 150, "nothing was written there since");
    new.start_again();
    until_it_has(&new, 230);
    worker.until_ready();
    worker.stop();
    old.stop(Down::Fast);
    assert_eq!(giaoban.sessions(), Some(230));
    giaoban.ok(&["verify"]);
    let said = giaoban.ok(&["doctor"]);
    assert!(said.contains("230 records read, none has vanished"), "{said}");
}

#[test]
#[ignore = "needs a broker and PostgreSQL's programs: ./test.sh"]
fn kafka_tells_workers_that_see_only_an_old_primary_of_the_new_one() {
    let old = OwnServer::start();
    let new = old.standby();
    let of_old = at(Giaoban::on_kafka(), &[&old]);
    of_old.ok(&["topics", "create", "--partitions", "4", "--replication", "1"]);
    let mut of_new = at(Giaoban::on_kafka(), &[&new]);
    for name in ["GIAOBAN__KAFKA__TOPIC", "GIAOBAN__KAFKA__DEAD_LETTER_TOPIC", "GIAOBAN__KAFKA__GROUP"] {
        of_new = of_new.with(name, of_old.variable(name));
    }
    publish(&of_old, 0..40);
    let mut left = Running::worker(&of_old);
    until_it_has(&old, 40);
    until_it_has(&new, 40);
    // The network between the two is gone: somebody promotes, and the old primary goes on.
    new.promote();
    let moved = Running::worker(&of_new);
    left.says(REPLACED);
    left.until_not_ready(HEARD_WITHIN);
    left.assert_running();
    let lost = records(&old);
    publish(&of_old, 40..80);
    moved.until_ready();
    // What the old primary's worker has is nobody else's until it is stopped.
    left.stop();
    until_it_has(&new, 80);
    assert_eq!(records(&old), lost, "nothing was written there since");
    moved.stop();
    // Nobody is left who has seen the new one, but the group.
    let ended = of_old.run(&["worker", "--until-caught-up"]);
    assert!(ended.code == Some(18) && ended.err.contains(REPLACED), "{:?} {}", ended.code, ended.err);
    let again = Running::worker(&of_old);
    again.says(REPLACED);
    assert!(!again.is_ready() && again.is_live());
    again.stop();
    assert_eq!(records(&old), lost);
    assert_eq!(of_new.sessions(), Some(80));
    of_new.ok(&["verify"]);
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_that_is_restored_to_the_generation_before_a_switch_is_exact_and_rebuilt_again() {
    let database = Database::new();
    let giaoban =
        Giaoban::new().with("GIAOBAN__STORE__URL", &database.url).with("GIAOBAN__STORE__SCHEMA", &database.schema);
    publish(&giaoban, 0..20);
    giaoban.settle();
    let dump = giaoban.dir().join("dump");
    database.dump(&dump);
    giaoban.ok(&["replay", "--switch"]);
    publish(&giaoban, 20..30);
    giaoban.settle();
    let in_force = || database.value("SELECT number::bigint FROM {schema}.giaoban_generation WHERE in_force");
    assert_eq!(in_force(), 2);
    database.restore(&dump);
    assert_eq!((in_force(), giaoban.sessions()), (1, Some(20)));
    giaoban.settle();
    giaoban.ok(&["verify"]);
    giaoban.ok(&["replay", "--switch"]);
    assert_eq!((in_force(), giaoban.sessions()), (2, Some(30)));
    giaoban.ok(&["verify"]);
}

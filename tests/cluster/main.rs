//! Three real brokers, two workers on one PostgreSQL and a producer beside them: brokers killed, frozen, restarted one
//! after the other, too few of them, leaders moved. `publish` refuses nothing, the figures are those of a recount, and how
//! long the workers stood still is said.

#![allow(clippy::unwrap_used)]

mod brokers;
#[path = "../database/mod.rs"]
mod database;
mod flow;
#[path = "../harness/mod.rs"]
mod harness;
#[path = "../oracle/mod.rs"]
mod oracle;
#[path = "../trial/mod.rs"]
mod trial;

use std::sync::Arc;
use std::time::{Duration, Instant};

use brokers::{MISSED_AFTER, Role, on_cluster};
use flow::{Flow, PARTITIONS};
use giaoban::log::partitioner::partition_of;
use harness::broker::Broker;
use harness::running::Running;
use harness::{get, session};

/// How long anything may take, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn until(what: &str, condition: impl FnMut() -> bool) {
    harness::until(what, PATIENCE, condition);
}

/// That befalls a broker of each role in turn; once all goes on without it, the other.
fn each_role(what: &str, befall: fn(&mut Broker), after: fn(&mut Broker)) {
    on_cluster(|cluster| {
        let mut flow = Flow::start(&cluster.addresses());
        for role in [Role::Leader, Role::Coordinator, Role::Controller] {
            let group = flow.giaoban.variable("GIAOBAN__KAFKA__GROUP").to_owned();
            let of = cluster.one_that_is(role, flow.topic(), &group);
            let stored = Arc::clone(&flow.stored);
            flow.during(&format!("{role:?} {what}"), || {
                cluster.with(|brokers| befall(&mut brokers[of]));
                std::thread::sleep(MISSED_AFTER);
                stored.until_each_goes_on();
                cluster.with(|brokers| after(&mut brokers[of]));
            });
            cluster.heal();
        }
        flow.ends_exactly();
    });
}

#[test]
#[ignore = "starts three brokers of its own, needs PostgreSQL: ./test.sh"]
fn kafka_cluster_a_leader_the_coordinator_and_the_controller_are_killed_and_nothing_is_refused_or_lost() {
    each_role("killed", Broker::kill, |_| {});
}

#[test]
#[ignore = "starts three brokers of its own, needs PostgreSQL: ./test.sh"]
fn kafka_cluster_a_frozen_broker_is_passed_by_and_nothing_is_refused_or_lost() {
    each_role("frozen", |broker| broker.signal("STOP"), |broker| broker.signal("CONT"));
}

#[test]
#[ignore = "starts three brokers of its own, needs PostgreSQL: ./test.sh"]
fn kafka_cluster_a_dead_letter_whose_leader_is_frozen_holds_back_its_own_partition_only() {
    on_cluster(|cluster| {
        let flow = Flow::start(&cluster.addresses());
        let letters = flow.giaoban.variable("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC");
        let (events, letters) = (cluster.leaders(flow.topic()), cluster.leaders(letters));
        // A dead letter has its message's key, which decides its partition.
        let frozen = letters[&partition_of(b"bad", PARTITIONS as i32).0];
        let mut led_by_others = events.iter().filter(|(_, leader)| **leader != frozen).map(|(partition, _)| *partition);
        let (held, free) = (led_by_others.next().unwrap(), led_by_others.next().unwrap());
        flow.send_to(held, "{no event");
        flow.send_to(free, &session("00004", 1, 1, "2020-03-04", 1));
        until("both", || flow.stored.at(held) == 1 && flow.stored.at(free) == 1);
        // What is sent needs the broker too, until it is missed: so that is there before.
        flow.workers.iter().for_each(|worker| worker.signal("STOP"));
        flow.send_to(held, "{no event");
        for number in 2..6 {
            flow.send_to(free, &session("00004", number, 1, "2020-03-04", 1));
        }
        cluster.with(|brokers| brokers[frozen].signal("STOP"));
        let begun = Instant::now();
        flow.workers.iter().for_each(|worker| worker.signal("CONT"));
        harness::until("the other goes on", MISSED_AFTER, || flow.stored.at(free) == 5);
        assert_eq!(flow.stored.at(held), 1, "its letter cannot be confirmed yet");
        until("the letter, by its new leader", || flow.stored.at(held) == 2);
        println!("a dead letter whose leader is frozen is kept after {:.1} s", begun.elapsed().as_secs_f64());
        cluster.with(|brokers| brokers[frozen].signal("CONT"));
        flow.workers.into_iter().for_each(Running::stop);
    });
}

#[test]
#[ignore = "starts three brokers of its own, needs PostgreSQL: ./test.sh"]
fn kafka_cluster_a_rolling_restart_and_moved_leaders_hold_nobody_up() {
    on_cluster(|cluster| {
        let mut flow = Flow::start(&cluster.addresses());
        let topic = flow.topic().to_owned();
        flow.during("leaders moved", || cluster.move_leaders(&topic));
        flow.during("rolling restart", || {
            for number in 0..3 {
                cluster.with(|brokers| {
                    brokers[number].stop();
                    brokers[number].start_again();
                });
                cluster.heal();
            }
        });
        flow.ends_exactly();
    });
}

#[test]
#[ignore = "starts three brokers of its own, needs PostgreSQL: ./test.sh"]
fn kafka_cluster_with_too_few_copies_publish_waits_and_partitions_without_a_leader_are_told_by_number() {
    on_cluster(|cluster| {
        let mut flow = Flow::start(&cluster.addresses());
        // One copy is one too few: what is sent waits until there are two, and none of it is refused.
        let led_by_last: Vec<i32> =
            cluster.leaders(flow.topic()).into_iter().filter(|led| led.1 == 2).map(|led| led.0).collect();
        let without = PARTITIONS - led_by_last.len();
        assert!((1..PARTITIONS).contains(&without), "{led_by_last:?}");
        let workers: Vec<String> = flow.workers.iter().map(|worker| worker.address().to_owned()).collect();
        flow.during("two of three killed for a while", || {
            let begun = Instant::now();
            cluster.with(|brokers| brokers[..2].iter_mut().for_each(Broker::kill));
            let told = || -> Vec<(u16, String)> { workers.iter().map(|worker| get(worker, "/readyz")).collect() };
            // Without a majority of controllers nobody else is elected.
            until("word of each partition without a leader, and of no other", || {
                let all: String = told().into_iter().map(|(_, said)| said).collect();
                let unavailable = |partition: &i32| all.contains(&format!("partition {partition} is unavailable"));
                (0..PARTITIONS as i32).all(|partition| unavailable(&partition) != led_by_last.contains(&partition))
            });
            println!("told after {:.1} s", begun.elapsed().as_secs_f64());
            // Who reads any is ready.
            for (worker, (status, _)) in workers.iter().zip(told()) {
                let (_, metrics) = get(worker, "/metrics");
                let of = |name: &str| metrics.lines().filter(|line| line.starts_with(name)).collect::<Vec<_>>();
                let away = of("giaoban_worker_partition_unavailable{").into_iter().filter(|line| line.ends_with(" 1"));
                let assigned = of("giaoban_worker_assigned_partitions")[0].ends_with(&format!(" {}", away.count()));
                assert_eq!(status == 503, assigned, "{metrics}");
            }
            cluster.heal();
        });
        flow.ends_exactly();
    });
}

//! Each alert caused by what it is for: on real workers, Kafka and PostgreSQL, watched by a real Prometheus. Where it fires,
//! somebody looks at what its runbook says and does what is to be done, and it ends.
//!
//! Every scene is an installation of its own under the one Prometheus, and they run beside one another.

mod broker;
mod disk;
mod figures;
mod group;
mod leaders;
mod letters;
mod processes;
mod silence;
mod store;

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::ClientConfig;

use crate::harness::Giaoban;
use crate::harness::running::Running;
use crate::prometheus::{PAGES, Prometheus, WORKER};
use crate::rules::alerts;

/// What happens in one installation.
type Scene = fn(&Prometheus);

/// A folder, or what has one, of that installation.
fn of_installation(giaoban: Giaoban, installation: &str) -> Giaoban {
    giaoban.with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0").with("GIAOBAN__INSTALLATION", installation)
}

/// What a Kafka client that is none of ours begins with.
fn client(giaoban: &Giaoban) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", giaoban.variable("GIAOBAN__KAFKA__BROKERS"));
    client
}

/// A worker that Prometheus is told of, and told no more when this is done.
struct Watched<'p> {
    prometheus: &'p Prometheus,
    installation: String,
    worker: Option<Running>,
}

impl<'p> Watched<'p> {
    fn worker(prometheus: &'p Prometheus, giaoban: &Giaoban) -> Self {
        Self::of(prometheus, giaoban, Running::worker(giaoban))
    }

    fn of(prometheus: &'p Prometheus, giaoban: &Giaoban, worker: Running) -> Self {
        let installation = giaoban.variable("GIAOBAN__INSTALLATION").to_owned();
        prometheus.watch(WORKER, &installation, worker.address());
        Self { prometheus, installation, worker: Some(worker) }
    }

    fn running(&self) -> &Running {
        self.worker.as_ref().unwrap()
    }

    /// In order, as for an upgrade.
    fn stop(mut self) {
        let worker = self.worker.take().unwrap();
        self.prometheus.forget(WORKER, &self.installation, worker.address());
        worker.stop();
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            self.prometheus.forget(WORKER, &self.installation, worker.address());
        }
    }
}

#[test]
#[ignore = "starts Prometheus, a broker and a PostgreSQL of its own: ./test.sh"]
fn kafka_alerts_are_raised_by_what_they_are_for_and_end_by_their_runbooks() {
    let prometheus = Prometheus::start();
    let quiet = of_installation(Giaoban::new(), "quiet");
    quiet.publish_sessions(0..100);
    letters::send(&quiet, std::iter::once(letters::broken(0)));
    let worker = Watched::worker(&prometheus, &quiet);
    let pages = Running::of(quiet.command(&["serve"]));
    prometheus.watch(PAGES, "quiet", pages.address());
    let scenes: [(&str, Scene); 9] = [
        ("store", store::goes_hangs_and_forgets),
        ("broker", broker::is_killed),
        ("processes", processes::come_and_go),
        ("letters", letters::are_too_many),
        ("figures", figures::are_wrong_or_lack_something),
        ("group", group::has_a_stranger),
        ("leaders", leaders::are_gone),
        ("silence", silence::falls_and_ends),
        ("disk", disk::is_full),
    ];
    std::thread::scope(|scope| {
        for (name, play) in scenes {
            let prometheus = &prometheus;
            std::thread::Builder::new().name(name.into()).spawn_scoped(scope, move || play(prometheus)).unwrap();
        }
    });
    let all: BTreeSet<String> = alerts().into_keys().collect();
    assert_eq!(prometheus.seen(), all);
    // Of an installation that is well no more was told than that it had a dead letter, and that a day is soon over where it
    // takes a second.
    let lasting = ["GiaobanDeadLettersUndecided", "GiaobanVerifyOld"].map(str::to_owned).into();
    let told = prometheus.fired_within("1h", "quiet");
    assert_eq!(told, &lasting | &["GiaobanDeadLetters".to_owned()].into());
    // A gap in Prometheus' own data that is longer than what it looks back: old counts are not taken for new ones.
    prometheus.pauses(Duration::from_secs(25));
    std::thread::sleep(Duration::from_secs(20));
    assert_eq!(prometheus.fired_within("18s", "quiet"), lasting);
    pages.stop();
    worker.stop();
}

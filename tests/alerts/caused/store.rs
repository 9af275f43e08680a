//! A store on PostgreSQL whose clock is wrong, that hangs, comes and goes, and forgets.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use postgres::{Client, NoTls};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use super::{Watched, client, of_installation};
use crate::database::server::{Down, OwnServer};
use crate::harness::{Giaoban, session, until};
use crate::pages::Page;
use crate::prometheus::Prometheus;

const HERE: &str = "store";
const PATIENCE: Duration = Duration::from_secs(90);

/// The time of day a minute on: loaded into the server's process, it is that of its machine.
const A_MINUTE_ON: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  int (*of_machine)(struct timeval *, void *) = dlsym(RTLD_NEXT, "gettimeofday");
  int answer = of_machine(now, zone);
  now->tv_sec += 60;
  return answer;
}
"#;

/// Refuses what is written as a full disk does, while it is switched on.
const FULL: &str = "
CREATE TABLE full_now (is_full boolean);
CREATE FUNCTION giaoban.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT 1 FROM public.full_now WHERE is_full) THEN
    RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON giaoban.checkpoint_1 FOR EACH ROW EXECUTE FUNCTION giaoban.refuse();
";

/// That clock as a library, where whoever the server runs as can read it.
fn clock() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let (source, library) = (dir.path().join("clock.c"), dir.path().join("clock.so"));
    std::fs::write(&source, A_MINUTE_ON).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
    assert!(compiler.status().unwrap().success(), "a C compiler is missing");
    let library = library.to_str().unwrap().to_owned();
    (dir, library)
}

/// Acts while a producer of somebody's own sends some hundred events a second.
fn under_load(giaoban: &Giaoban, act: impl FnOnce()) {
    static NEXT: AtomicUsize = AtomicUsize::new(1_000);
    let goes_on = AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let producer: BaseProducer = client(giaoban).create().unwrap();
            let topic = giaoban.variable("GIAOBAN__KAFKA__TOPIC");
            while goes_on.load(Ordering::Relaxed) {
                for number in NEXT.fetch_add(100, Ordering::Relaxed).. {
                    let unit = ["00004", "00007", "00010"][number % 3];
                    let event = session(unit, number, 1, "2020-03-04", 1);
                    producer.send(BaseRecord::to(topic).key(unit).payload(&event)).unwrap();
                    if number % 100 == 99 {
                        break;
                    }
                }
                producer.flush(PATIENCE).unwrap();
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        let _ends = Ends(&goes_on);
        act();
    });
}

/// Says that it goes on no more, whatever happens.
struct Ends<'f>(&'f AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

pub fn goes_hangs_and_forgets(prometheus: &Prometheus) {
    let (_library, clock) = clock();
    let mut server = OwnServer::with(vec![("LD_PRELOAD".into(), clock)]);
    let giaoban = of_installation(Giaoban::on_kafka(), HERE).with("GIAOBAN__STORE__URL", &server.url());
    giaoban.ok(&["topics", "create", "--partitions", "2"]);
    giaoban.publish_sessions(0..100);
    let worker = Watched::worker(prometheus, &giaoban);
    until("all events", PATIENCE, || giaoban.sessions() == Some(100));

    let instance = worker.running().address();
    assert_eq!(prometheus.fires("GiaobanClockSkewed", HERE)["instance"], instance);
    Page::of("GiaobanClockSkewed").is_looked_at(&giaoban);

    let of_a_hang = ["GiaobanStoreFailing", "GiaobanNoCommits", "GiaobanWorkerBehind", "GiaobanLagGrowing"];
    server.freeze();
    under_load(&giaoban, || {
        std::thread::scope(|looks| {
            for alert in of_a_hang {
                prometheus.fires(alert, HERE);
                looks.spawn(|| Page::of(alert).is_looked_at(&giaoban));
            }
        });
        assert!(prometheus.is_firing("GiaobanStoreFailing", HERE), "as long as the store is away");
    });
    server.thaw();
    for alert in of_a_hang {
        prometheus.ends(alert, HERE);
    }

    comes_and_goes(prometheus, &giaoban, &server);

    // The server's clock is set.
    server.stop(Down::Fast);
    server.variables.clear();
    server.start_again();
    prometheus.ends("GiaobanClockSkewed", HERE);
    prometheus.ends("GiaobanStoreFailing", HERE);

    worker.running().until_ready();
    worker.running().signal("STOP");
    let forget = "DELETE FROM giaoban.ledger_1; DELETE FROM giaoban.cell_1; DELETE FROM giaoban.checkpoint_1";
    Client::connect(&server.url(), NoTls).unwrap().batch_execute(forget).unwrap();
    worker.running().signal("CONT");
    assert_eq!(prometheus.fires("GiaobanStoreWentBack", HERE)["instance"], instance);
    Page::of("GiaobanStoreWentBack").is_looked_at(&giaoban);
    prometheus.ends("GiaobanStoreWentBack", HERE);
    worker.stop();
}

fn comes_and_goes(prometheus: &Prometheus, giaoban: &Giaoban, server: &OwnServer) {
    let mut database = Client::connect(&server.url(), NoTls).unwrap();
    database.batch_execute(FULL).unwrap();
    under_load(giaoban, || {
        until("the store was away often enough", PATIENCE, || {
            for full in ["INSERT INTO full_now VALUES (true)", "TRUNCATE full_now"] {
                database.batch_execute(full).unwrap();
                std::thread::sleep(Duration::from_millis(1_800));
            }
            prometheus.is_firing("GiaobanStoreUnsteady", HERE)
        });
        prometheus.fires("GiaobanStoreUnsteady", HERE);
        Page::of("GiaobanStoreUnsteady").is_looked_at(giaoban);
    });
    prometheus.ends("GiaobanStoreUnsteady", HERE);
}

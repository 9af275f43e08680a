//! What `giaoban doctor` says of a pipeline at work, and of one that is not well.

#![allow(clippy::unwrap_used)]

mod database;
mod harness;

use std::net::TcpListener;
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use database::Database;
use harness::disk::SmallDisk;
use harness::running::Running;
use harness::{Giaoban, until};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use serde_json::Value;

/// What is not well, by thing and verdict; the exit code says whether that is bad.
fn found(giaoban: &Giaoban) -> Vec<(String, String, String)> {
    let ended = giaoban.run(&["doctor", "--format", "json"]);
    let document: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{}{}", ended.out, ended.err));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows: Vec<_> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (text(&row["thing"]), text(&row["verdict"]), format!("{} → {}", text(&row["detail"]), text(&row["remedy"])))
        })
        .filter(|(_, verdict, _)| verdict != "ok")
        .collect();
    let bad = rows.iter().any(|(_, verdict, _)| ["problem", "not_looked_at"].contains(&verdict.as_str()));
    assert_eq!(ended.code, Some(if bad { 16 } else { 0 }), "{}", ended.out);
    assert!(rows.iter().all(|(.., told)| !told.contains("giaoban doctor")), "{rows:?}");
    rows
}

/// The one thing that is not well.
fn only(giaoban: &Giaoban) -> (String, String, String) {
    let rows = found(giaoban);
    assert_eq!(rows.len(), 1, "{rows:#?}");
    rows.into_iter().next().unwrap()
}

/// Looks over a pipeline a dozen times while events come and are taken in: there is nothing to be said of it.
fn is_well_under_traffic(giaoban: &Giaoban, workers: &[Running]) {
    std::thread::scope(|scope| {
        let publisher = scope.spawn(|| {
            for round in 0..16 {
                giaoban.publish_sessions_of(&["00004", "00007", "00010"], round * 400..(round + 1) * 400);
            }
        });
        let mut looks = 0;
        while looks < 12 && !publisher.is_finished() || looks < 3 {
            assert_eq!(found(giaoban), [], "look {looks}");
            looks += 1;
        }
        assert!(looks >= 3);
        publisher.join().unwrap();
    });
    until("every event", Duration::from_secs(60), || giaoban.sessions() == Some(6_400));
    assert!(workers.iter().all(Running::is_live));
    assert_eq!(found(giaoban), []);
}

fn served() -> Giaoban {
    Giaoban::new().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0")
}

#[test]
fn a_pipeline_at_work_is_well_on_the_embedded_log() {
    let giaoban = served();
    giaoban.publish_sessions(0..1);
    let worker = Running::worker(&giaoban);
    until("a store", Duration::from_secs(60), || giaoban.sessions() == Some(1));
    is_well_under_traffic(&giaoban, &[worker]);
}

#[test]
fn a_worker_that_stands_still_is_named_and_none_is_advised_where_it_runs() {
    let giaoban = served();
    giaoban.publish_sessions(0..10);
    let worker = Running::worker(&giaoban);
    until("a store", Duration::from_secs(60), || giaoban.sessions() == Some(10));
    worker.signal("STOP");
    giaoban.publish_sessions(10..20);
    let (thing, verdict, told) = only(&giaoban);
    assert_eq!((thing.as_str(), verdict.as_str()), ("lag", "warning"));
    assert!(
        told.contains("10 records are not in the store") && told.contains(&format!("process {}", worker.id())),
        "{told}"
    );
    worker.signal("CONT");
    until("the rest", Duration::from_secs(60), || giaoban.sessions() == Some(20));
    worker.stop();
    giaoban.publish_sessions(20..30);
    assert!(only(&giaoban).2.contains("Run a worker"));
}

#[test]
fn a_damaged_page_of_store_or_log_is_a_problem() {
    let giaoban = served();
    giaoban.publish_sessions_of(&["00004", "00007", "00010", "00013"], 0..3_000);
    giaoban.settle();
    assert_eq!(found(&giaoban), []);
    for name in ["store-1.db", "log.db"] {
        let file = std::fs::File::options().read(true).write(true).open(giaoban.data().join(name)).unwrap();
        let size = file.metadata().unwrap().len();
        let mut whole = vec![0; size as usize];
        file.read_exact_at(&mut whole, 0).unwrap();
        let mut told = 0;
        // Some of the first pages are empty ones: nobody reads them.
        let pages = [size / 4096 / 2, size / 4096 * 3 / 4, size / 4096 - 2];
        for page in pages {
            file.write_all_at(&[0xA5; 4096], page * 4096).unwrap();
            let rows = found(&giaoban);
            told += usize::from(rows.iter().any(|(_, verdict, _)| verdict == "problem"));
            file.write_all_at(&whole, 0).unwrap();
        }
        assert_eq!(told, pages.len(), "{name}");
        assert_eq!(found(&giaoban), [], "{name} is whole again");
    }
    // What was not looked at is not said to be well.
    let ended = giaoban.run(&["doctor", "--within", "0"]);
    assert!(ended.code == Some(16) || !ended.out.contains("NOT SEEN"), "{}", ended.out);
}

#[test]
fn an_address_that_another_program_has_is_a_problem_and_one_of_our_own_worker_none() {
    let giaoban = served();
    giaoban.publish_sessions(0..1);
    let worker = Running::worker(&giaoban);
    until("a store", Duration::from_secs(60), || giaoban.sessions() == Some(1));
    let beside = |address: &str| {
        let ended = giaoban.command(&["doctor"]).env("GIAOBAN__HTTP__LISTEN", address).output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stdout).unwrap())
    };
    let (code, said) = beside(worker.address());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("{}: giaoban/", worker.address())), "{said}");
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let (code, said) = beside(&address);
    assert_eq!(code, Some(16), "{said}");
    assert!(said.contains(&format!("{address}: taken by another program: ")), "{said}");
    assert!(said.contains(&format!("({})", std::process::id())) && said.contains("GIAOBAN__HTTP__LISTEN="), "{said}");
}

#[test]
fn a_full_disk_is_a_problem() {
    let Some(disk) = SmallDisk::mount(48) else { return };
    let giaoban = served();
    let data = disk.path().join("data");
    let doctor = || {
        let mut command = giaoban.command(&["doctor", "--data", data.to_str().unwrap()]);
        command.env("GIAOBAN__HTTP__LISTEN", "off");
        let ended = disk.run(&command);
        (ended.status.code(), String::from_utf8(ended.stdout).unwrap())
    };
    let (code, said) = doctor();
    assert!(code == Some(0) && said.contains("MB free"), "{said}");
    disk.fill_up(0);
    let (code, said) = doctor();
    assert!(code == Some(16) && said.contains("the disk is full, 0 MB free"), "{said}");
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_a_pipeline_at_work_is_well_and_its_workers_are_known() {
    let giaoban = Giaoban::on_kafka().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0");
    giaoban.ok(&["topics", "create", "--partitions", "3"]);
    giaoban.publish_sessions(0..1);
    let worker = Running::worker(&giaoban);
    until("a store", Duration::from_secs(60), || giaoban.sessions() == Some(1));
    is_well_under_traffic(&giaoban, std::slice::from_ref(&worker));
    // By the newer protocol brokers list nobody; what a worker notes beside its offsets tells.
    let said = giaoban.ok(&["doctor"]);
    let process = format!("process {}", worker.id());
    assert!(said.contains(&process), "{said}");
    worker.signal("STOP");
    giaoban.write_sessions("b.ndjson", &["00004"], 20_000..20_005);
    giaoban.ok(&["publish", "b.ndjson"]);
    let (_, _, told) = only(&giaoban);
    assert!(told.contains(&process), "{told}");
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_a_member_of_the_group_that_is_no_worker_is_named_with_its_partitions() {
    let giaoban = Giaoban::on_kafka().with("GIAOBAN__HTTP__LISTEN", "off");
    giaoban.ok(&["topics", "create", "--partitions", "2"]);
    giaoban.publish_sessions(0..3);
    giaoban.settle();
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", giaoban.variable("GIAOBAN__KAFKA__BROKERS")).set("client.id", "somebody-else");
    config.set("group.id", giaoban.variable("GIAOBAN__KAFKA__GROUP")).set("enable.auto.commit", "false");
    let other: BaseConsumer = config.create().unwrap();
    other.subscribe(&[giaoban.variable("GIAOBAN__KAFKA__TOPIC")]).unwrap();
    until("its partitions", Duration::from_secs(60), || {
        let _ = other.poll(Duration::from_millis(100));
        other.assignment().unwrap().count() == 2
    });
    let (thing, verdict, told) = only(&giaoban);
    assert_eq!((thing.as_str(), verdict.as_str()), ("group", "problem"));
    assert!(told.contains("somebody-else at 127.0.0.1") && told.contains("has partition 0, 1"), "{told}");
}

#[test]
#[ignore = "needs a broker: ./test.sh"]
fn kafka_topics_are_made_to_last_and_what_one_has_otherwise_is_said() {
    let giaoban = Giaoban::on_kafka();
    let create = |more: &[&str]| -> Value {
        let out = giaoban.ok(&[&["topics", "create", "--partitions", "2", "--format", "json"], more].concat());
        serde_json::from_str(&out).unwrap()
    };
    let [events, letters] = [0, 1].map(|index| create(&[])["topics"][index].clone());
    // One broker, so one copy, which has to be in step; of the second call both are there already.
    assert_eq!((&events["made"], &events["copies"], &letters["made"]), (&true.into(), &1.into(), &false.into()));
    let settings = &events["settings"];
    assert_eq!(settings["min.insync.replicas"], "1");
    assert_eq!(settings["message.timestamp.type"], "LogAppendTime");
    assert_eq!(settings["retention.ms"], "-1");
    assert_eq!(letters["settings"]["message.timestamp.type"], "CreateTime");
    assert_eq!(events["differences"], Value::Array(Vec::new()));
    let otherwise = create(&["--replication", "3"])["topics"][0]["differences"].clone();
    let named: Vec<&str> = otherwise.as_array().unwrap().iter().map(|of| of["what"].as_str().unwrap()).collect();
    assert_eq!(named, ["copies", "min.insync.replicas"]);
    let said = giaoban.ok(&["topics", "create", "--partitions", "4", "--replication", "3"]);
    assert!(said.contains("differs: partitions is 2, made anew it would be 4"), "{said}");
    assert!(said.contains("--add-config min.insync.replicas=2"), "{said}");
    // A time of the log's own, whatever the sender's.
    giaoban.publish_sessions(0..1);
    giaoban.settle();
    assert_eq!(found(&giaoban), []);
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_a_role_that_may_write_only_some_of_it_is_a_problem_and_one_that_reads_is_told() {
    let database = Database::new();
    let giaoban = Giaoban::new()
        .with("GIAOBAN__STORE__URL", &database.url)
        .with("GIAOBAN__STORE__SCHEMA", &database.schema)
        .with("GIAOBAN__HTTP__LISTEN", "off");
    giaoban.publish_sessions(0..3);
    giaoban.settle();
    assert_eq!(found(&giaoban), []);
    let role = format!("{}_role", database.schema);
    database.run(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'p'; GRANT USAGE ON SCHEMA {{schema}} TO {role};
         GRANT SELECT ON ALL TABLES IN SCHEMA {{schema}} TO {role}"
    ));
    let url = database.url_of(&role, "p");
    let doctor = || {
        let ended = giaoban.command(&["doctor"]).env("GIAOBAN__STORE__URL", &url).output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stdout).unwrap())
    };
    let (code, said) = doctor();
    assert!(code == Some(0) && said.contains("this user may only read") && said.contains("roles.sql"), "{said}");
    database.run(&format!("GRANT INSERT, UPDATE, DELETE ON {{schema}}.checkpoint_1 TO {role}"));
    let (code, said) = doctor();
    assert!(code == Some(16) && said.contains("may not write") && said.contains("ledger_1"), "{said}");
    assert!(!said.contains("checkpoint_1"), "{said}");
    database.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

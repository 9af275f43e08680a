//! A server that goes back, takes no changes, is away or changes its secrets while workers live on: they wait, say so,
//! read again what was lost, and end where only a person can help.

use std::process::Command;
use std::time::{Duration, Instant};

use postgres::NoTls;

use crate::database::Database;
use crate::database::server::{Down, OwnServer, programs};
use crate::harness::running::Running;
use crate::harness::{Giaoban, assignments, session, until};

const PATIENCE: Duration = Duration::from_secs(60);
/// Within which a worker that has nothing to do sees that its store is away, and what a busy machine adds.
const SEEN_WITHIN: Duration = Duration::from_secs(12);

/// The binary with its store there.
fn on(url: &str, schema: &str) -> Giaoban {
    Giaoban::new()
        .with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0")
        .with("GIAOBAN__STORE__URL", url)
        .with("GIAOBAN__STORE__SCHEMA", schema)
}

fn publish(giaoban: &Giaoban, numbers: std::ops::Range<usize>) {
    giaoban.publish_sessions_of(&["00004", "00007", "00010"], numbers);
}

/// A worker that has written these events and has nothing more to do.
fn idle(giaoban: &Giaoban, events: usize) -> Running {
    publish(giaoban, 0..events);
    let worker = Running::worker(giaoban);
    until("all events", PATIENCE, || giaoban.sessions() == Some(events as u64));
    worker.until_ready();
    worker
}

fn assert_exact(giaoban: &Giaoban, events: usize) {
    assert_eq!(giaoban.sessions(), Some(events as u64));
    let said = giaoban.ok(&["doctor"]);
    assert!(said.contains(&format!("{events} records read, none has vanished")), "{said}");
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_that_was_restored_under_an_idle_worker_is_read_into_again() {
    let database = Database::new();
    let giaoban = on(&database.url, &database.schema);
    let mut worker = idle(&giaoban, 200);
    let program = |name: &str, arguments: &[&str]| {
        let mut command = Command::new(programs().join(name));
        let ran = command.args(["-d", &database.url]).args(arguments).output().unwrap();
        assert!(ran.status.success(), "{name}: {}", String::from_utf8_lossy(&ran.stderr));
    };
    let dump = giaoban.dir().join("dump");
    let dump = dump.to_str().unwrap();
    program("pg_dump", &["-Fc", "-n", &database.schema, "-f", dump]);
    publish(&giaoban, 200..300);
    until("the rest", PATIENCE, || giaoban.sessions() == Some(300));
    worker.signal("STOP");
    program("pg_restore", &["--clean", "--if-exists", "--single-transaction", dump]);
    assert_eq!(giaoban.sessions(), Some(200), "what came after the dump is gone");
    worker.signal("CONT");
    worker.says("the store went back");
    until("what was lost", PATIENCE, || giaoban.sessions() == Some(300));
    assert_eq!(worker.metric("giaoban_worker_store_went_back_records_total"), Some(100.0));
    assert!(!worker.log().contains("another worker has written it"), "{}", worker.log());
    worker.assert_running();
    worker.until_ready();
    worker.stop();
    assert_exact(&giaoban, 300);
    giaoban.ok(&["verify"]);
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_that_went_back_is_told_by_how_much_when_a_batch_meets_it_first() {
    let database = Database::new();
    let giaoban = on(&database.url, &database.schema);
    let worker = idle(&giaoban, 30);
    // Rows put back, and an event at once: the batch is turned away before the next look.
    worker.signal("STOP");
    database.run("DELETE FROM {schema}.ledger_1; DELETE FROM {schema}.cell_1; DELETE FROM {schema}.checkpoint_1");
    publish(&giaoban, 30..33);
    worker.signal("CONT");
    until("all of it", PATIENCE, || giaoban.sessions() == Some(33));
    assert!(worker.log().contains("the store went back"), "{}", worker.log());
    assert!(!worker.log().contains("another worker has written it"), "{}", worker.log());
    assert!(worker.metric("giaoban_worker_store_went_back_records_total") > Some(0.0));
    worker.stop();
    assert_exact(&giaoban, 33);
}

#[test]
#[ignore = "needs PostgreSQL's programs: ./test.sh"]
fn postgres_that_is_away_or_hangs_is_seen_by_an_idle_worker_within_ten_seconds() {
    let mut server = OwnServer::start();
    let giaoban = on(&server.url(), "giaoban");
    let mut worker = idle(&giaoban, 10);
    let serving = Running::of(giaoban.command(&["serve"]));
    serving.until_ready();
    let lag = |of: &Running| -> Option<f64> {
        (0..6).map(|partition| of.metric(&format!("giaoban_topic_lag_records{{partition=\"{partition}\"}}"))).sum()
    };
    until("no lag", PATIENCE, || lag(&worker) == Some(0.0) && lag(&serving) == Some(0.0));
    server.stop(Down::Fast);
    for process in [&worker, &serving] {
        process.until_not_ready(SEEN_WITHIN);
        process.says("\"event\":\"store_away\"");
        assert!(process.readiness().1.contains("the store"), "{}", process.readiness().1);
        assert!(process.is_live(), "an outage is no reason to start it again");
    }
    assert_eq!(worker.metric("giaoban_worker_store_connected"), Some(0.0));
    // The store says nothing, and the log goes on.
    publish(&giaoban, 10..12);
    until("what waits is known", PATIENCE, || lag(&worker) == Some(2.0) && lag(&serving) == Some(2.0));
    server.start_again();
    for process in [&worker, &serving] {
        process.until_ready();
        process.says("\"event\":\"store_back\",\"seconds\":");
    }
    serving.stop();
    until("it is in the store", PATIENCE, || giaoban.sessions() == Some(12));
    server.freeze();
    worker.until_not_ready(SEEN_WITHIN);
    server.thaw();
    worker.until_ready();
    worker.assert_running();
    publish(&giaoban, 12..15);
    until("the rest", PATIENCE, || giaoban.sessions() == Some(15));
    worker.stop();
}

#[test]
#[ignore = "needs PostgreSQL's programs: ./test.sh"]
fn postgres_that_takes_no_changes_is_away_and_gets_no_partition() {
    let mut server = OwnServer::start();
    let giaoban = on(&server.url(), "giaoban");
    let mut worker = idle(&giaoban, 10);
    let change = |sql: &str| {
        let mut client = postgres::Client::connect(&server.url(), NoTls).unwrap();
        sql.split(';').for_each(|one| client.batch_execute(one).unwrap());
    };
    // As a failover's other side has it, or an administrator.
    change("ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()");
    publish(&giaoban, 10..15);
    worker.says("read-only");
    worker.until_not_ready(SEEN_WITHIN);
    worker.assert_running();
    let found = giaoban.run(&["doctor"]);
    assert!(found.code == Some(16) && found.out.contains("read-only for now"), "{}", found.out);
    change(
        "SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf()",
    );
    until("the rest", PATIENCE, || giaoban.sessions() == Some(15));
    worker.until_ready();

    // A standby.
    server.stop(Down::Fast);
    server.write("standby.signal", "");
    server.start_again();
    publish(&giaoban, 15..20);
    worker.says("the server is a standby");
    worker.until_not_ready(SEEN_WITHIN);
    worker.signal("KILL");
    drop(worker);
    for (arguments, variable) in [(&["worker"][..], "1"), (&["worker", "--until-caught-up"], "300")] {
        let mut command = giaoban.command(arguments);
        let begun = Instant::now();
        let ended = command.env("GIAOBAN__STORE__WAIT", variable).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(18), "{said}");
        assert!(said.contains("the server is a standby") && said.contains("target_session_attrs"), "{said}");
        assert!(!said.contains("assigned"), "it takes no partition: {said}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }
    assert_eq!(giaoban.sessions(), Some(15), "it can be read");
    let waiting = Running::worker(&giaoban);
    waiting.says("cannot begin yet");
    assert!(!waiting.is_ready() && waiting.is_live());
    let mut client = postgres::Client::connect(&server.url(), NoTls).unwrap();
    client.execute("SELECT pg_promote()", &[]).unwrap();
    until("the rest", PATIENCE, || giaoban.sessions() == Some(20));
    waiting.until_ready();
    waiting.stop();
    assert_exact(&giaoban, 20);
}

#[test]
#[ignore = "needs PostgreSQL's programs: ./test.sh"]
fn postgres_that_is_away_at_the_start_is_waited_for() {
    let mut server = OwnServer::start();
    let giaoban = on(&server.url(), "giaoban");
    publish(&giaoban, 0..10);
    server.stop(Down::Fast);
    let ended = giaoban.command(&["worker"]).env("GIAOBAN__STORE__WAIT", "1").output().unwrap();
    assert_eq!(ended.status.code(), Some(18), "{}", String::from_utf8_lossy(&ended.stderr));
    let waiting = Running::worker(&giaoban);
    waiting.says("cannot begin yet");
    server.start_again();
    until("all events", PATIENCE, || giaoban.sessions() == Some(10));
    waiting.until_ready();
    waiting.stop();
    // And one that is told to stop meanwhile does.
    server.stop(Down::Fast);
    let waiting = Running::worker(&giaoban);
    waiting.says("cannot begin yet");
    waiting.stop();
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_sessions_cut_in_the_last_steps_of_a_start_are_waited_for() {
    let database = Database::new();
    let giaoban = on(&database.url_with(&format!("application_name={}", database.schema)), &database.schema);
    publish(&giaoban, 0..10);
    giaoban.settle();
    let of_it = "FROM pg_stat_activity WHERE application_name = '{schema}' AND wait_event_type = 'Lock'";
    // What is asked of each table while it starts waits until its session is cut.
    for table in ["giaoban_generation", "bound_log_1", "checkpoint_1"] {
        for (arguments, code) in [(&["worker"][..], 0), (&["worker", "--until-caught-up"], 18)] {
            let mut other = database.client();
            let mut holding = other.transaction().unwrap();
            holding.batch_execute(&format!("LOCK TABLE {}.{table}", database.schema)).unwrap();
            let worker = Running::unserved(giaoban.command(arguments));
            until("it waits", PATIENCE, || database.value(&format!("SELECT count(*) {of_it}")) == 1);
            assert_eq!(database.value(&format!("SELECT count(pg_terminate_backend(pid, 5000)) {of_it}")), 1);
            if code == 0 {
                worker.says("cannot begin yet");
                holding.rollback().unwrap();
                worker.says("\"assigned\"");
                worker.signal("TERM");
            }
            let (ended, said) = worker.ended();
            assert_eq!(ended, Some(code), "{table}: {said}");
        }
    }
}

/// A role of its own that the server lets in or not.
fn limited(database: &Database) -> (String, impl Fn(i32)) {
    let role = format!("{}_role", database.schema);
    database.run(&format!("CREATE ROLE {role} SUPERUSER LOGIN PASSWORD 'p'"));
    let (role_of, url) = (role.clone(), database.url.clone());
    let limit = move |to: i32| {
        // Superusers are not limited.
        let right = if to < 0 { "SUPERUSER" } else { "NOSUPERUSER" };
        let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role_of}'");
        let mut client = postgres::Client::connect(&url, NoTls).unwrap();
        client.batch_execute(&format!("ALTER ROLE {role_of} {right} CONNECTION LIMIT {to}; {cut}")).unwrap();
    };
    (role, limit)
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_without_a_connection_to_spare_or_room_on_its_disk_is_waited_for() {
    let database = Database::new();
    let (role, limit) = limited(&database);
    let giaoban = on(&database.url_of(&role, "p"), &database.schema);
    let mut worker = idle(&giaoban, 10);
    let beside = on(&database.url, &database.schema);
    let data = giaoban.data();
    let sessions = || {
        let out = beside.ok(&[
            "rollup",
            "--period",
            "2020-Q1",
            "--unit",
            "01",
            "--format",
            "json",
            "--data",
            data.to_str().unwrap(),
        ]);
        serde_json::from_str::<serde_json::Value>(&out).unwrap()["units"][0]["figures"]["supervision_sessions"].as_u64()
    };
    limit(0);
    publish(&giaoban, 10..20);
    worker.says("connection limit reached");
    worker.until_not_ready(SEEN_WITHIN);
    assert_eq!(worker.metric("giaoban_worker_store_connected"), Some(0.0));
    assert!(worker.is_live() && sessions() == Some(10));
    limit(-1);
    until("the rest", PATIENCE, || sessions() == Some(20));
    worker.until_ready();
    assert_eq!(worker.metric("giaoban_worker_store_connected"), Some(1.0));

    database.run(
        "CREATE FUNCTION {schema}.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             RAISE EXCEPTION 'could not extend file \"base/5/16384\": No space left on device' USING ERRCODE = '53100'; END $$;
         CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON {schema}.checkpoint_1 EXECUTE FUNCTION {schema}.full()",
    );
    publish(&giaoban, 20..30);
    worker.says("no space left for");
    worker.until_not_ready(SEEN_WITHIN);
    assert_eq!(worker.metric("giaoban_worker_store_connected"), Some(0.0));
    until("it is counted", PATIENCE, || {
        worker.metric("giaoban_worker_store_failures_total{kind=\"disk_full\"}") > Some(0.0)
    });
    assert!(worker.is_live() && sessions() == Some(20));
    database.run("DROP TRIGGER no_room ON {schema}.checkpoint_1");
    until("the rest", PATIENCE, || sessions() == Some(30));
    worker.until_ready();
    worker.assert_running();
    worker.stop();
    assert_exact(&giaoban, 30);
    database.run(&format!("DROP SCHEMA {{schema}} CASCADE; DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
#[ignore = "needs a broker and PostgreSQL: ./test.sh"]
fn postgres_that_lets_one_worker_in_no_more_keeps_no_other_of_its_group_waiting() {
    let database = Database::new();
    let (role, limit) = limited(&database);
    let giaoban = Giaoban::on_kafka()
        .with("GIAOBAN__KAFKA__PROPERTIES__GROUP_PROTOCOL", "classic")
        .with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0")
        .with("GIAOBAN__STORE__URL", &database.url)
        .with("GIAOBAN__STORE__SCHEMA", &database.schema);
    giaoban.ok(&["topics", "create", "--partitions", "6"]);
    let worker = || Running::worker(&giaoban);
    let mut first = worker();
    first.until_assigned();
    let mut command = giaoban.command(&["worker"]);
    command.env("GIAOBAN__STORE__URL", database.url_of(&role, "p"));
    let mut shut_out = Running::of(command);
    shut_out.until_assigned();
    shut_out.until_ready();
    limit(0);
    shut_out.until_not_ready(SEEN_WITHIN);
    // It gets what another gives up, and cannot find out where to begin.
    let before = assignments(&shut_out.log());
    first.stop();
    until("it is given more", PATIENCE, || assignments(&shut_out.log()) > before);
    shut_out.says("cannot look up where to start");
    let mut second = worker();
    second.until_assigned();
    second.until_ready();
    publish(&giaoban, 0..60);
    limit(-1);
    until("all events", PATIENCE, || giaoban.sessions() == Some(60));
    shut_out.until_ready();
    shut_out.assert_running();
    shut_out.stop();
    second.stop();
    assert_exact(&giaoban, 60);
    database.run(&format!("DROP SCHEMA {{schema}} CASCADE; DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_commits_what_the_role_would_not_wait_for() {
    let database = Database::new();
    let role = format!("{}_role", database.schema);
    for (of_role, in_batch) in [("off", "on"), ("local", "on"), ("on", "on"), ("remote_apply", "remote_apply")] {
        database.run(&format!(
            "DROP SCHEMA IF EXISTS {{schema}} CASCADE; DROP ROLE IF EXISTS {role};
             CREATE ROLE {role} SUPERUSER LOGIN PASSWORD 'p'; ALTER ROLE {role} SET synchronous_commit = {of_role}"
        ));
        let giaoban = on(&database.url_of(&role, "p"), &database.schema);
        publish(&giaoban, 0..1);
        giaoban.settle();
        database.run(
            "CREATE TABLE {schema}.seen (setting text);
             CREATE FUNCTION {schema}.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 INSERT INTO {schema}.seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
             CREATE TRIGGER see AFTER INSERT OR UPDATE ON {schema}.checkpoint_1 EXECUTE FUNCTION {schema}.see()",
        );
        publish(&giaoban, 1..4);
        giaoban.settle();
        let seen = format!("SELECT DISTINCT setting FROM {}.seen", database.schema);
        let rows = database.client().query(&seen, &[]).unwrap();
        let seen: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(seen, [in_batch], "where the role has {of_role}");
        database.run(&format!("DROP SCHEMA {{schema}} CASCADE; DROP OWNED BY {role}; DROP ROLE {role}"));
    }
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_in_an_encoding_that_cannot_hold_the_events_is_refused() {
    let database = Database::new();
    for (encoding, refused) in [("LATIN1", true), ("SQL_ASCII", false)] {
        let name = format!("{}_{}", database.schema, encoding.to_lowercase());
        database.run(&format!("CREATE DATABASE {name} ENCODING {encoding} TEMPLATE template0 LOCALE 'C'"));
        let (place, _) = database.url.rsplit_once('/').unwrap();
        let giaoban = on(&format!("{place}/{name}"), "giaoban");
        let event = session("00004", 1, 1, "2020-03-04", 1).replace("GS-1\"", "GS-Trúc-Bạch\"");
        giaoban.write("a.ndjson", event);
        giaoban.ok(&["publish", "a.ndjson"]);
        if refused {
            let said = giaoban.fails(19, &["worker", "--until-caught-up"]);
            assert!(said.contains("LATIN1") && said.contains("createdb --encoding UTF8"), "{said}");
        } else {
            giaoban.settle();
            assert_eq!(giaoban.sessions(), Some(1));
        }
        database.run(&format!("DROP DATABASE {name}"));
    }
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_is_reached_with_the_password_that_its_file_has_now() {
    let database = Database::new();
    let role = format!("{}_role", database.schema);
    database.run(&format!("CREATE ROLE {role} SUPERUSER LOGIN PASSWORD 'one'"));
    let url = database.url_of(&role, "no").replace(":no@", "@");
    let giaoban = on(&url, &database.schema).with("GIAOBAN__STORE__PASSWORD_FILE", "secret");
    giaoban.write("secret", "one\n");
    let mut worker = idle(&giaoban, 5);
    database.run(&format!("ALTER ROLE {role} PASSWORD 'two'"));
    giaoban.write("secret", "two\n");
    database.run(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'"));
    publish(&giaoban, 5..10);
    until("the rest", PATIENCE, || giaoban.sessions() == Some(10));
    worker.assert_running();
    worker.until_ready();
    worker.stop();
    database.run(&format!("DROP SCHEMA {{schema}} CASCADE; DROP OWNED BY {role}; DROP ROLE {role}"));
}

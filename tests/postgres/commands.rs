//! Every command on PostgreSQL, and the roles that each needs.

use std::time::Duration;

use crate::database::Database;
use crate::harness::running::Running;
use crate::harness::{Giaoban, session, until};

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_roles_have_what_they_need_and_no_more() {
    let database = Database::new();
    let giaoban = on(&database);
    publish(&giaoban, 20);
    // The shipped file, with names of this test's own.
    let name = &database.schema;
    let roles = include_str!("../../config/postgres/roles.sql")
        .replace("giaoban_writer", &format!("{name}_writer"))
        .replace("giaoban_reader", &format!("{name}_reader"))
        .replace("SCHEMA giaoban", &format!("SCHEMA {name}"));
    let current: String = database.client().query_one("SELECT current_database()", &[]).unwrap().get(0);
    let roles = roles.replace("DATABASE giaoban", &format!("DATABASE {current}"));
    database.run(&roles);
    database.run(&format!("ALTER ROLE {name}_writer PASSWORD 'w'; ALTER ROLE {name}_reader PASSWORD 'r'"));
    let writer = on(&database).with("GIAOBAN__STORE__URL", &database.url_of(&format!("{name}_writer"), "w"));
    let reader = on(&database).with("GIAOBAN__STORE__URL", &database.url_of(&format!("{name}_reader"), "r"));
    let in_folder = |other: &Giaoban, arguments: &[&str]| {
        let data = giaoban.data();
        other.run(&[arguments, &["--data", data.to_str().unwrap()]].concat())
    };
    let ended = in_folder(&writer, &["worker", "--until-caught-up"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    for command in [
        &["rollup", "--period", "2020-Q1", "--format", "json"][..],
        &["records", "--period", "2020-Q1", "--figure", "participants"],
        &["doctor"],
    ] {
        let ended = in_folder(&reader, command);
        assert_eq!(ended.code, Some(0), "{command:?} {} {}", ended.out, ended.err);
    }
    publish(&giaoban, 21);
    for command in [&["worker", "--until-caught-up"][..], &["replay"]] {
        let ended = in_folder(&reader, command);
        assert_eq!(ended.code, Some(19), "{command:?} {} {}", ended.out, ended.err);
        assert!(ended.err.contains("config/postgres/roles.sql"), "{}", ended.err);
    }
    // What each may not do, in the server's own words.
    let elsewhere = format!("{name}_elsewhere");
    database.run(&format!("CREATE SCHEMA {elsewhere}; CREATE TABLE {elsewhere}.things (x integer)"));
    let beyond = [
        format!("CREATE SCHEMA {elsewhere}_too"),
        "CREATE TABLE public.things (x integer)".to_owned(),
        format!("CREATE TABLE {elsewhere}.more (x integer)"),
        format!("SELECT FROM {elsewhere}.things"),
        format!("INSERT INTO {elsewhere}.things VALUES (1)"),
        format!("ALTER TABLE {elsewhere}.things ADD COLUMN y integer"),
        format!("DROP TABLE {elsewhere}.things"),
        format!("DROP SCHEMA {elsewhere} CASCADE"),
        format!("ALTER ROLE {name}_writer SUPERUSER"),
        format!("CREATE ROLE {name}_more"),
        "ALTER SYSTEM SET fsync = off".to_owned(),
        "COPY (SELECT 1) TO PROGRAM 'true'".to_owned(),
        "SELECT pg_read_file('PG_VERSION')".to_owned(),
    ];
    let of_the_store = [
        format!("UPDATE {name}.cell_1 SET figures = figures"),
        format!("INSERT INTO {name}.checkpoint_1 SELECT * FROM {name}.checkpoint_1"),
        format!("DELETE FROM {name}.ledger_1"),
        format!("TRUNCATE {name}.earlier_revision_1"),
        format!("UPDATE {name}.giaoban_generation SET in_force = false"),
        format!("SELECT FROM {name}.checkpoint_1 FOR UPDATE"),
        format!("CREATE TABLE {name}.things (x integer)"),
        format!("ALTER TABLE {name}.cell_1 ADD COLUMN y integer"),
        format!("DROP TABLE {name}.cell_1"),
    ];
    let refused = |role: &str, password: &str, statements: &[String]| {
        let url = database.url_of(&format!("{name}_{role}"), password);
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        for statement in statements {
            let error = client.batch_execute(statement).expect_err(statement);
            assert_eq!(error.code().map(|code| code.code()), Some("42501"), "{role}: {statement}: {error}");
        }
    };
    refused("writer", "w", &beyond);
    refused("reader", "r", &[&beyond[..], &of_the_store].concat());
    database.run(&format!("DROP SCHEMA {elsewhere} CASCADE"));
    // What a replay makes is read too.
    let ended = in_folder(&writer, &["replay", "--switch"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(in_folder(&reader, &["rollup", "--period", "2020-Q1"]).code, Some(0));
    database.run(&format!(
        "DROP SCHEMA {name} CASCADE; DROP OWNED BY {name}_writer, {name}_reader; DROP ROLE {name}_writer, {name}_reader"
    ));
}

/// The binary with its store in that database.
fn on(database: &Database) -> Giaoban {
    Giaoban::new().with("GIAOBAN__STORE__URL", &database.url).with("GIAOBAN__STORE__SCHEMA", &database.schema)
}

fn publish(giaoban: &Giaoban, count: usize) {
    let events = |number| session(["00004", "00007"][number % 2], number, 1, "2020-03-04", number as u32) + "\n";
    giaoban.write("a.ndjson", (0..count).map(events).collect::<String>());
    giaoban.ok(&["publish", "a.ndjson"]);
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_serves_every_command_as_sqlite_does() {
    let database = Database::new();
    let (postgres, sqlite) = (on(&database), Giaoban::new());
    for giaoban in [&postgres, &sqlite] {
        publish(giaoban, 300);
        giaoban.settle();
        giaoban.ok(&["correct", "--source", "/units/00004", "--subject", "GS-2", "--participants", "77"]);
        giaoban.ok(&["withdraw", "--source", "/units/00004", "--subject", "GS-4", "--reason", "duplicate"]);
        giaoban.settle();
    }
    for command in [
        &["rollup", "--period", "2020-Q1", "--format", "json"][..],
        &["rollup", "--period", "2020", "--format", "csv"],
        &["records", "--period", "2020-Q1", "--figure", "participants", "--format", "json"],
    ] {
        assert_eq!(postgres.ok(command), sqlite.ok(command), "{command:?}");
    }
    for giaoban in [&postgres, &sqlite] {
        giaoban.ok(&["report", "--period", "2020-Q1", "--out", "."]);
    }
    let mut compared = 0;
    for file in std::fs::read_dir(postgres.dir()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".html") || name.ends_with(".csv") || name.ends_with(".json") {
            assert_eq!(postgres.read(&name), sqlite.read(&name), "{name}");
            compared += 1;
        }
    }
    assert!(compared >= 3);
    let said = postgres.ok(&["doctor"]);
    assert!(said.contains("PostgreSQL") && said.contains("302 records read, none has vanished"), "{said}");
    assert!(!postgres.data().join("store-1.db").exists(), "nothing is kept in SQLite");

    // Other rules are a replay into the next generation.
    let postgres = postgres.with("GIAOBAN__CALENDAR", "calendar-quarter");
    assert!(postgres.fails(10, &["worker", "--until-caught-up"]).contains("giaoban replay"));
    let changes = postgres.ok(&["replay", "--format", "csv"]);
    assert!(!changes.contains("participants"), "the day is in the first quarter of both: {changes}");
    postgres.fails(10, &["rollup", "--period", "2020-Q1"]);
    let ended = postgres.run(&["replay", "--switch"]);
    assert!(
        ended.code == Some(0) && ended.err.contains("generation 2") && ended.err.contains("DROP TABLE"),
        "{}",
        ended.err
    );
    postgres.settle();
    assert_eq!(postgres.figure("2020-Q1", "01", "supervision_sessions"), 299);
    assert!(postgres.ok(&["replay"]).contains("Nothing would change"));
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_is_refused_with_a_remedy_and_never_with_the_password() {
    let database = Database::new();
    let wrong = on(&database).with("GIAOBAN__STORE__URL", &database.url_of("postgres", "s3cret"));
    let away = on(&database).with("GIAOBAN__STORE__URL", "postgres://u:s3cret@127.0.0.1:1/d");
    let malformed = on(&database).with("GIAOBAN__STORE__URL", "postgres://u:s3cret@h/d?sslmode=perhaps");
    for (giaoban, code, remedy) in
        [(&wrong, 19, "store.password_file"), (&away, 18, "giaoban doctor"), (&malformed, 3, "store.url")]
    {
        publish_unless_refused(giaoban);
        for command in [&["worker", "--until-caught-up"][..], &["rollup", "--period", "2020-Q1"], &["replay"]] {
            let said = giaoban.fails(code, command);
            assert!(said.contains(remedy) && !said.contains("s3cret"), "{said}");
        }
        let shown = giaoban.run(&["config", "show"]);
        assert!(!(shown.out + &shown.err).contains("s3cret"));
    }
    let told = wrong.run(&["doctor"]);
    assert!(told.code == Some(16) && told.out.contains("store.password_file"), "{}", told.out);

    // The password from a file, or from the environment.
    let (_, secret) = database.url.split_once("://").unwrap().1.rsplit_once('@').unwrap().0.split_once(':').unwrap();
    let secret = secret.replace("%20", " ");
    let without = database.url.replace(&format!(":{}@", secret.replace(' ', "%20")), "@");
    let by_file = on(&database).with("GIAOBAN__STORE__URL", &without).with("GIAOBAN__STORE__PASSWORD_FILE", "secret");
    by_file.write("secret", format!("{secret}\n"));
    // Another installation, another schema.
    let by_variable =
        on(&Database::new()).with("GIAOBAN__STORE__URL", &without).with("GIAOBAN__STORE__PASSWORD", &secret);
    for giaoban in [by_file, by_variable] {
        giaoban.settle();
        let shown = giaoban.ok(&["config", "show"]);
        assert!(shown.contains("store.url = \"postgres") && !shown.contains(&secret), "{shown}");
    }
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_is_behind_the_demo_and_the_pages() {
    let database = Database::new();
    let giaoban = on(&database);
    let said = giaoban.ok(&["demo", "--no-serve"]);
    assert!(said.contains("In 2020 the whole city had"), "{said}");
    giaoban.ok(&["demo", "--no-serve"]);
    let giaoban = giaoban.with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0");
    let worker = Running::worker(&giaoban);
    let mut page = (0, String::new());
    until("the page", Duration::from_secs(30), || {
        page = worker.get("/v1/rollup?period=2020");
        page.0 == 200
    });
    assert_eq!(serde_json::from_str::<serde_json::Value>(&page.1).unwrap(), giaoban.rollup("2020"));

    // Real figures are not mixed with made-up ones.
    let database = Database::new();
    let giaoban = on(&database);
    giaoban.publish_sessions(0..1);
    giaoban.settle();
    let said = giaoban.fails(2, &["demo", "--no-serve"]);
    assert!(said.contains("real figures") && said.contains("store.schema"), "{said}");
}

#[test]
#[ignore = "needs a broker and PostgreSQL: ./test.sh"]
fn kafka_shares_its_partitions_among_workers_of_one_postgres() {
    const EVENTS: usize = 3_000;
    let database = Database::new();
    let giaoban = Giaoban::on_kafka()
        .with("GIAOBAN__STORE__URL", &database.url_with(&format!("application_name={}", database.schema)))
        .with("GIAOBAN__STORE__SCHEMA", &database.schema)
        .with("GIAOBAN__HTTP__LISTEN", "off")
        .with("GIAOBAN__WORKER__BATCH_RECORDS", "100")
        // A worker that is killed is missed soon.
        .with("GIAOBAN__KAFKA__PROPERTIES__SESSION_TIMEOUT_MS", "6000");
    // A broker under load may not have elected the leaders when it is asked what was made.
    let made = (0..10).any(|_| giaoban.run(&["topics", "create", "--partitions", "6"]).code == Some(0));
    assert!(made);
    let units = ["00004", "00007", "00010", "00013", "00016", "00019", "00022", "00025"];
    let send = |revision: i64| {
        let events = (0..EVENTS).map(|number| session(units[number % 8], number, revision, "2020-03-04", 1) + "\n");
        giaoban.write("a.ndjson", events.collect::<String>());
        giaoban.ok(&["publish", "a.ndjson"]);
    };
    send(1);
    let mut workers = [giaoban.start(&["worker"]), giaoban.start(&["worker"]), giaoban.start(&["worker"])];
    let read = || {
        let sum = "SELECT coalesce(sum(read), 0)::bigint FROM {schema}.checkpoint_1";
        database
            .client()
            .query_one(&sum.replace("{schema}", &database.schema), &[])
            .map_or(0, |row| row.get::<_, i64>(0))
    };
    let until = |count: usize| {
        for _ in 0..1_200 {
            if read() == count as i64 {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{} of {count} records are read", read());
    };
    until(EVENTS);
    // One is killed in the middle of work, and the others lose their connections: they take over.
    send(2);
    workers[0].kill().unwrap();
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{schema}'";
    assert!(database.value(cut) > 0);
    until(2 * EVENTS);
    assert!(workers[1..].iter_mut().all(|worker| worker.try_wait().unwrap().is_none()), "they go on");
    for worker in &mut workers {
        let _ = worker.kill();
        worker.wait().unwrap();
    }
    assert!(!giaoban.data().exists(), "nothing is kept beside the database");
    assert_eq!(giaoban.figure("2020-Q1", "01", "supervision_sessions"), EVENTS);
    let wrong =
        "SELECT count(*) FROM {schema}.checkpoint_1 WHERE read <> applied + duplicate + superseded + dead_lettered";
    assert_eq!(database.value(wrong), 0);
}

fn publish_unless_refused(giaoban: &Giaoban) {
    giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-04", 1));
    giaoban.run(&["publish", "a.ndjson"]);
}

//! What is known before a worker starts: variables, files, values; and what a signal does to it.

#![allow(clippy::unwrap_used)]

mod harness;

use std::ffi::OsString;
use std::net::TcpListener;
use std::os::unix::ffi::OsStringExt as _;
use std::process::Command;
use std::time::Duration;

use harness::Giaoban;
use harness::running::Running;

#[test]
fn a_variable_that_is_no_setting_ends_every_command_and_no_log_is_made() {
    for name in ["GIAOBAN_KAFKA__BROKERS", "giaoban__kafka__brokers", "Giaoban__Kafka__Topic"] {
        let giaoban = Giaoban::new().with(name, "kafka:9092");
        giaoban.write_sessions("a.ndjson", &["00004"], 0..1);
        for command in
            [&["publish", "a.ndjson"][..], &["worker"], &["doctor"], &["config", "show"], &["config", "check"]]
        {
            let said = giaoban.fails(3, command);
            assert!(said.contains(name) && said.contains("GIAOBAN__KAFKA__"), "{command:?}: {said}");
        }
        assert!(!giaoban.data().exists());
    }
    let giaoban = Giaoban::new();
    let mut command = giaoban.command(&["config", "show"]);
    command.env("GIAOBAN__KAFKA__BROKERS", OsString::from_vec(b"kafka\xff:9092".to_vec()));
    let ended = harness::wait(command.spawn().unwrap(), "config show");
    assert_eq!(ended.code, Some(3), "{}", ended.out);
    assert!(ended.err.contains("GIAOBAN__KAFKA__BROKERS is not UTF-8"), "{}", ended.err);
}

#[test]
fn config_check_tells_what_is_wrong_and_touches_neither_store_nor_log() {
    let broker = TcpListener::bind("127.0.0.1:0").unwrap();
    broker.set_nonblocking(true).unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let address = broker.local_addr().unwrap().to_string();
    let url = format!("postgres://u@{}/d", server.local_addr().unwrap());
    let file = |giaoban: &Giaoban| giaoban.write("x", "not a certificate\n").display().to_string();
    let on_kafka = || Giaoban::new().with("GIAOBAN__KAFKA__BROKERS", &address).with("GIAOBAN__STORE__URL", &url);
    let good = on_kafka();
    let said = good.ok(&["config", "check"]);
    assert!(said.contains("of which 4 are set"), "{said}");
    assert!(good.ok(&["config", "check", "--lang", "vi"]).contains("Cấu hình đúng"));

    type Broken<'b> = (&'b str, &'b dyn Fn(&Giaoban) -> String, &'b [&'b str]);
    let plain = |value: &'static str| move |_: &Giaoban| value.to_owned();
    let url_with_file = |giaoban: &Giaoban| format!("{url}?sslmode=verify-full&sslrootcert={}", file(giaoban));
    let broken: [Broken<'_>; 13] = [
        ("GIAOBAN__UNITS__FILE", &file, &["problems in the table of units"]),
        ("GIAOBAN__UNITS__FILE", &plain("/nowhere.csv"), &["units.file", "/nowhere.csv"]),
        ("GIAOBAN__CALENDAR", &plain("no-such"), &["no calendar of that name"]),
        ("GIAOBAN__SOURCES__ALLOWED", &plain("https://x 99999"), &["99999", "table of units"]),
        ("GIAOBAN__KAFKA__SECRET_FILES__SASL_PASSWORD", &plain("/nowhere/password"), &["sasl.password", "/nowhere"]),
        ("GIAOBAN__STORE__PASSWORD_FILE", &plain("/nowhere/password"), &["store.password_file", "/nowhere"]),
        ("GIAOBAN__KAFKA__PROPERTIES__NO_SUCH", &plain("x"), &["no.such", "no such property"]),
        ("GIAOBAN__KAFKA__PROPERTIES__LINGER_MS", &plain("soon"), &["linger.ms", "does not take this value"]),
        ("GIAOBAN__KAFKA__PROPERTIES__ACKS", &plain("1"), &["acks", "must stay all"]),
        ("GIAOBAN__KAFKA__PROPERTIES__SSL_CA_LOCATION", &plain("/nowhere.pem"), &["ssl.ca.location", "/nowhere.pem"]),
        ("GIAOBAN__STORE__URL", &url_with_file, &["store.url", "sslrootcert"]),
        ("GIAOBAN__STORE__URL", &plain("postgres://u@h:99999/d"), &["store.url", "port"]),
        ("GIAOBAN__HTTP__LISTEN", &plain("http://0.0.0.0:9464"), &["http.listen", "without http://"]),
    ];
    for (variable, value, parts) in broken {
        let mut giaoban = on_kafka();
        let value = value(&giaoban);
        giaoban = giaoban.with(variable, &value);
        let said = giaoban.fails(3, &["config", "check"]);
        assert!(parts.iter().all(|part| said.contains(part)) && harness::has_remedy(&said), "{variable}: {said}");
        assert!(!giaoban.data().exists());
    }
    // A certificate is read where it is used.
    let mut giaoban = on_kafka().with("GIAOBAN__KAFKA__PROPERTIES__SECURITY_PROTOCOL", "SSL");
    let value = file(&giaoban);
    giaoban = giaoban.with("GIAOBAN__KAFKA__PROPERTIES__SSL_CA_LOCATION", &value);
    let said = giaoban.fails(3, &["config", "check"]);
    assert!(said.contains("ssl.ca.location"), "{said}");
    // All that is wrong is told, not the first alone.
    let giaoban = on_kafka()
        .with("GIAOBAN__CALENDAR", "no-such")
        .with("GIAOBAN__STORE__PASSWORD_FILE", "/nowhere/password")
        .with("GIAOBAN__HOLIDAYS", "/nowhere/holidays.csv")
        .with("GIAOBAN__KAFKA__PROPERTIES__NO_SUCH", "x");
    let said = giaoban.fails(3, &["config", "check"]);
    assert!(
        ["no calendar", "store.password_file", "/nowhere/holidays.csv", "no.such"]
            .iter()
            .all(|part| said.contains(part)),
        "{said}"
    );
    for listener in [broker, server] {
        assert!(listener.accept().is_err(), "somebody was asked");
    }
}

#[test]
fn a_hang_up_ends_a_worker_cleanly_unless_it_was_told_to_ignore_it() {
    let giaoban = Giaoban::new().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0");
    giaoban.publish_sessions(0..50);
    let until = |count| harness::until("every record", Duration::from_secs(60), || giaoban.sessions() == Some(count));
    // Whatever those who run this test were told themselves.
    let told = |by: &[&str]| {
        let (mut command, started) = (Command::new(by[0]), giaoban.command(&["worker"]));
        command.args(&by[1..]).arg(started.get_program()).args(started.get_args()).current_dir(giaoban.dir());
        command.envs(started.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Running::of(command)
    };
    let worker = told(&["env", "--default-signal=HUP"]);
    until(50);
    worker.signal("HUP");
    let (code, log) = worker.ended();
    assert_eq!(code, Some(0), "{log}");

    let mut worker = told(&["nohup"]);
    worker.until_ready();
    worker.signal("HUP");
    giaoban.publish_sessions(50..60);
    until(60);
    worker.assert_running();
    worker.stop();
}

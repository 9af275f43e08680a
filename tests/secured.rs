//! A broker that wants TLS, a password and access rules: who has what
//! `config/kafka/acls.sh` gives gets through; whoever lacks something is told
//! what within seconds, and the program ends.

#![allow(clippy::unwrap_used)]

mod harness;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use giaoban::log::kafka::{KafkaLog, KafkaSettings};
use giaoban::log::{EventLog as _, Outgoing};
use harness::running::Running;
use harness::{Ended, Giaoban, session};

/// Ten seconds are the promise.
const SOON: Duration = Duration::from_secs(10);

const EVERY: [&[&str]; 3] = [&["publish", "a.ndjson"], &["worker"], &["doctor"]];

/// The secured broker, with topics, rules and a few messages of this run.
struct Secured {
    dir: PathBuf,
    brokers: String,
    topic: String,
    dead_letters: String,
    group: String,
}

static SECURED: LazyLock<Secured> = LazyLock::new(|| {
    let dir = PathBuf::from(std::env::var_os("KAFKA_SECURED").expect("KAFKA_SECURED is not set: run ./test.sh"));
    let brokers = format!("127.0.0.1:{}", std::fs::read_to_string(dir.join("port")).unwrap().trim());
    let topic = format!("secured-{:x}", jiff::Timestamp::now().as_nanosecond());
    let secured =
        Secured { dead_letters: format!("{topic}.dlq"), group: format!("{topic}-workers"), topic, dir, brokers };
    let Secured { topic, dead_letters, group, .. } = &secured;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/kafka/acls.sh");
    secured.tool(
        &script.display().to_string(),
        &[
            &["--producer", "User:producer", "--worker", "User:worker", "--administrator", "User:operator"][..],
            &["--topic", topic, "--dead-letter-topic", dead_letters, "--group", group],
        ]
        .concat(),
    );
    // The reader may read the events in any group, and see that there are dead letters.
    let rule = |rule: &[&str]| {
        let always = ["--add", "--allow-principal", "User:reader", "--operation"];
        secured.tool("kafka-acls.sh", &[&always[..], rule].concat());
    };
    rule(&["Read", "--topic", topic, "--group", "*"]);
    rule(&["Describe", "--topic", dead_letters]);
    secured.client("operator").ok(&["topics", "create", "--partitions", "2"]);
    secured.publish_a_bad_message();
    secured
});

impl Secured {
    fn file(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    fn password(&self, user: &str) -> String {
        std::fs::read_to_string(self.dir.join(format!("{user}.password"))).unwrap().trim().to_owned()
    }

    /// Runs one of Kafka's tools, or a script that does, as administrator.
    fn tool(&self, tool: &str, arguments: &[&str]) {
        let tools = self.dir.parent().unwrap().join("bin");
        let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
        let tool = if tool.contains('/') { PathBuf::from(tool) } else { tools.join(tool) };
        let server = ["--bootstrap-server", &self.brokers, "--command-config", &self.file("admin.properties")];
        let ran = Command::new(&tool).args(server).args(arguments).env("PATH", path).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{} {arguments:?}: {said}", tool.display());
    }

    /// The program with this run's topics and nothing else about Kafka.
    fn named(&self) -> Giaoban {
        let giaoban = Giaoban::new()
            .with("GIAOBAN__KAFKA__TOPIC", &self.topic)
            .with("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC", &self.dead_letters)
            .with("GIAOBAN__KAFKA__GROUP", &self.group)
            .with("GIAOBAN__HTTP__LISTEN", "off");
        giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-04", 7));
        giaoban
    }

    /// Everything but the secret.
    fn user(&self, user: &str) -> Giaoban {
        self.named()
            .with("GIAOBAN__KAFKA__BROKERS", &self.brokers)
            .with("GIAOBAN__KAFKA__PROPERTIES__SECURITY_PROTOCOL", "SASL_SSL")
            .with("GIAOBAN__KAFKA__PROPERTIES__SASL_MECHANISM", "SCRAM-SHA-512")
            .with("GIAOBAN__KAFKA__PROPERTIES__SSL_CA_LOCATION", &self.file("ca.pem"))
            .with("GIAOBAN__KAFKA__PROPERTIES__SASL_USERNAME", user)
    }

    /// With the password in a file.
    fn client(&self, user: &str) -> Giaoban {
        self.user(user).with("GIAOBAN__KAFKA__SECRET_FILES__SASL_PASSWORD", &self.file(&format!("{user}.password")))
    }

    /// `publish` refuses what is not a valid event, so it is sent past it.
    fn publish_a_bad_message(&self) {
        let properties = [
            ("security.protocol", "SASL_SSL".to_owned()),
            ("sasl.mechanism", "SCRAM-SHA-512".to_owned()),
            ("sasl.username", "producer".to_owned()),
            ("sasl.password", self.password("producer")),
            ("ssl.ca.location", self.file("ca.pem")),
        ];
        let properties: BTreeMap<String, String> =
            properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let log = KafkaLog::new(KafkaSettings { brokers: self.brokers.clone(), properties }).unwrap();
        let mut producer = log.producer(&self.topic).unwrap();
        producer.send(&Outgoing { payload: b"no event".to_vec(), ..Outgoing::default() }, 0).unwrap();
        let sent = producer.flush(Duration::from_secs(20));
        assert!(sent.len() == 1 && sent[0].result.is_ok(), "{sent:?}");
    }

    /// No secret stands in anything that was written for people.
    fn assert_no_secret(&self, said: &str) {
        for user in ["producer", "worker", "reader", "operator", "leaver", "admin"] {
            assert!(!said.contains(&self.password(user)), "the password of {user} is shown:\n{said}");
        }
    }
}

/// Each command ends soon with that code (doctor with its own), and says all of these words in each language.
fn refused(giaoban: &Giaoban, commands: &[&[&str]], code: i32, english: &[&str], vietnamese: &[&str]) {
    std::thread::scope(|scope| {
        for (index, command) in commands.iter().enumerate() {
            for (lang, words) in [("en", english), ("vi", vietnamese)] {
                scope.spawn(move || {
                    let data = format!("data-{index}-{lang}");
                    let begun = Instant::now();
                    let Ended { code: ended, out, err } =
                        giaoban.run(&[command, &["--lang", lang, "--data", &data][..]].concat());
                    let (took, said) = (begun.elapsed(), format!("{out}\n{err}"));
                    assert!(took < SOON, "{command:?} took {took:?}:\n{said}");
                    let code = if command[0] == "doctor" { 16 } else { code };
                    assert_eq!(ended, Some(code), "{command:?}\n{said}");
                    for word in words {
                        assert!(said.contains(word), "{command:?} does not say {word}:\n{said}");
                    }
                    SECURED.assert_no_secret(&said);
                });
            }
        }
    });
}

#[test]
#[ignore = "needs a secured broker: ./test.sh"]
fn kafka_secured_each_role_does_its_work_with_the_rules_of_the_script() {
    let secured = &*SECURED;
    let chatty = |giaoban: Giaoban| {
        giaoban.with("GIAOBAN__LOG__LEVEL", "trace").with("GIAOBAN__KAFKA__PROPERTIES__DEBUG", "security,broker")
    };
    // One has the password in a file, the other in the environment.
    let producer = chatty(secured.client("producer"));
    let worker =
        chatty(secured.user("worker")).with("GIAOBAN__KAFKA__PROPERTIES__SASL_PASSWORD", &secured.password("worker"));
    let mut said = String::new();
    let mut run = |giaoban: &Giaoban, command: &[&str]| {
        let ended = giaoban.run(command);
        assert_eq!(ended.code, Some(0), "{command:?}\n{}\n{}", ended.out, ended.err);
        said += &format!("{}\n{}\n", ended.out, ended.err);
        ended.out
    };
    run(&producer, &["publish", "a.ndjson"]);
    let doctor = run(&producer, &["doctor"]);
    assert!(doctor.contains("enough for publish, not for worker"), "{doctor}");
    let settled = run(&worker, &["worker", "--until-caught-up"]);
    assert!(settled.contains("1 applied") && settled.contains("1 dead-lettered"), "{settled}");
    assert_eq!(worker.figure("2020-Q1", "00004", "participants"), 7);
    let doctor = run(&worker, &["doctor"]);
    assert!(doctor.contains("enough for worker, not for publish"), "{doctor}");
    assert!(doctor.contains(&format!("{}: 2 partitions, 1 copies", secured.dead_letters)), "{doctor}");
    assert!(!doctor.contains(", 0 messages"), "a dead letter was written: {doctor}");
    // A replay reads alone, in no group.
    assert!(run(&worker, &["replay"]).contains("Nothing would change"));
    for giaoban in [&producer, &worker] {
        run(giaoban, &["config", "show"]);
    }
    assert!(said.contains("SASLMECHS"), "the log at its most talkative is what is looked through");
    secured.assert_no_secret(&said);
}

#[test]
#[ignore = "needs a secured broker: ./test.sh"]
fn kafka_secured_a_wrong_password_is_told() {
    let secured = &*SECURED;
    let giaoban = secured.user("worker").with("GIAOBAN__KAFKA__SECRET_FILES__SASL_PASSWORD", "wrong");
    giaoban.write("wrong", "not the password\n");
    let words = [secured.brokers.as_str(), "invalid credentials", "kafka.secret_files", "sasl.password"];
    refused(&giaoban, &EVERY, 7, &words, &[&words[..], &["không chấp nhận xác thực", "mật khẩu"]].concat());

    let giaoban = secured.client("worker").with("GIAOBAN__KAFKA__PROPERTIES__SASL_MECHANISM", "PLAIN");
    refused(&giaoban, &EVERY, 7, &["SCRAM-SHA-512", "sasl.mechanism"], &["SCRAM-SHA-512", "sasl.mechanism"]);
}

#[test]
#[ignore = "needs a secured broker: ./test.sh"]
fn kafka_secured_an_untrusted_certificate_is_told() {
    let secured = &*SECURED;
    let authority = secured.file("other-ca.pem");
    let giaoban = secured.client("worker").with("GIAOBAN__KAFKA__PROPERTIES__SSL_CA_LOCATION", &authority);
    refused(
        &giaoban,
        &EVERY,
        7,
        &[&format!("the certificate of {} is not trusted", secured.brokers), "ssl.ca.location"],
        &[&format!("chứng thư của {} không đáng tin cậy", secured.brokers), "ssl.ca.location"],
    );

    let brokers = secured.brokers.replace("127.0.0.1", "localhost");
    let giaoban = secured.client("worker").with("GIAOBAN__KAFKA__BROKERS", &brokers);
    refused(
        &giaoban,
        &EVERY,
        7,
        &[&format!("the certificate of {brokers} is not trusted"), "a host name from the certificate"],
        &[&format!("chứng thư của {brokers} không đáng tin cậy"), "tên máy có trong chứng thư"],
    );
}

#[test]
#[ignore = "needs a secured broker: ./test.sh"]
fn kafka_secured_a_missing_file_is_named() {
    let secured = &*SECURED;
    let giaoban = secured.client("worker").with("GIAOBAN__KAFKA__PROPERTIES__SSL_CA_LOCATION", "/nowhere/ca.pem");
    let words = ["ssl.ca.location", "/nowhere/ca.pem"];
    refused(&giaoban, &EVERY, 3, &words, &[&words[..], &["thiết lập"]].concat());

    let giaoban = secured.user("worker").with("GIAOBAN__KAFKA__SECRET_FILES__SASL_PASSWORD", "/nowhere/password");
    let words = ["kafka.secret_files", "sasl.password", "/nowhere/password"];
    refused(&giaoban, &EVERY, 3, &words, &words);
}

#[test]
#[ignore = "needs a secured broker: ./test.sh"]
fn kafka_secured_another_protocol_than_the_ports_is_told() {
    let secured = &*SECURED;
    let words = [secured.brokers.as_str(), "security.protocol", "SASL_SSL"];
    for protocol in ["PLAINTEXT", "SASL_PLAINTEXT", "SSL"] {
        let giaoban = secured.client("worker").with("GIAOBAN__KAFKA__PROPERTIES__SECURITY_PROTOCOL", protocol);
        refused(&giaoban, &EVERY, 7, &words, &[&words[..], &["ngắt kết nối"]].concat());
    }
    let plain = std::env::var("KAFKA_BROKERS").expect("KAFKA_BROKERS is not set: run ./test.sh");
    let giaoban = secured.client("worker").with("GIAOBAN__KAFKA__BROKERS", &plain);
    let words = [plain.as_str(), "security.protocol", "PLAINTEXT"];
    refused(&giaoban, &EVERY, 7, &words, &words);
}

#[test]
#[ignore = "needs a secured broker: ./test.sh"]
fn kafka_secured_a_producer_that_may_not_write_is_told() {
    let secured = &*SECURED;
    let topic = &secured.topic;
    // One may read that topic, one may write another, and one may write nothing at all.
    for user in ["reader", "worker", "operator"] {
        refused(
            &secured.client(user),
            &[&["publish", "a.ndjson"]],
            7,
            &[&format!("not allowed to write topic {topic}"), &format!("--operation Write --topic {topic};")],
            &[&format!("không có quyền ghi topic {topic}"), &format!("--operation Write --topic {topic};")],
        );
    }
    // A topic that one may not see is not told from one that is not there.
    let giaoban = secured.client("producer").with("GIAOBAN__KAFKA__TOPIC", "somebody-elses");
    refused(
        &giaoban,
        &[&["publish", "a.ndjson"], &["doctor"]],
        7,
        &["not allowed to describe topic somebody-elses", "--operation Describe --topic somebody-elses;"],
        &["không có quyền xem topic somebody-elses", "config/kafka/acls.sh"],
    );
    refused(
        &secured.client("operator"),
        &[&["doctor"]],
        7,
        &[&format!("not allowed to write topic {topic}"), "config/kafka/acls.sh"],
        &[&format!("không có quyền ghi topic {topic}"), "config/kafka/acls.sh"],
    );
}

#[test]
#[ignore = "needs a secured broker: ./test.sh"]
fn kafka_secured_a_worker_that_lacks_a_permission_is_told() {
    let secured = &*SECURED;
    let commands: [&[&str]; 3] = [&["worker"], &["worker", "--until-caught-up"], &["doctor"]];

    let giaoban = secured.client("worker").with("GIAOBAN__KAFKA__GROUP", "others");
    refused(
        &giaoban,
        &commands,
        7,
        &["not allowed to join group others", "--operation Read --group others;"],
        &["không có quyền tham gia nhóm tiêu thụ others", "--operation Read --group others;"],
    );

    // The reader may see the dead letters and join a group, not read them; some have to be there to be read.
    let letters = &secured.dead_letters;
    let giaoban = secured
        .client("reader")
        .with("GIAOBAN__KAFKA__TOPIC", letters)
        .with("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC", &secured.topic)
        .with("GIAOBAN__KAFKA__GROUP", "of-the-letters");
    refused(
        &giaoban,
        &[&["worker"], &["doctor"]],
        7,
        &[&format!("not allowed to read topic {letters}"), &format!("--operation Read --topic {letters};")],
        &[&format!("không có quyền đọc topic {letters}"), &format!("--operation Read --topic {letters};")],
    );

    // Each run in a group of its own: only who is given the partition with the bad message has to fail.
    for (index, command) in commands.iter().enumerate() {
        for (lang, text) in [("en", "not allowed to write topic"), ("vi", "không có quyền ghi topic")] {
            let giaoban = secured.client("reader").with("GIAOBAN__KAFKA__GROUP", &format!("reader-{index}-{lang}"));
            let words = [&format!("{text} {letters}"), &format!("--operation Write --topic {letters};")];
            let begun = Instant::now();
            let ended = giaoban.run(&[command, &["--lang", lang][..]].concat());
            let said = ended.out + &ended.err;
            assert!(begun.elapsed() < SOON, "{command:?}: {said}");
            assert_eq!(ended.code, Some(if command[0] == "doctor" { 16 } else { 7 }), "{command:?}: {said}");
            assert!(words.iter().all(|word| said.contains(*word)), "{command:?}: {said}");
        }
    }
}

#[test]
#[ignore = "needs a secured broker: ./test.sh"]
fn kafka_secured_a_running_worker_tells_what_was_taken_from_it() {
    let secured = &*SECURED;
    let topic = secured.topic.as_str();
    let rule = |how: &str, resource: &[&str]| {
        let rule = [how, "--allow-principal", "User:leaver", "--operation", "Read"];
        let force: &[&str] = if how == "--remove" { &["--force"] } else { &[] };
        secured.tool("kafka-acls.sh", &[&rule, resource, force].concat());
    };
    let user = ["--entity-type", "users", "--entity-name", "leaver"];
    // It was taken away before, if the broker has seen this test already.
    let password = format!("SCRAM-SHA-512=[password={}]", secured.password("leaver"));
    secured.tool("kafka-configs.sh", &[&["--alter", "--add-config", &password][..], &user].concat());
    rule("--add", &["--topic", topic, "--group", "*"]);
    secured.tool(
        "kafka-acls.sh",
        &["--add", "--allow-principal", "User:leaver", "--operation", "Write", "--topic", &secured.dead_letters],
    );
    let taken = |group: &str, take: &dyn Fn(), text: &str| {
        let giaoban = secured.client("leaver").with("GIAOBAN__KAFKA__GROUP", group);
        let mut worker = Running::unserved(giaoban.command(&["worker"]));
        worker.until_assigned();
        let before = worker.log().len();
        take();
        let begun = Instant::now();
        let (code, log) = worker.ended();
        assert!(begun.elapsed() < SOON, "{text}: the worker ran on\n{log}");
        assert!(log[before..].contains(text), "{log}");
        assert_eq!(code, Some(7), "{log}");
        secured.assert_no_secret(&log);
    };
    let no_group = || {
        rule("--remove", &["--group", "*"]);
        // It is noticed when the group is told how far the worker is, or when the session is over.
        secured.client("producer").ok(&["publish", "a.ndjson"]);
    };
    taken("leaver-1", &no_group, "not allowed to join group leaver-1");
    rule("--add", &["--group", "*"]);
    taken("leaver-2", &|| rule("--remove", &["--topic", topic]), &format!("not allowed to read topic {topic}"));
    rule("--add", &["--topic", topic]);
    let no_password = || {
        secured.tool("kafka-configs.sh", &[&["--alter", "--delete-config", "SCRAM-SHA-512"][..], &user].concat());
    };
    taken("leaver-3", &no_password, &format!("{} rejected the authentication of this client", secured.brokers));

    // One that is rotated: the worker ends for its supervisor to start it again, and goes on with what its file has now.
    let rotated = |password: &str| {
        let password = format!("SCRAM-SHA-512=[password={password}]");
        secured.tool("kafka-configs.sh", &[&["--alter", "--add-config", &password][..], &user].concat());
    };
    let giaoban = secured
        .user("leaver")
        .with("GIAOBAN__KAFKA__GROUP", "leaver-4")
        .with("GIAOBAN__KAFKA__SECRET_FILES__SASL_PASSWORD", "secret");
    rotated("before-it");
    giaoban.write("secret", "before-it\n");
    let mut worker = Running::unserved(giaoban.command(&["worker"]));
    worker.until_assigned();
    rotated("after-it");
    giaoban.write("secret", "after-it\n");
    let (code, log) = worker.ended();
    assert_eq!(code, Some(7), "{log}");
    assert!(log.contains("kafka.secret_files") && !log.contains("before-it") && !log.contains("after-it"), "{log}");
    let mut again = Running::unserved(giaoban.command(&["worker"]));
    again.until_assigned();
    again.stop();
}

/// What the script gives, without a broker to give it on.
#[test]
fn the_script_gives_each_role_what_it_needs_and_no_more() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/kafka/acls.sh");
    let run = |arguments: &[&str]| {
        let always = ["--bootstrap-server", "b:9093", "--command-config", "admin.properties", "--dry-run"];
        let ran = Command::new("bash").arg(&script).args(always).args(arguments).output().unwrap();
        (ran.status.code(), String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap())
    };
    let (code, said, _) =
        run(&["--producer", "User:p", "--worker", "User:CN=w, O=x", "--administrator", "User:a", "--group", "g"]);
    let rules: Vec<&str> =
        said.lines().filter_map(|line| line.split_once("--add --allow-principal ")).map(|at| at.1.trim()).collect();
    assert_eq!(code, Some(0));
    assert_eq!(
        rules,
        [
            "User:p --operation Describe --operation Write --topic giaoban.events",
            "User:CN=w\\,\\ O=x --operation Describe --operation Read --topic giaoban.events --group g",
            "User:CN=w\\,\\ O=x --operation Describe --operation Write --topic giaoban.events.dlq",
            "User:a --operation Describe --operation Create --topic giaoban.events --topic giaoban.events.dlq",
        ]
    );
    for (arguments, why) in [
        (&[][..], "--producer, --worker or --administrator"),
        (&["--producer", "p"], "User:p"),
        (&["--producers", "User:p"], "--producers"),
        (&["--producer"], "--producer"),
    ] {
        let (code, _, err) = run(arguments);
        assert!(code == Some(2) && err.contains(why), "{arguments:?}: {err}");
    }
}

//! Each layer, and what is said of a wrong one.

use super::*;
use crate::config::variable_of;
use crate::failure::Explained as _;

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn file(text: &str) -> (tempfile::TempDir, Overrides) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("giaoban.toml");
    std::fs::write(&path, text).unwrap();
    (dir, Overrides { config: Some(path), ..Overrides::default() })
}

#[test]
fn each_layer_wins_over_the_one_before() {
    let (_dir, overrides) = file("data = \"of-file\"\n[kafka]\ntopic = \"of-file\"\ngroup = \"of-file\"\n");
    let environment = environment(&[("GIAOBAN__KAFKA__TOPIC", "of-environment"), ("GIAOBAN__DATA", "of-environment")]);
    let overrides = Overrides { data: Some("of-flag".into()), ..overrides };
    let loaded = load(&overrides, &environment).unwrap();
    assert_eq!(loaded.settings.general.data, PathBuf::from("of-flag"));
    assert_eq!(loaded.settings.kafka.topic, "of-environment");
    assert_eq!(loaded.settings.kafka.group, "of-file");
    assert_eq!(loaded.settings.kafka.partitions, 6);
    let origin = |name: &str| loaded.shown.iter().find(|(key, ..)| key == name).unwrap().2.to_string();
    assert_eq!(origin("data"), "--data");
    assert_eq!(origin("kafka.topic"), "GIAOBAN__KAFKA__TOPIC");
    assert_eq!(origin("kafka.partitions"), "default");
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let (_dir, overrides) = file("[kafka]\nbroker = \"x\"\n");
    let Err(ConfigError::UnknownKey { key, nearest, .. }) = load(&overrides, &[]) else { panic!() };
    assert_eq!((key.as_str(), nearest.as_str()), ("kafka.broker", "kafka.brokers"));
    let error = load(&Overrides::default(), &environment(&[("GIAOBAN__KAFKA__BROKRS", "x")])).err().unwrap();
    assert_eq!(error.to_string(), "GIAOBAN__KAFKA__BROKRS: there is no key kafka.brokrs; the nearest is kafka.brokers");
}

#[test]
fn a_variable_that_begins_with_our_name_and_is_no_setting_is_refused_with_the_right_name() {
    for (wrong, right) in [
        ("GIAOBAN_KAFKA__BROKERS", "GIAOBAN__KAFKA__BROKERS"),
        ("GIAOBAN_KAFKA_BROKERS", "GIAOBAN__KAFKA__BROKERS"),
        ("giaoban__kafka__brokers", "GIAOBAN__KAFKA__BROKERS"),
        ("Giaoban__Kafka__Brokers", "GIAOBAN__KAFKA__BROKERS"),
        ("GIAOBANKAFKA__BROKERS", "GIAOBAN__KAFKA__BROKERS"),
        ("GIAOBAN___STORE_URL", "GIAOBAN__STORE__URL"),
        ("GIAOBAN_BROKERS", "GIAOBAN__KAFKA__BROKERS"),
        ("GIAOBAN_DATA", "GIAOBAN__DATA"),
        ("giaoban_config", "GIAOBAN_CONFIG"),
        ("GIAOBAN__CONFIG", "GIAOBAN_CONFIG"),
        ("GIAOBAN_CONFIG_FILE", "GIAOBAN_CONFIG"),
        ("GIAOBAN_KAFKA_PROPERTIES_SASL_PASSWORD", "GIAOBAN__KAFKA__PROPERTIES__SASL_PASSWORD"),
        ("giaoban_kafka__secret_files__sasl_password", "GIAOBAN__KAFKA__SECRET_FILES__SASL_PASSWORD"),
        ("GIAOBAN__KAFKA__PROPERTY__SASL_PASSWORD", "GIAOBAN__KAFKA__PROPERTIES"),
    ] {
        let error = load(&Overrides::default(), &environment(&[(wrong, "s3cret")])).err().unwrap();
        assert!(error.to_string().contains(wrong) && error.remedy().en.contains(right), "{error}: {}", error.remedy());
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    for other in ["GIAO_BAN", "MY_GIAOBAN__KAFKA__BROKERS", "GIAOBA", "Giaobà"] {
        assert!(load(&Overrides::default(), &environment(&[(other, "x")])).is_ok(), "{other}");
    }
}

#[test]
fn two_variables_for_one_key_are_refused() {
    for (one, other) in [
        ("GIAOBAN__KAFKA__TOPIC", "GIAOBAN__kafka__topic"),
        ("GIAOBAN__KAFKA__PROPERTIES__SASL_USERNAME", "GIAOBAN__KAFKA__PROPERTIES__sasl_username"),
    ] {
        let text = load(&Overrides::default(), &environment(&[(one, "a"), (other, "b")])).err().unwrap().to_string();
        assert!(text.contains(one) && text.contains(other), "{text}");
    }
}

#[test]
fn a_variable_that_is_no_text_is_refused_if_it_is_meant_for_us() {
    use std::os::unix::ffi::OsStringExt as _;
    let not_text = |text: &str| OsString::from_vec([text.as_bytes(), b"\xff"].concat());
    let of = |name: OsString, value: OsString| super::environment([(name, value)].into_iter()).1;
    let wrong = of("GIAOBAN__KAFKA__BROKERS".into(), not_text("kafka:9092")).unwrap_err();
    assert!(wrong.to_string().contains("GIAOBAN__KAFKA__BROKERS is not UTF-8"), "{wrong}");
    assert!(of(not_text("giaoban__kafka"), "x".into()).is_err());
    assert!(of(not_text("PATH"), not_text("x")).is_ok());
}

#[test]
fn a_key_without_its_section_is_still_understood() {
    for (name, right) in
        [("brokers", "kafka.brokers"), ("listen", "http.listen"), ("report.adressee", "report.addressee")]
    {
        assert_eq!(nearest_key(name), right);
    }
}

#[test]
fn a_broken_file_is_told_by_its_line_but_the_line_is_not_quoted() {
    let (_dir, overrides) = file("[kafka.properties]\n\"sasl.password\" = s3cret\n");
    let text = load(&overrides, &[]).err().unwrap().to_string();
    assert!(text.contains("line 2, column 19") && text.contains("must be quoted"), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn a_variable_that_names_no_file_is_no_file() {
    assert!(load(&Overrides::default(), &environment(&[("GIAOBAN_CONFIG", "")])).is_ok());
    let error = load(&Overrides::default(), &environment(&[("GIAOBAN_CONFIG", "/nowhere.toml")])).err().unwrap();
    assert!(matches!(&error, ConfigError::File { file, .. } if file == "/nowhere.toml"), "{error}");
}

#[test]
fn dead_letters_do_not_go_where_events_are_read() {
    let pairs = [("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC", "giaoban.events")];
    let text = load(&Overrides::default(), &environment(&pairs)).err().unwrap().to_string();
    assert!(text.starts_with("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC: ") && text.contains("kafka.topic"), "{text}");
}

#[test]
fn every_key_is_shown_even_where_nothing_was_said() {
    let loaded = load(&Overrides::default(), &[]).unwrap();
    let shown: Vec<&str> = loaded.shown.iter().map(|(key, ..)| key.as_str()).collect();
    assert_eq!(shown, KEYS.iter().map(|key| key.name).collect::<Vec<_>>());
}

#[test]
fn a_broken_table_of_units_is_named_with_each_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("units.csv");
    std::fs::write(
        &path,
        "code,name,kind,parent_code,valid_from,valid_to\n01,A,city,,2025-02-30,\n2,B,village,01,2025-01-01,\n",
    )
    .unwrap();
    let loaded = load(&Overrides::default(), &environment(&[("GIAOBAN__UNITS__FILE", path.to_str().unwrap())]));
    let text = loaded.unwrap().settings.rules().unwrap_err().to_string();
    for line in [2, 3] {
        assert!(text.contains(&format!("{} line {line}: ", path.display())), "{text}");
    }
}

#[test]
fn a_wrong_value_names_key_and_place() {
    let error = load(&Overrides::default(), &environment(&[("GIAOBAN__WORKER__BATCH_RECORDS", "many")])).err().unwrap();
    let text = error.to_string();
    assert_eq!(
        text,
        "GIAOBAN__WORKER__BATCH_RECORDS: worker.batch_records is many, but must be a whole number from 1 to 1000000"
    );
}

#[test]
fn properties_pass_through_and_are_not_shown() {
    let (dir, overrides) =
        file("[kafka.properties]\n\"sasl.username\" = \"clerk\"\nsecurity.protocol = \"SASL_SSL\"\n");
    let secret = dir.path().join("password");
    std::fs::write(&secret, "s3cret\n").unwrap();
    let environment = environment(&[
        ("GIAOBAN__KAFKA__BROKERS", "localhost:1"),
        ("GIAOBAN__KAFKA__PROPERTIES__SASL_MECHANISM", "SCRAM-SHA-512"),
        ("GIAOBAN__KAFKA__SECRET_FILES__SASL_PASSWORD", secret.to_str().unwrap()),
    ]);
    let loaded = load(&overrides, &environment).unwrap();
    let client = loaded.settings.kafka.client().unwrap().unwrap();
    let expected = [
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("sasl.password", "s3cret"),
        ("sasl.username", "clerk"),
        ("security.protocol", "SASL_SSL"),
    ];
    let found: Vec<_> = client.properties.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(found, expected);
    assert!(loaded.shown.iter().all(|(_, value, _)| !value.contains("s3cret") && !value.contains("clerk")));
    assert!(!format!("{:?}", loaded.settings).contains("clerk"));
}

#[test]
fn a_secret_in_the_place_of_its_file_is_not_shown() {
    for (variable, of) in [
        ("GIAOBAN__KAFKA__SECRET_FILES__SASL_PASSWORD", "kafka.secret_files.\"sasl.password\""),
        ("GIAOBAN__STORE__PASSWORD_FILE", "store.password_file"),
    ] {
        let loaded = load(
            &Overrides::default(),
            &environment(&[
                ("GIAOBAN__KAFKA__BROKERS", "localhost:1"),
                ("GIAOBAN__STORE__URL", "postgres://u@h/d"),
                (variable, "s3cret/not a path"),
            ]),
        )
        .unwrap();
        let shown: Vec<&str> = loaded.shown.iter().map(|(_, value, _)| value.as_str()).collect();
        let settings = format!("{:?}", loaded.settings);
        let place = loaded.settings.store.place(Path::new("data")).err();
        let error = loaded.settings.kafka.client().err().or(place).unwrap();
        let told = format!("{error} {}", error.remedy());
        assert!(told.contains(of) && told.contains("not the secret itself"), "{told}");
        for text in [&shown.join(" "), &settings, &told, &format!("{error:?}")] {
            assert!(!text.contains("s3cret"), "{text}");
        }
    }
}

#[test]
fn a_list_in_a_variable_is_written_as_in_the_file_or_with_commas() {
    let load_with = |pairs: &[(&str, &str)]| load(&Overrides::default(), &environment(pairs));
    let two = ["https://dvc.example/mttq 001", "urn:x 002"];
    for text in [
        "https://dvc.example/mttq 001, urn:x 002",
        r#"["https://dvc.example/mttq 001", "urn:x 002"]"#,
        " ['https://dvc.example/mttq 001',\n 'urn:x 002',] ",
    ] {
        let sources = load_with(&[("GIAOBAN__SOURCES__ALLOWED", text)]).unwrap().settings.sources;
        assert_eq!(sources.allowed, two, "{text}");
    }
    let settings = load_with(&[
        ("GIAOBAN__SOURCES__ALLOWED", "[]"),
        ("GIAOBAN__HTTP__HOSTS", r#"["a.example","b.example"]"#),
        ("GIAOBAN__REPORT__RECIPIENTS", r#"["Ban chỉ đạo, Thành ủy"]"#),
    ]);
    let settings = settings.unwrap().settings;
    assert!(settings.sources.allowed.is_empty());
    assert_eq!(settings.http.hosts, ["a.example", "b.example"]);
    assert_eq!(settings.report.recipients, ["Ban chỉ đạo, Thành ủy"]);
    for (variable, wrong) in [
        ("GIAOBAN__HTTP__HOSTS", r#"["a.example""#),
        ("GIAOBAN__HTTP__HOSTS", "[a.example]"),
        ("GIAOBAN__HTTP__HOSTS", "[\"a.example\"]\nmore = 1"),
        ("GIAOBAN__SOURCES__ALLOWED", "[https://x]"),
    ] {
        let text = load_with(&[(variable, wrong)]).err().unwrap().to_string();
        assert!(text.starts_with(variable) && text.contains("in the environment also with commas"), "{text}");
    }
    let text = load_with(&[("GIAOBAN__SOURCES__ALLOWED", "https://x 00004,00001")]).err().unwrap().to_string();
    assert!(text.contains("sources.allowed is 00001, but must be a source with a scheme"), "{text}");
}

#[test]
fn a_system_that_is_named_twice_speaks_for_the_units_of_both() {
    let named = |text: &str| {
        let settings = load(&Overrides::default(), &environment(&[("GIAOBAN__SOURCES__ALLOWED", text)]))?.settings;
        settings.admission(&settings.rules().unwrap())
    };
    assert_eq!(named("https://x 001,https://x 00004"), named("https://x 001 00004"));
    let text = named("https://x 001,https://x").unwrap_err().to_string();
    assert!(text.contains("sources.allowed is https://x, but must be named either alone"), "{text}");
}

#[test]
fn every_key_can_be_set_by_its_variable() {
    for key in KEYS.iter() {
        let of_properties = key.shape == Shape::Properties;
        let name = if of_properties { format!("{}.sasl_username", key.name) } else { key.name.to_owned() };
        let value = match show(&default_of(key)) {
            default if !default.is_empty() && !of_properties => default,
            _ if key.shape == Shape::Database => "postgres://u@h/d".to_owned(),
            _ if key.shape == Shape::Systems => "/text".to_owned(),
            _ if key.shape == Shape::Brokers => "kafka:9092".to_owned(),
            _ if key.shape == Shape::Day => "2020-12-03".to_owned(),
            _ => "text".to_owned(),
        };
        let variable = variable_of(&name);
        let loaded = load(&Overrides::default(), &environment(&[(&variable, &value)])).unwrap();
        let shown = if of_properties { format!("{}.\"sasl.username\"", key.name) } else { name };
        let origin = loaded.shown.iter().find(|(known, ..)| *known == shown).map(|(.., origin)| origin);
        assert_eq!(origin, Some(&Origin::Variable(variable)), "{shown}");
    }
}

#[test]
fn a_property_with_an_underscore_is_set_by_its_variable() {
    let environment = environment(&[
        ("GIAOBAN__KAFKA__BROKERS", "localhost:1"),
        ("GIAOBAN__KAFKA__PROPERTIES__LOG_LEVEL", "7"),
        ("GIAOBAN__KAFKA__PROPERTIES__SESSION_TIMEOUT_MS", "6000"),
    ]);
    let client = load(&Overrides::default(), &environment).unwrap().settings.kafka.client().unwrap().unwrap();
    let names: Vec<_> = client.properties.keys().map(String::as_str).collect();
    assert_eq!(names, ["log_level", "session.timeout.ms"]);
}

#[test]
fn the_language_follows_the_locale() {
    let lang = |pairs: &[(&str, &str)]| load(&Overrides::default(), &environment(pairs)).unwrap().settings.lang;
    assert_eq!(lang(&[("LANG", "vi_VN.UTF-8")]), Lang::Vi);
    assert_eq!(lang(&[("LANG", "vi_VN.UTF-8"), ("LC_ALL", "C")]), Lang::En);
    assert_eq!(lang(&[("LANG", "C"), ("GIAOBAN__LANG", "vi")]), Lang::Vi);
}

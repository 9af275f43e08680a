//! Whether a value is one that its key takes.

use std::collections::BTreeSet;
use std::path::Path;

use config::{Value, ValueKind};

use super::ConfigError;
use super::origin::Origin;
use crate::setting::{HIDDEN, Key, SecretFile, Shape};
use crate::store::postgres::{Schema, Server, masked};
use crate::text::safe::told_apart;
use crate::text::{Text, config as says};
use crate::wire::{Admission, NoSystem};

/// A key's value as text, for people, without what is secret in it.
pub(super) fn shown(key: &Key, value: &Value) -> String {
    let text = show(value);
    match key.shape {
        Shape::Database => masked(&text),
        Shape::Secret if !text.is_empty() => HIDDEN.to_owned(),
        Shape::SecretFile => SecretFile::shown(Path::new(&text)),
        _ => text,
    }
}

/// A value as text, for people; never called with a secret.
pub(super) fn show(value: &Value) -> String {
    match &value.kind {
        ValueKind::Array(items) => items.iter().map(show).collect::<Vec<_>>().join(", "),
        ValueKind::Table(_) => "a table".to_owned(),
        _ => value.clone().into_string().unwrap_or_default(),
    }
}

/// Refuses what the key does not take: key, place, what was found, what is allowed.
pub(super) fn check(key: &Key, value: &Value, origin: &Origin) -> Result<(), ConfigError> {
    let text = match &value.kind {
        ValueKind::String(text) => Some(text.as_str()),
        _ => None,
    };
    let wrong = |found: &str, allowed: Text| ConfigError::Value {
        place: origin.to_string(),
        key: key.name.to_owned(),
        found: told_apart(found).into_owned(),
        allowed,
    };
    let (fits, allowed) = match key.shape {
        Shape::Number(min, max) => {
            // Not the crate's own conversion: it rounds 2.7 and takes true for 1.
            let number = match value.kind {
                ValueKind::I64(_) | ValueKind::U64(_) => value.clone().into_int().ok(),
                _ => text.and_then(|text| text.parse().ok()),
            };
            let fits = number.is_some_and(|number| (min..=max).contains(&number));
            (fits, says::whole_number(min, max))
        }
        Shape::Flag => {
            let fits = matches!(value.kind, ValueKind::Boolean(_)) || matches!(text, Some("true" | "false"));
            (fits, says::flag())
        }
        Shape::OneOf(names) => (text.is_some_and(|text| names.contains(&text)), says::one_of(names.join(", "))),
        Shape::List => (each_once(value, |item| !item.contains(char::is_control)), says::list()),
        Shape::Hosts => (each_once(value, is_host), says::hosts()),
        Shape::Systems => match &value.kind {
            ValueKind::Array(items) if items.iter().all(is_text) => {
                // The entry itself is told, not the list in which it stands.
                return items
                    .iter()
                    .try_fold(Admission::new(), with_system)
                    .map(drop)
                    .map_err(|(entry, allowed)| wrong(&entry, allowed));
            }
            _ => (false, says::systems()),
        },
        Shape::Text | Shape::Secret | Shape::SecretFile => (is_text(value), says::some_text()),
        Shape::Name => (is_text(value) && !show(value).trim().is_empty(), says::name()),
        Shape::Brokers => {
            // The entry that is wrong is told, not the list in which it stands.
            let wrong_one = text.map_or_else(|| Some(show(value)), wrong_broker);
            return wrong_one.map_or(Ok(()), |entry| Err(wrong(&entry, says::brokers())));
        }
        Shape::Topic => (text.is_some_and(is_topic), says::topic()),
        Shape::Listen => (text.is_some_and(is_listen), says::listen()),
        Shape::Day => {
            let fits = text.is_some_and(|text| text.is_empty() || text.parse::<jiff::civil::Date>().is_ok());
            (fits, says::day())
        }
        Shape::Properties => return Ok(()),
        Shape::Database => {
            match text.map(|text| if text.is_empty() { Ok(()) } else { Server::parse(text, None).map(drop) }) {
                Some(Ok(())) => return Ok(()),
                Some(Err(wrong)) => (false, says::database(wrong)),
                None => (false, says::some_text()),
            }
        }
        Shape::Schema => (text.is_some_and(Schema::is_name), says::schema()),
    };
    if fits {
        return Ok(());
    }
    Err(wrong(&shown(key, value), allowed))
}

/// What is taken in with one more system; else its entry, and what that has to be.
fn with_system(admission: Admission, item: &Value) -> Result<Admission, (String, Text)> {
    let entry = show(item);
    admission.with_system(&entry).map_err(|no_system| (entry, system(no_system)))
}

/// What an entry of `sources.allowed` has to be.
pub(super) fn system(refused: NoSystem) -> Text {
    match refused {
        NoSystem::Entry => says::systems(),
        NoSystem::Source => says::system_source(),
        NoSystem::Unit => says::system_not_unit(),
        NoSystem::Scopes => says::system_once(),
    }
}

fn is_text(value: &Value) -> bool {
    !matches!(value.kind, ValueKind::Nil | ValueKind::Array(_) | ValueKind::Table(_))
}

/// Kafka's own rule for the names of topics.
fn is_topic(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..250).contains(&text.len()) && text.bytes().all(fits) && text != "." && text != ".."
}

/// Whether it is a list of such texts, none empty and none twice.
fn each_once(value: &Value, fits: impl Fn(&str) -> bool) -> bool {
    let ValueKind::Array(items) = &value.kind else { return false };
    let mut seen = BTreeSet::new();
    items.iter().all(|item| {
        let text = show(item);
        is_text(item) && !text.trim().is_empty() && fits(&text) && seen.insert(text)
    })
}

/// Host and port of an address; no port where none is named.
fn address(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => {
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => match text.split_once(':') {
            Some((host, port)) => (Some(host).filter(|host| is_host(host))?, Some(port)),
            None => (Some(text).filter(|host| is_host(host))?, None),
        },
    };
    let digits = |port: &&str| port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.map(|port| Some(port).filter(digits).and_then(|port| port.parse().ok()).ok_or(())).transpose();
    Some((host, port.ok()?))
}

fn is_host(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// The entry of a list of brokers that is none, or is there twice; the whole text where an entry is empty.
fn wrong_broker(text: &str) -> Option<String> {
    /// That librdkafka takes where none is named.
    const KAFKA: u16 = 9092;
    let mut seen = BTreeSet::new();
    let is_wrong = |entry: &&str| match address(entry) {
        Some((host, port)) => port == Some(0) || !seen.insert((host.to_ascii_lowercase(), port.unwrap_or(KAFKA))),
        None => true,
    };
    let entries = || text.split(',').map(str::trim);
    match text.is_empty() {
        true => None,
        false if entries().any(str::is_empty) => Some(text.to_owned()),
        false => entries().find(is_wrong).map(str::to_owned),
    }
}

fn is_listen(text: &str) -> bool {
    text == "off" || matches!(address(text), Some((_, Some(_))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::KEYS;
    use crate::config::load::default_of;

    fn told(name: &str, value: impl Into<Value>) -> Option<String> {
        let key = KEYS.iter().find(|key| key.name == name).unwrap();
        check(key, &value.into(), &Origin::File("f.toml".into())).err().map(|error| error.to_string())
    }

    #[test]
    fn a_number_is_whole_and_nothing_is_taken_for_one() {
        assert_eq!(told("kafka.partitions", 12), None);
        assert_eq!(told("kafka.partitions", "12"), None);
        for wrong in [Value::from(2.7), Value::from(true), Value::from("many"), Value::from(0), Value::from("")] {
            let text = told("kafka.partitions", wrong).unwrap();
            assert!(text.starts_with("f.toml: kafka.partitions is ") && text.ends_with("from 1 to 10000"), "{text}");
        }
        assert_eq!(told("report.party", 3).unwrap(), "f.toml: report.party is 3, but must be true or false");
    }

    #[test]
    fn a_list_of_lists_and_a_table_for_a_text_are_told() {
        let nested = Value::from(vec![Value::from(vec![Value::from("x")])]);
        assert_eq!(
            told("report.recipients", nested).unwrap(),
            "f.toml: report.recipients is x, but must be a list of strings that are not empty, each once and without control characters, such as [\"a\", \"b\"], in the environment also with commas: a, b"
        );
        let table = Value::from(config::Map::from_iter([("a".to_owned(), Value::from(1))]));
        assert_eq!(
            told("kafka.group", table).unwrap(),
            "f.toml: kafka.group is a table, but must be text that is not empty"
        );
    }

    #[test]
    fn an_address_is_a_host_with_a_port_that_there_is_and_nothing_before_it() {
        for right in ["", "kafka-1:9092,kafka_2:9093", "kafka", " a:1 , b:1", "[::1]:9092,127.0.0.1:9092", "a:1,a:2"] {
            assert_eq!(told("kafka.brokers", right), None, "{right}");
        }
        for (wrong, named) in [
            ("a:9092,b:99999", "b:99999"),
            ("a:0", "a:0"),
            ("a:+1", "a:+1"),
            ("a:", "a:"),
            (":9092", ":9092"),
            ("kafka://a:9092", "kafka://a:9092"),
            ("a:9092,SASL_SSL://b:9092", "SASL_SSL://b:9092"),
            ("a:9092,,b:9092", "a:9092,,b:9092"),
            ("a:9092,", "a:9092,"),
            (" ", " "),
            ("a:9092,b:9092,A", "A"),
            ("a b:9092", "a b:9092"),
            ("::1:9092", "::1:9092"),
        ] {
            let text = told("kafka.brokers", wrong).unwrap_or_else(|| panic!("{wrong}"));
            let begins = format!("f.toml: kafka.brokers is {}, but must be ", told_apart(named));
            assert!(text.starts_with(&begins), "{text}");
        }
        for right in ["off", "127.0.0.1:0", "0.0.0.0:9464", "[::]:9464", "localhost:9464"] {
            assert_eq!(told("http.listen", right), None, "{right}");
        }
        for wrong in
            ["http://127.0.0.1:9464", "127.0.0.1:99999", "127.0.0.1", "9464", ":9464", "a:9464/", "", "a:1,b:2"]
        {
            assert!(told("http.listen", wrong).unwrap().contains("http.listen is "), "{wrong}");
        }
    }

    #[test]
    fn a_list_has_nothing_empty_and_nothing_twice_and_a_name_is_not_empty() {
        let list = |items: &[&str]| Value::from(items.iter().map(|item| Value::from(*item)).collect::<Vec<_>>());
        for key in ["report.recipients", "http.hosts"] {
            assert_eq!(told(key, list(&["a", "b"])), None);
            for wrong in [&["a", ""][..], &[" "], &["a", "b", "a"]] {
                assert!(told(key, list(wrong)).unwrap().contains(&format!("{key} is ")), "{wrong:?}");
            }
        }
        assert!(told("http.hosts", list(&["https://giaoban.example"])).unwrap().contains("without http://"));
        for key in ["kafka.group", "data"] {
            assert!(told(key, "").unwrap().ends_with("must be text that is not empty"));
        }
    }

    #[test]
    fn a_system_is_named_with_codes_of_units() {
        let of = |entry: &str| told("sources.allowed", Value::from(vec![Value::from(entry)]));
        assert_eq!(of("https://dvc.example/mttq"), None);
        assert_eq!(of("https://dvc.example/mttq 001 00004"), None);
        for wrong in ["", "https://dvc.example/mttq Hà-Nội", "https://dvc.example/\u{200b}"] {
            assert!(of(wrong).unwrap().contains("[\"https://dvc.example/mttq 001 002\"]"), "{wrong:?}");
        }
        for (wrong, told) in [
            ("00001", "sources.allowed is 00001, but must be a source with a scheme"),
            ("/units/00004", "sources.allowed is /units/00004, but must be another system's"),
            ("https://dvc.example/\u{a0}", "sources.allowed is https://dvc.example/\\u{a0}, but must be"),
        ] {
            let text = of(wrong).unwrap();
            assert!(text.contains(told), "{text}");
        }
    }

    #[test]
    fn an_address_a_day_and_a_topic_are_checked_before_they_are_used() {
        for right in ["127.0.0.1:0", "[::1]:9464", "localhost:80", "off"] {
            assert_eq!(told("http.listen", right), None);
        }
        for wrong in ["", "9464", ":9464", "localhost", "localhost:99999"] {
            assert!(told("http.listen", wrong).is_some(), "{wrong}");
        }
        assert_eq!(told("report.date", ""), None);
        assert_eq!(told("report.date", "2020-12-03"), None);
        assert!(told("report.date", "2020-02-30").is_some());
        assert!(told("kafka.topic", "hà-nội").is_some());
        assert!(told("kafka.topic", "").is_some());
    }

    #[test]
    fn the_url_of_a_store_is_checked_and_told_without_its_password() {
        assert_eq!(told("store.url", "postgres://u:s3cret@db.example:5432/giaoban?sslmode=verify-full"), None);
        for wrong in ["host=h password=s3cret", "postgres://u:s3cret@h:many/d", "postgres://u:s3cret@h/d?tls=s3cret"] {
            let text = told("store.url", wrong).unwrap();
            assert!(text.contains("store.url is ") && text.contains("postgres://user@host"), "{text}");
            assert!(!text.contains("s3cret"), "{text}");
        }
        assert!(told("store.schema", "Giao ban").is_some() && told("store.schema", "").is_some());
    }

    #[test]
    fn what_a_key_takes_is_told_in_vietnamese_too() {
        for key in KEYS.iter().filter(|key| key.shape != Shape::Properties) {
            let error = check(key, &Value::new(None, ValueKind::Nil), &Origin::File("f.toml".into())).unwrap_err();
            let ConfigError::Value { allowed, .. } = error else { panic!("{error}") };
            assert!(allowed.vi != allowed.en && !allowed.vi.is_ascii(), "{}: {}", key.name, allowed.vi);
        }
    }

    #[test]
    fn every_default_is_allowed() {
        for key in KEYS.iter() {
            assert_eq!(check(key, &default_of(key), &Origin::Default), Ok(()), "{}", key.name);
        }
    }
}

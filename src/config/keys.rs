//! Every key: what it takes, what it means (`text::settings`). Its default is that of the section that has it.

use std::fmt::Write as _;
use std::sync::LazyLock;

use serde_json::Value;

use super::settings::Layered;
use crate::text::{Text, settings as says};

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    Text,
    /// A Kafka topic's name.
    Topic,
    /// `host:port`, or `off`.
    Listen,
    /// A day such as `2020-12-03`, or nothing.
    Day,
    /// A whole number of that range.
    Number(i64, i64),
    /// `true` or `false`.
    Flag,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A list of texts; in the environment separated by commas.
    List,
    /// A table of librdkafka properties.
    Properties,
    /// The URL of a database, or nothing; shown without its password.
    Database,
    /// The name of a schema in a database.
    Schema,
    /// Text that is never shown.
    Secret,
}

/// A key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its full name.
    pub name: &'static str,
    /// What it takes.
    pub shape: Shape,
    /// What it means.
    pub meaning: &'static Text,
}

const fn key(name: &'static str, shape: Shape, meaning: &'static Text) -> Key {
    Key { name, shape, meaning }
}

/// The sections as they are where nobody says anything: texts, numbers and lists, which are always JSON.
static DEFAULTS: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(Layered::default()).unwrap_or_default());

impl Key {
    /// Its default.
    pub fn default(&self) -> &'static Value {
        self.name.split('.').fold(&*DEFAULTS, |value, name| &value[name])
    }
}

/// Every key, in the order of the shipped file.
pub static KEYS: &[Key] = &[
    key("data", Shape::Text, &says::DATA),
    key("lang", Shape::OneOf(&["auto", "vi", "en"]), &says::LANG),
    key("calendar", Shape::Text, &says::CALENDAR),
    key("units.file", Shape::Text, &says::UNITS_FILE),
    key("units.succession", Shape::Text, &says::UNITS_SUCCESSION),
    key("kafka.brokers", Shape::Text, &says::KAFKA_BROKERS),
    key("kafka.topic", Shape::Topic, &says::KAFKA_TOPIC),
    key("kafka.dead_letter_topic", Shape::Topic, &says::KAFKA_DEAD_LETTER_TOPIC),
    key("kafka.group", Shape::Text, &says::KAFKA_GROUP),
    key("kafka.partitions", Shape::Number(1, 10_000), &says::KAFKA_PARTITIONS),
    key("kafka.replication", Shape::Number(1, 99), &says::KAFKA_REPLICATION),
    key("kafka.properties", Shape::Properties, &says::KAFKA_PROPERTIES),
    key("kafka.secret_files", Shape::Properties, &says::KAFKA_SECRET_FILES),
    key("sources.allowed", Shape::List, &says::SOURCES_ALLOWED),
    key("store.url", Shape::Database, &says::STORE_URL),
    key("store.schema", Shape::Schema, &says::STORE_SCHEMA),
    key("store.password_file", Shape::Text, &says::STORE_PASSWORD_FILE),
    key("store.password", Shape::Secret, &says::STORE_PASSWORD),
    key("worker.batch_records", Shape::Number(1, 1_000_000), &says::WORKER_BATCH_RECORDS),
    key("worker.batch_bytes", Shape::Number(65_536, 1 << 30), &says::WORKER_BATCH_BYTES),
    key("worker.batch_wait_ms", Shape::Number(1, 60_000), &says::WORKER_BATCH_WAIT_MS),
    key("worker.dead_letter_share", Shape::Number(1, 100), &says::WORKER_DEAD_LETTER_SHARE),
    key("worker.dead_letter_run", Shape::Number(1, 1_000_000), &says::WORKER_DEAD_LETTER_RUN),
    key("http.listen", Shape::Listen, &says::HTTP_LISTEN),
    key("log.level", Shape::OneOf(&["error", "warn", "info", "debug", "trace"]), &says::LOG_LEVEL),
    key("log.format", Shape::OneOf(&["auto", "text", "json"]), &says::LOG_FORMAT),
    key("report.party", Shape::Flag, &says::REPORT_PARTY),
    key("report.parent_body", Shape::Text, &says::REPORT_PARENT_BODY),
    key("report.issuing_body", Shape::Text, &says::REPORT_ISSUING_BODY),
    key("report.number", Shape::Text, &says::REPORT_NUMBER),
    key("report.date", Shape::Day, &says::REPORT_DATE),
    key("report.place", Shape::Text, &says::REPORT_PLACE),
    key("report.addressee", Shape::Text, &says::REPORT_ADDRESSEE),
    key("report.signatory_capacity", Shape::Text, &says::REPORT_SIGNATORY_CAPACITY),
    key("report.signatory_office", Shape::Text, &says::REPORT_SIGNATORY_OFFICE),
    key("report.signatory_name", Shape::Text, &says::REPORT_SIGNATORY_NAME),
    key("report.recipients", Shape::List, &says::REPORT_RECIPIENTS),
];

/// The text of `config/giaoban.toml`: every key with its default, commented out.
pub fn shipped_file() -> String {
    let mut text = says::FILE_HEAD.to_owned();
    let mut section = "";
    for key in KEYS {
        let (table, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if table != section {
            section = table;
            let _ = write!(text, "\n[{table}]");
        }
        let _ = write!(text, "\n# {}\n# {}\n", key.meaning.vi, key.meaning.en);
        let default = match key.default() {
            Value::Array(items) => {
                format!("[{}]", items.iter().map(Value::to_string).collect::<Vec<_>>().join(", "))
            }
            plain => plain.to_string(),
        };
        let _ = writeln!(text, "# {name} = {default}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_has_every_key() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/giaoban.toml");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, shipped_file()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), shipped_file(), "run the tests once with UPDATE_DOCS=1");
    }
}

//! The settings as the program uses them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::domain::{Calendar, Rules, UnitTable};
use crate::ingest::Limits;
use crate::log::kafka::KafkaSettings as Client;
use crate::report::ReportHead;
use crate::store::postgres::{Schema, Server, masked};
use crate::store::{DataDir, StorePlace};
use crate::text::{Lang, config as says};

/// How to reach Kafka, with secrets read in.
pub type KafkaClient = Client;

const UNITS: &str = include_str!("../../config/units/hanoi.csv");
const SUCCESSION: &str = include_str!("../../config/units/hanoi-succession.csv");

/// A text that is never shown.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("••••")
    }
}

/// Every setting.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder of the embedded log and the store.
    pub data: PathBuf,
    /// Language of messages.
    pub lang: Lang,
    /// Name or file of the calendar.
    pub calendar: String,
    /// Files of the units.
    pub units: UnitSettings,
    /// The event log.
    pub kafka: KafkaSettings,
    /// Who may keep records besides units.
    pub sources: SourceSettings,
    /// Where figures are kept.
    pub store: StoreSettings,
    /// Of the worker.
    pub worker: WorkerSettings,
    /// Where pages and metrics are served.
    pub http: HttpSettings,
    /// The program's own log.
    pub log: LogSettings,
    /// The head of reports.
    pub report: ReportHead,
}

/// Files of the units; empty for what is built in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitSettings {
    /// The table.
    pub file: String,
    /// Who took over from whom.
    pub succession: String,
}

/// The event log.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaSettings {
    /// `host:port,…`; empty for the embedded log.
    pub brokers: String,
    /// Of events.
    pub topic: String,
    /// Of dead letters.
    pub dead_letter_topic: String,
    /// Of the workers.
    pub group: String,
    /// Of topics that are made.
    pub partitions: i32,
    /// Of topics that are made.
    pub replication: i32,
    properties: BTreeMap<String, Secret>,
    secret_files: BTreeMap<String, PathBuf>,
}

/// Who may keep records besides units.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSettings {
    /// URI-references.
    pub allowed: Vec<String>,
}

/// Where figures are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    url: Secret,
    schema: String,
    password: Secret,
    password_file: PathBuf,
}

/// Of the worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerSettings {
    /// Most records.
    pub batch_records: usize,
    /// Most bytes.
    pub batch_bytes: usize,
    /// How long a record waits for others, in milliseconds.
    pub batch_wait_ms: u64,
    /// Most dead letters among a partition's last records, in percent.
    pub dead_letter_share: u64,
    /// Most dead letters of a partition in a row.
    pub dead_letter_run: u64,
}

/// Where pages and metrics are served.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// `host:port`, or `off`.
    pub listen: String,
}

/// The program's own log.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// `error` to `trace`.
    pub level: String,
    /// `auto`, `text` or `json`.
    pub format: String,
}

/// What the layers say, key by key. Its defaults are the first layer.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layered {
    data: PathBuf,
    lang: String,
    calendar: String,
    units: UnitSettings,
    kafka: KafkaSettings,
    sources: SourceSettings,
    store: StoreSettings,
    worker: WorkerSettings,
    http: HttpSettings,
    log: LogSettings,
    report: ReportHead,
}

impl Default for Layered {
    fn default() -> Self {
        Self {
            data: "giaoban-data".into(),
            lang: "auto".into(),
            calendar: Calendar::NAMES[0].into(),
            units: UnitSettings::default(),
            kafka: KafkaSettings::default(),
            sources: SourceSettings::default(),
            store: StoreSettings::default(),
            worker: WorkerSettings::default(),
            http: HttpSettings::default(),
            log: LogSettings::default(),
            report: ReportHead::default(),
        }
    }
}

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            brokers: String::new(),
            topic: "giaoban.events".into(),
            dead_letter_topic: "giaoban.events.dlq".into(),
            group: "giaoban".into(),
            partitions: 6,
            replication: 1,
            properties: BTreeMap::new(),
            secret_files: BTreeMap::new(),
        }
    }
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            url: Secret::default(),
            schema: "giaoban".into(),
            password: Secret::default(),
            password_file: PathBuf::new(),
        }
    }
}

impl Default for WorkerSettings {
    /// The limits that the worker has of itself, and those of dead letters.
    fn default() -> Self {
        let Limits { records, bytes, wait_ms, .. } = Limits::default();
        Self {
            batch_records: records,
            batch_bytes: bytes,
            batch_wait_ms: wait_ms,
            dead_letter_share: 50,
            dead_letter_run: 2000,
        }
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self { listen: "127.0.0.1:9464".into() }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { level: "info".into(), format: "auto".into() }
    }
}

impl Settings {
    /// From values that were checked against the table of keys.
    pub(super) fn from_value(value: config::Value, environment: &[(String, String)]) -> Result<Self, ConfigError> {
        let layered: Layered = value
            .try_deserialize()
            .map_err(|error| ConfigError::File { file: "settings".into(), cause: error.to_string() })?;
        let lang = match layered.lang.as_str() {
            "vi" => Lang::Vi,
            "en" => Lang::En,
            _ => of_locale(environment),
        };
        let Layered { data, calendar, units, kafka, sources, store, worker, http, log, report, .. } = layered;
        Ok(Self { data, lang, calendar, units, kafka, sources, store, worker, http, log, report })
    }

    /// Units and calendar.
    pub fn rules(&self) -> Result<Rules, ConfigError> {
        let units = read_or("units.file", &self.units.file, UNITS)?;
        // Another province's table does not go with Hanoi's successions.
        let built_in =
            if self.units.file.is_empty() { SUCCESSION } else { "from_code,to_code,effective_on,extent,basis\n" };
        let succession = read_or("units.succession", &self.units.succession, built_in)?;
        let place = |path: &str, key: &str| if path.is_empty() { format!("{key} (built in)") } else { path.to_owned() };
        let units = UnitTable::from_csv(&units, &succession).map_err(|problems| ConfigError::Units {
            table: place(&self.units.file, "units.file"),
            succession: place(&self.units.succession, "units.succession"),
            problems,
        })?;
        Ok(Rules::new(units, self.read_calendar()?))
    }

    fn read_calendar(&self) -> Result<Calendar, ConfigError> {
        if let Some(calendar) = Calendar::named(&self.calendar) {
            return Ok(calendar);
        }
        let path = PathBuf::from(&self.calendar);
        let wrong = |cause: String| ConfigError::NamedFile { key: "calendar".into(), path: path.clone(), cause };
        if !path.exists() {
            return Err(wrong(format!(
                "no such file, and no calendar of that name; there are {}",
                Calendar::NAMES.join(", ")
            )));
        }
        let text = read("calendar", &path)?;
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        Calendar::from_csv(&name, &text).map_err(|error| wrong(error.to_string()))
    }
}

impl KafkaSettings {
    /// How to reach Kafka; `None` for the embedded log.
    pub fn client(&self) -> Result<Option<KafkaClient>, ConfigError> {
        if self.brokers.is_empty() {
            return Ok(None);
        }
        let mut properties: BTreeMap<String, String> =
            self.properties.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect();
        for (name, path) in &self.secret_files {
            let text = read(&format!("kafka.secret_files.\"{name}\""), path)?;
            properties.insert(name.clone(), text.trim_end_matches(['\r', '\n']).to_owned());
        }
        Ok(Some(Client { brokers: self.brokers.clone(), properties }))
    }
}

impl StoreSettings {
    /// Whether it is on a server, for any number of workers.
    pub fn is_shared(&self) -> bool {
        !self.url.0.is_empty()
    }

    /// Where it is: in a database, or in the data folder.
    pub fn place(&self, data: &Path) -> Result<StorePlace, ConfigError> {
        if !self.is_shared() {
            return Ok(StorePlace::Folder(DataDir::at(data)));
        }
        let of_file = if self.password_file.as_os_str().is_empty() {
            None
        } else {
            Some(read("store.password_file", &self.password_file)?.trim_end_matches(['\r', '\n']).to_owned())
        };
        let password = of_file.or_else(|| Some(self.password.0.clone()).filter(|password| !password.is_empty()));
        let server = Server::parse(&self.url.0, password.as_deref()).map_err(|wrong| ConfigError::Value {
            place: "settings".into(),
            key: "store.url".into(),
            found: masked(&self.url.0),
            allowed: says::database(wrong),
        })?;
        Ok(StorePlace::Schema(Box::new(Schema::at(server, &self.schema))))
    }
}

fn of_locale(environment: &[(String, String)]) -> Lang {
    let variable = |name: &str| environment.iter().find(|(key, value)| key == name && !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(variable);
    if locale.is_some_and(|(_, value)| value.starts_with("vi")) { Lang::Vi } else { Lang::En }
}

fn read(key: &str, path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| ConfigError::NamedFile {
        key: key.to_owned(),
        path: path.to_owned(),
        cause: error.to_string(),
    })
}

fn read_or(key: &str, path: &str, built_in: &str) -> Result<String, ConfigError> {
    if path.is_empty() { Ok(built_in.to_owned()) } else { read(key, Path::new(path)) }
}

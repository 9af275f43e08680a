//! The settings as the program uses them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::check::system;
use crate::domain::{Calendar, Holidays, LogKind, Rules, UnitTable};
use crate::ingest::Limits;
use crate::log::kafka::{CLIENT_ID, KafkaSettings as Client};
use crate::report::ReportHead;
use crate::setting::{Key, Secret, SecretFile, Shape, section};
use crate::store::postgres::{Schema, Server, masked};
use crate::store::{DataDir, StorePlace};
use crate::text::{Lang, Text, config as says};
use crate::wire::Admission;

/// How to reach Kafka, with secrets read in.
pub type KafkaClient = Client;

const UNITS: &str = include_str!("../../config/units/hanoi.csv");
const HOLIDAYS: &str = include_str!("../../config/holidays.csv");
const SUCCESSION: &str = include_str!("../../config/units/hanoi-succession.csv");

/// Every setting.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Settings {
    /// What has no section.
    #[serde(flatten)]
    pub general: GeneralSettings,
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
    /// Language of messages, `auto` decided.
    #[serde(skip)]
    pub lang: Lang,
}

section! {
    /// What has no section.
    "" GeneralSettings {
        /// Folder of the embedded log and the store.
        pub data: PathBuf = "giaoban-data".into(), Shape::Name;
        lang: String = "auto".into(), Shape::OneOf(&["auto", "vi", "en"]);
        /// Name or file of the calendar.
        pub calendar: String = Calendar::NAMES[0].into(), Shape::Text;
        /// File of the holidays; empty for what is built in.
        pub holidays: String = String::new(), Shape::Text;
        /// What this installation is called where several are watched.
        pub installation: String = "giaoban".into(), Shape::Text;
    }
}

section! {
    /// Files of the units; empty for what is built in.
    "units." UnitSettings {
        /// The table.
        pub file: String = String::new(), Shape::Text;
        /// Who took over from whom.
        pub succession: String = String::new(), Shape::Text;
    }
}

section! {
    /// The event log.
    "kafka." KafkaSettings {
        /// `host:port,…`; empty for the embedded log.
        pub brokers: String = String::new(), Shape::Brokers;
        /// Of events.
        pub topic: String = "giaoban.events".into(), Shape::Topic;
        /// Of dead letters.
        pub dead_letter_topic: String = "giaoban.events.dlq".into(), Shape::Topic;
        /// Of the workers.
        pub group: String = "giaoban".into(), Shape::Name;
        /// Of topics that are created.
        pub partitions: i32 = 6, Shape::Number(1, 10_000);
        replication: i32 = 0, Shape::Number(0, 99);
        /// How long a worker that starts waits for brokers that are away, in seconds.
        pub wait: u64 = 300, Shape::Number(0, 86_400);
        properties: BTreeMap<String, Secret> = BTreeMap::new(), Shape::Properties;
        secret_files: BTreeMap<String, SecretFile> = BTreeMap::new(), Shape::Properties;
    }
}

section! {
    /// Who may keep records besides units.
    "sources." SourceSettings {
        /// Each as [`Admission::with_system`] reads it.
        pub allowed: Vec<String> = Vec::new(), Shape::Systems;
    }
}

section! {
    /// Where figures are kept.
    "store." StoreSettings {
        url: Secret = Secret::default(), Shape::Database;
        schema: String = "giaoban".into(), Shape::Schema;
        password_file: SecretFile = SecretFile::default(), Shape::SecretFile;
        password: Secret = Secret::default(), Shape::Secret;
        /// Whether one that is made is for events that are made up.
        pub synthetic: bool = false, Shape::Flag;
        /// The version of a store on PostgreSQL of which its operator keeps a copy; 0 for none.
        copy_of_version: u64 = 0, Shape::Number(0, 1_000);
        /// How long a worker that starts waits for a store that is away, in seconds.
        pub wait: u64 = 300, Shape::Number(0, 86_400);
    }
}

section! {
    /// Of the worker.
    "worker." WorkerSettings {
        /// Most records.
        pub batch_records: usize = Limits::default().records, Shape::Number(1, 1_000_000);
        /// Most bytes.
        pub batch_bytes: usize = Limits::default().bytes, Shape::Number(65_536, 1 << 30);
        /// How long a record waits for others, in milliseconds.
        pub batch_wait_ms: u64 = Limits::default().wait_ms, Shape::Number(1, 60_000);
        /// Most dead letters among a partition's last records, in percent.
        pub dead_letter_share: u64 = 50, Shape::Number(1, 100);
        /// Most dead letters of a partition in a row.
        pub dead_letter_run: u64 = 2000, Shape::Number(1, 1_000_000);
    }
}

section! {
    /// Where pages and metrics are served.
    "http." HttpSettings {
        /// `host:port`, or `off`.
        pub listen: String = "127.0.0.1:9464".into(), Shape::Listen;
        /// `host:port` of metrics alone, or `off`.
        pub metrics_listen: String = "off".into(), Shape::Listen;
        /// Names besides `localhost` by which the server may be called.
        pub hosts: Vec<String> = Vec::new(), Shape::Hosts;
    }
}

section! {
    /// The program's own log.
    "log." LogSettings {
        /// `error` to `trace`.
        pub level: String = "info".into(), Shape::OneOf(&["error", "warn", "info", "debug", "trace"]);
        /// `auto`, `text` or `json`.
        pub format: String = "auto".into(), Shape::OneOf(&["auto", "text", "json"]);
    }
}

impl Settings {
    /// Whether one worker at a time writes: a store in the data folder has one writer, and the embedded log no groups.
    pub fn has_one_writer(&self) -> bool {
        !self.store.is_shared() || self.kafka.log_kind() == LogKind::Embedded
    }

    /// Every key of every section, in the order of the shipped file.
    pub(super) fn keys() -> Vec<Key> {
        [
            GeneralSettings::KEYS,
            UnitSettings::KEYS,
            KafkaSettings::KEYS,
            SourceSettings::KEYS,
            StoreSettings::KEYS,
            WorkerSettings::KEYS,
            HttpSettings::KEYS,
            LogSettings::KEYS,
            ReportHead::KEYS,
        ]
        .concat()
    }

    /// From values that were checked against the keys.
    pub(super) fn from_value(value: config::Value, environment: &[(String, String)]) -> Result<Self, ConfigError> {
        let mut settings: Self = value
            .try_deserialize()
            .map_err(|error| ConfigError::File { file: "settings".into(), cause: error.into() })?;
        settings.lang = match settings.general.lang.as_str() {
            "vi" => Lang::Vi,
            "en" => Lang::En,
            _ => of_locale(environment),
        };
        Ok(settings)
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

    /// What is taken in besides what units say; nothing that is made up.
    pub fn admission(&self, rules: &Rules) -> Result<Admission, ConfigError> {
        let wrong = |found: &str, allowed: Text| ConfigError::Value {
            place: "settings".into(),
            key: "sources.allowed".into(),
            found: found.into(),
            allowed,
        };
        let mut admission = Admission::new();
        for entry in &self.sources.allowed {
            admission = admission.with_system(entry).map_err(|refused| wrong(entry, system(refused)))?;
        }
        match admission.unknown_unit(&rules.units) {
            Some((source, unit)) => Err(wrong(&format!("{source} {unit}"), says::known_unit())),
            None => Ok(admission),
        }
    }

    /// On which days nobody works.
    ///
    /// # Errors
    /// If their table cannot be read, or is wrong.
    pub fn holidays(&self) -> Result<Holidays, ConfigError> {
        let file = &self.general.holidays;
        Holidays::from_csv(&read_or("holidays", file, HOLIDAYS)?)
            .map_err(|error| ConfigError::Holidays { path: file.into(), error })
    }

    /// Files of certificates, each with the setting that names it.
    pub fn certificates(&self) -> Vec<(String, PathBuf)> {
        let of_kafka = |name: &str| Some((format!("kafka.{name}"), self.kafka.properties.get(name)?.reveal().into()));
        let files = ["ssl.ca.location", "ssl.certificate.location"].into_iter().filter_map(of_kafka);
        let of_store = Server::parse(self.store.url.reveal(), None).map(|server| server.certificates());
        files.chain(of_store.unwrap_or_default()).collect()
    }

    fn read_calendar(&self) -> Result<Calendar, ConfigError> {
        if let Some(calendar) = Calendar::named(&self.general.calendar) {
            return Ok(calendar);
        }
        let path = PathBuf::from(&self.general.calendar);
        if !path.exists() {
            return Err(ConfigError::NoCalendar { name: self.general.calendar.clone() });
        }
        let text = read("calendar", &path)?;
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        Calendar::from_csv(&name, &text).map_err(|error| ConfigError::Calendar { path, error })
    }
}

impl KafkaSettings {
    /// Which kind of log is configured: the embedded one unless there are brokers.
    pub fn log_kind(&self) -> LogKind {
        if self.brokers.is_empty() { LogKind::Embedded } else { LogKind::Kafka }
    }

    /// What its clients call themselves.
    pub fn client_id(&self) -> &str {
        self.properties.get("client.id").map_or(CLIENT_ID, Secret::reveal)
    }

    /// Copies of topics that are created; `None` for three, or as many as there are brokers.
    pub fn copies(&self) -> Option<i32> {
        Some(self.replication).filter(|copies| *copies > 0)
    }

    /// How to reach Kafka; `None` for the embedded log.
    pub fn client(&self) -> Result<Option<KafkaClient>, ConfigError> {
        if self.log_kind() == LogKind::Embedded {
            return Ok(None);
        }
        let mut properties: BTreeMap<String, String> =
            self.properties.iter().map(|(name, value)| (name.clone(), value.reveal().to_owned())).collect();
        for (name, path) in &self.secret_files {
            let text = read_secret(&format!("kafka.secret_files.\"{name}\""), path)?;
            properties.insert(name.clone(), text.trim_end_matches(['\r', '\n']).to_owned());
        }
        Ok(Some(Client { brokers: self.brokers.clone(), properties }))
    }
}

impl StoreSettings {
    /// Whether it is on a server, for any number of workers.
    pub fn is_shared(&self) -> bool {
        !self.url.reveal().is_empty()
    }

    /// Where it is: in a database, or in the data folder.
    pub fn place(&self, data: &Path) -> Result<StorePlace, ConfigError> {
        if !self.is_shared() {
            return Ok(StorePlace::Folder(DataDir::at(data)));
        }
        let password = Some(self.password.reveal()).filter(|password| !password.is_empty());
        let mut server = Server::parse(self.url.reveal(), password).map_err(|wrong| ConfigError::Value {
            place: "settings".into(),
            key: "store.url".into(),
            found: masked(self.url.reveal()),
            allowed: says::database(wrong),
        })?;
        if !self.password_file.reveal().as_os_str().is_empty() {
            // Better known now than at the first connection, each of which reads it anew.
            read_secret("store.password_file", &self.password_file)?;
            server = server.with_password_of(self.password_file.reveal());
        }
        let schema = Schema::at(server, &self.schema).with_copy_of(self.copy_of_version.cast_signed());
        Ok(StorePlace::Schema(Box::new(schema)))
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
        cause: error.into(),
    })
}

fn read_secret(key: &str, file: &SecretFile) -> Result<String, ConfigError> {
    std::fs::read_to_string(file.reveal()).map_err(|error| ConfigError::SecretFile {
        key: key.to_owned(),
        path: SecretFile::shown(file.reveal()),
        cause: error.into(),
    })
}

fn read_or(key: &str, path: &str, built_in: &str) -> Result<String, ConfigError> {
    if path.is_empty() { Ok(built_in.to_owned()) } else { read(key, Path::new(path)) }
}

//! What every command starts from: settings, rules, the event log, the store; and
//! the program's own log.

use std::sync::{Arc, OnceLock};

use crate::config::{LogSettings, Settings};
use crate::domain::{LogIdentity, LogKind, Rules};
use crate::failure::{Explained as _, Failure, FailureKind};
use crate::intake::check::Checker;
use crate::intake::latest::{Archive, Latest};
use crate::log::embedded::EmbeddedLog;
use crate::log::kafka::KafkaLog;
use crate::log::{EventLog, LogError, first_record, identity_of};
use crate::store::data_dir::WriterLock;
use crate::store::{DataDir, StoreError, StorePlace, StoreReader, check_rules};
use crate::terminal;
use crate::text::{Lang, Text, dead_letters, terminal as says};
use crate::wire::Admission;

/// A log that is there, with what its topic is.
pub type FoundLog = (Arc<dyn EventLog>, Option<LogIdentity>);

/// What a command works with.
pub struct Context {
    /// The settings.
    pub settings: Settings,
    /// Units and calendar.
    pub rules: Arc<Rules>,
    admission: Admission,
    /// Whether the store in force was made for made-up events.
    synthetic: OnceLock<bool>,
}

impl Context {
    /// Loads the rules.
    ///
    /// # Errors
    ///
    /// Where units or calendar cannot be read, or contradict themselves, or a system is to speak for no unit of them.
    pub fn new(settings: Settings) -> Result<Self, Failure> {
        let rules = Arc::new(settings.rules()?);
        let admission = settings.admission(&rules)?;
        Ok(Self { settings, rules, admission, synthetic: OnceLock::new() })
    }

    /// The language of texts for people.
    pub fn lang(&self) -> Lang {
        self.settings.lang
    }

    /// A remark on standard error.
    pub fn note(&self, text: &Text) {
        terminal::note(text.get(self.lang()));
    }

    /// What events are checked by.
    pub fn checker(&self) -> Checker {
        Checker::new(Arc::clone(&self.rules), self.admission())
    }

    /// The present revision of a record, in the store or in what it has not read yet of the log.
    ///
    /// # Errors
    ///
    /// Where there is none, several sources have one, or store or log cannot be read.
    pub fn latest(&self, source: Option<&str>, subject: &str) -> Result<Latest, Failure> {
        let log = self.log()?;
        let mut store = match self.reader() {
            Ok(store) => Some(store),
            Err(failure) if failure.kind() == FailureKind::StoreMissing => None,
            Err(failure) => return Err(failure),
        };
        let store = store.as_mut().map(|store| &mut **store as &mut dyn StoreReader);
        let (topic, checker) = (&*self.settings.kafka.topic, &self.checker());
        Ok(Archive { log: &*log, topic, store, checker }.find(source, subject)?)
    }

    /// What the store takes in. Where it cannot be asked, its setting tells: the worker is asked in any case.
    pub fn admission(&self) -> Admission {
        let stored = || self.place().ok()?.read().ok()?.synthetic().ok();
        self.admission_to(*self.synthetic.get_or_init(|| stored().unwrap_or(self.settings.store.synthetic)))
    }

    /// What a store takes in that was made for events that are made up, or was not.
    pub fn admission_to(&self, synthetic: bool) -> Admission {
        self.admission.clone().with_synthetic(synthetic)
    }

    /// The event log, compared with the one that the store beside it is made from.
    ///
    /// # Errors
    ///
    /// Where it is another or is gone, cannot be opened, or a setting of the client is wrong.
    pub fn log(&self) -> Result<Arc<dyn EventLog>, Failure> {
        match self.place()?.read() {
            Ok(mut store) => self.log_beside(&mut *store),
            Err(StoreError::Missing { .. }) => self.open_log(),
            // Events are taken while there are no figures to be had, but only by a log that is there.
            Err(error) if self.has_log() => {
                self.note(&says::log_not_compared(error.what()));
                self.open_log()
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The event log, compared with the one that this store is made from.
    ///
    /// # Errors
    ///
    /// As [`Context::log`].
    pub fn log_beside(&self, store: &mut dyn StoreReader) -> Result<Arc<dyn EventLog>, Failure> {
        let (log, found) = self.existing_log()?.unzip();
        store.check_log(self.log_kind(), &self.settings.kafka.topic, found.flatten().as_ref())?;
        log.map_or_else(|| self.open_log(), Ok)
    }

    /// The event log, whichever the store is made from: embedded unless brokers are set. An embedded one is made with
    /// its topics if there is none.
    ///
    /// # Errors
    ///
    /// Where the embedded log cannot be opened, or a setting of the client is wrong.
    pub fn open_log(&self) -> Result<Arc<dyn EventLog>, Failure> {
        let kafka = &self.settings.kafka;
        self.log_with(&[&kafka.topic, &kafka.dead_letter_topic])
    }

    /// The same; an embedded one is made with these topics if there is none.
    ///
    /// # Errors
    ///
    /// As [`Context::open_log`].
    pub fn log_with(&self, topics: &[&str]) -> Result<Arc<dyn EventLog>, Failure> {
        match self.settings.kafka.client()? {
            Some(client) => Ok(Arc::new(KafkaLog::new(client)?)),
            None => Ok(Arc::new(EmbeddedLog::create(&self.settings.general.data, topics)?)),
        }
    }

    /// The event log, whichever the store is made from, with what its topic is; `None` if there is no embedded one, and none
    /// is made.
    ///
    /// # Errors
    ///
    /// As [`Context::open_log`], or if the log cannot be asked.
    pub fn existing_log(&self) -> Result<Option<FoundLog>, Failure> {
        if !self.has_log() {
            return Ok(None);
        }
        let log = self.open_log()?;
        let found = identity_of(&*log, &self.settings.kafka.topic)?;
        Ok(Some((log, found)))
    }

    /// That there is no embedded log in the data folder.
    pub fn no_log(&self) -> Failure {
        let data = self.settings.general.data.display();
        Failure::new(FailureKind::NotFound, dead_letters::no_log(data), dead_letters::check_data())
    }

    /// Which kind of log is configured.
    pub fn log_kind(&self) -> LogKind {
        self.settings.kafka.log_kind()
    }

    /// Whether there is a log, as far as is known without asking a broker.
    pub fn has_log(&self) -> bool {
        self.log_kind() == LogKind::Kafka || EmbeddedLog::is_in(&self.settings.general.data)
    }

    /// Where the store is.
    ///
    /// # Errors
    ///
    /// Where the address of the store is wrong.
    pub fn place(&self) -> Result<StorePlace, Failure> {
        Ok(self.settings.store.place(&self.settings.general.data)?)
    }

    /// What keeps a second worker away, where there can be one only: of a store
    /// in the data folder, and of the embedded log, which has no groups.
    ///
    /// # Errors
    ///
    /// Where another worker holds it, or the folder cannot be written.
    pub fn lock_worker(&self) -> Result<Option<WriterLock>, Failure> {
        if !self.settings.has_one_writer() {
            return Ok(None);
        }
        Ok(Some(DataDir::create(&self.settings.general.data)?.lock_writer()?))
    }

    /// The store in force, for reading, made by the rules in force.
    ///
    /// # Errors
    ///
    /// Where there is none, it cannot be read, or other rules made it.
    pub fn reader(&self) -> Result<Box<dyn StoreReader>, Failure> {
        Ok(open_reader(&self.place()?, &self.rules)?)
    }

    /// Whether somebody sits at standard input and standard error.
    pub fn asks(&self) -> bool {
        terminal::asks()
    }

    /// A remark if the store lacks records of the log, or if that cannot be found out: the figures are whole all the same.
    ///
    /// # Errors
    ///
    /// Where the store cannot be read, or is made from another log than the one that is configured.
    pub fn note_lag(&self, store: &mut dyn StoreReader) -> Result<(), Failure> {
        let is_fed_elsewhere = store.bound_log()?.is_some_and(|bound| bound.kind == LogKind::Kafka);
        if is_fed_elsewhere && self.log_kind() == LogKind::Embedded {
            self.note(&says::fed_by_kafka());
            return Ok(());
        }
        match self.lag(store) {
            Ok(0) => {}
            Ok(missing) => self.note(&says::records_not_counted(missing)),
            Err(Lag::OfAnother(error)) => return Err(error.into()),
            Err(Lag::Unknown(failure)) => self.note(&says::lag_not_known(failure.what())),
        }
        Ok(())
    }

    /// How many records of the log are not in the store.
    fn lag(&self, store: &mut dyn StoreReader) -> Result<i64, Lag> {
        let (kind, topic) = (self.log_kind(), &self.settings.kafka.topic);
        let (log, found) = self.existing_log()?.unzip();
        store.check_log(kind, topic, found.flatten().as_ref())?;
        let Some(log) = log else { return Ok(0) };
        let checkpoints = store.checkpoints(topic)?;
        let missing = log.topic(topic)?.partitions.into_iter().map(|range| {
            let stored = checkpoints.iter().find(|checkpoint| checkpoint.partition == range.partition);
            let next = stored.map_or(range.low, |checkpoint| checkpoint.next);
            range.high.0 - first_record(&*log, topic, &range, next).0
        });
        Ok(missing.sum())
    }
}

/// Why it is not known how far the store is behind its log.
enum Lag {
    /// It is another log's store.
    OfAnother(StoreError),
    Unknown(Failure),
}

impl From<StoreError> for Lag {
    fn from(error: StoreError) -> Self {
        match &error {
            // A topic recreated under the store's own leaves its figures whole.
            StoreError::OtherLog { bound, found, .. } if !bound.is_recreated_as(found) => Self::OfAnother(error),
            _ => Self::Unknown(error.into()),
        }
    }
}

impl From<LogError> for Lag {
    fn from(error: LogError) -> Self {
        Self::Unknown(error.into())
    }
}

impl From<Failure> for Lag {
    fn from(failure: Failure) -> Self {
        Self::Unknown(failure)
    }
}

/// The store in force, for reading; refused if other rules made it.
///
/// # Errors
///
/// Where it cannot be read, or other rules made it.
pub fn open_reader(place: &StorePlace, rules: &Rules) -> Result<Box<dyn StoreReader>, StoreError> {
    let mut store = place.read()?;
    check_rules(&mut *store, rules)?;
    Ok(store)
}

/// How the program's own log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For a person.
    Text,
    /// For a program, an object a line.
    Json,
}

/// Starts the program's own log on standard error: text on a terminal, JSON otherwise, unless the settings say which.
pub fn start_log(log: &LogSettings) -> LogFormat {
    let level = log.level.parse().unwrap_or(tracing::Level::INFO);
    let text = match log.format.as_str() {
        "text" => true,
        "json" => false,
        _ => terminal::is_seen(),
    };
    let format = if text { LogFormat::Text } else { LogFormat::Json };
    let line = move || terminal::LogLine { is_json: !text };
    // Without colours, so that whatever steers a terminal was sent by somebody, and is written as an escape.
    let builder = tracing_subscriber::fmt().with_max_level(level).with_writer(line).with_target(false).with_ansi(false);
    // A line that cannot be written is dropped, without a word where none can be written.
    let builder = builder.log_internal_errors(false);
    // A second start in one process would find one in place, which serves.
    let _ = if text { builder.try_init() } else { builder.json().try_init() };
    format
}

//! What every command starts from: settings, rules, the event log, the store; and
//! the program's own log.

use std::sync::Arc;

use crate::config::{LogSettings, Settings};
use crate::domain::Rules;
use crate::failure::{Failure, FailureKind};
use crate::intake::check::Checker;
use crate::intake::latest::{Archive, Latest};
use crate::log::EventLog;
use crate::log::embedded::EmbeddedLog;
use crate::log::kafka::KafkaLog;
use crate::store::data_dir::WriterLock;
use crate::store::{DataDir, StoreError, StorePlace, StoreReader};
use crate::terminal;
use crate::text::{Lang, Text, terminal as says};
use crate::wire::Admission;

/// What a command works with.
pub struct Context {
    /// The settings.
    pub settings: Settings,
    /// Units and calendar.
    pub rules: Arc<Rules>,
    admission: Admission,
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
        Ok(Self { settings, rules, admission })
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
            Err(failure) if failure.kind() == Some(FailureKind::StoreMissing) => None,
            Err(failure) => return Err(failure),
        };
        let store = store.as_mut().map(|store| &mut **store as &mut dyn StoreReader);
        let (topic, checker) = (&*self.settings.kafka.topic, &self.checker());
        Ok(Archive { log: &*log, topic, store, checker }.find(source, subject)?)
    }

    /// What the store takes in. Where it cannot be asked, its setting tells: the worker is asked in any case.
    pub fn admission(&self) -> Admission {
        let stored = || self.place().ok()?.read().ok()?.synthetic().ok();
        self.admission_to(stored().unwrap_or(self.settings.store.synthetic))
    }

    /// What a store takes in that was made for events that are made up, or was not.
    pub fn admission_to(&self, synthetic: bool) -> Admission {
        self.admission.clone().with_synthetic(synthetic)
    }

    /// The event log: embedded unless brokers are set.
    ///
    /// # Errors
    ///
    /// Where the embedded log cannot be opened, or a setting of the client is wrong.
    pub fn log(&self) -> Result<Arc<dyn EventLog>, Failure> {
        match self.settings.kafka.client()? {
            Some(client) => Ok(Arc::new(KafkaLog::new(client)?)),
            None => Ok(Arc::new(EmbeddedLog::open(&self.settings.general.data)?)),
        }
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
        if self.settings.store.is_shared() && !self.settings.kafka.brokers.is_empty() {
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

    /// A remark if the store lacks records of the embedded log. A broker is not asked: it may be away.
    ///
    /// # Errors
    ///
    /// Where store or log cannot be read.
    pub fn note_lag(&self, store: &mut dyn StoreReader) -> Result<(), Failure> {
        if !self.settings.kafka.brokers.is_empty() {
            return Ok(());
        }
        let topic = &self.settings.kafka.topic;
        let checkpoints = store.checkpoints(topic)?;
        let missing: i64 = self
            .log()?
            .topic(topic)?
            .partitions
            .iter()
            .map(|range| {
                let stored = checkpoints.iter().find(|checkpoint| checkpoint.partition == range.partition);
                range.high.0 - stored.map_or(0, |checkpoint| checkpoint.next.0)
            })
            .sum();
        if missing > 0 {
            self.note(&says::records_not_counted(missing));
        }
        Ok(())
    }
}

/// The store in force, for reading; refused if other rules made it.
///
/// # Errors
///
/// Where it cannot be read, or other rules made it.
pub fn open_reader(place: &StorePlace, rules: &Rules) -> Result<Box<dyn StoreReader>, StoreError> {
    let mut store = place.read()?;
    match store.fingerprint()? {
        Some(stored) if stored != rules.fingerprint() => {
            Err(StoreError::OtherRules { at: store.describe(), stored, now: rules.fingerprint() })
        }
        _ => Ok(store),
    }
}

/// Starts the program's own log on standard error: text on a terminal, JSON otherwise, unless the settings say which.
pub fn start_log(log: &LogSettings) {
    let level = log.level.parse().unwrap_or(tracing::Level::INFO);
    let text = match log.format.as_str() {
        "text" => true,
        "json" => false,
        _ => terminal::is_seen(),
    };
    let line = move || terminal::LogLine { is_json: !text };
    // Without colours, so that whatever steers a terminal was sent by somebody, and is written as an escape.
    let builder = tracing_subscriber::fmt().with_max_level(level).with_writer(line).with_target(false).with_ansi(false);
    // A second start in one process would find one in place, which serves.
    let _ = if text { builder.try_init() } else { builder.json().try_init() };
}

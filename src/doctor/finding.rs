//! What was found, about what, and how bad it is.

use crate::failure::Explained;
use crate::text::{Lang, Text, doctor as says};

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Well.
    Good,
    /// It works, but somebody should know.
    Warning,
    /// It could not be looked at, or not to its end.
    NotLookedAt,
    /// It does not work.
    Problem,
}

impl Verdict {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Warning => "warning",
            Self::NotLookedAt => "not_looked_at",
            Self::Problem => "problem",
        }
    }

    /// Whether somebody has to act, or look for themselves.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::NotLookedAt | Self::Problem)
    }
}

macro_rules! things {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:ident;)+) => {
        /// What is looked at.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Thing { $($(#[$doc])* $name),+ }

        impl Thing {
            /// Its name for programs.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// What people call it.
            pub fn title(self) -> Text {
                match self { $(Self::$name => says::$text()),+ }
            }
        }
    };
}

things! {
    /// The settings, units and calendar as files.
    Configuration = "configuration", configuration;
    /// Units and calendar as they are today.
    Units = "units", units;
    /// This machine's clock.
    Clock = "clock", clock;
    /// The data folder.
    Folder = "folder", folder;
    /// Where pages are served.
    Address = "address", address;
    /// The log as a whole.
    Log = "log", log;
    /// A topic.
    Topic = "topic", topic;
    /// The brokers and the copies that they keep.
    Brokers = "brokers", brokers;
    /// The workers' group.
    Group = "group", group;
    /// What this user may do.
    Permissions = "permissions", permissions;
    /// The store itself.
    Store = "store", store;
    /// Which log the store is made from.
    StoresLog = "stores_log", its_log;
    /// What the figures lack.
    Gap = "gap", gap;
    /// What became of all that was read.
    Reconciliation = "reconciliation", reconciliation;
    /// Partitions that are held.
    DeadLetters = "dead_letters", dead_letters;
    /// Where the store is in its log.
    Offsets = "offsets", offsets;
    /// How far behind it is.
    Lag = "lag", lag;
}

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The thing.
    pub thing: Thing,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen.
    pub detail: String,
    /// What to do; empty if nothing.
    pub remedy: String,
}

impl Finding {
    /// What was found, in a language.
    pub fn new(thing: Thing, verdict: Verdict, (detail, remedy): (&Text, &Text), lang: Lang) -> Self {
        // Elsewhere a remedy sends people here.
        let remedy = remedy.get(lang).replace(": giaoban doctor", "");
        Self { thing, verdict, detail: detail.get(lang).to_owned(), remedy }
    }
}

/// What was found so far.
pub(super) struct Examination {
    lang: Lang,
    pub(super) findings: Vec<Finding>,
}

impl Examination {
    pub(super) fn new(lang: Lang) -> Self {
        Self { lang, findings: Vec::new() }
    }

    pub(super) fn add(&mut self, thing: Thing, verdict: Verdict, detail: &Text, remedy: &Text) {
        self.findings.push(Finding::new(thing, verdict, (detail, remedy), self.lang));
    }

    pub(super) fn failed(&mut self, thing: Thing, verdict: Verdict, error: &dyn Explained) {
        self.add(thing, verdict, &error.what(), &error.remedy());
    }

    pub(super) fn good(&mut self, thing: Thing, detail: &Text) {
        self.add(thing, Verdict::Good, detail, &Text::same(""));
    }
}

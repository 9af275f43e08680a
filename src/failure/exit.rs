//! How the program ends. The codes are part of the contract with scripts; the
//! page `docs/exit-codes.md` is made of this list.

use std::fmt::Write as _;

use crate::text::{Text, failure};

macro_rules! exit_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $meaning:ident;)+) => {
        /// How the program ends.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum ExitCode { $($(#[$doc])* $name = $code),+ }

        impl ExitCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name, as scripts and logs may give it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// What it means.
            pub fn meaning(self) -> Text {
                match self { $(Self::$name => failure::$meaning()),+ }
            }
        }
    };
}

exit_codes! {
    /// All is well.
    Done = 0, done;
    /// A defect of the program, or something without a code.
    Internal = 1, internal;
    /// The command line.
    Usage = 2, usage;
    /// Settings, units, calendar.
    Configuration = 3, configuration;
    /// Of the input some was refused.
    SomeRefused = 4, some_refused;
    /// All input was refused.
    AllRefused = 5, all_refused;
    /// The event log is away.
    LogUnreachable = 6, log_unreachable;
    /// The event log refuses.
    LogRefuses = 7, log_refuses;
    /// Store or embedded log cannot be read.
    Store = 8, store;
    /// Another process is at it.
    InUse = 9, in_use;
    /// Figures of other rules.
    RulesChanged = 10, rules_changed;
    /// The log lacks records, or is another.
    Gap = 11, gap;
    /// Another worker writes the same.
    Fenced = 12, fenced;
    /// A disk, a file, a folder.
    CannotWrite = 13, cannot_write;
    /// The address to listen on.
    PortTaken = 14, port_taken;
    /// No such unit, period, record, file.
    NotFound = 15, not_found;
    /// The doctor's finding.
    DoctorFound = 16, doctor_found;
    /// A partition is held rather than passed over, and all else is done.
    TooManyDeadLetters = 17, too_many_dead_letters;
    /// PostgreSQL is away.
    StoreUnreachable = 18, store_unreachable;
    /// PostgreSQL refuses.
    StoreRefuses = 19, store_refuses;
    /// Figures are not what they have to be.
    Differs = 20, differs;
    /// By SIGHUP.
    HungUp = 129, hung_up;
    /// By Ctrl-C.
    Interrupted = 130, interrupted;
    /// By SIGTERM.
    Terminated = 143, terminated;
}

impl ExitCode {
    /// Whether starting the program again would only repeat it, until a person has acted. After any other code whoever
    /// supervises a worker starts it again.
    pub fn waits_for_a_person(self) -> bool {
        matches!(self, Self::Configuration | Self::Store | Self::RulesChanged | Self::Gap | Self::StoreRefuses)
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

/// The text of `docs/exit-codes.md`.
pub fn exit_codes_page() -> String {
    let mut text = failure::EXIT_CODES_HEAD.to_owned();
    for code in ExitCode::ALL {
        let Text { vi, en } = code.meaning();
        let waits = if code.waits_for_a_person() { "✋" } else { "" };
        let _ = writeln!(text, "| {} | {} | {waits} | {vi} | {en} |", *code as u8, code.name());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_exit_codes_is_in_step() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/exit-codes.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, exit_codes_page()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), exit_codes_page(), "run the tests once with UPDATE_DOCS=1");
    }
}

//! Dead letters written out, to be corrected and published.

use std::collections::BTreeSet;
use std::io::Write;

use super::reader::{FiledDeadLetter, ListedDeadLetter, TopicMessage, walk};
use crate::domain::{Position, Rules};
use crate::log::{EventLog, LogError};
use crate::text::safe::json_text;
use crate::text::{Lang, dead_letters as text};
use crate::wire::Admission;
use crate::wire::decode::{Decoder, structured};

/// Where dead letters are read, and by what they are judged.
pub struct Export<'a> {
    /// The log of their topic.
    pub log: &'a dyn EventLog,
    /// The topic of dead letters.
    pub dead_letter_topic: &'a str,
    /// By which each is taken or still bad.
    pub rules: &'a Rules,
    /// Sources besides the units.
    pub admission: &'a Admission,
    /// Of the remarks.
    pub lang: Lang,
}

/// Why dead letters were not all written out.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Their topic cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What is written to does not take them.
    #[error(transparent)]
    Write(#[from] std::io::Error),
}

impl Export<'_> {
    /// Writes these as NDJSON, in the order of their topic.
    ///
    /// # Errors
    /// If their topic cannot be read, or `out` cannot be written.
    pub fn run(&self, chosen: &[&ListedDeadLetter], out: &mut dyn Write) -> Result<(), ExportError> {
        let mut decoder = Decoder::new();
        let mut result = Ok(());
        let chosen: BTreeSet<Position> = chosen.iter().map(|dead_letter| dead_letter.id).collect();
        walk(self.log, self.dead_letter_topic, &|_| true, &mut |found| {
            if let TopicMessage::DeadLetter(filed) = found
                && chosen.contains(&filed.id)
                && result.is_ok()
            {
                result = out.write_all(self.line(&filed, &mut decoder).as_bytes());
            }
        })?;
        Ok(result.and_then(|()| out.flush())?)
    }

    /// What is wrong as remarks, which publishing passes over, and the event on one line.
    fn line(&self, filed: &FiledDeadLetter<'_>, decoder: &mut Decoder) -> String {
        let message = filed.message();
        let mut out = String::new();
        match decoder.decode(&message, self.rules, self.admission) {
            Ok(_) => out += &format!("# {} {}\n", filed.id, text::now_taken().get(self.lang)),
            Err(errors) => {
                for error in errors {
                    out += &format!("# {} {}\n", filed.id, error.message(self.lang).replace(['\r', '\n'], " "));
                }
            }
        }
        let body = filed.payload.unwrap_or_default();
        match (structured(&message), std::str::from_utf8(body)) {
            (Some(event), _) => out + &json_text(&event) + "\n",
            // White space between JSON's tokens; within them it is what has to be corrected.
            (None, Ok(body)) if !body.trim().is_empty() => {
                out + &json_text(&body.trim().replace(['\r', '\n'], " ")) + "\n"
            }
            _ => out,
        }
    }
}

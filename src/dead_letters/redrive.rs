//! Dead letters sent again to the topic of events, once each.
//!
//! A dead letter counts as sent when the log has confirmed it; then that is noted in
//! the dead-letter topic. A crash between the two sends it once more, which
//! changes no figure: an event is known by its source, subject and revision.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::reader::{Action, Decision, FiledDeadLetter, ListedDeadLetter, TopicMessage, walk};
use crate::domain::{Partition, Position, Rules};
use crate::log::{EventLog, LogError, Producer};
use crate::wire::decode::Decoder;
use crate::wire::{Admission, ValidationError};

/// Everything sent is decided within this time, or counts as not taken.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(60);
/// Dead letters that are confirmed and noted together.
const TOGETHER: usize = 500;
/// Or fewer, if their bodies come to this.
const TOGETHER_BYTES: usize = 8 << 20;

/// What dead letters are sent by and to.
pub struct Redrive<'a> {
    /// The log of both topics.
    pub log: &'a dyn EventLog,
    /// The topic of events.
    pub topic: &'a str,
    /// The topic of dead letters.
    pub dead_letter_topic: &'a str,
    /// By which a dead letter is taken or still bad.
    pub rules: &'a Rules,
    /// Sources besides the units.
    pub admission: &'a Admission,
    /// Send also what is still bad.
    pub force: bool,
    /// Only see what would be sent.
    pub dry_run: bool,
    /// Told of each dead letter that is still bad, and why.
    pub still_bad: &'a mut dyn FnMut(Position, &[ValidationError]),
}

/// What became of the dead letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Sent, confirmed and noted; in a dry run, what would be.
    pub sent: u64,
    /// Not sent, by the code of the first rule that they break today.
    pub still_bad: BTreeMap<&'static str, u64>,
}

impl Outcome {
    /// How many are still bad.
    pub fn bad(&self) -> u64 {
        self.still_bad.values().sum()
    }
}

impl Redrive<'_> {
    /// Sends these dead letters. What was sent before an error is in the outcome, and noted.
    pub fn run(&mut self, letters: &[&ListedDeadLetter]) -> (Outcome, Result<(), LogError>) {
        let mut outcome = Outcome::default();
        let result = self.send_all(letters, &mut outcome);
        (outcome, result)
    }

    fn send_all(&mut self, letters: &[&ListedDeadLetter], outcome: &mut Outcome) -> Result<(), LogError> {
        if letters.is_empty() {
            return Ok(());
        }
        let chosen: BTreeSet<Position> = letters.iter().map(|letter| letter.id).collect();
        let partitions: BTreeSet<Partition> = chosen.iter().map(|id| id.partition).collect();
        let mut mail = Mail {
            events: self.log.producer(self.topic)?,
            notes: self.log.producer(self.dead_letter_topic)?,
            waiting: BTreeMap::new(),
            bytes: 0,
        };
        let mut decoder = Decoder::new();
        let mut failed = None;
        walk(self.log, self.dead_letter_topic, &|partition| partitions.contains(&partition), &mut |found| {
            let TopicMessage::DeadLetter(filed) = found else { return };
            if failed.is_some() || !chosen.contains(&filed.id) {
                return;
            }
            if let Err(errors) = decoder.decode(&filed.message(), self.rules, self.admission)
                && !self.force
            {
                let code = errors.first().map_or("unknown", |error| error.code.as_str());
                *outcome.still_bad.entry(code).or_default() += 1;
                (self.still_bad)(filed.id, &errors);
            } else if self.dry_run {
                outcome.sent += 1;
            } else if let Err(error) = mail.send(&filed, &mut outcome.sent) {
                failed = Some(error);
            }
        })?;
        match failed {
            Some(error) => Err(error),
            None => mail.settle(&mut outcome.sent),
        }
    }
}

struct Mail {
    events: Box<dyn Producer>,
    notes: Box<dyn Producer>,
    /// Sent, not yet noted.
    waiting: BTreeMap<u64, Position>,
    bytes: usize,
}

impl Mail {
    fn send(&mut self, filed: &FiledDeadLetter<'_>, sent: &mut u64) -> Result<(), LogError> {
        let tag = self.waiting.len() as u64;
        self.waiting.insert(tag, filed.id);
        self.bytes += filed.payload.map_or(0, <[u8]>::len);
        let taken = self.events.send(&filed.again(), tag);
        if taken.is_err() || self.waiting.len() >= TOGETHER || self.bytes >= TOGETHER_BYTES {
            self.settle(sent)?;
        }
        taken
    }

    /// Waits for what was sent, and notes what was confirmed.
    fn settle(&mut self, sent: &mut u64) -> Result<(), LogError> {
        let mut refused = None;
        let mut confirmed = Vec::new();
        for delivery in self.events.flush(CONFIRMED_WITHIN) {
            match (self.waiting.remove(&delivery.tag), delivery.result) {
                (Some(letter), Ok(_)) => confirmed.push(letter),
                (_, Err(error)) => refused = Some(error),
                (None, Ok(_)) => {}
            }
        }
        if !self.waiting.is_empty() {
            refused.get_or_insert(LogError::Transient("no acknowledgement".into()));
        }
        (self.waiting, self.bytes) = (BTreeMap::new(), 0);
        *sent += note(&mut *self.notes, Action::Redriven, "", confirmed)?;
        refused.map_or(Ok(()), Err)
    }
}

/// Notes a decision about each of these dead letters; returns how many once all are confirmed.
pub fn note(
    producer: &mut dyn Producer,
    action: Action,
    why: &str,
    letters: impl IntoIterator<Item = Position>,
) -> Result<u64, LogError> {
    let time_ms = jiff::Timestamp::now().as_millisecond();
    let (mut noted, mut confirmed) = (0, 0);
    for letter in letters {
        producer.send(&Decision { letter, action, time_ms, note: why.to_owned() }.outgoing(), noted)?;
        noted += 1;
        for delivery in producer.deliveries() {
            delivery.result?;
            confirmed += 1;
        }
    }
    for delivery in producer.flush(CONFIRMED_WITHIN) {
        delivery.result?;
        confirmed += 1;
    }
    if confirmed < noted {
        return Err(LogError::Transient(format!("{confirmed} of {noted} decisions were confirmed").into()));
    }
    Ok(noted)
}

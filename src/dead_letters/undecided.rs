//! How many dead letters wait for a decision, followed as the topic grows: what was read once is not read again.

use std::collections::{BTreeMap, HashMap};

use super::reader::{TopicMessage, content};
use crate::domain::{NextOffset, Offset, Partition, Position};
use crate::log::{EventLog, LogError};

/// Read at a time.
const PORTION: i64 = 10_000;

/// What was read of the topic, as far as it matters to what waits.
#[derive(Debug, Default)]
pub struct Undecided {
    /// Where each partition is read on.
    next: BTreeMap<Partition, NextOffset>,
    /// What each letter says, while nothing is decided about that.
    letters: HashMap<Position, u64>,
    /// Whether anything was decided about what letters say: of copies one decision is enough.
    decided: HashMap<u64, bool>,
    /// Decisions about letters that were not read yet: in another partition.
    early: Vec<Position>,
}

impl Undecided {
    /// Reads what has come since, unless it is told to stop, and counts what waits.
    ///
    /// # Errors
    /// If the log cannot be read; what was read before stands.
    pub fn read_on(&mut self, log: &dyn EventLog, topic: &str, goes_on: &dyn Fn() -> bool) -> Result<u64, LogError> {
        for (partition, range) in log.ranges(topic)? {
            let range = range?;
            let known = self.next.get(&partition).copied();
            // One that ends before where it was read is another topic.
            if known.is_some_and(|next| next > range.high) {
                *self = Self::default();
                return self.read_on(log, topic, goes_on);
            }
            let mut from = known.unwrap_or_default().max(range.low);
            while from < range.high && goes_on() {
                let mut next = range.high;
                let count = PORTION.min(range.high.0 - from.0);
                let mut read = 0;
                log.read(topic, partition, Offset(from.0), count.unsigned_abs() as usize, &mut |incoming| {
                    read += 1;
                    next = incoming.position.offset.next();
                    self.take(&TopicMessage::of(&incoming));
                })?;
                // Fewer than were asked for: what lies behind are no messages.
                from = if read < count { range.high } else { next };
                self.next.insert(partition, from);
            }
        }
        let early = std::mem::take(&mut self.early);
        early.into_iter().for_each(|letter| self.decide(letter));
        Ok(self.decided.values().filter(|decided| !**decided).count() as u64)
    }

    fn take(&mut self, message: &TopicMessage<'_>) {
        match message {
            TopicMessage::DeadLetter(letter) => {
                let content = content(letter);
                if !*self.decided.entry(content).or_default() {
                    self.letters.insert(letter.id, content);
                }
            }
            TopicMessage::Decision(decision) => self.decide(decision.letter),
            TopicMessage::Other => {}
        }
    }

    fn decide(&mut self, letter: Position) {
        match self.letters.remove(&letter) {
            Some(content) => drop(self.decided.insert(content, true)),
            None if self.next.get(&letter.partition).is_none_or(|next| letter.offset.next() > *next) => {
                self.early.push(letter);
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_letters::DeadLetter;
    use crate::dead_letters::reader::{Action, DeadLetterTopic, Decision};
    use crate::log::embedded::EmbeddedLog;
    use crate::log::{Incoming, Outgoing};
    use crate::wire::{Code, ValidationError};

    fn letter(offset: i64, payload: &[u8]) -> Outgoing {
        let position = Position { partition: Partition(2), offset: Offset(offset) };
        // Keys differ, so that letters and decisions lie in several partitions.
        let key = format!("{offset:05}");
        let message = Incoming {
            position,
            timestamp_ms: None,
            appended_ms: None,
            key: Some(key.as_bytes()),
            headers: &[],
            payload: Some(payload),
        };
        DeadLetter::new(&message, vec![ValidationError::new(Code::JsonSyntax, "", "x", "")]).outgoing("events", offset)
    }

    fn send(log: &EmbeddedLog, messages: Vec<Outgoing>) {
        let mut producer = log.producer("dlq").unwrap();
        messages.into_iter().for_each(|message| producer.send(&message, 0).unwrap());
        assert!(producer.flush(std::time::Duration::ZERO).iter().all(|delivery| delivery.result.is_ok()));
    }

    #[test]
    fn what_waits_is_counted_as_the_list_of_dead_letters_has_it_and_nothing_is_read_twice() {
        let dir = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::create(dir.path(), &["dlq"]).unwrap();
        let mut undecided = Undecided::default();
        let mut count = || undecided.read_on(&log, "dlq", &|| true).unwrap();
        let listed = || {
            let all = DeadLetterTopic::read(&log, "dlq").unwrap().dead_letters;
            all.iter().filter(|letter| letter.is_open()).count() as u64
        };
        assert_eq!(count(), 0);
        send(&log, (0..40).map(|offset| letter(offset, b"{")).collect());
        // A crash has written one twice.
        send(&log, vec![letter(7, b"{")]);
        assert_eq!((count(), listed()), (40, 40));
        let ids: Vec<Position> =
            DeadLetterTopic::read(&log, "dlq").unwrap().dead_letters.iter().map(|letter| letter.id).collect();
        let decisions = |of: &[Position]| {
            let decision = |letter: &Position| Decision {
                letter: *letter,
                action: Action::Discarded,
                time_ms: 9,
                note: String::new(),
            };
            of.iter().map(|letter| decision(letter).outgoing()).collect()
        };
        for part in ids.chunks(9) {
            send(&log, decisions(part));
            assert_eq!(count(), listed());
        }
        assert_eq!(count(), 0);
        // What is decided twice, and a copy of what was decided, change nothing.
        send(&log, decisions(&ids[..3]));
        send(&log, vec![letter(1, b"{")]);
        assert_eq!((count(), listed()), (0, 0));
        send(&log, vec![letter(41, b"[")]);
        assert_eq!((count(), listed()), (1, 1));
        assert_eq!(undecided.letters.len(), 1, "what is decided is forgotten");
    }
}

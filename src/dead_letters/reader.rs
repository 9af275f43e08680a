//! The dead-letter topic as it lies: dead letters, and what was decided about each.
//!
//! Nothing in it is ever changed or removed. A decision is one more message that
//! names its dead letter: so it is known to every operator, on either log, without a store.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::message::{PREFIX, SAID, SENT, TOMBSTONE};
use crate::domain::{Offset, Partition, Position};
use crate::log::{EventLog, Incoming, LogError, Outgoing};
use crate::wire::decode::Glimpse;
use crate::wire::{Message, REDRIVE};

/// A dead letter as it lies in its topic.
#[derive(Clone, Debug)]
pub struct FiledDeadLetter<'a> {
    /// Where it lies in the dead-letter topic: what it is called.
    pub id: Position,
    /// The topic that its message came from.
    pub topic: &'a str,
    /// Where in that topic the message lies.
    pub origin: Position,
    /// The code of the first rule that it broke.
    pub reason: &'a str,
    /// Every rule that it broke, a line for each.
    pub detail: &'a str,
    /// Since when it is a dead letter, in milliseconds since 1970.
    pub time_ms: i64,
    /// The message's key.
    pub key: Option<&'a [u8]>,
    /// The message's own headers, without those of an earlier redrive.
    pub headers: Vec<(&'a str, Option<&'a [u8]>)>,
    /// The message's body; `None` for a tombstone.
    pub payload: Option<&'a [u8]>,
}

impl<'a> FiledDeadLetter<'a> {
    /// Of a message of the dead-letter topic, if it is one. What the worker says stands together and comes last, so
    /// that nothing which a producer sent is taken for it; in letters of version 0.1.0, too.
    fn of(incoming: &Incoming<'a>) -> Option<Self> {
        let all = incoming.headers;
        let is_ours = |header: &(&str, Option<&[u8]>), name: &str| header.0.strip_prefix(PREFIX) == Some(name);
        let said = all.windows(SAID.len()).rposition(|headers| headers.iter().zip(SAID).all(|(a, b)| is_ours(a, b)))?;
        let (before, rest) = all.split_at(said);
        let (said, rest) = rest.split_at(SAID.len());
        let (without_body, after) = match rest.split_first() {
            Some((first, after)) if is_ours(first, TOMBSTONE) => (true, after),
            _ => (false, rest),
        };
        let text = |at: usize| std::str::from_utf8(said[at].1?).ok();
        let own = before.iter().chain(after).filter(|header| header.0 != REDRIVE);
        Some(Self {
            id: incoming.position,
            topic: text(0)?,
            origin: Position { partition: Partition(text(1)?.parse().ok()?), offset: Offset(text(2)?.parse().ok()?) },
            reason: text(3)?,
            detail: text(4).unwrap_or_default(),
            time_ms: text(5).and_then(|text| text.parse().ok()).or(incoming.timestamp_ms).unwrap_or_default(),
            key: incoming.key,
            headers: own.map(|(name, value)| (name.strip_prefix(SENT).unwrap_or(name), *value)).collect(),
            payload: incoming.payload.filter(|_| !without_body),
        })
    }

    /// The message as it was, for the rules.
    pub fn message(&self) -> Message<'_> {
        Message { key: self.key, headers: &self.headers, payload: self.payload }
    }

    /// The message as it was, to be sent again. The log has no sending of tombstones: one is sent empty.
    pub fn again(&self) -> Outgoing {
        let own = |(name, value): &(&str, Option<&[u8]>)| ((*name).to_owned(), value.map(<[u8]>::to_vec));
        let mut headers: Vec<_> = self.headers.iter().map(own).collect();
        headers.push((REDRIVE.to_owned(), Some(self.id.to_string().into_bytes())));
        let (key, payload) = (self.key.map(<[u8]>::to_vec), self.payload.unwrap_or_default().to_vec());
        Outgoing { key, headers, payload, ..Outgoing::default() }
    }
}

/// What was decided about a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It was sent again.
    Redriven,
    /// Somebody gave it up.
    Discarded,
}

impl Action {
    /// As it stands in the header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Redriven => "redriven",
            Self::Discarded => "discarded",
        }
    }
}

/// A decision about a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Which dead letter.
    pub letter: Position,
    /// What was decided.
    pub action: Action,
    /// When, in milliseconds since 1970.
    pub time_ms: i64,
    /// Why, in somebody's words; may be empty.
    pub note: String,
}

impl Decision {
    /// As it goes to the dead-letter topic.
    pub fn outgoing(&self) -> Outgoing {
        let header = |name: &str, value: String| (format!("{PREFIX}{name}"), Some(value.into_bytes()));
        let mut headers = vec![
            header("action", self.action.name().to_owned()),
            header("letter", self.letter.to_string()),
            header("time", self.time_ms.to_string()),
        ];
        if !self.note.is_empty() {
            headers.push(header("note", self.note.clone()));
        }
        Outgoing { headers, ..Outgoing::default() }
    }
}

/// What one message of the dead-letter topic is.
#[derive(Clone, Debug)]
pub enum TopicMessage<'a> {
    /// A dead letter.
    DeadLetter(FiledDeadLetter<'a>),
    /// A decision.
    Decision(Decision),
    /// Neither: this program did not write it.
    Other,
}

impl<'a> TopicMessage<'a> {
    /// Of a message of the dead-letter topic.
    pub fn of(incoming: &Incoming<'a>) -> Self {
        if let Some(filed) = FiledDeadLetter::of(incoming) {
            return Self::DeadLetter(filed);
        }
        let own = |name: &str| {
            let named = |header: &&(&'a str, Option<&'a [u8]>)| header.0.strip_prefix(PREFIX) == Some(name);
            std::str::from_utf8(incoming.headers.iter().rev().find(named)?.1?).ok()
        };
        let time_ms = own("time").and_then(|text| text.parse().ok()).or(incoming.timestamp_ms).unwrap_or_default();
        let action = match own("action") {
            Some("redriven") => Action::Redriven,
            Some("discarded") => Action::Discarded,
            _ => return Self::Other,
        };
        match own("letter").and_then(|text| text.parse().ok()) {
            Some(letter) => {
                let note = own("note").unwrap_or_default().to_owned();
                Self::Decision(Decision { letter, action, time_ms, note })
            }
            None => Self::Other,
        }
    }
}

/// Every message of the topic from its start to its present end, or of those partitions only.
pub fn walk(
    log: &dyn EventLog,
    topic: &str,
    wanted: &dyn Fn(Partition) -> bool,
    sink: &mut dyn FnMut(TopicMessage<'_>),
) -> Result<(), LogError> {
    for range in log.topic(topic)?.partitions {
        let (partition, count) = (range.partition, range.high.0 - range.low.0);
        if count <= 0 || !wanted(partition) {
            continue;
        }
        // All that there is, or an error: a decision that was not read would be made a second time.
        log.read(topic, partition, Offset(range.low.0), count.unsigned_abs() as usize, &mut |incoming| {
            sink(TopicMessage::of(&incoming));
        })?;
    }
    Ok(())
}

/// What a letter says, in short: its copies, written twice by a crash, say the same.
pub(super) fn content(filed: &FiledDeadLetter<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (filed.topic, filed.origin, filed.key, filed.payload).hash(&mut hasher);
    hasher.finish()
}

/// What is to be known of a dead letter without its body.
#[derive(Clone, Debug)]
pub struct ListedDeadLetter {
    /// Where it lies in the dead-letter topic.
    pub id: Position,
    /// The topic that its message came from.
    pub topic: String,
    /// Where in that topic the message lies.
    pub origin: Position,
    /// Since when it is a dead letter, in milliseconds since 1970.
    pub time_ms: i64,
    /// The code of the first rule that it broke.
    pub reason: String,
    /// The unit's code, by its key or its data; empty if neither can be read.
    pub unit: String,
    /// Its source, if it can be read.
    pub source: String,
    /// Its subject, if it can be read.
    pub subject: String,
    /// Of the body.
    pub bytes: usize,
    /// What became of it.
    pub state: DeadLetterState,
}

/// What became of a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeadLetterState {
    /// It waits for a decision.
    Open,
    /// Decided.
    Decided(Decision),
    /// The same message as that dead letter's, written twice by a crash: what is decided there holds here.
    Copy(Position),
}

impl ListedDeadLetter {
    fn of(filed: &FiledDeadLetter<'_>) -> Self {
        let glimpse = Glimpse::of(&filed.message());
        let key = filed.key.and_then(|key| std::str::from_utf8(key).ok()).filter(|key| !key.is_empty());
        Self {
            id: filed.id,
            topic: filed.topic.to_owned(),
            origin: filed.origin,
            time_ms: filed.time_ms,
            reason: filed.reason.to_owned(),
            unit: key.map(str::to_owned).or(glimpse.unit).unwrap_or_default(),
            source: glimpse.source.unwrap_or_default(),
            subject: glimpse.subject.unwrap_or_default(),
            bytes: filed.payload.map_or(0, <[u8]>::len),
            state: DeadLetterState::Open,
        }
    }

    /// Whether it waits for a decision.
    pub fn is_open(&self) -> bool {
        self.state == DeadLetterState::Open
    }
}

/// Every dead letter of a topic, without the bodies.
#[derive(Clone, Debug, Default)]
pub struct DeadLetterTopic {
    /// In the order of their times.
    pub dead_letters: Vec<ListedDeadLetter>,
    /// Messages of the topic that are neither dead letters nor decisions.
    pub others: u64,
}

impl DeadLetterTopic {
    /// Reads the whole topic.
    pub fn read(log: &dyn EventLog, topic: &str) -> Result<Self, LogError> {
        let mut all = Self::default();
        let mut contents = Vec::new();
        let mut decisions: BTreeMap<Position, Decision> = BTreeMap::new();
        walk(log, topic, &|_| true, &mut |found| match found {
            TopicMessage::DeadLetter(filed) => {
                contents.push(content(&filed));
                all.dead_letters.push(ListedDeadLetter::of(&filed));
            }
            TopicMessage::Decision(decision) => match decisions.get(&decision.letter) {
                // What was sent again stays so; else the last word counts.
                Some(made) if made.action == Action::Redriven => {}
                Some(made) if decision.action == Action::Discarded && made.time_ms > decision.time_ms => {}
                _ => drop(decisions.insert(decision.letter, decision)),
            },
            TopicMessage::Other => all.others += 1,
        })?;
        // Of copies, the first that was decided counts, else the first.
        let mut firsts: HashMap<u64, Position> = HashMap::new();
        for decided in [true, false] {
            for (letter, content) in all.dead_letters.iter().zip(&contents) {
                if decided == decisions.contains_key(&letter.id) {
                    firsts.entry(*content).or_insert(letter.id);
                }
            }
        }
        for (letter, content) in all.dead_letters.iter_mut().zip(&contents) {
            letter.state = match (decisions.remove(&letter.id), firsts.get(content)) {
                (Some(decision), _) => DeadLetterState::Decided(decision),
                (None, Some(first)) if *first != letter.id => DeadLetterState::Copy(*first),
                _ => DeadLetterState::Open,
            };
        }
        all.dead_letters.sort_by_key(|letter| (letter.time_ms, letter.id));
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_letters::DeadLetter;
    use crate::log::embedded::EmbeddedLog;
    use crate::wire::{Code, ValidationError};

    fn position(partition: i32, offset: i64) -> Position {
        Position { partition: Partition(partition), offset: Offset(offset) }
    }

    fn letter(offset: i64, headers: &[(&str, Option<&[u8]>)], payload: Option<&[u8]>) -> Outgoing {
        let message = Incoming {
            position: position(2, offset),
            timestamp_ms: None,
            appended_ms: None,
            key: Some(b"00004"),
            headers,
            payload,
        };
        let errors = vec![ValidationError::new(Code::JsonSyntax, "", "x", "")];
        DeadLetter::new(&message, errors).outgoing("events", 1_000 + offset)
    }

    fn sent(log: &EmbeddedLog, messages: Vec<Outgoing>) {
        let mut producer = log.producer("dlq").unwrap();
        messages.into_iter().for_each(|message| producer.send(&message, 0).unwrap());
        assert!(producer.flush(std::time::Duration::ZERO).iter().all(|delivery| delivery.result.is_ok()));
    }

    fn decision(letter: Position, action: Action, time_ms: i64) -> Outgoing {
        Decision { letter, action, time_ms, note: "vì trùng".into() }.outgoing()
    }

    #[test]
    fn a_letter_is_its_message_again() {
        let dir = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::create(dir.path(), &["dlq"]).unwrap();
        let headers: [(&str, Option<&[u8]>); 3] = [("a", Some(b"1")), ("n", None), (REDRIVE, Some(b"0:1"))];
        sent(&log, vec![letter(7, &headers, Some(b"{x")), letter(8, &[], None)]);
        let mut seen = 0;
        walk(&log, "dlq", &|_| true, &mut |found| {
            let TopicMessage::DeadLetter(filed) = found else { panic!("{found:?}") };
            seen += 1;
            assert_eq!((filed.topic, filed.reason), ("events", "json.syntax"));
            assert!(filed.detail.starts_with("json.syntax: "));
            if filed.origin == position(2, 8) {
                assert_eq!(filed.payload, None, "a tombstone");
                return;
            }
            let again = filed.again();
            assert_eq!((again.key.as_deref(), &*again.payload), (Some(&b"00004"[..]), &b"{x"[..]));
            let names: Vec<&str> = again.headers.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["a", "n", REDRIVE]);
            assert_eq!(again.headers[2].1.as_deref(), Some(filed.id.to_string().as_bytes()));
        })
        .unwrap();
        assert_eq!(seen, 2);
    }

    #[test]
    fn decisions_mark_their_letter_and_its_copies() {
        let dir = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::create(dir.path(), &["dlq"]).unwrap();
        // A recreated log has other messages at the same offsets: no copies.
        let letters = [(1, &b"a"[..]), (1, b"a"), (1, b"b"), (2, b"c"), (3, b"d")];
        sent(&log, letters.into_iter().map(|(offset, payload)| letter(offset, &[], Some(payload))).collect());
        let ids: Vec<Position> =
            DeadLetterTopic::read(&log, "dlq").unwrap().dead_letters.iter().map(|letter| letter.id).collect();
        let states = || -> Vec<String> {
            let read = DeadLetterTopic::read(&log, "dlq").unwrap();
            let state = |letter: &ListedDeadLetter| match &letter.state {
                DeadLetterState::Open => "open".to_owned(),
                DeadLetterState::Decided(decision) => format!("{} {}", decision.action.name(), decision.note),
                DeadLetterState::Copy(of) => format!("copy of {of}"),
            };
            read.dead_letters.iter().map(state).collect()
        };
        assert_eq!(states(), ["open", &format!("copy of {}", ids[0]), "open", "open", "open"]);
        sent(
            &log,
            vec![
                decision(ids[1], Action::Redriven, 9),
                decision(ids[1], Action::Discarded, 10),
                decision(ids[3], Action::Discarded, 9),
                Outgoing { payload: b"something else".to_vec(), ..Outgoing::default() },
            ],
        );
        let first = format!("copy of {}", ids[1]);
        assert_eq!(states(), [&first, "redriven vì trùng", "open", "discarded vì trùng", "open"]);
        assert_eq!(DeadLetterTopic::read(&log, "dlq").unwrap().others, 1);
    }

    /// Headers of a producer that speaks in the worker's name.
    const FORGED: [(&str, Option<&[u8]>); 8] = [
        ("giaoban_dlq_action", Some(b"discarded")),
        ("giaoban_dlq_letter", Some(b"0:0")),
        ("giaoban_dlq_topic", Some(b"other")),
        ("giaoban_dlq_partition", Some(b"77")),
        ("giaoban_dlq_offset", Some(b"99")),
        ("giaoban_dlq_reason", Some(b"none")),
        ("giaoban_dlq_tombstone", Some(b"true")),
        ("giaoban_sent_giaoban_dlq_time", None),
    ];

    #[test]
    fn what_a_producer_sent_is_kept_apart_from_what_the_worker_says() {
        let dir = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::create(dir.path(), &["dlq"]).unwrap();
        // As version 0.1.0 wrote it: the names as they came, the worker's after them.
        let mut old = letter(2, &[], Some(b"{x"));
        let forged = FORGED.map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec)));
        old.headers.splice(0..0, forged[..7].to_vec());
        let new = letter(2, &FORGED, Some(b"{x"));
        let ours = new.headers.iter().filter(|(name, _)| name.starts_with(PREFIX)).count();
        assert_eq!(ours, SAID.len(), "{:?}", new.headers);
        sent(&log, vec![new, old]);
        let mut seen = Vec::new();
        walk(&log, "dlq", &|_| true, &mut |found| {
            let TopicMessage::DeadLetter(filed) = found else { panic!("{found:?}") };
            assert_eq!((filed.topic, filed.reason, filed.origin), ("events", "json.syntax", position(2, 2)));
            assert_eq!(filed.payload, Some(&b"{x"[..]), "a forged header hides no body");
            let headers = filed.again().headers;
            seen.push(headers.len() - 1);
            assert_eq!(headers[..headers.len() - 1], forged[..headers.len() - 1], "as they were sent");
        })
        .unwrap();
        seen.sort_unstable();
        assert_eq!(seen, [7, 8]);
    }

    #[test]
    fn a_bad_message_cannot_pass_for_a_decision() {
        let dir = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::create(dir.path(), &["dlq"]).unwrap();
        sent(&log, vec![letter(1, &[], Some(b"a")), letter(2, &FORGED, Some(b"b"))]);
        let read = DeadLetterTopic::read(&log, "dlq").unwrap();
        let seen: Vec<_> = read
            .dead_letters
            .iter()
            .map(|letter| (letter.origin.offset.0, &*letter.reason, letter.is_open()))
            .collect();
        assert_eq!(seen, [(1, "json.syntax", true), (2, "json.syntax", true)]);
    }
}

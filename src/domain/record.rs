//! A record and what decides its figures: the ledger's currency.
//!
//! A record is (`source`, `subject`); its revisions replace one another. Which
//! of two revisions counts is [`Rank`]'s order, the same in whatever order they
//! arrive.

use std::fmt;

use serde::Serialize;

use super::fact::Fact;
use super::form_totals::FormTotals;
use super::position::Position;

/// (`source`, `subject`): what a record is called, for ever. Neither has a
/// character that is not seen: the wire and the configuration refuse them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordKey {
    text: Box<str>,
    split: u32,
}

impl RecordKey {
    /// The key of that source and subject.
    pub fn new(source: &str, subject: &str) -> Self {
        let mut text = String::with_capacity(source.len() + 1 + subject.len());
        text.push_str(source);
        text.push(BETWEEN);
        text.push_str(subject);
        Self { text: text.into(), split: source.len() as u32 }
    }

    /// Undoes [`RecordKey::text`]; `None` for what is no key's text.
    pub fn from_text(text: &str) -> Option<Self> {
        Some(Self { text: text.into(), split: text.find(BETWEEN)? as u32 })
    }

    /// Who keeps the record.
    pub fn source(&self) -> &str {
        &self.text[..self.split as usize]
    }

    /// The record's number within its source.
    pub fn subject(&self) -> &str {
        &self.text[self.split as usize + 1..]
    }

    /// Source and subject in one, which sorts as keys do.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Stands between source and subject, and below every character that they may have.
const BETWEEN: char = '\n';

impl Ord for RecordKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl PartialOrd for RecordKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The number of a revision: 1 to [`Revision::MAX`], or more in what an earlier version has stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Revision(i64);

impl Revision {
    /// The first revision of a record.
    pub const FIRST: Self = Self(1);

    /// The highest revision that a record may have.
    pub const MAX: i64 = 1_000_000;

    /// That revision; `None` below 1 and beyond [`Revision::MAX`].
    pub fn new(number: i64) -> Option<Self> {
        (1..=Self::MAX).contains(&number).then_some(Self(number))
    }

    /// One that a store has: an earlier version took more than [`Revision::MAX`]. `None` below 1.
    pub fn stored(number: i64) -> Option<Self> {
        (number >= 1).then_some(Self(number))
    }

    /// The one after it; `None` after the last.
    pub fn next(self) -> Option<Self> {
        Self::new(self.0.saturating_add(1))
    }

    /// Its number.
    pub fn number(self) -> i64 {
        self.0
    }

    /// The usual id of the event that is this revision of a record: `<subject>.<revision>`.
    pub fn usual_id(self, subject: &str) -> String {
        format!("{subject}.{}", self.0)
    }

    /// Whether that is its usual id.
    pub fn has_usual_id(self, subject: &str, id: &str) -> bool {
        let number = id.strip_prefix(subject).and_then(|rest| rest.strip_prefix('.'));
        let number = number.filter(|number| !number.starts_with(['0', '+'])).and_then(|number| number.parse().ok());
        number == Some(self.0)
    }
}

/// SHA-256 of the RFC 8785 form of `{"data":…,"type":…}`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What decides between revisions of one record: the greater counts.
pub type Rank = (Revision, Digest);

/// What the allocator takes for an entry's texts besides their bytes, roughly.
const ALLOCATIONS: usize = 64;

/// One revision of a record, with where it lies in the log: what the ledger holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which record.
    pub key: RecordKey,
    /// Which revision.
    pub revision: Revision,
    /// The digest of its content.
    pub digest: Digest,
    /// The event's id, where it is not the usual `<subject>.<revision>`.
    pub event_id: Option<Box<str>>,
    /// What it says.
    pub fact: Fact,
    /// Where it lies.
    pub position: Position,
}

impl Entry {
    /// What decides between revisions.
    pub fn rank(&self) -> Rank {
        (self.revision, self.digest)
    }

    /// Its size in memory, in bytes: of itself and of what it refers to.
    pub fn weight(&self) -> usize {
        let texts = match &self.fact {
            Fact::Index { dimension, score, .. } => dimension.as_ref().map_or(0, String::capacity) + score.capacity(),
            Fact::FormTotal { .. } => size_of::<FormTotals>(),
            _ => 0,
        };
        let id = self.event_id.as_ref().map_or(0, |id| id.len());
        size_of::<Self>() + self.key.text().len() + id + texts + ALLOCATIONS
    }

    /// The event's id.
    pub fn event_id(&self) -> String {
        match &self.event_id {
            Some(id) => id.to_string(),
            None => self.revision.usual_id(self.key.subject()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_weighs_what_its_texts_take() {
        let entry = |subject: usize, dimension: usize, id: usize| Entry {
            key: RecordKey::new("/units/01", &"s".repeat(subject)),
            revision: Revision::FIRST,
            digest: Digest([0; 32]),
            event_id: Some("i".repeat(id).into()),
            fact: Fact::Index {
                unit: crate::domain::UnitCode::new("01").unwrap(),
                year: 2020,
                index: crate::domain::IndexKind::ALL[0],
                dimension: Some("d".repeat(dimension)),
                score: "1".to_owned(),
                rank: None,
                out_of: None,
                recorded: jiff::Timestamp::UNIX_EPOCH,
            },
            position: Position { partition: crate::domain::Partition(0), offset: crate::domain::Offset(0) },
        };
        let light = entry(0, 0, 0).weight();
        assert!(light >= size_of::<Entry>());
        for entry in [entry(1_000, 0, 0), entry(0, 1_000, 0), entry(0, 0, 1_000)] {
            assert!(entry.weight() >= light + 1_000);
        }
    }

    #[test]
    fn the_usual_id_is_known_again() {
        let revision = Revision(12);
        assert_eq!(revision.usual_id("GS-1"), "GS-1.12");
        assert!(revision.has_usual_id("GS-1", &revision.usual_id("GS-1")));
        for id in ["GS-1.012", "GS-1.+12", "GS-1.1", "GS-1.", "GS-1", "GS-12.12", "12"] {
            assert!(!revision.has_usual_id("GS-1", id), "{id}");
        }
    }

    #[test]
    fn a_key_is_two_texts_and_sorts_as_two() {
        let (a, b) = (RecordKey::new("/units/1", "1-A"), RecordKey::new("/units/11", "-A"));
        assert_ne!(a, b);
        assert_eq!((a.source(), a.subject()), ("/units/1", "1-A"));
        assert!(a < b);
        assert!(RecordKey::new("/units/1", "z") < RecordKey::new("/units/1 ", "a"));
        assert_eq!(RecordKey::from_text(a.text()), Some(a));
        assert_eq!(RecordKey::from_text("/units/1"), None);
    }

    #[test]
    fn the_greater_revision_counts_and_then_the_greater_digest() {
        let rank = |revision, byte| (Revision::new(revision).unwrap(), Digest([byte; 32]));
        assert!(rank(2, 0) > rank(1, 255));
        assert!(rank(2, 1) > rank(2, 0));
        assert_eq!(Revision::new(0), None);
        assert_eq!(Revision::new(Revision::MAX + 1), None);
        assert_eq!(Revision::new(Revision::MAX).and_then(Revision::next), None);
        assert_eq!(Revision::stored(i64::MAX).and_then(Revision::next), None);
        assert_eq!(Revision::stored(0), None);
    }
}

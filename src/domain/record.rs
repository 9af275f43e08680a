//! A record and what decides its figures: the ledger's currency.
//!
//! A record is (`source`, `subject`); its revisions replace one another. Which
//! of two revisions counts is [`Rank`]'s order, the same in whatever order they
//! arrive.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::amount::{Area, Vnd};
use super::catalogue::{ActivityKind, Body, Field, IndexKind, PetitionKind, Status};
use super::period::Period;
use super::position::Position;
use super::unit::UnitCode;

/// (`source`, `subject`): what a record is called, for ever. Neither has a
/// control character: the wire and the configuration refuse them.
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

/// The number of a revision, 1 to 2^63 − 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Revision(i64);

impl Revision {
    /// The first revision of a record.
    pub const FIRST: Self = Self(1);

    /// That revision, or `None` below 1.
    pub fn new(number: i64) -> Option<Self> {
        (number >= 1).then_some(Self(number))
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

/// What was recovered when a case was resolved, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// The day of resolution, not before the day of detection.
    #[serde(with = "day")]
    pub on: Date,
    /// Money recovered.
    pub money_recovered: Vnd,
    /// Other money handling.
    pub money_other: Vnd,
    /// Settlement reduction.
    pub settlement_reduction: Vnd,
    /// Land recovered.
    pub land_recovered: Area,
    /// Other land handling.
    pub land_other: Area,
}

/// What a revision says, as far as it decides figures.
///
/// Stored in the ledger in this order of members: append, never reorder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// A supervision session was held.
    Supervision {
        /// Where.
        unit: UnitCode,
        /// When.
        #[serde(with = "day")]
        held_on: Date,
        /// By whom.
        body: Body,
        /// In what field.
        field: Field,
        /// How many took part.
        participants: u32,
        /// Recommendations to the Party committee, the authority, and others.
        recommendations: [u32; 3],
    },
    /// A case with signs of violation.
    Violation {
        /// Where.
        unit: UnitCode,
        /// When it was found.
        #[serde(with = "day")]
        detected_on: Date,
        /// By whom.
        body: Body,
        /// In what field.
        field: Field,
        /// What it is held to be now.
        status: Status,
        /// Whether handling was recommended.
        recommended: bool,
        /// Its resolution, if it has one.
        resolution: Option<Resolution>,
    },
    /// Another activity.
    Activity {
        /// Where.
        unit: UnitCode,
        /// When.
        #[serde(with = "day")]
        held_on: Date,
        /// Of what kind.
        kind: ActivityKind,
        /// By whom.
        body: Body,
        /// How many, at least 1.
        count: u32,
    },
    /// A petition.
    Petition {
        /// Where.
        unit: UnitCode,
        /// When it came.
        #[serde(with = "day")]
        received_on: Date,
        /// Of what kind.
        kind: PetitionKind,
        /// When it was resolved.
        #[serde(with = "optional_day")]
        resolved_on: Option<Date>,
    },
    /// Inspections planned for a year.
    InspectionPlan {
        /// Where.
        unit: UnitCode,
        /// The year.
        year: i16,
        /// How many.
        planned: u32,
    },
    /// A yearly index.
    Index {
        /// Where.
        unit: UnitCode,
        /// The year.
        year: i16,
        /// Which index.
        index: IndexKind,
        /// A part of it; `None` for the whole.
        dimension: Option<String>,
        /// The score as it was sent.
        score: String,
        /// The rank.
        rank: Option<u32>,
        /// Out of how many.
        out_of: Option<u32>,
    },
    /// Nothing to report for a period.
    NilReturn {
        /// Where.
        unit: UnitCode,
        /// For which period, as text that names one.
        #[serde(with = "period_text")]
        period: Period,
    },
    /// The record does not count.
    Withdrawal,
}

/// A day as the number yyyymmdd: four bytes in the ledger, and readable.
mod day {
    use super::Date;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn number(day: Date) -> u32 {
        day.year().unsigned_abs() as u32 * 10_000
            + day.month().unsigned_abs() as u32 * 100
            + day.day().unsigned_abs() as u32
    }

    pub(super) fn from_number(number: u32) -> Result<Date, jiff::Error> {
        Date::new((number / 10_000) as i16, (number / 100 % 100) as i8, (number % 100) as i8)
    }

    pub fn serialize<S: Serializer>(day: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        number(*day).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        from_number(u32::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

mod optional_day {
    use super::{Date, day};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(day: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
        day.map(day::number).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
        Option::<u32>::deserialize(deserializer)?.map(day::from_number).transpose().map_err(D::Error::custom)
    }
}

mod period_text {
    use super::Period;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(period: &Period, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(period)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Period, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Fact {
    /// The unit it speaks of; `None` for a withdrawal.
    pub fn unit(&self) -> Option<UnitCode> {
        match self {
            Self::Supervision { unit, .. }
            | Self::Violation { unit, .. }
            | Self::Activity { unit, .. }
            | Self::Petition { unit, .. }
            | Self::InspectionPlan { unit, .. }
            | Self::Index { unit, .. }
            | Self::NilReturn { unit, .. } => Some(*unit),
            Self::Withdrawal => None,
        }
    }

    /// The day that decides unit and period, if it has one.
    pub fn day(&self) -> Option<Date> {
        match self {
            Self::Supervision { held_on: day, .. }
            | Self::Violation { detected_on: day, .. }
            | Self::Activity { held_on: day, .. }
            | Self::Petition { received_on: day, .. } => Some(*day),
            _ => None,
        }
    }

    /// The day it was resolved, if it was.
    pub fn resolved_on(&self) -> Option<Date> {
        match self {
            Self::Violation { resolution, .. } => resolution.map(|resolution| resolution.on),
            Self::Petition { resolved_on, .. } => *resolved_on,
            _ => None,
        }
    }

    /// The short name of its type.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Supervision { .. } => "supervision",
            Self::Violation { .. } => "violation",
            Self::Activity { .. } => "activity",
            Self::Petition { .. } => "petition",
            Self::InspectionPlan { .. } => "inspectionplan",
            Self::Index { .. } => "index",
            Self::NilReturn { .. } => "nilreturn",
            Self::Withdrawal => "withdrawal",
        }
    }
}

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
    }
}

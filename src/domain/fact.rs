//! What a revision says, as far as it decides figures, and how it is stored.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::amount::{Area, Vnd};
use super::catalogue::{ActivityKind, Body, Field, Form, IndexKind, PetitionKind, Status};
use super::form_totals::FormTotals;
use super::period::{Period, Quarter};
use super::unit::UnitCode;

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
        /// When it was recorded: decides which unit the code means, and which of several counts.
        #[serde(with = "instant")]
        recorded: Timestamp,
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
        /// When it was recorded: decides which unit the code means, and which of several counts.
        #[serde(with = "instant")]
        recorded: Timestamp,
    },
    /// Nothing to report for a period.
    NilReturn {
        /// Where.
        unit: UnitCode,
        /// For which period, as text that names one.
        #[serde(with = "name")]
        period: Period,
        /// When it was recorded: decides which unit the code means.
        #[serde(with = "instant")]
        recorded: Timestamp,
    },
    /// The record does not count.
    Withdrawal,
    /// What an official form says of a quarter.
    FormTotal {
        /// Where.
        unit: UnitCode,
        /// Of which quarter, as text that names one.
        #[serde(with = "name")]
        quarter: Quarter,
        /// Which form.
        form: Form,
        /// What stands in it: apart, so that no other fact takes its room.
        totals: Box<FormTotals>,
        /// When it was recorded: decides which unit the code means.
        #[serde(with = "instant")]
        recorded: Timestamp,
    },
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

/// A period or a quarter as the text that names it.
mod name {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(named: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(named)
    }

    pub fn deserialize<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<T, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A moment in nanoseconds since 1970.
mod instant {
    use super::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        moment.as_nanosecond().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Timestamp::from_nanosecond(i128::deserialize(deserializer)?).map_err(D::Error::custom)
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
            | Self::NilReturn { unit, .. }
            | Self::FormTotal { unit, .. } => Some(*unit),
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

    /// The body that it speaks of, if it speaks of one.
    pub fn body(&self) -> Option<Body> {
        match self {
            Self::Supervision { body, .. } | Self::Violation { body, .. } | Self::Activity { body, .. } => Some(*body),
            Self::FormTotal { form, .. } => Some(form.body()),
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
            Self::FormTotal { .. } => "formtotal",
            Self::Withdrawal => "withdrawal",
        }
    }
}

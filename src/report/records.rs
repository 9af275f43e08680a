//! The records behind a figure: with their revisions, and where each lies in
//! the log, so that anybody can go from a figure to what was sent.

use std::fmt::Display;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use super::datum::Datum;
use super::named::by_name;
use crate::domain::{Digest, Entry, Fact, Figure, Period, Position, Quarter, Revision, Rules};
use crate::rollup::Rollup;
use crate::rollup::RollupError;
use crate::rollup::evidence::Scope;
use crate::rollup::table::{DISSOLVED, OfUnit};
use crate::store::{StoreError, StoreReader, try_entries};

/// What stands behind a figure.
#[derive(Debug, Serialize)]
pub struct Listing {
    /// The figure.
    pub figure: Figure,
    /// The period.
    #[serde(serialize_with = "shown")]
    pub period: Period,
    /// The unit's code, unless it is the unit over all others that was meant.
    pub unit: Option<String>,
    /// Its first day, as the rollup has it.
    #[serde(serialize_with = "shown_if_any")]
    pub valid_from: Option<Date>,
    /// Its name, if it was asked for by its first day.
    #[serde(skip)]
    pub name: Option<String>,
    /// The figure as the rollup has it: the sum of the amounts below, or the number of units below.
    pub total: Datum,
    /// Records, unless the figure counts units.
    #[serde(skip)]
    pub records: Vec<ListedRecord>,
    /// Units, if the figure counts them.
    #[serde(skip)]
    pub units: Vec<ListedUnit>,
}

/// A record behind a figure.
#[derive(Debug, Serialize)]
pub struct ListedRecord {
    /// Who sent it.
    pub source: String,
    /// What it is called there.
    pub subject: String,
    /// The revision that counts.
    pub revision: Revision,
    /// The event's id.
    pub id: String,
    /// The event's type, in short.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The code of its unit.
    pub unit: Option<String>,
    /// When it happened.
    #[serde(serialize_with = "shown_if_any")]
    pub day: Option<Date>,
    /// When it was settled.
    #[serde(serialize_with = "shown_if_any")]
    pub resolved_on: Option<Date>,
    /// Of a form's totals, the quarter.
    #[serde(serialize_with = "shown_if_any", skip_serializing_if = "Option::is_none")]
    pub period: Option<Quarter>,
    /// Of a form's totals, each figure that is in it.
    #[serde(serialize_with = "by_name", skip_serializing_if = "Vec::is_empty")]
    pub totals: Vec<(Figure, Datum)>,
    /// What it adds to the figure.
    pub amount: Datum,
    /// Where it lies in the log.
    #[serde(flatten)]
    pub position: Position,
    /// The digest of what it says.
    #[serde(serialize_with = "shown")]
    pub digest: Digest,
    /// The revisions that it supersedes.
    pub earlier_revisions: Vec<EarlierRevision>,
}

/// A revision that counts no more.
#[derive(Debug, Serialize)]
pub struct EarlierRevision {
    /// Its number.
    pub revision: Revision,
    /// The event's id.
    pub id: String,
    /// The event's type, in short.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Where it lies in the log.
    #[serde(flatten)]
    pub position: Position,
    /// The digest of what it says.
    #[serde(serialize_with = "shown")]
    pub digest: Digest,
}

/// A unit that a figure counts.
#[derive(Debug, Serialize)]
pub struct ListedUnit {
    /// Its code.
    pub unit: String,
    /// Its name.
    pub name: String,
    /// The code of the unit that it reports to.
    pub parent: Option<String>,
    /// Whether it has a record.
    pub records: bool,
    /// Whether it has a nil return.
    pub nil_return: bool,
}

pub(super) fn shown<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

pub(super) fn shown_if_any<S: Serializer>(value: &Option<impl Display>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

impl Listing {
    /// Asks every record of the store whether it stands behind the figure.
    ///
    /// # Errors
    /// If the store cannot be read, or it is not clear which unit is meant in the period.
    pub fn of(
        store: &mut dyn StoreReader,
        (figure, period, unit): (Figure, Period, OfUnit<'_>),
        rules: &Rules,
    ) -> Result<Self, ListingError> {
        let listed = Some(unit).filter(|unit| unit.code != Some(DISSOLVED));
        let row = listed.unwrap_or_default().row(period, rules)?;
        let described = rules.units.row(row);
        let mut listing = Self {
            figure,
            period,
            unit: unit.code.map(str::to_owned),
            valid_from: listed.map(|_| described.valid_from),
            name: unit.since.map(|_| described.name.clone()),
            total: Datum::of(figure, 0),
            records: Vec::new(),
            units: Vec::new(),
        };
        if figure.counts_units() {
            let cells = store.cells(&period.quarters(), rules)?;
            let rollup = match listed {
                Some(_) => Rollup::of_row(period, row, &cells, rules)?,
                None => Rollup::of(period, unit.code, &cells, rules)?,
            };
            listing.units =
                rollup.reporting.iter().filter(|unit| unit.reported.counts_in(figure)).map(ListedUnit::of).collect();
            listing.total = Datum::of(figure, listing.units.len() as i128);
            return Ok(listing);
        }
        let scope = Scope::new(figure, period, unit, rules)?;
        let mut entries = Vec::new();
        try_entries(store, |entry| {
            let amount = scope.amount(&entry.fact)?;
            if amount != 0 {
                entries.push((entry, amount));
            }
            Ok(())
        })?;
        listing.total = Datum::of(figure, entries.iter().map(|(_, amount)| amount).sum());
        for (entry, amount) in entries {
            let earlier = store.earlier(&entry.key)?;
            listing.records.push(ListedRecord::of(&entry, Datum::of(figure, amount), &earlier));
        }
        Ok(listing)
    }
}

impl ListedRecord {
    fn of(entry: &Entry, amount: Datum, earlier: &[Entry]) -> Self {
        let (period, totals) = match &entry.fact {
            Fact::FormTotal { quarter, totals, .. } => {
                let totals = totals.figures().map(|(figure, total)| (figure, Datum::of(figure, total)));
                (Some(*quarter), totals.collect())
            }
            _ => (None, Vec::new()),
        };
        Self {
            period,
            totals,
            source: entry.key.source().to_owned(),
            subject: entry.key.subject().to_owned(),
            revision: entry.revision,
            id: entry.event_id(),
            kind: entry.fact.kind(),
            unit: entry.fact.unit().map(|unit| unit.to_string()),
            day: entry.fact.day(),
            resolved_on: entry.fact.resolved_on(),
            amount,
            position: entry.position,
            digest: entry.digest,
            earlier_revisions: earlier.iter().map(EarlierRevision::of).collect(),
        }
    }
}

impl EarlierRevision {
    fn of(entry: &Entry) -> Self {
        Self {
            revision: entry.revision,
            id: entry.event_id(),
            kind: entry.fact.kind(),
            position: entry.position,
            digest: entry.digest,
        }
    }
}

impl ListedUnit {
    fn of(unit: &crate::rollup::UnitReport) -> Self {
        Self {
            unit: unit.unit.clone(),
            name: unit.name.clone(),
            parent: unit.parent.clone(),
            records: unit.reported.records,
            nil_return: unit.reported.nil,
        }
    }
}

/// Why the records behind a figure cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such period or unit.
    #[error(transparent)]
    Rollup(#[from] RollupError),
}

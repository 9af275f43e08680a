//! Forms' totals beside what they may count twice, each with the records on both sides, so that the unit can withdraw one or
//! the other.

use jiff::civil::Date;
use serde::Serialize;

use super::datum::Datum;
use super::named::by_name;
use super::records::{ListingError, shown, shown_if_any};
use crate::domain::{Body, Digest, Entry, Figure, Period, Position, Quarter, Revision, Rules};
use crate::rollup::days_of;
use crate::rollup::overlap::{OverlapPlace, Standing, standings};
use crate::store::{StoreReader, try_entries};

/// A unit's totals of a form beside single sessions or cases of the same quarter and body, or beside those of another.
#[derive(Debug, Serialize)]
pub struct Overlap {
    /// The quarter.
    #[serde(serialize_with = "shown")]
    pub period: Quarter,
    /// The unit's code.
    pub unit: String,
    /// Its first day.
    #[serde(serialize_with = "shown")]
    pub valid_from: Date,
    /// Its name.
    pub name: String,
    /// The body whose form it is.
    pub body: Body,
    /// The forms' totals.
    pub totals: Vec<OverlapRecord>,
    /// The single sessions and cases.
    pub records: Vec<OverlapRecord>,
}

/// A record on either side.
#[derive(Debug, Serialize)]
pub struct OverlapRecord {
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
    /// When it happened.
    #[serde(serialize_with = "shown_if_any")]
    pub day: Option<Date>,
    /// When it was settled.
    #[serde(serialize_with = "shown_if_any")]
    pub resolved_on: Option<Date>,
    /// What it adds in this quarter, unit and body.
    #[serde(serialize_with = "by_name")]
    pub figures: Vec<(Figure, Datum)>,
    /// Where it lies in the log.
    #[serde(flatten)]
    pub position: Position,
    /// The digest of what it says.
    #[serde(serialize_with = "shown")]
    pub digest: Digest,
}

impl Overlap {
    /// Every one of a period, or of all quarters, in the order of quarter and unit, each with its records in the order of
    /// their keys.
    ///
    /// # Errors
    /// If the store cannot be read, or the calendar lacks the period.
    pub fn list(store: &mut dyn StoreReader, period: Option<Period>, rules: &Rules) -> Result<Vec<Self>, ListingError> {
        let quarters = match period {
            None => store.quarters()?,
            Some(period) => {
                days_of(period, rules)?;
                period.quarters()
            }
        };
        let places = store.overlaps(&quarters, rules)?;
        let mut overlaps: Vec<Self> = places.iter().map(|place| Self::at(*place, rules)).collect();
        if overlaps.is_empty() {
            return Ok(overlaps);
        }
        let is_meant = Body::ALL.iter().map(|body| overlaps.iter().any(|overlap| overlap.body == *body));
        let is_meant: Vec<bool> = is_meant.collect();
        try_entries(store, |entry| {
            if !entry.fact.body().is_some_and(|body| is_meant[body.index()]) {
                return Ok(());
            }
            for (place, Standing { is_total, figures }) in standings(&entry.fact, rules)? {
                if let Ok(at) = places.binary_search(&place) {
                    let side = if is_total { &mut overlaps[at].totals } else { &mut overlaps[at].records };
                    side.push(OverlapRecord::of(&entry, figures));
                }
            }
            Ok(())
        })?;
        for overlap in &mut overlaps {
            for side in [&mut overlap.totals, &mut overlap.records] {
                side.sort_by(|a, b| (&a.source, &a.subject).cmp(&(&b.source, &b.subject)));
            }
        }
        Ok(overlaps)
    }

    fn at(place: OverlapPlace, rules: &Rules) -> Self {
        let unit = match rules.calendar.quarter_range(place.quarter) {
            Some((from, to)) => rules.units.last_row(place.unit, from, to),
            None => rules.units.row(place.unit),
        };
        Self {
            period: place.quarter,
            unit: unit.code.to_string(),
            valid_from: unit.valid_from,
            name: unit.name.clone(),
            body: place.form.body(),
            totals: Vec::new(),
            records: Vec::new(),
        }
    }
}

impl OverlapRecord {
    fn of(entry: &Entry, figures: Vec<(Figure, i128)>) -> Self {
        Self {
            source: entry.key.source().to_owned(),
            subject: entry.key.subject().to_owned(),
            revision: entry.revision,
            id: entry.event_id(),
            kind: entry.fact.kind(),
            day: entry.fact.day(),
            resolved_on: entry.fact.resolved_on(),
            figures: figures.into_iter().map(|(figure, amount)| (figure, Datum::of(figure, amount))).collect(),
            position: entry.position,
            digest: entry.digest,
        }
    }
}

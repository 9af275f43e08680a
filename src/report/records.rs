//! The records behind a figure: with their revisions, and where each lies in
//! the log, so that anybody can go from a figure to what was sent.

use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::{Digest, Entry, Figure, Measure, Period, Position, Revision, Rules};
use crate::rollup::evidence::Scope;
use crate::rollup::table::{DISSOLVED, OfUnit, RollupError};
use crate::rollup::{NotInTable, Rollup};
use crate::store::{StoreError, StoreReader};
use crate::text::Lang;

/// What stands behind a figure.
#[derive(Debug, Serialize)]
pub struct Listing {
    pub(crate) figure: &'static str,
    pub(crate) period: String,
    pub(crate) unit: Option<String>,
    /// Its first day, as the rollup has it.
    pub(crate) valid_from: Option<String>,
    /// Its name, if it was asked for by its first day.
    #[serde(skip)]
    pub(crate) name: Option<String>,
    /// The figure as the rollup has it: the sum of the amounts below, or the number of units below.
    #[serde(serialize_with = "amount_text")]
    pub(crate) total: Amount,
    /// Records, unless the figure counts units.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) records: Vec<Line>,
    /// Units, if the figure counts them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) units: Vec<UnitLine>,
}

/// A value in the figure's measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount(pub(crate) i128, pub(crate) Measure);

#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) source: String,
    pub(crate) subject: String,
    pub(crate) revision: Revision,
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) unit: Option<String>,
    pub(crate) day: Option<String>,
    pub(crate) resolved_on: Option<String>,
    #[serde(serialize_with = "amount_text")]
    pub(crate) amount: Amount,
    #[serde(flatten)]
    pub(crate) position: Position,
    #[serde(serialize_with = "digest_text")]
    pub(crate) digest: Digest,
    pub(crate) earlier_revisions: Vec<Earlier>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Earlier {
    pub(crate) revision: Revision,
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(flatten)]
    pub(crate) position: Position,
    #[serde(serialize_with = "digest_text")]
    pub(crate) digest: Digest,
}

#[derive(Debug, Serialize)]
pub(crate) struct UnitLine {
    pub(crate) unit: String,
    pub(crate) name: String,
    pub(crate) parent: Option<String>,
    pub(crate) records: bool,
    pub(crate) nil_return: bool,
}

fn amount_text<S: serde::Serializer>(amount: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
    match amount.1 {
        Measure::CentiM2 => serializer.serialize_str(&amount.to_string()),
        _ => serializer.serialize_i128(amount.0),
    }
}

fn digest_text<S: serde::Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(digest)
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.1 {
            Measure::CentiM2 => write!(f, "{}.{:02}", self.0 / 100, self.0 % 100),
            _ => self.0.fmt(f),
        }
    }
}

impl Listing {
    /// Asks every record of the store whether it stands behind the figure.
    pub fn of(
        store: &mut dyn StoreReader,
        (figure, period, unit): (Figure, Period, OfUnit<'_>),
        rules: &Rules,
    ) -> Result<Self, ListingError> {
        let listed = Some(unit).filter(|unit| unit.code != Some(DISSOLVED));
        let row = listed.unwrap_or_default().row(period, rules)?;
        let described = rules.units.row(row);
        let mut listing = Self {
            figure: figure.name(),
            period: period.to_string(),
            unit: unit.code.map(str::to_owned),
            valid_from: listed.map(|_| described.valid_from.to_string()),
            name: unit.since.map(|_| described.name.clone()),
            total: Amount(0, figure.measure()),
            records: Vec::new(),
            units: Vec::new(),
        };
        if figure.counts_units() {
            let cells = store.cells(&period.quarters(), rules)?;
            let rollup = match listed {
                Some(_) => Rollup::of_row(period, row, &cells, rules)?,
                None => Rollup::of(period, unit.code, &cells, rules)?,
            };
            listing.units = rollup.reporting.iter().filter(|unit| unit.counts_in(figure)).map(UnitLine::of).collect();
            listing.total.0 = listing.units.len() as i128;
            return Ok(listing);
        }
        let scope = Scope::new(figure, period, unit, rules)?;
        let mut entries = Vec::new();
        let mut problem: Option<NotInTable> = None;
        store.entries(&mut |entry| match scope.amount(&entry.fact) {
            Ok(0) => true,
            Ok(amount) => {
                entries.push((entry, amount));
                true
            }
            Err(error) => {
                problem = Some(error);
                false
            }
        })?;
        if let Some(problem) = problem {
            return Err(StoreError::from(problem).into());
        }
        for (entry, amount) in entries {
            listing.total.0 += amount;
            let earlier = store.earlier(&entry.key)?;
            listing.records.push(Line::of(&entry, Amount(amount, figure.measure()), &earlier));
        }
        Ok(listing)
    }

    fn counts_units(&self) -> bool {
        Figure::parse(self.figure).is_some_and(Figure::counts_units)
    }

    /// For programs.
    pub fn json(&self) -> String {
        // Text and numbers alone: serializing them into memory cannot fail.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// One row per record; of earlier revisions, how many.
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing into memory cannot fail.
        if self.counts_units() {
            let _ = writer.write_record(["unit", "name", "parent", "records", "nil_return"]);
            for unit in &self.units {
                let _ = writer.write_record([
                    &unit.unit,
                    &unit.name,
                    unit.parent.as_deref().unwrap_or_default(),
                    &unit.records.to_string(),
                    &unit.nil_return.to_string(),
                ]);
            }
        } else {
            let _ = writer.write_record([
                "source",
                "subject",
                "revision",
                "id",
                "type",
                "unit",
                "day",
                "resolved_on",
                "amount",
                "partition",
                "offset",
                "earlier_revisions",
            ]);
            for line in &self.records {
                let _ = writer.write_record([
                    &line.source,
                    &line.subject,
                    &line.revision.number().to_string(),
                    &line.id,
                    line.kind,
                    line.unit.as_deref().unwrap_or_default(),
                    line.day.as_deref().unwrap_or_default(),
                    line.resolved_on.as_deref().unwrap_or_default(),
                    &line.amount.to_string(),
                    &line.position.partition.to_string(),
                    &line.position.offset.to_string(),
                    &line.earlier_revisions.len().to_string(),
                ]);
            }
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }

    /// For reading on a terminal.
    pub fn table(&self, lang: Lang) -> String {
        let mut text = String::new();
        let name = Figure::parse(self.figure).map_or("", |figure| match lang {
            Lang::Vi => figure.vi(),
            Lang::En => figure.en(),
        });
        let (behind, units, none) = match lang {
            Lang::Vi => ("bản ghi", "đơn vị", ["Không có bản ghi nào.", "Không có đơn vị nào."]),
            Lang::En => ("records", "units", ["No records.", "No units."]),
        };
        let (count, what, none) = match self.counts_units() {
            false => (self.records.len(), behind, none[0]),
            true => (self.units.len(), units, none[1]),
        };
        let unit = match (&self.name, &self.valid_from, lang) {
            (Some(unit), Some(since), Lang::Vi) => format!(", {unit} (từ {since})"),
            (Some(unit), Some(since), Lang::En) => format!(", {unit} (since {since})"),
            _ => String::new(),
        };
        let _ = writeln!(text, "{name}, {}{unit}: {} ({count} {what})", self.period, self.total);
        if count == 0 {
            let _ = writeln!(text, "{none}");
        }
        for line in &self.records {
            let day = line.resolved_on.as_deref().or(line.day.as_deref()).unwrap_or("-");
            let unit = line.unit.as_deref().unwrap_or("-");
            let _ = write!(
                text,
                "{day}  {unit:<6} {:>8}  {} {} r{}  @{}:{}",
                line.amount.to_string(),
                line.source,
                line.subject,
                line.revision.number(),
                line.position.partition,
                line.position.offset
            );
            for earlier in &line.earlier_revisions {
                let _ = write!(
                    text,
                    "  ← r{} @{}:{}",
                    earlier.revision.number(),
                    earlier.position.partition,
                    earlier.position.offset
                );
            }
            text.push('\n');
        }
        for unit in &self.units {
            let nil = if unit.nil_return { "nil" } else { "" };
            let _ = writeln!(text, "{:<6} {} {nil}", unit.unit, unit.name);
        }
        text
    }
}

impl Line {
    fn of(entry: &Entry, amount: Amount, earlier: &[Entry]) -> Self {
        Self {
            source: entry.key.source().to_owned(),
            subject: entry.key.subject().to_owned(),
            revision: entry.revision,
            id: entry.event_id(),
            kind: entry.fact.kind(),
            unit: entry.fact.unit().map(|unit| unit.to_string()),
            day: entry.fact.day().map(|day| day.to_string()),
            resolved_on: entry.fact.resolved_on().map(|day| day.to_string()),
            amount,
            position: entry.position,
            digest: entry.digest,
            earlier_revisions: earlier.iter().map(Earlier::of).collect(),
        }
    }
}

impl Earlier {
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

impl UnitLine {
    fn of(unit: &crate::rollup::UnitReport) -> Self {
        Self {
            unit: unit.unit.clone(),
            name: unit.name.clone(),
            parent: unit.parent.clone(),
            records: unit.records,
            nil_return: unit.nil,
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

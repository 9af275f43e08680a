//! Figures for programs, exactly as the contract in `src/wire` has them.

use super::caveats::Caveats;
use super::datum::Datum;
use super::named::Ordered;
use super::overlaps::Overlap;
use super::records::{ListedRecord, ListedUnit, Listing};
use super::rows;
use crate::domain::Figure;
use crate::rollup::{Rollup, RollupRow};
use crate::text::safe::{json, list_json};
use crate::text::{Lang, report as say};

/// A rollup as JSON; of made-up figures with a top-level `synthetic` that says so, of incomplete ones
/// with `gone`.
pub fn rollup_json(rollup: &Rollup, caveats: Caveats) -> String {
    let document = RollupDocument {
        period: rollup.period.to_string(),
        calendar: &rollup.calendar,
        from: rollup.from.to_string(),
        to: rollup.to.to_string(),
        status: "open",
        revision: None,
        synthetic: caveats.synthetic.then(|| say::synthetic().get(Lang::En).to_owned()),
        gone: caveats.gone().map(|gone| gone.get(Lang::En).to_owned()),
        units: rollup.rows.iter().map(Unit::of).collect(),
    };
    json(&document)
}

/// What stands behind a figure.
pub fn listing_json(listing: &Listing) -> String {
    #[derive(serde::Serialize)]
    struct Whole<'a> {
        #[serde(flatten)]
        head: &'a Listing,
        #[serde(skip_serializing_if = "Option::is_none")]
        records: Option<&'a [ListedRecord]>,
        #[serde(skip_serializing_if = "Option::is_none")]
        units: Option<&'a [ListedUnit]>,
    }
    let of_units = listing.figure.counts_units();
    let (records, units) = ((!of_units).then_some(&*listing.records), of_units.then_some(&*listing.units));
    json(&Whole { head: listing, records, units })
}

/// Forms' totals beside what they may count twice.
pub fn overlaps_json(overlaps: &[Overlap]) -> String {
    list_json("overlaps", overlaps)
}

#[derive(serde::Serialize)]
struct RollupDocument<'a> {
    period: String,
    calendar: &'a str,
    from: String,
    to: String,
    status: &'static str,
    revision: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    synthetic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gone: Option<String>,
    units: Vec<Unit<'a>>,
}

#[derive(serde::Serialize)]
struct Unit<'a> {
    unit: &'a str,
    valid_from: Option<String>,
    name: &'a str,
    kind: &'a str,
    parent: Option<&'a str>,
    figures: Ordered<Datum>,
    by_body: Ordered<Ordered<Datum>>,
    by_field: Ordered<Ordered<Datum>>,
}

impl<'a> Unit<'a> {
    fn of(row: &'a RollupRow) -> Self {
        let figures = Figure::ALL.iter().copied();
        Self {
            unit: &row.unit,
            valid_from: row.valid_from.map(|day| day.to_string()),
            name: &row.name,
            kind: row.kind,
            parent: row.parent.as_deref(),
            figures: Ordered(figures.clone().map(|figure| (figure.name(), rows::amount(row, figure))).collect()),
            by_body: parts(figures.clone().filter(|figure| figure.has_body()), |figure| {
                row.by_body(figure).map(|(body, amount)| (body.name(), Datum::of(figure, amount))).collect()
            }),
            by_field: parts(figures.filter(|figure| figure.has_field()), |figure| {
                row.by_field(figure).map(|(field, amount)| (field.name(), Datum::of(figure, amount))).collect()
            }),
        }
    }
}

/// A figure's parts, of the figures that have any.
fn parts(
    figures: impl Iterator<Item = Figure>,
    of: impl Fn(Figure) -> Vec<(&'static str, Datum)>,
) -> Ordered<Ordered<Datum>> {
    let parts = figures.map(|figure| (figure.name(), Ordered(of(figure))));
    Ordered(parts.filter(|(_, parts)| !parts.0.is_empty()).collect())
}

//! Figures for spreadsheets and statistics programs, in UTF-8 with plain
//! numbers under the names of the contract in `src/wire`.

use super::caveats::Caveats;
use super::datum::Datum;
use super::document::{Column, Table, TableRow};
use super::named::in_one_cell;
use super::overlaps::Overlap;
use super::records::Listing;
use super::rows;
use crate::domain::Figure;
use crate::rollup::{Rollup, RollupRow};
use crate::text::safe::csv_file;

/// A rollup, a row for each unit; of made-up figures with a last column
/// `synthetic`, of incomplete ones with `gone`, how many messages are: so that no row can be parted from the warning.
pub fn rollup_csv(rollup: &Rollup, caveats: Caveats) -> String {
    let synthetic = caveats.synthetic;
    let gone = (caveats.gone > 0).then_some(caveats.gone);
    let heads = ["unit", "valid_from", "name", "kind", "parent"].iter().chain(Figure::NAMES);
    let line = |row: &RollupRow| {
        let of = [
            Datum::day(row.valid_from),
            Datum::text(&*row.name),
            Datum::text(row.kind),
            Datum::text(row.parent.as_deref().unwrap_or_default()),
        ];
        let figures = Figure::ALL.iter().map(|figure| rows::amount(row, *figure));
        TableRow::named(
            &*row.unit,
            of.into_iter()
                .chain(figures)
                .chain(synthetic.then(|| Datum::text("true")))
                .chain(gone.map(|gone| Datum::Count(gone.into()))),
        )
    };
    written(&Table {
        columns: heads
            .copied()
            .chain(synthetic.then_some("synthetic"))
            .chain(gone.map(|_| "gone"))
            .map(Column::words)
            .collect(),
        groups: vec![rollup.rows.iter().map(line).collect::<Vec<_>>().into()],
        ..Table::default()
    })
}

/// What stands behind a figure, a row for each record or unit; of earlier revisions, how many.
pub fn listing_csv(listing: &Listing) -> String {
    let unit = |code: Option<&str>| Datum::text(code.unwrap_or_default());
    let (heads, rows): (&[&str], Vec<TableRow>) = if listing.figure.counts_units() {
        let rows = listing.units.iter().map(|of| {
            let parent = Datum::text(of.parent.as_deref().unwrap_or_default());
            let flags = [of.records, of.nil_return].map(|flag| Datum::text(flag.to_string()));
            TableRow::named(&*of.unit, [Datum::text(&*of.name), parent].into_iter().chain(flags))
        });
        (&["unit", "name", "parent", "records", "nil_return"], rows.collect())
    } else {
        let rows = listing.records.iter().map(|record| {
            let cells = [
                Datum::text(&*record.subject),
                Datum::Count(record.revision.number().into()),
                Datum::text(&*record.id),
                Datum::text(record.kind),
                unit(record.unit.as_deref()),
                Datum::day(record.day),
                Datum::day(record.resolved_on),
                record.amount.clone(),
                Datum::text(record.position.partition.to_string()),
                Datum::text(record.position.offset.to_string()),
                Datum::Count(record.earlier_revisions.len() as i128),
                Datum::text(record.period.map(|quarter| quarter.to_string()).unwrap_or_default()),
                Datum::text(in_one_cell(&record.totals)),
            ];
            TableRow::named(&*record.source, cells)
        });
        let heads = &[
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
            "period",
            "totals",
        ];
        (heads, rows.collect())
    };
    let columns = heads.iter().copied().map(Column::words).collect();
    written(&Table { columns, groups: vec![rows.into()], ..Table::default() })
}

/// Forms' totals beside what they may count twice, a row for each record on either side.
pub fn overlaps_csv(overlaps: &[Overlap]) -> String {
    let heads = ["period", "unit", "valid_from", "name", "body", "side", "source", "subject", "revision", "id", "type"];
    let heads = heads.into_iter().chain(["day", "resolved_on", "figures", "partition", "offset"]);
    let mut rows = Vec::new();
    for overlap in overlaps {
        let sides = [("totals", &overlap.totals), ("records", &overlap.records)];
        for (side, record) in sides.into_iter().flat_map(|(side, of)| of.iter().map(move |record| (side, record))) {
            let cells = [
                Datum::text(&*overlap.unit),
                Datum::Day(overlap.valid_from),
                Datum::text(&*overlap.name),
                Datum::text(overlap.body.name()),
                Datum::text(side),
                Datum::text(&*record.source),
                Datum::text(&*record.subject),
                Datum::Count(record.revision.number().into()),
                Datum::text(&*record.id),
                Datum::text(record.kind),
                Datum::day(record.day),
                Datum::day(record.resolved_on),
                Datum::text(in_one_cell(&record.figures)),
                Datum::text(record.position.partition.to_string()),
                Datum::text(record.position.offset.to_string()),
            ];
            rows.push(TableRow::named(overlap.period.to_string(), cells));
        }
    }
    written(&Table { columns: heads.map(Column::words).collect(), groups: vec![rows.into()], ..Table::default() })
}

/// Any table: its heads, then its rows.
pub fn written(table: &Table) -> String {
    let heads: Vec<String> = table.columns.iter().map(|column| column.head.clone()).collect();
    let rows = table.rows().map(|row| row.cells.iter().map(Datum::plain).collect());
    csv_file(std::iter::once(heads).chain(rows))
}

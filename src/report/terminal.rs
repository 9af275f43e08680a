//! Figures for reading on a terminal: the main ones of each unit, and what
//! stands behind one.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::caveats::Caveats;
use super::datum::Datum;
use super::document::{Column, Table, TableRow};
use super::numbers;
use super::overlaps::Overlap;
use super::records::Listing;
use super::rows::{self, reported, silent};
use crate::domain::Figure;
use crate::rollup::{Rollup, RollupRow};
use crate::text::safe::visible;
use crate::text::{Lang, Text, names, report as say};

/// More rows than these are no reading: the first unit and those right under it then.
const MAX_ROWS: usize = 60;

/// The figures of a rollup that are shown.
const FIGURES: [(fn() -> Text, Figure); 4] = [
    (say::sessions_short, Figure::SupervisionSessions),
    (say::cases_short, Figure::ViolationsFound),
    (say::resolved_short, Figure::ViolationsResolved),
    (say::recovered_short, Figure::MoneyRecoveredVnd),
];

/// A rollup as an aligned table.
pub fn rollup_table(rollup: &Rollup, caveats: Caveats, lang: Lang) -> String {
    let top = rollup.first().map(|row| row.unit.as_str());
    let short = rollup.rows.len() > MAX_ROWS;
    let is_shown = |row: &&RollupRow| !short || Some(row.unit.as_str()) == top || row.parent.as_deref() == top;
    let shown: Vec<&RollupRow> = rollup.rows.iter().filter(is_shown).collect();
    let names = [say::code(), say::unit()].map(|name| Column::words(name.get(lang)));
    let figures = FIGURES.map(|(name, _)| name()).into_iter().chain([say::reported()]);
    let signs = shown.iter().any(|row| silent(row)).then(say::signs_of_units);
    let table = Table {
        columns: names.into_iter().chain(figures.map(|name| Column::numbers(name.get(lang)))).collect(),
        groups: vec![shown.iter().map(|row| line(row, depth(rollup, row))).collect::<Vec<_>>().into()],
        legend: signs.map(|signs| signs.get(lang).to_owned()).unwrap_or_default(),
        ..Table::default()
    };
    let mut text = heading(rollup, caveats, lang) + &aligned(&table, lang);
    if short {
        let (left_out, all) = (rollup.rows.len() - shown.len(), rollup.rows.len());
        let _ = writeln!(text, "{}", say::rows_left_out(left_out, all).get(lang));
    }
    text
}

fn heading(rollup: &Rollup, caveats: Caveats, lang: Lang) -> String {
    let name = say::capitalized(say::period_name(rollup.period).get(lang));
    let (from, to) = (numbers::day(rollup.from), numbers::day(rollup.to));
    let head = say::period_head(name, rollup.period, from, to, &rollup.calendar);
    let mut text = format!("{}\n", head.get(lang));
    if let Some(gone) = caveats.gone() {
        let _ = writeln!(text, "{}", gone.get(lang));
    }
    if caveats.synthetic {
        let _ = writeln!(text, "{}", say::synthetic().get(lang));
    }
    text.push('\n');
    text
}

fn line(row: &RollupRow, depth: usize) -> TableRow {
    let figures = FIGURES.map(|(_, figure)| rows::value(row, figure));
    let reported = if row.figure(Figure::UnitsExpected) == 0 { Datum::NotApplicable } else { reported(row) };
    let cells = std::iter::once(Datum::text(&*row.name)).chain(figures).chain([reported]);
    TableRow { depth, ..TableRow::named(&*row.unit, cells) }
}

/// How many of a row's ancestors are in the rollup.
fn depth(rollup: &Rollup, row: &RollupRow) -> usize {
    let parent = |row: &&RollupRow| {
        let code = row.parent.as_deref()?;
        rollup.rows.iter().find(|other| other.unit == code)
    };
    // A unit has at most three levels; the bound keeps a code that is its own ancestor from looping.
    std::iter::successors(Some(row), parent).take(8).count() - 1
}

/// Any table, with its columns aligned and what its signs mean under it.
fn aligned(table: &Table, lang: Lang) -> String {
    let heads = table.columns.iter().map(|column| column.head.clone()).collect();
    let lines: Vec<Vec<String>> =
        std::iter::once(heads).chain(table.rows().map(|row| cells(row, table, lang))).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let mut row = String::new();
        for ((field, width), column) in line.iter().zip(&widths).zip(&table.columns) {
            let gap = " ".repeat(width - field.width());
            let _ = if column.words { write!(row, "{field}{gap}  ") } else { write!(row, "{gap}{field}  ") };
        }
        let _ = writeln!(text, "{}", row.trim_end());
        if index == 0 {
            let _ = writeln!(text, "{}", "─".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1)));
        }
    }
    if !table.legend.is_empty() {
        let _ = writeln!(text, "{}", table.legend);
    }
    text
}

/// The cells of a row; how deep it lies shows in the last column of words.
fn cells(row: &TableRow, table: &Table, lang: Lang) -> Vec<String> {
    let indented = table.columns.iter().rposition(|column| column.words);
    let cell = |(index, datum): (usize, &Datum)| {
        let indent = if Some(index) == indented { row.depth } else { 0 };
        "  ".repeat(indent) + &visible(&datum.written(lang))
    };
    row.cells.iter().enumerate().map(cell).collect()
}

/// What stands behind a figure.
pub fn listing_table(listing: &Listing, lang: Lang) -> String {
    let counts_units = listing.figure.counts_units();
    let (counted, none) = match counts_units {
        false => (say::records_counted(listing.records.len()), say::no_records()),
        true => (say::units_counted(listing.units.len()), say::no_units()),
    };
    let unit = match (&listing.name, listing.valid_from) {
        (Some(unit), Some(since)) => say::since(unit, since),
        _ => Text::same(""),
    };
    let name = names::figure(listing.figure);
    let (name, unit, total) = (name.get(lang), unit.get(lang), listing.total.plain());
    let mut text = format!("{name}, {}{}: {total} ({})\n", listing.period, visible(unit), counted.get(lang));
    if listing.records.is_empty() && listing.units.is_empty() {
        let _ = writeln!(text, "{}", none.get(lang));
    }
    for record in &listing.records {
        let day = record.resolved_on.or(record.day).map(|day| day.to_string());
        let day =
            day.or_else(|| record.period.map(|quarter| format!("{quarter:<10}"))).unwrap_or_else(|| "-".to_owned());
        let unit = record.unit.as_deref().unwrap_or("-");
        let _ = write!(
            text,
            "{day}  {unit:<6} {:>8}  {} {} r{}  @{}:{}",
            record.amount.plain(),
            visible(&record.source),
            visible(&record.subject),
            record.revision.number(),
            record.position.partition,
            record.position.offset
        );
        for earlier in &record.earlier_revisions {
            let (revision, position) = (earlier.revision.number(), earlier.position);
            let _ = write!(text, "  ← r{revision} @{}:{}", position.partition, position.offset);
        }
        text.push('\n');
        if record.period.is_some() {
            let _ = writeln!(text, "    {}", say::totals_of_form(told(&record.totals, lang)).get(lang));
        }
    }
    for unit in &listing.units {
        let nil = if unit.nil_return { "nil" } else { "" };
        let _ = writeln!(text, "{:<6} {} {nil}", unit.unit, visible(&unit.name));
    }
    text
}

/// Figures by the names that people know: `Số cuộc giám sát 9; Thu hồi đất (m²) 12,50`.
fn told(figures: &[(Figure, Datum)], lang: Lang) -> String {
    let told =
        figures.iter().map(|(figure, amount)| format!("{} {}", names::figure(*figure).get(lang), amount.written(lang)));
    told.collect::<Vec<_>>().join("; ")
}

/// Forms' totals beside what they may count twice.
pub fn overlaps_text(overlaps: &[Overlap], lang: Lang) -> String {
    if overlaps.is_empty() {
        return format!("{}\n", say::no_overlaps().get(lang));
    }
    let mut text = String::new();
    for overlap in overlaps {
        let body = names::body(overlap.body);
        let _ = writeln!(text, "{} {} {}, {}", overlap.period, overlap.unit, visible(&overlap.name), body.get(lang));
        let sides = [(say::side_totals(), &overlap.totals), (say::side_records(), &overlap.records)];
        for (side, records) in sides.iter().filter(|(_, records)| !records.is_empty()) {
            let _ = writeln!(text, "  {}", side.get(lang));
            for record in *records {
                let _ = writeln!(
                    text,
                    "    {} {} r{}  @{}:{}  {}",
                    visible(&record.source),
                    visible(&record.subject),
                    record.revision.number(),
                    record.position.partition,
                    record.position.offset,
                    told(&record.figures, lang)
                );
            }
        }
    }
    let _ = writeln!(text, "{}", say::settle_overlaps().get(lang));
    text
}

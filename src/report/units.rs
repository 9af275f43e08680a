//! The report's tables and chart of units: who has reported and who has not,
//! the main figures of each, and what counts in none of them.

use super::datum::Datum;
use super::document::{Bar, Chart, Column, Group, Table, TableRow};
use super::rows::{self, children, reported, silent};
use crate::domain::Figure;
use crate::rollup::{Rollup, RollupRow};
use crate::text::{Lang, Text, report as say};

/// The figures of a table of units.
const FIGURES: [(fn() -> Text, Figure); 7] = [
    (say::sessions, Figure::SupervisionSessions),
    (say::cases, Figure::ViolationsFound),
    (say::cases_confirmed, Figure::ViolationsConfirmed),
    (say::recommended, Figure::ViolationsRecommended),
    (say::cases_resolved, Figure::ViolationsResolved),
    (say::money_recovered, Figure::MoneyRecoveredVnd),
    (say::land_recovered, Figure::LandRecoveredM2),
];

/// More bars than these fit on no page: the greatest then.
const MAX_BARS: usize = 30;

/// Who has reported, by the units right under the first, and who has not.
pub fn reporting(rollup: &Rollup, lang: Lang) -> Table {
    let root = rollup.first().map_or("", |row| row.unit.as_str());
    let (groups, direct): (Vec<&RollupRow>, Vec<&RollupRow>) =
        children(rollup, root).partition(|row| children(rollup, &row.unit).next().is_some());
    let names = |rows: &[&RollupRow]| {
        let silent: Vec<&str> = rows.iter().flat_map(|row| &row.silent).map(String::as_str).collect();
        silent.join("; ")
    };
    let of = |rows: &[&RollupRow], names: String| {
        let sum = |figure| rows.iter().map(|row| row.figure(figure)).sum::<i128>();
        let [expected, reported] = [Figure::UnitsExpected, Figure::UnitsReported].map(sum);
        let counts = [expected, reported, sum(Figure::UnitsNil), expected - reported];
        counts.map(Datum::Count).into_iter().chain([Datum::Text(names)])
    };
    let mut lines = Vec::new();
    for row in &groups {
        lines.push(TableRow::named(&*row.name, of(&[row], names(&[row]))));
    }
    if !direct.is_empty() {
        lines.push(TableRow::named(say::direct_units().get(lang), of(&direct, names(&direct))));
    }
    if let Some(row) = rollup.first() {
        lines.push(TableRow::total(say::total().get(lang), of(&[row], String::new())));
    }
    Table {
        id: "bang-5",
        caption: say::table(5, say::reporting_of_units().get(lang)).get(lang).to_owned(),
        columns: vec![
            Column::words(say::unit().get(lang)),
            Column::numbers(say::expected().get(lang)),
            Column::numbers(say::reported().get(lang)),
            Column::numbers(say::nil_only().get(lang)),
            Column::numbers(say::not_reported().get(lang)),
            Column::words(say::names_not_reported().get(lang)),
        ],
        groups: vec![lines.into()],
        legend: say::reporting_note().get(lang).to_owned(),
    }
}

/// The units right under the first.
pub fn right_under(rollup: &Rollup, lang: Lang) -> Table {
    let mut lines = Vec::new();
    if let Some(root) = rollup.first() {
        let parts: Vec<&RollupRow> = children(rollup, &root.unit).collect();
        lines.extend(parts.iter().map(|row| TableRow::named(&*row.name, figures(row, reported(row)))));
        let rest = say::level_and_dissolved(say::kind_name(root.kind).get(lang));
        lines.extend(remainder(rest.get(lang), root, &parts));
        lines.push(TableRow::total(say::total().get(lang), figures(root, reported(root))));
    }
    table(("bang-pl1", "PL1", say::by_unit(), say::reported()), vec![lines.into()], lang)
}

/// The units under those, if there are any.
pub fn below(rollup: &Rollup, lang: Lang) -> Option<Table> {
    let root = rollup.first()?;
    let mut groups = Vec::new();
    for district in children(rollup, &root.unit) {
        let parts: Vec<&RollupRow> = children(rollup, &district.unit).collect();
        if parts.is_empty() {
            continue;
        }
        let state = |row: &RollupRow| match (silent(row), row.figure(Figure::UnitsNil)) {
            (true, _) => say::state_none(),
            (false, 0) => say::state_records(),
            (false, _) => say::state_nil(),
        };
        let line = |row: &&RollupRow| TableRow::named(&*row.name, figures(row, Datum::text(state(row).get(lang))));
        let mut rows: Vec<TableRow> = parts.iter().map(line).collect();
        rows.extend(remainder(say::district_itself().get(lang), district, &parts));
        rows.push(TableRow::total(say::total().get(lang), figures(district, reported(district))));
        groups.push(Group { heading: Some(district.name.clone()), rows });
    }
    (!groups.is_empty()).then(|| table(("bang-pl2", "PL2", say::by_subunit(), say::state()), groups, lang))
}

fn table((id, number, title, last): (&'static str, &str, Text, Text), groups: Vec<Group>, lang: Lang) -> Table {
    let heads = FIGURES.iter().map(|(name, _)| Column::numbers(name().get(lang)));
    Table {
        id,
        caption: say::table(number, title.get(lang)).get(lang).to_owned(),
        columns: std::iter::once(Column::words(say::unit().get(lang)))
            .chain(heads)
            .chain([Column::numbers(last.get(lang))])
            .collect(),
        groups,
        legend: say::signs_of_units_in_report().get(lang).to_owned(),
    }
}

fn figures(row: &RollupRow, last: Datum) -> impl Iterator<Item = Datum> {
    FIGURES.map(|(_, figure)| rows::value(row, figure)).into_iter().chain([last])
}

/// What counts in `whole` and in none of `parts`, if anything does.
fn remainder(name: &str, whole: &RollupRow, parts: &[&RollupRow]) -> Option<TableRow> {
    let in_parts = |figure| parts.iter().map(|part| part.figure(figure)).sum::<i128>();
    let rest = FIGURES.map(|(_, figure)| (figure, whole.figure(figure) - in_parts(figure)));
    let cells = rest.map(|(figure, amount)| Datum::of(figure, amount)).into_iter().chain([Datum::NotApplicable]);
    rest.iter().any(|(_, amount)| *amount != 0).then(|| TableRow::named(name, cells))
}

/// Sessions and cases of the units right under the first; `None` if there are none. Of too many, those with the most
/// sessions, in the order of the table.
pub fn chart(rollup: &Rollup, lang: Lang) -> Option<Chart> {
    let rows: Vec<&RollupRow> = children(rollup, &rollup.first()?.unit).collect();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(rows[*index].figure(Figure::SupervisionSessions)));
    order.truncate(MAX_BARS);
    order.sort_unstable();
    let bar = |index: usize| {
        let row = rows[index];
        let values = [Figure::SupervisionSessions, Figure::ViolationsFound].map(|figure| row.figure(figure));
        Bar { label: row.name.clone(), values: (!silent(row)).then_some(values) }
    };
    let bars: Vec<Bar> = order.into_iter().map(bar).collect();
    let left_out = rows.len() > bars.len();
    (!bars.is_empty()).then(|| Chart {
        caption: say::chart().get(lang).to_owned(),
        title: say::chart_of(say::period_name(rollup.period).get(lang)).get(lang).to_owned(),
        description: say::chart_description(bars.len()).get(lang).to_owned(),
        series: [say::sessions(), say::cases()].map(|name| name.get(lang).to_owned()),
        missing: say::chart_missing().get(lang).to_owned(),
        note: if left_out { say::chart_note(bars.len(), rows.len()).get(lang).to_owned() } else { String::new() },
        bars,
    })
}

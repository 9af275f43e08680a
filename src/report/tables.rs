//! The report's tables on a whole unit: every figure by period, by body, by
//! field, what became of cases, the year's indices and plans.

use super::datum::Datum;
use super::document::{Column, Group, Table, TableRow};
use super::rows::{self, FigureSum};
use super::year::{Index, Plan};
use crate::domain::{Body, Figure, Subject};
use crate::rollup::RollupRow;
use crate::text::{Lang, Text, names, report as say};

/// The columns of the tables by body and by field.
const PARTS: [FigureSum; 7] = [
    &[Figure::SupervisionSessions],
    &[Figure::Participants],
    &[Figure::RecommendationsParty, Figure::RecommendationsAuthority, Figure::RecommendationsOther],
    &[Figure::ViolationsFound],
    &[Figure::ViolationsRecommended],
    &[Figure::ViolationsResolved],
    &[Figure::MoneyRecoveredVnd],
];

/// Their heads.
const PART_HEADS: [fn() -> Text; PARTS.len()] = [
    say::sessions,
    say::participants,
    say::recommendations,
    say::cases,
    say::cases_recommended,
    say::cases_resolved,
    say::money_recovered,
];

/// A period that stands beside others: its name, and its figures if there are any.
pub type Beside<'a> = (Text, Option<&'a RollupRow>);

/// Every figure but those that count units, by subject, in several periods.
pub fn by_period(periods: &[Beside<'_>], lang: Lang) -> Table {
    let row = |figure: Figure| {
        let value = |(_, row): &Beside<'_>| row.map_or(Datum::NoFigures, |row| rows::amount(row, figure));
        TableRow::named(names::figure(figure).get(lang), periods.iter().map(value))
    };
    let group = |(name, subject): &(fn() -> Text, Subject)| Group {
        heading: Some(name().get(lang).to_owned()),
        rows: Figure::about(*subject).map(row).collect(),
    };
    let heads = periods.iter().map(|(name, _)| Column::numbers(name.get(lang)));
    let lacks_one = periods.iter().any(|(_, row)| row.is_none());
    Table {
        id: "bang-1",
        caption: say::table(1, say::overview().get(lang)).get(lang).to_owned(),
        columns: std::iter::once(Column::words(say::figure().get(lang))).chain(heads).collect(),
        groups: SUBJECTS.iter().map(group).collect(),
        legend: if lacks_one { say::signs_of_periods().get(lang).to_owned() } else { String::new() },
    }
}

/// The subjects of the table of all figures, as it calls them.
const SUBJECTS: [(fn() -> Text, Subject); 5] = [
    (say::supervision, Subject::Supervision),
    (say::violations, Subject::Violations),
    (say::handling, Subject::Handling),
    (say::activities, Subject::Activities),
    (say::petitions, Subject::Petitions),
];

/// By supervising body.
pub fn by_body(row: &RollupRow, lang: Lang) -> Table {
    let title = ("bang-2", 2, say::by_supervising_body(), say::supervising_body());
    by_part(title, rows::by_body(row, PARTS), row, lang)
}

/// By field.
pub fn by_field(row: &RollupRow, lang: Lang) -> Table {
    let title = ("bang-3", 3, say::by_field(), say::field_column());
    by_part(title, rows::by_field(row, PARTS), row, lang)
}

fn by_part(
    (id, number, title, first): (&'static str, u8, Text, Text),
    parts: Vec<(Text, [Datum; PARTS.len()])>,
    row: &RollupRow,
    lang: Lang,
) -> Table {
    let part = |(name, cells): (Text, [Datum; PARTS.len()])| TableRow::named(name.get(lang), cells);
    let total = TableRow::total(say::total().get(lang), rows::sums(PARTS, |figure| row.figure(figure)));
    let heads = PART_HEADS.iter().map(|head| Column::numbers(head().get(lang)));
    Table {
        id,
        caption: say::table(number, title.get(lang)).get(lang).to_owned(),
        columns: std::iter::once(Column::words(first.get(lang))).chain(heads).collect(),
        groups: vec![parts.into_iter().map(part).chain([total]).collect::<Vec<_>>().into()],
        legend: String::new(),
    }
}

/// What became of cases, by the two boards that have forms of their own.
pub fn outcomes(row: &RollupRow, lang: Lang) -> Table {
    let boards = [Body::PeoplesInspectionBoard, Body::CommunityInvestmentBoard];
    let figures = Figure::about(Subject::Violations).chain(Figure::about(Subject::Handling));
    let line = |figure: Figure| {
        let all = row.figure(figure);
        let [inspection, investment] = boards.map(|body| rows::of_body(row, figure, body));
        let amounts = [inspection, investment, all - inspection - investment, all];
        let cells = amounts.map(|amount| Datum::of(figure, amount));
        TableRow::named(names::figure(figure).get(lang), cells)
    };
    let [inspection, investment] = boards.map(names::body);
    let heads = [inspection, investment, say::other_bodies(), say::total()];
    Table {
        id: "bang-4",
        caption: say::table(4, say::outcomes().get(lang)).get(lang).to_owned(),
        columns: std::iter::once(Column::words(say::outcome().get(lang)))
            .chain(heads.iter().map(|head| Column::numbers(head.get(lang))))
            .collect(),
        groups: vec![figures.map(line).collect::<Vec<_>>().into()],
        legend: String::new(),
    }
}

/// The year's indices.
pub fn indices(year: i16, indices: &[Index], lang: Lang) -> Table {
    let line = |index: &Index| {
        let rank = match (index.rank, index.out_of) {
            (Some(rank), Some(out_of)) => Datum::Share(rank.into(), out_of.into()),
            (Some(rank), None) => Datum::Count(rank.into()),
            (None, _) => Datum::NotApplicable,
        };
        let name = match &index.dimension {
            Some(dimension) => format!("{}, {dimension}", names::index_kind(index.index).get(lang)),
            None => names::index_kind(index.index).get(lang).to_owned(),
        };
        TableRow::named(name, [Datum::text(&*index.unit), Datum::Decimal(index.score.clone()), rank])
    };
    Table {
        id: "bang-6",
        caption: say::table(6, say::indices_of(year).get(lang)).get(lang).to_owned(),
        columns: vec![
            Column::words(say::index().get(lang)),
            Column::words(say::unit().get(lang)),
            Column::numbers(say::score().get(lang)),
            Column::numbers(say::rank().get(lang)),
        ],
        groups: vec![indices.iter().map(line).collect::<Vec<_>>().into()],
        legend: String::new(),
    }
}

/// The year's inspection plans.
pub fn plans(year: i16, plans: &[Plan], lang: Lang) -> Table {
    let line = |plan: &Plan| TableRow::named(&*plan.unit, [Datum::Count(plan.planned.into())]);
    Table {
        id: "bang-pl3",
        caption: say::table("PL3", say::plans_of(year).get(lang)).get(lang).to_owned(),
        columns: vec![Column::words(say::unit().get(lang)), Column::numbers(say::planned().get(lang))],
        groups: vec![plans.iter().map(line).collect::<Vec<_>>().into()],
        legend: String::new(),
    }
}

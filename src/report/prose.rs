//! What the report's sentences are given; the sentences themselves stand in
//! `templates/report/paragraphs.txt`, a paragraph a line.

use askama::Template;

use super::contents::{Compared, Contents};
use super::datum::{Datum, FigureChange};
use super::{numbers, rows};
use crate::domain::{Figure, Period, Quarter};
use crate::rollup::{Rollup, RollupRow};
use crate::text::Lang;
use crate::text::report as say;

/// The language of the sentences.
const LANG: Lang = Lang::Vi;

#[derive(Template)]
#[template(path = "report/paragraphs.txt")]
struct Paragraphs<'a> {
    period: String,
    from: String,
    to: String,
    place: String,
    recommendations: String,
    now: Told<'a>,
    compared: Vec<Other<'a>>,
    to_date: Option<ToDate<'a>>,
    all_reported: bool,
    not_reported: String,
}

/// Figures as they are written in a sentence.
struct Told<'a>(&'a RollupRow);

/// A period that is compared with.
struct Other<'a> {
    a_year_before: bool,
    name: String,
    row: Option<&'a RollupRow>,
    missing: String,
}

/// The sum from the start of the year.
struct ToDate<'a> {
    from: String,
    to: String,
    row: Told<'a>,
    missing: String,
}

impl<'a> Other<'a> {
    fn of(compared: Compared<'a>, contents: &Contents) -> Self {
        Self {
            a_year_before: compared.a_year_before,
            name: say::period_name(compared.period).get(LANG).to_owned(),
            row: compared.rollup.and_then(Rollup::first),
            missing: listed(&contents.missing(compared.period)),
        }
    }
}

impl Told<'_> {
    fn of(&self, figure: Figure) -> String {
        rows::amount(self.0, figure).with_unit(LANG)
    }

    fn against(&self, other: &RollupRow, figure: Figure) -> String {
        let change = FigureChange { now: self.0.figure(figure), before: other.figure(figure) };
        Datum::Change(change).written(LANG)
    }
}

/// The paragraphs on a period.
pub fn paragraphs(contents: &Contents) -> Vec<String> {
    let now = &contents.now;
    let Some(row) = now.first() else { return Vec::new() };
    let recommendations =
        [Figure::RecommendationsParty, Figure::RecommendationsAuthority, Figure::RecommendationsOther];
    let not_reported = row.figure(Figure::UnitsExpected) - row.figure(Figure::UnitsReported);
    let to_date = contents.to_date.as_ref().and_then(|sum| {
        Some(ToDate {
            from: numbers::day(sum.from),
            to: numbers::day(sum.to),
            row: Told(sum.first()?),
            missing: listed(&contents.missing(sum.period)),
        })
    });
    let told = Paragraphs {
        period: say::period_name(now.period).get(LANG).to_owned(),
        from: numbers::day(now.from),
        to: numbers::day(now.to),
        place: within_a_sentence(&row.name),
        recommendations: numbers::grouped(recommendations.map(|figure| row.figure(figure)).iter().sum(), LANG),
        now: Told(row),
        compared: contents.compared().into_iter().map(|other| Other::of(other, contents)).collect(),
        to_date,
        all_reported: not_reported == 0,
        not_reported: numbers::grouped(not_reported, LANG),
    };
    // A template of this program over texts: writing it into memory cannot fail.
    told.render().unwrap_or_default().lines().map(str::to_owned).collect()
}

/// A unit's name within a sentence: `thành phố Hà Nội`.
fn within_a_sentence(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// `quý I năm 2020, quý II năm 2020`.
fn listed(quarters: &[Quarter]) -> String {
    let name = |quarter: &Quarter| say::period_name(Period::Quarter(*quarter)).get(LANG).to_owned();
    quarters.iter().map(name).collect::<Vec<_>>().join(", ")
}

//! The report from its contents: which sections and appendices it has, in which
//! order, and what stands in each.

use super::contents::Contents;
use super::datum::Datum;
use super::document::{Block, Document, Provenance, Section};
use super::head::ReportHead;
use super::{prose, tables, units};
use crate::rollup::{Rollup, RollupRow};
use crate::text::{Lang, Text, report as say};

const ROMAN: [&str; 6] = ["I", "II", "III", "IV", "V", "VI"];

/// The report of a period; `None` if there is no unit in it.
pub fn document<'a>(contents: &Contents, head: &'a ReportHead) -> Option<Document<'a>> {
    let now = &contents.now;
    let row = now.first()?;
    let lang = Lang::Vi;
    Some(Document {
        lang,
        head,
        period: now.period,
        unit_code: row.unit.clone(),
        unit: row.name.clone(),
        caveats: contents.caveats,
        paragraphs: prose::paragraphs(contents),
        sections: numbered(sections(contents, row, lang), lang),
        appendices: numbered(appendices(contents, lang), lang),
        provenance: Provenance {
            from: Datum::Day(now.from),
            to: Datum::Day(now.to),
            calendar: now.calendar.clone(),
            records: Datum::Count(contents.records.into()),
            fingerprint: contents.fingerprint,
        },
    })
}

fn sections(contents: &Contents, row: &RollupRow, lang: Lang) -> Vec<(Text, Vec<Block>)> {
    let now = &contents.now;
    let periods = [
        (say::this_period(), Some(row)),
        (say::period_before(), first(&contents.before)),
        (say::year_before(), first(&contents.year_before)),
        (say::to_date(), first(&contents.to_date)),
    ];
    let mut sections = vec![
        (say::overview(), vec![Block::Table(tables::by_period(&periods, lang))]),
        (say::by_supervising_body(), vec![Block::Table(tables::by_body(row, lang))]),
        (say::by_field(), vec![Block::Table(tables::by_field(row, lang))]),
        (say::outcomes(), vec![Block::Table(tables::outcomes(row, lang))]),
        (say::reporting(), overlap_note(contents, lang).chain([Block::Table(units::reporting(now, lang))]).collect()),
    ];
    let indices = &contents.year.indices;
    if !indices.is_empty() {
        sections.push((say::indices(), vec![Block::Table(tables::indices(now.period.year(), indices, lang))]));
    }
    sections
}

/// That something may be counted twice, if it may.
fn overlap_note(contents: &Contents, lang: Lang) -> impl Iterator<Item = Block> {
    let count = Some(contents.overlaps).filter(|count| *count > 0);
    count.map(|count| Block::Note(say::overlap_note(count).get(lang).to_owned())).into_iter()
}

fn first(rollup: &Option<Rollup>) -> Option<&RollupRow> {
    rollup.as_ref().and_then(Rollup::first)
}

fn appendices(contents: &Contents, lang: Lang) -> Vec<(Text, Vec<Block>)> {
    let now = &contents.now;
    let chart = units::chart(now, lang).map(Block::Chart);
    let units = Block::Table(units::right_under(now, lang));
    let mut appendices = vec![(say::by_unit(), chart.into_iter().chain([units]).collect())];
    if let Some(table) = units::below(now, lang) {
        let note = Block::Note(say::district_note().get(lang).to_owned());
        appendices.push((say::by_subunit(), vec![note, Block::Table(table)]));
    }
    let plans = &contents.year.plans;
    if !plans.is_empty() {
        appendices.push((say::plans(), vec![Block::Table(tables::plans(now.period.year(), plans, lang))]));
    }
    appendices
}

fn numbered(parts: Vec<(Text, Vec<Block>)>, lang: Lang) -> Vec<Section> {
    let section = |(number, (title, blocks)): (&'static str, (Text, Vec<Block>))| Section {
        number,
        title: title.get(lang).to_owned(),
        blocks,
    };
    ROMAN.into_iter().zip(parts).map(section).collect()
}

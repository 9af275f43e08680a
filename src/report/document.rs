//! The report as a document: sections of blocks, tables of typed cells, a chart
//! as data. Says what stands where and nothing of any format: each renderer
//! (`html.rs`, later one file for each of PDF, Word and spreadsheet) walks it.

use super::caveats::Caveats;
use super::datum::Datum;
use super::head::ReportHead;
use crate::domain::{Digest, Period};
use crate::text::Lang;

/// A report, whole.
#[derive(Debug)]
pub struct Document<'a> {
    /// The language of its tables.
    pub lang: Lang,
    /// Whose it is and who signs.
    pub head: &'a ReportHead,
    /// The period.
    pub period: Period,
    /// The code of the unit that it is of.
    pub unit_code: String,
    /// The unit's name.
    pub unit: String,
    /// What its figures have to be taken with.
    pub caveats: Caveats,
    /// The sentences, a paragraph each.
    pub paragraphs: Vec<String>,
    /// What follows the sentences.
    pub sections: Vec<Section>,
    /// What follows the signature.
    pub appendices: Vec<Section>,
    /// Where the figures come from.
    pub provenance: Provenance,
}

/// Where figures come from.
#[derive(Debug)]
pub struct Provenance {
    /// The period's first day.
    pub from: Datum,
    /// The period's last day.
    pub to: Datum,
    /// The calendar.
    pub calendar: String,
    /// How many records the store has.
    pub records: Datum,
    /// The fingerprint of the rules.
    pub fingerprint: Digest,
}

/// A numbered part.
#[derive(Debug)]
pub struct Section {
    /// Its number, in Roman.
    pub number: &'static str,
    /// Its title.
    pub title: String,
    /// What stands in it.
    pub blocks: Vec<Block>,
}

/// A part of a section.
#[derive(Debug)]
pub enum Block {
    /// A remark.
    Note(String),
    /// A chart.
    Chart(Chart),
    /// A table.
    Table(Table),
}

/// A table.
#[derive(Debug, Default)]
pub struct Table {
    /// Its place in the document, for references to it.
    pub id: &'static str,
    /// What it shows.
    pub caption: String,
    /// Its columns; the first names the rows.
    pub columns: Vec<Column>,
    /// Its rows.
    pub groups: Vec<Group>,
    /// What its signs mean; empty if nothing needs saying.
    pub legend: String,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its head.
    pub head: String,
    /// Whether it holds words, which stand left; numbers stand right.
    pub words: bool,
}

/// Rows, under a heading of their own or under none.
#[derive(Debug, Default)]
pub struct Group {
    /// The heading.
    pub heading: Option<String>,
    /// The rows.
    pub rows: Vec<TableRow>,
}

/// A row of a table.
#[derive(Debug)]
pub struct TableRow {
    /// How deep it lies under the first row.
    pub depth: usize,
    /// A cell for each column.
    pub cells: Vec<Datum>,
    /// Whether it is a sum of others.
    pub total: bool,
}

impl Column {
    /// A column of numbers.
    pub fn numbers(head: impl Into<String>) -> Self {
        Self { head: head.into(), words: false }
    }

    /// A column of words.
    pub fn words(head: impl Into<String>) -> Self {
        Self { head: head.into(), words: true }
    }
}

impl TableRow {
    /// A row with a name.
    pub fn named(name: impl Into<String>, cells: impl IntoIterator<Item = Datum>) -> Self {
        Self { depth: 0, cells: std::iter::once(Datum::text(name)).chain(cells).collect(), total: false }
    }

    /// A sum of others.
    pub fn total(name: impl Into<String>, cells: impl IntoIterator<Item = Datum>) -> Self {
        Self { total: true, ..Self::named(name, cells) }
    }
}

impl From<Vec<TableRow>> for Group {
    fn from(rows: Vec<TableRow>) -> Self {
        Self { heading: None, rows }
    }
}

impl Table {
    /// Every row.
    pub fn rows(&self) -> impl Iterator<Item = &TableRow> {
        self.groups.iter().flat_map(|group| &group.rows)
    }

    /// Whether it stands on one page, and so is not to be broken.
    pub fn is_short(&self) -> bool {
        self.rows().count() <= 16
    }
}

/// A bar chart of two counts for each unit.
#[derive(Debug)]
pub struct Chart {
    /// What stands over it.
    pub caption: String,
    /// Its title, with the period.
    pub title: String,
    /// What one who does not see it should know.
    pub description: String,
    /// The names of the two series.
    pub series: [String; 2],
    /// The bars.
    pub bars: Vec<Bar>,
    /// What stands beside a unit without values.
    pub missing: String,
    /// What it leaves out; empty if nothing.
    pub note: String,
}

/// One unit's two counts; `None` if it has not reported.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Its name.
    pub label: String,
    /// The counts, one of each series.
    pub values: Option<[i128; 2]>,
}

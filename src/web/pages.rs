//! The pages: what the templates are given.

use askama::Template;
use jiff::civil::Date;

use super::frame::Frame;
use crate::domain::{Body, Field, Figure};
use crate::report::grid::{self, NOT_REPORTED};
use crate::report::html::units_chart;
use crate::report::records::Listing;
use crate::report::{numbers, words};
use crate::rollup::table::OfUnit;
use crate::rollup::{Rollup, RollupRow};
use crate::text::Lang;

/// The most records that a page lists.
const MAX_LISTED: usize = 1_000;

/// A step from the unit over all others down to the one shown.
pub struct Crumb {
    /// The unit's name.
    pub name: String,
    /// Its page.
    pub link: String,
}

/// A figure with the records behind it.
pub struct Cell {
    /// The figure's name.
    pub name: &'static str,
    /// Its value; of a unit that has not reported, a dash.
    pub value: String,
    /// The records behind it.
    pub link: String,
}

/// A unit's row in a table of units.
pub struct UnitLine {
    name: String,
    link: String,
    cells: Vec<Cell>,
}

/// A table of parts: by body or by field.
pub struct Parts {
    caption: &'static str,
    first: &'static str,
    columns: Vec<Cell>,
    lines: Vec<(&'static str, Vec<String>)>,
}

/// The figures of a table of units.
const UNIT_FIGURES: [Figure; 6] = [
    Figure::SupervisionSessions,
    Figure::ViolationsFound,
    Figure::ViolationsResolved,
    Figure::MoneyRecoveredVnd,
    Figure::UnitsReported,
    Figure::UnitsExpected,
];

/// The figures of a table of parts.
const PART_FIGURES: [Figure; 5] = [
    Figure::SupervisionSessions,
    Figure::Participants,
    Figure::ViolationsFound,
    Figure::ViolationsResolved,
    Figure::MoneyRecoveredVnd,
];

fn cell(frame: &Frame, row: &RollupRow, figure: Figure) -> Cell {
    let value = if grid::silent(row) && !figure.counts_units() {
        NOT_REPORTED.to_owned()
    } else {
        frame.amount(&row.figure(figure), &figure)
    };
    Cell {
        name: frame.figure(&figure),
        value,
        link: frame.records(OfUnit { code: Some(&row.unit), since: row.valid_from }, &figure),
    }
}

fn unit_lines<'a>(frame: &Frame, rows: impl Iterator<Item = &'a RollupRow>) -> Vec<UnitLine> {
    let line = |row: &RollupRow| UnitLine {
        name: row.name.clone(),
        link: frame.unit(&row.unit),
        cells: UNIT_FIGURES.iter().map(|figure| cell(frame, row, *figure)).collect(),
    };
    rows.map(line).collect()
}

/// The rows right under a unit, and what counts in no unit any more.
fn under<'a>(rollup: &'a Rollup, code: &'a str) -> impl Iterator<Item = &'a RollupRow> {
    rollup.rows.iter().filter(move |row| row.parent.as_deref() == Some(code))
}

/// A template of this program over texts: writing it into memory cannot fail.
fn rendered(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}

#[derive(Template)]
#[template(path = "web/overview.html")]
struct Overview {
    frame: Frame,
    dates: String,
    calendar: String,
    main: Vec<Cell>,
    chart: String,
    columns: Vec<&'static str>,
    units: Vec<UnitLine>,
    root: String,
}

/// The first page.
pub fn overview(mut frame: Frame, rollup: &Rollup) -> String {
    let Some(row) = rollup.first() else { return String::new() };
    frame.title = format!("{} – {}", row.name, words::period(rollup.period, frame.lang));
    rendered(&Overview {
        dates: format!("{} – {}", numbers::day(rollup.from), numbers::day(rollup.to)),
        calendar: rollup.calendar.clone(),
        main: UNIT_FIGURES.iter().map(|figure| cell(&frame, row, *figure)).collect(),
        chart: units_chart(rollup, frame.lang).unwrap_or_default(),
        columns: UNIT_FIGURES.iter().map(|figure| frame.figure(figure)).collect(),
        units: unit_lines(&frame, under(rollup, &row.unit)),
        root: row.unit.clone(),
        frame,
    })
}

/// The figures of one row that has the unit's code.
struct Figured {
    name: String,
    kind: String,
    since: String,
    figures: Vec<Cell>,
    parts: Vec<Parts>,
}

#[derive(Template)]
#[template(path = "web/unit.html")]
struct UnitPage {
    frame: Frame,
    crumbs: Vec<Crumb>,
    code: String,
    rows: Vec<Figured>,
    columns: Vec<&'static str>,
    units: Vec<UnitLine>,
}

/// A unit's page.
pub fn unit(mut frame: Frame, rollup: &Rollup, code: &str, crumbs: Vec<Crumb>) -> String {
    let own: Vec<&RollupRow> = rollup.rows.iter().filter(|row| row.unit == code).collect();
    let name = own.last().map_or("", |row| row.name.as_str());
    frame.title = format!("{name} – {}", words::period(rollup.period, frame.lang));
    let rows = own
        .iter()
        .map(|row| Figured {
            name: row.name.clone(),
            kind: words::kind(row.kind, frame.lang).to_owned(),
            since: row.valid_from.map(numbers::day).unwrap_or_default(),
            figures: Figure::ALL.iter().map(|figure| cell(&frame, row, *figure)).collect(),
            parts: vec![by_body(&frame, row), by_field(&frame, row)],
        })
        .collect();
    rendered(&UnitPage {
        rows,
        crumbs,
        code: code.to_owned(),
        columns: UNIT_FIGURES.iter().map(|figure| frame.figure(figure)).collect(),
        units: unit_lines(&frame, under(rollup, code)),
        frame,
    })
}

fn by_body(frame: &Frame, row: &RollupRow) -> Parts {
    let of = |body: Body, figure| row.by_body(figure).find(|(other, _)| *other == body).map_or(0, |(_, amount)| amount);
    let line = |body: &Body| {
        let cells = PART_FIGURES.iter().map(|figure| frame.amount(&of(*body, *figure), figure)).collect();
        (words::body(*body, frame.lang), cells)
    };
    Parts {
        caption: frame.say("Theo cơ quan giám sát", "By supervising body"),
        first: frame.say("Cơ quan", "Body"),
        columns: PART_FIGURES.iter().map(|figure| cell(frame, row, *figure)).collect(),
        lines: Body::ALL.iter().map(line).collect(),
    }
}

fn by_field(frame: &Frame, row: &RollupRow) -> Parts {
    let of =
        |field: Field, figure| row.by_field(figure).find(|(other, _)| *other == field).map_or(0, |(_, amount)| amount);
    let line = |field: &Field| {
        let cells = PART_FIGURES.iter().map(|figure| frame.amount(&of(*field, *figure), figure)).collect();
        (words::field(*field, frame.lang), cells)
    };
    Parts {
        caption: frame.say("Theo lĩnh vực", "By field"),
        first: frame.say("Lĩnh vực", "Field"),
        columns: PART_FIGURES.iter().map(|figure| cell(frame, row, *figure)).collect(),
        lines: Field::ALL.iter().map(line).collect(),
    }
}

/// A record in the list behind a figure.
struct RecordLine {
    day: String,
    unit: String,
    unit_link: String,
    kind: &'static str,
    record: String,
    revision: String,
    amount: String,
    position: String,
}

#[derive(Template)]
#[template(path = "web/records.html")]
struct Records<'a> {
    frame: Frame,
    crumbs: Vec<Crumb>,
    total: String,
    records: Vec<RecordLine>,
    listing: &'a Listing,
    left_out: usize,
    command: String,
}

/// The records behind a figure.
pub fn records(
    mut frame: Frame,
    listing: &Listing,
    (figure, since): (Figure, Option<Date>),
    unit: &str,
    crumbs: Vec<Crumb>,
) -> String {
    let name = frame.figure(&figure);
    let since = since.map(|since| format!(" --since {since}")).unwrap_or_default();
    frame.title = format!("{name} – {}", crumbs.last().map_or(unit, |crumb| crumb.name.as_str()));
    let lines = listing.records.iter().take(MAX_LISTED);
    let records = lines
        .map(|line| RecordLine {
            day: line.resolved_on.as_deref().or(line.day.as_deref()).map(written_day).unwrap_or_default(),
            unit: line.unit.clone().unwrap_or_default(),
            unit_link: line.unit.as_deref().map(|unit| frame.unit(unit)).unwrap_or_default(),
            kind: kind(line.kind, frame.lang),
            record: format!("{} {}", line.source, line.subject),
            revision: match line.earlier_revisions.len() {
                0 => line.revision.number().to_string(),
                earlier => format!("{} (+{earlier})", line.revision.number()),
            },
            amount: frame.amount(&line.amount.0, &figure),
            position: format!("{}:{}", line.position.partition, line.position.offset),
        })
        .collect();
    rendered(&Records {
        crumbs,
        total: frame.amount(&listing.total.0, &figure),
        records,
        left_out: listing.records.len().saturating_sub(MAX_LISTED),
        command: format!(
            "giaoban records --period {} --unit {unit}{since} --figure {} --format csv",
            listing.period, listing.figure
        ),
        listing,
        frame,
    })
}

fn written_day(day: &str) -> String {
    day.parse().map_or_else(|_| day.to_owned(), numbers::day)
}

fn kind(kind: &'static str, lang: Lang) -> &'static str {
    let vi = match kind {
        "supervision" => "giám sát",
        "violation" => "vụ việc",
        "activity" => "hoạt động",
        "petition" => "đơn thư",
        "nilreturn" => "báo cáo “không”",
        other => other,
    };
    words::pick(lang, vi, kind)
}

#[derive(Template)]
#[template(path = "web/message.html")]
struct Message {
    frame: Frame,
    text: String,
    choices: Vec<(String, String)>,
}

/// A page that says something, and what there is instead.
pub fn message(frame: Frame, text: String, choices: Vec<(String, String)>) -> String {
    rendered(&Message { frame, text, choices })
}

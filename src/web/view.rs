//! What pages show, as plain structs of typed values, and the templates that
//! write them. Knows no store and no address but by `links`.

use askama::Template;

use super::links::Links;
use crate::domain::{Figure, Period, UnitRow};
use crate::report::datum::Datum;
use crate::report::operations::{Operations, Standing};
use crate::report::overlaps::{Overlap, OverlapRecord};
use crate::report::records::{ListedRecord, ListedUnit, Listing};
use crate::report::rows::{self, FigureSum, under};
use crate::report::timeline::Timeline;
use crate::report::{Caveats, svg, units};
use crate::rollup::table::{DISSOLVED, OfUnit};
use crate::rollup::{Rollup, RollupRow};
use crate::text::names::{body as body_name, figure as figure_name};
use crate::text::{Lang, Text, operations as ops, report as names, web as say};

/// The most records that a page lists.
const MAX_LISTED: usize = 1_000;

/// The most overlaps that a page lists.
const MAX_OVERLAPS: usize = 100;

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
const PART_FIGURES: [FigureSum; 5] = [
    &[Figure::SupervisionSessions],
    &[Figure::Participants],
    &[Figure::ViolationsFound],
    &[Figure::ViolationsResolved],
    &[Figure::MoneyRecoveredVnd],
];

/// What every page has.
pub struct Frame {
    /// The page's title.
    pub title: String,
    /// Its links, with the reader's language and the period that is shown.
    pub links: Links,
    /// The periods that can be shown, newest first.
    pub periods: Vec<Period>,
    /// The page's own path and query without period and language.
    pub here: String,
    /// Whether any record says of itself that it is made up.
    pub caveats: Caveats,
}

impl Frame {
    fn lang(&self) -> Lang {
        self.links.lang
    }

    /// A text of the catalogue in the reader's language.
    fn say(&self, text: Text) -> String {
        self.said(&text)
    }

    /// A text of the page in the reader's language.
    fn said(&self, text: &Text) -> String {
        text.get(self.links.lang).to_owned()
    }

    /// A value as the reader's language writes it.
    fn written(&self, datum: &Datum) -> String {
        datum.written(self.links.lang)
    }

    /// A period as it is called.
    fn name(&self, period: &Period) -> String {
        names::capitalized(names::period_name(*period).get(self.links.lang))
    }

    fn is_shown(&self, period: &Period) -> bool {
        self.links.period == Some(*period)
    }

    fn titled(self, of: &str, period: Period) -> Self {
        let lang = self.links.lang;
        let title = say::title(of, names::period_name(period).get(lang)).get(lang).to_owned();
        Self { title, ..self }
    }
}

/// A step from the unit over all others down to the one shown.
struct Crumb {
    name: String,
    link: String,
}

/// A figure with the records behind it.
struct FigureLink {
    name: Text,
    value: Datum,
    link: String,
}

impl FigureLink {
    fn of(frame: &Frame, row: &RollupRow, figure: Figure) -> Self {
        Self {
            name: figure_name(figure),
            value: rows::value(row, figure),
            link: frame.links.records(OfUnit { code: Some(&row.unit), since: row.valid_from }, figure),
        }
    }
}

/// A unit's row in a table of units.
struct UnitLine {
    name: String,
    link: String,
    cells: Vec<FigureLink>,
}

/// The table of the units under another.
struct UnitLines {
    columns: Vec<Text>,
    lines: Vec<UnitLine>,
}

impl UnitLines {
    fn of(frame: &Frame, rollup: &Rollup, code: &str) -> Self {
        let line = |row: &RollupRow| UnitLine {
            name: row.name.clone(),
            link: frame.links.unit(&row.unit),
            cells: UNIT_FIGURES.iter().map(|figure| FigureLink::of(frame, row, *figure)).collect(),
        };
        Self { columns: UNIT_FIGURES.map(figure_name).into(), lines: under(rollup, code).map(line).collect() }
    }
}

fn crumbs(links: &Links, lineage: &[&UnitRow], code: &str) -> Vec<Crumb> {
    let dissolved = || Crumb { name: names::dissolved_units().get(Lang::Vi).to_owned(), link: links.unit(DISSOLVED) };
    let step = |row: &&UnitRow| Crumb { name: row.name.clone(), link: links.unit(row.code.as_str()) };
    lineage.iter().map(step).chain((code == DISSOLVED).then(dissolved)).collect()
}

/// A template of this program over texts: writing it into memory cannot fail.
fn rendered(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}

#[derive(Template)]
#[template(path = "web/overview.html")]
struct OverviewPage {
    frame: Frame,
    from: Datum,
    to: Datum,
    calendar: String,
    main: Vec<FigureLink>,
    chart: String,
    units: UnitLines,
    root: String,
    /// What may be counted twice, if anything may.
    overlaps: Option<Text>,
}

/// The first page; in so many places something may be counted twice.
pub fn overview(frame: Frame, rollup: &Rollup, overlaps: usize) -> String {
    let Some(row) = rollup.first() else { return String::new() };
    let frame = frame.titled(&row.name, rollup.period);
    let lang = frame.links.lang;
    rendered(&OverviewPage {
        from: Datum::Day(rollup.from),
        to: Datum::Day(rollup.to),
        calendar: rollup.calendar.clone(),
        main: UNIT_FIGURES.iter().map(|figure| FigureLink::of(&frame, row, *figure)).collect(),
        chart: units::chart(rollup, lang).map(|chart| svg::drawn(&chart, lang)).unwrap_or_default(),
        units: UnitLines::of(&frame, rollup, &row.unit),
        root: row.unit.clone(),
        overlaps: Some(overlaps).filter(|count| *count > 0).map(say::overlaps_in_period),
        frame,
    })
}

/// The figures of one row that has the unit's code.
struct UnitFigures {
    name: String,
    kind: Text,
    since: Datum,
    figures: Vec<FigureLink>,
    parts: [PartTable; 2],
}

/// A table of parts: by body or by field.
struct PartTable {
    caption: Text,
    first: Text,
    columns: Vec<FigureLink>,
    lines: Vec<(Text, [Datum; PART_FIGURES.len()])>,
}

#[derive(Template)]
#[template(path = "web/unit.html")]
struct UnitPage {
    frame: Frame,
    crumbs: Vec<Crumb>,
    code: String,
    rows: Vec<UnitFigures>,
    units: UnitLines,
}

/// A unit's page.
pub fn unit(frame: Frame, rollup: &Rollup, code: &str, lineage: &[&UnitRow]) -> String {
    let own: Vec<&RollupRow> = rollup.rows.iter().filter(|row| row.unit == code).collect();
    let frame = frame.titled(own.last().map_or("", |row| row.name.as_str()), rollup.period);
    rendered(&UnitPage {
        crumbs: crumbs(&frame.links, lineage, code),
        code: code.to_owned(),
        rows: own.iter().map(|row| unit_figures(&frame, row)).collect(),
        units: UnitLines::of(&frame, rollup, code),
        frame,
    })
}

fn unit_figures(frame: &Frame, row: &RollupRow) -> UnitFigures {
    let columns = || PART_FIGURES.iter().map(|figures| FigureLink::of(frame, row, figures[0])).collect();
    UnitFigures {
        name: row.name.clone(),
        kind: names::kind_name(row.kind),
        since: Datum::day(row.valid_from),
        figures: Figure::ALL.iter().map(|figure| FigureLink::of(frame, row, *figure)).collect(),
        parts: [
            PartTable {
                caption: say::by_body(),
                first: say::body(),
                columns: columns(),
                lines: rows::by_body(row, PART_FIGURES),
            },
            PartTable {
                caption: say::by_field(),
                first: say::field(),
                columns: columns(),
                lines: rows::by_field(row, PART_FIGURES),
            },
        ],
    }
}

/// A record in the list behind a figure.
struct RecordLine {
    record: String,
    day: Datum,
    unit: String,
    unit_link: String,
    kind: Text,
    /// Of a form, every total in it.
    totals: Vec<(Text, Datum)>,
    revision: String,
    amount: Datum,
    position: String,
}

#[derive(Template)]
#[template(path = "web/records.html")]
struct RecordsPage<'a> {
    frame: Frame,
    crumbs: Vec<Crumb>,
    period: Period,
    total: &'a Datum,
    records: Vec<RecordLine>,
    /// How many there are, with those that are not shown.
    counted: usize,
    units: &'a [ListedUnit],
    command: String,
}

impl RecordsPage<'_> {
    fn left_out(&self) -> usize {
        self.counted - self.records.len()
    }
}

/// The records behind a figure.
pub fn records(frame: Frame, listing: &Listing, unit: OfUnit<'_>, lineage: &[&UnitRow]) -> String {
    let code = unit.code.unwrap_or_default();
    let since = unit.since.map(|since| format!(" --since {since}")).unwrap_or_default();
    let crumbs = crumbs(&frame.links, lineage, code);
    let lang = frame.links.lang;
    let of = crumbs.last().map_or(code, |crumb| crumb.name.as_str());
    let title = say::title(figure_name(listing.figure).get(lang), of).get(lang).to_owned();
    let record = |record: &ListedRecord| RecordLine {
        record: format!("{} {}", record.source, record.subject),
        day: match record.period {
            Some(quarter) => Datum::text(quarter.to_string()),
            None => Datum::day(record.resolved_on.or(record.day)),
        },
        unit: record.unit.clone().unwrap_or_default(),
        unit_link: record.unit.as_deref().map(|unit| frame.links.unit(unit)).unwrap_or_default(),
        kind: say::record_kind(record.kind),
        totals: named(&record.totals),
        revision: match record.earlier_revisions.len() {
            0 => record.revision.number().to_string(),
            earlier => format!("{} (+{earlier})", record.revision.number()),
        },
        amount: record.amount.clone(),
        position: format!("{}:{}", record.position.partition, record.position.offset),
    };
    rendered(&RecordsPage {
        crumbs,
        period: listing.period,
        total: &listing.total,
        records: listing.records.iter().take(MAX_LISTED).map(record).collect(),
        counted: listing.records.len(),
        units: &listing.units,
        command: format!(
            "giaoban records --period {} --unit {code}{since} --figure {} --format csv",
            listing.period,
            listing.figure.name()
        ),
        frame: Frame { title, ..frame },
    })
}

fn named(figures: &[(Figure, Datum)]) -> Vec<(Text, Datum)> {
    figures.iter().map(|(figure, amount)| (figure_name(*figure), amount.clone())).collect()
}

/// A record that stands beside what it may count twice.
struct OverlapLine {
    record: String,
    kind: Text,
    day: Datum,
    figures: Vec<(Text, Datum)>,
    position: String,
}

/// What stands beside what, in one unit and quarter by one body.
struct OverlapTable {
    caption: String,
    unit_link: String,
    unit: String,
    lines: Vec<OverlapLine>,
    /// Records that are not shown.
    left_out: usize,
}

#[derive(Template)]
#[template(path = "web/overlaps.html")]
struct OverlapsPage {
    frame: Frame,
    tables: Vec<OverlapTable>,
    /// How many there are, with those that are not shown.
    counted: usize,
    command: String,
}

/// Forms' totals beside single records.
pub fn overlaps(frame: Frame, period: Period, overlaps: &[Overlap]) -> String {
    let lang = frame.links.lang;
    let line = |record: &OverlapRecord| OverlapLine {
        record: format!("{} {}", record.source, record.subject),
        kind: say::record_kind(record.kind),
        day: Datum::day(record.resolved_on.or(record.day)),
        figures: named(&record.figures),
        position: format!("{}:{}", record.position.partition, record.position.offset),
    };
    let table = |overlap: &Overlap| OverlapTable {
        caption: say::title(body_name(overlap.body).get(lang), overlap.period).get(lang).to_owned(),
        unit_link: frame.links.unit(&overlap.unit),
        unit: overlap.name.clone(),
        lines: overlap.totals.iter().chain(&overlap.records).take(MAX_LISTED).map(line).collect(),
        left_out: (overlap.totals.len() + overlap.records.len()).saturating_sub(MAX_LISTED),
    };
    rendered(&OverlapsPage {
        tables: overlaps.iter().take(MAX_OVERLAPS).map(table).collect(),
        counted: overlaps.len(),
        command: format!("giaoban overlaps --period {period} --format csv"),
        frame: frame.titled(names::overlaps().get(lang), period),
    })
}

#[derive(Template)]
#[template(path = "web/operations.html")]
struct OperationsPage {
    frame: Frame,
    shown: Operations,
    charts: Vec<(String, Timeline)>,
    /// Why the figures cannot be read.
    store: Option<Text>,
}

/// How the style sheet calls a standing.
fn class(standing: &Standing) -> &'static str {
    match standing {
        Standing::Plain => "plain",
        Standing::Well => "well",
        Standing::Watch => "watch",
        Standing::Wrong => "wrong",
    }
}

/// The state of the pipeline, with its courses as they are drawn, and why the figures cannot be read, if they cannot.
pub fn operations(frame: Frame, shown: Operations, charts: Vec<(String, Timeline)>, store: Option<Text>) -> String {
    let title = ops::title().get(frame.lang()).to_owned();
    rendered(&OperationsPage { frame: Frame { title, ..frame }, shown, charts, store })
}

/// Something that there is instead, with its address.
pub struct Choice {
    /// What it is.
    pub name: String,
    /// Where it is.
    pub link: String,
}

#[derive(Template)]
#[template(path = "web/message.html")]
struct MessagePage {
    frame: Frame,
    text: String,
    choices: Vec<Choice>,
}

/// A page that says something, and what there is instead.
pub fn message(lang: Lang, title: &Text, text: &Text, choices: Vec<Choice>) -> String {
    let frame = Frame {
        title: title.get(lang).to_owned(),
        links: Links { lang, period: None },
        periods: Vec::new(),
        here: "/".into(),
        caveats: Caveats::default(),
    };
    rendered(&MessagePage { frame, text: text.get(lang).to_owned(), choices })
}

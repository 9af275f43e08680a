//! The report for the meeting as one HTML file that needs nothing else: laid
//! out by Decree 30/2020/NĐ-CP, appendix I, for paper and screen alike.

use askama::Template;

use super::chart::{self, Bar, Captions};
use super::grid::{self, Grid};
use super::head::ReportHead;
use super::prose::{self, Earlier};
use super::year::YearFacts;
use super::{SYNTHETIC_VI, numbers, words};
use crate::domain::{Digest, Figure, Period, Quarter};
use crate::rollup::Rollup;
use crate::text::Lang;

/// All that a report is made of.
pub struct Contents {
    /// The figures of the period.
    pub now: Rollup,
    /// Of the period before; `None` unless there are records of all its quarters.
    pub before: Option<Rollup>,
    /// Of the same period a year before; `None` unless there are records of all its quarters.
    pub year_before: Option<Rollup>,
    /// From the start of the year.
    pub to_date: Option<Rollup>,
    /// The quarters that there are records of.
    pub quarters: Vec<Quarter>,
    /// Plans and indices of the year.
    pub year: YearFacts,
    /// How many records the store has.
    pub records: u64,
    /// The fingerprint of the rules.
    pub fingerprint: Digest,
    /// Whether any record says of itself that it is made up.
    pub synthetic: bool,
}

impl Contents {
    /// The quarters of a period that there are no records of; none if there are records of none of them.
    fn missing(&self, period: Period) -> Vec<Quarter> {
        let quarters = period.quarters();
        let missing: Vec<Quarter> = quarters.iter().copied().filter(|of| !self.quarters.contains(of)).collect();
        if missing.len() == quarters.len() { Vec::new() } else { missing }
    }
}

/// The same period a year before.
pub fn a_year_before(period: Period) -> Option<Period> {
    let year = period.year() - 1;
    let name = period.to_string();
    format!("{year:04}{}", name.get(4..)?).parse().ok()
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    head: &'a ReportHead,
    number: String,
    place_and_date: String,
    period: String,
    period_code: String,
    unit: &'a str,
    unit_code: &'a str,
    synthetic: Option<&'static str>,
    paragraphs: Vec<String>,
    sections: Vec<Section>,
    appendices: Vec<Section>,
    chart: String,
    chart_note: String,
    calendar: &'a str,
    from: String,
    to: String,
    records: String,
    fingerprint: Digest,
}

/// A numbered part of the report with its table.
struct Section {
    number: &'static str,
    title: &'static str,
    note: &'static str,
    grid: Grid,
}

/// The report.
pub fn report_html(contents: &Contents, head: &ReportHead) -> String {
    let Contents { now, before, year_before, to_date, .. } = contents;
    let Some(row) = now.first() else { return String::new() };
    let name = |period| words::period(period, Lang::Vi);
    let previous = now.period.previous();
    let mut earlier = vec![Earlier {
        opening: format!("So với {}", name(previous)),
        row: first(before),
        missing: contents.missing(previous),
    }];
    if let Some(period) = a_year_before(now.period).filter(|period| *period != previous) {
        earlier.push(Earlier {
            opening: format!("So với cùng kỳ ({})", name(period)),
            row: first(year_before),
            missing: contents.missing(period),
        });
    }
    let page = Page {
        head,
        number: head.number_line(),
        place_and_date: head.place_and_date(),
        period: name(now.period),
        period_code: now.period.to_string(),
        unit: &row.name,
        unit_code: &row.unit,
        synthetic: contents.synthetic.then_some(SYNTHETIC_VI),
        paragraphs: prose::paragraphs(
            now,
            row,
            &earlier,
            to_date.as_ref(),
            &contents.missing(now.period.year_to_date()),
        ),
        sections: sections(contents),
        appendices: appendices(contents),
        chart: units_chart(now, Lang::Vi).unwrap_or_default(),
        chart_note: chart_note(now),
        calendar: &now.calendar,
        from: numbers::day(now.from),
        to: numbers::day(now.to),
        records: numbers::written(contents.records.into(), crate::domain::Measure::Count, Lang::Vi),
        fingerprint: contents.fingerprint,
    };
    // A template of this program over texts: writing it into memory cannot fail.
    page.render().unwrap_or_default()
}

fn first(rollup: &Option<Rollup>) -> Option<&crate::rollup::RollupRow> {
    rollup.as_ref().and_then(Rollup::first)
}

fn sections(contents: &Contents) -> Vec<Section> {
    let now = &contents.now;
    let Some(row) = now.first() else { return Vec::new() };
    let periods = [
        ("Kỳ này".to_owned(), Some(row)),
        ("Kỳ trước".to_owned(), first(&contents.before)),
        ("Cùng kỳ năm trước".to_owned(), first(&contents.year_before)),
        ("Lũy kế từ đầu năm".to_owned(), first(&contents.to_date)),
    ];
    let section = |number, title, grid| Section { number, title, note: "", grid };
    let mut sections = vec![
        section("I", "Tình hình chung", grid::overview(&periods)),
        section("II", "Kết quả theo cơ quan giám sát", grid::by_body(row)),
        section("III", "Kết quả theo lĩnh vực", grid::by_field(row)),
        section("IV", "Kết quả xử lý", grid::outcomes(row)),
        section("V", "Tình hình báo cáo", grid::reporting(now)),
    ];
    if !contents.year.indices.is_empty() {
        sections.push(section("VI", "Các chỉ số", grid::indices(now.period.year(), &contents.year.indices)));
    }
    sections
}

fn appendices(contents: &Contents) -> Vec<Section> {
    const NUMBERS: [&str; 4] = ["I", "II", "III", "IV"];
    let now = &contents.now;
    let mut parts = vec![("Số liệu theo đơn vị trực thuộc", "", grid::units(now))];
    if let Some(grid) = grid::subunits(now) {
        let note = "Dòng “Cấp huyện” là phần do cơ quan cấp huyện ghi nhận trực tiếp, chỉ có ở nơi có số liệu đó.";
        parts.push(("Số liệu theo xã, phường, thị trấn", note, grid));
    }
    if !contents.year.plans.is_empty() {
        let grid = grid::plans(now.period.year(), &contents.year.plans);
        parts.push(("Kế hoạch kiểm tra", "", grid));
    }
    let numbered = NUMBERS.into_iter().zip(parts);
    numbered.map(|(number, (title, note, grid))| Section { number, title, note, grid }).collect()
}

/// Sessions and cases of the units right under the first; `None` if there are none.
pub fn units_chart(rollup: &Rollup, lang: Lang) -> Option<String> {
    let rows = charted(rollup);
    let bars: Vec<Bar> = rows
        .iter()
        .map(|row| {
            let values = [row.figure(Figure::SupervisionSessions), row.figure(Figure::ViolationsFound)];
            Bar { label: row.name.clone(), values: (!grid::silent(row)).then_some(values) }
        })
        .collect();
    let period = words::period(rollup.period, lang);
    let (title, description, series, missing) = match lang {
        Lang::Vi => (
            format!("Số cuộc giám sát và số vụ có dấu hiệu vi phạm theo đơn vị, {period}"),
            format!("Biểu đồ thanh ngang của {} đơn vị; các số ghi cạnh thanh có trong bảng theo đơn vị.", bars.len()),
            ["Cuộc giám sát", "Vụ có dấu hiệu vi phạm"],
            "chưa báo cáo",
        ),
        Lang::En => (
            format!("Supervision sessions and cases with signs of violation by unit, {period}"),
            format!("Horizontal bars of {} units; the numbers beside them are in the table of units.", bars.len()),
            ["Supervision sessions", "Cases with signs of violation"],
            "not reported",
        ),
    };
    let captions = Captions { title: &title, description: &description, series, missing };
    (!bars.is_empty()).then(|| chart::bars(&captions, &bars, lang))
}

/// The rows of the chart, in the order of the table; of too many, those with the most sessions.
fn charted(rollup: &Rollup) -> Vec<&crate::rollup::RollupRow> {
    let Some(root) = rollup.first() else { return Vec::new() };
    let rows: Vec<_> = grid::children(rollup, &root.unit).collect();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(rows[*index].figure(Figure::SupervisionSessions)));
    order.truncate(chart::MAX_BARS);
    order.sort_unstable();
    order.into_iter().map(|index| rows[index]).collect()
}

fn chart_note(rollup: &Rollup) -> String {
    let root = rollup.first().map_or("", |row| row.unit.as_str());
    let all = grid::children(rollup, root).count();
    if all > chart::MAX_BARS {
        format!("Chỉ {} trong {all} đơn vị: những đơn vị có nhiều cuộc giám sát nhất.", chart::MAX_BARS)
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_period_a_year_before_is_of_the_same_kind() {
        let before = |text: &str| a_year_before(text.parse().unwrap()).map(|period| period.to_string());
        assert_eq!(before("2020-Q4").unwrap(), "2019-Q4");
        assert_eq!(before("2020-9M").unwrap(), "2019-9M");
        assert_eq!(before("2020").unwrap(), "2019");
        assert_eq!(before("1900-Q1"), None);
    }
}

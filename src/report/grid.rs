//! The tables of the report, as texts in rows and columns.

use super::numbers::written;
use super::words;
use super::year::{Index, Plan};
use crate::domain::{Body, Field, Figure, Measure};
use crate::rollup::table::DISSOLVED;
use crate::rollup::{Rollup, RollupRow};
use crate::text::Lang;

/// A figure of a unit that has not reported.
pub const NOT_REPORTED: &str = "–";
/// A figure of a period without any record.
pub const NO_RECORDS: &str = "…";

/// A table.
#[derive(Debug)]
pub struct Grid {
    /// Its place in the page, for references to it.
    pub id: &'static str,
    /// What it shows.
    pub caption: String,
    /// The heads of its columns, the first of the rows' names.
    pub columns: Vec<String>,
    /// Which cells, from 1 after the name, are text.
    pub text_cells: &'static [usize],
    /// Its rows.
    pub groups: Vec<Group>,
    /// What its signs mean.
    pub legend: &'static str,
}

impl Grid {
    /// Whether the cells of that number, from 1 after the name, are text.
    pub fn is_text(&self, cell: &usize) -> bool {
        self.text_cells.contains(cell)
    }

    /// Whether it stands on one page, and so is not to be broken.
    pub fn is_short(&self) -> bool {
        self.groups.iter().map(|group| group.lines.len()).sum::<usize>() <= 16
    }
}

/// Rows under a heading of their own.
#[derive(Debug, Default)]
pub struct Group {
    /// The heading, if any.
    pub heading: Option<String>,
    /// The rows.
    pub lines: Vec<Line>,
}

/// A row.
#[derive(Debug)]
pub struct Line {
    /// What it is of.
    pub name: String,
    /// Its cells after the name.
    pub cells: Vec<String>,
    /// Whether it is a sum of others.
    pub total: bool,
}

const LEGEND_UNITS: &str = "Dấu “–”: đơn vị chưa báo cáo. Số 0: đơn vị đã báo cáo và không phát sinh.";
const LEGEND_PERIODS: &str = "Dấu “…”: không có số liệu của kỳ đó.";

/// The figures by subject, as table I has them.
const SUBJECTS: [(&str, std::ops::RangeInclusive<Figure>); 5] = [
    ("Giám sát", Figure::SupervisionSessions..=Figure::RecommendationsOther),
    ("Vụ việc có dấu hiệu vi phạm", Figure::ViolationsFound..=Figure::ViolationsRecommended),
    ("Xử lý, thu hồi", Figure::ViolationsResolved..=Figure::LandOtherM2),
    ("Hoạt động khác", Figure::SocialCriticism..=Figure::Inspection),
    ("Khiếu nại, tố cáo, kiến nghị", Figure::ComplaintsReceived..=Figure::PetitionsResolved),
];

/// A figure of a row as it is written in Vietnamese.
pub fn value(row: &RollupRow, figure: Figure) -> String {
    written(row.figure(figure), figure.measure(), Lang::Vi)
}

/// Whether nothing has come from the unit nor from any under it.
pub fn silent(row: &RollupRow) -> bool {
    row.figure(Figure::UnitsExpected) > 0 && row.figure(Figure::UnitsReported) == 0
}

fn line(name: &str, cells: Vec<String>) -> Line {
    Line { name: name.to_owned(), cells, total: false }
}

fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// I. Every figure in this period, the one before, a year before and to date.
pub fn overview(periods: &[(String, Option<&RollupRow>); 4]) -> Grid {
    let group = |(subject, figures): &(&str, std::ops::RangeInclusive<Figure>)| Group {
        heading: Some((*subject).to_owned()),
        lines: Figure::ALL
            .iter()
            .filter(|figure| figures.contains(figure))
            .map(|figure| {
                let of =
                    |row: &Option<&RollupRow>| row.map_or_else(|| NO_RECORDS.to_owned(), |row| value(row, *figure));
                line(figure.vi(), periods.iter().map(|(_, row)| of(row)).collect())
            })
            .collect(),
    };
    Grid {
        id: "bang-1",
        caption: "Bảng 1. Tình hình chung".into(),
        columns: std::iter::once("Chỉ tiêu".to_owned()).chain(periods.iter().map(|(name, _)| name.clone())).collect(),
        text_cells: &[],
        groups: SUBJECTS.iter().map(group).collect(),
        legend: if periods.iter().any(|(_, row)| row.is_none()) { LEGEND_PERIODS } else { "" },
    }
}

const PART_COLUMNS: [&str; 7] = [
    "Cuộc giám sát",
    "Lượt người tham gia",
    "Kiến nghị sau giám sát",
    "Vụ có dấu hiệu vi phạm",
    "Vụ kiến nghị xử lý",
    "Vụ đã xử lý",
    "Thu hồi tiền (đồng)",
];

/// The figures of [`PART_COLUMNS`]; recommendations are the sum of three.
const PART_FIGURES: [&[Figure]; 7] = [
    &[Figure::SupervisionSessions],
    &[Figure::Participants],
    &[Figure::RecommendationsParty, Figure::RecommendationsAuthority, Figure::RecommendationsOther],
    &[Figure::ViolationsFound],
    &[Figure::ViolationsRecommended],
    &[Figure::ViolationsResolved],
    &[Figure::MoneyRecoveredVnd],
];

fn by_part<'a>(
    (id, caption, first): (&'static str, &str, &str),
    parts: impl Iterator<Item = (&'a str, Box<dyn Fn(Figure) -> i128 + 'a>)>,
    row: &RollupRow,
) -> Grid {
    let cells = |of: &dyn Fn(Figure) -> i128| {
        PART_FIGURES
            .iter()
            .map(|figures| written(figures.iter().map(|figure| of(*figure)).sum(), Measure::Count, Lang::Vi))
            .collect()
    };
    let mut lines: Vec<Line> = parts.map(|(name, of)| line(name, cells(&of))).collect();
    lines.push(Line { name: "Cộng".into(), cells: cells(&|figure| row.figure(figure)), total: true });
    Grid {
        id,
        caption: caption.into(),
        columns: std::iter::once(first).chain(PART_COLUMNS).map(str::to_owned).collect(),
        text_cells: &[],
        groups: vec![Group { heading: None, lines }],
        legend: "",
    }
}

fn of_body(row: &RollupRow, body: Body, figure: Figure) -> i128 {
    row.by_body(figure).find(|(other, _)| *other == body).map_or(0, |(_, amount)| amount)
}

/// II. By supervising body.
pub fn by_body(row: &RollupRow) -> Grid {
    let parts = Body::ALL.iter().map(|body| {
        let of: Box<dyn Fn(Figure) -> i128> = Box::new(move |figure| of_body(row, *body, figure));
        (body.vi(), of)
    });
    by_part(("bang-2", "Bảng 2. Kết quả theo cơ quan giám sát", "Cơ quan giám sát"), parts, row)
}

/// III. By field.
pub fn by_field(row: &RollupRow) -> Grid {
    let parts = Field::ALL.iter().map(|field| {
        let of: Box<dyn Fn(Figure) -> i128> = Box::new(move |figure| {
            row.by_field(figure).find(|(other, _)| other == field).map_or(0, |(_, amount)| amount)
        });
        (field.vi(), of)
    });
    by_part(("bang-3", "Bảng 3. Kết quả theo lĩnh vực", "Lĩnh vực"), parts, row)
}

/// IV. What became of the cases, by the two boards that have forms of their own.
pub fn outcomes(row: &RollupRow) -> Grid {
    let boards = [Body::PeoplesInspectionBoard, Body::CommunityInvestmentBoard];
    let lines = Figure::ALL
        .iter()
        .filter(|figure| (Figure::ViolationsFound..=Figure::LandOtherM2).contains(*figure))
        .map(|figure| {
            let all = row.figure(*figure);
            let [inspection, investment] = boards.map(|body| of_body(row, body, *figure));
            let amounts = [inspection, investment, all - inspection - investment, all];
            line(figure.vi(), amounts.iter().map(|amount| written(*amount, figure.measure(), Lang::Vi)).collect())
        })
        .collect();
    Grid {
        id: "bang-4",
        caption: "Bảng 4. Kết quả xử lý".into(),
        columns: columns(&["Kết quả", boards[0].vi(), boards[1].vi(), "Cơ quan, tổ chức khác", "Cộng"]),
        text_cells: &[],
        groups: vec![Group { heading: None, lines }],
        legend: "",
    }
}

/// V. Who has reported, by the units right under the first, and who has not.
pub fn reporting(rollup: &Rollup) -> Grid {
    let root = rollup.first().map_or("", |row| row.unit.as_str());
    let (groups, direct): (Vec<&RollupRow>, Vec<&RollupRow>) =
        children(rollup, root).partition(|row| children(rollup, &row.unit).next().is_some());
    let missing = |belongs: &dyn Fn(&str, Option<&str>) -> bool| -> String {
        let silent = rollup.reporting.iter().filter(|unit| !unit.records && !unit.nil);
        let names: Vec<&str> =
            silent.filter(|unit| belongs(&unit.unit, unit.parent.as_deref())).map(|unit| unit.name.as_str()).collect();
        names.join("; ")
    };
    let counts = |expected: i128, reported: i128, nil: i128| {
        [expected, reported, nil, expected - reported].map(|count| written(count, Measure::Count, Lang::Vi))
    };
    let of = |rows: &[&RollupRow], names: String| -> Vec<String> {
        let sum = |figure| rows.iter().map(|row| row.figure(figure)).sum::<i128>();
        let counts = counts(sum(Figure::UnitsExpected), sum(Figure::UnitsReported), sum(Figure::UnitsNil));
        counts.into_iter().chain([names]).collect()
    };
    let mut lines: Vec<Line> = groups
        .iter()
        .map(|row| {
            let names = missing(&|unit, parent| unit == row.unit || parent == Some(row.unit.as_str()));
            line(&row.name, of(&[row], names))
        })
        .collect();
    if !direct.is_empty() {
        let names = missing(&|unit, parent| parent == Some(root) && !groups.iter().any(|group| group.unit == unit));
        lines.push(line("Xã, phường trực thuộc", of(&direct, names)));
    }
    if let Some(row) = rollup.first() {
        lines.push(Line { name: "Cộng".into(), cells: of(&[row], String::new()), total: true });
    }
    Grid {
        id: "bang-5",
        caption: "Bảng 5. Tình hình báo cáo của các đơn vị".into(),
        columns: columns(&[
            "Đơn vị",
            "Phải báo cáo",
            "Đã báo cáo",
            "Trong đó báo cáo “không”",
            "Chưa báo cáo",
            "Tên đơn vị chưa báo cáo",
        ]),
        text_cells: &[5],
        groups: vec![Group { heading: None, lines }],
        legend: "Số đơn vị gồm cả cấp huyện. Báo cáo “không”: đơn vị báo cáo rằng không có việc phát sinh.",
    }
}

/// VI. The year's indices.
pub fn indices(year: i16, indices: &[Index]) -> Grid {
    let lines = indices
        .iter()
        .map(|index| {
            let rank = match (index.rank, index.out_of) {
                (Some(rank), Some(out_of)) => format!("{rank}/{out_of}"),
                (Some(rank), None) => rank.to_string(),
                (None, _) => String::new(),
            };
            line(&index.name, vec![index.unit.clone(), index.score.replace('.', ","), rank])
        })
        .collect();
    Grid {
        id: "bang-6",
        caption: format!("Bảng 6. Các chỉ số năm {year}"),
        columns: columns(&["Chỉ số", "Đơn vị", "Điểm", "Xếp hạng"]),
        text_cells: &[1],
        groups: vec![Group { heading: None, lines }],
        legend: "",
    }
}

const UNIT_FIGURES: [(&str, Figure); 7] = [
    ("Cuộc giám sát", Figure::SupervisionSessions),
    ("Vụ có dấu hiệu vi phạm", Figure::ViolationsFound),
    ("Kết luận có vi phạm", Figure::ViolationsConfirmed),
    ("Kiến nghị xử lý", Figure::ViolationsRecommended),
    ("Vụ đã xử lý", Figure::ViolationsResolved),
    ("Thu hồi tiền (đồng)", Figure::MoneyRecoveredVnd),
    ("Thu hồi đất (m²)", Figure::LandRecoveredM2),
];

fn unit_line(row: &RollupRow, last: String) -> Line {
    let cell = |figure| if silent(row) { NOT_REPORTED.to_owned() } else { value(row, figure) };
    line(&row.name, UNIT_FIGURES.iter().map(|(_, figure)| cell(*figure)).chain([last]).collect())
}

/// What counts in `whole` and in none of `parts`, if anything does.
fn remainder(name: &str, whole: &RollupRow, parts: &[&RollupRow]) -> Option<Line> {
    let rest = UNIT_FIGURES.map(|(_, figure)| {
        (whole.figure(figure) - parts.iter().map(|part| part.figure(figure)).sum::<i128>(), figure.measure())
    });
    let cells = || rest.iter().map(|(rest, measure)| written(*rest, *measure, Lang::Vi)).chain([String::new()]);
    rest.iter().any(|(rest, _)| *rest != 0).then(|| line(name, cells().collect()))
}

fn unit_columns(last: &str) -> Vec<String> {
    std::iter::once("Đơn vị")
        .chain(UNIT_FIGURES.iter().map(|(name, _)| *name))
        .chain([last])
        .map(str::to_owned)
        .collect()
}

fn reported(row: &RollupRow) -> String {
    let count = |figure| value(row, figure);
    format!("{}/{}", count(Figure::UnitsReported), count(Figure::UnitsExpected))
}

/// Appendix I: the units right under the first.
pub fn units(rollup: &Rollup) -> Grid {
    let mut lines = Vec::new();
    if let Some(root) = rollup.first() {
        let parts: Vec<&RollupRow> = children(rollup, &root.unit).collect();
        lines.extend(parts.iter().map(|row| unit_line(row, reported(row))));
        lines.extend(remainder(&format!("Cấp {}, đơn vị đã giải thể", words::kind(root.kind, Lang::Vi)), root, &parts));
        lines.push(Line { name: "Cộng".into(), total: true, ..unit_line(root, reported(root)) });
    }
    Grid {
        id: "bang-pl1",
        caption: "Bảng PL1. Số liệu theo đơn vị trực thuộc".into(),
        columns: unit_columns("Đã báo cáo"),
        text_cells: &[],
        groups: vec![Group { heading: None, lines }],
        legend: LEGEND_UNITS,
    }
}

/// Appendix II: the units under those, if there are any.
pub fn subunits(rollup: &Rollup) -> Option<Grid> {
    let root = rollup.first()?;
    let mut groups = Vec::new();
    for district in children(rollup, &root.unit) {
        let parts: Vec<&RollupRow> = children(rollup, &district.unit).collect();
        if parts.is_empty() {
            continue;
        }
        let state = |row: &RollupRow| match (silent(row), row.figure(Figure::UnitsNil)) {
            (true, _) => "chưa",
            (false, 0) => "có",
            (false, _) => "“không”",
        };
        let mut lines: Vec<Line> = parts.iter().map(|row| unit_line(row, state(row).to_owned())).collect();
        lines.extend(remainder("Cấp huyện", district, &parts));
        lines.push(Line { name: "Cộng".into(), total: true, ..unit_line(district, reported(district)) });
        groups.push(Group { heading: Some(district.name.clone()), lines });
    }
    (!groups.is_empty()).then(|| Grid {
        id: "bang-pl2",
        caption: "Bảng PL2. Số liệu theo xã, phường, thị trấn".into(),
        columns: unit_columns("Báo cáo"),
        text_cells: &[],
        groups,
        legend: LEGEND_UNITS,
    })
}

/// Appendix III: the year's inspection plans.
pub fn plans(year: i16, plans: &[Plan]) -> Grid {
    let lines = plans
        .iter()
        .map(|plan| line(&plan.unit, vec![written(plan.planned.into(), Measure::Count, Lang::Vi)]))
        .collect();
    Grid {
        id: "bang-pl3",
        caption: format!("Bảng PL3. Kế hoạch kiểm tra năm {year}"),
        columns: columns(&["Đơn vị", "Số cuộc kiểm tra theo kế hoạch"]),
        text_cells: &[],
        groups: vec![Group { heading: None, lines }],
        legend: "",
    }
}

/// The rows right under a unit.
pub fn children<'a>(rollup: &'a Rollup, code: &'a str) -> impl Iterator<Item = &'a RollupRow> {
    rollup.rows.iter().filter(move |row| row.parent.as_deref() == Some(code) && row.kind != DISSOLVED)
}

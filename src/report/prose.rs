//! The report's paragraphs: the main figures in words, and how they moved.

use super::numbers::{self, percent, written};
use super::words;
use crate::domain::{Figure, Measure, Period, Quarter};
use crate::rollup::{Rollup, RollupRow};
use crate::text::Lang;

/// A period to compare with.
pub struct Earlier<'a> {
    /// How the sentence begins: `So với quý III năm 2020`.
    pub opening: String,
    /// Its figures, if there are records of all its quarters.
    pub row: Option<&'a RollupRow>,
    /// Where there are records of some of its quarters only, the others.
    pub missing: Vec<Quarter>,
}

fn count(row: &RollupRow, figure: Figure) -> String {
    written(row.figure(figure), figure.measure(), Lang::Vi)
}

/// The paragraphs on the period.
pub fn paragraphs(
    rollup: &Rollup,
    row: &RollupRow,
    earlier: &[Earlier<'_>],
    to_date: Option<&Rollup>,
    missing_to_date: &[Quarter],
) -> Vec<String> {
    let of = |figure| count(row, figure);
    let recommendations: i128 =
        [Figure::RecommendationsParty, Figure::RecommendationsAuthority, Figure::RecommendationsOther]
            .map(|figure| row.figure(figure))
            .iter()
            .sum();
    let mut paragraphs = vec![
        format!(
            "Trong {} (số liệu từ ngày {} đến ngày {}), trên địa bàn {} đã tổ chức {} cuộc giám sát với {} lượt người \
             tham gia. Qua giám sát đã có {} kiến nghị, gồm {} kiến nghị với cấp ủy, {} kiến nghị với chính quyền và {} \
             kiến nghị khác.",
            words::period(rollup.period, Lang::Vi),
            numbers::day(rollup.from),
            numbers::day(rollup.to),
            place(row),
            of(Figure::SupervisionSessions),
            of(Figure::Participants),
            written(recommendations, Measure::Count, Lang::Vi),
            of(Figure::RecommendationsParty),
            of(Figure::RecommendationsAuthority),
            of(Figure::RecommendationsOther),
        ),
        format!(
            "Đã phát hiện {} vụ có dấu hiệu vi phạm (kết luận có vi phạm {} vụ, kết luận không vi phạm {} vụ, đang xem xét \
             {} vụ), kiến nghị xử lý {} vụ. Trong kỳ đã xử lý {} vụ, kể cả vụ phát hiện từ các kỳ trước; thu hồi {}\u{a0}đồng và \
             {}\u{a0}m² đất.",
            of(Figure::ViolationsFound),
            of(Figure::ViolationsConfirmed),
            of(Figure::ViolationsDismissed),
            of(Figure::ViolationsSuspected),
            of(Figure::ViolationsRecommended),
            of(Figure::ViolationsResolved),
            of(Figure::MoneyRecoveredVnd),
            of(Figure::LandRecoveredM2),
        ),
    ];
    paragraphs.push(earlier.iter().map(|earlier| comparison(row, earlier)).collect::<Vec<_>>().join(" "));
    if let Some((to_date, sum)) = to_date.and_then(|rollup| Some((rollup, rollup.first()?))) {
        paragraphs.push(format!(
            "Lũy kế từ đầu năm (từ ngày {} đến ngày {}): {} cuộc giám sát, {} vụ có dấu hiệu vi phạm, đã xử lý {} vụ, thu hồi {}\u{a0}đồng và {}\u{a0}m² đất.{}",
            numbers::day(to_date.from),
            numbers::day(to_date.to),
            count(sum, Figure::SupervisionSessions),
            count(sum, Figure::ViolationsFound),
            count(sum, Figure::ViolationsResolved),
            count(sum, Figure::MoneyRecoveredVnd),
            count(sum, Figure::LandRecoveredM2),
            match missing_to_date {
                [] => String::new(),
                quarters => format!(" Số lũy kế không gồm {} vì không có số liệu.", listed(quarters)),
            },
        ));
    }
    let missing = row.figure(Figure::UnitsExpected) - row.figure(Figure::UnitsReported);
    let outcome = match missing {
        0 => "Tất cả đơn vị đã báo cáo.".to_owned(),
        missing => format!(
            "Còn {} đơn vị chưa báo cáo; số liệu của kỳ sẽ thay đổi khi các đơn vị này báo cáo.",
            written(missing, Measure::Count, Lang::Vi)
        ),
    };
    paragraphs.push(format!(
        "Có {} trên {} đơn vị đã báo cáo, trong đó {} đơn vị báo cáo “không”. {outcome}",
        of(Figure::UnitsReported),
        of(Figure::UnitsExpected),
        of(Figure::UnitsNil)
    ));
    paragraphs
}

/// The unit's name within a sentence: `thành phố Hà Nội`.
fn place(row: &RollupRow) -> String {
    let mut chars = row.name.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn comparison(row: &RollupRow, earlier: &Earlier<'_>) -> String {
    let Some(before) = earlier.row else {
        return match &earlier.missing[..] {
            [] => format!("{}: không có số liệu.", earlier.opening),
            quarters => format!("{}: không đủ số liệu, thiếu {}.", earlier.opening, listed(quarters)),
        };
    };
    let moved = |name: &str, figure| movement(name, row.figure(figure), before.figure(figure));
    format!(
        "{}: {}; {}; {}.",
        earlier.opening,
        moved("số cuộc giám sát", Figure::SupervisionSessions),
        moved("số vụ có dấu hiệu vi phạm", Figure::ViolationsFound),
        moved("số vụ đã xử lý", Figure::ViolationsResolved)
    )
}

/// `quý I năm 2020, quý II năm 2020`.
fn listed(quarters: &[Quarter]) -> String {
    let names = quarters.iter().map(|quarter| words::period(Period::Quarter(*quarter), Lang::Vi));
    names.collect::<Vec<_>>().join(", ")
}

/// `số cuộc giám sát tăng 12 (5,0%)`.
fn movement(name: &str, now: i128, before: i128) -> String {
    let difference = now - before;
    let verb = match difference {
        0 => return format!("{name} không đổi"),
        1.. => "tăng",
        _ => "giảm",
    };
    let amount = written(difference.abs(), Measure::Count, Lang::Vi);
    match percent(difference.abs(), before, Lang::Vi) {
        Some(percent) => format!("{name} {verb} {amount} ({percent})"),
        None => format!("{name} {verb} {amount}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_movement_is_said_with_its_share_where_there_is_one() {
        assert_eq!(movement("số vụ", 252, 240), "số vụ tăng 12 (5,0%)");
        assert_eq!(movement("số vụ", 1_000, 4_000), "số vụ giảm 3.000 (75,0%)");
        assert_eq!(movement("số vụ", 5, 0), "số vụ tăng 5");
        assert_eq!(movement("số vụ", 5, 5), "số vụ không đổi");
    }
}

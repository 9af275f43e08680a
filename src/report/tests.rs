//! What a reader of the outputs sees.

use std::fs;

use super::contents::Contents;
use super::*;
use crate::domain::Period;
use crate::rollup::Rollup;
use crate::store::ReadFigures as _;
use crate::store::sqlite::SqliteStore;
use crate::text::{Lang, report as say};

fn rollup(period: &str, unit: Option<&str>) -> Rollup {
    let folder = tempfile::tempdir().unwrap();
    let mut store = fixture::store(&folder.path().join("store"), true);
    let rules = fixture::rules();
    let period: Period = period.parse().unwrap();
    let cells = store.cells(&period.quarters(), &rules).unwrap();
    Rollup::of(period, unit, &cells, &rules).unwrap()
}

fn made_up(synthetic: bool) -> Caveats {
    Caveats { synthetic, gone: 0 }
}

fn report(head: &ReportHead, synthetic: bool) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut store = fixture::store(&folder.path().join("store"), synthetic);
    page_of(&mut store, "2020-Q4", head)
}

fn page_of(store: &mut SqliteStore, period: &str, head: &ReportHead) -> String {
    let contents = Contents::read(store, &fixture::rules(), period.parse().unwrap()).unwrap();
    html::report_html(&sections::document(&contents, head).unwrap())
}

/// The part of a page from one text to another.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let start = page.find(from).unwrap();
    &page[start..start + page[start..].find(to).unwrap()]
}

#[test]
fn the_json_is_the_contracts() {
    insta::assert_snapshot!(json::rollup_json(&rollup("2020-Q4", Some("277")), made_up(false)));
}

#[test]
fn made_up_figures_say_so_in_every_form() {
    let rollup = rollup("2020-Q4", None);
    let read: serde_json::Value = serde_json::from_str(&json::rollup_json(&rollup, made_up(true))).unwrap();
    assert_eq!(read["synthetic"], say::synthetic().en.as_ref());
    let read: serde_json::Value = serde_json::from_str(&json::rollup_json(&rollup, made_up(false))).unwrap();
    assert_eq!(read.get("synthetic"), None);
    assert!(terminal::rollup_table(&rollup, made_up(true), Lang::Vi).contains(&*say::synthetic().vi));
    assert!(!terminal::rollup_table(&rollup, made_up(false), Lang::Vi).contains(&*say::synthetic().vi));
    let csv = csv::rollup_csv(&rollup, made_up(true));
    assert!(csv.lines().next().unwrap().ends_with(",synthetic"));
    assert!(csv.lines().skip(1).all(|line| line.ends_with(",true")));
    let page = report(&ReportHead::default(), true);
    assert_eq!(page.matches("[số liệu mẫu]").count(), page.matches("<caption").count() + 1);
    assert!(page.contains(&*say::synthetic().vi));
    assert!(!report(&ReportHead::default(), false).contains("mẫu]"));
}

#[test]
fn the_csv_has_a_row_per_unit() {
    insta::assert_snapshot!(csv::rollup_csv(&rollup("2020-Q4", None), made_up(false)));
}

#[test]
fn the_table_is_aligned_in_both_languages() {
    insta::assert_snapshot!(terminal::rollup_table(&rollup("2020-Q4", None), made_up(true), Lang::Vi));
    insta::assert_snapshot!(terminal::rollup_table(&rollup("2020", Some("001")), made_up(false), Lang::En));
}

#[test]
fn the_report_has_head_prose_and_tables() {
    let head = ReportHead {
        number: "05/BC-BCĐ".into(),
        date: "2020-12-03".into(),
        signatory_name: "Nguyễn Văn A".into(),
        ..ReportHead::default()
    };
    let page = report(&head, true);
    insta::assert_snapshot!(between(&page, "<main>", "</main>"));
}

#[test]
fn the_report_has_one_heading_of_the_first_level_and_nothing_from_elsewhere() {
    let page = report(&ReportHead::default(), false);
    assert_eq!(page.matches("<h1>").count(), 1);
    assert!(page.contains("<html lang=\"vi\">"));
    for foreign in ["<script", "src=", "href=", "url(http", "@import", "<link"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[test]
fn a_part_of_a_period_is_no_measure_of_another_and_a_sum_says_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = fixture::store(&folder.path().join("store"), false);
    let mut report = |period: &str| page_of(&mut store, period, &ReportHead::default());
    // There are records of 2020-Q3, 2020-Q4 and 2021-Q1.
    let year = report("2021");
    assert!(year.contains("So với năm 2020: không đủ số liệu, thiếu quý I năm 2020, quý II năm 2020."), "{year}");
    let half = report("2021-H1");
    assert!(half.contains("So với 6 tháng cuối năm 2020: số cuộc giám sát giảm"), "{half}");
    assert!(half.contains("So với cùng kỳ (6 tháng đầu năm 2020): không có số liệu."), "{half}");
    assert!(half.contains("Số lũy kế không gồm quý II năm 2021 vì không có số liệu."), "{half}");
    assert!(!report("2021-Q1").contains("Số lũy kế không gồm"));
}

#[test]
fn a_unit_that_has_not_reported_shows_no_zeros_on_a_terminal() {
    let text = terminal::rollup_table(&rollup("2020-Q4", None), made_up(false), Lang::Vi);
    let line = |name: &str| text.lines().find(|line| line.contains(name)).unwrap().split_whitespace().rev().take(5);
    assert_eq!(line("Phường Lê Lợi").collect::<Vec<_>>(), ["0/1", "–", "–", "–", "–"]);
    assert_eq!(line("Thị trấn Chúc Sơn").collect::<Vec<_>>(), ["1/1", "0", "0", "0", "0"], "a nil return");
    assert!(text.ends_with("đã báo cáo và không phát sinh.\n"));
}

#[test]
fn a_party_head_names_the_party_and_no_motto() {
    let page = report(&ReportHead { party: true, ..ReportHead::default() }, false);
    assert!(page.contains("ĐẢNG CỘNG SẢN VIỆT NAM"));
    assert!(!page.contains("Độc lập - Tự do - Hạnh phúc"));
}

#[test]
fn markup_in_a_configured_text_is_text() {
    let page = report(&ReportHead { addressee: "<b>A & B</b>".into(), ..ReportHead::default() }, false);
    assert!(!page.contains("<b>A"));
}

#[test]
fn the_files_are_the_same_bytes_when_built_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = fixture::store(&folder.path().join("store"), true);
    let rules = fixture::rules();
    let mut build = |name: &str| {
        let out = folder.path().join(name);
        let files = write_report(&mut store, &rules, "2020-Q4".parse().unwrap(), &ReportHead::default(), &out).unwrap();
        let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["giaoban-2020-Q4.html", "giaoban-2020-Q4.csv", "giaoban-2020-Q4.json"]);
        assert_eq!(fs::read_dir(&out).unwrap().count(), 3);
        files.iter().map(|file| fs::read(file).unwrap()).collect::<Vec<_>>()
    };
    let first = build("a");
    assert_eq!(first, build("b/c"));
    assert_eq!(first, build("a"));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = fixture::store(&folder.path().join("store"), true);
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let out = file.join("out");
    let result = write_report(&mut store, &fixture::rules(), "2020-Q4".parse().unwrap(), &ReportHead::default(), &out);
    assert!(matches!(result, Err(ReportError::Write { path, .. }) if path == out));
}

/// The millimetres of a declaration such as `margin: 20mm 15mm 20mm 30mm`.
fn millimetres(text: &str) -> Vec<u32> {
    text.split_whitespace()
        .map(|side| side.trim_end_matches(';').strip_suffix("mm").unwrap().parse().unwrap())
        .collect()
}

#[test]
fn the_page_is_set_by_decree_30() {
    let page = report(&ReportHead::default(), false);
    let rule = between(&page, "@page {", "\n");
    assert!(rule.contains("size: A4 portrait;"), "{rule}");
    // Top and bottom 20 to 25 mm, left 30 to 35, right 15 to 20.
    let margins = millimetres(between(rule, "margin: ", ";").strip_prefix("margin: ").unwrap());
    for (margin, allowed) in margins.iter().zip([20..=25, 15..=20, 20..=25, 30..=35]) {
        assert!(allowed.contains(margin), "{margin} mm of {margins:?}");
    }
    assert_eq!(margins.len(), 4);
    // Page numbers in Arabic, in the middle at the top, from the second page on.
    assert!(rule.contains("@top-center { content: counter(page);"), "{rule}");
    assert!(between(&page, "@page :first {", "\n").contains("@top-center { content: none; }"));
    // Times New Roman, black, 13 or 14 points; elsewhere a face of the same widths.
    let body = between(&page, "body {", "}");
    assert!(body.contains(r#"13pt/1.4 "Times New Roman", "Liberation Serif", Tinos, serif"#), "{body}");
    // The heads of the left and of the right.
    let head = between(&page, "<main", "<h1");
    let at = |text: &str| head.find(text).unwrap_or_else(|| panic!("no {text} in {head}"));
    assert!(at("THÀNH ỦY HÀ NỘI") < at("BAN CHỈ ĐẠO") && at("BAN CHỈ ĐẠO") < at("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"));
    assert!(at("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM") < at("Độc lập - Tự do - Hạnh phúc"));
}

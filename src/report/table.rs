//! A rollup for reading on a terminal: the main figures of each unit.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::grid::{NOT_REPORTED, silent};
use super::words::{self, pick};
use super::{SYNTHETIC_EN, SYNTHETIC_VI, numbers};
use crate::domain::{Figure, Measure};
use crate::rollup::{Rollup, RollupRow};
use crate::text::Lang;

/// More rows than these are no reading: the first unit and those right under it then.
const MAX_ROWS: usize = 60;

const FIGURES: [Figure; 4] =
    [Figure::SupervisionSessions, Figure::ViolationsFound, Figure::ViolationsResolved, Figure::MoneyRecoveredVnd];

/// A rollup as an aligned table.
pub fn rollup_table(rollup: &Rollup, synthetic: bool, lang: Lang) -> String {
    let mut text = heading(rollup, synthetic, lang);
    let top = rollup.first().map(|row| row.unit.as_str());
    let short = rollup.rows.len() > MAX_ROWS;
    let shown: Vec<&RollupRow> = rollup
        .rows
        .iter()
        .filter(|row| !short || Some(row.unit.as_str()) == top || row.parent.as_deref() == top)
        .collect();
    let mut lines = vec![header(lang)];
    lines.extend(shown.iter().map(|row| line(row, depth(rollup, row), lang)));
    let mut widths = [0; 7];
    for line in &lines {
        for (width, field) in widths.iter_mut().zip(line) {
            *width = (*width).max(field.width());
        }
    }
    for (index, line) in lines.iter().enumerate() {
        let mut row = String::new();
        for (column, (field, width)) in line.iter().zip(widths).enumerate() {
            let gap = " ".repeat(width - field.width());
            // Names stand left, numbers right.
            let _ = if column < 2 { write!(row, "{field}{gap}  ") } else { write!(row, "{gap}{field}  ") };
        }
        let _ = writeln!(text, "{}", row.trim_end());
        if index == 0 {
            let _ = writeln!(text, "{}", "─".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1)));
        }
    }
    if shown.iter().any(|row| silent(row)) {
        let _ = writeln!(
            text,
            "{}",
            pick(
                lang,
                "Dấu “–”: chưa báo cáo. Số 0: đã báo cáo và không phát sinh.",
                "“–”: not reported. 0: reported, and nothing occurred.",
            )
        );
    }
    if short {
        let (left_out, all) = (rollup.rows.len() - shown.len(), rollup.rows.len());
        let _ = match lang {
            Lang::Vi => {
                writeln!(text, "Còn {left_out} đơn vị cấp dưới: xem cả {all} dòng bằng --format csv, hoặc --unit MÃ.")
            }
            Lang::En => {
                writeln!(text, "{left_out} units below are left out: all {all} rows with --format csv, or --unit CODE.")
            }
        };
    }
    text
}

fn heading(rollup: &Rollup, synthetic: bool, lang: Lang) -> String {
    let mut text = String::new();
    let period = words::capitalized(&words::period(rollup.period, lang));
    let (from, to) = (numbers::day(rollup.from), numbers::day(rollup.to));
    let calendar = &rollup.calendar;
    let _ = match lang {
        Lang::Vi => writeln!(text, "{period} ({}), từ {from} đến {to}, lịch {calendar}", rollup.period),
        Lang::En => writeln!(text, "{period} ({}), {from} to {to}, calendar {calendar}", rollup.period),
    };
    if synthetic {
        let _ = writeln!(text, "{}", pick(lang, SYNTHETIC_VI, SYNTHETIC_EN));
    }
    text.push('\n');
    text
}

fn header(lang: Lang) -> [String; 7] {
    pick(
        lang,
        ["Mã", "Đơn vị", "Giám sát", "Vụ phát hiện", "Đã xử lý", "Thu hồi (đồng)", "Đã báo cáo"],
        ["Code", "Unit", "Sessions", "Cases found", "Resolved", "Recovered (VND)", "Reported"],
    )
    .map(str::to_owned)
}

fn line(row: &RollupRow, depth: usize, lang: Lang) -> [String; 7] {
    let [sessions, found, resolved, money] = FIGURES.map(|figure| match silent(row) {
        true => NOT_REPORTED.to_owned(),
        false => numbers::written(row.figure(figure), figure.measure(), lang),
    });
    let units = |figure| numbers::written(row.figure(figure), Measure::Count, lang);
    let reported = match row.figure(Figure::UnitsExpected) {
        0 => String::new(),
        _ => format!("{}/{}", units(Figure::UnitsReported), units(Figure::UnitsExpected)),
    };
    [row.unit.clone(), "  ".repeat(depth) + &row.name, sessions, found, resolved, money, reported]
}

/// How many of a row's ancestors are in the rollup.
fn depth(rollup: &Rollup, row: &RollupRow) -> usize {
    let parent = |row: &&RollupRow| {
        let code = row.parent.as_deref()?;
        rollup.rows.iter().find(|other| other.unit == code)
    };
    // A unit has at most three levels; the bound keeps a code that is its own ancestor from looping.
    std::iter::successors(Some(row), parent).take(8).count() - 1
}

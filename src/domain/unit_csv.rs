//! The table of units as CSV: read, and checked for overlaps, gaps, orphans and cycles.

use jiff::civil::Date;
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::unit::{UnitCode, UnitKind, UnitRow};

/// What is wrong with a table of units, each with its line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file} line {line}: {problem}")]
pub struct UnitTableError {
    /// `units` or `succession`.
    pub file: &'static str,
    /// 1-based line of that file.
    pub line: usize,
    /// What is wrong and what to do.
    pub problem: String,
}

#[derive(Deserialize)]
struct CsvRow {
    code: String,
    name: String,
    kind: String,
    parent_code: String,
    valid_from: String,
    valid_to: String,
}

pub(super) fn strip_bom(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}

fn problem_at(line: usize, problem: String) -> UnitTableError {
    UnitTableError { file: "units", line, problem }
}

/// The rows of a table, each checked by itself, then all of them together. What is wrong is added to `problems`.
pub(super) fn read(text: &str, problems: &mut Vec<UnitTableError>) -> Vec<UnitRow> {
    let rows = read_rows(text, problems);
    if rows.is_empty() && problems.is_empty() {
        problems.push(problem_at(
            1,
            "the table has no units: add rows code,name,kind,parent_code,valid_from,valid_to".into(),
        ));
    }
    check_dates(&rows, problems);
    check_parents(&rows, problems);
    problems.sort_by_key(|problem| problem.line);
    rows
}

fn read_rows(text: &str, problems: &mut Vec<UnitTableError>) -> Vec<UnitRow> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(strip_bom(text).as_bytes());
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(error) => {
            problems.push(problem_at(1, format!("{error}: save the file as UTF-8 CSV")));
            return Vec::new();
        }
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        let parsed = record
            .map_err(|error| (error.position().map_or(0, |p| p.line() as usize), error.to_string()))
            .and_then(|record| {
                let line = record.position().map_or(0, |p| p.line() as usize);
                let row: CsvRow = record.deserialize(Some(&headers)).map_err(|error| (line, error.to_string()))?;
                parse_row(row, line).map_err(|problem| (line, problem))
            });
        match parsed {
            Ok(row) => rows.push(row),
            Err((line, problem)) => problems.push(problem_at(line, problem)),
        }
    }
    rows
}

fn parse_row(row: CsvRow, line: usize) -> Result<UnitRow, String> {
    let code = |text: &str| {
        UnitCode::new(text).ok_or_else(|| format!("\"{text}\" cannot be a code: use 1 to 15 letters and digits"))
    };
    let day = |text: &str| text.parse::<Date>().map_err(|_| format!("\"{text}\" is no date: write 2020-01-31"));
    if row.name.is_empty() {
        return Err("the name is missing".into());
    }
    let kind = UnitKind::parse(&row.kind)
        .ok_or_else(|| format!("kind \"{}\" is unknown: use one of {}", row.kind, UnitKind::NAMES.join(", ")))?;
    let valid_from = day(&row.valid_from)?;
    let valid_to = if row.valid_to.is_empty() { None } else { Some(day(&row.valid_to)?) };
    if valid_to.is_some_and(|to| to < valid_from) {
        return Err(format!("valid_to {} lies before valid_from {valid_from}", row.valid_to));
    }
    let parent = if row.parent_code.is_empty() { None } else { Some(code(&row.parent_code)?) };
    Ok(UnitRow { code: code(&row.code)?, name: row.name, kind, parent, valid_from, valid_to, line })
}

fn by_code(rows: &[UnitRow]) -> FxHashMap<UnitCode, Vec<&UnitRow>> {
    let mut map: FxHashMap<UnitCode, Vec<&UnitRow>> = FxHashMap::default();
    for row in rows {
        map.entry(row.code).or_default().push(row);
    }
    for rows in map.values_mut() {
        rows.sort_by_key(|row| row.valid_from);
    }
    map
}

/// A code is one unit on any day, without a break.
fn check_dates(rows: &[UnitRow], problems: &mut Vec<UnitTableError>) {
    for rows in by_code(rows).values() {
        for pair in rows.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            let follows = before.valid_to.and_then(|to| to.tomorrow().ok());
            match follows {
                Some(next) if next == after.valid_from => {}
                Some(next) if next < after.valid_from => problems.push(problem_at(
                    after.line,
                    format!(
                        "gap: {} is missing from {next} to the day before {} (see line {}): close it",
                        after.code, after.valid_from, before.line
                    ),
                )),
                _ => problems.push(problem_at(
                    after.line,
                    format!(
                        "overlap: {} from {} is still in force on line {}: end that row the day before",
                        after.code, after.valid_from, before.line
                    ),
                )),
            }
        }
    }
}

/// Every unit has its parent in force on each of its days, one level or more up, and there is one root.
fn check_parents(rows: &[UnitRow], problems: &mut Vec<UnitTableError>) {
    let units = by_code(rows);
    let mut root: Option<&UnitRow> = None;
    for row in rows {
        let Some(parent) = row.parent else {
            match root {
                Some(first) if first.code != row.code => problems.push(problem_at(
                    row.line,
                    format!(
                        "orphan: {} has no parent, and {} on line {} is the root already: give it a parent_code",
                        row.code, first.code, first.line
                    ),
                )),
                _ => root = Some(row),
            }
            continue;
        };
        if in_cycle(row, &units) {
            problems.push(problem_at(
                row.line,
                format!("cycle: {} lies under itself by way of {parent}: correct parent_code", row.code),
            ));
            continue;
        }
        let above = units.get(&parent).map(Vec::as_slice).unwrap_or_default();
        if above.is_empty() {
            problems
                .push(problem_at(row.line, format!("orphan: the parent {parent} of {} is not in the table", row.code)));
            continue;
        }
        if let Some(higher) = above.iter().find(|unit| unit.kind.level() >= row.kind.level()) {
            problems.push(problem_at(
                row.line,
                format!(
                    "orphan: {} ({}) cannot lie under {parent} ({}): a parent is of a higher level",
                    row.code,
                    row.kind.name(),
                    higher.kind.name()
                ),
            ));
            continue;
        }
        let covered = above.first().is_some_and(|first| first.valid_from <= row.valid_from)
            && above.last().is_some_and(|last| match (last.valid_to, row.valid_to) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(above_to), Some(to)) => to <= above_to,
            });
        if !covered {
            problems.push(problem_at(
                row.line,
                format!("orphan: the parent {parent} of {} is not in force on all of its days: cut the row or correct the dates", row.code),
            ));
        }
    }
    if root.is_none() && !rows.is_empty() {
        problems.push(problem_at(rows[0].line, "no root: exactly one unit must have an empty parent_code".into()));
    }
}

fn in_cycle(row: &UnitRow, units: &FxHashMap<UnitCode, Vec<&UnitRow>>) -> bool {
    let mut stack: Vec<UnitCode> = row.parent.into_iter().collect();
    let mut seen = Vec::new();
    while let Some(code) = stack.pop() {
        if code == row.code {
            return true;
        }
        if !seen.contains(&code) {
            seen.push(code);
            stack.extend(units.get(&code).into_iter().flatten().filter_map(|unit| unit.parent));
        }
    }
    false
}

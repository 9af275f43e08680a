//! The table of units as CSV: read, and checked for overlaps, gaps, orphans and cycles.

use jiff::civil::Date;
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::unit::{UnitCode, UnitKind, UnitRow};

/// What is wrong in a file of units, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitTableError {
    /// In which.
    pub file: UnitFile,
    /// 1-based line of that file.
    pub line: usize,
    /// What is wrong.
    pub problem: UnitProblem,
}

/// A file of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitFile {
    /// The table, with the columns `code,name,kind,parent_code,valid_from,valid_to`.
    Table,
    /// Who took over from whom, with the columns `from_code,to_code,effective_on,extent,basis`.
    Succession,
}

/// What can be wrong in a file of units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitProblem {
    /// It is not CSV of these columns: the words of its reader.
    Malformed(String),
    /// There is no row.
    Empty,
    /// No code.
    Code(String),
    /// No day.
    Day(String),
    /// A unit without a name.
    Nameless,
    /// No kind of unit.
    Kind(String),
    /// A unit that ends before it begins.
    EndsBeforeItBegins {
        /// Its first day.
        from: Date,
        /// Its last.
        to: Date,
    },
    /// A code that is no unit for some days.
    Gap {
        /// The code.
        code: UnitCode,
        /// The first day without it.
        missing_from: Date,
        /// The day from which it is there again.
        until: Date,
        /// The line of the row before.
        line: usize,
    },
    /// A code that is two units on one day.
    Overlap {
        /// The code.
        code: UnitCode,
        /// Since when the second is there.
        from: Date,
        /// The line of the first.
        line: usize,
    },
    /// Two units without one above them.
    SecondRoot {
        /// The second.
        code: UnitCode,
        /// The first.
        root: UnitCode,
        /// Its line.
        line: usize,
    },
    /// No unit is without one above it.
    Rootless,
    /// A unit below itself.
    Cycle {
        /// The unit.
        code: UnitCode,
        /// By way of which.
        parent: UnitCode,
    },
    /// The unit above is not in the table.
    ParentUnknown {
        /// The unit.
        code: UnitCode,
        /// The one above.
        parent: UnitCode,
    },
    /// The unit above is of no higher level.
    ParentNotAbove {
        /// The unit.
        code: UnitCode,
        /// Its kind.
        kind: UnitKind,
        /// The one above.
        parent: UnitCode,
        /// Its kind.
        parent_kind: UnitKind,
    },
    /// The unit above is not there on all days.
    ParentNotInForce {
        /// The unit.
        code: UnitCode,
        /// The one above.
        parent: UnitCode,
    },
    /// No unit ever had the code.
    CodeUnknown(UnitCode),
    /// No unit has the code on that day.
    NotInForce(UnitCode, Date),
    /// Two units took a third over whole.
    TwoHeirs {
        /// The unit that ended.
        code: UnitCode,
        /// One that took it over.
        one: UnitCode,
        /// The other.
        other: UnitCode,
    },
    /// A unit goes over neither whole nor in part.
    Extent(String),
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

fn problem_at(line: usize, problem: UnitProblem) -> UnitTableError {
    UnitTableError { file: UnitFile::Table, line, problem }
}

/// The rows of a table, each checked by itself, then all of them together. What is wrong is added to `problems`.
pub(super) fn read(text: &str, problems: &mut Vec<UnitTableError>) -> Vec<UnitRow> {
    let rows = read_rows(text, problems);
    if rows.is_empty() && problems.is_empty() {
        problems.push(problem_at(1, UnitProblem::Empty));
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
            problems.push(problem_at(1, UnitProblem::Malformed(error.to_string())));
            return Vec::new();
        }
    };
    let malformed = |error: &csv::Error| UnitProblem::Malformed(error.to_string());
    let mut rows = Vec::new();
    for record in reader.records() {
        let parsed = record
            .map_err(|error| (error.position().map_or(0, |p| p.line() as usize), malformed(&error)))
            .and_then(|record| {
                let line = record.position().map_or(0, |p| p.line() as usize);
                let row: CsvRow = record.deserialize(Some(&headers)).map_err(|error| (line, malformed(&error)))?;
                parse_row(row, line).map_err(|problem| (line, problem))
            });
        match parsed {
            Ok(row) => rows.push(row),
            Err((line, problem)) => problems.push(problem_at(line, problem)),
        }
    }
    rows
}

fn parse_row(row: CsvRow, line: usize) -> Result<UnitRow, UnitProblem> {
    let code = |text: &str| UnitCode::new(text).ok_or_else(|| UnitProblem::Code(text.to_owned()));
    let day = |text: &str| text.parse::<Date>().map_err(|_| UnitProblem::Day(text.to_owned()));
    if row.name.is_empty() {
        return Err(UnitProblem::Nameless);
    }
    let kind = UnitKind::parse(&row.kind).ok_or_else(|| UnitProblem::Kind(row.kind.clone()))?;
    let valid_from = day(&row.valid_from)?;
    let valid_to = if row.valid_to.is_empty() { None } else { Some(day(&row.valid_to)?) };
    if let Some(to) = valid_to.filter(|to| *to < valid_from) {
        return Err(UnitProblem::EndsBeforeItBegins { from: valid_from, to });
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
                    UnitProblem::Gap {
                        code: after.code,
                        missing_from: next,
                        until: after.valid_from,
                        line: before.line,
                    },
                )),
                _ => problems.push(problem_at(
                    after.line,
                    UnitProblem::Overlap { code: after.code, from: after.valid_from, line: before.line },
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
                    UnitProblem::SecondRoot { code: row.code, root: first.code, line: first.line },
                )),
                _ => root = Some(row),
            }
            continue;
        };
        if in_cycle(row, &units) {
            problems.push(problem_at(row.line, UnitProblem::Cycle { code: row.code, parent }));
            continue;
        }
        let above = units.get(&parent).map(Vec::as_slice).unwrap_or_default();
        if above.is_empty() {
            problems.push(problem_at(row.line, UnitProblem::ParentUnknown { code: row.code, parent }));
            continue;
        }
        if let Some(higher) = above.iter().find(|unit| unit.kind.level() >= row.kind.level()) {
            problems.push(problem_at(
                row.line,
                UnitProblem::ParentNotAbove { code: row.code, kind: row.kind, parent, parent_kind: higher.kind },
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
            problems.push(problem_at(row.line, UnitProblem::ParentNotInForce { code: row.code, parent }));
        }
    }
    if root.is_none() && !rows.is_empty() {
        problems.push(problem_at(rows[0].line, UnitProblem::Rootless));
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

//! Who took over from whom: a unit that ended, and the one that it went over to.

use std::fmt::Write as _;

use jiff::civil::Date;
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::unit::UnitCode;
use super::unit_csv::{UnitFile, UnitProblem, UnitTableError, strip_bom};
use super::unit_segment::{Lookup, Segments};

/// Every succession.
#[derive(Clone, Debug, Default)]
pub(super) struct Successions {
    /// (code that ended, first day without it) → who took it over whole.
    whole: FxHashMap<(UnitCode, Date), UnitCode>,
    /// Code that gave something up → each first day without it, and who took it over, whole or in part.
    takers: FxHashMap<UnitCode, Vec<(Date, UnitCode)>>,
    /// For the fingerprint.
    rows: Vec<String>,
}

#[derive(Deserialize)]
struct SuccessionRow {
    from_code: UnitCode,
    to_code: UnitCode,
    effective_on: Date,
    extent: String,
}

impl Successions {
    /// Reads successions from CSV with the columns `from_code,to_code,effective_on,extent,basis`, and checks each
    /// against the units. What is wrong is added to `problems`.
    pub(super) fn read(text: &str, units: &Segments, problems: &mut Vec<UnitTableError>) -> Self {
        let mut all = Self::default();
        let problem = |line, problem| UnitTableError { file: UnitFile::Succession, line, problem };
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(strip_bom(text).as_bytes());
        for row in reader.deserialize::<SuccessionRow>() {
            let row = match row {
                Ok(row) => row,
                Err(error) => {
                    let line = error.position().map_or(0, |position| position.line() as usize);
                    problems.push(problem(line, UnitProblem::Malformed(error.to_string())));
                    continue;
                }
            };
            let line = all.rows.len() + 2;
            all.rows.push(format!("{},{},{},{}", row.from_code, row.to_code, row.effective_on, row.extent));
            let last_day = row.effective_on.yesterday().unwrap_or(row.effective_on);
            if units.at(row.from_code, last_day) == Lookup::Unknown {
                problems.push(problem(line, UnitProblem::CodeUnknown(row.from_code)));
                continue;
            }
            if !matches!(units.at(row.to_code, row.effective_on), Lookup::InForce(_)) {
                problems.push(problem(line, UnitProblem::NotInForce(row.to_code, row.effective_on)));
                continue;
            }
            all.takers.entry(row.from_code).or_default().push((row.effective_on, row.to_code));
            if row.extent == "whole" {
                let former = all.whole.insert((row.from_code, row.effective_on), row.to_code);
                if let Some(former) = former.filter(|former| *former != row.to_code) {
                    problems.push(problem(
                        line,
                        UnitProblem::TwoHeirs { code: row.from_code, one: former, other: row.to_code },
                    ));
                }
            } else if row.extent != "part" {
                problems.push(problem(line, UnitProblem::Extent(row.extent.clone())));
            }
        }
        all
    }

    /// Who took the unit over whole that ended on the day before; `None` if nobody did.
    pub(super) fn heir(&self, code: UnitCode, first_day_without: Date) -> Option<UnitCode> {
        self.whole.get(&(code, first_day_without)).copied()
    }

    /// Every taking over from a unit of that code, whole or in part: the first day without what was given up, and who
    /// took it over.
    pub(super) fn takers(&self, code: UnitCode) -> &[(Date, UnitCode)] {
        self.takers.get(&code).map_or(&[], Vec::as_slice)
    }

    /// All that decides figures, as text for the rules' fingerprint.
    pub(super) fn describe(&self, out: &mut String) {
        for row in &self.rows {
            let _ = writeln!(out, "succession {row}");
        }
    }
}

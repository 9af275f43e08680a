//! Writes a period's report into files, whole or not at all.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::html::{self, Contents};
use super::year::YearFacts;
use super::{ReportError, csv, head::ReportHead, json};
use crate::domain::{Figure, Period, Rules};
use crate::rollup::Rollup;
use crate::store::StoreReader;

/// Writes `giaoban-<period>.html`, `.csv` and `.json` into `out`, which is made
/// if it is missing. Returns the files. The same store gives the same bytes.
pub fn write_report(
    store: &mut dyn StoreReader,
    rules: &Rules,
    period: Period,
    head: &ReportHead,
    out: &Path,
) -> Result<Vec<PathBuf>, ReportError> {
    let contents = gather(store, rules, period)?;
    fs::create_dir_all(out).map_err(|error| ReportError::Write { path: out.to_owned(), error })?;
    let texts = [
        ("html", html::report_html(&contents, head)),
        ("csv", csv::rollup_csv(&contents.now, contents.synthetic)),
        ("json", json::rollup_json(&contents.now, contents.synthetic)),
    ];
    let mut files = Vec::new();
    for (suffix, text) in texts {
        let path = out.join(format!("giaoban-{period}.{suffix}"));
        replace(&path, text.as_bytes()).map_err(|error| ReportError::Write { path: path.clone(), error })?;
        files.push(path);
    }
    Ok(files)
}

/// What the report of a period is made of.
pub fn gather(store: &mut dyn StoreReader, rules: &Rules, period: Period) -> Result<Contents, ReportError> {
    let now = rollup(store, rules, period)?;
    let quarters = store.quarters()?;
    // Figures of a part of a period are no measure of another's.
    let whole = |period: &Period| period.quarters().iter().all(|quarter| quarters.contains(quarter));
    let before = Some(period.previous()).filter(whole);
    let year_before = html::a_year_before(period).filter(whole);
    let mut other = |period: Option<Period>| match period {
        Some(period) if rules.calendar.range(period).is_some() => {
            rollup(store, rules, period).map(|rollup| Some(rollup).filter(has_records))
        }
        _ => Ok(None),
    };
    Ok(Contents {
        before: other(before)?,
        year_before: other(year_before)?,
        to_date: other(Some(period.year_to_date()))?,
        quarters,
        now,
        year: YearFacts::of(store, period.year(), rules)?,
        records: store.record_count()?,
        fingerprint: rules.fingerprint(),
        synthetic: store.synthetic()?,
    })
}

fn rollup(store: &mut dyn StoreReader, rules: &Rules, period: Period) -> Result<Rollup, ReportError> {
    let cells = store.cells(&period.quarters(), rules)?;
    Ok(Rollup::of(period, None, &cells, rules)?)
}

fn has_records(rollup: &Rollup) -> bool {
    let counts = |figure: &&Figure| **figure != Figure::UnitsExpected;
    rollup.first().is_some_and(|row| Figure::ALL.iter().filter(counts).any(|figure| row.figure(*figure) != 0))
}

/// Writes beside the file and renames, so that nobody reads half of it.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = path.to_owned().into_os_string();
    beside.push(format!(".{}.part", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = fs::File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        // What is left of it is of no use; the first error is the one to tell.
        let _ = fs::remove_file(&beside);
    })
}

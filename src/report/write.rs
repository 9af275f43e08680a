//! Writes a period's report into files, whole or not at all.

use std::path::{Path, PathBuf};

use super::contents::Contents;
use super::{ReportError, ReportHead, csv, html, json, sections};
use crate::domain::{Period, Rules};
use crate::files::{WholeFile, create_folder};
use crate::store::StoreReader;

/// Writes `giaoban-<period>.html`, `.csv` and `.json` into `out`, which is made
/// if it is missing. Returns the files. The same store gives the same bytes.
///
/// # Errors
/// If the store cannot be read, the calendar does not have the period, or a file cannot be written.
pub fn write_report(
    store: &mut dyn StoreReader,
    rules: &Rules,
    period: Period,
    head: &ReportHead,
    out: &Path,
) -> Result<Vec<PathBuf>, ReportError> {
    let contents = Contents::read(store, rules, period)?;
    create_folder(out).map_err(|error| ReportError::Write { path: out.to_owned(), error })?;
    let page = sections::document(&contents, head).map(|document| html::report_html(&document));
    let texts = [
        ("html", page.unwrap_or_default()),
        ("csv", csv::rollup_csv(&contents.now, contents.caveats)),
        ("json", json::rollup_json(&contents.now, contents.caveats)),
    ];
    let mut files = Vec::new();
    for (suffix, text) in texts {
        let path = out.join(format!("giaoban-{period}.{suffix}"));
        WholeFile::write(&path, &text).map_err(|error| ReportError::Write { path: path.clone(), error })?;
        files.push(path);
    }
    Ok(files)
}

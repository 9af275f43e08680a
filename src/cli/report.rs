//! `giaoban report`: the report of a period, for the meeting.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Done;
use crate::domain::Period;
use crate::failure::{ExitCode, Failure};
use crate::program::Context;
use crate::report;
use crate::store::StoreReader;
use crate::terminal::print;
use crate::text::report as says;

/// The options of `giaoban report`.
#[derive(Args, Debug)]
#[command(after_help = "Ví dụ / Example:\n  giaoban report --period 2020-Q4 --out bao-cao")]
pub struct ReportArgs {
    /// Kỳ báo cáo · Reporting period
    #[arg(long)]
    period: Period,
    /// Thư mục nhận báo cáo · Folder for the report
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

/// Runs the command.
pub fn run(context: &Context, args: &ReportArgs) -> Done {
    let mut store = context.reader()?;
    context.note_lag(&mut *store)?;
    let there = std::fs::read_dir(&args.out).into_iter().flatten().flatten();
    let before: Vec<PathBuf> = there.map(|entry| entry.path()).collect();
    let files = write_report(context, &mut *store, args.period, &args.out)?;
    for file in files {
        if before.contains(&file) {
            context.note(&says::replaced(file.display()));
        }
        print(&format!("{}\n", file.display()))?;
    }
    Ok(ExitCode::Done)
}

/// Writes the report of a period as HTML, CSV and JSON.
pub fn write_report(
    context: &Context,
    store: &mut dyn StoreReader,
    period: Period,
    out: &Path,
) -> Result<Vec<PathBuf>, Failure> {
    Ok(report::write_report(store, &context.rules, period, &context.settings.report, out)?)
}

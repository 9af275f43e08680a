//! `giaoban overlaps`: forms' totals beside single records of the same unit, quarter and body.

use clap::Args;

use super::Done;
use super::rollup::Format;
use crate::domain::Period;
use crate::failure::ExitCode;
use crate::program::Context;
use crate::report;
use crate::report::overlaps::Overlap;
use crate::terminal::print;

/// The options of `giaoban overlaps`.
#[derive(Args, Debug)]
#[command(
    after_help = "Cả hai bên đều được tính; đơn vị rút một bên nếu là cùng một việc. Có hay không có chỗ trùng, mã thoát là 0.\nBoth sides are counted; the unit withdraws one if they are the same. The exit code is 0 with or without overlaps.\n\nVí dụ / Example:\n  giaoban overlaps --period 2020-Q4\n  giaoban overlaps --format json"
)]
pub struct OverlapsArgs {
    /// Kỳ báo cáo; không ghi là mọi quý · Reporting period; every quarter if none
    #[arg(long)]
    period: Option<Period>,
    /// Dạng kết quả · Form of the result
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Runs the command.
pub fn run(context: &Context, args: &OverlapsArgs) -> Done {
    let mut store = context.reader()?;
    let overlaps = Overlap::list(&mut *store, args.period, &context.rules)?;
    context.note_lag(&mut *store)?;
    print(&match args.format {
        Format::Json => report::json::overlaps_json(&overlaps),
        Format::Csv => report::csv::overlaps_csv(&overlaps),
        Format::Table => report::terminal::overlaps_text(&overlaps, context.lang()),
    })?;
    Ok(ExitCode::Done)
}

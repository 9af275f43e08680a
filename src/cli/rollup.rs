//! `giaoban rollup`: the figures of a period.

use clap::{Args, ValueEnum};

use super::Done;
use crate::domain::Period;
use crate::failure::ExitCode;
use crate::program::Context;
use crate::report::{self, Caveats};
use crate::rollup::Rollup;
use crate::terminal::print;

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
    /// For reading here.
    #[value(alias = "text")]
    Table,
}

/// How a result is written that has no columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// For reading here.
    #[value(alias = "table")]
    Text,
    /// For programs.
    Json,
}

/// The options of `giaoban rollup`.
#[derive(Args, Debug)]
#[command(
    after_help = "Ví dụ / Example:\n  giaoban rollup --period 2020-Q4 --format json\n  giaoban rollup --period 2020 --unit 001 --format csv > ba-dinh-2020.csv"
)]
pub struct RollupArgs {
    /// Kỳ báo cáo: 2020-Q4, 2020-H1, 2020-9M, 2020 · Reporting period
    #[arg(long)]
    period: Period,
    /// Chỉ đơn vị này và cấp dưới · This unit and all under it only
    #[arg(long, value_name = "CODE")]
    unit: Option<String>,
    /// Dạng kết quả · Form of the result
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Runs the command.
pub fn run(context: &Context, args: &RollupArgs) -> Done {
    let mut store = context.reader()?;
    let cells = store.cells(&args.period.quarters(), &context.rules)?;
    let rollup = Rollup::of(args.period, args.unit.as_deref(), &cells, &context.rules)?;
    let caveats = Caveats::of(&mut *store)?;
    context.note_lag(&mut *store)?;
    print(&match args.format {
        Format::Json => report::json::rollup_json(&rollup, caveats),
        Format::Csv => report::csv::rollup_csv(&rollup, caveats),
        Format::Table => report::terminal::rollup_table(&rollup, caveats, context.lang()),
    })?;
    Ok(ExitCode::Done)
}

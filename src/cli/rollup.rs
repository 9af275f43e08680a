//! `giaoban rollup`, `giaoban records`, `giaoban report`: the figures, what
//! stands behind each, and the report for the meeting.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::Done;
use crate::domain::{Figure, Period};
use crate::failure::{ExitCode, Failure};
use crate::program::Context;
use crate::report;
use crate::report::records::{Listing, ListingError};
use crate::rollup::Rollup;
use crate::rollup::RollupError;
use crate::rollup::table::OfUnit;
use crate::terminal::print;

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
    /// For reading here.
    Table,
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

/// Runs `giaoban rollup`.
pub fn run(context: &Context, args: &RollupArgs) -> Done {
    let mut store = context.reader()?;
    let cells = store.cells(&args.period.quarters(), &context.rules)?;
    let rollup = Rollup::of(args.period, args.unit.as_deref(), &cells, &context.rules)?;
    let synthetic = store.synthetic()?;
    context.note_lag(&mut *store)?;
    print(&match args.format {
        Format::Json => report::json::rollup_json(&rollup, synthetic),
        Format::Csv => report::csv::rollup_csv(&rollup, synthetic),
        Format::Table => report::terminal::rollup_table(&rollup, synthetic, context.lang()),
    })?;
    Ok(ExitCode::Done)
}

/// The options of `giaoban records`.
#[derive(Args, Debug)]
#[command(
    after_help = "Ví dụ / Example:\n  giaoban records --period 2020-Q4 --unit 001 --figure violations_found --format csv"
)]
pub struct RecordsArgs {
    /// Kỳ báo cáo · Reporting period
    #[arg(long)]
    period: Period,
    /// Đơn vị, kể cả cấp dưới; không ghi là toàn thành phố · The unit with all under it; all if none
    #[arg(long, value_name = "CODE")]
    unit: Option<String>,
    /// Ngày đầu của đơn vị, khi mã thuộc nhiều đơn vị trong kỳ · The unit's first day, where several had the code in the period
    #[arg(long, value_name = "DATE", requires = "unit")]
    since: Option<Date>,
    /// Tên số liệu, ví dụ violations_found · Name of the figure
    #[arg(long, value_parser = figures())]
    figure: Figure,
    /// Dạng kết quả · Form of the result
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Every figure by its name; of a name that there is not the nearest is told.
fn figures() -> impl TypedValueParser<Value = Figure> {
    PossibleValuesParser::new(Figure::NAMES).try_map(|name| Figure::parse(&name).ok_or(name))
}

/// Runs `giaoban records`.
pub fn records(context: &Context, args: &RecordsArgs) -> Done {
    let mut store = context.reader()?;
    let of = |since| OfUnit { code: args.unit.as_deref(), since };
    let mut listing = |unit| Listing::of(&mut *store, (args.figure, args.period, unit), &context.rules);
    let listings = match listing(of(args.since)) {
        // People see each apart; a program is to say which it means.
        Err(ListingError::Rollup(RollupError::WhichUnit { units, .. }))
            if args.since.is_none() && args.format == Format::Table =>
        {
            units.into_iter().map(|(_, since)| listing(of(Some(since)))).collect::<Result<Vec<_>, _>>()?
        }
        listing => vec![listing?],
    };
    context.note_lag(&mut *store)?;
    let text = |listing: &Listing| match args.format {
        Format::Json => report::json::listing_json(listing),
        Format::Csv => report::csv::listing_csv(listing),
        Format::Table => report::terminal::listing_table(listing, context.lang()),
    };
    print(&listings.iter().map(text).collect::<Vec<_>>().join("\n"))?;
    Ok(ExitCode::Done)
}

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

/// Runs `giaoban report`.
pub fn report(context: &Context, args: &ReportArgs) -> Done {
    let mut store = context.reader()?;
    let files = write_report(context, &mut *store, args.period, &args.out)?;
    context.note_lag(&mut *store)?;
    for file in files {
        print(&format!("{}\n", file.display()))?;
    }
    Ok(ExitCode::Done)
}

/// Writes the report of a period as HTML, CSV and JSON.
pub fn write_report(
    context: &Context,
    store: &mut dyn crate::store::StoreReader,
    period: Period,
    out: &std::path::Path,
) -> Result<Vec<PathBuf>, Failure> {
    Ok(report::write_report(store, &context.rules, period, &context.settings.report, out)?)
}

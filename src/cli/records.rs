//! `giaoban records`: the records behind a figure.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::civil::Date;

use super::Done;
use super::rollup::Format;
use crate::domain::{Figure, Period};
use crate::failure::ExitCode;
use crate::program::Context;
use crate::report;
use crate::report::records::{Listing, ListingError};
use crate::rollup::RollupError;
use crate::rollup::table::OfUnit;
use crate::terminal::print;

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

/// Runs the command.
pub fn run(context: &Context, args: &RecordsArgs) -> Done {
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

//! `giaoban backup`: a copy of the data folder made while it is in use.

use std::path::PathBuf;

use clap::Args;

use super::Done;
use crate::domain::LogKind;
use crate::failure::{ExitCode, Failure, FailureKind};
use crate::program::Context;
use crate::store::StorePlace;
use crate::terminal::print;
use crate::terminal::progress::Progress;
use crate::text::cli_stores as says;
use crate::upkeep::backup::back_up;

/// The options of `giaoban backup`.
#[derive(Args, Debug)]
#[command(
    after_help = "Ví dụ / Example:\n  giaoban backup sao-luu/2020-12-15 --data giaoban-data   # worker vẫn chạy / the worker keeps running"
)]
pub struct BackupArgs {
    /// Thư mục mới cho bản sao · A new folder for the copy
    #[arg(value_name = "DIR")]
    to: PathBuf,
}

/// Runs the command.
pub fn run(context: &Context, args: &BackupArgs) -> Done {
    let StorePlace::Folder(data) = context.place()? else { return Err(on_postgres()) };
    let with_log = context.log_kind() == LogKind::Embedded && context.has_log();
    let mut bar = Progress::new(says::backing_up().get(context.lang()));
    let records = back_up(&data, with_log, &args.to, &mut |done, of| bar.set(done, Some(of)))?;
    drop(bar);
    let to = args.to.display();
    let text = if with_log { says::backed_up(to, records) } else { says::backed_up_store(to, records) };
    print(text.get(context.lang()))?;
    Ok(ExitCode::Done)
}

/// A store on PostgreSQL is not copied here.
pub(super) fn on_postgres() -> Failure {
    Failure::new(FailureKind::Request, says::on_postgres(), says::use_pg_dump())
}

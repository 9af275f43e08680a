//! `giaoban backup`: a copy of the data folder made while it is in use.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::Done;
use crate::failure::{ExitCode, Failure};
use crate::files::create_folder;
use crate::log::embedded::EmbeddedLog;
use crate::program::Context;
use crate::store::sqlite::SqliteStore;
use crate::store::{DataDir, ReadLedger as _, StorePlace};
use crate::terminal::print;
use crate::terminal::progress::Progress;
use crate::text::cli_stores as says;

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
    let generation = data.current()?;
    let mut store = SqliteStore::read(&data.store_file(generation))?;
    let to = &args.to;
    let io = |error: std::io::Error| Failure::io(to.display(), &error);
    if to.exists() && fs::read_dir(to).map_err(io)?.next().is_some() {
        return Err(Failure::other(ExitCode::Usage, says::not_empty(to.display()), says::choose_folder()));
    }
    let is_new = !to.exists();
    create_folder(to).map_err(io)?;
    let mut bar = Progress::new(says::backing_up().get(context.lang()));
    let copy = DataDir::at(to);
    let embedded = context.settings.kafka.brokers.is_empty() && EmbeddedLog::is_in(data.path());
    let mut copy_all = || -> Result<(), Failure> {
        // The store first: whatever the log has more, it catches up with.
        store.back_up(&copy.store_file(generation), &mut |done, of| bar.set(done, Some(of)))?;
        if embedded {
            let log = EmbeddedLog::open(data.path())?;
            log.back_up(&EmbeddedLog::file_in(to), &mut |done, of| bar.set(done, Some(of)))?;
        }
        // Last: a copy that has this file is whole.
        Ok(copy.name(generation)?)
    };
    if let Err(failure) = copy_all() {
        // Half a copy serves nobody, and would keep the same command from being run again.
        let _ = fs::remove_file(copy.store_file(generation));
        let _ = fs::remove_file(EmbeddedLog::file_in(to));
        if is_new {
            let _ = fs::remove_dir(to);
        }
        return Err(failure);
    }
    drop(bar);
    let (records, to) = (store.record_count()?, to.display());
    let text = if embedded { says::backed_up(to, records) } else { says::backed_up_store(to, records) };
    print(text.get(context.lang()))?;
    Ok(ExitCode::Done)
}

/// A store on PostgreSQL is not copied here.
pub(super) fn on_postgres() -> Failure {
    Failure::other(ExitCode::Usage, says::on_postgres(), says::use_pg_dump())
}

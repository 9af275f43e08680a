//! `giaoban restore`: a data folder made of a copy. A restored store is an earlier
//! moment; a worker brings it from there to exact figures by the log.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Done;
use super::backup::on_postgres;
use crate::domain::LogKind;
use crate::failure::{ExitCode, Failure};
use crate::log::embedded::EmbeddedLog;
use crate::log::identity_of;
use crate::program::Context;
use crate::store::backup::copy_whole;
use crate::store::sqlite::SqliteStore;
use crate::store::{DataDir, ReadLedger as _, StorePlace, StoreReader as _};
use crate::terminal::print;
use crate::text::cli_stores as says;

/// The options of `giaoban restore`.
#[derive(Args, Debug)]
#[command(
    after_help = "Ví dụ / Example:\n  giaoban restore sao-luu/2020-12-15 --data giaoban-data\n  giaoban worker --until-caught-up --data giaoban-data    # bắt kịp nhật ký / catches up with the log"
)]
pub struct RestoreArgs {
    /// Thư mục của bản sao · The folder of the copy
    #[arg(value_name = "DIR")]
    from: PathBuf,
    /// Dời kho đang có sang một bên thay vì từ chối · Move the store that is there aside instead of refusing
    #[arg(long)]
    replace: bool,
}

/// Runs the command.
pub fn run(context: &Context, args: &RestoreArgs) -> Done {
    let StorePlace::Folder(data) = context.place()? else { return Err(on_postgres()) };
    let copy = DataDir::at(&args.from);
    let generation = copy.named()?.ok_or_else(|| {
        Failure::other(ExitCode::Store, says::not_whole(args.from.display()), says::use_another_copy())
    })?;
    // Read before anything is touched: a folder that is no copy is refused.
    let mut store = SqliteStore::read(&copy.store_file(generation))?;
    let records = store.record_count()?;
    // A log that stays has to be the one that this store was made from. One that cannot be read is not known to be.
    let topic = &context.settings.kafka.topic;
    let stays = EmbeddedLog::is_in(data.path()) && context.log_kind() == LogKind::Embedded;
    if let Some(log) = stays.then(|| EmbeddedLog::open(data.path()).ok()).flatten() {
        store.check_log(LogKind::Embedded, topic, identity_of(&log, topic)?.as_ref())?;
    }
    drop(store);
    let data = DataDir::create(data.path())?;
    let _lock = data.lock_writer()?;
    let io = |error: std::io::Error| Failure::io(data.path().display(), &error);
    let stores = data.stores().map_err(io)?;
    let aside = match (stores.is_empty(), args.replace) {
        (true, _) => None,
        (false, true) => Some(data.move_aside(&stores).map_err(io)?),
        (false, false) => {
            return Err(Failure::other(ExitCode::Usage, says::store_there(data.path().display()), says::move_aside()));
        }
    };
    let bring = |from: &Path, to: &Path| copy_whole(from, to).map_err(|error| Failure::io(to.display(), &error));
    bring(&copy.store_file(generation), &data.store_file(generation))?;
    let (log, its_log) = (EmbeddedLog::file_in(data.path()), EmbeddedLog::file_in(&args.from));
    let kept = log.exists();
    if !kept && its_log.exists() {
        bring(&its_log, &log)?;
    }
    data.name(generation)?;
    if let Some(aside) = aside {
        context.note(&says::moved_aside(aside.display()));
    }
    if kept && its_log.exists() {
        context.note(&says::log_stays());
    }
    print(says::restored(records, data.path().display()).get(context.lang()))?;
    Ok(ExitCode::Done)
}

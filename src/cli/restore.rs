//! `giaoban restore`: a data folder made of a copy. A restored store is an earlier
//! moment; a worker brings it from there to exact figures by the log.

use std::path::PathBuf;

use clap::Args;

use super::Done;
use super::backup::on_postgres;
use crate::domain::LogKind;
use crate::failure::ExitCode;
use crate::program::Context;
use crate::store::StorePlace;
use crate::terminal::print;
use crate::text::cli_stores as says;
use crate::upkeep::backup::restore;

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
    let embedded = context.log_kind() == LogKind::Embedded;
    let topic = embedded.then_some(context.settings.kafka.topic.as_str());
    let restored = restore(&args.from, data.path(), topic, args.replace)?;
    if let Some(aside) = restored.aside {
        context.note(&says::moved_aside(aside.display()));
    }
    if restored.kept_log {
        context.note(&says::log_stays());
    }
    print(says::restored(restored.records, data.path().display()).get(context.lang()))?;
    Ok(ExitCode::Done)
}

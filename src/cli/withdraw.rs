//! `giaoban withdraw`: the revision that takes a record back.

use clap::Args;

use super::Done;
use super::record::{missing_flags, send};
use crate::program::Context;
use crate::terminal::prompt::ask;
use crate::text::cli_record as says;

/// The options of `giaoban withdraw`.
#[derive(Args, Debug)]
#[command(
    after_help = "Ví dụ / Example:\n  giaoban withdraw --source /units/00004 --subject GS-2020-000123 --reason 'Nhập nhầm'"
)]
pub struct WithdrawArgs {
    /// Số hiệu hồ sơ · The record's number
    #[arg(long, value_name = "NUMBER")]
    subject: String,
    /// Nơi giữ hồ sơ; cần khi nhiều nơi có cùng số hiệu · Who keeps the record; needed where several have the number
    #[arg(long, value_name = "URI")]
    source: Option<String>,
    /// Lý do · Why
    #[arg(long)]
    reason: Option<String>,
}

/// Runs the command.
pub fn run(context: &Context, args: &WithdrawArgs) -> Done {
    let reason = match (&args.reason, context.asks()) {
        (Some(reason), _) => reason.clone(),
        (None, true) => ask(says::why_withdrawn().get(context.lang()), false, |_| None)?,
        (None, false) => return Err(missing_flags(["reason"].into_iter())),
    };
    let latest = context.latest(args.source.as_deref(), &args.subject)?;
    send(context, &latest.withdrawn(reason, jiff::Timestamp::now())?)
}

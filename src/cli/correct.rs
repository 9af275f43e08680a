//! `giaoban correct`: the next revision of a record, with other values in some fields.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::Done;
use super::record::{columns, flags, send};
use crate::failure::{ExitCode, Failure};
use crate::intake::record::{Columns, recordable};
use crate::program::Context;
use crate::text::cli_record as says;

/// The options of `giaoban correct`.
#[derive(Debug)]
pub struct CorrectArgs {
    source: Option<String>,
    subject: String,
    columns: Columns,
}

impl Args for CorrectArgs {
    fn augment_args(command: Command) -> Command {
        let command = command
            .arg(Arg::new("subject").long("subject").required(true).value_name("NUMBER").help("số hiệu hồ sơ · the record's number"))
            .arg(Arg::new("source").long("source").value_name("URI").help("nơi giữ hồ sơ; cần khi nhiều nơi có cùng số hiệu · who keeps the record; needed where several have the number"))
            .after_help("Ví dụ / Example:\n  giaoban correct --source /units/00004 --subject GS-2020-000123 --participants 15\nGiá trị rỗng xóa trường / an empty value removes a field:\n  giaoban correct --subject GS-2020-000123 --topic ''");
        flags(command, recordable())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for CorrectArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let subject = matches.get_one("subject").cloned();
        Ok(Self {
            source: matches.get_one("source").cloned(),
            subject: subject.ok_or_else(|| clap::Error::new(clap::error::ErrorKind::MissingRequiredArgument))?,
            columns: columns(matches),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Runs the command.
pub fn run(context: &Context, args: &CorrectArgs) -> Done {
    if args.columns.is_empty() {
        return Err(Failure::other(ExitCode::Usage, says::nothing_to_correct(), says::give_fields()));
    }
    let latest = context.latest(args.source.as_deref(), &args.subject)?;
    send(context, &latest.corrected(&args.columns, jiff::Timestamp::now())?)
}

//! `giaoban correct`: the next revision of a record, with other values in some fields.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::Done;
use super::record::{columns, flags, send};
use crate::failure::{Failure, FailureKind};
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
            .arg(Arg::new("subject").long("subject").required(true).value_name("NUMBER").help(says::SUBJECT))
            .arg(Arg::new("source").long("source").value_name("URI").help(says::SOURCE))
            .after_help(says::CORRECT_EXAMPLES);
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
        return Err(Failure::new(FailureKind::Request, says::nothing_to_correct(), says::give_fields()));
    }
    let latest = context.latest(args.source.as_deref(), &args.subject)?;
    send(context, &latest.corrected(&args.columns, jiff::Timestamp::now())?)
}

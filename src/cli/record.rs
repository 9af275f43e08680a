//! `giaoban record`: one event. The flags are made of the contract's own table of fields; what must be there and is
//! not given is asked for on a terminal.

use std::fmt::Write as _;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::Done;
use crate::failure::{ExitCode, Failure, FailureKind};
use crate::intake::RecordError;
use crate::intake::record::{Columns, error_in, first_revision, missing, recordable};
use crate::intake::submit::{checked_message, submit_one};
use crate::program::Context;
use crate::terminal::print;
use crate::terminal::prompt::{ask, choose};
use crate::text::{Text, cli_record as says};
use crate::wire::encode::Draft;
use crate::wire::flat::{self, FlatColumn};
use crate::wire::spec::{Kind, TypeSpec};

/// The options of `giaoban record`.
#[derive(Debug)]
pub struct RecordArgs {
    spec: &'static TypeSpec,
    subject: Option<String>,
    source: Option<String>,
    columns: Columns,
}

/// The flag of a column, without its dashes.
pub(super) fn flag(column: &str) -> String {
    column.replace('_', "-")
}

/// A flag for each column, closed lists with their values.
pub(super) fn flags(command: Command, specs: impl Iterator<Item = &'static TypeSpec>) -> Command {
    let mut command = command;
    let mut known = Vec::new();
    for spec in specs {
        for filled in flat::columns(spec) {
            let column = filled.name();
            if known.contains(&column) {
                continue;
            }
            let mut help = says::help(filled.meaning);
            if let Kind::OneOf(names) = filled.kind {
                let _ = write!(help, " [{}]", names.join(", "));
            }
            let arg = Arg::new(column.clone()).long(flag(&column)).value_name("VALUE");
            command = command.arg(arg.allow_hyphen_values(true).help(help));
            known.push(column);
        }
    }
    command
}

/// The flags that were given.
pub(super) fn columns(matches: &ArgMatches) -> Columns {
    let value = |id: &clap::Id| Some((id.to_string(), matches.get_one::<String>(id.as_str())?.clone()));
    let globals = ["subject", "source", "config", "data", "lang", "reason"];
    let ids = matches.ids().filter(|id| !globals.contains(&id.as_str()));
    ids.filter(|id| matches.try_get_one::<String>(id.as_str()).is_ok()).filter_map(value).collect()
}

impl Args for RecordArgs {
    fn augment_args(command: Command) -> Command {
        let command = command.subcommand_required(true).arg_required_else_help(true).after_help(says::RECORD_EXAMPLE);
        recordable().fold(command, |command, spec| {
            let sub = Command::new(spec.name)
                .about(says::help(spec.meaning))
                .arg(Arg::new("subject").long("subject").value_name("NUMBER").help(says::NEW_SUBJECT))
                .arg(Arg::new("source").long("source").value_name("URI").help(says::NEW_SOURCE));
            command.subcommand(flags(sub, std::iter::once(spec)))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for RecordArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::new(clap::error::ErrorKind::MissingSubcommand);
        let (name, matches) = matches.subcommand().ok_or_else(missing)?;
        let spec = TypeSpec::named(name).ok_or_else(missing)?;
        Ok(Self {
            spec,
            subject: matches.get_one("subject").cloned(),
            source: matches.get_one("source").cloned(),
            columns: columns(matches),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Runs the command.
pub fn run(context: &Context, args: &RecordArgs) -> Done {
    let mut columns = args.columns.clone();
    ask_for_missing(context, args.spec, &mut columns)?;
    let (subject, source) = (args.subject.as_deref(), args.source.as_deref());
    send(context, &first_revision(args.spec, subject, source, &columns, jiff::Timestamp::now())?)
}

/// Asks on a terminal for what must be there; elsewhere names it.
fn ask_for_missing(context: &Context, spec: &'static TypeSpec, columns: &mut Columns) -> Result<(), Failure> {
    let missing = missing(spec, columns);
    if missing.is_empty() {
        return Ok(());
    }
    if !context.asks() {
        // Of an object any member will do.
        let flags = |column: &FlatColumn| match column.member {
            Some(_) => format!("{}_…", column.field),
            None => column.name(),
        };
        let mut flags: Vec<String> = missing.iter().map(flags).collect();
        flags.dedup();
        return Err(missing_flags(flags.iter().map(String::as_str)));
    }
    let (lang, checker) = (context.lang(), context.checker());
    for column in missing {
        let label = column.meaning.get(lang);
        let value = match column.kind {
            Kind::OneOf(names) => choose(label, names)?,
            Kind::Flag => choose(label, &["true", "false"])?,
            kind => {
                let hint = hint(kind).map(|what| if column.required { what } else { says::or_nothing(what) });
                let hint = hint.map(|what| says::hint(what).get(lang).to_owned()).unwrap_or_default();
                let wrong = |value: &str| error_in(&checker, (spec, &column), columns, value);
                let fits = |value: &str| wrong(value).map(|error| error.message(lang));
                ask(&format!("{label}{hint}"), !column.required, fits)?
            }
        };
        columns.insert(column.name(), value);
    }
    Ok(())
}

/// What may be typed; nothing where any text may.
fn hint(kind: Kind) -> Option<Text> {
    Some(match kind {
        Kind::Unit => says::a_unit(),
        Kind::Day | Kind::ResolvedOn => says::a_day(),
        Kind::Count { min: 0 } => says::a_count_from(0),
        Kind::Count { .. } => says::a_count_from(1),
        Kind::Money => says::money(),
        Kind::Land => says::land(),
        Kind::Score => says::a_score(),
        Kind::Year => says::a_year(),
        Kind::Period => says::a_period(),
        Kind::Quarter => says::a_quarter(),
        Kind::Text => return None,
        kind => Text::same(kind.allowed()),
    })
}

/// Flags that must be given where nobody can be asked.
pub(super) fn missing_flags<'n>(columns: impl Iterator<Item = &'n str>) -> Failure {
    let flags = columns.map(|name| format!("--{}", flag(name))).collect::<Vec<_>>().join(", ");
    Failure::new(FailureKind::Request, says::missing(flags), says::add_flags())
}

/// Checks an event, writes it, and says where it lies.
pub(super) fn send(context: &Context, draft: &Draft) -> Done {
    let message = checked_message(&context.checker(), draft).map_err(RecordError::Refused)?;
    let mut producer = context.log()?.producer(&context.settings.kafka.topic)?;
    let position = submit_one(&mut *producer, &message)?;
    let (partition, offset) = (position.partition, position.offset);
    print(says::taken(&draft.subject, draft.revision.number(), partition, offset).get(context.lang()))?;
    context.note(&says::next_steps());
    Ok(ExitCode::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fields;
    use crate::wire::spec::{EventType, FieldSpec};

    #[test]
    fn a_field_whose_name_begins_another_has_its_own_help() {
        const fn field(name: &'static str, meaning: &'static Text) -> FieldSpec {
            FieldSpec { name, kind: Kind::Text, required: false, meaning }
        }
        static SPEC: TypeSpec = TypeSpec {
            kind: EventType::Index,
            event_type: "",
            name: "",
            fields: &[field("land", &fields::UNIT), field("land_other", &fields::BODY)],
            meaning: &fields::INDEX,
        };
        let command = flags(Command::new("record"), std::iter::once(&SPEC));
        let help = |id: &str| {
            let argument = command.get_arguments().find(|argument| argument.get_id() == id).unwrap();
            argument.get_help().unwrap().to_string()
        };
        assert_eq!(help("land"), says::help(&fields::UNIT));
        assert_eq!(help("land_other"), says::help(&fields::BODY));
    }
}

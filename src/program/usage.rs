//! A command line that asks for help, or that is wrong: the parser says so in
//! English, and in Vietnamese one line stands before it.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::config::{Overrides, language};
use crate::failure::ExitCode;
use crate::terminal::note;
use crate::text::{Lang, usage as says};

/// Prints help, or what is wrong with the command line.
pub fn misread(error: &Error, environment: &[(String, String)]) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::Done;
    }
    // The parser gave up, perhaps before the flag.
    let arguments: Vec<String> = std::env::args_os().filter_map(|argument| argument.into_string().ok()).collect();
    let after = |flag: &str| arguments.iter().skip_while(|argument| *argument != flag).nth(1).cloned();
    let lang =
        after("--lang").or_else(|| arguments.iter().find_map(|text| text.strip_prefix("--lang=")).map(Into::into));
    let overrides =
        Overrides { lang: lang.filter(|lang| ["vi", "en"].contains(&lang.as_str())), ..Overrides::default() };
    if language(&overrides, environment) == Lang::Vi {
        note(&in_vietnamese(error).to_string());
    }
    note(error.render().to_string().trim_end());
    ExitCode::Usage
}

fn in_vietnamese(error: &Error) -> String {
    let argument = named(error, ContextKind::InvalidArg);
    let value = named(error, ContextKind::InvalidValue);
    let what = match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => says::value_missing(argument),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => says::value_refused(argument, value),
        ErrorKind::UnknownArgument => says::unknown_argument(argument),
        ErrorKind::InvalidSubcommand => says::unknown_command(named(error, ContextKind::InvalidSubcommand)),
        ErrorKind::MissingRequiredArgument => says::argument_missing(argument),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => says::command_missing(),
        ErrorKind::ArgumentConflict => says::conflict(argument, named(error, ContextKind::PriorArg)),
        ErrorKind::NoEquals => says::equals_missing(argument),
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            says::wrong_number_of_values(argument)
        }
        ErrorKind::InvalidUtf8 => says::not_utf8(),
        _ => says::wrong(),
    };
    let likely = [ContextKind::SuggestedValue, ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand];
    match likely.into_iter().map(|kind| named(error, kind)).find(|name| !name.is_empty()) {
        Some(nearest) => says::error_with_nearest(what, nearest),
        None => says::error(what),
    }
}

/// What the parser names of that kind; empty if nothing.
fn named(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    }
}

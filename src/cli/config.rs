//! `giaoban config show`: the configuration in force, and where each value came from.

use clap::{Args, Subcommand};

use super::Done;
use crate::config::Loaded;
use crate::failure::ExitCode;
use crate::terminal::print;

/// The options of `giaoban config`.
#[derive(Args, Debug)]
pub struct ConfigArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Mọi khóa, giá trị và nguồn gốc · Every key, its value and where it came from
    #[command(after_help = "Ví dụ / Example:\n  GIAOBAN__KAFKA__BROKERS=localhost:9092 giaoban config show")]
    Show,
}

/// Runs the command.
pub fn run(loaded: &Loaded, args: &ConfigArgs) -> Done {
    let Action::Show = args.action;
    let mut text = String::new();
    for (key, value, origin) in &loaded.shown {
        text += &format!("{key} = {value:?}  ({origin})\n");
    }
    print(&text)?;
    Ok(ExitCode::Done)
}

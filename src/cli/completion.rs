//! `giaoban completion`: the script with which a shell completes this command line.

use clap::{Args, Command};
use clap_complete::Shell;

use super::Done;
use crate::failure::ExitCode;
use crate::terminal::print;

/// The options of `giaoban completion`.
#[derive(Args, Debug)]
#[command(
    after_help = "Ví dụ / Example:\n  source <(giaoban completion bash)\n  giaoban completion fish > ~/.config/fish/completions/giaoban.fish"
)]
pub struct CompletionArgs {
    /// Shell nào · Which shell
    shell: Shell,
}

/// Prints what that shell needs for this command line.
pub fn run(mut command: Command, args: &CompletionArgs) -> Done {
    let (name, mut script) = (command.get_name().to_owned(), Vec::new());
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::Done)
}

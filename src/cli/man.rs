//! `giaoban man`: a manual page for each command, made of the same words as `--help`.

use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use super::Done;
use crate::failure::{ExitCode, Failure};
use crate::files::{WholeFile, create_folder};

/// The options of `giaoban man`.
#[derive(Args, Debug)]
#[command(after_help = "Ví dụ / Example:\n  giaoban man man1 && man ./man1/giaoban-worker.1")]
pub struct ManArgs {
    /// Thư mục cho các trang · Folder for the pages
    #[arg(value_name = "DIR")]
    to: PathBuf,
}

/// Writes the pages of this command line.
pub fn run(command: Command, args: &ManArgs) -> Done {
    create_folder(&args.to).map_err(|error| Failure::io(args.to.display(), &error))?;
    let mut command = command.disable_help_subcommand(true);
    command.build();
    write(&command, &args.to)?;
    Ok(ExitCode::Done)
}

fn write(command: &Command, to: &Path) -> Result<(), Failure> {
    let page = Man::new(command.clone());
    let (path, mut text) = (to.join(page.get_filename()), Vec::new());
    let written = page.render(&mut text).and_then(|()| WholeFile::write(&path, text));
    written.map_err(|error| Failure::io(path.display(), &error))?;
    command.get_subcommands().try_for_each(|command| write(command, to))
}

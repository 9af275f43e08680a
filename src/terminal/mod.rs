//! What a person at a terminal sees and types: results, a bar, questions. Knows nothing of what a command does.

pub mod progress;
pub mod prompt;

use std::io::{ErrorKind, Write as _};

use crate::failure::Failure;

/// Writes a result to standard output; a reader that went away is no failure.
///
/// # Errors
///
/// Where standard output cannot be written for any other reason.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::io("standard output", &error)),
        _ => Ok(()),
    }
}

//! What a person at a terminal sees and types: results, notes, the program's log, a bar, questions. Knows nothing of
//! what a command does. All that is written passes through `text::safe` here, whoever sent what is in it.

pub mod progress;
pub mod prompt;
pub mod top;

use std::io::{ErrorKind, IsTerminal as _, Write, stderr, stdin, stdout};

use crate::failure::Failure;
use crate::text::safe::{json_text, visible, visible_lines};

/// Writes a result to standard output; a reader that went away is no failure.
///
/// # Errors
///
/// Where standard output cannot be written for any other reason.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = stdout().lock();
    match out.write_all(visible_lines(text).as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::io("standard output", &error)),
        _ => Ok(()),
    }
}

/// Writes a remark to standard error, if that can be written.
pub fn note(text: &str) {
    let _ = writeln!(stderr(), "{}", visible_lines(text));
}

/// Standard output for more than fits into memory: of lines that are safe to show already.
pub fn results() -> impl Write {
    stdout().lock()
}

/// Whether somebody sits at standard input and standard error.
pub fn asks() -> bool {
    stdin().is_terminal() && is_seen()
}

/// Whether somebody sees standard error.
pub fn is_seen() -> bool {
    stderr().is_terminal()
}

/// Standard error for the program's log, an event with each write. One that cannot be written is dropped, never the
/// program.
pub struct LogLine {
    /// Whether it is JSON; else it is text.
    pub is_json: bool,
}

impl LogLine {
    /// An event on one line, whatever somebody sent is in it.
    fn shown(&self, line: &[u8]) -> String {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches('\n');
        let text = if self.is_json { json_text(text) } else { visible(text) };
        format!("{text}\n")
    }
}

impl Write for LogLine {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let _ = stderr().write_all(self.shown(line).as_bytes());
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_the_log_stays_one_line_and_steers_no_terminal() {
        let text = LogLine { is_json: false };
        assert_eq!(text.shown(b" WARN a\n ERROR forged\x1b[2J\n"), " WARN a\\u{a} ERROR forged\\u{1b}[2J\n");
        let json = LogLine { is_json: true };
        assert_eq!(json.shown("{\"a\":\"\u{9b}2J\u{202e}\"}\n".as_bytes()), "{\"a\":\"\\u009b2J\\u202e\"}\n");
    }
}

//! Events in JSON that are not one on each line: written over several lines, or in a list, as most tools print them.
//! Each becomes a line of its own; what is broken stays so.

use std::io::{self, BufRead};

use serde::de::IgnoredAny;

use super::lines::{TextLine, fill};

/// Reads events one after the other.
pub struct JsonEvents {
    reader: Box<dyn BufRead + Send>,
    /// How many lines have ended.
    ended: u64,
    is_list: bool,
}

/// How far an event has been read.
struct Reading {
    line: TextLine,
    depth: usize,
    in_text: bool,
    is_escaped: bool,
    /// Whether white space came last, which is one space.
    is_spaced: bool,
}

impl JsonEvents {
    /// Whether a text that begins so holds events in that form: a list, or an object that goes on after its first
    /// line. A line that is only cut short looks the same, so that `{` alone tells it, but in a file that is named so.
    pub fn are_in(beginning: &[u8], is_named_json: bool) -> bool {
        let beginning = beginning.trim_ascii_start();
        let first = beginning.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let goes_on = || serde_json::from_slice::<IgnoredAny>(first).is_err_and(|error| error.is_eof());
        match first.trim_ascii() {
            [b'[', ..] | b"{" => true,
            [b'{', ..] => is_named_json && first.len() < beginning.len() && goes_on(),
            _ => false,
        }
    }

    /// The events of a text.
    pub fn of(reader: Box<dyn BufRead + Send>) -> Self {
        Self { reader, ended: 0, is_list: false }
    }

    /// How many lines were read.
    pub fn number(&self) -> u64 {
        self.ended
    }

    /// The next event, on one line, with the number of the line where it begins.
    ///
    /// # Errors
    ///
    /// Where the text cannot be read on.
    pub fn next(&mut self) -> io::Result<Option<TextLine>> {
        let mut reading: Option<Reading> = None;
        loop {
            let chunk = fill(&mut *self.reader)?;
            if chunk.is_empty() {
                return Ok(reading.map(|reading| reading.line));
            }
            let mut used = 0;
            let mut is_whole = false;
            for byte in chunk {
                if let Some(event) = &mut reading {
                    // What ends a number or a word is no part of it.
                    if event.is_bare() && matches!(byte, b',' | b']' | b' ' | b'\t' | b'\r' | b'\n') {
                        is_whole = true;
                        break;
                    }
                    is_whole = event.add(*byte);
                } else {
                    match byte {
                        b' ' | b'\t' | b'\r' | b'\n' => {}
                        b',' if self.is_list => {}
                        b']' if self.is_list => self.is_list = false,
                        b'[' if !self.is_list => self.is_list = true,
                        _ => {
                            let event = reading.insert(Reading::new(self.ended + 1));
                            is_whole = event.add(*byte);
                        }
                    }
                }
                used += 1;
                self.ended += u64::from(*byte == b'\n');
                if is_whole {
                    break;
                }
            }
            self.reader.consume(used);
            if is_whole {
                return Ok(reading.map(|reading| reading.line));
            }
        }
    }
}

impl Reading {
    fn new(number: u64) -> Self {
        Self { line: TextLine::new(number), depth: 0, in_text: false, is_escaped: false, is_spaced: false }
    }

    /// Whether it is neither in brackets nor in quotes.
    fn is_bare(&self) -> bool {
        self.depth == 0 && !self.in_text
    }

    /// Adds a byte. Returns whether it is the last.
    fn add(&mut self, byte: u8) -> bool {
        if self.in_text {
            self.line.add(&[byte]);
            let ends = byte == b'"' && !self.is_escaped;
            self.is_escaped = byte == b'\\' && !self.is_escaped;
            self.in_text = !ends;
            return ends && self.depth == 0;
        }
        let is_space = byte.is_ascii_whitespace();
        if !is_space || !self.is_spaced {
            self.line.add(if is_space { b" " } else { std::slice::from_ref(&byte) });
        }
        self.is_spaced = is_space;
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &'static str) -> Vec<String> {
        let mut events = JsonEvents::of(Box::new(io::BufReader::with_capacity(3, text.as_bytes())));
        let show = |line: TextLine| format!("{} {}", line.number, String::from_utf8_lossy(&line.bytes));
        std::iter::from_fn(|| events.next().unwrap().map(show)).collect()
    }

    #[test]
    fn events_over_several_lines_and_in_lists_become_lines() {
        assert_eq!(events("{\n  \"a\": [1,\n 2]\n}\n{}\n"), ["1 { \"a\": [1, 2] }", "5 {}"]);
        assert_eq!(events("[\n {\"a\": \"\\\"}  ]\"},\n\n {\"b\":1}]\n"), ["2 {\"a\": \"\\\"}  ]\"}", "4 {\"b\":1}"]);
        assert_eq!(events("[1, \"a\" ,null]"), ["1 1", "1 \"a\"", "1 null"]);
        assert!(events(" [ ] ").is_empty());
    }

    #[test]
    fn what_is_broken_stays_so() {
        assert_eq!(events("{\"a\": 1"), ["1 {\"a\": 1"]);
        assert_eq!(events("{\"a\": 1 2}]\n{}"), ["1 {\"a\": 1 2}", "1 ]", "2 {}"]);
    }

    #[test]
    fn a_text_tells_its_form_by_how_it_begins() {
        assert!(JsonEvents::are_in(b"[{}]", false) && JsonEvents::are_in(b"\n{\r\n", false));
        assert!(JsonEvents::are_in(b"{\"a\": 1,\n", true) && !JsonEvents::are_in(b"{\"a\": 1,\n", false));
        assert!(!JsonEvents::are_in(b"{\"a\": 1}\n", true) && !JsonEvents::are_in(b"{\"a\" 1,\n", true));
        assert!(!JsonEvents::are_in(b"# line 1\n{", true) && !JsonEvents::are_in(b"", true));
    }
}

//! The lines of a text as they stand in a file, each with its number. However long a line is, no more of it is kept
//! than an event may have.

use std::io::{self, BufRead, ErrorKind};

use crate::wire::MAX_MESSAGE_BYTES;

/// So much of a line is kept: an event, and the first byte that is too many.
const KEPT: usize = MAX_MESSAGE_BYTES + 1;

/// So much of a line that is too long goes into the receipt: enough to know it again.
const SHOWN: usize = 1024;

/// A line.
#[derive(Clone, Debug)]
pub struct TextLine {
    /// 1-based.
    pub number: u64,
    /// Without its end, and without what is not kept.
    pub bytes: Vec<u8>,
    /// How many bytes it has in the file, without its end.
    pub length: u64,
    /// What ends it; empty at the end of the file.
    pub end: &'static [u8],
}

impl TextLine {
    /// Whether it is longer than an event may be.
    pub fn is_too_long(&self) -> bool {
        self.length > MAX_MESSAGE_BYTES as u64
    }

    /// A line with nothing on it yet.
    pub fn new(number: u64) -> Self {
        Self { number, bytes: Vec::with_capacity(256), length: 0, end: b"" }
    }

    /// Of a line that is too long, what is shown of it.
    pub fn beginning(&self) -> &[u8] {
        &self.bytes[..self.bytes.len().min(SHOWN)]
    }

    /// Adds what stands on it.
    pub fn add(&mut self, part: &[u8]) {
        self.length += part.len() as u64;
        let room = KEPT.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&part[..part.len().min(room)]);
    }
}

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// LF and CR LF.
    Lf,
    /// These, and CR alone.
    Cr,
}

/// Reads lines.
pub struct TextLines {
    reader: Box<dyn BufRead + Send>,
    ends: Ends,
    number: u64,
}

impl TextLines {
    /// Of a text; a byte order mark at its beginning is no part of its first line.
    ///
    /// # Errors
    ///
    /// Where the text cannot be read.
    pub fn of(mut reader: Box<dyn BufRead + Send>, ends: Ends) -> io::Result<Self> {
        const BOM: &[u8] = b"\xef\xbb\xbf";
        if reader.fill_buf()?.starts_with(BOM) {
            reader.consume(BOM.len());
        }
        Ok(Self { reader, ends, number: 0 })
    }

    /// How many lines were read.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What comes next, as far as it has been read.
    ///
    /// # Errors
    ///
    /// Where the text cannot be read.
    pub fn ahead(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    /// What has not been read, where not a line was.
    pub fn rest(self) -> Box<dyn BufRead + Send> {
        self.reader
    }

    /// The next line.
    ///
    /// # Errors
    ///
    /// Where the text cannot be read on.
    pub fn next(&mut self) -> io::Result<Option<TextLine>> {
        let mut line = TextLine::new(self.number + 1);
        loop {
            let chunk = fill(&mut *self.reader)?;
            let ends = |byte: &u8| *byte == b'\n' || (*byte == b'\r' && self.ends == Ends::Cr);
            let found = chunk.iter().position(ends);
            let end = found.map(|at| chunk[at]);
            let length = found.unwrap_or(chunk.len());
            line.add(&chunk[..length]);
            let is_over = chunk.is_empty();
            self.reader.consume(length + usize::from(found.is_some()));
            match end {
                None if is_over => break,
                None => continue,
                Some(b'\n') => line.end = b"\n",
                Some(_) if fill(&mut *self.reader)?.first() == Some(&b'\n') => {
                    self.reader.consume(1);
                    line.end = b"\r\n";
                }
                Some(_) => line.end = b"\r",
            }
            break;
        }
        if line.end == b"\n" && line.bytes.last() == Some(&b'\r') && line.length == line.bytes.len() as u64 {
            line.bytes.pop();
            line.length -= 1;
            line.end = b"\r\n";
        }
        if line.length == 0 && line.end.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(line))
    }
}

/// What comes next; none at the end.
///
/// # Errors
///
/// Where it cannot be read; that it was interrupted is no reason.
pub fn fill(reader: &mut dyn BufRead) -> io::Result<&[u8]> {
    while let Err(error) = reader.fill_buf() {
        if error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
    }
    reader.fill_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &'static str, ends: Ends) -> Vec<String> {
        // As a slow pipe gives it: three bytes at a time.
        let reader = io::BufReader::with_capacity(3, text.as_bytes());
        let mut lines = TextLines::of(Box::new(reader), ends).unwrap();
        let show = |line: TextLine| format!("{} {}", line.number, String::from_utf8_lossy(&line.bytes));
        std::iter::from_fn(|| lines.next().unwrap().map(show)).collect()
    }

    #[test]
    fn lines_end_as_each_system_ends_them() {
        assert_eq!(lines("a\n\nbc\r\nd", Ends::Lf), ["1 a", "2 ", "3 bc", "4 d"]);
        assert_eq!(lines("a\rbcd\r\n\rd\r", Ends::Cr), ["1 a", "2 bcd", "3 ", "4 d"]);
        assert_eq!(lines("a\rb\n", Ends::Lf), ["1 a\rb"]);
        assert_eq!(lines("\u{feff}a\n", Ends::Lf), ["1 a"]);
        assert!(lines("", Ends::Lf).is_empty());
    }

    #[test]
    fn of_a_long_line_only_its_beginning_is_kept() {
        let text = format!("{}\r\nb", "x".repeat(1 << 20));
        let mut lines = TextLines::of(Box::new(io::Cursor::new(text)), Ends::Lf).unwrap();
        let line = lines.next().unwrap().unwrap();
        assert_eq!((line.bytes.len(), line.is_too_long()), (KEPT, true));
        assert_eq!(lines.next().unwrap().unwrap().bytes, b"b");
        let text = format!("{}\r\n", "x".repeat(MAX_MESSAGE_BYTES));
        let mut lines = TextLines::of(Box::new(io::Cursor::new(text)), Ends::Lf).unwrap();
        assert!(!lines.next().unwrap().unwrap().is_too_long());
    }
}

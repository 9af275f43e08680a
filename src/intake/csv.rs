//! The rows of a CSV file. Strict where the library that writes them is not: a quote that is opened and
//! not closed would take every row after it into its own cell. Here it costs the row in which it stands, and reading
//! resumes with the next line as if it had not been opened.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use csv::ByteRecord;

use super::lines::{Ends, TextLine, TextLines};
use super::rows::{Row, Rows};
use super::scan::{Opened, Scan, Step};
use crate::wire::{Code, MAX_MESSAGE_BYTES, ValidationError};

/// What stands between columns.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads the rows of a CSV file.
pub struct CsvRows {
    lines: TextLines,
    /// Lines that were looked at, to be read again.
    again: VecDeque<TextLine>,
    /// What came instead of a line, after these.
    failed: Option<io::Error>,
    delimiter: u8,
    /// How many cells a row has; 0 while that is not known.
    columns: usize,
}

impl CsvRows {
    /// The rows of a text. What stands between their columns is what a first line `sep=;` says, or else the commonest
    /// on the first line.
    ///
    /// # Errors
    ///
    /// Where the text cannot be read.
    pub fn of(text: Box<dyn BufRead + Send>) -> io::Result<Self> {
        let mut lines = TextLines::of(text, Ends::Cr)?;
        let mut first = first_line(&mut lines)?;
        let said = first.as_ref().and_then(|line| said_delimiter(&line.bytes));
        if said.is_some() {
            first = first_line(&mut lines)?;
        }
        let head = first.as_ref().map(|line| &line.bytes[..]).unwrap_or_default();
        let count = |delimiter: u8| head.iter().filter(|byte| **byte == delimiter).count();
        let most = DELIMITERS.into_iter().max_by_key(|delimiter| (count(*delimiter), *delimiter == b','));
        let delimiter = said.or(most).unwrap_or(b',');
        Ok(Self { lines, again: first.into_iter().collect(), failed: None, delimiter, columns: 0 })
    }

    /// What stands between the columns.
    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Whether one of these lines is a row by itself.
    fn are_rows(&self, lines: &[TextLine]) -> bool {
        lines.iter().any(|line| {
            let mut cells = ByteRecord::new();
            let mut scan = Scan::new(self.delimiter, 0, &mut cells);
            matches!(scan.line(0, &line.bytes), Step::Done) && cells.len() == self.columns
        })
    }

    /// The cells of a line, with every quote that is not closed on it as part of its cell.
    fn split(&self, line: &[u8], cells: &mut ByteRecord) {
        let mut rest = line;
        loop {
            let before = cells.len();
            let mut scan = Scan::new(self.delimiter, 0, cells);
            if matches!(scan.line(0, rest), Step::Done) {
                return;
            }
            let Opened { at, cell, .. } = scan.opened;
            cells.truncate(before + cell);
            let end = rest[at..].iter().position(|byte| *byte == self.delimiter);
            cells.push_field(&rest[at..end.map_or(rest.len(), |end| at + end)]);
            match end {
                Some(end) => rest = &rest[at + end + 1..],
                None => return,
            }
        }
    }

    fn line(&mut self) -> io::Result<Option<TextLine>> {
        match (self.again.pop_front(), self.failed.take()) {
            (Some(line), failed) => {
                self.failed = failed;
                Ok(Some(line))
            }
            (None, Some(error)) => Err(error),
            (None, None) => self.lines.next(),
        }
    }

    /// The next line; where there is none, why is found out later.
    fn line_ahead(&mut self) -> Option<TextLine> {
        match self.line() {
            Ok(line) => line,
            Err(error) => {
                self.failed = Some(error);
                None
            }
        }
    }
}

impl Rows for CsvRows {
    fn expect(&mut self, columns: usize) {
        self.columns = columns;
    }

    fn number(&self) -> u64 {
        self.again.front().map_or(self.lines.number(), |line| line.number - 1)
    }

    fn read(&mut self, cells: &mut ByteRecord) -> io::Result<Option<Row>> {
        cells.clear();
        let Some(first) = self.line()? else { return Ok(None) };
        let number = first.number;
        if first.is_too_long() {
            self.split(first.beginning(), cells);
            // Never as many as a row has: what is cut is not taken as whole.
            cells.truncate(self.columns.saturating_sub(1));
            return Ok(Some(Row { number, error: Some(ValidationError::too_large(first.length)), is_cut: true }));
        }
        if !first.bytes.contains(&b'"') {
            first.bytes.split(|byte| *byte == self.delimiter).for_each(|cell| cells.push_field(cell));
            return Ok(Some(Row { number, error: None, is_cut: false }));
        }
        let mut scan = Scan::new(self.delimiter, self.columns, cells);
        let (mut read, mut bytes) = (vec![first], 0);
        let fault = loop {
            let Some(line) = read.last() else { break None };
            bytes += line.bytes.len() + line.end.len();
            match scan.line(read.len() - 1, &line.bytes) {
                Step::Done => {
                    // Where the cells do not fit, or a quote is left over, and a line by itself would be a row, the quotes
                    // are no pair either.
                    let fits = scan.cells.len() == self.columns && !scan.is_left_over;
                    if !fits && self.are_rows(read.get(1..).unwrap_or_default()) {
                        scan.around_rows = scan.around_rows.or(scan.over_lines);
                    }
                    break scan.around_rows.map(|_| Code::CsvQuoteUnclosed);
                }
                Step::Misplaced if scan.opened.line + 1 == read.len() => break Some(Code::CsvQuoteMisplaced),
                Step::Misplaced => break Some(Code::CsvQuoteUnclosed),
                // No row has so many cells, and it would not be closed for long.
                Step::Open if self.columns > 0 && scan.cells.len() > self.columns => {
                    break Some(Code::CsvQuoteUnclosed);
                }
                Step::Open => scan.cell.extend_from_slice(line.end),
            }
            match self.line_ahead() {
                Some(next) => {
                    let is_beyond = next.is_too_long() || bytes + next.bytes.len() > MAX_MESSAGE_BYTES;
                    read.push(next);
                    if is_beyond {
                        break Some(Code::CsvQuoteUnclosed);
                    }
                }
                None => break Some(Code::CsvQuoteUnclosed),
            }
        };
        let Some(code) = fault else { return Ok(Some(Row { number, error: None, is_cut: false })) };
        let (last, first) = (scan.around_rows.unwrap_or(scan.opened), scan.over_lines);
        // Quotes before it may be no pair already.
        let first = first.filter(|first| self.are_rows(read.get(first.line + 1..=last.line).unwrap_or_default()));
        let opened = first.unwrap_or(last);
        for line in read.drain(opened.line + 1..).rev() {
            self.again.push_front(line);
        }
        let Some(line) = read.pop() else { return Ok(None) };
        let found = String::from_utf8_lossy(&line.bytes[opened.at..]).into_owned();
        cells.truncate(opened.cell);
        self.split(&line.bytes[opened.at..], cells);
        Ok(Some(Row { number: line.number, error: Some(ValidationError::new(code, "", &found, "")), is_cut: false }))
    }
}

/// The first line that holds anything.
fn first_line(lines: &mut TextLines) -> io::Result<Option<TextLine>> {
    loop {
        match lines.next()? {
            Some(line) if line.bytes.trim_ascii().is_empty() => {}
            line => return Ok(line),
        }
    }
}

/// The delimiter that a first line `sep=;` names, as Excel writes and reads it.
fn said_delimiter(line: &[u8]) -> Option<u8> {
    let bare = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\""));
    let (name, delimiter) = bare.unwrap_or(line).split_at_checked(4)?;
    let is_said = name.eq_ignore_ascii_case(b"sep=");
    DELIMITERS.into_iter().find(|known| is_said && delimiter == [*known])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each row's line, its code if it is none, its cells.
    fn rows(text: &str, columns: usize) -> Vec<String> {
        let lines = TextLines::of(Box::new(io::Cursor::new(text.to_owned())), Ends::Cr).unwrap();
        let mut rows = CsvRows { lines, again: VecDeque::new(), failed: None, delimiter: b',', columns: 0 };
        rows.expect(columns);
        let mut cells = ByteRecord::new();
        let mut read = Vec::new();
        while let Some(row) = rows.read(&mut cells).unwrap() {
            let cells: Vec<_> = cells.iter().map(String::from_utf8_lossy).collect();
            let code = row.error.map(|error| format!("{} ", error.code)).unwrap_or_default();
            read.push(format!("{} {code}{}", row.number, cells.join("|")));
        }
        read
    }

    #[test]
    fn quotes_hold_delimiters_quotes_and_line_breaks() {
        assert_eq!(rows("a,\"b, \"\"c\"\"\",\n\n\"d\r\ne\",\"\",f", 3), ["1 a|b, \"c\"|", "2 ", "3 d\r\ne||f"]);
        assert_eq!(rows("a,b \"c\",5\" d\n", 3), ["1 a|b \"c\"|5\" d"], "within a cell they are part of it");
    }

    #[test]
    fn a_quote_that_is_not_closed_costs_its_row_alone() {
        let code = Code::CsvQuoteUnclosed;
        assert_eq!(rows("1,a,\"b\n2,a,b\n3,a,b\n", 3), [&format!("1 {code} 1|a|\"b"), "2 2|a|b", "3 3|a|b"]);
        // It is closed by the next one, which opens a cell of its own.
        assert_eq!(rows("1,a,\"b\n2,a,b\n3,a,\"c, d\"\n", 3), [&format!("1 {code} 1|a|\"b"), "2 2|a|b", "3 3|a|c, d"]);
        // Both are wrong in the same way, and fit.
        assert_eq!(rows("1,a,\"b\n2,a,b\"\n", 3), [&format!("1 {code} 1|a|\"b"), "2 2|a|b\""]);
        assert_eq!(rows("1,\"a,b\n2,a\",b\n", 3), [&format!("1 {code} 1|\"a|b"), "2 2|a\"|b"]);
        // It is doubled by mistake, and what closes it leaves over another: all of it together would fit.
        let doubled = "1,\",a\"\",,\n2,,\", \",\"b\"\n";
        assert_eq!(rows(doubled, 4), [&format!("1 {code} 1|\"|a\"\"||"), "2 2||, |b"]);
        // The quote is opened where a row goes on.
        assert_eq!(rows("\"1\n1\",\"a\",\"b\n2,a,b\n", 3), [&format!("2 {code} 1\n1|a|\"b"), "3 2|a|b"]);
    }

    /// Tables of four columns; the first cell is their number.
    fn table(cells: &'static str) -> impl Strategy<Value = Vec<Vec<String>>> {
        let row = prop::collection::vec(cells, 3);
        prop::collection::vec(row, 1..6).prop_map(|rows| {
            let numbered = |(index, row): (usize, Vec<String>)| [vec![format!("n{index}")], row].concat();
            rows.into_iter().enumerate().map(numbered).collect()
        })
    }

    fn written(table: &[Vec<String>]) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        table.iter().for_each(|row| writer.write_record(row).unwrap());
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    }

    fn cells(row: &[String]) -> String {
        row.join("|")
    }

    proptest! {
        #[test]
        fn what_the_library_writes_is_read_or_told(table in table("[a, \"\n]{0,6}")) {
            let read = rows(&written(&table), 4);
            if read.iter().all(|row| !row.contains(" csv.")) {
                let read: Vec<&str> = read.iter().filter_map(|row| row.split_once(' ')).map(|(_, cells)| cells).collect();
                prop_assert_eq!(read, table.iter().map(|row| cells(row)).collect::<Vec<_>>());
            }
        }

        #[test]
        fn a_stray_quote_harms_no_other_row(table in table("[a-c, ]{0,6}|[a-c]{1,2}\"[a-c]{1,2}"), at in any::<prop::sample::Index>()) {
            let mut text = written(&table);
            let at = at.index(text.len());
            let harmed = text[..at].matches('\n').count();
            text.insert(at, '"');
            let read = rows(&text, 4);
            prop_assert_eq!(read.len(), table.len(), "{} {:?}", text, read);
            for (index, row) in table.iter().enumerate().filter(|(index, _)| *index != harmed) {
                prop_assert_eq!(&read[index], &format!("{} {}", index + 1, cells(row)), "{}", text);
            }
        }
    }

    #[test]
    fn a_text_of_several_lines_is_no_row() {
        assert_eq!(rows("1,2,3,4,\"a, b\n- c\n\n- d, e\"\n", 5), ["1 1|2|3|4|a, b\n- c\n\n- d, e"]);
    }

    #[test]
    fn what_follows_a_closing_quote_is_told() {
        let code = Code::CsvQuoteMisplaced;
        assert_eq!(rows("1,\"a\" b,c\n2,a,b\n", 3), [&format!("1 {code} 1|\"a\" b|c"), "2 2|a|b"]);
    }

    #[test]
    fn a_quote_is_looked_after_so_far_and_no_further() {
        let text = format!("1,\"a\n{}\"\n", "2,b\n".repeat(1 << 17));
        let rows = rows(&text, 2);
        assert_eq!(rows.len(), 1 + (1 << 17) + 1);
        assert_eq!(rows[1], "2 2|b");
    }

    #[test]
    fn quotes_that_each_line_closes_and_opens_again_cost_no_more_than_other_rows() {
        // Behind one open quote every line closes a cell and opens another; each would be looked at for 64 KiB.
        let text = format!("1\n\"{}", "a\",\",\n\n".repeat(1 << 16));
        let begun = std::time::Instant::now();
        assert!(rows(&text, 1).len() > 1 << 16);
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_row_that_is_too_long_is_never_whole() {
        let long = "x".repeat(MAX_MESSAGE_BYTES);
        for row in [format!("a,b,{long}"), format!("a,b,c,{long}"), format!("{long},b,c"), format!("a,b,\"{long}\"")] {
            let rows = rows(&format!("{row}\n1,2,3\n"), 3);
            assert!(rows[0].starts_with("1 message.too_large "), "{}", &rows[0][..40]);
            assert!(rows[0].len() < 1100 && rows[0].matches('|').count() < 2, "{}", rows[0].len());
            assert_eq!(rows[1], "2 1|2|3");
        }
    }
}

//! The rows of a table in a text file. Strict where the library that writes them is not: a quote that is opened and
//! not closed would take every row after it into its own cell. Here it costs the row in which it stands, and reading
//! goes on with the next line as if it had not been opened.

use std::collections::VecDeque;
use std::io;

use csv::ByteRecord;

use super::text::{TextLine, TextLines, too_long};
use crate::wire::{Code, MAX_MESSAGE_BYTES, ValidationError};

/// A table with fewer columns says too little to tell its rows from the lines of a text.
const TELLING_COLUMNS: usize = 3;

/// Reads rows.
pub struct Rows {
    lines: TextLines,
    /// Lines that were looked at, to be read again.
    again: VecDeque<TextLine>,
    /// What came instead of a line, after these.
    failed: Option<io::Error>,
    delimiter: u8,
    /// How many cells a row has; 0 while that is not known.
    columns: usize,
}

/// Where a row stands, and what keeps it from being one.
pub struct Row {
    /// The line where it begins, or where the quote does that is wrong.
    pub number: u64,
    /// What is wrong.
    pub error: Option<ValidationError>,
    /// Whether some of it is missing from its cells.
    pub is_cut: bool,
}

impl Rows {
    /// The rows after what was read of `lines`; `again` is read first.
    pub fn of(lines: TextLines, again: Option<TextLine>, delimiter: u8) -> Self {
        Self { lines, again: again.into_iter().collect(), failed: None, delimiter, columns: 0 }
    }

    /// From now on a row has so many cells.
    pub fn expect(&mut self, columns: usize) {
        self.columns = columns;
    }

    /// How many lines were read.
    pub fn number(&self) -> u64 {
        self.again.front().map_or(self.lines.number(), |line| line.number - 1)
    }

    /// Reads the next row into `cells`.
    pub fn read(&mut self, cells: &mut ByteRecord) -> io::Result<Option<Row>> {
        cells.clear();
        let Some(first) = self.line()? else { return Ok(None) };
        let number = first.number;
        if first.is_too_long() {
            self.split(first.beginning(), cells);
            // Never as many as a row has: what is cut is not taken as whole.
            cells.truncate(self.columns.saturating_sub(1));
            return Ok(Some(Row { number, error: Some(too_long(first.length)), is_cut: true }));
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

/// Where a quote is opened.
#[derive(Clone, Copy, Default)]
struct Opened {
    /// On which line of the row.
    line: usize,
    /// At which byte of it.
    at: usize,
    /// How many cells there are before it.
    cell: usize,
}

enum Step {
    /// The row ends with the line.
    Done,
    /// A quote is open.
    Open,
    /// Something follows a closing quote.
    Misplaced,
}

/// Reads the cells of one row, line by line.
struct Scan<'c> {
    delimiter: u8,
    cells: &'c mut ByteRecord,
    before: usize,
    /// What stands in the quotes so far.
    cell: Vec<u8>,
    is_open: bool,
    /// The last quote.
    opened: Opened,
    /// How many delimiters each line has within the last quotes.
    delimiters: Vec<usize>,
    /// How many cells a row has.
    columns: usize,
    /// The first quotes over several lines.
    over_lines: Option<Opened>,
    /// Whether a cell after them has a quote without being in quotes.
    is_left_over: bool,
    /// The first quotes that hold what would be rows without them.
    around_rows: Option<Opened>,
}

impl<'c> Scan<'c> {
    fn new(delimiter: u8, columns: usize, cells: &'c mut ByteRecord) -> Self {
        Self {
            delimiter,
            before: cells.len(),
            cells,
            cell: Vec::new(),
            is_open: false,
            opened: Opened::default(),
            delimiters: Vec::new(),
            columns,
            over_lines: None,
            is_left_over: false,
            around_rows: None,
        }
    }

    fn line(&mut self, number: usize, line: &[u8]) -> Step {
        let find = |byte: u8, from: usize| line[from..].iter().position(|found| *found == byte).map(|at| from + at);
        let mut at = 0;
        loop {
            if !self.is_open && line.get(at) == Some(&b'"') {
                self.opened = Opened { line: number, at, cell: self.cells.len() - self.before };
                self.is_open = true;
                self.cell.clear();
                self.delimiters.clear();
                at += 1;
                continue;
            }
            if !self.is_open {
                let end = find(self.delimiter, at);
                let cell = &line[at..end.unwrap_or(line.len())];
                self.is_left_over |= self.over_lines.is_some() && cell.contains(&b'"');
                self.cells.push_field(cell);
                match end {
                    Some(end) => at = end + 1,
                    None => return Step::Done,
                }
                continue;
            }
            // A quote that is doubled stands for itself.
            let from = at;
            let close = loop {
                let Some(quote) = find(b'"', at) else {
                    self.cell.extend_from_slice(&line[at..]);
                    self.count(&line[from..]);
                    return Step::Open;
                };
                self.cell.extend_from_slice(&line[at..quote]);
                if line.get(quote + 1) != Some(&b'"') {
                    break quote;
                }
                self.cell.push(b'"');
                at = quote + 2;
            };
            self.count(&line[from..close]);
            match line.get(close + 1) {
                Some(byte) if *byte != self.delimiter => return Step::Misplaced,
                after => {
                    self.cells.push_field(&self.cell);
                    self.is_open = false;
                    if self.delimiters.len() > 1 {
                        self.over_lines.get_or_insert(self.opened);
                    }
                    if self.holds_rows() {
                        self.around_rows.get_or_insert(self.opened);
                    }
                    if after.is_none() {
                        return Step::Done;
                    }
                    at = close + 2;
                }
            }
        }
    }

    fn count(&mut self, part: &[u8]) {
        self.delimiters.push(part.iter().filter(|byte| **byte == self.delimiter).count());
    }

    /// Whether the last quotes hold what would be rows without them: then two quotes that have nothing to do with
    /// each other were taken for a pair.
    fn holds_rows(&self) -> bool {
        let [first, within @ .., last] = &self.delimiters[..] else { return false };
        let goes_on = self.opened.cell + first + 1 == self.columns && *last == self.opened.cell;
        self.columns >= TELLING_COLUMNS && (goes_on || within.contains(&(self.columns - 1)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::text::Ends;
    use super::*;

    /// Each row's line, its code if it is none, its cells.
    fn rows(text: &str, columns: usize) -> Vec<String> {
        let lines = TextLines::of(Box::new(io::Cursor::new(text.to_owned())), Ends::Cr).unwrap();
        let mut rows = Rows::of(lines, None, b',');
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

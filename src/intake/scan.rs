//! The cells of one row, line by line: which quotes hold a cell, and which cannot be a pair.

use csv::ByteRecord;

/// A table with fewer columns says too little to tell its rows from the lines of a text.
const TELLING_COLUMNS: usize = 3;

/// Where a quote is opened.
#[derive(Clone, Copy, Default)]
pub(super) struct Opened {
    /// On which line of the row.
    pub line: usize,
    /// At which byte of it.
    pub at: usize,
    /// How many cells there are before it.
    pub cell: usize,
}

/// What a line did to a row.
pub(super) enum Step {
    /// The row ends with the line.
    Done,
    /// A quote is open.
    Open,
    /// Something follows a closing quote.
    Misplaced,
}

/// Reads the cells of one row, line by line.
pub(super) struct Scan<'c> {
    delimiter: u8,
    pub cells: &'c mut ByteRecord,
    before: usize,
    /// What stands in the quotes so far.
    pub cell: Vec<u8>,
    is_open: bool,
    /// The last quote.
    pub opened: Opened,
    /// How many delimiters each line has within the last quotes.
    delimiters: Vec<usize>,
    /// How many cells a row has.
    columns: usize,
    /// The first quotes over several lines.
    pub over_lines: Option<Opened>,
    /// Whether a cell after them has a quote without being in quotes.
    pub is_left_over: bool,
    /// The first quotes that hold what would be rows without them.
    pub around_rows: Option<Opened>,
}

impl<'c> Scan<'c> {
    /// Begins a row; what is in `cells` stays before it.
    pub fn new(delimiter: u8, columns: usize, cells: &'c mut ByteRecord) -> Self {
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

    /// Reads the next line of the row.
    pub fn line(&mut self, number: usize, line: &[u8]) -> Step {
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

//! Rows with a number and cells: what a table is made of, whatever file it stands in. CSV is one implementation
//! (`csv.rs`); a reader of spreadsheets is another one.

use std::io;

use csv::ByteRecord;

use crate::text::safe::csv_rows;
use crate::wire::ValidationError;

/// Hands over rows one after the other; the first is the header line.
pub trait Rows: Send {
    /// Reads the next row into `cells`; `None` after the last.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read on.
    fn read(&mut self, cells: &mut ByteRecord) -> io::Result<Option<Row>>;

    /// From now on a row has so many cells: for those who have to guess where a row ends.
    fn expect(&mut self, _columns: usize) {}

    /// The number of the last row, or line, that was read.
    fn number(&self) -> u64;
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

/// A row as it stands in a file, without its end.
pub(super) fn row_bytes<'c>(cells: impl IntoIterator<Item = &'c [u8]>, delimiter: u8) -> Vec<u8> {
    let mut bytes = csv_rows([cells], delimiter);
    bytes.pop_if(|last| *last == b'\n');
    bytes
}

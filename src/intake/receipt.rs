//! What comes back of an input: the lines that were refused, each with its code,
//! place and remedy, in a form that can be corrected and sent again as it is.
//!
//! JSON carries the reasons in lines that begin with `#`, which reading
//! ignores; a table in columns that begin with `_`.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::event::InputLine;
use super::input::InputFormat;
use crate::text::safe::csv_rows;
use crate::text::{Lang, intake};
use crate::wire::ValidationError;

/// Columns that a receipt adds to a table.
const COLUMNS: [&[u8]; 3] = [b"_line", b"_code", b"_reason"];

/// In which form refused lines come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptForm {
    /// The lines, with remarks above each.
    Remarks,
    /// A table with columns that say why.
    Table {
        /// Its header line.
        header: Vec<u8>,
        /// What stands between its columns.
        delimiter: u8,
    },
}

impl ReceiptForm {
    /// What stands above the refused lines.
    pub fn head(&self) -> Vec<u8> {
        match self {
            Self::Remarks => Vec::new(),
            Self::Table { header, delimiter } => with_columns(header, *delimiter, &COLUMNS),
        }
    }

    /// A refused line, with what is wrong with it.
    pub fn refused(&self, line: &InputLine, errors: &[ValidationError], lang: Lang) -> Vec<u8> {
        let mut reasons: Vec<String> = errors.iter().map(|error| error.message(lang)).collect();
        if line.is_cut {
            reasons.push(intake::only_the_beginning().get(lang).to_owned());
        }
        match self {
            Self::Table { delimiter, .. } => {
                let codes: Vec<&str> = errors.iter().map(|error| error.code.as_str()).collect();
                let columns = [line.number.to_string(), codes.join(" "), reasons.join(" | ")];
                with_columns(&line.bytes, *delimiter, &columns)
            }
            Self::Remarks => {
                let remark = |reason| format!("# {}\n", intake::on_line(line.number, reason).get(lang));
                let mut text: Vec<u8> = reasons.iter().flat_map(|reason| remark(reason).into_bytes()).collect();
                text.extend(&line.bytes);
                text.push(b'\n');
                text
            }
        }
    }
}

/// A receipt in a file; none is made while nothing was refused.
pub struct Receipt {
    path: PathBuf,
    form: ReceiptForm,
    out: Option<BufWriter<File>>,
}

impl Receipt {
    /// A receipt at that place.
    pub fn new(path: PathBuf, form: ReceiptForm) -> Self {
        Self { path, form, out: None }
    }

    /// Beside the file, under a name that is free: `march.csv` → `march.rejected.csv`.
    pub fn beside(file: &Path, format: InputFormat) -> PathBuf {
        let suffix = match format {
            InputFormat::Ndjson => "ndjson",
            InputFormat::Csv => "csv",
        };
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = match name.split('.').next() {
            Some("" | "-") | None => "stdin",
            Some(stem) => stem,
        };
        let free = |number: u32| {
            let number = if number == 1 { String::new() } else { format!("-{number}") };
            let path = file.with_file_name(format!("{stem}.rejected{number}.{suffix}"));
            (!path.exists()).then_some(path)
        };
        (1..).find_map(free).unwrap_or_default()
    }

    /// Where it is, once it is made.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a refused line.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn add(&mut self, line: &InputLine, errors: &[ValidationError], lang: Lang) -> io::Result<()> {
        let text = self.form.refused(line, errors, lang);
        match &mut self.out {
            Some(out) => out.write_all(&text),
            None => {
                let mut out = BufWriter::new(File::create(&self.path)?);
                out.write_all(&[self.form.head(), text].concat())?;
                self.out = Some(out);
                Ok(())
            }
        }
    }

    /// Closes it; returns where it is, if anything was refused.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn finish(self) -> io::Result<Option<PathBuf>> {
        let Some(mut out) = self.out else { return Ok(None) };
        out.flush()?;
        Ok(Some(fs::canonicalize(&self.path).ok().filter(|_| self.path.is_absolute()).unwrap_or(self.path)))
    }
}

/// A row with more columns.
fn with_columns(row: &[u8], delimiter: u8, more: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(row);
    let mut record = reader.byte_records().next().and_then(Result::ok).unwrap_or_default();
    more.iter().for_each(|cell| record.push_field(cell.as_ref()));
    csv_rows([&record], delimiter)
}

//! What comes back of an input: the lines that were refused, each with its code,
//! place and remedy, in a form that can be corrected and sent again as it is.
//!
//! JSON carries the reasons in lines that begin with `#`, which reading
//! ignores; a table in columns that begin with `_`. A cell that a spreadsheet would
//! take for a formula has an apostrophe before it, which reading takes away.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::event::InputLine;
use super::input::InputFormat;
use crate::files::WholeFile;
use crate::text::safe::{csv_rows, guarded};
use crate::text::{Lang, intake};
use crate::wire::ValidationError;

/// Columns that a receipt adds to a table.
const COLUMNS: [&str; 3] = ["_line", "_code", "_reason"];

/// Whether a table is a receipt, by its columns.
pub(super) fn is_receipt(columns: &[String]) -> bool {
    COLUMNS.iter().all(|added| columns.iter().any(|column| column == added))
}

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

/// A receipt in a file; none is made while nothing was refused. While it is being written it has another name, which
/// ends in `.partial`, and it never takes the place of a file that is there.
pub struct Receipt {
    path: PathBuf,
    form: ReceiptForm,
    lang: Lang,
    out: Option<WholeFile>,
    lost: Option<io::Error>,
}

/// What became of a receipt.
#[derive(Debug)]
pub enum Receipted {
    /// Nothing was refused.
    Nothing,
    /// It is there.
    Kept {
        /// Where.
        path: PathBuf,
    },
    /// It cannot be written.
    Lost {
        /// Where it was to be.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
}

impl Receipt {
    /// A receipt at that place, or beside it under a name with a number where a file is there.
    pub fn new(path: PathBuf, form: ReceiptForm, lang: Lang) -> Self {
        Self { path, form, lang, out: None, lost: None }
    }

    /// Its usual place, beside the file: `march.csv` → `march.rejected.csv`.
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
        file.with_file_name(format!("{stem}.rejected.{suffix}"))
    }

    /// Adds a refused line. Where it cannot be written, [`Receipt::finish`] says so: the other lines go on.
    pub fn add(&mut self, line: &InputLine, errors: &[ValidationError]) {
        if self.lost.is_none()
            && let Err(error) = self.write(&self.form.refused(line, errors, self.lang))
        {
            self.lost = Some(error);
            // Half a receipt is none: the same file sent again gives all of it.
            self.out = None;
        }
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        let out = match &mut self.out {
            Some(out) => out,
            None => {
                let mut out = WholeFile::create(&self.path)?;
                out.write_all(&self.form.head())?;
                self.out.insert(out)
            }
        };
        // At once: what was decided is there if the process is killed.
        out.write_all(text)
    }

    /// Gives it its name.
    pub fn finish(self) -> Receipted {
        let Self { path, out, lost, .. } = self;
        let cause = match (out, lost) {
            (_, Some(cause)) => cause,
            (None, None) => return Receipted::Nothing,
            (Some(out), None) => match named(&out, &path) {
                Ok(path) => return Receipted::Kept { path },
                Err(cause) => cause,
            },
        };
        Receipted::Lost { path, cause }
    }
}

/// Gives it that name, or the first with a number that is free: `march.rejected-2.csv`.
fn named(out: &WholeFile, path: &Path) -> io::Result<PathBuf> {
    let mut name = path.to_owned();
    let mut number = 1;
    loop {
        match out.finish_new(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result.map(|()| name),
        }
        number += 1;
        let mut numbered = path.file_stem().unwrap_or_default().to_owned();
        numbered.push(format!("-{number}"));
        if let Some(suffix) = path.extension() {
            numbered.push(".");
            numbered.push(suffix);
        }
        name = path.with_file_name(numbered);
    }
}

/// A row with more columns.
fn with_columns(row: &[u8], delimiter: u8, more: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(row);
    let mut record = reader.byte_records().next().and_then(Result::ok).unwrap_or_default();
    more.iter().for_each(|cell| record.push_field(cell.as_ref()));
    csv_rows([record.iter().map(guarded)], delimiter)
}

//! What comes back of a file: the lines that were refused, each with its code,
//! place and remedy, in a form that can be corrected and sent again as it is.
//!
//! NDJSON carries the reasons in lines that begin with `#`, which publishing
//! passes over; CSV in columns that begin with `_`.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::error::Failure;
use super::input::{Line, row_bytes};
use super::publish::InputFormat;
use crate::text::Lang;
use crate::wire::ValidationError;

/// Columns that a receipt adds to a table.
const COLUMNS: [&[u8]; 3] = [b"_line", b"_code", b"_reason"];

/// A receipt; no file is made while nothing was refused.
pub struct Receipt {
    path: PathBuf,
    header: Option<Vec<u8>>,
    delimiter: Option<u8>,
    out: Option<BufWriter<File>>,
}

impl Receipt {
    /// A receipt at that place; `header` and `delimiter` are those of a table.
    pub fn new(path: PathBuf, header: Option<Vec<u8>>, delimiter: Option<u8>) -> Self {
        Self { path, header, delimiter, out: None }
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

    /// Adds a refused line.
    pub fn add(&mut self, line: &Line, errors: &[ValidationError], lang: Lang) -> Result<(), Failure> {
        let mut reasons: Vec<String> = errors.iter().map(|error| error.message(lang)).collect();
        if line.is_cut {
            reasons.push(match lang {
                Lang::Vi => "Ở đây chỉ có phần đầu của dòng: lấy lại dòng đầy đủ từ tệp gốc.".to_owned(),
                Lang::En => "Only its beginning stands here: take the whole line from the file itself.".to_owned(),
            });
        }
        let codes: Vec<&str> = errors.iter().map(|error| error.code.as_str()).collect();
        let mut text = Vec::new();
        if let (None, Some(header), Some(delimiter)) = (&self.out, &self.header, self.delimiter) {
            text.extend(with_columns(header, delimiter, &COLUMNS));
        }
        match self.delimiter {
            Some(delimiter) => {
                let columns = [line.number.to_string(), codes.join(" "), reasons.join(" | ")];
                text.extend(with_columns(&line.bytes, delimiter, &columns));
            }
            None => {
                for reason in reasons {
                    text.extend(
                        format!("# {} {}: {reason}\n", if lang == Lang::Vi { "dòng" } else { "line" }, line.number)
                            .bytes(),
                    );
                }
                text.extend(&line.bytes);
                text.push(b'\n');
            }
        }
        let path = &self.path;
        let written = match &mut self.out {
            Some(out) => out.write_all(&text),
            None => File::create(path).map(BufWriter::new).and_then(|mut out| {
                out.write_all(&text)?;
                self.out = Some(out);
                Ok(())
            }),
        };
        written.map_err(|error| Failure::io(path.display(), &error))
    }

    /// Closes it; returns where it is, if anything was refused.
    pub fn finish(self) -> Result<Option<PathBuf>, Failure> {
        let Some(mut out) = self.out else { return Ok(None) };
        out.flush().map_err(|error| Failure::io(self.path.display(), &error))?;
        Ok(Some(fs::canonicalize(&self.path).ok().filter(|_| self.path.is_absolute()).unwrap_or(self.path)))
    }
}

/// A row with more columns.
fn with_columns(row: &[u8], delimiter: u8, more: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(row);
    let mut record = reader.byte_records().next().and_then(Result::ok).unwrap_or_default();
    more.iter().for_each(|cell| record.push_field(cell.as_ref()));
    let mut bytes = row_bytes(&record, delimiter);
    bytes.push(b'\n');
    bytes
}

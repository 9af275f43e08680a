//! Files of events: NDJSON or CSV, plain, gzip or zstd, as people save them.
//!
//! Each line becomes an event or what is wrong with it; only a file that cannot
//! be read on ends the file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::Failure;
use super::publish::InputFormat;
use crate::domain::Revision;
use crate::exit::ExitCode;
use crate::wire::encode::Draft;
use crate::wire::flat::{columns, csv_data};
use crate::wire::spec::{TYPES, TypeSpec};
use crate::wire::{Breach, Code};

/// An open file, or standard input.
pub struct Input {
    /// Its name, `-` for standard input.
    pub name: PathBuf,
    /// Its form.
    pub format: InputFormat,
    /// Its size on disk, if it has one.
    pub size: Option<u64>,
    /// Bytes that have been read, before they were unpacked.
    pub read: Arc<AtomicU64>,
    reader: Box<dyn BufRead + Send>,
}

/// A line of a file, as it can be sent again.
#[derive(Clone, Debug)]
pub struct Line {
    /// 1-based.
    pub number: u64,
    /// Without its end.
    pub bytes: Vec<u8>,
}

/// Why a file cannot be read on.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// The last line that was read.
    pub after_line: u64,
    /// What happened.
    pub cause: String,
}

struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Input {
    /// Opens a file, undoes gzip and zstd, and guesses the form if none is given.
    pub fn open(name: &Path, format: Option<InputFormat>) -> Result<Self, Failure> {
        let read = Arc::new(AtomicU64::new(0));
        let is_stdin = name.as_os_str() == "-";
        let (source, size): (Box<dyn Read + Send>, _) = if is_stdin {
            (Box::new(io::stdin()), None)
        } else {
            let file = File::open(name).map_err(|error| Failure::io(name.display(), &error))?;
            let size = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|meta| meta.len());
            (Box::new(file), size)
        };
        let fail = |error: io::Error| Failure::io(name.display(), &error);
        let mut raw = BufReader::with_capacity(1 << 16, Counted { inner: source, read: Arc::clone(&read) });
        // By content rather than by suffix: standard input has none, and a suffix may lie.
        let start = raw.fill_buf().map_err(fail)?;
        let mut reader: Box<dyn BufRead + Send> = match start {
            b if is_workbook(b) => return Err(workbook(name)),
            [0x1f, 0x8b, ..] => Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(raw))),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                Box::new(BufReader::new(zstd::stream::read::Decoder::with_buffer(raw).map_err(fail)?))
            }
            _ => Box::new(raw),
        };
        let format = match format {
            Some(format) => format,
            None => match inner_suffix(name) {
                Some("csv" | "tsv") => InputFormat::Csv,
                Some("ndjson" | "jsonl" | "json") => InputFormat::Ndjson,
                _ => {
                    let start = reader.fill_buf().map_err(fail)?;
                    let first =
                        start.iter().find(|byte| !byte.is_ascii_whitespace() && !matches!(byte, 0xef | 0xbb | 0xbf));
                    if matches!(first, Some(b'{' | b'#') | None) { InputFormat::Ndjson } else { InputFormat::Csv }
                }
            },
        };
        Ok(Self { name: name.to_owned(), format, size, reader, read })
    }
}

/// Excel's files, of 2007 and later (an archive of the ZIP form) and before.
fn is_workbook(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04") || start.starts_with(b"\xd0\xcf\x11\xe0")
}

fn workbook(name: &Path) -> Failure {
    let name = name.display();
    Failure::other(
        ExitCode::AllRefused,
        (
            format!("{name}: là tệp Excel (hoặc tệp nén ZIP), không phải NDJSON hay CSV"),
            format!("{name}: is an Excel workbook (or another ZIP archive), not NDJSON or CSV"),
        ),
        SAVE_AS_CSV,
    )
}

const SAVE_AS_CSV: (&str, &str) =
    ("Trong Excel, lưu dạng \"CSV UTF-8 (Comma delimited)\".", "In Excel, save it as \"CSV UTF-8 (Comma delimited)\".");

/// `csv` of `march.csv.gz`.
fn inner_suffix(name: &Path) -> Option<&str> {
    let suffix = name.extension()?.to_str()?;
    match suffix {
        "gz" | "zst" => Path::new(name.file_stem()?).extension()?.to_str(),
        _ => Some(suffix),
    }
}

/// The lines of an input.
pub enum Lines {
    /// One event on each line.
    Ndjson {
        /// Where they come from.
        reader: Box<dyn BufRead + Send>,
        /// The number of the last line.
        number: u64,
    },
    /// One record on each row.
    Csv(Box<Table>),
}

/// A line and its event, or what is wrong with it. Without bytes of its own, the event is the line.
type Event = (Line, Result<Option<Vec<u8>>, Vec<Breach>>);

impl Lines {
    /// Of an input; `kind` is the type of a table without a column for it.
    pub fn of(input: Input, kind: Option<&str>) -> Result<Self, Failure> {
        match input.format {
            InputFormat::Ndjson => Ok(Self::Ndjson { reader: input.reader, number: 0 }),
            InputFormat::Csv => Table::of(input, kind).map(|table| Self::Csv(Box::new(table))),
        }
    }

    /// The first line of a table, to stand over its receipt.
    pub fn header(&self) -> Option<&[u8]> {
        match self {
            Self::Ndjson { .. } => None,
            Self::Csv(table) => Some(&table.header),
        }
    }

    /// What stands between the columns of a table.
    pub fn delimiter(&self) -> Option<u8> {
        match self {
            Self::Ndjson { .. } => None,
            Self::Csv(table) => Some(table.delimiter),
        }
    }

    /// The next line that holds anything.
    pub fn next(&mut self) -> Option<Result<Event, Unreadable>> {
        match self {
            Self::Ndjson { reader, number, .. } => loop {
                let mut bytes = Vec::with_capacity(512);
                let ended = match reader.read_until(b'\n', &mut bytes) {
                    Ok(0) => return None,
                    Ok(_) => bytes.pop_if(|last| *last == b'\n').is_some(),
                    Err(error) => return Some(Err(Unreadable { after_line: *number, cause: error.to_string() })),
                };
                *number += 1;
                if ended {
                    bytes.pop_if(|last| *last == b'\r');
                }
                if *number == 1 && bytes.starts_with(BOM) {
                    bytes.drain(..BOM.len());
                }
                // Empty lines, and the remarks of a receipt.
                if bytes.iter().all(u8::is_ascii_whitespace) || bytes.first() == Some(&b'#') {
                    continue;
                }
                return Some(Ok((Line { number: *number, bytes }, Ok(None))));
            },
            Self::Csv(table) => table.next(),
        }
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";

/// A CSV file.
pub struct Table {
    rows: csv::Reader<Box<dyn BufRead + Send>>,
    header: Vec<u8>,
    columns: Vec<String>,
    /// Those that are no remarks of a receipt.
    kept: Vec<usize>,
    delimiter: u8,
    kind: Option<&'static TypeSpec>,
    /// For rows that do not say when they were recorded.
    now: jiff::Timestamp,
    last_line: u64,
}

/// Columns of the envelope.
const ENVELOPE: [&str; 6] = ["type", "source", "subject", "revision", "id", "time"];

impl Table {
    fn of(mut input: Input, kind: Option<&str>) -> Result<Self, Failure> {
        let name = input.name.display().to_string();
        let kind = kind.map(named_type).transpose()?;
        let start = input.reader.fill_buf().map_err(|error| Failure::io(&name, &error))?;
        if start.starts_with(BOM) {
            input.reader.consume(BOM.len());
        }
        let start = input.reader.fill_buf().map_err(|error| Failure::io(&name, &error))?;
        let first_line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let count = |delimiter: u8| first_line.iter().filter(|byte| **byte == delimiter).count();
        let delimiter = [b',', b';', b'\t']
            .into_iter()
            .max_by_key(|delimiter| (count(*delimiter), *delimiter == b','))
            .unwrap_or(b',');
        let mut rows = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(input.reader);
        let head = rows.byte_headers().map_err(|error| {
            let what = format!("{name}: {error}");
            Failure::other(
                ExitCode::AllRefused,
                (what.clone(), what),
                ("Kiểm tra dòng tiêu đề.", "Check the header line."),
            )
        })?;
        if head.iter().any(|cell| std::str::from_utf8(cell).is_err() || cell.contains(&0)) {
            return Err(Failure::other(
                ExitCode::AllRefused,
                (format!("{name}: dòng tiêu đề không phải UTF-8"), format!("{name}: the header line is not UTF-8")),
                SAVE_AS_CSV,
            ));
        }
        let columns: Vec<String> = head.iter().map(column_name).collect();
        let known = known_columns();
        let twice =
            columns.iter().enumerate().find(|(at, column)| columns[..*at].contains(column) && known.contains(column));
        if let Some((_, column)) = twice {
            return Err(Failure::other(
                ExitCode::AllRefused,
                (
                    format!("{name}: cột \"{column}\" có hai lần trong dòng tiêu đề"),
                    format!("{name}: the header line has the column \"{column}\" twice"),
                ),
                (
                    "Giữ lại một cột (tên tiếng Việt và tiếng Anh của một cột là một).",
                    "Keep one of the two (a column's Vietnamese and English names are the same column).",
                ),
            ));
        }
        let kept: Vec<usize> = (0..columns.len()).filter(|index| !columns[*index].starts_with('_')).collect();
        let header = row_bytes(kept.iter().filter_map(|index| head.get(*index)), delimiter);
        let table = Self { rows, header, columns, kept, delimiter, kind, now: jiff::Timestamp::now(), last_line: 1 };
        table.tell_ignored(&name, &known);
        Ok(table)
    }

    /// A misspelt optional column would be lost without a word.
    fn tell_ignored(&self, name: &str, known: &[String]) {
        for column in self.columns.iter().filter(|column| !column.is_empty() && !column.starts_with('_')) {
            if !known.contains(column) {
                let nearest = known
                    .iter()
                    .max_by(|a, b| strsim::jaro_winkler(a, column).total_cmp(&strsim::jaro_winkler(b, column)));
                let nearest = nearest.map_or("", String::as_str);
                tracing::warn!("{name}: column \"{column}\" is ignored; the nearest known one is \"{nearest}\"");
            }
        }
    }

    fn next(&mut self) -> Option<Result<Event, Unreadable>> {
        let mut record = csv::ByteRecord::new();
        loop {
            match self.rows.read_byte_record(&mut record) {
                Ok(false) => return None,
                Ok(true) => {}
                Err(error) => return Some(Err(Unreadable { after_line: self.last_line, cause: error.to_string() })),
            }
            let number = record.position().map_or(self.last_line + 1, csv::Position::line);
            self.last_line = number;
            if record.iter().all(|cell| cell.iter().all(u8::is_ascii_whitespace)) {
                continue;
            }
            // A row of another length is given back whole.
            let bytes = match record.len() == self.columns.len() {
                true => row_bytes(self.kept.iter().filter_map(|index| record.get(*index)), self.delimiter),
                false => row_bytes(&record, self.delimiter),
            };
            let line = Line { number, bytes };
            let event = self.event(&record);
            return Some(Ok((line, event.map(Some))));
        }
    }

    fn event(&self, record: &csv::ByteRecord) -> Result<Vec<u8>, Vec<Breach>> {
        let one = |code, pointer: &str, found: &str, allowed: String| vec![Breach::new(code, pointer, found, allowed)];
        if record.len() != self.columns.len() {
            return Err(one(Code::CsvColumns, "", &record.len().to_string(), self.columns.len().to_string()));
        }
        let mut cells = Vec::with_capacity(record.len());
        for cell in record {
            let text = std::str::from_utf8(cell);
            cells.push(
                text.map_err(|_| one(Code::EncodingNotUtf8, "", &String::from_utf8_lossy(cell), "UTF-8".into()))?
                    .trim(),
            );
        }
        let cell = |name: &str| {
            let column = self.columns.iter().position(|column| column == name)?;
            cells.get(column).copied().filter(|text| !text.is_empty())
        };
        let spec = match cell("type") {
            Some(text) => TypeSpec::named(text).or_else(|| TypeSpec::of(text)),
            None => self.kind,
        };
        let names = || TYPES.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", ");
        let spec = spec.ok_or_else(|| match cell("type") {
            Some(found) => one(Code::TypeUnknown, "/type", found, names()),
            None => one(Code::FieldMissing, "/type", "", names()),
        })?;
        let missing = |pointer| one(Code::FieldMissing, pointer, "", String::new());
        let subject = cell("subject").ok_or_else(|| missing("/subject"))?;
        let revision = match cell("revision") {
            None => Revision::FIRST,
            Some(text) => text
                .parse()
                .ok()
                .and_then(Revision::new)
                .ok_or_else(|| one(Code::RevisionInvalid, "/revision", text, format!("1 … {}", i64::MAX)))?,
        };
        let time = match cell("time") {
            None => self.now,
            Some(text) => {
                text.parse().map_err(|_| one(Code::TimeInvalid, "/time", text, "2020-03-04T09:12:33+07:00".into()))?
            }
        };
        let source = match (cell("source"), cell("unit")) {
            (Some(source), _) => source.to_owned(),
            (None, Some(unit)) => format!("/units/{unit}"),
            (None, None) => return Err(missing("/source")),
        };
        let data = csv_data(spec, &cell, self.delimiter == b';')?;
        let draft = Draft {
            revision,
            id: cell("id").map(str::to_owned),
            partition_key: cell("unit").map(str::to_owned),
            ..Draft::new(spec, source, subject, time, data)
        };
        Ok(draft.to_json())
    }
}

/// The type of that name, long or short.
pub fn named_type(name: &str) -> Result<&'static TypeSpec, Failure> {
    TypeSpec::named(name).or_else(|| TypeSpec::of(name)).ok_or_else(|| {
        let names = TYPES.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", ");
        Failure::other(
            ExitCode::Usage,
            (format!("không có loại sự kiện \"{name}\""), format!("there is no type of event \"{name}\"")),
            (format!("Chọn một trong: {names}."), format!("Use one of: {names}.")),
        )
    })
}

fn known_columns() -> Vec<String> {
    let data = TYPES.iter().flat_map(columns).map(|column| column.name());
    ENVELOPE.into_iter().map(str::to_owned).chain(data).collect()
}

/// A column's name as the contract has it; its Vietnamese name is known too.
fn column_name(cell: &[u8]) -> String {
    let name = String::from_utf8_lossy(cell).trim().to_lowercase();
    let fields = TYPES.iter().flat_map(|spec| spec.fields);
    let vietnamese = fields.clone().find(|field| field.vi.to_lowercase() == name);
    vietnamese.map_or(name, |field| field.name.to_owned())
}

/// A row as it stands in a file, without its end.
pub fn row_bytes<'c>(cells: impl IntoIterator<Item = &'c [u8]>, delimiter: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
    // Writing into memory cannot fail.
    let _ = writer.write_record(cells);
    let mut bytes = writer.into_inner().unwrap_or_default();
    bytes.pop_if(|last| *last == b'\n');
    bytes
}

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
use super::json_events::JsonEvents;
use super::publish::InputFormat;
use super::rows::{Row, Rows};
use super::text::{Ends, TextLine, TextLines, too_long};
use crate::domain::Revision;
use crate::exit::ExitCode;
use crate::text::Lang;
use crate::wire::encode::Draft;
use crate::wire::flat::{columns, csv_data};
use crate::wire::spec::{TYPES, TypeSpec};
use crate::wire::{Code, ValidationError};

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
    /// 1-based; of a row over several lines, the first.
    pub number: u64,
    /// Without its end.
    pub bytes: Vec<u8>,
    /// Whether these are only its beginning.
    pub is_cut: bool,
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
                    if matches!(first, Some(b'{' | b'[' | b'#') | None) {
                        InputFormat::Ndjson
                    } else {
                        InputFormat::Csv
                    }
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
    Ndjson(TextLines),
    /// Events over several lines, or in a list.
    Json(JsonEvents),
    /// One record on each row.
    Csv(Box<Table>),
}

/// A line and its event, or what is wrong with it. Without bytes of its own, the event is the line.
type Event = (Line, Result<Option<Vec<u8>>, Vec<ValidationError>>);

impl Lines {
    /// Of an input; `kind` is the type of a table without a column for it.
    pub fn of(input: Input, kind: Option<&str>) -> Result<Self, Failure> {
        match input.format {
            InputFormat::Ndjson => {
                let name = input.name.display().to_string();
                let fail = |error: io::Error| Failure::io(&name, &error);
                let mut lines = TextLines::of(input.reader, Ends::Lf).map_err(fail)?;
                let is_json = inner_suffix(&input.name) == Some("json");
                Ok(match JsonEvents::are_in(lines.ahead().map_err(fail)?, is_json) {
                    true => Self::Json(JsonEvents::of(lines.rest())),
                    false => Self::Ndjson(lines),
                })
            }
            InputFormat::Csv => Table::of(input, kind).map(|table| Self::Csv(Box::new(table))),
        }
    }

    /// The first line of a table, to stand over its receipt.
    pub fn header(&self) -> Option<&[u8]> {
        match self {
            Self::Ndjson(_) | Self::Json(_) => None,
            Self::Csv(table) => Some(&table.header),
        }
    }

    /// The columns of a table that are not read, each with the known one that it is like.
    pub fn ignored(&self) -> &[(String, Option<String>)] {
        match self {
            Self::Csv(table) => &table.ignored,
            _ => &[],
        }
    }

    /// What stands between the columns of a table.
    pub fn delimiter(&self) -> Option<u8> {
        match self {
            Self::Ndjson(_) | Self::Json(_) => None,
            Self::Csv(table) => Some(table.delimiter),
        }
    }

    /// The next line that holds anything.
    pub fn next(&mut self) -> Option<Result<Event, Unreadable>> {
        match self {
            Self::Ndjson(lines) => loop {
                let line = match lines.next() {
                    Ok(line) => line?,
                    Err(error) => {
                        return Some(Err(Unreadable { after_line: lines.number(), cause: error.to_string() }));
                    }
                };
                // Empty lines, and the remarks of a receipt.
                if line.bytes.trim_ascii().is_empty() || line.bytes.first() == Some(&b'#') {
                    continue;
                }
                return Some(Ok(event_on(line)));
            },
            Self::Json(events) => match events.next() {
                Ok(line) => line.map(|line| Ok(event_on(line))),
                Err(error) => Some(Err(Unreadable { after_line: events.number(), cause: error.to_string() })),
            },
            Self::Csv(table) => table.next(),
        }
    }
}

/// A line that is an event itself, unless it is too long.
fn event_on(line: TextLine) -> Event {
    let (number, is_cut) = (line.number, line.is_too_long());
    match is_cut {
        true => {
            let bytes = line.beginning().to_vec();
            (Line { number, bytes, is_cut }, Err(vec![too_long(line.length)]))
        }
        false => (Line { number, bytes: line.bytes, is_cut }, Ok(None)),
    }
}

/// A CSV file.
pub struct Table {
    rows: Rows,
    header: Vec<u8>,
    columns: Vec<String>,
    /// Those that are no remarks of a receipt.
    kept: Vec<usize>,
    /// Those that are not read, each with the one that it is like.
    ignored: Vec<(String, Option<String>)>,
    delimiter: u8,
    kind: Option<&'static TypeSpec>,
    /// For rows that do not say when they were recorded.
    now: jiff::Timestamp,
}

/// What stands between columns.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

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

/// Columns of the envelope.
const ENVELOPE: [&str; 6] = ["type", "source", "subject", "revision", "id", "time"];

impl Table {
    fn of(input: Input, kind: Option<&str>) -> Result<Self, Failure> {
        let name = input.name.display().to_string();
        let fail = |error: io::Error| Failure::io(&name, &error);
        let kind = kind.map(named_type).transpose()?;
        let mut lines = TextLines::of(input.reader, Ends::Cr).map_err(fail)?;
        let mut first = first_line(&mut lines).map_err(fail)?;
        let said = first.as_ref().and_then(|line| said_delimiter(&line.bytes));
        if said.is_some() {
            first = first_line(&mut lines).map_err(fail)?;
        }
        let head = first.as_ref().map(|line| &line.bytes[..]).unwrap_or_default();
        let count = |delimiter: u8| head.iter().filter(|byte| **byte == delimiter).count();
        let most = DELIMITERS.into_iter().max_by_key(|delimiter| (count(*delimiter), *delimiter == b','));
        let delimiter = said.or(most).unwrap_or(b',');
        let mut rows = Rows::of(lines, first, delimiter);
        let mut head = csv::ByteRecord::new();
        if let Some(error) = rows.read(&mut head).map_err(fail)?.and_then(|row| row.error) {
            return Err(Failure::other(
                ExitCode::AllRefused,
                (
                    format!("{name}: dòng tiêu đề: {}", error.message(Lang::Vi)),
                    format!("{name}: the header line: {}", error.message(Lang::En)),
                ),
                ("Sửa dòng tiêu đề rồi gửi lại.", "Correct the header line and publish the file again."),
            ));
        }
        rows.expect(head.len());
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
        let unknown: Vec<&String> = columns
            .iter()
            .filter(|column| !column.is_empty() && !column.starts_with('_') && !known.contains(column))
            .collect();
        let spellings = spellings(kind);
        // A figure would be lost with it.
        let missed = |column: &&String| slip_of(column, &spellings).filter(|field| !columns.contains(field));
        if let Some((column, field)) = unknown.iter().find_map(|column| Some((column, missed(column)?))) {
            return Err(Failure::other(
                ExitCode::AllRefused,
                (
                    format!("{name}: không có cột \"{column}\"; có phải ý là \"{field}\"?"),
                    format!("{name}: there is no column \"{column}\"; did you mean \"{field}\"?"),
                ),
                (
                    format!("Sửa tên cột; nếu là cột khác thì đặt tên \"_{column}\" để bỏ qua."),
                    format!("Correct its name; if it is another column, name it \"_{column}\", which is passed over."),
                ),
            ));
        }
        let ignored = unknown.into_iter().map(|column| (column.clone(), like(column, &spellings))).collect();
        let kept: Vec<usize> = (0..columns.len()).filter(|index| !columns[*index].starts_with('_')).collect();
        let typed = kind.filter(|_| !columns.iter().any(|column| column == "type"));
        let cells = kept.iter().filter_map(|index| head.get(*index));
        let header = row_bytes(typed.map(|_| &b"type"[..]).into_iter().chain(cells), delimiter);
        Ok(Self { rows, header, columns, kept, ignored, delimiter, kind, now: jiff::Timestamp::now() })
    }

    /// A row as its receipt has it: without the remarks of an earlier one, and with the type that was not in the file.
    /// A row of another length is given back whole.
    fn given_back(&self, record: &csv::ByteRecord) -> Vec<u8> {
        let kind = self.kind.map(|spec| spec.name.as_bytes());
        let of_type = self.columns.iter().position(|column| column == "type");
        let is_whole = record.len() == self.columns.len();
        let cells = record.iter().enumerate().filter(|(index, _)| !is_whole || self.kept.contains(index));
        let cells = cells.map(|(index, cell)| match kind {
            Some(kind) if is_whole && of_type == Some(index) && cell.trim_ascii().is_empty() => kind,
            _ => cell,
        });
        row_bytes(kind.filter(|_| of_type.is_none()).into_iter().chain(cells), self.delimiter)
    }

    fn next(&mut self) -> Option<Result<Event, Unreadable>> {
        let mut record = csv::ByteRecord::new();
        loop {
            let Row { number, error, is_cut } = match self.rows.read(&mut record) {
                Ok(row) => row?,
                Err(error) => {
                    return Some(Err(Unreadable { after_line: self.rows.number(), cause: error.to_string() }));
                }
            };
            if error.is_none() && record.iter().all(|cell| cell.trim_ascii().is_empty()) {
                continue;
            }
            let bytes = self.given_back(&record);
            let event = error.map_or_else(|| self.event(&record), |error| Err(vec![error]));
            return Some(Ok((Line { number, bytes, is_cut }, event.map(Some))));
        }
    }

    fn event(&self, record: &csv::ByteRecord) -> Result<Vec<u8>, Vec<ValidationError>> {
        let one = |code, pointer: &str, found: &str, allowed: String| {
            vec![ValidationError::new(code, pointer, found, allowed)]
        };
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

/// Every way to write a column of that type, or of any type, with its name.
fn spellings(kind: Option<&'static TypeSpec>) -> Vec<(String, String)> {
    let specs = || TYPES.iter().filter(move |spec| kind.is_none_or(|kind| kind.name == spec.name));
    let names = specs().flat_map(columns).map(|column| column.name());
    let names = ENVELOPE.into_iter().map(str::to_owned).chain(names).map(|name| (name.clone(), name));
    let vietnamese = specs().flat_map(|spec| spec.fields).map(|field| (field.vi.to_lowercase(), field.name.to_owned()));
    names.chain(vietnamese).collect()
}

/// The known column that this one is but a slip away from.
fn slip_of(column: &str, spellings: &[(String, String)]) -> Option<String> {
    let written = column.replace([' ', '-'], "_");
    let distance =
        |spelling: &str| strsim::osa_distance(spelling, column).min(strsim::osa_distance(spelling, &written));
    let allowed = match column.chars().count() {
        ..5 => 0,
        5..9 => 1,
        _ => 2,
    };
    let near = spellings.iter().filter(|(spelling, _)| distance(spelling) <= allowed);
    near.min_by_key(|(spelling, _)| distance(spelling)).map(|(_, name)| name.clone())
}

/// The known column that this one is most like, if any.
fn like(column: &str, spellings: &[(String, String)]) -> Option<String> {
    let likeness = |spelling: &str| strsim::jaro_winkler(spelling, column);
    let near = spellings.iter().filter(|(spelling, _)| likeness(spelling) > 0.85);
    near.max_by(|(a, _), (b, _)| likeness(a).total_cmp(&likeness(b))).map(|(_, name)| name.clone())
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

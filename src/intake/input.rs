//! Where events come from: a file, standard input, a body in memory. Decompresses gzip and zstd and detects the form;
//! knows nothing of what is in it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::InputError;
use super::limit::{InputLimit, UNPACKED_FREE, UNPACKED_TIMES};

/// The form in which events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputFormat {
    /// CloudEvents in JSON: one on each line, or over several lines, or in a list.
    Ndjson,
    /// A table, one record on each row.
    Csv,
}

/// Something that can be read, unpacked, of a known form.
pub struct EventInput {
    /// Its name, `-` for standard input.
    pub name: PathBuf,
    /// Its form.
    pub format: InputFormat,
    /// Its size before it is unpacked, in bytes, if it has one.
    pub size: Option<u64>,
    /// Bytes that have been read, before they were unpacked.
    pub read: Arc<AtomicU64>,
    pub(super) reader: Box<dyn BufRead + Send>,
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

/// What is unpacked, so long as it is not too much for what was read of the archive.
struct Unpacked<R> {
    inner: R,
    read: Arc<AtomicU64>,
    unpacked: u64,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.unpacked += count as u64;
        let most = UNPACKED_FREE.max(UNPACKED_TIMES * self.read.load(Ordering::Relaxed));
        if self.unpacked > most { Err(InputLimit::Unpacked.into()) } else { Ok(count) }
    }
}

impl EventInput {
    /// Opens a file, undoes gzip and zstd, and guesses the form if none is given.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read, or is a workbook.
    pub fn open(name: &Path, format: Option<InputFormat>) -> Result<Self, InputError> {
        if name.as_os_str() == "-" {
            return Self::of(Box::new(io::stdin()), name, None, format);
        }
        let file = File::open(name).map_err(|error| InputError::io(name, error))?;
        let size = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|meta| meta.len());
        Self::of(Box::new(file), name, size, format)
    }

    /// A body in memory, such as that of a request; `name` is what messages call it.
    ///
    /// # Errors
    ///
    /// Where its packing is broken at the beginning, or it is a workbook.
    pub fn body(bytes: Vec<u8>, name: &Path, format: Option<InputFormat>) -> Result<Self, InputError> {
        let size = bytes.len() as u64;
        Self::of(Box::new(Cursor::new(bytes)), name, Some(size), format)
    }

    fn of(
        source: Box<dyn Read + Send>,
        name: &Path,
        size: Option<u64>,
        format: Option<InputFormat>,
    ) -> Result<Self, InputError> {
        let read = Arc::new(AtomicU64::new(0));
        let fail = |error: io::Error| InputError::io(name, error);
        let mut raw = BufReader::with_capacity(1 << 16, Counted { inner: source, read: Arc::clone(&read) });
        // By content rather than by suffix: standard input has none, and a suffix may lie.
        let start = raw.fill_buf().map_err(fail)?;
        let mut reader: Box<dyn BufRead + Send> = match start {
            b if is_workbook(b) => return Err(InputError::Workbook { name: name.display().to_string() }),
            [0x1f, 0x8b, ..] => unpacked(flate2::bufread::MultiGzDecoder::new(raw), &read),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                unpacked(zstd::stream::read::Decoder::with_buffer(raw).map_err(fail)?, &read)
            }
            _ => Box::new(raw),
        };
        let format = match format {
            Some(format) => format,
            None => match inner_suffix(name) {
                Some("csv" | "tsv") => InputFormat::Csv,
                Some("ndjson" | "jsonl" | "json") => InputFormat::Ndjson,
                _ => guessed(reader.fill_buf().map_err(fail)?),
            },
        };
        Ok(Self { name: name.to_owned(), format, size, read, reader })
    }

    /// Whether it is named as JSON that need not be one event a line.
    pub(super) fn is_named_json(&self) -> bool {
        inner_suffix(&self.name) == Some("json")
    }
}

fn unpacked(archive: impl Read + Send + 'static, read: &Arc<AtomicU64>) -> Box<dyn BufRead + Send> {
    Box::new(BufReader::new(Unpacked { inner: archive, read: Arc::clone(read), unpacked: 0 }))
}

/// By how a text begins.
fn guessed(start: &[u8]) -> InputFormat {
    let first = start.iter().find(|byte| !byte.is_ascii_whitespace() && !matches!(byte, 0xef | 0xbb | 0xbf));
    match first {
        Some(b'{' | b'[' | b'#') | None => InputFormat::Ndjson,
        _ => InputFormat::Csv,
    }
}

/// Excel's files, of 2007 and later (an archive of the ZIP form) and before.
fn is_workbook(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04") || start.starts_with(b"\xd0\xcf\x11\xe0")
}

/// `csv` of `march.csv.gz`.
fn inner_suffix(name: &Path) -> Option<&str> {
    let suffix = name.extension()?.to_str()?;
    match suffix {
        "gz" | "zst" => Path::new(name.file_stem()?).extension()?.to_str(),
        _ => Some(suffix),
    }
}

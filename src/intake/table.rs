//! A table of events: its header line, and each row made an event of. Where the rows come from is not its concern
//! ([`Rows`]).

use super::columns::{column_name, known_columns, like, slip_of, spellings};
use super::error::InputError;
use super::event::{InputEvent, InputLine, Unreadable};
use super::receipt::is_receipt;
use super::rows::{Row, Rows, row_bytes};
use crate::domain::Revision;
use crate::text::safe::unguarded;
use crate::wire::encode::Draft;
use crate::wire::flat::csv_data;
use crate::wire::spec::TypeSpec;
use crate::wire::{Code, ValidationError, unit_source};

/// A table of events.
pub struct EventTable {
    rows: Box<dyn Rows>,
    pub(super) header: Vec<u8>,
    columns: Vec<String>,
    /// Those that are no remarks of a receipt.
    kept: Vec<usize>,
    /// Those that are not read, each with the one that it is like.
    pub(super) ignored: Vec<(String, Option<String>)>,
    pub(super) delimiter: u8,
    /// Whether its rows came back of an earlier submission.
    is_receipt: bool,
    kind: Option<&'static TypeSpec>,
    /// For rows that do not say when they were recorded.
    now: jiff::Timestamp,
}

impl EventTable {
    /// Reads the header line. `name` is what messages call the table; `kind` is the type of rows that name none;
    /// `delimiter` stands between the columns of its receipt, and where it is `;` a comma is a decimal one.
    ///
    /// # Errors
    ///
    /// Where the header line cannot be read, or a figure would be lost with one of its columns.
    pub fn of(
        name: &str,
        mut rows: Box<dyn Rows>,
        delimiter: u8,
        kind: Option<&'static TypeSpec>,
    ) -> Result<Self, InputError> {
        let mut head = csv::ByteRecord::new();
        let row = rows.read(&mut head).map_err(|cause| InputError::Io { at: name.to_owned(), cause })?;
        let name = || name.to_owned();
        if let Some(error) = row.and_then(|row| row.error) {
            return Err(InputError::Header { name: name(), error });
        }
        rows.expect(head.len());
        if head.iter().any(|cell| std::str::from_utf8(cell).is_err() || cell.contains(&0)) {
            return Err(InputError::HeaderEncoding { name: name() });
        }
        let columns: Vec<String> = head.iter().map(column_name).collect();
        let known = known_columns();
        let twice =
            columns.iter().enumerate().find(|(at, column)| columns[..*at].contains(column) && known.contains(column));
        if let Some((_, column)) = twice {
            return Err(InputError::ColumnTwice { name: name(), column: column.clone() });
        }
        let unknown: Vec<&String> = columns
            .iter()
            .filter(|column| !column.is_empty() && !column.starts_with('_') && !known.contains(column))
            .collect();
        let spellings = spellings(kind);
        // A figure would be lost with it.
        let missed = |column: &&String| slip_of(column, &spellings).filter(|field| !columns.contains(field));
        if let Some((column, nearest)) = unknown.iter().find_map(|column| Some((column, missed(column)?))) {
            return Err(InputError::ColumnMistaken { name: name(), column: (*column).clone(), nearest });
        }
        let ignored = unknown.into_iter().map(|column| (column.clone(), like(column, &spellings))).collect();
        let kept: Vec<usize> = (0..columns.len()).filter(|index| !columns[*index].starts_with('_')).collect();
        let typed = kind.filter(|_| !columns.iter().any(|column| column == "type"));
        let cells = kept.iter().filter_map(|index| head.get(*index));
        let header = row_bytes(typed.map(|_| &b"type"[..]).into_iter().chain(cells), delimiter);
        let is_receipt = is_receipt(&columns);
        Ok(Self { rows, header, columns, kept, ignored, delimiter, is_receipt, kind, now: jiff::Timestamp::now() })
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

    /// The next row that holds anything.
    pub fn next(&mut self) -> Option<Result<InputEvent, Unreadable>> {
        let mut record = csv::ByteRecord::new();
        loop {
            let Row { number, error, is_cut } = match self.read(&mut record) {
                Ok(row) => row?,
                Err(error) => {
                    return Some(Err(Unreadable { after_line: self.rows.number(), cause: error.into() }));
                }
            };
            if error.is_none() && record.iter().all(|cell| cell.trim_ascii().is_empty()) {
                continue;
            }
            let bytes = self.given_back(&record);
            let event = error.map_or_else(|| self.event(&record), |error| Err(vec![error]));
            return Some(Ok((InputLine { number, bytes, is_cut }, event.map(Some))));
        }
    }

    /// The next row, with its cells as they were before they came back in a receipt.
    fn read(&mut self, record: &mut csv::ByteRecord) -> std::io::Result<Option<Row>> {
        let row = self.rows.read(record)?;
        if self.is_receipt {
            *record = record.iter().map(unguarded).collect();
        }
        Ok(row)
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
        let spec = spec.ok_or_else(|| match cell("type") {
            Some(found) => one(Code::TypeUnknown, "/type", found, TypeSpec::names()),
            None => one(Code::FieldMissing, "/type", "", TypeSpec::names()),
        })?;
        let missing = |pointer| one(Code::FieldMissing, pointer, "", String::new());
        let subject = cell("subject").ok_or_else(|| missing("/subject"))?;
        let revision = match cell("revision") {
            None => Revision::FIRST,
            Some(text) => text
                .parse()
                .ok()
                .and_then(Revision::new)
                .ok_or_else(|| one(Code::RevisionInvalid, "/revision", text, format!("1 … {}", Revision::MAX)))?,
        };
        let time = match cell("time") {
            None => self.now,
            Some(text) => {
                text.parse().map_err(|_| one(Code::TimeInvalid, "/time", text, "2020-03-04T09:12:33+07:00".into()))?
            }
        };
        let source = match (cell("source"), cell("unit")) {
            (Some(source), _) => source.to_owned(),
            (None, Some(unit)) => unit_source(unit),
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

//! The events of an input, whatever its form: what chooses the reader of each form.

use super::columns::named_type;
use super::csv::CsvRows;
use super::error::InputError;
use super::event::{InputEvent, InputLine, Unreadable};
use super::input::{EventInput, InputFormat};
use super::json::JsonEvents;
use super::lines::{Ends, TextLine, TextLines};
use super::receipt::ReceiptForm;
use super::rows::Rows;
use super::table::EventTable;
use crate::wire::ValidationError;

/// Reads the events of an input one after the other.
pub struct EventReader(Form);

enum Form {
    /// One event on each line.
    Ndjson(TextLines),
    /// Events over several lines, or in a list.
    Json(JsonEvents),
    /// One record on each row.
    Table(Box<EventTable>),
}

impl EventReader {
    /// Of an input; `kind` names the type of a table's rows that name none.
    ///
    /// # Errors
    ///
    /// Where the input cannot be read, there is no such type, or a table's header line is not one.
    pub fn of(input: EventInput, kind: Option<&str>) -> Result<Self, InputError> {
        let name = input.name.clone();
        let fail = |error| InputError::io(&name, error);
        match input.format {
            InputFormat::Ndjson => {
                let is_named_json = input.is_named_json();
                let mut lines = TextLines::of(input.reader, Ends::Lf).map_err(fail)?;
                Ok(Self(match JsonEvents::are_in(lines.ahead().map_err(fail)?, is_named_json) {
                    true => Form::Json(JsonEvents::of(lines.rest())),
                    false => Form::Ndjson(lines),
                }))
            }
            InputFormat::Csv => {
                let kind = kind.map(named_type).transpose()?;
                let rows = CsvRows::of(input.reader).map_err(fail)?;
                let delimiter = rows.delimiter();
                let table = EventTable::of(&name.display().to_string(), Box::new(rows), delimiter, kind)?;
                Ok(Self(Form::Table(Box::new(table))))
            }
        }
    }

    /// Of rows that stand in another kind of file, such as a spreadsheet; `name` is what messages call it, and what
    /// is refused of it comes back as CSV with that delimiter.
    ///
    /// # Errors
    ///
    /// Where there is no such type, or the header line is not one.
    pub fn of_rows(name: &str, rows: Box<dyn Rows>, delimiter: u8, kind: Option<&str>) -> Result<Self, InputError> {
        let kind = kind.map(named_type).transpose()?;
        Ok(Self(Form::Table(Box::new(EventTable::of(name, rows, delimiter, kind)?))))
    }

    /// In which form what is refused comes back.
    pub fn receipt_form(&self) -> ReceiptForm {
        match &self.0 {
            Form::Ndjson(_) | Form::Json(_) => ReceiptForm::Remarks,
            Form::Table(table) => ReceiptForm::Table { header: table.header.clone(), delimiter: table.delimiter },
        }
    }

    /// The columns of a table that are not read, each with the known one that it is like.
    pub fn ignored(&self) -> &[(String, Option<String>)] {
        match &self.0 {
            Form::Table(table) => &table.ignored,
            _ => &[],
        }
    }
}

impl Iterator for EventReader {
    type Item = Result<InputEvent, Unreadable>;

    /// The next line that holds anything; `None` after the last.
    fn next(&mut self) -> Option<Result<InputEvent, Unreadable>> {
        match &mut self.0 {
            Form::Ndjson(lines) => loop {
                let line = match lines.next() {
                    Ok(line) => line?,
                    Err(error) => {
                        return Some(Err(Unreadable { after_line: lines.number(), cause: error.into() }));
                    }
                };
                // Empty lines, and the remarks of a receipt.
                if line.bytes.trim_ascii().is_empty() || line.bytes.first() == Some(&b'#') {
                    continue;
                }
                return Some(Ok(event_on(line)));
            },
            Form::Json(events) => match events.next() {
                Ok(line) => line.map(|line| Ok(event_on(line))),
                Err(error) => Some(Err(Unreadable { after_line: events.number(), cause: error.into() })),
            },
            Form::Table(table) => table.next(),
        }
    }
}

/// A line that is an event itself, unless it is too long.
fn event_on(line: TextLine) -> InputEvent {
    let (number, is_cut) = (line.number, line.is_too_long());
    match is_cut {
        true => {
            let bytes = line.beginning().to_vec();
            (InputLine { number, bytes, is_cut }, Err(vec![ValidationError::too_large(line.length)]))
        }
        false => (InputLine { number, bytes: line.bytes, is_cut }, Ok(None)),
    }
}

//! An event of single fields, as a person gives them: which are missing, whether one fits, and the first revision of a
//! record with a number of its own.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::check::Checker;
use super::error::RecordError;
use crate::wire::encode::Draft;
use crate::wire::flat::{self, FlatColumn, csv_data};
use crate::wire::spec::{EventType, TYPES, TypeSpec};
use crate::wire::{Message, ValidationError, unit_source};

/// What was given, by column.
pub type Columns = BTreeMap<String, String>;

/// The types of which a record can begin.
pub fn recordable() -> impl Iterator<Item = &'static TypeSpec> {
    TYPES.iter().filter(|spec| spec.kind != EventType::Withdrawal)
}

/// The columns that must be filled and are not given; of an object that must be there and of which nothing is given, all
/// of its columns.
pub fn missing(spec: &'static TypeSpec, columns: &Columns) -> Vec<FlatColumn> {
    let all = flat::columns(spec);
    let given = |field: &str| all.iter().any(|column| column.field == field && columns.contains_key(&column.name()));
    let lacks =
        |column: &&FlatColumn| spec.field(column.field).is_some_and(|field| field.required && !given(field.name));
    all.iter().filter(lacks).copied().collect()
}

/// What is wrong with a value of that field, as far as the fields given before it tell.
pub fn error_in(
    checker: &Checker,
    (spec, column): (&'static TypeSpec, &FlatColumn),
    before: &Columns,
    value: &str,
) -> Option<ValidationError> {
    let mut columns = before.clone();
    columns.insert(column.name(), value.to_owned());
    let errors = match data_of_columns(spec, &columns) {
        Err(errors) => errors,
        Ok(data) => {
            let source = unit_source(columns.get("unit").map_or("", String::as_str));
            let payload = Draft::new(spec, source, String::from("?"), Timestamp::now(), data).to_json();
            checker.event(&Message::structured(&payload)).err().unwrap_or_default()
        }
    };
    let pointer = column.pointer();
    errors.into_iter().find(|error| error.pointer == pointer)
}

/// The first revision of a record. Without a number it gets one that no other has; without a source it is its unit's.
///
/// # Errors
///
/// Where a value cannot be read.
pub fn first_revision(
    spec: &'static TypeSpec,
    subject: Option<&str>,
    source: Option<&str>,
    columns: &Columns,
    now: Timestamp,
) -> Result<Draft, RecordError> {
    let data = data_of(spec, columns)?;
    let unit = columns.get("unit").map_or("", String::as_str);
    // Unique without asking anybody: nanoseconds, and the process in case two share them.
    let made = || format!("{}-{:x}-{:x}", prefix(spec.kind), now.as_nanosecond(), std::process::id());
    let subject = subject.map_or_else(made, str::to_owned);
    let source = source.map_or_else(|| unit_source(unit), str::to_owned);
    Ok(Draft::new(spec, source, subject, now, data))
}

/// Whether a type has that column.
pub(super) fn has_column(spec: &TypeSpec, column: &str) -> bool {
    flat::columns(spec).iter().map(FlatColumn::name).any(|known| known == column)
}

/// The data of the columns given.
pub(super) fn data_of(spec: &'static TypeSpec, columns: &Columns) -> Result<Map<String, Value>, RecordError> {
    data_of_columns(spec, columns).map_err(RecordError::Refused)
}

fn data_of_columns(spec: &'static TypeSpec, columns: &Columns) -> Result<Map<String, Value>, Vec<ValidationError>> {
    let cell = |name: &str| columns.get(name).map(String::as_str).filter(|text| !text.is_empty());
    csv_data(spec, &cell, false)
}

/// How the numbers of a type's records begin.
fn prefix(kind: EventType) -> &'static str {
    match kind {
        EventType::Supervision => "GS",
        EventType::Violation => "VP",
        EventType::Activity => "HD",
        EventType::Petition => "DT",
        EventType::InspectionPlan => "KH",
        EventType::Index => "CS",
        EventType::FormTotal => "TH",
        EventType::NilReturn | EventType::Withdrawal => "BC",
    }
}

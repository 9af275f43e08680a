//! The names of a table's columns: those of the contract and their Vietnamese ones, and which known name a mistaken
//! one is like.

use super::error::InputError;
use crate::text::nearest::{is_searchable, nearest};
use crate::wire::flat::columns;
use crate::wire::spec::{TYPES, TypeSpec};

/// Columns of the envelope.
const ENVELOPE: [&str; 6] = ["type", "source", "subject", "revision", "id", "time"];

/// The type of that name, long or short.
///
/// # Errors
///
/// [`InputError::NoSuchType`].
pub fn named_type(name: &str) -> Result<&'static TypeSpec, InputError> {
    let spec = TypeSpec::named(name).or_else(|| TypeSpec::of(name));
    spec.ok_or_else(|| InputError::NoSuchType { name: name.to_owned() })
}

/// Every column that is read, of any type.
pub(super) fn known_columns() -> Vec<String> {
    let data = TYPES.iter().flat_map(columns).map(|column| column.name());
    ENVELOPE.into_iter().map(str::to_owned).chain(data).collect()
}

/// Every way to write a column of that type, or of any type, with its name.
pub(super) fn spellings(kind: Option<&'static TypeSpec>) -> Vec<(String, String)> {
    let specs = || TYPES.iter().filter(move |spec| kind.is_none_or(|kind| kind.name == spec.name));
    let names = specs().flat_map(columns).map(|column| column.name());
    let names = ENVELOPE.into_iter().map(str::to_owned).chain(names).map(|name| (name.clone(), name));
    let vietnamese = specs().flat_map(columns).map(|column| (column.meaning.vi.to_lowercase(), column.name()));
    names.chain(vietnamese).collect()
}

/// The known column that this one is but a slip away from.
pub(super) fn slip_of(column: &str, spellings: &[(String, String)]) -> Option<String> {
    if !is_searchable(column) {
        return None;
    }
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
pub(super) fn like(column: &str, spellings: &[(String, String)]) -> Option<String> {
    nearest(spellings, column, |(spelling, _)| spelling, 0.85).map(|(_, name)| name.clone())
}

/// A column's name as the contract has it; its Vietnamese name is known too.
pub(super) fn column_name(cell: &[u8]) -> String {
    let name = String::from_utf8_lossy(cell).trim().to_lowercase();
    let vietnamese = TYPES.iter().flat_map(columns).find(|column| column.meaning.vi.to_lowercase() == name);
    vietnamese.map_or(name, |column| column.name())
}

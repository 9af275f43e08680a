//! Values under their names, in the order in which they are given: objects of JSON, and figures in one cell.

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::datum::Datum;
use crate::domain::Figure;

/// An object whose keys keep their order.
pub(super) struct Ordered<T>(pub(super) Vec<(&'static str, T)>);

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// Figures as an object of JSON.
pub(super) fn by_name<S: Serializer>(figures: &[(Figure, Datum)], serializer: S) -> Result<S::Ok, S::Error> {
    let named = figures.iter().map(|(figure, amount)| (figure.name(), amount.clone()));
    Ordered(named.collect()).serialize(serializer)
}

/// Figures in one cell, for programs: `supervision_sessions=9; land_recovered_m2=12.50`.
pub(super) fn in_one_cell(figures: &[(Figure, Datum)]) -> String {
    let named = figures.iter().map(|(figure, amount)| format!("{}={}", figure.name(), amount.plain()));
    named.collect::<Vec<_>>().join("; ")
}

//! The figures of two stores compared, each of every unit and quarter.

use std::collections::BTreeMap;

use crate::domain::{Figure, Quarter};
use crate::rollup::Cell;
use crate::store::{StoreError, StoreReader};

/// A figure that differs between two stores.
#[derive(Debug, serde::Serialize)]
pub struct Change {
    pub quarter: String,
    pub unit: String,
    pub since: String,
    pub figure: &'static str,
    pub now: i128,
    pub then: i128,
}

/// A store's cells by quarter, unit and since when it is as it is.
pub type Cells = BTreeMap<(Quarter, String, String), Cell>;

/// All cells of a store.
pub fn cells(store: &mut dyn StoreReader) -> Result<Cells, StoreError> {
    let mut cells = Cells::new();
    for quarter in store.quarters()? {
        store.raw_cells(quarter, &mut |unit, since, cell| {
            cells.entry((quarter, unit.to_owned(), since.to_owned())).or_insert_with(Cell::default).add_cell(&cell);
        })?;
    }
    Ok(cells)
}

/// Own figures of units that differ, in order. What lies under a unit is not in its own figures.
pub fn changes(now: &Cells, then: &Cells) -> Vec<Change> {
    let empty = Cell::default();
    let mut keys: Vec<_> = now.keys().chain(then.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut changes = Vec::new();
    for key in keys {
        let (before, after) = (now.get(key).unwrap_or(&empty), then.get(key).unwrap_or(&empty));
        for figure in Figure::ALL {
            let (now, then) = (before.total(*figure), after.total(*figure));
            let parts_differ = !before.by_body(*figure).eq(after.by_body(*figure))
                || !before.by_field(*figure).eq(after.by_field(*figure));
            if now != then || parts_differ {
                let (quarter, unit, since) = key;
                changes.push(Change {
                    quarter: quarter.to_string(),
                    unit: unit.clone(),
                    since: since.clone(),
                    figure: figure.name(),
                    now,
                    then,
                });
            }
        }
    }
    changes
}

//! The figures of two stores compared, each of every unit and quarter: as they are stored, or as they are read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{StoreError, StoreReader};
use crate::domain::amount::FigureAmount;
use crate::domain::{Figure, Period, Quarter, Rules};
use crate::rollup::{Cell, Rollup, RollupRow};

/// A figure that differs between two stores.
#[derive(Debug, serde::Serialize)]
pub struct Change {
    /// The quarter.
    pub quarter: String,
    /// The unit's code.
    pub unit: String,
    /// Its first day; empty if it is known by its code alone.
    pub since: String,
    /// The figure.
    pub figure: Figure,
    /// What it is in the first store.
    pub now: FigureAmount,
    /// What it is in the other.
    pub then: FigureAmount,
}

impl Change {
    /// Its cells in a table: quarter, unit, since, figure, and the figure's two values.
    pub fn cells(&self) -> [String; 6] {
        let Self { quarter, unit, since, figure, now, then } = self;
        [quarter.clone(), unit.clone(), since.clone(), figure.name().to_owned(), now.to_string(), then.to_string()]
    }
}

/// A store's cells by quarter, unit and since when it is as it is.
pub type RawCells = BTreeMap<(Quarter, String, String), Cell>;

/// All cells of a store.
///
/// # Errors
///
/// Where the store cannot be read.
pub fn cells(store: &mut dyn StoreReader) -> Result<RawCells, StoreError> {
    let mut cells = RawCells::new();
    for quarter in store.quarters()? {
        store.raw_cells(quarter, &mut |unit, since, cell| {
            cells.entry((quarter, unit.to_owned(), since.to_owned())).or_default().add_cell(&cell);
        })?;
    }
    Ok(cells)
}

/// Own figures of units that differ, in order. What lies under a unit is not in its own figures.
pub fn changes(now: &RawCells, then: &RawCells) -> Vec<Change> {
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
                    figure: *figure,
                    now: FigureAmount::of(*figure, now),
                    then: FigureAmount::of(*figure, then),
                });
            }
        }
    }
    changes
}

/// Figures that differ in the rollups of two stores, each by its own rules, as whoever reads them sees them: of every
/// unit with all under it, and how many units are expected and have reported.
///
/// # Errors
///
/// Where either store cannot be read.
pub fn read_changes(
    now: Option<(&mut dyn StoreReader, &Rules)>,
    (then, rules): (&mut dyn StoreReader, &Rules),
) -> Result<Vec<Change>, StoreError> {
    let mut quarters: BTreeSet<Quarter> = then.quarters()?.into_iter().collect();
    let mut now = now;
    if let Some((now, _)) = &mut now {
        quarters.extend(now.quarters()?);
    }
    let mut changes = Vec::new();
    for quarter in quarters {
        let before = match &mut now {
            Some((store, rules)) => rows(&mut **store, quarter, rules)?,
            None => Vec::new(),
        };
        let after = rows(then, quarter, rules)?;
        compare(quarter, &before, &after, &mut changes);
    }
    Ok(changes)
}

/// The rows of a quarter; none where the calendar does not have it.
fn rows(store: &mut dyn StoreReader, quarter: Quarter, rules: &Rules) -> Result<Vec<RollupRow>, StoreError> {
    let cells = store.cells(&[quarter], rules)?;
    Ok(Rollup::of(Period::Quarter(quarter), None, &cells, rules).map(|rollup| rollup.rows).unwrap_or_default())
}

fn compare(quarter: Quarter, before: &[RollupRow], after: &[RollupRow], changes: &mut Vec<Change>) {
    fn key(row: &RollupRow) -> (&str, Option<Date>) {
        (&row.unit, row.valid_from)
    }
    let old: BTreeMap<_, _> = before.iter().map(|row| (key(row), row)).collect();
    let new: BTreeMap<_, _> = after.iter().map(|row| (key(row), row)).collect();
    // In the order of the rollup, then those that are not in it any more.
    let gone = before.iter().filter(|row| !new.contains_key(&key(row)));
    for key in after.iter().chain(gone).map(key) {
        let (old, new) = (old.get(&key), new.get(&key));
        for figure in Figure::ALL {
            let value = |row: Option<&&RollupRow>| row.map_or(0, |row| row.figure(*figure));
            let parts = |row: Option<&&RollupRow>| {
                row.map(|row| (row.by_body(*figure).collect::<Vec<_>>(), row.by_field(*figure).collect::<Vec<_>>()))
                    .unwrap_or_default()
            };
            let (now, then) = (value(old), value(new));
            if now != then || parts(old) != parts(new) {
                changes.push(Change {
                    quarter: quarter.to_string(),
                    unit: key.0.to_owned(),
                    since: key.1.map(|since| since.to_string()).unwrap_or_default(),
                    figure: *figure,
                    now: FigureAmount::of(*figure, now),
                    then: FigureAmount::of(*figure, then),
                });
            }
        }
    }
}

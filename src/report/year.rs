//! What a unit says of a whole year and what is no sum: inspection plans and
//! indices. Of several records of the same, the one with the highest revision.

use std::collections::BTreeMap;

use crate::domain::record::Rank;
use crate::domain::{Entry, Fact, IndexKind, Rules, UnitCode};
use crate::store::{ReadLedger, StoreError};

/// Inspections that a unit has planned for the year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The unit's name.
    pub unit: String,
    /// How many.
    pub planned: u32,
}

/// An index of the year, or a dimension of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// The index.
    pub index: IndexKind,
    /// Its dimension, unless it is the index as a whole.
    pub dimension: Option<String>,
    /// The unit's name.
    pub unit: String,
    /// The score as it was sent.
    pub score: String,
    /// The rank.
    pub rank: Option<u32>,
    /// Out of how many.
    pub out_of: Option<u32>,
}

/// What the store has of a year.
#[derive(Debug, Default)]
pub struct YearFacts {
    /// By unit.
    pub plans: Vec<Plan>,
    /// By unit, index and dimension.
    pub indices: Vec<Index>,
}

impl YearFacts {
    /// Asks every record of the store.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn of(store: &mut dyn ReadLedger, year: i16, rules: &Rules) -> Result<Self, StoreError> {
        let mut plans: BTreeMap<UnitCode, Entry> = BTreeMap::new();
        let mut indices: BTreeMap<(UnitCode, IndexKind, Option<String>), Entry> = BTreeMap::new();
        store.entries(&mut |entry| {
            match &entry.fact {
                Fact::InspectionPlan { unit, year: of, .. } if *of == year => keep(&mut plans, *unit, entry),
                Fact::Index { unit, year: of, index, dimension, .. } if *of == year => {
                    keep(&mut indices, (*unit, *index, dimension.clone()), entry);
                }
                _ => {}
            }
            true
        })?;
        let name = |unit: UnitCode| {
            let rows = rules.units.rows_of(unit);
            let of_year = rows.iter().rev().find(|row| row.valid_from.year() <= year);
            of_year.or(rows.first()).map_or_else(|| unit.to_string(), |row| row.name.clone())
        };
        let plans = plans.into_iter().filter_map(|(unit, entry)| match entry.fact {
            Fact::InspectionPlan { planned, .. } => Some(Plan { unit: name(unit), planned }),
            _ => None,
        });
        let indices = indices.into_iter().filter_map(|((unit, index, dimension), entry)| match entry.fact {
            Fact::Index { score, rank, out_of, .. } => {
                Some(Index { index, dimension, unit: name(unit), score, rank, out_of })
            }
            _ => None,
        });
        Ok(Self { plans: plans.collect(), indices: indices.collect() })
    }
}

/// Keeps the higher of two; at equal ranks the same one whatever the order of reading.
fn keep<K: Ord>(kept: &mut BTreeMap<K, Entry>, key: K, entry: Entry) {
    let order = |entry: &Entry| -> (Rank, crate::domain::RecordKey) { (entry.rank(), entry.key.clone()) };
    match kept.get(&key) {
        Some(before) if order(before) >= order(&entry) => {}
        _ => {
            kept.insert(key, entry);
        }
    }
}

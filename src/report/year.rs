//! What a unit says of a whole year and what is no sum: inspection plans and
//! indices. Of several records of the same, the one that was recorded last.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::{Digest, Entry, Fact, IndexKind, RowId, Rules};
use crate::rollup::contribution::meant;
use crate::store::{ReadLedger, StoreError, try_entries};

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
        let mut plans: BTreeMap<RowId, Entry> = BTreeMap::new();
        let mut indices: BTreeMap<(RowId, IndexKind, Option<String>), Entry> = BTreeMap::new();
        try_entries(store, |entry| {
            let unit = || meant(rules, &entry.fact).map(|segment| rules.units.unit_of(rules.units.row_of(segment)));
            match &entry.fact {
                Fact::InspectionPlan { year: of, .. } if *of == year => keep(&mut plans, unit()?, entry),
                Fact::Index { year: of, index, dimension, .. } if *of == year => {
                    keep(&mut indices, (unit()?, *index, dimension.clone()), entry);
                }
                _ => {}
            }
            Ok(())
        })?;
        let name = |unit: RowId| rules.units.row(unit).name.clone();
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

/// Keeps the one of two that was recorded later, at the same time the one with the greater digest: the same one whatever
/// the order of reading.
fn keep<K: Ord>(kept: &mut BTreeMap<K, Entry>, key: K, entry: Entry) {
    match kept.get(&key) {
        Some(before) if order(before) >= order(&entry) => {}
        _ => {
            kept.insert(key, entry);
        }
    }
}

fn order(entry: &Entry) -> Option<(Timestamp, Digest)> {
    match &entry.fact {
        Fact::InspectionPlan { recorded, .. } | Fact::Index { recorded, .. } => Some((*recorded, entry.digest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Calendar, UnitCode, UnitTable};
    use crate::report::fixture;

    /// The city, two towns that had one code one after the other, and a ward that changed towns.
    const UNITS: &str = "\
code,name,kind,parent_code,valid_from,valid_to
01,City,city,,2020-01-01,
1,Old Town,town,01,2020-01-01,2024-12-31
1,New Town,town,01,2025-01-01,
2,Other Town,town,01,2020-01-01,
00001,Ward,ward,1,2020-01-01,2024-12-31
00001,Ward,ward,2,2025-01-01,
";

    fn year(year: i16, facts: &[(&str, i16, u32, &str)]) -> Vec<(String, u32)> {
        let units = UnitTable::from_csv(UNITS, "from_code,to_code,effective_on,extent,basis\n").unwrap();
        let rules = Rules::new(units, Calendar::Decree09);
        let fact = |(unit, year, planned, recorded): &(&str, i16, u32, &str)| Fact::InspectionPlan {
            unit: UnitCode::new(unit).unwrap(),
            year: *year,
            planned: *planned,
            recorded: recorded.parse().unwrap(),
        };
        let dir = tempfile::tempdir().unwrap();
        let facts = facts.iter().map(fact).collect();
        let mut store = fixture::store_of(&dir.path().join("store.db"), &rules, facts, false);
        let facts = YearFacts::of(&mut store, year, &rules).unwrap();
        facts.plans.into_iter().map(|plan| (plan.unit, plan.planned)).collect()
    }

    #[test]
    fn a_plan_is_of_the_unit_that_its_code_meant_when_it_was_recorded() {
        let of = |plans: &[(&str, i16, u32, &str)]| year(2025, plans);
        let (old, new) = ("2024-12-20T03:00:00Z", "2025-02-01T03:00:00Z");
        // 20 December 2024 lies in the decree's year 2025.
        assert_eq!(of(&[("1", 2025, 4, old), ("1", 2025, 7, new)]), [("Old Town".into(), 4), ("New Town".into(), 7)]);
        let (before, after) = ("2024-06-01T03:00:00Z", "2026-06-01T03:00:00Z");
        assert_eq!(of(&[("1", 2025, 4, before)]), [("New Town".into(), 4)], "the last one in the year");
        assert_eq!(of(&[("1", 2025, 4, after)]), [("New Town".into(), 4)]);
        // At 17:00 UTC the year begins in Hanoi.
        assert_eq!(of(&[("1", 2025, 4, "2024-12-31T16:59:59Z")]), [("Old Town".into(), 4)]);
        assert_eq!(of(&[("1", 2025, 4, "2024-12-31T17:00:00Z")]), [("New Town".into(), 4)]);
        assert_eq!(year(2024, &[("1", 2024, 4, after)]), [("Old Town".into(), 4)]);
        assert_eq!(of(&[("00001", 2025, 4, old), ("00001", 2025, 7, new)]), [("Ward".into(), 7)], "one unit");
    }

    #[test]
    fn of_several_plans_the_latest_is_shown_and_at_the_same_time_the_greater_digest() {
        let (early, late) = ("2020-02-01T03:00:00.000000001Z", "2020-02-01T03:00:00.000000002Z");
        // The digests of the fixture rise.
        assert_eq!(year(2020, &[("01", 2020, 4, late), ("01", 2020, 9, early)]), [("City".into(), 4)]);
        assert_eq!(year(2020, &[("01", 2020, 9, early), ("01", 2020, 4, late)]), [("City".into(), 4)]);
        assert_eq!(year(2020, &[("01", 2020, 9, late), ("01", 2020, 4, late)]), [("City".into(), 4)]);
        assert_eq!(year(2020, &[("01", 2020, 9, late), ("01", 2021, 4, late)]), [("City".into(), 9)]);
    }
}

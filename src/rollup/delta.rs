//! What a batch changes in the figures: what counts from now on is added to the cells, and what counts no more is
//! taken from them.

use rustc_hash::FxHashMap;

use super::cell::Cell;
use super::contribution::{CellPlace, NotInTable, contributions};
use crate::domain::{Fact, Quarter, Rules};

/// Changes to cells, gathered over a batch.
#[derive(Debug, Default)]
pub struct Delta {
    cells: FxHashMap<(Quarter, CellPlace), Cell>,
}

impl Delta {
    /// A fact counts now.
    ///
    /// # Errors
    /// If the rules have no place for it.
    pub fn add(&mut self, fact: &Fact, rules: &Rules) -> Result<(), NotInTable> {
        self.count(fact, rules, 1)
    }

    /// A fact counts no more.
    ///
    /// # Errors
    /// If the rules have no place for it.
    pub fn subtract(&mut self, fact: &Fact, rules: &Rules) -> Result<(), NotInTable> {
        self.count(fact, rules, -1)
    }

    fn count(&mut self, fact: &Fact, rules: &Rules, sign: i128) -> Result<(), NotInTable> {
        contributions(fact, rules, |part| {
            let cell = self.cells.entry((part.quarter, part.place)).or_default();
            cell.add(part.counted, part.body, part.field, sign * part.amount);
        })
    }

    /// Each change that is not zero, in the order of quarter and place, which is the order in which stores keep cells.
    pub fn changes(&self) -> Vec<(Quarter, CellPlace, &Cell)> {
        let changed = self.cells.iter().filter(|(_, cell)| !cell.is_zero());
        let mut changes: Vec<_> = changed.map(|((quarter, place), cell)| (*quarter, *place, cell)).collect();
        changes.sort_unstable_by_key(|(quarter, place, _)| (*quarter, *place));
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Body, Calendar, Field, Lookup, UnitCode, UnitTable};
    use jiff::ToSpan as _;
    use std::collections::BTreeMap;

    /// Sessions in 100 units on 300 days, each number once, in an order of no order.
    fn facts(count: usize) -> impl Iterator<Item = (usize, Fact)> {
        let (rules, first) = (rules(), jiff::civil::date(2020, 1, 1));
        let in_force = |unit: &UnitCode| matches!(rules.units.at(*unit, first), Lookup::InForce(_));
        let codes = (1..2_000).filter_map(|number| UnitCode::new(&format!("{number:05}")));
        let units: Vec<UnitCode> = codes.filter(in_force).take(100).collect();
        (0..count).map(move |index| {
            // 7,919 and `count` share no factor, so each number comes once.
            let number = index * 7_919 % count;
            let fact = Fact::Supervision {
                unit: units[number % 100],
                held_on: first + ((number / 100 % 300) as i64).days(),
                body: Body::ALL[number % Body::ALL.len()],
                field: Field::ALL[number % Field::ALL.len()],
                participants: number as u32,
                recommendations: [0; 3],
            };
            (number, fact)
        })
    }

    fn rules() -> Rules {
        let units = include_str!("../../config/units/hanoi.csv");
        let units = UnitTable::from_csv(units, include_str!("../../config/units/hanoi-succession.csv")).unwrap();
        Rules::new(units, Calendar::Decree09)
    }

    fn all(delta: &Delta) -> BTreeMap<(Quarter, CellPlace), Vec<u8>> {
        let changes = delta.changes();
        assert!(changes.is_sorted_by_key(|(quarter, place, _)| (*quarter, *place)));
        changes.into_iter().map(|(quarter, place, cell)| ((quarter, place), cell.encode())).collect()
    }

    #[test]
    fn changes_are_the_same_in_whatever_order_facts_come() {
        let (rules, count) = (rules(), 30_000);
        let mut sorted = facts(count).collect::<Vec<_>>();
        let (mut here_and_there, mut by_unit) = (Delta::default(), Delta::default());
        for (_, fact) in &sorted {
            here_and_there.add(fact, &rules).unwrap();
        }
        sorted.sort_by_key(|(number, _)| (number % 100, *number));
        for (_, fact) in &sorted {
            by_unit.add(fact, &rules).unwrap();
        }
        let expected = all(&by_unit);
        assert!(all(&here_and_there) == expected && expected.len() == 400);
        for (_, fact) in &sorted {
            here_and_there.subtract(fact, &rules).unwrap();
        }
        assert!(all(&here_and_there).is_empty());
    }
}

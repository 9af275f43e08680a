//! What a batch changes in the figures: what counts from now on is added to the cells, and what counts no more is
//! taken from them.

use super::cell::Cell;
use super::contribution::{NotInTable, Place, contributions};
use crate::domain::{Fact, Quarter, Rules};

/// How many cells lie open: the quarters of a unit or two.
const OPEN: usize = 8;
/// Parts of the same cell are summed once there are this many more than twice what the last summing left.
const PARTS: usize = 65_536;

/// Changes to cells, gathered over a batch.
///
/// A batch is gone through in the order of its records, so that what follows one another counts in the few cells of one
/// unit. These lie open; the others are folded up: all of them open would be more memory than a processor has at hand.
#[derive(Debug, Default)]
pub struct Delta {
    open: Vec<(Place, Quarter, Cell)>,
    /// Which of them was opened first.
    oldest: usize,
    folded: Folded,
    /// How many parts the last summing left.
    merged: usize,
}

/// Cells that are folded up: of each, or of a part of one, the slots that are not zero.
#[derive(Debug, Default)]
struct Folded {
    parts: Vec<Part>,
    slots: Vec<u16>,
    /// What is in the slots.
    amounts: Vec<i128>,
}

/// A part of a cell, and from where to where its slots lie.
#[derive(Clone, Copy, Debug)]
struct Part {
    place: Place,
    quarter: Quarter,
    from: usize,
    to: usize,
}

impl Part {
    fn key(&self) -> (Quarter, Place) {
        (self.quarter, self.place)
    }
}

impl Folded {
    /// Folds up a cell, which is zero then.
    fn fold(&mut self, place: Place, quarter: Quarter, cell: &mut Cell) {
        let from = self.slots.len();
        cell.take(|slot, amount| {
            self.slots.push(slot);
            self.amounts.push(amount);
        });
        if self.slots.len() > from {
            self.parts.push(Part { place, quarter, from, to: self.slots.len() });
        }
    }

    fn add_to(&self, cell: &mut Cell, part: &Part) {
        let slots = self.slots[part.from..part.to].iter().zip(&self.amounts[part.from..part.to]);
        slots.for_each(|(slot, amount)| cell.add_to(usize::from(*slot), *amount));
    }

    fn clear(&mut self) {
        self.parts.clear();
        self.slots.clear();
        self.amounts.clear();
    }
}

impl Delta {
    /// A fact counts now.
    pub fn add(&mut self, fact: &Fact, rules: &Rules) -> Result<(), NotInTable> {
        self.count(fact, rules, 1)
    }

    /// A fact counts no more.
    pub fn subtract(&mut self, fact: &Fact, rules: &Rules) -> Result<(), NotInTable> {
        self.count(fact, rules, -1)
    }

    fn count(&mut self, fact: &Fact, rules: &Rules, sign: i128) -> Result<(), NotInTable> {
        // All that a record adds counts in a few cells, and mostly in one.
        let mut index = 0;
        contributions(fact, rules, |part| {
            if self.open.get(index).is_none_or(|(place, quarter, _)| (*place, *quarter) != (part.place, part.quarter)) {
                index = self.opened(part.place, part.quarter);
            }
            self.open[index].2.add(part.figure, part.body, part.field, sign * part.amount);
        })
    }

    /// Opens the cell, if it is not open: its place among those that are.
    fn opened(&mut self, place: Place, quarter: Quarter) -> usize {
        if let Some(index) = self.open.iter().position(|cell| (cell.0, cell.1) == (place, quarter)) {
            return index;
        }
        if self.open.len() < OPEN {
            self.open.push((place, quarter, Cell::default()));
            return self.open.len() - 1;
        }
        // What counts here and there, in no order, leaves many parts of the same cells.
        if self.folded.parts.len() > 2 * self.merged + PARTS {
            self.merge();
        }
        let index = self.oldest;
        self.oldest = (index + 1) % OPEN;
        let (before, its_quarter, cell) = &mut self.open[index];
        self.folded.fold(*before, *its_quarter, cell);
        (*before, *its_quarter) = (place, quarter);
        index
    }

    /// Folds up all that is open, and sums the parts of each cell.
    fn merge(&mut self) {
        for (place, quarter, cell) in &mut self.open {
            self.folded.fold(*place, *quarter, cell);
        }
        self.folded.parts.sort_unstable_by_key(Part::key);
        if self.folded.parts.windows(2).any(|two| two[0].key() == two[1].key()) {
            let (before, mut cell) = (std::mem::take(&mut self.folded), Cell::default());
            for same in before.parts.chunk_by(|a, b| a.key() == b.key()) {
                same.iter().for_each(|part| before.add_to(&mut cell, part));
                self.folded.fold(same[0].place, same[0].quarter, &mut cell);
            }
        }
        self.merged = self.folded.parts.len();
    }

    /// Tells each change that is not zero, in the order of quarter and place, which is the order in which stores keep
    /// them. The cell that holds it may be added to.
    pub fn changes<E>(&mut self, mut tell: impl FnMut(Place, Quarter, &mut Cell) -> Result<(), E>) -> Result<(), E> {
        self.merge();
        let mut cell = Cell::default();
        self.folded.parts.iter().try_for_each(|part| {
            cell.clear();
            self.folded.add_to(&mut cell, part);
            tell(part.place, part.quarter, &mut cell)
        })
    }

    /// Forgets every change; keeps its room.
    pub fn clear(&mut self) {
        self.open.iter_mut().for_each(|(_, _, cell)| cell.clear());
        self.folded.clear();
        self.merged = 0;
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

    fn all(delta: &mut Delta) -> BTreeMap<(Quarter, Place), Vec<u8>> {
        let mut all = BTreeMap::new();
        let told = delta.changes(|place, quarter, cell| match all.insert((quarter, place), cell.encode()) {
            None => Ok(()),
            Some(_) => Err((place, quarter)),
        });
        assert_eq!(told, Ok(()), "told twice");
        all
    }

    #[test]
    fn changes_are_the_same_in_whatever_order_facts_come() {
        let (rules, count) = (rules(), PARTS + 5_000);
        let mut sorted = facts(count).collect::<Vec<_>>();
        let (mut here_and_there, mut by_unit) = (Delta::default(), Delta::default());
        for (_, fact) in &sorted {
            here_and_there.add(fact, &rules).unwrap();
        }
        sorted.sort_by_key(|(number, _)| (number % 100, *number));
        for (_, fact) in &sorted {
            by_unit.add(fact, &rules).unwrap();
        }
        assert!(here_and_there.merged > 0, "its parts were made one meanwhile");
        let expected = all(&mut by_unit);
        assert!(all(&mut here_and_there) == expected && expected.len() == 400);
        assert!(all(&mut here_and_there) == expected, "and can be told again");
        for (_, fact) in &sorted {
            here_and_there.subtract(fact, &rules).unwrap();
        }
        assert!(all(&mut here_and_there).is_empty());
    }

    #[test]
    fn what_was_forgotten_is_in_no_change() {
        let (rules, mut delta) = (rules(), Delta::default());
        facts(2_000).for_each(|(_, fact)| delta.add(&fact, &rules).unwrap());
        delta.clear();
        assert!(all(&mut delta).is_empty());
    }
}

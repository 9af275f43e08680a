//! The figures of one unit in one quarter, by body and by field.

use crate::domain::{Body, Field, Figure};

const BODIES: usize = Body::ALL.len();
const FIELDS: usize = Field::ALL.len();
const FIGURES: usize = Figure::ALL.len();

/// Where each figure's slots begin: its total, then by body, then by field,
/// as far as it has them. The last entry is how many there are.
const BEGINS: [usize; FIGURES + 1] = {
    let mut begins = [0; FIGURES + 1];
    let mut index = 0;
    while index < FIGURES {
        let figure = Figure::ALL[index];
        let bodies = if figure.has_body() { BODIES } else { 0 };
        let fields = if figure.has_field() { FIELDS } else { 0 };
        begins[index + 1] = begins[index] + 1 + bodies + fields;
        index += 1;
    }
    begins
};
const SLOTS: usize = BEGINS[FIGURES];

/// Figures that add up. Whole numbers; money in đồng, land in hundredths of a
/// square metre. `i128` holds 2^63 records of the largest amount.
///
/// The slots of [`Figure::UnitsReported`] and [`Figure::UnitsNil`] count records
/// and nil returns: whether a unit has any is what the table makes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    slots: Box<[i128]>,
}

/// Bytes that are no cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a cell is damaged")]
pub struct CellError;

impl Default for Cell {
    fn default() -> Self {
        Self { slots: vec![0; SLOTS].into() }
    }
}

impl Cell {
    /// Adds to a figure's total, and to its part by body and by field, of those that it has.
    pub fn add(&mut self, figure: Figure, body: Option<Body>, field: Option<Field>, amount: i128) {
        let begin = BEGINS[figure.index()];
        self.slots[begin] += amount;
        if let Some(body) = body.filter(|_| figure.has_body()) {
            self.slots[begin + 1 + body.index()] += amount;
        }
        if let Some(field) = field.filter(|_| figure.has_field()) {
            self.slots[begin + 1 + BODIES + field.index()] += amount;
        }
    }

    /// Adds all of another cell.
    pub fn add_cell(&mut self, other: &Self) {
        self.slots.iter_mut().zip(&other.slots).for_each(|(slot, amount)| *slot += amount);
    }

    /// A figure's total.
    pub fn total(&self, figure: Figure) -> i128 {
        self.slots[BEGINS[figure.index()]]
    }

    /// A figure's parts by body that are not zero.
    pub fn by_body(&self, figure: Figure) -> impl Iterator<Item = (Body, i128)> + '_ {
        parts(Body::ALL, if figure.has_body() { &self.slots[BEGINS[figure.index()] + 1..] } else { &[] })
    }

    /// A figure's parts by field that are not zero.
    pub fn by_field(&self, figure: Figure) -> impl Iterator<Item = (Field, i128)> + '_ {
        parts(Field::ALL, if figure.has_field() { &self.slots[BEGINS[figure.index()] + 1 + BODIES..] } else { &[] })
    }

    /// Whether every slot is zero.
    pub fn is_zero(&self) -> bool {
        self.slots.iter().all(|amount| *amount == 0)
    }

    /// For the store: of each slot that is not zero, how many it lies after the
    /// one before, and its value in zigzag, both as LEB128.
    pub fn encode(&self) -> Vec<u8> {
        let (mut bytes, mut before) = (Vec::with_capacity(64), 0);
        for (slot, amount) in self.slots.iter().enumerate().filter(|(_, amount)| **amount != 0) {
            bytes = postcard::to_extend(&(slot - before, amount), bytes).expect("a vector takes any number");
            before = slot;
        }
        bytes
    }

    /// Adds what [`Cell::encode`] wrote.
    ///
    /// # Errors
    /// If the bytes are no cell.
    pub fn add_encoded(&mut self, mut bytes: &[u8]) -> Result<(), CellError> {
        let mut slot: usize = 0;
        while !bytes.is_empty() {
            let ((after, amount), rest): ((usize, i128), _) =
                postcard::take_from_bytes(bytes).map_err(|_| CellError)?;
            slot = slot.checked_add(after).filter(|slot| *slot < SLOTS).ok_or(CellError)?;
            self.slots[slot] += amount;
            bytes = rest;
        }
        Ok(())
    }
}

fn parts<'s, T: Copy>(all: &'s [T], slots: &'s [i128]) -> impl Iterator<Item = (T, i128)> + 's {
    all.iter().copied().zip(slots.iter().copied()).filter(|(_, amount)| *amount != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_figure_is_kept_by_body_and_by_field() {
        let mut cell = Cell::default();
        cell.add(Figure::SupervisionSessions, Some(Body::TradeUnion), Some(Field::Environment), 2);
        cell.add(Figure::SupervisionSessions, Some(Body::Other), Some(Field::Environment), 1);
        assert_eq!(cell.total(Figure::SupervisionSessions), 3);
        assert_eq!(
            cell.by_body(Figure::SupervisionSessions).collect::<Vec<_>>(),
            [(Body::TradeUnion, 2), (Body::Other, 1)]
        );
        assert_eq!(cell.by_field(Figure::SupervisionSessions).collect::<Vec<_>>(), [(Field::Environment, 3)]);
        cell.add(Figure::SupervisionSessions, Some(Body::TradeUnion), Some(Field::Environment), -2);
        cell.add(Figure::SupervisionSessions, Some(Body::Other), Some(Field::Environment), -1);
        assert!(cell.is_zero());
        assert!(cell.encode().is_empty());
    }

    #[test]
    fn bytes_that_are_no_cell_are_refused() {
        for bytes in [&[0x80][..], &[0], &[0xff; 20], &[0xff, 0xff, 0x03, 0x02]] {
            assert_eq!(Cell::default().add_encoded(bytes), Err(CellError), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn a_cell_is_read_back_as_it_was(slots in proptest::collection::vec((0..SLOTS, any::<i64>(), 0..40u32), 0..60)) {
            let mut cell = Cell::default();
            for (slot, value, shift) in slots {
                cell.slots[slot] += i128::from(value) << shift;
            }
            let mut read = Cell::default();
            read.add_encoded(&cell.encode()).unwrap();
            prop_assert_eq!(read, cell);
        }
    }
}

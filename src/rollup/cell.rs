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
#[derive(Clone, Debug)]
pub struct Cell {
    slots: Box<[i128]>,
    /// A bit for each slot that was added to: every other is zero, and need not be looked at.
    touched: [u64; SLOTS.div_ceil(64)],
}

/// Bytes that are no cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a cell is damaged")]
pub struct CellError;

impl Default for Cell {
    fn default() -> Self {
        Self { slots: vec![0; SLOTS].into(), touched: [0; SLOTS.div_ceil(64)] }
    }
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        self.slots == other.slots
    }
}

impl Eq for Cell {}

impl Cell {
    /// Adds to a figure's total, and to its part by body and by field, of those that it has.
    pub fn add(&mut self, figure: Figure, body: Option<Body>, field: Option<Field>, amount: i128) {
        let begin = BEGINS[figure.index()];
        self.add_to(begin, amount);
        if let Some(body) = body.filter(|_| figure.has_body()) {
            self.add_to(begin + 1 + body.index(), amount);
        }
        if let Some(field) = field.filter(|_| figure.has_field()) {
            self.add_to(begin + 1 + BODIES + field.index(), amount);
        }
    }

    pub(super) fn add_to(&mut self, slot: usize, amount: i128) {
        self.slots[slot] += amount;
        self.touched[slot / 64] |= 1 << (slot % 64);
    }

    /// The slots that may be other than zero, in order.
    fn touched(&self) -> impl Iterator<Item = usize> + use<> {
        self.touched.into_iter().enumerate().flat_map(|(word, mut bits)| {
            std::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(word * 64 + bit)
            })
        })
    }

    /// Adds all of another cell.
    pub fn add_cell(&mut self, other: &Self) {
        other.touched().for_each(|slot| self.add_to(slot, other.slots[slot]));
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

    /// Tells every slot that is not zero, in order, and is zero then.
    pub(super) fn take(&mut self, mut tell: impl FnMut(u16, i128)) {
        for slot in self.touched() {
            let amount = std::mem::take(&mut self.slots[slot]);
            if amount != 0 {
                tell(slot as u16, amount);
            }
        }
        self.touched.fill(0);
    }

    /// Makes every slot zero.
    pub fn clear(&mut self) {
        self.touched().for_each(|slot| self.slots[slot] = 0);
        self.touched.fill(0);
    }

    /// Whether every slot is zero.
    pub fn is_zero(&self) -> bool {
        self.touched().all(|slot| self.slots[slot] == 0)
    }

    /// For the store: of each slot that is not zero, how many it lies after the
    /// one before, and its value in zigzag, both as LEB128.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        let mut after = 0;
        for index in self.touched() {
            let value = self.slots[index];
            if value != 0 {
                leb128(&mut bytes, (index - after) as u128);
                leb128(&mut bytes, ((value << 1) ^ (value >> 127)) as u128);
                after = index;
            }
        }
        bytes
    }

    /// Adds what [`Cell::encode`] wrote.
    pub fn add_encoded(&mut self, mut bytes: &[u8]) -> Result<(), CellError> {
        let mut index = 0;
        while !bytes.is_empty() {
            index += usize::try_from(read_leb128(&mut bytes)?).map_err(|_| CellError)?;
            let zigzag = read_leb128(&mut bytes)?;
            if index >= SLOTS {
                return Err(CellError);
            }
            self.add_to(index, (zigzag >> 1) as i128 ^ -((zigzag & 1) as i128));
        }
        Ok(())
    }
}

fn parts<'s, T: Copy>(all: &'s [T], slots: &'s [i128]) -> impl Iterator<Item = (T, i128)> + 's {
    all.iter().copied().zip(slots.iter().copied()).filter(|(_, amount)| *amount != 0)
}

fn leb128(bytes: &mut Vec<u8>, mut value: u128) {
    while value >= 0x80 {
        bytes.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn read_leb128(bytes: &mut &[u8]) -> Result<u128, CellError> {
    let mut value = 0;
    for shift in (0..128).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(CellError)?;
        *bytes = rest;
        value |= u128::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(CellError)
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
                cell.add_to(slot, i128::from(value) << shift);
            }
            let mut read = Cell::default();
            read.add_encoded(&cell.encode()).unwrap();
            prop_assert_eq!(read, cell);
        }
    }
}

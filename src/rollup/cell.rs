//! The figures of one unit in one quarter, by body and by field.

use crate::domain::{Body, Field, FieldPart, Figure, Form};

const BODIES: usize = Body::ALL.len();
const FIELDS: usize = Field::ALL.len();
const FIGURES: usize = Figure::ALL.len();
const FORMS: usize = Form::ALL.len();

/// Where each figure's slots begin: its total, then by body, then by the fields of records, as far as it has them. The
/// last entry is where what came later begins: each figure's part in no field, then what is no figure.
///
/// A replay compares its cells with those of a store of an earlier version, read by the same slots: append.
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
const UNSPECIFIED: usize = BEGINS[FIGURES];
const FORM_TOTALS: usize = UNSPECIFIED + FIGURES;
const SINGLE_RECORDS: usize = FORM_TOTALS + FORMS;
const SLOTS: usize = SINGLE_RECORDS + FORMS;

/// What a cell counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// A figure.
    Figure(Figure),
    /// Totals of forms: how many.
    FormTotals(Form),
    /// Sessions and cases of the body of a form that were sent singly: how many. A case counts once where it was found
    /// and once where it was resolved.
    SingleRecords(Form),
}

impl From<Figure> for Counted {
    fn from(figure: Figure) -> Self {
        Self::Figure(figure)
    }
}

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
    pub fn add(&mut self, counted: impl Into<Counted>, body: Option<Body>, field: Option<FieldPart>, amount: i128) {
        let figure = match counted.into() {
            Counted::Figure(figure) => figure,
            Counted::FormTotals(form) => return self.slots[FORM_TOTALS + form.index()] += amount,
            Counted::SingleRecords(form) => return self.slots[SINGLE_RECORDS + form.index()] += amount,
        };
        let begin = BEGINS[figure.index()];
        self.slots[begin] += amount;
        if let Some(body) = body.filter(|_| figure.has_body()) {
            self.slots[begin + 1 + body.index()] += amount;
        }
        match field.filter(|_| figure.has_field()) {
            Some(FieldPart::Of(field)) => self.slots[begin + 1 + BODIES + field.index()] += amount,
            Some(FieldPart::Unspecified) => self.slots[UNSPECIFIED + figure.index()] += amount,
            None => {}
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
    pub fn by_field(&self, figure: Figure) -> impl Iterator<Item = (FieldPart, i128)> + '_ {
        let begin = BEGINS[figure.index()] + 1 + BODIES;
        let of_records = parts(Field::ALL, if figure.has_field() { &self.slots[begin..] } else { &[] });
        let unspecified = (FieldPart::Unspecified, self.slots[UNSPECIFIED + figure.index()]);
        of_records
            .map(|(field, amount)| (FieldPart::Of(field), amount))
            .chain([unspecified].into_iter().filter(|(_, amount)| *amount != 0))
    }

    /// How many forms' totals there are.
    pub fn form_totals(&self, form: Form) -> i128 {
        self.slots[FORM_TOTALS + form.index()]
    }

    /// Whether sessions or cases of the form's body were sent singly.
    pub fn has_single_records(&self, form: Form) -> bool {
        self.slots[SINGLE_RECORDS + form.index()] > 0
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
        cell.add(Figure::SupervisionSessions, Some(Body::TradeUnion), Some(FieldPart::Of(Field::Environment)), 2);
        cell.add(Figure::SupervisionSessions, Some(Body::Other), Some(FieldPart::Of(Field::Environment)), 1);
        assert_eq!(cell.total(Figure::SupervisionSessions), 3);
        assert_eq!(
            cell.by_body(Figure::SupervisionSessions).collect::<Vec<_>>(),
            [(Body::TradeUnion, 2), (Body::Other, 1)]
        );
        assert_eq!(
            cell.by_field(Figure::SupervisionSessions).collect::<Vec<_>>(),
            [(FieldPart::Of(Field::Environment), 3)]
        );
        cell.add(Figure::SupervisionSessions, Some(Body::TradeUnion), Some(FieldPart::Of(Field::Environment)), -2);
        cell.add(Figure::SupervisionSessions, Some(Body::Other), Some(FieldPart::Of(Field::Environment)), -1);
        assert!(cell.is_zero());
        assert!(cell.encode().is_empty());
    }

    #[test]
    fn a_forms_totals_count_in_no_field_and_beside_single_records() {
        let mut cell = Cell::default();
        let form = Form::CommunityInvestmentBoard;
        cell.add(Figure::SupervisionSessions, Some(form.body()), Some(FieldPart::Unspecified), 7);
        cell.add(Counted::FormTotals(form), None, None, 1);
        assert_eq!(cell.total(Figure::SupervisionSessions), 7);
        assert_eq!(cell.by_field(Figure::SupervisionSessions).collect::<Vec<_>>(), [(FieldPart::Unspecified, 7)]);
        assert_eq!(cell.by_field(Figure::Participants).count(), 0);
        assert_eq!((cell.form_totals(form), cell.has_single_records(form)), (1, false));
        cell.add(Counted::SingleRecords(form), None, None, 1);
        assert!(cell.has_single_records(form) && !cell.has_single_records(Form::PeoplesInspectionBoard));
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

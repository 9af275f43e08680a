//! Where one thing may be counted twice: a form's totals beside sessions and cases that were sent singly, or beside another
//! form's. Both count; which of them is to be withdrawn is the unit's decision, so it is only said where they stand.

use std::collections::BTreeMap;

use super::cell::Counted;
use super::contribution::{CellPlace, NotInTable, contributions};
use super::table::Cells;
use crate::domain::{Fact, Figure, Form, Quarter, RowId, Rules, SegmentId};

/// A quarter of a unit, and the body whose totals stand beside something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OverlapPlace {
    /// The quarter.
    pub quarter: Quarter,
    /// The first row of the unit: one that went on unchanged is the same unit.
    pub unit: RowId,
    /// The form, which is of one body.
    pub form: Form,
}

impl OverlapPlace {
    fn of(quarter: Quarter, segment: SegmentId, form: Form, rules: &Rules) -> Self {
        Self { quarter, unit: rules.units.unit_of(rules.units.row_of(segment)), form }
    }

    /// Every one of a quarter, in order, by its cells.
    pub fn all(quarter: Quarter, cells: &Cells, rules: &Rules) -> Vec<Self> {
        let mut found: BTreeMap<Self, (i128, bool)> = BTreeMap::new();
        for (place, cell) in cells.iter() {
            let CellPlace::Unit(segment) = place else { continue };
            for form in Form::ALL {
                let (totals, singly) = (cell.form_totals(*form), cell.has_single_records(*form));
                if totals > 0 || singly {
                    let here = found.entry(Self::of(quarter, segment, *form, rules)).or_default();
                    *here = (here.0 + totals, here.1 || singly);
                }
            }
        }
        let overlaps = |(totals, singly): &(i128, bool)| *totals > 1 || (*totals == 1 && *singly);
        found.into_iter().filter(|(_, here)| overlaps(here)).map(|(place, _)| place).collect()
    }
}

/// What a record adds at one place, as a form's totals or as a single session or case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether it is a form's totals.
    pub is_total: bool,
    /// Each figure that it adds there.
    pub figures: Vec<(Figure, i128)>,
}

/// What a fact adds at a place; `None` if nothing that a form's totals could count as well.
///
/// # Errors
/// If the rules have no place for the fact.
pub fn standing(fact: &Fact, place: OverlapPlace, rules: &Rules) -> Result<Option<Standing>, NotInTable> {
    let (mut is_total, mut figures) = (None, Vec::new());
    contributions(fact, rules, |part| {
        let CellPlace::Unit(segment) = part.place else { return };
        if OverlapPlace::of(part.quarter, segment, place.form, rules) != place {
            return;
        }
        match part.counted {
            Counted::FormTotals(form) if form == place.form => is_total = Some(true),
            Counted::SingleRecords(form) if form == place.form => is_total = Some(false),
            Counted::Figure(figure) if part.body == Some(place.form.body()) => figures.push((figure, part.amount)),
            _ => {}
        }
    })?;
    Ok(is_total.map(|is_total| Standing { is_total, figures }))
}

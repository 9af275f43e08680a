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

/// What a fact adds where a form's totals could count it as well, place by place.
///
/// # Errors
/// If the rules have no place for the fact.
pub fn standings(fact: &Fact, rules: &Rules) -> Result<BTreeMap<OverlapPlace, Standing>, NotInTable> {
    let mut here: BTreeMap<OverlapPlace, (Option<bool>, Vec<_>)> = BTreeMap::new();
    let Some(form) = fact.body().and_then(Form::of_body) else { return Ok(BTreeMap::new()) };
    contributions(fact, rules, |part| {
        let CellPlace::Unit(segment) = part.place else { return };
        let (is_total, figures) = here.entry(OverlapPlace::of(part.quarter, segment, form, rules)).or_default();
        match part.counted {
            Counted::FormTotals(of) if of == form => *is_total = Some(true),
            Counted::SingleRecords(of) if of == form => *is_total = Some(false),
            Counted::Figure(figure) if part.body == Some(form.body()) => figures.push((figure, part.amount)),
            _ => {}
        }
    })?;
    let standing = |(is_total, figures): (Option<bool>, _)| Some(Standing { is_total: is_total?, figures });
    Ok(here.into_iter().filter_map(|(place, of)| Some((place, standing(of)?))).collect())
}

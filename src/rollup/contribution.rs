//! What one record adds to which figures, where and when: part of the contract,
//! with `src/wire`. The figures `units_*`, which no single record decides, are
//! counted in `table`.

use jiff::civil::Date;

use super::cell::Counted;
use crate::domain::{
    Body, Fact, FieldPart, Figure, Form, Lookup, PetitionKind, Quarter, Resolution, Rules, SegmentId, Status, UnitCode,
};

/// Where a figure counts, besides in every ancestor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CellPlace {
    /// In a unit.
    Unit(SegmentId),
    /// In no unit any more: the case outlived its unit, which nobody took over
    /// whole. Counts in the root alone.
    Dissolved(SegmentId),
}

/// An amount that a record adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// To what. [`Figure::UnitsReported`] and [`Figure::UnitsNil`] stand
    /// for "a record" and "a nil return".
    pub counted: Counted,
    /// Where.
    pub place: CellPlace,
    /// In which quarter.
    pub quarter: Quarter,
    /// By which body.
    pub body: Option<Body>,
    /// In which field.
    pub field: Option<FieldPart>,
    /// How much, in the figure's measure; never 0.
    pub amount: i128,
}

/// A fact that the rules have no place for. The wire refuses such an event, so
/// this means that a stored fact was made under other rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotInTable(pub String);

/// Everything that a fact adds.
pub fn contributions(fact: &Fact, rules: &Rules, mut sink: impl FnMut(Contribution)) -> Result<(), NotInTable> {
    use Figure::*;
    match fact {
        Fact::Supervision { unit, held_on, body, field, participants, recommendations } => {
            let at = At::of(day(rules, *unit, *held_on)?, Some(*body), Some(FieldPart::Of(*field)));
            at.add(SupervisionSessions, 1, &mut sink);
            at.add(Participants, i128::from(*participants), &mut sink);
            for (figure, count) in
                [RecommendationsParty, RecommendationsAuthority, RecommendationsOther].into_iter().zip(recommendations)
            {
                at.add(figure, i128::from(*count), &mut sink);
            }
            at.single_record(&mut sink);
        }
        Fact::Violation { unit, detected_on, body, field, status, recommended, resolution } => {
            let at = At::of(day(rules, *unit, *detected_on)?, Some(*body), Some(FieldPart::Of(*field)));
            at.add(ViolationsFound, 1, &mut sink);
            let by_status = match status {
                Status::Suspected => ViolationsSuspected,
                Status::Confirmed => ViolationsConfirmed,
                Status::Dismissed => ViolationsDismissed,
            };
            at.add(by_status, 1, &mut sink);
            at.add(ViolationsRecommended, i128::from(*recommended), &mut sink);
            at.single_record(&mut sink);
            if let Some(resolution) = resolution {
                let at =
                    At::of(later(rules, *unit, *detected_on, resolution.on)?, Some(*body), Some(FieldPart::Of(*field)));
                at.add(ViolationsResolved, 1, &mut sink);
                for (figure, amount) in recovered(resolution) {
                    at.add(figure, amount, &mut sink);
                }
                at.single_record(&mut sink);
            }
        }
        Fact::Activity { unit, held_on, kind, body, count } => {
            let at = At::of(day(rules, *unit, *held_on)?, Some(*body), None);
            at.add(Figure::of_activity(*kind), i128::from(*count), &mut sink);
            at.record(&mut sink);
        }
        Fact::Petition { unit, received_on, kind, resolved_on } => {
            let (received, resolved) = match kind {
                PetitionKind::Complaint => (ComplaintsReceived, ComplaintsResolved),
                PetitionKind::Denunciation => (DenunciationsReceived, DenunciationsResolved),
                PetitionKind::Recommendation => (PetitionsReceived, PetitionsResolved),
            };
            let at = At::of(day(rules, *unit, *received_on)?, None, None);
            at.add(received, 1, &mut sink);
            at.record(&mut sink);
            if let Some(day) = resolved_on {
                let at = At::of(later(rules, *unit, *received_on, *day)?, None, None);
                at.add(resolved, 1, &mut sink);
                at.record(&mut sink);
            }
        }
        Fact::NilReturn { period, .. } => {
            let unit = meant(rules, fact)?;
            for quarter in period.quarters() {
                stretches(rules, unit, quarter, |at| at.add(UnitsNil, 1, &mut sink));
            }
        }
        Fact::FormTotal { quarter, form, totals, .. } => {
            let unit = meant(rules, fact)?;
            let at = At::of((CellPlace::Unit(unit), *quarter), Some(form.body()), Some(FieldPart::Unspecified));
            for (figure, total) in totals.figures() {
                at.add(figure, total, &mut sink);
                if figure == ViolationsFound {
                    at.add(ViolationsSuspected, total, &mut sink);
                }
            }
            at.bare().add(Counted::FormTotals(*form), 1, &mut sink);
            stretches(rules, unit, *quarter, |at| at.record(&mut sink));
        }
        Fact::InspectionPlan { .. } | Fact::Index { .. } | Fact::Withdrawal => {}
    }
    Ok(())
}

fn recovered(resolution: &Resolution) -> [(Figure, i128); 5] {
    [
        (Figure::MoneyRecoveredVnd, resolution.money_recovered.dong()),
        (Figure::MoneyOtherVnd, resolution.money_other.dong()),
        (Figure::SettlementReductionVnd, resolution.settlement_reduction.dong()),
        (Figure::LandRecoveredM2, resolution.land_recovered.centi_m2()),
        (Figure::LandOtherM2, resolution.land_other.centi_m2()),
    ]
}

/// Where and when something that happened in a unit on a day counts.
fn day(rules: &Rules, unit: UnitCode, day: Date) -> Result<(CellPlace, Quarter), NotInTable> {
    match rules.units.at(unit, day) {
        Lookup::InForce(segment) => Ok((CellPlace::Unit(segment), quarter(rules, day)?)),
        _ => Err(NotInTable(format!("unit {unit} was not in force on {day}"))),
    }
}

/// What became of something of `unit` found on `found`: counts in the unit, in its heir, or in no unit.
fn later(rules: &Rules, unit: UnitCode, found: Date, day: Date) -> Result<(CellPlace, Quarter), NotInTable> {
    if let Some(segment) = rules.units.heir(unit, found, day) {
        return Ok((CellPlace::Unit(segment), quarter(rules, day)?));
    }
    match rules.units.at(rules.units.root().code, day) {
        Lookup::InForce(root) => Ok((CellPlace::Dissolved(root), quarter(rules, day)?)),
        _ => Err(NotInTable(format!("there is no unit over all others on {day}"))),
    }
}

/// The unit that a fact without a day of its own speaks of.
///
/// # Errors
/// If the code was no unit on any day of its period or year.
pub fn meant(rules: &Rules, fact: &Fact) -> Result<SegmentId, NotInTable> {
    let nowhere = || {
        let unit = fact.unit().map(|unit| unit.to_string()).unwrap_or_default();
        NotInTable(format!("unit {unit} was in force on no day of the period that a {} speaks of", fact.kind()))
    };
    rules.unit_meant(fact).ok_or_else(nowhere)
}

/// Each stretch of a unit in a quarter, with the ancestors of its own: what speaks of a whole quarter speaks of them all.
fn stretches(rules: &Rules, unit: SegmentId, quarter: Quarter, mut each: impl FnMut(At)) {
    let Some((from, to)) = rules.calendar.quarter_range(quarter) else { return };
    for segment in rules.units.stretches_within(unit, from, to) {
        each(At::of((CellPlace::Unit(segment), quarter), None, None));
    }
}

fn quarter(rules: &Rules, day: Date) -> Result<Quarter, NotInTable> {
    let quarter = rules.calendar.quarter_of(day);
    quarter.ok_or_else(|| NotInTable(format!("{day} lies in no quarter of the calendar")))
}

/// Where, when, by whom and in what field something counts.
struct At {
    place: CellPlace,
    quarter: Quarter,
    body: Option<Body>,
    field: Option<FieldPart>,
}

impl At {
    fn of((place, quarter): (CellPlace, Quarter), body: Option<Body>, field: Option<FieldPart>) -> Self {
        Self { place, quarter, body, field }
    }

    /// The same place and quarter, by no body and in no field.
    fn bare(&self) -> Self {
        Self { body: None, field: None, ..*self }
    }

    fn add(&self, counted: impl Into<Counted>, amount: i128, sink: &mut impl FnMut(Contribution)) {
        if amount != 0 {
            let Self { place, quarter, body, field } = *self;
            sink(Contribution { counted: counted.into(), place, quarter, body, field, amount });
        }
    }

    /// That the unit has a record in the quarter.
    fn record(&self, sink: &mut impl FnMut(Contribution)) {
        self.bare().add(Figure::UnitsReported, 1, sink);
    }

    /// That the unit has a session or a case in the quarter, which a form's totals may have as well.
    fn single_record(&self, sink: &mut impl FnMut(Contribution)) {
        self.record(sink);
        if let Some(form) = self.body.and_then(Form::of_body) {
            self.bare().add(Counted::SingleRecords(form), 1, sink);
        }
    }
}

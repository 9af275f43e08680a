//! What one record adds to which figures, where and when: part of the contract,
//! with `src/wire`. The figures `units_*`, which no single record decides, are
//! counted in `table`.

use jiff::civil::Date;

use crate::domain::{
    Body, Fact, Field, Figure, Lookup, PetitionKind, Quarter, Resolution, Rules, SegmentId, Status, UnitCode,
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
    /// To which figure. [`Figure::UnitsReported`] and [`Figure::UnitsNil`] stand
    /// for "a record" and "a nil return".
    pub figure: Figure,
    /// Where.
    pub place: CellPlace,
    /// In which quarter.
    pub quarter: Quarter,
    /// By which body.
    pub body: Option<Body>,
    /// In which field.
    pub field: Option<Field>,
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
            let at = At::of(day(rules, *unit, *held_on)?, Some(*body), Some(*field));
            at.add(SupervisionSessions, 1, &mut sink);
            at.add(Participants, i128::from(*participants), &mut sink);
            for (figure, count) in
                [RecommendationsParty, RecommendationsAuthority, RecommendationsOther].into_iter().zip(recommendations)
            {
                at.add(figure, i128::from(*count), &mut sink);
            }
            at.record(&mut sink);
        }
        Fact::Violation { unit, detected_on, body, field, status, recommended, resolution } => {
            let at = At::of(day(rules, *unit, *detected_on)?, Some(*body), Some(*field));
            at.add(ViolationsFound, 1, &mut sink);
            let by_status = match status {
                Status::Suspected => ViolationsSuspected,
                Status::Confirmed => ViolationsConfirmed,
                Status::Dismissed => ViolationsDismissed,
            };
            at.add(by_status, 1, &mut sink);
            at.add(ViolationsRecommended, i128::from(*recommended), &mut sink);
            at.record(&mut sink);
            if let Some(resolution) = resolution {
                let at = At::of(later(rules, *unit, *detected_on, resolution.on)?, Some(*body), Some(*field));
                at.add(ViolationsResolved, 1, &mut sink);
                for (figure, amount) in recovered(resolution) {
                    at.add(figure, amount, &mut sink);
                }
                at.record(&mut sink);
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
        Fact::NilReturn { unit, period } => {
            for quarter in period.quarters() {
                let segment = rules
                    .calendar
                    .quarter_range(quarter)
                    .and_then(|(from, to)| rules.units.last_within(*unit, from, to));
                if let Some(segment) = segment {
                    At::of((CellPlace::Unit(segment), quarter), None, None).add(UnitsNil, 1, &mut sink);
                }
            }
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

fn quarter(rules: &Rules, day: Date) -> Result<Quarter, NotInTable> {
    let quarter = rules.calendar.quarter_of(day);
    quarter.ok_or_else(|| NotInTable(format!("{day} lies in no quarter of the calendar")))
}

/// Where, when, by whom and in what field something counts.
struct At {
    place: CellPlace,
    quarter: Quarter,
    body: Option<Body>,
    field: Option<Field>,
}

impl At {
    fn of((place, quarter): (CellPlace, Quarter), body: Option<Body>, field: Option<Field>) -> Self {
        Self { place, quarter, body, field }
    }

    fn add(&self, figure: Figure, amount: i128, sink: &mut impl FnMut(Contribution)) {
        if amount != 0 {
            let Self { place, quarter, body, field } = *self;
            sink(Contribution { figure, place, quarter, body, field, amount });
        }
    }

    /// That the unit has a record in the quarter.
    fn record(&self, sink: &mut impl FnMut(Contribution)) {
        Self { body: None, field: None, ..*self }.add(Figure::UnitsReported, 1, sink);
    }
}

//! What a unit's official quarterly form says, each figure of it as it was sent: totals, where the unit does not send each
//! session and case.

use serde::{Deserialize, Serialize};

use super::amount::{Area, Vnd};
use super::catalogue::Figure;

/// The totals that stand in a form; `None` where it says nothing of a figure, which is not the same as 0.
///
/// Stored in the ledger in this order of members: append, never reorder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormTotals {
    /// Supervision sessions.
    pub supervision_sessions: Option<u32>,
    /// Their participants.
    pub participants: Option<u32>,
    /// Cases with signs of violation.
    pub violations_found: Option<u32>,
    /// Of these, with handling recommended.
    pub violations_recommended: Option<u32>,
    /// Cases resolved.
    pub violations_resolved: Option<u32>,
    /// Money recovered.
    pub money_recovered: Option<Vnd>,
    /// Other money handling.
    pub money_other: Option<Vnd>,
    /// Settlement reduction.
    pub settlement_reduction: Option<Vnd>,
    /// Land recovered.
    pub land_recovered: Option<Area>,
    /// Other land handling.
    pub land_other: Option<Area>,
}

impl FormTotals {
    /// Each figure that is in the form with its total, in the figure's measure and in the order of the catalogue.
    pub fn figures(&self) -> impl Iterator<Item = (Figure, i128)> {
        use Figure::*;
        let (count, money, land) = (i128::from, Vnd::dong, Area::centi_m2);
        let figures = [
            (SupervisionSessions, self.supervision_sessions.map(count)),
            (Participants, self.participants.map(count)),
            (ViolationsFound, self.violations_found.map(count)),
            (ViolationsRecommended, self.violations_recommended.map(count)),
            (ViolationsResolved, self.violations_resolved.map(count)),
            (MoneyRecoveredVnd, self.money_recovered.map(money)),
            (MoneyOtherVnd, self.money_other.map(money)),
            (SettlementReductionVnd, self.settlement_reduction.map(money)),
            (LandRecoveredM2, self.land_recovered.map(land)),
            (LandOtherM2, self.land_other.map(land)),
        ];
        figures.into_iter().filter_map(|(figure, total)| Some((figure, total?)))
    }
}

//! The closed lists: who supervises, in what field, with what outcome, and the
//! figures that are made of them. Names are those of the contract in `src/wire`.
//!
//! The order of a list is part of what is stored: append, never reorder, and
//! raise [`VERSION`] with any change of meaning.

use serde::{Deserialize, Serialize};

/// Enters the rules' fingerprint: what is stored under another version is not mixed with this one.
pub const VERSION: u32 = 3;

/// A closed list whose members have a wire name; what they are called is said by the catalogue of texts.
macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident = $wire:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum $name { $($(#[$member_doc])* #[doc = concat!("`", $wire, "`")] $member),+ }

        impl $name {
            /// Every member, in the order that is stored.
            pub const ALL: &'static [Self] = &[$(Self::$member),+];
            /// Every name as it stands on the wire, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($wire),+];

            /// The name on the wire.
            pub fn name(self) -> &'static str {
                match self { $(Self::$member => $wire),+ }
            }

            /// The member of that wire name.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($wire => Some(Self::$member),)+ _ => None }
            }

            /// Its place in [`Self::ALL`].
            pub fn index(self) -> usize {
                self as usize
            }
        }
    };
}

pub(super) use closed_list;

closed_list! {
    /// The body that supervises.
    Body {
        FatherlandFront = "fatherland_front";
        PeoplesInspectionBoard = "peoples_inspection_board";
        CommunityInvestmentBoard = "community_investment_board";
        TradeUnion = "trade_union";
        SociopoliticalOrganisation = "sociopolitical_organisation";
        PeoplesCouncil = "peoples_council";
        Other = "other";
    }
}

closed_list! {
    /// The field that is supervised, derived from article 11 of Law 10/2022/QH15.
    Field {
        BudgetFinance = "budget_finance";
        LandConstructionPlanning = "land_construction_planning";
        InvestmentProjects = "investment_projects";
        PeoplesContributions = "peoples_contributions";
        SocialPolicy = "social_policy";
        AdministrativeProcedures = "administrative_procedures";
        OfficialConduct = "official_conduct";
        Environment = "environment";
        Other = "other";
    }
}

closed_list! {
    /// The official quarterly forms whose totals are taken, each of one body.
    Form {
        PeoplesInspectionBoard = "peoples_inspection_board";
        CommunityInvestmentBoard = "community_investment_board";
    }
}

impl Form {
    /// The form of a body, if it has one.
    pub fn of_body(body: Body) -> Option<Self> {
        Self::ALL.iter().copied().find(|form| form.body() == body)
    }

    /// The body whose form it is.
    pub const fn body(self) -> Body {
        match self {
            Self::PeoplesInspectionBoard => Body::PeoplesInspectionBoard,
            Self::CommunityInvestmentBoard => Body::CommunityInvestmentBoard,
        }
    }
}

/// Where a figure of supervision and violations counts by field: a record says its field, a form's totals say none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldPart {
    /// The field of a record.
    Of(Field),
    /// `unspecified`: of a form's totals.
    Unspecified,
}

impl FieldPart {
    /// Every part, the fields in their order.
    pub fn all() -> impl Iterator<Item = Self> {
        Field::ALL.iter().copied().map(Self::Of).chain([Self::Unspecified])
    }

    /// The name in a rollup.
    pub fn name(self) -> &'static str {
        match self {
            Self::Of(field) => field.name(),
            Self::Unspecified => "unspecified",
        }
    }
}

closed_list! {
    /// What a case with signs of violation is held to be at present.
    Status {
        Suspected = "suspected";
        Confirmed = "confirmed";
        Dismissed = "dismissed";
    }
}

closed_list! {
    /// The kinds of activity besides supervision.
    ActivityKind {
        SocialCriticism = "social_criticism";
        OpinionContribution = "opinion_contribution";
        PropagandaSession = "propaganda_session";
        ThematicSession = "thematic_session";
        Inspection = "inspection";
    }
}

closed_list! {
    /// The kinds of petition.
    PetitionKind {
        Complaint = "complaint";
        Denunciation = "denunciation";
        Recommendation = "recommendation";
    }
}

closed_list! {
    /// The yearly indices that the committee follows.
    IndexKind {
        Papi = "papi";
        Sipas = "sipas";
    }
}

closed_list! {
    /// The figures of a rollup, in the order of the contract in `src/wire`.
    Figure {
        SupervisionSessions = "supervision_sessions";
        Participants = "participants";
        RecommendationsParty = "recommendations_party";
        RecommendationsAuthority = "recommendations_authority";
        RecommendationsOther = "recommendations_other";
        ViolationsFound = "violations_found";
        ViolationsSuspected = "violations_suspected";
        ViolationsConfirmed = "violations_confirmed";
        ViolationsDismissed = "violations_dismissed";
        ViolationsRecommended = "violations_recommended";
        ViolationsResolved = "violations_resolved";
        MoneyRecoveredVnd = "money_recovered_vnd";
        MoneyOtherVnd = "money_other_vnd";
        SettlementReductionVnd = "settlement_reduction_vnd";
        LandRecoveredM2 = "land_recovered_m2";
        LandOtherM2 = "land_other_m2";
        SocialCriticism = "social_criticism";
        OpinionContribution = "opinion_contribution";
        PropagandaSession = "propaganda_session";
        ThematicSession = "thematic_session";
        Inspection = "inspection";
        ComplaintsReceived = "complaints_received";
        DenunciationsReceived = "denunciations_received";
        PetitionsReceived = "petitions_received";
        ComplaintsResolved = "complaints_resolved";
        DenunciationsResolved = "denunciations_resolved";
        PetitionsResolved = "petitions_resolved";
        UnitsExpected = "units_expected";
        UnitsReported = "units_reported";
        UnitsNil = "units_nil";
    }
}

/// What a figure is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// A number of things.
    Count,
    /// Đồng.
    Vnd,
    /// Hundredths of a square metre.
    CentiM2,
}

/// What a figure is about: reports group figures by it, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Supervision sessions and what came of them.
    Supervision,
    /// Cases with signs of violation.
    Violations,
    /// How cases were handled, and what was recovered.
    Handling,
    /// Activities besides supervision.
    Activities,
    /// Complaints, denunciations, petitions.
    Petitions,
    /// Which units have reported: counts units, not records, and so is no sum of the quarters.
    Reporting,
}

/// What a figure is also given by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parts {
    Neither,
    Body,
    BodyAndField,
}

impl Figure {
    /// All that is decided of a figure, a row each.
    const fn row(self) -> (Subject, Measure, Parts) {
        use Measure::{CentiM2, Count, Vnd};
        use Parts::{Body, BodyAndField, Neither};
        use Subject::{Activities, Handling, Petitions, Reporting, Supervision, Violations};
        match self {
            Self::SupervisionSessions => (Supervision, Count, BodyAndField),
            Self::Participants => (Supervision, Count, BodyAndField),
            Self::RecommendationsParty => (Supervision, Count, BodyAndField),
            Self::RecommendationsAuthority => (Supervision, Count, BodyAndField),
            Self::RecommendationsOther => (Supervision, Count, BodyAndField),
            Self::ViolationsFound => (Violations, Count, BodyAndField),
            Self::ViolationsSuspected => (Violations, Count, BodyAndField),
            Self::ViolationsConfirmed => (Violations, Count, BodyAndField),
            Self::ViolationsDismissed => (Violations, Count, BodyAndField),
            Self::ViolationsRecommended => (Violations, Count, BodyAndField),
            Self::ViolationsResolved => (Handling, Count, BodyAndField),
            Self::MoneyRecoveredVnd => (Handling, Vnd, BodyAndField),
            Self::MoneyOtherVnd => (Handling, Vnd, BodyAndField),
            Self::SettlementReductionVnd => (Handling, Vnd, BodyAndField),
            Self::LandRecoveredM2 => (Handling, CentiM2, BodyAndField),
            Self::LandOtherM2 => (Handling, CentiM2, BodyAndField),
            Self::SocialCriticism => (Activities, Count, Body),
            Self::OpinionContribution => (Activities, Count, Body),
            Self::PropagandaSession => (Activities, Count, Body),
            Self::ThematicSession => (Activities, Count, Body),
            Self::Inspection => (Activities, Count, Body),
            Self::ComplaintsReceived => (Petitions, Count, Neither),
            Self::DenunciationsReceived => (Petitions, Count, Neither),
            Self::PetitionsReceived => (Petitions, Count, Neither),
            Self::ComplaintsResolved => (Petitions, Count, Neither),
            Self::DenunciationsResolved => (Petitions, Count, Neither),
            Self::PetitionsResolved => (Petitions, Count, Neither),
            Self::UnitsExpected => (Reporting, Count, Neither),
            Self::UnitsReported => (Reporting, Count, Neither),
            Self::UnitsNil => (Reporting, Count, Neither),
        }
    }

    /// What it is about.
    pub const fn subject(self) -> Subject {
        self.row().0
    }

    /// What it is measured in.
    pub const fn measure(self) -> Measure {
        self.row().1
    }

    /// Whether it is also given by supervising body.
    pub const fn has_body(self) -> bool {
        !matches!(self.row().2, Parts::Neither)
    }

    /// Whether it is also given by field: the figures of supervision and violations.
    pub const fn has_field(self) -> bool {
        matches!(self.row().2, Parts::BodyAndField)
    }

    /// Whether it counts units, not records, and so is no sum of the quarters.
    pub const fn counts_units(self) -> bool {
        matches!(self.subject(), Subject::Reporting)
    }

    /// The figures of a subject, in the order of the list.
    pub fn about(subject: Subject) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |figure| figure.subject() == subject)
    }

    /// The figure that sums up activities of a kind.
    pub fn of_activity(kind: ActivityKind) -> Self {
        match kind {
            ActivityKind::SocialCriticism => Self::SocialCriticism,
            ActivityKind::OpinionContribution => Self::OpinionContribution,
            ActivityKind::PropagandaSession => Self::PropagandaSession,
            ActivityKind::ThematicSession => Self::ThematicSession,
            ActivityKind::Inspection => Self::Inspection,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for figure in Figure::ALL {
            assert_eq!(Figure::parse(figure.name()), Some(*figure));
        }
        for body in Body::ALL {
            assert_eq!(serde_json::to_value(body).unwrap(), body.name());
        }
        for field in Field::ALL {
            assert_eq!(serde_json::to_value(field).unwrap(), field.name());
        }
        assert_eq!(Field::parse("nothing"), None);
    }
}

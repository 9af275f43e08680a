//! The closed lists: who supervises, in what field, with what outcome, and the
//! figures that are made of them. Names are those of the wire contract.
//!
//! The order of a list is part of what is stored: append, never reorder, and
//! raise [`VERSION`] with any change of meaning.

use serde::{Deserialize, Serialize};

/// Enters the rules' fingerprint: what is stored under another version is not mixed with this one.
pub const VERSION: u32 = 2;

/// A closed list whose members have a wire name and a Vietnamese one.
macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident = $wire:literal, $vi:literal, $en:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum $name { $($(#[$member_doc])* #[doc = $en] $member),+ }

        impl $name {
            /// Every member, in the order that is stored.
            pub const ALL: &'static [Self] = &[$(Self::$member),+];
            /// Every name as it stands on the wire, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($wire),+];

            /// The name on the wire.
            pub fn name(self) -> &'static str {
                match self { $(Self::$member => $wire),+ }
            }

            /// The name in Vietnamese.
            pub fn vi(self) -> &'static str {
                match self { $(Self::$member => $vi),+ }
            }

            /// The name in English.
            pub fn en(self) -> &'static str {
                match self { $(Self::$member => $en),+ }
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
        FatherlandFront = "fatherland_front", "Mặt trận Tổ quốc", "Fatherland Front";
        PeoplesInspectionBoard = "peoples_inspection_board", "Ban Thanh tra nhân dân", "People's Inspection Board";
        CommunityInvestmentBoard = "community_investment_board", "Ban Giám sát đầu tư của cộng đồng", "Community Investment Supervision Board";
        TradeUnion = "trade_union", "Công đoàn", "Trade union";
        SociopoliticalOrganisation = "sociopolitical_organisation", "Tổ chức chính trị - xã hội khác", "Other socio-political organisation";
        PeoplesCouncil = "peoples_council", "Hội đồng nhân dân", "People's Council";
        Other = "other", "Khác", "Other";
    }
}

closed_list! {
    /// The field that is supervised, derived from article 11 of Law 10/2022/QH15.
    Field {
        BudgetFinance = "budget_finance", "Ngân sách, tài chính", "Budget and finance";
        LandConstructionPlanning = "land_construction_planning", "Đất đai, bồi thường, quy hoạch", "Land, compensation and planning";
        InvestmentProjects = "investment_projects", "Dự án, công trình đầu tư", "Investment projects";
        PeoplesContributions = "peoples_contributions", "Các khoản đóng góp của Nhân dân", "Contributions of the people";
        SocialPolicy = "social_policy", "Chính sách xã hội, an sinh", "Social policy and welfare";
        AdministrativeProcedures = "administrative_procedures", "Thủ tục hành chính", "Administrative procedures";
        OfficialConduct = "official_conduct", "Phẩm chất, việc làm của cán bộ", "Conduct of officials";
        Environment = "environment", "Môi trường", "Environment";
        Other = "other", "Khác", "Other";
    }
}

closed_list! {
    /// What a case with signs of violation is held to be at present.
    Status {
        Suspected = "suspected", "có dấu hiệu", "suspected";
        Confirmed = "confirmed", "đã kết luận có vi phạm", "confirmed";
        Dismissed = "dismissed", "đã kết luận không vi phạm", "dismissed";
    }
}

closed_list! {
    /// The kinds of activity besides supervision.
    ActivityKind {
        SocialCriticism = "social_criticism", "phản biện xã hội", "social criticism";
        OpinionContribution = "opinion_contribution", "lượt ý kiến góp ý", "opinions contributed";
        PropagandaSession = "propaganda_session", "buổi tuyên truyền", "propaganda session";
        ThematicSession = "thematic_session", "buổi sinh hoạt chuyên đề", "thematic session";
        Inspection = "inspection", "cuộc kiểm tra", "inspection";
    }
}

closed_list! {
    /// The kinds of petition.
    PetitionKind {
        Complaint = "complaint", "khiếu nại", "complaint";
        Denunciation = "denunciation", "tố cáo", "denunciation";
        Recommendation = "recommendation", "kiến nghị, phản ánh", "recommendation";
    }
}

closed_list! {
    /// The yearly indices that the committee follows.
    IndexKind {
        Papi = "papi", "Chỉ số PAPI", "PAPI (governance and public administration performance)";
        Sipas = "sipas", "Chỉ số SIPAS", "SIPAS (satisfaction with administrative services)";
    }
}

closed_list! {
    /// The figures of a rollup, in the order of the wire contract.
    Figure {
        SupervisionSessions = "supervision_sessions", "Số cuộc giám sát", "Supervision sessions";
        Participants = "participants", "Số lượt người tham gia", "Participants";
        RecommendationsParty = "recommendations_party", "Kiến nghị với cấp ủy", "Recommendations to the Party committee";
        RecommendationsAuthority = "recommendations_authority", "Kiến nghị với chính quyền", "Recommendations to the authority";
        RecommendationsOther = "recommendations_other", "Kiến nghị khác", "Other recommendations";
        ViolationsFound = "violations_found", "Số vụ có dấu hiệu vi phạm", "Cases with signs of violation";
        ViolationsSuspected = "violations_suspected", "Trong đó: đang xem xét", "Of these: still suspected";
        ViolationsConfirmed = "violations_confirmed", "Trong đó: kết luận có vi phạm", "Of these: confirmed";
        ViolationsDismissed = "violations_dismissed", "Trong đó: kết luận không vi phạm", "Of these: dismissed";
        ViolationsRecommended = "violations_recommended", "Số vụ kiến nghị xử lý", "Cases recommended for handling";
        ViolationsResolved = "violations_resolved", "Số vụ đã xử lý", "Cases resolved";
        MoneyRecoveredVnd = "money_recovered_vnd", "Thu hồi tiền (đồng)", "Money recovered (VND)";
        MoneyOtherVnd = "money_other_vnd", "Xử lý khác về tiền (đồng)", "Other money handling (VND)";
        SettlementReductionVnd = "settlement_reduction_vnd", "Giảm trừ quyết toán (đồng)", "Settlement reduction (VND)";
        LandRecoveredM2 = "land_recovered_m2", "Thu hồi đất (m²)", "Land recovered (m²)";
        LandOtherM2 = "land_other_m2", "Xử lý khác về đất (m²)", "Other land handling (m²)";
        SocialCriticism = "social_criticism", "Số cuộc phản biện xã hội", "Social criticism";
        OpinionContribution = "opinion_contribution", "Số lượt ý kiến góp ý", "Opinions contributed";
        PropagandaSession = "propaganda_session", "Số buổi tuyên truyền", "Propaganda sessions";
        ThematicSession = "thematic_session", "Số buổi sinh hoạt chuyên đề", "Thematic sessions";
        Inspection = "inspection", "Số cuộc kiểm tra", "Inspections";
        ComplaintsReceived = "complaints_received", "Khiếu nại đã tiếp nhận", "Complaints received";
        DenunciationsReceived = "denunciations_received", "Tố cáo đã tiếp nhận", "Denunciations received";
        PetitionsReceived = "petitions_received", "Kiến nghị, phản ánh đã tiếp nhận", "Petitions received";
        ComplaintsResolved = "complaints_resolved", "Khiếu nại đã giải quyết", "Complaints resolved";
        DenunciationsResolved = "denunciations_resolved", "Tố cáo đã giải quyết", "Denunciations resolved";
        PetitionsResolved = "petitions_resolved", "Kiến nghị, phản ánh đã giải quyết", "Petitions resolved";
        UnitsExpected = "units_expected", "Số đơn vị phải báo cáo", "Units expected";
        UnitsReported = "units_reported", "Số đơn vị đã báo cáo", "Units reported";
        UnitsNil = "units_nil", "Trong đó: báo cáo \"không\"", "Of these: nil return only";
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

impl Figure {
    /// What it is measured in.
    pub fn measure(self) -> Measure {
        match self {
            Self::MoneyRecoveredVnd | Self::MoneyOtherVnd | Self::SettlementReductionVnd => Measure::Vnd,
            Self::LandRecoveredM2 | Self::LandOtherM2 => Measure::CentiM2,
            _ => Measure::Count,
        }
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

    /// Whether it is also given by supervising body.
    pub const fn has_body(self) -> bool {
        self as u8 <= Self::Inspection as u8
    }

    /// Whether it is also given by field: the figures of supervision and violations.
    pub const fn has_field(self) -> bool {
        self as u8 <= Self::LandOtherM2 as u8
    }

    /// Whether it counts units, not records, and so is no sum of the quarters.
    pub fn counts_units(self) -> bool {
        self >= Self::UnitsExpected
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

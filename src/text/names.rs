//! What the members of the domain's closed lists are called.

use super::{Text, texts};
use crate::domain::{ActivityKind, Body, Field, FieldPart, Figure, IndexKind, PetitionKind, Status, UnitKind};

macro_rules! names {
    ($($(#[$doc:meta])* $function:ident($list:ident) { $($member:ident = $vi:literal, $en:literal;)+ })+) => { $(
        $(#[$doc])*
        pub fn $function(of: $list) -> Text {
            match of { $($list::$member => Text::new($vi, $en),)+ }
        }
    )+ };
}

names! {
    /// A kind of unit.
    unit_kind(UnitKind) {
        City = "thành phố", "city";
        Province = "tỉnh", "province";
        UrbanDistrict = "quận", "urban district";
        RuralDistrict = "huyện", "rural district";
        Town = "thị xã", "town";
        ProvincialCity = "thành phố thuộc tỉnh", "provincial city";
        Ward = "phường", "ward";
        Commune = "xã", "commune";
        Township = "thị trấn", "township";
        SpecialZone = "đặc khu", "special zone";
    }
    /// The body that supervises.
    body(Body) {
        FatherlandFront = "Mặt trận Tổ quốc", "Fatherland Front";
        PeoplesInspectionBoard = "Ban Thanh tra nhân dân", "People's Inspection Board";
        CommunityInvestmentBoard = "Ban Giám sát đầu tư của cộng đồng", "Community Investment Supervision Board";
        TradeUnion = "Công đoàn", "Trade union";
        SociopoliticalOrganisation = "Tổ chức chính trị - xã hội khác", "Other socio-political organisation";
        PeoplesCouncil = "Hội đồng nhân dân", "People's Council";
        Other = "Khác", "Other";
    }
    /// The field that is supervised.
    field(Field) {
        BudgetFinance = "Ngân sách, tài chính", "Budget and finance";
        LandConstructionPlanning = "Đất đai, bồi thường, quy hoạch", "Land, compensation and planning";
        InvestmentProjects = "Dự án, công trình đầu tư", "Investment projects";
        PeoplesContributions = "Các khoản đóng góp của Nhân dân", "Contributions of the people";
        SocialPolicy = "Chính sách xã hội, an sinh", "Social policy and welfare";
        AdministrativeProcedures = "Thủ tục hành chính", "Administrative procedures";
        OfficialConduct = "Phẩm chất, việc làm của cán bộ", "Conduct of officials";
        Environment = "Môi trường", "Environment";
        Other = "Khác", "Other";
    }
    /// What a case is held to be at present.
    status(Status) {
        Suspected = "có dấu hiệu", "suspected";
        Confirmed = "đã kết luận có vi phạm", "confirmed";
        Dismissed = "đã kết luận không vi phạm", "dismissed";
    }
    /// A kind of activity.
    activity_kind(ActivityKind) {
        SocialCriticism = "phản biện xã hội", "social criticism";
        OpinionContribution = "lượt ý kiến góp ý", "opinions contributed";
        PropagandaSession = "buổi tuyên truyền", "propaganda session";
        ThematicSession = "buổi sinh hoạt chuyên đề", "thematic session";
        Inspection = "cuộc kiểm tra", "inspection";
    }
    /// A kind of petition.
    petition_kind(PetitionKind) {
        Complaint = "khiếu nại", "complaint";
        Denunciation = "tố cáo", "denunciation";
        Recommendation = "kiến nghị, phản ánh", "recommendation";
    }
    /// A yearly index.
    index_kind(IndexKind) {
        Papi = "Chỉ số PAPI", "PAPI (governance and public administration performance)";
        Sipas = "Chỉ số SIPAS", "SIPAS (satisfaction with administrative services)";
    }
    /// A figure of a rollup.
    figure(Figure) {
        SupervisionSessions = "Số cuộc giám sát", "Supervision sessions";
        Participants = "Số lượt người tham gia", "Participants";
        RecommendationsParty = "Kiến nghị với cấp ủy", "Recommendations to the Party committee";
        RecommendationsAuthority = "Kiến nghị với chính quyền", "Recommendations to the authority";
        RecommendationsOther = "Kiến nghị khác", "Other recommendations";
        ViolationsFound = "Số vụ có dấu hiệu vi phạm", "Cases with signs of violation";
        ViolationsSuspected = "Trong đó: đang xem xét", "Of these: still suspected";
        ViolationsConfirmed = "Trong đó: kết luận có vi phạm", "Of these: confirmed";
        ViolationsDismissed = "Trong đó: kết luận không vi phạm", "Of these: dismissed";
        ViolationsRecommended = "Số vụ kiến nghị xử lý", "Cases recommended for handling";
        ViolationsResolved = "Số vụ đã xử lý", "Cases resolved";
        MoneyRecoveredVnd = "Thu hồi tiền (đồng)", "Money recovered (VND)";
        MoneyOtherVnd = "Xử lý khác về tiền (đồng)", "Other money handling (VND)";
        SettlementReductionVnd = "Giảm trừ quyết toán (đồng)", "Settlement reduction (VND)";
        LandRecoveredM2 = "Thu hồi đất (m²)", "Land recovered (m²)";
        LandOtherM2 = "Xử lý khác về đất (m²)", "Other land handling (m²)";
        SocialCriticism = "Số cuộc phản biện xã hội", "Social criticism";
        OpinionContribution = "Số lượt ý kiến góp ý", "Opinions contributed";
        PropagandaSession = "Số buổi tuyên truyền", "Propaganda sessions";
        ThematicSession = "Số buổi sinh hoạt chuyên đề", "Thematic sessions";
        Inspection = "Số cuộc kiểm tra", "Inspections";
        ComplaintsReceived = "Khiếu nại đã tiếp nhận", "Complaints received";
        DenunciationsReceived = "Tố cáo đã tiếp nhận", "Denunciations received";
        PetitionsReceived = "Kiến nghị, phản ánh đã tiếp nhận", "Petitions received";
        ComplaintsResolved = "Khiếu nại đã giải quyết", "Complaints resolved";
        DenunciationsResolved = "Tố cáo đã giải quyết", "Denunciations resolved";
        PetitionsResolved = "Kiến nghị, phản ánh đã giải quyết", "Petitions resolved";
        UnitsExpected = "Số đơn vị phải báo cáo", "Units expected";
        UnitsReported = "Số đơn vị đã báo cáo", "Units reported";
        UnitsNil = "Trong đó: báo cáo \"không\"", "Of these: nil return only";
    }
}

texts! {
    unspecified_field() { "Không phân theo lĩnh vực (số tổng hợp của biểu mẫu)", "Not by field (totals of forms)" }
}

/// A field of records, or that of a form's totals.
pub fn field_part(part: FieldPart) -> Text {
    match part {
        FieldPart::Of(of) => field(of),
        FieldPart::Unspecified => unspecified_field(),
    }
}

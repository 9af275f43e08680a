//! What the sample's records say, in Vietnamese. Names no person.

use crate::domain::Field;

/// What a session supervised.
pub fn topic(field: Field) -> &'static str {
    match field {
        Field::BudgetFinance => "Giám sát việc công khai dự toán và quyết toán ngân sách xã",
        Field::LandConstructionPlanning => "Giám sát công tác quản lý đất đai, trật tự xây dựng trên địa bàn",
        Field::InvestmentProjects => "Giám sát chất lượng thi công công trình từ nguồn vốn ngân sách",
        Field::PeoplesContributions => "Giám sát thu, chi các khoản đóng góp của nhân dân",
        Field::SocialPolicy => "Giám sát việc chi trả hỗ trợ người dân gặp khó khăn do dịch bệnh",
        Field::AdministrativeProcedures => "Giám sát việc giải quyết thủ tục hành chính tại bộ phận một cửa",
        Field::OfficialConduct => "Giám sát việc thực hiện quy tắc ứng xử của cán bộ, công chức",
        Field::Environment => "Giám sát việc thu gom, vận chuyển rác thải sinh hoạt",
        Field::Other => "Giám sát việc thực hiện quy chế dân chủ ở cơ sở",
    }
}

/// What a case is about.
pub fn summary(field: Field) -> &'static str {
    match field {
        Field::BudgetFinance => "Chi sai chế độ, chưa công khai quyết toán đúng thời hạn",
        Field::LandConstructionPlanning => "Lấn chiếm đất công, xây dựng trái phép trên đất nông nghiệp",
        Field::InvestmentProjects => "Thi công không đúng thiết kế, thiếu khối lượng so với hồ sơ",
        Field::PeoplesContributions => "Thu vượt mức đã được nhân dân bàn bạc, thống nhất",
        Field::SocialPolicy => "Lập danh sách hưởng trợ cấp không đúng đối tượng",
        Field::AdministrativeProcedures => "Giải quyết hồ sơ quá hạn, yêu cầu giấy tờ ngoài quy định",
        Field::OfficialConduct => "Có biểu hiện gây phiền hà khi tiếp công dân",
        Field::Environment => "Đổ phế thải, xả nước thải chưa qua xử lý",
        Field::Other => "Chưa thực hiện đầy đủ việc công khai để nhân dân biết",
    }
}

/// Projects under the eye of the community.
pub const PROJECTS: &[&str] = &[
    "Cải tạo đường trục thôn",
    "Xây dựng nhà văn hóa tổ dân phố",
    "Nâng cấp trường mầm non",
    "Kè hồ điều hòa",
    "Cải tạo hệ thống thoát nước ngõ",
];

/// Why a record was taken back.
pub const WITHDRAWALS: &[&str] =
    &["Nhập nhầm đơn vị", "Trùng với hồ sơ đã gửi bằng văn bản", "Không phải cuộc giám sát"];

/// Why a case is not settled.
pub const OBSTACLE: &str = "Quy định về thẩm quyền xử lý chưa thống nhất giữa các văn bản";

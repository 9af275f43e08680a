//! What the types of event and their fields mean: in schemas, on the command line, in forms.

use super::Text;

macro_rules! fields {
    ($($name:ident { $vi:literal, $en:literal })+) => { $(
        #[doc = $en]
        pub static $name: Text = Text::new($vi, $en);
    )+ };
}

fields! {
    SUPERVISION { "Một cuộc giám sát", "A supervision session" }
    VIOLATION { "Một vụ có dấu hiệu vi phạm", "A case with signs of violation" }
    ACTIVITY { "Một hoạt động khác", "Another activity" }
    PETITION { "Một đơn thư", "A petition" }
    INSPECTIONPLAN { "Kế hoạch kiểm tra của một năm", "The inspections planned for a year" }
    INDEX { "Một chỉ số hằng năm", "A yearly index" }
    NILRETURN { "Báo cáo \"không\"", "Nothing to report for a period" }
    FORMTOTAL { "Số tổng hợp một quý theo biểu mẫu, của đơn vị không gửi từng cuộc, từng vụ", "The totals of a quarter by an official form, of a unit that does not send each session and case" }
    WITHDRAWAL { "Rút hồ sơ: hồ sơ không còn được tính", "The record no longer counts" }
    UNIT { "mã đơn vị", "code of the unit" }
    BODY { "chủ thể giám sát", "body that supervises" }
    FIELD { "lĩnh vực", "field that is supervised" }
    HELD_ON { "ngày tổ chức", "day it was held" }
    YEAR { "năm", "year" }
    RESOLVED_ON { "ngày xử lý, giải quyết xong", "day it was resolved" }
    PARTICIPANTS { "số lượt người tham gia", "how many took part" }
    TOPIC { "nội dung giám sát", "what was supervised" }
    PROJECT { "dự án, công trình", "project (community investment board)" }
    RECOMMENDATIONS { "số kiến nghị với cấp ủy, chính quyền, nơi khác", "recommendations to the Party committee, the authority and others" }
    TO_PARTY { "số kiến nghị với cấp ủy", "recommendations to the Party committee" }
    TO_AUTHORITY { "số kiến nghị với chính quyền", "recommendations to the authority" }
    TO_OTHER { "số kiến nghị với nơi khác", "recommendations to others" }
    DETECTED_ON { "ngày phát hiện", "day it was detected" }
    STATUS { "tình trạng hiện nay", "its present status" }
    RECOMMENDED { "đã kiến nghị xử lý", "whether handling was recommended" }
    FOUND_BY { "số hiệu cuộc giám sát đã phát hiện", "subject of the session that found it" }
    MONEY_RECOVERED_VND { "thu hồi tiền (đồng)", "money recovered (VND)" }
    MONEY_OTHER_VND { "xử lý khác về tiền (đồng)", "other money handling (VND)" }
    SETTLEMENT_REDUCTION_VND { "giảm trừ quyết toán (đồng)", "settlement reduction (VND)" }
    LAND_RECOVERED_M2 { "thu hồi đất (m²)", "land recovered (m²)" }
    LAND_OTHER_M2 { "xử lý khác về đất (m²)", "other land handling (m²)" }
    SUMMARY { "tóm tắt", "summary" }
    LEGAL_OBSTACLE { "vướng mắc pháp lý", "legal obstacle" }
    ACTIVITY_KIND { "loại hoạt động", "kind of activity" }
    COUNT { "số lượt", "how many (opinions contributed; else mostly 1)" }
    RECEIVED_ON { "ngày tiếp nhận", "day it was received" }
    PETITION_KIND { "loại đơn", "kind of petition" }
    PLANNED { "số cuộc kiểm tra theo kế hoạch", "inspections planned" }
    WHICH_INDEX { "chỉ số", "which index" }
    DIMENSION { "nội dung thành phần", "a part of the index" }
    SCORE { "điểm", "score" }
    RANK { "xếp hạng", "rank" }
    OUT_OF { "trong tổng số", "out of how many" }
    PERIOD { "kỳ báo cáo", "reporting period" }
    QUARTER { "quý báo cáo", "the quarter that is reported" }
    FORM { "biểu mẫu", "whose quarterly form it is" }
    TOTALS { "số tổng hợp trong biểu mẫu", "the totals that stand in the form" }
    TOTAL_SUPERVISION_SESSIONS { "tổng số cuộc giám sát", "total of supervision sessions" }
    TOTAL_PARTICIPANTS { "tổng số lượt người tham gia", "total of participants" }
    TOTAL_VIOLATIONS_FOUND { "tổng số vụ có dấu hiệu vi phạm", "total of cases with signs of violation" }
    TOTAL_VIOLATIONS_RECOMMENDED { "tổng số vụ kiến nghị xử lý", "total of cases recommended for handling" }
    TOTAL_VIOLATIONS_RESOLVED { "tổng số vụ đã xử lý", "total of cases resolved" }
    TOTAL_MONEY_RECOVERED_VND { "tổng số tiền thu hồi (đồng)", "total of money recovered (VND)" }
    TOTAL_MONEY_OTHER_VND { "tổng số tiền xử lý khác (đồng)", "total of other money handling (VND)" }
    TOTAL_SETTLEMENT_REDUCTION_VND { "tổng số tiền giảm trừ quyết toán (đồng)", "total of settlement reduction (VND)" }
    TOTAL_LAND_RECOVERED_M2 { "tổng diện tích đất thu hồi (m²)", "total of land recovered (m²)" }
    TOTAL_LAND_OTHER_M2 { "tổng diện tích đất xử lý khác (m²)", "total of other land handling (m²)" }
    REASON { "lý do", "why" }
}

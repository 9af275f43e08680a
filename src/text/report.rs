//! What the report and the other outputs of figures say: names of periods,
//! tables, columns and signs. The report's sentences, which Decree
//! 30/2020/NĐ-CP and the committee's custom shape, stand in its templates.

use super::{Lang, Text, names, texts};
use crate::domain::{Period, UnitKind};

texts! {
    replaced(file) { "Đã thay tệp cũ {file}.", "Replaced the earlier file {file}." }
    /// What every output says of made-up figures.
    messages_gone(messages) {
        "Thiếu số liệu: nhiều nhất {messages} bản ghi đã mất khỏi nhật ký trước khi được đọc, và việc đó đã được chấp nhận; các con số chưa gồm chúng.",
        "Incomplete: at most {messages} messages were gone from the log before they were read, which was accepted; the figures lack them.",
    }
    synthetic() {
        "Số liệu mẫu, không có thật: kho này được tạo cho dữ liệu minh họa.",
        "Made-up sample figures: this store was made for events that are made up.",
    }

    // A period's head on a terminal.
    period_head(name, period, from, to, calendar) {
        "{name} ({period}), từ {from} đến {to}, lịch {calendar}",
        "{name} ({period}), {from} to {to}, calendar {calendar}",
    }
    rows_left_out(left_out, all) {
        "Còn {left_out} đơn vị cấp dưới: xem cả {all} dòng bằng --format csv, hoặc --unit MÃ.",
        "{left_out} units below are left out: all {all} rows with --format csv, or --unit CODE.",
    }

    // Signs.
    signs_of_units() {
        "Dấu “–”: chưa báo cáo. Số 0: đã báo cáo và không phát sinh.",
        "“–”: not reported. 0: reported, and nothing occurred.",
    }
    signs_of_units_in_report() {
        "Dấu “–”: đơn vị chưa báo cáo. Số 0: đơn vị đã báo cáo và không phát sinh.",
        "“–”: the unit has not reported. 0: it has reported, and nothing occurred.",
    }
    signs_of_periods() { "Dấu “…”: không có số liệu của kỳ đó.", "“…”: there are no figures of that period." }

    // A change against another period.
    unchanged() { "không đổi", "unchanged" }
    more(amount) { "tăng {amount}", "up {amount}" }
    fewer(amount) { "giảm {amount}", "down {amount}" }

    // Units of measurement.
    dong(amount) { "{amount}\u{a0}đồng", "{amount}\u{a0}VND" }
    square_metres(amount) { "{amount}\u{a0}m²", "{amount}\u{a0}m²" }

    // Columns of units and figures.
    code() { "Mã", "Code" }
    unit() { "Đơn vị", "Unit" }
    figure() { "Chỉ tiêu", "Figure" }
    total() { "Cộng", "Total" }
    reported() { "Đã báo cáo", "Reported" }
    sessions() { "Cuộc giám sát", "Supervision sessions" }
    participants() { "Lượt người tham gia", "Participants" }
    recommendations() { "Kiến nghị sau giám sát", "Recommendations after supervision" }
    cases() { "Vụ có dấu hiệu vi phạm", "Cases with signs of violation" }
    cases_confirmed() { "Kết luận có vi phạm", "Confirmed" }
    cases_recommended() { "Vụ kiến nghị xử lý", "Cases recommended for handling" }
    recommended() { "Kiến nghị xử lý", "Recommended for handling" }
    cases_resolved() { "Vụ đã xử lý", "Cases resolved" }
    money_recovered() { "Thu hồi tiền (đồng)", "Money recovered (VND)" }
    land_recovered() { "Thu hồi đất (m²)", "Land recovered (m²)" }
    sessions_short() { "Giám sát", "Sessions" }
    cases_short() { "Vụ phát hiện", "Cases found" }
    resolved_short() { "Đã xử lý", "Resolved" }
    recovered_short() { "Thu hồi (đồng)", "Recovered (VND)" }

    // The sections of the report, and its tables.
    table(number, title) { "Bảng {number}. {title}", "Table {number}. {title}" }
    overview() { "Tình hình chung", "Overview" }
    by_supervising_body() { "Kết quả theo cơ quan giám sát", "Results by supervising body" }
    by_field() { "Kết quả theo lĩnh vực", "Results by field" }
    outcomes() { "Kết quả xử lý", "Outcomes" }
    reporting() { "Tình hình báo cáo", "Reporting" }
    reporting_of_units() { "Tình hình báo cáo của các đơn vị", "Reporting of the units" }
    indices() { "Các chỉ số", "Indices" }
    indices_of(year) { "Các chỉ số năm {year}", "Indices of {year}" }
    by_unit() { "Số liệu theo đơn vị trực thuộc", "Figures by unit" }
    by_subunit() { "Số liệu theo xã, phường, thị trấn", "Figures by commune, ward and township" }
    plans() { "Kế hoạch kiểm tra", "Inspection plans" }
    plans_of(year) { "Kế hoạch kiểm tra năm {year}", "Inspection plans of {year}" }

    // Subjects of the overview.
    supervision() { "Giám sát", "Supervision" }
    violations() { "Vụ việc có dấu hiệu vi phạm", "Cases with signs of violation" }
    handling() { "Xử lý, thu hồi", "Handling and recovery" }
    activities() { "Hoạt động khác", "Other activities" }
    petitions() { "Khiếu nại, tố cáo, kiến nghị", "Complaints, denunciations, petitions" }

    // Periods beside the report's own.
    this_period() { "Kỳ này", "This period" }
    period_before() { "Kỳ trước", "Period before" }
    year_before() { "Cùng kỳ năm trước", "Same period last year" }
    to_date() { "Lũy kế từ đầu năm", "Year to date" }

    // Columns of single tables.
    supervising_body() { "Cơ quan giám sát", "Supervising body" }
    field_column() { "Lĩnh vực", "Field" }
    outcome() { "Kết quả", "Outcome" }
    other_bodies() { "Cơ quan, tổ chức khác", "Other bodies" }
    expected() { "Phải báo cáo", "Expected" }
    nil_only() { "Trong đó báo cáo “không”", "Of these nil returns" }
    not_reported() { "Chưa báo cáo", "Not reported" }
    names_not_reported() { "Tên đơn vị chưa báo cáo", "Units that have not reported" }
    direct_units() { "Xã, phường trực thuộc", "Communes and wards right under it" }
    reporting_note() {
        "Số đơn vị gồm cả cấp huyện. Báo cáo “không”: đơn vị báo cáo rằng không có việc phát sinh.",
        "Districts are among the units. Nil return: the unit reports that nothing occurred.",
    }
    index() { "Chỉ số", "Index" }
    score() { "Điểm", "Score" }
    rank() { "Xếp hạng", "Rank" }
    planned() { "Số cuộc kiểm tra theo kế hoạch", "Inspections planned" }
    state() { "Báo cáo", "Report" }
    state_none() { "chưa", "none" }
    state_records() { "có", "yes" }
    state_nil() { "“không”", "nil" }
    level_and_dissolved(kind) { "Cấp {kind}, đơn vị đã giải thể", "The {kind} itself, dissolved units" }
    district_itself() { "Cấp huyện", "The district itself" }
    district_note() {
        "Dòng “Cấp huyện” là phần do cơ quan cấp huyện ghi nhận trực tiếp, chỉ có ở nơi có số liệu đó.",
        "“The district itself” is what the district's own bodies recorded, where there is any.",
    }

    // The chart.
    chart() { "Số cuộc giám sát và số vụ có dấu hiệu vi phạm theo đơn vị", "Supervision sessions and cases with signs of violation by unit" }
    chart_of(period) {
        "Số cuộc giám sát và số vụ có dấu hiệu vi phạm theo đơn vị, {period}",
        "Supervision sessions and cases with signs of violation by unit, {period}",
    }
    chart_description(units) {
        "Biểu đồ thanh ngang của {units} đơn vị; các số ghi cạnh thanh có trong bảng theo đơn vị.",
        "Horizontal bars of {units} units; the numbers beside them are in the table of units.",
    }
    chart_missing() { "chưa báo cáo", "not reported" }
    chart_note(shown, all) {
        "Chỉ {shown} trong {all} đơn vị: những đơn vị có nhiều cuộc giám sát nhất.",
        "Only {shown} of {all} units: those with the most supervision sessions.",
    }

    // The records behind a figure.
    since(unit, since) { ", {unit} (từ {since})", ", {unit} (since {since})" }
    records_counted(count) { "{count} bản ghi", "{count} records" }
    units_counted(count) { "{count} đơn vị", "{count} units" }
    no_records() { "Không có bản ghi nào.", "No records." }
    totals_of_form(totals) { "số tổng hợp của biểu mẫu: {totals:#}", "totals of the form: {totals}" }

    // Forms' totals beside what they may count twice.
    overlaps() { "Số tổng hợp trùng với hồ sơ riêng lẻ", "Form totals beside single records" }
    no_overlaps() {
        "Không có số tổng hợp nào của biểu mẫu trùng đơn vị, quý và chủ thể giám sát với hồ sơ riêng lẻ hay biểu mẫu khác.",
        "No form's totals stand beside single records, or another form, of the same unit, quarter and body.",
    }
    side_totals() { "Số tổng hợp của biểu mẫu:", "Totals of the form:" }
    side_records() { "Hồ sơ riêng lẻ:", "Single records:" }
    settle_overlaps() {
        "Tất cả đều được tính. Nếu là cùng một việc, đơn vị rút phần trùng bằng giaoban withdraw.",
        "All of them are counted. Where they are the same, the unit takes back what is double with giaoban withdraw.",
    }
    overlap_note(count) {
        "Có {count} chỗ mà số tổng hợp của biểu mẫu trùng đơn vị, quý và chủ thể giám sát với hồ sơ riêng lẻ hoặc biểu mẫu khác. Tất cả đều được tính, nên có thể bị tính hai lần; danh sách: lệnh giaoban overlaps.",
        "In {count} places a form's totals stand beside single records, or another form, of the same unit, quarter and body. All of them are counted, perhaps twice; the list: giaoban overlaps.",
    }
    no_units() { "Không có đơn vị nào.", "No units." }

    dissolved() { "đã giải thể", "dissolved" }
    dissolved_units() { "Đơn vị đã giải thể", "Dissolved units" }
    quarter(number, year) { "quý {number} năm {year}", "quarter {number} of {year}" }
    first_half(year) { "6 tháng đầu năm {year}", "first half of {year}" }
    second_half(year) { "6 tháng cuối năm {year}", "second half of {year}" }
    nine_months(year) { "9 tháng đầu năm {year}", "first nine months of {year}" }
    year(year) { "năm {year}", "year {year}" }
}

/// A unit's kind, from the name that a rollup gives it.
pub fn kind_name(name: &str) -> Text {
    UnitKind::parse(name).map_or_else(dissolved, names::unit_kind)
}

/// A period as it is called: `quý IV năm 2020`, `6 tháng đầu năm 2020`.
pub fn period_name(period: Period) -> Text {
    let of = period.year();
    match period {
        Period::Quarter(quarter) => {
            let number = quarter.number();
            let roman = ["I", "II", "III", "IV"][usize::from(number) - 1];
            Text { vi: self::quarter(roman, of).vi, en: self::quarter(number, of).en }
        }
        Period::Half(_, 1) => first_half(of),
        Period::Half(..) => second_half(of),
        Period::NineMonths(_) => nine_months(of),
        Period::Year(_) => year(of),
    }
}

/// The separators of a number: between groups of three digits, and before the decimals.
pub fn separators(lang: Lang) -> (char, char) {
    match lang {
        Lang::Vi => ('.', ','),
        Lang::En => (',', '.'),
    }
}

/// Digits in groups of three.
pub fn grouped(digits: &str, lang: Lang) -> String {
    let (separator, _) = separators(lang);
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// A text with its first letter in capitals.
pub fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// What stands at the head and foot of a report (Decree 30/2020/NĐ-CP, appendix I), which is in Vietnamese alone.
pub mod letterhead {
    /// The body over the issuing one.
    pub const PARENT_BODY: &str = "THÀNH ỦY HÀ NỘI";
    /// The issuing body.
    pub const ISSUING_BODY: &str = "BAN CHỈ ĐẠO XÂY DỰNG VÀ THỰC HIỆN QUY CHẾ DÂN CHỦ Ở CƠ SỞ";
    /// Where it is issued.
    pub const PLACE: &str = "Hà Nội";
    /// To whom it is sent.
    pub const ADDRESSEE: &str = "Thường trực Thành ủy Hà Nội";
    /// In what capacity it is signed.
    pub const CAPACITY: &str = "TM. BAN CHỈ ĐẠO";
    /// The signatory's office.
    pub const OFFICE: &str = "TRƯỞNG BAN";
    /// Who receives it besides the archive.
    pub const RECIPIENTS: [&str; 2] = ["Như trên", "Các thành viên Ban Chỉ đạo"];
    /// How the archive's line begins.
    pub const ARCHIVED: &str = "Lưu";
    /// The archive's line.
    pub const ARCHIVE: &str = "Lưu: VT";
    /// A date for the pen.
    pub const NO_DATE: &str = "ngày ….. tháng ….. năm ……";

    /// `Số: 05/BC-BCĐ`, of a Party body `Số 05-BC/BCĐ`; with room for the pen if there is no number.
    pub fn number(number: &str, party: bool) -> String {
        match (party, number) {
            (false, "") => "Số:\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}/BC-BCĐ".into(),
            (true, "") => "Số\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}-BC/BCĐ".into(),
            (false, number) => format!("Số: {number}"),
            (true, number) => format!("Số {number}"),
        }
    }

    /// A day as documents are dated, its parts as they are written: `ngày 03 tháng 12 năm 2020`.
    pub fn day(day: &str, month: &str, year: i16) -> String {
        format!("ngày {day} tháng {month} năm {year}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_called_as_reports_call_them() {
        let name = |text: &str, lang| period_name(text.parse().unwrap()).get(lang).to_owned();
        assert_eq!(name("2020-Q4", Lang::Vi), "quý IV năm 2020");
        assert_eq!(name("2020-Q4", Lang::En), "quarter 4 of 2020");
        assert_eq!(name("2020-H1", Lang::Vi), "6 tháng đầu năm 2020");
        assert_eq!(name("2020-H2", Lang::En), "second half of 2020");
        assert_eq!(name("2020-9M", Lang::Vi), "9 tháng đầu năm 2020");
        assert_eq!(capitalized(&name("2020", Lang::Vi)), "Năm 2020");
        assert_eq!(capitalized("đơn vị"), "Đơn vị");
    }
}

//! What the pages say.

use super::{Lang, Text, texts};

texts! {
    // Every page.
    to_content() { "Đến nội dung", "Skip to content" }
    other_language() { "English", "Tiếng Việt" }
    period() { "Kỳ báo cáo", "Period" }
    show() { "Xem", "Show" }
    breadcrumb() { "Đường dẫn", "Breadcrumb" }
    for_programs() { "Cho máy đọc:", "For programs:" }
    title(of, period) { "{of} – {period}", "{of} – {period}" }

    // Tables of units.
    unit() { "Đơn vị", "Unit" }
    units() { "Các đơn vị", "Units" }
    units_under() { "Đơn vị trực thuộc", "Units under it" }
    main_figures() { "Số liệu chính theo đơn vị trực thuộc", "Main figures by unit" }

    // The overview.
    calendar() { "lịch", "calendar" }
    chart() { "Biểu đồ", "Chart" }
    chart_heading() { "Giám sát và vụ việc theo đơn vị", "Supervision and cases by unit" }
    all_figures_by_part() { "Mọi số liệu, theo cơ quan và lĩnh vực", "All figures, by body and field" }

    // A unit.
    several_units() {
        "Mã này thuộc nhiều đơn vị trong kỳ; mỗi đơn vị có số liệu và bản ghi riêng.",
        "Several units had this code in the period, each with figures and records of its own.",
    }
    code() { "Mã", "Code" }
    since() { "từ ngày", "since" }
    all_figures() { "Mọi số liệu", "All figures" }
    figure() { "Chỉ tiêu", "Figure" }
    value() { "Giá trị", "Value" }
    total() { "Cộng", "Total" }
    by_body() { "Theo cơ quan giám sát", "By supervising body" }
    body() { "Cơ quan", "Body" }
    by_field() { "Theo lĩnh vực", "By field" }
    field() { "Lĩnh vực", "Field" }

    // The records behind a figure.
    units_counted() { "Các đơn vị được tính", "The units that are counted" }
    reported() { "Báo cáo", "Reported" }
    has_records() { "có bản ghi", "records" }
    has_nil_return() { "báo cáo “không”", "nil return" }
    not_reported() { "chưa báo cáo", "not reported" }
    no_records() { "Không có bản ghi nào sau số liệu này.", "There are no records behind this figure." }
    records() { "Các bản ghi sau số liệu này", "The records behind this figure" }
    record() { "Bản ghi", "Record" }
    day() { "Ngày", "Day" }
    kind() { "Loại", "Type" }
    revision() { "Lần sửa (+ lần trước)", "Revision (+ earlier)" }
    amount() { "Số lượng", "Amount" }
    position() { "Phân vùng:vị trí", "Partition:offset" }
    left_out() { "Số bản ghi không hiện ở đây:", "Records not shown here:" }
    whole_list() {
        "Toàn bộ danh sách, với các lần sửa và dấu vân tay:",
        "The whole list, with revisions and digests:",
    }

    // Forms' totals beside single records.
    overlaps_in_period(count) {
        "Có {count} chỗ có thể bị tính hai lần: số tổng hợp của biểu mẫu và hồ sơ riêng lẻ.",
        "In {count} places something may be counted twice: totals of a form and single records.",
    }
    overlaps_left_out() { "Số chỗ không hiện ở đây:", "Places not shown here:" }
    counts() { "Được tính", "Counts" }
    whole_list_of_overlaps() { "Toàn bộ danh sách:", "The whole list:" }

    // Instead of what was asked for.
    no_such_page_title() { "Không có trang này", "There is no such page" }
    no_such_page() { "Địa chỉ này không có trang nào.", "There is no page at this address." }
    failed_title() { "Lỗi của chương trình", "The program failed" }
    failed() {
        "Chương trình gặp lỗi khi trả lời; nhật ký của chương trình ghi lỗi đó.",
        "The program failed while answering; the error is in its log.",
    }
    busy_title() { "Máy chủ đang bận", "The server is busy" }
    busy() {
        "Máy chủ đang trả lời nhiều yêu cầu khác; xin tải lại trang sau ít giây.",
        "The server is answering many other requests; reload the page in a few seconds.",
    }
    unknown_host_title() { "Tên máy chủ chưa được khai báo", "The server has no such name" }
    unknown_host(name) {
        "Máy chủ này không có tên “{name}”. Nếu tên này đúng, thêm vào `http.hosts`; nếu không, có thể một trang khác đang tìm cách đọc số liệu qua trình duyệt này.",
        "This server is not called “{name}”. If the name is right, add it to `http.hosts`; if not, another page may be trying to read figures with this browser.",
    }
    empty_title() { "Chưa có bản ghi nào", "There are no records yet" }
    empty() {
        "Kho số liệu còn trống. Gửi bản ghi bằng `giaoban publish`, rồi chạy `giaoban worker`.",
        "The store is empty. Send records with `giaoban publish`, then run `giaoban worker`.",
    }
    store_title() { "Chưa đọc được số liệu", "The figures cannot be read" }
    store_missing() {
        "Chưa có kho số liệu. Chạy `giaoban worker` để tạo, hoặc `giaoban demo` để xem số liệu mẫu.",
        "There is no store yet. `giaoban worker` creates it; `giaoban demo` shows sample figures.",
    }
    store_unreadable() {
        "Không đọc được kho số liệu; nhật ký của chương trình ghi nguyên nhân. Chạy `giaoban doctor` để kiểm tra.",
        "The store cannot be read; the program's log has the cause. `giaoban doctor` checks it.",
    }
    no_such_period(given) {
        "Kỳ “{given}” không có số liệu. Các kỳ có số liệu:",
        "There are no figures for the period “{given}”. There are figures for:",
    }
    outside_calendar(period, calendar) {
        "Lịch {calendar} không có đủ các quý của kỳ {period}. Các kỳ có số liệu:",
        "The calendar {calendar} does not have all quarters of {period}. There are figures for:",
    }
    no_such_figure(given) {
        "Không có số liệu “{given}”. Các số liệu:",
        "There is no figure “{given}”. The figures are:",
    }
    no_such_unit(code) {
        "Không có đơn vị nào mang mã “{code}” trong kỳ này.",
        "No unit had the code “{code}” in this period.",
    }
    which_unit(code) {
        "Trong kỳ này mã {code} thuộc các đơn vị sau, mỗi đơn vị có bản ghi riêng:",
        "In this period the code {code} was these units, each with records of its own:",
    }
    unit_since(name, since) { "{name}, từ ngày {since}", "{name}, since {since}" }
    not_a_day(given) {
        "“{given}” không phải là ngày (như 2025-07-01).",
        "“{given}” is not a day (such as 2025-07-01).",
    }
    no_such_format(given) { "Không có dạng “{given}”.", "There is no format “{given}”." }

    supervision() { "giám sát", "supervision" }
    violation() { "vụ việc", "violation" }
    activity() { "hoạt động", "activity" }
    petition() { "đơn thư", "petition" }
    nil_return() { "báo cáo “không”", "nilreturn" }
    form_total() { "số tổng hợp của biểu mẫu", "totals of a form" }
}

/// The type of a record, from its name on the wire.
pub fn record_kind(kind: &'static str) -> Text {
    match kind {
        "supervision" => supervision(),
        "violation" => violation(),
        "activity" => activity(),
        "petition" => petition(),
        "nilreturn" => nil_return(),
        "formtotal" => form_total(),
        other => Text::same(other),
    }
}

/// The code of a language, as HTML and addresses have it.
pub fn language(lang: Lang) -> &'static str {
    match lang {
        Lang::Vi => "vi",
        Lang::En => "en",
    }
}

/// The other of the two languages.
pub fn other(lang: Lang) -> Lang {
    match lang {
        Lang::Vi => Lang::En,
        Lang::En => Lang::Vi,
    }
}

//! What `giaoban record`, `correct` and `withdraw` say and ask.

use super::{Text, texts};

// Help speaks both languages at once.

/// A meaning as help says it.
pub fn help(meaning: &Text) -> String {
    format!("{} · {}", meaning.vi, meaning.en)
}

/// The help of `record --subject`.
pub const NEW_SUBJECT: &str = "số hiệu hồ sơ; tự đặt nếu không ghi · the record's number; made if not given";
/// The help of `record --source`.
pub const NEW_SOURCE: &str = "nơi giữ hồ sơ; /units/<mã> nếu không ghi · who keeps the record";
/// An example of `record`.
pub const RECORD_EXAMPLE: &str = "Ví dụ / Example:\n  giaoban record supervision --unit 00004 --held-on 2020-03-04 --body fatherland_front --field budget_finance";
/// The help of `correct --subject`.
pub const SUBJECT: &str = "số hiệu hồ sơ · the record's number";
/// The help of `correct --source`.
pub const SOURCE: &str =
    "nơi giữ hồ sơ; cần khi nhiều nơi có cùng số hiệu · who keeps the record; needed if several have that number";
/// Examples of `correct`.
pub const CORRECT_EXAMPLES: &str = "Ví dụ / Example:\n  giaoban correct --source /units/00004 --subject GS-2020-000123 --participants 15\nGiá trị rỗng xóa trường / an empty value removes a field:\n  giaoban correct --subject GS-2020-000123 --topic ''";

texts! {
    nothing_to_correct() { "không có gì để đính chính", "there is nothing to correct" }
    give_fields() {
        "Ghi các trường cần sửa, ví dụ --participants 15.",
        "Give the fields to change, such as --participants 15.",
    }
    missing(flags) { "thiếu {flags}", "{flags} missing" }
    add_flags() {
        "Thêm các tham số đó, hoặc chạy trên màn hình để được hỏi.",
        "Add them, or run it on a terminal to be asked.",
    }
    why_withdrawn() { "Lý do rút", "Why it is withdrawn" }
    taken(subject, revision, partition, offset) {
        "Đã nhận {subject} (bản {revision}) tại phân vùng {partition}, vị trí {offset}.\n",
        "Took {subject} (revision {revision}) at partition {partition}, offset {offset}.\n",
    }
    next_steps() {
        "Số liệu đổi khi worker xử lý tới đó: giaoban worker --until-caught-up. Sửa: giaoban correct; rút: giaoban withdraw.",
        "Figures change when a worker has processed it: giaoban worker --until-caught-up. To correct it: giaoban correct; to take it back: giaoban withdraw.",
    }
    hint(what) { " ({what:#})", " ({what})" }
    a_unit() { "mã đơn vị, ví dụ 00004", "a unit's code, such as 00004" }
    a_day() { "năm-tháng-ngày, ví dụ 2020-03-04", "year-month-day, such as 2020-03-04" }
    a_count_from(least) { "số nguyên từ {least}", "a whole number from {least}" }
    money() { "số đồng, số nguyên từ 0", "VND, a whole number from 0" }
    land() { "số m² từ 0, nhiều nhất 2 chữ số thập phân", "m² from 0, with at most 2 decimals" }
    or_nothing(what) { "{what:#}; để trống nếu không có", "{what}; leave it empty if there is none" }
    a_score() { "số từ 0", "a number from 0" }
    a_year() { "năm, ví dụ 2020", "a year, such as 2020" }
    a_period() { "kỳ, ví dụ 2020-Q4", "a period, such as 2020-Q4" }
    a_quarter() { "quý, ví dụ 2020-Q4", "a quarter, such as 2020-Q4" }
}

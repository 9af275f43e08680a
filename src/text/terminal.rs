//! What a terminal says besides what commands do.

use super::texts;

texts! {
    give_as_flag() { "Ghi giá trị bằng tham số.", "Give the value as a flag." }
    records_not_counted(missing) {
        "Chú ý: còn {missing} bản ghi trong nhật ký chưa vào số liệu; chạy: giaoban worker --until-caught-up",
        "Note: {missing} records of the log are not in these figures yet; run: giaoban worker --until-caught-up",
    }
}

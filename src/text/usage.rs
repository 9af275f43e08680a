//! What is wrong with a command line, in Vietnamese: the counterpart of what the
//! parser says in English, which follows it.

use std::fmt::Display;

macro_rules! sentences {
    ($($name:ident ( $($argument:ident),* ) { $vi:literal })+) => { $(
        #[doc = concat!("“", $vi, "”")]
        pub fn $name($($argument: impl Display),*) -> String {
            format!($vi)
        }
    )+ };
}

sentences! {
    error(what) { "lỗi: {what}" }
    error_with_nearest(what, nearest) { "lỗi: {what}; gần nhất là {nearest}" }
    value_missing(argument) { "thiếu giá trị của {argument}" }
    value_refused(argument, value) { "{argument} không nhận giá trị “{value}”" }
    unknown_argument(argument) { "không có tham số {argument}" }
    unknown_command(command) { "không có lệnh “{command}”" }
    argument_missing(argument) { "thiếu tham số bắt buộc: {argument}" }
    command_missing() { "thiếu lệnh hoặc tham số" }
    conflict(argument, other) { "{argument} không đi cùng {other}" }
    equals_missing(argument) { "{argument} cần dấu = trước giá trị" }
    wrong_number_of_values(argument) { "số giá trị của {argument} không đúng" }
    not_utf8() { "dòng lệnh có chữ không phải UTF-8" }
    wrong() { "dòng lệnh sai" }
}

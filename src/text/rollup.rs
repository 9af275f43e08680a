//! Why there are no figures of what was asked for.

use super::texts;

texts! {
    period_outside_calendar(period, calendar) {
        "lịch {calendar} không có đủ các quý của {period}",
        "the calendar {calendar} does not have all quarters of {period}",
    }
    no_such_unit(unit, period) {
        "không có đơn vị nào mang mã {unit} trong {period}",
        "no unit had the code {unit} in {period}",
    }
    which_unit(unit, period, units) {
        "trong {period} mã {unit} là {units:#}",
        "in {period} the code {unit} was {units}",
    }
    unit_since(name, since) { "{name} từ {since}", "{name} since {since}" }
    comma() { ", ", ", " }
    or() { " hoặc ", " or " }

    choose_period() {
        "Chọn kỳ khác, hoặc bổ sung quý còn thiếu vào tệp lịch.",
        "Choose another period, or add the missing quarter to the calendar's file.",
    }
    see_codes() {
        "Xem mã đơn vị có hiệu lực trong kỳ: giaoban rollup --period … --format csv.",
        "See the codes in force in the period: giaoban rollup --period … --format csv.",
    }
    choose_unit(flags) { "Chọn một đơn vị: {flags:#}.", "Name one of them: {flags}." }
}

//! What is wrong with the rules that figures are counted by: the files of units, and the calendar's.

use super::{Text, texts};
use crate::domain::{
    CalendarError, CalendarProblem, HolidayError, HolidayProblem, UnitFile, UnitKind, UnitProblem, UnitTableError,
};

texts! {
    at_line(file, line, problem) { "{file} dòng {line}: {problem:#}", "{file} line {line}: {problem}" }
    malformed_table(cause) {
        "{cause}; tệp phải là CSV UTF-8 với các cột code,name,kind,parent_code,valid_from,valid_to",
        "{cause}; the file has to be CSV in UTF-8 with the columns code,name,kind,parent_code,valid_from,valid_to",
    }
    malformed_succession(cause) {
        "{cause}; tệp phải là CSV UTF-8 với các cột from_code,to_code,effective_on,extent,basis",
        "{cause}; the file has to be CSV in UTF-8 with the columns from_code,to_code,effective_on,extent,basis",
    }
    holiday_line(line, problem) { "dòng {line}: {problem:#}", "line {line}: {problem}" }
    holiday_head() {
        "dòng đầu phải là date,name",
        "the first line has to be date,name",
    }
    holiday_row(found) {
        "\"{found}\" không phải là một ngày và tên ngày nghỉ, như 2025-01-01,Tết Dương lịch",
        "\"{found}\" is not a day and its name, such as 2025-01-01,Tết Dương lịch",
    }
    holiday_order(day) {
        "ngày {day} không đứng sau ngày của dòng trước",
        "{day} does not come after the day before it",
    }
    no_units() {
        "bảng không có đơn vị nào: thêm các dòng code,name,kind,parent_code,valid_from,valid_to",
        "the table has no units: add rows code,name,kind,parent_code,valid_from,valid_to",
    }
    not_a_code(found) {
        "\"{found}\" không thể là mã: dùng 1 đến 15 chữ cái và chữ số",
        "\"{found}\" cannot be a code: use 1 to 15 letters and digits",
    }
    not_a_day(found) { "\"{found}\" không phải là ngày: viết dạng 2020-01-31", "\"{found}\" is no date: write 2020-01-31" }
    nameless() { "thiếu tên đơn vị", "the name is missing" }
    not_a_kind(found, kinds) {
        "không có loại đơn vị \"{found}\": dùng một trong {kinds}",
        "kind \"{found}\" is unknown: use one of {kinds}",
    }
    unit_ends_first(from, to) {
        "valid_to {to} trước valid_from {from}",
        "valid_to {to} lies before valid_from {from}",
    }
    gap(code, from, until, line) {
        "khoảng trống: không có {code} từ {from} đến trước {until} (xem dòng {line}): nối cho liền",
        "gap: {code} is missing from {from} to the day before {until} (see line {line}): close it",
    }
    overlap(code, from, line) {
        "chồng nhau: {code} từ {from} trong khi dòng {line} còn hiệu lực: cho dòng đó kết thúc vào ngày trước",
        "overlap: {code} from {from} is still in force on line {line}: end that row the day before",
    }
    second_root(code, root, line) {
        "{code} không có đơn vị cấp trên, mà {root} ở dòng {line} đã là gốc: điền parent_code",
        "orphan: {code} has no parent, and {root} on line {line} is the root already: give it a parent_code",
    }
    rootless() {
        "không có gốc: đúng một đơn vị phải để trống parent_code",
        "no root: exactly one unit must have an empty parent_code",
    }
    cycle(code, parent) {
        "vòng lặp: {code} nằm dưới chính nó qua {parent}: sửa parent_code",
        "cycle: {code} lies under itself by way of {parent}: correct parent_code",
    }
    parent_unknown(code, parent) {
        "đơn vị cấp trên {parent} của {code} không có trong bảng",
        "orphan: the parent {parent} of {code} is not in the table",
    }
    parent_not_above(code, kind, parent, parent_kind) {
        "{code} ({kind}) không thể thuộc {parent} ({parent_kind}): đơn vị cấp trên phải ở cấp cao hơn",
        "orphan: {code} ({kind}) cannot lie under {parent} ({parent_kind}): a parent is of a higher level",
    }
    parent_not_in_force(code, parent) {
        "đơn vị cấp trên {parent} của {code} không có hiệu lực trong mọi ngày của đơn vị này: tách dòng hoặc sửa ngày",
        "orphan: the parent {parent} of {code} is not in force on all of its days: cut the row or correct the dates",
    }
    code_unknown(code) {
        "không đơn vị nào có mã {code}: sửa mã hoặc thêm đơn vị vào bảng",
        "no unit has the code {code}: correct it or add the unit to the table",
    }
    not_in_force(code, day) {
        "{code} không có hiệu lực vào ngày {day}: sửa mã hoặc ngày",
        "{code} is not in force on {day}: correct the code or the date",
    }
    two_heirs(code, one, other) {
        "{code} nhập toàn bộ vào cả {one} và {other}: ghi cả hai dòng là \"part\"",
        "{code} goes over whole to both {one} and {other}: make both rows \"part\"",
    }
    not_an_extent(found) {
        "extent \"{found}\" không phải là \"whole\" hay \"part\"",
        "extent \"{found}\" is neither \"whole\" nor \"part\"",
    }

    at_row(line, problem) {
        "dòng {line}: {problem:#}; mỗi dòng là quarter,from,to, ví dụ 2020-Q1,2019-12-15,2020-03-14",
        "line {line}: {problem}; a row is quarter,from,to such as 2020-Q1,2019-12-15,2020-03-14",
    }
    no_quarters() {
        "lịch không có quý nào: thêm các dòng quarter,from,to, ví dụ 2020-Q1,2019-12-15,2020-03-14",
        "the calendar has no quarters: give rows quarter,from,to such as 2020-Q1,2019-12-15,2020-03-14",
    }
    columns(found) { "có {found} cột thay vì 3", "{found} columns instead of 3" }
    not_a_quarter(found) { "\"{found}\" không phải là quý", "\"{found}\" is no quarter" }
    quarter_ends_first(quarter) { "{quarter} kết thúc trước khi bắt đầu", "{quarter} ends before it begins" }
    not_contiguous(quarter, found, previous_end) {
        "{quarter} bắt đầu ngày {found}, nhưng quý trước kết thúc ngày {previous_end}: các quý phải liền nhau",
        "{quarter} begins on {found}, but the quarter before it ends on {previous_end}: quarters must follow one another without gap or overlap",
    }
    not_next(quarter, before) { "{quarter} không nối tiếp {before}", "{quarter} does not follow {before}" }
}

/// A line of a file of units, and what is wrong on it.
pub fn of_units(error: &UnitTableError, file: &str) -> Text {
    at_line(file, error.line, of_unit(&error.problem, error.file))
}

fn of_unit(problem: &UnitProblem, file: UnitFile) -> Text {
    match problem {
        UnitProblem::Malformed(cause) if file == UnitFile::Table => malformed_table(cause),
        UnitProblem::Malformed(cause) => malformed_succession(cause),
        UnitProblem::Empty => no_units(),
        UnitProblem::Code(found) => not_a_code(found),
        UnitProblem::Day(found) => not_a_day(found),
        UnitProblem::Nameless => nameless(),
        UnitProblem::Kind(found) => not_a_kind(found, UnitKind::NAMES.join(", ")),
        UnitProblem::EndsBeforeItBegins { from, to } => unit_ends_first(from, to),
        UnitProblem::Gap { code, missing_from, until, line } => gap(code, missing_from, until, line),
        UnitProblem::Overlap { code, from, line } => overlap(code, from, line),
        UnitProblem::SecondRoot { code, root, line } => second_root(code, root, line),
        UnitProblem::Rootless => rootless(),
        UnitProblem::Cycle { code, parent } => cycle(code, parent),
        UnitProblem::ParentUnknown { code, parent } => parent_unknown(code, parent),
        UnitProblem::ParentNotAbove { code, kind, parent, parent_kind } => {
            parent_not_above(code, kind.name(), parent, parent_kind.name())
        }
        UnitProblem::ParentNotInForce { code, parent } => parent_not_in_force(code, parent),
        UnitProblem::CodeUnknown(code) => code_unknown(code),
        UnitProblem::NotInForce(code, day) => not_in_force(code, day),
        UnitProblem::TwoHeirs { code, one, other } => two_heirs(code, one, other),
        UnitProblem::Extent(found) => not_an_extent(found),
    }
}

/// What is wrong with a calendar's file.
pub fn of_calendar(error: &CalendarError) -> Text {
    match error {
        CalendarError::Empty => no_quarters(),
        CalendarError::Row(line, problem) => at_row(line, of_row(problem)),
    }
}

/// What is wrong with a table of holidays.
pub fn of_holidays(error: &HolidayError) -> Text {
    let problem = match &error.problem {
        HolidayProblem::Head => holiday_head(),
        HolidayProblem::Line(found) => holiday_row(found),
        HolidayProblem::Date(found) => not_a_day(found),
        HolidayProblem::Order(day) => holiday_order(day),
    };
    holiday_line(error.line, problem)
}

fn of_row(problem: &CalendarProblem) -> Text {
    match problem {
        CalendarProblem::Columns(found) => columns(found),
        CalendarProblem::Quarter(found) => not_a_quarter(found),
        CalendarProblem::Day(found) => not_a_day(found),
        CalendarProblem::EndsBeforeItBegins(quarter) => quarter_ends_first(quarter),
        CalendarProblem::NotContiguous { quarter, found, previous_end } => not_contiguous(quarter, found, previous_end),
        CalendarProblem::NotNext { quarter, before } => not_next(quarter, before),
    }
}

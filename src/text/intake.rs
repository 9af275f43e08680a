//! What taking events in says: why an input cannot be read, why a record cannot be changed, what a receipt has.

use super::texts;

texts! {
    workbook(name) {
        "{name}: là tệp Excel (hoặc tệp nén ZIP), không phải NDJSON hay CSV",
        "{name}: is an Excel workbook (or another ZIP archive), not NDJSON or CSV",
    }
    save_as_csv() {
        "Trong Excel, lưu dạng \"CSV UTF-8 (Comma delimited)\".",
        "In Excel, save it as \"CSV UTF-8 (Comma delimited)\".",
    }
    header_line(name, error) { "{name}: dòng tiêu đề: {error:#}", "{name}: the header line: {error}" }
    correct_header() { "Sửa dòng tiêu đề rồi gửi lại.", "Correct the header line and publish the file again." }
    header_not_utf8(name) {
        "{name}: dòng tiêu đề không phải UTF-8",
        "{name}: the header line is not UTF-8",
    }
    column_twice(name, column) {
        "{name}: cột \"{column}\" có hai lần trong dòng tiêu đề",
        "{name}: the header line has the column \"{column}\" twice",
    }
    keep_one_column() {
        "Giữ lại một cột (tên tiếng Việt và tiếng Anh của một cột là một).",
        "Keep one of the two (a column's Vietnamese and English names are the same column).",
    }
    column_mistaken(name, column, nearest) {
        "{name}: không có cột \"{column}\"; có phải ý là \"{nearest}\"?",
        "{name}: there is no column \"{column}\"; did you mean \"{nearest}\"?",
    }
    correct_column(column) {
        "Sửa tên cột; nếu là cột khác thì đặt tên \"_{column}\" để bỏ qua.",
        "Correct its name; if it is another column, name it \"_{column}\", which is ignored.",
    }
    no_such_type(name) { "không có loại sự kiện \"{name}\"", "there is no event type \"{name}\"" }
    use_one_of(names) { "Chọn một trong: {names}.", "Use one of: {names}." }

    correct_values() {
        "Sửa các giá trị đã nêu; chưa có gì được gửi.",
        "Correct the values listed; nothing was sent.",
    }
    no_such_record(subject) { "không có hồ sơ {subject}", "there is no record {subject}" }
    check_number() {
        "Kiểm tra số hiệu và --source, --data.",
        "Check the number, and --source and --data.",
    }
    several_sources(subject, sources) {
        "nhiều nơi có hồ sơ {subject}: {sources}",
        "several sources have a record {subject}: {sources}",
    }
    add_source() { "Thêm --source.", "Add --source." }
    withdrawn(subject) { "hồ sơ {subject} đã được rút", "record {subject} was withdrawn" }
    publish_to_bring_back() {
        "Để đưa nó trở lại, gửi sự kiện đầy đủ với revision cao hơn: giaoban publish.",
        "To bring it back, send the whole event with a higher revision: giaoban publish.",
    }
    no_such_fields(kind, fields) { "sự kiện {kind} không có trường {fields}", "{kind} events have no field {fields}" }
    see_fields(kind) {
        "Xem các trường: giaoban record {kind} --help.",
        "See its fields: giaoban record {kind} --help.",
    }
    record_damaged(subject) {
        "không đọc được bản hiện tại của {subject}",
        "the present revision of {subject} cannot be read",
    }
    revisions_spent(subject, last) {
        "{subject} đã có lần sửa cuối cùng ({last})",
        "{subject} has its last revision ({last})",
    }
    begin_another_record() {
        "Ghi một hồ sơ mới với số khác.",
        "Record it anew under another number.",
    }
    publish_whole_event() {
        "Gửi sự kiện đầy đủ với revision cao hơn: giaoban publish.",
        "Send the whole event with a higher revision: giaoban publish.",
    }

    unpacks_to_too_much(times, mebibytes) {
        "tệp nén bung ra quá {times} lần kích thước và quá {mebibytes} MiB",
        "the archive unpacks to more than {times} times its size and more than {mebibytes} MiB",
    }
    too_much_refused(mebibytes) {
        "quá nửa số dòng bị từ chối, cùng lý do đã quá {mebibytes} MiB: khó có thể là tệp sự kiện",
        "most lines are refused, with what is said of them more than {mebibytes} MiB: it is hardly a file of events",
    }
    on_line(number, reason) { "dòng {number}: {reason:#}", "line {number}: {reason}" }
    only_the_beginning() {
        "Ở đây chỉ có phần đầu của dòng: lấy lại dòng đầy đủ từ tệp gốc.",
        "Only the beginning of the line is given here: take the whole line from the original file.",
    }
}

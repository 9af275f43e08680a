//! What is said of dead letters: the list, one whole, and what was decided.

use super::texts;

texts! {
    no_log(data) { "không có nhật ký sự kiện trong {data}", "there is no event log in {data}" }
    check_data() { "Kiểm tra --data, hoặc đặt kafka.brokers.", "Check --data, or set kafka.brokers." }
    others(count) {
        "Chú ý: {count} bản ghi của topic thư chết không do giaoban ghi; chúng được bỏ qua.",
        "Note: {count} messages of the dead-letter topic were not written by giaoban; they are ignored."
    }
    no_such(id) { "không có thư chết {id}", "there is no dead letter {id}" }
    list_all() { "Xem mã thư: giaoban dlq list --all.", "List them: giaoban dlq list --all." }
    more_decided(count) { "{count} thư nữa đã được quyết định: --all.", "{count} more are decided: --all." }
    of_another_topic(count) {
        "{count} thư là của topic khác, không gửi lại; xem giaoban dlq show, đặt kafka.topic.",
        "{count} dead letters come from another topic and are not sent; see giaoban dlq show, and set kafka.topic."
    }
    more_still_bad() { "… các thư khác: giaoban dlq show", "… more of them: giaoban dlq show" }
    would_be_sent(sent, bad, why, redriven, discarded) {
        "Sẽ gửi lại {sent}; còn sai {bad}{why}; đã gửi từ trước {redriven}; đã bỏ {discarded}.\n",
        "{sent} would be sent again; {bad} still bad{why}; {redriven} sent before; {discarded} discarded.\n"
    }
    sent(sent, bad, why, redriven, discarded) {
        "Đã gửi lại {sent}; còn sai {bad}{why}; đã gửi từ trước {redriven}; đã bỏ {discarded}.\n",
        "{sent} sent again; {bad} still bad{why}; {redriven} sent before; {discarded} discarded.\n"
    }
    none_chosen() { "chưa chọn thư nào", "no dead letters are chosen" }
    choose() {
        "Ghi mã thư, hoặc --reason, --unit, --since, --until.",
        "Name dead letters, or give --reason, --unit, --since, --until."
    }
    discarded(noted, before) {
        "Đã bỏ {noted}; đã quyết định từ trước {before}.\n",
        "{noted} discarded; {before} decided before.\n"
    }
    not_so_far(partition, end) {
        "phân vùng {partition} không có bản ghi đó: nó kết thúc ở vị trí {end}",
        "partition {partition} has no such record: it ends at offset {end}",
    }
    see_doctor() { "Xem phân vùng và vị trí: giaoban doctor.", "See partition and offset: giaoban doctor." }
    passed_already(partition, next) {
        "Phân vùng {partition}: kho đã ở vị trí {next}, không còn gì phải chấp nhận.\n",
        "Partition {partition}: the store is at offset {next} already, there is nothing to accept.\n",
    }
    accepted(partition, from, last) {
        "Phân vùng {partition}: bản ghi từ {from} đến {last} được chấp nhận; bản nào không hợp lệ sẽ vào thư chết. Worker đang chạy sẽ đi tiếp trong vài giây.\n",
        "Partition {partition}: records {from} to {last} are accepted; what is not a valid event becomes a dead letter. A running worker goes on within seconds.\n",
    }
    exported(count, file) {
        "Đã ghi {count} thư ra {file}. Sửa rồi gửi: giaoban publish {file}; sau đó giaoban dlq discard.",
        "Wrote {count} dead letters to {file}. Correct them and send them: giaoban publish {file}; then giaoban dlq discard."
    }
    now_taken() { "nay đã đúng", "is taken by today's rules" }
    none() { "Không có thư chết nào.\n", "No dead letters.\n" }
    count(count, reasons) { "\n{count} thư chết: {reasons}\n", "\n{count} dead letters: {reasons}\n" }
    dead_letter() { "thư", "dead letter" }
    state() { "trạng thái", "state" }
    time() { "thời gian", "time" }
    lay_at() { "nằm ở", "lay at" }
    reason() { "lý do", "reason" }
    unit() { "đơn vị", "unit" }
    source() { "nguồn", "source" }
    subject() { "số hồ sơ", "subject" }
    key() { "khóa", "key" }
    no_key() { "không có", "none" }
    header() { "header", "header" }
    would_be_taken(id) {
        "\nTheo quy tắc hôm nay: được nhận. Gửi lại: giaoban dlq redrive {id}\n\nLý do khi đó:\n",
        "\nBy today's rules it would be taken. Send it again: giaoban dlq redrive {id}\n\nWhat was wrong then:\n"
    }
    still_bad() { "\nTheo quy tắc hôm nay vẫn sai:\n", "\nBy today's rules it is still bad:\n" }
    no_body() { "Nội dung: không có (tombstone)\n", "Body: none (a tombstone)\n" }
    body(bytes) { "Nội dung, {bytes} byte:\n", "Body, {bytes} bytes:\n" }
    more_bytes(bytes) { "… và {bytes} byte nữa\n", "… and {bytes} bytes more\n" }
    at() { "ở", "at" }
    found() { "thấy", "found" }
    allowed() { "cho phép", "allowed" }
    remedy() { "cách sửa", "remedy" }
}

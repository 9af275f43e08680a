//! What `giaoban doctor` finds, and what to do about it.

use super::texts;

texts! {
    log() { "nhật ký", "event log" }
    store() { "kho", "store" }
    topic() { "topic", "topic" }
    units() { "đơn vị và lịch", "units and calendar" }
    clock() { "đồng hồ", "clock" }
    folder() { "thư mục dữ liệu", "data folder" }
    its_log() { "nhật ký của kho", "the store's log" }
    gap() { "khoảng trống", "accepted gap" }
    accepted_gap(partition, from, to, messages, when, by) {
        "phân vùng {partition}: bản ghi từ {from} đến trước {to} (nhiều nhất {messages}) đã mất mà chưa được đọc; {by} chấp nhận ngày {when}; số liệu thiếu chúng",
        "partition {partition}: messages from {from} up to {to} (at most {messages}) were gone unread; {by} accepted that on {when}; the figures lack them",
    }
    fill_gap() {
        "Khôi phục nhật ký đầy đủ rồi dựng lại: giaoban replay, giaoban replay --switch; hoặc gửi lại các sự kiện đó.",
        "Restore the whole log and rebuild: giaoban replay, giaoban replay --switch; or publish these events again.",
    }
    reconciliation() { "đối soát", "reconciliation" }
    offsets() { "vị trí", "offsets" }
    lag() { "độ trễ", "lag" }
    permissions() { "quyền", "permissions" }
    configuration() { "cấu hình", "configuration" }

    no_events_yet() { "nhật ký nhúng chưa có sự kiện nào", "the embedded log has no events yet" }
    publish_some() { "Gửi sự kiện: giaoban publish FILE.", "Send some: giaoban publish FILE." }

    no_unit_in_force(today) { "không đơn vị nào có hiệu lực ngày {today}", "no unit is in force on {today}" }
    bring_up_to_date() {
        "Bổ sung bảng đơn vị (units.file).",
        "Bring the table of units (units.file) up to date.",
    }
    no_quarter(calendar, today) {
        "lịch {calendar}: ngày {today} không thuộc quý nào",
        "calendar {calendar}: {today} is in no quarter",
    }
    add_quarter() {
        "Bổ sung quý vào tệp lịch (calendar); sự kiện của ngày này bị từ chối.",
        "Add the quarter to the calendar's file (calendar); events of this day are refused.",
    }
    units_of_kind(count, kind) { "{count} {kind:#}", "{count} {kind}" }
    rules(root, today, counts, calendar, quarter, fingerprint) {
        "{root}, ngày {today}: {counts:#}; lịch {calendar}, quý {quarter}; dấu quy tắc {fingerprint}",
        "{root} on {today}: {counts}; calendar {calendar}, quarter {quarter}; rules {fingerprint}",
    }

    set_clock() {
        "Đặt lại đồng hồ (NTP): thời gian của sự kiện và thư chết lấy từ đây.",
        "Set the clock (NTP): the time of events and dead letters comes from it.",
    }
    ahead_of_clock(now, newest) {
        "{now}, nhưng thông điệp mới nhất trong nhật ký đề {newest}",
        "{now}, but the newest message in the log is dated {newest}",
    }
    set_either_clock() {
        "Đặt lại đồng hồ (NTP) của máy này, hoặc của máy đã gửi thông điệp đó.",
        "Set the clock (NTP) of this machine, or of the one that sent that message.",
    }

    check_disk() { "Kiểm tra ổ đĩa.", "Check the disk." }
    writable() { "ghi được", "writable" }
    not_there_yet() { "chưa có, sẽ được tạo khi cần", "not there yet, created when needed" }
    folder_state(at, state, megabytes) {
        "{at}: {state:#}, còn {megabytes} MB",
        "{at}: {state}, {megabytes} MB free",
    }
    free_disk() { "Giải phóng dung lượng đĩa.", "Free some disk space." }

    topic_state(name, partitions, copies, messages) {
        "{name}: {partitions} phân vùng, {copies} bản sao, {messages} thông điệp",
        "{name}: {partitions} partitions, {copies} copies, {messages} messages",
    }
    loses(topic, setting) {
        "{topic} không giữ thông điệp mãi mãi ({setting}): sau này không dựng lại, đếm lại được từ nhật ký",
        "{topic} does not keep its messages for ever ({setting}): figures cannot be rebuilt or recounted from it later",
    }
    keep_messages(topic) {
        "Giữ mãi mãi: kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config retention.ms=-1,retention.bytes=-1,cleanup.policy=delete.",
        "Keep them for ever: kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config retention.ms=-1,retention.bytes=-1,cleanup.policy=delete.",
    }

    store_state(name, records, megabytes) {
        "{name}: {records} hồ sơ, {megabytes} MB",
        "{name}: {records} records, {megabytes} MB",
    }
    none_vanished(read) {
        "{read} bản ghi đã đọc, không thiếu bản nào",
        "{read} records read, none has vanished",
    }
    difference(partition, difference) {
        "phân vùng {partition}: số đã đọc trừ số đã xử lý là {difference}, phải là 0",
        "partition {partition}: records read minus records settled is {difference}, not 0",
    }
    rebuild() {
        "Dựng lại từ nhật ký và so sánh: giaoban replay.",
        "Rebuild from the log and compare: giaoban replay.",
    }

    hidden(offsets, partition) {
        "phân vùng {partition}: {offsets} vị trí nằm sau một giao dịch chưa kết thúc của một bên gửi; không ai đọc được chúng",
        "partition {partition}: {offsets} offsets lie behind an open transaction of some producer, and nobody can read them",
    }
    end_transaction() {
        "Kết thúc giao dịch của bên gửi đó, hoặc hủy nó: kafka-transactions.sh find-hanging, rồi abort.",
        "End that producer's transaction, or abort it: kafka-transactions.sh find-hanging, then abort.",
    }
    dead_letters() { "thư chết", "dead letters" }
    held(bad, of, partition, first, at, reason, since) {
        "phân vùng {partition} dừng ở bản ghi {at} từ {since}: {bad} trong {of} bản ghi từ {first} không phải là sự kiện hợp lệ, phần lớn vì {reason}; các phân vùng khác vẫn tiếp tục",
        "partition {partition} is held at record {at} since {since}: {bad} of {of} records from {first} on are not valid events, most of them because of {reason}; the other partitions go on",
    }
    accept(partition) {
        "Sửa bên gửi hoặc bảng đơn vị, rồi cho chúng vào thư chết: giaoban dlq accept --partition {partition} --through end --reason-text \"...\".",
        "Fix the producer or the table of units, then let them become dead letters: giaoban dlq accept --partition {partition} --through end --reason-text \"...\".",
    }
    accepted_already() {
        "Đã được chấp nhận: worker đang chạy sẽ đi tiếp trong vài giây; nếu không, chạy giaoban worker.",
        "It is accepted: a running worker goes on within seconds; if none runs, start giaoban worker.",
    }

    outside_log(partition, next, low, high) {
        "phân vùng {partition}: kho ở {next}, nhật ký có từ {low} đến {high}",
        "partition {partition}: the store is at {next}, the log has {low} to {high}",
    }
    records_to_go(lag) { "{lag} bản ghi chưa vào kho", "{lag} records are not in the store yet" }
    run_worker() { "Chạy worker: giaoban worker.", "Run a worker: giaoban worker." }

    enough_for_both() { "đủ cho publish và worker", "enough for publish and worker" }
    enough_for_worker(lacking) {
        "đủ cho worker, không cho publish ({lacking:#})",
        "enough for worker, not for publish ({lacking})",
    }
    enough_for_publish(lacking) {
        "đủ cho publish, không cho worker ({lacking:#})",
        "enough for publish, not for worker ({lacking})",
    }

    good() { "tốt     ", "ok      " }
    warning() { "chú ý   ", "warning " }
    problem() { "VẤN ĐỀ  ", "PROBLEM " }
}

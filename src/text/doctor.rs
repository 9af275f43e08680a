//! What `giaoban doctor` finds, and what to do about it.

use super::texts;

texts! {
    log() { "nhật ký", "event log" }
    store() { "kho", "store" }
    topic() { "topic", "topic" }
    units() { "đơn vị và lịch", "units and calendar" }
    clock() { "đồng hồ", "clock" }
    folder() { "thư mục dữ liệu", "data folder" }
    address() { "địa chỉ trang", "address" }
    brokers() { "broker", "brokers" }
    group() { "nhóm tiêu thụ", "group" }
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
    folder_full(at, megabytes) {
        "{at}: đĩa đầy, còn {megabytes} MB: worker không ghi được",
        "{at}: the disk is full, {megabytes} MB free: a worker cannot write",
    }
    free_disk() { "Giải phóng dung lượng đĩa.", "Free some disk space." }

    address_free(listen) {
        "{listen}: còn trống, worker phục vụ được trang và số đo",
        "{listen}: free, a worker can serve pages and metrics",
    }
    address_ours(listen, server) { "{listen}: {server} đang phục vụ", "{listen}: {server} serves there" }
    address_taken(listen, by) {
        "{listen}: một chương trình khác đang dùng: {by}",
        "{listen}: taken by another program: {by}",
    }

    not_read_whole(what, seconds) {
        "{what:#}: chưa đọc hết các trang trong {seconds} s, phần còn lại chưa được xem",
        "{what}: not every page was read within {seconds} s; the rest was not looked at",
    }
    read_longer() {
        "Cho nhiều thời gian hơn: --within 600; hoặc đối chiếu với nhật ký: giaoban verify.",
        "Give it more time: --within 600; or recount the log: giaoban verify.",
    }

    silent_address(address, why) {
        "{address} trong kafka.brokers không nhận kết nối ({why})",
        "{address} in kafka.brokers takes no connection ({why})",
    }
    start_broker() {
        "Khởi động broker đó, hoặc sửa kafka.brokers.",
        "Start that broker, or correct kafka.brokers.",
    }
    fewer_copies_than_needed(topic, copies, needed) {
        "{topic} có {copies} bản sao nhưng min.insync.replicas là {needed}: không ghi được gì",
        "{topic} has {copies} copies, but min.insync.replicas is {needed}: nothing can be written",
    }
    lower_needed(topic, copies) {
        "Thêm bản sao (kafka-reassign-partitions.sh), hoặc: kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config min.insync.replicas={copies}.",
        "Add copies (kafka-reassign-partitions.sh), or: kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config min.insync.replicas={copies}.",
    }
    not_in_step(topic, partitions, in_step, needed) {
        "{topic}, phân vùng {partitions}: chỉ {in_step} bản sao đồng bộ, min.insync.replicas là {needed}: không ghi được",
        "{topic}, partition {partitions}: only {in_step} copies in step, min.insync.replicas is {needed}: nothing can be written there",
    }
    brokers_away(topic, brokers) {
        "broker {brokers}, nơi giữ bản sao của {topic}, không có mặt",
        "broker {brokers}, which has copies of {topic}, is away",
    }
    start_these(brokers) { "Khởi động lại broker {brokers}.", "Start broker {brokers} again." }
    copies_behind(topic, partitions) {
        "{topic}, phân vùng {partitions}: có bản sao chưa đồng bộ",
        "{topic}, partition {partitions}: some copies are not in step",
    }
    wait_for_copies(topic) {
        "Đợi các broker theo kịp; nếu không, xem nhật ký của chúng: kafka-topics.sh --describe --under-replicated-partitions --topic {topic}.",
        "Wait until the brokers have caught up; if they do not, see their logs: kafka-topics.sh --describe --under-replicated-partitions --topic {topic}.",
    }
    one_copy(topic, brokers) {
        "{topic} chỉ có một bản sao trên {brokers} broker: mất một broker là mất thông điệp",
        "{topic} has one copy on {brokers} brokers: a broker that is lost takes its messages with it",
    }
    add_copies(topic) {
        "Thêm bản sao: kafka-reassign-partitions.sh, rồi min.insync.replicas=2 cho {topic}.",
        "Add copies: kafka-reassign-partitions.sh, then min.insync.replicas=2 for {topic}.",
    }
    taken_by_one(topic) {
        "{topic}: min.insync.replicas là 1, nên thông điệp đã xác nhận có thể chỉ ở một broker",
        "{topic}: min.insync.replicas is 1, so what is acknowledged may be on one broker only",
    }
    raise_needed(topic) {
        "kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config min.insync.replicas=2",
        "kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config min.insync.replicas=2",
    }

    members(group, members) { "{group}: {members}", "{group}: {members}" }
    last_committed(group, by) {
        "{group}: Kafka không cho biết thành viên (giao thức mới); worker ghi nhận gần nhất: {by}",
        "{group}: Kafka does not tell its members here (newer protocol); the last that committed is worker {by}",
    }
    other_member(group, client, host) {
        "{group}: thành viên {client} ở {host} không phải worker của cấu hình này",
        "{group}: member {client} at {host} is no worker of these settings",
    }
    foreign_member(group, client, host, partitions) {
        "{group}: {client} ở {host}, không phải worker của cấu hình này, giữ phân vùng {partitions}: worker không đọc được chúng",
        "{group}: {client} at {host}, no worker of these settings, has partition {partitions}: no worker reads them",
    }
    own_group() {
        "Cho chương trình đó một group.id riêng, hoặc dừng nó; nếu là worker thì đặt cùng client.id.",
        "Give that program a group.id of its own, or stop it; if it is a worker, give it the same client.id.",
    }

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
    reads_only(name) {
        "{name}: người dùng này chỉ được đọc: đủ cho rollup, records, report, không cho worker",
        "{name}: this user may only read: enough for rollup, records, report, not for a worker",
    }
    may_not_write(name, tables) {
        "{name}: người dùng này không được ghi {tables}",
        "{name}: this user may not write {tables}",
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
    being_taken(lag) {
        "{lag} bản ghi chưa vào kho; đang được đưa vào",
        "{lag} records are not in the store yet, and are being taken in",
    }
    standing(lag, partitions, seconds) {
        "{lag} bản ghi chưa vào kho; phân vùng {partitions} không tiến thêm trong {seconds} s",
        "{lag} records are not in the store yet; partition {partitions} has not moved for {seconds} s",
    }
    see_process(process) {
        "Một worker đang chạy (tiến trình {process}): xem nhật ký của nó và /readyz.",
        "A worker runs (process {process}): see its log and /readyz.",
    }
    see_readers(readers, group) {
        "Nhóm {group} có: {readers}. Nếu worker đó còn chạy, xem nhật ký của nó và /readyz, nếu không thì chạy giaoban worker; mọi thành viên: kafka-consumer-groups.sh --describe --members --group {group}.",
        "Group {group} has: {readers}. If that worker still runs, see its log and /readyz, else start giaoban worker; all members: kafka-consumer-groups.sh --describe --members --group {group}.",
    }
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

    reading_pages() { "đọc mọi trang (s)", "reading every page (s)" }
    good() { "tốt     ", "ok      " }
    warning() { "chú ý   ", "warning " }
    not_looked_at() { "CHƯA XEM", "NOT SEEN" }
    problem() { "VẤN ĐỀ  ", "PROBLEM " }
}

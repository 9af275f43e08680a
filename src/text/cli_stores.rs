//! What `verify`, `replay`, `migrate`, `backup` and `restore` say.

use super::texts;

texts! {
    recounting() { "đếm lại", "recounting" }
    recount_stopped() {
        "dừng giữa chừng, chưa kết luận gì",
        "stopped before the end, without a result",
    }
    verify_again() { "Chạy lại giaoban verify.", "Run giaoban verify again." }
    all_agree(cells, records, read) {
        "Khớp: {cells} ô số liệu, {records} hồ sơ, đếm lại từ {read} bản ghi của nhật ký.",
        "All agree: {cells} cells of figures, {records} records, recounted from {read} messages of the log.",
    }
    recount_differs(at, figures, records, recounted) {
        "{at}: {figures} con số khác kết quả đếm lại; {records} hồ sơ, đếm lại được {recounted}",
        "{at}: {figures} figures differ from a recount; {records} records, recounted {recounted}",
    }
    miscounted(partition, read, recounted, missing) {
        "phân vùng {partition}: đã đọc {read}, đếm lại {recounted}, đọc mà không có kết quả {missing}",
        "partition {partition}: read {read}, recounted {recounted}, read - ended {missing}",
    }
    counts_differ(at, partitions) {
        "{at}: mọi con số và hồ sơ khớp; chỉ số bản ghi đã đọc của {partitions} phân vùng khác kết quả đếm lại",
        "{at}: every figure and record agrees; only how many messages were read differs, in {partitions} partitions",
    }
    rebuild_counts() {
        "Số liệu đúng. Để sửa các số đếm: dừng worker, rồi giaoban replay --switch; giữ kho cũ để tìm nguyên nhân.",
        "The figures are right. To correct the counts, stop the workers, then giaoban replay --switch; keep the old store to find the cause.",
    }
    carried(records) {
        "Phần đầu nhật ký không còn: {records} bản hồ sơ chỉ còn trong kho được lấy từ kho, không đếm lại được.",
        "The beginning of the log is gone: {records} revisions that only the store has were taken from it, and could not be recounted.",
    }
    rebuild_and_keep() {
        "Dựng lại số liệu và xem: giaoban replay; rồi dừng worker và dùng bản dựng lại: giaoban replay --switch. Giữ kho cũ để tìm nguyên nhân.",
        "Rebuild the figures and compare: giaoban replay; then stop the workers and put them in force: giaoban replay --switch. Keep the old store to find the cause.",
    }
    recount_line(quarter, unit, figure, now, then) {
        "{quarter} {unit:<6} {figure}: kho {now}, đếm lại {then}\n",
        "{quarter} {unit:<6} {figure}: store {now}, recount {then}\n",
    }

    rebuilding() { "dựng lại", "rebuilding" }
    replay_again() {
        "Chạy lại giaoban replay: nó dựng lại từ đầu.",
        "Run giaoban replay again: it begins anew.",
    }
    switched(new, old, removal) {
        "Đã chuyển sang {new}. Bản cũ vẫn còn ở {old}; xóa khi không cần nữa: {removal}",
        "{new} is in force. The previous one is still at {old}; to remove it when it is no longer needed: {removal}",
    }
    would_drop(records, lost, refused) {
        "kho đang dùng có {records} hồ sơ mà bản dựng lại không có: {lost} không còn trong nhật ký, {refused} không phải là sự kiện hợp lệ theo quy tắc hiện nay; chưa đổi gì",
        "the store in force has {records} records that the rebuilt one has not: {lost} that the log does not have any more, {refused} that are not valid events by the rules in force; nothing was switched",
    }
    name_dropped(records) {
        "Đưa các sự kiện còn thiếu vào nhật ký rồi chạy lại; hoặc chấp nhận bỏ chúng: giaoban replay --switch --drop-records {records}.",
        "Bring the missing events into the log and run it again; or accept to drop them: giaoban replay --switch --drop-records {records}.",
    }
    not_switched_with_drops(records, lost, refused) {
        "Chưa đổi gì. Kho đang dùng có {records} hồ sơ mà bản dựng lại không có: {lost} không còn trong nhật ký, {refused} không phải là sự kiện hợp lệ theo quy tắc hiện nay. Để dùng số liệu dựng lại mà bỏ chúng: dừng worker, rồi giaoban replay --switch --drop-records {records}.",
        "Nothing was switched. The store in force has {records} records that the rebuilt one has not: {lost} that the log does not have any more, {refused} that are not valid events by the rules in force. To put the rebuilt figures in force without them: stop the worker, then giaoban replay --switch --drop-records {records}.",
    }
    not_switched() {
        "Chưa đổi gì. Để dùng số liệu dựng lại: dừng worker, rồi giaoban replay --switch.",
        "Nothing was switched. To put the rebuilt figures in force: stop the worker, then giaoban replay --switch.",
    }
    own_figures_only() {
        "Số liệu đang dùng được tính theo danh mục đơn vị hoặc lịch khác nay không còn: dưới đây là số liệu riêng của từng đơn vị, chưa gồm các đơn vị trực thuộc.",
        "The figures in force were computed with units or a calendar that are no longer configured: these are per-unit figures, without subordinate units.",
    }
    nothing_changes() { "Không có gì thay đổi.\n", "Nothing would change.\n" }
    figures_change(count) { "{count} con số sẽ thay đổi:\n", "{count} figures would change:\n" }
    all_by_csv() { "  … toàn bộ: --format csv\n", "  … all of them: --format csv\n" }

    nowhere_to_move(key) {
        "{key} chưa được đặt: không biết chuyển đi đâu",
        "{key} is not set: there is no target to move to",
    }
    set_key(key, variable) { "Đặt {key}, hoặc {variable}.", "Set {key}, or {variable}." }
    reading() { "đọc", "reading" }
    moving() { "chuyển", "moving" }
    comparing() { "so sánh", "comparing" }
    checking() { "kiểm tra", "checking" }
    other_figures_there(there, from, difference) {
        "{there} đã có số liệu khác với {from}: {difference:#}",
        "{there} holds figures that differ from {from}: {difference}",
    }
    choose_schema() {
        "Không thay đổi gì. Chọn store.schema khác; hoặc, nếu worker đã ghi vào PostgreSQL, tiếp tục dùng nó.",
        "Nothing was changed. Choose another store.schema; or, if workers already write to PostgreSQL, keep using it.",
    }
    moved_differs(there, from, difference) {
        "bản chuyển sang {there} khác với {from}: {difference:#}",
        "what was moved to {there} differs from {from}: {difference}",
    }
    rebuild_source() {
        "Chưa đưa gì vào sử dụng. Dựng lại kho SQLite từ nhật ký (giaoban replay --switch, không có store.url) rồi chạy lại.",
        "Nothing was put in force. Rebuild the SQLite store from the log (giaoban replay --switch, without store.url), then run it again.",
    }
    the_rules() { "quy tắc", "the rules" }
    the_offsets() { "vị trí đã đọc trong nhật ký", "how far the log was read" }
    the_records() { "các hồ sơ", "the records" }
    the_earlier() { "các bản trước của hồ sơ", "earlier revisions of records" }
    the_mark() { "dấu dữ liệu mẫu", "the mark of sample data" }
    the_log() { "nhật ký của kho", "the log that it is made from" }
    the_gaps() { "các khoảng trống đã chấp nhận", "the gaps that were accepted" }
    the_figures(count, first) { "{count} con số, trước hết {first}", "{count} figures, first {first}" }
    moved_store(records, earlier, partitions) {
        "Đã chuyển {records} hồ sơ, {earlier} bản trước, vị trí của {partitions} phân vùng.\n",
        "Moved {records} records, {earlier} earlier revisions, the offsets of {partitions} partitions.\n",
    }
    moved_store_before(records, earlier, partitions) {
        "Đã chuyển từ trước: {records} hồ sơ, {earlier} bản trước, vị trí của {partitions} phân vùng.\n",
        "Moved before: {records} records, {earlier} earlier revisions, the offsets of {partitions} partitions.\n",
    }
    compared(figures, cells) {
        "Đã so sánh từng con số: {figures} số liệu trong {cells} ô (đơn vị, quý), tất cả bằng nhau.\n",
        "Every figure was compared: {figures} in {cells} cells (unit, quarter), all equal.\n",
    }
    in_force_now(there) { "{there} được dùng từ bây giờ.\n", "{there} is in force from now on.\n" }
    in_force_before(there) { "{there} đang được dùng.\n", "{there} is in force.\n" }
    keep_store_url(file) {
        "Tiếp theo: giữ store.url trong cấu hình của mọi worker và người đọc, rồi chạy worker: nó tiếp tục từ vị trí đang đứng.\n{file} vẫn ở nguyên chỗ cũ.\n",
        "Next: keep store.url in the configuration of every worker and reader, and start the workers: they resume from these offsets.\n{file} stays where it is.\n",
    }
    no_embedded_log(data) { "không có nhật ký nhúng trong {data}", "there is no embedded log in {data}" }
    check_data() { "Kiểm tra --data.", "Check --data." }
    topic_left_behind(data, topic, events, dead_letters) {
        "nhật ký nhúng trong {data} có topic {topic}, còn cấu hình chỉ nêu {events} và {dead_letters}",
        "the embedded log in {data} has topic {topic}, but the configuration names {events} and {dead_letters} only",
    }
    name_topics() {
        "Chưa chuyển gì. Sửa kafka.topic, kafka.dead_letter_topic thành các topic của nhật ký nhúng.",
        "Nothing was moved. Correct kafka.topic, kafka.dead_letter_topic to the topics of the embedded log.",
    }
    keep_brokers(data) {
        "Tiếp theo: giữ kafka.brokers trong cấu hình của mọi worker và bên gửi, rồi chạy worker: nó tiếp tục từ vị trí trong kho, không tính gì hai lần.\nNhật ký nhúng vẫn ở nguyên trong {data}, đã niêm phong: nó không nhận gì nữa.\n",
        "Next: keep kafka.brokers in the configuration of every worker and publisher, and start the workers: they resume from the store's offsets and count nothing twice.\nThe embedded log stays in {data}, sealed: it takes nothing more.\n",
    }
    moved_topic(topic, messages, partitions, copied, digest) {
        "{topic}: {messages} bản ghi trong {partitions} phân vùng, chuyển lần này {copied}; đã so sánh tất cả, cùng vị trí và nội dung (SHA-256 {digest}…).\n",
        "{topic}: {messages} messages in {partitions} partitions, {copied} moved in this run; all compared: same offsets, same contents (SHA-256 {digest}…).\n",
    }
    came_meanwhile(late) {
        "  {late} bản ghi đến trong lúc chuyển và đã được chuyển theo: bên gửi nào đó vẫn gửi vào nhật ký nhúng.\n",
        "  {late} of them arrived meanwhile and were moved too: somebody still publishes to the embedded log.\n",
    }
    kafka_ahead(ahead) {
        "  Kafka đã nhận thêm {ahead} bản ghi sau đó.\n",
        "  Kafka has received {ahead} more messages since.\n",
    }
    at_place(there, what) { "{there}: {what:#}", "{there}: {what}" }
    other_partitions(topic, there, here) {
        "topic {topic} có {there} phân vùng, không phải {here}",
        "topic {topic} has {there} partitions there, not {here}",
    }
    topic_differs(partition, topic, from, to) {
        "phân vùng {partition} của topic {topic} khác với nhật ký nhúng, trong khoảng vị trí {from} đến {to}",
        "partition {partition} of topic {topic} differs from the source, between offsets {from} and {to}",
    }
    shifted(wanted, topic, found) {
        "bản ghi {wanted} của topic {topic} lại được ghi ở {found}",
        "message {wanted} of topic {topic} was written at {found} instead",
    }
    empty_topic(topic) {
        "Topic phải còn trống: không ai gửi vào Kafka cho đến khi chuyển xong. Xóa topic {topic} (kafka-topics.sh --delete --topic {topic}) rồi chạy lại: lệnh này tự tạo nó.",
        "The topic has to be empty: nobody publishes to Kafka until all is moved. Delete {topic} (kafka-topics.sh --delete --topic {topic}) and run it again: it creates the topic itself.",
    }
    check_kafka() {
        "Kiểm tra Kafka rồi chạy lại: nó tiếp tục từ chỗ đang dở.",
        "Check Kafka and run it again: it resumes where it left off.",
    }

    not_empty(to) { "{to} đã có tệp bên trong", "{to} exists and is not empty" }
    choose_folder() { "Chọn một thư mục mới.", "Choose a new folder." }
    backing_up() { "sao lưu", "backing up" }
    backed_up(to, records) {
        "Đã sao lưu kho và nhật ký vào {to}: {records} hồ sơ.\nKhôi phục: giaoban restore {to} --data THƯ-MỤC\n",
        "Backed up the store and the log to {to}: {records} records.\nTo restore: giaoban restore {to} --data DIR\n",
    }
    backed_up_store(to, records) {
        "Đã sao lưu kho (nhật ký nằm ở Kafka) vào {to}: {records} hồ sơ.\nKhôi phục: giaoban restore {to} --data THƯ-MỤC\n",
        "Backed up the store (the log is on Kafka) to {to}: {records} records.\nTo restore: giaoban restore {to} --data DIR\n",
    }
    copy_is_the_folder(dir) {
        "{dir} vừa là bản sao vừa là thư mục dữ liệu",
        "{dir} is both the copy and the data folder",
    }
    choose_data() {
        "Chọn thư mục khác bằng --data; bản sao giữ nguyên.",
        "Name another folder with --data; the copy stays as it is.",
    }
    store_there(at) { "{at} đã có kho số liệu", "{at} already has a store" }
    move_aside() {
        "Chọn --data khác, hoặc dời kho đang có sang một bên: --replace.",
        "Choose another --data, or move the existing one aside: --replace.",
    }
    moved_aside(aside) {
        "Kho trước đó đã được dời sang {aside}; xóa khi không cần nữa.",
        "The previous store was moved to {aside}; remove it when it is no longer needed.",
    }
    log_stays() {
        "Nhật ký đang có được giữ nguyên: nó mới hơn bản sao.",
        "The existing log is kept: it is newer than the backup.",
    }
    restored(records, at) {
        "Đã khôi phục {records} hồ sơ vào {at}.\nBắt kịp nhật ký: giaoban worker --until-caught-up --data {at}\n",
        "Restored {records} records to {at}.\nTo catch up with the log: giaoban worker --until-caught-up --data {at}\n",
    }
    on_postgres() {
        "kho nằm trên PostgreSQL, không phải trong thư mục",
        "the store is on PostgreSQL, not in the folder",
    }
    use_pg_dump() {
        "Sao lưu bằng công cụ của PostgreSQL: pg_dump --schema=giaoban; xem docs/operators.md.",
        "Back it up with PostgreSQL's own tools: pg_dump --schema=giaoban; see docs/operators.md.",
    }
    not_whole(dir) {
        "{dir} không phải là bản sao đầy đủ: không có tệp CURRENT, tệp mà giaoban backup ghi sau cùng",
        "{dir} is not a complete backup: it lacks the file CURRENT, which giaoban backup writes last",
    }
    use_another_copy() {
        "Kiểm tra lại đường dẫn; nếu lần sao lưu đó đã bị ngắt giữa chừng, hãy dùng một bản sao khác. Bản sao đầy đủ của phiên bản trước: ghi store-1.db vào tệp CURRENT trong đó.",
        "Check the path; if that backup was interrupted, use another copy. For a complete backup made by an earlier version: write store-1.db into a file CURRENT there.",
    }

    made_topic(name, partitions, copies) {
        "Đã tạo {name}: {partitions} phân vùng, {copies} bản sao, giữ mãi mãi.\n",
        "Created {name}: {partitions} partitions, {copies} copies, kept for ever.\n",
    }
    topic_settings(settings) { "  {settings}\n", "  {settings}\n" }
    topic_there(name, partitions, copies) {
        "{name} đã có: {partitions} phân vùng, {copies} bản sao; không thay đổi gì.\n",
        "{name} exists already: {partitions} partitions, {copies} copies; left as it is.\n",
    }
    topic_otherwise(what, found, wanted) {
        "  khác: {what} là {found}, nếu tạo mới sẽ là {wanted}\n",
        "  differs: {what} is {found}, made anew it would be {wanted}\n",
    }
    set_topic(name, settings) {
        "  để đổi: kafka-configs.sh --alter --entity-type topics --entity-name {name} --add-config {settings}\n",
        "  to change it: kafka-configs.sh --alter --entity-type topics --entity-name {name} --add-config {settings}\n",
    }
    times_of_the_log(name) {
        "topic {name} đã có và ghi thời gian của chính nó (message.timestamp.type=LogAppendTime): kho nhận ra bản ghi cuối cùng theo thời gian của nhật ký cũ",
        "topic {name} is there already and gives messages times of its own (message.timestamp.type=LogAppendTime): a store knows its last record by the time that it has in the old log",
    }
    keep_times(name) {
        "Đổi trước khi chuyển: kafka-configs.sh --alter --entity-type topics --entity-name {name} --add-config message.timestamp.type=CreateTime; chuyển xong thì đổi lại.",
        "Change it before the move: kafka-configs.sh --alter --entity-type topics --entity-name {name} --add-config message.timestamp.type=CreateTime; change it back once all is moved.",
    }
}

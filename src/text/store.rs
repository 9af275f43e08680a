//! What can go wrong with a store, and what to do about it.

use super::texts;

texts! {
    fenced(partition, topic, stored, expected) {
        "phân vùng {partition} của {topic}: điểm dừng trong kho: {stored:#}, lẽ ra: {expected:#}; một worker khác đã ghi",
        "partition {partition} of {topic}: stored checkpoint: {stored}; expected: {expected}; another worker has written it",
    }
    went_back(partition, topic, lost, stored, expected) {
        "phân vùng {partition} của {topic}: kho đã lùi {lost} vị trí (điểm dừng trong kho: {stored:#}, trước đó: {expected:#}), như sau khi chuyển sang máy chủ dự phòng hoặc khôi phục bản sao",
        "partition {partition} of {topic}: the store went back by {lost} offsets (stored checkpoint: {stored}; before: {expected}), as after a failover or a restore",
    }
    nothing() { "chưa có", "none" }
    locked(at) { "{at} đang được tiến trình khác dùng", "{at} is in use by another process" }
    locked_by(at, process) {
        "{at} đang được tiến trình khác dùng (tiến trình {process})",
        "{at} is in use by another process (process {process})",
    }
    other_rules(at, stored, now) {
        "{at} được tạo theo quy tắc khác (dấu {stored}, nay là {now}): đơn vị, lịch hoặc danh mục đã đổi",
        "{at} was built with other rules (fingerprint {stored}, now {now}): units, calendar or catalogue have changed",
    }
    embedded_topic(topic, id) {
        "topic {topic} của nhật ký nhúng (id {id})",
        "topic {topic} of the embedded log (id {id})",
    }
    kafka_topic(topic, id, cluster) {
        "topic {topic} của Kafka (id {id}, cụm {cluster})",
        "topic {topic} of Kafka (id {id}, cluster {cluster})",
    }
    other_log(at, bound, found) {
        "{at} được tạo từ {bound:#}, còn nhật ký đang cấu hình là {found:#}",
        "{at} was made from {bound}, but the log that is configured is {found}",
    }
    log_gone(at, bound) {
        "{at} được tạo từ {bound:#}, nay không còn nữa",
        "{at} was made from {bound}, which is not there any more",
    }
    newer(at, found, known) {
        "{at} có phiên bản lược đồ {found}, mới hơn {known} là bản mới nhất mà chương trình này biết",
        "{at} has schema version {found}, newer than {known}, the newest that this program knows",
    }
    older(at, found, known) {
        "{at} có phiên bản lược đồ {found}; chương trình này ghi theo phiên bản {known}, sau đó bản giaoban cũ không đọc được nữa",
        "{at} has schema version {found}; this program writes {known}, which the program before cannot read",
    }
    older_at_work(at, sessions) {
        "{at} còn được bản giaoban cũ dùng: {sessions}",
        "{at} is still in use by an older giaoban: {sessions}",
    }
    damaged(at, cause) { "{at} bị hỏng: {cause}", "{at} is damaged: {cause}" }
    missing(at) { "chưa có kho số liệu ở {at}", "there is no store at {at}" }
    disk_full(at) { "hết dung lượng đĩa cho {at}", "no space left for {at}" }
    unwritable(at, cause) { "không ghi được {at}: {cause}", "cannot write {at}: {cause}" }
    inconsistent(cause) {
        "sổ cái không khớp với quy tắc: {cause}",
        "the ledger does not agree with the rules: {cause}",
    }
    unreachable(at, cause) { "{at} không trả lời: {cause}", "{at} does not answer: {cause}" }
    broken_off(at, cause) { "{at} ngắt giữa chừng: {cause}", "{at} broke off: {cause}" }
    login(at, cause) { "{at} không cho đăng nhập: {cause}", "{at} refuses the login: {cause}" }
    untrusted(at, cause) { "{at} không đáng tin cậy: {cause}", "{at} cannot be trusted: {cause}" }
    forbidden(at, cause) { "{at} không cho phép: {cause}", "{at} does not allow it: {cause}" }
    crowded(at, cause) { "{at} không còn kết nối trống: {cause}", "{at}: connection limit reached: {cause}" }
    foreign(at, cause) {
        "{at} không phải là kho của giaoban: {cause}",
        "{at} is not a giaoban store: {cause}",
    }
    switched(at) {
        "{at} không còn là phiên bản kho đang có hiệu lực: một lần dựng lại đã đưa phiên bản khác vào sử dụng",
        "{at} is no longer the active generation: a replay has put another one in force",
    }
    read_only(at, cause) { "{at} hiện chỉ cho đọc: {cause}", "{at} is read-only for now: {cause}" }
    outlived(at, timeline, newest) {
        "{at} là máy chủ chính đã bị thay thế: nó ở timeline {timeline}, còn máy chủ thay nó ở timeline {newest}",
        "{at} is a primary that was replaced: it is on timeline {timeline}, the one that replaced it on {newest}",
    }
    two_primaries(at, both) {
        "{at}: có hai máy chủ chính của cùng một hệ thống ({both})",
        "{at}: there are two primaries of one system ({both})",
    }
    encoding(at, encoding) {
        "{at} dùng bảng mã {encoding}, không ghi được mọi chữ của sự kiện",
        "{at} is encoded in {encoding}, which cannot hold every character of the events",
    }
    /// In the words of another program.
    foreign_words(at, cause) { "{at}: {cause}", "{at}: {cause}" }

    one_writer() {
        "Chỉ để một worker ghi mỗi kho; worker này sẽ tiếp tục từ nơi kho đang đứng khi chạy lại.",
        "Let one worker write each store; started again, this one resumes from where the store is.",
    }
    read_again() {
        "Không cần làm gì: worker đọc lại từ nơi kho đang đứng.",
        "Nothing is to be done: the worker reads again from where the store is.",
    }
    find_primary() {
        "Trỏ store.url vào máy chủ chính; với nhiều máy chủ thêm target_session_attrs=read-write vào URL; hoặc chờ việc chuyển đổi xong.",
        "Point store.url at the primary server; with several hosts add target_session_attrs=read-write to the URL; or wait until the failover is over.",
    }
    follow_new_primary() {
        "Dừng máy chủ cũ hoặc biến nó thành máy chủ dự phòng của máy chủ mới (pg_rewind), và trỏ store.url vào máy chủ mới; worker chờ và tự tiếp tục. Nếu chính nó mới là máy chủ đúng: docs/failover.md.",
        "Stop the old server or make it a standby of the new one (pg_rewind), and point store.url at the new one; the worker waits and goes on by itself. If it is the right one after all: docs/failover.md.",
    }
    stop_one_primary() {
        "Giữ máy chủ mà các worker đang dùng; dừng máy chủ kia hoặc biến nó thành máy chủ dự phòng (pg_rewind): docs/failover.md. Không mất số liệu: phần thiếu được đọc lại từ nhật ký.",
        "Keep the one that the workers use; stop the other or make it a standby (pg_rewind): docs/failover.md. No figure is lost: what is missing is read again from the log.",
    }
    create_in_utf8() {
        "Tạo cơ sở dữ liệu khác bằng UTF-8 rồi sửa store.url: createdb --encoding UTF8 --template template0 giaoban.",
        "Make another database in UTF-8 and correct store.url: createdb --encoding UTF8 --template template0 giaoban.",
    }
    stop_the_other() {
        "Dừng tiến trình kia, hoặc dùng --data khác.",
        "Stop the other process, or use another --data.",
    }
    rebuild() {
        "Dựng lại số liệu theo quy tắc mới và xem khác biệt: giaoban replay; hoặc trả lại cấu hình cũ.",
        "Rebuild the figures by the new rules and see what changes: giaoban replay; or put the configuration back.",
    }
    set_brokers() {
        "Kho này nhận số liệu từ Kafka: đặt kafka.brokers; với nhật ký nhúng hãy dùng --data khác.",
        "This store is fed by Kafka: set kafka.brokers; for an embedded log use another --data.",
    }
    unset_brokers() {
        "Kho này nhận số liệu từ nhật ký nhúng: chuyển nhật ký sang Kafka (giaoban migrate log), hoặc bỏ kafka.brokers, hoặc dùng --data, store.schema khác.",
        "This store is fed by the embedded log: move that to Kafka (giaoban migrate log), or leave kafka.brokers out, or use another --data or store.schema.",
    }
    correct_topic(topic) {
        "Sửa kafka.topic thành {topic}; mỗi topic cần một kho riêng (--data, store.schema).",
        "Correct kafka.topic to {topic}; every topic needs a store of its own (--data, store.schema).",
    }
    correct_brokers() {
        "Sửa kafka.brokers; nếu topic đã được chuyển sang cụm khác cùng mọi bản ghi: giaoban replay --drop-records 0, rồi giaoban replay --switch --drop-records 0.",
        "Correct kafka.brokers; if the topic was moved to another cluster with all its messages: giaoban replay --drop-records 0, then giaoban replay --switch --drop-records 0.",
    }
    topic_recreated(topic) {
        "Topic {topic} đã bị xóa và tạo lại; số liệu trong kho vẫn nguyên. Khôi phục các bản ghi cũ vào đó, hoặc gửi lại mọi sự kiện (giaoban publish với --data khác); xem còn thiếu gì: giaoban replay --drop-records 0; khi không thiếu gì nữa: giaoban replay --switch --drop-records 0.",
        "Topic {topic} was deleted and created again; the figures in the store are whole. Restore the old messages to it, or publish all events again (giaoban publish with another --data); see what is still missing: giaoban replay --drop-records 0; once nothing is missing: giaoban replay --switch --drop-records 0.",
    }
    topic_deleted(topic) {
        "Topic {topic} đã bị xóa; số liệu trong kho vẫn nguyên. Khôi phục topic, hoặc tạo nó (giaoban topics create) và gửi lại mọi sự kiện (giaoban publish với --data khác); xem còn thiếu gì: giaoban replay --drop-records 0; khi không thiếu gì nữa: giaoban replay --switch --drop-records 0.",
        "Topic {topic} was deleted; the figures in the store are whole. Restore it, or create it (giaoban topics create) and publish all events again (giaoban publish with another --data); see what is still missing: giaoban replay --drop-records 0; once nothing is missing: giaoban replay --switch --drop-records 0.",
    }
    log_deleted() {
        "Khôi phục log.db từ bản sao lưu vào thư mục dữ liệu; số liệu trong kho vẫn nguyên. Không có bản sao: gửi mọi sự kiện vào một --data mới.",
        "Restore log.db from a backup to the data folder; the figures in the store are whole. Without one, publish all events to a new --data.",
    }
    use_newer() {
        "Dùng bản giaoban đã tạo ra kho này, hoặc mới hơn.",
        "Use the version of giaoban that made this store, or a newer one.",
    }
    keep_copy(schema, found) {
        "Dừng mọi worker, giữ một bản sao (pg_dump --format=custom --schema={schema}), rồi chạy worker với GIAOBAN__STORE__COPY_OF_VERSION={found}: docs/upgrade.md.",
        "Stop every worker, keep a copy (pg_dump --format=custom --schema={schema}), then start a worker with GIAOBAN__STORE__COPY_OF_VERSION={found}: docs/upgrade.md.",
    }
    stop_older() {
        "Dừng các worker và trang của bản cũ. Nếu chỉ là kết nối mà bộ gom kết nối còn giữ: SELECT pg_terminate_backend(pid).",
        "Stop the workers and pages of the older version. If these are sessions that a pooler keeps: SELECT pg_terminate_backend(pid).",
    }
    bring_back() {
        "Khôi phục từ bản sao lưu, hoặc chuyển nó đi nơi khác và dựng lại từ nhật ký: giaoban worker --until-caught-up.",
        "Restore it from a backup, or move it away and rebuild it from the log: giaoban worker --until-caught-up.",
    }
    build_it() {
        "Tạo kho từ nhật ký: giaoban worker --until-caught-up (cùng --data, store.url).",
        "Build it from the log: giaoban worker --until-caught-up (with the same --data, store.url).",
    }
    free_disk() {
        "Giải phóng dung lượng đĩa rồi chạy lại; những gì đã xác nhận vẫn còn.",
        "Free some disk space and start again; what was acknowledged is still there.",
    }
    try_again() {
        "Thử lại; nếu vẫn lỗi, tìm tiến trình đang giữ tệp, hoặc xem máy chủ PostgreSQL có chạy không.",
        "Try again; if the error persists, look for the process that holds the file, or see whether PostgreSQL is up.",
    }
    check_url() {
        "Kiểm tra store.url và xem PostgreSQL có chạy không: giaoban doctor. Những gì đã xác nhận vẫn còn.",
        "Check store.url and whether PostgreSQL is up: giaoban doctor. What was acknowledged is still there.",
    }
    check_login() {
        "Kiểm tra người dùng và chứng chỉ (sslcert, sslkey) trong store.url, mật khẩu trong store.password_file hoặc GIAOBAN__STORE__PASSWORD, và pg_hba.conf của máy chủ.",
        "Check the user and the certificate (sslcert, sslkey) in store.url, the password in store.password_file or GIAOBAN__STORE__PASSWORD, and the server's pg_hba.conf.",
    }
    create_database() {
        "Sửa tên cơ sở dữ liệu trong store.url, hoặc tạo nó: createdb.",
        "Correct the database name in store.url, or create it: createdb.",
    }
    set_certificate() {
        "Đặt sslrootcert=TỆP và tên máy đúng trong store.url; trong mạng tin cậy có thể dùng sslmode=disable hoặc no-verify.",
        "Set sslrootcert=FILE and the right host in store.url; in a trusted network sslmode=disable or no-verify is enough.",
    }
    grant_role() {
        "Worker và replay cần vai trò ghi trên máy chủ chính: config/postgres/roles.sql; vai trò đọc đủ cho rollup, records, report.",
        "Worker and replay need the writing role on the primary server: config/postgres/roles.sql; the reading role is enough for rollup, records, report.",
    }
    raise_connections() {
        "Tăng max_connections của PostgreSQL, hoặc CONNECTION LIMIT của vai trò hay cơ sở dữ liệu (ALTER ROLE, ALTER DATABASE), hoặc đặt một bộ gom kết nối (PgBouncer) ở trước.",
        "Raise max_connections of PostgreSQL, or the CONNECTION LIMIT of the role or the database (ALTER ROLE, ALTER DATABASE), or put a connection pooler (PgBouncer) in front of it.",
    }
    choose_schema() {
        "Chọn một schema khác trong store.schema, hoặc một cơ sở dữ liệu khác trong store.url.",
        "Choose another schema in store.schema, or another database in store.url.",
    }
    start_again() {
        "Chạy lại: nó tiếp tục với số liệu đang có hiệu lực.",
        "Start it again: it resumes with the figures in force.",
    }
}

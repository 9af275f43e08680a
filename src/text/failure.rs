//! How the program ends, in words, and what to do about a file that cannot be used.

use super::texts;

/// The head of `docs/exit-codes.md`, which speaks both languages at once.
pub const EXIT_CODES_HEAD: &str = "# Mã thoát · Exit codes\n\n✋: khởi động lại cũng vô ích, phải có người xử lý; sau các mã khác, worker được khởi động lại · \
     starting again only repeats it, a person has to act; after any other code a worker is started again.\n\n\
     | code | name | ✋ | tiếng Việt | English |\n| --- | --- | --- | --- | --- |\n";

texts! {
    done() { "Xong.", "Done." }
    internal() { "Lỗi bên trong chương trình.", "A bug in the program, or an error that has no code of its own." }
    usage() { "Dòng lệnh sai.", "The command line is wrong." }
    configuration() {
        "Cấu hình, bảng đơn vị hoặc lịch sai.",
        "The configuration, the units or the calendar are wrong.",
    }
    some_refused() {
        "Một phần dữ liệu vào bị từ chối.",
        "Some of the input was refused; the rest was taken.",
    }
    all_refused() { "Toàn bộ dữ liệu vào bị từ chối.", "All of the input was refused." }
    log_unreachable() { "Không kết nối được nhật ký sự kiện (Kafka).", "The event log (Kafka) does not answer." }
    log_refuses() {
        "Nhật ký sự kiện (Kafka) từ chối: xác thực, quyền, topic, nhóm, kích thước hoặc thông điệp.",
        "The event log (Kafka) refuses: authentication, permission, topic, group, size or message.",
    }
    store() {
        "Kho số liệu hỏng, mới hơn chương trình, hoặc chưa có.",
        "The store or the embedded log is damaged, newer than this program, or not there.",
    }
    in_use() { "Một tiến trình khác đang dùng.", "Another process is using it." }
    rules_changed() {
        "Quy tắc đã đổi: cần giaoban replay.",
        "The rules have changed: giaoban replay is needed.",
    }
    gap() {
        "Nhật ký thiếu bản ghi, hoặc là nhật ký khác.",
        "The log has lost records, or is not the one that the store was made from.",
    }
    fenced() { "Bị chặn: một worker khác ghi cùng các phân vùng.", "Fenced: another worker writes the same partitions." }
    cannot_write() {
        "Đĩa đầy hoặc không ghi được.",
        "The disk is full, or a place cannot be read or written.",
    }
    port_taken() { "Cổng mạng không dùng được.", "The address to listen on cannot be used." }
    not_found() {
        "Không có đơn vị, kỳ, bản ghi hoặc tệp đó.",
        "There is no such unit, period, record or file.",
    }
    doctor_found() { "giaoban doctor phát hiện vấn đề.", "giaoban doctor found a problem." }
    too_many_dead_letters() {
        "Quá nhiều thư chết: phân vùng đó dừng, phần còn lại đã xong (worker --until-caught-up).",
        "Too many dead letters: that partition is held, all else is done (worker --until-caught-up).",
    }
    store_unreachable() {
        "Không kết nối được PostgreSQL, máy chủ hết kết nối, hoặc hiện chỉ cho đọc.",
        "PostgreSQL does not answer, has no connection to spare, or is read-only for now.",
    }
    store_refuses() {
        "PostgreSQL từ chối: mật khẩu, quyền, cơ sở dữ liệu, bảng mã hoặc chứng chỉ.",
        "PostgreSQL refuses: password, permission, database, encoding or certificate.",
    }
    differs() {
        "Có khác biệt: số liệu với kết quả đếm lại (verify), hoặc nơi chuyển đến với nguồn (migrate).",
        "Something differs: figures differ from a recount (verify), or a migration's target differs from its source (migrate).",
    }
    hung_up() {
        "Bị dừng bằng SIGHUP trước khi xong.",
        "Stopped by SIGHUP before the end.",
    }
    interrupted() {
        "Bị dừng bằng Ctrl-C trước khi xong.",
        "Stopped by Ctrl-C before the end.",
    }
    terminated() {
        "Bị dừng bằng SIGTERM trước khi xong.",
        "Stopped by SIGTERM before the end.",
    }

    check_path() { "Kiểm tra lại đường dẫn.", "Check the path." }
    name_files() {
        "Đây là một thư mục: hãy ghi tên tệp, ví dụ thư mục/*.csv.",
        "This is a folder: name files, for instance folder/*.csv.",
    }
    name_new_file() {
        "Đã có tệp hay liên kết ở đó, được giữ nguyên: đặt tên khác.",
        "Something is there already, and stays as it is: choose another name.",
    }
    free_disk() {
        "Giải phóng dung lượng đĩa rồi chạy lại.",
        "Free some disk space and run it again.",
    }
    replaced(at) {
        "{at} không còn là tệp đã mở: tệp đã bị xóa hoặc bị thay trong khi chương trình đang chạy",
        "{at} is no longer the file that was opened: it was removed or replaced while the program ran",
    }
    put_back() {
        "Dừng mọi worker, trả lại cả thư mục dữ liệu từ bản sao lưu (giaoban restore) hoặc để tệp hiện có ở đó, rồi chạy lại: worker tiếp tục từ những gì các tệp đang có.",
        "Stop every worker, bring the whole data folder back from a backup (giaoban restore) or leave the file that is there now, then start again: the worker resumes from what the files have.",
    }
    make_writable() {
        "Cấp quyền ghi cho thư mục, hoặc chọn --data khác.",
        "Make the folder writable, or choose another --data.",
    }
    stopped_early() { "dừng giữa chừng", "stopped before the end" }
    check_permissions() {
        "Kiểm tra quyền truy cập, hoặc chọn nơi khác.",
        "Check the permissions, or choose another place.",
    }
    error_and_remedy(what, remedy) {
        "lỗi: {what:#}\ncách xử lý: {remedy:#}",
        "error: {what}\nremedy: {remedy}",
    }
}

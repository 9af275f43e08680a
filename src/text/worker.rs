//! What the worker's command says, and what serves pages beside it.

use super::texts;

texts! {
    /// Beside a bar.
    settling() { "xử lý", "settling" }
    defect() { "Đây là lỗi của chương trình.", "This is a defect of the program." }
    summary(read, batches, applied, duplicate, superseded, dead_lettered) {
        "Đã đọc {read} bản ghi trong {batches} lô: {applied} được tính, {duplicate} trùng, {superseded} đã có bản mới hơn, {dead_lettered} thư chết.\n",
        "Read {read} records in {batches} batches: {applied} applied, {duplicate} duplicate, {superseded} superseded, {dead_lettered} dead-lettered.\n"
    }
    cannot_listen(listen, cause) { "không mở được địa chỉ {listen}: {cause}", "cannot listen on {listen}: {cause}" }
    other_address() {
        "Chọn địa chỉ khác: GIAOBAN__HTTP__LISTEN=127.0.0.1:9465, hoặc off để tắt.",
        "Choose another address: GIAOBAN__HTTP__LISTEN=127.0.0.1:9465, or off for none."
    }
}

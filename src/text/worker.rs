//! What the worker's command says, and what serves pages beside it.

use std::fmt::Display;

use super::{Text, counted, texts};

texts! {
    /// Beside a bar.
    settling() { "xử lý", "settling" }
    defect() { "Đây là lỗi của chương trình.", "This is a bug in the program." }
    cannot_listen(listen, cause) { "không mở được địa chỉ {listen}: {cause}", "cannot listen on {listen}: {cause}" }
    other_address(variable) {
        "Chọn địa chỉ khác: {variable}=127.0.0.1:9465, hoặc off để tắt.",
        "Choose another address: {variable}=127.0.0.1:9465, or off for none."
    }
    nothing_to_serve() {
        "http.listen và http.metrics_listen đều là off: không có gì để phục vụ",
        "http.listen and http.metrics_listen are both off: there is nothing to serve"
    }
    give_address() {
        "Đặt http.listen, ví dụ GIAOBAN__HTTP__LISTEN=127.0.0.1:9464.",
        "Set http.listen, such as GIAOBAN__HTTP__LISTEN=127.0.0.1:9464."
    }
}

/// What a worker did, when it ends.
pub fn summary(
    read: impl Display,
    batches: impl Display,
    applied: impl Display,
    duplicate: impl Display,
    superseded: impl Display,
    dead_lettered: impl Display,
) -> Text {
    let (records, lots) = (counted(&read, "record", "records"), counted(&batches, "batch", "batches"));
    Text {
        vi: format!("Đã đọc {read} bản ghi trong {batches} lô: {applied} được tính, {duplicate} trùng, {superseded} đã có bản mới hơn, {dead_lettered} thư chết.\n").into(),
        en: format!("Read {records} in {lots}: {applied} applied, {duplicate} duplicate, {superseded} superseded, {dead_lettered} dead-lettered.\n").into(),
    }
}

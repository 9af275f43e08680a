//! What to do about a failure: the one place that maps kinds of failure to a
//! remedy, in Vietnamese and English.

use crate::config::ConfigError;
use crate::log::LogError;
use crate::store::StoreError;
use crate::wire::Lang;

fn one(lang: Lang, vi: &str, en: &str) -> String {
    match lang {
        Lang::Vi => vi.to_owned(),
        Lang::En => en.to_owned(),
    }
}

/// About the store.
pub fn store(error: &StoreError, lang: Lang) -> String {
    match error {
        StoreError::Fenced { .. } => one(
            lang,
            "Chỉ để một worker ghi mỗi kho; worker này sẽ tiếp tục từ nơi kho đang đứng khi chạy lại.",
            "Let one worker write each store; started again, this one goes on from where the store is.",
        ),
        StoreError::Locked { .. } => {
            one(lang, "Dừng tiến trình kia, hoặc dùng --data khác.", "Stop the other process, or use another --data.")
        }
        StoreError::OtherRules { .. } | StoreError::Inconsistent(_) => one(
            lang,
            "Dựng lại số liệu theo quy tắc mới và xem khác biệt: giaoban replay; hoặc trả lại cấu hình cũ.",
            "Rebuild the figures by the new rules and see what changes: giaoban replay; or put the configuration back.",
        ),
        StoreError::Newer { .. } => one(
            lang,
            "Dùng bản giaoban đã tạo ra kho này, hoặc mới hơn.",
            "Use the version of giaoban that made this store, or a newer one.",
        ),
        StoreError::Damaged { .. } => one(
            lang,
            "Khôi phục tệp từ bản sao lưu, hoặc chuyển nó đi nơi khác và dựng lại từ nhật ký: giaoban worker --until-caught-up.",
            "Restore the file from a backup, or move it away and rebuild it from the log: giaoban worker --until-caught-up.",
        ),
        StoreError::Missing { .. } => one(
            lang,
            "Tạo kho từ nhật ký: giaoban worker --until-caught-up (cùng --data).",
            "Build it from the log: giaoban worker --until-caught-up (with the same --data).",
        ),
        StoreError::DiskFull { .. } => one(
            lang,
            "Giải phóng dung lượng đĩa rồi chạy lại; những gì đã xác nhận vẫn còn.",
            "Free some disk space and start again; what was acknowledged is still there.",
        ),
        StoreError::Unwritable { .. } => one(
            lang,
            "Cấp quyền ghi cho thư mục, hoặc chọn --data khác.",
            "Make the folder writable, or choose another --data.",
        ),
        StoreError::Unavailable { .. } => one(
            lang,
            "Thử lại; nếu vẫn lỗi, tìm tiến trình đang giữ tệp.",
            "Try again; if it stays, look for the process that holds the file.",
        ),
    }
}

/// About the event log.
pub fn log(error: &LogError, lang: Lang) -> String {
    match error {
        LogError::Unreachable { .. } | LogError::Transient(_) => one(
            lang,
            "Kiểm tra kafka.brokers và xem Kafka có chạy không: giaoban doctor. Những gì đã xác nhận vẫn còn.",
            "Check kafka.brokers and whether Kafka is up: giaoban doctor. What was acknowledged is still there.",
        ),
        LogError::Authentication { .. } => one(
            lang,
            "Kiểm tra kafka.properties: sasl.username, sasl.mechanism, ssl.ca.location, và kafka.secret_files cho sasl.password.",
            "Check kafka.properties: sasl.username, sasl.mechanism, ssl.ca.location, and kafka.secret_files for sasl.password.",
        ),
        LogError::Authorization { .. } => one(
            lang,
            "Xin quản trị Kafka thêm quyền (ACL) này cho người dùng của bạn.",
            "Ask the administrator of Kafka to add that access rule for your user.",
        ),
        LogError::NoSuchTopic(_) => one(
            lang,
            "Tạo topic: giaoban topics create; hoặc sửa kafka.topic, kafka.dead_letter_topic.",
            "Make it: giaoban topics create; or correct kafka.topic, kafka.dead_letter_topic.",
        ),
        LogError::TooLarge { .. } => one(
            lang,
            "Rút ngắn sự kiện, hoặc tăng max.message.bytes của topic.",
            "Shorten the event, or raise the topic's max.message.bytes.",
        ),
        LogError::OffsetOutOfRange { .. } => one(
            lang,
            "Bản ghi đã hết hạn trong nhật ký: khôi phục chúng, hoặc chấp nhận mất: giaoban worker --accept-gap.",
            "Records have expired in the log: restore them, or accept the loss: giaoban worker --accept-gap.",
        ),
        LogError::DiskFull { .. } => one(
            lang,
            "Giải phóng dung lượng đĩa rồi gửi lại phần chưa được nhận.",
            "Free some disk space and send again what was not taken.",
        ),
        LogError::Unwritable { .. } => one(
            lang,
            "Cấp quyền ghi cho thư mục, hoặc chọn --data khác.",
            "Make the folder writable, or choose another --data.",
        ),
        LogError::Broken { .. } => one(
            lang,
            "Khôi phục log.db từ bản sao lưu, hoặc dùng phiên bản giaoban đã tạo ra nó.",
            "Restore log.db from a backup, or use the version of giaoban that made it.",
        ),
        LogError::Setting { .. } => one(
            lang,
            "Sửa hoặc bỏ thuộc tính đó trong kafka.properties.",
            "Correct or remove that property in kafka.properties.",
        ),
    }
}

/// About the configuration.
pub fn config(error: &ConfigError, lang: Lang) -> String {
    match error {
        ConfigError::File { .. } => one(
            lang,
            "Sửa tệp, hoặc xem mẫu config/giaoban.toml.",
            "Correct the file, or see the pattern in config/giaoban.toml.",
        ),
        ConfigError::UnknownKey { .. } => {
            one(lang, "Xem mọi khóa: giaoban config show.", "See every key: giaoban config show.")
        }
        ConfigError::Value { .. } => one(
            lang,
            "Sửa giá trị; xem mọi khóa: giaoban config show.",
            "Correct the value; see every key: giaoban config show.",
        ),
        ConfigError::NamedFile { .. } => {
            one(lang, "Kiểm tra đường dẫn và quyền đọc.", "Check the path and that it can be read.")
        }
        ConfigError::Units(_) => {
            one(lang, "Sửa các dòng đã nêu trong bảng đơn vị.", "Correct the lines named in the table of units.")
        }
    }
}

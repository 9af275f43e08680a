//! What happened, and where, in Vietnamese: the counterpart of what each error
//! says of itself in English. What to do about it is in `advice`.

use crate::config::ConfigError;
use crate::ingest::machine::Stopped;
use crate::ingest::worker::{Silent, WorkerError};
use crate::log::LogError;
use crate::store::StoreError;
use crate::text::Lang;

/// What happened to the store, where.
pub fn store(error: &StoreError, lang: Lang) -> String {
    if lang == Lang::En {
        return error.to_string();
    }
    match error {
        StoreError::Fenced { topic, partition, stored, expected } => {
            let stored = if stored == "nothing" { "chưa có gì" } else { stored };
            format!(
                "phân vùng {partition} của {topic} trong kho đang ở {stored}, không phải {expected}: một worker khác đã ghi"
            )
        }
        StoreError::Locked { at, by } => {
            format!("{at} đang được tiến trình khác dùng{}", by.replacen("process", "tiến trình", 1))
        }
        StoreError::OtherRules { at, stored, now } => {
            format!("{at} được tạo theo quy tắc khác (dấu {stored}, nay là {now}): đơn vị, lịch hoặc danh mục đã đổi")
        }
        StoreError::Newer { at, found, known } => {
            format!("{at} có phiên bản lược đồ {found}, mới hơn {known} là bản mới nhất mà chương trình này biết")
        }
        StoreError::Damaged { at, cause } => format!("{at} bị hỏng: {cause}"),
        StoreError::Missing { at } => format!("chưa có kho số liệu ở {at}"),
        StoreError::DiskFull { at } => format!("hết dung lượng đĩa cho {at}"),
        StoreError::Unwritable { at, cause } => format!("không ghi được {at}: {cause}"),
        StoreError::Inconsistent(cause) => format!("sổ cái không khớp với quy tắc: {cause}"),
        StoreError::Unreachable { at, cause } => format!("{at} không trả lời: {cause}"),
        StoreError::Login { at, cause } => format!("{at} không cho đăng nhập: {cause}"),
        StoreError::Untrusted { at, cause } => format!("{at} không đáng tin cậy: {cause}"),
        StoreError::Forbidden { at, cause } => format!("{at} không cho phép: {cause}"),
        StoreError::Crowded { at, cause } => format!("{at} không còn kết nối trống: {cause}"),
        StoreError::Foreign { at, cause } => format!("{at} không phải là kho của giaoban: {cause}"),
        StoreError::Switched { at } => {
            format!("{at} không còn là nơi được ghi: một lần dựng lại đã đưa bản khác vào sử dụng")
        }
        // The causes are in the words of others.
        StoreError::NoDatabase { .. } | StoreError::Unavailable { .. } => error.to_string(),
    }
}

/// What happened to the event log, where.
pub fn log(error: &LogError, lang: Lang) -> String {
    if lang == Lang::En {
        return error.to_string();
    }
    match error {
        LogError::Unreachable { at, cause } => format!("{at} không trả lời: {cause}"),
        LogError::Authentication { at, cause } => format!("{at} không cho kết nối: {cause}"),
        LogError::Certificate { at, cause } => format!("chứng thư của {at} không đáng tin cậy: {cause}"),
        LogError::Protocol { at, cause } => format!("{at} ngắt kết nối ngay khi bắt đầu: {cause}"),
        LogError::Authorization { operation, resource } => {
            let operation = match operation.as_str() {
                "read" => "đọc",
                "write" => "ghi",
                "create" => "tạo",
                "describe" => "xem",
                "join" => "tham gia",
                other => other,
            };
            format!("không có quyền {operation} {}", resource.replacen("group ", "nhóm tiêu thụ ", 1))
        }
        LogError::InstanceTaken { instance, cause } => {
            format!("một worker khác cũng vào nhóm với tên {instance}, và worker này bị loại ra: {cause}")
        }
        LogError::NoSuchTopic(topic) => format!("không có topic {topic}"),
        LogError::TooLarge { bytes, cause } => {
            format!("thông điệp {bytes} byte lớn hơn mức nhật ký nhận ({cause})")
        }
        LogError::Refused { resource, cause } => {
            format!("{} từ chối: {cause}", resource.replacen("group ", "nhóm tiêu thụ ", 1))
        }
        LogError::OffsetOutOfRange { partition, wanted, cause } => {
            format!("phân vùng {partition} không có vị trí {wanted} ({cause})")
        }
        LogError::DiskFull { at } => format!("hết dung lượng đĩa cho {at}"),
        LogError::Unwritable { at, cause } => format!("không ghi được {at}: {cause}"),
        LogError::Locked { at, cause } => format!("{at} đang bị tiến trình khác giữ: {cause}"),
        LogError::Setting { key, cause } => format!("thiết lập {key}: {cause}"),
        // The causes are in the words of others.
        LogError::Broken { .. } | LogError::Transient(_) => error.to_string(),
    }
}

/// What is wrong with the configuration, where.
pub fn config(error: &ConfigError, lang: Lang) -> String {
    if lang == Lang::En {
        return error.to_string();
    }
    match error {
        ConfigError::UnknownKey { place, key, nearest } => {
            format!("{place}: không có khóa {key}; gần nhất là {nearest}")
        }
        ConfigError::Value { place, key, found, allowed } => {
            format!("{place}: {key} là {found}, nhưng phải là {}", allowed.vi)
        }
        ConfigError::Units { problems, .. } => {
            let english = error.to_string();
            let (_, lines) = english.split_once('\n').unwrap_or_default();
            format!("bảng đơn vị có {} chỗ sai\n{lines}", problems.len())
        }
        // The causes are in the words of others.
        ConfigError::File { .. } | ConfigError::NamedFile { .. } => error.to_string(),
    }
}

/// What a log is, as it says itself.
pub fn log_place(described: &str, lang: Lang) -> String {
    match lang {
        Lang::En => described.to_owned(),
        Lang::Vi => described.replacen("the embedded log ", "nhật ký nhúng ", 1).replacen("Kafka at ", "Kafka tại ", 1),
    }
}

/// Who did not answer a worker that was to stop.
pub fn slow(silent: Silent, at: &str, seconds: u64, lang: Lang) -> String {
    let at = log_place(at, lang);
    match lang {
        Lang::En => WorkerError::Slow { silent, at, seconds }.to_string(),
        Lang::Vi => format!(
            "{at} không trả lời trong {seconds} giây sau khi có lệnh dừng; phần đang làm dở được ghi trọn vẹn hoặc hoàn toàn không, lần chạy sau sẽ thấy"
        ),
    }
}

/// Why the worker stopped.
pub fn stopped(stopped: &Stopped, lang: Lang) -> String {
    if lang == Lang::En {
        return stopped.to_string();
    }
    match stopped {
        Stopped::Gap { partition, from, to } => {
            format!(
                "các bản ghi {from} đến {to} của phân vùng {partition} đã mất khỏi nhật ký mà chưa được đọc: kho sẽ thiếu chúng"
            )
        }
        Stopped::OtherLog { partition, stored, end } => {
            format!(
                "kho đang ở vị trí {stored} của phân vùng {partition}, nhưng nhật ký kết thúc ở {end}: đây không phải nhật ký đã tạo ra kho"
            )
        }
        Stopped::Recreated { partition, next } => {
            format!(
                "bản ghi ngay trước vị trí {next} của phân vùng {partition} không phải là bản ghi mà kho đã đọc: topic đã được tạo lại"
            )
        }
        Stopped::TooManyDeadLetters { partition, excess } => format!(
            "{} trong {} bản ghi của phân vùng {partition}, từ vị trí {} đến {}, không phải là sự kiện, phần lớn vì {}: worker không bỏ qua bản ghi cuối cùng đó",
            excess.bad, excess.of, excess.first, excess.last, excess.reason
        ),
        Stopped::Fenced(times) => {
            format!("một worker khác liên tục ghi cùng các phân vùng; worker này đã bị chặn {times} lần liền")
        }
    }
}

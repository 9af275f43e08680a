//! What to do about a failure: the one place that maps kinds of failure to a
//! remedy, in Vietnamese and English.

use crate::config::{ConfigError, variable_of};
use crate::ingest::dead_letter::ROOM_BYTES;
use crate::ingest::worker::Silent;
use crate::log::LogError;
use crate::store::StoreError;
use crate::text::Lang;

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
            "Khôi phục từ bản sao lưu, hoặc chuyển nó đi nơi khác và dựng lại từ nhật ký: giaoban worker --until-caught-up.",
            "Restore it from a backup, or move it away and rebuild it from the log: giaoban worker --until-caught-up.",
        ),
        StoreError::Missing { .. } => one(
            lang,
            "Tạo kho từ nhật ký: giaoban worker --until-caught-up (cùng --data, store.url).",
            "Build it from the log: giaoban worker --until-caught-up (with the same --data, store.url).",
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
            "Thử lại; nếu vẫn lỗi, tìm tiến trình đang giữ tệp, hoặc xem máy chủ PostgreSQL có chạy không.",
            "Try again; if it stays, look for the process that holds the file, or see whether PostgreSQL is up.",
        ),
        StoreError::Unreachable { .. } => one(
            lang,
            "Kiểm tra store.url và xem PostgreSQL có chạy không: giaoban doctor. Những gì đã xác nhận vẫn còn.",
            "Check store.url and whether PostgreSQL is up: giaoban doctor. What was acknowledged is still there.",
        ),
        StoreError::Login { .. } => one(
            lang,
            "Kiểm tra người dùng trong store.url, mật khẩu trong store.password_file hoặc GIAOBAN__STORE__PASSWORD, và pg_hba.conf của máy chủ.",
            "Check the user in store.url, the password in store.password_file or GIAOBAN__STORE__PASSWORD, and the server's pg_hba.conf.",
        ),
        StoreError::NoDatabase { .. } => one(
            lang,
            "Sửa tên cơ sở dữ liệu trong store.url, hoặc tạo nó: createdb.",
            "Correct the database in store.url, or make it: createdb.",
        ),
        StoreError::Untrusted { .. } => one(
            lang,
            "Đặt sslrootcert=TỆP và tên máy đúng trong store.url; trong mạng tin cậy có thể dùng sslmode=disable hoặc no-verify.",
            "Set sslrootcert=FILE and the right host in store.url; in a trusted network sslmode=disable or no-verify will do.",
        ),
        StoreError::Forbidden { .. } => one(
            lang,
            "Worker và replay cần vai trò ghi trên máy chủ chính: config/postgres/roles.sql; vai trò đọc đủ cho rollup, records, report.",
            "Worker and replay need the writing role on the primary server: config/postgres/roles.sql; the reading role serves rollup, records, report.",
        ),
        StoreError::Crowded { .. } => one(
            lang,
            "Tăng max_connections của PostgreSQL, hoặc đặt một bộ gom kết nối (PgBouncer) ở trước.",
            "Raise max_connections of PostgreSQL, or put a connection pooler (PgBouncer) before it.",
        ),
        StoreError::Foreign { .. } => one(
            lang,
            "Chọn một schema khác trong store.schema, hoặc một cơ sở dữ liệu khác trong store.url.",
            "Choose another schema in store.schema, or another database in store.url.",
        ),
        StoreError::Switched { .. } => one(
            lang,
            "Chạy lại: nó tiếp tục với số liệu đang có hiệu lực.",
            "Start it again: it goes on with the figures in force.",
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
            "Kiểm tra kafka.properties: sasl.username, sasl.mechanism, và mật khẩu trong tệp mà kafka.secret_files nêu cho sasl.password.",
            "Check kafka.properties: sasl.username, sasl.mechanism, and the password in the file that kafka.secret_files names for sasl.password.",
        ),
        LogError::Certificate { .. } => one(
            lang,
            "Đặt ssl.ca.location trong kafka.properties là tệp chứng thư của nơi đã ký cho Kafka, và trong kafka.brokers dùng tên máy có trong chứng thư.",
            "Let ssl.ca.location in kafka.properties be the file of the authority that signed Kafka's certificate, and in kafka.brokers write a host name that the certificate has.",
        ),
        LogError::Protocol { .. } => one(
            lang,
            "Đặt security.protocol trong kafka.properties đúng với cổng trong kafka.brokers: SASL_SSL, SSL, SASL_PLAINTEXT hoặc PLAINTEXT; nếu đã đúng, có thể Kafka đang khởi động.",
            "Let security.protocol in kafka.properties be what the port in kafka.brokers speaks: SASL_SSL, SSL, SASL_PLAINTEXT or PLAINTEXT; if it is, Kafka may still be starting.",
        ),
        LogError::Authorization { operation, resource } => {
            let rule = acl(operation, resource);
            one(
                lang,
                &format!(
                    "Xin quản trị Kafka thêm quyền cho người dùng này: {rule}; mọi quyền cần có: config/kafka/acls.sh."
                ),
                &format!(
                    "Ask Kafka's administrator for that rule: {rule}; config/kafka/acls.sh makes all that are needed."
                ),
            )
        }
        LogError::InstanceTaken { .. } => one(
            lang,
            "Đặt cho mỗi worker một group.instance.id riêng trong kafka.properties, rồi chạy lại worker này.",
            "Give each worker a group.instance.id of its own in kafka.properties, and start this one again.",
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
        LogError::Refused { resource, .. } if resource.starts_with("group ") => one(
            lang,
            "Xem thiết lập nhóm tiêu thụ của Kafka (group.consumer.*, số thành viên tối đa), hoặc đặt group.protocol = \"classic\" trong kafka.properties.",
            "See Kafka's settings for consumer groups (group.consumer.*, the most members), or set group.protocol = \"classic\" in kafka.properties.",
        ),
        LogError::Refused { .. } => one(
            lang,
            "Sửa thiết lập của topic rồi chạy lại: cleanup.policy = delete, message.timestamp.type, các quy định riêng của Kafka; giaoban topics create tạo topic đúng như cần.",
            "Correct the topic's settings and run this again: cleanup.policy = delete, message.timestamp.type, Kafka's own policies; giaoban topics create makes topics as they have to be.",
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
        LogError::Locked { .. } => one(
            lang,
            "Một tiến trình khác đang ghi log.db: thử lại, hoặc tìm và dừng tiến trình đó.",
            "Another process writes log.db: try again, or find that process and stop it.",
        ),
        LogError::Setting { .. } => one(
            lang,
            "Sửa hoặc bỏ thuộc tính đó trong kafka.properties.",
            "Correct or remove that property in kafka.properties.",
        ),
    }
}

/// About a dead letter that its topic does not take.
pub fn letter(topic: &str, error: &LogError, lang: Lang) -> String {
    let LogError::TooLarge { bytes, .. } = error else { return log(error, lang) };
    // Beside its message a letter has headers.
    let needed = (2 * bytes).max(ROOM_BYTES);
    let command = format!(
        "kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config max.message.bytes={needed}"
    );
    one(
        lang,
        &format!(
            "Tăng max.message.bytes của topic thư chết: {command}. Rồi chạy lại worker: nó tiếp tục từ chỗ đang đứng, không mất gì."
        ),
        &format!(
            "Raise max.message.bytes of the dead-letter topic: {command}. Then start the worker again: it goes on from where it is, with nothing lost."
        ),
    )
}

/// The rule that lets somebody do it, as an argument of Kafka's own tool.
fn acl(operation: &str, resource: &str) -> String {
    let operation = match operation {
        "read" | "join" => "Read",
        "write" => "Write",
        "create" => "Create",
        _ => "Describe",
    };
    format!("kafka-acls.sh --add --allow-principal User:NAME --operation {operation} --{resource}")
}

/// About who did not answer a worker that was to stop.
pub fn slow(silent: Silent, lang: Lang) -> String {
    match silent {
        Silent::File => one(
            lang,
            "Tìm tiến trình đang giữ tệp kho rồi chạy lại worker: nó tiếp tục từ nơi kho đang đứng.",
            "Find the process that holds the store's file, and start the worker again: it goes on from where the store is.",
        ),
        Silent::Server => one(
            lang,
            "Xem PostgreSQL có chạy không rồi chạy lại worker: nó tiếp tục từ nơi kho đang đứng.",
            "See whether PostgreSQL is up, and start the worker again: it goes on from where the store is.",
        ),
        Silent::Log => one(
            lang,
            "Xem nhật ký sự kiện có nhận thư chết không (giaoban doctor) rồi chạy lại worker: nó tiếp tục từ nơi kho đang đứng.",
            "See whether the event log takes dead letters (giaoban doctor), and start the worker again: it goes on from where the store is.",
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
        // Not `config show`: it stops at the same key.
        ConfigError::UnknownKey { place, key, nearest } => {
            let nearest = if *place == variable_of(key) { &variable_of(nearest) } else { nearest };
            one(
                lang,
                &format!("Viết {nearest}, hoặc bỏ khóa này; mọi khóa có trong config/giaoban.toml."),
                &format!("Write {nearest}, or remove it; every key is in config/giaoban.toml."),
            )
        }
        ConfigError::Value { key, place, .. } => one(
            lang,
            &format!("Sửa {key} ở {place}; ý nghĩa của từng khóa có trong config/giaoban.toml."),
            &format!("Correct {key} in {place}; config/giaoban.toml says what each key means."),
        ),
        ConfigError::NamedFile { .. } => {
            one(lang, "Kiểm tra đường dẫn và quyền đọc.", "Check the path and that it can be read.")
        }
        ConfigError::Units { .. } => {
            one(lang, "Sửa các dòng đã nêu trong bảng đơn vị.", "Correct the lines named in the table of units.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Allowed;
    use crate::domain::{Digest, NextOffset, Partition, UnitTableError};
    use crate::exit::ExitCode;
    use crate::rollup::NotInTable;
    use crate::said;

    fn stores() -> Vec<StoreError> {
        let (at, cause) = (|| "data/store-1.db".to_owned(), || "cause".to_owned());
        vec![
            StoreError::Fenced { topic: "t".into(), partition: Partition(0), stored: "7".into(), expected: "5".into() },
            StoreError::Locked { at: at(), by: String::new() },
            StoreError::OtherRules { at: at(), stored: Digest([0; 32]), now: Digest([1; 32]) },
            StoreError::Newer { at: at(), found: 2, known: 1 },
            StoreError::Damaged { at: at(), cause: cause() },
            StoreError::Missing { at: at() },
            StoreError::DiskFull { at: at() },
            StoreError::Unwritable { at: at(), cause: cause() },
            StoreError::Inconsistent(NotInTable("unit".into())),
            StoreError::Unavailable { at: at(), cause: cause() },
            StoreError::Unreachable { at: at(), cause: cause() },
            StoreError::Login { at: at(), cause: cause() },
            StoreError::NoDatabase { at: at(), cause: cause() },
            StoreError::Untrusted { at: at(), cause: cause() },
            StoreError::Forbidden { at: at(), cause: cause() },
            StoreError::Crowded { at: at(), cause: cause() },
            StoreError::Foreign { at: at(), cause: cause() },
            StoreError::Switched { at: at() },
        ]
    }

    fn logs() -> Vec<LogError> {
        let (at, cause) = (|| "localhost:9092".to_owned(), || "cause".to_owned());
        vec![
            LogError::Unreachable { at: at(), cause: cause() },
            LogError::Authentication { at: at(), cause: cause() },
            LogError::Certificate { at: at(), cause: cause() },
            LogError::Protocol { at: at(), cause: cause() },
            LogError::Authorization { operation: "read".into(), resource: "topic t".into() },
            LogError::InstanceTaken { instance: "worker-1".into(), cause: cause() },
            LogError::NoSuchTopic("t".into()),
            LogError::TooLarge { bytes: 70_000, cause: cause() },
            LogError::Refused { resource: "topic t".into(), cause: cause() },
            LogError::Refused { resource: "group g".into(), cause: cause() },
            LogError::OffsetOutOfRange { partition: Partition(0), wanted: NextOffset(7), cause: cause() },
            LogError::DiskFull { at: at() },
            LogError::Broken { at: at(), cause: cause() },
            LogError::Unwritable { at: at(), cause: cause() },
            LogError::Locked { at: at(), cause: cause() },
            LogError::Setting { key: "acks".into(), cause: cause() },
            LogError::Transient(cause()),
        ]
    }

    fn configs() -> Vec<ConfigError> {
        let (place, key) = (|| "f.toml".to_owned(), || "kafka.broker".to_owned());
        let problem = UnitTableError { file: "units", line: 2, problem: "gap".into() };
        vec![
            ConfigError::File { file: place(), cause: "cause".into() },
            ConfigError::UnknownKey { place: place(), key: key(), nearest: "kafka.brokers".into() },
            ConfigError::Value {
                place: place(),
                key: key(),
                found: "x".into(),
                allowed: Allowed { vi: "số".into(), en: "y".into() },
            },
            ConfigError::NamedFile { key: key(), path: "x".into(), cause: "cause".into() },
            ConfigError::Units { table: place(), succession: place(), problems: vec![problem] },
        ]
    }

    #[test]
    fn every_failure_has_a_remedy_in_both_languages() {
        let mut remedies = Vec::new();
        for lang in [Lang::Vi, Lang::En] {
            remedies.push(
                [
                    stores().iter().map(|error| store(error, lang)).collect::<Vec<_>>(),
                    logs().iter().map(|error| log(error, lang)).collect(),
                    logs().iter().map(|error| letter("dlq", error, lang)).collect(),
                    configs().iter().map(|error| config(error, lang)).collect(),
                    [Silent::File, Silent::Server, Silent::Log].map(|silent| slow(silent, lang)).into(),
                ]
                .concat(),
            );
        }
        for (vi, en) in remedies[0].iter().zip(&remedies[1]) {
            assert!(vi.ends_with('.') && en.ends_with('.') && vi != en, "{vi} · {en}");
            assert!(!vi.is_ascii() && en.is_ascii(), "{vi} · {en}");
        }
    }

    #[test]
    fn what_the_log_said_is_in_both_languages() {
        for error in logs() {
            let (vi, en) = (said::log(&error, Lang::Vi), said::log(&error, Lang::En));
            assert!(vi != en || matches!(error, LogError::Broken { .. } | LogError::Transient(_)), "{vi}");
        }
        let group = LogError::Authorization { operation: "join".into(), resource: "group giaoban".into() };
        assert_eq!(said::log(&group, Lang::Vi), "không có quyền tham gia nhóm tiêu thụ giaoban");
        assert!(log(&group, Lang::En).contains("--operation Read --group giaoban;"));
    }

    #[test]
    fn what_happened_is_told_in_vietnamese_too() {
        // All but those that are nothing but somebody else's words.
        let foreign = |error: &dyn std::fmt::Display| {
            ["cause", "data/store-1.db: cause", "localhost:9092: cause"].contains(&error.to_string().as_str())
        };
        for error in stores() {
            assert!(foreign(&error) || !said::store(&error, Lang::Vi).is_ascii(), "{error}");
        }
        for error in
            configs().iter().filter(|error| !matches!(error, ConfigError::File { .. } | ConfigError::NamedFile { .. }))
        {
            assert!(!said::config(error, Lang::Vi).is_ascii(), "{error}");
        }
    }

    #[test]
    fn a_remedy_names_the_command_or_the_setting() {
        let no_topic = log(&LogError::NoSuchTopic("t".into()), Lang::En);
        assert!(no_topic.contains("giaoban topics create"), "{no_topic}");
        let password = log(&logs()[1], Lang::Vi);
        assert!(password.contains("sasl.password") && password.contains("kafka.secret_files"), "{password}");
        let locked = LogError::Locked { at: "data/log.db".into(), cause: "database is locked".into() };
        assert!(log(&locked, Lang::En).contains("log.db") && !log(&locked, Lang::En).contains("kafka"));
        assert_eq!(ExitCode::of_log(&locked), ExitCode::InUse);
        assert!(store(&stores()[2], Lang::En).contains("giaoban replay"));
        let large = letter("my.dlq", &LogError::TooLarge { bytes: 3 << 20, cause: String::new() }, Lang::En);
        assert!(large.contains("--entity-name my.dlq --add-config max.message.bytes=6291456"), "{large}");
        assert!(config(&configs()[1], Lang::Vi).contains("kafka.brokers"));
        let variable = ConfigError::UnknownKey {
            place: "GIAOBAN__KAFKA__BROKRS".into(),
            key: "kafka.brokrs".into(),
            nearest: "kafka.brokers".into(),
        };
        assert!(config(&variable, Lang::En).contains("GIAOBAN__KAFKA__BROKERS"));
    }

    #[test]
    fn no_failure_ends_as_if_all_were_done() {
        let stores = stores();
        let codes =
            stores.iter().map(ExitCode::of_store).chain(logs().iter().map(ExitCode::of_log).collect::<Vec<_>>());
        for code in codes {
            assert!(code as u8 >= ExitCode::Configuration as u8, "{}", code.name());
        }
    }
}

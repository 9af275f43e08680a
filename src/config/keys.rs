//! Every key: what it takes, what it means. Its default is that of the section that has it.

use std::fmt::Write as _;
use std::sync::LazyLock;

use serde_json::Value;

use super::settings::Layered;

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    Text,
    /// A Kafka topic's name.
    Topic,
    /// `host:port`, or `off`.
    Listen,
    /// A day such as `2020-12-03`, or nothing.
    Day,
    /// A whole number of that range.
    Number(i64, i64),
    /// `true` or `false`.
    Flag,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A list of texts; in the environment separated by commas.
    List,
    /// A table of librdkafka properties.
    Properties,
    /// The URL of a database, or nothing; shown without its password.
    Database,
    /// The name of a schema in a database.
    Schema,
    /// Text that is never shown.
    Secret,
}

/// A key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its full name.
    pub name: &'static str,
    /// What it takes.
    pub shape: Shape,
    /// What it means, in Vietnamese.
    pub vi: &'static str,
    /// What it means, in English.
    pub en: &'static str,
}

const fn key(name: &'static str, shape: Shape, vi: &'static str, en: &'static str) -> Key {
    Key { name, shape, vi, en }
}

/// The sections as they are where nobody says anything: texts, numbers and lists, which are always JSON.
static DEFAULTS: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(Layered::default()).unwrap_or_default());

impl Key {
    /// Its default.
    pub fn default(&self) -> &'static Value {
        self.name.split('.').fold(&*DEFAULTS, |value, name| &value[name])
    }
}

/// Every key, in the order of the shipped file.
pub const KEYS: &[Key] = &[
    key("data", Shape::Text, "Thư mục chứa nhật ký nhúng và kho số liệu", "Folder of the embedded log and the store"),
    key(
        "lang",
        Shape::OneOf(&["auto", "vi", "en"]),
        "Ngôn ngữ; auto theo LC_ALL, LANG",
        "Language of messages; auto follows LC_ALL, LANG",
    ),
    key(
        "calendar",
        Shape::Text,
        "Lịch quý: decree-09-2019, calendar-quarter, hoặc tệp CSV quarter,from,to",
        "Which days lie in a quarter: decree-09-2019, calendar-quarter, or a CSV file quarter,from,to",
    ),
    key(
        "units.file",
        Shape::Text,
        "Bảng đơn vị; để trống là Hà Nội kèm sẵn",
        "Table of units; empty is Hanoi's, built in",
    ),
    key(
        "units.succession",
        Shape::Text,
        "Bảng kế thừa đơn vị; để trống là Hà Nội kèm sẵn",
        "Who took over from whom; empty is Hanoi's, built in",
    ),
    key(
        "kafka.brokers",
        Shape::Text,
        "Địa chỉ Kafka host:port,…; để trống là dùng nhật ký nhúng",
        "Kafka at host:port,…; empty is the embedded log",
    ),
    key("kafka.topic", Shape::Topic, "Topic sự kiện", "Topic of events"),
    key("kafka.dead_letter_topic", Shape::Topic, "Topic thư chết", "Topic of dead letters"),
    key("kafka.group", Shape::Text, "Nhóm tiêu thụ của worker", "Consumer group of the workers"),
    key(
        "kafka.partitions",
        Shape::Number(1, 10_000),
        "Số phân vùng khi tạo topic",
        "Partitions of topics that are made",
    ),
    key("kafka.replication", Shape::Number(1, 99), "Số bản sao khi tạo topic", "Copies of topics that are made"),
    key(
        "kafka.properties",
        Shape::Properties,
        "Thuộc tính librdkafka bất kỳ, ví dụ \"security.protocol\" = \"SASL_SSL\"; trong môi trường: GIAOBAN__KAFKA__PROPERTIES__SECURITY_PROTOCOL",
        "Any librdkafka property, such as \"security.protocol\" = \"SASL_SSL\"; in the environment: GIAOBAN__KAFKA__PROPERTIES__SECURITY_PROTOCOL",
    ),
    key(
        "kafka.secret_files",
        Shape::Properties,
        "Thuộc tính librdkafka có giá trị nằm trong tệp, ví dụ \"sasl.password\" = \"/run/secrets/kafka\"",
        "librdkafka properties whose value is in a file, such as \"sasl.password\" = \"/run/secrets/kafka\"",
    ),
    key(
        "sources.allowed",
        Shape::List,
        "Nguồn được phép ngoài /units/<mã>",
        "Sources that are allowed besides /units/<code>",
    ),
    key(
        "store.url",
        Shape::Database,
        "Kho số liệu trên PostgreSQL, ví dụ postgres://giaoban_writer@db.example/giaoban; để trống là SQLite trong thư mục dữ liệu",
        "The store on PostgreSQL, such as postgres://giaoban_writer@db.example/giaoban; empty is SQLite in the data folder",
    ),
    key(
        "store.schema",
        Shape::Schema,
        "Schema của kho số liệu trong cơ sở dữ liệu",
        "Schema of the store in the database",
    ),
    key("store.password_file", Shape::Text, "Tệp chứa mật khẩu của store.url", "File with the password of store.url"),
    key(
        "store.password",
        Shape::Secret,
        "Mật khẩu của store.url, chỉ nên đặt trong môi trường: GIAOBAN__STORE__PASSWORD",
        "Password of store.url, for the environment alone: GIAOBAN__STORE__PASSWORD",
    ),
    key("worker.batch_records", Shape::Number(1, 1_000_000), "Số bản ghi tối đa mỗi lô", "Most records in a batch"),
    key("worker.batch_bytes", Shape::Number(65_536, 1 << 30), "Số byte tối đa mỗi lô", "Most bytes in a batch"),
    key(
        "worker.batch_wait_ms",
        Shape::Number(1, 60_000),
        "Một bản ghi chờ lô tối đa bao nhiêu mili giây",
        "How long a record waits for others, in milliseconds",
    ),
    key(
        "worker.dead_letter_share",
        Shape::Number(1, 100),
        "Worker dừng khi quá bao nhiêu phần trăm trong 10000 bản ghi gần nhất của một phân vùng (ít nhất 1000) là thư chết; 100 là không bao giờ",
        "The worker stops when more than this percentage of a partition's last 10000 records (at least 1000) are no events; 100 for never",
    ),
    key(
        "worker.dead_letter_run",
        Shape::Number(1, 1_000_000),
        "Worker dừng khi quá bao nhiêu bản ghi liên tiếp của một phân vùng là thư chết",
        "The worker stops when more than this many records of a partition in a row are no events",
    ),
    key(
        "http.listen",
        Shape::Listen,
        "Địa chỉ trang, /metrics, /livez, /readyz, /startupz; off là tắt",
        "Address of the pages, /metrics, /livez, /readyz, /startupz; off for none",
    ),
    key(
        "log.level",
        Shape::OneOf(&["error", "warn", "info", "debug", "trace"]),
        "Mức nhật ký chương trình",
        "Level of the program's own log",
    ),
    key(
        "log.format",
        Shape::OneOf(&["auto", "text", "json"]),
        "Dạng nhật ký; auto: chữ trên màn hình, JSON khi không",
        "Form of the program's own log; auto: text on a terminal, else JSON",
    ),
    key(
        "report.party",
        Shape::Flag,
        "Thể thức văn bản của Đảng thay cho Nghị định 30/2020/NĐ-CP",
        "Head of a Party document instead of Decree 30/2020/NĐ-CP",
    ),
    key("report.parent_body", Shape::Text, "Cơ quan chủ quản trên đầu báo cáo", "Parent body in the head of reports"),
    key("report.issuing_body", Shape::Text, "Cơ quan ban hành", "Issuing body"),
    key(
        "report.number",
        Shape::Text,
        "Số, ký hiệu; để trống thì chừa chỗ",
        "Number and symbol; empty leaves room for it",
    ),
    key(
        "report.date",
        Shape::Day,
        "Ngày ban hành 2020-12-03; để trống thì chừa chỗ",
        "Date of issue 2020-12-03; empty leaves room for it",
    ),
    key("report.place", Shape::Text, "Địa danh", "Place"),
    key(
        "report.addressee",
        Shape::Text,
        "Kính gửi; để trống nếu không gửi lên trên",
        "Addressee; empty if it is not sent upwards",
    ),
    key("report.signatory_capacity", Shape::Text, "Quyền hạn người ký", "Capacity of the signatory"),
    key("report.signatory_office", Shape::Text, "Chức vụ người ký", "Office of the signatory"),
    key("report.signatory_name", Shape::Text, "Họ tên người ký", "Name of the signatory"),
    key(
        "report.recipients",
        Shape::List,
        "Nơi nhận (dòng Lưu: VT được thêm vào cuối)",
        "Recipients (the line Lưu: VT is added at the end)",
    ),
];

/// The text of `config/giaoban.toml`: every key with its default, commented out.
pub fn shipped_file() -> String {
    let mut text = String::from(
        "# giaoban: mọi khóa với giá trị mặc định · every key with its default.\n\
         # Biến môi trường tương ứng · the environment variable of kafka.brokers: GIAOBAN__KAFKA__BROKERS.\n\
         # Mật khẩu không để ở đây: dùng môi trường hoặc kafka.secret_files, store.password_file · keep secrets out of this file.\n",
    );
    let mut section = "";
    for key in KEYS {
        let (table, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if table != section {
            section = table;
            let _ = write!(text, "\n[{table}]");
        }
        let _ = write!(text, "\n# {}\n# {}\n", key.vi, key.en);
        let default = match key.default() {
            Value::Array(items) => {
                format!("[{}]", items.iter().map(Value::to_string).collect::<Vec<_>>().join(", "))
            }
            plain => plain.to_string(),
        };
        let _ = writeln!(text, "# {name} = {default}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_has_every_key() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/giaoban.toml");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, shipped_file()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), shipped_file(), "run the tests once with UPDATE_DOCS=1");
    }
}

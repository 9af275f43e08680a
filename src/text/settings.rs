//! What the keys of the configuration mean, by their names.

use super::Text;

/// The head of `config/giaoban.toml`, which speaks both languages at once.
pub const FILE_HEAD: &str = "# giaoban: mọi khóa với giá trị mặc định · every key with its default.\n\
     # Biến môi trường tương ứng · the environment variable of kafka.brokers: GIAOBAN__KAFKA__BROKERS.\n\
     # Danh sách trong môi trường · a list in the environment: '[\"a\", \"b\"]' = 'a, b'.\n\
     # Mật khẩu không để ở đây: dùng môi trường hoặc kafka.secret_files, store.password_file · keep secrets out of this file.\n";

macro_rules! keys {
    ($($name:literal { $vi:literal, $en:literal })+) => {
        /// What each key means, by its name.
        pub static MEANINGS: &[(&str, Text)] = &[$(($name, Text::new($vi, $en)),)+];
    };
}

/// What the key of that name means; `None` if there is no such key.
pub fn meaning(key: &str) -> Option<&'static Text> {
    MEANINGS.iter().find(|(name, _)| *name == key).map(|(_, meaning)| meaning)
}

keys! {
    "data" {
        "Thư mục chứa nhật ký nhúng và kho số liệu",
        "Folder of the embedded log and the store"
    }
    "lang" {
        "Ngôn ngữ; auto theo LC_ALL, LANG",
        "Language of messages; auto follows LC_ALL, LANG"
    }
    "calendar" {
        "Lịch quý: decree-09-2019, calendar-quarter, hoặc tệp CSV quarter,from,to",
        "Which days belong to a quarter: decree-09-2019, calendar-quarter, or a CSV file quarter,from,to"
    }
    "holidays" {
        "Tệp CSV ngày nghỉ lễ date,name; để trống là của Việt Nam 2020–2027 kèm sẵn",
        "CSV file of holidays date,name; empty for those of Viet Nam 2020–2027, built in"
    }
    "installation" {
        "Tên của hệ thống này trong số liệu giám sát: nhãn installation",
        "What this installation is called in metrics and alerts: the label installation"
    }
    "units.file" {
        "Bảng đơn vị; để trống là Hà Nội kèm sẵn",
        "Table of units; empty for Hanoi's, built in"
    }
    "units.succession" {
        "Bảng kế thừa đơn vị; để trống là Hà Nội kèm sẵn",
        "Who took over from whom; empty for Hanoi's, built in"
    }
    "kafka.brokers" {
        "Địa chỉ Kafka host:port,…; để trống là dùng nhật ký nhúng",
        "Kafka at host:port,…; empty for the embedded log"
    }
    "kafka.topic" {
        "Topic sự kiện",
        "Topic of events"
    }
    "kafka.dead_letter_topic" {
        "Topic thư chết",
        "Topic of dead letters"
    }
    "kafka.group" {
        "Nhóm tiêu thụ của worker",
        "Consumer group of the workers"
    }
    "kafka.partitions" {
        "Số phân vùng khi tạo topic",
        "Partitions of topics that are created"
    }
    "kafka.replication" {
        "Số bản sao khi tạo topic; 0 là ba, hoặc bằng số broker nếu ít hơn",
        "Copies of each partition of topics that are created; 0 for three, or as many as there are brokers"
    }
    "kafka.wait" {
        "Worker khởi động khi Kafka không trả lời thì chờ tối đa bao nhiêu giây; 0 là không chờ",
        "How many seconds a worker that starts waits for brokers that are away; 0 for not at all"
    }
    "kafka.properties" {
        "Thuộc tính librdkafka bất kỳ, ví dụ \"security.protocol\" = \"SASL_SSL\"; trong môi trường: GIAOBAN__KAFKA__PROPERTIES__SECURITY_PROTOCOL",
        "Any librdkafka property, such as \"security.protocol\" = \"SASL_SSL\"; in the environment: GIAOBAN__KAFKA__PROPERTIES__SECURITY_PROTOCOL"
    }
    "kafka.secret_files" {
        "Thuộc tính librdkafka có giá trị nằm trong tệp, ví dụ \"sasl.password\" = \"/run/secrets/kafka\"",
        "librdkafka properties whose value is in a file, such as \"sasl.password\" = \"/run/secrets/kafka\""
    }
    "sources.allowed" {
        "Hệ thống khác được phép gửi, mỗi hệ thống kèm mã các đơn vị được báo cáo thay, ví dụ [\"https://dvc.example/mttq 001 002\"]; chỉ có nguồn là mọi đơn vị",
        "Other systems that may send, each with the codes of the units that it may speak for, such as [\"https://dvc.example/mttq 001 002\"]; a source alone speaks for all"
    }
    "store.url" {
        "Kho số liệu trên PostgreSQL, ví dụ postgres://giaoban_writer@db.example/giaoban; để trống là SQLite trong thư mục dữ liệu",
        "The store on PostgreSQL, such as postgres://giaoban_writer@db.example/giaoban; empty for SQLite in the data folder"
    }
    "store.schema" {
        "Schema của kho số liệu trong cơ sở dữ liệu",
        "Schema of the store in the database"
    }
    "store.password_file" {
        "Tệp chứa mật khẩu của store.url",
        "File with the password of store.url"
    }
    "store.password" {
        "Mật khẩu của store.url, chỉ nên đặt trong môi trường: GIAOBAN__STORE__PASSWORD",
        "Password of store.url, to be set in the environment only: GIAOBAN__STORE__PASSWORD"
    }
    "store.synthetic" {
        "Kho tạo ra cho sự kiện minh họa (synthetic); quyết định khi tạo kho, về sau không đổi; kho khác từ chối các sự kiện đó",
        "Whether a store that is made is for made-up events (synthetic); decided when it is made, for good; other stores refuse them"
    }
    "store.copy_of_version" {
        "Phiên bản lược đồ của kho PostgreSQL mà đã giữ bản sao (pg_dump): chỉ kho phiên bản ấy mới được worker nâng lên phiên bản mới; 0 là chưa giữ",
        "Schema version of the PostgreSQL store of which a copy is kept (pg_dump): only a store of that version is brought to a newer one; 0 for none"
    }
    "store.wait" {
        "Worker khởi động khi chưa ghi được vào kho (PostgreSQL không trả lời, chỉ cho đọc; đĩa đầy) thì chờ tối đa bao nhiêu giây; 0 là không chờ",
        "How many seconds a worker that starts waits for a store that cannot be written (PostgreSQL is away or read-only, a disk is full); 0 for not at all"
    }
    "worker.batch_records" {
        "Số bản ghi tối đa mỗi lô",
        "Maximum number of records in a batch"
    }
    "worker.batch_bytes" {
        "Số byte tối đa mỗi lô",
        "Maximum number of bytes in a batch"
    }
    "worker.batch_wait_ms" {
        "Một bản ghi chờ lô tối đa bao nhiêu mili giây",
        "How long a record waits for its batch to fill, in milliseconds"
    }
    "worker.dead_letter_share" {
        "Một phân vùng bị giữ lại khi quá bao nhiêu phần trăm trong 10000 bản ghi gần nhất của nó (ít nhất 1000) là thư chết; 100 là không kiểm tra",
        "A partition is held when more than this percentage of its last 10000 records (at least 1000) are invalid; 100 disables the check"
    }
    "worker.dead_letter_run" {
        "Một phân vùng bị giữ lại khi quá bao nhiêu bản ghi liên tiếp của nó là thư chết",
        "A partition is held when more than this many of its records in a row are invalid"
    }
    "http.listen" {
        "Địa chỉ trang, /metrics, /livez, /readyz, /startupz; off là tắt",
        "Address of the pages, /metrics, /livez, /readyz, /startupz; off for none"
    }
    "http.metrics_listen" {
        "Địa chỉ riêng của /metrics (kèm /livez, /readyz, /startupz), không có trang số liệu: khi đó http.listen không có /metrics; off là dùng chung http.listen",
        "An address for /metrics alone (with /livez, /readyz, /startupz), without pages: http.listen has no /metrics then; off to have it there"
    }
    "http.hosts" {
        "Tên máy chủ mà trình duyệt và Prometheus được dùng để gọi, ngoài localhost và địa chỉ IP, ví dụ [\"giaoban.hanoi.example\"]",
        "Names by which browsers and Prometheus may call the server, besides localhost and IP addresses, such as [\"giaoban.hanoi.example\"]"
    }
    "log.level" {
        "Mức nhật ký chương trình",
        "Level of the application log"
    }
    "log.format" {
        "Dạng nhật ký; auto: chữ trên màn hình, JSON khi không",
        "Format of the application log; auto: text on a terminal, else JSON"
    }
    "report.party" {
        "Thể thức văn bản của Đảng thay cho Nghị định 30/2020/NĐ-CP",
        "Head of a Party document instead of Decree 30/2020/NĐ-CP"
    }
    "report.parent_body" {
        "Cơ quan chủ quản trên đầu báo cáo",
        "Parent body in the head of reports"
    }
    "report.issuing_body" {
        "Cơ quan ban hành",
        "Issuing body"
    }
    "report.number" {
        "Số, ký hiệu; để trống thì chừa chỗ",
        "Number and symbol; empty leaves a blank"
    }
    "report.date" {
        "Ngày ban hành 2020-12-03; để trống thì chừa chỗ",
        "Date of issue 2020-12-03; empty leaves a blank"
    }
    "report.place" {
        "Địa danh",
        "Place"
    }
    "report.addressee" {
        "Kính gửi; để trống nếu không gửi lên trên",
        "Addressee; empty if it is not sent upwards"
    }
    "report.signatory_capacity" {
        "Quyền hạn người ký",
        "Capacity of the signatory"
    }
    "report.signatory_office" {
        "Chức vụ người ký",
        "Office of the signatory"
    }
    "report.signatory_name" {
        "Họ tên người ký",
        "Name of the signatory"
    }
    "report.recipients" {
        "Nơi nhận (dòng Lưu: VT được thêm vào cuối)",
        "Recipients (the line Lưu: VT is added at the end)"
    }
}

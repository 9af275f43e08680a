//! What the keys of the configuration mean, in the order of the shipped file.

use super::Text;

/// The head of `config/giaoban.toml`, which speaks both languages at once.
pub const FILE_HEAD: &str = "# giaoban: mọi khóa với giá trị mặc định · every key with its default.\n\
     # Biến môi trường tương ứng · the environment variable of kafka.brokers: GIAOBAN__KAFKA__BROKERS.\n\
     # Mật khẩu không để ở đây: dùng môi trường hoặc kafka.secret_files, store.password_file · keep secrets out of this file.\n";

macro_rules! keys {
    ($($name:ident { $vi:literal, $en:literal })+) => { $(
        #[doc = concat!("What the key of this name means: `", $en, "`.")]
        pub static $name: Text = Text::new($vi, $en);
    )+ };
}

keys! {
    DATA {
        "Thư mục chứa nhật ký nhúng và kho số liệu",
        "Folder of the embedded log and the store"
    }
    LANG {
        "Ngôn ngữ; auto theo LC_ALL, LANG",
        "Language of messages; auto follows LC_ALL, LANG"
    }
    CALENDAR {
        "Lịch quý: decree-09-2019, calendar-quarter, hoặc tệp CSV quarter,from,to",
        "Which days belong to a quarter: decree-09-2019, calendar-quarter, or a CSV file quarter,from,to"
    }
    UNITS_FILE {
        "Bảng đơn vị; để trống là Hà Nội kèm sẵn",
        "Table of units; empty for Hanoi's, built in"
    }
    UNITS_SUCCESSION {
        "Bảng kế thừa đơn vị; để trống là Hà Nội kèm sẵn",
        "Who took over from whom; empty for Hanoi's, built in"
    }
    KAFKA_BROKERS {
        "Địa chỉ Kafka host:port,…; để trống là dùng nhật ký nhúng",
        "Kafka at host:port,…; empty for the embedded log"
    }
    KAFKA_TOPIC {
        "Topic sự kiện",
        "Topic of events"
    }
    KAFKA_DEAD_LETTER_TOPIC {
        "Topic thư chết",
        "Topic of dead letters"
    }
    KAFKA_GROUP {
        "Nhóm tiêu thụ của worker",
        "Consumer group of the workers"
    }
    KAFKA_PARTITIONS {
        "Số phân vùng khi tạo topic",
        "Partitions of topics that are created"
    }
    KAFKA_REPLICATION {
        "Số bản sao khi tạo topic",
        "Replicas of topics that are created"
    }
    KAFKA_PROPERTIES {
        "Thuộc tính librdkafka bất kỳ, ví dụ \"security.protocol\" = \"SASL_SSL\"; trong môi trường: GIAOBAN__KAFKA__PROPERTIES__SECURITY_PROTOCOL",
        "Any librdkafka property, such as \"security.protocol\" = \"SASL_SSL\"; in the environment: GIAOBAN__KAFKA__PROPERTIES__SECURITY_PROTOCOL"
    }
    KAFKA_SECRET_FILES {
        "Thuộc tính librdkafka có giá trị nằm trong tệp, ví dụ \"sasl.password\" = \"/run/secrets/kafka\"",
        "librdkafka properties whose value is in a file, such as \"sasl.password\" = \"/run/secrets/kafka\""
    }
    SOURCES_ALLOWED {
        "Nguồn được phép ngoài /units/<mã>",
        "Sources that are allowed besides /units/<code>"
    }
    STORE_URL {
        "Kho số liệu trên PostgreSQL, ví dụ postgres://giaoban_writer@db.example/giaoban; để trống là SQLite trong thư mục dữ liệu",
        "The store on PostgreSQL, such as postgres://giaoban_writer@db.example/giaoban; empty for SQLite in the data folder"
    }
    STORE_SCHEMA {
        "Schema của kho số liệu trong cơ sở dữ liệu",
        "Schema of the store in the database"
    }
    STORE_PASSWORD_FILE {
        "Tệp chứa mật khẩu của store.url",
        "File with the password of store.url"
    }
    STORE_PASSWORD {
        "Mật khẩu của store.url, chỉ nên đặt trong môi trường: GIAOBAN__STORE__PASSWORD",
        "Password of store.url, to be set in the environment only: GIAOBAN__STORE__PASSWORD"
    }
    WORKER_BATCH_RECORDS {
        "Số bản ghi tối đa mỗi lô",
        "Maximum number of records in a batch"
    }
    WORKER_BATCH_BYTES {
        "Số byte tối đa mỗi lô",
        "Maximum number of bytes in a batch"
    }
    WORKER_BATCH_WAIT_MS {
        "Một bản ghi chờ lô tối đa bao nhiêu mili giây",
        "How long a record waits for its batch to fill, in milliseconds"
    }
    WORKER_DEAD_LETTER_SHARE {
        "Worker dừng khi quá bao nhiêu phần trăm trong 10000 bản ghi gần nhất của một phân vùng (ít nhất 1000) là thư chết; 100 là không kiểm tra",
        "The worker stops when more than this percentage of a partition's last 10000 records (at least 1000) are invalid; 100 disables the check"
    }
    WORKER_DEAD_LETTER_RUN {
        "Worker dừng khi quá bao nhiêu bản ghi liên tiếp của một phân vùng là thư chết",
        "The worker stops when more than this many records of a partition in a row are invalid"
    }
    HTTP_LISTEN {
        "Địa chỉ trang, /metrics, /livez, /readyz, /startupz; off là tắt",
        "Address of the pages, /metrics, /livez, /readyz, /startupz; off for none"
    }
    LOG_LEVEL {
        "Mức nhật ký chương trình",
        "Level of the application log"
    }
    LOG_FORMAT {
        "Dạng nhật ký; auto: chữ trên màn hình, JSON khi không",
        "Format of the application log; auto: text on a terminal, else JSON"
    }
    REPORT_PARTY {
        "Thể thức văn bản của Đảng thay cho Nghị định 30/2020/NĐ-CP",
        "Head of a Party document instead of Decree 30/2020/NĐ-CP"
    }
    REPORT_PARENT_BODY {
        "Cơ quan chủ quản trên đầu báo cáo",
        "Parent body in the head of reports"
    }
    REPORT_ISSUING_BODY {
        "Cơ quan ban hành",
        "Issuing body"
    }
    REPORT_NUMBER {
        "Số, ký hiệu; để trống thì chừa chỗ",
        "Number and symbol; empty leaves a blank"
    }
    REPORT_DATE {
        "Ngày ban hành 2020-12-03; để trống thì chừa chỗ",
        "Date of issue 2020-12-03; empty leaves a blank"
    }
    REPORT_PLACE {
        "Địa danh",
        "Place"
    }
    REPORT_ADDRESSEE {
        "Kính gửi; để trống nếu không gửi lên trên",
        "Addressee; empty if it is not sent upwards"
    }
    REPORT_SIGNATORY_CAPACITY {
        "Quyền hạn người ký",
        "Capacity of the signatory"
    }
    REPORT_SIGNATORY_OFFICE {
        "Chức vụ người ký",
        "Office of the signatory"
    }
    REPORT_SIGNATORY_NAME {
        "Họ tên người ký",
        "Name of the signatory"
    }
    REPORT_RECIPIENTS {
        "Nơi nhận (dòng Lưu: VT được thêm vào cuối)",
        "Recipients (the line Lưu: VT is added at the end)"
    }
}

//! What is wrong with the configuration, and what to do about it.

use super::texts;

texts! {
    file(file, cause) { "{file}: {cause}", "{file}: {cause}" }
    named_file(key, path, cause) { "{key}: {path}: {cause}", "{key}: {path}: {cause}" }
    unknown_key(place, key, nearest) {
        "{place}: không có khóa {key}; gần nhất là {nearest}",
        "{place}: there is no key {key}; the nearest is {nearest}",
    }
    unknown_variable(name, nearest) {
        "biến môi trường {name} không phải là một cấu hình; gần nhất là {nearest}",
        "the environment variable {name} is no setting; the nearest is {nearest}",
    }
    write_variable(nearest) {
        "Viết {nearest}, hoặc bỏ biến này. Trong Kubernetes, một Service tên giaoban tự đặt các biến như vậy: đặt enableServiceLinks: false cho pod.",
        "Write {nearest}, or unset it. In Kubernetes a Service named giaoban sets such variables by itself: give the pod enableServiceLinks: false.",
    }
    two_variables(name, other, key) {
        "các biến môi trường {name} và {other} cùng đặt {key}",
        "the environment variables {name} and {other} both set {key}",
    }
    unset_one(name) { "Bỏ một trong hai, ví dụ: unset {name}.", "Unset one of them, for instance: unset {name}." }
    not_text(name) {
        "biến môi trường {name} không phải là chữ UTF-8",
        "the environment variable {name} is not UTF-8 text",
    }
    write_as_text() {
        "Đặt lại biến bằng chữ UTF-8; một đường dẫn không phải UTF-8 thì dùng cờ --data hoặc --config.",
        "Set it as UTF-8 text; for a path that is none use the flags --data and --config.",
    }
    value(place, key, found, allowed) {
        "{place}: {key} là {found}, nhưng phải là {allowed:#}",
        "{place}: {key} is {found}, but must be {allowed}",
    }
    holidays(path, problem) { "holidays: {path}: {problem:#}", "holidays: {path}: {problem}" }
    calendar(path, problem) { "calendar: {path}: {problem:#}", "calendar: {path}: {problem}" }
    no_calendar(name, names) {
        "calendar: không có tệp {name}, cũng không có lịch nào tên như vậy; có {names}",
        "calendar: there is no file {name}, and no calendar of that name; there are {names}",
    }
    units(count, lines) {
        "bảng đơn vị có {count} chỗ sai\n{lines:#}",
        "problems in the table of units: {count}\n{lines}",
    }

    whole_number(min, max) { "số nguyên từ {min} đến {max}", "a whole number from {min} to {max}" }
    flag() { "true hoặc false", "true or false" }
    one_of(names) { "một trong {names}", "one of {names}" }
    list() {
        "danh sách các chữ không trống, không trùng, không có ký tự điều khiển, ví dụ [\"a\", \"b\"], trong môi trường còn có thể ngăn bằng dấu phẩy: a, b",
        "a list of strings that are not empty, each once and without control characters, such as [\"a\", \"b\"], in the environment also with commas: a, b",
    }
    systems() {
        "danh sách nguồn, sau mỗi nguồn là mã các đơn vị được báo cáo thay, ví dụ [\"https://dvc.example/mttq 001 002\"], trong môi trường còn có thể ngăn các nguồn bằng dấu phẩy; chỉ có nguồn là mọi đơn vị",
        "a list of sources, each with the codes of the units that it may speak for, such as [\"https://dvc.example/mttq 001 002\"], in the environment also with commas between the sources; a source alone speaks for all",
    }
    system_source() {
        "nguồn có lược đồ (https://…, urn:…) hoặc bắt đầu bằng /, sau đó là mã các đơn vị, cách nhau bằng dấu cách: \"https://dvc.example/mttq 001 002\"",
        "a source with a scheme (https://…, urn:…) or one that begins with /, followed by the codes of its units with spaces: \"https://dvc.example/mttq 001 002\"",
    }
    system_not_unit() {
        "nguồn của hệ thống khác: đơn vị tự báo cáo cho mình, không cần cho phép",
        "another system's source: units speak for themselves and need no permission",
    }
    system_once() {
        "được ghi hoặc một mình, cho mọi đơn vị, hoặc kèm mã các đơn vị, không phải cả hai",
        "named either alone, for all units, or with codes of units, not both",
    }
    known_unit() { "mã có trong bảng đơn vị", "a code of the table of units" }
    some_text() { "một chuỗi chữ", "text" }
    topic() {
        "tên một topic Kafka: 1 đến 249 ký tự trong a-z A-Z 0-9 . _ -",
        "the name of a Kafka topic: 1 to 249 of the characters a-z A-Z 0-9 . _ -",
    }
    other_topic() { "topic khác với kafka.topic", "a topic other than kafka.topic" }
    listen() {
        "máy:cổng, không có http://, ví dụ 127.0.0.1:9464, hoặc off",
        "host:port without http://, such as 127.0.0.1:9464, or off",
    }
    brokers() {
        "để trống, hoặc máy:cổng, ngăn bằng dấu phẩy, không có giao thức (://), cổng từ 1 đến 65535, không trống, không trùng, ví dụ kafka-1:9092,kafka-2:9092",
        "empty, or host:port with commas between, without a scheme (://), ports from 1 to 65535, none empty and each once, such as kafka-1:9092,kafka-2:9092",
    }
    hosts() {
        "danh sách tên máy chủ, không có http://, không trống, không trùng, ví dụ [\"giaoban.hanoi.example\"], trong môi trường còn có thể ngăn bằng dấu phẩy",
        "a list of host names without http://, none empty and each once, such as [\"giaoban.hanoi.example\"], in the environment also with commas",
    }
    name() { "một chuỗi chữ không trống", "text that is not empty" }
    day() { "một ngày, ví dụ 2020-12-03, hoặc để trống", "a day such as 2020-12-03, or empty" }
    /// What is wrong with a URL is said in English alone.
    database(wrong) { "để trống, hoặc URL của PostgreSQL ({wrong})", "empty, or {wrong}" }
    schema() {
        "tên một schema: 1 đến 48 ký tự trong a-z 0-9 _, không bắt đầu bằng chữ số hoặc pg_",
        "the name of a schema: 1 to 48 of the characters a-z 0-9 _, not beginning with a digit or pg_",
    }
    properties() {
        "một bảng các chữ, số, true hoặc false",
        "a table of strings, numbers and true or false",
    }

    good(keys, set) {
        "Cấu hình đúng: {keys} khóa, trong đó {set} khóa được đặt; bảng đơn vị, lịch, tệp bí mật và chứng chỉ đọc được. Kho và nhật ký chưa được hỏi.\n",
        "The configuration is right: {keys} keys, of which {set} are set; units, calendar, secrets' files and certificates can be read. Store and log were not asked.\n",
    }

    correct_file() {
        "Sửa tệp, hoặc xem mẫu config/giaoban.toml.",
        "Correct the file, or see the example config/giaoban.toml.",
    }
    write_nearest(nearest) {
        "Viết {nearest}, hoặc bỏ khóa này; mọi khóa có trong config/giaoban.toml.",
        "Write {nearest}, or remove it; every key is in config/giaoban.toml.",
    }
    correct_value(key, place) {
        "Sửa {key} ở {place}; ý nghĩa của từng khóa có trong config/giaoban.toml.",
        "Correct {key} in {place}; config/giaoban.toml says what each key means.",
    }
    name_secret_file() {
        "Khóa này nhận đường dẫn của tệp chứa bí mật, không phải chính bí mật; kiểm tra đường dẫn và quyền đọc.",
        "The key takes the path of a file with the secret, not the secret itself; check the path and that it can be read.",
    }
    check_path() {
        "Kiểm tra đường dẫn và quyền đọc.",
        "Check the path and that it can be read.",
    }
    choose_calendar(names) {
        "Đặt calendar là một trong {names}, hoặc một tệp CSV có các cột quarter,from,to.",
        "Set calendar to one of {names}, or to a CSV file with the columns quarter,from,to.",
    }
    correct_holidays() { "Sửa dòng đã nêu trong tệp ngày nghỉ.", "Correct the line named in the file of holidays." }
    correct_calendar() { "Sửa dòng đã nêu trong tệp lịch.", "Correct the line named in the calendar's file." }
    correct_units() {
        "Sửa các dòng đã nêu trong bảng đơn vị.",
        "Correct the lines named in the table of units.",
    }
}

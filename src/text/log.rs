//! What can go wrong with an event log, and what to do about it.

use super::texts;

texts! {
    unreachable(at, cause) { "{at} không trả lời: {cause}", "no answer from {at}: {cause}" }
    silent(broker, resource, cause) {
        "broker {broker} dẫn đầu {resource} không trả lời, trong khi broker khác có trả lời: {cause}",
        "broker {broker}, which leads {resource}, does not answer, while others do: {cause}",
    }
    group_is_silent(cause) {
        "broker giữ nhóm tiêu thụ không trả lời, trong khi broker khác có trả lời: {cause}",
        "the broker that has the consumer group does not answer, while others do: {cause}",
    }
    see_that_broker() {
        "Xem broker đó: nếu treo thì dừng hẳn, để broker khác thay. Những gì đã xác nhận vẫn còn.",
        "See to that broker: if it hangs, stop it, so that another takes its place. What was acknowledged is still there.",
    }
    authentication(at, cause) { "{at} không chấp nhận xác thực của máy khách này: {cause}", "{at} rejected the authentication of this client: {cause}" }
    certificate(at, cause) {
        "chứng thư của {at} không đáng tin cậy: {cause}",
        "the certificate of {at} is not trusted: {cause}",
    }
    protocol(at, cause) {
        "{at} ngắt kết nối trong lúc bắt tay: {cause}",
        "{at} closed the connection during the handshake: {cause}",
    }
    not_allowed(operation, resource) {
        "không có quyền {operation:#} {resource:#}",
        "not allowed to {operation} {resource}",
    }
    read() { "đọc", "read" }
    write() { "ghi", "write" }
    create() { "tạo", "create" }
    describe() { "xem", "describe" }
    join() { "tham gia", "join" }
    group(name) { "nhóm tiêu thụ {name}", "group {name}" }
    instance_taken(instance, cause) {
        "một worker khác cũng vào nhóm với tên {instance}, và worker này bị loại ra: {cause}",
        "another worker joined the group as {instance} too, and this one was fenced out of the group: {cause}",
    }
    no_such_topic(topic) { "không có topic {topic}", "there is no topic {topic}" }
    leaderless(topic, partitions) {
        "topic {topic}, phân vùng {partitions}: không có broker dẫn đầu, không đọc và không ghi được",
        "topic {topic}, partition {partitions}: no leader, so nothing can be read or written there",
    }
    too_large(bytes, cause) {
        "thông điệp {bytes} byte lớn hơn mức nhật ký nhận ({cause})",
        "a message of {bytes} bytes is larger than the log accepts ({cause})",
    }
    refused(resource, cause) { "{resource:#} từ chối: {cause}", "{resource} refuses: {cause}" }
    offset_out_of_range(partition, wanted, cause) {
        "phân vùng {partition} không có vị trí {wanted} ({cause})",
        "partition {partition} has no offset {wanted} ({cause})",
    }
    disk_full(at) { "hết dung lượng đĩa cho {at}", "no space left for {at}" }
    unwritable(at, cause) { "không ghi được {at}: {cause}", "cannot write {at}: {cause}" }
    /// In the words of another program.
    broken(at, cause) { "{at}: {cause}", "{at}: {cause}" }
    moved(at, where_to) {
        "nhật ký nhúng {at} đã được chuyển sang {where_to:#} và không nhận gì nữa",
        "the embedded log {at} was moved to {where_to} and takes nothing more",
    }
    locked(at, cause) { "{at} đang bị tiến trình khác giữ: {cause}", "{at} is held by another process: {cause}" }
    setting(key, cause) { "thiết lập {key}: {cause}", "setting {key}: {cause}" }

    embedded(at) { "nhật ký nhúng {at}", "the embedded log {at}" }
    kafka_at(at) { "Kafka tại {at}", "Kafka at {at}" }

    check_brokers() {
        "Kiểm tra kafka.brokers và xem Kafka có chạy không: giaoban doctor. Những gì đã xác nhận vẫn còn.",
        "Check kafka.brokers and whether Kafka is up: giaoban doctor. What was acknowledged is still there.",
    }
    start_brokers(topic) {
        "Khởi động lại các broker giữ bản sao ở đó: kafka-topics.sh --describe --unavailable-partitions --topic {topic}. Những gì đã xác nhận vẫn còn.",
        "Start the brokers that have its copies: kafka-topics.sh --describe --unavailable-partitions --topic {topic}. What was acknowledged is still there.",
    }
    check_sasl() {
        "Kiểm tra kafka.properties: sasl.username, sasl.mechanism, và mật khẩu trong tệp mà kafka.secret_files nêu cho sasl.password.",
        "Check kafka.properties: sasl.username, sasl.mechanism, and the password in the file that kafka.secret_files names for sasl.password.",
    }
    set_authority() {
        "Đặt ssl.ca.location trong kafka.properties là tệp chứng thư của nơi đã ký cho Kafka, và trong kafka.brokers dùng tên máy có trong chứng thư.",
        "Set ssl.ca.location in kafka.properties to the certificate file of the authority that signed Kafka's certificate, and use a host name from the certificate in kafka.brokers.",
    }
    set_protocol() {
        "Đặt security.protocol trong kafka.properties đúng với cổng trong kafka.brokers: SASL_SSL, SSL, SASL_PLAINTEXT hoặc PLAINTEXT; nếu đã đúng, có thể Kafka đang khởi động.",
        "Set security.protocol in kafka.properties to what the port in kafka.brokers speaks: SASL_SSL, SSL, SASL_PLAINTEXT or PLAINTEXT; if it is right, Kafka may still be starting.",
    }
    add_rule(operation, resource) {
        "Xin quản trị Kafka thêm quyền cho người dùng này: kafka-acls.sh --add --allow-principal User:NAME --operation {operation} --{resource}; mọi quyền cần có: config/kafka/acls.sh.",
        "Ask Kafka's administrator to add this rule: kafka-acls.sh --add --allow-principal User:NAME --operation {operation} --{resource}; config/kafka/acls.sh adds all that are needed.",
    }
    own_instance() {
        "Đặt cho mỗi worker một group.instance.id riêng trong kafka.properties, rồi chạy lại worker này.",
        "Give each worker a group.instance.id of its own in kafka.properties, and start this one again.",
    }
    make_topic() {
        "Tạo topic: giaoban topics create; hoặc sửa kafka.topic, kafka.dead_letter_topic.",
        "Create it: giaoban topics create; or correct kafka.topic, kafka.dead_letter_topic.",
    }
    shorten() {
        "Rút ngắn sự kiện, hoặc tăng max.message.bytes của topic.",
        "Shorten the event, or raise the topic's max.message.bytes.",
    }
    see_group_settings() {
        "Xem thiết lập nhóm tiêu thụ của Kafka (group.consumer.*, số thành viên tối đa), hoặc đặt group.protocol = \"classic\" trong kafka.properties.",
        "See Kafka's settings for consumer groups (group.consumer.*, the maximum group size), or set group.protocol = \"classic\" in kafka.properties.",
    }
    correct_topic() {
        "Sửa thiết lập của topic rồi chạy lại: cleanup.policy = delete, message.timestamp.type, các quy định riêng của Kafka; giaoban topics create tạo topic đúng như cần.",
        "Correct the topic's settings and run this again: cleanup.policy = delete, message.timestamp.type, Kafka's own policies; giaoban topics create creates topics with the right settings.",
    }
    look_at_offsets() {
        "Xem nhật ký và kho đang ở đâu: giaoban doctor.",
        "See where the log and the store are: giaoban doctor.",
    }
    free_disk() {
        "Giải phóng dung lượng đĩa rồi gửi lại phần chưa được nhận.",
        "Free some disk space and send again what was not acknowledged.",
    }
    bring_back() {
        "Khôi phục log.db từ bản sao lưu, hoặc dùng phiên bản giaoban đã tạo ra nó.",
        "Restore log.db from a backup, or use the version of giaoban that made it.",
    }
    find_holder() {
        "Một tiến trình khác đang ghi log.db: thử lại, hoặc tìm và dừng tiến trình đó.",
        "Another process is writing log.db: try again, or find that process and stop it.",
    }
    follow() {
        "Đặt kafka.brokers cho mọi worker và bên gửi, như sau khi giaoban migrate log.",
        "Set kafka.brokers for every worker and publisher, as after giaoban migrate log.",
    }
    correct_property() {
        "Sửa hoặc bỏ thuộc tính đó trong kafka.properties.",
        "Correct or remove that property in kafka.properties.",
    }
}

//! Why a worker stopped, and what to do about it.

use super::texts;

texts! {
    gap(from, to, partition) {
        "các bản ghi {from} đến {to} của phân vùng {partition} đã mất khỏi nhật ký mà chưa được đọc: kho sẽ thiếu chúng",
        "messages {from} to {to} of partition {partition} are gone from the log and were never read: the store would lack them",
    }
    truncated(stored, partition, end) {
        "kho đã đọc đến vị trí {stored} của phân vùng {partition}, nhưng nhật ký nay kết thúc ở {end}: nhật ký đã mất những bản ghi mà kho đã tính (Kafka bầu leader không an toàn, hoặc khôi phục từ bản sao cũ)",
        "the store has read partition {partition} up to offset {stored}, but the log now ends at {end}: it has lost records that the store has counted (an unclean leader election, or an older copy restored)",
    }
    recreated(next, partition) {
        "bản ghi ngay trước vị trí {next} của phân vùng {partition} không phải là bản ghi mà kho đã đọc: nhật ký đã mất bản ghi đó và có bản ghi khác ở chỗ ấy (Kafka bầu leader không an toàn, hoặc topic đã được tạo lại)",
        "the record before offset {next} of partition {partition} is not the one that the store has read: the log has lost that one and has another in its place (an unclean leader election, or a topic recreated)",
    }
    fenced(times) {
        "một worker khác liên tục ghi cùng các phân vùng; worker này đã bị chặn {times} lần liền",
        "another worker keeps writing the same partitions; this one was fenced {times} times in a row",
    }
    too_many_dead_letters(bad, of, partition, first, last, reason) {
        "{bad} trong {of} bản ghi của phân vùng {partition}, từ vị trí {first} đến {last}, không phải là sự kiện hợp lệ, phần lớn vì {reason}: phân vùng này dừng ở bản ghi cuối cùng đó, các phân vùng khác vẫn tiếp tục",
        "{bad} of {of} messages of partition {partition}, from offset {first} to {last}, are not valid events, most of them because of {reason}: this partition is held at the last of them, the others go on",
    }
    dead_letter_refused(offset, partition, topic, cause) {
        "bản ghi {offset} của phân vùng {partition} không phải là sự kiện hợp lệ, mà topic thư chết {topic} không nhận nó: {cause:#}",
        "message {offset} of partition {partition} is not a valid event, and the dead-letter topic {topic} does not accept it: {cause}",
    }
    slow(at, seconds) {
        "{at:#} không trả lời trong {seconds} giây sau khi có lệnh dừng; lô đang ghi đã được ghi trọn vẹn hoặc đã được hủy hoàn toàn",
        "{at} did not answer within {seconds} s of the stop; the in-flight batch was either committed or rolled back",
    }

    stranded(at, seconds) {
        "worker không kết nối được broker nào trong {seconds} giây, kể cả sau khi tạo lại kết nối, trong khi {at:#} vẫn trả lời kết nối khác",
        "the worker has had no broker for {seconds} s, also after its client was made anew, although {at} answers others",
    }
    thread_ended(name) {
        "luồng \"{name}\" của worker đã dừng ngoài dự kiến: đây là lỗi của chương trình",
        "the worker's thread \"{name}\" has ended unexpectedly: this is a bug in the program",
    }
    report_defect() {
        "Chạy lại worker: nó tiếp tục từ nơi kho đang đứng. Gửi dòng nhật ký ngay trước đó cho người phát triển.",
        "Start the worker again: it resumes from where the store is. Send the log line before this one to the developers.",
    }
    start_again() {
        "Chạy lại worker (systemd, Kubernetes tự làm): nó tiếp tục từ nơi kho đang đứng. Nếu lặp lại: từ máy này có kết nối được advertised.listeners của các broker không: giaoban doctor.",
        "Start the worker again (systemd and Kubernetes do): it resumes from where the store is. If it happens again: do the brokers' advertised.listeners lead to them from this machine? giaoban doctor.",
    }
    accept_gap() {
        "Khôi phục phần nhật ký đã mất, hoặc chấp nhận mất (kho và mọi báo cáo sẽ ghi rõ): giaoban worker --accept-gap. Đặt retention.ms=-1 cho topic để không lặp lại.",
        "Restore what the log has lost, or accept the loss (the store and every report then say so): giaoban worker --accept-gap. Set retention.ms=-1 on the topic so that it does not happen again.",
    }
    publish_again() {
        "Số liệu trong kho vẫn nguyên: giữ nguyên kho. Khôi phục nhật ký, hoặc gửi lại các sự kiện đã mất; xem nhật ký còn thiếu gì so với kho: giaoban replay --drop-records 0; khi không thiếu gì nữa: giaoban replay --switch --drop-records 0.",
        "The figures in the store are whole: keep it. Restore the log, or publish the lost events again; see what the log still lacks: giaoban replay --drop-records 0; once nothing is missing: giaoban replay --switch --drop-records 0.",
    }
    one_worker() {
        "Chỉ để một worker ghi mỗi kho dữ liệu; dừng worker kia rồi chạy lại.",
        "Let one worker write each store; stop the other and start this one again.",
    }
    accept_dead_letters(partition) {
        "Sửa bên gửi (ý nghĩa của mã: docs/codes.md) hoặc bảng đơn vị. Rồi cho các bản ghi này vào thư chết: giaoban dlq accept --partition {partition} --through end --reason-text \"...\"; hoặc tăng worker.dead_letter_share, worker.dead_letter_run. Khi đã sửa, gửi lại chúng: giaoban dlq redrive.",
        "Fix the producer (docs/codes.md explains the code) or the table of units. Then let these records become dead letters: giaoban dlq accept --partition {partition} --through end --reason-text \"...\"; or raise worker.dead_letter_share, worker.dead_letter_run. After a fix, send them again: giaoban dlq redrive.",
    }
    raise_limit(topic, bytes) {
        "Tăng max.message.bytes của topic thư chết: kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config max.message.bytes={bytes}. Rồi chạy lại worker: nó tiếp tục từ chỗ đang đứng, không mất gì.",
        "Raise max.message.bytes of the dead-letter topic: kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config max.message.bytes={bytes}. Then start the worker again: it resumes where it stopped, with nothing lost.",
    }
    find_holder() {
        "Tìm tiến trình đang giữ tệp kho rồi chạy lại worker: nó tiếp tục từ nơi kho đang đứng.",
        "Find the process that holds the store's file, and start the worker again: it resumes from where the store is.",
    }
    see_server() {
        "Xem PostgreSQL có chạy không rồi chạy lại worker: nó tiếp tục từ nơi kho đang đứng.",
        "See whether PostgreSQL is up, and start the worker again: it resumes from where the store is.",
    }
}

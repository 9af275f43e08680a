//! What a terminal says besides what commands do.

use super::texts;

texts! {
    give_as_flag() { "Ghi giá trị bằng tham số.", "Give the value as a flag." }
    log_not_compared(cause) {
        "Chú ý: chưa so được nhật ký với kho số liệu: {cause:#}",
        "Note: the log could not be compared with the store: {cause}",
    }
    fed_by_kafka() {
        "Chú ý: kho này nhận số liệu từ Kafka, mà kafka.brokers chưa được đặt: không biết còn bao nhiêu bản ghi chưa vào số liệu",
        "Note: this store is fed by Kafka, and kafka.brokers is not set: how many records are not in these figures yet is not known",
    }
    lag_not_known(cause) {
        "Chú ý: không biết còn bao nhiêu bản ghi chưa vào số liệu: {cause:#}",
        "Note: how many records are not in these figures yet is not known: {cause}",
    }
    records_not_counted(missing) {
        "Chú ý: còn {missing} bản ghi trong nhật ký chưa vào số liệu; chạy: giaoban worker --until-caught-up",
        "Note: {missing} records of the log are not in these figures yet; run: giaoban worker --until-caught-up",
    }
}

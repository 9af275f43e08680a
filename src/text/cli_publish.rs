//! What `giaoban publish` says.

use super::texts;

texts! {
    receipt_with_one_file() { "--receipt chỉ dùng với một tệp", "--receipt can be used with a single file only" }
    leave_receipt_out() {
        "Bỏ --receipt: mỗi tệp có phiếu trả riêng.",
        "Leave --receipt out: each file has a receipt of its own.",
    }
    tally(file, taken, refused) {
        "{file}: nhận {taken}, từ chối {refused}.\n",
        "{file}: {taken} taken, {refused} refused.\n",
    }
    unread(file, line, cause) {
        "{file}: không đọc được hết sau dòng {line}: {cause}. Gửi lại cả tệp khi đã đủ; những gì đã nhận sẽ được nhận ra là trùng.\n",
        "{file}: cannot be read beyond line {line}: {cause}. Publish the whole file again once it is complete; what was taken will be recognised as a duplicate.\n",
    }
    receipt(path) {
        "Các dòng bị từ chối, kèm lý do và cách sửa: {path}\nSửa rồi gửi lại: giaoban publish {path}\n",
        "The refused lines, with reason and remedy: {path}\nCorrect them and send them again: giaoban publish {path}\n",
    }
    ended(file, line, limit) {
        "{file}: ngừng đọc sau dòng {line}: {limit:#}. Những gì trước đó đã được gửi; kiểm tra tệp, chia nhỏ nếu cần, rồi gửi lại cả tệp.\n",
        "{file}: not read beyond line {line}: {limit}. What stands before was sent; check the file, split it if need be, and publish it again.\n",
    }
    receipt_is_input(path) {
        "--receipt {path} chính là tệp được gửi",
        "--receipt {path} is the very file that is published",
    }
    receipt_is_no_file(path) {
        "--receipt {path} không phải là tệp",
        "--receipt {path} is no file",
    }
    other_receipt() {
        "Đặt tên khác cho phiếu trả, hoặc bỏ --receipt; chưa có gì được gửi.",
        "Give the receipt another name, or leave --receipt out; nothing was sent.",
    }
    receipt_lost(path, cause, refused) {
        "không ghi được phiếu trả {path}: {cause}; mọi dòng đã được gửi, {refused} dòng bị từ chối không có trong phiếu nào",
        "the receipt {path} cannot be written: {cause}; every line was sent, the {refused} that were refused are in no receipt",
    }
    send_again_with_receipt() {
        "Gửi lại cả tệp với --receipt ở nơi ghi được; những gì đã nhận sẽ được nhận ra là trùng.",
        "Publish the whole file again with --receipt where it can be written; what was taken will be recognised as a duplicate.",
    }
    more_refused() { "… các dòng khác: xem phiếu trả", "… more lines: see the receipt" }
    column_not_read(file, column) {
        "{file}: không đọc cột \"{column}\"",
        "{file}: the column \"{column}\" is not read",
    }
    column_not_read_like(file, column, nearest) {
        "{file}: không đọc cột \"{column}\"; có phải ý là \"{nearest}\"?",
        "{file}: the column \"{column}\" is not read; did you mean \"{nearest}\"?",
    }
    contradiction(file, line, other, record) {
        "{file}: dòng {line} nói khác {other:#} về cùng hồ sơ {record} và cùng số lần sửa; cả hai đều được nhận nhưng chỉ một dòng được tính. Cho dòng sau số lần sửa cao hơn: cột \"revision\", hoặc giaoban correct.",
        "{file}: line {line} contradicts {other}: the same record {record} and revision, another content; both are taken, only one counts. Give the later one a higher revision: the column \"revision\", or giaoban correct.",
    }
    line(number) { "dòng {number}", "line {number}" }
    line_of(file, number) { "{file} dòng {number}", "{file} line {number}" }
    more_contradictions() {
        "… còn các dòng khác mâu thuẫn như vậy",
        "… and other lines contradict one before them in the same way",
    }
}

//! What `giaoban demo` says.

use super::texts;

texts! {
    other_years() {
        "bảng đơn vị (units.file) không có đơn vị nào có hiệu lực suốt năm 2020, năm của dữ liệu mẫu",
        "the table of units (units.file) has no units in force throughout 2020, the year of the sample",
    }
    built_in_units() {
        "Chạy demo với bảng đơn vị kèm sẵn: bỏ units.file.",
        "Run the demo with the built-in table of units: leave units.file unset.",
    }
    real_figures(at) { "{at} dành cho số liệu thật", "{at} is for real figures" }
    real_events(data) {
        "nhật ký trong {data} có sự kiện mà chưa có kho số liệu minh họa",
        "the log in {data} holds events, without a store that was made for made-up ones",
    }
    other_data() {
        "Chạy demo với một --data khác; với PostgreSQL, một store.schema khác.",
        "Run the demo with another --data; on PostgreSQL, with another store.schema.",
    }
    demo_again() {
        "Chạy lại giaoban demo: nó tiếp tục từ chỗ đang dở.",
        "Run giaoban demo again: it resumes where it left off.",
    }
    sent(count) {
        "Đã gửi {count} sự kiện mẫu của năm 2020 vào nhật ký nhúng.\n",
        "Sent {count} sample events of the year 2020 to the embedded log.\n",
    }
    figures(sessions, cases, reported, expected) {
        "Năm 2020, toàn thành phố: {sessions} cuộc giám sát, {cases} vụ có dấu hiệu vi phạm; {reported}/{expected} đơn vị đã báo cáo.\nTổng số đúng như báo cáo giao ban ngày 03/12/2020; mọi chi tiết khác là dữ liệu tạo ra để minh họa.\n",
        "In 2020 the whole city had {sessions} supervision sessions and {cases} cases with signs of violation; {reported} of {expected} units reported.\nThe totals are those of the briefing of 3 December 2020; everything else is made up.\n",
    }
    report(seconds) {
        "Báo cáo quý IV năm 2020 (sau {seconds:#} giây):\n",
        "The report of 2020-Q4 (after {seconds} s):\n",
    }
    look(address, commands) {
        "\nXem: http://{address}/ (trang), http://{address}/metrics (Prometheus). Ctrl-C để dừng.\nThử tiếp ở cửa sổ khác:\n{commands}",
        "\nLook at http://{address}/ (pages) and http://{address}/metrics (Prometheus). Ctrl-C stops.\nThen, in another window:\n{commands}",
    }
}

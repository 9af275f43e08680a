//! What operators read of the state of the pipeline, at a terminal and on the page.

use super::report::{grouped, separators};
use super::{Lang, Text, counted, texts};

texts! {
    title() { "Tình trạng hệ thống", "State of the pipeline" }
    at(day, time) { "Ngày {day}, {time}", "{day}, {time}" }
    installation(name) { "hệ thống {name}", "installation {name}" }

    // The whole.
    all_well() { "Mọi thứ đều ổn.", "All is well." }
    no_worker_asked() {
        "Chưa thấy gì sai, nhưng không hỏi được worker nào: không rõ phân vùng có được đọc không, có bị giữ lại không.",
        "Nothing wrong is seen, but no worker was asked: whether partitions are read, or held, is not known.",
    }
    nobody() {
        "Không tiến trình nào trả lời; không rõ tình trạng.",
        "No process answers: the state is not known.",
    }
    well() { "ổn", "well" }
    watch() { "nên để ý", "keep an eye on it" }
    wrong() { "cần xử lý", "to put right" }
    not_known() { "không rõ", "not known" }

    // What an operator asks, in that order.
    right() { "Số liệu có đúng không?", "Are the figures right?" }
    current() { "Có kịp thời không?", "Are they current?" }
    refused() { "Ai bị từ chối, vì sao?", "Who is refused, and why?" }
    holds() { "Hệ thống có chịu được không?", "Will it hold?" }

    // Facts.
    unaccounted() { "Bản ghi không rõ kết quả", "Records unaccounted for" }
    recount() { "Đếm lại", "Recount" }
    no_recount() { "chưa có", "none yet" }
    agreed(ago) { "khớp, {ago:#} trước", "agreed, {ago} ago" }
    differed(figures, ago) { "{figures:#} số khác, {ago:#} trước", "{figures} differed, {ago} ago" }
    failed(ago) { "không xong, {ago:#} trước", "failed, {ago} ago" }
    lacking() { "Bản ghi đã mất, được chấp nhận", "Messages gone, accepted" }
    overlaps() { "Chỗ có thể tính hai lần", "Places counted twice, perhaps" }
    lag() { "Chậm so với nhật ký", "Behind the log" }
    waiting() { "Bản ghi chưa vào số liệu", "Records not in the figures" }
    completeness(period) { "Đã báo cáo, {period}", "Reported, {period}" }
    of_all(part, all, share) { "{part:#}/{all:#} ({share:#})", "{part}/{all} ({share})" }
    silence() { "Ngày làm việc không có sự kiện", "Working days without event" }
    workers_ready() { "Worker sẵn sàng", "Workers ready" }
    unread() { "Phân vùng không ai đọc", "Partitions nobody reads" }
    undecided() { "Thư chết chờ quyết định", "Dead letters undecided" }
    refused_rate() { "Bị từ chối", "Refused" }
    held() { "Phân vùng bị dừng", "Partitions held" }
    read_rate() { "Đọc", "Read" }
    store_size() { "Kích thước kho", "Store's size" }
    free() { "Đĩa còn trống", "Free on disk" }
    a_second(rate) { "{rate:#}/giây", "{rate}/s" }

    // The processes and the partitions.
    processes() { "Các tiến trình", "Processes" }
    process() { "Tiến trình", "Process" }
    this_process() { "tiến trình này", "this one" }
    version() { "Phiên bản", "Version" }
    state() { "Tình trạng", "State" }
    partitions() { "Phân vùng", "Partitions" }
    partition() { "Phân vùng", "Partition" }
    reader() { "Ai đọc", "Read by" }
    ready() { "sẵn sàng", "ready" }
    not_ready() { "chưa sẵn sàng", "not ready" }
    without_store() { "không có kho", "no store" }
    without_log() { "không có nhật ký", "no log" }
    no_worker() { "chỉ đọc", "reads only" }
    no_answer(cause) { "không trả lời: {cause}", "no answer: {cause}" }
    records_behind() { "Chờ", "Waiting" }
    time_behind() { "Chậm", "Behind" }
    is_held() { "bị dừng vì thư chết", "held for dead letters" }
    is_unavailable() { "không có broker dẫn đầu", "no leader that answers" }
    is_unread() { "không ai đọc", "nobody reads it" }
    not_here() { "không đọc ở đây", "not read here" }
    is_read() { "đang đọc", "read" }
    hides(offsets) { "{offsets:#} vị trí bị giao dịch che", "{offsets} offsets behind a transaction" }

    // Refusals.
    reasons() { "Bị từ chối từ khi các tiến trình chạy", "Refused since the processes began" }
    reason() { "Lý do", "Reason" }
    meaning() { "Nghĩa", "Meaning" }
    count() { "Số lượng", "Count" }
    no_refusals() { "Chưa có bản ghi nào bị từ chối.", "Nothing was refused." }

    // Charts.
    last_hours() { "Những giờ gần đây", "The last hours" }
    lag_course() { "Chậm so với nhật ký", "Behind the log" }
    read_course() { "Bản ghi đọc mỗi phút", "Records read a minute" }
    refused_course() { "Bản ghi bị từ chối mỗi phút", "Records refused a minute" }
    highest(value, time) { "cao nhất {value:#} lúc {time}", "highest {value} at {time}" }
    no_samples() { "chưa có số đo", "no samples yet" }
    course(from, to, highest, last) {
        "Từ {from} đến {to}: {highest:#}; gần nhất {last:#}.",
        "From {from} to {to}: {highest}; last {last}.",
    }
    kept_in_memory() {
        "Các số đo chỉ giữ trong bộ nhớ từ khi tiến trình này chạy; phần gạch chéo: không rõ.",
        "Samples are kept in memory since this process began; hatched: not known.",
    }

    // Keys.
    keys() { "q: thoát · ↑↓: cuộn", "q: quit · ↑↓: scroll" }
    terminal_failed(cause) { "không dùng được màn hình này: {cause}", "this terminal cannot be used: {cause}" }
    use_once() { "In một lần: giaoban top --once.", "Print it once: giaoban top --once." }
    not_an_address(given) {
        "“{given}” không phải địa chỉ dạng http://máy:cổng",
        "“{given}” is no address such as http://host:port",
    }
    name_an_address() {
        "Ghi địa chỉ của worker: giaoban top --at http://127.0.0.1:9464.",
        "Name a worker's address: giaoban top --at http://127.0.0.1:9464.",
    }
    from_the_store() {
        "không có worker nào ở địa chỉ đã đặt: đọc từ kho và nhật ký",
        "no worker at the address that is set: read from store and log",
    }
}

/// So many things are to be watched, and none is wrong.
pub fn to_watch(count: usize) -> Text {
    let things = counted(count, "thing", "things");
    Text {
        vi: format!("Không có gì sai; {count} điều nên để ý.").into(),
        en: format!("Nothing is wrong; {things} to keep an eye on.").into(),
    }
}

/// So many things are wrong.
pub fn to_mend(count: usize) -> Text {
    let things = counted(count, "thing", "things");
    Text { vi: format!("{count} điều cần xử lý.").into(), en: format!("{things} to put right.").into() }
}

/// A length of time by its two largest units.
pub fn length(seconds: f64) -> Text {
    let whole = if seconds.is_finite() { seconds.max(0.0).round() as u64 } else { 0 };
    let [days, hours, minutes, rest] = [whole / 86_400, whole / 3_600 % 24, whole / 60 % 60, whole % 60];
    let said = |parts: [(u64, &str); 2]| {
        let some = parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count} {unit}"));
        let some: Vec<String> = some.collect();
        if some.is_empty() { format!("0 {}", parts[1].1) } else { some.join(" ") }
    };
    let (vi, en) = match (days, hours, minutes) {
        (0, 0, _) => (said([(minutes, "phút"), (rest, "giây")]), said([(minutes, "min"), (rest, "s")])),
        (0, ..) => (said([(hours, "giờ"), (minutes, "phút")]), said([(hours, "h"), (minutes, "min")])),
        _ => (said([(days, "ngày"), (hours, "giờ")]), said([(days, "d"), (hours, "h")])),
    };
    Text { vi: vi.into(), en: en.into() }
}

/// A number of bytes with one decimal.
pub fn bytes(bytes: i64) -> Text {
    let mut amount = bytes.max(0) as f64;
    let mut units = ["B", "kB", "MB", "GB", "TB", "PB"].into_iter().peekable();
    while let Some(unit) = units.next() {
        if amount < 999.95 || units.peek().is_none() {
            let decimals = usize::from(unit != "B");
            return Text::in_both(|lang| format!("{} {unit}", decimal(amount, decimals, lang)));
        }
        amount /= 1000.0;
    }
    not_known()
}

/// A number for reading, with one decimal below 10.
pub fn rate(amount: f64) -> Text {
    let decimals = usize::from(amount.abs() < 9.95 && amount != 0.0);
    Text::in_both(|lang| decimal(amount, decimals, lang))
}

fn decimal(amount: f64, decimals: usize, lang: Lang) -> String {
    let (_, point) = separators(lang);
    let text = format!("{amount:.decimals$}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let grouped = grouped(whole, lang);
    if rest.is_empty() { grouped } else { format!("{grouped}{point}{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_sizes_and_rates_are_written_as_each_language_does() {
        let both = |text: Text| (text.vi.into_owned(), text.en.into_owned());
        let of = |vi: &str, en: &str| (vi.to_owned(), en.to_owned());
        assert_eq!(both(length(0.2)), of("0 giây", "0 s"));
        assert_eq!(both(length(59.0)), of("59 giây", "59 s"));
        assert_eq!(both(length(120.0)), of("2 phút", "2 min"));
        assert_eq!(both(length(7_505.0)), of("2 giờ 5 phút", "2 h 5 min"));
        assert_eq!(both(length(266_400.0)), of("3 ngày 2 giờ", "3 d 2 h"));
        assert_eq!(both(length(f64::NAN)), of("0 giây", "0 s"));
        assert_eq!(both(bytes(-1)), of("0 B", "0 B"));
        assert_eq!(both(bytes(999)), of("999 B", "999 B"));
        assert_eq!(both(bytes(999_990)), of("1,0 MB", "1.0 MB"));
        assert_eq!(both(bytes(i64::MAX)), of("9.223,4 PB", "9,223.4 PB"));
        assert_eq!(both(rate(0.0)), of("0", "0"));
        assert_eq!(both(rate(1.25)), of("1,2", "1.2"));
        assert_eq!(both(rate(12_345.6)), of("12.346", "12,346"));
    }
}

//! Looks over everything that a pipeline needs and says of each thing whether
//! it is well, and if not, what to do. Changes nothing.

use std::path::Path;

use crate::advice;
use crate::config::Settings;
use crate::domain::Rules;
use crate::log::EventLog;
use crate::store::{StoreError, StoreReader};
use crate::wire::Lang;

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Well.
    Good,
    /// It works, but somebody should know.
    Warning,
    /// It does not work.
    Problem,
}

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The thing.
    pub what: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen.
    pub detail: String,
    /// What to do; empty if nothing.
    pub remedy: String,
}

/// Less free disk than this is worth a word, in bytes.
const LITTLE_DISK: u64 = 1 << 30;
/// Before this year no clock that is right can stand.
const FIRST_YEAR: i16 = 2025;

struct Examination {
    lang: Lang,
    findings: Vec<Finding>,
}

impl Examination {
    fn say(&self, vi: impl Into<String>, en: impl Into<String>) -> String {
        match self.lang {
            Lang::Vi => vi.into(),
            Lang::En => en.into(),
        }
    }

    fn add(&mut self, what: (&str, &str), verdict: Verdict, detail: String, remedy: String) {
        let what = self.say(what.0, what.1);
        self.findings.push(Finding { what, verdict, detail, remedy });
    }

    fn good(&mut self, what: (&str, &str), detail: String) {
        self.add(what, Verdict::Good, detail, String::new());
    }
}

/// Looks everything over. `log` is the event log, or why there is none (what, remedy).
pub fn examine(
    settings: &Settings,
    rules: &Rules,
    log: Result<&dyn EventLog, (String, String)>,
    open_store: impl FnOnce() -> Result<Box<dyn StoreReader>, StoreError>,
) -> Vec<Finding> {
    let mut examination = Examination { lang: settings.lang, findings: Vec::new() };
    units(&mut examination, rules);
    clock(&mut examination);
    folder(&mut examination, &settings.data);
    let store = open_store();
    match log {
        Ok(log) => {
            let detail = log.describe();
            examination.good(("nhật ký", "event log"), detail);
            topics(&mut examination, settings, log, store);
        }
        Err((detail, remedy)) => examination.add(("nhật ký", "event log"), Verdict::Problem, detail, remedy),
    }
    examination.findings
}

fn units(examination: &mut Examination, rules: &Rules) {
    let in_force: Vec<_> = rules.units.rows().iter().filter(|row| row.valid_to.is_none()).collect();
    let count = |level| in_force.iter().filter(|row| row.kind.level() == level).count();
    let (districts, communes, root) = (count(1), count(2), &rules.units.root().name);
    let (calendar, fingerprint) = (rules.calendar.name(), rules.fingerprint().to_string());
    let detail = examination.say(
        format!(
            "{root}: {districts} cấp huyện, {communes} cấp xã đang có hiệu lực; lịch {calendar}; dấu quy tắc {}",
            &fingerprint[..12]
        ),
        format!(
            "{root}: {districts} districts and {communes} communes in force; calendar {calendar}; rules {}",
            &fingerprint[..12]
        ),
    );
    examination.good(("đơn vị và lịch", "units and calendar"), detail);
}

fn clock(examination: &mut Examination) {
    let now = jiff::Timestamp::now();
    let year = jiff::tz::Offset::UTC.to_datetime(now).year();
    if year < FIRST_YEAR {
        let remedy = examination.say(
            "Đặt lại đồng hồ (NTP): thời gian của sự kiện và thư chết lấy từ đây.",
            "Set the clock (NTP): the time of events and dead letters comes from it.",
        );
        examination.add(("đồng hồ", "clock"), Verdict::Problem, now.to_string(), remedy);
    } else {
        examination.good(("đồng hồ", "clock"), now.to_string());
    }
}

fn folder(examination: &mut Examination, data: &Path) {
    let what = ("thư mục dữ liệu", "data folder");
    let at = data.display();
    if !data.exists() {
        let detail = examination.say(
            format!("{at} chưa có; sẽ được tạo khi cần"),
            format!("{at} is not there yet; it is made when needed"),
        );
        examination.good(what, detail);
        return;
    }
    let probe = data.join(format!(".doctor-{}", std::process::id()));
    let written = std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe));
    if let Err(error) = written {
        let remedy =
            examination.say("Cấp quyền ghi, hoặc chọn --data khác.", "Make it writable, or choose another --data.");
        examination.add(what, Verdict::Problem, format!("{at}: {error}"), remedy);
        return;
    }
    match fs4::available_space(data) {
        Ok(free) if free < LITTLE_DISK => {
            let detail = examination
                .say(format!("{at}: chỉ còn {} MB", free >> 20), format!("{at}: only {} MB free", free >> 20));
            let remedy = examination.say("Giải phóng dung lượng đĩa.", "Free some disk space.");
            examination.add(what, Verdict::Warning, detail, remedy);
        }
        Ok(free) => {
            let detail = examination.say(
                format!("{at}: ghi được, còn {} MB", free >> 20),
                format!("{at}: writable, {} MB free", free >> 20),
            );
            examination.good(what, detail);
        }
        Err(error) => examination.add(what, Verdict::Warning, format!("{at}: {error}"), String::new()),
    }
}

fn topics(
    examination: &mut Examination,
    settings: &Settings,
    log: &dyn EventLog,
    store: Result<Box<dyn StoreReader>, StoreError>,
) {
    let mut ends = None;
    for name in [&settings.kafka.topic, &settings.kafka.dead_letter_topic] {
        match log.topic(name) {
            Ok(topic) => {
                let (partitions, copies) = (topic.partitions.len(), topic.replication);
                let messages: i64 = topic.partitions.iter().map(|range| range.high.0 - range.low.0).sum();
                let detail = examination.say(
                    format!("{name}: {partitions} phân vùng, {copies} bản sao, {messages} thông điệp (quyền ghi không được thử)"),
                    format!("{name}: {partitions} partitions, {copies} copies, {messages} messages (writing was not tried)"),
                );
                examination.good(("topic", "topic"), detail);
                if *name == settings.kafka.topic {
                    ends = Some(topic);
                }
            }
            Err(error) => {
                let remedy = advice::log(&error, settings.lang);
                examination.add(("topic", "topic"), Verdict::Problem, error.to_string(), remedy);
            }
        }
    }
    let mut store = match store {
        Ok(store) => store,
        Err(error @ StoreError::Missing { .. }) => {
            let remedy = advice::store(&error, settings.lang);
            examination.add(("kho", "store"), Verdict::Warning, error.to_string(), remedy);
            return;
        }
        Err(error) => {
            let remedy = advice::store(&error, settings.lang);
            examination.add(("kho", "store"), Verdict::Problem, error.to_string(), remedy);
            return;
        }
    };
    if let Err(error) = look_into(examination, settings, &mut *store, ends.as_ref()) {
        let remedy = advice::store(&error, settings.lang);
        examination.add(("kho", "store"), Verdict::Problem, error.to_string(), remedy);
    }
}

fn look_into(
    examination: &mut Examination,
    settings: &Settings,
    store: &mut dyn StoreReader,
    topic: Option<&crate::log::Topic>,
) -> Result<(), StoreError> {
    let (records, size, name) = (store.record_count()?, store.size_bytes()?, store.describe());
    let checkpoints = store.checkpoints(&settings.kafka.topic)?;
    let detail = examination.say(
        format!("{name}: {records} hồ sơ, {} MB", size >> 20),
        format!("{name}: {records} records, {} MB", size >> 20),
    );
    examination.good(("kho", "store"), detail);
    let difference: i64 = checkpoints.iter().map(|checkpoint| checkpoint.counts.difference()).sum();
    let read: u64 = checkpoints.iter().map(|checkpoint| checkpoint.counts.read).sum();
    let what = ("đối soát", "reconciliation");
    if difference == 0 {
        let detail = examination.say(
            format!("{read} bản ghi đã đọc, không thiếu bản nào"),
            format!("{read} records read, none has vanished"),
        );
        examination.good(what, detail);
    } else {
        let detail =
            examination.say(format!("lệch {difference} bản ghi"), format!("{difference} records have vanished"));
        let remedy = examination.say(
            "Dựng lại từ nhật ký và so sánh: giaoban replay.",
            "Rebuild from the log and compare: giaoban replay.",
        );
        examination.add(what, Verdict::Problem, detail, remedy);
    }
    let Some(topic) = topic else { return Ok(()) };
    let mut lag = 0;
    for range in &topic.partitions {
        let stored = checkpoints.iter().find(|checkpoint| checkpoint.partition == range.partition);
        let next = stored.map_or(0, |checkpoint| checkpoint.next.0);
        if next < range.low.0 || next > range.high.0 {
            let partition = range.partition;
            let detail = examination.say(
                format!("phân vùng {partition}: kho ở {next}, nhật ký có từ {} đến {}", range.low, range.high),
                format!("partition {partition}: the store is at {next}, the log has {} to {}", range.low, range.high),
            );
            let remedy = examination.say(
                "Xem kafka.topic có đúng không; nếu bản ghi đã hết hạn: giaoban worker --accept-gap.",
                "Check kafka.topic; if records have expired: giaoban worker --accept-gap.",
            );
            examination.add(("vị trí", "offsets"), Verdict::Problem, detail, remedy);
        } else {
            lag += range.high.0 - next;
        }
    }
    let (verdict, remedy) = match lag {
        0 => (Verdict::Good, String::new()),
        _ => (Verdict::Warning, examination.say("Chạy worker: giaoban worker.", "Run a worker: giaoban worker.")),
    };
    let detail =
        examination.say(format!("{lag} bản ghi chưa vào kho"), format!("{lag} records are not in the store yet"));
    examination.add(("độ trễ", "lag"), verdict, detail, remedy);
    Ok(())
}

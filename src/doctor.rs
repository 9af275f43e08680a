//! Looks over everything that a pipeline needs and says of each thing whether
//! it is well, and if not, what to do. Changes nothing.

mod permissions;

use std::path::Path;

use jiff::{SignedDuration, Timestamp, tz};

use crate::config::Settings;
use crate::domain::{NextOffset, Offset, Rules, UnitKind};
use crate::failure::Explained;
use crate::log::{self, EventLog, LogError, PartitionRange, Topic};
use crate::store::{Checkpoint, StoreError, StoreReader};
use crate::text::{Lang, names};

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

/// Two machines' clocks may differ by this much.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// The event log as it was met with.
pub enum Met<'a> {
    /// It is there.
    Open(&'a dyn EventLog),
    /// The embedded log is made with the first event, and there was none.
    NotYet,
    /// It cannot be opened.
    Failed {
        /// What was seen.
        detail: String,
        /// What to do.
        remedy: String,
    },
}

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

    fn failed(&mut self, what: (&str, &str), verdict: Verdict, error: &dyn Explained) {
        let (detail, remedy) = (error.what(), error.remedy());
        self.add(what, verdict, detail.get(self.lang).to_owned(), remedy.get(self.lang).to_owned());
    }

    fn good(&mut self, what: (&str, &str), detail: String) {
        self.add(what, Verdict::Good, detail, String::new());
    }
}

/// Looks everything over, at the moment `now`.
pub fn examine(
    settings: &Settings,
    rules: &Rules,
    now: Timestamp,
    log: &Met<'_>,
    open_store: impl FnOnce() -> Result<Box<dyn StoreReader>, StoreError>,
) -> Vec<Finding> {
    let mut examination = Examination { lang: settings.lang, findings: Vec::new() };
    units(&mut examination, rules, now);
    folder(&mut examination, &settings.data, |path| fs4::available_space(path));
    let (events, newest) = match log {
        Met::Open(log) => {
            let events = topics(&mut examination, settings, *log);
            let newest = events.as_ref().and_then(|events| permissions::look(&mut examination, settings, *log, events));
            (events, newest)
        }
        Met::NotYet => {
            let detail = examination.say("nhật ký nhúng chưa có sự kiện nào", "the embedded log has no events yet");
            let remedy = examination.say("Gửi sự kiện: giaoban publish FILE.", "Send some: giaoban publish FILE.");
            examination.add(LOG, Verdict::Warning, detail, remedy);
            (Some(Topic { name: settings.kafka.topic.clone(), partitions: Vec::new(), replication: 1 }), None)
        }
        Met::Failed { detail, remedy } => {
            examination.add(LOG, Verdict::Problem, detail.clone(), remedy.clone());
            (None, None)
        }
    };
    clock(&mut examination, now, newest);
    // Whatever the log is like: the store's own health is seen without it.
    let looked = open_store().and_then(|mut store| store_itself(&mut examination, settings, &mut *store));
    match (looked, events) {
        (Ok(checkpoints), Some(events)) => offsets(&mut examination, log, &checkpoints, &events),
        (Ok(_), None) => {}
        (Err(error), _) => {
            let missing = matches!(error, StoreError::Missing { .. });
            let verdict = if missing { Verdict::Warning } else { Verdict::Problem };
            examination.failed(STORE, verdict, &error);
        }
    }
    examination.findings
}

const LOG: (&str, &str) = ("nhật ký", "event log");
const STORE: (&str, &str) = ("kho", "store");

fn units(examination: &mut Examination, rules: &Rules, now: Timestamp) {
    let what = ("đơn vị và lịch", "units and calendar");
    // Vietnam has one time, UTC+7, all year.
    let today = tz::offset(7).to_datetime(now).date();
    let in_force: Vec<UnitKind> =
        rules.units.rows().iter().filter(|row| row.in_force_on(today)).map(|row| row.kind).collect();
    let count = |kind: &UnitKind| in_force.iter().filter(|other| *other == kind).count();
    let name = |kind: &UnitKind| names::unit_kind(*kind).get(examination.lang);
    let kinds = UnitKind::ALL.iter().filter(|kind| count(kind) > 0);
    let counts = kinds.map(|kind| format!("{} {}", count(kind), name(kind))).collect::<Vec<_>>().join(", ");
    if in_force.is_empty() {
        let detail = examination
            .say(format!("không đơn vị nào có hiệu lực ngày {today}"), format!("no unit is in force on {today}"));
        let remedy =
            examination.say("Bổ sung bảng đơn vị (units.file).", "Bring the table of units (units.file) up to date.");
        return examination.add(what, Verdict::Problem, detail, remedy);
    }
    let calendar = rules.calendar.name();
    let Some(quarter) = rules.calendar.quarter_of(today) else {
        let detail = examination.say(
            format!("lịch {calendar}: ngày {today} không thuộc quý nào"),
            format!("calendar {calendar}: {today} lies in no quarter"),
        );
        let remedy = examination.say(
            "Bổ sung quý vào tệp lịch (calendar); sự kiện của ngày này bị từ chối.",
            "Add the quarter to the calendar's file (calendar); events of this day are refused.",
        );
        return examination.add(what, Verdict::Warning, detail, remedy);
    };
    let (root, rules) = (&rules.units.root().name, &rules.fingerprint().to_string()[..12]);
    let detail = examination.say(
        format!("{root}, ngày {today}: {counts}; lịch {calendar}, quý {quarter}; dấu quy tắc {rules}"),
        format!("{root} on {today}: {counts}; calendar {calendar}, quarter {quarter}; rules {rules}"),
    );
    examination.good(what, detail);
}

/// `newest` is when the log took its newest message, as far as that was seen.
fn clock(examination: &mut Examination, now: Timestamp, newest: Option<Timestamp>) {
    let what = ("đồng hồ", "clock");
    let year = tz::Offset::UTC.to_datetime(now).year();
    if year < FIRST_YEAR {
        let remedy = examination.say(
            "Đặt lại đồng hồ (NTP): thời gian của sự kiện và thư chết lấy từ đây.",
            "Set the clock (NTP): the time of events and dead letters comes from it.",
        );
        return examination.add(what, Verdict::Problem, now.to_string(), remedy);
    }
    match newest {
        Some(newest) if newest.duration_since(now) > CLOCKS_DIFFER => {
            let detail = examination.say(
                format!("{now}, nhưng thông điệp mới nhất trong nhật ký đề {newest}"),
                format!("{now}, but the newest message in the log is of {newest}"),
            );
            let remedy = examination.say(
                "Đặt lại đồng hồ (NTP) của máy này, hoặc của máy đã gửi thông điệp đó.",
                "Set the clock (NTP) of this machine, or of the one that sent that message.",
            );
            examination.add(what, Verdict::Problem, detail, remedy);
        }
        _ => examination.good(what, now.to_string()),
    }
}

fn folder(examination: &mut Examination, data: &Path, free_in: impl Fn(&Path) -> std::io::Result<u64>) {
    let what = ("thư mục dữ liệu", "data folder");
    let at = data.display();
    // A folder that is not there yet is made in the nearest one above it that is.
    let there = data.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let probe = there.join(format!(".doctor-{}", std::process::id()));
    if let Err(error) = std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)) {
        let remedy =
            examination.say("Cấp quyền ghi, hoặc chọn --data khác.", "Make it writable, or choose another --data.");
        return examination.add(what, Verdict::Problem, format!("{}: {error}", there.display()), remedy);
    }
    let free = match free_in(there) {
        Ok(free) => free,
        Err(error) => {
            let remedy = examination.say("Kiểm tra ổ đĩa.", "Check the disk.");
            return examination.add(what, Verdict::Warning, format!("{at}: {error}"), remedy);
        }
    };
    let state = if data.exists() {
        examination.say("ghi được", "writable")
    } else {
        examination.say("chưa có, sẽ được tạo khi cần", "not there yet, made when needed")
    };
    let megabytes = free >> 20;
    let detail =
        examination.say(format!("{at}: {state}, còn {megabytes} MB"), format!("{at}: {state}, {megabytes} MB free"));
    if free < LITTLE_DISK {
        let remedy = examination.say("Giải phóng dung lượng đĩa.", "Free some disk space.");
        examination.add(what, Verdict::Warning, detail, remedy);
    } else {
        examination.good(what, detail);
    }
}

/// Looks at both topics; returns that of the events.
fn topics(examination: &mut Examination, settings: &Settings, log: &dyn EventLog) -> Option<Topic> {
    let what = ("topic", "topic");
    let mut events = None;
    for (index, name) in [&settings.kafka.topic, &settings.kafka.dead_letter_topic].into_iter().enumerate() {
        let found = log.topic(name);
        // What is wrong with one topic says that the log answers; anything else is the log's own.
        let answers = matches!(
            found,
            Ok(_) | Err(LogError::NoSuchTopic(_) | LogError::Authorization { .. } | LogError::TooLarge { .. })
        );
        if answers && index == 0 {
            examination.good(LOG, log::described(&log.describe()).get(examination.lang).to_owned());
        }
        match found {
            Ok(topic) => {
                let (partitions, copies) = (topic.partitions.len(), topic.replication);
                let messages: i64 = topic.partitions.iter().map(|range| range.high.0 - range.low.0).sum();
                let detail = examination.say(
                    format!("{name}: {partitions} phân vùng, {copies} bản sao, {messages} thông điệp"),
                    format!("{name}: {partitions} partitions, {copies} copies, {messages} messages"),
                );
                examination.good(what, detail);
                // Who may not see a topic's settings is told nothing of them.
                if let Ok(Some(setting)) = log.loses_by(name) {
                    loses(examination, name, &setting);
                }
                if index == 0 {
                    events = Some(topic);
                }
            }
            // Who only publishes need not know of the dead letters: see `permissions`.
            Err(LogError::Authorization { .. }) if index == 1 && events.is_some() => {}
            Err(error) => {
                examination.failed(if answers { what } else { LOG }, Verdict::Problem, &error);
                if !answers {
                    return events;
                }
            }
        }
    }
    events
}

fn loses(examination: &mut Examination, topic: &str, setting: &str) {
    let detail = examination.say(
        format!("{topic} không giữ thông điệp mãi mãi ({setting}): sau này không dựng lại, đếm lại được từ nhật ký"),
        format!(
            "{topic} does not keep its messages for ever ({setting}): later nothing can be rebuilt or recounted from it"
        ),
    );
    let keep = "retention.ms=-1,retention.bytes=-1,cleanup.policy=delete";
    let command = format!("kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {keep}");
    let remedy = examination.say(format!("Giữ mãi mãi: {command}."), format!("Keep them: {command}."));
    examination.add(("topic", "topic"), Verdict::Warning, detail, remedy);
}

fn store_itself(
    examination: &mut Examination,
    settings: &Settings,
    store: &mut dyn StoreReader,
) -> Result<Vec<Checkpoint>, StoreError> {
    let (records, size, name) = (store.record_count()?, store.size_bytes()?, store.describe());
    let checkpoints = store.checkpoints(&settings.kafka.topic)?;
    let detail = examination.say(
        format!("{name}: {records} hồ sơ, {} MB", size >> 20),
        format!("{name}: {records} records, {} MB", size >> 20),
    );
    examination.good(STORE, detail);
    let what = ("đối soát", "reconciliation");
    // Each by itself: one too many here and one too few there are two defects, not none.
    let wrong: Vec<&Checkpoint> = checkpoints.iter().filter(|at| at.counts.difference() != 0).collect();
    if wrong.is_empty() {
        let read: u64 = checkpoints.iter().map(|checkpoint| checkpoint.counts.read).sum();
        let detail = examination.say(
            format!("{read} bản ghi đã đọc, không thiếu bản nào"),
            format!("{read} records read, none has vanished"),
        );
        examination.good(what, detail);
    }
    for at in wrong {
        let (partition, difference) = (at.partition, at.counts.difference());
        let detail = examination.say(
            format!("phân vùng {partition}: số đã đọc trừ số đã xử lý là {difference}, phải là 0"),
            format!("partition {partition}: records read less records settled is {difference}, not 0"),
        );
        let remedy = examination.say(
            "Dựng lại từ nhật ký và so sánh: giaoban replay.",
            "Rebuild from the log and compare: giaoban replay.",
        );
        examination.add(what, Verdict::Problem, detail, remedy);
    }
    Ok(checkpoints)
}

/// Whether the store is where the log has something to go on from, and how far behind it is.
fn offsets(examination: &mut Examination, log: &Met<'_>, checkpoints: &[Checkpoint], events: &Topic) {
    let nothing = |partition| PartitionRange { partition, low: NextOffset(0), high: NextOffset(0) };
    let mut ranges = events.partitions.clone();
    let unknown = checkpoints.iter().map(|at| at.partition).filter(|id| !ranges.iter().any(|at| at.partition == *id));
    // A partition that the log does not have has nothing.
    let unknown: Vec<PartitionRange> = unknown.map(nothing).collect();
    ranges.extend(unknown);
    let (mut lag, mut wrong) = (0, false);
    for range in &ranges {
        let stored = checkpoints.iter().find(|checkpoint| checkpoint.partition == range.partition);
        let next = stored.map_or(0, |checkpoint| checkpoint.next.0);
        if (range.low.0..=range.high.0).contains(&next) {
            lag += range.high.0 - first_record(log, &events.name, range, next).0;
            continue;
        }
        wrong = true;
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
    }
    if wrong {
        return;
    }
    let (verdict, remedy) = match lag {
        0 => (Verdict::Good, String::new()),
        _ => (Verdict::Warning, examination.say("Chạy worker: giaoban worker.", "Run a worker: giaoban worker.")),
    };
    let detail =
        examination.say(format!("{lag} bản ghi chưa vào kho"), format!("{lag} records are not in the store yet"));
    examination.add(("độ trễ", "lag"), verdict, detail, remedy);
}

/// The first record of a partition from an offset on, or its end if it has none; that offset if nobody can say.
fn first_record(log: &Met<'_>, topic: &str, range: &PartitionRange, from: i64) -> Offset {
    let Met::Open(log) = log else { return Offset(from) };
    let mut first = Offset(range.high.0);
    if from < first.0
        && log.read(topic, range.partition, Offset(from), 1, &mut |message| first = message.position.offset).is_err()
    {
        return Offset(from);
    }
    first
}

#[cfg(test)]
mod tests;

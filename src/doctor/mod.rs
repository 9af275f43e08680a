//! Looks over everything that a pipeline needs and says of each thing whether
//! it is well, and if not, what to do. Changes nothing.

mod permissions;

use std::path::Path;

use jiff::{SignedDuration, Timestamp, tz};

use crate::config::Settings;
use crate::domain::{HANOI, NextOffset, Rules, UnitKind};
use crate::failure::{Explained, Failure};
use crate::files::create_file;
use crate::log::{self, EventLog, LogError, PartitionRange, Topic, first_record, identity_of, still_has};
use crate::store::{AcceptedGap, Checkpoint, Held, StoreError, StoreReader};
use crate::text::{Lang, Text, doctor as says, failure, ingest, names};

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
    Failed(&'a Failure),
}

struct Examination {
    lang: Lang,
    findings: Vec<Finding>,
}

impl Examination {
    fn add(&mut self, what: Text, verdict: Verdict, detail: Text, remedy: Text) {
        let [what, detail, remedy] = [what, detail, remedy].map(|text| text.get(self.lang).to_owned());
        self.findings.push(Finding { what, verdict, detail, remedy });
    }

    fn failed(&mut self, what: Text, verdict: Verdict, error: &dyn Explained) {
        self.add(what, verdict, error.what(), error.remedy());
    }

    fn good(&mut self, what: Text, detail: Text) {
        self.add(what, Verdict::Good, detail, no_remedy());
    }
}

/// No remedy is needed.
fn no_remedy() -> Text {
    Text::same("")
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
    let mut store = open_store();
    let is_bound = store.as_mut().is_ok_and(|store| store.topics().is_ok_and(|read| !read.is_empty()));
    units(&mut examination, rules, now);
    folder(&mut examination, &settings.general.data, |path| fs4::available_space(path));
    let (events, newest) = match log {
        Met::Open(log) => {
            let events = topics(&mut examination, settings, *log, is_bound);
            let newest = events.as_ref().and_then(|events| permissions::look(&mut examination, settings, *log, events));
            (events, newest)
        }
        Met::NotYet => {
            examination.add(says::log(), Verdict::Warning, says::no_events_yet(), says::publish_some());
            (Some(Topic { name: settings.kafka.topic.clone(), partitions: Vec::new(), replication: 1 }), None)
        }
        Met::Failed(failure) => {
            examination.add(says::log(), Verdict::Problem, failure.what().clone(), failure.remedy().clone());
            (None, None)
        }
    };
    clock(&mut examination, now, newest);
    // Whatever the log is like: the store's own health is seen without it.
    let looked = store.and_then(|mut store| {
        let checkpoints = store_itself(&mut examination, settings, &mut *store)?;
        Ok(is_its_log(&mut examination, settings, &mut *store, log).then_some(checkpoints))
    });
    match (looked, events) {
        (Ok(Some(checkpoints)), Some(events)) => offsets(&mut examination, log, &checkpoints, &events),
        (Ok(_), _) => {}
        (Err(error), _) => {
            let missing = matches!(error, StoreError::Missing { .. });
            let verdict = if missing { Verdict::Warning } else { Verdict::Problem };
            examination.failed(says::store(), verdict, &error);
        }
    }
    examination.findings
}

fn units(examination: &mut Examination, rules: &Rules, now: Timestamp) {
    let today = HANOI.to_datetime(now).date();
    let in_force: Vec<UnitKind> =
        rules.units.rows().iter().filter(|row| row.in_force_on(today)).map(|row| row.kind).collect();
    if in_force.is_empty() {
        let (detail, remedy) = (says::no_unit_in_force(today), says::bring_up_to_date());
        return examination.add(says::units(), Verdict::Problem, detail, remedy);
    }
    let calendar = rules.calendar.name();
    let Some(quarter) = rules.calendar.quarter_of(today) else {
        let (detail, remedy) = (says::no_quarter(calendar, today), says::add_quarter());
        return examination.add(says::units(), Verdict::Warning, detail, remedy);
    };
    let counts: Vec<Text> = UnitKind::ALL
        .iter()
        .filter_map(|kind| match in_force.iter().filter(|other| *other == kind).count() {
            0 => None,
            count => Some(says::units_of_kind(count, names::unit_kind(*kind))),
        })
        .collect();
    let (root, fingerprint) = (&rules.units.root().name, &rules.fingerprint().to_string()[..12]);
    let counts = Text::join(&counts, &Text::same(", "));
    examination.good(says::units(), says::rules(root, today, counts, calendar, quarter, fingerprint));
}

/// `newest` is when the log took its newest message, as far as that was seen.
fn clock(examination: &mut Examination, now: Timestamp, newest: Option<Timestamp>) {
    let year = tz::Offset::UTC.to_datetime(now).year();
    let shown = Text::same(now.to_string());
    if year < FIRST_YEAR {
        return examination.add(says::clock(), Verdict::Problem, shown, says::set_clock());
    }
    match newest {
        Some(newest) if newest.duration_since(now) > CLOCKS_DIFFER => {
            let detail = says::ahead_of_clock(now, newest);
            examination.add(says::clock(), Verdict::Problem, detail, says::set_either_clock());
        }
        _ => examination.good(says::clock(), shown),
    }
}

fn folder(examination: &mut Examination, data: &Path, free_in: impl Fn(&Path) -> std::io::Result<u64>) {
    let at = data.display();
    // A folder that is not there yet is made in the nearest one above it that is.
    let there = data.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let probe = there.join(format!(".doctor-{}", std::process::id()));
    if let Err(error) = create_file(&probe).and_then(|_| std::fs::remove_file(&probe)) {
        let detail = Text::same(format!("{}: {error}", there.display()));
        return examination.add(says::folder(), Verdict::Problem, detail, failure::make_writable());
    }
    let free = match free_in(there) {
        Ok(free) => free,
        Err(error) => {
            let detail = Text::same(format!("{at}: {error}"));
            return examination.add(says::folder(), Verdict::Warning, detail, says::check_disk());
        }
    };
    let state = if data.exists() { says::writable() } else { says::not_there_yet() };
    let detail = says::folder_state(at, state, free >> 20);
    if free < LITTLE_DISK {
        examination.add(says::folder(), Verdict::Warning, detail, says::free_disk());
    } else {
        examination.good(says::folder(), detail);
    }
}

/// Looks at both topics; returns that of the events. Of one that a store was made from it is told there that it is gone: to
/// make it anew would not bring it back.
fn topics(examination: &mut Examination, settings: &Settings, log: &dyn EventLog, is_bound: bool) -> Option<Topic> {
    let mut events = None;
    for (index, name) in [&settings.kafka.topic, &settings.kafka.dead_letter_topic].into_iter().enumerate() {
        let found = log.topic(name);
        // What is wrong with one topic says that the log answers; anything else is the log's own.
        let answers = matches!(
            found,
            Ok(_)
                | Err(LogError::NoSuchTopic(_)
                    | LogError::Leaderless { .. }
                    | LogError::Authorization { .. }
                    | LogError::TooLarge { .. })
        );
        if answers && index == 0 {
            examination.good(says::log(), log::described(&log.describe()));
        }
        match found {
            Ok(topic) => {
                let (partitions, copies) = (topic.partitions.len(), topic.replication);
                let messages: i64 = topic.partitions.iter().map(|range| range.high.0 - range.low.0).sum();
                examination.good(says::topic(), says::topic_state(name, partitions, copies, messages));
                // Who may not see a topic's settings is told nothing of them.
                if let Ok(Some(setting)) = log.loses_by(name) {
                    loses(examination, name, &setting);
                }
                if index == 0 {
                    events = Some(topic);
                }
            }
            Err(LogError::NoSuchTopic(_)) if index == 0 && is_bound => {}
            // Who only publishes need not know of the dead letters: see `permissions`.
            Err(LogError::Authorization { .. }) if index == 1 && events.is_some() => {}
            Err(error) => {
                examination.failed(if answers { says::topic() } else { says::log() }, Verdict::Problem, &error);
                if !answers {
                    return events;
                }
            }
        }
    }
    events
}

fn loses(examination: &mut Examination, topic: &str, setting: &str) {
    examination.add(says::topic(), Verdict::Warning, says::loses(topic, setting), says::keep_messages(topic));
}

fn store_itself(
    examination: &mut Examination,
    settings: &Settings,
    store: &mut dyn StoreReader,
) -> Result<Vec<Checkpoint>, StoreError> {
    let (records, size, name) = (store.record_count()?, store.size_bytes()?, store.describe());
    let checkpoints = store.checkpoints(&settings.kafka.topic)?;
    match store.takes_writes() {
        Ok(()) => examination.good(says::store(), says::store_state(name, records, size >> 20)),
        Err(error) => examination.failed(says::store(), Verdict::Problem, &error),
    }
    for AcceptedGap { gap, at_ms, by } in store.gaps()? {
        let when = Timestamp::from_millisecond(at_ms).map(|at| HANOI.to_datetime(at).date().to_string());
        let detail = says::accepted_gap(gap.partition, gap.from, gap.to, gap.messages(), when.unwrap_or_default(), by);
        examination.add(says::gap(), Verdict::Warning, detail, says::fill_gap());
    }
    // Each by itself: one too many here and one too few there are two defects, not none.
    let wrong: Vec<&Checkpoint> = checkpoints.iter().filter(|at| at.counts.difference() != 0).collect();
    if wrong.is_empty() {
        let read: u64 = checkpoints.iter().map(|checkpoint| checkpoint.counts.read).sum();
        examination.good(says::reconciliation(), says::none_vanished(read));
    }
    for at in wrong {
        let detail = says::difference(at.partition, at.counts.difference());
        examination.add(says::reconciliation(), Verdict::Problem, detail, says::rebuild());
    }
    held(examination, settings, store)?;
    Ok(checkpoints)
}

/// Whether the log is the one that the store is made from; of one that cannot be asked that has been told.
fn is_its_log(examination: &mut Examination, settings: &Settings, store: &mut dyn StoreReader, log: &Met<'_>) -> bool {
    let kafka = &settings.kafka;
    let found = match log {
        Met::Open(log) => identity_of(*log, &kafka.topic),
        Met::NotYet => Ok(None),
        Met::Failed(_) => return false,
    };
    let Ok(found) = found else { return false };
    let checked = store.check_log(kafka.log_kind(), &kafka.topic, found.as_ref());
    if let Err(error) = &checked {
        examination.failed(says::its_log(), Verdict::Problem, error);
    }
    checked.is_ok()
}

/// Partitions of which nothing more is taken until somebody decides.
fn held(examination: &mut Examination, settings: &Settings, store: &mut dyn StoreReader) -> Result<(), StoreError> {
    let topic = &settings.kafka.topic;
    let accepted = store.accepted(topic)?;
    for Held { partition, at, first, bad, of, reason, since_ms } in store.held(topic)? {
        let since = Timestamp::from_millisecond(since_ms).map_or_else(|_| String::new(), |time| time.to_string());
        let detail = says::held(bad, of, partition, first, at, reason, since);
        if accepted.iter().any(|accepted| accepted.partition == partition && accepted.to.0 > at.0) {
            examination.add(says::dead_letters(), Verdict::Warning, detail, says::accepted_already());
        } else {
            examination.add(says::dead_letters(), Verdict::Problem, detail, says::accept(partition));
        }
    }
    Ok(())
}

/// Whether the store is where the log has something to go on from, and how far behind it is.
fn offsets(examination: &mut Examination, log: &Met<'_>, checkpoints: &[Checkpoint], events: &Topic) {
    if let Met::Open(log) = log {
        for (partition, offsets) in log.hidden(&events.name).unwrap_or_default() {
            let detail = says::hidden(offsets, partition);
            examination.add(says::lag(), Verdict::Problem, detail, says::end_transaction());
        }
    }
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
        let last = stored.and_then(|at| Some((at.next, at.last_timestamp_ms?)));
        if let (Met::Open(log), Some((next, taken_ms))) = (log, last)
            && still_has(*log, &events.name, range, (next, taken_ms)) == Ok(false)
        {
            wrong = true;
            let detail = ingest::recreated(next, range.partition);
            examination.add(says::offsets(), Verdict::Problem, detail, ingest::publish_again());
            continue;
        }
        if (range.low.0..=range.high.0).contains(&next) {
            let first = match log {
                Met::Open(log) => first_record(*log, &events.name, range, NextOffset(next)),
                _ => NextOffset(next),
            };
            lag += range.high.0 - first.0;
            continue;
        }
        wrong = true;
        let detail = says::outside_log(range.partition, next, range.low, range.high);
        let remedy = if next < range.low.0 { ingest::accept_gap() } else { ingest::publish_again() };
        examination.add(says::offsets(), Verdict::Problem, detail, remedy);
    }
    if wrong {
        return;
    }
    let (verdict, remedy) = match lag {
        0 => (Verdict::Good, no_remedy()),
        _ => (Verdict::Warning, says::run_worker()),
    };
    examination.add(says::lag(), verdict, says::records_to_go(lag), remedy);
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

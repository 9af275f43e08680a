//! What this user may do, and whether that is enough for a producer or a worker.

use jiff::Timestamp;

use super::{Examination, Thing, Verdict};
use crate::config::Settings;
use crate::domain::{LogKind, Offset};
use crate::failure::Explained as _;
use crate::log::{Access, EventLog, Incoming, LogError, Topic};
use crate::text::{Text, doctor as says};

/// Whether this user may do what a producer or a worker has to; returns when the newest message was taken.
pub(super) fn look(
    examination: &mut Examination,
    settings: &Settings,
    log: &dyn EventLog,
    events: &Topic,
) -> Option<Timestamp> {
    let kafka = &settings.kafka;
    let (topic, letters, group) = (kafka.topic.as_str(), kafka.dead_letter_topic.as_str(), kafka.group.as_str());
    let asked = [Access::Write(topic), Access::Read(topic), Access::Join { group, topic }, Access::Write(letters)];
    let mut missing = Vec::new();
    for access in asked {
        match log.may(&access) {
            Ok(()) => {}
            // Told already.
            Err(LogError::NoSuchTopic(_)) => {}
            Err(error @ LogError::Authorization { .. }) => missing.push((access, error)),
            Err(error) => {
                examination.failed(Thing::Permissions, Verdict::NotLookedAt, &error);
                return None;
            }
        }
    }
    let lacks = |access: Access<'_>| missing.iter().any(|(of, _)| *of == access);
    let publishes = !lacks(asked[0]);
    let of_worker = asked[1..].iter().filter(|access| !lacks(**access)).count();
    let lacking = || Text::join(&missing.iter().map(|(_, error)| error.what()).collect::<Vec<_>>(), &Text::same("; "));
    match (publishes, of_worker) {
        (true, 3) => examination.good(Thing::Permissions, &says::enough_for_both()),
        (false, 3) => examination.good(Thing::Permissions, &says::enough_for_worker(lacking())),
        (true, 0) => examination.good(Thing::Permissions, &says::enough_for_publish(lacking())),
        // With a part of a worker's permissions it is a worker's that are missing; with none a producer's.
        (_, of_worker) => {
            let told = missing.iter().filter(|(access, _)| (*access == asked[0]) == (of_worker == 0));
            for (_, error) in told {
                examination.failed(Thing::Permissions, Verdict::Problem, error);
            }
        }
    }
    if lacks(asked[1]) {
        return None;
    }
    newest(examination, settings, log, events)
}

/// When the newest message was taken, as far as it costs little to know.
fn newest(examination: &mut Examination, settings: &Settings, log: &dyn EventLog, events: &Topic) -> Option<Timestamp> {
    let mut newest = None;
    let filled = events.partitions.iter().filter(|range| range.high > range.low);
    // A broker is asked once: each answer costs a connection.
    let most = match settings.kafka.log_kind() {
        LogKind::Embedded => usize::MAX,
        LogKind::Kafka => 1,
    };
    for range in filled.take(most) {
        let mut sink = |message: Incoming<'_>| newest = newest.max(message.timestamp_ms);
        let last = Offset(range.high.0 - 1);
        if let Err(error) = log.read(&settings.kafka.topic, range.partition, last, 1, &mut sink) {
            examination.failed(Thing::Log, Verdict::NotLookedAt, &error);
            return None;
        }
    }
    Timestamp::from_millisecond(newest?).ok()
}

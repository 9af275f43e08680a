//! The topics of events and dead letters: whether they are there, can be read, and keep what they are given.

use super::{Examination, Manner, Thing, Verdict, brokers, group};
use crate::config::Settings;
use crate::files::Inspected;
use crate::log::{self, EventLog, LogError, Topic, loses_by};
use crate::text::doctor as says;

/// Looks at both topics; returns that of the events. Of one that a store was made from it is told there that it is gone: to
/// make it anew would not bring it back.
pub(super) fn look(
    examination: &mut Examination,
    settings: &Settings,
    log: &dyn EventLog,
    is_bound: bool,
) -> Option<Topic> {
    let mut events = None;
    for (index, name) in [&settings.kafka.topic, &settings.kafka.dead_letter_topic].into_iter().enumerate() {
        let found = log.topic(name);
        // What is wrong with one topic says that the log answers; anything else is the log's own.
        let answers = matches!(
            found,
            Ok(_)
                | Err(LogError::NoSuchTopic(_)
                    | LogError::Leaderless { .. }
                    | LogError::Silent { .. }
                    | LogError::Authorization { .. }
                    | LogError::TooLarge { .. })
        );
        if answers && index == 0 {
            examination.good(Thing::Log, &log::described(&log.describe()));
            brokers::addresses(examination, log);
        }
        match found {
            Ok(topic) => {
                let (partitions, copies) = (topic.partitions.len(), topic.replication);
                let messages: i64 = topic.partitions.iter().map(|range| range.high.0 - range.low.0).sum();
                examination.good(Thing::Topic, &says::topic_state(name, partitions, copies, messages));
                kept(examination, log, name);
                if index == 0 {
                    group::look(examination, settings, log);
                    events = Some(topic);
                }
            }
            Err(LogError::NoSuchTopic(_)) if index == 0 && is_bound => {}
            // Who only publishes need not know of the dead letters: see `permissions`.
            Err(LogError::Authorization { .. }) if index == 1 && events.is_some() => {}
            Err(error) => {
                examination.failed(if answers { Thing::Topic } else { Thing::Log }, Verdict::Problem, &error);
                if !answers {
                    return events;
                }
                if matches!(error, LogError::Leaderless { .. } | LogError::Silent { .. }) {
                    kept(examination, log, name);
                }
            }
        }
    }
    events
}

/// Whether a topic keeps its messages, for ever and in step.
fn kept(examination: &mut Examination, log: &dyn EventLog, topic: &str) {
    let settings = match log.settings(topic) {
        Ok(settings) => settings,
        Err(error) => return examination.failed(Thing::Topic, Verdict::NotLookedAt, &error),
    };
    if let Some(setting) = loses_by(&settings) {
        let (detail, remedy) = (says::loses(topic, &setting), says::keep_messages(topic));
        examination.add(Thing::Topic, Verdict::Warning, &detail, &remedy);
    }
    brokers::copies(examination, log, (topic, &settings));
}

/// Reads every page of a log that is a file.
pub(super) fn inspect(examination: &mut Examination, log: &dyn EventLog, manner: &Manner<'_>) {
    match log.inspect(&manner.inspection) {
        None | Some(Ok(Inspected::Whole)) => {}
        Some(Ok(Inspected::Unfinished)) => {
            let seconds = manner.inspection.within.as_secs();
            let detail = says::not_read_whole(log::described(&log.describe()), seconds);
            examination.add(Thing::Log, Verdict::NotLookedAt, &detail, &says::read_longer());
        }
        Some(Err(error)) => examination.failed(Thing::Log, Verdict::Problem, &error),
    }
}

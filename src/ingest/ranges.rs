//! Where partitions begin and end, asked of the log on threads of their own: one whose leader does not answer keeps no
//! other waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::errands::Reply;
use super::notes::GroupNotes;
use crate::domain::Partition;
use crate::log::{EventLog, LogError, Ranges};

/// Answers that come within this time are told together: each start of partitions is some work.
const TOGETHER: Duration = Duration::from_millis(300);
/// A broker that starts knows its topics within this long.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);

/// Asks for the ranges of partitions, once it is known what their worker of before has noted; the answers come as
/// [`Reply::Ranges`], with that number.
///
/// # Errors
/// If no thread can be started.
pub(super) fn ask(
    (log, notes): (&Arc<dyn EventLog>, Option<&Arc<GroupNotes>>),
    topic: &str,
    partitions: &[Partition],
    (round, replies): (u64, Sender<Reply>),
    stop: &Arc<AtomicBool>,
) -> std::io::Result<()> {
    let (log, topic, partitions, stop) = (Arc::clone(log), topic.to_owned(), partitions.to_vec(), Arc::clone(stop));
    let notes = notes.cloned();
    let work = move || {
        if let Some(notes) = notes {
            notes.read();
        }
        let (answers, answered) = channel();
        thread::scope(|scope| {
            for partition in partitions {
                let (log, topic, stop, answers) = (&*log, &topic, &stop, answers.clone());
                scope.spawn(move || {
                    let range = log.range(topic, partition).map_err(|error| once_more(log, topic, stop, error));
                    answers.send((partition, range))
                });
            }
            drop(answers);
            let begun = Instant::now();
            while let Ok(first) = answered.recv() {
                let mut ranges: Ranges = vec![first];
                while let Ok(next) = answered.recv_timeout(TOGETHER.saturating_sub(begun.elapsed())) {
                    ranges.push(next);
                }
                if replies.send(Reply::Ranges(round, ranges)).is_err() {
                    return;
                }
            }
        });
    };
    thread::Builder::new().name("ranges".into()).spawn(work).map(|_| ())
}

/// A topic that is not there is looked for once more: a broker that has just started may not know it yet.
pub(super) fn once_more(log: &dyn EventLog, topic: &str, stop: &AtomicBool, error: LogError) -> LogError {
    let begun = Instant::now();
    while matches!(error, LogError::NoSuchTopic(_)) && !stop.load(Ordering::Relaxed) {
        match log.topic(topic) {
            Err(LogError::NoSuchTopic(_)) if begun.elapsed() > KNOWN_WITHIN => break,
            Err(LogError::NoSuchTopic(_)) => thread::sleep(KNOWN_WITHIN / 5),
            _ => return LogError::Transient(error.into()),
        }
    }
    error
}

//! A topic of one log copied into another, each message to the same partition
//! and offset: so that what a store has noted of the one holds for the other.
//!
//! What lies in the other log already is compared first, and everything at the
//! end: so a copy that was killed resumes where it was, and never past a difference.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::{EventLog, Incoming, LogError, Outgoing, PartitionRange, Producer};
use crate::domain::{NextOffset, Offset, Partition, Position};

/// Messages that are confirmed together. What is larger than the bytes goes alone, so that one
/// that is refused for its size leaves no gap that the next would fill.
const TOGETHER: (usize, usize) = (1_000, 512 << 10);
/// Not much more than so many bytes of memory are taken by messages that are read and not yet sent.
const HELD: usize = 16 << 20;
/// How long the other log may take to confirm.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(60);
/// A difference is found to so many messages.
const MARK_EVERY: u64 = 10_000;
/// What the log adds to a message, at most.
const FRAME: usize = 1 << 10;

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Comparing what is there already.
    Checking,
    /// Copying.
    Copying,
    /// Comparing everything.
    Comparing,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Of the topic.
    pub partitions: usize,
    /// Messages of the first log, all of which are in the other.
    pub messages: u64,
    /// Of these, copied now.
    pub copied: u64,
    /// Of these, published while others were being copied.
    pub late: u64,
    /// Messages that the other log has besides: it has gone on.
    pub ahead: u64,
    /// Of every message compared.
    pub digest: [u8; 32],
}

/// Why a topic is not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Either log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The other log's topic has another number of partitions.
    #[error("topic {topic} has {there} partitions there, not {here}")]
    Partitions {
        /// The topic.
        topic: String,
        /// In the first log.
        here: usize,
        /// In the other.
        there: usize,
    },
    /// The other log's topic has something else.
    #[error("partition {partition} of topic {topic} differs from the source, between offsets {from} and {to}")]
    Differs {
        /// The topic.
        topic: String,
        /// The partition.
        partition: Partition,
        /// Up to here it is the same.
        from: u64,
        /// Up to here it is not.
        to: u64,
    },
    /// A message did not come to lie where it should.
    #[error("message {wanted} of topic {topic} was written at {found} instead")]
    Shifted {
        /// The topic.
        topic: String,
        /// Where it lies in the first log.
        wanted: Position,
        /// Where it lies in the other.
        found: Position,
    },
}

/// Receives the stage, and how many messages of how many.
pub type Tell<'t> = dyn FnMut(Stage, u64, u64) + 't;

/// The size of the largest message of a topic, as a log counts it that frames each.
pub fn largest(log: &dyn EventLog, topic: &str) -> Result<usize, LogError> {
    let mut largest = 0;
    for range in log.topic(topic)?.partitions.into_iter().filter(|range| range.high > range.low) {
        let count = (range.high.0 - range.low.0).unsigned_abs() as usize;
        log.read(topic, range.partition, Offset(range.low.0), count, &mut |incoming| {
            let of = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
            let headers: usize = incoming.headers.iter().map(|(name, value)| name.len() + of(*value) + 16).sum();
            largest = largest.max(of(incoming.key) + of(incoming.payload) + headers + FRAME);
        })?;
    }
    Ok(largest)
}

/// Copies a topic, which both logs have. What the first log is given meanwhile is copied too.
pub fn copy(from: &dyn EventLog, to: &dyn EventLog, topic: &str, tell: &mut Tell<'_>) -> Result<Copied, CopyError> {
    let (mut source, mut target) = (from.topic(topic)?.partitions, to.topic(topic)?.partitions);
    if source.len() != target.len() {
        return Err(CopyError::Partitions { topic: topic.to_owned(), here: source.len(), there: target.len() });
    }
    let both = Both { from, to, topic };
    let mut digest = both.compare(&source, &target, &mut |done, of| tell(Stage::Checking, done, of))?;
    let mut producer = to.producer(topic)?;
    let (mut copied, mut late) = (0, 0);
    loop {
        let all: u64 = source.iter().zip(&target).map(|(source, target)| missing(source, target)).sum();
        let of = copied + all;
        for (source, target) in source.iter().zip(&mut target) {
            while missing(source, target) > 0 {
                let next = both.copy_some(&mut *producer, source, target.high)?;
                copied += (next.0 - target.high.0).unsigned_abs();
                target.high = next;
                tell(Stage::Copying, copied, of);
            }
        }
        let now = from.topic(topic)?.partitions;
        if now == source {
            break;
        }
        late += messages(&now) - messages(&source);
        source = now;
    }
    let target = to.topic(topic)?.partitions;
    if let Some((source, target)) = source.iter().zip(&target).find(|(source, target)| missing(source, target) > 0) {
        let (from, to) = (target.high.0.unsigned_abs(), source.high.0.unsigned_abs());
        return Err(CopyError::Differs { topic: topic.to_owned(), partition: source.partition, from, to });
    }
    if copied > 0 {
        digest = both.compare(&source, &target, &mut |done, of| tell(Stage::Comparing, done, of))?;
    }
    let messages = messages(&source);
    let ahead = target.iter().zip(&source).map(|(target, source)| missing(target, source)).sum();
    Ok(Copied { partitions: source.len(), messages, copied, late, ahead, digest })
}

/// How many messages the second lacks.
fn missing(has: &PartitionRange, lacks: &PartitionRange) -> u64 {
    (has.high.0 - lacks.high.0).max(0).unsigned_abs()
}

fn messages(ranges: &[PartitionRange]) -> u64 {
    ranges.iter().map(|range| (range.high.0 - range.low.0).unsigned_abs()).sum()
}

struct Both<'l> {
    from: &'l dyn EventLog,
    to: &'l dyn EventLog,
    topic: &'l str,
}

impl Both<'_> {
    /// Compares what both have of each partition, message by message.
    fn compare(
        &self,
        source: &[PartitionRange],
        target: &[PartitionRange],
        tell: &mut dyn FnMut(u64, u64),
    ) -> Result<[u8; 32], CopyError> {
        let shared = |(source, target): (&PartitionRange, &PartitionRange)| source.high.min(target.high);
        let of = 2 * source.iter().zip(target).map(shared).map(|end| end.0.unsigned_abs()).sum::<u64>();
        let (mut done, mut digest) = (0, Sha256::new());
        for (source, target) in source.iter().zip(target) {
            let (partition, end) = (source.partition, shared((source, target)));
            let differs = |from, to| CopyError::Differs { topic: self.topic.to_owned(), partition, from, to };
            if target.low != source.low || target.partition != partition {
                return Err(differs(0, target.low.0.unsigned_abs()));
            }
            let mut tell = || {
                done += 1;
                tell(done, of);
            };
            let here = marks(self.from, self.topic, partition, end, &mut tell)?;
            let there = marks(self.to, self.topic, partition, end, &mut tell)?;
            if let Some(index) = here.iter().zip(&there).position(|(here, there)| here != there) {
                let from = index as u64 * MARK_EVERY;
                return Err(differs(from, (from + MARK_EVERY).min(end.0.unsigned_abs())));
            }
            digest.update(here.last().unwrap_or(&[0; 32]));
        }
        Ok(digest.finalize().into())
    }

    /// Copies from an offset on what is confirmed together; returns the next offset.
    fn copy_some(
        &self,
        producer: &mut dyn Producer,
        range: &PartitionRange,
        next: NextOffset,
    ) -> Result<NextOffset, CopyError> {
        let partition = range.partition;
        let count = TOGETHER.0.min((range.high.0 - next.0).unsigned_abs() as usize);
        let (mut messages, mut weight) = (Vec::new(), 0);
        self.from.read(self.topic, partition, Offset(next.0), count, &mut |incoming| {
            // What does not fit is read again with the next ones.
            if weight < HELD {
                let message = outgoing(&incoming);
                weight += message.weight();
                messages.push((incoming.position.offset, message));
            }
        })?;
        let (mut sent, mut bytes, mut next) = (0, 0, next);
        for (offset, message) in messages {
            if sent > 0 && bytes + message.payload.len() > TOGETHER.1 {
                self.confirm(producer, partition, sent)?;
                (sent, bytes) = (0, 0);
            }
            bytes += message.payload.len();
            producer.send(&message, offset.0.unsigned_abs())?;
            (sent, next) = (sent + 1, offset.next());
        }
        self.confirm(producer, partition, sent)?;
        Ok(next)
    }

    /// Waits until everything sent lies where it should.
    fn confirm(&self, producer: &mut dyn Producer, partition: Partition, sent: usize) -> Result<(), CopyError> {
        let mut deliveries = producer.flush(CONFIRMED_WITHIN);
        deliveries.sort_by_key(|delivery| delivery.tag);
        if deliveries.len() < sent {
            let cause = format!("{} of {sent} messages were confirmed by {}", deliveries.len(), self.to.describe());
            return Err(LogError::Transient(cause.into()).into());
        }
        for delivery in deliveries {
            let (found, wanted) = (delivery.result?, Position { partition, offset: Offset(delivery.tag as i64) });
            if found != wanted {
                return Err(CopyError::Shifted { topic: self.topic.to_owned(), wanted, found });
            }
        }
        Ok(())
    }
}

fn outgoing(incoming: &Incoming<'_>) -> Outgoing {
    let headers = incoming.headers.iter().map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec)));
    Outgoing {
        key: incoming.key.map(<[u8]>::to_vec),
        headers: headers.collect(),
        payload: incoming.payload.unwrap_or_default().to_vec(),
        partition: Some(incoming.position.partition),
        timestamp_ms: incoming.timestamp_ms,
    }
}

/// The digest of a partition from its start, at every so many messages and at the end.
fn marks(
    log: &dyn EventLog,
    topic: &str,
    partition: Partition,
    end: NextOffset,
    tell: &mut dyn FnMut(),
) -> Result<Vec<[u8; 32]>, LogError> {
    let (count, mut read) = (end.0.unsigned_abs(), 0);
    let (mut hash, mut marks) = (Sha256::new(), Vec::new());
    if count == 0 {
        return Ok(marks);
    }
    log.read(topic, partition, Offset(0), count as usize, &mut |incoming| {
        add(&mut hash, &incoming);
        read += 1;
        if read % MARK_EVERY == 0 || read == count {
            marks.push(hash.clone().finalize().into());
        }
        tell();
    })?;
    if read < count {
        return Err(LogError::Transient(
            format!("partition {partition} of {topic} was read to {read} of {count}").into(),
        ));
    }
    Ok(marks)
}

/// Everything but the time, which the other log may set itself. Lengths come first, so that
/// nothing can move from one part to the next.
fn add(hash: &mut Sha256, incoming: &Incoming<'_>) {
    let mut part = |bytes: Option<&[u8]>| {
        hash.update(bytes.map_or(u64::MAX, |bytes| bytes.len() as u64).to_le_bytes());
        hash.update(bytes.unwrap_or_default());
    };
    part(Some(&incoming.position.offset.0.to_le_bytes()));
    part(incoming.key);
    part(Some(incoming.payload.unwrap_or_default()));
    part(Some(&(incoming.headers.len() as u64).to_le_bytes()));
    for (name, value) in incoming.headers {
        part(Some(name.as_bytes()));
        part(*value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::embedded::EmbeddedLog;
    use crate::log::{Clock, TopicSpec};

    fn log(partitions: i32) -> (tempfile::TempDir, EmbeddedLog) {
        let dir = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::create(dir.path(), &[]).unwrap();
        let spec = TopicSpec {
            name: "t".into(),
            partitions,
            replication: Some(1),
            max_message_bytes: 1 << 20,
            clock: Clock::Sender,
        };
        log.create_topic(&spec).unwrap();
        (dir, log)
    }

    fn send(log: &EmbeddedLog, numbers: std::ops::Range<u32>, timestamp_ms: Option<i64>) {
        let mut producer = log.producer("t").unwrap();
        for number in numbers {
            let message = Outgoing {
                key: (number % 7 > 0).then(|| vec![number as u8]),
                headers: vec![("h".into(), (number % 3 > 0).then(Vec::new))],
                payload: number.to_string().into_bytes(),
                partition: None,
                timestamp_ms,
            };
            producer.send(&message, 0).unwrap();
        }
        assert!(producer.flush(CONFIRMED_WITHIN).iter().all(|delivery| delivery.result.is_ok()));
    }

    fn all(log: &EmbeddedLog) -> Vec<(Position, Outgoing)> {
        let mut all = Vec::new();
        for partition in 0..3 {
            log.read("t", Partition(partition), Offset(0), 10_000, &mut |incoming| {
                all.push((incoming.position, outgoing(&incoming)));
            })
            .unwrap();
        }
        all
    }

    #[test]
    fn every_message_comes_to_lie_where_it_was_however_often_it_is_copied() {
        let ((_here, from), (_there, to)) = (log(3), log(3));
        send(&from, 0..4_000, Some(1_600_000_000_000));
        let mut told = Vec::new();
        let first = copy(&from, &to, "t", &mut |stage, done, of| told.push((stage, done, of))).unwrap();
        assert_eq!((first.messages, first.copied, first.late, first.ahead), (4_000, 4_000, 0, 0));
        assert_eq!(all(&from), all(&to));
        assert!(told.contains(&(Stage::Copying, 4_000, 4_000)));
        assert_eq!(told.last(), Some(&(Stage::Comparing, 8_000, 8_000)));

        let again = copy(&from, &to, "t", &mut |_, _, _| {}).unwrap();
        assert_eq!(again, Copied { copied: 0, ..first });
        send(&from, 4_000..4_100, None);
        let more = copy(&from, &to, "t", &mut |_, _, _| {}).unwrap();
        assert_eq!((more.messages, more.copied), (4_100, 100));
        assert_eq!(all(&from), all(&to));
        // The other log goes on by itself.
        send(&to, 9_000..9_010, None);
        let ahead = copy(&from, &to, "t", &mut |_, _, _| {}).unwrap();
        assert_eq!((ahead.copied, ahead.ahead), (0, 10));
    }

    #[test]
    fn what_is_published_meanwhile_is_copied_too() {
        let ((_here, from), (_there, to)) = (log(3), log(3));
        send(&from, 0..100, None);
        let mut published = false;
        let copied = copy(&from, &to, "t", &mut |stage, _, _| {
            if stage == Stage::Copying && !std::mem::replace(&mut published, true) {
                send(&from, 100..150, None);
            }
        });
        let copied = copied.unwrap();
        assert_eq!((copied.messages, copied.copied, copied.late), (150, 150, 50));
        assert_eq!(all(&from), all(&to));
    }

    #[test]
    fn nothing_is_written_over_a_difference() {
        let ((_here, from), (_there, to)) = (log(3), log(3));
        send(&from, 0..200, None);
        send(&to, 1..50, None);
        let before = all(&to);
        assert!(matches!(copy(&from, &to, "t", &mut |_, _, _| {}), Err(CopyError::Differs { .. })));
        assert_eq!(all(&to), before);
        let (_other, other) = log(2);
        let wrong = copy(&from, &other, "t", &mut |_, _, _| {});
        assert!(matches!(wrong, Err(CopyError::Partitions { here: 3, there: 2, .. })));
    }

    #[test]
    fn the_largest_message_is_found_with_its_headers() {
        let (_here, from) = log(3);
        assert_eq!(largest(&from, "t").unwrap(), 0);
        let mut producer = from.producer("t").unwrap();
        let headers = vec![("h".to_owned(), Some(vec![0; 5_000]))];
        producer.send(&Outgoing { headers, payload: vec![0; 70_000], ..Outgoing::default() }, 0).unwrap();
        producer.flush(CONFIRMED_WITHIN);
        assert!((75_000..80_000).contains(&largest(&from, "t").unwrap()));
    }
}

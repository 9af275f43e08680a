//! The event log: one trait, two implementations that pass one contract suite.
//!
//! `kafka` is Apache Kafka by way of rdkafka, used nowhere else; `embedded` is a
//! durable partitioned log in a local file. Neither may know what an event means.

pub mod copy;
pub mod embedded;
mod error;
pub mod kafka;
pub mod partitioner;
mod topic;

pub use error::{LogError, described};
pub use topic::{Clock, Difference, MIN_IN_STEP, TopicSpec, loses_by};

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::{LogIdentity, LogKind, NextOffset, Offset, Partition, Position};
use crate::files::{Inspected, Inspection};

/// A message on its way into the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Decides the partition: the unit's code. Without one, any partition.
    pub key: Option<Vec<u8>>,
    /// In order; a value may be null.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// The body.
    pub payload: Vec<u8>,
    /// Where it is to lie, whatever its key: a copy of another log.
    pub partition: Option<Partition>,
    /// When the other log took it, in milliseconds since 1970; else it is now.
    pub timestamp_ms: Option<i64>,
}

impl Outgoing {
    /// Its size in memory, in bytes: of itself and of all that it holds.
    pub fn weight(&self) -> usize {
        let key = self.key.as_ref().map_or(0, Vec::capacity);
        size_of::<Self>() + key + headers_weight(&self.headers) + self.payload.capacity()
    }
}

/// What headers take in memory, in bytes: thousands of tiny ones far more than their text.
pub fn headers_weight(headers: &[(String, Option<Vec<u8>>)]) -> usize {
    let of = |(name, value): &(String, Option<Vec<u8>>)| name.capacity() + value.as_ref().map_or(0, Vec::capacity);
    headers.iter().map(|header| HEADER_WEIGHT + of(header)).sum()
}

/// What a header takes besides its bytes: itself, and its two allocations.
const HEADER_WEIGHT: usize = size_of::<(String, Option<Vec<u8>>)>() + 32;

/// A message as it lies in the log.
#[derive(Clone, Debug)]
pub struct Incoming<'a> {
    /// Where it lies.
    pub position: Position,
    /// When the log took it, in milliseconds since 1970; `None` if the log does not say. By the log's own clock, or by its
    /// producer's where the topic keeps that.
    pub timestamp_ms: Option<i64>,
    /// The same, where it is by the log's own clock.
    pub appended_ms: Option<i64>,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its headers, in order.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
    /// Its body; `None` for a Kafka tombstone.
    pub payload: Option<&'a [u8]>,
}

/// How much is handed over at once: at most so many messages, and none after those that take so many bytes of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Most {
    /// Messages.
    pub messages: usize,
    /// Bytes, as [`Incoming::weight`] counts them. One message is always handed over, however large it is.
    pub bytes: usize,
}

impl Most {
    /// So many messages, whatever they take.
    pub const fn messages(messages: usize) -> Self {
        Self { messages, bytes: usize::MAX }
    }
}

impl Incoming<'_> {
    /// What it takes in memory where it is kept, in bytes: thousands of tiny headers far more than their text.
    pub fn weight(&self) -> usize {
        self.bytes() + self.headers.len() * HEADER_WEIGHT
    }

    /// Its size: key, headers and body, in bytes.
    pub fn bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.map_or(0, <[u8]>::len));
        self.key.map_or(0, <[u8]>::len) + headers.sum::<usize>() + self.payload.map_or(0, <[u8]>::len)
    }
}

/// What became of one message that was sent.
#[derive(Debug)]
pub struct Delivery {
    /// The number that [`Producer::send`] was given.
    pub tag: u64,
    /// Where it lies, once the log has acknowledged it durably; else why not.
    pub result: Result<Position, LogError>,
}

/// Whether [`EventLog::create_topic`] had anything to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// The topic is new.
    New,
    /// It was there before and was left as it was.
    AlreadyThere,
}

/// A topic as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its partitions in order.
    pub partitions: Vec<PartitionRange>,
    /// Copies of each partition.
    pub replication: i32,
}

/// What of a partition can be read now: `low..high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionRange {
    /// The partition.
    pub partition: Partition,
    /// The first message that is still there.
    pub low: NextOffset,
    /// One past the last message.
    pub high: NextOffset,
}

/// Reads the notes of a group as they are now; asked again and again.
pub type Notes = Box<dyn FnMut() -> Result<Vec<String>, LogError> + Send>;

/// What can be read of each partition, as far as the log says.
pub type Ranges = Vec<(Partition, Result<PartitionRange, LogError>)>;

/// The copies of a partition, by the numbers of the brokers that have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copies {
    /// The partition.
    pub partition: Partition,
    /// Who leads it.
    pub leader: Option<i32>,
    /// Who has a copy.
    pub on: Vec<i32>,
    /// Whose copy has all that was acknowledged.
    pub in_step: Vec<i32>,
}

/// The brokers that keep a topic, as those that answer tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keepers {
    /// Where each broker is that is there, `host:port` by its number.
    pub brokers: BTreeMap<i32, String>,
    /// The copies of each partition, in order.
    pub copies: Vec<Copies>,
}

/// A member of a group, as the brokers know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What it calls itself (`client.id`).
    pub client: String,
    /// From where it is connected.
    pub host: String,
    /// Which partitions of the topic it was given.
    pub partitions: Vec<Partition>,
}

/// Who reads a topic as a group, as far as the log tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupState {
    /// Its members; of a group of the newer protocol brokers do not tell them here.
    pub members: Vec<Member>,
    /// The worker that has committed last: its version, host, process, and when; `None` if none has, or only one of
    /// version 0.1.0.
    pub last: Option<String>,
}

/// Who reads: a member of a group that shares the partitions out, or one that takes them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Membership {
    /// A member of that consumer group. The embedded log has one member at a time, and it takes all.
    Group(String),
    /// Every partition, outside any group: a replay or a recount.
    Alone,
}

/// What one call of [`Consumer::poll`] met with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Polled {
    /// That many messages were handed over; 0 if none came in time.
    Messages(usize),
    /// These partitions are now this consumer's, perhaps none; nothing of them comes until
    /// [`Consumer::start`], which is to be called in any case, unless [`Consumer::hold`] is.
    Assigned(Vec<Partition>),
    /// These are to be given up; they stay this consumer's until [`Consumer::release`].
    Revoked(Vec<Partition>),
    /// These were lost (the session timed out, or [`Consumer::renew`]): another may be reading them already.
    /// Answer with [`Consumer::release`] too.
    Lost(Vec<Partition>),
    /// These were read to what was their end: nothing that lies behind what was handed over is a message, though an
    /// offset may be (the mark of a transaction, or what one gave up). A log that has no such offsets need not say it.
    AtEnd(Vec<Partition>),
    /// The topic under this name is another one than before. What was handed over in this call may be
    /// of either; what is handed over until [`Consumer::start`] or [`Consumer::seek`] is of the other.
    Recreated,
}

/// Something that a log may let its user do or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access<'a> {
    /// To read a topic.
    Read(&'a str),
    /// To write a topic.
    Write(&'a str),
    /// To be a member of a group that reads a topic.
    Join {
        /// The group.
        group: &'a str,
        /// What it reads.
        topic: &'a str,
    },
}

/// An event log.
pub trait EventLog: Send + Sync {
    /// What it is, for messages: `Kafka at localhost:9092`, `the embedded log in DIR`.
    fn describe(&self) -> String;

    /// The topic as it is, or [`LogError::NoSuchTopic`].
    fn topic(&self, name: &str) -> Result<Topic, LogError>;

    /// What keeps it.
    fn kind(&self) -> LogKind;

    /// Which log it is that has this topic: what a store is bound to. [`LogError::NoSuchTopic`] if it has none. Asked by a
    /// client of its own each time.
    fn identity(&self, topic: &str) -> Result<LogIdentity, LogError>;
    /// What can be read of one partition now. Of a topic that is there, but has no such partition as far as the log
    /// knows, [`LogError::Transient`]: it may have been added.
    fn range(&self, topic: &str, partition: Partition) -> Result<PartitionRange, LogError> {
        let found = self.topic(topic)?.partitions.into_iter().find(|range| range.partition == partition);
        found.ok_or_else(|| LogError::Transient(format!("{topic} has no partition {partition} yet").into()))
    }

    /// What can be read of each partition of the topic now, or why nobody can say: one without a leader keeps nobody from
    /// hearing of the others.
    fn ranges(&self, topic: &str) -> Result<Ranges, LogError> {
        Ok(self.topic(topic)?.partitions.into_iter().map(|range| (range.partition, Ok(range))).collect())
    }

    /// How many offsets of each partition lie behind the beginning of a transaction that nobody has ended yet, where any
    /// do: what is there is read by nobody. A log without transactions hides nothing.
    fn hidden(&self, _topic: &str) -> Result<Vec<(Partition, i64)>, LogError> {
        Ok(Vec::new())
    }

    /// The topic's settings by name, as far as this user may see them; none of a log that has none.
    fn settings(&self, _topic: &str) -> Result<BTreeMap<String, String>, LogError> {
        Ok(BTreeMap::new())
    }

    /// Who keeps the topic; nobody but itself of a log on one machine.
    fn keepers(&self, _topic: &str) -> Result<Keepers, LogError> {
        Ok(Keepers::default())
    }

    /// Which addresses of the settings take no connection, each with why not.
    fn silent_addresses(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// Who reads the topic as that group. A log without groups knows nobody.
    fn group(&self, _group: &str, _topic: &str) -> Result<GroupState, LogError> {
        Ok(GroupState::default())
    }

    /// Reads every page of it, where it is a file of this machine; `None` where it is none.
    fn inspect(&self, _inspection: &Inspection<'_>) -> Option<Result<Inspected, LogError>> {
        None
    }

    /// Makes a topic that keeps its messages for ever.
    fn create_topic(&self, spec: &TopicSpec) -> Result<Created, LogError>;

    /// A producer for one topic.
    fn producer(&self, topic: &str) -> Result<Box<dyn Producer>, LogError>;

    /// A consumer of one topic.
    fn consumer(&self, topic: &str, membership: &Membership) -> Result<Box<dyn Consumer>, LogError>;

    /// Reads what members of a group have noted last of each partition, by [`Consumer::commit_hint`]. A log that has one
    /// member at a time keeps no notes.
    fn notes(&self, _topic: &str, _group: &str) -> Result<Notes, LogError> {
        Ok(Box::new(|| Ok(Vec::new())))
    }

    /// Whether that is allowed, found out without changing anything; [`LogError::Authorization`] if not.
    /// A log without users allows everything.
    fn may(&self, _access: &Access<'_>) -> Result<(), LogError> {
        Ok(())
    }

    /// The messages of a partition from an offset on, at most `count`, outside any group. Fewer, or none, only where
    /// no more follow now.
    fn read(
        &self,
        topic: &str,
        partition: Partition,
        from: Offset,
        count: usize,
        sink: &mut dyn FnMut(Incoming<'_>),
    ) -> Result<usize, LogError>;
}

/// The first record of a partition from an offset on, or its end if it has none: behind the last record may lie marks of
/// transactions. That offset if nobody can say.
pub fn first_record(log: &dyn EventLog, topic: &str, range: &PartitionRange, from: NextOffset) -> NextOffset {
    let mut first = range.high;
    let mut sink = |message: Incoming<'_>| first = NextOffset(message.position.offset.0);
    if from < range.high && log.read(topic, range.partition, Offset(from.0), 1, &mut sink).is_err() {
        return from;
    }
    first
}

/// Whether the record right before an offset is the one that the log took at that time, in milliseconds since 1970: else
/// the log has lost it, and has another in its place. Where there is no record to look at, nothing speaks against it.
///
/// # Errors
/// If the log cannot be read.
pub fn still_has(
    log: &dyn EventLog,
    topic: &str,
    range: &PartitionRange,
    (next, taken_ms): (NextOffset, i64),
) -> Result<bool, LogError> {
    let mut same = true;
    if range.low < next && next <= range.high {
        log.read(topic, range.partition, Offset(next.0 - 1), 1, &mut |message| {
            same = message.position.offset.next() != next || message.timestamp_ms == Some(taken_ms);
        })?;
    }
    Ok(same)
}

/// Which log it is that has this topic; `None` if it has none.
///
/// # Errors
/// If the log cannot be asked.
pub fn identity_of(log: &dyn EventLog, topic: &str) -> Result<Option<LogIdentity>, LogError> {
    match log.identity(topic) {
        Err(LogError::NoSuchTopic(_)) => Ok(None),
        found => found.map(Some),
    }
}

/// Writes to one topic. Messages with the same key keep their order.
pub trait Producer: Send {
    /// Hands one message over; waits while the queue is full. That it was taken
    /// is known only by its [`Delivery`].
    fn send(&mut self, message: &Outgoing, tag: u64) -> Result<(), LogError>;

    /// Lets what was sent go, where it would wait for more; does not wait for what becomes of it.
    fn hurry(&mut self) {}

    /// What has been decided since the last call, in no order, without waiting.
    fn deliveries(&mut self) -> Vec<Delivery>;

    /// Waits until everything sent is decided, or the time is up; returns as [`Producer::deliveries`].
    /// What is undecided by then comes as a failed delivery.
    fn flush(&mut self, timeout: Duration) -> Vec<Delivery>;
}

/// Reads one topic; one thread owns it.
pub trait Consumer: Send {
    /// Waits at most `timeout` for something to happen and hands at most `max` messages to `sink`.
    fn poll(&mut self, timeout: Duration, most: Most, sink: &mut dyn FnMut(Incoming<'_>)) -> Result<Polled, LogError>;

    /// Answers [`Polled::Assigned`]: read these partitions from these offsets.
    fn start(&mut self, from: &[(Partition, NextOffset)]) -> Result<(), LogError>;

    /// Answers [`Polled::Revoked`] and [`Polled::Lost`]: these are given up.
    fn release(&mut self, partitions: &[Partition]) -> Result<(), LogError>;

    /// Goes on from another offset of a partition that is this consumer's.
    fn seek(&mut self, partition: Partition, to: NextOffset) -> Result<(), LogError>;

    /// Nothing comes of these until each is sought; the others go on. Of those that are not started yet this too answers
    /// [`Polled::Assigned`], unless that was of none.
    fn hold(&mut self, partitions: &[Partition]) -> Result<(), LogError>;

    /// Nothing comes of any partition until [`Consumer::resume`]; polling goes on.
    fn pause(&mut self) -> Result<(), LogError>;

    /// Undoes [`Consumer::pause`]; what is held stays so.
    fn resume(&mut self) -> Result<(), LogError>;

    /// Tells the log how far the store has got, a hint for monitoring and never the truth, with a note for the others of the
    /// group: see [`EventLog::notes`].
    fn commit_hint(&mut self, offsets: &[(Partition, NextOffset)], note: &str);

    /// One past the last message of each partition that is this consumer's, as
    /// last heard; cheap, for lag.
    fn ends(&mut self) -> Vec<(Partition, NextOffset)>;

    /// How many offsets of each partition that is this consumer's lie behind the beginning of a transaction that nobody has
    /// ended yet, where any do, as last heard; cheap. See [`EventLog::hidden`].
    fn hidden(&mut self) -> Vec<(Partition, i64)> {
        Vec::new()
    }

    /// Which partitions that are this consumer's nobody has led for some seconds who answers; cheap. Of their ends, and of
    /// what is hidden, is known only what was heard before.
    fn unavailable(&mut self) -> Vec<Partition> {
        Vec::new()
    }

    /// Whether it is a member of a group in which others have all partitions, as last heard, where that is not told by
    /// [`Polled::Assigned`]; cheap.
    fn stands_by(&mut self) -> bool {
        false
    }

    /// Whether the log was there when last heard; cheap.
    fn connected(&mut self) -> bool {
        true
    }

    /// Makes its client anew, which may never have a broker again where another has one: what it has comes as
    /// [`Polled::Lost`], and then is given out anew. A log without clients has nothing to do.
    fn renew(&mut self) {}

    /// Leaves the group; takes at most a few seconds even if no broker answers.
    fn close(self: Box<Self>);
}

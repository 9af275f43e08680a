//! The event log on one machine: a durable partitioned log in a SQLite file.
//!
//! Publishers write while a worker reads, each from a process of its own. What
//! is acknowledged was committed with `synchronous=FULL`: it survives `kill -9`
//! and a power cut. Nothing has to be set up: its topics are made with the file, and later on purpose only.

mod consumer;
mod file;
mod headers;
mod producer;

use std::time::Instant;

use self::consumer::EmbeddedConsumer;
pub use self::file::EmbeddedLog;
use self::file::MAX_MESSAGE_BYTES;
use self::producer::EmbeddedProducer;
use super::{
    Consumer, Created, EventLog, Incoming, LogError, Membership, Most, PartitionRange, Producer, Topic, TopicSpec,
};
use crate::domain::{LogIdentity, LogKind, NextOffset, Offset, Partition};
use crate::files::sqlite::{OpenFiles, inspect};
use crate::files::{Inspected, Inspection};

impl EventLog for EmbeddedLog {
    fn describe(&self) -> String {
        format!("the embedded log {}", self.path.display())
    }

    fn topic(&self, name: &str) -> Result<Topic, LogError> {
        let connection = self.connect()?;
        let (count, ..) = self.shape(&connection, name)?;
        let range = |partition| {
            let high = self.end(&connection, name, Partition(partition))?;
            Ok(PartitionRange { partition: Partition(partition), low: NextOffset(0), high })
        };
        let partitions = (0..count).map(range).collect::<Result<_, LogError>>()?;
        Ok(Topic { name: name.to_owned(), partitions, replication: 1 })
    }

    fn kind(&self) -> LogKind {
        LogKind::Embedded
    }

    fn identity(&self, topic: &str) -> Result<LogIdentity, LogError> {
        let (.., id) = self.shape(&self.connect()?, topic)?;
        Ok(LogIdentity { kind: LogKind::Embedded, topic: topic.to_owned(), topic_id: Some(id), cluster_id: None })
    }

    fn inspect(&self, inspection: &Inspection<'_>) -> Option<Result<Inspected, LogError>> {
        let inspected =
            self.connect().and_then(|connection| inspect(&connection, inspection).map_err(|error| self.error(error)));
        Some(inspected)
    }

    fn create_topic(&self, spec: &TopicSpec) -> Result<Created, LogError> {
        self.make_topic(
            &self.connect_in_use()?,
            &spec.name,
            spec.partitions.max(1),
            spec.max_message_bytes.max(MAX_MESSAGE_BYTES),
        )
    }

    fn producer(&self, topic: &str) -> Result<Box<dyn Producer>, LogError> {
        let connection = self.connect_in_use()?;
        let (partitions, max_message_bytes, _) = self.shape(&connection, topic)?;
        Ok(Box::new(EmbeddedProducer {
            log: self.clone(),
            connection,
            topic: topic.to_owned(),
            partitions,
            max_message_bytes,
            without_key: 0,
            queue: Vec::new(),
            queued: 0,
            decided: Vec::new(),
        }))
    }

    fn consumer(&self, topic: &str, _membership: &Membership) -> Result<Box<dyn Consumer>, LogError> {
        let connection = self.connect_in_use()?;
        let (partitions, ..) = self.shape(&connection, topic)?;
        Ok(Box::new(EmbeddedConsumer {
            log: self.clone(),
            connection,
            topic: topic.to_owned(),
            unassigned: (0..partitions).map(Partition).collect(),
            reading: Vec::new(),
            turn: 0,
            drained_at: None,
            paused: false,
            files: OpenFiles::of(&self.path),
            looked_at: Instant::now(),
            held: std::collections::BTreeSet::new(),
        }))
    }

    fn read(
        &self,
        topic: &str,
        partition: Partition,
        from: Offset,
        count: usize,
        sink: &mut dyn FnMut(Incoming<'_>),
    ) -> Result<usize, LogError> {
        self.read_from(&self.connect()?, (topic, partition, from.0), Most::messages(count), sink)
    }
}

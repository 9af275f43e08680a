//! An embedded log whose client that reads loses its broker for good, while every other is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use giaoban::domain::{LogIdentity, LogKind, NextOffset, Offset, Partition};
use giaoban::log::embedded::EmbeddedLog;
use giaoban::log::{
    Consumer, Created, EventLog, Incoming, LogError, Membership, Most, Polled, Producer, Topic, TopicSpec,
};

use super::until;

pub struct LonelyLog {
    log: EmbeddedLog,
    /// Whether a client that is made anew has a broker.
    helps: bool,
    alone: Arc<AtomicBool>,
    /// Whether the client has met with that.
    noticed: Arc<AtomicBool>,
    renewed: Arc<AtomicUsize>,
}

impl LonelyLog {
    pub fn of(log: EmbeddedLog, helps: bool) -> Arc<Self> {
        Arc::new(Self { log, helps, alone: Arc::default(), noticed: Arc::default(), renewed: Arc::default() })
    }

    /// The client that reads has no broker any more: what comes from now on it is not told.
    pub fn leave_alone(&self) {
        self.alone.store(true, Ordering::Relaxed);
        until("a poll of nothing", Duration::from_secs(60), || self.noticed.load(Ordering::Relaxed));
    }

    /// How often it was made anew.
    pub fn renewed(&self) -> usize {
        self.renewed.load(Ordering::Relaxed)
    }
}

impl EventLog for LonelyLog {
    fn describe(&self) -> String {
        self.log.describe()
    }

    fn topic(&self, name: &str) -> Result<Topic, LogError> {
        self.log.topic(name)
    }

    fn kind(&self) -> LogKind {
        self.log.kind()
    }

    fn identity(&self, topic: &str) -> Result<LogIdentity, LogError> {
        self.log.identity(topic)
    }

    fn create_topic(&self, spec: &TopicSpec) -> Result<Created, LogError> {
        self.log.create_topic(spec)
    }

    fn producer(&self, topic: &str) -> Result<Box<dyn Producer>, LogError> {
        self.log.producer(topic)
    }

    fn consumer(&self, topic: &str, membership: &Membership) -> Result<Box<dyn Consumer>, LogError> {
        let another = {
            let (log, topic, membership) = (self.log.clone(), topic.to_owned(), membership.clone());
            move || log.consumer(&topic, &membership)
        };
        Ok(Box::new(LonelyConsumer {
            client: another()?,
            another: Box::new(another),
            helps: self.helps,
            alone: Arc::clone(&self.alone),
            noticed: Arc::clone(&self.noticed),
            renewed: Arc::clone(&self.renewed),
            given: Vec::new(),
            renewing: false,
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
        self.log.read(topic, partition, from, count, sink)
    }
}

struct LonelyConsumer {
    client: Box<dyn Consumer>,
    another: Box<dyn Fn() -> Result<Box<dyn Consumer>, LogError> + Send>,
    helps: bool,
    alone: Arc<AtomicBool>,
    noticed: Arc<AtomicBool>,
    renewed: Arc<AtomicUsize>,
    given: Vec<Partition>,
    renewing: bool,
}

impl Consumer for LonelyConsumer {
    fn poll(&mut self, timeout: Duration, most: Most, sink: &mut dyn FnMut(Incoming<'_>)) -> Result<Polled, LogError> {
        if self.renewing && !self.given.is_empty() {
            return Ok(Polled::Lost(self.given.clone()));
        }
        if self.renewing {
            self.client = (self.another)()?;
            self.renewing = false;
            self.alone.fetch_and(!self.helps, Ordering::Relaxed);
        }
        if self.alone.load(Ordering::Relaxed) {
            self.noticed.store(true, Ordering::Relaxed);
            std::thread::sleep(timeout);
            return Ok(Polled::Messages(0));
        }
        let polled = self.client.poll(timeout, most, sink)?;
        if let Polled::Assigned(partitions) = &polled {
            self.given.clone_from(partitions);
        }
        Ok(polled)
    }

    fn start(&mut self, from: &[(Partition, NextOffset)]) -> Result<(), LogError> {
        self.client.start(from)
    }

    fn release(&mut self, partitions: &[Partition]) -> Result<(), LogError> {
        self.given.retain(|partition| !partitions.contains(partition));
        self.client.release(partitions)
    }

    fn seek(&mut self, partition: Partition, to: NextOffset) -> Result<(), LogError> {
        self.client.seek(partition, to)
    }

    fn hold(&mut self, partitions: &[Partition]) -> Result<(), LogError> {
        self.client.hold(partitions)
    }

    fn pause(&mut self) -> Result<(), LogError> {
        self.client.pause()
    }

    fn resume(&mut self) -> Result<(), LogError> {
        self.client.resume()
    }

    fn commit_hint(&mut self, offsets: &[(Partition, NextOffset)], note: &str) {
        self.client.commit_hint(offsets, note);
    }

    fn ends(&mut self) -> Vec<(Partition, NextOffset)> {
        self.client.ends()
    }

    fn connected(&mut self) -> bool {
        !self.alone.load(Ordering::Relaxed)
    }

    fn renew(&mut self) {
        self.renewed.fetch_add(1, Ordering::Relaxed);
        self.renewing = true;
    }

    fn close(self: Box<Self>) {
        self.client.close();
    }
}

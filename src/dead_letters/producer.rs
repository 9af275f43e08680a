//! Where dead letters go: each is confirmed by the log, or the first that is not
//! is named with the cause.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::message::{DeadLetter, ROOM_BYTES};
use crate::domain::Position;
use crate::failure::{Explained, FailureKind};
use crate::log::{Delivery, EventLog, LogError, Producer};
use crate::text::{Text, ingest as text};

/// Longer than a message waits in the producer, which then says why.
const DEAD_LETTERS_WITHIN: Duration = Duration::from_secs(50);

/// A dead letter is not taken, so the message cannot be passed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct DeadLetterRefused {
    /// The topic of dead letters.
    pub topic: String,
    /// Where the message lies in the events' topic.
    pub position: Position,
    /// Why it is not taken.
    pub cause: LogError,
}

crate::failure::shown_as_explained!(DeadLetterRefused);

impl Explained for DeadLetterRefused {
    fn kind(&self) -> FailureKind {
        self.cause.kind()
    }

    fn what(&self) -> Text {
        let Self { topic, position, cause } = self;
        text::dead_letter_refused(position.offset, position.partition, topic, cause.what())
    }

    fn remedy(&self) -> Text {
        match &self.cause {
            // Beside its message a dead letter has headers.
            LogError::TooLarge { bytes, .. } => text::raise_limit(&self.topic, (2 * bytes).max(ROOM_BYTES)),
            cause => cause.remedy(),
        }
    }
}

/// Sends dead letters.
pub struct DeadLetterProducer {
    log: Arc<dyn EventLog>,
    /// `None` if they are only counted.
    topic: Option<String>,
    /// Made with the first letter.
    producer: Option<Box<dyn Producer>>,
}

impl DeadLetterProducer {
    /// To that topic; without one letters are only counted.
    pub fn new(log: Arc<dyn EventLog>, topic: Option<String>) -> Self {
        Self { log, topic, producer: None }
    }

    /// Sends the letters of that topic's messages and waits until each is confirmed.
    pub fn keep(&mut self, events: &str, letters: &[DeadLetter]) -> Result<(), DeadLetterRefused> {
        let Some(topic) = self.topic.clone() else { return Ok(()) };
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let all: Vec<&DeadLetter> = letters.iter().collect();
        let refused = self.send(events, &all, now_ms);
        // The limit of a topic is one on messages that travel together: alone each may pass.
        let (too_large, others): (Vec<_>, Vec<_>) =
            refused.into_iter().partition(|(_, cause)| matches!(cause, LogError::TooLarge { .. }));
        let alone = too_large.into_iter().flat_map(|(letter, _)| self.send(events, &[letter], now_ms));
        match others.into_iter().chain(alone).next() {
            Some((letter, cause)) => {
                // It may have given up for good, where another can go on.
                self.producer = None;
                Err(DeadLetterRefused { topic, position: letter.position, cause })
            }
            None => Ok(()),
        }
    }

    /// The letters that were not taken, with the causes.
    fn send<'l>(&mut self, events: &str, letters: &[&'l DeadLetter], now_ms: i64) -> Vec<(&'l DeadLetter, LogError)> {
        let unanswered = || LogError::Transient("no acknowledgement".into());
        let mut undecided: BTreeMap<u64, &'l DeadLetter> = BTreeMap::new();
        let mut refused = Vec::new();
        let mut send = || -> Result<(), LogError> {
            undecided.extend((0..).zip(letters.iter().copied()));
            let Some(producer) = self.producer()? else { return Ok(()) };
            let mut settle = |deliveries: Vec<Delivery>| {
                for delivery in deliveries {
                    if let (Some(letter), Err(cause)) = (undecided.remove(&delivery.tag), delivery.result) {
                        refused.push((letter, cause));
                    }
                }
            };
            for (tag, letter) in (0..).zip(letters) {
                producer.send(&letter.outgoing(events, now_ms), tag)?;
                settle(producer.deliveries());
            }
            settle(producer.flush(DEAD_LETTERS_WITHIN));
            Ok(())
        };
        let cause = send().err().unwrap_or_else(unanswered);
        refused.extend(undecided.into_values().map(|letter| (letter, cause.clone())));
        refused
    }

    fn producer(&mut self) -> Result<Option<&mut Box<dyn Producer>>, LogError> {
        let Some(topic) = &self.topic else { return Ok(None) };
        if self.producer.is_none() {
            self.producer = Some(self.log.producer(topic)?);
        }
        Ok(self.producer.as_mut())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::domain::{LogIdentity, LogKind, Offset, Partition};
    use crate::log::{Consumer, Created, Incoming, Membership, Outgoing, Topic, TopicSpec};
    use crate::wire::{Code, ValidationError};

    /// A log whose first producer has given up for good.
    #[derive(Default)]
    struct Log {
        producers: AtomicUsize,
    }

    struct Client {
        works: bool,
        decided: Vec<Delivery>,
    }

    impl EventLog for Log {
        fn describe(&self) -> String {
            "a log".into()
        }
        fn topic(&self, name: &str) -> Result<Topic, LogError> {
            Err(LogError::NoSuchTopic(name.to_owned()))
        }
        fn kind(&self) -> LogKind {
            LogKind::Embedded
        }
        fn identity(&self, topic: &str) -> Result<LogIdentity, LogError> {
            Err(LogError::NoSuchTopic(topic.to_owned()))
        }
        fn create_topic(&self, _: &TopicSpec) -> Result<Created, LogError> {
            Ok(Created::New)
        }
        fn producer(&self, _: &str) -> Result<Box<dyn Producer>, LogError> {
            let works = self.producers.fetch_add(1, Ordering::Relaxed) > 0;
            Ok(Box::new(Client { works, decided: Vec::new() }))
        }
        fn consumer(&self, topic: &str, _: &Membership) -> Result<Box<dyn Consumer>, LogError> {
            Err(LogError::NoSuchTopic(topic.to_owned()))
        }
        fn read(
            &self,
            _: &str,
            _: Partition,
            _: Offset,
            _: usize,
            _: &mut dyn FnMut(Incoming<'_>),
        ) -> Result<usize, LogError> {
            Ok(0)
        }
    }

    impl Producer for Client {
        fn send(&mut self, _: &Outgoing, tag: u64) -> Result<(), LogError> {
            let position = Position { partition: Partition(0), offset: Offset(tag as i64) };
            let result = if self.works { Ok(position) } else { Err(LogError::Transient("given up".into())) };
            self.decided.push(Delivery { tag, result });
            Ok(())
        }
        fn deliveries(&mut self) -> Vec<Delivery> {
            std::mem::take(&mut self.decided)
        }
        fn flush(&mut self, _: Duration) -> Vec<Delivery> {
            self.deliveries()
        }
    }

    #[test]
    fn a_producer_that_has_given_up_is_made_anew() {
        let position = Position { partition: Partition(2), offset: Offset(7) };
        let message = Incoming { position, timestamp_ms: None, key: None, headers: &[], payload: None };
        let letters = [DeadLetter::new(&message, vec![ValidationError::new(Code::JsonSyntax, "", "x", "")])];
        let mut producer = DeadLetterProducer::new(Arc::new(Log::default()), Some("dlq".into()));
        let refused = producer.keep("events", &letters).unwrap_err();
        assert_eq!((refused.position, refused.cause), (position, LogError::Transient("given up".into())));
        assert_eq!(producer.keep("events", &letters), Ok(()));
        assert_eq!(producer.keep("events", &letters), Ok(()));
    }

    fn refused(topic: &str, cause: LogError) -> DeadLetterRefused {
        let position = Position { partition: Partition(0), offset: Offset(7) };
        DeadLetterRefused { topic: topic.into(), position, cause }
    }

    #[test]
    fn a_refusal_is_explained_in_both_languages() {
        let causes = [LogError::NoSuchTopic("dlq".into()), LogError::TooLarge { bytes: 1, cause: "cause".into() }];
        crate::failure::tests::hold_to_promises(&causes.map(|cause| refused("dlq", cause)), |_| false);
    }

    #[test]
    fn a_dead_letter_that_is_too_large_names_the_limit_that_it_needs() {
        let remedy = refused("my.dlq", LogError::TooLarge { bytes: 3 << 20, cause: "".into() }).remedy().en;
        assert!(remedy.contains("--entity-name my.dlq --add-config max.message.bytes=6291456"), "{remedy}");
    }
}

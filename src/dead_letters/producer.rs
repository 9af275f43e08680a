//! Where dead letters go: each is confirmed by the log, or the first of its parcel
//! that is not is named with the cause. Parcels do not wait for one another.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::message::{DeadLetter, ROOM_BYTES};
use crate::domain::Position;
use crate::failure::{Explained, FailureKind};
use crate::log::{EventLog, LogError, Producer};
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

/// What became of a parcel: its number, and whether each of its letters is kept.
pub type Settled = (u64, Result<(), DeadLetterRefused>);

/// Sends dead letters.
pub struct DeadLetterProducer {
    log: Arc<dyn EventLog>,
    /// The topic of the messages.
    events: String,
    /// `None` if they are only counted.
    topic: Option<String>,
    parcels: BTreeMap<u64, Parcel>,
    together: Sending,
    /// The limit of a topic is one on messages that travel together: what was too large goes once more by itself.
    alone: Sending,
    too_large: VecDeque<Letter>,
    sent: u64,
}

/// Letters whose fate is told at once.
struct Parcel {
    undecided: usize,
    refused: Option<DeadLetterRefused>,
}

struct Letter {
    parcel: u64,
    letter: DeadLetter,
    since: Instant,
}

/// A client with what it was given.
#[derive(Default)]
struct Sending {
    /// Made with the first letter.
    producer: Option<Box<dyn Producer>>,
    undecided: BTreeMap<u64, Letter>,
}

impl DeadLetterProducer {
    /// For messages of the topic `events`, to `topic`; without one letters are only counted.
    pub fn new(log: Arc<dyn EventLog>, events: &str, topic: Option<String>) -> Self {
        Self {
            log,
            events: events.to_owned(),
            topic,
            parcels: BTreeMap::new(),
            together: Sending::default(),
            alone: Sending::default(),
            too_large: VecDeque::new(),
            sent: 0,
        }
    }

    /// Sends the letters of a parcel; what becomes of it is told by [`DeadLetterProducer::settled`].
    pub fn send(&mut self, parcel: u64, letters: Vec<DeadLetter>) {
        let undecided = if self.topic.is_some() { letters.len() } else { 0 };
        self.parcels.insert(parcel, Parcel { undecided, refused: None });
        if undecided > 0 {
            for letter in letters {
                self.give(Letter { parcel, letter, since: Instant::now() }, false);
            }
            self.together.producer.iter_mut().for_each(|producer| producer.hurry());
        }
    }

    /// Whether any parcel is not told of yet.
    pub fn waits(&self) -> bool {
        !self.parcels.is_empty()
    }

    /// The parcels whose letters are all decided since the last call, without waiting.
    pub fn settled(&mut self) -> Vec<Settled> {
        self.decide(false);
        self.decide(true);
        if self.alone.undecided.is_empty()
            && let Some(letter) = self.too_large.pop_front()
        {
            self.give(letter, true);
            self.alone.producer.iter_mut().for_each(|producer| producer.hurry());
        }
        let settled = |_: &u64, parcel: &mut Parcel| parcel.undecided == 0;
        self.parcels.extract_if(.., settled).map(|(id, parcel)| (id, parcel.refused.map_or(Ok(()), Err))).collect()
    }

    fn give(&mut self, letter: Letter, alone: bool) {
        let Some(topic) = &self.topic else { return };
        let sending = if alone { &mut self.alone } else { &mut self.together };
        self.sent += 1;
        let outgoing = letter.letter.outgoing(&self.events, jiff::Timestamp::now().as_millisecond());
        let result = match &mut sending.producer {
            Some(producer) => producer.send(&outgoing, self.sent),
            none => self.log.producer(topic).and_then(|producer| none.insert(producer).send(&outgoing, self.sent)),
        };
        match result {
            Ok(()) => drop(sending.undecided.insert(self.sent, letter)),
            Err(cause) => self.refuse(&letter, cause, alone),
        }
    }

    /// Takes what has been decided.
    fn decide(&mut self, alone: bool) {
        let sending = if alone { &mut self.alone } else { &mut self.together };
        let Some(producer) = &mut sending.producer else { return };
        let mut refused = Vec::new();
        for delivery in producer.deliveries() {
            let Some(letter) = sending.undecided.remove(&delivery.tag) else { continue };
            match delivery.result {
                Ok(_) => decided(&mut self.parcels, letter.parcel, None),
                Err(LogError::TooLarge { .. }) if !alone => self.too_large.push_back(letter),
                Err(cause) => refused.push((letter, cause)),
            }
        }
        if sending.undecided.values().any(|letter| letter.since.elapsed() > DEAD_LETTERS_WITHIN) {
            sending.producer = None;
            let unanswered = std::mem::take(&mut sending.undecided).into_values();
            refused.extend(unanswered.map(|letter| (letter, LogError::Transient("no acknowledgement".into()))));
        }
        for (letter, cause) in refused {
            self.refuse(&letter, cause, alone);
        }
    }

    fn refuse(&mut self, letter: &Letter, cause: LogError, alone: bool) {
        let sending = if alone { &mut self.alone } else { &mut self.together };
        // It may have given up for good, where another can go on.
        if sending.undecided.is_empty() {
            sending.producer = None;
        }
        let (topic, position) = (self.topic.clone().unwrap_or_default(), letter.letter.position);
        decided(&mut self.parcels, letter.parcel, Some(DeadLetterRefused { topic, position, cause }));
    }
}

/// One letter more of a parcel is decided; of several refusals the first is told.
fn decided(parcels: &mut BTreeMap<u64, Parcel>, parcel: u64, refused: Option<DeadLetterRefused>) {
    if let Some(parcel) = parcels.get_mut(&parcel) {
        parcel.undecided -= 1;
        parcel.refused = parcel.refused.take().or(refused);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::domain::{LogIdentity, LogKind, Offset, Partition};
    use crate::log::{Consumer, Created, Delivery, Incoming, Membership, Outgoing, Topic, TopicSpec};
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

    /// Sends one letter, and what becomes of it.
    fn keep(producer: &mut DeadLetterProducer, letter: &DeadLetter) -> Result<(), DeadLetterRefused> {
        producer.send(7, vec![letter.clone()]);
        assert!(producer.waits());
        let mut settled = producer.settled();
        assert!(!producer.waits());
        assert_eq!((settled.len(), settled[0].0), (1, 7));
        settled.remove(0).1
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
        let message =
            Incoming { position, timestamp_ms: None, appended_ms: None, key: None, headers: &[], payload: None };
        let letter = DeadLetter::new(&message, vec![ValidationError::new(Code::JsonSyntax, "", "x", "")]);
        let mut producer = DeadLetterProducer::new(Arc::new(Log::default()), "events", Some("dlq".into()));
        let refused = keep(&mut producer, &letter).unwrap_err();
        assert_eq!((refused.position, refused.cause), (position, LogError::Transient("given up".into())));
        assert_eq!(keep(&mut producer, &letter), Ok(()));
        assert_eq!(keep(&mut producer, &letter), Ok(()));
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

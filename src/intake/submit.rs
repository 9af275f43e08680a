//! Checked events into the log, and what became of each: a line counts as taken once the log has acknowledged it
//! durably, and as refused if it has not. Reports in the order of the input, and knows nothing of who listens.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use super::check::{CheckedLines, Checker, GoodEvent, as_sent};
use super::contradiction::Seen;
use super::event::{InputLine, Unreadable};
use crate::domain::{Position, UnitCode};
use crate::log::{Delivery, LogError, Outgoing, Producer};
use crate::wire::decode::Glimpse;
use crate::wire::encode::Draft;
use crate::wire::{Code, Message, STRUCTURED, ValidationError};

/// Everything sent is decided within this time, or counts as not taken.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(60);

/// At most so many lines are held, and so many bytes of memory, whatever the log does: more than its own queue takes.
const HELD: (usize, usize) = (200_000, 256 << 20);

/// After so many lines [`Notice::Progress`] comes.
const PROGRESS: u64 = 1024;

/// What is wrong where the log does not say.
const NO_ACKNOWLEDGEMENT: &str = "no acknowledgement";

/// What became of the lines of an input.
#[derive(Clone, Debug, Default)]
pub struct Submitted {
    /// So many lie in the log.
    pub taken: u64,
    /// So many do not.
    pub refused: u64,
    /// Why the input could not be read to its end.
    pub unread: Option<Unreadable>,
}

/// What is reported while an input is submitted.
#[derive(Debug)]
pub enum Notice<'a> {
    /// Some lines more were read.
    Progress,
    /// A line says something else of a record's revision than one before it. Both are taken, only one counts.
    Contradiction {
        /// The line.
        line: u64,
        /// The input of the one before it: 0 for the first that was submitted.
        other_input: usize,
        /// The one before it.
        other_line: u64,
        /// Who keeps the record.
        source: String,
        /// The record's number.
        subject: String,
    },
    /// A line does not lie in the log; these come in the order of the input.
    Refused {
        /// The line.
        line: &'a InputLine,
        /// Why not: at least one error.
        errors: &'a [ValidationError],
    },
    /// The input holds no event: it counts as one that was refused, but there is no line to correct.
    Empty {
        /// That it is.
        error: &'a ValidationError,
    },
}

/// A line whose turn to be reported has not come: one before it is undecided, or it is itself.
struct Held {
    line: InputLine,
    fate: Fate,
    /// What it takes in memory, in bytes, when it comes here.
    weight: usize,
}

/// What becomes of a line.
enum Fate {
    /// The log has not answered yet.
    Sent,
    Taken,
    Refused(Vec<ValidationError>),
}

impl Fate {
    fn weight(&self) -> usize {
        match self {
            Self::Sent | Self::Taken => 0,
            Self::Refused(errors) => errors.iter().map(ValidationError::weight).sum(),
        }
    }
}

/// A producer with the lines that it was given.
pub struct Submission {
    producer: Box<dyn Producer>,
    /// The event on its way.
    message: Outgoing,
    /// In the order of the input.
    held: VecDeque<Held>,
    held_bytes: usize,
    /// The tag of the next line.
    next: u64,
    /// Why the log takes nothing more.
    broken: Option<LogError>,
    seen: Seen,
    /// How many inputs were submitted, with the one that is being read.
    inputs: usize,
}

impl Submission {
    /// With that producer. One submission may take several inputs: contradictions between them are reported, too.
    pub fn new(producer: Box<dyn Producer>) -> Self {
        Self {
            producer,
            message: event_message(None, Vec::new()),
            held: VecDeque::new(),
            held_bytes: 0,
            next: 0,
            broken: None,
            seen: Seen::default(),
            inputs: 0,
        }
    }

    /// Submits the lines of an input, and returns once each is decided. After a failure of the log every line is
    /// refused: [`Submission::finish`] says why.
    ///
    /// # Errors
    ///
    /// Whatever `report` fails with.
    pub fn take<E>(
        &mut self,
        mut lines: CheckedLines,
        mut report: impl FnMut(Notice<'_>) -> Result<(), E>,
    ) -> Result<Submitted, E> {
        self.inputs += 1;
        let mut tally = Submitted::default();
        for (mut line, event) in lines.by_ref() {
            let fate = match event {
                Ok(good) => {
                    if let Some(contradiction) = self.contradiction(&line, &good) {
                        report(contradiction)?;
                    }
                    self.send(&mut line, good)
                }
                Err(errors) => Fate::Refused(errors),
            };
            let weight = size_of::<Held>() + line.bytes.capacity() + fate.weight();
            self.held_bytes += weight;
            self.held.push_back(Held { line, fate, weight });
            self.next += 1;
            if self.next.is_multiple_of(PROGRESS) {
                report(Notice::Progress)?;
                let deliveries = self.producer.deliveries();
                self.settle(deliveries);
                self.release(&mut tally, &mut report)?;
            }
            if self.held.len() >= HELD.0 || self.held_bytes >= HELD.1 {
                self.confirm();
                self.release(&mut tally, &mut report)?;
            }
        }
        tally.unread = lines.unread();
        self.confirm();
        self.release(&mut tally, &mut report)?;
        if tally.taken + tally.refused == 0 && tally.unread.is_none() {
            tally.refused = 1;
            report(Notice::Empty { error: &ValidationError::new(Code::FileEmpty, "", "", "") })?;
        }
        Ok(tally)
    }

    /// Ends the submission.
    ///
    /// # Errors
    ///
    /// Where the log failed on the way.
    pub fn finish(self) -> Result<(), LogError> {
        self.broken.map_or(Ok(()), Err)
    }

    fn contradiction<'n>(&mut self, line: &InputLine, good: &GoodEvent) -> Option<Notice<'n>> {
        let (other_input, other_line) = self.seen.add(good.mark, (self.inputs - 1, line.number))?;
        let event = good.event.as_deref().unwrap_or(&line.bytes);
        let Glimpse { source, subject, .. } = Glimpse::of(&Message::structured(event));
        let (source, subject) = (source.unwrap_or_default(), subject.unwrap_or_default());
        Some(Notice::Contradiction { line: line.number, other_input, other_line, source, subject })
    }

    fn send(&mut self, line: &mut InputLine, good: GoodEvent) -> Fate {
        if self.broken.is_none() {
            self.message.key = good.key.map(|code| code.as_str().as_bytes().to_vec());
            let is_line = good.event.is_none();
            // Lent, not copied: the producer takes its own copy.
            self.message.payload = good.event.unwrap_or_else(|| mem::take(&mut line.bytes));
            self.broken = self.producer.send(&self.message, self.next).err();
            if is_line {
                line.bytes = mem::take(&mut self.message.payload);
            }
        }
        match &self.broken {
            None => Fate::Sent,
            Some(_) => Fate::Refused(vec![not_taken(NO_ACKNOWLEDGEMENT)]),
        }
    }

    /// Waits until every line is decided.
    fn confirm(&mut self) {
        let deliveries = self.producer.flush(CONFIRMED_WITHIN);
        self.settle(deliveries);
        // What no answer came for is not taken: the receipt has it, and sending it again is harmless.
        for held in self.held.iter_mut().filter(|held| matches!(held.fate, Fate::Sent)) {
            held.fate = Fate::Refused(vec![not_taken(NO_ACKNOWLEDGEMENT)]);
        }
    }

    fn settle(&mut self, deliveries: Vec<Delivery>) {
        let first = self.next - self.held.len() as u64;
        for delivery in deliveries {
            let index = delivery.tag.checked_sub(first).map(|index| index as usize);
            let Some(held) = index.and_then(|index| self.held.get_mut(index)) else { continue };
            held.fate = match delivery.result {
                Ok(_) => Fate::Taken,
                Err(error) => {
                    let refusal = not_taken(&error.to_string());
                    self.broken.get_or_insert(error);
                    Fate::Refused(vec![refusal])
                }
            };
        }
    }

    /// Counts the lines that are decided, up to the first that is not, and reports those refused.
    fn release<E>(
        &mut self,
        tally: &mut Submitted,
        report: &mut impl FnMut(Notice<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while self.held.front().is_some_and(|first| !matches!(first.fate, Fate::Sent)) {
            let Some(Held { line, fate, weight }) = self.held.pop_front() else { break };
            self.held_bytes -= weight;
            match fate {
                Fate::Refused(errors) => {
                    tally.refused += 1;
                    report(Notice::Refused { line: &line, errors: &errors })?;
                }
                _ => tally.taken += 1,
            }
        }
        Ok(())
    }
}

/// The message of one event, checked.
///
/// # Errors
///
/// Every rule that it breaks: at least one.
pub fn checked_message(checker: &Checker, draft: &Draft) -> Result<Outgoing, Vec<ValidationError>> {
    let payload = draft.to_json();
    let message = Message::structured(&payload);
    let event = checker.event(&message)?;
    as_sent(&message, event.partition_key.as_ref()).fits().map_err(|error| vec![error])?;
    Ok(event_message(event.partition_key.as_ref().map(UnitCode::as_str), payload))
}

/// Submits one message, and returns where it lies.
///
/// # Errors
///
/// Where the log does not acknowledge it.
pub fn submit_one(producer: &mut dyn Producer, message: &Outgoing) -> Result<Position, LogError> {
    producer.send(message, 0)?;
    let delivery = producer.flush(CONFIRMED_WITHIN).pop();
    delivery.ok_or_else(|| LogError::Transient(NO_ACKNOWLEDGEMENT.into()))?.result
}

/// An event in structured mode on its way into the log.
pub fn event_message(key: Option<&str>, payload: Vec<u8>) -> Outgoing {
    let headers = vec![("content-type".to_owned(), Some(STRUCTURED.as_bytes().to_vec()))];
    Outgoing { key: key.map(|key| key.as_bytes().to_vec()), headers, payload, ..Outgoing::default() }
}

fn not_taken(cause: &str) -> ValidationError {
    ValidationError::new(Code::DeliveryFailed, "", cause, "")
}

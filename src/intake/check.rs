//! Events checked by every rule: a single one, or those of an input on a thread of their own while those before are
//! sent. Knows nothing of where they go.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread::{Builder, JoinHandle, sleep};
use std::time::Duration;

use super::event::{InputLine, Unreadable};
use super::limit::{InputLimit, REFUSED_BYTES, REMARK_BYTES};
use super::reader::EventReader;
use crate::domain::{Rules, UnitCode};
use crate::wire::decode::Mark;
use crate::wire::{Admission, Decoder, Event, Message, STRUCTURED, ValidationError};

/// At most so many lines are checked ahead: as large as they may be, 32 MiB with their events.
const AHEAD: usize = 256;

/// What events are checked by.
#[derive(Clone, Debug)]
pub struct Checker {
    rules: Arc<Rules>,
    admission: Admission,
}

/// A line and its event, or every rule that it breaks.
pub type CheckedLine = (InputLine, Result<GoodEvent, Vec<ValidationError>>);

/// An event that keeps every rule.
pub struct GoodEvent {
    /// The unit's code, if it has one.
    pub key: Option<UnitCode>,
    /// Of which revision, and of what it says.
    pub mark: Mark,
    /// The event, where it is not the line itself.
    pub event: Option<Vec<u8>>,
}

impl Checker {
    /// By these rules and what an operator has decided.
    pub fn new(rules: Arc<Rules>, admission: Admission) -> Self {
        Self { rules, admission }
    }

    /// Checks one message.
    ///
    /// # Errors
    ///
    /// Every rule that it breaks: at least one.
    pub fn event(&self, message: &Message<'_>) -> Result<Event, Vec<ValidationError>> {
        Decoder::new().decode(message, &self.rules, &self.admission)
    }

    /// Starts to read and check on a thread.
    ///
    /// # Errors
    ///
    /// Where the system gives no thread.
    pub fn lines(&self, reader: EventReader) -> io::Result<CheckedLines> {
        let Self { rules, admission } = self.clone();
        let (out, checked) = sync_channel(AHEAD);
        let thread = Builder::new().name("check".into()).spawn(move || {
            let mut decoder = Decoder::new();
            let mut check = |line: &InputLine, event: Option<Vec<u8>>| {
                let message = Message::structured(event.as_deref().unwrap_or(&line.bytes));
                let (key, mark) = decoder.mark(&message, &rules, &admission)?;
                as_sent(&message, key.as_ref()).fits().map_err(|error| vec![error])?;
                Ok(GoodEvent { key, mark, event })
            };
            let (mut refused, mut refused_bytes, mut good) = (0_u64, 0, 0);
            for next in reader {
                let (line, event) = match next {
                    Ok(next) => next,
                    Err(unreadable) => return Some(unreadable),
                };
                let event = event.and_then(|event| check(&line, event));
                match &event {
                    Ok(_) => good += 1,
                    Err(errors) => {
                        refused += 1;
                        refused_bytes += line.bytes.len() as u64 + REMARK_BYTES * errors.len() as u64;
                    }
                }
                if refused_bytes > REFUSED_BYTES && refused > good {
                    return Some(Unreadable { after_line: line.number - 1, cause: InputLimit::Refused.into() });
                }
                // Nobody listens any more: the command failed.
                if out.send((line, event)).is_err() {
                    break;
                }
            }
            None
        })?;
        Ok(CheckedLines { lines: checked, thread })
    }
}

/// An event as it goes into the log: with its key and the header of the structured form.
pub(super) fn as_sent<'a>(message: &Message<'a>, key: Option<&'a UnitCode>) -> Message<'a> {
    Message { key: key.map(|key| key.as_str().as_bytes()), headers: &SENT, payload: message.payload }
}

const SENT: [(&str, Option<&[u8]>); 1] = [("content-type", Some(STRUCTURED.as_bytes()))];

/// The checked lines of a file, in its order.
pub struct CheckedLines {
    lines: Receiver<CheckedLine>,
    thread: JoinHandle<Option<Unreadable>>,
}

impl CheckedLines {
    /// Why the file could not be read to its end, once there is no next line.
    pub fn unread(self) -> Option<Unreadable> {
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Iterator for CheckedLines {
    type Item = CheckedLine;

    /// The next line; waits for it.
    fn next(&mut self) -> Option<CheckedLine> {
        match self.lines.try_recv() {
            Ok(checked) => Some(checked),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => {
                let first = self.lines.recv().ok()?;
                // To be woken costs more than a line: some more are to be there by then.
                sleep(Duration::from_millis(1));
                Some(first)
            }
        }
    }
}

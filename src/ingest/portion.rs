//! The messages of one poll: held until all of them are decoded, by two threads
//! where there are many, and bounded in bytes before they are read.
//!
//! Nothing stays here from one poll to the next, so there is nothing on its way
//! when a partition is sought or given up.

use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::thread::{available_parallelism, scope};

use super::machine::Decoded;
use crate::domain::{Position, Rules};
use crate::log::{Incoming, Most};
use crate::wire::decode::Decoder;
use crate::wire::{Admission, Message};

/// How much one poll hands over: so much is held until it is decoded.
pub(super) const MOST: Most = Most { messages: 1000, bytes: 1 << 20 };
/// Fewer messages are decoded by one thread.
const FEW: usize = 100;

/// The messages of one poll.
pub(super) struct Portion {
    held: Held,
    decoders: [Decoder; 2],
    rules: Arc<Rules>,
    admission: Admission,
    /// Whether two threads are faster than one.
    several_cores: bool,
}

/// Messages copied out of the client's memory, one after the other.
#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    /// Names of headers.
    names: String,
    headers: Vec<(Range<usize>, Option<Range<usize>>)>,
    messages: Vec<HeldMessage>,
}

/// Where a message's parts lie.
struct HeldMessage {
    position: Position,
    timestamp_ms: Option<i64>,
    appended_ms: Option<i64>,
    key: Option<Range<usize>>,
    payload: Option<Range<usize>>,
    headers: Range<usize>,
}

impl Portion {
    pub(super) fn new(rules: Arc<Rules>, admission: Admission) -> Self {
        Self {
            held: Held::default(),
            decoders: [Decoder::new(), Decoder::new()],
            rules,
            admission,
            several_cores: available_parallelism().is_ok_and(|cores| cores > NonZero::<usize>::MIN),
        }
    }

    /// A message came.
    pub(super) fn push(&mut self, message: &Incoming<'_>) {
        self.held.push(message);
    }

    /// Hands over every message with its event, in the order in which they came, and forgets them.
    pub(super) fn decode(&mut self, mut sink: impl FnMut(&Incoming<'_>, Decoded)) {
        let Self { held, decoders: [here, beside], rules, admission, .. } = self;
        let count = held.messages.len();
        if count == 0 {
            return;
        }
        let (rules, admission, held) = (&**rules, &*admission, &*held);
        let decode = |decoder: &mut Decoder, range: Range<usize>| {
            let mut decoded = Vec::with_capacity(range.len());
            held.each(range, |message| {
                let message = Message { key: message.key, headers: message.headers, payload: message.payload };
                decoded.push(decoder.decode(&message, rules, admission));
            });
            decoded
        };
        let halves = match self.several_cores && count >= FEW {
            true => scope(|scope| {
                let first = scope.spawn(|| decode(beside, 0..count / 2));
                let second = decode(here, count / 2..count);
                [first.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), second]
            }),
            false => [decode(here, 0..count), Vec::new()],
        };
        let mut decoded = halves.into_iter().flatten();
        held.each(0..count, |message| {
            if let Some(decoded) = decoded.next() {
                sink(message, decoded);
            }
        });
        self.held.clear();
    }
}

impl Held {
    fn push(&mut self, message: &Incoming<'_>) {
        let Self { bytes, names, headers, messages } = self;
        let mut hold = |part: &[u8]| {
            let begin = bytes.len();
            bytes.extend_from_slice(part);
            begin..bytes.len()
        };
        let first = headers.len();
        headers.extend(message.headers.iter().map(|(name, value)| {
            let begin = names.len();
            names.push_str(name);
            (begin..names.len(), value.map(&mut hold))
        }));
        messages.push(HeldMessage {
            position: message.position,
            timestamp_ms: message.timestamp_ms,
            appended_ms: message.appended_ms,
            key: message.key.map(&mut hold),
            payload: message.payload.map(&mut hold),
            headers: first..headers.len(),
        });
    }

    /// Each of those messages.
    fn each(&self, range: Range<usize>, mut act: impl FnMut(&Incoming<'_>)) {
        let part = |range: &Range<usize>| &self.bytes[range.clone()];
        let mut headers = Vec::new();
        for message in &self.messages[range] {
            headers.clear();
            let parts = &self.headers[message.headers.clone()];
            headers.extend(parts.iter().map(|(name, value)| (&self.names[name.clone()], value.as_ref().map(part))));
            act(&Incoming {
                position: message.position,
                timestamp_ms: message.timestamp_ms,
                appended_ms: message.appended_ms,
                key: message.key.as_ref().map(part),
                headers: &headers,
                payload: message.payload.as_ref().map(part),
            });
        }
    }

    /// Forgets the messages, keeps the room.
    fn clear(&mut self) {
        self.bytes.clear();
        self.names.clear();
        self.headers.clear();
        self.messages.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Calendar, Offset, Partition, UnitTable};
    use crate::wire::{STRUCTURED, ValidationError};

    fn portion() -> Portion {
        let units = UnitTable::from_csv(
            "code,name,kind,parent_code,valid_from,valid_to\n01,Hà Nội,city,,2020-01-01,\n",
            "from_code,to_code,effective_on,extent,basis\n",
        );
        Portion::new(Arc::new(Rules::new(units.unwrap(), Calendar::Decree09)), Admission::new())
    }

    fn message<'a>(offset: i64, headers: &'a [(&'a str, Option<&'a [u8]>)], payload: &'a [u8]) -> Incoming<'a> {
        let position = Position { partition: Partition(0), offset: Offset(offset) };
        Incoming {
            position,
            timestamp_ms: Some(offset),
            appended_ms: None,
            key: Some(b"01"),
            headers,
            payload: Some(payload),
        }
    }

    #[test]
    fn messages_come_back_whole_and_in_their_order_however_many_threads_decode_them() {
        let mut portion = portion();
        for count in [1, FEW - 1, FEW, MOST.messages] {
            let payload = |offset: usize| format!("{{\"specversion\":{offset}}}");
            for offset in 0..count {
                let name = format!("x_{offset}");
                let headers =
                    [(name.as_str(), Some(&b"x"[..])), ("content-type", Some(STRUCTURED.as_bytes())), ("none", None)];
                portion.push(&message(offset as i64, &headers, payload(offset).as_bytes()));
            }
            let mut seen = 0;
            portion.decode(|message, decoded| {
                assert_eq!(message.position.offset, Offset(seen as i64));
                assert_eq!(message.payload, Some(payload(seen).as_bytes()));
                assert_eq!(
                    message.headers,
                    [
                        (format!("x_{seen}").as_str(), Some(&b"x"[..])),
                        ("content-type", Some(STRUCTURED.as_bytes())),
                        ("none", None)
                    ]
                );
                assert_eq!((message.key, message.timestamp_ms), (Some(&b"01"[..]), Some(seen as i64)));
                let of_this =
                    |error: &ValidationError| error.pointer == "/specversion" && error.found == seen.to_string();
                assert!(decoded.unwrap_err().iter().any(of_this));
                seen += 1;
            });
            assert_eq!(seen, count);
            portion.decode(|_, _| panic!("nothing is left"));
        }
    }
}

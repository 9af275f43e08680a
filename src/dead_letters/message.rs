//! A message that is not a valid event, with all that is needed to send it again.

use crate::domain::Position;
use crate::log::{Incoming, Outgoing, headers_weight};
use crate::text::Lang;
use crate::wire::{REDRIVE, ValidationError};

/// What the worker says of a dead letter, in headers that begin with this.
pub const PREFIX: &str = "giaoban_dlq_";
/// What follows [`PREFIX`], in this order, after every header of the message itself.
pub const SAID: [&str; 6] = ["topic", "partition", "offset", "reason", "detail", "time"];
/// What follows these where the message had no body.
pub const TOMBSTONE: &str = "tombstone";
/// Before a header of the message itself that is called as one of the worker's would be: nobody else speaks in its name.
pub const SENT: &str = "giaoban_sent_";
/// How large a message the dead-letter topic is to take: the largest message of the events' topic
/// with what is wrong with it.
pub const ROOM_BYTES: usize = 4 << 20;
/// What is wrong is described in at most this many bytes; decoding again gives the rest.
const DETAIL_BYTES: usize = 16 << 10;

/// What a header of a message is called in its dead letter.
fn sent_name(name: &str) -> String {
    if name.starts_with(PREFIX) || name.starts_with(SENT) { format!("{SENT}{name}") } else { name.to_owned() }
}

/// Whether a message had been a dead letter and was sent again.
pub fn was_redriven(message: &Incoming<'_>) -> bool {
    message.headers.iter().any(|(name, _)| *name == REDRIVE)
}

/// A message, and why it is not a valid event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it lies in the events' topic.
    pub position: Position,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its headers, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Its body; `None` for a tombstone.
    pub payload: Option<Vec<u8>>,
    /// What is wrong with it, at least one thing.
    pub errors: Vec<ValidationError>,
}

impl DeadLetter {
    /// Of a message that breaks rules.
    pub fn new(message: &Incoming<'_>, errors: Vec<ValidationError>) -> Self {
        let own = |(name, value): &(&str, Option<&[u8]>)| ((*name).to_owned(), value.map(<[u8]>::to_vec));
        Self {
            position: message.position,
            key: message.key.map(<[u8]>::to_vec),
            headers: message.headers.iter().map(own).collect(),
            payload: message.payload.map(<[u8]>::to_vec),
            errors,
        }
    }

    /// The code of the first thing that is wrong.
    pub fn reason(&self) -> &'static str {
        self.errors.first().map_or("unknown", |error| error.code.as_str())
    }

    /// Its size in memory, in bytes: of itself and of all that it holds, thousands of tiny headers and what is wrong with
    /// them included.
    pub fn weight(&self) -> usize {
        let bytes = |part: &Option<Vec<u8>>| part.as_ref().map_or(0, Vec::capacity);
        let errors: usize = self.errors.iter().map(ValidationError::weight).sum();
        size_of::<Self>() + bytes(&self.key) + bytes(&self.payload) + headers_weight(&self.headers) + errors
    }

    /// As it goes to the dead-letter topic: key, headers and body as they were,
    /// and after them `giaoban_dlq_*` headers that say where it came from, why it is here,
    /// and since when (milliseconds since 1970). Topic, partition and offset
    /// tell a letter that was sent twice.
    pub fn outgoing(&self, topic: &str, now_ms: i64) -> Outgoing {
        let mut why = String::new();
        for line in self.errors.iter().map(|error| error.message(Lang::En)) {
            if why.len() + line.len() > DETAIL_BYTES {
                why += &format!("\n… {} errors in all", self.errors.len());
                break;
            }
            why += if why.is_empty() { "" } else { "\n" };
            why += &line;
        }
        let theirs = |(name, value): &(String, Option<Vec<u8>>)| (sent_name(name), value.clone());
        let ours = |(name, value): (&str, String)| (format!("{PREFIX}{name}"), Some(value.into_bytes()));
        let said = [
            topic.to_owned(),
            self.position.partition.to_string(),
            self.position.offset.to_string(),
            self.reason().to_owned(),
            why,
            now_ms.to_string(),
        ];
        let without_body = self.payload.is_none().then(|| (TOMBSTONE, "true".to_owned()));
        let headers =
            self.headers.iter().map(theirs).chain(SAID.into_iter().zip(said).chain(without_body).map(ours)).collect();
        let payload = self.payload.clone().unwrap_or_default();
        Outgoing { key: self.key.clone(), headers, payload, ..Outgoing::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Offset, Partition};
    use crate::wire::Code;

    #[test]
    fn all_of_a_message_weighs() {
        let weight = |key: usize, header: usize, payload: usize| {
            let parts = [vec![b'k'; key], vec![b'h'; header], vec![b'p'; payload]];
            let headers = [("h", Some(&*parts[1]))];
            let position = Position { partition: Partition(0), offset: Offset(0) };
            let message = Incoming {
                position,
                timestamp_ms: None,
                appended_ms: None,
                key: Some(&parts[0]),
                headers: &headers,
                payload: Some(&parts[2]),
            };
            DeadLetter::new(&message, vec![ValidationError::new(Code::JsonSyntax, "", "x", "")]).weight()
        };
        let light = weight(0, 0, 0);
        assert_eq!([weight(1_000, 0, 0), weight(0, 1_000, 0), weight(0, 0, 1_000)], [light + 1_000; 3]);
    }

    #[test]
    fn thousands_of_tiny_headers_and_long_errors_weigh_as_much_as_they_take() {
        let headers: Vec<(&str, Option<&[u8]>)> = vec![("h", Some(&b""[..])); 10_000];
        let position = Position { partition: Partition(0), offset: Offset(0) };
        let message =
            Incoming { position, timestamp_ms: None, appended_ms: None, key: None, headers: &headers, payload: None };
        let of = |allowed: usize| {
            let error = ValidationError::new(Code::SourceNotAllowed, "/source", "x", "a".repeat(allowed));
            DeadLetter::new(&message, vec![error]).weight()
        };
        assert!(of(0) > 10_000 * size_of::<(String, Option<Vec<u8>>)>());
        assert!(of(50_000) >= of(0) + 50_000);
    }
}

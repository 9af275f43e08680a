//! A message that is no event, with all that is needed to send it again.

use crate::domain::Position;
use crate::log::{Incoming, Outgoing};
use crate::wire::{Breach, Lang};

/// Headers of a dead letter begin with this; what follows is fixed.
pub const PREFIX: &str = "giaoban_dlq_";

/// A message, and why it is no event.
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
    pub breaches: Vec<Breach>,
}

impl DeadLetter {
    /// Of a message that breaks rules.
    pub fn new(message: &Incoming<'_>, breaches: Vec<Breach>) -> Self {
        let own = |(name, value): &(&str, Option<&[u8]>)| ((*name).to_owned(), value.map(<[u8]>::to_vec));
        Self {
            position: message.position,
            key: message.key.map(<[u8]>::to_vec),
            headers: message.headers.iter().map(own).collect(),
            payload: message.payload.map(<[u8]>::to_vec),
            breaches,
        }
    }

    /// The code of the first thing that is wrong.
    pub fn reason(&self) -> &'static str {
        self.breaches.first().map_or("unknown", |breach| breach.code.as_str())
    }

    /// Its size in memory, roughly, in bytes.
    pub fn weight(&self) -> usize {
        let headers: usize =
            self.headers.iter().map(|(name, value)| name.len() + value.as_ref().map_or(0, Vec::len)).sum();
        self.payload.as_ref().map_or(0, Vec::len) + headers + 256
    }

    /// As it goes to the dead-letter topic: key, headers and body as they were,
    /// and `giaoban_dlq_*` headers that say where it came from, why it is here,
    /// and since when (milliseconds since 1970). Topic, partition and offset
    /// tell a letter that was sent twice.
    pub fn outgoing(&self, topic: &str, now_ms: i64) -> Outgoing {
        let why = self.breaches.iter().map(|breach| breach.message(Lang::En)).collect::<Vec<_>>().join("\n");
        let mut headers = self.headers.clone();
        let mut add = |name: &str, value: String| headers.push((format!("{PREFIX}{name}"), Some(value.into_bytes())));
        add("topic", topic.to_owned());
        add("partition", self.position.partition.to_string());
        add("offset", self.position.offset.to_string());
        add("reason", self.reason().to_owned());
        add("detail", why);
        add("time", now_ms.to_string());
        if self.payload.is_none() {
            add("tombstone", "true".to_owned());
        }
        Outgoing { key: self.key.clone(), headers, payload: self.payload.clone().unwrap_or_default() }
    }
}

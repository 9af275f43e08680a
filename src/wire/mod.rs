//! The contract with producers: CloudEvents in, typed events out, and every
//! error of a rule with its code, place and remedy.
//!
//! Pure: knows JSON and the domain's types and rules, nothing of how a message came.

mod authority;
mod data;
pub mod decode;
pub mod digest;
pub mod encode;
mod envelope;
pub mod flat;
mod name;
pub mod schema;
pub mod spec;
mod time;
pub mod validation_error;
mod value;

pub use authority::{Admission, NoSystem};
pub use decode::Decoder;
pub use encode::Draft;
pub use name::is_name;
pub use spec::{EventType, FieldSpec, Kind, TYPES, TypeSpec};
pub use validation_error::ValidationError;

pub use crate::text::codes::Code;

use jiff::Timestamp;

use crate::domain::{Digest, Fact, RecordKey, Revision, UnitCode};

/// The largest message that is taken, in bytes: key, headers and value together.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// The header of a message that had been a dead letter and was sent again: which, as `partition:offset`.
pub const REDRIVE: &str = "giaoban_redrive";
/// Name and longest value of that header. So much of a message that has it counts for nothing: what was taken once is
/// not too large when it is sent again.
const REDRIVE_BYTES: usize = REDRIVE.len() + "2147483647:9223372036854775807".len();

/// The content type of an event in structured mode.
pub const STRUCTURED: &str = "application/cloudevents+json";

/// One message in either content mode of the Kafka or HTTP binding.
#[derive(Clone, Copy, Debug, Default)]
pub struct Message<'a> {
    /// The Kafka key. It says nothing that the event does not; it only weighs.
    pub key: Option<&'a [u8]>,
    /// Header names and values; `ce_type` (Kafka) and `ce-type` (HTTP) are the same, in any case. Values are UTF-8: the
    /// percent-encoding of HTTP is undone by whoever speaks HTTP.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
    /// The body; `None` for a Kafka tombstone.
    pub payload: Option<&'a [u8]>,
}

impl<'a> Message<'a> {
    /// An event in the structured form, as it stands in a file: without key and headers.
    pub fn structured(payload: &'a [u8]) -> Self {
        Self { payload: Some(payload), ..Self::default() }
    }

    /// Its size in bytes: key, headers and value together.
    pub fn bytes(&self) -> usize {
        let part = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + part(*value)).sum();
        part(self.key) + headers + part(self.payload)
    }

    /// That it is not larger than a message may be, but for what a redrive has added.
    ///
    /// # Errors
    ///
    /// That it is.
    pub fn fits(&self) -> Result<(), ValidationError> {
        let redrive = self.headers.iter().find(|(name, _)| *name == REDRIVE);
        let redrive = redrive.map_or(0, |(name, value)| name.len() + value.map_or(0, <[u8]>::len));
        match self.bytes() - redrive.min(REDRIVE_BYTES) {
            ..=MAX_MESSAGE_BYTES => Ok(()),
            bytes => Err(ValidationError::too_large(bytes as u64)),
        }
    }
}

/// An event that keeps every rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Which record.
    pub key: RecordKey,
    /// Which revision of it.
    pub revision: Revision,
    /// The event's `id`, where it is not the usual `<subject>.<revision>`.
    pub id: Option<Box<str>>,
    /// Of its content: what settles equal revisions.
    pub digest: Digest,
    /// When it was recorded.
    pub time: Timestamp,
    /// What it says.
    pub fact: Fact,
    /// The Kafka key: the unit's code (`partitionkey`); `None` for a withdrawal by a source that is no unit.
    pub partition_key: Option<UnitCode>,
    /// Whether it says of itself that it is made up (extension `synthetic`).
    pub synthetic: bool,
}

/// How the source of a unit begins: its code follows.
const OF_UNIT: &str = "/units/";

/// The source that is the unit of that code.
pub fn unit_source(code: &str) -> String {
    format!("{OF_UNIT}{code}")
}

/// What stands for a unit's code in a source; `None` of a source that is no unit.
pub fn code_in_source(source: &str) -> Option<&str> {
    source.strip_prefix(OF_UNIT)
}

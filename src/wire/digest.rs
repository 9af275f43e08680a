//! The digest of an event's content, which settles equal revisions.

use sha2::{Digest as _, Sha256};

use crate::domain::Digest;
use crate::json::{Json, write_canonical, write_text};

/// SHA-256 of the canonical form (RFC 8785) of `{"data":…,"type":…}`. `room` is where that form is written, to be used
/// again.
pub fn digest(event_type: &str, data: Json<'_>, room: &mut Vec<u8>) -> Digest {
    room.clear();
    room.extend_from_slice(b"{\"data\":");
    write_canonical(data, room);
    room.extend_from_slice(b",\"type\":");
    write_text(event_type, room);
    room.push(b'}');
    Digest(Sha256::digest(room).into())
}

//! What an input may cost: beyond these limits its reading ends, and what was taken of it stays. A file of a few kilobytes
//! that unpacks to gigabytes, and one in which next to nothing is an event, are no files of events.

use std::error::Error;
use std::fmt;
use std::io;

use super::event::Unreadable;
use crate::text::{Text, intake as says};

/// So many times its size an archive unpacks to; events that differ in their numbers alone come to a sixth of that.
pub(super) const UNPACKED_TIMES: u64 = 1_000;
/// An archive may always unpack to so many bytes.
pub(super) const UNPACKED_FREE: u64 = 16 << 20;
/// Of an input of which most is refused, lines of so many bytes are, with what is said of each.
pub(super) const REFUSED_BYTES: u64 = 16 << 20;
/// What is said of a line comes to some so many bytes for each error.
pub(super) const REMARK_BYTES: u64 = 256;
/// A limit that an input has exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputLimit {
    /// It unpacks to too much.
    Unpacked,
    /// Too much of it is refused.
    Refused,
}

impl InputLimit {
    /// Which limit that is, and how much.
    pub fn text(self) -> Text {
        match self {
            Self::Unpacked => says::unpacks_to_too_much(UNPACKED_TIMES, UNPACKED_FREE >> 20),
            Self::Refused => says::too_much_refused(REFUSED_BYTES >> 20),
        }
    }
}

impl fmt::Display for InputLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().en)
    }
}

impl Error for InputLimit {}

impl From<InputLimit> for io::Error {
    fn from(limit: InputLimit) -> Self {
        Self::other(limit)
    }
}

impl Unreadable {
    /// The limit that ended the reading, if one did.
    pub fn limit(&self) -> Option<InputLimit> {
        let of_io = || self.cause.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref::<InputLimit>();
        self.cause.downcast_ref::<InputLimit>().or_else(of_io).copied()
    }
}

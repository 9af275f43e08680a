//! One event of an input: the line that it stands on, and what was made of it.

use crate::failure::Cause;
use crate::wire::ValidationError;

/// A line of an input, as it can be sent again.
#[derive(Clone, Debug, Default)]
pub struct InputLine {
    /// 1-based; of a row over several lines, the first.
    pub number: u64,
    /// Without its end.
    pub bytes: Vec<u8>,
    /// Whether these are only its beginning.
    pub is_cut: bool,
}

/// A line and its event, or what keeps it from being one. Without bytes of its own, the event is the line.
pub type InputEvent = (InputLine, Result<Option<Vec<u8>>, Vec<ValidationError>>);

/// Why an input cannot be read on.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// The last line that was read.
    pub after_line: u64,
    /// What happened.
    pub cause: Cause,
}

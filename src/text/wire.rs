//! What a validation error says, and what cells of a spreadsheet say.

use super::{Text, texts};

texts! {
    /// Where an allowed name is like the one that was found.
    did_you_mean(remedy, name) {
        "{remedy}; có phải ý là \"{name}\"?",
        "{remedy}; did you mean \"{name}\"?"
    }
}

/// Before what was found.
pub static FOUND: Text = Text::new("thấy", "found");

/// Before what is allowed.
pub static ALLOWED: Text = Text::new("cho phép", "allowed");

/// A dead letter, for the AsyncAPI document.
pub static DEAD_LETTER: Text = Text::new(
    "Thông điệp bị từ chối",
    "A message that broke a rule, with its place in the topic and each rule that it breaks",
);

/// What a cell says that means yes, in small letters.
pub const YES: [&str; 3] = ["true", "có", "1"];

/// What a cell says that means no, in small letters.
pub const NO: [&str; 3] = ["false", "không", "0"];

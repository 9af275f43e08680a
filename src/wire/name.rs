//! What a record's number, an event's id and a source may be: texts that are told apart by looking at them.

use unicode_normalization::is_nfc;

use super::spec::MAX_NAME_BYTES;
use crate::text::safe::is_unseen_in_names;

/// Whether a text can be a `subject`, an `id` or a `source`: not empty, at most [`MAX_NAME_BYTES`] bytes, in Unicode's
/// normalization form C, each of its characters seen, and no space at either end.
pub fn is_name(text: &str) -> bool {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~');
    (1..=MAX_NAME_BYTES).contains(&text.len())
        && text.trim_matches(' ') == text
        && (text.as_bytes().iter().all(plain) || (!text.chars().any(is_unseen_in_names) && is_nfc(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_composed_and_every_character_of_it_is_seen() {
        for name in ["GS-2020-000123", "Số 12/BC–MTTQ", "a b", "ê", "😀", "\u{1ebf}"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "a\nb",
            "a\u{7f}",
            "a\u{85}b",
            "e\u{302}",
            "GS\u{200b}-1",
            "GS\u{ad}-1",
            "\u{feff}GS",
            "GS\u{a0}1",
            "GS\u{3000}1",
            "a\u{2028}b",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{fe0f}",
            "\u{3164}",
            "\u{2800}",
            "a\u{e0041}",
            " GS-1",
            "GS-1 ",
            " ",
            "a\u{fffe}",
            "a\u{10ffff}",
            "a\u{fdd0}",
            "a\u{fdef}b",
        ] {
            assert!(!is_name(name), "{name:?}");
        }
        assert!(is_name(&"x".repeat(256)) && !is_name(&"x".repeat(257)));
        assert!(is_name(&"é".repeat(128)) && !is_name(&"é".repeat(129)));
    }
}

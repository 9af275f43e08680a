//! What a record's number, an event's id and a source may be: texts that are told apart by looking at them.

use unicode_normalization::is_nfc;

use super::spec::MAX_NAME_BYTES;
use crate::text::safe::is_unseen;

/// Whether a text can be a `subject`, an `id` or a `source`: not empty, at most [`MAX_NAME_BYTES`] bytes, in Unicode's
/// normalization form C, and each of its characters seen.
pub fn is_name(text: &str) -> bool {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~');
    (1..=MAX_NAME_BYTES).contains(&text.len())
        && (text.as_bytes().iter().all(plain) || (!text.chars().any(is_unseen_in_names) && is_nfc(text)))
}

/// What is not there to the eye, with separators other than a space, and with the marks of format that a text may well
/// hold but a name need not: two names that look alike are one.
fn is_unseen_in_names(c: char) -> bool {
    is_unseen(c)
        || (c != ' ' && c.is_whitespace())
        || matches!(c,
            '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{fe00}'..='\u{fe0f}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}')
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
        ] {
            assert!(!is_name(name), "{name:?}");
        }
        assert!(is_name(&"x".repeat(256)) && !is_name(&"x".repeat(257)));
        assert!(is_name(&"é".repeat(128)) && !is_name(&"é".repeat(129)));
    }
}

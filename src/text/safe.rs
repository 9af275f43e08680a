//! Text that somebody sent, made safe to show: on a terminal, on a page, in a spreadsheet, in JSON, in the program's log.
//!
//! What goes out passes through here at the way out itself, whole, so that nobody can forget it: what is printed, each
//! line of the log, each page, each cell, each JSON document. `tests/ways_out.rs` names every way out.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, is_nfc, is_nfc_quick};

/// Whether a character steers a terminal, turns the direction of writing or is not there to the eye.
pub fn is_unseen(c: char) -> bool {
    let is_last_of_its_plane = u32::from(c) & 0xfffe == 0xfffe;
    c.is_control()
        || is_last_of_its_plane
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character is not there to the eye in a name: also separators other than a space, and the marks of format
/// that a text may well hold but a name need not. Two names that look alike are one.
pub fn is_unseen_in_names(c: char) -> bool {
    is_unseen(c)
        || (c != ' ' && c.is_whitespace())
        || matches!(c,
            '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{fe00}'..='\u{fe0f}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}')
}

/// Whether it is more than the end of a line or a tab.
fn is_unseen_in_lines(c: char) -> bool {
    is_unseen(c) && !matches!(c, '\n' | '\t')
}

/// The text on one line, with each character that is not seen written as an escape.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, is_unseen, |c, out| out.extend(c.escape_unicode()))
}

/// The text on one line such that no other looks like it: what is not seen in a name, a space at either end, and what
/// keeps the text from being in Unicode's normalization form C are written as escapes.
pub fn told_apart(text: &str) -> Cow<'_, str> {
    let plain = |byte: u8| matches!(byte, b' '..=b'~');
    if text.bytes().all(plain) && text.trim_matches(' ') == text {
        return Cow::Borrowed(text);
    }
    let is_nfc = is_nfc(text);
    let mut out = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        let is_at_the_end = c == ' ' && (at == 0 || at + 1 == text.len());
        match is_at_the_end || is_unseen_in_names(c) || (!is_nfc && !is_composed(c)) {
            true => out.extend(c.escape_unicode()),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether a character is itself in normalization form C, beside whatever others.
fn is_composed(c: char) -> bool {
    canonical_combining_class(c) == 0 && is_nfc_quick(std::iter::once(c)) == IsNormalized::Yes
}

/// The text with its line ends and tabs, and each other character that is not seen written as an escape.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escaped(text, is_unseen_in_lines, |c, out| out.extend(c.escape_unicode()))
}

/// JSON text with each character that is not seen written as JSON escapes it: the same document.
pub fn json_text(text: &str) -> Cow<'_, str> {
    escaped(text, is_unseen_in_lines, |c, out| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    })
}

/// A document as JSON for people and programs, with a line end.
pub fn json(document: &(impl Serialize + ?Sized)) -> String {
    // Texts and numbers alone: serializing them into memory cannot fail.
    json_text(&serde_json::to_string_pretty(document).unwrap_or_default()).into_owned() + "\n"
}

/// A list for programs: an object with that one array. Whatever is to be said of the whole list later has its place beside it.
pub fn list_json(name: &str, rows: &(impl Serialize + ?Sized)) -> String {
    json(&std::collections::BTreeMap::from([(name, rows)]))
}

/// Bytes that should be text, as that text; others as escapes.
pub fn visible_bytes(bytes: &[u8], text: fn(&str) -> Cow<'_, str>) -> String {
    match std::str::from_utf8(bytes) {
        Ok(shown) => text(shown).into_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

/// At most `most` characters of the text, the last an ellipsis where it is longer; [`told_apart`].
pub fn excerpt(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => told_apart(text).into_owned(),
        Some(_) => {
            let end = text.char_indices().nth(most - 1).map_or(text.len(), |(end, _)| end);
            told_apart(&format!("{}…", &text[..end])).into_owned()
        }
    }
}

/// The text as it stands in XML and HTML, in content and in attributes.
pub fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Rows of a CSV file, each with its line end: cells as they are, quoted where they must be.
pub fn csv_rows<R: IntoIterator<Item: AsRef<[u8]>>>(rows: impl IntoIterator<Item = R>, delimiter: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
    for row in rows {
        // Writing into memory cannot fail.
        let _ = writer.write_record(row);
    }
    writer.into_inner().unwrap_or_default()
}

/// A CSV file of texts, with commas, safe in a spreadsheet and on a terminal; numbers stay numbers.
pub fn csv_file<R: IntoIterator<Item: AsRef<str>>>(rows: impl IntoIterator<Item = R>) -> String {
    let cell = |text: R::Item| guarded(visible_lines(text.as_ref()).as_bytes()).into_owned();
    let rows = rows.into_iter().map(|row| row.into_iter().map(cell));
    String::from_utf8(csv_rows(rows, b',')).unwrap_or_default()
}

/// What a spreadsheet takes for the beginning of a formula; the last four as typed on an East Asian keyboard.
const FORMULA: [&[u8]; 11] = [
    b"=",
    b"+",
    b"-",
    b"@",
    b"\t",
    b"\r",
    b"\n",
    "\u{ff1d}".as_bytes(),
    "\u{ff0b}".as_bytes(),
    "\u{ff0d}".as_bytes(),
    "\u{ff20}".as_bytes(),
];

/// Whether a spreadsheet would take a cell for a formula, behind whatever apostrophes stand before it.
fn is_formula(cell: &[u8]) -> bool {
    let behind = cell.iter().position(|byte| *byte != b'\'').map_or(&b""[..], |at| &cell[at..]);
    let digits = behind.strip_prefix(b"-").or_else(|| behind.strip_prefix(b"+")).unwrap_or_default();
    let is_number = digits.first().is_some_and(u8::is_ascii_digit)
        && digits.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
    !is_number && FORMULA.iter().any(|start| behind.starts_with(start))
}

/// A cell with an apostrophe before what a spreadsheet would take for a formula: it shows a text.
pub fn guarded(cell: &[u8]) -> Cow<'_, [u8]> {
    if is_formula(cell) { Cow::Owned([b"'", cell].concat()) } else { Cow::Borrowed(cell) }
}

/// The cell that was [`guarded`].
pub fn unguarded(cell: &[u8]) -> &[u8] {
    cell.strip_prefix(b"'").filter(|_| is_formula(cell)).unwrap_or(cell)
}

fn escaped(text: &str, is_escaped: fn(char) -> bool, escape: fn(char, &mut String)) -> Cow<'_, str> {
    let Some(first) = text.find(is_escaped) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len() + 16);
    out += &text[..first];
    for c in text[first..].chars() {
        match is_escaped(c) {
            true => escape(c, &mut out),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_seen_is_written_as_an_escape() {
        assert_eq!(visible("a\nb\u{202e}ữ"), "a\\u{a}b\\u{202e}ữ");
        assert_eq!(visible("\u{9b}2J\u{200b}\u{e0041}"), "\\u{9b}2J\\u{200b}\\u{e0041}");
        assert_eq!(visible_lines("a\n\tb\u{1b}"), "a\n\tb\\u{1b}");
        assert_eq!(visible_bytes(b"\xff\n", visible), "\\xff\\n");
        assert_eq!(markup("<a b=\"&\">"), "&lt;a b=&quot;&amp;&quot;&gt;");
    }

    #[test]
    fn texts_that_look_alike_are_told_apart() {
        for (text, shown) in [
            ("GS\u{a0}1", "GS\\u{a0}1"),
            ("a\u{2003}b\u{fe0f}", "a\\u{2003}b\\u{fe0f}"),
            ("\u{17b4}\u{2800}", "\\u{17b4}\\u{2800}"),
            ("\u{fffe}\u{1ffff}\u{fdd0}", "\\u{fffe}\\u{1ffff}\\u{fdd0}"),
            (" a b ", "\\u{20}a b\\u{20}"),
            (" ", "\\u{20}"),
            ("e\u{302}", "e\\u{302}"),
            ("\u{212b}", "\\u{212b}"),
            // Marks that no letter composes with, in the wrong order.
            ("x\u{315}\u{316}", "x\\u{315}\\u{316}"),
            ("Số 12/BC–MTTQ", "Số 12/BC–MTTQ"),
            ("x\u{302}", "x\u{302}"),
        ] {
            assert_eq!(told_apart(text), shown);
            assert_eq!(excerpt(text, 80), shown);
        }
        assert_eq!(excerpt("a bc", 3), "a …", "a space is not at the end where the text goes on");
    }

    #[test]
    fn a_cell_is_quoted_where_it_must_be() {
        assert_eq!(csv_file([["a", "b,c"], ["", "\"d\"\ne"]]), "a,\"b,c\"\n,\"\"\"d\"\"\ne\"\n");
        assert_eq!(csv_rows([[&b"a,b"[..], b"\xff"], [b"c;d", b""]], b';'), b"a,b;\xff\n\"c;d\";\n");
    }

    #[test]
    fn no_cell_is_a_formula_and_a_number_stays_one() {
        let cells = ["=1+1", "+1-1", "-a", "@a", "\ta", "＝1", "'=1", "-", "-0.50", "+84", "12", "a=1", "–", "'", ""];
        let guarded = csv_file([cells]);
        assert_eq!(guarded, "'=1+1,'+1-1,'-a,'@a,'\ta,'＝1,''=1,'-,-0.50,+84,12,a=1,–,',\n");
        assert_eq!(csv_file([["=\u{1b}[2J\u{9b}"]]), "'=\\u{1b}[2J\\u{9b}\n");
    }

    proptest! {
        #[test]
        fn a_guarded_cell_is_read_back(cell in "['=+@\t1a,.-]{0,6}") {
            let guarded = guarded(cell.as_bytes());
            prop_assert!(!FORMULA.contains(&&guarded[..guarded.len().min(1)]) || guarded.iter().skip(1).all(|byte| b"0123456789.,".contains(byte)));
            prop_assert_eq!(unguarded(&guarded), cell.as_bytes());
        }

        #[test]
        fn json_is_the_same_document_and_shows_nothing_unseen(text in any::<String>(), c in any::<char>()) {
            let document = serde_json::json!({ text.clone(): format!("\u{1b}\u{9b}\u{202e}\u{2028}\u{e0041}{text}{c}") });
            let written = json(&document);
            prop_assert!(!written.contains(is_unseen_in_lines), "{}", written);
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), document);
        }
    }

    #[test]
    fn an_excerpt_ends_with_an_ellipsis() {
        assert_eq!(excerpt(&"ưỡ".repeat(40), 80), "ưỡ".repeat(40));
        assert_eq!(excerpt(&"ưỡ".repeat(41), 80), "ưỡ".repeat(39) + "ư…");
        assert_eq!(excerpt("a\nb", 3), "a\\u{a}b");
    }
}

//! Text that somebody sent, made safe to show: on a terminal, in a message, on a page.
//!
//! What reaches a reader's eyes from outside passes through here, the rows of a
//! CSV file too. A format with quoting of its own does that itself: a page's
//! values are escaped by its template, the cells of the tables in `docs/` by what
//! makes those pages.

use std::borrow::Cow;

/// Whether a character steers a terminal or turns the direction of writing instead of being seen.
fn is_unseen(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// The text on one line, with each character that is not seen written as an escape.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, is_unseen)
}

/// The text with its line ends and tabs, and each other character that is not seen written as an escape.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_unseen(c) && !matches!(c, '\n' | '\t'))
}

/// Bytes that should be text, as that text; others as escapes.
pub fn visible_bytes(bytes: &[u8], text: fn(&str) -> Cow<'_, str>) -> String {
    match std::str::from_utf8(bytes) {
        Ok(shown) => text(shown).into_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

/// At most `most` characters of the text, the last an ellipsis where it is longer; each of them visible.
pub fn excerpt(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => visible(text).into_owned(),
        Some(_) => {
            let end = text.char_indices().nth(most - 1).map_or(text.len(), |(end, _)| end);
            visible(&text[..end]).into_owned() + "…"
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

/// A CSV file of texts, with commas.
pub fn csv_file<R: IntoIterator<Item: AsRef<[u8]>>>(rows: impl IntoIterator<Item = R>) -> String {
    String::from_utf8(csv_rows(rows, b',')).unwrap_or_default()
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_escaped(c) {
            true => out.extend(c.escape_unicode()),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_written_as_an_escape() {
        assert_eq!(visible("a\nb\u{202e}ữ"), "a\\u{a}b\\u{202e}ữ");
        assert_eq!(visible_lines("a\n\tb\u{1b}"), "a\n\tb\\u{1b}");
        assert_eq!(visible_bytes(b"\xff\n", visible), "\\xff\\n");
        assert_eq!(markup("<a b=\"&\">"), "&lt;a b=&quot;&amp;&quot;&gt;");
    }

    #[test]
    fn a_cell_is_quoted_where_it_must_be() {
        assert_eq!(csv_file([["a", "b,c"], ["", "\"d\"\ne"]]), "a,\"b,c\"\n,\"\"\"d\"\"\ne\"\n");
        assert_eq!(csv_rows([[&b"a,b"[..], b"\xff"], [b"c;d", b""]], b';'), b"a,b;\xff\n\"c;d\";\n");
    }

    #[test]
    fn an_excerpt_ends_with_an_ellipsis() {
        assert_eq!(excerpt(&"ưỡ".repeat(40), 80), "ưỡ".repeat(40));
        assert_eq!(excerpt(&"ưỡ".repeat(41), 80), "ưỡ".repeat(39) + "ư…");
        assert_eq!(excerpt("a\nb", 3), "a\\u{a}b");
    }
}

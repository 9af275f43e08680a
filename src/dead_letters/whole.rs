//! One dead letter with everything: what is wrong with it, what to do, its body.

use std::fmt::Write as _;

use super::listing::Row;
use super::reader::{FiledDeadLetter, ListedDeadLetter};
use crate::domain::Rules;
use crate::text::safe::{visible, visible_bytes, visible_lines};
use crate::text::{Lang, Text, dead_letters as text};
use crate::wire::decode::Decoder;
use crate::wire::{Admission, ValidationError};

/// Of a body no more than this is shown.
const SHOWN_BYTES: usize = 64 << 10;

/// Everything of one dead letter.
pub fn whole(
    dead_letter: &ListedDeadLetter,
    filed: &FiledDeadLetter<'_>,
    (rules, admission): (&Rules, &Admission),
    lang: Lang,
) -> String {
    let row = Row::of(dead_letter);
    let mut out = String::new();
    let mut line = |name: Text, value: &str| {
        let _ = writeln!(out, "{:<12} {}", name.get(lang), visible(value));
    };
    line(text::dead_letter(), &row.id);
    line(text::state(), format!("{} {} {}", row.state, row.decided, row.note).trim());
    line(text::time(), &row.time);
    line(text::lay_at(), &format!("{} {}", row.topic, dead_letter.origin));
    line(text::reason(), row.reason);
    line(text::unit(), row.unit);
    line(text::source(), row.source);
    line(text::subject(), row.subject);
    let key = filed.key.map_or_else(|| text::no_key().get(lang).to_owned(), |key| visible_bytes(key, visible));
    line(text::key(), &key);
    for (name, value) in &filed.headers {
        let value = value.map_or_else(|| "null".to_owned(), |value| visible_bytes(value, visible));
        line(text::header(), &format!("{name}: {value}"));
    }
    match Decoder::new().decode(&filed.message(), rules, admission) {
        Ok(_) => {
            out += text::would_be_taken(&row.id).get(lang);
            out += &visible_lines(filed.detail);
            out.push('\n');
        }
        Err(errors) => {
            out += text::still_bad().get(lang);
            errors.iter().for_each(|error| out += &explained(error, lang));
        }
    }
    out.push('\n');
    match filed.payload {
        None => out += text::no_body().get(lang),
        Some(body) => {
            let shown = shown(body);
            out += text::body(body.len()).get(lang);
            out += &visible_bytes(shown, visible_lines);
            out.push('\n');
            if shown.len() < body.len() {
                out += text::more_bytes(body.len() - shown.len()).get(lang);
            }
        }
    }
    out
}

/// The beginning of a body, not cut within a character.
fn shown(body: &[u8]) -> &[u8] {
    let Some((start, _)) = body.split_at_checked(SHOWN_BYTES) else { return body };
    match std::str::from_utf8(start) {
        // Cut short at the very end: what stands before is text.
        Err(error) if error.error_len().is_none() => &start[..error.valid_up_to()],
        _ => start,
    }
}

fn explained(error: &ValidationError, lang: Lang) -> String {
    let names = [text::at(), text::found(), text::allowed(), text::remedy()];
    let mut out = format!("- {}: {}\n", error.code.as_str(), error.code.meaning(lang));
    let values = [&error.pointer, &error.found, &error.allowed, &error.remedy(lang)];
    for (name, value) in names.iter().zip(values).filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(out, "    {:<9} {}", name.get(lang), visible(value));
    }
    out
}

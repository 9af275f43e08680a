//! Dead letters as text: a list of them, and one with everything.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::rollup::Format;
use crate::dead_letters::reader::{DeadLetterState, FiledDeadLetter, ListedDeadLetter};
use crate::program::Context;
use crate::text::safe::{visible, visible_bytes, visible_lines};
use crate::text::{Lang, Text, dead_letters as text};
use crate::wire::decode::Decoder;
use crate::wire::{HANOI, ValidationError};

/// Of a body no more than this is shown.
const SHOWN_BYTES: usize = 64 << 10;

/// A dead letter for programs.
#[derive(Serialize)]
struct Row<'a> {
    id: String,
    time: String,
    reason: &'a str,
    unit: &'a str,
    source: &'a str,
    subject: &'a str,
    topic: &'a str,
    partition: i32,
    offset: i64,
    bytes: usize,
    state: String,
    decided: String,
    note: &'a str,
}

impl<'a> Row<'a> {
    const COLUMNS: &'static str =
        "id,time,reason,unit,source,subject,topic,partition,offset,bytes,state,decided,note\n";

    fn of(letter: &'a ListedDeadLetter) -> Self {
        let (state, decided, note) = match &letter.state {
            DeadLetterState::Open => ("open".to_owned(), String::new(), ""),
            DeadLetterState::Decided(decision) => {
                (decision.action.name().to_owned(), time(decision.time_ms), &*decision.note)
            }
            DeadLetterState::Copy(of) => (format!("copy of {of}"), String::new(), ""),
        };
        Self {
            id: letter.id.to_string(),
            time: time(letter.time_ms),
            reason: &letter.reason,
            unit: &letter.unit,
            source: &letter.source,
            subject: &letter.subject,
            topic: &letter.topic,
            partition: letter.origin.partition.0,
            offset: letter.origin.offset.0,
            bytes: letter.bytes,
            state,
            decided,
            note,
        }
    }
}

fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|time| time.display_with_offset(HANOI).to_string()).unwrap_or_default()
}

/// These dead letters in that form.
pub fn list(context: &Context, letters: &[&ListedDeadLetter], format: Format) -> String {
    let rows = letters.iter().map(|letter| Row::of(letter));
    match format {
        // Texts and numbers alone: serializing them cannot fail.
        Format::Json => serde_json::to_string_pretty(&rows.collect::<Vec<_>>()).unwrap_or_default() + "\n",
        Format::Csv => {
            let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Row::COLUMNS.as_bytes().to_vec());
            rows.for_each(|row| drop(writer.serialize(row)));
            String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
        }
        Format::Table => table(context, letters),
    }
}

fn table(context: &Context, letters: &[&ListedDeadLetter]) -> String {
    if letters.is_empty() {
        return text::none().get(context.lang()).to_owned();
    }
    let (lang, title) = (context.lang(), |text: Text| text.get(context.lang()).to_owned());
    let heads =
        [text::letter(), text::time(), text::reason(), text::unit(), text::source(), text::subject(), text::lay_at()];
    let [letter, time, reason, unit, source, subject, at] = heads.map(title);
    let mut rows: Vec<[String; 8]> = vec![[letter, time, reason, unit, source, subject, at, String::new()]];
    rows.extend(letters.iter().map(|letter| {
        let row = Row::of(letter);
        let state = if letter.is_open() { String::new() } else { format!("{} {}", row.state, row.note) };
        let at = format!("{}:{}", row.partition, row.offset);
        let moment = row.time.get(..19).unwrap_or_default().replace('T', " ");
        [row.id, moment, cell(row.reason), cell(row.unit), cell(row.source), cell(row.subject), at, cell(state.trim())]
    }));
    let mut widths = [0; 8];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        out += line.trim_end();
        out.push('\n');
    }
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    letters.iter().for_each(|letter| *reasons.entry(&letter.reason).or_default() += 1);
    out += text::count(letters.len(), tally(reasons)).get(lang);
    out
}

/// `unit.unknown 3, json.syntax 1`: the commonest first.
pub fn tally<'a>(counts: impl IntoIterator<Item = (&'a str, u64)>) -> String {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    counts.iter().map(|(name, count)| format!("{} {count}", cell(name))).collect::<Vec<_>>().join(", ")
}

/// One cell of a table: one line, and not too long.
fn cell(text: &str) -> String {
    const LONGEST: usize = 40;
    let text = visible(text).into_owned();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => text[..end].to_owned() + "…",
        None => text,
    }
}

/// Everything of one dead letter.
pub fn show(context: &Context, letter: &ListedDeadLetter, filed: &FiledDeadLetter<'_>) -> String {
    let lang = context.lang();
    let row = Row::of(letter);
    let mut out = String::new();
    let mut line = |name: Text, value: &str| {
        let _ = writeln!(out, "{:<12} {}", name.get(lang), visible(value));
    };
    line(text::letter(), &row.id);
    line(text::state(), format!("{} {} {}", row.state, row.decided, row.note).trim());
    line(text::time(), &row.time);
    line(text::lay_at(), &format!("{} {}", row.topic, letter.origin));
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
    match Decoder::new().decode(&filed.message(), &context.rules, &context.sources()) {
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

//! Dead letters as a list: for programs, for spreadsheets, for reading.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::reader::{DeadLetterState, ListedDeadLetter};
use crate::domain::HANOI;
use crate::text::safe::{self, csv_file, visible};
use crate::text::{Lang, Text, dead_letters as text};

/// A dead letter for programs.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    pub(super) id: String,
    pub(super) time: String,
    pub(super) reason: &'a str,
    pub(super) unit: &'a str,
    pub(super) source: &'a str,
    pub(super) subject: &'a str,
    pub(super) topic: &'a str,
    partition: i32,
    offset: i64,
    bytes: usize,
    pub(super) state: String,
    pub(super) decided: String,
    pub(super) note: &'a str,
}

impl<'a> Row<'a> {
    const COLUMNS: [&'static str; 13] = [
        "id",
        "time",
        "reason",
        "unit",
        "source",
        "subject",
        "topic",
        "partition",
        "offset",
        "bytes",
        "state",
        "decided",
        "note",
    ];

    fn cells(self) -> [String; 13] {
        let Self { id, time, reason, unit, source, subject, topic, partition, offset, bytes, state, decided, note } =
            self;
        let [reason, unit, source, subject, topic, note] =
            [reason, unit, source, subject, topic, note].map(str::to_owned);
        let [partition, offset, bytes] = [partition.to_string(), offset.to_string(), bytes.to_string()];
        [id, time, reason, unit, source, subject, topic, partition, offset, bytes, state, decided, note]
    }

    pub(super) fn of(dead_letter: &'a ListedDeadLetter) -> Self {
        let (state, decided, note) = match &dead_letter.state {
            DeadLetterState::Open => ("open".to_owned(), String::new(), ""),
            DeadLetterState::Decided(decision) => {
                (decision.action.name().to_owned(), time(decision.time_ms), &*decision.note)
            }
            DeadLetterState::Copy(of) => (format!("copy of {of}"), String::new(), ""),
        };
        Self {
            id: dead_letter.id.to_string(),
            time: time(dead_letter.time_ms),
            reason: &dead_letter.reason,
            unit: &dead_letter.unit,
            source: &dead_letter.source,
            subject: &dead_letter.subject,
            topic: &dead_letter.topic,
            partition: dead_letter.origin.partition.0,
            offset: dead_letter.origin.offset.0,
            bytes: dead_letter.bytes,
            state,
            decided,
            note,
        }
    }
}

fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|time| time.display_with_offset(HANOI).to_string()).unwrap_or_default()
}

/// As JSON, an object for each.
pub fn json(dead_letters: &[&ListedDeadLetter]) -> String {
    let rows: Vec<Row<'_>> = dead_letters.iter().map(|dead_letter| Row::of(dead_letter)).collect();
    safe::list_json("dead_letters", &rows)
}

/// As CSV, a row for each under the names of the columns.
pub fn csv(dead_letters: &[&ListedDeadLetter]) -> String {
    let rows = dead_letters.iter().map(|dead_letter| Row::of(dead_letter).cells());
    csv_file(std::iter::once(Row::COLUMNS.map(str::to_owned)).chain(rows))
}

/// For reading at a terminal: a line for each, and how many there are of each reason.
pub fn table(dead_letters: &[&ListedDeadLetter], lang: Lang) -> String {
    if dead_letters.is_empty() {
        return text::none().get(lang).to_owned();
    }
    let title = |text: Text| text.get(lang).to_owned();
    let heads = [
        text::dead_letter(),
        text::time(),
        text::reason(),
        text::unit(),
        text::source(),
        text::subject(),
        text::lay_at(),
    ];
    let [dead_letter, time, reason, unit, source, subject, at] = heads.map(title);
    let mut rows: Vec<[String; 8]> = vec![[dead_letter, time, reason, unit, source, subject, at, String::new()]];
    rows.extend(dead_letters.iter().map(|dead_letter| {
        let row = Row::of(dead_letter);
        let state = if dead_letter.is_open() { String::new() } else { format!("{} {}", row.state, row.note) };
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
    dead_letters.iter().for_each(|dead_letter| *reasons.entry(&dead_letter.reason).or_default() += 1);
    out += text::count(dead_letters.len(), tally(reasons)).get(lang);
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

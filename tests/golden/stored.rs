//! What lies in the files: every row of the log and of the store.

use std::fmt::Write as _;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use crate::harness::Giaoban;
use crate::product::{EVENTS, Headers, Judge};
use crate::show;

fn open(file: &Path) -> Connection {
    Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

fn store_of(giaoban: &Giaoban) -> Connection {
    open(&giaoban.data().join("store-1.db"))
}

/// A row's values; blobs in hexadecimal.
fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => format!("{:?}", std::str::from_utf8(text).unwrap()),
        ValueRef::Blob(bytes) => format!("x{}", show::hex(bytes)),
    }
}

fn columns_of(connection: &Connection, table: &str) -> Vec<(String, String)> {
    let mut columns = connection.prepare(&format!("SELECT name, type FROM pragma_table_info('{table}')")).unwrap();
    columns.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// Every row, in the order of its values; when the log took a record, and a topic's id, are told only as known or not.
fn rows(connection: &Connection, table: &str) -> String {
    let columns: Vec<String> = columns_of(connection, table)
        .into_iter()
        .map(|(name, _)| match name.as_str() {
            "last_timestamp_ms" | "timestamp_ms" | "topic_id" => format!("{name} IS NOT NULL"),
            _ => name,
        })
        .collect();
    let order: Vec<String> = (1..=columns.len()).map(|number| number.to_string()).collect();
    let sql = format!("SELECT {} FROM {table} ORDER BY {}", columns.join(", "), order.join(", "));
    let mut statement = connection.prepare(&sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut text = String::new();
    while let Some(row) = rows.next().unwrap() {
        let values: Vec<String> = (0..columns.len()).map(|column| shown(row.get_ref(column).unwrap())).collect();
        writeln!(text, "{}", values.join(" | ")).unwrap();
    }
    text
}

/// Every table: its columns, how many rows, their SHA-256, and the first of them.
pub fn store(giaoban: &Giaoban) -> String {
    let connection = store_of(giaoban);
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    let mut text = format!("application {:x}, version {}\n", pragma("application_id"), pragma("user_version"));
    let mut tables = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for table in tables {
        let columns: Vec<String> =
            columns_of(&connection, &table).iter().map(|(name, kind)| format!("{name} {kind}")).collect();
        writeln!(text, "\n{table} ({})", columns.join(", ")).unwrap();
        let first = if ["meta", "checkpoint"].contains(&table.as_str()) { 20 } else { 3 };
        text += &show::begin_of(&rows(&connection, &table), first);
    }
    let logical = records(&connection);
    writeln!(text, "\nthe records of the leaves, each as key and body").unwrap();
    text + &show::begin_of(&logical, 20)
}

/// What depends neither on how many batches it came in nor on which partition was read first.
pub fn logical(giaoban: &Giaoban) -> String {
    let connection = store_of(giaoban);
    let tables = ["meta", "earlier_revision", "cell"].map(|table| rows(&connection, table));
    // A cell whose figures are all gone again is left or never made.
    let rows =
        tables.concat().lines().filter(|row| !row.ends_with(" | x")).map(|row| format!("{row}\n")).collect::<String>();
    records(&connection) + &rows
}

/// The records of all leaves in the order of their keys, read here from the bytes.
fn records(connection: &Connection) -> String {
    let mut leaves = connection.prepare("SELECT first, count, records FROM leaf ORDER BY first").unwrap();
    let mut leaves = leaves.query([]).unwrap();
    let mut text = String::new();
    while let Some(row) = leaves.next().unwrap() {
        let (first, count): (String, i64) = (row.get(0).unwrap(), row.get(1).unwrap());
        let mut rest = row.get_ref(2).unwrap().as_blob().unwrap();
        let mut key: Vec<u8> = Vec::new();
        for index in 0..count {
            key.truncate(number(&mut rest));
            key.extend(bytes(&mut rest));
            let body = bytes(&mut rest);
            let key = std::str::from_utf8(&key).unwrap();
            assert!(index > 0 || key == first || first.is_empty(), "{key} in the leaf of {first}");
            writeln!(text, "{key:?} {}", show::hex(body)).unwrap();
        }
        assert!(rest.is_empty(), "a leaf has more than its {count} records");
    }
    text
}

/// Seven bits a byte, the lowest first.
fn number(rest: &mut &[u8]) -> usize {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let (byte, after) = rest.split_first().unwrap();
        *rest = after;
        number |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

fn bytes<'r>(rest: &mut &'r [u8]) -> &'r [u8] {
    let length = number(rest);
    let (bytes, after) = rest.split_at(length);
    *rest = after;
    bytes
}

/// A message of the embedded log.
struct Kept {
    topic: String,
    partition: i64,
    offset: i64,
    key: Option<Vec<u8>>,
    headers: Headers,
    payload: Vec<u8>,
}

fn messages(giaoban: &Giaoban) -> Vec<Kept> {
    let connection = open(&giaoban.data().join("log.db"));
    let mut statement = connection
        .prepare(
            "SELECT topic, partition, log_offset, key, headers, payload FROM message
             ORDER BY topic, partition, log_offset",
        )
        .unwrap();
    let read = |row: &rusqlite::Row<'_>| {
        let headers: Option<String> = row.get(4)?;
        let headers: Vec<(String, Option<String>)> =
            headers.map(|headers| serde_json::from_str(&headers).unwrap()).unwrap_or_default();
        let bytes = |hex: String| {
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
        };
        Ok(Kept {
            topic: row.get(0)?,
            partition: row.get(1)?,
            offset: row.get(2)?,
            key: row.get(3)?,
            headers: headers.into_iter().map(|(name, value)| (name, value.map(bytes))).collect(),
            payload: row.get(5)?,
        })
    };
    statement.query_map([], read).unwrap().map(Result::unwrap).collect()
}

/// Every message of the log but when it came; of dead letters also without the words.
pub fn log(giaoban: &Giaoban) -> String {
    let connection = open(&giaoban.data().join("log.db"));
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    let mut text = format!("application {:x}, version {}\n", pragma("application_id"), pragma("user_version"));
    for table in ["topic", "message"] {
        let columns: Vec<String> =
            columns_of(&connection, table).iter().map(|(name, kind)| format!("{name} {kind}")).collect();
        writeln!(text, "{table} ({})", columns.join(", ")).unwrap();
    }
    let mut topics = connection.prepare("SELECT name, partitions, max_message_bytes FROM topic ORDER BY name").unwrap();
    let topics: Vec<(String, i64, i64)> =
        topics.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap().map(Result::unwrap).collect();
    let all = messages(giaoban);
    for (topic, partitions, largest) in topics {
        writeln!(text, "\n{topic}: {partitions} partitions, messages up to {largest} bytes").unwrap();
        // Which dead letter goes first is nobody's promise.
        let is_letters = topic != EVENTS;
        let mut lines: Vec<String> =
            all.iter().filter(|kept| kept.topic == topic).map(|kept| line(kept, !is_letters)).collect();
        if is_letters {
            lines.sort();
        }
        text += &show::begin_of(&show::settled(&(lines.join("\n") + "\n"), giaoban.dir()), 12);
    }
    text
}

fn line(kept: &Kept, with_place: bool) -> String {
    let text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) if text.len() <= 2_000 => format!("{text:?}"),
        _ => format!("{} bytes {}", bytes.len(), show::sha(bytes)),
    };
    let headers: Vec<String> = kept
        .headers
        .iter()
        .filter(|(name, _)| !["giaoban_dlq_detail", "giaoban_dlq_time"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={}", value.as_deref().map_or("NULL".to_owned(), text)))
        .collect();
    let place = if with_place { format!("{}:{} ", kept.partition, kept.offset) } else { String::new() };
    let key = kept.key.as_deref().map_or("NULL".to_owned(), text);
    format!("{place}{key} [{}] {}", headers.join(" "), text(&kept.payload))
}

/// What the contract makes of every message in the log: digest and stored fact, or codes.
pub fn events(giaoban: &Giaoban) -> String {
    let mut judge = Judge::of_samples();
    let lines: Vec<String> = messages(giaoban)
        .iter()
        .filter(|kept| kept.topic == EVENTS)
        .map(|kept| {
            let verdict = judge.verdict(&kept.headers, Some(&kept.payload));
            format!("{}:{} {verdict}", kept.partition, kept.offset)
        })
        .collect();
    show::begin_of(&(lines.join("\n") + "\n"), 60)
}

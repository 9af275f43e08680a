//! Figures as programs read them, and the numbers of what people read.

use std::fmt::Write as _;

use serde_json::Value;

use crate::harness::Giaoban;
use crate::show;

/// JSON and CSV of a period: the whole as a SHA-256, the city in full, and how often each unit stands in it.
pub fn rollup(giaoban: &Giaoban, period: &str) -> String {
    let json = giaoban.ok(&["rollup", "--period", period, "--format", "json"]);
    let csv = giaoban.ok(&["rollup", "--period", period, "--format", "csv"]);
    let table = giaoban.ok(&["rollup", "--period", period]);
    let district = giaoban.run(&["rollup", "--period", period, "--unit", "001", "--format", "json"]);
    let mut text = format!("json: {} bytes, SHA-256 {}\n", json.len(), show::sha(&json));
    let read: Value = serde_json::from_str(&json).unwrap();
    let mut head = read.clone();
    let units = head["units"].take();
    let reporting: Vec<String> = head
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| match value {
            Value::Array(list) => format!("{name}: {} of them, SHA-256 {}", list.len(), show::sha(value.to_string())),
            value => format!("{name}: {value}"),
        })
        .collect();
    writeln!(text, "{}\nunits: {}", reporting.join("\n"), units.as_array().unwrap().len()).unwrap();
    writeln!(text, "the city: {}", serde_json::to_string_pretty(&units[0]).unwrap()).unwrap();
    writeln!(
        text,
        "\n001: exit {:?}, {} bytes, SHA-256 {}",
        district.code,
        district.out.len(),
        show::sha(&district.out)
    )
    .unwrap();
    writeln!(text, "\ncsv: {}", show::begin_of(&csv, 12)).unwrap();
    let table = table.lines().map(|line| show::numbers(line) + "\n").collect::<String>();
    writeln!(text, "numbers of the table: {}", show::begin_of(&table, 12)).unwrap();
    text
}

/// The records behind some figures.
pub fn records(giaoban: &Giaoban) -> String {
    let mut text = String::new();
    for (period, unit, figure) in [
        ("2020-Q4", "001", "violations_found"),
        ("2020-Q4", "", "violations_found"),
        ("2020-Q1", "001", "supervision_sessions"),
        ("2020", "00004", "participants"),
        ("2020-H1", "002", "money_recovered_vnd"),
        ("2020-9M", "", "land_recovered_m2"),
        ("2020", "005", "opinion_contribution"),
        ("2020-Q2", "", "complaints_resolved"),
        ("2020-Q3", "", "units_nil"),
        ("2020", "", "units_reported"),
        ("2020-Q4", "01", "inspection"),
        ("2021-Q1", "001", "violations_found"),
    ] {
        for format in ["json", "csv"] {
            let mut arguments = vec!["records", "--period", period, "--figure", figure, "--format", format];
            if !unit.is_empty() {
                arguments.extend(["--unit", unit]);
            }
            let ended = giaoban.run(&arguments);
            writeln!(text, "$ {}\nexit {:?}, {}", arguments.join(" "), ended.code, show::begin_of(&ended.out, 30))
                .unwrap();
        }
    }
    text
}

/// The files of reports: what programs read as it is, of the page the numbers that stand in it.
pub fn reports(giaoban: &Giaoban) -> String {
    let mut text = String::new();
    for period in ["2020-Q4", "2020-9M", "2020"] {
        let said = giaoban.ok(&["report", "--period", period, "--out", "out"]);
        writeln!(text, "$ report --period {period}\n{}", show::settled(&said, giaoban.dir())).unwrap();
        for suffix in ["csv", "json", "html"] {
            let name = format!("giaoban-{period}.{suffix}");
            let file = giaoban.read(&format!("out/{name}"));
            match suffix {
                "html" => writeln!(text, "numbers of {name}: {}", show::begin_of(&page_numbers(&file), 40)).unwrap(),
                _ => writeln!(text, "{name}: {}", show::begin_of(&file, 6)).unwrap(),
            }
        }
    }
    text
}

/// The numbers of a page's text, a line for each piece that has any.
fn page_numbers(page: &str) -> String {
    let (head, rest) = page.split_once("<style").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    let page = format!("{head}{rest}");
    let pieces = page.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| show::numbers(text));
    pieces.filter(|numbers| !numbers.is_empty()).map(|numbers| numbers + "\n").collect()
}

/// The dead letters for programs, by where their messages lie.
pub fn dead_letters(giaoban: &Giaoban) -> String {
    let json = giaoban.ok(&["dlq", "list", "--format", "json"]);
    let csv = giaoban.ok(&["dlq", "list", "--format", "csv"]);
    let json: Value = serde_json::from_str(&show::settled(&json, giaoban.dir())).unwrap();
    // Which letter goes first, and so its name, is nobody's promise.
    let mut letters: Vec<Value> = json["dead_letters"].as_array().unwrap().clone();
    letters.iter_mut().for_each(|letter| letter["id"] = Value::from("ID"));
    letters.sort_by_key(|letter| (letter["partition"].as_i64(), letter["offset"].as_i64()));
    let mut text: String = letters.iter().map(|letter| format!("{letter}\n")).collect();
    let mut rows: Vec<String> = show::settled(&csv, giaoban.dir()).lines().map(str::to_owned).collect();
    let header = rows.remove(0);
    rows.iter_mut().for_each(|row| *row = row.split_once(',').unwrap().1.to_owned());
    rows.sort();
    writeln!(text, "\n{header}\n{}", rows.join("\n")).unwrap();
    text
}

/// The JSON Schema of each type.
pub fn schemas(giaoban: &Giaoban) -> String {
    let mut text = String::new();
    for kind in crate::harness::events::KINDS {
        let ended = giaoban.run(&["schema", "--format", "json-schema", "--type", kind]);
        writeln!(
            text,
            "$ schema --format json-schema --type {kind}\nexit {:?}, {}",
            ended.code,
            show::begin_of(&ended.out, 15)
        )
        .unwrap();
    }
    text
}

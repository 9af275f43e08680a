//! Commands in a folder, one after the other, and what came of each: how it ended, what it gave programs as it is,
//! and of what it told people the numbers and the codes.

use std::fmt::Write as _;

use crate::harness::{Ended, Giaoban};
use crate::{product, show};

/// A run of commands in one folder, and what came of them.
pub struct Story {
    pub giaoban: Giaoban,
    pub text: String,
}

impl Story {
    pub fn new() -> Self {
        Self { giaoban: crate::in_one_batch(), text: String::new() }
    }

    pub fn write(&mut self, name: &str, content: impl AsRef<[u8]>) -> &mut Self {
        self.giaoban.write(name, content);
        self
    }

    pub fn run(&mut self, arguments: &str) -> &mut Self {
        self.run_with(&arguments.split(' ').collect::<Vec<_>>())
    }

    pub fn run_with(&mut self, arguments: &[&str]) -> &mut Self {
        let ended = self.giaoban.run(arguments);
        self.tell(arguments, ended)
    }

    pub fn run_on(&mut self, arguments: &str, input: &[u8]) -> &mut Self {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let ended = self.giaoban.run_with_input(&arguments, input);
        self.tell(&arguments, ended)
    }

    fn tell(&mut self, arguments: &[&str], ended: Ended) -> &mut Self {
        let line = arguments.iter().map(|word| if word.contains(' ') { format!("{word:?}") } else { (*word).into() });
        writeln!(self.text, "$ {}", line.collect::<Vec<_>>().join(" ")).unwrap();
        writeln!(self.text, "exit {}", ended.code.unwrap()).unwrap();
        let out = show::settled(&ended.out, self.giaoban.dir());
        let has = |word: &str| arguments.contains(&word);
        match out.is_empty() {
            true => {}
            // Disk, clock and the times of letters by the wall: no two runs have the same.
            _ if has("doctor") || arguments.starts_with(&["dlq", "list"]) && !has("--format") => {}
            _ if has("config") => {
                let is_first = self.text.lines().count() == 2;
                let shown = out.lines().filter(|line| is_first || !line.ends_with("  (default)"));
                self.text.extend(shown.map(|line| format!("{line}\n")));
            }
            _ if has("json") || has("schema") => self.text += &show::begin_of(&out, 25),
            _ if has("csv") && !has("publish") => self.text += &show::begin_of(&out, 5),
            _ => {
                for numbers in out.lines().map(show::numbers).filter(|numbers| !numbers.is_empty()) {
                    writeln!(self.text, "  {numbers}").unwrap();
                }
            }
        }
        // Of a wrong command line the parser lists what there is.
        let codes = if ended.code == Some(2) { Vec::new() } else { codes_in(&ended.err) };
        if !codes.is_empty() {
            writeln!(self.text, "codes: {}", codes.join(" ")).unwrap();
        }
        self
    }

    /// What came back of a file: each line's number with its codes, and the line itself.
    pub fn receipt(&mut self, name: &str) -> &mut Self {
        let bytes = std::fs::read(self.giaoban.dir().join(name)).unwrap();
        writeln!(self.text, "receipt {name}").unwrap();
        if name.ends_with(".csv") {
            let header = bytes.split(|byte| *byte == b'\n').next().unwrap();
            let delimiter = if header.contains(&b';') { b';' } else { b',' };
            let mut rows = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(&bytes[..]);
            let header = rows.headers().unwrap().clone();
            let reason = header.iter().position(|column| column == "_reason").unwrap();
            writeln!(self.text, "  {}", header.iter().collect::<Vec<_>>().join("|")).unwrap();
            for row in rows.records().map(Result::unwrap) {
                let mut cells: Vec<&str> = row.iter().collect();
                // Of a row that is too short it is the last one.
                cells.remove(reason.min(cells.len() - 1));
                writeln!(self.text, "  {}", cells.join("|")).unwrap();
            }
        } else {
            for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let text = String::from_utf8_lossy(line);
                if text.starts_with("# ") {
                    let numbers = show::numbers(&text);
                    let line = numbers.split(' ').next().unwrap();
                    writeln!(self.text, "  # {line} {}", codes_in(&text).join(" ")).unwrap();
                } else {
                    writeln!(self.text, "  {} bytes {}", line.len(), show::sha(line)).unwrap();
                }
            }
        }
        self
    }

    pub fn figures(&mut self) -> &mut Self {
        self.run("worker --until-caught-up").run("rollup --period 2020-Q1 --format csv")
    }

    /// With one more variable in its environment from here on.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        let giaoban = std::mem::replace(&mut self.giaoban, Giaoban::new());
        self.giaoban = giaoban.with(name, value);
        self.note(&format!("{name}={value}"))
    }

    pub fn note(&mut self, text: &str) -> &mut Self {
        writeln!(self.text, "-- {text}").unwrap();
        self
    }
}

/// The codes that stand in a text, in order, each line's own once.
fn codes_in(text: &str) -> Vec<&'static str> {
    let known = product::codes();
    let mut found = Vec::new();
    for line in text.lines() {
        let mut words = line.split(|c: char| !(c.is_ascii_alphanumeric() || "._".contains(c)));
        found.extend(words.find_map(|word| known.iter().find(|code| **code == word)).copied());
    }
    found
}

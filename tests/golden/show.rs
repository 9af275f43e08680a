//! How what is frozen is written: readable, and the same on every machine at any time.

use std::path::Path;
use std::sync::LazyLock;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// When these tests began: times from then on are the clock's.
static BEGUN: LazyLock<Timestamp> = LazyLock::new(|| Timestamp::now() - jiff::SignedDuration::from_secs(5));

/// To be called before anything that the clock may stamp.
pub fn begin() {
    LazyLock::force(&BEGUN);
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn sha(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes.as_ref()))
}

/// The numbers of a text, one space between them.
pub fn numbers(text: &str) -> String {
    let mut numbers = Vec::new();
    let mut number = String::new();
    for c in text.chars().chain([' ']) {
        match c {
            '0'..='9' => number.push(c),
            // Within a number, or the end of a sentence.
            '.' | ',' if !number.is_empty() => number.push(c),
            _ => {
                let whole = number.trim_end_matches(['.', ',']);
                if !whole.is_empty() {
                    numbers.push(whole.to_owned());
                }
                number.clear();
            }
        }
    }
    numbers.join(" ")
}

/// The first lines of a text, with its size and SHA-256.
pub fn begin_of(text: &str, lines: usize) -> String {
    let all = text.lines().count();
    let shown: String = text.lines().take(lines).map(|line| format!("{line}\n")).collect();
    format!("{all} lines, {} bytes, SHA-256 {}\n{shown}", text.len(), sha(text))
}

/// Without the folder of the test and without the clock.
pub fn settled(text: &str, dir: &Path) -> String {
    let text = text.replace(&dir.canonicalize().unwrap().display().to_string(), "DIR");
    let text = text.replace(&dir.display().to_string(), "DIR");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("20") {
        let stamp: &str = rest[at..].split(|c: char| !(c.is_ascii_digit() || ":.+-TZ".contains(c))).next().unwrap();
        let is_now = stamp.parse::<Timestamp>().is_ok_and(|time| time >= *BEGUN);
        out.push_str(&rest[..at]);
        let end = if is_now { at + stamp.len() } else { at + 2 };
        out.push_str(if is_now { "NOW" } else { "20" });
        rest = &rest[end..];
    }
    out + rest
}

//! Arrows between the layers point down only.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

/// Each layer with what it may know of.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("text", &["domain"]),
    ("failure", &["domain", "text"]),
    ("json", &[]),
    ("wire", &["domain", "text", "json"]),
    ("rollup", &["domain", "text", "failure"]),
    ("files", &[]),
    ("log", &["domain", "text", "failure", "files"]),
    ("store", &["domain", "text", "failure", "rollup", "files"]),
    ("dead_letters", &["domain", "text", "failure", "wire", "log"]),
    ("observability", &["domain", "store", "files"]),
    ("ingest", &["domain", "text", "failure", "wire", "log", "store", "dead_letters", "observability"]),
    ("intake", &["domain", "text", "failure", "wire", "log", "store"]),
    ("terminal", &["failure", "text"]),
    ("report", &["domain", "text", "failure", "rollup", "store", "files"]),
    ("sample", &["domain", "text", "wire"]),
    ("web", &["domain", "text", "failure", "rollup", "store", "observability", "report"]),
];
/// What the pure layers may not touch.
const IMPURE: [&str; 7] = ["tokio", "rdkafka", "axum", "rusqlite", "std::fs", "Timestamp::now", "Instant::now"];

fn sources(dir: &Path, sink: &mut dyn FnMut(&Path, String)) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, sink);
        } else if path.extension().is_some_and(|suffix| suffix == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            // Tests may look anywhere.
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
            sink(&path, text);
        }
    }
}

#[test]
fn no_layer_knows_one_above_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for &(layer, below) in LAYERS {
        sources(&src.join(layer), &mut |path, text| {
            if path.file_stem().is_some_and(|stem| stem == "tests" || stem == "fixture") {
                return;
            }
            for rest in text.split("crate::").skip(1) {
                let known: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let allowed = known == layer || below.contains(&known.as_str()) || known.is_empty();
                assert!(allowed, "{} knows crate::{known}", path.display());
            }
            for word in IMPURE.iter().filter(|_| ["domain", "json", "wire", "rollup", "sample"].contains(&layer)) {
                assert!(!text.contains(word), "{} uses {word}", path.display());
            }
            let of_log = path.components().any(|part| part.as_os_str() == "kafka");
            assert!(of_log || !text.contains("rdkafka::"), "{} uses rdkafka", path.display());
            let of_sql = ["store/sqlite", "files/sqlite.rs", "log/embedded"]
                .iter()
                .any(|of| path.to_string_lossy().contains(of));
            assert!(of_sql || !text.contains("rusqlite"), "{} uses SQL", path.display());
            let of_postgres = path.components().any(|part| part.as_os_str() == "postgres");
            assert!(of_postgres || !text.contains("use ::postgres"), "{} uses PostgreSQL", path.display());
        });
    }
}

/// Every file of a folder but what tests have written down.
fn files(dir: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if path.ends_with("snapshots") => {}
            true => files(&path, found),
            false => found.push(path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_str().unwrap().to_owned()),
        }
    }
}

#[test]
fn every_file_stands_in_the_design() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let design = fs::read_to_string(root.join("DESIGN.md")).unwrap();
    // The names of each row, and the folder that they are in: that of the last row which is a folder's.
    let mut folder = String::new();
    let mut named: Vec<(String, String)> = Vec::new();
    for row in design.lines().filter(|line| line.starts_with('|')) {
        if let Some(rest) =
            row.strip_prefix("| **`").or_else(|| row.strip_prefix("| `templates").map(|_| "templates/`"))
        {
            folder = rest.split('`').next().unwrap().to_owned();
        }
        named.extend(row.split('`').skip(1).step_by(2).map(|name| (folder.clone(), name.to_owned())));
    }
    let mut found = Vec::new();
    files(&root.join("src"), &mut found);
    files(&root.join("templates"), &mut found);
    for file in found {
        let stands = named.iter().any(|(folder, name)| {
            let within = file.strip_prefix(folder.as_str());
            file == *name || within.is_some_and(|file| format!("/{file}").ends_with(&format!("/{name}")))
        });
        let of_any = file.ends_with("/mod.rs") || file.ends_with("/tests.rs");
        assert!(stands || of_any, "DESIGN.md does not name {file}");
    }
}

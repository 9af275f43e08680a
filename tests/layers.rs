//! The house: which room may know which, what each may use of the world, and that no file leads back to itself.
//! Read from the code with a Rust parser, so that a word in a comment counts for nothing.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// Every room with those that it may know, from the ground up: none of them stands after it.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("json", &[]),
    ("files", &[]),
    ("setting", &[]),
    ("text", &["domain"]),
    ("failure", &["domain", "text"]),
    ("wire", &["domain", "json", "text"]),
    ("rollup", &["domain", "text", "failure"]),
    ("log", &["domain", "files", "text", "failure"]),
    ("store", &["domain", "files", "text", "failure", "rollup"]),
    ("dead_letters", &["domain", "text", "failure", "wire", "log"]),
    ("observability", &["domain", "files", "text", "log", "store", "dead_letters"]),
    ("ingest", &["domain", "text", "failure", "wire", "log", "store", "dead_letters", "observability"]),
    ("intake", &["domain", "files", "text", "failure", "wire", "log", "store"]),
    ("upkeep", &["domain", "files", "text", "failure", "log", "store"]),
    ("sample", &["domain", "text", "wire"]),
    ("report", &["domain", "files", "setting", "text", "failure", "rollup", "store", "observability"]),
    ("web", &["domain", "text", "failure", "rollup", "store", "observability", "report"]),
    ("terminal", &["text", "failure", "report"]),
    ("config", &["domain", "setting", "text", "failure", "wire", "log", "store", "ingest", "report"]),
    ("doctor", &["domain", "files", "text", "failure", "rollup", "log", "store", "config"]),
    (
        "program",
        &["domain", "text", "failure", "wire", "log", "store", "observability", "intake", "web", "terminal", "config"],
    ),
    // Puts all together.
    ("cli", &[]),
];

/// What only these rooms, or these files, may use.
const ONLY: [(&str, &[&str]); 11] = [
    ("rdkafka", &["log/kafka"]),
    ("rusqlite", &["files/sqlite", "log/embedded", "store/sqlite"]),
    ("postgres", &["store/postgres"]),
    ("axum", &["web"]),
    ("hyper", &["web"]),
    ("hyper_util", &["web"]),
    ("askama", &["web", "report"]),
    ("clap", &["cli", "program/usage"]),
    ("clap_complete", &["cli/completion"]),
    ("clap_mangen", &["cli/man"]),
    ("ratatui", &["terminal/top"]),
];

/// Rooms that are the same functions of their arguments everywhere and always.
const PURE: [&str; 7] = ["domain", "setting", "text", "json", "wire", "rollup", "sample"];
/// What these may not use.
const IMPURE: [&str; 9] = [
    "tokio",
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "std::time::Instant",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
];

/// A source file with every path that its code names, tests left out, aliases resolved.
struct Source {
    /// Below `src/`.
    file: String,
    /// `crate::store::sqlite` for `store/sqlite.rs` and `store/sqlite/mod.rs`.
    module: Vec<String>,
    /// Paths that are used, each from `crate` or an extern crate on.
    uses: BTreeSet<Vec<String>>,
    /// What `pub use` gives on under a name: the name, and what it is.
    gives_on: BTreeMap<String, Vec<String>>,
}

struct Reader<'m> {
    module: &'m [String],
    /// Names that `use` brings in.
    names: BTreeMap<String, Vec<String>>,
    paths: Vec<Vec<String>>,
    gives_on: BTreeMap<String, Vec<String>>,
    whole: Vec<Vec<String>>,
}

impl Reader<'_> {
    /// A path as it is written, from `crate` on.
    fn absolute(&self, path: &[String]) -> Vec<String> {
        let mut from = match path[0].as_str() {
            "self" => self.module.to_vec(),
            "super" => self.module[..self.module.len() - 1].to_vec(),
            _ => return path.to_vec(),
        };
        for part in &path[1..] {
            match part.as_str() {
                "super" => drop(from.pop()),
                part => from.push(part.to_owned()),
            }
        }
        from
    }

    fn tree(&mut self, tree: &syn::UseTree, before: &[String], public: bool) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.tree(&path.tree, &with(&path.ident), public),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(item, before, public)),
            syn::UseTree::Name(name) if name.ident == "self" => {
                self.bring(before.last().unwrap().clone(), before.to_vec(), public);
            }
            syn::UseTree::Name(name) => self.bring(name.ident.to_string(), with(&name.ident), public),
            syn::UseTree::Rename(name) => self.bring(name.rename.to_string(), with(&name.ident), public),
            syn::UseTree::Glob(_) => self.whole.push(self.absolute(before)),
        }
    }

    fn bring(&mut self, name: String, path: Vec<String>, public: bool) {
        let path = self.absolute(&path);
        if public {
            self.gives_on.insert(name.clone(), path.clone());
        }
        self.names.insert(name, path);
    }
}

fn is_of_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|argument| argument.is_ident("test"))
    })
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_of_tests(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_of_tests(&item.attrs) {
            self.tree(&item.tree, &[], !matches!(item.vis, syn::Visibility::Inherited));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.paths.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }

    /// Macros hide their paths from the parser: what looks like one is one.
    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.visit_path(&item.path);
        let text = item.tokens.to_string().replace(" :: ", "::");
        for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            let parts: Vec<String> = word.split("::").map(str::to_owned).collect();
            if parts.iter().all(|part| !part.is_empty() && !part.contains(':')) {
                self.paths.push(parts);
            }
        }
    }
}

fn read(file: &Path) -> Source {
    let name = file.to_str().unwrap().to_owned();
    let mut module: Vec<String> = vec!["crate".into()];
    module.extend(file.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()));
    if ["mod", "lib", "main"].contains(&module.last().unwrap().as_str()) {
        module.pop();
    }
    let text = fs::read_to_string(root().join("src").join(file)).unwrap();
    let parsed = syn::parse_file(&text).unwrap();
    let mut reader = Reader {
        module: &module,
        names: BTreeMap::new(),
        paths: Vec::new(),
        gives_on: BTreeMap::new(),
        whole: Vec::new(),
    };
    reader.visit_file(&parsed);
    let mut uses: BTreeSet<Vec<String>> = reader.whole.iter().cloned().collect();
    uses.extend(
        reader.names.iter().filter(|(name, _)| !reader.gives_on.contains_key(*name)).map(|(_, path)| path.clone()),
    );
    for path in &reader.paths {
        let path = match reader.names.get(&path[0]) {
            Some(brought) => [brought, &path[1..]].concat(),
            None => reader.absolute(path),
        };
        uses.insert(path);
    }
    let gives_on = reader.gives_on;
    Source { file: name, module, uses, gives_on }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if path.ends_with("snapshots") => {}
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

/// Every source file but those of tests, in the order of their names.
fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut found = Vec::new();
    files(&src, &mut found);
    found.sort();
    let of_tests = |path: &&PathBuf| {
        path.extension().is_some_and(|suffix| suffix == "rs")
            && !path.iter().any(|part| ["tests.rs", "tests", "fixture.rs"].iter().any(|name| part == *name))
    };
    found.iter().filter(of_tests).map(|path| read(path.strip_prefix(&src).unwrap())).collect()
}

/// The room of a path within the crate: `store` of `crate::store::sqlite::SqliteStore`.
fn room(path: &[String]) -> Option<&str> {
    (path.len() > 1 && path[0] == "crate").then(|| path[1].as_str())
}

#[test]
fn a_room_knows_only_those_that_it_may() {
    for (place, (room, may)) in ROOMS.iter().enumerate() {
        let above = may.iter().find(|known| !ROOMS[..place].iter().any(|(below, _)| below == *known));
        assert!(above.is_none(), "{room} may know {above:?}, which stands after it");
    }
    for source in sources() {
        let Some(own) = room(&source.module) else { continue };
        let (_, may) = *ROOMS.iter().find(|(room, _)| *room == own).unwrap_or_else(|| {
            panic!("{} is in no room that ROOMS names", source.file);
        });
        for path in source.uses.iter().chain(source.gives_on.values()) {
            let known = room(path).filter(|known| ROOMS.iter().any(|(room, _)| room == known));
            let allowed = known.is_none_or(|known| known == own || may.contains(&known) || own == "cli");
            assert!(allowed, "{} knows {}", source.file, path.join("::"));
        }
    }
}

#[test]
fn what_a_room_may_use_of_the_world() {
    for source in sources() {
        let own = room(&source.module).unwrap_or_default();
        for path in &source.uses {
            for (name, may) in ONLY {
                let within = may.iter().any(|place| source.file.starts_with(place));
                assert!(
                    within || path.len() == 1 || path[0] != name,
                    "{} uses {name}, which is for {may:?} alone",
                    source.file
                );
            }
            let path = path.join("::");
            let impure = IMPURE.iter().find(|word| path == **word || path.starts_with(&format!("{word}::")));
            assert!(!PURE.contains(&own) || impure.is_none(), "{} is pure and uses {path}", source.file);
        }
    }
}

/// What each file takes from which other: a name that a folder's head gives on is taken from where it is.
fn arrows(sources: &[Source]) -> BTreeMap<&str, BTreeSet<&str>> {
    let by_module: BTreeMap<&[String], &Source> = sources.iter().map(|source| (&source.module[..], source)).collect();
    let found = |path: &[String]| {
        let mut path = path.to_vec();
        // A name may be given on several times.
        for _ in 0..8 {
            let (source, rest) = (1..=path.len())
                .rev()
                .find_map(|length| Some((*by_module.get(&path[..length])?, path[length..].to_vec())))?;
            match rest.first().and_then(|name| source.gives_on.get(name)) {
                Some(given) if given[0] == "crate" => path = [given, &rest[1..]].concat(),
                Some(given) => path = [&source.module, &given[..], &rest[1..]].concat(),
                None => return (!rest.is_empty()).then_some(source.file.as_str()),
            }
        }
        None
    };
    let of = |source: &Source| -> BTreeSet<&str> {
        source.uses.iter().filter_map(|path| found(path)).filter(|file| *file != source.file).collect()
    };
    sources.iter().map(|source| (source.file.as_str(), of(source))).collect()
}

/// The files that one leads to, however far.
fn reach<'s>(arrows: &BTreeMap<&'s str, BTreeSet<&'s str>>, from: &str) -> BTreeSet<&'s str> {
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<&str> = arrows[from].iter().copied().collect();
    while let Some(file) = ahead.pop() {
        if reached.insert(file) {
            ahead.extend(&arrows[file]);
        }
    }
    reached
}

#[test]
fn no_file_leads_back_to_itself() {
    let sources = sources();
    let arrows = arrows(&sources);
    let circular = |file: &&str| reach(&arrows, file).contains(file);
    let circles: BTreeSet<&str> = arrows.keys().copied().filter(circular).collect();
    let mut told = String::new();
    for file in &circles {
        let next: Vec<_> = arrows[file].intersection(&circles).collect();
        told += &format!("\n{file} → {next:?}");
    }
    assert!(circles.is_empty(), "files that lead back to themselves:{told}");
}

/// The most lines that a file may have.
const MAX_LINES: usize = 450;
/// Files that are one table.
const TABLES: [&str; 0] = [];

#[test]
fn no_file_is_longer_than_one_can_hold_in_mind() {
    let (mut found, mut long) = (Vec::new(), Vec::new());
    for folder in ["src", "tests", "benches"] {
        files(&root().join(folder), &mut found);
    }
    for path in found.iter().filter(|path| path.extension().is_some_and(|suffix| suffix == "rs")) {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
        let lines = fs::read_to_string(path).unwrap().lines().count();
        if lines > MAX_LINES && !TABLES.contains(&name) {
            long.push(format!("{name}: {lines} lines"));
        }
    }
    assert!(long.is_empty(), "too long: {long:#?}");
}

/// Letters that only Vietnamese has.
fn is_vietnamese(c: char) -> bool {
    matches!(c, '\u{1ea0}'..='\u{1ef9}' | 'đ' | 'Đ' | 'ơ' | 'Ơ' | 'ư' | 'Ư' | 'ă' | 'Ă')
}

/// String literals of the code, tests and doc comments left out.
struct Literals(Vec<String>);

impl<'ast> Visit<'ast> for Literals {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_of_tests(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    // Doc comments, and the help of flags, which stands on the flag that it describes.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.0.push(literal.value());
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        // What is documented within a macro is no sentence for a person who uses the program.
        let tokens = item.tokens.to_string();
        let mut parts = tokens.split("# [doc = \"");
        self.0.extend(parts.next().map(str::to_owned));
        self.0.extend(parts.filter_map(|part| part.split_once("\"]")).map(|(_, rest)| rest.to_owned()));
    }
}

#[test]
fn every_sentence_stands_in_the_catalogue() {
    let mut elsewhere = Vec::new();
    for source in sources().iter().filter(|source| !source.file.starts_with("text/")) {
        let text = fs::read_to_string(root().join("src").join(&source.file)).unwrap();
        let mut literals = Literals(Vec::new());
        literals.visit_file(&syn::parse_file(&text).unwrap());
        let vietnamese = literals.0.iter().filter(|literal| literal.chars().any(is_vietnamese));
        elsewhere.extend(vietnamese.map(|literal| format!("{}: {literal}", source.file)));
    }
    assert!(elsewhere.is_empty(), "sentences outside of the catalogue: {elsewhere:#?}");
}

#[test]
fn every_file_stands_in_the_design() {
    let design = fs::read_to_string(root().join("DESIGN.md")).unwrap();
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
    files(&root().join("src"), &mut found);
    files(&root().join("templates"), &mut found);
    for file in found {
        let file = file.strip_prefix(root()).unwrap().to_str().unwrap();
        let stands = named.iter().any(|(folder, name)| {
            let within = file.strip_prefix(folder.as_str());
            file == *name || within.is_some_and(|file| format!("/{file}").ends_with(&format!("/{name}")))
        });
        let of_any = file.ends_with("/mod.rs") || file.ends_with("/tests.rs");
        assert!(stands || of_any, "DESIGN.md does not name {file}");
    }
}

/// Every line that the program's log may have: its event, and at which level.
struct LogLines(Vec<(String, String)>);

impl Visit<'_> for LogLines {
    fn visit_macro(&mut self, called: &syn::Macro) {
        let path: Vec<String> = called.path.segments.iter().map(|part| part.ident.to_string()).collect();
        let Some([_, level]) = path.get(..2).filter(|path| path[0] == "tracing") else { return };
        let tokens = called.tokens.to_string();
        let event = tokens.strip_prefix("event = \"").and_then(|rest| rest.split('"').next());
        let event = event.unwrap_or_else(|| panic!("a line of the log without its event: {tokens}"));
        self.0.push((event.to_owned(), level.clone()));
    }
}

#[test]
fn every_line_of_the_log_has_an_event_and_stands_in_the_docs() {
    let mut lines = LogLines(Vec::new());
    for source in sources() {
        let text = fs::read_to_string(root().join("src").join(&source.file)).unwrap();
        lines.visit_file(&syn::parse_file(&text).unwrap());
    }
    let found: BTreeSet<(String, String)> = lines.0.into_iter().collect();
    let page = fs::read_to_string(root().join("docs/log.md")).unwrap();
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(|cell| cell.trim().trim_matches('`').to_owned());
        Some((cells.next()?, cells.next()?))
    };
    let told: BTreeSet<(String, String)> = page.lines().filter_map(row).collect();
    assert_eq!(found, told, "docs/log.md");
}

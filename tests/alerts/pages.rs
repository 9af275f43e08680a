//! The runbooks, `docs/runbooks/`: one page an alert, all in the same form, and what they tell one to run can be run.

use std::collections::BTreeSet;
use std::fs;

use crate::harness::{Ended, Giaoban};
use crate::rules::{alerts, root};

const LOOK: &str = "What to look at";
const DO: &str = "What to do";
const OVER: &str = "How one knows that it is over";
const HEADINGS: [&str; 4] = ["What it means for the figures", LOOK, DO, OVER];

/// A page as it is written.
pub struct Page {
    name: String,
    text: String,
}

impl Page {
    pub fn of(alert: &str) -> Self {
        let text = fs::read_to_string(root().join(format!("docs/runbooks/{alert}.md"))).unwrap();
        Self { name: alert.to_owned(), text }
    }

    /// What stands under a heading.
    fn section(&self, heading: &str) -> &str {
        let (_, rest) = self.text.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| {
            panic!("{} has no \"{heading}\"", self.name);
        });
        rest.split("\n## ").next().unwrap()
    }

    /// The commands of giaoban that are to be run there, one after the other.
    fn steps(&self, heading: &str) -> Vec<Vec<String>> {
        fenced(self.section(heading)).iter().map(|line| words(line)).collect()
    }

    /// Runs what the page tells one to look at. Each has to say something: well, or what is wrong.
    pub fn is_looked_at(&self, giaoban: &Giaoban) {
        self.is_looked_at_by(|arguments| giaoban.run(arguments));
    }

    /// The same, by whoever can run it there.
    pub fn is_looked_at_by(&self, run: impl Fn(&[&str]) -> Ended) {
        for step in self.steps(LOOK) {
            let ended = run(&step[1..].iter().map(String::as_str).collect::<Vec<_>>());
            let told = matches!(ended.code, Some(0 | 16 | 20)) && !(ended.out.is_empty() && ended.err.is_empty());
            assert!(told, "{}: {step:?}: {:?} {}{}", self.name, ended.code, ended.out, ended.err);
        }
    }

    /// Runs the last step of what is to be done that begins so, with these words in place of those.
    pub fn is_done(&self, giaoban: &Giaoban, begins: &str, instead: &[(&str, &str)]) -> String {
        let steps = self.steps(DO);
        let step = steps.iter().rfind(|step| step.join(" ").starts_with(begins));
        let step = step.unwrap_or_else(|| panic!("{} does not say: {begins}", self.name));
        let word =
            |word: &String| instead.iter().find(|(from, _)| from == word).map_or(word.clone(), |(_, to)| (*to).into());
        let step: Vec<String> = step[1..].iter().map(word).collect();
        giaoban.ok(&step.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// The lines of the blocks that are to be run.
fn fenced(text: &str) -> Vec<&str> {
    text.split("```").skip(1).step_by(2).flat_map(|block| block.lines().skip(1)).collect()
}

/// Every command of giaoban that a text names: in a block, or within a sentence.
fn commands(text: &str) -> Vec<String> {
    let sentences: String = text.split("```").step_by(2).collect::<Vec<_>>().join("\n");
    let spans =
        sentences.split('`').skip(1).step_by(2).map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "));
    let lines = fenced(text).into_iter().map(str::to_owned);
    lines.chain(spans).filter(|line| line.starts_with("giaoban ")).collect()
}

/// A command line as a shell has it: words, and what stands in quotation marks.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (place, part) in line.split('"').enumerate() {
        match place % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

fn page_names() -> BTreeSet<String> {
    let files = fs::read_dir(root().join("docs/runbooks")).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_alert_has_its_page_and_every_page_its_alert() {
    let wanted: BTreeSet<String> = alerts().keys().map(|name| format!("{name}.md")).collect();
    assert_eq!(page_names(), wanted);
}

#[test]
fn package_and_image_have_the_pages_where_alerts_point() {
    let read = |file: &str| fs::read_to_string(root().join(file)).unwrap();
    assert!(read("Cargo.toml").contains(r#"["docs/runbooks/*.md", "usr/share/doc/giaoban/docs/runbooks/", "644"]"#));
    assert!(read("Dockerfile").contains("COPY docs/runbooks /usr/share/doc/giaoban/docs/runbooks\n"));
    for (name, rule) in alerts() {
        assert_eq!(rule.annotations["runbook_url"], format!("file:///usr/share/doc/giaoban/docs/runbooks/{name}.md"));
    }
}

#[test]
fn every_page_has_the_same_four_headings_with_something_under_each() {
    for name in alerts().keys() {
        let page = Page::of(name);
        let headings: Vec<&str> = page.text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, HEADINGS, "{name}");
        assert!(page.text.starts_with(&format!("# {name}\n\n")), "{name}");
        assert!(HEADINGS.iter().all(|heading| page.section(heading).trim().len() > 20), "{name}");
    }
}

#[test]
fn every_command_of_alerts_and_pages_is_one() {
    let giaoban = Giaoban::new();
    let pages = alerts().into_keys().map(|name| (Page::of(&name).text, name));
    let told =
        alerts().into_iter().map(|(name, rule)| (rule.annotations.into_values().collect::<Vec<_>>().join("\n"), name));
    let mut tried = BTreeSet::new();
    for (text, name) in pages.chain(told) {
        assert!(fenced(&text).iter().all(|line| line.starts_with("giaoban ")), "{name}");
        for command in commands(&text) {
            if tried.insert(command.clone()) {
                // Everything before it is read, and nothing is run.
                let words = words(&command);
                let line: Vec<&str> = words[1..].iter().map(String::as_str).chain(["--help"]).collect();
                let ended = giaoban.command(&line).output().unwrap();
                let said = String::from_utf8_lossy(&ended.stderr);
                assert!(ended.status.success(), "{name}: {command}: {said}");
            }
        }
    }
    assert!(tried.len() > 20, "{tried:?}");
}

#[test]
fn what_a_page_refers_to_is_there() {
    let settings = fs::read_to_string(root().join("config/giaoban.toml")).unwrap();
    let sections: BTreeSet<&str> =
        settings.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']')).collect();
    let metrics: BTreeSet<&str> = giaoban::observability::names::ALL.iter().map(|metric| metric.name).collect();
    for name in alerts().keys() {
        let Page { text, .. } = Page::of(name);
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            assert!(root().join("docs/runbooks").join(link).is_file(), "{name}: {link}");
        }
        for word in
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.starts_with("giaoban_"))
        {
            assert!(metrics.contains(word), "{name}: no metric {word}");
        }
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.starts_with("Giaoban")) {
            assert!(alerts().contains_key(word), "{name}: no alert {word}");
        }
        for span in text.split('`').skip(1).step_by(2) {
            let Some((section, key)) =
                span.split_once('.').filter(|(section, key)| sections.contains(section) && *key != "db")
            else {
                continue;
            };
            let lines = settings.split_once(&format!("[{section}]\n")).unwrap().1.split("\n[").next().unwrap();
            assert!(lines.lines().any(|line| line.starts_with(&format!("# {key} = "))), "{name}: no setting {span}");
        }
    }
}

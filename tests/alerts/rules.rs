//! The rules as they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

/// One rule: of an alert, or of a series that alerts are made from.
#[derive(Deserialize)]
pub struct Rule {
    pub alert: Option<String>,
    pub expr: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read<T: for<'de> Deserialize<'de>>(file: &str) -> T {
    serde_saphyr::from_str(&fs::read_to_string(root().join("config/prometheus").join(file)).unwrap()).unwrap()
}

pub fn rules() -> Vec<Rule> {
    read::<Rules>("alerts.yml").groups.into_iter().flat_map(|group| group.rules).collect()
}

/// The alerts by name.
pub fn alerts() -> BTreeMap<String, Rule> {
    rules().into_iter().filter_map(|rule| Some((rule.alert.clone()?, rule))).collect()
}

/// What stands in the parentheses that follow each place of that word.
fn parenthesised<'t>(text: &'t str, word: &str) -> Vec<&'t str> {
    let after = |at: usize| text[at + word.len()..].strip_prefix(" (").and_then(|rest| rest.split(')').next());
    text.match_indices(word).filter_map(|(at, _)| after(at)).collect()
}

#[test]
fn installations_under_one_prometheus_do_not_hide_one_another() {
    for Rule { expr, .. } in rules() {
        for word in ["by", "on", "group_left"] {
            for labels in parenthesised(&expr, &format!(" {word}")) {
                assert!(word == "group_left" || labels.contains("installation"), "{word} ({labels}) in {expr}");
            }
        }
        for word in ["sum", "max", "min", "count", "avg"] {
            for (at, _) in expr.match_indices(word) {
                let is_word = !expr[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
                let rest = &expr[at + word.len()..];
                let is_call = is_word && rest.starts_with([' ', '(']);
                assert!(!is_call || rest.starts_with(" by ("), "{word} without by in {expr}");
            }
        }
        assert!(!expr.contains("ignoring") && !expr.contains("without"), "{expr}");
    }
}

#[test]
fn nothing_is_concluded_from_what_prometheus_did_not_scrape() {
    for Rule { expr, .. } in rules() {
        assert!(!expr.contains("offset"), "{expr}");
    }
}

#[test]
fn every_alert_says_what_is_wrong_in_both_languages_and_where() {
    for (name, rule) in alerts() {
        let told: Vec<&str> = rule.annotations.keys().map(String::as_str).collect();
        assert_eq!(told, ["description", "remedy", "remedy_vi", "runbook_url", "summary", "summary_vi"], "{name}");
        assert!(rule.annotations.values().all(|text| !text.trim().is_empty()), "{name}");
        assert!(["critical", "warning"].contains(&rule.labels["severity"].as_str()), "{name}");
        // Whoever is sent to a machine is told to which.
        let sends = ["that machine", "the machine"].iter().any(|words| rule.annotations["remedy"].contains(words));
        let names = rule.annotations.values().any(|text| text.contains("$labels.instance"));
        assert!(names || !sends, "{name} sends somebody to a machine that it does not name");
    }
}

#[derive(Deserialize)]
struct Cases {
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    #[serde(default)]
    promql_expr_test: Vec<Asked>,
}

#[derive(Deserialize)]
struct Asked {
    expr: String,
    exp_samples: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    labels: String,
}

#[test]
fn every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_silent() {
    let cases = ["alerts_test.yml", "alerts_days_test.yml"].map(read::<Cases>).into_iter().flat_map(|file| file.tests);
    let (mut fires, mut silent) = (BTreeSet::new(), BTreeSet::new());
    for asked in cases.flat_map(|case| case.promql_expr_test) {
        let names = |text: &str| -> BTreeSet<String> {
            text.split(|c: char| !c.is_ascii_alphanumeric())
                .filter(|word| word.starts_with("Giaoban"))
                .map(str::to_owned)
                .collect()
        };
        let found: BTreeSet<String> = asked.exp_samples.iter().flat_map(|sample| names(&sample.labels)).collect();
        silent.extend(names(&asked.expr).difference(&found).cloned());
        fires.extend(found);
    }
    for (name, _) in alerts() {
        assert!(fires.contains(&name), "no case in which {name} fires");
        assert!(silent.contains(&name), "no case in which {name} is silent");
    }
}

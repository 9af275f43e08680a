//! The dashboards in `config/grafana/dashboards`: each asks what an operator asks, of metrics that there are, and every
//! query returns data from a real Prometheus that watched real workers through a day of faults.

#![allow(clippy::unwrap_used)]

mod harness;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use giaoban::observability::names;
use harness::prometheus::Monitor;
use harness::running::Running;
use harness::{Giaoban, session, until};
use serde_json::Value;

/// What a query waits for that does not happen on the day of the test.
const EVENT_ONLY: [(&str, &str); 1] = [("giaoban_certificate_expiry_timestamp_seconds", "no certificate is in use")];

const PATIENCE: Duration = Duration::from_secs(60);

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Each dashboard with its file's name.
fn dashboards() -> Vec<(String, Value)> {
    let files = std::fs::read_dir(root().join("config/grafana/dashboards")).unwrap().map(|file| file.unwrap().path());
    let mut read: Vec<(String, Value)> = files
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "json"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
        })
        .collect();
    read.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert_eq!(read.len(), 3);
    read
}

fn text<'v>(of: &'v Value, key: &str) -> &'v str {
    of[key].as_str().unwrap_or_else(|| panic!("no {key}: {of}"))
}

/// The panels that show something, without the rows.
fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row")
}

/// Every query, with the panel that asks it.
fn queries(dashboard: &Value) -> impl Iterator<Item = (&str, &str)> {
    panels(dashboard).filter(|panel| panel["type"] != "text").flat_map(|panel| {
        let targets = panel["targets"].as_array().unwrap();
        targets.iter().map(|target| (text(panel, "title"), text(target, "expr")))
    })
}

/// The names of metrics in a query.
fn metrics_in(query: &str) -> BTreeSet<&str> {
    let words = query.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    words.filter(|word| word.starts_with("giaoban_") || word.starts_with("process_")).collect()
}

fn is_vietnamese(text: &str) -> bool {
    text.chars().any(|letter| matches!(letter, '\u{1ea0}'..='\u{1ef9}' | 'đ' | 'ư' | 'ơ' | 'Đ'))
}

#[test]
fn every_panel_says_what_it_shows_in_which_unit_and_names_no_data_source() {
    for (name, dashboard) in dashboards() {
        assert!(is_vietnamese(text(&dashboard, "description")), "{name}");
        let variables = dashboard["templating"]["list"].as_array().unwrap();
        let variables: Vec<(&str, &str)> = variables.iter().map(|of| (text(of, "type"), text(of, "name"))).collect();
        assert_eq!(variables, [("datasource", "datasource"), ("query", "installation")], "{name}");
        let mut places = BTreeSet::new();
        for panel in panels(&dashboard) {
            let (title, description) = (text(panel, "title"), text(panel, "description"));
            assert!(title.is_ascii() && is_vietnamese(description), "{name}: {title}: {description}");
            assert!(places.insert(panel["gridPos"].to_string()), "{name}: {title} lies on another");
            if panel["type"] == "text" {
                continue;
            }
            assert!(!text(&panel["fieldConfig"]["defaults"], "unit").is_empty(), "{name}: {title}");
            let targets = panel["targets"].as_array().unwrap();
            for source in [panel].into_iter().chain(targets).map(|of| &of["datasource"]) {
                assert_eq!(text(source, "uid"), "${datasource}", "{name}: {title}");
            }
        }
    }
}

#[test]
fn every_query_is_of_metrics_that_there_are_in_one_installation_and_no_metric_is_left_out() {
    let known: BTreeSet<&str> = names::ALL.iter().map(|of| of.name).collect();
    let mut shown = BTreeSet::new();
    for (name, dashboard) in dashboards() {
        for (title, query) in queries(&dashboard) {
            let metrics = metrics_in(query);
            assert!(!metrics.is_empty(), "{name}: {title}: {query}");
            for metric in metrics {
                let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| metric.strip_suffix(end));
                let base = base.filter(|base| known.contains(base)).unwrap_or(metric);
                assert!(known.contains(base) || metric.starts_with("process_"), "{name}: {title}: no metric {metric}");
                let scoped = query.matches(&format!("{metric}{{installation=\"$installation\"")).count();
                assert_eq!(scoped, query.matches(&format!("{metric}{{")).count(), "{name}: {title}: {query}");
                assert!(scoped > 0 && !query.contains(&format!("{metric}[")), "{name}: {title}: {query}");
                shown.insert(base.to_owned());
            }
        }
    }
    // What one worker knows of its own partitions is there for all of them in the topic's.
    let elsewhere = [names::LAG_RECORDS.name, names::LAG_SECONDS.name];
    let left_out: Vec<&&str> =
        known.iter().filter(|name| !shown.contains(**name) && !elsewhere.contains(*name)).collect();
    assert!(left_out.is_empty(), "on no dashboard: {left_out:?}");
}

/// A Prometheus that scrapes these addresses every second.
struct Prometheus {
    monitor: Monitor,
    dir: tempfile::TempDir,
}

impl Prometheus {
    fn scraping(addresses: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let configuration = serde_json::json!({"global": {"scrape_interval": "1s"}, "scrape_configs":
            [{"job_name": "giaoban-worker", "static_configs": [{"targets": addresses}]}]});
        // JSON is YAML.
        std::fs::write(dir.path().join("prometheus.yml"), configuration.to_string()).unwrap();
        let arguments = ["--config.file=prometheus.yml", "--storage.tsdb.path=data"];
        Self { monitor: Monitor::start("prometheus", dir.path(), arguments), dir }
    }

    /// The series that a query gave at any second of the last ten minutes.
    fn series(&self, query: &str) -> Vec<Value> {
        let now = jiff::Timestamp::now().as_second();
        let (start, end) = ((now - 600).to_string(), now.to_string());
        let asked = [("query", query), ("start", &start), ("end", &end), ("step", "1")];
        let Some(answer) = self.monitor.get("query_range", &asked) else { return Vec::new() };
        assert_eq!(answer["status"], "success", "{query}: {answer}\n{}", self.log());
        answer["data"]["result"].as_array().unwrap().clone()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

/// Good events, the same again, an older revision, some of a system that may not speak for the unit, sent again without
/// use; an outage of the store; a recount.
fn day_of_faults(giaoban: &Giaoban, worker: &Running) {
    let counted = |metric: &str, label: &str, count: &str| {
        let (_, text) = worker.get("/metrics");
        text.lines()
            .any(|line| line.starts_with(metric) && line.contains(label) && line.ends_with(&format!(" {count}")))
    };
    let applied = |count: &str| {
        let applied = "giaoban_worker_records_applied_total";
        until("the events", PATIENCE, || counted(applied, "", count));
    };
    giaoban.publish_sessions(0..200);
    applied("200");
    giaoban.publish_sessions(0..20);
    // With a setting that the worker does not have.
    let allowing = |arguments: &[&str]| {
        let mut command = giaoban.command(arguments);
        command.env("GIAOBAN__SOURCES__ALLOWED", "[\"https://dvc.example 00004\"]");
        assert!(command.output().unwrap().status.success());
    };
    let publish = |lines: String| {
        giaoban.write("b.ndjson", lines);
        allowing(&["publish", "b.ndjson"]);
    };
    let revisions = [3, 2].map(|revision| session("00004", 1_000, revision, "2020-03-04", 1) + "\n");
    publish(revisions.concat());
    let foreign = |number| session("00004", number, 1, "2020-03-04", 1).replace("/units/00004", "https://dvc.example");
    publish((2_000..2_010).map(|number| foreign(number) + "\n").collect());
    let refused = |count: &str| {
        let refused = "giaoban_worker_records_dead_lettered_total";
        until("the dead letters", PATIENCE, || counted(refused, "source.not_allowed", count));
    };
    refused("10");
    allowing(&["dlq", "redrive", "--reason", "source.not_allowed"]);
    refused("20");

    let holder = rusqlite::Connection::open(giaoban.data().join("store-1.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    giaoban.write("c.ndjson", session("00004", 3_000, 1, "2020-03-04", 1));
    giaoban.ok(&["publish", "c.ndjson"]);
    worker.until_not_ready(PATIENCE);
    std::thread::sleep(Duration::from_secs(2));
    holder.execute_batch("ROLLBACK").unwrap();
    worker.until_ready();
    applied("202");
    giaoban.ok(&["verify"]);
}

#[test]
#[ignore = "needs a Kafka broker and Prometheus: ./test.sh"]
fn kafka_dashboards_every_query_returns_data_after_a_day_of_faults() {
    let serving = |giaoban: Giaoban, installation: &str| {
        giaoban.with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0").with("GIAOBAN__INSTALLATION", installation)
    };
    let on_kafka = serving(Giaoban::on_kafka(), "ha-noi");
    on_kafka.ok(&["topics", "create"]);
    let embedded = serving(Giaoban::new(), "thu");
    let workers = [&on_kafka, &embedded].map(Running::worker);
    let prometheus = Prometheus::scraping(&workers.each_ref().map(|worker| worker.address()));
    until("the first scrape", PATIENCE, || prometheus.series("up == 1").len() == 2);
    for (giaoban, worker) in [&on_kafka, &embedded].into_iter().zip(&workers) {
        day_of_faults(giaoban, worker);
    }
    // What is asked of the log and the store now and then has been asked, and scraped.
    until("a look at the topic", PATIENCE, || !prometheus.series("giaoban_topic_lag_seconds").is_empty());
    std::thread::sleep(Duration::from_secs(5));
    for installation in ["ha-noi", "thu"] {
        for (name, dashboard) in dashboards() {
            for (title, query) in queries(&dashboard) {
                let asked = query
                    .replace("$installation", installation)
                    .replace("$__rate_interval", "10s")
                    .replace("$__range", "10m");
                let found = prometheus.series(&asked);
                let waits = EVENT_ONLY.iter().find(|(metric, _)| query.contains(metric));
                match waits {
                    Some((_, why)) => assert!(found.is_empty(), "{name}: {title} has data, though {why}"),
                    None => assert!(!found.is_empty(), "{name}: {title}: no data in {installation}: {asked}"),
                }
            }
        }
    }
    for worker in workers {
        worker.stop();
    }
}

//! A real Prometheus with the shipped rules and scrape configuration, in which a minute, an hour and a day each take a
//! second: it scrapes and evaluates every second, windows and `for` are cut, and so are the times and sizes compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::prometheus::Monitor;
use crate::harness::{signal, until};
use crate::rules::root;

/// How long an alert may take to come or to go, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// Fewer scrapes say nothing about a change.
const SHORTEST_WINDOW: u32 = 6;
/// The log's ends are asked for every ten seconds, and how they move is seen over some of these.
const SHORTEST_SUBQUERY: u32 = 40;

pub struct Prometheus {
    monitor: Monitor,
    dir: tempfile::TempDir,
    /// Who is scraped, by job: installation and address.
    targets: Mutex<BTreeMap<&'static str, BTreeSet<(String, String)>>>,
    /// Every alert that was seen to fire.
    seen: Mutex<BTreeSet<String>>,
}

/// The jobs of the shipped configuration.
pub const WORKER: &str = "giaoban-worker";
pub const PAGES: &str = "giaoban-serve";

impl Prometheus {
    pub fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let shipped = |name: &str| fs::read_to_string(root().join("config/prometheus").join(name)).unwrap();
        fs::write(dir.path().join("alerts.yml"), cut(&shipped("alerts.yml"))).unwrap();
        let mut configuration: Value = serde_saphyr::from_str(&shipped("prometheus.yml")).unwrap();
        configuration["global"] = json!({"scrape_interval": "1s", "evaluation_interval": "1s"});
        configuration.as_object_mut().unwrap().remove("alerting");
        let mut worker = shipped_job(&configuration);
        let of_job = |name: &str| {
            let file = format!("{name}.json");
            fs::write(dir.path().join(&file), "[]").unwrap();
            worker["job_name"] = name.into();
            worker["file_sd_configs"] = json!([{"files": [file], "refresh_interval": "1s"}]);
            worker.clone()
        };
        configuration["scrape_configs"] = [WORKER, PAGES].map(of_job).to_vec().into();
        // JSON is YAML.
        fs::write(dir.path().join("prometheus.yml"), configuration.to_string()).unwrap();
        let arguments = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--query.lookback-delta=10s"];
        let monitor = Monitor::start("prometheus", dir.path(), arguments);
        let prometheus = Self { monitor, dir, targets: Mutex::default(), seen: Mutex::default() };
        until("Prometheus", PATIENCE, || prometheus.monitor.get("query", &[("query", "1")]).is_some());
        prometheus
    }

    /// Scrapes that address from now on, as one of that installation.
    pub fn watch(&self, job: &'static str, installation: &str, address: &str) {
        self.change(job, |targets| {
            targets.insert((installation.to_owned(), address.to_owned()));
        });
    }

    /// Scrapes it no more.
    pub fn forget(&self, job: &'static str, installation: &str, address: &str) {
        self.change(job, |targets| {
            targets.remove(&(installation.to_owned(), address.to_owned()));
        });
    }

    fn change(&self, job: &'static str, act: impl FnOnce(&mut BTreeSet<(String, String)>)) {
        let mut targets = self.targets.lock().unwrap();
        let of_job = targets.entry(job).or_default();
        act(of_job);
        let groups: Vec<Value> = of_job
            .iter()
            .map(|(installation, address)| json!({"targets": [address], "labels": {"installation": installation}}))
            .collect();
        // Whole, so that it is never read half.
        let file = self.dir.path().join(format!("{job}.json"));
        fs::write(file.with_extension("new"), json!(groups).to_string()).unwrap();
        fs::rename(file.with_extension("new"), file).unwrap();
    }

    /// The alerts of that name that fire in that installation.
    fn firing(&self, alert: &str, installation: &str) -> Vec<Value> {
        let Some(answer) = self.monitor.get("alerts", &[]) else { return Vec::new() };
        let is_it = |found: &&Value| {
            found["state"] == "firing"
                && found["labels"]["alertname"] == alert
                && found["labels"]["installation"] == installation
        };
        answer["data"]["alerts"].as_array().unwrap().iter().filter(is_it).cloned().collect()
    }

    pub fn is_firing(&self, alert: &str, installation: &str) -> bool {
        !self.firing(alert, installation).is_empty()
    }

    /// Waits until it fires there, and looks at what an operator is told. The labels of the first.
    pub fn fires(&self, alert: &str, installation: &str) -> Value {
        until(&format!("{alert} of {installation} fires"), PATIENCE, || self.is_firing(alert, installation));
        let firing = self.firing(alert, installation);
        let found = firing.first().unwrap_or_else(|| panic!("{alert} of {installation} fires for no time"));
        for (name, text) in found["annotations"].as_object().unwrap() {
            let text = text.as_str().unwrap();
            let is_whole = !text.contains("<no value>") && !text.contains("%!") && !text.contains("  ");
            assert!(is_whole, "{alert}, {name}: {text}");
        }
        self.seen.lock().unwrap().insert(alert.to_owned());
        found["labels"].clone()
    }

    /// Waits until it fires there no more.
    pub fn ends(&self, alert: &str, installation: &str) {
        until(&format!("{alert} of {installation} ends"), PATIENCE, || !self.is_firing(alert, installation));
    }

    /// Does that until it fires no more.
    pub fn ends_by(&self, alert: &str, installation: &str, mut act: impl FnMut()) {
        until(&format!("{alert} of {installation} ends"), PATIENCE, || {
            act();
            !self.is_firing(alert, installation)
        });
    }

    /// Stands still for so long, and scrapes nothing.
    pub fn pauses(&self, time: Duration) {
        signal(&self.monitor.process, "STOP");
        std::thread::sleep(time);
        signal(&self.monitor.process, "CONT");
    }

    /// That it cannot be caused here, and why.
    pub fn cannot_see(&self, alert: &str, why: &str) {
        eprintln!("not caused: {alert}: {why}");
        self.seen.lock().unwrap().insert(alert.to_owned());
    }

    /// Which alerts were seen to fire, but for those that cannot be caused here.
    pub fn seen(&self) -> BTreeSet<String> {
        self.seen.lock().unwrap().clone()
    }

    /// Which alerts fired in that installation within that time.
    pub fn fired_within(&self, time: &str, installation: &str) -> BTreeSet<String> {
        let query = format!("last_over_time(ALERTS{{installation=\"{installation}\",alertstate=\"firing\"}}[{time}])");
        let answer = self.monitor.get("query", &[("query", &query)]).unwrap();
        let found = answer["data"]["result"].as_array().unwrap();
        found.iter().map(|series| series["metric"]["alertname"].as_str().unwrap().to_owned()).collect()
    }
}

/// How the shipped configuration scrapes workers, whoever they are.
fn shipped_job(configuration: &Value) -> Value {
    let jobs = configuration["scrape_configs"].as_array().unwrap();
    let mut job = jobs.iter().find(|job| job["job_name"] == WORKER).unwrap().clone();
    assert_eq!(job["honor_labels"], true, "a worker's own installation holds");
    assert_eq!(job["relabel_configs"][0]["target_label"], "installation", "one that does not answer has one too");
    job.as_object_mut().unwrap().retain(|key, _| !key.ends_with("_configs"));
    job
}

/// The rules with each minute, hour and day of them cut to a second, and each gigabyte to a hundred kilobytes.
fn cut(rules: &str) -> String {
    let mut cut = String::new();
    for line in rules.lines() {
        let is_rule = !line.trim_start().starts_with(['#', '-']) || line.trim_start().starts_with("- alert");
        let is_text =
            ["summary", "description", "remedy", "runbook"].iter().any(|key| line.trim_start().starts_with(key));
        cut += &if is_rule && !is_text { cut_line(line) } else { line.to_owned() };
        cut += "\n";
    }
    cut
}

fn cut_line(line: &str) -> String {
    let mut line = line.to_owned();
    for seconds in ["* 60", "* 3600", "* 86400"] {
        line = match line.split_once(seconds) {
            Some((before, after)) if !after.starts_with(|c: char| c.is_ascii_digit()) => format!("{before}* 1{after}"),
            _ => line,
        };
    }
    line = line.replace("e9", "e5");
    if let Some((before, time)) = line.split_once("for: ") {
        return format!("{before}for: {}s", &time[..time.len() - 1]);
    }
    let mut parts = line.split('[');
    let mut done = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (window, rest) = part.split_once(']').unwrap();
        let mut times = window.split(':').map(|time| time[..time.len() - 1].parse::<u32>().unwrap());
        let shortest = if window.contains(':') { SHORTEST_SUBQUERY } else { SHORTEST_WINDOW };
        done += &format!("[{}s", times.next().unwrap().max(shortest));
        done += &times.map(|step| format!(":{step}s")).collect::<String>();
        done += &format!("]{rest}");
    }
    done
}

#[test]
fn a_minute_an_hour_and_a_day_take_a_second() {
    let rules = "      - alert: A\n        expr: x[15m:1m] > 5 * 60 and y[1h] < 2e9 or z[3d] > 2 * 86400\n        for: 20m\n          summary: 15m";
    let wanted = "      - alert: A\n        expr: x[40s:1s] > 5 * 1 and y[6s] < 2e5 or z[6s] > 2 * 1\n        for: 20s\n          summary: 15m\n";
    assert_eq!(cut(rules), wanted);
}

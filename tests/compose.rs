//! docker-compose.yml without a container engine: each service is started with the file's own commands, settings and
//! mounted files, on ports of the test's own. What only an engine shows, the images above all, is not seen here.

#![allow(clippy::unwrap_used)]

mod harness;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use harness::broker::{Broker, free_port};
use harness::{Giaoban, until};
use serde::Deserialize;

#[derive(Deserialize)]
struct Compose {
    services: BTreeMap<String, Service>,
}

#[derive(Deserialize)]
struct Service {
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    ports: Vec<String>,
    #[serde(default)]
    volumes: Vec<String>,
    #[serde(default)]
    stop_grace_period: Option<String>,
}

impl Service {
    fn environment(&self) -> impl Iterator<Item = (&str, String)> {
        self.environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn compose() -> Compose {
    serde_saphyr::from_str(&std::fs::read_to_string(root().join("docker-compose.yml")).unwrap()).unwrap()
}

/// A free port of this machine for each that the file names, and this machine for each of its hosts.
struct Here(BTreeMap<u16, u16>);

impl Here {
    fn new() -> Self {
        Self([9092, 9093, 19092, 9464, 9090].into_iter().map(|port| (port, free_port())).collect())
    }

    fn of(&self, text: &str) -> String {
        let mut text = text.replace("//:", "//127.0.0.1:").replace("0.0.0.0:", "127.0.0.1:");
        for service in ["kafka", "worker"] {
            text = text.replace(&format!("{service}:"), "127.0.0.1:");
        }
        // The longer ones first, so that no port is taken for the beginning of another.
        for (port, free) in self.0.iter().rev() {
            text = text.replace(&format!(":{port}"), &format!(":{free}"));
        }
        text
    }
}

/// The properties that Kafka's image makes of its environment.
fn properties(kafka: &Service, here: &Here) -> String {
    let property = |(name, value): (&str, String)| {
        let name = name.strip_prefix("KAFKA_").unwrap().to_lowercase().replace('_', ".");
        format!("{name}={}\n", here.of(&value))
    };
    kafka.environment().filter(|(name, _)| *name != "KAFKA_HEAP_OPTS").map(property).collect()
}

struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn get(url: &str) -> Option<serde_json::Value> {
    serde_json::from_str(&ureq::get(url).call().ok()?.body_mut().read_to_string().unwrap()).ok()
}

#[test]
fn every_port_of_the_compose_file_is_on_loopback_and_every_key_is_known() {
    for (name, service) in compose().services {
        for port in &service.ports {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port}");
        }
        let giaoban = service
            .environment()
            .filter(|(key, _)| key.starts_with("GIAOBAN"))
            .fold(Giaoban::new(), |giaoban, (key, value)| giaoban.with(key, &value));
        giaoban.ok(&["config", "show"]);
    }
}

#[test]
#[ignore = "starts a broker of its own: ./test.sh"]
fn kafka_compose_starts_a_pipeline_that_prometheus_watches() {
    let Compose { services } = compose();
    let here = Here::new();
    let (worker, kafka, prometheus) = (&services["worker"], &services["kafka"], &services["prometheus"]);
    let _broker = Broker::of(&properties(kafka, &here), here.0[&9092], &[]);

    // Made inside by the two services, and used from outside at the address that the file's head gives.
    let inside =
        worker.environment().fold(Giaoban::new(), |giaoban, (name, value)| giaoban.with(name, &here.of(&value)));
    let outside = Giaoban::new().with("GIAOBAN__KAFKA__BROKERS", &here.of("127.0.0.1:9092"));
    fn arguments(service: &Service) -> Vec<&str> {
        service.command.iter().map(|word| if word == "/var/lib/giaoban" { "kept" } else { word }).collect()
    }
    assert!(worker.volumes.iter().any(|volume| volume.ends_with(":/var/lib/giaoban")), "{:?}", worker.volumes);
    inside.ok(&arguments(&services["topics"]));
    let mut running =
        Ends(inside.command(&arguments(worker)).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    outside.publish_sessions(0..100);

    let mounted = prometheus.volumes.iter().find_map(|volume| volume.strip_suffix(":/etc/prometheus:ro")).unwrap();
    let watched = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(root().join(mounted)).unwrap().map(Result::unwrap) {
        let content = std::fs::read_to_string(file.path()).unwrap();
        std::fs::write(watched.path().join(file.file_name()), here.of(&content)).unwrap();
    }
    let address = here.of("127.0.0.1:9090");
    let log = std::fs::File::create(watched.path().join("log")).unwrap();
    let path = std::env::join_paths(
        std::env::split_paths(&std::env::var_os("PATH").unwrap()).chain([root().join("target/tools/usr/bin")]),
    )
    .unwrap();
    let _prometheus = Ends(
        Command::new("prometheus")
            .env("PATH", &path)
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
            .arg(format!("--web.listen-address={address}"))
            .current_dir(watched.path())
            .stderr(log)
            .spawn()
            .expect("prometheus is not there: ./test.sh gets it on Debian and Ubuntu"),
    );
    let asked = |query: &str| {
        let answer = get(&format!("http://{address}/api/v1/query?query={query}"))?;
        Some(answer["data"]["result"][0]["value"][1].as_str()?.to_owned())
    };
    until("Prometheus sees the events applied", Duration::from_secs(90), || {
        asked("giaoban_worker_records_applied_total").as_deref() == Some("100")
    });
    assert_eq!(asked("up").as_deref(), Some("1"));
    assert_eq!(asked("giaoban_worker_reconciliation_difference_records").as_deref(), Some("0"));
    let rules = get(&format!("http://{address}/api/v1/rules")).unwrap();
    assert!(!rules["data"]["groups"].as_array().unwrap().is_empty(), "{rules}");

    // What the worker says of itself is as Prometheus wants it: names, units, types, help.
    let (status, metrics) = harness::get(&here.of("127.0.0.1:9464"), "/metrics");
    assert_eq!(status, 200, "{metrics}");
    let mut promtool = Command::new("promtool")
        .env("PATH", &path)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let checked = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&checked.stderr).into_owned() + &String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success() && said.trim().is_empty(), "{said}");

    let grace: u64 = worker.stop_grace_period.as_deref().unwrap().trim_end_matches('s').parse().unwrap();
    let told = Instant::now();
    harness::signal(&running.0, "TERM");
    assert!(running.0.wait().unwrap().success());
    assert!(told.elapsed() < Duration::from_secs(grace), "{:?}", told.elapsed());
    let kept = ["rollup", "--data", "kept", "--period", "2020-Q1", "--unit", "00004", "--format", "json"];
    let rollup: serde_json::Value = serde_json::from_str(&inside.ok(&kept)).unwrap();
    assert_eq!(rollup["units"][0]["figures"]["supervision_sessions"], 100, "{rollup}");
}

//! docker-compose.yml without a container engine: each service of giaoban, Kafka, PostgreSQL, Prometheus and Alertmanager
//! is started with the file's own commands, settings and mounted files, on ports of the test's own. What only an engine
//! shows, the images above all, is not seen here.

#![allow(clippy::unwrap_used)]

mod database;
mod harness;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use database::server::{OwnServer, programs};
use harness::broker::{Broker, free_port};
use harness::prometheus::{Monitor, tools_path};
use harness::running::Running;
use harness::{Giaoban, until};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Compose {
    services: BTreeMap<String, Service>,
    volumes: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Service {
    image: String,
    #[serde(default)]
    build: Value,
    #[serde(default)]
    profiles: Vec<String>,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, Value>,
    #[serde(default)]
    ports: Vec<String>,
    #[serde(default)]
    volumes: Vec<String>,
    #[serde(default)]
    healthcheck: Value,
    restart: String,
    cap_drop: Vec<String>,
    logging: Value,
    deploy: Value,
    #[serde(default)]
    depends_on: BTreeMap<String, Value>,
    stop_grace_period: Option<String>,
    container_name: Option<String>,
}

impl Service {
    fn environment(&self) -> impl Iterator<Item = (&str, String)> {
        self.environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    }

    fn arguments(&self) -> Vec<&str> {
        self.command.iter().map(String::as_str).collect()
    }

    /// What of this machine, or which volume, is mounted there.
    fn mounted(&self, at: &str) -> Option<&str> {
        self.volumes.iter().find_map(|volume| {
            let (from, to) = volume.split_once(':').unwrap();
            (to.trim_end_matches(":ro") == at).then_some(from)
        })
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn yaml<T: for<'de> Deserialize<'de>>(file: &str) -> T {
    let text = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn compose() -> Compose {
    yaml("docker-compose.yml")
}

/// A free port of this machine for each that the file names, this machine for each of its hosts, and a folder for each of
/// the volumes with secrets.
struct Here {
    ports: BTreeMap<u16, u16>,
    dir: tempfile::TempDir,
}

impl Here {
    fn new() -> Self {
        let ports = [9092, 9093, 19092].into_iter().map(|port| (port, free_port())).collect();
        Self { ports, dir: tempfile::tempdir().unwrap() }
    }

    fn secrets(&self) -> PathBuf {
        self.dir.path().join("secrets")
    }

    fn of(&self, text: &str) -> String {
        let mut text = text.replace("//:", "//127.0.0.1:").replace("/run/secrets", self.secrets().to_str().unwrap());
        for service in ["kafka", "alertmanager"] {
            text = text.replace(&format!("{service}:"), "127.0.0.1:");
        }
        // The longer ones first, so that no port is taken for the beginning of another.
        for (port, free) in self.ports.iter().rev() {
            text = text.replace(&format!(":{port}"), &format!(":{free}"));
        }
        text
    }

    /// With that service's settings, PostgreSQL at that URL, and pages on a port of its own.
    fn giaoban(&self, service: &Service, postgres: &str) -> Giaoban {
        let place = postgres.rsplit_once('@').unwrap().1.split_once('/').unwrap().0;
        let at = format!("@{place}/");
        service
            .environment()
            .fold(Giaoban::new(), |giaoban, (name, value)| {
                giaoban.with(name, &self.of(&value).replace("@postgres/", &at))
            })
            .with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0")
    }

    /// Starts one of Prometheus' programs with that service's flags and the files that it mounts, changed by that function.
    fn start(&self, name: &str, service: &Service, at: &str, change: impl Fn(&str, String) -> String) -> Monitor {
        let etc = self.dir.path().join(name);
        fs::create_dir(&etc).unwrap();
        for file in fs::read_dir(root().join(service.mounted(at).unwrap())).unwrap().map(Result::unwrap) {
            let (file, content) = (file.file_name(), fs::read_to_string(file.path()).unwrap());
            fs::write(etc.join(&file), change(file.to_str().unwrap(), content)).unwrap();
        }
        let arguments = service.command.iter().map(|argument| {
            let (flag, value) = argument.split_once('=').unwrap();
            let kept = service.mounted(value).map(|_| "data".to_owned());
            format!("{flag}={}", kept.unwrap_or_else(|| value.replace(&format!("{at}/"), "")))
        });
        Monitor::start(name, &etc, arguments)
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

#[test]
fn every_service_of_the_compose_file_is_bounded_watched_and_reached_from_this_machine_alone() {
    let Compose { services, volumes } = compose();
    for (name, service) in &services {
        for port in &service.ports {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port}");
        }
        assert_eq!(service.cap_drop, ["ALL"], "{name}");
        assert!(service.logging["options"]["max-size"].is_string(), "{name}: its log grows for ever");
        assert!(service.deploy["resources"]["limits"]["memory"].is_string(), "{name}: its memory has no limit");
        if service.build.is_null() {
            let version = service.image.rsplit_once(':').unwrap_or_else(|| panic!("{name}: of which version?")).1;
            assert!(version.matches('.').count() >= 1, "{name}: {version} is not an exact version");
            assert!(service.healthcheck["start_period"].is_string(), "{name}: is it up, or starting?");
        }
        // What ends by itself is waited for by others, and what does not is started again.
        let ends = ["secrets", "topics"].contains(&name.as_str());
        assert_eq!(service.restart, if ends { "no" } else { "unless-stopped" }, "{name}");
        for (other, how) in &service.depends_on {
            let ends = ["secrets", "topics"].contains(&other.as_str());
            assert_eq!(how["condition"] == "service_completed_successfully", ends, "{name}: {other}");
            assert!(services[other].profiles.is_empty(), "{name} starts the profile of {other}");
        }
        for volume in &service.volumes {
            let from = volume.split_once(':').unwrap().0;
            // What an engine does not find it makes, as an empty folder.
            assert!(volumes.contains_key(from) || root().join(from).exists(), "{name}: {from} is not there");
        }
        for (key, value) in service.environment() {
            let secret = key.to_lowercase().contains("password") || value.contains("/run/secrets/");
            assert!(!secret || service.mounted(value.rsplit_once('/').unwrap().0).is_some(), "{name}: {key}={value}");
        }
        let giaoban = service
            .environment()
            .filter(|(key, _)| key.starts_with("GIAOBAN") && !key.ends_with("_FILE"))
            .fold(Giaoban::new(), |giaoban, (key, value)| giaoban.with(key, &value));
        giaoban.ok(&["config", "show"]);
    }
    let worker = &services["worker"];
    assert!(worker.ports.is_empty() && worker.container_name.is_none(), "a second one could not be started");
    assert!(services.values().filter(|service| service.mounted("/run/secrets/administrator").is_some()).count() == 2);
}

#[test]
fn what_grafana_is_given_names_services_and_folders_that_are_there() {
    let Compose { services, .. } = compose();
    let grafana = &services["grafana"];
    let provisioning = grafana.mounted("/etc/grafana/provisioning").unwrap();
    let sources: Value = yaml(&format!("{provisioning}/datasources/prometheus.yml"));
    for source in sources["datasources"].as_array().unwrap() {
        let (service, port) = source["url"].as_str().unwrap().strip_prefix("http://").unwrap().split_once(':').unwrap();
        assert!(services[service].ports.iter().any(|published| published.ends_with(&format!(":{port}"))), "{source}");
        assert!(grafana.depends_on.contains_key(service), "{source}");
    }
    let dashboards: Value = yaml(&format!("{provisioning}/dashboards/giaoban.yml"));
    for provider in dashboards["providers"].as_array().unwrap() {
        assert!(grafana.mounted(provider["options"]["path"].as_str().unwrap()).is_some(), "{provider}");
    }
}

#[test]
fn passwords_are_made_once_and_differ() {
    let here = Here::new();
    let secrets = make_secrets(&here);
    let made: Vec<String> = secrets.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    assert_eq!(made.len(), 4);
    for password in &made {
        assert_eq!(password.len(), 48, "{password}");
        assert_eq!(made.iter().filter(|other| *other == password).count(), 1);
    }
    make_secrets(&here);
    let again: Vec<String> = secrets.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    assert_eq!(made, again);
}

/// Runs the service that makes passwords, and says where they are.
fn make_secrets(here: &Here) -> Vec<PathBuf> {
    let service = &compose().services["secrets"];
    let folders = service.volumes.iter().map(|volume| PathBuf::from(here.of(volume.split_once(':').unwrap().1)));
    let folders: Vec<PathBuf> = folders.collect();
    for folder in &folders {
        fs::create_dir_all(folder).unwrap();
    }
    let script = here.of(&service.command[0]).replace("$$", "$");
    let ran = Command::new("bash").args(["-euc", &script]).output().unwrap();
    assert!(ran.status.success() && ran.stdout.is_empty() && ran.stderr.is_empty(), "{ran:?}");
    folders.into_iter().map(|folder| folder.join("password")).collect()
}

/// A server with the roles and passwords that the file makes, and no other way in.
fn postgres(service: &Service, here: &Here) -> OwnServer {
    let server = OwnServer::start();
    let psql = |database: &str, arguments: &[&str]| {
        let url = format!("{}/{database}", server.url().rsplit_once('/').unwrap().0);
        let mut psql = Command::new(programs().join("psql"));
        let ran = psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", &url]).args(arguments).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    };
    let (_, database) = service.environment().find(|(key, _)| *key == "POSTGRES_DB").unwrap();
    psql("postgres", &["-c", &format!("CREATE DATABASE {database}")]);
    for file in ["1-roles.sql", "2-passwords.sql"] {
        let shipped = service.mounted(&format!("/docker-entrypoint-initdb.d/{file}")).unwrap();
        let sql = here.dir.path().join(file);
        fs::write(&sql, here.of(&fs::read_to_string(root().join(shipped)).unwrap())).unwrap();
        psql(&database, &["-f", sql.to_str().unwrap()]);
    }
    server.write("pg_hba.conf", "host all postgres all trust\nhost all all all scram-sha-256\n");
    psql("postgres", &["-c", "SELECT pg_reload_conf()"]);
    server
}

#[test]
#[ignore = "starts a broker and PostgreSQL of its own: ./test.sh"]
fn kafka_compose_starts_a_pipeline_that_prometheus_watches() {
    let Compose { services, .. } = compose();
    let here = Here::new();
    make_secrets(&here);
    let _broker = Broker::of(&properties(&services["kafka"], &here), here.ports[&9092], &[]);
    let server = postgres(&services["postgres"], &here);

    // Made inside by its services, and used from outside at the address that the file's head gives.
    here.giaoban(&services["topics"], &server.url()).ok(&services["topics"].arguments());
    let worker = &services["worker"];
    let inside = here.giaoban(worker, &server.url());
    let outside = Giaoban::new().with("GIAOBAN__KAFKA__BROKERS", &here.of("127.0.0.1:9092"));
    let workers: Vec<Running> = (0..2).map(|_| Running::of(inside.command(&worker.arguments()))).collect();
    outside.publish_sessions(0..100);
    workers[0].until_ready();
    let beside = here.giaoban(&services["serve"], &server.url());
    let pages = Running::of(beside.command(&services["serve"].arguments()));

    let alertmanager =
        here.start("prometheus-alertmanager", &services["alertmanager"], "/etc/alertmanager", |_, content| content);
    let alerts = &alertmanager.address;
    let prometheus = here.start("prometheus", &services["prometheus"], "/etc/prometheus", |file, content| {
        if file == "prometheus.yml" { found_here(&content, (&workers, &pages), alerts) } else { content }
    });
    let asked = |query: &str| {
        let answer = prometheus.get("query", &[("query", query)])?;
        Some(answer["data"]["result"][0]["value"][1].as_str()?.to_owned())
    };
    until("Prometheus sees both workers, and the events applied", Duration::from_secs(90), || {
        asked("sum(up{job=\"giaoban-worker\"})").as_deref() == Some("2")
            && asked("sum(giaoban_worker_records_applied_total)").as_deref() == Some("100")
    });
    until("Prometheus sees the pages", Duration::from_secs(60), || {
        asked("up{job=\"giaoban-serve\"}").as_deref() == Some("1")
    });
    let (status, page) = pages.get("/?period=2020-Q1");
    assert_eq!(status, 200, "{page}");
    pages.stop();
    assert_eq!(asked("max(giaoban_worker_reconciliation_difference_records)").as_deref(), Some("0"));
    let rules = prometheus.get("rules", &[]).unwrap();
    assert!(!rules["data"]["groups"].as_array().unwrap().is_empty(), "{rules}");
    let receivers = prometheus.get("alertmanagers", &[]).unwrap();
    assert_eq!(receivers["data"]["activeAlertmanagers"][0]["url"], format!("http://{alerts}/api/v2/alerts"));

    // What a worker says of itself is as Prometheus wants it: names, units, types, help.
    let (status, metrics) = workers[0].get("/metrics");
    assert_eq!(status, 200, "{metrics}");
    let mut promtool = Command::new("promtool")
        .env("PATH", tools_path())
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let checked = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&checked.stderr).into_owned() + &String::from_utf8_lossy(&checked.stdout);
    // Working days are no number of seconds.
    let faults: Vec<&str> =
        said.lines().filter(|line| !line.starts_with("giaoban_silence_working_days use base unit")).collect();
    assert!(faults.iter().all(|fault| fault.is_empty()), "{said}");

    let grace: u64 = worker.stop_grace_period.as_deref().unwrap().trim_end_matches('s').parse().unwrap();
    for worker in workers {
        let told = Instant::now();
        worker.stop();
        assert!(told.elapsed() < Duration::from_secs(grace), "{:?}", told.elapsed());
    }
    assert_eq!(inside.sessions(), Some(100));
    inside.ok(&["verify"]);
}

#[test]
fn the_compose_files_embedded_profile_needs_nothing_else() {
    let Compose { services, .. } = compose();
    let embedded = &services["embedded"];
    assert_eq!(embedded.profiles, ["embedded"]);
    assert!(embedded.depends_on.is_empty());
    let giaoban = Giaoban::new().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0");
    let worker = Running::of(giaoban.command(&embedded.arguments()));
    let event = harness::session("00004", 1, 1, "2020-03-04", 1) + "\n";
    assert_eq!(giaoban.run_with_input(&["publish", "-"], event.as_bytes()).code, Some(0));
    until("the figure", Duration::from_secs(60), || giaoban.sessions() == Some(1));
    worker.stop();
}

#[test]
fn the_image_serves_beyond_itself_and_calls_a_worker_healthy_that_waits_for_its_store() {
    let dockerfile = fs::read_to_string(root().join("Dockerfile")).unwrap().replace("\\\n", " ");
    let instructions = |name: &str| {
        dockerfile
            .lines()
            .filter_map(|line| line.strip_prefix(name))
            .flat_map(str::split_whitespace)
            .collect::<Vec<_>>()
    };
    let settings = instructions("ENV ").into_iter().map(|setting| setting.split_once('=').unwrap());
    let image = settings.fold(Giaoban::new(), |giaoban, (name, value)| giaoban.with(name, value));
    let shown = image.ok(&["config", "show"]);
    assert!(shown.contains("0.0.0.0:9464"), "{shown}");
    let version = format!("org.opencontainers.image.version=\"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(instructions("LABEL ").contains(&version.as_str()), "{version}");

    let check = dockerfile.lines().find(|line| line.starts_with("HEALTHCHECK")).unwrap();
    let check: Vec<String> = serde_json::from_str(check.split_once("CMD ").unwrap().1).unwrap();
    let healthy = |port: &str| {
        let script = check[2].replace("9464", port);
        Command::new(&check[0]).args([&check[1], &script]).stderr(Stdio::null()).status().unwrap().success()
    };
    // Nobody listens there: the store never comes.
    let place = format!("127.0.0.1:{}", free_port());
    let away = format!("postgres://giaoban@{place}/giaoban?sslmode=disable");
    let waiting = Giaoban::new().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0").with("GIAOBAN__STORE__URL", &away);
    let worker = Running::of(waiting.command(&["worker"]));
    worker.says(&place);
    let port = worker.address().rsplit_once(':').unwrap().1.to_owned();
    assert!(!worker.is_ready());
    assert!(healthy(&port), "a restarter would kill it");
    worker.stop();
    assert!(!healthy(&port));
}

/// The shipped configuration with these workers, these pages and this Alertmanager in the place of those that names would
/// find.
fn found_here(shipped: &str, (workers, pages): (&[Running], &Running), alertmanager: &str) -> String {
    let mut config: Value = serde_saphyr::from_str(shipped).unwrap();
    config["alerting"]["alertmanagers"] = serde_json::json!([{"static_configs": [{"targets": [alertmanager]}]}]);
    for job in config["scrape_configs"].as_array_mut().unwrap() {
        let targets: Vec<&str> = match job["job_name"].as_str().unwrap() {
            "giaoban-worker" => workers.iter().map(Running::address).collect(),
            "giaoban-serve" => vec![pages.address()],
            _ => Vec::new(),
        };
        let job = job.as_object_mut().unwrap();
        let found = job.remove("dns_sd_configs");
        if let Some(found) = &found {
            assert_eq!(found[0]["type"], "A", "{found}");
        }
        job.insert("static_configs".into(), serde_json::json!([{"targets": targets}]));
    }
    // JSON is YAML.
    config.to_string()
}

//! The files for systemd and Kubernetes: they start commands that there are, by settings that there are, and again only
//! where that helps. `.ci/package` has systemd look at the ones, `.ci/run` Kubernetes' schemas at the others.

#![allow(clippy::unwrap_used)]

mod harness;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use giaoban::failure::ExitCode;
use harness::Giaoban;
use harness::certificate::certificate;
use serde_json::Value;

fn config(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)
}

fn folder() -> PathBuf {
    config("systemd")
}

fn read(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The names of the files that end so.
fn files(ending: &str) -> Vec<String> {
    let names = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let files: Vec<String> = names.filter(|name| name.ends_with(ending)).collect();
    assert!(!files.is_empty());
    files
}

/// What the lines with that key say.
fn values<'f>(file: &'f str, key: &str) -> Vec<&'f str> {
    file.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

#[test]
fn a_service_is_started_again_but_for_the_codes_that_wait_for_a_person() {
    let waits: Vec<String> =
        ExitCode::ALL.iter().filter(|code| code.waits_for_a_person()).map(|code| (*code as u8).to_string()).collect();
    for name in files(".service") {
        let file = read(&name);
        if values(&file, "Type") == ["oneshot"] {
            assert!(values(&file, "Restart").is_empty(), "{name}: its timer starts it");
            assert!(files(".timer").contains(&name.replace(".service", ".timer")), "{name}: who starts it?");
        } else {
            assert_eq!(values(&file, "Restart"), ["always"], "{name}");
            assert_eq!(values(&file, "RestartPreventExitStatus"), [waits.join(" ")], "{name}");
            assert_eq!(values(&file, "StartLimitIntervalSec"), ["0"], "{name}: systemd would give it up");
            assert_eq!(values(&file, "WantedBy"), ["multi-user.target"], "{name}");
        }
    }
}

#[test]
fn each_service_has_a_command_and_settings_that_there_are() {
    for name in files(".service") {
        let file = read(&name);
        let [command] = values(&file, "ExecStart")[..] else { panic!("{name}") };
        if let Some(arguments) = command.strip_prefix("/usr/bin/giaoban ") {
            let arguments: Vec<&str> = arguments.split(' ').chain(["--help"]).collect();
            Giaoban::new().ok(&arguments);
        } else {
            assert_eq!(command, "/usr/lib/giaoban/backup /var/backups/giaoban 14", "{name}");
        }
    }
    let here = tempfile::tempdir().unwrap();
    let place = |name: &str| here.path().join(name).to_str().unwrap().to_owned();
    fs::write(place("giaoban.toml"), include_str!("../config/giaoban.toml")).unwrap();
    let mut giaoban = Giaoban::new();
    for name in ["service.conf", "secrets.conf"] {
        let file = read(name);
        let settings = values(&file, "Environment").into_iter().flat_map(|line| line.split(' '));
        for (key, value) in settings.map(|setting| setting.split_once('=').unwrap()) {
            let value = match value.strip_prefix("%d/") {
                Some(credential) => {
                    let loaded = format!("{credential}:/etc/giaoban/secrets/{credential}");
                    assert!(values(&file, "LoadCredential").contains(&loaded.as_str()), "{name}: {credential}");
                    fs::write(place(credential), "secret").unwrap();
                    place(credential)
                }
                None if value.starts_with("/etc/giaoban/") => place(&value["/etc/giaoban/".len()..]),
                None => value.to_owned(),
            };
            giaoban = giaoban.with(key, &value);
        }
    }
    giaoban.ok(&["config", "check"]);
    let shown = giaoban.ok(&["config", "show"]);
    for key in ["store.password_file", r#"kafka.secret_files."sasl.password""#] {
        assert!(shown.contains(key), "{shown}");
    }
}

/// A program that makes a folder as `giaoban backup` does, or half of one.
fn copying(here: &Path, copy: &str) {
    let script = format!("#!/bin/sh\nmkdir \"$2\" && {copy}\n");
    fs::write(here.join("giaoban"), script).unwrap();
    fs::set_permissions(here.join("giaoban"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn of_the_copies_the_newest_are_kept_and_nothing_else_is_touched() {
    let here = tempfile::tempdir().unwrap();
    let copies = here.path().join("copies");
    let path = format!("{}:{}", here.path().display(), std::env::var("PATH").unwrap());
    let back_up = || {
        let mut backup = Command::new(folder().join("backup"));
        backup.arg(&copies).arg("2").env("PATH", &path).status().unwrap().success()
    };
    let names = || {
        let mut names: Vec<_> =
            fs::read_dir(&copies).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    for name in ["2026-01-01T010000Z", "2026-01-02T010000Z", "2026-01-03T010000Z", "by hand"] {
        fs::create_dir_all(copies.join(name)).unwrap();
        fs::write(copies.join(name).join("CURRENT"), "1").unwrap();
    }
    // Not a whole copy: whatever it is, somebody wants to see it.
    fs::create_dir(copies.join("2025-01-01T010000Z")).unwrap();
    let before = names();

    copying(here.path(), "false");
    assert!(!back_up(), "a copy that failed is a failure");
    let failed = names();
    assert!(before.iter().all(|name| failed.contains(name)), "it lost older ones: {failed:?}");

    copying(here.path(), "touch \"$2/CURRENT\"");
    // Another second, hence another name.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert!(back_up());
    let kept = names();
    for gone in ["2026-01-01T010000Z", "2026-01-02T010000Z"] {
        assert!(!kept.contains(&gone.to_owned()), "{kept:?}");
    }
    for stays in ["2025-01-01T010000Z", "2026-01-03T010000Z", "by hand"] {
        assert!(kept.contains(&stays.to_owned()), "{kept:?}");
    }
}

/// The objects in a file of Kubernetes.
fn objects(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(config("kubernetes").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    text.split("\n---\n").map(|object| serde_saphyr::from_str(object).unwrap()).collect()
}

/// What the base consists of.
fn base() -> Vec<Value> {
    let files = &objects("kustomization.yaml")[0]["resources"];
    files.as_array().unwrap().iter().flat_map(|file| objects(file.as_str().unwrap())).collect()
}

/// The template of the pods that an object starts.
fn pods(object: &Value) -> Option<&Value> {
    ["/spec/template", "/spec/jobTemplate/spec/template"].iter().find_map(|path| object.pointer(path))
}

#[test]
fn every_pod_has_a_command_settings_and_secrets_by_reference() {
    let here = tempfile::tempdir().unwrap();
    for (file, content) in [
        ("ca/kafka.pem", certificate().0),
        ("ca/postgres.pem", certificate().0),
        ("kafka/password", "secret".into()),
        ("store/password", "secret".into()),
    ] {
        fs::create_dir_all(here.path().join(file).parent().unwrap()).unwrap();
        fs::write(here.path().join(file), content).unwrap();
    }
    let mut settings = fs::read_to_string(config("kubernetes/giaoban.toml")).unwrap();
    let base = base();
    assert!(base.iter().all(|object| object["kind"] != "Secret"), "a secret is in the repository");
    let mut started = Vec::new();
    for pod in base.iter().filter_map(pods) {
        let container = &pod["spec"]["containers"][0];
        let arguments: Vec<&str> =
            container["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        Giaoban::new().ok(&[&arguments[..], &["--help"]].concat());
        started.extend(arguments);
        // Whatever the settings name is mounted, from something that the pod has.
        for mount in container["volumeMounts"].as_array().unwrap() {
            let volumes = pod["spec"]["volumes"].as_array().unwrap();
            assert!(volumes.iter().any(|volume| volume["name"] == mount["name"]), "{mount}");
            let (at, name) = (mount["mountPath"].as_str().unwrap(), mount["name"].as_str().unwrap());
            settings = settings.replace(&format!("{at}/"), &format!("<here>/{name}/"));
        }
        let mut giaoban = Giaoban::new();
        for variable in container["env"].as_array().unwrap() {
            let (name, value) = (variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap());
            if name == "GIAOBAN_CONFIG" {
                let mounts = container["volumeMounts"].as_array().unwrap();
                assert!(mounts.iter().any(|mount| mount["mountPath"] == value), "{value}");
            } else {
                giaoban = giaoban.with(name, &value.replace("/etc/giaoban", here.path().to_str().unwrap()));
            }
        }
        giaoban.ok(&["config", "show"]);
        for (probe, path) in [("startupProbe", "/startupz"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")]
        {
            // A job has none.
            if pod["spec"]["restartPolicy"] != "Never" {
                assert_eq!(container[probe]["httpGet"]["path"], path);
            }
        }
    }
    started.sort_unstable();
    assert_eq!(started, ["serve", "verify", "worker"]);
    assert!(!settings.contains("/run/secrets/") && !settings.contains("/etc/giaoban/"), "not mounted: {settings}");
    let giaoban = Giaoban::new();
    giaoban.write("giaoban.toml", settings.replace("<here>", here.path().to_str().unwrap()));
    giaoban.ok(&["config", "check", "--config", "giaoban.toml"]);
}

#[test]
fn what_selects_pods_and_services_finds_them() {
    let base = base();
    let labels: Vec<&Value> = base.iter().filter_map(pods).map(|pod| &pod["metadata"]["labels"]).collect();
    let selects = |selector: &Value, labels: &Value| {
        selector.as_object().unwrap().iter().all(|(key, value)| labels[key] == *value)
    };
    let found = |object: &Value, path: &str| {
        let selector = object.pointer(path).unwrap_or_else(|| panic!("{path}: {object}"));
        assert!(labels.iter().any(|labels| selects(selector, labels)), "{object} selects nothing");
    };
    for object in &base {
        match object["kind"].as_str().unwrap() {
            "Service" => found(object, "/spec/selector"),
            "NetworkPolicy" => found(object, "/spec/podSelector/matchLabels"),
            "Deployment" | "PodDisruptionBudget" => found(object, "/spec/selector/matchLabels"),
            _ => {}
        }
    }

    // Of this kind there is no schema to check it by.
    let [monitor] = &objects("monitoring/servicemonitor.yaml")[..] else { panic!() };
    assert_eq!(
        (&monitor["apiVersion"], &monitor["kind"]),
        (&"monitoring.coreos.com/v1".into(), &"ServiceMonitor".into())
    );
    let keys: Vec<&String> = monitor["spec"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["endpoints", "namespaceSelector", "selector"]);
    assert_eq!(monitor["spec"]["namespaceSelector"]["matchNames"][0], objects("kustomization.yaml")[0]["namespace"]);
    let [endpoint] = &monitor["spec"]["endpoints"].as_array().unwrap()[..] else { panic!() };
    let services: Vec<&Value> = base
        .iter()
        .filter(|object| object["kind"] == "Service")
        .filter(|service| selects(&monitor["spec"]["selector"]["matchLabels"], &service["metadata"]["labels"]))
        .collect();
    for service in &services {
        let ports = service["spec"]["ports"].as_array().unwrap();
        assert!(ports.iter().any(|port| port["name"] == endpoint["port"]), "{service}");
    }
    // A job's name is its service's: that by which Prometheus knows workers under compose, hence the alerts.
    let prometheus: Value = serde_saphyr::from_str(include_str!("../config/prometheus/prometheus.yml")).unwrap();
    let jobs = prometheus["scrape_configs"].as_array().unwrap();
    for service in &services {
        assert!(jobs.iter().any(|job| job["job_name"] == service["metadata"]["name"]), "{service}");
    }
    assert_eq!(services.len(), 2);
}

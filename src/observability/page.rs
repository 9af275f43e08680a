//! The page of the metrics, `docs/metrics.md`.

use std::fmt::Write as _;

use super::names::{ALL, Kind};

const HEAD: &str = "# Metrics

What `/metrics` of `giaoban worker` and `giaoban serve` shows. This page is made from the code
(`UPDATE_DOCS=1 cargo test --lib metrics_page`). A name is an interface: a renamed metric keeps its old name for a release.

Every series has the label `installation` (setting `installation`), so that several can be watched by one Prometheus.
Labels come from closed lists and from the topic's partitions: an installation of 609 units and 12 partitions has some
hundred series, and no unit is a label. Counters start at 0 with the process, for every value of their labels.

";

const PROCESS: &str = "## Of the process

`process_cpu_seconds_total`, `process_open_fds`, `process_max_fds`, `process_virtual_memory_bytes`,
`process_resident_memory_bytes`, `process_start_time_seconds` and `process_threads` are those of every program that
Prometheus watches; they are there on Linux.
";

/// The page of the docs that lists every metric.
pub fn metrics_page() -> String {
    let mut page = HEAD.to_owned();
    let sections = [
        ("Of a worker", "Each worker shows its own: they are added up. `giaoban serve` has none of them.", true),
        (
            "Of log, store and machine",
            "Every process shows the same of one log and one store, as far as it has heard: taken by `max`, never added up.",
            false,
        ),
    ];
    for (title, about, of_worker) in sections {
        let _ = write!(
            page,
            "## {title}\n\n{about}\n\n| metric | type | unit | meaning | what to do |\n| --- | --- | --- | --- | --- |\n"
        );
        for of in ALL.iter().filter(|of| of.is_of_worker() == of_worker) {
            let labels = of.labels.join(",");
            let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
            let kind = match of.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram => "histogram",
            };
            let unit = format!("{:?}", of.unit).to_lowercase();
            let _ = writeln!(page, "| `{}{labels}` | {kind} | {unit} | {} | {} |", of.name, of.help, of.remedy);
        }
        page.push('\n');
    }
    page + PROCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metrics_page_is_the_committed_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, metrics_page()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), metrics_page(), "run with UPDATE_DOCS=1");
    }
}

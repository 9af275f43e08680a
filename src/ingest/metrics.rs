//! What operators watch. Names follow the Prometheus rules: the unit is in the
//! name, counters end in `_total`, labels are bounded (partitions, closed lists).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus::{
    Encoder as _, Gauge, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

use super::machine::Committed;
use super::verification::Verification;
use crate::domain::{NextOffset, Partition};
use crate::store::{Checkpoint, Counts};

/// The metrics of a worker, and whether it is well.
pub struct Metrics {
    registry: Registry,
    read: IntCounter,
    applied: IntCounter,
    duplicate: IntCounter,
    superseded: IntCounter,
    dead_lettered: IntCounterVec,
    redriven: IntCounter,
    lag_records: IntGaugeVec,
    lag_seconds: GaugeVec,
    oldest_age: Gauge,
    difference: IntGauge,
    assigned: IntGauge,
    connected: IntGauge,
    rebalances: IntCounterVec,
    store_failures: IntCounterVec,
    batch_seconds: Histogram,
    commit_seconds: Histogram,
    batch_records: Histogram,
    last_commit: Gauge,
    store_bytes: IntGauge,
    /// Without a sample until there was a verification.
    verified_at: GaugeVec,
    verified_records: IntGaugeVec,
    verified_differing: IntGaugeVec,
    data: Mutex<Option<PathBuf>>,
    partitions: Mutex<BTreeMap<Partition, Progress>>,
    started: AtomicBool,
    ready: AtomicBool,
    heartbeat_ms: AtomicI64,
    /// Since when the store has owed an answer.
    asked: Mutex<Option<Instant>>,
}

/// A store that owes an answer for so long is waited for.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// How far a partition is.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    next: NextOffset,
    end: NextOffset,
    /// When the log took the last record that is in the store.
    last_timestamp_ms: Option<i64>,
    counts: Counts,
}

/// A metric's name or labels are wrong: a mistake in this file.
type Registered<T> = Result<T, prometheus::Error>;

impl Metrics {
    /// Every metric, registered.
    pub fn new() -> Registered<Self> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| -> Registered<IntCounter> {
            let metric = IntCounter::new(name, help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let counters = |name: &str, help: &str, label: &str| -> Registered<IntCounterVec> {
            let metric = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let gauge = |name: &str, help: &str| -> Registered<IntGauge> {
            let metric = IntGauge::new(name, help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let float = |name: &str, help: &str| -> Registered<Gauge> {
            let metric = Gauge::new(name, help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let histogram = |name: &str, help: &str, buckets: Vec<f64>| -> Registered<Histogram> {
            let metric = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets))?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let lag_records = IntGaugeVec::new(
            Opts::new("giaoban_worker_lag_records", "Records of an assigned partition that are not in the store yet"),
            &["partition"],
        )?;
        registry.register(Box::new(lag_records.clone()))?;
        let lag_seconds = GaugeVec::new(
            Opts::new(
                "giaoban_worker_lag_seconds",
                "Seconds since the log took the last stored record of an assigned partition that has more; 0 if it has no more",
            ),
            &["partition"],
        )?;
        registry.register(Box::new(lag_seconds.clone()))?;
        let seconds = || vec![0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
        let build =
            IntGaugeVec::new(Opts::new("giaoban_build_info", "1, with the version of this program"), &["version"])?;
        registry.register(Box::new(build.clone()))?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let metrics = Self {
            read: counter("giaoban_worker_records_read_total", "Records read and settled")?,
            applied: counter("giaoban_worker_records_applied_total", "Records that count, or did when they came")?,
            duplicate: counter(
                "giaoban_worker_records_duplicate_total",
                "Records that were known: the same event again",
            )?,
            superseded: counter("giaoban_worker_records_superseded_total", "Records below the revision that counts")?,
            dead_lettered: counters(
                "giaoban_worker_records_dead_lettered_total",
                "Messages that are no events, by the code of the first rule that they break",
                "reason",
            )?,
            redriven: counter(
                "giaoban_worker_records_redriven_total",
                "Records that had been dead letters and were sent again, whatever became of them",
            )?,
            oldest_age: float(
                "giaoban_worker_oldest_unprocessed_event_age_seconds",
                "The largest lag in seconds of the assigned partitions",
            )?,
            difference: gauge(
                "giaoban_worker_reconciliation_difference_records",
                "Records read less records applied, duplicate, superseded and dead-lettered, over the assigned partitions since the store began; anything but 0 means that a record has vanished",
            )?,
            assigned: gauge("giaoban_worker_assigned_partitions", "Partitions that this worker reads")?,
            connected: gauge(
                "giaoban_worker_log_connected",
                "1 if the event log is there, 0 if no broker is connected and the worker waits for one",
            )?,
            rebalances: counters("giaoban_worker_rebalances_total", "Partitions assigned, revoked or lost", "kind")?,
            store_failures: counters(
                "giaoban_worker_store_failures_total",
                "Batches that the store or the dead-letter topic did not take",
                "kind",
            )?,
            batch_seconds: histogram(
                "giaoban_worker_batch_duration_seconds",
                "From the first record of a batch to its commit",
                seconds(),
            )?,
            commit_seconds: histogram(
                "giaoban_worker_commit_duration_seconds",
                "Writing a batch into the store",
                seconds(),
            )?,
            batch_records: histogram(
                "giaoban_worker_batch_records",
                "Records in a batch",
                vec![1.0, 10.0, 100.0, 1_000.0, 5_000.0, 10_000.0, 25_000.0, 50_000.0, 100_000.0],
            )?,
            last_commit: float(
                "giaoban_worker_last_commit_timestamp_seconds",
                "When the last batch was committed, in seconds since 1970",
            )?,
            store_bytes: gauge("giaoban_store_size_bytes", "Size of the store on disk")?,
            verified_at: GaugeVec::new(
                Opts::new("giaoban_verify_last_run_timestamp_seconds", "When the last giaoban verify here ended"),
                &[],
            )?,
            verified_records: IntGaugeVec::new(
                Opts::new("giaoban_verify_records", "Messages that the last giaoban verify here recounted"),
                &[],
            )?,
            verified_differing: IntGaugeVec::new(
                Opts::new(
                    "giaoban_verify_differences",
                    "Figures that differed at the last giaoban verify here; must be 0",
                ),
                &[],
            )?,
            data: Mutex::default(),
            lag_records,
            lag_seconds,
            partitions: Mutex::default(),
            started: AtomicBool::new(false),
            ready: AtomicBool::new(false),
            heartbeat_ms: AtomicI64::new(0),
            asked: Mutex::default(),
            registry,
        };
        for kind in ["assigned", "revoked", "lost"] {
            metrics.rebalances.with_label_values(&[kind]);
        }
        for kind in ["fenced", "passing", "dead_letter"] {
            metrics.store_failures.with_label_values(&[kind]);
        }
        metrics.registry.register(Box::new(metrics.verified_at.clone()))?;
        metrics.registry.register(Box::new(metrics.verified_records.clone()))?;
        metrics.registry.register(Box::new(metrics.verified_differing.clone()))?;
        Ok(metrics)
    }

    /// Shows what the last verification in that data folder found.
    pub fn show_verifications_in(&self, dir: &Path) {
        *self.data.lock().unwrap_or_else(PoisonError::into_inner) = Some(dir.to_owned());
    }

    /// All metrics in the Prometheus text format.
    pub fn render(&self) -> String {
        self.refresh();
        let mut text = Vec::new();
        // Encoding into memory cannot fail on metrics that were registered.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Partitions were assigned, revoked or lost.
    pub fn rebalanced(&self, kind: &str) {
        self.rebalances.with_label_values(&[kind]).inc();
    }

    /// A partition is read from where the store is.
    pub fn reading(&self, partition: Partition, stored: Option<Checkpoint>, end: NextOffset) {
        let progress = Progress {
            next: stored.map_or(NextOffset(0), |checkpoint| checkpoint.next),
            end,
            last_timestamp_ms: None,
            counts: stored.map_or_else(Counts::default, |checkpoint| checkpoint.counts),
        };
        self.with_partitions(|partitions| partitions.insert(partition, progress));
        self.started.store(true, Ordering::Relaxed);
        self.ready.store(true, Ordering::Relaxed);
    }

    /// Partitions are read no more: nothing is said of them any longer.
    pub fn released(&self, released: &[Partition]) {
        self.with_partitions(|partitions| partitions.retain(|partition, _| !released.contains(partition)));
        for partition in released {
            let label = partition.to_string();
            // Not there if it was never rendered.
            let _ = self.lag_records.remove_label_values(&[&label]);
            let _ = self.lag_seconds.remove_label_values(&[&label]);
        }
    }

    /// The log's ends, as last heard.
    pub fn ends(&self, ends: &[(Partition, NextOffset)]) {
        self.with_partitions(|partitions| {
            for (partition, end) in ends {
                if let Some(progress) = partitions.get_mut(partition) {
                    progress.end = *end;
                }
            }
        });
    }

    /// Whether the log is there.
    pub fn connected(&self, connected: bool) {
        self.connected.set(i64::from(connected));
    }

    /// A span was committed.
    pub fn committed(&self, span: &Committed) {
        let Committed { partition, next, ref counts, last_timestamp_ms, redriven } = *span;
        self.redriven.inc_by(redriven);
        self.read.inc_by(counts.read);
        self.applied.inc_by(counts.applied);
        self.duplicate.inc_by(counts.duplicate);
        self.superseded.inc_by(counts.superseded);
        self.with_partitions(|partitions| {
            if let Some(progress) = partitions.get_mut(&partition) {
                progress.next = next;
                progress.end = progress.end.max(next);
                progress.last_timestamp_ms = last_timestamp_ms;
                progress.counts.add(counts);
            }
        });
    }

    /// Dead letters were kept and their batch committed.
    pub fn dead_lettered(&self, reasons: &BTreeMap<&'static str, u64>) {
        for (reason, count) in reasons {
            self.dead_lettered.with_label_values(&[reason]).inc_by(*count);
        }
    }

    /// A batch was committed.
    pub fn batch(&self, records: u64, whole: Duration, commit: Duration, store_bytes: u64) {
        self.batch_records.observe(records as f64);
        self.batch_seconds.observe(whole.as_secs_f64());
        self.commit_seconds.observe(commit.as_secs_f64());
        self.store_size(store_bytes);
        self.last_commit.set(now_ms() as f64 / 1000.0);
        self.ready.store(true, Ordering::Relaxed);
    }

    /// The store's size on disk, in bytes.
    pub fn store_size(&self, bytes: u64) {
        self.store_bytes.set(bytes as i64);
    }

    /// A batch was not taken.
    pub fn failed(&self, kind: &str) {
        self.store_failures.with_label_values(&[kind]).inc();
        self.not_ready();
    }

    /// It cannot do its work for now.
    pub fn not_ready(&self) {
        self.ready.store(false, Ordering::Relaxed);
    }

    /// The loop went round.
    pub fn beat(&self) {
        self.heartbeat_ms.store(now_ms(), Ordering::Relaxed);
    }

    /// Whether the loop went round in the last minute.
    pub fn live(&self) -> bool {
        now_ms() - self.heartbeat_ms.load(Ordering::Relaxed) < 60_000
    }

    /// The store is asked for something, or has answered.
    pub fn asked(&self, since: Option<Instant>) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// For how long the store has owed an answer, where that is long.
    pub fn unanswered(&self) -> Option<Duration> {
        let asked = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.map(|since| since.elapsed()).filter(|waited| *waited >= ANSWERS_WITHIN)
    }

    /// Whether it has its partitions, and its store answers and takes batches.
    pub fn ready(&self) -> bool {
        self.live() && self.ready.load(Ordering::Relaxed) && self.unanswered().is_none()
    }

    /// Whether it was ever given partitions.
    pub fn started(&self) -> bool {
        self.started.load(Ordering::Relaxed)
    }

    fn refresh(&self) {
        let now = now_ms();
        let data = self.data.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(last) = data.as_deref().and_then(Verification::last_in) {
            const NONE: [&str; 0] = [];
            self.verified_at.with_label_values(&NONE).set(last.at_ms as f64 / 1000.0);
            self.verified_records.with_label_values(&NONE).set(i64::try_from(last.records).unwrap_or(i64::MAX));
            self.verified_differing.with_label_values(&NONE).set(i64::try_from(last.differing).unwrap_or(i64::MAX));
        }
        self.with_partitions(|partitions| {
            let mut oldest = 0.0_f64;
            for (partition, progress) in partitions.iter() {
                let label = partition.to_string();
                let lag = (progress.end.0 - progress.next.0).max(0);
                let seconds = match progress.last_timestamp_ms {
                    Some(last) if lag > 0 => ((now - last) as f64 / 1000.0).max(0.0),
                    _ => 0.0,
                };
                self.lag_records.with_label_values(&[&label]).set(lag);
                self.lag_seconds.with_label_values(&[&label]).set(seconds);
                oldest = oldest.max(seconds);
            }
            self.oldest_age.set(oldest);
            self.assigned.set(partitions.len() as i64);
            self.difference.set(partitions.values().map(|progress| progress.counts.difference()).sum());
        });
    }

    fn with_partitions<T>(&self, act: impl FnOnce(&mut BTreeMap<Partition, Progress>) -> T) -> T {
        act(&mut self.partitions.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

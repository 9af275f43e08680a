//! What operators watch. Names follow the Prometheus rules: the unit is in the
//! name, counters end in `_total`, labels are bounded (partitions, closed lists).

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus::{
    Encoder as _, Gauge, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

use super::machine::{Begun, Committed};
use super::verification::Verification;
use crate::domain::{NextOffset, Offset, Partition};
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
    /// From a batch that is not taken to the next that is, or to there being none to take.
    store_failing: AtomicBool,
    heartbeat_ms: AtomicI64,
    /// Since when the store has owed an answer.
    asked: Mutex<Option<Instant>>,
}

/// A store that owes an answer for so long is waited for.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// How far a partition is.
#[derive(Clone, Debug, Default)]
struct Progress {
    next: NextOffset,
    end: NextOffset,
    /// With which records the batches begin that are not in the store yet, and when the log took them.
    waiting: VecDeque<(Offset, i64)>,
    /// Where none of the records that the store lacks was read: when the log took the one before
    /// them, or when they were first heard of.
    unread_since_ms: Option<i64>,
    counts: Counts,
}

impl Progress {
    fn lag(&self) -> i64 {
        (self.end.0 - self.next.0).max(0)
    }

    /// The store is there now.
    fn stored(&mut self, next: NextOffset, last_timestamp_ms: Option<i64>) {
        self.next = next;
        self.end = self.end.max(next);
        self.waiting.retain(|(offset, _)| offset.next() > next);
        self.unread_since_ms = last_timestamp_ms;
    }

    /// Since when the oldest record that the store lacks waits for it.
    fn waits_since_ms(&self) -> Option<i64> {
        let read = self.waiting.front().map(|(_, taken_ms)| *taken_ms);
        read.or(self.unread_since_ms).filter(|_| self.lag() > 0)
    }
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
                "Seconds since the log took the oldest record of an assigned partition that is not in the store; while none of these was read, since it took the record before them or since they were first heard of; 0 if there are none",
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
                vec![1.0, 10.0, 100.0, 1_000.0, 5_000.0, 10_000.0, 25_000.0, 50_000.0, 100_000.0, 200_000.0],
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
            store_failing: AtomicBool::new(false),
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
        let next = stored.map_or(NextOffset(0), |checkpoint| checkpoint.next);
        self.with_partitions(|partitions| {
            let progress = partitions.entry(partition).or_default();
            progress.end = end;
            progress.counts = stored.map_or_else(Counts::default, |checkpoint| checkpoint.counts);
            progress
                .stored(next, stored.and_then(|checkpoint| checkpoint.last_timestamp_ms).or_else(|| Some(now_ms())));
            self.nothing_waits(partitions);
        });
        self.started.store(true, Ordering::Relaxed);
        self.ready.store(true, Ordering::Relaxed);
    }

    /// Batches begin with these records.
    pub fn begun(&self, begun: impl Iterator<Item = Begun>) {
        let mut begun = begun.peekable();
        if begun.peek().is_none() {
            return;
        }
        self.with_partitions(|partitions| {
            for Begun { position, timestamp_ms } in begun {
                let Some(progress) = partitions.get_mut(&position.partition) else { continue };
                // After a failure they are read again, and batches may begin elsewhere.
                progress.waiting.retain(|(offset, _)| *offset < position.offset);
                progress.waiting.push_back((position.offset, timestamp_ms.unwrap_or_else(now_ms)));
                progress.end = progress.end.max(position.offset.next());
            }
        });
    }

    /// Partitions are read no more: nothing is said of them any longer.
    pub fn released(&self, released: &[Partition]) {
        self.with_partitions(|partitions| {
            partitions.retain(|partition, _| !released.contains(partition));
            self.nothing_waits(partitions);
        });
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
                    if progress.lag() == 0 {
                        progress.unread_since_ms = Some(now_ms());
                    }
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
                progress.stored(next, last_timestamp_ms);
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
        self.store_failing.store(false, Ordering::Relaxed);
    }

    /// The store's size on disk, in bytes.
    pub fn store_size(&self, bytes: u64) {
        self.store_bytes.set(bytes as i64);
    }

    /// A batch was not taken.
    pub fn failed(&self, kind: &str) {
        self.store_failures.with_label_values(&[kind]).inc();
        self.store_failing.store(true, Ordering::Relaxed);
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
        let answers = self.unanswered().is_none() && !self.store_failing.load(Ordering::Relaxed);
        self.live() && self.ready.load(Ordering::Relaxed) && answers
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
                let since = progress.waits_since_ms();
                let seconds = since.map_or(0.0, |since_ms| ((now - since_ms) as f64 / 1000.0).max(0.0));
                self.lag_records.with_label_values(&[&label]).set(progress.lag());
                self.lag_seconds.with_label_values(&[&label]).set(seconds);
                oldest = oldest.max(seconds);
            }
            self.oldest_age.set(oldest);
            self.assigned.set(partitions.len() as i64);
            self.difference.set(partitions.values().map(|progress| progress.counts.difference()).sum());
        });
    }

    /// A store that lacks nothing has no batch to take: what was not taken is another's now, or was in it after all.
    fn nothing_waits(&self, partitions: &BTreeMap<Partition, Progress>) {
        if partitions.values().all(|progress| progress.lag() == 0) {
            self.store_failing.store(false, Ordering::Relaxed);
        }
    }

    fn with_partitions<T>(&self, act: impl FnOnce(&mut BTreeMap<Partition, Progress>) -> T) -> T {
        act(&mut self.partitions.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Position;

    const PARTITION: Partition = Partition(3);

    fn seconds(metrics: &Metrics) -> f64 {
        let rendered = metrics.render();
        let value = sample(&rendered, "giaoban_worker_lag_seconds{partition=\"3\"}").unwrap();
        assert_eq!(sample(&rendered, "giaoban_worker_oldest_unprocessed_event_age_seconds"), Some(value));
        value
    }

    /// A sample as it is rendered.
    fn sample(rendered: &str, name: &str) -> Option<f64> {
        rendered.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }

    fn begun(metrics: &Metrics, offset: i64, seconds_ago: i64) {
        let position = Position { partition: PARTITION, offset: Offset(offset) };
        let timestamp_ms = Some(now_ms() - 1000 * seconds_ago);
        metrics.begun([Begun { position, timestamp_ms }].into_iter());
    }

    fn stored(next: i64, seconds_ago: i64) -> Option<Checkpoint> {
        let last_timestamp_ms = Some(now_ms() - 1000 * seconds_ago);
        Some(Checkpoint { partition: PARTITION, next: NextOffset(next), counts: Counts::default(), last_timestamp_ms })
    }

    fn committed(metrics: &Metrics, next: i64) {
        let (next, counts) = (NextOffset(next), Counts::default());
        metrics.committed(&Committed {
            partition: PARTITION,
            next,
            counts,
            last_timestamp_ms: Some(now_ms()),
            redriven: 0,
        });
    }

    #[track_caller]
    fn about(found: f64, wanted: f64) {
        assert!((wanted..wanted + 1.0).contains(&found), "{found}, not {wanted}");
    }

    #[test]
    fn the_age_is_that_of_the_oldest_record_that_is_not_in_the_store() {
        let metrics = Metrics::new().unwrap();
        metrics.reading(PARTITION, stored(10, 26), NextOffset(10));
        assert_eq!(seconds(&metrics), 0.0, "nothing waits");
        begun(&metrics, 10, 1);
        about(seconds(&metrics), 1.0);
        // The next batch is gathered while that one is under way.
        begun(&metrics, 20, 0);
        about(seconds(&metrics), 1.0);
        committed(&metrics, 20);
        about(seconds(&metrics), 0.0);
        committed(&metrics, 30);
        assert_eq!(seconds(&metrics), 0.0);
        assert_eq!(sample(&metrics.render(), "giaoban_worker_lag_records{partition=\"3\"}"), Some(0.0));
    }

    #[test]
    fn the_age_stays_while_the_store_takes_nothing() {
        let metrics = Metrics::new().unwrap();
        metrics.reading(PARTITION, stored(10, 100), NextOffset(10));
        begun(&metrics, 10, 40);
        begun(&metrics, 20, 30);
        for _ in 0..3 {
            metrics.failed("passing");
            metrics.reading(PARTITION, stored(10, 100), NextOffset(30));
            about(seconds(&metrics), 40.0);
            // Read again, in batches that begin elsewhere.
            begun(&metrics, 10, 40);
            begun(&metrics, 15, 35);
            about(seconds(&metrics), 40.0);
        }
        committed(&metrics, 15);
        about(seconds(&metrics), 35.0);
    }

    #[test]
    fn before_anything_is_read_the_age_is_that_of_the_record_before() {
        let metrics = Metrics::new().unwrap();
        metrics.reading(PARTITION, stored(10, 26), NextOffset(12));
        about(seconds(&metrics), 26.0);
        begun(&metrics, 10, 5);
        about(seconds(&metrics), 5.0);
        committed(&metrics, 12);
        // Heard of just now, whenever the last one came.
        metrics.ends(&[(PARTITION, NextOffset(13))]);
        about(seconds(&metrics), 0.0);
    }

    /// Metrics after one record of each kind.
    fn after_one_of_each() -> Metrics {
        let metrics = Metrics::new().unwrap();
        metrics.rebalanced("assigned");
        metrics.connected(true);
        metrics.reading(PARTITION, None, NextOffset(4));
        let counts = Counts { read: 4, applied: 1, duplicate: 1, superseded: 1, dead_lettered: 1 };
        let next = NextOffset(4);
        metrics.dead_lettered(&[("json.syntax", 1)].into());
        metrics.committed(&Committed { partition: PARTITION, next, counts, last_timestamp_ms: None, redriven: 1 });
        metrics.batch(4, Duration::from_millis(20), Duration::from_millis(3), 4096);
        metrics.failed("passing");
        metrics
    }

    #[test]
    fn every_record_is_counted_by_what_became_of_it() {
        let metrics = after_one_of_each();
        for (name, value) in [
            ("giaoban_worker_records_read_total", 4.0),
            ("giaoban_worker_records_applied_total", 1.0),
            ("giaoban_worker_records_duplicate_total", 1.0),
            ("giaoban_worker_records_superseded_total", 1.0),
            ("giaoban_worker_records_dead_lettered_total{reason=\"json.syntax\"}", 1.0),
            ("giaoban_worker_records_redriven_total", 1.0),
            ("giaoban_worker_reconciliation_difference_records", 0.0),
            ("giaoban_worker_assigned_partitions", 1.0),
            ("giaoban_worker_log_connected", 1.0),
            ("giaoban_worker_store_failures_total{kind=\"passing\"}", 1.0),
            ("giaoban_worker_batch_records_bucket{le=\"1\"}", 0.0),
            ("giaoban_worker_batch_records_bucket{le=\"10\"}", 1.0),
            ("giaoban_worker_batch_duration_seconds_bucket{le=\"0.02\"}", 1.0),
            ("giaoban_worker_commit_duration_seconds_bucket{le=\"0.002\"}", 0.0),
            ("giaoban_worker_commit_duration_seconds_bucket{le=\"0.005\"}", 1.0),
            ("giaoban_worker_commit_duration_seconds_count", 1.0),
            ("giaoban_store_size_bytes", 4096.0),
        ] {
            assert_eq!(sample(&metrics.render(), name), Some(value), "{name}");
        }
        let vanished = Counts { read: 2, applied: 1, ..Counts::default() };
        let next = NextOffset(6);
        let span = Committed { partition: PARTITION, next, counts: vanished, last_timestamp_ms: None, redriven: 0 };
        metrics.committed(&span);
        assert_eq!(sample(&metrics.render(), "giaoban_worker_reconciliation_difference_records"), Some(1.0));
    }

    #[test]
    fn nothing_is_said_of_a_partition_that_was_given_up() {
        let metrics = after_one_of_each();
        assert!(metrics.render().contains("partition=\"3\""));
        metrics.released(&[PARTITION]);
        assert!(!metrics.render().contains("partition=\"3\""), "{}", metrics.render());
        // What is still on its way of it brings nothing back.
        begun(&metrics, 9, 5);
        committed(&metrics, 10);
        metrics.ends(&[(PARTITION, NextOffset(12))]);
        assert!(!metrics.render().contains("partition=\"3\""), "{}", metrics.render());
    }

    #[test]
    fn every_metric_that_an_alert_names_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let metrics = after_one_of_each();
        metrics.show_verifications_in(dir.path());
        Verification { at_ms: 1, records: 4, differing: 0 }.keep_in(dir.path()).unwrap();
        let rendered = metrics.render();
        let alerts = include_str!("../../config/prometheus/alerts.yml");
        let names =
            alerts.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.starts_with("giaoban_"));
        let mut count = 0;
        for name in names {
            count += 1;
            let there = rendered.lines().any(|line| {
                line.strip_prefix(name).is_some_and(|rest| {
                    let rest =
                        ["_bucket", "_sum", "_count"].iter().find_map(|end| rest.strip_prefix(end)).unwrap_or(rest);
                    rest.starts_with(['{', ' '])
                })
            });
            assert!(there, "no {name} in\n{rendered}");
        }
        assert!(count > 10);
    }

    #[test]
    fn a_store_that_takes_no_batch_is_not_ready_until_it_takes_one_or_lacks_none() {
        let metrics = Metrics::new().unwrap();
        metrics.beat();
        metrics.reading(PARTITION, stored(10, 1), NextOffset(12));
        assert!(metrics.ready());
        metrics.failed("passing");
        metrics.reading(PARTITION, stored(10, 1), NextOffset(12));
        assert!(!metrics.ready(), "looked up again, and no more");
        metrics.batch(2, Duration::ZERO, Duration::ZERO, 0);
        assert!(metrics.ready());
        metrics.failed("fenced");
        metrics.reading(PARTITION, stored(12, 1), NextOffset(12));
        assert!(metrics.ready(), "another has written it");
    }
}

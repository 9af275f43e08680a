//! The metrics of a worker, as Prometheus reads them. Labels are bounded:
//! partitions, closed lists.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Encoder as _, Gauge, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

use super::health::{Health, now_ms};
use super::lag::{Lag, PartitionLag};
use super::names::{self, Description};
use super::reach::Reach;
use super::verification::Verification;
use crate::domain::{NextOffset, Offset, Partition, Position};
use crate::store::{AcceptedGap, Checkpoint, Counts};

/// The metrics of a worker, and whether it is well.
pub struct Metrics {
    /// Whether it is well.
    pub health: Health,
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
    partition_held: IntGaugeVec,
    partition_unavailable: IntGaugeVec,
    hidden: IntGaugeVec,
    connected: IntGauge,
    store_connected: IntGauge,
    went_back: IntCounter,
    rebalances: IntCounterVec,
    store_failures: IntCounterVec,
    batch_seconds: Histogram,
    commit_seconds: Histogram,
    batch_records: Histogram,
    last_commit: Gauge,
    store_bytes: IntGauge,
    overlaps: IntGauge,
    accepted_gaps: IntGauge,
    /// Without a sample until there was a verification.
    verified_at: GaugeVec,
    verified_records: IntGaugeVec,
    verified_differing: IntGaugeVec,
    /// Where the last verification is noted.
    data: Mutex<Option<PathBuf>>,
    lag: Mutex<Lag>,
    reach: Mutex<Reach>,
}

/// A name or a label is wrong: a mistake in `names`.
type Registered<T> = Result<T, prometheus::Error>;

/// Seconds that a batch may take.
const SECONDS: [f64; 13] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
/// Records that a batch may have.
const RECORDS: [f64; 10] = [1.0, 10.0, 100.0, 1_000.0, 5_000.0, 10_000.0, 25_000.0, 50_000.0, 100_000.0, 200_000.0];
const NO_LABELS: [&str; 0] = [];

fn opts(of: &Description) -> Opts {
    Opts::new(of.name, of.help)
}

fn add<M: Collector + Clone + 'static>(to: &Registry, metric: Registered<M>) -> Registered<M> {
    let metric = metric?;
    to.register(Box::new(metric.clone()))?;
    Ok(metric)
}

impl Metrics {
    /// Every metric, registered.
    ///
    /// # Errors
    /// If two descriptions have one name, or a name is not one of Prometheus.
    pub fn new() -> Registered<Self> {
        let registry = Registry::new();
        let counter = |of: &Description| add(&registry, IntCounter::with_opts(opts(of)));
        let counters = |of: &Description, label: &str| add(&registry, IntCounterVec::new(opts(of), &[label]));
        let gauge = |of: &Description| add(&registry, IntGauge::with_opts(opts(of)));
        let gauges = |of: &Description, labels: &[&str]| add(&registry, IntGaugeVec::new(opts(of), labels));
        let float = |of: &Description| add(&registry, Gauge::with_opts(opts(of)));
        let floats = |of: &Description, labels: &[&str]| add(&registry, GaugeVec::new(opts(of), labels));
        let histogram = |of: &Description, buckets: &[f64]| {
            let opts = HistogramOpts::new(of.name, of.help).buckets(buckets.to_vec());
            add(&registry, Histogram::with_opts(opts))
        };
        gauges(&names::BUILD_INFO, &["version"])?.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let metrics = Self {
            health: Health::default(),
            read: counter(&names::RECORDS_READ)?,
            applied: counter(&names::RECORDS_APPLIED)?,
            duplicate: counter(&names::RECORDS_DUPLICATE)?,
            superseded: counter(&names::RECORDS_SUPERSEDED)?,
            dead_lettered: counters(&names::RECORDS_DEAD_LETTERED, "reason")?,
            redriven: counter(&names::RECORDS_REDRIVEN)?,
            lag_records: gauges(&names::LAG_RECORDS, &["partition"])?,
            lag_seconds: floats(&names::LAG_SECONDS, &["partition"])?,
            oldest_age: float(&names::OLDEST_AGE)?,
            difference: gauge(&names::RECONCILIATION_DIFFERENCE)?,
            assigned: gauge(&names::ASSIGNED_PARTITIONS)?,
            partition_held: gauges(&names::PARTITION_HELD, &["partition"])?,
            partition_unavailable: gauges(&names::PARTITION_UNAVAILABLE, &["partition"])?,
            hidden: gauges(&names::HIDDEN_RECORDS, &["partition"])?,
            connected: gauge(&names::LOG_CONNECTED)?,
            store_connected: gauge(&names::STORE_CONNECTED)?,
            went_back: counter(&names::STORE_WENT_BACK)?,
            rebalances: counters(&names::REBALANCES, "kind")?,
            store_failures: counters(&names::STORE_FAILURES, "kind")?,
            batch_seconds: histogram(&names::BATCH_DURATION, &SECONDS)?,
            commit_seconds: histogram(&names::COMMIT_DURATION, &SECONDS)?,
            batch_records: histogram(&names::BATCH_RECORDS, &RECORDS)?,
            last_commit: float(&names::LAST_COMMIT)?,
            store_bytes: gauge(&names::STORE_SIZE)?,
            overlaps: gauge(&names::OVERLAPS)?,
            accepted_gaps: gauge(&names::ACCEPTED_GAPS)?,
            verified_at: floats(&names::VERIFIED_AT, &NO_LABELS)?,
            verified_records: gauges(&names::VERIFIED_RECORDS, &NO_LABELS)?,
            verified_differing: gauges(&names::VERIFIED_DIFFERENCES, &NO_LABELS)?,
            data: Mutex::default(),
            lag: Mutex::default(),
            reach: Mutex::default(),
            registry,
        };
        for kind in ["assigned", "revoked", "lost"] {
            metrics.rebalances.with_label_values(&[kind]);
        }
        for kind in ["fenced", "passing", "dead_letter", "disk_full"] {
            metrics.store_failures.with_label_values(&[kind]);
        }
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
        self.with_lag(|lag| {
            lag.reading(partition, stored, end, now_ms());
            self.nothing_waits(lag);
        });
        self.health.reading();
    }

    /// Batches begin with these records, each with when the log took it, in milliseconds since 1970, if it says so.
    pub fn begun(&self, begun: impl Iterator<Item = (Position, Option<i64>)>) {
        let mut begun = begun.peekable();
        if begun.peek().is_none() {
            return;
        }
        self.with_lag(|lag| {
            begun.for_each(|(position, taken_ms)| lag.begun(position, taken_ms.unwrap_or_else(now_ms)));
        });
    }

    /// Partitions are read no more: nothing is said of them any longer.
    pub fn released(&self, released: &[Partition]) {
        self.with_lag(|lag| {
            released.iter().for_each(|partition| lag.released(*partition));
            self.nothing_waits(lag);
        });
        self.with_reach(|reach| {
            released.iter().for_each(|partition| reach.released(*partition));
            self.health.reaches_nothing(reach.is_none());
        });
        for partition in released {
            let label = partition.to_string();
            // Not there if it was never rendered.
            let _ = self.lag_records.remove_label_values(&[&label]);
            let _ = self.lag_seconds.remove_label_values(&[&label]);
            let _ = self.partition_held.remove_label_values(&[&label]);
            let _ = self.partition_unavailable.remove_label_values(&[&label]);
            let _ = self.hidden.remove_label_values(&[&label]);
        }
    }

    /// A partition is held at a record, until the store has passed it.
    pub fn held(&self, partition: Partition, at: Offset) {
        self.with_lag(|lag| lag.hold(partition, at));
    }

    /// What somebody should know though the worker works, a line each.
    pub fn remarks(&self) -> Vec<String> {
        let of = |(partition, lag): (Partition, &PartitionLag)| {
            let at = lag.held()?;
            Some(format!("partition {partition} is held at offset {at}: too many dead letters, see giaoban doctor"))
        };
        let held: Vec<String> = self.with_lag(|lag| lag.partitions().filter_map(of).collect());
        self.with_reach(|reach| held.into_iter().chain(reach.remarks()).collect())
    }

    /// What of the partitions can be read.
    pub fn reach(&self, now: Reach) {
        self.health.reaches_nothing(now.is_none());
        self.with_reach(|reach| *reach = now);
    }

    /// The log's ends, as last heard.
    pub fn ends(&self, ends: &[(Partition, NextOffset)]) {
        self.with_lag(|lag| ends.iter().for_each(|(partition, end)| lag.end(*partition, *end, now_ms())));
    }

    /// The store has lost so many offsets of a partition.
    pub fn went_back(&self, offsets: i64) {
        self.went_back.inc_by(offsets.unsigned_abs());
    }

    /// Whether the log is there.
    pub fn connected(&self, connected: bool) {
        self.connected.set(i64::from(connected));
    }

    /// A span of a partition was committed: where the store is now, what became of the span's records, when the log
    /// took the last of them in milliseconds since 1970, and how many had been dead letters and were sent again.
    pub fn committed(
        &self,
        partition: Partition,
        next: NextOffset,
        counts: &Counts,
        last_timestamp_ms: Option<i64>,
        redriven: u64,
    ) {
        self.redriven.inc_by(redriven);
        self.read.inc_by(counts.read);
        self.applied.inc_by(counts.applied);
        self.duplicate.inc_by(counts.duplicate);
        self.superseded.inc_by(counts.superseded);
        self.with_lag(|lag| lag.committed(partition, next, last_timestamp_ms, counts));
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
        self.health.taken();
    }

    /// The gaps that the store is without.
    pub fn gaps(&self, gaps: &[AcceptedGap]) {
        let messages: u64 = gaps.iter().map(|accepted| accepted.gap.messages()).sum();
        self.accepted_gaps.set(i64::try_from(messages).unwrap_or(i64::MAX));
    }

    /// The store's size on disk, in bytes.
    pub fn store_size(&self, bytes: u64) {
        self.store_bytes.set(bytes as i64);
    }

    /// In how many places of the store a form's totals may count what single records count too.
    pub fn overlaps(&self, places: usize) {
        self.overlaps.set(places as i64);
    }

    /// A batch was not taken.
    pub fn failed(&self, kind: &str) {
        self.store_failures.with_label_values(&[kind]).inc();
        self.health.refused();
    }

    fn refresh(&self) {
        let now = now_ms();
        self.store_connected.set(i64::from(self.health.store_works()));
        let data = self.data.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(last) = data.as_deref().and_then(Verification::last_in) {
            self.verified_at.with_label_values(&NO_LABELS).set(last.at_ms as f64 / 1000.0);
            self.verified_records.with_label_values(&NO_LABELS).set(i64::try_from(last.records).unwrap_or(i64::MAX));
            self.verified_differing
                .with_label_values(&NO_LABELS)
                .set(i64::try_from(last.differing).unwrap_or(i64::MAX));
        }
        let reach = self.with_reach(|reach| reach.clone());
        for partition in &reach.assigned {
            let label = partition.to_string();
            let unavailable = i64::from(reach.unavailable.contains(partition));
            self.partition_unavailable.with_label_values(&[&label]).set(unavailable);
            self.hidden.with_label_values(&[&label]).set(reach.hidden.get(partition).copied().unwrap_or_default());
        }
        self.with_lag(|lag| {
            let (mut oldest, mut assigned) = (0.0_f64, 0);
            for (partition, behind) in lag.partitions() {
                let label = partition.to_string();
                let seconds = behind.seconds(now);
                if behind.records() == 0 && reach.unavailable.contains(&partition) {
                    // Not 0: nobody knows what has come since its leader went.
                    let _ = self.lag_records.remove_label_values(&[&label]);
                    let _ = self.lag_seconds.remove_label_values(&[&label]);
                } else {
                    self.lag_records.with_label_values(&[&label]).set(behind.records());
                    self.lag_seconds.with_label_values(&[&label]).set(seconds);
                }
                self.partition_held.with_label_values(&[&label]).set(i64::from(behind.held().is_some()));
                (oldest, assigned) = (oldest.max(seconds), assigned + 1);
            }
            self.oldest_age.set(oldest);
            self.assigned.set(assigned);
            self.difference.set(lag.difference());
        });
    }

    fn nothing_waits(&self, lag: &Lag) {
        if lag.is_none() {
            self.health.nothing_waits();
        }
    }

    fn with_reach<T>(&self, act: impl FnOnce(&mut Reach) -> T) -> T {
        act(&mut self.reach.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_lag<T>(&self, act: impl FnOnce(&mut Lag) -> T) -> T {
        act(&mut self.lag.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;

//! The metrics of a process, as Prometheus reads them. Labels are bounded:
//! partitions, closed lists.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use prometheus::{Gauge, GaugeVec, Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

use super::health::{Health, now_ms};
use super::lag::{Lag, Looked, PartitionLag};
use super::names;
use super::reach::Reach;
use super::registry::{Registered, Registry};
use super::surroundings::{Seen, Surroundings};
use crate::domain::{NextOffset, Offset, Partition, Position};
use crate::log::{PartitionRange, Ranges};
use crate::store::{AcceptedGap, Checkpoint, Counts};
use crate::text::codes::Code;

/// What a process is that shows metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It reads the log into the store.
    Worker,
    /// It shows what others have written.
    Reader,
}

/// At what of the event log a try failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTrouble {
    /// No broker is connected any more.
    Connection,
    /// Where a partition begins and ends.
    Lookup,
    /// Reading from somewhere.
    Seek,
    /// The ends of all partitions.
    Watch,
}

impl LogTrouble {
    const ALL: [Self; 4] = [Self::Connection, Self::Lookup, Self::Seek, Self::Watch];

    fn name(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Lookup => "lookup",
            Self::Seek => "seek",
            Self::Watch => "watch",
        }
    }
}

/// The metrics of a process, and whether it is well.
pub struct Metrics {
    /// Whether it is well.
    pub health: Health,
    role: Role,
    registry: Registry,
    ready: IntGauge,
    read: IntCounter,
    applied: IntCounter,
    duplicate: IntCounter,
    superseded: IntCounter,
    dead_lettered: IntCounterVec,
    redriven: IntCounter,
    lag_records: IntGaugeVec,
    lag_seconds: GaugeVec,
    topic_partitions: IntGauge,
    topic_lag_records: IntGaugeVec,
    topic_lag_seconds: GaugeVec,
    undecided: IntGaugeVec,
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
    log_failures: IntCounterVec,
    batch_seconds: Histogram,
    commit_seconds: Histogram,
    batch_records: Histogram,
    last_commit: Gauge,
    store_records: IntGaugeVec,
    /// Without a sample until they were asked for.
    store_bytes: IntGaugeVec,
    overlaps: IntGaugeVec,
    accepted_gaps: IntGaugeVec,
    clock_skew: Gauge,
    seen: Seen,
    surroundings: OnceLock<Surroundings>,
    lag: Mutex<Lag>,
    reach: Mutex<Reach>,
    /// Who is shown them: one at a time, as partitions come and go meanwhile.
    shown: Mutex<()>,
}

/// Seconds that a batch may take.
const SECONDS: [f64; 13] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
/// Records that a batch may have.
const RECORDS: [f64; 10] = [1.0, 10.0, 100.0, 1_000.0, 5_000.0, 10_000.0, 25_000.0, 50_000.0, 100_000.0, 200_000.0];
const NO_LABELS: [&str; 0] = [];
/// The commit that the program was built from, where who built it has said so.
pub const COMMIT: &str = match option_env!("SOURCE_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};
/// What waits for longer than this, in milliseconds, is looked at where it lies.
const LOOKED_AT_AFTER_MS: i64 = 8_000;

impl Metrics {
    /// Every metric, registered, of that installation.
    ///
    /// # Errors
    /// If two descriptions have one name, or a name is not one of Prometheus.
    pub fn new(installation: &str, role: Role) -> Registered<Self> {
        let registry = Registry::new(installation)?;
        let reasons = Code::ALL.iter().map(|code| code.as_str());
        registry.gauges(&names::BUILD_INFO)?.with_label_values(&[env!("CARGO_PKG_VERSION"), COMMIT]).set(1);
        Ok(Self {
            health: Health::default(),
            role,
            ready: registry.gauge(&names::READY)?,
            read: registry.counter(&names::RECORDS_READ)?,
            applied: registry.counter(&names::RECORDS_APPLIED)?,
            duplicate: registry.counter(&names::RECORDS_DUPLICATE)?,
            superseded: registry.counter(&names::RECORDS_SUPERSEDED)?,
            dead_lettered: registry.counters(&names::RECORDS_DEAD_LETTERED, reasons)?,
            redriven: registry.counter(&names::RECORDS_REDRIVEN)?,
            lag_records: registry.gauges(&names::LAG_RECORDS)?,
            lag_seconds: registry.floats(&names::LAG_SECONDS)?,
            topic_partitions: registry.gauge(&names::TOPIC_PARTITIONS)?,
            topic_lag_records: registry.gauges(&names::TOPIC_LAG_RECORDS)?,
            topic_lag_seconds: registry.floats(&names::TOPIC_LAG_SECONDS)?,
            undecided: registry.gauges(&names::DEAD_LETTERS_UNDECIDED)?,
            oldest_age: registry.float(&names::OLDEST_AGE)?,
            difference: registry.gauge(&names::RECONCILIATION_DIFFERENCE)?,
            assigned: registry.gauge(&names::ASSIGNED_PARTITIONS)?,
            partition_held: registry.gauges(&names::PARTITION_HELD)?,
            partition_unavailable: registry.gauges(&names::PARTITION_UNAVAILABLE)?,
            hidden: registry.gauges(&names::HIDDEN_RECORDS)?,
            connected: registry.gauge(&names::LOG_CONNECTED)?,
            store_connected: registry.gauge(&names::STORE_CONNECTED)?,
            went_back: registry.counter(&names::STORE_WENT_BACK)?,
            rebalances: registry.counters(&names::REBALANCES, ["assigned", "revoked", "lost"])?,
            store_failures: registry
                .counters(&names::STORE_FAILURES, ["fenced", "passing", "dead_letter", "disk_full", "look"])?,
            log_failures: registry.counters(&names::LOG_FAILURES, LogTrouble::ALL.map(LogTrouble::name))?,
            batch_seconds: registry.histogram(&names::BATCH_DURATION, &SECONDS)?,
            commit_seconds: registry.histogram(&names::COMMIT_DURATION, &SECONDS)?,
            batch_records: registry.histogram(&names::BATCH_RECORDS, &RECORDS)?,
            last_commit: registry.float(&names::LAST_COMMIT)?,
            store_records: registry.gauges(&names::STORE_RECORDS)?,
            store_bytes: registry.gauges(&names::STORE_SIZE)?,
            overlaps: registry.gauges(&names::OVERLAPS)?,
            accepted_gaps: registry.gauges(&names::ACCEPTED_GAPS)?,
            clock_skew: registry.float(&names::CLOCK_SKEW)?,
            seen: Seen::new(&registry)?,
            surroundings: OnceLock::new(),
            lag: Mutex::default(),
            reach: Mutex::default(),
            shown: Mutex::default(),
            registry,
        })
    }

    /// Shows what is round the process too; the first word on it counts.
    pub fn show(&self, surroundings: Surroundings) {
        let _ = self.surroundings.set(surroundings);
    }

    /// All metrics in the Prometheus text format.
    pub fn render(&self) -> String {
        let _alone = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        self.refresh();
        self.registry.render(self.role == Role::Worker)
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
        self.health.works();
    }

    /// Batches begin with these records, each with when the log took it by its own clock, in milliseconds since
    /// 1970, if it says so.
    pub fn begun(&self, begun: impl Iterator<Item = (Position, Option<i64>)>) {
        let mut begun = begun.peekable();
        if begun.peek().is_none() {
            return;
        }
        self.with_lag(|lag| {
            begun.for_each(|(position, taken_ms)| lag.begun(position, taken_ms, now_ms()));
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
    }

    /// A partition is held at a record, until the store has passed it.
    pub fn held(&self, partition: Partition, at: Offset) {
        self.with_lag(|lag| lag.hold(partition, at));
    }

    /// What somebody should know of the work though it goes on, a line each.
    pub fn remarks(&self) -> Vec<String> {
        let of = |(partition, lag): (Partition, &PartitionLag)| {
            let at = lag.held()?;
            Some(format!("partition {partition} is held at offset {at}: too many dead letters, see giaoban doctor"))
        };
        let held: Vec<String> = self.with_lag(|lag| lag.assigned().filter_map(of).collect());
        self.with_reach(|reach| held.into_iter().chain(reach.remarks()).collect())
    }

    /// What of the partitions can be read.
    pub fn reach(&self, now: Reach) {
        self.health.reaches_nothing(now.is_none());
        self.with_reach(|reach| *reach = now);
    }

    /// The ends of partitions that this worker reads, as last heard, each with from where on no records lie before it, if
    /// that is known.
    pub fn ends(&self, ends: &[(Partition, NextOffset, Option<NextOffset>)]) {
        self.with_lag(|lag| {
            ends.iter().for_each(|(partition, end, bare)| lag.end(*partition, *end, *bare, now_ms()));
        });
    }

    /// What the log has of every partition of the topic; `None` if it does not answer.
    pub fn topic(&self, ranges: Option<&Ranges>) {
        self.with_lag(|lag| match ranges {
            Some(ranges) => lag.ranges(ranges, now_ms()),
            None => lag.silent(),
        });
        if let Some(ranges) = ranges {
            self.topic_partitions.set(ranges.len() as i64);
        }
    }

    /// Where records have waited for some time, and it was not looked yet when the log took the first of them.
    pub(super) fn unlooked(&self) -> Vec<(Partition, NextOffset, PartitionRange)> {
        self.with_lag(|lag| lag.unlooked(now_ms() - LOOKED_AT_AFTER_MS))
    }

    /// What was found there.
    pub(super) fn looked(&self, partition: Partition, from: NextOffset, found: Looked) {
        self.with_lag(|lag| lag.looked(partition, from, found));
    }

    /// Where the store is, of every partition that it has anything of, and what became of the records before that.
    pub fn checkpoints(&self, checkpoints: &[Checkpoint]) {
        let mut all = Counts::default();
        checkpoints.iter().for_each(|checkpoint| all.add(&checkpoint.counts));
        for (outcome, count) in all.by_outcome() {
            self.store_records.with_label_values(&[outcome]).set(count as i64);
        }
        self.with_lag(|lag| lag.checkpoints(checkpoints, now_ms()));
    }

    /// How many dead letters wait for a decision; `None` if they may not be read.
    pub fn undecided(&self, count: Option<u64>) {
        match count {
            Some(count) => self.undecided.with_label_values(&NO_LABELS).set(count as i64),
            None => self.undecided.reset(),
        }
    }

    /// A try at the log failed.
    pub fn log_failed(&self, trouble: LogTrouble) {
        self.log_failures.with_label_values(&[trouble.name()]).inc();
    }

    /// This machine's clock less that of the store's server, in milliseconds.
    pub fn clock_skew(&self, milliseconds: i64) {
        self.clock_skew.set(milliseconds as f64 / 1000.0);
    }

    /// It was asked where the store is, and that failed.
    pub fn look_failed(&self) {
        self.store_failures.with_label_values(&["look"]).inc();
    }

    /// The store has lost so many offsets of a partition.
    pub fn went_back(&self, offsets: i64) {
        self.went_back.inc_by(offsets.unsigned_abs());
    }

    /// Whether the log is there.
    pub fn connected(&self, connected: bool) {
        self.connected.set(i64::from(connected));
        if self.health.connected(connected) {
            self.log_failed(LogTrouble::Connection);
        }
    }

    /// A span of a partition was committed: where the store is now, what became of the span's records, and how many had
    /// been dead letters and were sent again.
    pub fn committed(&self, partition: Partition, next: NextOffset, counts: &Counts, redriven: u64) {
        self.redriven.inc_by(redriven);
        self.read.inc_by(counts.read);
        self.applied.inc_by(counts.applied);
        self.duplicate.inc_by(counts.duplicate);
        self.superseded.inc_by(counts.superseded);
        self.with_lag(|lag| lag.committed(partition, next, counts, now_ms()));
    }

    /// Dead letters were kept and their batch committed.
    pub fn dead_lettered(&self, reasons: &BTreeMap<&'static str, u64>) {
        for (reason, count) in reasons {
            self.dead_lettered.with_label_values(&[reason]).inc_by(*count);
        }
    }

    /// A batch was committed.
    pub fn batch(&self, records: u64, whole: Duration, commit: Duration) {
        self.batch_records.observe(records as f64);
        self.batch_seconds.observe(whole.as_secs_f64());
        self.commit_seconds.observe(commit.as_secs_f64());
        self.last_commit.set(now_ms() as f64 / 1000.0);
        self.health.taken();
    }

    /// The gaps that the store is without.
    pub fn gaps(&self, gaps: &[AcceptedGap]) {
        let messages: u64 = gaps.iter().map(|accepted| accepted.gap.messages()).sum();
        self.accepted_gaps.with_label_values(&NO_LABELS).set(i64::try_from(messages).unwrap_or(i64::MAX));
    }

    /// The store's size on disk, in bytes.
    pub fn store_size(&self, bytes: u64) {
        self.store_bytes.with_label_values(&NO_LABELS).set(bytes as i64);
    }

    /// In how many places of the store a form's totals may count what single records count too.
    pub fn overlaps(&self, places: usize) {
        self.overlaps.with_label_values(&NO_LABELS).set(places as i64);
    }

    /// A batch was not taken.
    pub fn failed(&self, kind: &str) {
        self.store_failures.with_label_values(&[kind]).inc();
        self.health.refused();
    }

    fn refresh(&self) {
        let now = now_ms();
        self.store_connected.set(i64::from(self.health.store_works()));
        self.ready.set(i64::from(self.health.ready()));
        for of_partitions in [
            &self.topic_lag_records,
            &self.lag_records,
            &self.partition_held,
            &self.partition_unavailable,
            &self.hidden,
        ] {
            of_partitions.reset();
        }
        self.topic_lag_seconds.reset();
        self.lag_seconds.reset();
        let reach = self.with_reach(|reach| reach.clone());
        for partition in &reach.assigned {
            let label = partition.to_string();
            let unavailable = i64::from(reach.unavailable.contains(partition));
            self.partition_unavailable.with_label_values(&[&label]).set(unavailable);
            self.hidden.with_label_values(&[&label]).set(reach.hidden.get(partition).copied().unwrap_or_default());
        }
        let last_event_ms = self.with_lag(|lag| {
            let (mut oldest, mut assigned) = (0.0_f64, 0);
            for (partition, behind) in lag.partitions() {
                let label = partition.to_string();
                let (known, seconds) = (behind.reliable(reach.unavailable.contains(&partition)), behind.seconds(now));
                // Else not 0: nobody knows what has come since its leader went.
                if let Some(records) = known {
                    self.topic_lag_records.with_label_values(&[&label]).set(records);
                    self.topic_lag_seconds.with_label_values(&[&label]).set(seconds);
                    if behind.is_assigned() {
                        self.lag_records.with_label_values(&[&label]).set(records);
                        self.lag_seconds.with_label_values(&[&label]).set(seconds);
                    }
                }
                if !behind.is_assigned() {
                    continue;
                }
                self.partition_held.with_label_values(&[&label]).set(i64::from(behind.held().is_some()));
                (oldest, assigned) = (oldest.max(seconds), assigned + 1);
            }
            self.oldest_age.set(oldest);
            self.assigned.set(assigned);
            self.difference.set(lag.difference());
            lag.last_event_ms()
        });
        if let Some(round) = self.surroundings.get() {
            self.seen.look(round, last_event_ms, now);
        }
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

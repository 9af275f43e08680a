//! Every metric: the one table of what operators can watch, which `docs/metrics.md` is made from. Names follow the
//! Prometheus rules: the unit is in the name, counters end in `_total`. Alerts and dashboards are built on them: none is
//! ever changed.
//!
//! What begins with `giaoban_worker_` is of one worker and added up; everything else is of store, log or machine, shown
//! alike by each process, and taken by `max`.

/// What a metric counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Records or messages of the log.
    Records,
    /// Seconds; of a timestamp, since 1970.
    Seconds,
    /// Bytes.
    Bytes,
    /// Partitions of the events' topic.
    Partitions,
    /// Figures of units in quarters.
    Figures,
    /// Units in quarters.
    Places,
    /// Working days.
    Days,
    /// How often something happened.
    Times,
    /// 1 for yes, 0 for no.
    Flag,
}

/// How a metric moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Up only, from 0 at the start of the process.
    Counter,
    /// Up and down.
    Gauge,
    /// By buckets.
    Histogram,
}

/// One metric, as it is described to Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its name.
    pub name: &'static str,
    /// How it moves.
    pub kind: Kind,
    /// What it counts in.
    pub unit: Unit,
    /// By what it is told apart, besides `installation`.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
    /// What an operator does about it; empty where it only shows.
    pub remedy: &'static str,
}

impl Description {
    /// Whether it is of one worker alone.
    pub fn is_of_worker(&self) -> bool {
        self.name.starts_with("giaoban_worker_")
    }
}

macro_rules! metrics {
    ($($constant:ident = $name:literal, $kind:ident, $unit:ident, [$($label:literal),*], $help:literal, $remedy:literal;)+) => {
        $(
            #[doc = $help]
            pub const $constant: Description = Description {
                name: $name,
                kind: Kind::$kind,
                unit: Unit::$unit,
                labels: &[$($label),*],
                help: $help,
                remedy: $remedy,
            };
        )+

        /// All of them, but for those of the process (`process_*`).
        pub const ALL: &[Description] = &[$($constant),+];
    };
}

metrics! {
    READY = "giaoban_worker_ready", Gauge, Flag, [],
        "1 while the worker does its work, as /readyz answers",
        "/readyz says why not, a line for each reason";
    RECORDS_READ = "giaoban_worker_records_read_total", Counter, Records, [],
        "Records read and settled", "";
    RECORDS_APPLIED = "giaoban_worker_records_applied_total", Counter, Records, [],
        "Records that count, or did when they came", "";
    RECORDS_DUPLICATE = "giaoban_worker_records_duplicate_total", Counter, Records, [],
        "Records that were there already: the same event again", "";
    RECORDS_SUPERSEDED = "giaoban_worker_records_superseded_total", Counter, Records, [],
        "Records below the revision that counts", "";
    RECORDS_DEAD_LETTERED = "giaoban_worker_records_dead_lettered_total", Counter, Records, ["reason"],
        "Messages that are not valid events, by the code of the first rule that they break",
        "giaoban dlq list; docs/codes.md says what each code means and who mends it";
    RECORDS_REDRIVEN = "giaoban_worker_records_redriven_total", Counter, Records, [],
        "Records that had been dead letters and were sent again, whatever became of them", "";
    LAG_RECORDS = "giaoban_worker_lag_records", Gauge, Records, ["partition"],
        "Records of an assigned partition that are not in the store yet",
        "Those of giaoban_topic_lag_records are of all partitions";
    LAG_SECONDS = "giaoban_worker_lag_seconds", Gauge, Seconds, ["partition"],
        "Seconds since the log took the oldest record of an assigned partition that is not in the store, by the log's own clock, or since it was first heard of; 0 if there is none",
        "Those of giaoban_topic_lag_seconds are of all partitions";
    OLDEST_AGE = "giaoban_worker_oldest_unprocessed_event_age_seconds", Gauge, Seconds, [],
        "The largest lag in seconds of the assigned partitions", "";
    RECONCILIATION_DIFFERENCE = "giaoban_worker_reconciliation_difference_records", Gauge, Records, [],
        "Records read less records applied, duplicate, superseded and dead-lettered, over the assigned partitions since the store began; anything but 0 means that a record has vanished",
        "giaoban verify, and keep the store as it is";
    ASSIGNED_PARTITIONS = "giaoban_worker_assigned_partitions", Gauge, Partitions, [],
        "Partitions that this worker reads; 0 is normal only while others have them all",
        "Their sum over the workers is giaoban_topic_partitions: else nobody of them reads some";
    PARTITION_HELD = "giaoban_worker_partition_held", Gauge, Flag, ["partition"],
        "1 if nothing more of an assigned partition is taken, because too many of its records are not valid events, until somebody decides",
        "giaoban doctor names the records; giaoban dlq accept goes on";
    PARTITION_UNAVAILABLE = "giaoban_worker_partition_unavailable", Gauge, Flag, ["partition"],
        "1 if no broker leads an assigned partition that answers: nothing of it is read, and its lag is shown only as far as it was known to be behind",
        "giaoban doctor; bring the broker back";
    HIDDEN_RECORDS = "giaoban_worker_hidden_records", Gauge, Records, ["partition"],
        "Offsets of an assigned partition that lie behind the beginning of a transaction that nobody has ended yet: nobody can read them, and they are no lag",
        "giaoban doctor; end the transaction, or wait until the broker gives it up";
    LOG_CONNECTED = "giaoban_worker_log_connected", Gauge, Flag, [],
        "1 if the event log is there, 0 if no broker is connected and the worker waits for one",
        "The worker's log says why; giaoban doctor";
    STORE_CONNECTED = "giaoban_worker_store_connected", Gauge, Flag, [],
        "1 if the store answers and takes what is written, 0 if it does not and the worker waits for it",
        "The worker's log says why; giaoban doctor";
    STORE_WENT_BACK = "giaoban_worker_store_went_back_records_total", Counter, Records, [],
        "Offsets that the store had and lost, as by a failover or a restore, and that were read again",
        "The figures are exact again; find out what the database lost besides";
    REBALANCES = "giaoban_worker_rebalances_total", Counter, Times, ["kind"],
        "Partitions assigned, revoked or lost",
        "Many without a start or a stop: the worker or the network stalls longer than the session";
    STORE_FAILURES = "giaoban_worker_store_failures_total", Counter, Times, ["kind"],
        "Tries that failed: batches that the store did not take (passing, disk_full, fenced), looks at where it is (look), dead letters that were not confirmed (dead_letter)",
        "The worker's log says why; each is tried again";
    LOG_FAILURES = "giaoban_log_failures_total", Counter, Times, ["kind"],
        "Tries at the event log that failed: brokers gone (connection), where a partition begins and ends (lookup), reading from there (seek), the ends of all partitions (watch)",
        "The worker's log says why; each is tried again";
    BATCH_DURATION = "giaoban_worker_batch_duration_seconds", Histogram, Seconds, [],
        "From the first record of a batch to its commit", "";
    COMMIT_DURATION = "giaoban_worker_commit_duration_seconds", Histogram, Seconds, [],
        "Writing a batch into the store", "Slow commits are a slow disk, or a database that others keep busy";
    BATCH_RECORDS = "giaoban_worker_batch_records", Histogram, Records, [],
        "Records in a batch", "";
    LAST_COMMIT = "giaoban_worker_last_commit_timestamp_seconds", Gauge, Seconds, [],
        "When the last batch was committed, in seconds since 1970; 0 before the first", "";
    TOPIC_PARTITIONS = "giaoban_topic_partitions", Gauge, Partitions, [],
        "Partitions of the events' topic, as last heard", "";
    TOPIC_LAG_RECORDS = "giaoban_topic_lag_records", Gauge, Records, ["partition"],
        "Records of a partition that are not in the store, whoever reads it: the end that the log tells less where the store is; no series while one of them is not known",
        "Where it grows and no worker has the partition: giaoban doctor names who reads";
    TOPIC_LAG_SECONDS = "giaoban_topic_lag_seconds", Gauge, Seconds, ["partition"],
        "Seconds since the log took the oldest record of a partition that is not in the store, by the log's own clock, or since it was first heard of; 0 if there is none",
        "As for giaoban_topic_lag_records; publish no figures before it is 0";
    SILENCE = "giaoban_silence_working_days", Gauge, Days, [],
        "Working days that have passed wholly since the log last took an event, by the calendar of holidays; no series before the first event",
        "Ask the districts whether they have nothing to report, or cannot";
    DEAD_LETTERS_UNDECIDED = "giaoban_dead_letters_undecided_records", Gauge, Records, [],
        "Dead letters that wait for a decision: sent again, or given up; no series where they may not be read",
        "giaoban dlq list";
    STORE_RECORDS = "giaoban_store_records", Gauge, Records, ["outcome"],
        "Records that the store has settled since it began, over all partitions and whoever read them: read, and what became of them (applied, duplicate, superseded, dead_lettered); no series before it was first asked",
        "Those read are the sum of the others: else giaoban verify, and keep the store as it is";
    ACCEPTED_GAPS = "giaoban_store_accepted_gap_records", Gauge, Records, [],
        "Messages that were gone from the log before they were read, and that somebody accepted to be without: the figures of the store lack them; no series before it was first asked",
        "giaoban replay of a log that has them";
    STORE_SIZE = "giaoban_store_size_bytes", Gauge, Bytes, [],
        "Size of the store on disk; no series before it was first asked", "";
    DATA_FREE = "giaoban_data_free_bytes", Gauge, Bytes, [],
        "Free bytes of the disk that the data folder is on",
        "Make room: what is written waits on a full disk";
    OVERLAPS = "giaoban_overlaps", Gauge, Places, [],
        "Units and quarters in which a form's totals stand beside single records, or another form, of the same body, over the whole store; both are counted until the unit withdraws one; no series before they were first counted",
        "giaoban overlaps lists them";
    VERIFIED_AT = "giaoban_verify_last_run_timestamp_seconds", Gauge, Seconds, [],
        "When the last giaoban verify here ended; no series before the first", "giaoban verify, once a week or before figures are published";
    VERIFY_OUTCOME = "giaoban_verify_outcome", Gauge, Flag, ["outcome"],
        "1 for what the last giaoban verify here came to: agreed, differed, or failed before it knew; no series before the first",
        "differed: giaoban replay; failed: run it again by hand and look at what it says";
    VERIFIED_RECORDS = "giaoban_verify_records", Gauge, Records, [],
        "Messages that the last giaoban verify here recounted", "";
    VERIFIED_DIFFERENCES = "giaoban_verify_differences", Gauge, Figures, [],
        "Figures that differed at the last giaoban verify here; must be 0",
        "giaoban verify lists them; giaoban replay builds them anew";
    CERTIFICATE_EXPIRY = "giaoban_certificate_expiry_timestamp_seconds", Gauge, Seconds, ["file"],
        "When the first certificate of a file expires, in seconds since 1970, by the setting that names the file",
        "Put a new one in place, and start the worker again";
    CLOCK_SKEW = "giaoban_clock_skew_seconds", Gauge, Seconds, [],
        "This machine's clock less that of the database server; 0 where the store is a file of this machine",
        "Let NTP set both clocks";
    BUILD_INFO = "giaoban_build_info", Gauge, Flag, ["version", "commit"],
        "1, with the version of this program and the commit that it was built from", "";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_in_the_name_and_so_is_that_it_only_grows() {
        for Description { name, unit, kind, .. } in ALL {
            let word = match unit {
                Unit::Records if *name != BATCH_RECORDS.name => "records",
                Unit::Seconds => "seconds",
                Unit::Bytes => "bytes",
                Unit::Partitions => "partitions",
                Unit::Days => "days",
                _ => "giaoban",
            };
            assert!(name.contains(word), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert_eq!(ALL.iter().filter(|other| other.name == *name).count(), 1, "{name}");
        }
    }
}

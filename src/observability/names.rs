//! Every metric with its name, unit and help: the one table of what operators can
//! watch. Names follow the Prometheus rules: the unit is in the name, counters end
//! in `_total`. Alerts and dashboards are built on them: none is ever changed.

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
    /// How often something happened.
    Times,
    /// 1 for yes, 0 for no.
    Flag,
}

/// One metric, as it is described to Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its name.
    pub name: &'static str,
    /// What it counts in.
    pub unit: Unit,
    /// What it says.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident = $name:literal, $unit:ident, $help:literal;)+) => {
        $(
            #[doc = $help]
            pub const $constant: Description = Description { name: $name, unit: Unit::$unit, help: $help };
        )+

        /// All of them.
        pub const ALL: &[Description] = &[$($constant),+];
    };
}

metrics! {
    RECORDS_READ = "giaoban_worker_records_read_total", Records, "Records read and settled";
    RECORDS_APPLIED = "giaoban_worker_records_applied_total", Records, "Records that count, or did when they came";
    RECORDS_DUPLICATE = "giaoban_worker_records_duplicate_total", Records, "Records that were there already: the same event again";
    RECORDS_SUPERSEDED = "giaoban_worker_records_superseded_total", Records, "Records below the revision that counts";
    RECORDS_DEAD_LETTERED = "giaoban_worker_records_dead_lettered_total", Records, "Messages that are not valid events, by the code of the first rule that they break";
    RECORDS_REDRIVEN = "giaoban_worker_records_redriven_total", Records, "Records that had been dead letters and were sent again, whatever became of them";
    LAG_RECORDS = "giaoban_worker_lag_records", Records, "Records of an assigned partition that are not in the store yet";
    LAG_SECONDS = "giaoban_worker_lag_seconds", Seconds, "Seconds since the log took the oldest record of an assigned partition that is not in the store; while none of these was read, since it took the record before them or since they were first heard of; 0 if there are none";
    OLDEST_AGE = "giaoban_worker_oldest_unprocessed_event_age_seconds", Seconds, "The largest lag in seconds of the assigned partitions";
    RECONCILIATION_DIFFERENCE = "giaoban_worker_reconciliation_difference_records", Records, "Records read less records applied, duplicate, superseded and dead-lettered, over the assigned partitions since the store began; anything but 0 means that a record has vanished";
    ASSIGNED_PARTITIONS = "giaoban_worker_assigned_partitions", Partitions, "Partitions that this worker reads";
    PARTITION_HELD = "giaoban_worker_partition_held", Flag, "1 if nothing more of an assigned partition is taken, because too many of its records are not valid events, until somebody decides (giaoban dlq accept)";
    PARTITION_UNAVAILABLE = "giaoban_worker_partition_unavailable", Flag, "1 if no broker leads an assigned partition that answers: nothing of it is read, and its lag is not known";
    HIDDEN_RECORDS = "giaoban_worker_hidden_records", Records, "Offsets of an assigned partition that lie behind the beginning of a transaction that nobody has ended yet: nobody can read them, and they are no lag";
    LOG_CONNECTED = "giaoban_worker_log_connected", Flag, "1 if the event log is there, 0 if no broker is connected and the worker waits for one";
    STORE_CONNECTED = "giaoban_worker_store_connected", Flag, "1 if the store answers and takes what is written, 0 if it does not and the worker waits for it";
    STORE_WENT_BACK = "giaoban_worker_store_went_back_records_total", Records, "Offsets that the store had and lost, as by a failover or a restore, and that were read again";
    REBALANCES = "giaoban_worker_rebalances_total", Times, "Partitions assigned, revoked or lost";
    STORE_FAILURES = "giaoban_worker_store_failures_total", Times, "Batches that the store or the dead-letter topic did not take";
    BATCH_DURATION = "giaoban_worker_batch_duration_seconds", Seconds, "From the first record of a batch to its commit";
    COMMIT_DURATION = "giaoban_worker_commit_duration_seconds", Seconds, "Writing a batch into the store";
    BATCH_RECORDS = "giaoban_worker_batch_records", Records, "Records in a batch";
    LAST_COMMIT = "giaoban_worker_last_commit_timestamp_seconds", Seconds, "When the last batch was committed, in seconds since 1970";
    ACCEPTED_GAPS = "giaoban_store_accepted_gap_records", Records, "Messages that were gone from the log before they were read, and that somebody accepted to be without: the figures of the store lack them";
    STORE_SIZE = "giaoban_store_size_bytes", Bytes, "Size of the store on disk";
    OVERLAPS = "giaoban_overlaps", Places, "Units and quarters in which a form's totals stand beside single records, or another form, of the same body, over the whole store; both are counted until the unit withdraws one: giaoban overlaps lists them";
    VERIFIED_AT = "giaoban_verify_last_run_timestamp_seconds", Seconds, "When the last giaoban verify here ended";
    VERIFIED_RECORDS = "giaoban_verify_records", Records, "Messages that the last giaoban verify here recounted";
    VERIFIED_DIFFERENCES = "giaoban_verify_differences", Figures, "Figures that differed at the last giaoban verify here; must be 0";
    BUILD_INFO = "giaoban_build_info", Flag, "1, with the version of this program";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_in_the_name() {
        for Description { name, unit, .. } in ALL {
            let word = match unit {
                Unit::Records if *name != BATCH_RECORDS.name => "records",
                Unit::Seconds => "seconds",
                Unit::Bytes => "bytes",
                Unit::Partitions => "partitions",
                _ => "giaoban",
            };
            assert!(name.contains(word), "{name}");
            assert_eq!(ALL.iter().filter(|other| other.name == *name).count(), 1, "{name}");
        }
    }
}

//! What the metrics say of a worker's life.

use super::*;
use crate::domain::Offset;

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
    metrics.begun([(position, Some(now_ms() - 1000 * seconds_ago))].into_iter());
}

fn stored(next: i64, seconds_ago: i64) -> Option<Checkpoint> {
    let last_timestamp_ms = Some(now_ms() - 1000 * seconds_ago);
    Some(Checkpoint { partition: PARTITION, next: NextOffset(next), counts: Counts::default(), last_timestamp_ms })
}

fn committed(metrics: &Metrics, next: i64) {
    metrics.committed(PARTITION, NextOffset(next), &Counts::default(), Some(now_ms()), 0);
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
    metrics.reach(Reach { assigned: [PARTITION].into(), ..Reach::default() });
    let counts = Counts { read: 4, applied: 1, duplicate: 1, superseded: 1, dead_lettered: 1 };
    metrics.dead_lettered(&[("json.syntax", 1)].into());
    metrics.committed(PARTITION, NextOffset(4), &counts, None, 1);
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
    metrics.committed(PARTITION, NextOffset(6), &vanished, None, 0);
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
    let alerts = include_str!("../../../config/prometheus/alerts.yml");
    let names =
        alerts.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.starts_with("giaoban_"));
    let mut count = 0;
    for name in names {
        count += 1;
        let there = rendered.lines().any(|line| {
            line.strip_prefix(name).is_some_and(|rest| {
                let rest = ["_bucket", "_sum", "_count"].iter().find_map(|end| rest.strip_prefix(end)).unwrap_or(rest);
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
    metrics.health.beat();
    metrics.reading(PARTITION, stored(10, 1), NextOffset(12));
    assert!(metrics.health.ready());
    metrics.failed("passing");
    metrics.reading(PARTITION, stored(10, 1), NextOffset(12));
    assert!(!metrics.health.ready(), "looked up again, and no more");
    metrics.batch(2, Duration::ZERO, Duration::ZERO, 0);
    assert!(metrics.health.ready());
    metrics.failed("fenced");
    metrics.reading(PARTITION, stored(12, 1), NextOffset(12));
    assert!(metrics.health.ready(), "another has written it");
}

#[test]
fn of_a_partition_without_a_leader_no_lag_is_claimed_and_readiness_ends_with_the_last_that_has_one() {
    let metrics = Metrics::new().unwrap();
    metrics.health.beat();
    // One has records that wait, one had none, one was never read: nobody could say where it begins.
    let [behind, caught_up, unread] = [Partition(0), Partition(1), Partition(2)];
    let at = |partition, next| stored(next, 1).map(|at| Checkpoint { partition, ..at });
    metrics.reading(behind, at(behind, 10), NextOffset(12));
    metrics.reading(caught_up, at(caught_up, 7), NextOffset(7));
    let lag = |of: Partition| sample(&metrics.render(), &format!("giaoban_worker_lag_records{{partition=\"{of}\"}}"));
    let away = |of: Partition| {
        sample(&metrics.render(), &format!("giaoban_worker_partition_unavailable{{partition=\"{of}\"}}"))
    };
    let without = |unavailable: &[Partition]| Reach {
        assigned: [behind, caught_up, unread].into(),
        unavailable: unavailable.iter().copied().collect(),
        ..Reach::default()
    };
    metrics.reach(without(&[unread]));
    assert!(metrics.health.ready());
    assert_eq!([behind, caught_up, unread].map(lag), [Some(2.0), Some(0.0), None]);
    metrics.reach(without(&[caught_up, unread]));
    assert!(metrics.health.ready());
    assert_eq!([behind, caught_up, unread].map(lag), [Some(2.0), None, None]);
    assert_eq!([behind, caught_up, unread].map(away), [Some(0.0), Some(1.0), Some(1.0)]);
    let said = metrics.remarks();
    assert!(said.len() == 2 && said[0].starts_with("partition 1 is unavailable"), "{said:?}");
    metrics.reach(without(&[behind, caught_up, unread]));
    assert!(!metrics.health.ready());
    assert_eq!(lag(behind), Some(2.0), "what is known to wait is told");
    metrics.released(&[behind, caught_up, unread]);
    assert!(metrics.health.ready() && metrics.remarks().is_empty(), "they are another's");
    assert_eq!(away(unread), None);
    metrics.reading(behind, at(behind, 10), NextOffset(12));
    metrics.reach(Reach { assigned: [behind].into(), ..Reach::default() });
    assert!(metrics.health.ready() && metrics.remarks().is_empty());
}

#[test]
fn what_an_open_transaction_hides_is_told_beside_the_lag() {
    let metrics = after_one_of_each();
    let hidden = || sample(&metrics.render(), "giaoban_worker_hidden_records{partition=\"3\"}");
    assert_eq!(hidden(), Some(0.0));
    metrics.reach(Reach { assigned: [PARTITION].into(), hidden: [(PARTITION, 5)].into(), ..Reach::default() });
    assert_eq!(hidden(), Some(5.0));
    assert_eq!(metrics.remarks(), ["partition 3: 5 offsets lie behind an open transaction, see giaoban doctor"]);
}

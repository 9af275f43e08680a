//! What the metrics say of a worker's life.

use super::super::verification::Verification;
use super::*;
use crate::log::LogError;

const PARTITION: Partition = Partition(3);

fn worker() -> Metrics {
    Metrics::new("hanoi", Role::Worker).unwrap()
}

fn seconds(metrics: &Metrics) -> f64 {
    let value = sample(metrics, "giaoban_worker_lag_seconds{partition=\"3\"}").unwrap();
    let (oldest, topic) = (
        sample(metrics, "giaoban_worker_oldest_unprocessed_event_age_seconds").unwrap(),
        sample(metrics, "giaoban_topic_lag_seconds{partition=\"3\"}").unwrap(),
    );
    assert!((oldest - value).abs() < 1.0 && (topic - value).abs() < 1.0, "{oldest} {topic} {value}");
    value
}

/// A sample as it is rendered, by its name with its labels but for that of the installation.
fn sample(metrics: &Metrics, name: &str) -> Option<f64> {
    let rendered = metrics.render();
    let rendered = rendered
        .replace("{installation=\"hanoi\"}", "")
        .replace(",installation=\"hanoi\"}", "}")
        .replace("installation=\"hanoi\",", "");
    rendered.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

/// A batch begins with a record that the log took then, by its own clock.
fn begun(metrics: &Metrics, offset: i64, seconds_ago: i64) {
    let position = Position { partition: PARTITION, offset: Offset(offset) };
    metrics.begun([(position, Some(now_ms() - 1000 * seconds_ago))].into_iter());
}

/// Where the store is; the last record there has a time of long ago, by some producer's clock.
fn at(partition: Partition, next: i64) -> Checkpoint {
    Checkpoint { partition, next: NextOffset(next), counts: Counts::default(), last_timestamp_ms: Some(1_000) }
}

fn stored(next: i64) -> Option<Checkpoint> {
    Some(at(PARTITION, next))
}

fn committed(metrics: &Metrics, next: i64) {
    metrics.committed(PARTITION, NextOffset(next), &Counts::default(), 0);
}

/// The log tells what it has of these partitions: from where to where, or that nobody leads it who answers.
fn topic(metrics: &Metrics, ranges: &[(i32, Option<(i64, i64)>)]) {
    let range = |(partition, range): &(i32, Option<(i64, i64)>)| {
        let partition = Partition(*partition);
        let away = || LogError::Leaderless { topic: "t".into(), partitions: vec![partition] };
        let range = range.map(|(low, high)| PartitionRange { partition, low: NextOffset(low), high: NextOffset(high) });
        (partition, range.ok_or_else(away))
    };
    metrics.topic(Some(&ranges.iter().map(range).collect()));
}

#[track_caller]
fn about(found: f64, wanted: f64) {
    assert!((wanted..wanted + 1.0).contains(&found), "{found}, not {wanted}");
}

#[test]
fn the_age_is_that_of_the_oldest_record_that_is_not_in_the_store() {
    let metrics = worker();
    metrics.reading(PARTITION, stored(10), NextOffset(10));
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
    assert_eq!(sample(&metrics, "giaoban_worker_lag_records{partition=\"3\"}"), Some(0.0));
}

#[test]
fn the_age_stays_while_the_store_takes_nothing() {
    let metrics = worker();
    metrics.reading(PARTITION, stored(10), NextOffset(10));
    begun(&metrics, 10, 40);
    begun(&metrics, 20, 30);
    for _ in 0..3 {
        metrics.failed("passing");
        metrics.reading(PARTITION, stored(10), NextOffset(30));
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
fn no_producers_clock_has_a_say_in_the_age() {
    let metrics = worker();
    // The last record in the store is of 1970, by its producer, and what waits was just heard of.
    metrics.reading(PARTITION, stored(10), NextOffset(12));
    about(seconds(&metrics), 0.0);
    // Of what is read the log does not say when it took it: by when it was heard of.
    metrics.begun([(Position { partition: PARTITION, offset: Offset(10) }, None)].into_iter());
    about(seconds(&metrics), 0.0);
    committed(&metrics, 12);
    metrics.ends(&[(PARTITION, NextOffset(13), None)]);
    about(seconds(&metrics), 0.0);
}

#[test]
fn lag_is_that_of_every_partition_whoever_reads_it_and_grows_while_the_store_is_away() {
    let metrics = Metrics::new("hanoi", Role::Reader).unwrap();
    let records = |of: u8| sample(&metrics, &format!("giaoban_topic_lag_records{{partition=\"{of}\"}}"));
    topic(&metrics, &[(0, Some((0, 10))), (1, Some((5, 9)))]);
    assert_eq!(sample(&metrics, "giaoban_topic_partitions"), Some(2.0));
    assert_eq!([records(0), records(1)], [None, None], "where the store is nobody knows yet");
    metrics.checkpoints(&[at(Partition(0), 8)]);
    assert_eq!([records(0), records(1)], [Some(2.0), Some(4.0)], "what has expired waits no more");
    // The store is away: it says nothing, and the ends go on.
    topic(&metrics, &[(0, Some((0, 1_058))), (1, Some((5, 9))), (2, Some((0, 0)))]);
    assert_eq!(records(0), Some(1_050.0));
    // A partition without a leader has what it was known to have; one that had nothing may have anything.
    topic(&metrics, &[(0, None), (1, Some((5, 9))), (2, None)]);
    assert_eq!(records(0), Some(1_050.0));
    metrics.checkpoints(&[at(Partition(0), 1_058), at(Partition(1), 9)]);
    assert_eq!([records(0), records(1), records(2)], [None, Some(0.0), None]);
    metrics.topic(None);
    assert_eq!(records(1), None, "the log says nothing at all");
    topic(&metrics, &[(0, Some((0, 1_058))), (1, Some((5, 9))), (2, Some((0, 0)))]);
    assert_eq!([records(0), records(1), records(2)], [Some(0.0), Some(0.0), Some(0.0)]);
    // It goes back, as after a failover.
    metrics.checkpoints(&[at(Partition(0), 1_000), at(Partition(1), 9)]);
    assert_eq!(records(0), Some(58.0));
}

#[test]
fn what_waits_for_long_is_looked_at_and_marks_of_transactions_wait_for_nobody() {
    let metrics = Metrics::new("hanoi", Role::Reader).unwrap();
    metrics.checkpoints(&[at(Partition(0), 8)]);
    let records = || sample(&metrics, "giaoban_topic_lag_records{partition=\"0\"}");
    assert_eq!(records(), None, "the log has not said where it ends");
    topic(&metrics, &[(0, Some((0, 10)))]);
    assert_eq!((records(), metrics.unlooked()), (Some(2.0), vec![]), "it was just heard of");
    let old = now_ms() + 60_000;
    let unlooked = || metrics.with_lag(|lag| lag.unlooked(old));
    let range = PartitionRange { partition: Partition(0), low: NextOffset(0), high: NextOffset(10) };
    assert_eq!(unlooked(), [(Partition(0), NextOffset(8), range)]);
    metrics.looked(Partition(0), NextOffset(8), Looked::Taken(now_ms() - 3_600_000));
    assert_eq!(unlooked(), [], "once is enough");
    about(sample(&metrics, "giaoban_topic_lag_seconds{partition=\"0\"}").unwrap(), 3_600.0);
    metrics.checkpoints(&[at(Partition(0), 9)]);
    metrics.looked(Partition(0), NextOffset(9), Looked::NoneBefore(NextOffset(10)));
    for metric in ["records", "seconds"] {
        assert_eq!(sample(&metrics, &format!("giaoban_topic_lag_{metric}{{partition=\"0\"}}")), Some(0.0));
    }
    topic(&metrics, &[(0, Some((0, 12)))]);
    assert_eq!(records(), Some(2.0), "behind the mark");
}

#[test]
fn an_end_that_grows_for_days_takes_no_memory_and_keeps_the_oldest_moment() {
    let metrics = worker();
    metrics.reading(PARTITION, stored(0), NextOffset(0));
    metrics.with_lag(|lag| (1..100_000).for_each(|end| lag.end(PARTITION, NextOffset(end), None, end)));
    let age = metrics.with_lag(|lag| lag.assigned().next().map(|(_, lag)| lag.seconds(100_001)));
    assert_eq!(age, Some(100.0), "since the first");
    committed(&metrics, 99_998);
    assert_eq!(sample(&metrics, "giaoban_worker_lag_records{partition=\"3\"}"), Some(1.0));
}

/// Metrics after one record of each kind.
fn after_one_of_each() -> Metrics {
    let metrics = worker();
    metrics.rebalanced("assigned");
    metrics.connected(true);
    metrics.reading(PARTITION, None, NextOffset(4));
    metrics.reach(Reach { assigned: [PARTITION].into(), ..Reach::default() });
    let counts = Counts { read: 4, applied: 1, duplicate: 1, superseded: 1, dead_lettered: 1 };
    metrics.dead_lettered(&[("json.syntax", 1)].into());
    metrics.committed(PARTITION, NextOffset(4), &counts, 1);
    metrics.batch(4, Duration::from_millis(20), Duration::from_millis(3));
    metrics.store_size(4096);
    metrics.gaps(&[]);
    metrics.overlaps(0);
    metrics.undecided(Some(1));
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
        assert_eq!(sample(&metrics, name), Some(value), "{name}");
    }
    let vanished = Counts { read: 2, applied: 1, ..Counts::default() };
    metrics.committed(PARTITION, NextOffset(6), &vanished, 0);
    assert_eq!(sample(&metrics, "giaoban_worker_reconciliation_difference_records"), Some(1.0));
}

#[test]
fn of_a_partition_that_was_given_up_the_worker_says_nothing_and_its_lag_goes_on() {
    let metrics = after_one_of_each();
    let of_worker = || {
        let rendered = metrics.render();
        rendered.lines().any(|line| line.starts_with("giaoban_worker_") && line.contains("partition=\"3\""))
    };
    assert!(of_worker());
    metrics.released(&[PARTITION]);
    assert!(!of_worker());
    // What is still on its way of it brings nothing back.
    begun(&metrics, 9, 5);
    committed(&metrics, 10);
    metrics.ends(&[(PARTITION, NextOffset(12), None)]);
    assert!(!of_worker());
    topic(&metrics, &[(3, Some((0, 12)))]);
    assert_eq!(sample(&metrics, "giaoban_topic_lag_records{partition=\"3\"}"), Some(8.0));
}

#[test]
fn every_series_says_which_installation_it_is_of_and_counters_begin_at_0() {
    let metrics = worker();
    let rendered = metrics.render();
    let series: Vec<&str> = rendered.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(series.iter().all(|line| line.contains("installation=\"hanoi\"")), "{rendered}");
    for code in Code::ALL {
        let name = format!("giaoban_worker_records_dead_lettered_total{{reason=\"{code}\"}}");
        assert_eq!(sample(&metrics, &name), Some(0.0), "{code}");
    }
    for kind in ["connection", "lookup", "seek", "watch"] {
        assert_eq!(sample(&metrics, &format!("giaoban_log_failures_total{{kind=\"{kind}\"}}")), Some(0.0));
    }
    assert!(rendered.contains("process_resident_memory_bytes"), "{rendered}");
}

#[test]
fn an_installation_with_many_partitions_has_fewer_than_2000_series() {
    let metrics = worker();
    let all: Vec<(i32, Option<(i64, i64)>)> = (0..48).map(|partition| (partition, Some((0, 10)))).collect();
    topic(&metrics, &all);
    let assigned: std::collections::BTreeSet<Partition> = (0..48).map(Partition).collect();
    assigned.iter().for_each(|partition| metrics.reading(*partition, None, NextOffset(10)));
    metrics.reach(Reach { assigned, ..Reach::default() });
    let rendered = metrics.render();
    let series = rendered.lines().filter(|line| !line.starts_with('#')).count();
    // Every partition has some, and no unit has any: 609 or one are the same.
    assert!((7 * 48..2_000).contains(&series), "{series}");
}

#[test]
fn a_process_that_is_no_worker_shows_nothing_of_one() {
    let rendered = Metrics::new("hanoi", Role::Reader).unwrap().render();
    assert!(!rendered.contains("giaoban_worker_") && rendered.contains("giaoban_topic_partitions"), "{rendered}");
}

/// Metrics of a worker that has met with everything that any of them tells of, and the folder that it is in.
fn after_everything() -> (tempfile::TempDir, Metrics) {
    let dir = tempfile::tempdir().unwrap();
    let metrics = after_one_of_each();
    let certificate = dir.path().join("ca.pem");
    std::fs::write(&certificate, certificate_until(300)).unwrap();
    metrics.show(Surroundings {
        data: dir.path().into(),
        certificates: vec![("kafka.ssl.ca.location".into(), certificate)],
        holidays: Default::default(),
    });
    metrics.checkpoints(&[at(PARTITION, 4)]);
    topic(&metrics, &[(3, Some((0, 4)))]);
    Verification { at_ms: 1, records: 4, differing: 0, failed: false }.keep_in(dir.path()).unwrap();
    (dir, metrics)
}

/// A certificate that expires in so many seconds.
fn certificate_until(seconds: i64) -> Vec<u8> {
    let key = openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap();
    let mut builder = openssl::x509::X509::builder().unwrap();
    let end = now_ms() / 1000 + seconds;
    builder.set_not_before(&openssl::asn1::Asn1Time::from_unix(0).unwrap()).unwrap();
    builder.set_not_after(&openssl::asn1::Asn1Time::from_unix(end).unwrap()).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.sign(&key, openssl::hash::MessageDigest::sha256()).unwrap();
    builder.build().to_pem().unwrap()
}

#[test]
fn every_metric_of_the_table_is_shown_with_its_labels_and_none_besides() {
    let (_dir, metrics) = after_everything();
    let rendered = metrics.render();
    for of in names::ALL {
        let type_of = format!("# TYPE {} {}\n", of.name, format!("{:?}", of.kind).to_lowercase());
        assert!(rendered.contains(&type_of), "no {type_of} in\n{rendered}");
        let labels = of.labels.iter().all(|label| {
            let with =
                |line: &str| line.starts_with(&format!("{}{{", of.name)) && line.contains(&format!("{label}=\""));
            rendered.lines().any(with)
        });
        assert!(labels, "{}", of.name);
    }
    let shown = rendered.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    for name in shown.filter(|name| !name.starts_with("process_")) {
        assert!(names::ALL.iter().any(|of| of.name == name), "{name}");
    }
}

#[test]
fn a_certificate_is_told_by_its_setting_and_the_last_recount_by_what_it_came_to() {
    let (dir, metrics) = after_everything();
    let name = "giaoban_certificate_expiry_timestamp_seconds{file=\"kafka.ssl.ca.location\"}";
    let left = sample(&metrics, name).unwrap() - now_ms() as f64 / 1000.0;
    assert!((200.0..=300.0).contains(&left), "{left}");
    let outcome = || {
        let of = |of: &str| sample(&metrics, &format!("giaoban_verify_outcome{{outcome=\"{of}\"}}"));
        (["agreed", "differed", "failed"].map(of), sample(&metrics, "giaoban_verify_differences"))
    };
    assert_eq!(outcome(), ([Some(1.0), Some(0.0), Some(0.0)], Some(0.0)));
    Verification { at_ms: 1, records: 4, differing: 2, failed: false }.keep_in(dir.path()).unwrap();
    assert_eq!(outcome(), ([Some(0.0), Some(1.0), Some(0.0)], Some(2.0)));
    Verification { at_ms: 1, records: 0, differing: 0, failed: true }.keep_in(dir.path()).unwrap();
    assert_eq!(outcome(), ([Some(0.0), Some(0.0), Some(1.0)], None), "nothing is known of differences");
    // As a version before this one has written it.
    std::fs::write(dir.path().join("verify.json"), "{\"at_ms\":5,\"records\":4,\"differing\":0}").unwrap();
    assert_eq!(outcome().0, [Some(1.0), Some(0.0), Some(0.0)]);
}

#[test]
fn silence_is_counted_in_working_days() {
    let (_dir, metrics) = after_everything();
    // The record in the store is of 1970.
    let days = sample(&metrics, "giaoban_silence_working_days").unwrap();
    assert!(days > 14_000.0, "{days}");
    topic(&metrics, &[(3, Some((0, 5)))]);
    assert_eq!(sample(&metrics, "giaoban_silence_working_days"), Some(0.0), "one has come now");
}

/// The names that a file of rules or dashboards has: each with the end of a histogram's series cut off.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let words = words.filter(|word| word.starts_with("giaoban_"));
    words.map(|word| ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word))
}

#[test]
fn what_alerts_and_dashboards_name_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let mut files: Vec<std::path::PathBuf> = Vec::new();
    for folder in ["prometheus", "grafana/dashboards"] {
        let Ok(found) = std::fs::read_dir(root.join(folder)) else { continue };
        files.extend(found.map(|file| file.unwrap().path()).filter(|file| {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with("alerts") && name.ends_with(".yml") || name.ends_with(".json")
        }));
    }
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for name in named(&text) {
            assert!(names::ALL.iter().any(|of| of.name == name), "{} names {name}", file.display());
        }
    }
}

#[test]
fn a_store_that_takes_no_batch_is_not_ready_until_it_takes_one_or_lacks_none() {
    let metrics = worker();
    metrics.health.beat();
    metrics.reading(PARTITION, stored(10), NextOffset(12));
    assert!(metrics.health.ready());
    metrics.failed("passing");
    metrics.reading(PARTITION, stored(10), NextOffset(12));
    assert!(!metrics.health.ready(), "looked up again, and no more");
    metrics.batch(2, Duration::ZERO, Duration::ZERO);
    assert!(metrics.health.ready());
    metrics.failed("fenced");
    metrics.reading(PARTITION, stored(12), NextOffset(12));
    assert!(metrics.health.ready(), "another has written it");
}

#[test]
fn of_a_partition_without_a_leader_no_lag_is_claimed_and_readiness_ends_with_the_last_that_has_one() {
    let metrics = worker();
    metrics.health.beat();
    // One has records that wait, one had none, one was never read: nobody could say where it begins.
    let [behind, caught_up, unread] = [Partition(0), Partition(1), Partition(2)];
    metrics.reading(behind, Some(at(behind, 10)), NextOffset(12));
    metrics.reading(caught_up, Some(at(caught_up, 7)), NextOffset(7));
    let lag = |of: Partition| sample(&metrics, &format!("giaoban_worker_lag_records{{partition=\"{of}\"}}"));
    let away = |of: Partition| sample(&metrics, &format!("giaoban_worker_partition_unavailable{{partition=\"{of}\"}}"));
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
    metrics.reading(behind, Some(at(behind, 10)), NextOffset(12));
    metrics.reach(Reach { assigned: [behind].into(), ..Reach::default() });
    assert!(metrics.health.ready() && metrics.remarks().is_empty());
}

#[test]
fn what_an_open_transaction_hides_is_told_beside_the_lag() {
    let metrics = after_one_of_each();
    let hidden = || sample(&metrics, "giaoban_worker_hidden_records{partition=\"3\"}");
    assert_eq!(hidden(), Some(0.0));
    metrics.reach(Reach { assigned: [PARTITION].into(), hidden: [(PARTITION, 5)].into(), ..Reach::default() });
    assert_eq!(hidden(), Some(5.0));
    assert_eq!(metrics.remarks(), ["partition 3: 5 offsets lie behind an open transaction, see giaoban doctor"]);
}

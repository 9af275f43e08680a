//! What moves while it is looked at, who moves it, and the brokers that come and go.

use super::*;
use crate::log::{Copies, GroupState, Keepers, Member};

#[test]
fn nobody_is_accused_of_what_is_gone_at_the_second_look() {
    let well = Case::healthy().checkpoints.unwrap();
    // Ahead of the log, or before its beginning, as it seems: the log was asked a moment too early or too late.
    for seeming in [9, 4] {
        let mut case = Case::healthy();
        case.log.ranges = vec![(0, 7), (5, 5)];
        case.checkpoints = Ok(vec![checkpoint(0, 7, 7, 7), checkpoint(1, seeming, 5, 5)]);
        assert_eq!(only(&case.examine()).0, Verdict::Problem, "it stays so");
        case.later = vec![well.clone()];
        assert_eq!(not_well(&case.examine()), Vec::<String>::new());
    }
}

#[test]
fn a_store_that_moves_is_well_however_far_it_is_behind() {
    let at = |next: i64| vec![checkpoint(0, next, next as u64, next as u64), checkpoint(1, 5, 5, 5)];
    let mut case = Case { checkpoints: Ok(at(1)), later: vec![at(1), at(3)], ..Case::healthy() };
    let findings = case.examine();
    assert_eq!(not_well(&findings), Vec::<String>::new());
    let lag = findings.iter().find(|finding| finding.thing == Thing::Lag).unwrap();
    assert_eq!(lag.detail, "4 records are not in the store yet, and are being taken in");
    case.later = vec![at(1)];
    let (verdict, text) = only(&case.examine());
    assert_eq!(verdict, Verdict::Warning);
    assert!(text.contains("6 records are not in the store yet; partition 0 has not moved"), "{text}");
}

#[test]
fn a_gap_is_accepted_only_where_no_store_is_ahead_of_its_log() {
    let mut case = Case::healthy();
    case.log.ranges = vec![(9, 12), (0, 5)];
    assert!(only(&case.examine()).1.contains("--accept-gap"));
    case.checkpoints = Ok(vec![checkpoint(0, 7, 7, 7), checkpoint(1, 8, 8, 8)]);
    let texts = not_well(&case.examine());
    assert_eq!(texts.len(), 2, "{texts:#?}");
    assert!(texts.iter().all(|text| !text.contains("--accept-gap") && text.contains("--drop-records 0")), "{texts:#?}");
}

#[test]
fn where_workers_run_none_is_advised_and_who_has_the_partitions_is_named() {
    let member = |client: &str, partitions: &[i32]| Member {
        client: client.into(),
        host: "10.0.0.7".into(),
        partitions: partitions.iter().copied().map(Partition).collect(),
    };
    let behind = || Case { brokers: "kafka:9092", checkpoints: Ok(vec![checkpoint(0, 4, 4, 4)]), ..Case::healthy() };
    assert!(only(&behind().examine()).1.contains("Run a worker"));
    let mut case = behind();
    case.log.group.members = vec![member("giaoban", &[0]), member("giaoban", &[1])];
    let text = only(&case.examine()).1;
    assert!(text.contains("giaoban 10.0.0.7 [0]; giaoban 10.0.0.7 [1]") && !text.contains("Run a worker"), "{text}");
    // By the newer protocol nobody is listed, but a worker says who it is where it commits.
    case.log.group = GroupState { members: Vec::new(), last: Some("0.2.0 b process 9 2026-01-05T01:00:00Z".into()) };
    let text = only(&case.examine()).1;
    assert!(text.contains("b process 9") && text.contains("kafka-consumer-groups.sh"), "{text}");
    // Somebody else has them.
    for (partitions, verdict) in [(&[0, 1][..], Verdict::Problem), (&[], Verdict::Warning)] {
        let mut case = Case { brokers: "kafka:9092", ..Case::healthy() };
        case.log.group.members = vec![member("giaoban", &[]), member("console-consumer", partitions)];
        let (found, text) = only(&case.examine());
        assert_eq!(found, verdict);
        assert!(text.contains("console-consumer at 10.0.0.7") && text.contains("group.id of its own"), "{text}");
        assert!(partitions.is_empty() || text.contains("has partition 0, 1"), "{text}");
    }
}

#[test]
fn copies_are_held_against_what_it_takes_to_write() {
    let copies = |partition, in_step: &[i32]| Copies {
        partition: Partition(partition),
        leader: Some(1),
        on: vec![1, 2, 3],
        in_step: in_step.to_vec(),
    };
    let case = |there: &[i32], in_step: &[i32], needed: &str| {
        let mut case = Case::healthy();
        case.log.settings.insert("min.insync.replicas".into(), needed.into());
        let brokers = there.iter().map(|id| (*id, format!("kafka-{id}:9092"))).collect();
        case.log.keepers = Keepers { brokers, copies: vec![copies(0, &[1, 2, 3]), copies(1, in_step)] };
        case
    };
    assert_eq!(not_well(&case(&[1, 2, 3], &[1, 2, 3], "2").examine()), Vec::<String>::new());
    for (there, in_step, needed, verdict, told) in [
        (
            &[1, 2, 3][..],
            &[1][..],
            "2",
            Verdict::Problem,
            "partition 1: only 1 copies in step, min.insync.replicas is 2",
        ),
        (&[1], &[1], "2", Verdict::Problem, "Start broker 2, 3 again"),
        (&[1, 2], &[1, 2], "2", Verdict::Warning, "broker 3, which has copies of giaoban.events, is away"),
        (&[1, 2, 3], &[1, 2], "2", Verdict::Warning, "partition 1: some copies are not in step"),
        (&[1, 2, 3], &[1, 2, 3], "4", Verdict::Problem, "has 3 copies, but min.insync.replicas is 4"),
        (&[1, 2, 3], &[1, 2, 3], "1", Verdict::Warning, "--add-config min.insync.replicas=2"),
    ] {
        let (found, text) = only(&case(there, in_step, needed).examine());
        assert_eq!(found, verdict, "{text}");
        assert!(text.starts_with("brokers: ") && text.contains(told), "{told}: {text}");
    }
    let mut alone = case(&[1, 2], &[1], "1");
    alone.log.keepers.copies = vec![Copies { on: vec![1], ..copies(0, &[1]) }];
    assert!(only(&alone.examine()).1.contains("one copy on 2 brokers"));
}

#[test]
fn a_broker_that_is_silent_is_named_and_the_log_answers_all_the_same() {
    let mut case = Case::healthy();
    case.log.silent = vec![("kafka-3:9092".into(), "Connection refused".into())];
    let (verdict, text) = only(&case.examine());
    assert_eq!(verdict, Verdict::Warning);
    assert!(text.contains("kafka-3:9092 in kafka.brokers takes no connection"), "{text}");
    let mut case = Case::healthy();
    let resource = "topic giaoban.events, partition 1".to_owned();
    case.log.events = Some(LogError::Silent { broker: "2 (b:9092)".into(), resource, cause: "late".into() });
    let findings = case.examine();
    assert!(findings.iter().any(|finding| finding.thing == Thing::Log && finding.verdict == Verdict::Good));
    let (verdict, text) = only(&findings);
    assert_eq!(verdict, Verdict::Problem);
    assert!(text.starts_with("topic: broker 2 (b:9092), which leads topic giaoban.events, partition 1"), "{text}");
}

//! Dead letters in the worker's core: kept before their offset moves, partition by partition, and not too many of them.

use giaoban::dead_letters::Tolerance;
use giaoban::domain::*;
use giaoban::ingest::{Input, Limits, Machine, Output, Start};
use giaoban::log::Incoming;
use giaoban::store::Counts;

use super::{A, B, applied, machine, outputs, read, record, start, with};

fn bad(machine: &mut Machine, partition: Partition, offset: i64) -> Vec<Output> {
    let position = Position { partition, offset: Offset(offset) };
    let incoming =
        Incoming { position, timestamp_ms: None, appended_ms: None, key: None, headers: &[], payload: Some(b"{") };
    outputs(machine, read(&incoming), 0)
}

fn borne(records: usize, run: u64) -> Machine {
    with(Limits { records, dead_letters: Some(Tolerance { share_percent: 100, run }), ..Limits::default() })
}

fn held(outputs: &[Output]) -> Option<(Partition, i64, i64)> {
    let held = |output: &Output| match output {
        Output::TooManyDeadLetters(partition, excess) => Some((*partition, excess.first.0, excess.last.0)),
        _ => None,
    };
    outputs.iter().find_map(held)
}

#[test]
fn one_bad_record_too_many_holds_its_partition_and_the_others_go_on() {
    let mut machine = borne(100, 3);
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9), start(B, None, 0, 9)]), 0);
    record(&mut machine, A, 0);
    for offset in 1..4 {
        assert!(bad(&mut machine, A, offset).is_empty());
        assert!(bad(&mut machine, B, offset - 1).is_empty(), "each partition by itself");
    }
    let after = bad(&mut machine, A, 4);
    assert_eq!((after.len(), held(&after)), (2, Some((A, 1, 4))), "{after:?}");
    assert_eq!(after[0], Output::Hold(vec![A]));
    assert!(record(&mut machine, A, 5).is_empty() && machine.held(A).is_none(), "what was read is to be written");
    record(&mut machine, B, 3);
    // What lies before is written, and nothing else of it ever.
    let letters = outputs(&mut machine, Input::AtEnd, 0);
    assert!(matches!(letters[..], [Output::DeadLetter(1, _), Output::DeadLetter(2, _)]), "{letters:?}");
    assert!(outputs(&mut machine, Input::DeadLettersKept(1), 0).is_empty(), "it goes with the other");
    let batch = applied(outputs(&mut machine, Input::DeadLettersKept(2), 0));
    assert_eq!((batch.spans[0].partition, batch.spans[0].to, batch.spans[0].read), (A, NextOffset(4), 4));
    assert_eq!(batch.spans[1].partition, B);
    outputs(&mut machine, Input::Committed(vec![Counts::default(); 2]), 0);
    assert!(machine.held(A).is_some() && machine.held(B).is_none() && !machine.paused());
    record(&mut machine, B, 4);
    assert!(machine.has_read(&[(A, NextOffset(9)), (B, NextOffset(5))].into()), "nothing more is read of the one");
    assert_eq!(applied(outputs(&mut machine, Input::AtEnd, 0)).spans[0].to, NextOffset(5));
}

#[test]
fn a_held_partition_goes_on_from_where_the_store_is_when_somebody_has_decided() {
    let mut machine = borne(100, 3);
    outputs(&mut machine, Input::Assigned(&[start(A, Some(3), 0, 9)]), 0);
    (0..4).for_each(|offset| drop(bad(&mut machine, A, offset)));
    assert_eq!(machine.all_held().count(), 0, "it has looked back");
    (0..3).for_each(|offset| drop(bad(&mut machine, A, offset)));
    assert!(held(&bad(&mut machine, A, 3)).is_some() && machine.takes_nothing());
    assert_eq!(outputs(&mut machine, Input::Decided(B), 0), [], "another's");
    assert_eq!(outputs(&mut machine, Input::Decided(A), 0), [Output::Resync(vec![A])]);
    let accepted = Start { accepted: NextOffset(7), ..start(A, Some(3), 0, 20) };
    let after = outputs(&mut machine, Input::Assigned(&[accepted]), 0);
    assert_eq!(after, [Output::Start(vec![(A, NextOffset(3))]), Output::Resume]);
    // What is accepted does not count, what follows is counted anew.
    (3..10).for_each(|offset| assert!(bad(&mut machine, A, offset).is_empty(), "{offset}"));
    assert_eq!(held(&bad(&mut machine, A, 10)), Some((A, 7, 10)));
}

#[test]
fn dead_letters_that_are_not_kept_hold_back_their_partition_alone() {
    let mut machine = machine(100);
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 99), start(B, None, 0, 99)]), 0);
    bad(&mut machine, A, 0);
    record(&mut machine, B, 0);
    let after = outputs(&mut machine, Input::AtEnd, 0);
    assert!(matches!(after[..], [Output::DeadLetter(1, _)]), "{after:?}");
    let batch = applied(outputs(&mut machine, Input::Tick, 100));
    assert_eq!((batch.spans.len(), batch.spans[0].partition), (1, B), "it does not wait long for letters of the other");
    outputs(&mut machine, Input::Committed(vec![Counts::default()]), 100);
    record(&mut machine, A, 1);
    record(&mut machine, B, 1);
    let batch = applied(outputs(&mut machine, Input::AtEnd, 200));
    assert_eq!((batch.spans.len(), batch.spans[0].partition), (1, B), "what follows a letter waits with it");
    outputs(&mut machine, Input::Committed(vec![Counts::default()]), 200);
    // Late, its partition is read no further, and nothing of it fills the memory.
    assert_eq!(outputs(&mut machine, Input::Tick, 2_000), [Output::Hold(vec![A])]);
    assert!(outputs(&mut machine, Input::Tick, 40_000).is_empty() && !machine.paused());
    let after = outputs(&mut machine, Input::DeadLettersNotKept(1), 45_000);
    assert_eq!(after, [Output::Hold(vec![A])]);
    assert_eq!(outputs(&mut machine, Input::Tick, 45_200), [Output::Resync(vec![A])]);
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 99)]), 45_200);
    bad(&mut machine, A, 0);
    let after = outputs(&mut machine, Input::AtEnd, 45_200);
    assert!(matches!(after[..], [Output::DeadLetter(2, _)]), "{after:?}");
    assert!(outputs(&mut machine, Input::DeadLettersKept(1), 45_200).is_empty(), "an answer of long ago");
    // Late but kept: it is read again, and need not be kept twice.
    outputs(&mut machine, Input::Tick, 48_000);
    assert_eq!(outputs(&mut machine, Input::DeadLettersKept(2), 50_000), [Output::Resync(vec![A])]);
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 99)]), 50_000);
    bad(&mut machine, A, 0);
    let batch = applied(outputs(&mut machine, Input::AtEnd, 50_000));
    assert_eq!((batch.spans[0].read, batch.spans[0].dead_lettered), (1, 1));
    bad(&mut machine, A, 1);
    let after = outputs(&mut machine, Input::Committed(vec![Counts::default()]), 50_000);
    assert!(after.iter().any(|output| matches!(output, Output::DeadLetter(3, _))), "{after:?}");
}

#[test]
fn neither_a_stop_nor_a_partitions_heir_waits_long_for_dead_letters() {
    for stop in [false, true] {
        let mut machine = machine(100);
        outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 99)]), 0);
        bad(&mut machine, A, 0);
        outputs(&mut machine, Input::AtEnd, 0);
        let input = if stop { Input::Stop } else { Input::Revoked(&[A]) };
        assert!(outputs(&mut machine, input, 0).is_empty(), "for a moment");
        let after = outputs(&mut machine, Input::Tick, 2_000);
        assert_eq!(after, [if stop { Output::Stop(Ok(())) } else { Output::Release(vec![A]) }]);
        assert!(
            outputs(&mut machine, Input::DeadLettersKept(1), 2_000)
                .iter()
                .all(|output| *output == Output::Stop(Ok(())))
        );
    }
}

#[test]
fn what_waits_for_dead_letters_is_bounded() {
    let mut machine = with(Limits { bytes: 2_000, ..Limits::default() });
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 99), start(B, None, 0, 99)]), 0);
    let sent = |outputs: &[Output]| outputs.iter().filter(|output| matches!(output, Output::DeadLetter(..))).count();
    let first: usize = (0..20).map(|offset| sent(&bad(&mut machine, A, offset))).find(|sent| *sent > 0).unwrap();
    let mut second = 0;
    let mut offsets = 0..20;
    while !machine.paused() {
        second += sent(&bad(&mut machine, B, offsets.next().unwrap()));
    }
    assert_eq!((first, second), (1, 0), "together they would be more than a batch");
    assert!(machine.paused(), "and neither is anything more read");
    let after = outputs(&mut machine, Input::DeadLettersKept(1), 0);
    assert_eq!(applied(after).spans[0].partition, A);
    let after = outputs(&mut machine, Input::Committed(vec![Counts::default()]), 0);
    assert_eq!(sent(&after), 1, "there is room again");
}

#[test]
fn what_is_under_way_of_a_held_partition_is_done() {
    let mut machine = borne(2, 1);
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9)]), 0);
    record(&mut machine, A, 0);
    assert!(matches!(bad(&mut machine, A, 1)[..], [Output::DeadLetter(..)]));
    assert!(held(&bad(&mut machine, A, 2)).is_some());
    let batch = applied(outputs(&mut machine, Input::DeadLettersKept(1), 0));
    assert_eq!((batch.spans[0].read, batch.spans[0].dead_lettered), (2, 1));
    assert!(record(&mut machine, A, 3).is_empty(), "nothing more is taken");
    let after = outputs(&mut machine, Input::Committed(vec![Counts::default()]), 0);
    assert!(matches!(after[..], [Output::Commit { .. }]), "{after:?}");
    assert!(machine.held(A).is_some());
}

#[test]
fn started_anew_it_looks_back_and_holds_at_the_same_record() {
    let mut machine = borne(100, 3);
    outputs(&mut machine, Input::Assigned(&[start(A, Some(6), 0, 9), start(B, Some(3), 3, 9)]), 0);
    assert!(bad(&mut machine, B, 3).is_empty(), "nothing lies before");
    record(&mut machine, A, 6);
    assert_eq!(bad(&mut machine, A, 7), [Output::LookBack(A, NextOffset(0))]);
    assert!(bad(&mut machine, A, 8).is_empty(), "was on its way: comes again");
    for offset in 0..7 {
        record(&mut machine, A, offset);
    }
    for offset in 7..10 {
        assert!(bad(&mut machine, A, offset).is_empty());
    }
    assert_eq!(held(&bad(&mut machine, A, 10)), Some((A, 7, 10)));

    let mut machine = borne(100, 3);
    outputs(&mut machine, Input::Assigned(&[start(A, Some(8), 0, 9)]), 0);
    assert_eq!(bad(&mut machine, A, 8), [Output::LookBack(A, NextOffset(0))]);
    (0..7).for_each(|offset| assert!(record(&mut machine, A, offset).is_empty()));
    (7..10).for_each(|offset| assert!(bad(&mut machine, A, offset).is_empty()));
    assert_eq!(held(&bad(&mut machine, A, 10)), Some((A, 7, 10)), "with some of them written before");
}

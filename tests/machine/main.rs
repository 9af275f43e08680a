//! Single steps of the worker's core that a random schedule meets rarely.

#![allow(clippy::unwrap_used)]

#[path = "../harness/mod.rs"]
mod harness;
mod letters;

use std::sync::LazyLock;

use giaoban::domain::*;
use giaoban::ingest::{BatchFailure, Input, Limits, Machine, Output, Start, Stopped, WentBack};
use giaoban::log::{Incoming, PartitionRange};
use giaoban::store::{Batch, Checkpoint, Counts, Span};
use giaoban::wire::{Admission, Decoder, Message};
use harness::hanoi::rules_of;

const A: Partition = Partition(0);
const B: Partition = Partition(1);

fn machine(records: usize) -> Machine {
    with(Limits { records, ..Limits::default() })
}

fn with(limits: Limits) -> Machine {
    Machine::new("events", limits)
}

/// A record as the machine is told of it.
fn read<'a>(incoming: &'a Incoming<'a>) -> Input<'a> {
    static RULES: LazyLock<Rules> = LazyLock::new(|| rules_of(Calendar::Decree09));
    let message = Message { key: incoming.key, headers: incoming.headers, payload: incoming.payload };
    Input::Record(incoming, Decoder::new().decode(&message, &RULES, &Admission::new()))
}

fn start(partition: Partition, stored: Option<i64>, low: i64, high: i64) -> Start {
    Start {
        stored: stored.map(NextOffset),
        last_timestamp_ms: None,
        range: PartitionRange { partition, low: NextOffset(low), high: NextOffset(high) },
        accepted: NextOffset(0),
    }
}

fn outputs(machine: &mut Machine, input: Input<'_>, now_ms: u64) -> Vec<Output> {
    machine.handle(input, now_ms);
    machine.outputs().collect()
}

fn record(machine: &mut Machine, partition: Partition, offset: i64) -> Vec<Output> {
    let payload = harness::session("00004", offset as usize, 1, "2020-03-04", 1);
    let position = Position { partition, offset: Offset(offset) };
    let incoming = Incoming {
        position,
        timestamp_ms: None,
        appended_ms: None,
        key: None,
        headers: &[],
        payload: Some(payload.as_bytes()),
    };
    outputs(machine, read(&incoming), 0)
}

fn applied(outputs: Vec<Output>) -> Batch {
    let apply = |output| match output {
        Output::Apply(batch) => Some(batch),
        _ => None,
    };
    outputs.into_iter().find_map(apply).expect("a batch")
}

#[test]
fn a_gap_and_another_log_stop_it() {
    let stops = |start: Start, accept_gap: bool| {
        let mut machine = with(Limits { accept_gap, ..Limits::default() });
        outputs(&mut machine, Input::Assigned(&[start]), 0).iter().any(|output| matches!(output, Output::Stop(Err(_))))
    };
    assert!(stops(start(A, Some(3), 5, 9), false), "expired under the offset");
    assert!(stops(start(A, None, 5, 9), false), "expired before it was ever read");
    assert!(!stops(start(A, Some(3), 5, 9), true), "the loss is accepted");
    assert!(stops(start(A, Some(12), 0, 9), false), "the log ends before the store");
    assert!(!stops(start(A, Some(9), 0, 9), false));
}

#[test]
fn a_partition_lost_and_regained_while_it_was_being_given_up_stays() {
    let mut machine = machine(1);
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9)]), 0);
    applied(record(&mut machine, A, 0));
    assert!(outputs(&mut machine, Input::Revoked(&[A]), 0).is_empty(), "its batch is in flight");
    assert_eq!(outputs(&mut machine, Input::Lost(&[A]), 0), [Output::Release(vec![A])]);
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9)]), 0);
    let after = outputs(&mut machine, Input::Committed(vec![Counts::default()]), 0);
    assert!(!after.iter().any(|output| matches!(output, Output::Release(_))), "{after:?}");
}

#[test]
fn a_partition_that_is_back_before_its_batch_is_done_is_read_from_where_that_ends() {
    let mut machine = machine(2);
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9)]), 0);
    record(&mut machine, A, 0);
    let bad = Incoming {
        position: Position { partition: A, offset: Offset(1) },
        timestamp_ms: None,
        appended_ms: None,
        key: None,
        headers: &[],
        payload: None,
    };
    let letters = outputs(&mut machine, read(&bad), 0);
    assert!(matches!(letters[..], [Output::DeadLetter(..)]), "{letters:?}");
    let batch = applied(outputs(&mut machine, Input::DeadLettersKept(1), 0));
    outputs(&mut machine, Input::Lost(&[A]), 0);
    // The store is looked up while it takes the batch, and has nothing yet.
    let after = outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9)]), 0);
    let waits = [Output::Hold(vec![A]), Output::Pause];
    assert_eq!(after, waits, "to begin at 0 again would be to be fenced by its own batch");
    outputs(&mut machine, Input::Committed(vec![Counts::default()]), 0);
    assert_eq!(outputs(&mut machine, Input::Tick, 1_000)[..1], [Output::Resync(vec![A])]);
    let after = outputs(&mut machine, Input::Assigned(&[start(A, Some(batch.spans[0].to.0), 0, 9)]), 1_000);
    assert_eq!(after, [Output::Start(vec![(A, NextOffset(2))]), Output::Resume]);
}

#[test]
fn when_all_is_lost_after_a_failure_nothing_is_looked_up_again() {
    let mut machine = machine(1);
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9)]), 0);
    applied(record(&mut machine, A, 0));
    outputs(&mut machine, Input::Failed(BatchFailure::Passing("away".into())), 0);
    let after = outputs(&mut machine, Input::Lost(&[A]), 0);
    assert_eq!(after, [Output::Release(vec![A]), Output::Resume]);
    let after = outputs(&mut machine, Input::Tick, 1_000);
    assert_eq!(after, [], "the group would take a start of nothing for the answer to its next assignment");
}

#[test]
fn a_partition_given_up_before_it_is_looked_up_again_is_not() {
    let mut machine = machine(1);
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9), start(B, None, 0, 9)]), 0);
    machine.handle(Input::Recreated, 0);
    machine.handle(Input::Revoked(&[A]), 0);
    let after: Vec<Output> = machine.outputs().collect();
    assert_eq!(after, [Output::Resync(vec![B]), Output::Pause, Output::Release(vec![A])]);
}

#[test]
fn what_a_lost_partition_said_of_itself_goes_with_it() {
    let mut machine = machine(2);
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9), start(B, None, 0, 9)]), 0);
    record(&mut machine, A, 0);
    outputs(&mut machine, Input::Lost(&[A]), 0);
    assert!(!record(&mut machine, B, 0).iter().any(|output| matches!(output, Output::Apply(_))), "not full yet");
    let batch = applied(record(&mut machine, B, 1));
    assert_eq!((batch.spans.len(), batch.entries.len()), (1, 2));
}

#[test]
fn a_topic_made_anew_is_known_by_the_record_that_the_store_had_last() {
    let stops = |offset: i64, timestamp_ms: Option<i64>| {
        let mut machine = machine(1);
        let stored = Start { last_timestamp_ms: Some(7), ..start(A, Some(5), 2, 9) };
        let begun = outputs(&mut machine, Input::Assigned(&[stored]), 0);
        assert_eq!(begun, [Output::Start(vec![(A, NextOffset(4))])], "once more, to be known again");
        let incoming = |offset: i64, timestamp_ms| Incoming {
            position: Position { partition: A, offset: Offset(offset) },
            timestamp_ms,
            appended_ms: None,
            key: None,
            headers: &[],
            payload: Some(b"{"),
        };
        assert_eq!(outputs(&mut machine, read(&incoming(3, Some(1))), 0), [], "what lies before it says nothing");
        let after = outputs(&mut machine, read(&incoming(offset, timestamp_ms)), 0);
        match &after[..] {
            [Output::Stop(Err(Stopped::Recreated { partition: A, next: NextOffset(5) }))] => true,
            [] if offset == 4 => false,
            [Output::DeadLetter(..), ..] if offset > 4 => false,
            other => panic!("{other:?}"),
        }
    };
    assert!(!stops(4, Some(7)), "the same");
    assert!(stops(4, Some(8)) && stops(4, None), "another");
    assert!(!stops(5, Some(8)), "it is not there any more");
    let mut machine = machine(1);
    let expired = Start { last_timestamp_ms: Some(7), ..start(A, Some(5), 5, 9) };
    assert_eq!(outputs(&mut machine, Input::Assigned(&[expired]), 0), [Output::Start(vec![(A, NextOffset(5))])]);
}

#[test]
fn what_may_be_another_log_is_looked_at_before_anything_of_it_is_taken() {
    let mut machine = machine(2);
    let stored = |next: i64| Start { last_timestamp_ms: Some(7), ..start(A, Some(next), 0, 20) };
    outputs(&mut machine, Input::Assigned(&[stored(5)]), 0);
    assert!(record(&mut machine, A, 5).is_empty());
    applied(record(&mut machine, A, 6));
    record(&mut machine, A, 7);
    let after = outputs(&mut machine, Input::Recreated, 0);
    assert_eq!(after, [Output::Resync(vec![A]), Output::Pause]);
    assert!(record(&mut machine, A, 8).is_empty(), "of which log it is is not known");
    let after = outputs(&mut machine, Input::Committed(vec![Counts::default()]), 0);
    assert!(matches!(after[..], [Output::Commit { .. }]), "what was gathered is dropped: {after:?}");
    let after = outputs(&mut machine, Input::Assigned(&[stored(7)]), 0);
    assert_eq!(after, [Output::Start(vec![(A, NextOffset(6))]), Output::Resume]);
    let stopped = record(&mut machine, A, 6);
    assert_eq!(stopped, [Output::Stop(Err(Stopped::Recreated { partition: A, next: NextOffset(7) }))]);
}

#[test]
fn it_pauses_while_a_full_batch_waits_and_goes_on_after() {
    let mut machine = machine(1);
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9)]), 0);
    applied(record(&mut machine, A, 0));
    assert_eq!(record(&mut machine, A, 1), [Output::Pause]);
    assert!(machine.paused());
    let after = outputs(&mut machine, Input::Committed(vec![Counts::default()]), 0);
    assert!(
        after.contains(&Output::Resume) && after.iter().any(|output| matches!(output, Output::Apply(_))),
        "{after:?}"
    );
    // Told to stop, it waits for what is in flight and takes nothing more.
    assert!(outputs(&mut machine, Input::Stop, 0).is_empty());
    assert!(record(&mut machine, A, 2).is_empty());
    let after = outputs(&mut machine, Input::Committed(vec![Counts::default()]), 0);
    assert_eq!(after.last(), Some(&Output::Stop(Ok(()))));
}

#[test]
fn a_batch_goes_at_three_quarters_and_the_next_may_fill_up() {
    let mut machine = machine(4);
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9)]), 0);
    assert!(record(&mut machine, A, 0).is_empty() && record(&mut machine, A, 1).is_empty());
    assert_eq!(applied(record(&mut machine, A, 2)).entries.len(), 3);
    assert!((3..6).all(|offset| record(&mut machine, A, offset).is_empty()));
    assert_eq!(record(&mut machine, A, 6), [Output::Pause]);
    let after = outputs(&mut machine, Input::Committed(vec![Counts::default()]), 0);
    assert_eq!(applied(after).entries.len(), 4);
}

#[test]
fn a_batch_goes_by_its_bytes_too() {
    let mut machine = with(Limits { bytes: 100_000, ..Limits::default() });
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9_999)]), 0);
    // A letter weighs what its message does.
    let payload = vec![b'x'; 20_000];
    let mut sent = None;
    for offset in 0..9 {
        let position = Position { partition: A, offset: Offset(offset) };
        let incoming = Incoming {
            position,
            timestamp_ms: None,
            appended_ms: None,
            key: None,
            headers: &[],
            payload: Some(payload.as_slice()),
        };
        if !outputs(&mut machine, read(&incoming), 0).is_empty() {
            sent = sent.or(Some(offset + 1));
        }
    }
    assert!(sent.is_some_and(|records| (2..=4).contains(&records)), "{sent:?} records, far fewer than 37500");
}

#[test]
fn a_batch_goes_when_its_first_record_has_waited() {
    let mut machine = with(Limits { wait_ms: 100, ..Limits::default() });
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9)]), 0);
    record(&mut machine, A, 0);
    assert!(outputs(&mut machine, Input::Tick, 99).is_empty());
    record(&mut machine, A, 1);
    assert_eq!(applied(outputs(&mut machine, Input::Tick, 100)).entries.len(), 2, "the second does not wait anew");
    outputs(&mut machine, Input::Committed(vec![Counts::default()]), 100);
    assert!(outputs(&mut machine, Input::Tick, 10_000).is_empty(), "nothing is no batch");
    // In a heavy flow it waits five times as long.
    let mut machine = with(Limits { records: 40, wait_ms: 100, ..Limits::default() });
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9)]), 0);
    (0..3).for_each(|offset| assert!(record(&mut machine, A, offset).is_empty()));
    assert!(outputs(&mut machine, Input::Tick, 499).is_empty());
    assert_eq!(applied(outputs(&mut machine, Input::Tick, 500)).entries.len(), 3);
}

#[test]
fn the_first_record_of_each_batch_is_told_once() {
    let mut machine = machine(4);
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9), start(B, None, 0, 9)]), 0);
    record(&mut machine, A, 0);
    record(&mut machine, A, 1);
    let told = |machine: &mut Machine| -> Vec<_> { machine.begun().map(|(position, _)| position).collect() };
    let at = |partition, offset| Position { partition, offset: Offset(offset) };
    assert_eq!(told(&mut machine), [at(A, 0)]);
    applied(record(&mut machine, B, 5));
    record(&mut machine, A, 2);
    assert_eq!(told(&mut machine), [at(B, 5), at(A, 2)]);
    assert_eq!(told(&mut machine), []);
}

#[test]
fn at_the_end_what_is_gathered_waits_for_nothing() {
    let mut machine = machine(100);
    let end = |offset| [(A, NextOffset(offset))].into();
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 2)]), 0);
    record(&mut machine, A, 0);
    assert!(!machine.has_read(&end(2)));
    record(&mut machine, A, 1);
    assert!(machine.has_read(&end(2)));
    assert!(outputs(&mut machine, Input::Tick, 0).is_empty());
    assert_eq!(applied(outputs(&mut machine, Input::AtEnd, 0)).entries.len(), 2);
    // After a failure it has to be read again.
    outputs(&mut machine, Input::Failed(BatchFailure::Passing(String::new())), 0);
    assert!(!machine.has_read(&end(2)));
}

#[test]
fn what_ends_in_no_record_is_read_to_its_end() {
    let mut machine = machine(100);
    let end = |offset| [(A, NextOffset(offset))].into();
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 3)]), 0);
    record(&mut machine, A, 0);
    assert!(!machine.has_read(&end(3)) && machine.end_of(A).is_none());
    outputs(&mut machine, Input::AtEndOf(&[A]), 0);
    assert!(!machine.has_read(&end(3)) && machine.end_of(A) == Some(NextOffset(1)), "a broker may be behind");
    machine.handle(Input::AtEnd, 1_000);
    assert!(machine.has_read(&end(3)));
    assert!(!machine.is_done(A, NextOffset(3)), "it is gathered");
    applied(machine.outputs().collect());
    assert!(!machine.is_done(A, NextOffset(3)), "it is in flight");
    outputs(&mut machine, Input::Committed(vec![Counts::default()]), 1_000);
    assert!(machine.is_done(A, NextOffset(3)));
    record(&mut machine, A, 4);
    assert!(!machine.has_read(&end(6)) && machine.end_of(A).is_none(), "more has come");
}

#[test]
fn a_gap_that_is_accepted_is_passed_though_nothing_follows() {
    let mut machine = with(Limits { accept_gap: true, ..Limits::default() });
    outputs(&mut machine, Input::Assigned(&[start(A, Some(3), 9, 9)]), 0);
    let batch = applied(outputs(&mut machine, Input::AtEnd, 0));
    let span = Span { partition: A, from: Some(NextOffset(3)), to: NextOffset(9), ..Span::default() };
    assert_eq!((batch.spans, batch.entries.len()), (vec![span], 0));
}

#[test]
fn fences_in_a_row_stop_it_and_a_commit_between_them_does_not() {
    let mut machine = machine(1);
    let fenced = |machine: &mut Machine, at: u64| {
        outputs(machine, Input::Assigned(&[start(A, None, 0, 9)]), at);
        applied(record(machine, A, 0));
        outputs(machine, Input::Failed(BatchFailure::Fenced), at)
    };
    for _ in 0..4 {
        assert_eq!(fenced(&mut machine, 0), [Output::Pause]);
        outputs(&mut machine, Input::Tick, 1_000_000);
    }
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9)]), 0);
    applied(record(&mut machine, A, 0));
    outputs(&mut machine, Input::Committed(vec![Counts::default()]), 0);
    let after: Vec<Vec<Output>> = (0..5).map(|_| fenced(&mut machine, 0)).collect();
    let stops = |outputs: &Vec<Output>| outputs.contains(&Output::Stop(Err(Stopped::Fenced(5))));
    assert_eq!(after.iter().position(stops), Some(4), "{after:?}");
}

#[test]
fn a_partition_that_cannot_be_looked_up_waits_by_itself() {
    let mut machine = machine(1);
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9)]), 0);
    assert_eq!(outputs(&mut machine, Input::Unknown(&[B]), 0), [Output::Hold(vec![B])]);
    assert!(!machine.paused() && !machine.has_read(&[(B, NextOffset(9))].into()));
    assert_eq!(applied(record(&mut machine, A, 0)).spans[0].partition, A);
    let mut asked_at = Vec::new();
    for now_ms in 0..60_000 {
        if outputs(&mut machine, Input::Tick, now_ms) == [Output::Resync(vec![B])] {
            asked_at.push(now_ms);
            outputs(&mut machine, Input::Unknown(&[B]), now_ms);
        }
    }
    assert_eq!(asked_at[..4], [200, 600, 1_400, 3_000], "again and again, less and less often");
    assert!(asked_at.windows(2).all(|pair| pair[1] - pair[0] <= 20_000) && asked_at.len() > 7);
}

#[test]
fn a_redriven_record_is_counted_when_it_is_in_the_store() {
    let mut machine = machine(2);
    outputs(&mut machine, Input::Assigned(&[start(A, None, 0, 9)]), 0);
    record(&mut machine, A, 0);
    let payload = harness::session("00004", 1, 1, "2020-03-04", 1);
    let position = Position { partition: A, offset: Offset(1) };
    let headers: [(&str, Option<&[u8]>); 1] = [("giaoban_redrive", Some(b"0:1"))];
    let incoming = Incoming {
        position,
        timestamp_ms: None,
        appended_ms: None,
        key: None,
        headers: &headers,
        payload: Some(payload.as_bytes()),
    };
    applied(outputs(&mut machine, read(&incoming), 0));
    let after = outputs(&mut machine, Input::Committed(vec![Counts::default()]), 0);
    let Output::Commit { spans, .. } = &after[0] else { panic!("{after:?}") };
    assert_eq!(spans[0].redriven, 1);
}

#[test]
fn what_the_store_has_lost_is_read_again_and_what_is_on_its_way_to_it_is_not_lost() {
    let mut machine = machine(1);
    outputs(&mut machine, Input::Assigned(&[start(A, Some(7), 0, 9), start(B, Some(5), 0, 9)]), 0);
    let stored = |partition, next| Checkpoint {
        partition,
        next: NextOffset(next),
        counts: Counts::default(),
        last_timestamp_ms: None,
    };
    assert!(outputs(&mut machine, Input::Standing(&[stored(A, 7), stored(B, 6)]), 0).is_empty(), "nothing is lost");
    // The store was asked before this batch came to it.
    applied(record(&mut machine, A, 7));
    assert!(outputs(&mut machine, Input::Standing(&[stored(A, 7), stored(B, 5)]), 0).is_empty());
    let lost = outputs(&mut machine, Input::Standing(&[stored(A, 3)]), 0);
    let back = WentBack { partition: B, from: NextOffset(5), to: None };
    assert!(lost.contains(&Output::WentBack(vec![back])), "{lost:?}");
    assert!(outputs(&mut machine, Input::Tick, 1_000).contains(&Output::Resync(vec![B])));
}

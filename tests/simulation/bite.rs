//! That the simulation bites: with any one guard taken out, it fails soon.
//!
//! Guards are taken out of what the test drives the machine with, never of the
//! product: of the store in memory, and of the threads that obey the machine.

use super::failure;
use super::world::Guard;

/// Within how many schedules it must fail.
const WITHIN: u64 = 1_000;

/// Takes the guard out; the first schedule that fails must fail for one of these reasons.
fn fails_without(guard: Guard, reasons: &[&str]) {
    let found = (0..WITHIN).find_map(|seed| failure(seed, Some(guard)).err().map(|why| (seed, why)));
    let (seed, why) = found.unwrap_or_else(|| panic!("{WITHIN} schedules without {guard:?}, and none failed"));
    assert!(reasons.iter().any(|reason| why.contains(reason)), "without {guard:?} it fails for another reason: {why}");
    println!("without {guard:?} schedule {} fails: {why}", seed + 1);
}

#[test]
fn without_the_fence_it_fails() {
    fails_without(Guard::Fence, &["was taken twice", "did not go forward", "messages are missing"]);
}

#[test]
fn without_one_transaction_it_fails() {
    fails_without(Guard::OneTransaction, &["each revision is new once"]);
}

/// The fence keeps the figures right here too: what fails is that a partition handed over in order meets it, or is given
/// up a second time after it has come back.
#[test]
fn without_the_drain_before_a_release_it_fails() {
    fails_without(Guard::DrainBeforeRelease, &["handed over in order", "never got to the end"]);
}

#[test]
fn without_the_tie_break_it_fails() {
    fails_without(Guard::TieBreak, &["each revision is new once", "does not count its highest"]);
}

#[test]
fn without_dead_letters_before_their_offset_it_fails() {
    fails_without(Guard::LetterBeforeOffset, &["moved before its dead letter was kept"]);
}

#[test]
fn without_a_look_at_what_the_store_still_has_it_fails() {
    fails_without(Guard::Standing, &["the store never got to the end"]);
}

#[test]
fn without_reading_again_what_a_full_disk_did_not_take_it_fails() {
    fails_without(Guard::ReadAgain, &["the log is told more than is in the store"]);
}

#[test]
fn without_the_hold_until_somebody_decides_it_fails() {
    fails_without(Guard::Hold, &["passed without a decision"]);
}

#[test]
fn without_the_comparison_with_the_logs_end_it_fails() {
    fails_without(Guard::EndOfLog, &["though the log had lost", "nobody has noticed"]);
}

#[test]
fn without_a_look_at_the_last_record_it_fails() {
    fails_without(Guard::LastRecord, &["though the log had lost", "nobody has noticed"]);
}

#[test]
fn without_hearing_that_the_log_is_another_it_fails() {
    fails_without(Guard::AnotherLog, &["though the log had lost"]);
}

#[test]
fn without_a_new_client_for_one_that_never_has_a_broker_again_it_fails() {
    fails_without(Guard::Renew, &["the store never got to the end"]);
}

/// Its figures stay right: what fails is that the others wait for it.
#[test]
fn without_letters_by_partition_it_fails() {
    fails_without(Guard::LettersByPartition, &["waited for the dead letters of another"]);
}

//! What the program does today, frozen: digests, stored bytes, codes, figures, exit codes. A redesign that
//! keeps to its word changes none of it.
//!
//! Most is seen from without, by way of the binary and of the files that it leaves; what is asked of the library
//! stands in `product.rs` alone. Words for people are not frozen, but the numbers among them are.
//!
//! `cargo test --test golden` compares. Where a change is meant: `INSTA_UPDATE=always cargo test --test golden`,
//! and the difference of `tests/golden/snapshots/` says what changed. `TEST_BINARY=/path/to/giaoban` holds another
//! binary to the same.

#![allow(clippy::unwrap_used)]

mod bases;
mod commands;
mod figures;
#[path = "../harness/mod.rs"]
mod harness;
#[path = "../oracle/mod.rs"]
mod oracle;
mod product;
mod refusals;
mod show;
mod stored;
mod story;
#[path = "../trial/mod.rs"]
mod trial;
mod trouble;

use harness::Giaoban;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// All that is waiting goes in one batch, so that the leaves of the ledger fill in one way only.
fn in_one_batch() -> Giaoban {
    show::begin();
    Giaoban::new().with("GIAOBAN__WORKER__BATCH_WAIT_MS", "60000")
}

#[test]
fn the_year_of_the_demo() {
    let giaoban = in_one_batch();
    let said = giaoban.ok(&["demo", "--no-serve"]);
    // The line after these has how many seconds it took.
    let said: String = said.lines().take(4).map(|line| show::numbers(line) + "\n").collect();
    insta::assert_snapshot!("demo_said", said);
    insta::assert_snapshot!("demo_events", stored::events(&giaoban));
    insta::assert_snapshot!("demo_log", stored::log(&giaoban));
    insta::assert_snapshot!("demo_store", stored::store(&giaoban));
    for period in ["2020-Q4", "2020-H1", "2020-9M", "2020", "2021-Q1", "2025-Q3"] {
        insta::assert_snapshot!(format!("demo_rollup_{period}"), figures::rollup(&giaoban, period));
    }
    insta::assert_snapshot!("demo_records", figures::records(&giaoban));
    insta::assert_snapshot!("demo_reports", figures::reports(&giaoban));
    insta::assert_snapshot!("demo_dead_letters", figures::dead_letters(&giaoban));
}

#[test]
fn a_year_with_everything_that_happens_to_events() {
    let giaoban = in_one_batch().with("GIAOBAN__STORE__SYNTHETIC", "true");
    let mut events = trial::sessions(900, &mut ChaCha8Rng::seed_from_u64(20_261_130));
    events.extend(bases::good());
    giaoban.write("events.ndjson", events.join("\n"));
    giaoban.ok(&["publish", "events.ndjson"]);
    insta::assert_snapshot!("trial_said", show::numbers(&giaoban.settle()));
    insta::assert_snapshot!("trial_log", stored::log(&giaoban));
    insta::assert_snapshot!("trial_store", stored::store(&giaoban));
    for period in ["2020-Q1", "2020-Q4", "2020", "2021-Q1", "2025-Q3", "2025"] {
        insta::assert_snapshot!(format!("trial_rollup_{period}"), figures::rollup(&giaoban, period));
    }
    // In many batches the same figures, whatever the leaves.
    let again = Giaoban::new().with("GIAOBAN__WORKER__BATCH_RECORDS", "40").with("GIAOBAN__STORE__SYNTHETIC", "true");
    again.write("events.ndjson", events.join("\n"));
    again.ok(&["publish", "events.ndjson"]);
    again.settle();
    let (many, one) = (stored::logical(&again), stored::logical(&giaoban));
    let other = many.lines().zip(one.lines()).find(|(many, one)| many != one);
    assert!(many == one, "{other:?}");
}

#[test]
fn the_rules_and_the_contract() {
    let giaoban = Giaoban::new();
    insta::assert_snapshot!("rules", product::fingerprints());
    insta::assert_snapshot!("schema_asyncapi", giaoban.ok(&["schema"]));
    insta::assert_snapshot!("schema_of_each_type", figures::schemas(&giaoban));
}

#[test]
fn every_value_in_every_field() {
    insta::assert_snapshot!("verdicts_fields", refusals::fields());
}

#[test]
fn whole_messages_good_and_bad() {
    insta::assert_snapshot!("verdicts_numbers", refusals::numbers());
    insta::assert_snapshot!("verdicts_messages", refusals::messages());
    refusals::assert_every_code_is_met();
}

#[test]
fn bad_messages_as_dead_letters() {
    let giaoban = in_one_batch();
    product::send(&giaoban.data(), refusals::bad());
    insta::assert_snapshot!("refused_said", show::numbers(&giaoban.settle()));
    insta::assert_snapshot!("refused_log", stored::log(&giaoban));
    insta::assert_snapshot!("refused_store", stored::store(&giaoban));
    insta::assert_snapshot!("refused_dead_letters", figures::dead_letters(&giaoban));
}

#[test]
fn files_of_events() {
    insta::assert_snapshot!("commands_publish", commands::publish());
}

#[test]
fn single_records() {
    insta::assert_snapshot!("commands_record", commands::record());
}

#[test]
fn questions() {
    insta::assert_snapshot!("commands_figures", commands::figures());
}

#[test]
fn operation() {
    insta::assert_snapshot!("commands_operate", commands::operate());
}

#[test]
fn what_is_wrong() {
    insta::assert_snapshot!("commands_trouble", trouble::trouble());
}

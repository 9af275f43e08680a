//! One event of single fields: recorded, corrected, withdrawn, as users see it.

#![allow(clippy::unwrap_used)]

mod harness;

use harness::Giaoban;

#[test]
fn one_event_is_recorded_by_its_flags() {
    let giaoban = Giaoban::new();
    let said = giaoban.fails(2, &["record", "supervision", "--unit", "00004"]);
    assert!(said.contains("--held-on, --body, --field"), "{said}");
    let said = giaoban.fails(
        5,
        &["record", "supervision", "--unit", "00004", "--held-on", "2020-02-30", "--body", "x", "--field", "other"],
    );
    assert!(said.contains("date.invalid") && said.contains("value.unknown"), "{said}");
    giaoban.ok(&[
        "record",
        "supervision",
        "--unit",
        "00004",
        "--held-on",
        "2020-03-04",
        "--body",
        "other",
        "--field",
        "other",
        "--recommendations-party",
        "2",
    ]);
    giaoban.ok(&[
        "record",
        "activity",
        "--unit",
        "00004",
        "--held-on",
        "2020-03-04",
        "--kind",
        "opinion_contribution",
        "--body",
        "other",
        "--count",
        "30",
    ]);
    giaoban.ok(&["record", "nilreturn", "--unit", "00007", "--period", "2020-Q1"]);
    giaoban.ok(&[
        "record",
        "petition",
        "--unit",
        "00004",
        "--received-on",
        "2020-03-04",
        "--kind",
        "complaint",
        "--resolved-on",
        "2020-03-20",
    ]);
    giaoban.settle();
    for (figure, value) in [
        ("recommendations_party", 2),
        ("opinion_contribution", 30),
        ("units_reported", 2),
        ("units_nil", 1),
        ("complaints_received", 1),
        ("complaints_resolved", 0),
    ] {
        assert_eq!(giaoban.figure("2020-Q1", "01", figure), value, "{figure}");
    }
    assert_eq!(giaoban.figure("2020-Q2", "01", "complaints_resolved"), 1);
}

#[test]
fn a_record_is_corrected_and_taken_back_and_what_cannot_be_is_told() {
    let giaoban = Giaoban::new();
    let given = ["--unit", "00004", "--held-on", "2020-03-04", "--body", "other", "--field", "other"];
    giaoban.ok(&[&["record", "supervision", "--subject", "GS-1"], &given[..]].concat());
    assert!(giaoban.fails(2, &["correct", "--subject", "GS-1"]).contains("there is nothing to correct"));
    let said = giaoban.fails(2, &["correct", "--subject", "GS-1", "--land-other-m2", "1"]);
    assert!(said.contains("supervision events have no field --land-other-m2"), "{said}");
    assert!(giaoban.fails(15, &["correct", "--subject", "GS-2", "--participants", "5"]).contains("no record GS-2"));
    let said = giaoban.ok(&["correct", "--subject", "GS-1", "--participants", "15"]);
    assert!(said.contains("Took GS-1 (revision 2) at partition"), "{said}");
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "00004", "participants"), 15);
    let other = ["--source", "/units/00007", "--unit", "00007", "--held-on", "2020-03-04", "--body", "other"];
    giaoban.ok(&[&["record", "supervision", "--subject", "GS-1", "--field", "other"], &other[..]].concat());
    let said = giaoban.fails(2, &["withdraw", "--subject", "GS-1", "--reason", "twice", "--lang", "vi"]);
    assert!(said.contains("nhiều nơi có hồ sơ GS-1: /units/00004, /units/00007"), "{said}");
    assert!(giaoban.fails(2, &["withdraw", "--subject", "GS-1"]).contains("--reason missing"));
    let of = ["--subject", "GS-1", "--source", "/units/00004"];
    giaoban.ok(&[&["withdraw", "--reason", "twice"], &of[..]].concat());
    let said = giaoban.fails(15, &[&["correct", "--participants", "3"], &of[..]].concat());
    assert!(said.contains("record GS-1 was withdrawn"), "{said}");
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 0);
}

//! Who may speak for whom, on which day.

use giaoban::text::Lang;
use giaoban::wire::{Admission, Code, Decoder, Message, ValidationError};
use serde_json::{Value, json};

use crate::{event, rules, with};

fn decode_by(admission: &Admission, event: &Value) -> Result<(), Vec<ValidationError>> {
    let payload = event.to_string();
    Decoder::new().decode(&Message::structured(payload.as_bytes()), rules(), admission).map(drop)
}

/// Whether the source may send that; anything but that it may not speak for the unit is a failure of the test.
fn may(admission: &Admission, source: &str, event: Value) -> bool {
    let event = with(event, "/source", json!(source));
    match decode_by(admission, &event) {
        Ok(()) => true,
        Err(errors) => {
            let codes: Vec<_> = errors.iter().map(|error| (error.code, error.pointer.as_str())).collect();
            assert_eq!(codes, [(Code::UnitNotOfSource, "/data/unit")], "{event}");
            false
        }
    }
}

fn units_may(source: &str, event: Value) -> bool {
    may(&Admission::new(), source, event)
}

/// An event of that type of that unit, dated and recorded on that day.
fn dated(kind: &str, unit: &str, day: &str) -> Value {
    let field = match kind {
        "violation" => "detected_on",
        "petition" => "received_on",
        _ => "held_on",
    };
    let event = with(with(event(kind), "/data/unit", json!(unit)), "/partitionkey", Value::Null);
    let event = with(event, &format!("/data/{field}"), json!(day));
    let event = match kind {
        "violation" | "petition" => with(event, "/data/resolved_on", json!(day)),
        _ => event,
    };
    with(event, "/time", json!(format!("{day}T09:00:00+07:00")))
}

#[test]
fn a_unit_speaks_for_itself_those_below_it_and_those_that_it_took_over() {
    for kind in ["supervision", "violation", "activity", "petition"] {
        for (source, unit, day, allowed) in [
            ("/units/00004", "00004", "2020-03-04", true),
            // The same code, another unit: whoever has the code now speaks for whoever had it.
            ("/units/00004", "00004", "2025-07-01", true),
            ("/units/001", "00004", "2020-03-04", true),
            ("/units/01", "00004", "2020-03-04", true),
            ("/units/01", "001", "2020-03-04", true),
            // Whole and in part, at once and by way of others.
            ("/units/00004", "00010", "2024-12-31", true),
            ("/units/00151", "00142", "2024-12-31", true),
            ("/units/00004", "00016", "2025-06-30", true),
            // A neighbour, one above, another district's, a unit that was taken over.
            ("/units/00006", "00004", "2020-03-04", false),
            ("/units/00004", "001", "2020-03-04", false),
            ("/units/00004", "01", "2020-03-04", false),
            ("/units/002", "00004", "2020-03-04", false),
            ("/units/00010", "00004", "2020-03-04", false),
            // The district is no more on that day.
            ("/units/001", "00004", "2025-07-01", false),
        ] {
            assert_eq!(units_may(source, dated(kind, unit, day)), allowed, "{source} for {unit} on {day}: {kind}");
        }
    }
}

#[test]
fn the_day_that_decides_is_that_of_the_record_not_of_the_recording() {
    // Recorded when the districts were no more, of a day on which 00004 was below one.
    let late = with(dated("supervision", "00004", "2025-06-30"), "/time", json!("2025-12-01T09:00:00+07:00"));
    assert!(units_may("/units/001", late));
}

#[test]
fn a_report_without_a_day_is_decided_by_the_last_day_of_the_unit_that_is_meant() {
    let of = |kind: &str, unit: &str, span: (&str, Value), recorded: &str| {
        let event = with(event(kind), "/data/unit", json!(unit));
        let event = with(event, &format!("/data/{}", span.0), span.1);
        with(event, "/time", json!(format!("{recorded}T09:00:00+07:00")))
    };
    let nil = |period: &str, recorded: &str| of("nilreturn", "00004", ("period", json!(period)), recorded);
    assert!(units_may("/units/001", nil("2020-Q4", "2020-12-10")));
    assert!(!units_may("/units/002", nil("2020-Q4", "2020-12-10")));
    // 2025-Q3 by the decree is 15 June to 14 September: until 30 June 00004 is below the district 001.
    assert!(units_may("/units/001", nil("2025-Q3", "2025-06-20")), "the unit of that day ends on 30 June");
    assert!(!units_may("/units/001", nil("2025-Q3", "2025-07-20")), "the unit of that day is below no district");
    assert!(!units_may("/units/001", nil("2025-Q3", "2025-10-01")), "the last one in the quarter");
    assert!(units_may("/units/01", nil("2025-Q3", "2025-10-01")));
    for (kind, field) in [("inspectionplan", "year"), ("index", "year")] {
        let plan = |year: i16, recorded: &str| of(kind, "00004", (field, json!(year)), recorded);
        assert!(units_may("/units/001", plan(2020, "2020-02-01")), "{kind}");
        assert!(units_may("/units/001", plan(2025, "2025-02-01")), "{kind}: of the unit that ends in June");
        assert!(!units_may("/units/001", plan(2025, "2025-08-01")), "{kind}: of the unit that begins in July");
        assert!(!units_may("/units/00006", plan(2020, "2020-02-01")), "{kind}");
    }
}

#[test]
fn a_withdrawal_speaks_for_its_own_source_alone() {
    for source in ["/units/00004", "/units/00006", "/units/01"] {
        assert!(units_may(source, with(event("withdrawal"), "/partitionkey", json!("00004"))));
    }
}

#[test]
fn another_system_speaks_for_the_units_that_the_operator_names() {
    let system = "https://dvc.example/mttq";
    let named = |entry: &str| Admission::new().with_system(entry).unwrap();
    let session = || dated("supervision", "00004", "2020-03-04");
    assert!(may(&named(system), system, session()));
    assert!(may(&named(&format!("{system} 00004")), system, session()));
    assert!(may(&named(&format!("{system} 002 001")), system, session()));
    assert!(!may(&named(&format!("{system} 00006 002")), system, session()));
    assert!(may(
        &named(&format!("{system} 00006")),
        system,
        with(event("withdrawal"), "/partitionkey", json!("00004"))
    ));
    let of_both = named(&format!("{system} 00006")).with_system(&format!("{system} 00004")).unwrap();
    assert!(may(&of_both, system, session()));
    let unnamed = decode_by(&Admission::new(), &with(session(), "/source", json!(system))).unwrap_err();
    assert_eq!(unnamed[0].code, Code::SourceNotAllowed);
}

#[test]
fn whoever_may_not_speak_for_a_unit_is_told_for_which_they_may() {
    let of = |source: &str, unit: &str| {
        let event = with(dated("supervision", unit, "2020-03-04"), "/source", json!(source));
        decode_by(&Admission::new(), &event).unwrap_err().remove(0)
    };
    let error = of("/units/002", "00004");
    assert_eq!(error.found, "00004, 2020-03-04");
    assert!(error.allowed.starts_with("002, 00") && error.allowed.ends_with(", …"), "{}", error.allowed);
    let error = of("/units/00001", "00006");
    assert!(error.message(Lang::Vi).contains("source là /units/<mã>"), "{}", error.message(Lang::Vi));
    assert!(error.remedy(Lang::En).contains("did you mean \"00001\"?"), "{}", error.message(Lang::En));
    // One that is no more on that day may speak for nobody.
    let late = with(dated("supervision", "00004", "2025-07-01"), "/source", json!("/units/001"));
    assert_eq!(decode_by(&Admission::new(), &late).unwrap_err()[0].allowed, "");
}

#[test]
fn a_correction_is_held_to_the_unit_that_it_names() {
    let corrected = with(dated("supervision", "00006", "2020-03-04"), "/revision", json!(2));
    assert!(!units_may("/units/00004", corrected.clone()));
    assert!(units_may("/units/001", corrected));
}

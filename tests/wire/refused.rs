//! What is refused: each code, with where, what was found and what is right.

use giaoban::domain::Calendar;
use giaoban::text::Lang;
use giaoban::wire::{Admission, Code, Decoder, Message};
use serde_json::{Value, json};

use crate::{EXAMPLE, KINDS, decode, decode_bytes, decode_json, errors, event, rules_of, with};

#[test]
fn every_bad_field_gets_its_code_at_its_place() {
    // Type, pointer, value (null removes it), errors.
    let table: &[(&str, &str, Value, &[&str])] = &[
        ("supervision", "/specversion", json!("0.3"), &["specversion.unsupported /specversion"]),
        ("supervision", "/specversion", Value::Null, &["field.missing /specversion"]),
        ("supervision", "/id", json!(""), &["id.invalid /id"]),
        ("supervision", "/id", json!("a\nb"), &["id.invalid /id"]),
        ("supervision", "/id", json!("x".repeat(257)), &["id.invalid /id"]),
        ("supervision", "/id", json!(7), &["field.wrong_type /id"]),
        ("supervision", "/subject", Value::Null, &["field.missing /subject"]),
        ("supervision", "/subject", json!("x".repeat(257)), &["subject.invalid /subject"]),
        ("supervision", "/id", json!("a\u{200b}"), &["id.invalid /id"]),
        ("supervision", "/subject", json!("GS\u{ad}-1"), &["subject.invalid /subject"]),
        ("supervision", "/subject", json!("e\u{302}"), &["subject.invalid /subject"]),
        ("supervision", "/subject", json!(" GS-1"), &["subject.invalid /subject"]),
        ("supervision", "/id", json!("GS-1 "), &["id.invalid /id"]),
        ("supervision", "/source", json!("/units/00004\u{fdd0}"), &["source.invalid /source"]),
        ("supervision", "/source", json!(""), &["source.invalid /source"]),
        ("supervision", "/source", json!("/units/00004\u{200b}"), &["source.invalid /source"]),
        (
            "supervision",
            "/source",
            json!(format!("https://dvc.example/{}", "x".repeat(240))),
            &["source.invalid /source"],
        ),
        ("supervision", "/source", json!("/units/00006"), &["unit.not_of_source /data/unit"]),
        ("supervision", "/synthetic", json!(true), &["synthetic.not_accepted /synthetic"]),
        ("supervision", "/synthetic", json!("true"), &["synthetic.not_accepted /synthetic"]),
        ("supervision", "/synthetic", json!("yes"), &["field.wrong_type /synthetic"]),
        ("supervision", "/data/project", json!("ế".repeat(257)), &["text.too_long /data/project"]),
        ("index", "/data/dimension", json!("ế".repeat(257)), &["text.too_long /data/dimension"]),
        ("violation", "/data/supervision", json!("x".repeat(257)), &["text.too_long /data/supervision"]),
        ("supervision", "/source", json!("/units/99999"), &["source.unit_unknown /source"]),
        ("supervision", "/source", json!("/units/"), &["source.unit_unknown /source"]),
        ("supervision", "/source", json!("https://elsewhere.example"), &["source.not_allowed /source"]),
        ("supervision", "/type", json!("vn.giaoban.supervision.v2"), &["type.version_unknown /type"]),
        ("supervision", "/type", json!("vn.giaoban.supervison.v1"), &["type.unknown /type"]),
        ("supervision", "/type", json!(1), &["field.wrong_type /type"]),
        ("supervision", "/time", json!("2020-03-04T09:12:33"), &["time.invalid /time"]),
        ("supervision", "/time", Value::Null, &["field.missing /time"]),
        ("supervision", "/revision", json!(0), &["revision.invalid /revision"]),
        ("supervision", "/revision", json!(-1), &["revision.invalid /revision"]),
        ("supervision", "/revision", json!(1_000_001), &["revision.invalid /revision"]),
        ("supervision", "/revision", json!(1.5), &["revision.invalid /revision"]),
        ("supervision", "/revision", json!("2"), &["field.wrong_type /revision"]),
        ("supervision", "/partitionkey", json!("00006"), &["partitionkey.mismatch /partitionkey"]),
        ("supervision", "/datacontenttype", json!("text/csv"), &["datacontenttype.unsupported /datacontenttype"]),
        ("supervision", "/data_base64", json!("e30="), &["data.base64 /data_base64"]),
        ("supervision", "/data", Value::Null, &["field.missing /data"]),
        ("supervision", "/data", json!([1]), &["field.wrong_type /data"]),
        (
            "supervision",
            "/data/unit",
            json!("99999"),
            &["partitionkey.mismatch /partitionkey", "unit.unknown /data/unit"],
        ),
        ("supervision", "/data/unit", json!("xã Hoa"), &["unit.unknown /data/unit"]),
        ("supervision", "/data/unit", json!(4), &["field.wrong_type /data/unit"]),
        ("supervision", "/data/held_on", Value::Null, &["field.missing /data/held_on"]),
        ("supervision", "/data/held_on", json!("2020-02-30"), &["date.invalid /data/held_on"]),
        ("supervision", "/data/held_on", json!("04/03/2020"), &["date.invalid /data/held_on"]),
        ("supervision", "/data/held_on", json!("2020-03-06"), &["date.after_time /data/held_on"]),
        ("supervision", "/data/held_on", json!("2019-12-31"), &["date.outside_unit /data/held_on"]),
        ("supervision", "/data/body", json!("front"), &["value.unknown /data/body"]),
        ("supervision", "/data/field", json!("Budget_finance"), &["value.unknown /data/field"]),
        ("supervision", "/data/participants", json!("12"), &["field.wrong_type /data/participants"]),
        ("supervision", "/data/participants", json!(1.5), &["number.fractional /data/participants"]),
        ("supervision", "/data/participants", json!(-1), &["number.out_of_range /data/participants"]),
        ("supervision", "/data/participants", json!(1_000_000_001), &["number.out_of_range /data/participants"]),
        ("supervision", "/data/topic", json!(1), &["field.wrong_type /data/topic"]),
        ("supervision", "/data/recommendations", json!(3), &["field.wrong_type /data/recommendations"]),
        (
            "supervision",
            "/data/recommendations",
            json!({"party": -1, "other": "1"}),
            &["field.wrong_type /data/recommendations/other", "number.out_of_range /data/recommendations/party"],
        ),
        ("violation", "/data/status", json!("closed"), &["value.unknown /data/status"]),
        ("violation", "/data/recommended", json!("true"), &["field.wrong_type /data/recommended"]),
        ("violation", "/data/recommended", Value::Null, &["field.missing /data/recommended"]),
        ("violation", "/data/resolved_on", json!("2020-03-03"), &["date.resolved_before_detected /data/resolved_on"]),
        ("violation", "/data/resolved_on", json!("2020-03-07"), &["date.after_time /data/resolved_on"]),
        ("violation", "/data/resolved_on", json!("soon"), &["date.invalid /data/resolved_on"]),
        ("violation", "/data/resolved_on", Value::Null, &["resolution.missing /data/resolved_on"]),
        ("violation", "/data/money_other_vnd", json!(-1), &["money.negative /data/money_other_vnd"]),
        ("violation", "/data/money_other_vnd", json!(0.5), &["money.fractional /data/money_other_vnd"]),
        ("violation", "/data/money_other_vnd", json!("1"), &["field.wrong_type /data/money_other_vnd"]),
        (
            "violation",
            "/data/settlement_reduction_vnd",
            json!(1_000_000_000_000_001_u64),
            &["money.too_large /data/settlement_reduction_vnd"],
        ),
        ("violation", "/data/land_other_m2", json!(-0.5), &["land.negative /data/land_other_m2"]),
        ("violation", "/data/land_other_m2", json!(1.234), &["land.too_fine /data/land_other_m2"]),
        ("violation", "/data/land_other_m2", json!(1_000_000_001), &["land.too_large /data/land_other_m2"]),
        ("violation", "/data/land_other_m2", json!("1.5"), &["field.wrong_type /data/land_other_m2"]),
        ("activity", "/data/count", json!(0), &["number.out_of_range /data/count"]),
        ("activity", "/data/kind", json!("party"), &["value.unknown /data/kind"]),
        ("petition", "/data/resolved_on", json!("2020-03-03"), &["date.resolved_before_received /data/resolved_on"]),
        ("inspectionplan", "/data/year", json!(1999), &["year.invalid /data/year"]),
        ("inspectionplan", "/data/year", json!("2020"), &["field.wrong_type /data/year"]),
        ("inspectionplan", "/data/year", json!(2050), &["unit.outside_period /data/unit"]),
        ("index", "/data/score", json!(-1), &["number.out_of_range /data/score"]),
        ("index", "/data/score", json!("5,3"), &["field.wrong_type /data/score"]),
        ("index", "/data/index", json!("pci"), &["value.unknown /data/index"]),
        ("nilreturn", "/data/period", json!("2020-Q5"), &["period.invalid /data/period"]),
        ("nilreturn", "/data/period", json!("2019-Q4"), &["unit.outside_period /data/unit"]),
        ("nilreturn", "/data/period", json!("2020-Q2"), &["period.not_begun /data/period"]),
        ("nilreturn", "/data/period", json!("2020-9M"), &["period.not_begun /data/period"]),
        ("nilreturn", "/data/period", json!("2020"), &["period.not_begun /data/period"]),
        ("formtotal", "/data/period", json!("2020-Q2"), &["period.not_begun /data/period"]),
        ("formtotal", "/data/period", json!("2020-H1"), &["period.not_a_quarter /data/period"]),
        ("formtotal", "/data/period", json!("2020-Q0"), &["period.invalid /data/period"]),
        ("formtotal", "/data/period", json!("2019-Q4"), &["unit.outside_period /data/unit"]),
        ("formtotal", "/data/period", Value::Null, &["field.missing /data/period"]),
        ("formtotal", "/data/form", json!("trade_union"), &["value.unknown /data/form"]),
        ("formtotal", "/data/form", Value::Null, &["field.missing /data/form"]),
        ("formtotal", "/data/totals", Value::Null, &["field.missing /data/totals"]),
        ("formtotal", "/data/totals", json!(5), &["field.wrong_type /data/totals"]),
        (
            "formtotal",
            "/data/totals",
            json!({"supervision_sessions": 1.5, "participants": -1, "violations_found": "2", "land_other_m2": 0.001,
                "money_other_vnd": 0.5, "money_recovered_vnd": -1}),
            &[
                "field.wrong_type /data/totals/violations_found",
                "land.too_fine /data/totals/land_other_m2",
                "money.fractional /data/totals/money_other_vnd",
                "money.negative /data/totals/money_recovered_vnd",
                "number.fractional /data/totals/supervision_sessions",
                "number.out_of_range /data/totals/participants",
            ],
        ),
        ("withdrawal", "/data/reason", Value::Null, &["field.missing /data/reason"]),
        ("withdrawal", "/partitionkey", json!("99999"), &["partitionkey.mismatch /partitionkey"]),
    ];
    for (kind, pointer, value, expected) in table {
        // The unit of plans that is checked ends in June 2025.
        let base = with(
            event(kind),
            "/data/unit",
            if *kind == "inspectionplan" { json!("001") } else { event(kind)["data"]["unit"].clone() },
        );
        let bad = with(base, pointer, value.clone());
        assert_eq!(errors(decode_json(&bad)), *expected, "{kind} {pointer} {value}");
    }
    // Every required field, and everything that may stand in it, is held to its type.
    for kind in KINDS {
        for (name, value) in event(kind)["data"].as_object().unwrap() {
            let pointer = format!("/data/{name}");
            let wrong = with(event(kind), &pointer, if value.is_object() { json!([]) } else { json!({}) });
            assert!(errors(decode_json(&wrong)).contains(&format!("field.wrong_type {pointer}")), "{kind} {name}");
        }
    }
}

#[test]
fn a_time_is_by_rfc_3339_to_the_letter() {
    let time =
        |text: &str| decode_json(&with(event("petition"), "/time", json!(text))).map(|event| event.time.to_string());
    for (text, taken) in [
        // Any number of digits; what is finer than a nanosecond is cut off.
        ("2020-03-05T09:00:00.1234567890+07:00", "2020-03-05T02:00:00.123456789Z"),
        ("2020-03-05T09:00:00.12345678999999999999Z", "2020-03-05T09:00:00.123456789Z"),
        ("2020-03-05T09:00:00.0000000000000000000001Z", "2020-03-05T09:00:00Z"),
        ("2020-03-05T09:00:00.5Z", "2020-03-05T09:00:00.5Z"),
        ("2020-03-06T08:59:00+23:59", "2020-03-05T09:00:00Z"),
        ("2020-03-04T09:01:00-23:59", "2020-03-05T09:00:00Z"),
        ("2020-03-05T09:00:00-00:00", "2020-03-05T09:00:00Z"),
    ] {
        assert_eq!(time(text).ok().as_deref(), Some(taken), "{text}");
    }
    for text in [
        "2020-03-05T09:00:00+24:00",
        "2020-03-05T09:00:00-24:00",
        "2020-03-05T09:00:00+25:59",
        "2020-03-05T09:00:00+99:00",
        "2020-03-05T09:00:00+07:60",
        "2020-03-05T09:00:00.+07:00",
        // A day more than the library's times have.
        "9999-12-31T23:59:59Z",
    ] {
        let codes = errors(decode_json(&with(event("petition"), "/time", json!(text))));
        assert_eq!(codes, ["time.invalid /time"], "{text}");
    }
}

#[test]
fn every_bad_message_gets_its_code() {
    let large = format!("{}{}", EXAMPLE, " ".repeat(64 * 1024));
    let deep = format!("{{\"data\":{}1{}}}", "[".repeat(500), "]".repeat(500));
    let bom = format!("\u{feff}{EXAMPLE}");
    let duplicate = EXAMPLE.replace("\"body\"", "\"unit\":\"00006\",\"body\"");
    let table: &[(&[u8], &str)] = &[
        (b"", "message.empty "),
        (b" \r\n", "message.empty "),
        (large.as_bytes(), "message.too_large "),
        (&EXAMPLE.as_bytes()[..200], "json.syntax "),
        (b"{\"a\":1e999}", "json.number_out_of_range "),
        (b"{\"a\":-1e400}", "json.number_out_of_range "),
        (br#"{"a":"\ud800"}"#, "json.lone_surrogate "),
        (br#"{"\udc00\ud800":1}"#, "json.lone_surrogate "),
        (br#"{"a":"\ud8"}"#, "json.syntax "),
        (b"{\"a\":1e}", "json.syntax "),
        (b"a;b;c", "json.syntax "),
        (b"[]", "json.not_an_object "),
        (b"\"text\"", "json.not_an_object "),
        (deep.as_bytes(), "json.too_deep "),
        (bom.as_bytes(), "encoding.bom "),
        (b"{\"id\":\"\xff\"}", "encoding.not_utf8 "),
        (duplicate.as_bytes(), "json.duplicate_key /data/unit"),
    ];
    for (payload, expected) in table {
        assert_eq!(errors(decode_bytes(payload)), [*expected]);
    }
    assert_eq!(errors(decode(&Message::default())), ["message.empty "]);
    let crlf = EXAMPLE.replace('\n', "\r\n");
    decode_bytes(crlf.as_bytes()).unwrap();
}

#[test]
fn all_errors_of_an_event_are_reported_at_once() {
    let unresolved = with(event("violation"), "/data/resolved_on", Value::Null);
    assert_eq!(
        errors(decode_json(&with(unresolved, "/data/land_recovered_m2", json!(0.125)))),
        ["land.too_fine /data/land_recovered_m2", "resolution.missing /data/resolved_on"]
    );
    let bad = json!({"specversion": "1.0", "source": "/units/00004", "type": "vn.giaoban.activity.v1", "subject": "1",
        "time": "yesterday", "revision": 0, "data": {"unit": "00004", "held_on": "2019-01-01", "kind": "inspection", "count": 0}});
    assert_eq!(
        errors(decode_json(&bad)),
        [
            "date.outside_unit /data/held_on",
            "field.missing /data/body",
            "field.missing /id",
            "number.out_of_range /data/count",
            "revision.invalid /revision",
            "time.invalid /time"
        ]
    );
}

#[test]
fn an_error_names_what_was_found_and_what_is_right() {
    let first = |event: Value| decode_json(&event).unwrap_err().remove(0);
    let error = first(with(event("supervision"), "/data/held_on", json!("2019-12-31")));
    assert_eq!(error.found, "00004, 2019-12-31");
    assert_eq!(error.allowed, "2020-01-01 … 2025-06-30 Phường Trúc Bạch; ≥ 2025-07-01 Phường Ba Đình");
    let error = first(with(event("supervision"), "/data/body", json!("fatherland_frnt")));
    assert!(error.allowed.starts_with("fatherland_front, peoples_inspection_board"));
    assert!(error.remedy(Lang::En).ends_with("did you mean \"fatherland_front\"?"));
    let error = first(with(event("petition"), "/data/unit", json!("000004")));
    assert_eq!((error.code, error.allowed.as_str()), (Code::UnitUnknown, "…, 00004, …"));
    assert!(error.remedy(Lang::Vi).ends_with("có phải ý là \"00004\"?"));
    let error = first(with(event("supervision"), "/type", json!("vn.giaoban.supervision.v2")));
    assert_eq!(error.allowed, "vn.giaoban.supervision.v1");
    let error = decode_bytes(b"{\"id\": \"1\",\n\"source\" }").unwrap_err().remove(0);
    assert!(error.found.ends_with("at line 2 column 10"), "{}", error.found);
    let far = format!("{}\"{}\u{1}\"", "\n".repeat(1234), "x".repeat(40_000));
    for wrong in ["\u{1}\"", "\\x\"", "\\u12\"", "\" \"\"", ""] {
        let error = decode_bytes(far.replace("\u{1}\"", wrong).as_bytes()).unwrap_err().remove(0);
        assert!(error.found.contains(" line 1235 column 4000"), "{}", error.found);
    }
    let found = |subject: &str| first(with(event("supervision"), "/subject", json!(subject))).found;
    assert_eq!(found("GS\u{a0}1"), "GS\\u{a0}1");
    assert_eq!(found(" GS-1"), "\\u{20}GS-1");
    assert_eq!(found("e\u{302}"), "e\\u{302}");
}

#[test]
fn a_dated_calendar_ends() {
    let calendar = Calendar::from_csv("school", "2020-Q1,2020-01-01,2020-03-04\n").unwrap();
    let rules = rules_of(calendar);
    let codes = |event: Value| {
        let payload = event.to_string();
        let message = Message::structured(payload.as_bytes());
        errors(Decoder::new().decode(&message, &rules, &Admission::new()))
    };
    assert!(codes(event("supervision")).is_empty());
    assert_eq!(codes(event("violation")), ["date.outside_calendar /data/resolved_on"]);
    let later = with(event("supervision"), "/data/held_on", json!("2020-03-05"));
    assert_eq!(codes(later), ["date.outside_calendar /data/held_on"]);
    assert!(codes(event("nilreturn")).is_empty());
    let year = with(event("nilreturn"), "/data/period", json!("2020"));
    assert_eq!(codes(year), ["date.outside_calendar /data/period"]);
}

//! The contract with producers: what is taken, and what is refused with which code.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use giaoban::domain::{
    ActivityKind, Area, Body, Calendar, Fact, Field, IndexKind, PetitionKind, Resolution, Revision, Rules, Status,
    UnitCode, UnitTable, Vnd,
};
use giaoban::text::Lang;
use giaoban::wire::{AllowedSources, Code, Decoder, Draft, Event, Message, TypeSpec, ValidationError};
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};

const EXAMPLE: &str = r#"{"specversion":"1.0","id":"GS-2020-000123.1","source":"/units/00004","type":"vn.giaoban.supervision.v1",
 "subject":"GS-2020-000123","time":"2020-03-04T09:12:33+07:00","datacontenttype":"application/json",
 "partitionkey":"00004","revision":1,
 "data":{"unit":"00004","held_on":"2020-03-04","body":"fatherland_front","field":"budget_finance","participants":12,
         "topic":"Giám sát thu, chi các khoản đóng góp của nhân dân"}}"#;

fn rules_with(calendar: Calendar) -> Rules {
    let units = include_str!("../config/units/hanoi.csv");
    let succession = include_str!("../config/units/hanoi-succession.csv");
    Rules::new(UnitTable::from_csv(units, succession).unwrap(), calendar)
}

fn rules() -> &'static Rules {
    static RULES: std::sync::OnceLock<Rules> = std::sync::OnceLock::new();
    RULES.get_or_init(|| rules_with(Calendar::Decree09))
}

fn decode(message: &Message<'_>) -> Result<Event, Vec<ValidationError>> {
    let sources = AllowedSources::from(["https://dvc.example/mttq".to_owned()]);
    Decoder::new().decode(message, rules(), &sources)
}

fn decode_bytes(payload: &[u8]) -> Result<Event, Vec<ValidationError>> {
    decode(&Message { headers: &[], payload: Some(payload) })
}

fn decode_json(event: &Value) -> Result<Event, Vec<ValidationError>> {
    decode_bytes(event.to_string().as_bytes())
}

/// The errors as "code pointer", sorted.
fn errors(result: Result<Event, Vec<ValidationError>>) -> Vec<String> {
    let list = result.err().unwrap_or_default();
    let mut list: Vec<String> = list.iter().map(|b| format!("{} {}", b.code, b.pointer)).collect();
    list.sort();
    list
}

/// A valid event of each type.
fn event(kind: &str) -> Value {
    let data = match kind {
        "supervision" => return serde_json::from_str(EXAMPLE).unwrap(),
        "violation" => json!({"unit": "00004", "detected_on": "2020-03-04", "body": "peoples_inspection_board",
            "field": "land_construction_planning", "status": "confirmed", "recommended": true,
            "supervision": "GS-2020-000123", "resolved_on": "2020-03-05", "money_recovered_vnd": 1_200_000,
            "money_other_vnd": 7, "settlement_reduction_vnd": 8,
            "land_recovered_m2": 12.5, "land_other_m2": 0.03, "summary": "Lấn đất công"}),
        "activity" => json!({"unit": "001", "held_on": "2020-03-04", "kind": "opinion_contribution",
            "body": "trade_union", "count": 40}),
        "petition" => {
            json!({"unit": "01", "received_on": "2020-03-04", "kind": "complaint", "resolved_on": "2020-03-05"})
        }
        "inspectionplan" => json!({"unit": "00004", "year": 2020, "planned": 4}),
        "index" => json!({"unit": "01", "year": 2020, "index": "papi", "dimension": "Công khai", "score": 5.31,
            "rank": 48, "out_of": 63}),
        "nilreturn" => json!({"unit": "00004", "period": "2020-Q1"}),
        "withdrawal" => json!({"reason": "Nhập hai lần"}),
        other => panic!("{other}"),
    };
    json!({"specversion": "1.0", "id": "X-1.1", "source": "/units/00004", "type": format!("vn.giaoban.{kind}.v1"),
        "subject": "X-1", "time": "2020-03-05T09:00:00+07:00", "data": data})
}

const KINDS: [&str; 8] =
    ["supervision", "violation", "activity", "petition", "inspectionplan", "index", "nilreturn", "withdrawal"];

/// The event with the value at a pointer set; with `null`, removed.
fn with(mut event: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let object = event.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        object.remove(name)
    } else {
        object.insert(name.to_owned(), value)
    };
    event
}

fn key_of(event: Value) -> String {
    decode_json(&event).unwrap().partition_key.map(|unit| unit.to_string()).unwrap_or_default()
}

#[test]
fn the_example_of_the_contract_is_taken_whole() {
    let event = decode_bytes(EXAMPLE.as_bytes()).unwrap();
    assert_eq!((event.key.source(), event.key.subject()), ("/units/00004", "GS-2020-000123"));
    assert_eq!((event.revision.number(), event.id), (1, None));
    assert_eq!(event.time.to_string(), "2020-03-04T02:12:33Z");
    assert_eq!((event.partition_key.map(|unit| unit.to_string()).as_deref(), event.synthetic), (Some("00004"), false));
    assert_eq!(
        event.fact,
        Fact::Supervision {
            unit: UnitCode::new("00004").unwrap(),
            held_on: date(2020, 3, 4),
            body: Body::FatherlandFront,
            field: Field::BudgetFinance,
            participants: 12,
            recommendations: [0; 3],
        }
    );
}

#[test]
fn the_digest_is_of_the_canonical_form_of_data_and_type() {
    let value: Value = serde_json::from_str(EXAMPLE).unwrap();
    let content = json!({"type": value["type"], "data": value["data"]});
    let canonical = serde_json_canonicalizer::to_vec(&content).unwrap();
    let expected: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&canonical).into();
    assert_eq!(decode_bytes(EXAMPLE.as_bytes()).unwrap().digest.0, expected);
}

#[test]
fn every_type_says_what_was_sent() {
    let unit = |code| UnitCode::new(code).unwrap();
    let facts = [
        Fact::Supervision {
            unit: unit("00004"),
            held_on: date(2020, 3, 4),
            body: Body::FatherlandFront,
            field: Field::BudgetFinance,
            participants: 12,
            recommendations: [0; 3],
        },
        Fact::Violation {
            unit: unit("00004"),
            detected_on: date(2020, 3, 4),
            body: Body::PeoplesInspectionBoard,
            field: Field::LandConstructionPlanning,
            status: Status::Confirmed,
            recommended: true,
            resolution: Some(Resolution {
                on: date(2020, 3, 5),
                money_recovered: Vnd::new(1_200_000).unwrap(),
                money_other: Vnd::new(7).unwrap(),
                settlement_reduction: Vnd::new(8).unwrap(),
                land_recovered: Area::from_centi(1250).unwrap(),
                land_other: Area::from_centi(3).unwrap(),
            }),
        },
        Fact::Activity {
            unit: unit("001"),
            held_on: date(2020, 3, 4),
            kind: ActivityKind::OpinionContribution,
            body: Body::TradeUnion,
            count: 40,
        },
        Fact::Petition {
            unit: unit("01"),
            received_on: date(2020, 3, 4),
            kind: PetitionKind::Complaint,
            resolved_on: Some(date(2020, 3, 5)),
        },
        Fact::InspectionPlan { unit: unit("00004"), year: 2020, planned: 4 },
        Fact::Index {
            unit: unit("01"),
            year: 2020,
            index: IndexKind::Papi,
            dimension: Some("Công khai".into()),
            score: "5.31".into(),
            rank: Some(48),
            out_of: Some(63),
        },
        Fact::NilReturn { unit: unit("00004"), period: "2020-Q1".parse().unwrap() },
        Fact::Withdrawal,
    ];
    for (kind, fact) in KINDS.iter().zip(facts) {
        let decoded = decode_json(&event(kind)).unwrap_or_else(|errors| panic!("{kind}: {errors:?}"));
        assert_eq!((decoded.fact.kind(), &decoded.fact), (*kind, &fact));
    }
}

#[test]
fn the_limits_themselves_are_taken() {
    let longest = "x".repeat(256);
    let event_at_limits = with(with(event("violation"), "/id", json!(longest)), "/subject", json!(longest));
    let event_at_limits = with(event_at_limits, "/data/land_other_m2", json!(1_000_000_000));
    let event_at_limits = with(event_at_limits, "/data/money_other_vnd", json!(1_000_000_000_000_000_u64));
    decode_json(&event_at_limits).unwrap();
    decode_json(&with(event("activity"), "/data/count", json!(1_000_000_000))).unwrap();
    let padded = format!("{EXAMPLE}{}", " ".repeat(64 * 1024 - EXAMPLE.len()));
    decode_bytes(padded.as_bytes()).unwrap();
}

#[test]
fn a_unit_of_the_calendar_year_or_of_the_reporting_year_has_a_plan() {
    // The decree's year 2020 ends on 14 December, its year 2021 begins the day after.
    let head = "code,name,kind,parent_code,valid_from,valid_to\n01,A,city,,2020-01-01,\n";
    let table = format!("{head}1,B,town,01,2020-12-20,\n2,C,town,01,2020-01-01,2020-12-20\n");
    let units = UnitTable::from_csv(&table, "from_code,to_code,effective_on,extent,basis\n").unwrap();
    let rules = Rules::new(units, Calendar::Decree09);
    let codes = |unit: &str, year: i16| {
        let event = with(with(event("inspectionplan"), "/data/year", json!(year)), "/data/unit", json!(unit));
        let payload = with(event, "/source", json!("/units/01")).to_string();
        let message = Message { headers: &[], payload: Some(payload.as_bytes()) };
        errors(Decoder::new().decode(&message, &rules, &AllowedSources::new()))
    };
    assert!(codes("1", 2020).is_empty(), "in the calendar year only");
    assert!(codes("2", 2021).is_empty(), "in the reporting year only");
    assert_eq!(codes("1", 2019), ["unit.outside_period /data/unit"]);
    assert_eq!(codes("2", 2022), ["unit.outside_period /data/unit"]);
}

#[test]
fn what_is_open_is_taken() {
    let taken = |event: Value| decode_json(&event).unwrap_or_else(|errors| panic!("{event}: {errors:?}"));
    let base = || event("violation");
    let money = |event: &Event| match event.fact {
        Fact::Violation { resolution: Some(resolution), .. } => {
            (resolution.money_recovered.dong(), resolution.land_recovered.centi_m2())
        }
        _ => panic!(),
    };
    assert_eq!(money(&taken(base())), (1_200_000, 1250));
    let text = base().to_string().replace(":1200000,", ":1.2e6,");
    assert!(text.contains("1.2e6"));
    assert_eq!(money(&decode_bytes(text.as_bytes()).unwrap()), (1_200_000, 1250), "a whole number with an exponent");
    assert_eq!(taken(with(base(), "/revision", json!(i64::MAX))).revision.number(), i64::MAX);
    assert_eq!(taken(base()).revision.number(), 1, "the default");
    assert_eq!(taken(with(base(), "/revision", json!(6e18))).revision.number(), 6_000_000_000_000_000_000);
    taken(with(base(), "/data/unheard_of", json!({"a": [1]})));
    taken(with(base(), "/extension", json!("x")));
    taken(with(base(), "/source", json!("https://dvc.example/mttq")));
    taken(with(base(), "/datacontenttype", json!("Application/JSON; charset=utf-8")));
    assert!(taken(with(base(), "/synthetic", json!(true))).synthetic);
    assert!(taken(with(base(), "/synthetic", json!("true"))).synthetic);
    let nulls = base().to_string().replace("\"Lấn đất công\"", "null");
    decode_bytes(nulls.as_bytes()).unwrap();
    taken(with(event("petition"), "/data/resolved_on", Value::Null));
    taken(with(base(), "/data/detected_on", json!("2020-03-05")));
    // Recorded at 18:00 UTC on the 3rd is the 4th in Hanoi, so the 5th is not more than a day later.
    taken(with(with(base(), "/time", json!("2020-03-03T18:00:00Z")), "/data/resolved_on", json!("2020-03-05")));
    assert_eq!(key_of(event("withdrawal")), "00004", "of its source");
    let foreign = with(event("withdrawal"), "/source", json!("https://dvc.example/mttq"));
    assert_eq!(key_of(foreign.clone()), "");
    assert_eq!(key_of(with(foreign, "/partitionkey", json!("00010"))), "00010");
    for period in ["2020-H1", "2020-9M", "2020"] {
        taken(with(event("nilreturn"), "/data/period", json!(period)));
    }
    let recommended = with(event("supervision"), "/data/recommendations", json!({"party": 1, "other": 3}));
    assert!(matches!(taken(recommended).fact, Fact::Supervision { recommendations: [1, 0, 3], .. }));
    // The code 00004 is Ba Đình from July 2025.
    let later = with(
        event("activity"),
        "/data",
        json!({"unit": "00004", "held_on": "2025-07-01", "kind": "inspection", "body": "other", "count": 1}),
    );
    taken(with(later, "/time", json!("2025-07-01T09:00:00+07:00")));
}

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
        ("supervision", "/revision", json!(9_223_372_036_854_775_808_u64), &["revision.invalid /revision"]),
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

/// An event with that number in that field of its data, or as its revision.
fn with_number(field: &str, number: &str) -> Vec<u8> {
    let (text, written) = match field {
        "money_other_vnd" => (event("violation").to_string(), r#""money_other_vnd":7"#),
        "land_other_m2" => (event("violation").to_string(), r#""land_other_m2":0.03"#),
        "participants" => (EXAMPLE.to_owned(), r#""participants":12"#),
        "year" => (event("inspectionplan").to_string(), r#""year":2020"#),
        "revision" => (EXAMPLE.to_owned(), r#""revision":1"#),
        other => panic!("{other}"),
    };
    assert!(text.contains(written), "{text}");
    text.replace(written, &format!("\"{field}\":{number}")).into_bytes()
}

/// The code of a number in that field, if it is refused.
fn number_code(field: &str, number: &str) -> Option<String> {
    let error = decode_bytes(&with_number(field, number)).err()?.remove(0);
    assert_eq!(error.found, number, "what was found is what was written");
    Some(error.code.to_string())
}

#[test]
fn a_number_is_held_to_its_rules_as_it_is_written() {
    for (field, number, code) in [
        ("money_other_vnd", "0.99999999999999999999", "money.fractional"),
        ("money_other_vnd", "5.00000000000000000000001", "money.fractional"),
        ("money_other_vnd", "999999999999999.99999999", "money.fractional"),
        ("money_other_vnd", "1000000000000000.0000001", "money.fractional"),
        ("money_other_vnd", "1e-400", "money.fractional"),
        ("money_other_vnd", "-1e-400", "money.negative"),
        ("land_other_m2", "12.3400000000000000001", "land.too_fine"),
        ("land_other_m2", "999999999.999999999999", "land.too_fine"),
        ("land_other_m2", "1000000000.0000000000001", "land.too_large"),
        ("land_other_m2", "0.10000000000000001", "land.too_fine"),
        ("land_other_m2", "1e-400", "land.too_fine"),
        ("participants", "12.00000000000000000000001", "number.fractional"),
        ("participants", "1e-400", "number.fractional"),
        ("year", "2020.00000000000000000001", "year.invalid"),
        ("revision", "0.99999999999999999999", "revision.invalid"),
    ] {
        assert_eq!(number_code(field, number).as_deref(), Some(code), "{field} {number}");
    }
    for (field, number) in [
        ("money_other_vnd", "1e6"),
        ("money_other_vnd", "1200000.0"),
        ("money_other_vnd", "-0"),
        ("money_other_vnd", "-0.0"),
        ("money_other_vnd", "1000000000000000.00000000000000000000"),
        ("land_other_m2", "12.50"),
        ("land_other_m2", "12.5e0"),
        ("land_other_m2", "1250e-2"),
        ("land_other_m2", "12.340000000000000000000"),
        ("participants", "1.20e1"),
        ("year", "2.02e3"),
        ("revision", "1.0"),
        ("revision", "9223372036854775807.0"),
    ] {
        assert_eq!(number_code(field, number), None, "{field} {number}");
    }
}

/// A number's digits before and after its point, without those that say nothing.
fn plain(whole: &str, fraction: &str, exponent: i32) -> (String, String) {
    let digits = format!("{}{whole}{fraction}{}", "0".repeat(40), "0".repeat(40));
    let (whole, fraction) = digits.split_at((40 + whole.len() as i32 + exponent) as usize);
    (whole.trim_start_matches('0').to_owned(), fraction.trim_end_matches('0').to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_number_is_decided_by_its_decimal_digits(
        sign in "-?",
        whole in "0|[1-9][0-9]{0,17}|10{9}|10{15}|9{9}|9{15}",
        fraction in "[0-9]{0,25}|0{0,30}[0-9]?",
        exponent in prop_oneof![Just(0), -30..=30_i32],
        written in any::<bool>(),
    ) {
        let exponent = if written { exponent } else { 0 };
        let point = if fraction.is_empty() { "" } else { "." };
        let power = if written { format!("e{exponent}") } else { String::new() };
        let number = format!("{sign}{whole}{point}{fraction}{power}");
        let (whole, fraction) = plain(&whole, &fraction, exponent);
        let is_negative = sign == "-" && !(whole.is_empty() && fraction.is_empty());
        let above = |limit: &str| (whole.len(), whole.as_str()) > (limit.len(), limit);
        let (billion, quadrillion) = (format!("1{}", "0".repeat(9)), format!("1{}", "0".repeat(15)));
        let money = match () {
            () if is_negative => Some("money.negative"),
            () if !fraction.is_empty() => Some("money.fractional"),
            () if above(&quadrillion) => Some("money.too_large"),
            () => None,
        };
        let land = match () {
            () if is_negative => Some("land.negative"),
            () if above(&billion) || (whole == billion && !fraction.is_empty()) => Some("land.too_large"),
            () if fraction.len() > 2 => Some("land.too_fine"),
            () => None,
        };
        let count = match () {
            () if !fraction.is_empty() => Some("number.fractional"),
            () if is_negative || above(&billion) => Some("number.out_of_range"),
            () => None,
        };
        let is_revision = !is_negative && fraction.is_empty() && !whole.is_empty() && !above(&i64::MAX.to_string());
        let revision = if is_revision { None } else { Some("revision.invalid") };
        for (field, code) in
            [("money_other_vnd", money), ("land_other_m2", land), ("participants", count), ("revision", revision)]
        {
            let result = decode_bytes(&with_number(field, &number));
            let found = result.as_ref().err().map(|errors| errors[0].code.as_str());
            prop_assert_eq!(found, code, "{} {}", field, number);
            // What is taken is what is written.
            let value = |digits: String| digits.parse::<i128>().unwrap_or(0);
            match result.ok().map(|event| (event.fact, event.revision)) {
                Some((Fact::Violation { resolution: Some(resolution), .. }, _)) if field == "money_other_vnd" => {
                    prop_assert_eq!(resolution.money_other.dong(), value(whole.clone()));
                }
                Some((Fact::Violation { resolution: Some(resolution), .. }, _)) => {
                    prop_assert_eq!(resolution.land_other.centi_m2(), value(format!("{whole}{fraction:0<2}")));
                }
                Some((Fact::Supervision { participants, .. }, _)) if field == "participants" => {
                    prop_assert_eq!(i128::from(participants), value(whole.clone()));
                }
                Some((_, revision)) => prop_assert_eq!(i128::from(revision.number()), value(whole.clone())),
                None => {}
            }
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
    assert_eq!(errors(decode(&Message { headers: &[], payload: None })), ["message.empty "]);
    let crlf = EXAMPLE.replace('\n', "\r\n");
    decode_bytes(crlf.as_bytes()).unwrap();
}

#[test]
fn all_breaches_of_an_event_are_told_at_once() {
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
fn a_breach_names_what_was_found_and_what_is_right() {
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
}

#[test]
fn a_dated_calendar_ends() {
    let calendar = Calendar::from_csv("school", "2020-Q1,2020-01-01,2020-03-04\n").unwrap();
    let rules = rules_with(calendar);
    let codes = |event: Value| {
        let payload = event.to_string();
        let message = Message { headers: &[], payload: Some(payload.as_bytes()) };
        errors(Decoder::new().decode(&message, &rules, &AllowedSources::new()))
    };
    assert!(codes(event("supervision")).is_empty());
    assert_eq!(codes(event("violation")), ["date.outside_calendar /data/resolved_on"]);
    let later = with(event("supervision"), "/data/held_on", json!("2020-03-05"));
    assert_eq!(codes(later), ["date.outside_calendar /data/held_on"]);
    assert!(codes(event("nilreturn")).is_empty());
    let year = with(event("nilreturn"), "/data/period", json!("2020"));
    assert_eq!(codes(year), ["date.outside_calendar /data/period"]);
}

/// The same event in binary mode.
fn binary<'a>(event: &Value, prefix: &str, store: &'a mut Vec<(String, String)>) -> Vec<(&'a str, Option<&'a [u8]>)> {
    for (name, value) in event.as_object().unwrap() {
        let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        match name.as_str() {
            "data" => {}
            "datacontenttype" => store.push(("Content-Type".into(), text)),
            _ => store.push((format!("{prefix}{name}"), text)),
        }
    }
    store.iter().map(|(name, value)| (name.as_str(), Some(value.as_bytes()))).collect()
}

#[test]
fn both_content_modes_give_the_same_event() {
    for kind in KINDS {
        let event = with(event(kind), "/datacontenttype", json!("application/json"));
        let structured = decode_json(&event).unwrap();
        let data = event["data"].to_string();
        for prefix in ["ce_", "ce-", "CE-"] {
            let mut store = Vec::new();
            let headers = binary(&event, prefix, &mut store);
            assert_eq!(decode(&Message { headers: &headers, payload: Some(data.as_bytes()) }).unwrap(), structured);
        }
    }
    let headers: [(&str, Option<&[u8]>); 1] = [("content-type", Some(b"application/cloudevents+json; charset=UTF-8"))];
    decode(&Message { headers: &headers, payload: Some(EXAMPLE.as_bytes()) }).unwrap();
}

#[test]
fn binary_mode_keeps_the_same_rules() {
    let codes = |name: &str, value: &str, data: &str| {
        let mut store = Vec::new();
        let event = with(event("supervision"), "/datacontenttype", Value::Null);
        let event = with(event, &format!("/{name}"), json!(value));
        let headers = binary(&event, "ce_", &mut store);
        errors(decode(&Message { headers: &headers, payload: Some(data.as_bytes()) }))
    };
    let data = event("supervision")["data"].to_string();
    assert!(codes("revision", "3", &data).is_empty());
    assert_eq!(codes("revision", "0", &data), ["revision.invalid /revision"]);
    assert_eq!(codes("revision", "+1", &data), ["revision.invalid /revision"]);
    assert_eq!(codes("revision", "9223372036854775808", &data), ["revision.invalid /revision"]);
    assert_eq!(codes("datacontenttype", "text/plain", &data), ["datacontenttype.unsupported /datacontenttype"]);
    assert_eq!(codes("revision", "3", "[]"), ["field.wrong_type /data"]);
    assert_eq!(codes("revision", "3", ""), ["message.empty "]);
    // The transport says it too: what the event says of itself counts.
    let both = |own: &'static str, transport: &'static str| {
        let mut store = Vec::new();
        let mut headers = binary(&event("supervision"), "ce_", &mut store);
        headers.retain(|(name, _)| !name.ends_with("type") || *name == "ce_type");
        headers.extend([("ce_datacontenttype", Some(own.as_bytes())), ("content-type", Some(transport.as_bytes()))]);
        errors(decode(&Message { headers: &headers, payload: Some(data.as_bytes()) }))
    };
    assert!(both("application/json", "application/octet-stream").is_empty());
    assert_eq!(both("text/plain", "application/json"), ["datacontenttype.unsupported /datacontenttype"]);
    let doubled = data.replacen('{', "{\"unit\":\"00006\",", 1);
    assert_eq!(codes("revision", "3", &doubled), ["json.duplicate_key /data/unit"]);
    let twice: [(&str, Option<&[u8]>); 2] = [("ce_id", Some(b"1")), ("ce-id", Some(b"2"))];
    assert_eq!(errors(decode(&Message { headers: &twice, payload: Some(b"{}") })), ["header.duplicate /id"]);
    let latin: [(&str, Option<&[u8]>); 1] = [("ce_id", Some(b"\xe9"))];
    assert_eq!(errors(decode(&Message { headers: &latin, payload: Some(b"{}") })), ["encoding.not_utf8 /id"]);
    let batch: [(&str, Option<&[u8]>); 1] = [("content-type", Some(b"application/cloudevents-batch+json"))];
    assert_eq!(errors(decode(&Message { headers: &batch, payload: Some(b"[]") })), ["content_type.unsupported "]);
}

#[test]
fn an_event_built_with_the_cloudevents_sdk_is_taken() {
    use cloudevents::{EventBuilder, EventBuilderV10};
    let built = EventBuilderV10::new()
        .id("GS-2020-000123.2")
        .source("/units/00004")
        .ty("vn.giaoban.supervision.v1")
        .subject("GS-2020-000123")
        .time("2020-03-04T09:12:33+07:00")
        .extension("revision", 2i64)
        .extension("partitionkey", "00004")
        .data("application/json", event("supervision")["data"].clone())
        .build()
        .unwrap();
    let event = decode_bytes(&serde_json::to_vec(&built).unwrap()).unwrap();
    assert_eq!(
        (event.revision.number(), event.partition_key.map(|unit| unit.to_string()).as_deref()),
        (2, Some("00004"))
    );
    assert_eq!(event.digest, decode_bytes(EXAMPLE.as_bytes()).unwrap().digest);
}

#[test]
fn an_event_of_ours_is_read_by_the_cloudevents_sdk() {
    use cloudevents::AttributesReader;
    for kind in KINDS {
        let Value::Object(data) = event(kind)["data"].clone() else { panic!() };
        let time = "2020-03-05T09:00:00+07:00".parse().unwrap();
        let mut draft = Draft::new(TypeSpec::named(kind).unwrap(), "/units/00004", "X-1", time, data.clone());
        draft.revision = Revision::new(2).unwrap();
        let read: cloudevents::Event = serde_json::from_slice(&draft.to_json()).unwrap();
        assert_eq!((read.id(), read.source().as_str(), read.subject()), ("X-1.2", "/units/00004", Some("X-1")));
        assert_eq!(read.ty(), format!("vn.giaoban.{kind}.v1"));
        assert_eq!(read.time().unwrap().timestamp(), time.as_second());
        assert_eq!(read.extension("revision"), Some(&cloudevents::event::ExtensionValue::Integer(2)));
        assert_eq!(read.data(), Some(&cloudevents::Data::Json(Value::Object(data))));
        assert_eq!(decode_bytes(&draft.to_json()).unwrap().key.subject(), "X-1");
    }
}

fn holds(result: Result<Event, Vec<ValidationError>>) -> Result<(), TestCaseError> {
    if let Err(errors) = result {
        prop_assert!(!errors.is_empty());
        for error in &errors {
            prop_assert!(!error.message(Lang::Vi).contains(char::is_control));
        }
        let distinct: BTreeSet<(Code, &str)> = errors.iter().map(|b| (b.code, b.pointer.as_str())).collect();
        prop_assert_eq!(distinct.len(), errors.len(), "each error once");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_refused_with_a_code(payload in prop::collection::vec(any::<u8>(), 0..200)) {
        holds(decode_bytes(&payload))?;
    }

    #[test]
    fn any_headers_are_borne(headers in prop::collection::vec(("(ce[_-])?[a-z]{0,4}|content-type|ce_(id|type|time|source)", prop::option::of(prop::collection::vec(any::<u8>(), 0..20))), 0..6)) {
        let headers: Vec<(&str, Option<&[u8]>)> = headers.iter().map(|(n, v)| (n.as_str(), v.as_deref())).collect();
        holds(decode(&Message { headers: &headers, payload: Some(b"{}") }))?;
    }

    #[test]
    fn a_valid_event_with_bytes_changed_is_taken_or_refused(
        kind in prop::sample::select(&KINDS[..]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut payload = event(kind).to_string().into_bytes();
        for (place, byte) in changes {
            let place = place.index(payload.len());
            payload[place] = byte;
        }
        if let Some(cut) = cut {
            payload.truncate(cut.index(payload.len()));
        }
        holds(decode_bytes(&payload))?;
    }

    #[test]
    fn a_valid_event_with_a_field_changed_is_taken_or_refused(
        kind in prop::sample::select(&KINDS[..]),
        field in any::<prop::sample::Index>(),
        value in prop_oneof![
            any::<i64>().prop_map(Value::from), any::<f64>().prop_map(Value::from), any::<String>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from), "[0-9]{4}-[0-9]{2}-[0-9]{2}".prop_map(Value::from),
            Just(json!({})), Just(json!([null])), Just(json!("9999-12-31T23:59:59Z")), Just(json!("2020-Q4")),
        ],
    ) {
        let event = event(kind);
        let in_data = event["data"].as_object().unwrap().keys().map(|name| format!("/data/{name}"));
        let pointers: Vec<String> = event.as_object().unwrap().keys().map(|name| format!("/{name}")).chain(in_data).collect();
        let pointer = &pointers[field.index(pointers.len())];
        holds(decode_json(&with(event, pointer, value)))?;
    }
}

//! What is taken, and what it says.

use giaoban::domain::{
    ActivityKind, Area, Body, Calendar, Fact, Field, Form, FormTotals, IndexKind, PetitionKind, Resolution, Rules,
    Status, UnitCode, UnitTable, Vnd,
};
use giaoban::wire::{Admission, Decoder, Event, Message};
use jiff::civil::date;
use serde_json::{Value, json};

use crate::{EXAMPLE, KINDS, decode_bytes, decode_json, errors, event, key_of, rules, with};

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
    let recorded = "2020-03-05T02:00:00Z".parse().unwrap();
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
        Fact::InspectionPlan { unit: unit("001"), year: 2020, planned: 4, recorded },
        Fact::Index {
            unit: unit("01"),
            year: 2020,
            index: IndexKind::Papi,
            dimension: Some("Công khai".into()),
            score: "5.31".into(),
            rank: Some(48),
            out_of: Some(63),
            recorded,
        },
        Fact::NilReturn { unit: unit("00004"), period: "2020-Q1".parse().unwrap(), recorded },
        Fact::FormTotal {
            unit: unit("00004"),
            quarter: "2020-Q1".parse().unwrap(),
            form: Form::CommunityInvestmentBoard,
            totals: Box::new(FormTotals {
                supervision_sessions: Some(9),
                participants: Some(0),
                violations_found: Some(2),
                money_recovered: Vnd::new(1_200_000),
                land_other: Area::from_centi(1250),
                ..FormTotals::default()
            }),
            recorded,
        },
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
        let message = Message::structured(payload.as_bytes());
        errors(Decoder::new().decode(&message, &rules, &Admission::new()))
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
    assert_eq!(taken(with(base(), "/revision", json!(1_000_000))).revision.number(), 1_000_000);
    assert_eq!(taken(base()).revision.number(), 1, "the default");
    assert_eq!(taken(with(base(), "/revision", json!(6e5))).revision.number(), 600_000);
    taken(with(base(), "/data/unheard_of", json!({"a": [1]})));
    taken(with(base(), "/extension", json!("x")));
    taken(with(base(), "/source", json!("https://dvc.example/mttq")));
    taken(with(base(), "/datacontenttype", json!("Application/JSON; charset=utf-8")));
    for (written, is_synthetic) in [(json!(true), true), (json!("true"), true), (json!(false), false)] {
        let payload = with(base(), "/synthetic", written).to_string();
        let admission = Admission::new().with_synthetic(true);
        let event = Decoder::new().decode(&Message::structured(payload.as_bytes()), rules(), &admission).unwrap();
        assert_eq!(event.synthetic, is_synthetic);
    }
    taken(with(base(), "/synthetic", json!(false)));
    taken(with(base(), "/synthetic", json!("false")));
    taken(with(event("index"), "/data/dimension", json!("ế".repeat(256))));
    taken(with(base(), "/data/summary", json!("ế".repeat(10_000))));
    taken(with(base(), "/subject", json!("Số 12/BC–MTTQ")));
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
    for (period, time) in [
        ("2020-H1", "2020-03-15T00:00:00+07:00"),
        ("2020-9M", "2020-06-14T17:00:00Z"),
        ("2020", "2021-01-01T00:00:00Z"),
    ] {
        taken(with(with(event("nilreturn"), "/data/period", json!(period)), "/time", json!(time)));
    }
    taken(with(event("formtotal"), "/data/totals", json!({})));
    taken(with(event("formtotal"), "/data/totals/unheard_of", json!("x")));
    let recommended = with(event("supervision"), "/data/recommendations", json!({"party": 1, "other": 3}));
    assert!(matches!(taken(recommended).fact, Fact::Supervision { recommendations: [1, 0, 3], .. }));
    // The code 00004 is Ba Đình from July 2025.
    let later = with(
        event("activity"),
        "/data",
        json!({"unit": "00004", "held_on": "2025-07-01", "kind": "inspection", "body": "other", "count": 1}),
    );
    let later = with(later, "/source", json!("/units/00004"));
    taken(with(later, "/time", json!("2025-07-01T09:00:00+07:00")));
}

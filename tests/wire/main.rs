//! The contract with producers: what is taken, and what is refused with which code.
#![allow(clippy::unwrap_used)]

mod any;
mod authority;
mod modes;
mod numbers;
mod refused;
mod taken;
mod worst;

use giaoban::domain::{Calendar, Rules, UnitTable};
use giaoban::wire::{Admission, Decoder, Event, Message, ValidationError};
use serde_json::{Value, json};

const EXAMPLE: &str = r#"{"specversion":"1.0","id":"GS-2020-000123.1","source":"/units/00004","type":"vn.giaoban.supervision.v1",
 "subject":"GS-2020-000123","time":"2020-03-04T09:12:33+07:00","datacontenttype":"application/json",
 "partitionkey":"00004","revision":1,
 "data":{"unit":"00004","held_on":"2020-03-04","body":"fatherland_front","field":"budget_finance","participants":12,
         "topic":"Giám sát thu, chi các khoản đóng góp của nhân dân"}}"#;

fn rules_with(calendar: Calendar) -> Rules {
    let units = include_str!("../../config/units/hanoi.csv");
    let succession = include_str!("../../config/units/hanoi-succession.csv");
    Rules::new(UnitTable::from_csv(units, succession).unwrap(), calendar)
}

fn rules() -> &'static Rules {
    static RULES: std::sync::OnceLock<Rules> = std::sync::OnceLock::new();
    RULES.get_or_init(|| rules_with(Calendar::Decree09))
}

fn decode(message: &Message<'_>) -> Result<Event, Vec<ValidationError>> {
    let sources = Admission::new().with_system("https://dvc.example/mttq").unwrap();
    Decoder::new().decode(message, rules(), &sources)
}

fn decode_bytes(payload: &[u8]) -> Result<Event, Vec<ValidationError>> {
    decode(&Message::structured(payload))
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
        "formtotal" => json!({"unit": "00004", "period": "2020-Q1", "form": "community_investment_board",
            "totals": {"supervision_sessions": 9, "participants": 0, "violations_found": 2,
                "money_recovered_vnd": 1_200_000, "land_other_m2": 12.5}}),
        "withdrawal" => json!({"reason": "Nhập hai lần"}),
        other => panic!("{other}"),
    };
    let source = format!("/units/{}", data["unit"].as_str().unwrap_or("00004"));
    json!({"specversion": "1.0", "id": "X-1.1", "source": source, "type": format!("vn.giaoban.{kind}.v1"),
        "subject": "X-1", "time": "2020-03-05T09:00:00+07:00", "data": data})
}

const KINDS: [&str; 9] = [
    "supervision",
    "violation",
    "activity",
    "petition",
    "inspectionplan",
    "index",
    "nilreturn",
    "formtotal",
    "withdrawal",
];

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

//! The contract with producers: what is taken, and what is refused with which code.
#![allow(clippy::unwrap_used)]

mod any;
mod authority;
#[path = "../harness/events.rs"]
mod events;
#[path = "../harness/hanoi.rs"]
mod hanoi;
mod modes;
mod numbers;
mod refused;
mod taken;
mod worst;

use events::KINDS;
use giaoban::domain::{Calendar, Rules};
use giaoban::wire::{Admission, Decoder, Event, Message, ValidationError};
use hanoi::rules_of;
use serde_json::Value;

const EXAMPLE: &str = r#"{"specversion":"1.0","id":"GS-2020-000123.1","source":"/units/00004","type":"vn.giaoban.supervision.v1",
 "subject":"GS-2020-000123","time":"2020-03-04T09:12:33+07:00","datacontenttype":"application/json",
 "partitionkey":"00004","revision":1,
 "data":{"unit":"00004","held_on":"2020-03-04","body":"fatherland_front","field":"budget_finance","participants":12,
         "topic":"Giám sát thu, chi các khoản đóng góp của nhân dân"}}"#;

fn rules() -> &'static Rules {
    static RULES: std::sync::OnceLock<Rules> = std::sync::OnceLock::new();
    RULES.get_or_init(|| rules_of(Calendar::Decree09))
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

/// A valid event of each type; of sessions, the contract's example.
fn event(kind: &str) -> Value {
    match kind {
        "supervision" => serde_json::from_str(EXAMPLE).unwrap(),
        _ => events::event(kind),
    }
}

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

//! Whatever comes is taken or refused; nothing panics.

use std::collections::BTreeSet;

use giaoban::text::Lang;
use giaoban::wire::{Code, Event, Message, ValidationError};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{KINDS, decode, decode_bytes, decode_json, event, with};

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
        holds(decode(&Message { headers: &headers, payload: Some(b"{}"), ..Message::default() }))?;
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

//! Both content modes, and the CloudEvents SDK.

use giaoban::domain::Revision;
use giaoban::wire::{Draft, Message, TypeSpec};
use serde_json::{Value, json};

use crate::{EXAMPLE, KINDS, decode, decode_bytes, decode_json, errors, event, with};

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
            assert_eq!(
                decode(&Message { headers: &headers, payload: Some(data.as_bytes()), ..Message::default() }).unwrap(),
                structured
            );
        }
    }
    let headers: [(&str, Option<&[u8]>); 1] = [("content-type", Some(b"application/cloudevents+json; charset=UTF-8"))];
    decode(&Message { headers: &headers, payload: Some(EXAMPLE.as_bytes()), ..Message::default() }).unwrap();
}

#[test]
fn an_attribute_means_what_is_written_in_either_mode() {
    // Percent-encoding and quotes belong to HTTP, and are undone by whoever speaks it.
    for subject in ["GS%2F12", "100%", "\"GS-1\"", "Tr%C3%BAc", "Số 12/BC", "a \\\"b\\\""] {
        let event = with(with(event("supervision"), "/subject", json!(subject)), "/id", json!(format!("{subject}.1")));
        let structured = decode_json(&event).unwrap();
        assert_eq!(structured.key.subject(), subject);
        for prefix in ["ce_", "ce-"] {
            let mut store = Vec::new();
            let (headers, data) = (binary(&event, prefix, &mut store), event["data"].to_string());
            let message = Message { headers: &headers, payload: Some(data.as_bytes()), ..Message::default() };
            assert_eq!(decode(&message).unwrap(), structured, "{subject}");
        }
    }
}

#[test]
fn a_message_is_measured_with_its_key_and_headers() {
    let codes = |key: usize, header: usize, payload: usize| {
        let (key, header) = (vec![b'k'; key], vec![b'h'; header]);
        let headers = [("x", Some(&*header))];
        let text = format!("{EXAMPLE}{}", " ".repeat(payload - EXAMPLE.len()));
        errors(decode(&Message { key: Some(&key), headers: &headers, payload: Some(text.as_bytes()) }))
    };
    const MOST: usize = 64 << 10;
    assert!(codes(5, 10, MOST - 16).is_empty());
    for (key, header, payload) in [(5, 10, MOST - 15), (6, 10, MOST - 16), (5, 11, MOST - 16), (1 << 20, 0, 1000)] {
        assert_eq!(codes(key, header, payload), ["message.too_large "], "{key} {header} {payload}");
    }
}

#[test]
fn binary_mode_keeps_the_same_rules() {
    let codes = |name: &str, value: &str, data: &str| {
        let mut store = Vec::new();
        let event = with(event("supervision"), "/datacontenttype", Value::Null);
        let event = with(event, &format!("/{name}"), json!(value));
        let headers = binary(&event, "ce_", &mut store);
        errors(decode(&Message { headers: &headers, payload: Some(data.as_bytes()), ..Message::default() }))
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
        errors(decode(&Message { headers: &headers, payload: Some(data.as_bytes()), ..Message::default() }))
    };
    assert!(both("application/json", "application/octet-stream").is_empty());
    assert_eq!(both("text/plain", "application/json"), ["datacontenttype.unsupported /datacontenttype"]);
    let doubled = data.replacen('{', "{\"unit\":\"00006\",", 1);
    assert_eq!(codes("revision", "3", &doubled), ["json.duplicate_key /data/unit"]);
    let twice: [(&str, Option<&[u8]>); 2] = [("ce_id", Some(b"1")), ("ce-id", Some(b"2"))];
    assert_eq!(
        errors(decode(&Message { headers: &twice, payload: Some(b"{}"), ..Message::default() })),
        ["header.duplicate /id"]
    );
    let latin: [(&str, Option<&[u8]>); 1] = [("ce_id", Some(b"\xe9"))];
    assert_eq!(
        errors(decode(&Message { headers: &latin, payload: Some(b"{}"), ..Message::default() })),
        ["encoding.not_utf8 /id"]
    );
    let batch: [(&str, Option<&[u8]>); 1] = [("content-type", Some(b"application/cloudevents-batch+json"))];
    assert_eq!(
        errors(decode(&Message { headers: &batch, payload: Some(b"[]"), ..Message::default() })),
        ["content_type.unsupported "]
    );
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
        let event = event(kind);
        let source = event["source"].as_str().unwrap();
        let mut draft = Draft::new(TypeSpec::named(kind).unwrap(), source, "X-1", time, data.clone());
        draft.revision = Revision::new(2).unwrap();
        let read: cloudevents::Event = serde_json::from_slice(&draft.to_json()).unwrap();
        assert_eq!((read.id(), read.source().as_str(), read.subject()), ("X-1.2", source, Some("X-1")));
        assert_eq!(read.ty(), format!("vn.giaoban.{kind}.v1"));
        assert_eq!(read.time().unwrap().timestamp(), time.as_second());
        assert_eq!(read.extension("revision"), Some(&cloudevents::event::ExtensionValue::Integer(2)));
        assert_eq!(read.data(), Some(&cloudevents::Data::Json(Value::Object(data))));
        assert_eq!(decode_bytes(&draft.to_json()).unwrap().key.subject(), "X-1");
    }
}

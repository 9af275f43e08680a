//! The contract for machines: JSON Schemas (draft 2020-12) and an AsyncAPI 3
//! document, made of the same tables that decoding checks.
//!
//! A schema says what it can: that a unit was in force on a date, that two dates
//! are in order or that an area has two decimals is for decoding alone.

use serde_json::{Map, Value, json};

use super::STRUCTURED;
use super::spec::{FieldSpec, Kind, MAX_COUNT, MAX_NAME_BYTES, MAX_NAME_CHARS, TYPES, TypeSpec, YEARS};
use crate::domain::{Area, Revision, Vnd};
use crate::text::wire::DEAD_LETTER;

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Nothing that is not seen, as far as a pattern of every dialect can say it.
const SEEN: &str = r"^[^\u0000-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufdd0-\ufdef\ufff0-\ufffb\ufffe\uffff]*$";

/// A space at either end.
const AT_AN_END: &str = "^ | $";

/// Each schema by its name: `event` for the whole event in the structured form,
/// and each `type` for its `data`.
pub fn json_schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    schemas.insert("event".to_owned(), named("event", event_schema()));
    for spec in TYPES {
        schemas.insert(spec.event_type.to_owned(), named(spec.event_type, data_schema(spec)));
    }
    schemas
}

fn named(name: &str, schema: Value) -> Value {
    let mut whole = json!({"$schema": DRAFT, "$id": format!("urn:giaoban:schema:{name}")});
    if let (Value::Object(whole), Value::Object(schema)) = (&mut whole, schema) {
        whole.extend(schema);
    }
    whole
}

fn event_schema() -> Value {
    let mut schema = attributes_schema();
    let by_type = |spec: &TypeSpec| {
        json!({
            "if": {"properties": {"type": {"const": spec.event_type}}, "required": ["type"]},
            "then": {"properties": {"data": {"$ref": format!("#/$defs/{}", spec.name)}}},
        })
    };
    let data = |spec: &TypeSpec| (spec.name.to_owned(), data_schema(spec));
    schema["allOf"] = TYPES.iter().map(by_type).collect();
    schema["$defs"] = Value::Object(TYPES.iter().map(data).collect());
    schema
}

/// The attributes, whatever the type.
fn attributes_schema() -> Value {
    let types: Vec<&str> = TYPES.iter().map(|spec| spec.event_type).collect();
    let name = |description: &str| json!({"type": "string", "minLength": 1, "maxLength": MAX_NAME_BYTES, "pattern": SEEN, "not": {"pattern": AT_AN_END}, "description": description});
    json!({
        "type": "object",
        "description": "CloudEvents 1.0 in the structured form. Other extension attributes are kept and ignored.",
        "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": name("One per revision of a record, usually <subject>.<revision>. NFC, at most 256 bytes."),
            "source": {"type": "string", "minLength": 1, "maxLength": MAX_NAME_BYTES, "pattern": SEEN, "not": {"pattern": AT_AN_END}, "format": "uri-reference",
                "description": "Who keeps the record, for ever: /units/<code>, or a source that the operator allows; it speaks for itself, for the units under it and for those that it took over. NFC, at most 256 bytes."},
            "type": {"enum": types},
            "subject": name("The record's number within its source, unique there for ever. NFC, at most 256 bytes."),
            "time": {"type": "string", "format": "date-time", "description": "When it was recorded; never decides a period."},
            "datacontenttype": {"type": ["string", "null"], "pattern": "^application/json *(;.*)?$"},
            "partitionkey": {"type": ["string", "null"], "description": "The unit's code; also the Kafka key."},
            "revision": {"type": ["integer", "null"], "minimum": 1, "maximum": Revision::MAX, "default": 1,
                "description": "The highest revision of a record counts."},
            "synthetic": {"enum": [true, false, "true", "false", null],
                "description": "true for an event that is made up. Taken only by a store that was made for such events."},
            "data_base64": {"type": "null"},
            "data": {"type": "object"},
        },
    })
}

/// The `data` of a type. Other fields are kept and ignored.
fn data_schema(spec: &TypeSpec) -> Value {
    let required: Vec<&str> = spec.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let property = |field: &FieldSpec| (field.name.to_owned(), field_schema(field));
    let mut schema = json!({
        "title": spec.meaning.vi,
        "description": spec.meaning.en,
        "type": "object",
        "required": required,
        "properties": Value::Object(spec.fields.iter().map(property).collect()),
    });
    let given =
        |field: &FieldSpec| json!({"required": [field.name], "properties": {field.name: {"not": {"type": "null"}}}});
    let resolution: Vec<Value> = spec.fields.iter().filter(|field| field.kind.needs_resolution()).map(given).collect();
    if let Some(resolved_on) = spec.fields.iter().find(|field| field.kind == Kind::ResolvedOn)
        && !resolution.is_empty()
    {
        schema["if"] = json!({"anyOf": resolution});
        schema["then"] = given(resolved_on);
    }
    schema
}

fn field_schema(field: &FieldSpec) -> Value {
    let mut schema = kind_schema(field.kind);
    // An optional field may be null, which is the same as absent.
    if !field.required {
        schema["type"] = json!([schema["type"], "null"]);
    }
    schema["title"] = field.meaning.vi.clone().into();
    let description = match field.kind {
        Kind::Land => format!("{}; at most 2 decimals", field.meaning.en),
        Kind::ResolvedOn => format!("{}; not before the first date", field.meaning.en),
        _ => field.meaning.en.to_string(),
    };
    schema["description"] = description.into();
    schema
}

fn kind_schema(kind: Kind) -> Value {
    match kind {
        Kind::Unit => json!({"type": "string", "pattern": "^[0-9A-Za-z]{1,15}$"}),
        Kind::Day | Kind::ResolvedOn => {
            json!({"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"})
        }
        Kind::OneOf(names) => json!({"type": "string", "enum": names}),
        Kind::Count { min } => json!({"type": "integer", "minimum": min, "maximum": MAX_COUNT}),
        Kind::Object(members) => {
            let property = |member: &FieldSpec| (member.name.to_owned(), field_schema(member));
            json!({"type": "object", "properties": Value::Object(members.iter().map(property).collect())})
        }
        Kind::Money => json!({"type": "integer", "minimum": 0, "maximum": Vnd::MAX}),
        Kind::Land => json!({"type": "number", "minimum": 0, "maximum": Area::MAX_M2}),
        Kind::Score => json!({"type": "number", "minimum": 0}),
        Kind::Year => json!({"type": "integer", "minimum": YEARS.start(), "maximum": YEARS.end()}),
        Kind::Period => json!({"type": "string", "pattern": "^(19|[2-9][0-9])[0-9]{2}(-(Q[1-4]|H[12]|9M))?$"}),
        Kind::Quarter => json!({"type": "string", "pattern": "^(19|[2-9][0-9])[0-9]{2}-Q[1-4]$"}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Name => json!({"type": "string", "maxLength": MAX_NAME_CHARS}),
        Kind::Text => json!({"type": "string"}),
    }
}

/// The AsyncAPI 3 document: the server, both topics, a message for each type.
pub fn asyncapi() -> Value {
    let reference = |kind: &str, name: &str| json!({"$ref": format!("#/{kind}/{name}")});
    let mut messages = Map::new();
    let mut schemas = Map::new();
    let mut on_channel = Map::new();
    schemas.insert("attributes".to_owned(), attributes_schema());
    for spec in TYPES {
        schemas.insert(spec.name.to_owned(), data_schema(spec));
        on_channel.insert(spec.name.to_owned(), reference("components/messages", spec.name));
        messages.insert(
            spec.name.to_owned(),
            json!({
                "name": spec.event_type,
                "title": spec.meaning.vi,
                "summary": spec.meaning.en,
                "contentType": STRUCTURED,
                "payload": {"allOf": [
                    reference("components/schemas", "attributes"),
                    {"properties": {
                        "type": {"const": spec.event_type},
                        "data": reference("components/schemas", spec.name),
                    }},
                ]},
                "bindings": {"kafka": {
                    "key": {"type": "string", "description": "The unit's code, as in partitionkey."},
                    "bindingVersion": "0.5.0",
                }},
            }),
        );
    }
    messages.insert(
        "deadLetter".to_owned(),
        json!({
            "name": "deadLetter",
            "title": DEAD_LETTER.vi,
            "summary": DEAD_LETTER.en,
            "payload": {},
        }),
    );
    let topic = |address: &str| json!({"kafka": {"topic": address, "bindingVersion": "0.5.0"}});
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "giaoban",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Supervision and violation events in, exact quarterly rollups out.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": STRUCTURED,
        "servers": {"kafka": {
            "host": "localhost:9092",
            "protocol": "kafka",
            "description": "The operator's broker (kafka.brokers).",
        }},
        "channels": {
            "events": {
                "address": "giaoban.events",
                "description": "Every event, for ever: at most 64 KiB each, key, headers and value together. Partitioned by the unit's code with murmur2, as the Java client does.",
                "messages": on_channel,
                "bindings": topic("giaoban.events"),
            },
            "deadLetters": {
                "address": "giaoban.events.dlq",
                "description": "Messages that broke a rule, with all that is needed to send them again.",
                "messages": {"deadLetter": reference("components/messages", "deadLetter")},
                "bindings": topic("giaoban.events.dlq"),
            },
        },
        "operations": {
            "sendEvents": {
                "action": "send",
                "summary": "`giaoban publish`, `record`, `correct` and `withdraw` send events that keep every rule.",
                "channel": reference("channels", "events"),
            },
            "receiveEvents": {
                "action": "receive",
                "summary": "The worker counts every event once.",
                "channel": reference("channels", "events"),
            },
            "sendDeadLetters": {
                "action": "send",
                "summary": "The worker sets aside what breaks a rule.",
                "channel": reference("channels", "deadLetters"),
            },
        },
        "components": {"messages": messages, "schemas": schemas},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_is_valid_by_its_draft() {
        for (name, schema) in json_schemas() {
            assert!(jsonschema::meta::is_valid(&schema), "{name}");
            jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    /// Every reference of a document, with the place it stands at.
    fn references<'d>(value: &'d Value, found: &mut Vec<&'d str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_of_the_asyncapi_document_leads_somewhere() {
        let document = asyncapi();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 3 * TYPES.len());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }
}

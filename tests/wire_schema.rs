//! The schemas and the decoder say the same of every rule that a schema can say.
#![allow(clippy::unwrap_used)]

#[path = "harness/hanoi.rs"]
mod hanoi;

use giaoban::domain::{Calendar, Rules, UnitCode};
use giaoban::wire::schema::{asyncapi, json_schemas};
use giaoban::wire::{Admission, Code, Decoder, Draft, FieldSpec, Kind, Message, TYPES, TypeSpec};
use hanoi::rules_of;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Map, Value, json};

/// The attributes that a schema can judge; which sources are allowed is the operator's affair.
const ATTRIBUTES: &[&str] = &[
    "specversion",
    "id",
    "type",
    "subject",
    "time",
    "datacontenttype",
    "partitionkey",
    "revision",
    "data",
    "data_base64",
];

/// What decoding knows and a schema cannot say.
const BEYOND_SCHEMA: &[Code] = &[
    Code::UnitUnknown,
    Code::UnitOutsidePeriod,
    Code::PeriodNotBegun,
    Code::SourceUnitUnknown,
    Code::SourceNotAllowed,
    Code::UnitNotOfSource,
    Code::PartitionkeyMismatch,
    Code::DateAfterTime,
    Code::DateOutsideUnit,
    Code::DateResolvedBeforeDetected,
    Code::DateResolvedBeforeReceived,
    Code::LandTooFine,
];

/// Whether decoding takes the event, as far as a schema can tell.
fn decoder_takes(event: &Value) -> bool {
    static RULES: std::sync::OnceLock<Rules> = std::sync::OnceLock::new();
    let rules = RULES.get_or_init(|| rules_of(Calendar::Decree09));
    let payload = event.to_string();
    let message = Message::structured(payload.as_bytes());
    match Decoder::new().decode(&message, rules, &Admission::new().with_synthetic(true)) {
        Ok(_) => true,
        Err(errors) => errors.iter().all(|error| {
            // That a text cannot be a code at all, a schema does say.
            let no_code = error.code == Code::UnitUnknown && UnitCode::new(&error.found).is_none();
            BEYOND_SCHEMA.contains(&error.code) && !no_code
        }),
    }
}

fn validator(schema: &Value) -> jsonschema::Validator {
    jsonschema::options().should_validate_formats(true).build(schema).unwrap()
}

fn schema_takes(event: &Value) -> bool {
    static VALIDATOR: std::sync::OnceLock<jsonschema::Validator> = std::sync::OnceLock::new();
    VALIDATOR.get_or_init(|| validator(&json_schemas()["event"])).is_valid(event)
}

/// What a field may hold, right and wrong alike.
fn value_for(kind: Kind) -> BoxedStrategy<Value> {
    match kind {
        Kind::Unit => prop::sample::select(vec!["00004", "001", "01"]).prop_map(Value::from).boxed(),
        Kind::Day => (1u8..29).prop_map(|day| json!(format!("2020-02-{day:02}"))).boxed(),
        Kind::ResolvedOn => (1u8..29).prop_map(|day| json!(format!("2020-04-{day:02}"))).boxed(),
        Kind::OneOf(names) => prop::sample::select(names).prop_map(Value::from).boxed(),
        Kind::Count { min } => (min..=1_000_000_000).prop_map(Value::from).boxed(),
        Kind::Object(members) => {
            let member = |member: &FieldSpec| {
                let name = member.name.to_owned();
                prop::option::of(value_for(member.kind)).prop_map(move |value| value.map(|value| (name.clone(), value)))
            };
            let members: Vec<_> = members.iter().map(member).collect();
            members.prop_map(|members| members.into_iter().flatten().collect::<Map<_, _>>().into()).boxed()
        }
        Kind::Money => (0u64..=1_000_000_000_000_000).prop_map(Value::from).boxed(),
        Kind::Land => (0u64..=100_000_000_000).prop_map(|centi| json!(centi as f64 / 100.0)).boxed(),
        Kind::Score => (0.0f64..100.0).prop_map(Value::from).boxed(),
        Kind::Year => (2020i16..=2024).prop_map(Value::from).boxed(),
        Kind::Period => {
            prop::sample::select(vec!["2020-Q4", "2020-H1", "2020-9M", "2020"]).prop_map(Value::from).boxed()
        }
        Kind::Quarter => prop::sample::select(vec!["2020-Q1", "2020-Q4"]).prop_map(Value::from).boxed(),
        Kind::Flag => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Name => prop::collection::vec(any::<char>(), 0..=256)
            .prop_map(|name| json!(name.iter().collect::<String>()))
            .boxed(),
        Kind::Text => any::<String>().prop_map(Value::from).boxed(),
    }
}

/// Values that are wrong in one field or another, or only unusual, and the limits.
fn odd_values() -> Vec<Value> {
    let nulls_and_shapes = json!([null, true, [], {}, {"party": -1}, {"party": "1"}, {"party": null}, {"party": 1.5}]);
    let texts = json!([
        "",
        "x",
        "12",
        "a\u{7f}",
        "a\u{200b}",
        " a",
        "a ",
        "a\u{fffe}",
        "\u{fdd0}",
        "true",
        "2020-02-30",
        "2020-2-3",
        "20200304",
        "2020-03-04",
        "2020-Q5",
        "1899",
        "1900",
        "1.0",
        "2020-03-04T09:12:33Z",
        "2020-03-04T09:12:33",
        "application/json",
        "application/json; charset=utf-8",
        "text/plain",
        "vn.giaoban.supervision.v2",
        "x".repeat(256),
        "x".repeat(257)
    ]);
    let numbers = json!([
        -1,
        0,
        1,
        0.5,
        -0.25,
        1e6,
        1e300,
        1_000_000_000,
        1_000_000_001,
        1_000_000_000_000_000_u64,
        1_000_000_000_000_001_u64,
        i64::MAX,
        u64::MAX,
        i64::MIN,
        1999,
        2000,
        2020,
        2100,
        2101
    ]);
    [nulls_and_shapes, texts, numbers].iter().flat_map(|list| list.as_array().unwrap().clone()).collect()
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(odd_values()),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9 -]{0,20}".prop_map(Value::from),
    ]
}

#[test]
fn each_odd_value_in_each_field_is_judged_alike() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut taken, mut refused) = (0, 0);
    for spec in TYPES {
        let mut value = |kind| value_for(kind).new_tree(&mut runner).unwrap().current();
        let data: Map<_, _> = spec.fields.iter().map(|field| (field.name.to_owned(), value(field.kind))).collect();
        let time = "2024-12-31T09:00:00+07:00".parse().unwrap();
        let event: Value =
            serde_json::from_slice(&Draft::new(spec, "/units/00004", "X-1", time, data).to_json()).unwrap();
        let attributes = ATTRIBUTES.iter().map(|name| format!("/{name}"));
        for pointer in spec.fields.iter().map(|field| format!("/data/{}", field.name)).chain(attributes) {
            for value in odd_values() {
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                let mut event = event.clone();
                event.pointer_mut(parent).unwrap()[name] = value;
                assert_eq!(decoder_takes(&event), schema_takes(&event), "{pointer}: {event}");
                *(if schema_takes(&event) { &mut taken } else { &mut refused }) += 1;
            }
        }
    }
    assert!(taken > 500 && refused > 500, "{taken} taken, {refused} refused");
}

fn valid_event() -> impl Strategy<Value = Value> {
    prop::sample::select(TYPES).prop_flat_map(|spec: TypeSpec| {
        let spec = TypeSpec::named(spec.name).unwrap();
        let fields: Vec<_> = spec
            .fields
            .iter()
            .map(|field| {
                let value = value_for(field.kind).prop_map(Some);
                if field.required { value.boxed() } else { prop_oneof![value, Just(None)].boxed() }
            })
            .collect();
        (fields, any::<bool>()).prop_map(move |(values, synthetic)| {
            let mut data = Map::new();
            for (field, value) in spec.fields.iter().zip(values) {
                data.extend(value.map(|value| (field.name.to_owned(), value)));
            }
            if !data.contains_key("resolved_on") {
                data.retain(|name, _| !spec.field(name).is_some_and(|field| field.kind.needs_resolution()));
            }
            let time = "2024-12-31T09:00:00+07:00".parse().unwrap();
            let mut draft = Draft::new(spec, "/units/00004", "X-1", time, data);
            draft.synthetic = synthetic;
            serde_json::from_slice(&draft.to_json()).unwrap()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_valid_event_is_valid_by_decoder_and_schema(event in valid_event()) {
        prop_assert!(decoder_takes(&event), "{event}");
        prop_assert!(schema_takes(&event), "{event}");
        let data = &json_schemas()[event["type"].as_str().unwrap()];
        prop_assert!(validator(data).is_valid(&event["data"]), "{event}");
    }

    #[test]
    fn a_changed_field_is_judged_alike(event in valid_event(), place in any::<prop::sample::Index>(), value in odd_value()) {
        let mut event = event;
        let spec = TypeSpec::of(event["type"].as_str().unwrap()).unwrap();
        let data = event["data"].as_object_mut().unwrap();
        data.insert(spec.fields[place.index(spec.fields.len())].name.to_owned(), value);
        prop_assert_eq!(decoder_takes(&event), schema_takes(&event), "{}", event);
    }

    #[test]
    fn a_missing_field_is_judged_alike(event in valid_event(), place in any::<prop::sample::Index>()) {
        let mut event = event;
        let spec = TypeSpec::of(event["type"].as_str().unwrap()).unwrap();
        event["data"].as_object_mut().unwrap().remove(spec.fields[place.index(spec.fields.len())].name);
        prop_assert_eq!(decoder_takes(&event), schema_takes(&event), "{}", event);
    }

    #[test]
    fn a_changed_attribute_is_judged_alike(
        event in valid_event(),
        name in prop::sample::select(ATTRIBUTES),
        value in prop::option::of(odd_value()),
    ) {
        let mut event = event;
        match value {
            Some(value) => event[name] = value,
            None => drop(event.as_object_mut().unwrap().remove(name)),
        }
        prop_assert_eq!(decoder_takes(&event), schema_takes(&event), "{}", event);
    }

    #[test]
    fn each_message_of_the_asyncapi_document_takes_its_events(event in valid_event()) {
        let document = asyncapi();
        let spec = TypeSpec::of(event["type"].as_str().unwrap()).unwrap();
        let mut schema = document["components"]["messages"][spec.name]["payload"].clone();
        schema["components"] = document["components"].clone();
        let schema = validator(&schema);
        prop_assert!(schema.is_valid(&event), "{event}");
        let mut other = event;
        other["data"] = json!({});
        prop_assert!(!schema.is_valid(&other));
    }
}

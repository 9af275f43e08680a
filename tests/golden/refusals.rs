//! What becomes of messages: which are taken, with digest and stored fact, and which are not, with each code and
//! its place in order.

use std::fmt::Write as _;

use serde_json::Value;

use crate::bases::{HARD, with};
use crate::harness::events::{KINDS, event};
use crate::product::{ALLOWED, Headers, Judge, Raw, codes};

/// What is tried in every field, as it is written.
const VALUES: [&str; 15] = [
    "null",
    "{}",
    "[]",
    "true",
    r#""""#,
    r#""x""#,
    "0",
    "-1",
    "0.5",
    "1e30",
    "7",
    "12.34",
    r#""2020-02-30""#,
    r#""00006""#,
    r#"{"party":-1,"other":"1","authority":0.5}"#,
];
/// The envelope's own fields, and what may stand in it.
const ATTRIBUTES: [&str; 12] = [
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "datacontenttype",
    "partitionkey",
    "revision",
    "synthetic",
    "data",
    "data_base64",
];

/// Every value in every field of every type; values that have the same end are on one line.
pub fn fields() -> String {
    let mut judge = Judge::new();
    let mut text = String::new();
    for kind in KINDS {
        let base = event(kind);
        writeln!(text, "# {kind}: {}", judge.verdict(&Headers::new(), Some(base.to_string().as_bytes()))).unwrap();
        let attributes = ATTRIBUTES.iter().filter(|_| ["supervision", "withdrawal"].contains(&kind));
        let mut pointers: Vec<String> = attributes.map(|name| format!("/{name}")).collect();
        pointers.extend(base["data"].as_object().unwrap().keys().map(|name| format!("/data/{name}")));
        for pointer in pointers {
            let mut ends: Vec<(String, Vec<&str>)> = Vec::new();
            for written in [None].into_iter().chain(VALUES.into_iter().map(Some)) {
                let event = with(&base, &pointer, written);
                let verdict = judge.verdict(&Headers::new(), Some(event.as_bytes()));
                // What is taken differs in its digest.
                let shown = written.unwrap_or("(removed)");
                match ends.iter_mut().find(|(end, _)| *end == verdict) {
                    Some((_, values)) => values.push(shown),
                    None => ends.push((verdict, vec![shown])),
                }
            }
            for (verdict, values) in ends {
                writeln!(text, "{pointer}  {}  ->  {verdict}", values.join("  ")).unwrap();
            }
        }
    }
    text
}

/// Numbers as they may be written, in fields that take numbers, and hard values where anything may stand.
pub fn numbers() -> String {
    let mut judge = Judge::new();
    let mut text = String::new();
    for (kind, pointer) in [
        ("violation", "/data/money_other_vnd"),
        ("violation", "/data/land_other_m2"),
        ("supervision", "/data/participants"),
        ("activity", "/data/count"),
        ("inspectionplan", "/data/year"),
        ("index", "/data/score"),
        ("supervision", "/revision"),
    ] {
        for written in [
            "0",
            "-0",
            "-0.0",
            "1.0",
            "1e0",
            "1e3",
            "1.20e1",
            "12.50",
            "1250e-2",
            "2.02e3",
            "2020.0",
            "0.01",
            "0.001",
            "0.10000000000000001",
            "0.99999999999999999999",
            "12.00000000000000000000001",
            "1e-400",
            "-1e-400",
            "999999999.99",
            "999999999.999999999999",
            "1000000000",
            "1000000000.00",
            "1000000000.0000000000001",
            "1000000001",
            "1000000000000000",
            "1000000000000000.00000000000000000000",
            "1000000000000001",
            "9223372036854775807",
            "9223372036854775807.0",
            "9223372036854775808",
            "6e18",
            "1e308",
            "1e309",
            "01",
            "+1",
            ".5",
            "1.",
            "1e",
            "0x10",
            "NaN",
            "-",
        ] {
            let event = with(&event(kind), pointer, Some(written));
            let verdict = judge.verdict(&Headers::new(), Some(event.as_bytes()));
            writeln!(text, "{kind} {pointer} {written}  ->  {verdict}").unwrap();
        }
    }
    for written in HARD {
        let event = with(&event("supervision"), "/data/extra", Some(written));
        let verdict = judge.verdict(&Headers::new(), Some(event.as_bytes()));
        writeln!(text, "{written:?}  ->  {verdict}").unwrap();
    }
    text
}

fn header(name: &str, value: impl AsRef<[u8]>) -> (String, Option<Vec<u8>>) {
    (name.to_owned(), Some(value.as_ref().to_vec()))
}

/// An event in binary mode.
fn binary(event: &Value, prefix: &str) -> (Headers, Vec<u8>) {
    let attributes = event.as_object().unwrap().iter().filter(|(name, _)| *name != "data");
    let mut headers: Headers = attributes
        .map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            header(&format!("{prefix}{name}"), text)
        })
        .collect();
    headers.push(header("content-type", "application/json"));
    (headers, event["data"].to_string().into_bytes())
}

/// Messages of all sorts, each with what it is.
fn whole() -> Vec<(String, Headers, Vec<u8>)> {
    let mut all: Vec<(String, Headers, Vec<u8>)> = Vec::new();
    let base = event("supervision");
    let text = base.to_string();
    let deep = |levels: usize| with(&base, "/data/extra", Some(&("[".repeat(levels) + &"]".repeat(levels))));
    let mut plain = |name: &str, payload: &[u8]| all.push((name.to_owned(), Headers::new(), payload.to_vec()));
    plain("a good one", text.as_bytes());
    plain("nothing", b"");
    plain("blanks", b" \t\r\n");
    plain("as large as may be", format!("{text}{}", " ".repeat((64 << 10) - text.len())).as_bytes());
    plain("too large by one", format!("{text}{}", " ".repeat((64 << 10) + 1 - text.len())).as_bytes());
    plain("a byte order mark", format!("\u{feff}{text}").as_bytes());
    plain("UTF-16", &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
    for (name, bytes) in [
        ("latin", &b"\xe9"[..]),
        ("cut", b"\xe1\xba"),
        ("overlong", b"\xc0\xaf"),
        ("surrogate", b"\xed\xa0\x80"),
        ("beyond", b"\xf4\x90\x80\x80"),
    ] {
        let (before, after) = text.split_at(text.find("Giám").unwrap());
        plain(&format!("not UTF-8: {name}"), &[before.as_bytes(), bytes, after.as_bytes()].concat());
    }
    for levels in [100, 124, 125, 126, 127, 128, 500] {
        plain(&format!("{levels} levels"), deep(levels).as_bytes());
    }
    for cut in [1, 20, 100, text.len() - 1] {
        plain(&format!("cut after {cut} bytes"), text.bytes().take(cut).collect::<Vec<_>>().as_slice());
    }
    for payload in [
        "[]",
        "[1,2]",
        "1",
        "null",
        "true",
        "\"text\"",
        "a;b;c",
        "{}",
        "{} {}",
        "{,}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{'a':1}",
        "{\"a\":1e999}",
        "{\"a\":-1e400}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\\ud800\"}",
        "{\"\\udc00\":1}",
        "{\"a\":\"\\ud83d\\u0041\"}",
        "{\"a\":\"\\ud8\"}",
        "{\"a\":\"\\x41\"}",
        "{\"a\":\"\u{1}\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":tru}",
        "{\"a\":nul",
        "{\"a\":1,\"a\":1}",
        "{\"a\":{\"b/c~d\":1,\"b/c~d\":2}}",
        "{\"a\":[{\"b\":1,\"b\":2}]}",
        "{\"\\u0061\":1,\"a\":2}",
        "{\"specversion\":\"1.0\"}",
        "{\"data\":{\"unit\":\"00004\",\"unit\":\"00004\"}}",
    ] {
        plain(&format!("{payload:?}"), payload.as_bytes());
    }
    // Several things wrong with one event, and more values of the envelope.
    for (kind, pointer, written) in [
        ("supervision", "/type", "\"vn.giaoban.supervision.v2\""),
        ("supervision", "/type", "\"vn.giaoban.supervison.v1\""),
        ("supervision", "/type", "\"vn.giaoban.supervision.v\""),
        ("supervision", "/source", "\"/units/99999\""),
        ("supervision", "/source", "\"/units/\""),
        ("supervision", "/source", "\"/units/00006\""),
        ("supervision", "/source", "\"/units/001\""),
        ("supervision", "/source", "\"\""),
        ("supervision", "/synthetic", "true"),
        ("supervision", "/synthetic", "\"yes\""),
        ("supervision", "/source", "\"https://dvc.example/mttq\""),
        ("supervision", "/source", "\"https://elsewhere.example\""),
        ("supervision", "/time", "\"2020-03-04T09:12:33\""),
        ("supervision", "/time", "\"2020-03-04T09:12:33.123456789123+07:00\""),
        ("supervision", "/time", "\"2020-03-05T09:00:60Z\""),
        ("supervision", "/time", "\"2020-03-05t09:00:00z\""),
        ("supervision", "/time", "\"9999-12-31T23:59:59Z\""),
        ("supervision", "/id", "\"a\\nb\""),
        ("supervision", "/subject", "\"a\\u0000\""),
        ("supervision", "/partitionkey", "\"00004\""),
        ("supervision", "/partitionkey", "\"00007\""),
        ("supervision", "/datacontenttype", "\"text/csv\""),
        ("supervision", "/datacontenttype", "\"Application/JSON; charset=utf-8\""),
        ("supervision", "/data_base64", "\"e30=\""),
        ("supervision", "/data/unit", "\"xã Hoa\""),
        ("supervision", "/data/unit", "\"000004\""),
        ("supervision", "/data/held_on", "\"04/03/2020\""),
        ("supervision", "/data/held_on", "\"2019-12-31\""),
        ("supervision", "/data/held_on", "\"2020-03-06\""),
        ("supervision", "/data/held_on", "\"2020-03-07\""),
        ("supervision", "/data/held_on", "\"2025-07-01\""),
        ("supervision", "/data/body", "\"fatherland_frnt\""),
        ("supervision", "/data/field", "\"Budget_finance\""),
        ("supervision", "/data/unit", "\"00004\",\"unit\":\"00006\""),
        ("violation", "/data/resolved_on", "\"2020-03-03\""),
        ("violation", "/data/resolved_on", "\"2020-03-07\""),
        ("violation", "/data/resolved_on", "null,\"land_other_m2\":0.125"),
        ("violation", "/data/resolved_on", "null,\"status\":\"closed\",\"body\":7,\"unit\":\"99999\""),
        ("violation", "/data/money_recovered_vnd", "-5,\"money_other_vnd\":1000000000000001,\"land_other_m2\":-0.5"),
        ("petition", "/data/resolved_on", "\"2020-03-03\""),
        ("petition", "/data/received_on", "\"2020-12-32\",\"resolved_on\":\"soon\""),
        ("inspectionplan", "/data/year", "1999"),
        ("inspectionplan", "/data/year", "2050"),
        ("index", "/data/rank", "0,\"out_of\":1.5,\"score\":-1"),
        ("nilreturn", "/data/period", "\"2020-Q5\""),
        ("nilreturn", "/data/period", "\"2020-H1\""),
        ("nilreturn", "/data/period", "\"2019-Q4\""),
        ("nilreturn", "/data/period", "\"2020-q1\""),
        ("withdrawal", "/partitionkey", "\"00010\""),
        ("withdrawal", "/partitionkey", "\"99999\""),
        ("withdrawal", "/source", "\"https://dvc.example/mttq\""),
        ("withdrawal", "/data/reason", "\"\""),
    ] {
        // What is written takes the place of what stood there.
        let mut base = event(kind);
        let rest: Value = serde_json::from_str(&format!("{{\"-\":{written}}}")).unwrap_or_default();
        for name in rest.as_object().into_iter().flat_map(|rest| rest.keys()).filter(|name| *name != "unit") {
            base["data"].as_object_mut().unwrap().remove(name);
        }
        plain(&format!("{kind} {pointer} {written}"), with(&base, pointer, Some(written)).as_bytes());
    }
    plain(
        "everything",
        br#"{"specversion":"0.3","source":"/units/1x","type":"vn.giaoban.activity.v1","subject":"",
        "time":"yesterday","revision":0,"partitionkey":5,"data":{"unit":"00004","held_on":"2019-01-01","count":0}}"#,
    );
    for length in [256, 257] {
        let name = format!("\"{}\"", "ế".repeat(length));
        plain(&format!("a dimension of {length}"), with(&event("index"), "/data/dimension", Some(&name)).as_bytes());
        plain(
            &format!("an id of {length}"),
            with(&base, "/id", Some(&format!("\"{}\"", "x".repeat(length)))).as_bytes(),
        );
        plain(
            &format!("a subject of {length} bytes"),
            with(&base, "/subject", Some(&format!("\"{}{}\"", "é".repeat(100), "x".repeat(length - 200)))).as_bytes(),
        );
    }
    all.extend(in_headers());
    all
}

/// The same in binary mode, with what can be wrong there alone.
fn in_headers() -> Vec<(String, Headers, Vec<u8>)> {
    let mut all = Vec::new();
    let base = event("violation");
    for prefix in ["ce_", "ce-", "CE-", "Ce_"] {
        let (headers, body) = binary(&base, prefix);
        all.push((format!("binary, {prefix}"), headers, body));
    }
    let text = base.to_string().into_bytes();
    for content in [
        "application/cloudevents+json",
        "Application/CloudEvents+JSON; charset=UTF-8",
        "application/cloudevents-batch+json",
        "application/cloudevents+avro",
        "application/cloudevents",
        "text/plain",
    ] {
        all.push((format!("structured as {content}"), vec![header("content-type", content)], text.clone()));
    }
    let mut changed = |name: &str, change: &dyn Fn(&mut Headers, &mut Vec<u8>)| {
        let (mut headers, mut body) = binary(&base, "ce_");
        change(&mut headers, &mut body);
        all.push((format!("binary, {name}"), headers, body));
    };
    let set = |headers: &mut Headers, name: &str, value: &[u8]| {
        headers.retain(|(known, _)| known != name);
        headers.push(header(name, value));
    };
    for (name, value) in [
        ("ce_revision", "3"),
        ("ce_revision", "0"),
        ("ce_revision", "+1"),
        ("ce_revision", "1.0"),
        ("ce_revision", "9223372036854775808"),
        ("ce_revision", ""),
        ("ce_synthetic", "true"),
        ("ce_synthetic", "yes"),
        ("ce_subject", "Tr%C3%BAc"),
        ("ce_subject", "\"a \\\"b\\\" %25\""),
        ("ce_subject", "%E9"),
        ("ce_id", ""),
        ("ce_specversion", "0.3"),
        ("ce_type", "vn.giaoban.weather.v1"),
        ("ce_time", "now"),
        ("ce_source", "/units/1"),
        ("ce_datacontenttype", "text/plain"),
        ("ce_extension", "x"),
        ("ce_", "x"),
        ("content-type", "text/xml"),
        ("content-type", "application/octet-stream"),
        ("ce_data_base64", "e30="),
        ("ce_partitionkey", "00004"),
        ("ce_partitionkey", "00006"),
        ("ce_data", "{}"),
    ] {
        changed(&format!("{name}: {value}"), &|headers, _| set(headers, name, value.as_bytes()));
    }
    changed("ce_id not UTF-8", &|headers, _| set(headers, "ce_id", b"\xe9"));
    changed("two ids", &|headers, _| headers.push(header("ce-id", "2")));
    changed("three ids, one not UTF-8", &|headers, _| {
        headers.extend([header("CE_ID", b"\xff"), header("ce-id", "2"), header("ce_time", b"\xff")]);
    });
    changed("an id without a value", &|headers, _| {
        headers.retain(|(name, _)| name != "ce_id");
        headers.push(("ce_id".to_owned(), None));
    });
    for name in ["specversion", "id", "source", "type", "subject", "time"] {
        changed(&format!("no {name}"), &|headers, _| headers.retain(|(known, _)| *known != format!("ce_{name}")));
    }
    for body in [&b""[..], b"[]", b"7", b"null", b"{", b"{}", b"{\"unit\":1,\"unit\":2}", b"{\"unit\":\"\xff\"}"] {
        changed(&format!("body {:?}", String::from_utf8_lossy(body)), &|_, held| *held = body.to_vec());
    }
    for (kind, pointer, written) in [
        ("nilreturn", "/data/period", "\"2020-Q2\""),
        ("formtotal", "/data/period", "\"2020-Q2\""),
        ("formtotal", "/data/period", "\"2020-H1\""),
        ("formtotal", "/data/totals", "{\"land_other_m2\":0.001,\"participants\":\"7\",\"extra\":{}}"),
    ] {
        let payload = with(&event(kind), pointer, Some(written)).into_bytes();
        all.push((format!("{kind} {pointer} {written}"), Headers::new(), payload));
    }
    all
}

/// What becomes of each of them; also of a tombstone, and by a calendar that ends.
pub fn messages() -> String {
    let mut judge = Judge::new();
    let mut text = String::new();
    for (name, headers, payload) in whole() {
        writeln!(text, "{name}  ->  {}", judge.verdict(&headers, Some(&payload))).unwrap();
    }
    writeln!(text, "a tombstone  ->  {}", judge.verdict(&Headers::new(), None)).unwrap();
    let (headers, _) = binary(&event("petition"), "ce_");
    writeln!(text, "a tombstone with headers  ->  {}", judge.verdict(&headers, None)).unwrap();
    let mut judge = Judge::with_a_short_calendar();
    for kind in KINDS {
        let event = event(kind).to_string();
        let verdict = judge.verdict(&Headers::new(), Some(event.as_bytes()));
        writeln!(text, "{kind} by a calendar that ends on 2020-03-04  ->  {verdict}").unwrap();
    }
    text
}

/// All of them, to be sent unchecked.
pub fn bad() -> Vec<Raw> {
    let mut number = 0;
    let messages = whole().into_iter().map(|(name, mut headers, payload)| {
        number += 1;
        headers.push(header("what", name.replace(ALLOWED, "allowed")));
        Raw { key: Some(format!("k{number}").into_bytes()), headers, payload }
    });
    messages.collect()
}

/// The codes that no message by itself can have.
const OF_FILES: [&str; 6] =
    ["file.empty", "csv.columns", "csv.quote_unclosed", "csv.quote_misplaced", "delivery.failed", "cell.unreadable"];

/// Fails where a code has no message here.
pub fn assert_every_code_is_met() {
    let text = fields() + &numbers() + &messages();
    for code in codes().into_iter().filter(|code| !OF_FILES.contains(code)) {
        assert!(text.contains(&format!("{code} ")) || text.contains(&format!("{code}\n")), "no message has {code}");
    }
}

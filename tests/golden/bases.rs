//! Events that keep every rule, to be spoilt or sent as they are.

use serde_json::Value;

use crate::harness::events::{KINDS, event};

/// The event with that JSON, as it is written, at a pointer; `None` takes the member out.
pub fn with(event: &Value, pointer: &str, written: Option<&str>) -> String {
    const PLACE: &str = "here it goes";
    let mut event = event.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let object = event.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match written {
        None => object.remove(name),
        Some(_) => object.insert(name.to_owned(), PLACE.into()),
    };
    event.to_string().replace(&format!("\"{PLACE}\""), written.unwrap_or_default())
}

/// Values that are hard to write in one form only, each taken as an unknown field of `data`.
pub const HARD: [&str; 24] = [
    r#""\u0000\u001f\b\f\n\r\t\"\\\/""#,
    r#""\ud83d\ude00 😀 \u20ac €""#,
    r#""e\u0301 é \u2028\ufeff\u007f\u0080""#,
    r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude02":5,"\u0080":6,"\u00f6":7,"":8}"#,
    r#"[null,true,false,[],{},[[]],{"a":{"b":[{"c":null}]}}]"#,
    "[0,-0,-0.0,0e5,0.0]",
    "[1e21,1E30,1e-7,1e-6,0.000001,123456789012345680000,1234567890123456789012]",
    "[4.50,2e-3,12.5e1,1250e-2,100e-2]",
    "[0.1,0.2,0.30000000000000004,333333333.33333329]",
    "[5e-324,4.9e-324,2.2250738585072014e-308,1.7976931348623157e308,1e-400]",
    "[9007199254740991,9007199254740992,9007199254740993,-9007199254740993]",
    "[18446744073709551615,18446744073709551616,9223372036854775807,-9223372036854775808]",
    "0.000000000000000000000000001",
    "0.99999999999999999999",
    "12.3400000000000000001",
    "295147905179352830000",
    "-1.5e-10",
    "1E+2",
    r#"{"b":1,"a":{"d":1,"c":2}}"#,
    "[ 1 ,\t2 ,\n3 ]",
    r#""""#,
    "null",
    "true",
    r#""</script>\u003c\u2029""#,
];

/// Events of every type that change figures: two for each, one of them corrected or withdrawn; hard values; cases
/// that outlive their unit.
pub fn good() -> Vec<String> {
    let mut events = Vec::new();
    let send = |kind: &str, changes: &[(&str, &str)]| {
        let mut event = event(kind);
        for (pointer, written) in changes {
            event = serde_json::from_str(&with(&event, pointer, Some(written))).unwrap();
        }
        event
    };
    let send_thrice = |kind: &str, events: &mut Vec<String>| {
        for number in 0..3 {
            let subject = format!("\"G-{kind}-{number}\"");
            let first = send(kind, &[("/subject", &subject), ("/id", &subject), ("/synthetic", "true")]);
            events.push(first.to_string());
            match number {
                1 => events.push(with(&first, "/revision", Some("2"))),
                2 => {
                    let source = first["source"].to_string();
                    let withdrawn = [
                        ("/subject", subject.as_str()),
                        ("/source", &source),
                        ("/revision", "7"),
                        ("/partitionkey", "\"00004\""),
                    ];
                    events.push(send("withdrawal", &withdrawn).to_string());
                }
                _ => {}
            }
        }
    };
    for kind in KINDS.into_iter().filter(|kind| !["withdrawal", "formtotal"].contains(kind)) {
        send_thrice(kind, &mut events);
    }
    // Equal revisions that say different things: the digest decides.
    for count in 1..=4 {
        let changes = [("/subject", "\"G-equal\""), ("/data/count", &count.to_string())];
        events.push(send("activity", &changes).to_string());
    }
    for (number, hard) in HARD.iter().enumerate() {
        let event = send("supervision", &[("/subject", &format!("\"G-hard-{number}\""))]);
        events.push(with(&event, "/data/extra", Some(&hard.replace('\n', " "))));
    }
    // Found in a unit of 2020, resolved when it was another's or nobody's.
    for (number, (unit, found, resolved)) in [
        ("00004", "2020-03-04", "2025-08-01"),
        ("00004", "2025-06-30", "2025-07-01"),
        ("00004", "2025-07-01", "2025-09-30"),
        ("001", "2020-12-14", "2025-07-15"),
        ("01", "2020-12-31", "2025-07-02"),
        ("00334", "2020-01-01", "2025-07-20"),
    ]
    .into_iter()
    .enumerate()
    {
        let changes = [
            ("/subject", format!("\"G-later-{number}\"")),
            ("/time", "\"2025-10-01T00:00:00Z\"".to_owned()),
            ("/source", format!("\"/units/{unit}\"")),
            ("/data/unit", format!("\"{unit}\"")),
            ("/data/detected_on", format!("\"{found}\"")),
            ("/data/resolved_on", format!("\"{resolved}\"")),
        ];
        let changes: Vec<(&str, &str)> =
            changes.iter().map(|(pointer, written)| (*pointer, written.as_str())).collect();
        events.push(send("violation", &changes).to_string());
    }
    send_thrice("formtotal", &mut events);
    events
}

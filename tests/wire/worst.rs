//! The work for a message is bounded, whatever somebody sends: the worst 64 KiB of every kind.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use giaoban::text::Lang;
use giaoban::wire::{Admission, Decoder, Message};
use serde_json::json;

use crate::{KINDS, event, rules, with};

const MOST: usize = 64 << 10;

/// No message may take longer to be judged and to have its errors written. Without optimization it takes some ten times
/// as long as in the program; what is wrong in kind (a search over the whole text) takes hundreds of times as long.
const LONGEST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 200 } else { 5 });

type Headers = Vec<(String, Option<Vec<u8>>)>;

/// What else runs on the machine is not a message's fault.
const TRIES: usize = 20;

/// How long a message takes: the first time within the limit, else the shortest.
fn time(headers: &Headers, payload: &[u8]) -> Duration {
    let headers: Vec<(&str, Option<&[u8]>)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    let message = Message { key: None, headers: &headers, payload: Some(payload) };
    let mut decoder = Decoder::new();
    let admission = Admission::new().with_system("urn:system 001 00004").unwrap();
    let once = |decoder: &mut Decoder| {
        let begun = Instant::now();
        if let Err(errors) = decoder.decode(&message, rules(), &admission) {
            assert!(errors.len() < 64, "{} errors", errors.len());
            let written: usize = errors.iter().map(|error| error.message(Lang::Vi).len()).sum();
            assert!(written < 3 * MOST, "{written} bytes of errors");
        }
        begun.elapsed()
    };
    let mut best = Duration::MAX;
    for _ in 0..TRIES {
        best = best.min(once(&mut decoder));
        if best <= LONGEST {
            break;
        }
    }
    best
}

/// As often as it fits.
fn filled(begin: &str, part: impl Fn(usize) -> String, end: &str) -> Vec<u8> {
    let mut text = begin.to_owned();
    for number in 0.. {
        let next = part(number);
        if text.len() + next.len() + end.len() + 100 > MOST {
            break;
        }
        text += &next;
    }
    text.push_str(end);
    text.into_bytes()
}

/// Every kind of message, each as large as may be.
fn worst() -> Vec<(String, Headers, Vec<u8>)> {
    let mut all: Vec<(String, Headers, Vec<u8>)> = Vec::new();
    let long = |letter: &str, bytes: usize| letter.repeat(bytes / letter.len());
    for kind in KINDS {
        let event = event(kind);
        let room = MOST - event.to_string().len() - 300;
        let mut pointers: Vec<String> =
            event["data"].as_object().unwrap().keys().map(|name| format!("/data/{name}")).collect();
        pointers.extend(
            ["id", "source", "type", "subject", "time", "revision", "partitionkey", "synthetic"]
                .map(|name| format!("/{name}")),
        );
        for pointer in &pointers {
            for letter in ["A", "0", "ế", "\u{202e}", "\\", "\u{0}"] {
                let escaped = json!(letter).to_string().len() - 2;
                let text = long(letter, room / escaped * letter.len());
                all.push((
                    format!("{kind} {pointer} {letter:?}"),
                    Headers::new(),
                    with(event.clone(), pointer, json!(text)).to_string().into_bytes(),
                ));
            }
            for (name, value) in [("a long list", json!(vec![0; room / 2])), ("digits", json!(1))] {
                let text = with(event.clone(), pointer, value).to_string();
                let text = if name == "digits" {
                    let last = pointer.rsplit('/').next().unwrap();
                    text.replacen(&format!("\"{last}\":1"), &format!("\"{last}\":{}", "1".repeat(room)), 1)
                } else {
                    text
                };
                all.push((format!("{kind} {pointer} {name}"), Headers::new(), text.into_bytes()));
            }
        }
        let source = with(event.clone(), "/source", json!(format!("/units/{}", "A".repeat(room)))).to_string();
        all.push((format!("{kind} of a unit of a long code"), Headers::new(), source.into_bytes()));
        // A unit for which the source may not speak, with all that this asks for.
        for source in ["/units/01", "/units/00006", "urn:system", "/units/AAAAAAAAAAAAAAA"] {
            let text = with(event.clone(), "/source", json!(source)).to_string();
            all.push((format!("{kind} by {source}"), Headers::new(), text.into_bytes()));
        }
        let text = event.to_string();
        let (head, tail) = text.split_at(text.find("\"data\":{").unwrap() + "\"data\":{".len());
        type Part = fn(usize) -> String;
        let parts: [(&str, Part); 8] = [
            ("members", |n| format!("\"{n:x}\":0,")),
            ("members the other way", |n| format!("\"{:x}\":0,", 99_999 - n)),
            ("members twice", |n| format!("\"{:x}\":0,", n % 6000)),
            ("numbers", |n| format!("\"n{n:x}\":{n}.{n}e-{},", n % 300)),
            ("texts", |n| format!("\"n{n:x}\":\"\\u0001\\ud83d\\ude00\",")),
            ("lists", |n| format!("\"n{n:x}\":{}{},", "[".repeat(120), "]".repeat(120))),
            ("objects", |n| format!("\"n{n:x}\":{}0{},", "{\"a\":".repeat(60), "}".repeat(60))),
            ("tiny numbers", |n| format!("\"n{n:x}\":4.9e-324,")),
        ];
        for (name, part) in parts {
            all.push((format!("{kind} with {name}"), Headers::new(), filled(head, part, tail)));
            all.push((format!("{kind} beside {name}"), Headers::new(), filled("{", part, &text[1..])));
        }
    }
    let number = |begin: &str| format!("{{\"a\":{begin}{}", "1".repeat(MOST - 100));
    for text in [number(""), number("0."), number("1e"), number("-"), number("1e-")] {
        all.push(("a number".to_owned(), Headers::new(), (text + "}").into_bytes()));
    }
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[", ""), ("\"", ""), ("\\", ""), ("{\"", "")] {
        let text =
            open.repeat(MOST / (open.len() + close.len()) - 1) + &close.repeat(MOST / (open.len() + close.len()) - 1);
        all.push((format!("{open:?} and {close:?}"), Headers::new(), text.into_bytes()));
    }
    for byte in [b' ', b'\n', b'\xff', b'\0', b'"', b'{'] {
        all.push((format!("0x{byte:02x}"), Headers::new(), vec![byte; MOST]));
    }
    all.extend(of_headers());
    all
}

/// Messages whose headers are what is large.
fn of_headers() -> Vec<(String, Headers, Vec<u8>)> {
    let event = event("supervision");
    let body = event["data"].to_string().into_bytes();
    let mut own: Headers = Vec::new();
    for (name, value) in event.as_object().unwrap().iter().filter(|(name, _)| *name != "data") {
        let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        own.push((format!("ce_{name}"), Some(text.into_bytes())));
    }
    let mut all = Vec::new();
    type Name = fn(usize) -> String;
    let names: [(&str, Name); 4] = [
        ("each another", |n| format!("ce_{n:x}")),
        ("few names", |n| format!("ce_{:x}", n % 3)),
        ("twice each", |n| format!("CE_{:x}", n / 2)),
        ("others", |n| format!("{n:x}")),
    ];
    for (what, name) in names {
        for value in [&b""[..], b"\xff"] {
            let mut headers = own.clone();
            let mut bytes = body.len() + 600;
            for number in 0.. {
                let name = name(number);
                bytes += name.len() + value.len();
                if bytes > MOST {
                    break;
                }
                headers.push((name, Some(value.to_vec())));
            }
            all.push((format!("headers, {what}, {value:?}"), headers, body.clone()));
        }
    }
    for name in ["ce_subject", "ce_source", "ce_type", "ce_time", "ce_partitionkey", "ce_revision", "content-type"] {
        for value in ["A", "%41", "\"", "1", "ế"] {
            let mut headers = own.clone();
            headers.retain(|(known, _)| known != name);
            headers.push((name.to_owned(), Some(value.repeat((MOST - 1000) / value.len()).into_bytes())));
            all.push((format!("{name} of {value:?}"), headers, body.clone()));
        }
    }
    all
}

#[test]
fn the_worst_message_of_every_kind_is_judged_in_no_time() {
    let mut slow = String::new();
    let mut most = (Duration::ZERO, String::new());
    for (name, headers, payload) in worst() {
        let took = time(&headers, &payload);
        if took > LONGEST {
            writeln!(slow, "{took:?} {name}").unwrap();
        }
        most = most.max((took, name));
    }
    println!("{:?} {}", most.0, most.1);
    assert!(slow.is_empty(), "longer than {LONGEST:?}:\n{slow}");
}

//! The canonical form of JSON (RFC 8785), and the digest that is made of it.

use std::cmp::Ordering;
use std::io::Write as _;

use sha2::{Digest as _, Sha256};

use super::decimal::double;
use super::json::{Document, Json, Members, Span, Value};
use super::plain::plain_bytes;
use crate::domain::Digest;

/// Largest integer up to which every integer is its own double.
const MAX_SAFE_INTEGER: u64 = 1 << 53;

/// Writes canonical forms (RFC 8785); keeps its room from one to the next.
#[derive(Debug, Default)]
pub struct Canonical {
    text: Vec<u8>,
    /// Whether numbers stay as they are written, which is not the canonical form.
    keeps_numbers: bool,
    /// Members of the objects that are being written, each object's in order: how a name begins, and the place.
    order: Vec<(u64, usize)>,
}

impl Canonical {
    /// Writes the canonical form but for numbers, which stay as they are written.
    pub(super) fn keeping_numbers() -> Self {
        Self { keeps_numbers: true, ..Self::default() }
    }

    /// The canonical form. Numbers are IEEE 754 doubles there, so that an integer
    /// beyond 2^53 is written as the double nearest to it.
    pub fn of(&mut self, json: Json<'_>) -> &[u8] {
        self.text.clear();
        self.write(json);
        &self.text
    }

    /// SHA-256 of the canonical form of `{"data":…,"type":…}`.
    pub fn digest(&mut self, event_type: &str, data: Json<'_>) -> Digest {
        self.text.clear();
        self.text.extend_from_slice(b"{\"data\":");
        self.write(data);
        self.text.extend_from_slice(b",\"type\":");
        write_string(event_type, &mut self.text);
        self.text.push(b'}');
        Digest(Sha256::digest(&self.text).into())
    }

    fn write(&mut self, json: Json<'_>) {
        let out = &mut self.text;
        match json {
            Json::Null => out.extend_from_slice(b"null"),
            Json::Bool(true) => out.extend_from_slice(b"true"),
            Json::Bool(false) => out.extend_from_slice(b"false"),
            Json::Int(number) if self.keeps_numbers || number.unsigned_abs() <= MAX_SAFE_INTEGER => {
                self.write_integer(number);
            }
            Json::Int(number) => write_double(number as f64, out),
            Json::Big(number) if self.keeps_numbers => self.write_integer(number),
            Json::Big(number) => write_double(number as f64, out),
            Json::Float(text) if self.keeps_numbers => out.extend_from_slice(text.as_bytes()),
            Json::Float(text) => write_double(double(text), out),
            Json::Str(text) => write_string(text, out),
            Json::Array(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        self.text.push(b',');
                    }
                    self.write(item);
                }
                self.text.push(b']');
            }
            Json::Object(members) => self.write_object(members),
        }
    }

    fn write_object(&mut self, members: Members<'_>) {
        let (document, begin) = (members.document(), self.order.len());
        let name = |place| document.name(place);
        self.order.extend(members.places().map(|place| (head(document.head(place)), place)));
        self.order[begin..]
            .sort_unstable_by(|(a, at), (b, bt)| a.cmp(b).then_with(|| utf16_order(name(*at), name(*bt))));
        self.text.push(b'{');
        for index in begin..self.order.len() {
            let place = self.order[index].1;
            let node = document.node(place);
            if index > begin {
                self.text.push(b',');
            }
            if let Value::Str(span) = node.value
                && let Some(both) = document.quoted_pair(node.name, span)
            {
                self.text.extend_from_slice(both);
                continue;
            }
            self.write_text(document, node.name);
            self.text.push(b':');
            match node.value {
                Value::Str(span) => self.write_text(document, span),
                Value::Int(number) if number.unsigned_abs() <= MAX_SAFE_INTEGER => self.write_integer(number),
                _ => self.write(document.json(place)),
            }
        }
        self.text.push(b'}');
        self.order.truncate(begin);
    }

    fn write_integer(&mut self, number: impl itoa::Integer) {
        self.text.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    fn write_text(&mut self, document: &Document, span: Span) {
        match document.quoted(span) {
            Some(quoted) => self.text.extend_from_slice(quoted),
            None => write_string(document.text(span), &mut self.text),
        }
    }
}

/// A number as ECMAScript writes it, and so RFC 8785.
pub fn double_text(number: f64) -> String {
    ryu_js::Buffer::new().format(number).to_owned()
}

fn write_double(number: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(ryu_js::Buffer::new().format(number).as_bytes());
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    let (plain, rest) = text.as_bytes().split_at(plain_bytes(text.as_bytes()));
    out.push(b'"');
    out.extend_from_slice(plain);
    for byte in rest {
        match *byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x09 => out.extend_from_slice(b"\\t"),
            0x0a => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            0x0d => out.extend_from_slice(b"\\r"),
            other if other < 0x20 => {
                let _ = write!(out, "\\u{other:04x}");
            }
            other => out.push(other),
        }
    }
    out.push(b'"');
}

/// The order of UTF-16 code units, found in UTF-8: it is the order of the bytes,
/// but for U+E000 to U+FFFF (first byte 0xEE or 0xEF), which UTF-16 sorts after
/// all that it writes with surrogates (first byte 0xF0 and up).
pub(super) fn utf16_order(a: &str, b: &str) -> Ordering {
    a.bytes().map(rank).cmp(b.bytes().map(rank))
}

fn rank(byte: u8) -> u8 {
    if matches!(byte, 0xee | 0xef) { byte | 0x10 } else { byte }
}

/// The first eight bytes of a name as a number of the same order.
fn head(first: [u8; 8]) -> u64 {
    u64::from_be_bytes(if first.is_ascii() { first } else { first.map(rank) })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value as Tree;

    /// Lists and objects of these leaves; objects have up to `most` members with such names.
    pub(in crate::wire) fn nested(
        leaf: impl Strategy<Value = Tree> + 'static,
        depth: u32,
        (names, most): (&'static str, usize),
    ) -> impl Strategy<Value = Tree> {
        leaf.prop_recursive(depth, 64, 8, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
                prop::collection::vec((names, inner), 0..most)
                    .prop_map(|members| Tree::Object(members.into_iter().collect())),
            ]
        })
    }

    fn canonical_text(text: &str) -> String {
        Document::default().read(text).unwrap().to_string()
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<u64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            (-2_000_000_000_000i64..2_000_000_000_000).prop_map(|n| (n as f64 / 100.0).into()),
            any::<String>().prop_map(Into::into),
            "[\u{0}-\u{40}\\\\\u{7f}-\u{100}\u{d000}-\u{10ffff}]{0,12}".prop_map(Into::into),
        ];
        nested(leaf, 6, ("[a-c\"\u{d7f0}-\u{10ffff}]{0,3}", 8))
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_that_of_the_reference(value in any_json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            prop_assert_eq!(canonical_text(&text), serde_json_canonicalizer::to_string(&value).unwrap());
        }

        #[test]
        fn names_sort_as_utf16(a in "[a\u{d7f0}-\u{d7ff}\u{e000}-\u{10ffff}]{0,4}", b in "[a\u{d7f0}-\u{d7ff}\u{e000}-\u{10ffff}]{0,4}") {
            let order = a.encode_utf16().cmp(b.encode_utf16());
            prop_assert_eq!(utf16_order(&a, &b), order);
            let head = |name: &str| {
                let mut document = Document::default();
                document.read(&format!("{{\"{name}\":1}}")).unwrap();
                head(document.head(1))
            };
            prop_assert!(head(&a).cmp(&head(&b)).is_eq() || head(&a).cmp(&head(&b)) == order);
        }
    }

    #[test]
    fn the_example_of_rfc_8785_is_written_as_there() {
        let text = r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
            "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#;
        assert_eq!(
            canonical_text(text),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
             \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
        assert_eq!(
            canonical_text("[-0, 9007199254740993, 18446744073709551615]"),
            "[0,9007199254740992,18446744073709552000]"
        );
    }
}

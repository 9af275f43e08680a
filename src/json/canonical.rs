//! The canonical form of JSON (RFC 8785).

use std::cmp::Ordering;
use std::fmt;

use super::document::{Json, JsonAt, Members};
use super::number::Number;

/// Appends the canonical form. Numbers are IEEE 754 doubles there, so that an integer beyond 2^53 is written as the
/// double nearest to it.
pub fn write_canonical(json: Json<'_>, out: &mut Vec<u8>) {
    write(json, write_number, out);
}

/// Appends a text in its canonical form.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    let escapes = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    if text.bytes().fold(false, |any, byte| any | escapes(byte)) {
        // serde_json escapes what RFC 8785 escapes, and writing to a Vec cannot fail.
        let _ = serde_json::to_writer(out, text);
    } else {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    }
}

impl fmt::Display for Json<'_> {
    /// The canonical form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        write_canonical(*self, &mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

impl fmt::Display for JsonAt<'_> {
    /// The canonical form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.json().fmt(f)
    }
}

impl JsonAt<'_> {
    /// The canonical form but for numbers, which stay as they are written.
    pub fn written(self) -> String {
        let mut out = Vec::new();
        write(self.json(), |number, out| out.extend_from_slice(number.as_str().as_bytes()), &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// A number as ECMAScript writes it, and so RFC 8785.
pub fn double_text(number: f64) -> String {
    ryu_js::Buffer::new().format(number).to_owned()
}

fn write(json: Json<'_>, number: fn(Number<'_>, &mut Vec<u8>), out: &mut Vec<u8>) {
    match json {
        Json::Null => out.extend_from_slice(b"null"),
        Json::Bool(true) => out.extend_from_slice(b"true"),
        Json::Bool(false) => out.extend_from_slice(b"false"),
        Json::Number(written) => number(written, out),
        Json::Str(text) => write_text(text, out),
        Json::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, number, out);
            }
            out.push(b']');
        }
        Json::Object(members) => {
            out.push(b'{');
            for (index, member) in in_order(members).into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_text(member.name(), out);
                out.push(b':');
                write(member.json(), number, out);
            }
            out.push(b'}');
        }
    }
}

fn write_number(number: Number<'_>, out: &mut Vec<u8>) {
    if number.is_small_integer() {
        out.extend_from_slice(number.as_str().as_bytes());
    } else {
        out.extend_from_slice(ryu_js::Buffer::new().format(number.to_f64()).as_bytes());
    }
}

/// Members in the order of their names' UTF-16 code units.
pub(super) fn in_order(members: Members<'_>) -> Vec<JsonAt<'_>> {
    let mut keyed: Vec<(u64, JsonAt<'_>)> = members.iter().map(|member| (head(member.name()), member)).collect();
    keyed.sort_unstable_by(|(a, at), (b, bt)| a.cmp(b).then_with(|| utf16_order(at.name(), bt.name())));
    keyed.into_iter().map(|(_, member)| member).collect()
}

/// The order of UTF-16 code units, found in UTF-8: it is the order of the bytes,
/// but for U+E000 to U+FFFF (first byte 0xEE or 0xEF), which UTF-16 sorts after
/// all that it writes with surrogates (first byte 0xF0 and up).
fn utf16_order(a: &str, b: &str) -> Ordering {
    a.bytes().map(rank).cmp(b.bytes().map(rank))
}

fn rank(byte: u8) -> u8 {
    if matches!(byte, 0xee | 0xef) { byte | 0x10 } else { byte }
}

/// The first eight bytes of a name as a number of the same order.
fn head(name: &str) -> u64 {
    let mut first = [0; 8];
    first.iter_mut().zip(name.bytes()).for_each(|(to, byte)| *to = rank(byte));
    u64::from_be_bytes(first)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::json::JsonDocument;
    use proptest::prelude::*;

    /// Lists and objects of these leaves; objects have up to `most` members with such names.
    pub(in crate::json) fn nested(
        leaf: impl Strategy<Value = serde_json::Value> + 'static,
        depth: u32,
        (names, most): (&'static str, usize),
    ) -> impl Strategy<Value = serde_json::Value> {
        leaf.prop_recursive(depth, 64, 8, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
                prop::collection::vec((names, inner), 0..most)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn canonical_text(text: &str) -> String {
        JsonDocument::default().read(text).unwrap().to_string()
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
            prop_assert_eq!(utf16_order(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
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

//! JSON as it stands in a message: read in one pass, borrowed from the text,
//! and written in its canonical form (RFC 8785), of which the digest is made.
//!
//! Members are sorted when an object is read, so that the canonical form is one
//! walk and a name that stands twice lies beside itself. Knows nothing of events.

use std::borrow::Cow;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;
use std::io::Write as _;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use sha2::{Digest as _, Sha256};

use crate::domain::Digest;

/// Largest integer up to which every integer is its own double.
const MAX_SAFE_INTEGER: u64 = 1 << 53;

/// A member of an object.
pub type Member<'a> = (Cow<'a, str>, Json<'a>);

/// A JSON value, borrowed from its text where it has no escapes.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number written without fraction and exponent.
    Int(i64),
    /// Such a number from 2^63 to 2^64 − 1.
    Big(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    Str(Cow<'a, str>),
    /// A list.
    Array(Vec<Json<'a>>),
    /// Members in the order of RFC 8785, no name twice.
    Object(Vec<Member<'a>>),
}

/// Why a text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// Broken at that line and column (1-based), and how.
    Syntax(String),
    /// Nested more than 128 deep.
    TooDeep,
    /// An object has a name twice: the pointer to it.
    DuplicateKey(String),
}

impl<'a> Json<'a> {
    /// Reads one JSON text, with nothing but white space after it.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        let duplicate = RefCell::new(None);
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let parsed = Reader { duplicate: &duplicate }
            .deserialize(&mut deserializer)
            .and_then(|json| deserializer.end().map(|()| json));
        parsed.map_err(|error| match duplicate.into_inner() {
            Some(mut path) => {
                path.reverse();
                JsonError::DuplicateKey(path.concat())
            }
            None if error.to_string().starts_with("recursion limit") => JsonError::TooDeep,
            None => JsonError::Syntax(error.to_string()),
        })
    }

    /// The member of an object; `None` where it is absent or `null`, and for what is no object.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        match self {
            Self::Object(members) => member(members, name),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Json<'_> {
    /// The canonical form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        canonical(self, &mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

/// The member of that name; `None` where it is absent or `null`.
pub fn member<'j, 'a>(members: &'j [Member<'a>], name: &str) -> Option<&'j Json<'a>> {
    members.iter().find(|(key, _)| key == name).map(|(_, value)| value).filter(|value| !matches!(value, Json::Null))
}

/// SHA-256 of the canonical form of `{"data":…,"type":…}`; `buffer` is overwritten.
pub fn digest(event_type: &str, data: &Json<'_>, buffer: &mut Vec<u8>) -> Digest {
    buffer.clear();
    buffer.extend_from_slice(b"{\"data\":");
    canonical(data, buffer);
    buffer.extend_from_slice(b",\"type\":");
    write_string(event_type, buffer);
    buffer.push(b'}');
    Digest(Sha256::digest(&buffer).into())
}

/// Appends the canonical form (RFC 8785). Numbers are IEEE 754 doubles there,
/// so that an integer beyond 2^53 is written as the double nearest to it.
pub fn canonical(json: &Json<'_>, out: &mut Vec<u8>) {
    match json {
        Json::Null => out.extend_from_slice(b"null"),
        Json::Bool(true) => out.extend_from_slice(b"true"),
        Json::Bool(false) => out.extend_from_slice(b"false"),
        Json::Int(number) if number.unsigned_abs() <= MAX_SAFE_INTEGER => {
            // Writing to a Vec cannot fail.
            let _ = write!(out, "{number}");
        }
        Json::Int(number) => write_double(*number as f64, out),
        Json::Big(number) => write_double(*number as f64, out),
        Json::Float(number) => write_double(*number, out),
        Json::Str(text) => write_string(text, out),
        Json::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                canonical(item, out);
            }
            out.push(b']');
        }
        Json::Object(members) => {
            out.push(b'{');
            for (index, (name, value)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_string(name, out);
                out.push(b':');
                canonical(value, out);
            }
            out.push(b'}');
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
    let escaped = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    out.push(b'"');
    // A fold looks at many bytes in one step, where a search stops at each.
    if !text.bytes().fold(false, |any, byte| any | escaped(byte)) {
        out.extend_from_slice(text.as_bytes());
    } else {
        for byte in text.bytes() {
            match byte {
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
    }
    out.push(b'"');
}

/// The order of UTF-16 code units, found in UTF-8: it is the order of the bytes,
/// but for U+E000 to U+FFFF (first byte 0xEE or 0xEF), which UTF-16 sorts after
/// all that it writes with surrogates (first byte 0xF0 and up).
fn utf16_order(a: &str, b: &str) -> Ordering {
    let rank = |byte: u8| if matches!(byte, 0xee | 0xef) { byte | 0x10 } else { byte };
    let (a, b) = (a.as_bytes(), b.as_bytes());
    match a.iter().zip(b).find(|(x, y)| x != y) {
        Some((x, y)) => rank(*x).cmp(&rank(*y)),
        None => a.len().cmp(&b.len()),
    }
}

/// Appends a name or index to a pointer (RFC 6901).
fn pointer_part(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Reads a value; where a name stands twice, leaves the way to it, innermost first.
#[derive(Clone, Copy)]
struct Reader<'r> {
    duplicate: &'r RefCell<Option<Vec<String>>>,
}

impl Reader<'_> {
    /// On the way out of an error, what led to it.
    fn leave<E>(self, part: impl FnOnce() -> String) -> impl FnOnce(E) -> E {
        move |error| {
            if let Some(path) = self.duplicate.borrow_mut().as_mut() {
                path.push(part());
            }
            error
        }
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(i64::try_from(value).map_or(Json::Big(value), Json::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Str(Cow::Owned(value.to_owned())))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Str(Cow::Borrowed(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) =
            seq.next_element_seed(self).map_err(self.leave(|| pointer_part(&items.len().to_string())))?
        {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let mut members: Vec<Member<'de>> = Vec::new();
        while let Some(name) = map.next_key_seed(Name)? {
            let value = map.next_value_seed(self).map_err(self.leave(|| pointer_part(&name)))?;
            if members.capacity() == 0 {
                members.reserve(12);
            }
            members.push((name, value));
        }
        members.sort_unstable_by(|(a, _), (b, _)| utf16_order(a, b));
        if let Some(pair) = members.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            *self.duplicate.borrow_mut() = Some(vec![pointer_part(&pair[0].0)]);
            return Err(A::Error::custom("duplicate key"));
        }
        Ok(Json::Object(members))
    }
}

/// Reads the name of a member.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, value: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(value.to_owned()))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canonical_text(text: &str) -> String {
        Json::parse(text).unwrap().to_string()
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
        leaf.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
                prop::collection::vec(("[a-c\"\u{d7f0}-\u{10ffff}]{0,3}", inner), 0..8)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
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

    #[test]
    fn a_name_that_stands_twice_is_pointed_at() {
        let duplicate = |text| Json::parse(text).unwrap_err();
        assert_eq!(duplicate(r#"{"a":1,"b":2,"a":3}"#), JsonError::DuplicateKey("/a".into()));
        assert_eq!(
            duplicate(r#"{"data":{"list":[1,{"x/y":1,"x\u002fy":2}]}}"#),
            JsonError::DuplicateKey("/data/list/1/x~1y".into())
        );
    }

    #[test]
    fn what_is_not_json_is_told_with_its_place() {
        assert_eq!(
            Json::parse("{\"a\":1,\n}").unwrap_err(),
            JsonError::Syntax("trailing comma at line 2 column 1".into())
        );
        assert!(matches!(Json::parse("{} {}").unwrap_err(), JsonError::Syntax(_)));
        assert_eq!(Json::parse(&"[".repeat(200)).unwrap_err(), JsonError::TooDeep);
    }
}

//! Any JSON text into a document, or why it is none.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::canonical::in_order;
use super::document::{Json, JsonDocument, NodeValue, Stretch};
use super::plain;

/// Why bytes are not JSON, or not such as has a canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// Broken at that line and column (1-based), and how.
    Syntax(String),
    /// A number that no double is near to, and where.
    NumberOutOfRange(String),
    /// Half of a character beyond U+FFFF (`\ud800`), and where.
    LoneSurrogate(String),
    /// Nested more than 127 deep.
    TooDeep,
    /// An object has a name twice: the pointer to it.
    DuplicateKey(String),
}

impl JsonDocument {
    /// Reads one JSON text, with nothing but white space after it, in the place of all that was read before.
    ///
    /// # Errors
    ///
    /// What is not JSON, and JSON that has no canonical form, is refused with its place.
    pub fn read(&mut self, text: &str) -> Result<Json<'_>, JsonError> {
        self.clear();
        let place = self.add(text)?;
        Ok(self.at(place).json())
    }

    /// Reads one more text: the place of its value.
    ///
    /// # Errors
    ///
    /// As [`JsonDocument::read`].
    pub fn add(&mut self, text: &str) -> Result<usize, JsonError> {
        let before = self.mark();
        match plain::read(text, self) {
            Some(place) => Ok(place),
            None => {
                self.go_back(before);
                self.add_any(text)
            }
        }
    }

    /// Reads any JSON, where only plain JSON is read faster.
    fn add_any(&mut self, text: &str) -> Result<usize, JsonError> {
        let (_, place) = self.mark();
        let duplicate = RefCell::new(None);
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let reader = Reader { document: self, name: Stretch::default(), duplicate: &duplicate };
        let read = reader.deserialize(&mut deserializer).and_then(|()| deserializer.end());
        read.map_err(|error| match duplicate.into_inner() {
            Some(mut path) => {
                path.reverse();
                JsonError::DuplicateKey(path.concat())
            }
            None => JsonError::of(&error),
        })?;
        // The reader's own numbers are not all that is written.
        self.set_numbers(place, numbers(text));
        Ok(place)
    }
}

impl JsonError {
    /// By the reader's message: it has no other way to distinguish these.
    fn of(error: &serde_json::Error) -> Self {
        let said = error.to_string();
        let (what, at) = said.rsplit_once(" at line ").unwrap_or((&said, ""));
        let place = format!("line {at}");
        match what {
            "recursion limit exceeded" => Self::TooDeep,
            "number out of range" => Self::NumberOutOfRange(place),
            // The second where the other half does not follow.
            "lone leading surrogate in hex escape" | "unexpected end of hex escape" => Self::LoneSurrogate(place),
            // In fewer words: the place behind them has to be seen where little is shown.
            "control character (\\u0000-\\u001F) found while parsing a string" => {
                Self::Syntax(format!("control character in a string at {place}"))
            }
            _ => Self::Syntax(said),
        }
    }
}

/// The numbers of a text that is JSON, in order.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let from = at;
            at += 1;
            match bytes.get(from)? {
                b'"' => {
                    while *bytes.get(at)? != b'"' {
                        at += if bytes[at] == b'\\' { 2 } else { 1 };
                    }
                    at += 1;
                }
                b'-' | b'0'..=b'9' => {
                    let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
                    at += bytes[at..].iter().take_while(is_part).count();
                    return text.get(from..at);
                }
                _ => {}
            }
        }
    })
}

/// A name or index as a part of a pointer (RFC 6901).
fn pointer_part(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Reads a value into a node; where a name stands twice, leaves the way to it, innermost first.
struct Reader<'r> {
    document: &'r mut JsonDocument,
    name: Stretch,
    duplicate: &'r RefCell<Option<Vec<String>>>,
}

impl Reader<'_> {
    fn set<E>(self, value: NodeValue) -> Result<(), E> {
        let place = self.document.open(self.name, value);
        self.document.close(place);
        Ok(())
    }

    /// The reader of a value that this one holds.
    fn within(&mut self, name: Stretch) -> Reader<'_> {
        Reader { document: self.document, name, duplicate: self.duplicate }
    }

    /// On the way out of an error, what led to it.
    fn leave<E>(&self, part: &str, error: E) -> E {
        if let Some(path) = self.duplicate.borrow_mut().as_mut() {
            path.push(pointer_part(part));
        }
        error
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.set(NodeValue::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.set(NodeValue::Bool(value))
    }

    // What is written is looked up once all is read.
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.set(NodeValue::Number(Stretch::default()))
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.set(NodeValue::Number(Stretch::default()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.set(NodeValue::Number(Stretch::default()))
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        let text = self.document.keep(value);
        self.set(NodeValue::Str(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let array = self.document.open(self.name, NodeValue::Array);
        let mut count = 0;
        loop {
            match seq.next_element_seed(self.within(Stretch::default())) {
                Ok(Some(())) => count += 1,
                Ok(None) => break,
                Err(error) => return Err(self.leave(&count.to_string(), error)),
            }
        }
        self.document.close(array);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let object = self.document.open(self.name, NodeValue::Object);
        while let Some(name) = map.next_key::<String>()? {
            let span = self.document.keep(&name);
            if let Err(error) = map.next_value_seed(self.within(span)) {
                return Err(self.leave(&name, error));
            }
        }
        self.document.close(object);
        let members = in_order(self.document.members(object));
        if let Some(pair) = members.windows(2).find(|pair| pair[0].name() == pair[1].name()) {
            *self.duplicate.borrow_mut() = Some(vec![pointer_part(pair[0].name())]);
            return Err(A::Error::custom("duplicate key"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::canonical::tests::nested;

    fn error(text: &str) -> JsonError {
        JsonDocument::default().read(text).unwrap_err()
    }

    /// JSON that is read without a look at escapes and exponents.
    fn plain_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            (-1_000..10_000_000_000_000_000_i64).prop_map(Into::into),
            (0..2_000_000_000_i64).prop_map(|number| (number as f64 / 100.0).into()),
            "[a-zữ\u{10ffff} ]{0,40}".prop_map(Into::into),
        ];
        nested(leaf, 10, ("[ab\u{e000}\u{10000}]{0,9}", 80))
    }

    proptest! {
        #[test]
        fn what_is_plain_is_read_alike(value in plain_json(), at in any::<prop::sample::Index>(), edit in "[{}\\[\\],:\"\\\\0-9eE.+\\-tfn \t\u{1}ữ]{0,2}", cut in 0..2usize) {
            let mut text: Vec<char> = value.to_string().chars().collect();
            let at = at.index(text.len());
            text.splice(at..(at + cut).min(text.len()), edit.chars());
            let text: String = text.into_iter().collect();
            let mut document = JsonDocument::default();
            let expected = document.add_any(&text).map(|place| document.at(place).written());
            let mut document = JsonDocument::default();
            prop_assert_eq!(document.add(&text).map(|place| document.at(place).written()), expected);
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_pointed_at() {
        assert_eq!(error(r#"{"a":1,"b":2,"a":3}"#), JsonError::DuplicateKey("/a".into()));
        assert_eq!(
            error(r#"{"data":{"list":[1,{"x/y":1,"x\u002fy":2}]}}"#),
            JsonError::DuplicateKey("/data/list/1/x~1y".into())
        );
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_place() {
        assert_eq!(error("{\"a\":1,\n}"), JsonError::Syntax("trailing comma at line 2 column 1".into()));
        assert!(matches!(error("{} {}"), JsonError::Syntax(_)));
        for text in ["\"a\u{1}\"", "[\"a\nb\"]"] {
            let JsonError::Syntax(said) = error(text) else { panic!("{text:?}") };
            assert!(said.starts_with("control character in a string at line "), "{said}");
        }
        assert_eq!(error(&"[".repeat(200)), JsonError::TooDeep);
        for (text, broken) in [
            ("[1e400]", JsonError::NumberOutOfRange("line 1 column 6".into())),
            ("[-1e400]", JsonError::NumberOutOfRange("line 1 column 7".into())),
            (r#"["\ud800"]"#, JsonError::LoneSurrogate("line 1 column 9".into())),
            (r#"["\ud800\n"]"#, JsonError::LoneSurrogate("line 1 column 10".into())),
            (r#"["\udc00"]"#, JsonError::LoneSurrogate("line 1 column 8".into())),
            (r#"["\ud800\u0041"]"#, JsonError::LoneSurrogate("line 1 column 14".into())),
            (r#"{"\ud800":1}"#, JsonError::LoneSurrogate("line 1 column 9".into())),
        ] {
            assert_eq!(error(text), broken, "{text}");
        }
        for text in [r#"["\ud8"]"#, r#"["\ud80g"]"#, r#"["\ud800"#, "[1e]", "[01]", "[1.]"] {
            assert!(matches!(error(text), JsonError::Syntax(_)), "{text}");
        }
    }

    #[test]
    fn a_number_stands_as_it_is_written() {
        let text =
            r#"{"a -1.5":[-0,1,1.50,"\"2.5",18446744073709551616,-2E-3,18446744073709551615],"b":0.10,"c":{"d":-7}}"#;
        let mut document = JsonDocument::default();
        document.read(text).unwrap();
        assert_eq!(document.at(0).written(), text);
    }
}

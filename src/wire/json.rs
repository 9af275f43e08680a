//! JSON as it stands in a message: read into one document and looked at in place.
//!
//! A document keeps its room from one message to the next: reading one asks for
//! no memory. Knows nothing of events.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::canonical::{Canonical, utf16_order};
use super::plain::{self, Marks};

/// JSON texts, each read into nodes: a value's node, then those of what it holds.
#[derive(Debug, Default)]
pub struct Document {
    /// Every text, one after the other.
    text: String,
    nodes: Nodes,
    marks: Marks,
}

/// Nodes, with room for more.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    room: Vec<Node>,
    used: usize,
}

/// A value with the name under which it stands, if it is a member.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Node {
    pub(super) name: Span,
    pub(super) value: Value,
    /// The node after all that it holds.
    pub(super) end: u32,
}

/// A stretch of a document's text, in bytes; a message is far smaller than 2 GB.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    from: u32,
    /// Its end, and above that whether it stands in quotes there, as it is written in its canonical form.
    to: u32,
}

impl Span {
    const QUOTED: u32 = 1 << 31;

    /// Not in quotes, or not as they would be written.
    pub(super) fn bare(from: usize, to: usize) -> Self {
        Self { from: from as u32, to: to as u32 & !Self::QUOTED }
    }

    /// In quotes, which are not part of it.
    pub(super) fn quoted(from: usize, to: usize) -> Self {
        Self { from: from as u32, to: to as u32 | Self::QUOTED }
    }

    fn is_quoted(self) -> bool {
        self.to & Self::QUOTED != 0
    }

    pub(super) fn range(self) -> std::ops::Range<usize> {
        self.from as usize..(self.to & !Self::QUOTED) as usize
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Big(u64),
    /// As it is written.
    Float(Span),
    Str(Span),
    Array,
    Object,
}

impl Nodes {
    /// One more node: its place.
    #[inline]
    pub(super) fn add(&mut self) -> usize {
        let place = self.used;
        if place == self.room.len() {
            self.room.resize(place * 2 + 32, Node::default());
        }
        self.used += 1;
        place
    }

    /// The place that the next node will have.
    pub(super) fn next(&self) -> usize {
        self.used
    }

    /// The node at that place.
    pub(super) fn at(&mut self, place: usize) -> &mut Node {
        &mut self.room[place]
    }

    /// All that it holds is read.
    pub(super) fn close(&mut self, place: usize) {
        self.room[place].end = self.used as u32;
    }
}

/// A JSON value of a document.
#[derive(Clone, Copy, Debug)]
pub enum Json<'d> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number written without fraction and exponent.
    Int(i64),
    /// Such a number from 2^63 to 2^64 − 1.
    Big(u64),
    /// Any other number, as it is written.
    Float(&'d str),
    /// Text.
    Str(&'d str),
    /// A list.
    Array(Items<'d>),
    /// Members as they stand, no name twice.
    Object(Members<'d>),
}

/// The values of a list.
#[derive(Clone, Copy, Debug)]
pub struct Items<'d>(Range<'d>);

/// The members of an object.
#[derive(Clone, Copy, Debug)]
pub struct Members<'d>(Range<'d>);

/// The places of nodes of one level, each with all that it holds.
#[derive(Clone, Copy, Debug)]
struct Range<'d> {
    document: &'d Document,
    from: usize,
    to: usize,
}

impl<'d> Iterator for Range<'d> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let place = self.from;
        self.from = self.document.nodes.room[..self.to].get(place)?.end as usize;
        Some(place)
    }
}

impl<'d> Items<'d> {
    /// Each value, in order.
    pub fn iter(self) -> impl Iterator<Item = Json<'d>> {
        self.0.map(move |place| self.0.document.json(place))
    }
}

/// A value where it stands, not looked into yet: cheaper to pass on than [`Json`].
#[derive(Clone, Copy, Debug)]
pub struct Found<'d> {
    document: &'d Document,
    place: usize,
}

impl<'d> Found<'d> {
    /// The value.
    pub fn json(self) -> Json<'d> {
        self.document.json(self.place)
    }

    /// The text of a string.
    pub fn as_str(self) -> Option<&'d str> {
        match self.document.node(self.place).value {
            Value::Str(span) => Some(self.document.text(span)),
            _ => None,
        }
    }

    /// The canonical form, but with numbers as they are written.
    pub(super) fn written(self) -> String {
        String::from_utf8_lossy(Canonical::keeping_numbers().of(self.json())).into_owned()
    }

    /// Itself, unless it is `null`, which is as if it were absent.
    pub(super) fn given(self) -> Option<Self> {
        (!matches!(self.document.node(self.place).value, Value::Null)).then_some(self)
    }
}

impl fmt::Display for Found<'_> {
    /// The canonical form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.json().fmt(f)
    }
}

impl<'d> Members<'d> {
    /// Where they are read.
    pub(super) fn document(self) -> &'d Document {
        self.0.document
    }

    /// The place of each member's node.
    pub(super) fn places(self) -> impl Iterator<Item = usize> {
        self.0
    }

    /// Each name and value, as they stand.
    pub fn iter(self) -> impl Iterator<Item = (&'d str, Found<'d>)> {
        let document = self.0.document;
        self.0.map(move |place| (document.name(place), Found { document, place }))
    }

    /// The value of that name; `None` where it is absent or `null`.
    pub fn get(self, name: &str) -> Option<Found<'d>> {
        let document = self.0.document;
        let place = { self.0 }.find(|place| document.is_named(*place, name))?;
        Found { document, place }.given()
    }

    /// The same, looked for first at the head of `rest`, which holds those that were not taken yet: where members
    /// stand in the order in which they are asked for, no other is looked at.
    pub fn take(self, name: &str, rest: &mut Self) -> Option<Found<'d>> {
        let document = self.0.document;
        let mut ahead = rest.0;
        // Where all are taken, it is none of them.
        let place = ahead.next()?;
        if !document.is_named(place, name) {
            return self.get(name);
        }
        rest.0 = ahead;
        Found { document, place }.given()
    }
}

/// Why a text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// Broken at that line and column (1-based), and how.
    Syntax(String),
    /// A number that no double is near to, and where.
    NumberOutOfRange(String),
    /// Half of a character beyond U+FFFF (`\ud800`), and where.
    LoneSurrogate(String),
    /// Nested more than 128 deep.
    TooDeep,
    /// An object has a name twice: the pointer to it.
    DuplicateKey(String),
}

impl Document {
    /// Reads one JSON text, with nothing but white space after it, in the place of all that was read before.
    pub fn read(&mut self, text: &str) -> Result<Json<'_>, JsonError> {
        self.clear();
        let place = self.add(text)?;
        Ok(self.at(place).json())
    }

    /// Forgets what was read; keeps the room.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.nodes.used = 0;
    }

    /// Reads one more text: the place of its value.
    pub(super) fn add(&mut self, text: &str) -> Result<usize, JsonError> {
        let (begin, place) = (self.text.len(), self.nodes.add());
        self.text.push_str(text);
        if plain::read(text, begin, &mut self.nodes, place, &mut self.marks).is_none() {
            self.text.truncate(begin);
            self.nodes.used = place + 1;
            self.add_any(text, place)?;
        }
        Ok(place)
    }

    /// Reads any JSON, where only plain JSON is read faster.
    fn add_any(&mut self, text: &str, place: usize) -> Result<(), JsonError> {
        let duplicate = RefCell::new(None);
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let reader = Reader { document: self, place, duplicate: &duplicate };
        let read = reader.deserialize(&mut deserializer).and_then(|()| deserializer.end());
        read.map_err(|error| match duplicate.into_inner() {
            Some(mut path) => {
                path.reverse();
                JsonError::DuplicateKey(path.concat())
            }
            None => JsonError::of(&error),
        })?;
        self.keep_numbers(text, place);
        Ok(())
    }

    /// What is more than an integer is kept as it is written: its double is not all that it says.
    fn keep_numbers(&mut self, text: &str, place: usize) {
        let mut written = numbers(text);
        for place in place..self.nodes.used {
            let value = self.nodes.at(place).value;
            if !matches!(value, Value::Int(_) | Value::Big(_) | Value::Float(_)) {
                continue;
            }
            let number = written.next().unwrap_or_default();
            if matches!(value, Value::Float(_)) {
                self.nodes.at(place).value = Value::Float(self.keep(number));
            }
        }
    }

    /// Adds an object of texts: its place.
    pub(super) fn add_texts<'t>(&mut self, members: impl IntoIterator<Item = (&'t str, &'t str)>) -> usize {
        let object = self.nodes.add();
        self.nodes.at(object).value = Value::Object;
        for (name, text) in members {
            let node = Node { name: self.keep(name), value: Value::Str(self.keep(text)), end: 0 };
            let place = self.nodes.add();
            *self.nodes.at(place) = node;
            self.nodes.close(place);
        }
        self.nodes.close(object);
        object
    }

    /// What stands at that place.
    pub(super) fn at(&self, place: usize) -> Found<'_> {
        Found { document: self, place }
    }

    /// What the value at that place holds.
    pub(super) fn members(&self, place: usize) -> Members<'_> {
        Members(self.within(place))
    }

    fn within(&self, place: usize) -> Range<'_> {
        Range { document: self, from: place + 1, to: self.node(place).end as usize }
    }

    fn keep(&mut self, text: &str) -> Span {
        let from = self.text.len();
        self.text.push_str(text);
        Span::bare(from, self.text.len())
    }

    /// A stretch of the text.
    pub(super) fn text(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    /// A text in its quotes, if it stands there as it is written in its canonical form.
    pub(super) fn quoted(&self, span: Span) -> Option<&[u8]> {
        let std::ops::Range { start, end } = span.range();
        if span.is_quoted() { self.text.as_bytes().get(start - 1..=end) } else { None }
    }

    /// Two texts in their quotes, with the colon between them, if they stand there so.
    pub(super) fn quoted_pair(&self, name: Span, text: Span) -> Option<&[u8]> {
        let (std::ops::Range { start, end }, text_at) = (name.range(), text.range());
        let together = name.is_quoted() && text.is_quoted() && text_at.start == end + 3;
        if together { self.text.as_bytes().get(start - 1..=text_at.end) } else { None }
    }

    /// The node at that place.
    pub(super) fn node(&self, place: usize) -> &Node {
        &self.nodes.room[place]
    }

    /// The name under which the node at that place stands.
    pub(super) fn name(&self, place: usize) -> &str {
        self.text(self.node(place).name)
    }

    fn is_named(&self, place: usize, name: &str) -> bool {
        self.text.as_bytes().get(self.node(place).name.range()) == Some(name.as_bytes())
    }

    /// How the name of the node at that place begins: its first eight bytes, with zeros behind where it has fewer.
    pub(super) fn head(&self, place: usize) -> [u8; 8] {
        let name = self.node(place).name.range();
        let bytes = self.text.as_bytes();
        match bytes.get(name.start..).and_then(|rest| rest.first_chunk()) {
            // What follows the name is masked off: a loop takes longer.
            Some(first) if name.len() < 8 => {
                (u64::from_be_bytes(*first) & !(u64::MAX >> (8 * name.len()))).to_be_bytes()
            }
            Some(first) => *first,
            None => {
                let mut first = [0; 8];
                first.iter_mut().zip(&bytes[name]).for_each(|(to, byte)| *to = *byte);
                first
            }
        }
    }

    /// The value at that place.
    pub(super) fn json(&self, place: usize) -> Json<'_> {
        match self.node(place).value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(value),
            Value::Int(number) => Json::Int(number),
            Value::Big(number) => Json::Big(number),
            Value::Float(span) => Json::Float(self.text(span)),
            Value::Str(span) => Json::Str(self.text(span)),
            Value::Array => Json::Array(Items(self.within(place))),
            Value::Object => Json::Object(Members(self.within(place))),
        }
    }
}

impl<'d> Json<'d> {
    /// The member of an object; `None` where it is absent or `null`, and for what is no object.
    pub fn get(self, name: &str) -> Option<Found<'d>> {
        match self {
            Self::Object(members) => members.get(name),
            _ => None,
        }
    }
}

impl fmt::Display for Json<'_> {
    /// The canonical form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(Canonical::default().of(*self)))
    }
}

impl JsonError {
    /// By what the reader says: it has no other way to tell these apart.
    fn of(error: &serde_json::Error) -> Self {
        let told = error.to_string();
        let (what, at) = told.rsplit_once(" at line ").unwrap_or((&told, ""));
        let place = format!("line {at}");
        match what {
            "recursion limit exceeded" => Self::TooDeep,
            "number out of range" => Self::NumberOutOfRange(place),
            // The second where the other half does not follow.
            "lone leading surrogate in hex escape" | "unexpected end of hex escape" => Self::LoneSurrogate(place),
            _ => Self::Syntax(told),
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

/// Appends a name or index to a pointer (RFC 6901).
fn pointer_part(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Reads a value into its node; where a name stands twice, leaves the way to it, innermost first.
struct Reader<'r> {
    document: &'r mut Document,
    place: usize,
    duplicate: &'r RefCell<Option<Vec<String>>>,
}

impl Reader<'_> {
    fn set<E>(self, value: Value) -> Result<(), E> {
        self.document.nodes.at(self.place).value = value;
        self.document.nodes.close(self.place);
        Ok(())
    }

    /// The reader of one more value, and its place.
    fn more(&mut self) -> (Reader<'_>, usize) {
        let place = self.document.nodes.add();
        (Reader { document: self.document, place, duplicate: self.duplicate }, place)
    }

    /// On the way out of an error, what led to it.
    fn leave<E>(&self, part: impl FnOnce() -> String, error: E) -> E {
        if let Some(path) = self.duplicate.borrow_mut().as_mut() {
            path.push(part());
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
        self.set(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.set(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.set(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.set(i64::try_from(value).map_or(Value::Big(value), Value::Int))
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        // What is written is looked up once all is read.
        self.set(Value::Float(Span::default()))
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        let span = self.document.keep(value);
        self.set(Value::Str(span))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let mut count = 0;
        loop {
            // A node that no value comes for is given back.
            let (reader, place) = self.more();
            match seq.next_element_seed(reader) {
                Ok(Some(())) => count += 1,
                Ok(None) => {
                    self.document.nodes.used = place;
                    return self.set(Value::Array);
                }
                Err(error) => return Err(self.leave(|| pointer_part(&count.to_string()), error)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut names = Vec::new();
        while let Some(name) = map.next_key_seed(Name)? {
            let span = self.document.keep(&name);
            let (reader, place) = self.more();
            reader.document.nodes.at(place).name = span;
            match map.next_value_seed(reader) {
                Ok(()) => names.push(name),
                Err(error) => return Err(self.leave(|| pointer_part(&name), error)),
            }
        }
        names.sort_unstable_by(|a, b| utf16_order(a, b));
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            *self.duplicate.borrow_mut() = Some(vec![pointer_part(&pair[0])]);
            return Err(A::Error::custom("duplicate key"));
        }
        self.set(Value::Object)
    }
}

/// Reads the name of a member.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, value: &str) -> Result<String, E> {
        Ok(value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::canonical::tests::nested;
    use proptest::prelude::*;

    fn error(text: &str) -> JsonError {
        Document::default().read(text).unwrap_err()
    }

    /// JSON that is read without a look at escapes and exponents.
    fn plain_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            (0..10_000_000_000_000_000_i64).prop_map(Into::into),
            (0..2_000_000_000_i64).prop_map(|number| (number as f64 / 100.0).into()),
            "[a-zữ\u{10ffff} ]{0,40}".prop_map(Into::into),
        ];
        nested(leaf, 10, ("[ab\u{e000}\u{10000}]{0,9}", 80))
    }

    proptest! {
        #[test]
        fn what_is_read_faster_is_read_alike(value in plain_json(), at in any::<prop::sample::Index>(), edit in "[{}\\[\\],:\"\\\\0-9eE.+\\-tfn \t\u{1}ữ]{0,2}", cut in 0..2usize) {
            let mut text: Vec<char> = value.to_string().chars().collect();
            let at = at.index(text.len());
            text.splice(at..(at + cut).min(text.len()), edit.chars());
            let text: String = text.into_iter().collect();
            let mut document = Document::default();
            let place = document.nodes.add();
            let expected = document.add_any(&text, place).map(|()| document.at(place).to_string());
            prop_assert_eq!(Document::default().read(&text).map(|json| json.to_string()), expected);
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
    fn what_is_not_json_is_told_with_its_place() {
        assert_eq!(error("{\"a\":1,\n}"), JsonError::Syntax("trailing comma at line 2 column 1".into()));
        assert!(matches!(error("{} {}"), JsonError::Syntax(_)));
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
        let mut document = Document::default();
        let numbers = |json: Json<'_>| match json {
            Json::Array(items) => items.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>(),
            other => vec![format!("{other:?}")],
        };
        let json = document.read(text).unwrap();
        assert_eq!(
            numbers(json.get("a -1.5").unwrap().json()),
            [
                "Float(\"-0\")",
                "Int(1)",
                "Float(\"1.50\")",
                "Str(\"\\\"2.5\")",
                "Float(\"18446744073709551616\")",
                "Float(\"-2E-3\")",
                "Big(18446744073709551615)"
            ]
        );
        assert_eq!(numbers(json.get("b").unwrap().json()), ["Float(\"0.10\")"]);
        assert_eq!(numbers(document.read("[0.10,12.50]").unwrap()), ["Float(\"0.10\")", "Float(\"12.50\")"]);
    }
}

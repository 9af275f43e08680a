//! A document: a JSON text as a flat node arena, looked at in place.
//!
//! The arena reuses its allocation from one text to the next.

use super::number::Number;

/// A JSON text as nodes: a value's node, then those of what it holds.
#[derive(Debug, Default)]
pub struct JsonDocument {
    /// Every name, text and number, one after the other.
    text: String,
    nodes: Vec<Node>,
}

/// A value with the name under which it stands, if it is a member.
#[derive(Clone, Copy, Debug)]
struct Node {
    name: Stretch,
    value: NodeValue,
    /// The node after all that it holds.
    end: u32,
}

/// A stretch of a document's text, in bytes; a message is far smaller than 4 GB.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stretch {
    pub(super) from: u32,
    pub(super) to: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum NodeValue {
    Null,
    Bool(bool),
    Number(Stretch),
    Str(Stretch),
    Array,
    Object,
}

/// A JSON value of a document.
#[derive(Clone, Copy, Debug)]
pub enum Json<'d> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, as it is written.
    Number(Number<'d>),
    /// Text.
    Str(&'d str),
    /// A list.
    Array(Items<'d>),
    /// Members as they stand, no name twice.
    Object(Members<'d>),
}

/// A value where it stands in its document, not looked into yet.
#[derive(Clone, Copy, Debug)]
pub struct JsonAt<'d> {
    document: &'d JsonDocument,
    place: usize,
}

/// The values of a list.
#[derive(Clone, Copy, Debug)]
pub struct Items<'d>(Level<'d>);

/// The members of an object.
#[derive(Clone, Copy, Debug)]
pub struct Members<'d>(Level<'d>);

/// The nodes of one level, each with all that it holds.
#[derive(Clone, Copy, Debug)]
struct Level<'d> {
    document: &'d JsonDocument,
    from: usize,
    to: usize,
}

impl<'d> Iterator for Level<'d> {
    type Item = JsonAt<'d>;

    fn next(&mut self) -> Option<JsonAt<'d>> {
        let Self { document, from: place, to } = *self;
        self.from = document.nodes[..to].get(place)?.end as usize;
        Some(JsonAt { document, place })
    }
}

impl JsonDocument {
    /// Forgets what was read; keeps the room.
    pub fn clear(&mut self) {
        self.text.clear();
        self.nodes.clear();
    }

    /// What is there, to come back to.
    pub(super) fn mark(&self) -> (usize, usize) {
        (self.text.len(), self.nodes.len())
    }

    /// Forgets what was added since.
    pub(super) fn go_back(&mut self, (text, nodes): (usize, usize)) {
        self.text.truncate(text);
        self.nodes.truncate(nodes);
    }

    /// Gives the numbers among the nodes from that place on their texts, in order.
    pub(super) fn set_numbers<'t>(&mut self, place: usize, mut texts: impl Iterator<Item = &'t str>) {
        for place in place..self.nodes.len() {
            if matches!(self.nodes[place].value, NodeValue::Number(_)) {
                let written = self.keep(texts.next().unwrap_or_default());
                self.nodes[place].value = NodeValue::Number(written);
            }
        }
    }

    /// Adds an object of texts: its place.
    pub fn add_texts<'t>(&mut self, members: impl IntoIterator<Item = (&'t str, &'t str)>) -> usize {
        let object = self.open(Stretch::default(), NodeValue::Object);
        for (name, text) in members {
            let (name, text) = (self.keep(name), self.keep(text));
            let place = self.open(name, NodeValue::Str(text));
            self.close(place);
        }
        self.close(object);
        object
    }

    /// The value at that place.
    pub fn at(&self, place: usize) -> JsonAt<'_> {
        JsonAt { document: self, place }
    }

    /// One more node, which holds all that is added until it is closed: its place.
    pub(super) fn open(&mut self, name: Stretch, value: NodeValue) -> usize {
        self.nodes.push(Node { name, value, end: 0 });
        self.nodes.len() - 1
    }

    /// All that the node at that place holds is there.
    pub(super) fn close(&mut self, place: usize) {
        self.nodes[place].end = self.nodes.len() as u32;
    }

    /// Adds to the text.
    pub(super) fn keep(&mut self, text: &str) -> Stretch {
        let from = self.text.len() as u32;
        self.text.push_str(text);
        Stretch { from, to: self.text.len() as u32 }
    }

    /// A stretch of the text.
    pub(super) fn text(&self, span: Stretch) -> &str {
        &self.text[span.from as usize..span.to as usize]
    }

    fn level(&self, place: usize) -> Level<'_> {
        Level { document: self, from: place + 1, to: self.nodes[place].end as usize }
    }

    /// What the value at that place holds.
    pub fn members(&self, place: usize) -> Members<'_> {
        Members(self.level(place))
    }
}

impl<'d> JsonAt<'d> {
    /// The value.
    pub fn json(self) -> Json<'d> {
        let Self { document, place } = self;
        match document.nodes[place].value {
            NodeValue::Null => Json::Null,
            NodeValue::Bool(value) => Json::Bool(value),
            NodeValue::Number(span) => Json::Number(Number::new(document.text(span))),
            NodeValue::Str(span) => Json::Str(document.text(span)),
            NodeValue::Array => Json::Array(Items(document.level(place))),
            NodeValue::Object => Json::Object(document.members(place)),
        }
    }

    /// The name under which it stands; empty where it is no member.
    pub fn name(self) -> &'d str {
        self.document.text(self.document.nodes[self.place].name)
    }

    /// The text of a string.
    pub fn as_str(self) -> Option<&'d str> {
        match self.document.nodes[self.place].value {
            NodeValue::Str(span) => Some(self.document.text(span)),
            _ => None,
        }
    }

    /// Itself, unless it is `null`, which is as if it were absent.
    pub fn given(self) -> Option<Self> {
        (!matches!(self.document.nodes[self.place].value, NodeValue::Null)).then_some(self)
    }
}

impl<'d> Items<'d> {
    /// Each value, in order.
    pub fn iter(self) -> impl Iterator<Item = Json<'d>> {
        self.0.map(JsonAt::json)
    }
}

impl<'d> Members<'d> {
    /// Each value, which knows its name, in the order in which they stand.
    pub fn iter(self) -> impl Iterator<Item = JsonAt<'d>> {
        self.0
    }

    /// The value of that name; `None` where it is absent or `null`.
    pub fn get(mut self, name: &str) -> Option<JsonAt<'d>> {
        self.0.find(|member| member.name() == name)?.given()
    }

    /// The same, looked for first at the head of `rest`, which holds those that were not taken yet: where members
    /// stand in the order in which they are asked for, no other is looked at.
    pub fn take(self, name: &str, rest: &mut Self) -> Option<JsonAt<'d>> {
        let mut ahead = rest.0;
        // Where all are taken, it is none of them.
        let member = ahead.next()?;
        if member.name() != name {
            return self.get(name);
        }
        rest.0 = ahead;
        member.given()
    }
}

impl<'d> Json<'d> {
    /// The member of an object; `None` where it is absent or `null`, and for what is no object.
    pub fn get(self, name: &str) -> Option<JsonAt<'d>> {
        match self {
            Self::Object(members) => members.get(name),
            _ => None,
        }
    }
}

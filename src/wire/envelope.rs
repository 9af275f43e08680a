//! Both content modes of the CloudEvents bindings, made one envelope.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use serde_json::Value;

use super::validation_error::ValidationError;
use super::{Message, STRUCTURED};
use crate::json::{Json, JsonAt, JsonDocument, JsonError, Members};
use crate::text::codes::Code;

/// The attributes and the data of an event, in whichever mode they came.
pub(super) struct Envelope<'d> {
    /// The members of the envelope, or the headers as such.
    pub(super) attributes: Members<'d>,
    /// Binary mode, where attributes are text: the body. In structured mode `data` is one of the attributes.
    pub(super) body: Option<JsonAt<'d>>,
}

impl<'d> Envelope<'d> {
    /// Of a message in either mode, read into that document.
    pub(super) fn read(message: &Message<'_>, document: &'d mut JsonDocument) -> Result<Self, Vec<ValidationError>> {
        // Before anything is looked at: so the work for a message is bounded.
        message.fits().map_err(|error| vec![error])?;
        let mut content_type = None;
        let mut binary = false;
        for (name, value) in message.headers {
            binary |= attribute_name(name).is_some();
            if name.eq_ignore_ascii_case("content-type") {
                content_type = *value;
            }
        }
        // So nearly every message has it, and need not be looked at any more.
        let usual = content_type == Some(STRUCTURED.as_bytes());
        binary &= !usual;
        let content_type = content_type.filter(|_| !usual).map(String::from_utf8_lossy);
        let media_type = content_type.as_deref().map(media_type);
        if let Some(found) = media_type.and_then(|media_type| after(media_type, "application/cloudevents")) {
            if !found.eq_ignore_ascii_case("+json") {
                let code = Code::ContentTypeUnsupported;
                let found = media_type.unwrap_or_default().to_ascii_lowercase();
                return Err(vec![ValidationError::new(code, "", &found, STRUCTURED)]);
            }
            binary = false;
        }
        let payload = message.payload.unwrap_or_default();
        document.clear();
        let body = parse(payload, document).map_err(|mut error| {
            // Pointers are those of the structured form, where the body is a member.
            if binary && !error.pointer.is_empty() {
                error.pointer.insert_str(0, "/data");
            }
            vec![error]
        })?;
        if binary {
            let attributes = of_headers(message, media_type)?;
            let attributes = document.add_texts(attributes.iter().map(|(name, text)| (&**name, &**text)));
            return Ok(Self { attributes: document.members(attributes), body: Some(document.at(body)) });
        }
        match document.at(body).json() {
            Json::Object(attributes) => Ok(Self { attributes, body: None }),
            other => Err(vec![ValidationError::new(Code::JsonNotAnObject, "", &other.to_string(), "{…}")]),
        }
    }

    /// The structured form of an event in binary mode, as one line of JSON.
    pub(super) fn structured(self) -> Option<String> {
        let body = self.body?;
        let mut members: BTreeMap<&str, String> =
            self.attributes.iter().map(|value| (value.name(), value.to_string())).collect();
        // A number has no other form in a header than its text.
        if let Some(number) = self.attributes.get("revision").and_then(JsonAt::as_str)
            && let Ok(number) = number.parse::<i64>()
        {
            members.insert("revision", number.to_string());
        }
        // What is too fine stays so.
        members.insert("data", body.written());
        let members = members.iter().map(|(name, value)| format!("{}:{value}", Value::from(*name)));
        Some(format!("{{{}}}", members.collect::<Vec<_>>().join(",")))
    }

    /// The data, whatever it is; `None` where it is absent or `null`.
    pub(super) fn data(&self) -> Option<JsonAt<'d>> {
        self.body.or_else(|| self.attributes.get("data"))
    }
}

/// So many headers that are wrong are told of one message.
const MOST_ERRORS: usize = 16;

/// The attributes that the headers carry, in the order of theirs.
fn of_headers<'m>(
    message: &Message<'m>,
    media_type: Option<&str>,
) -> Result<Vec<(String, Cow<'m, str>)>, Vec<ValidationError>> {
    let mut attributes: Vec<(String, Cow<'m, str>)> = Vec::with_capacity(message.headers.len() + 1);
    let mut errors = Vec::new();
    let (mut known, mut wrong) = (FxHashSet::default(), FxHashSet::default());
    for (header, value) in message.headers {
        let (Some(name), Some(value)) = (attribute_name(header), value) else { continue };
        let name = name.to_ascii_lowercase();
        let is_first = known.insert(name.clone());
        let text = std::str::from_utf8(value);
        if let (true, Ok(text)) = (is_first, text) {
            attributes.push((name, Cow::Borrowed(text)));
            continue;
        }
        // One error tells of a name; a message of thousands of headers needs no more of them to be wrong.
        if !wrong.insert(name.clone()) || errors.len() == MOST_ERRORS {
            continue;
        }
        let pointer = format!("/{name}");
        errors.push(match is_first {
            true => ValidationError::new(Code::EncodingNotUtf8, pointer, &String::from_utf8_lossy(value), "UTF-8"),
            false => ValidationError::new(Code::HeaderDuplicate, pointer, header, ""),
        });
    }
    // What is said twice counts as the event itself says it.
    let given = attributes.iter().any(|(name, _)| name == "datacontenttype");
    if let Some(media_type) = media_type.filter(|_| !given) {
        attributes.push(("datacontenttype".into(), media_type.to_ascii_lowercase().into()));
    }
    if errors.is_empty() { Ok(attributes) } else { Err(errors) }
}

/// The attribute that a header carries: `ce_type` on Kafka, `ce-type` in HTTP.
fn attribute_name(header: &str) -> Option<&str> {
    let (prefix, name) = header.split_at_checked(3)?;
    (prefix.eq_ignore_ascii_case("ce_") || prefix.eq_ignore_ascii_case("ce-")).then_some(name)
}

/// A media type without its parameters.
pub(super) fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// What follows `begin`, which may be written in any case.
fn after<'t>(text: &'t str, begin: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(begin.len())?;
    head.eq_ignore_ascii_case(begin).then_some(rest)
}

/// Reads the body: its place in the document.
fn parse(payload: &[u8], document: &mut JsonDocument) -> Result<usize, ValidationError> {
    if payload.trim_ascii().is_empty() {
        return Err(ValidationError::new(Code::MessageEmpty, "", "", ""));
    }
    if payload.starts_with(b"\xef\xbb\xbf") {
        return Err(ValidationError::new(Code::EncodingBom, "", "EF BB BF", ""));
    }
    let text = std::str::from_utf8(payload).map_err(|error| {
        let offset = error.valid_up_to();
        let found = format!("0x{:02X} @ {offset}", payload.get(offset).copied().unwrap_or_default());
        ValidationError::new(Code::EncodingNotUtf8, "", &found, "UTF-8")
    })?;
    document.add(text).map_err(|error| match error {
        JsonError::Syntax(problem) => ValidationError::new(Code::JsonSyntax, "", &problem, ""),
        JsonError::NumberOutOfRange(place) => ValidationError::new(Code::JsonNumberOutOfRange, "", &place, "±1.8e308"),
        JsonError::LoneSurrogate(place) => ValidationError::new(Code::JsonLoneSurrogate, "", &place, ""),
        JsonError::TooDeep => ValidationError::new(Code::JsonTooDeep, "", "", "≤ 127"),
        JsonError::DuplicateKey(pointer) => ValidationError::new(Code::JsonDuplicateKey, pointer, "", ""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structured_form_has_numbers_as_they_are_written() {
        let headers: [(&str, Option<&[u8]>); 1] = [("ce_id", Some(b"1"))];
        let data = r#"{"a":0.99999999999999999999,"b":[12.50,18446744073709551615,9007199254740993,-0]}"#;
        let mut document = JsonDocument::default();
        let message = Message { headers: &headers, payload: Some(data.as_bytes()), ..Message::default() };
        let structured = Envelope::read(&message, &mut document).unwrap().structured();
        assert_eq!(structured, Some(format!("{{\"data\":{data},\"id\":\"1\"}}")));
    }

    #[test]
    fn an_attribute_is_known_by_its_prefix() {
        assert_eq!(attribute_name("CE-Type"), Some("Type"));
        assert_eq!(attribute_name("ce_type"), Some("type"));
        assert_eq!(attribute_name("cê"), None);
    }

    #[test]
    fn of_thousands_of_wrong_headers_a_few_are_told() {
        let names: Vec<String> = (0..9000).map(|number| format!("ce_{:x}", number % 4500)).collect();
        let headers: Vec<(&str, Option<&[u8]>)> = names.iter().map(|name| (name.as_str(), Some(&b""[..]))).collect();
        let message = Message { headers: &headers, payload: Some(b"{}"), ..Message::default() };
        let mut document = JsonDocument::default();
        let errors = Envelope::read(&message, &mut document).err().unwrap();
        assert_eq!((errors.len(), errors[0].code), (MOST_ERRORS, Code::HeaderDuplicate));
    }
}

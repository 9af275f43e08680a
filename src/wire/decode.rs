//! A message to an event, or to every rule that it breaks.
//!
//! Both content modes become one envelope first, so that they share each check.
//! Never panics, whatever the bytes.

use std::hash::{Hash, Hasher as _};

use jiff::Timestamp;
use rustc_hash::FxHasher;

use super::authority::Speaker;
use super::digest::digest;
use super::envelope::{Envelope, media_type};
use super::spec::{MAX_NAME_BYTES, TYPES, TypeSpec};
use super::time::rfc3339;
use super::validation_error::ValidationError;
use super::{Admission, Event, Message, code_in_source, data, is_name, unit_source};
use crate::domain::{Fact, RecordKey, Revision, Rules, UnitCode};
use crate::json::{Json, JsonAt, JsonDocument, Members, Scaled, write_canonical};
use crate::text::codes::Code;

/// Decodes messages, keeping its buffer from one to the next.
#[derive(Debug, Default)]
pub struct Decoder {
    document: JsonDocument,
    /// Room for canonical forms.
    canonical: Vec<u8>,
}

impl Decoder {
    /// A decoder.
    pub fn new() -> Self {
        Self::default()
    }

    /// The event of a message.
    ///
    /// # Errors
    ///
    /// Every rule that the message breaks: at least one.
    pub fn decode(
        &mut self,
        message: &Message<'_>,
        rules: &Rules,
        admission: &Admission,
    ) -> Result<Event, Vec<ValidationError>> {
        let Self { document, canonical } = self;
        Check::run(message, document, rules, admission, |kept| Event {
            key: RecordKey::new(kept.source, kept.subject),
            revision: kept.revision,
            id: (!kept.revision.has_usual_id(kept.subject, kept.id)).then(|| kept.id.into()),
            digest: digest(kept.spec.event_type, kept.data, canonical),
            time: kept.time,
            partition_key: kept.partition_key,
            synthetic: kept.synthetic,
            fact: kept.fact,
        })
    }

    /// The Kafka key of a message that is a valid event ([`Event::partition_key`]) and its mark: for those who send it
    /// on, and need nothing else.
    ///
    /// # Errors
    ///
    /// Every rule that the message breaks: at least one.
    pub fn mark(
        &mut self,
        message: &Message<'_>,
        rules: &Rules,
        admission: &Admission,
    ) -> Result<(Option<UnitCode>, Mark), Vec<ValidationError>> {
        let Self { document, canonical } = self;
        Check::run(message, document, rules, admission, |kept| {
            let revision = hash(&(kept.source, kept.subject, kept.revision.number()));
            canonical.clear();
            write_canonical(kept.data, canonical);
            let content = hash(&(kept.spec.name, canonical.as_slice()));
            (kept.partition_key, Mark { revision, content })
        })
    }
}

/// By which an event is known again for a while, cheaply: equal for equal ones, and hardly ever for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Of the record and its revision.
    pub revision: u64,
    /// Of what it says.
    pub content: u64,
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What a message says of itself, whether or not it keeps the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glimpse {
    /// `data.unit`.
    pub unit: Option<String>,
    /// `source`.
    pub source: Option<String>,
    /// `subject`.
    pub subject: Option<String>,
}

impl Glimpse {
    /// Of a message: as much as can be read.
    pub fn of(message: &Message<'_>) -> Self {
        let mut document = JsonDocument::default();
        let Ok(envelope) = Envelope::read(message, &mut document) else { return Self::default() };
        let text = |value: Option<JsonAt<'_>>| value.and_then(JsonAt::as_str).map(str::to_owned);
        Self {
            unit: text(envelope.data().and_then(|data| data.json().get("unit"))),
            source: text(envelope.attributes.get("source")),
            subject: text(envelope.attributes.get("subject")),
        }
    }
}

/// The structured form of a message in binary mode, as one line of JSON; `None` of any other message.
pub fn structured(message: &Message<'_>) -> Option<String> {
    Envelope::read(message, &mut JsonDocument::default()).ok()?.structured()
}

/// What a revision may be.
pub(super) const REVISIONS: &str = "integer 1 … 1000000";
const _: () = assert!(Revision::MAX == 1_000_000);

/// The attributes that mean something; `None` where one is absent or `null`.
#[derive(Clone, Copy, Default)]
struct Attributes<'d> {
    specversion: Option<JsonAt<'d>>,
    id: Option<JsonAt<'d>>,
    source: Option<JsonAt<'d>>,
    event_type: Option<JsonAt<'d>>,
    subject: Option<JsonAt<'d>>,
    revision: Option<JsonAt<'d>>,
    time: Option<JsonAt<'d>>,
    datacontenttype: Option<JsonAt<'d>>,
    partitionkey: Option<JsonAt<'d>>,
    synthetic: Option<JsonAt<'d>>,
    data: Option<JsonAt<'d>>,
    data_base64: Option<JsonAt<'d>>,
}

impl<'d> Attributes<'d> {
    fn of(envelope: &Envelope<'d>) -> Self {
        let mut attributes = Self::default();
        for value in envelope.attributes.iter() {
            let place = match value.name() {
                "specversion" => &mut attributes.specversion,
                "id" => &mut attributes.id,
                "source" => &mut attributes.source,
                "type" => &mut attributes.event_type,
                "subject" => &mut attributes.subject,
                "revision" => &mut attributes.revision,
                "time" => &mut attributes.time,
                "datacontenttype" => &mut attributes.datacontenttype,
                "partitionkey" => &mut attributes.partitionkey,
                "synthetic" => &mut attributes.synthetic,
                "data" => &mut attributes.data,
                "data_base64" => &mut attributes.data_base64,
                _ => continue,
            };
            *place = value.given();
        }
        attributes.data = envelope.body.or(attributes.data);
        attributes
    }
}

/// An event that keeps every rule, as it stands in its message.
struct Kept<'d> {
    spec: &'static TypeSpec,
    data: Json<'d>,
    source: &'d str,
    subject: &'d str,
    id: &'d str,
    revision: Revision,
    time: Timestamp,
    partition_key: Option<UnitCode>,
    synthetic: bool,
    fact: Fact,
}

/// The checks on one envelope.
struct Check<'c, 'd> {
    binary: bool,
    attributes: Attributes<'d>,
    rules: &'c Rules,
    admission: &'c Admission,
    /// Who the source is, if it may speak at all.
    speaker: Option<Speaker<'c>>,
    errors: Vec<ValidationError>,
}

impl<'c, 'd> Check<'c, 'd> {
    /// What `make` makes of the event of a message, or every rule that it breaks: at least one.
    fn run<T>(
        message: &Message<'_>,
        document: &'d mut JsonDocument,
        rules: &'c Rules,
        admission: &'c Admission,
        make: impl FnOnce(Kept<'d>) -> T,
    ) -> Result<T, Vec<ValidationError>> {
        let envelope = Envelope::read(message, document)?;
        let attributes = Attributes::of(&envelope);
        let mut check =
            Check { binary: envelope.body.is_some(), attributes, rules, admission, speaker: None, errors: Vec::new() };
        check.event().map(make).ok_or(check.errors)
    }

    fn event(&mut self) -> Option<Kept<'d>> {
        let Attributes { specversion, id, source, subject, partitionkey, .. } = self.attributes;
        if let Some(version) = self.text("specversion", specversion, true).filter(|version| *version != "1.0") {
            self.add(Code::SpecversionUnsupported, "/specversion", version, "1.0");
        }
        let id = self.name("id", id, Code::IdInvalid);
        let source = self.source(source);
        let subject = self.name("subject", subject, Code::SubjectInvalid);
        let revision = self.revision();
        let time = self.time();
        self.datacontenttype();
        let spec = self.event_type();
        let data = self.data();
        let synthetic = self.synthetic();
        let of_source = self.speaker.and_then(|speaker| speaker.unit());
        let fact = match (spec, data) {
            (Some(spec), Some((_, members))) => {
                data::check(spec, members, of_source, time, self.rules, &mut self.errors)
            }
            _ => None,
        };
        if let (Some(speaker), Some(fact)) = (self.speaker, &fact) {
            self.errors.extend(speaker.objection(fact, self.rules));
        }
        let unit = match &fact {
            Some(fact) => fact.unit(),
            None => data.and_then(|(_, members)| data::unit_of(members)),
        };
        let partition_key = self.partition_key(partitionkey, spec, unit, source);
        if !self.errors.is_empty() {
            return None;
        }
        let (spec, (data, _), fact) = (spec?, data?, fact?);
        Some(Kept {
            spec,
            data,
            source: source?,
            subject: subject?,
            id: id?,
            revision: revision?,
            time: time?,
            partition_key,
            synthetic,
            fact,
        })
    }

    fn add(&mut self, code: Code, pointer: &str, found: &str, allowed: impl Into<String>) {
        self.errors.push(ValidationError::new(code, pointer, found, allowed));
    }

    /// A text attribute.
    fn text(&mut self, name: &str, value: Option<JsonAt<'d>>, required: bool) -> Option<&'d str> {
        match value.map(|value| value.as_str().ok_or(value)) {
            Some(Ok(text)) => return Some(text),
            Some(Err(other)) => self.add(Code::FieldWrongType, &format!("/{name}"), &other.to_string(), "string"),
            None if required => self.add(Code::FieldMissing, &format!("/{name}"), "", "string"),
            None => {}
        }
        None
    }

    /// `id`, `subject` and `source`.
    fn name(&mut self, name: &str, value: Option<JsonAt<'d>>, invalid: Code) -> Option<&'d str> {
        let text = self.text(name, value, true)?;
        if !is_name(text) {
            self.add(invalid, &format!("/{name}"), text, format!("1 … {MAX_NAME_BYTES} B"));
            return None;
        }
        Some(text)
    }

    fn source(&mut self, value: Option<JsonAt<'d>>) -> Option<&'d str> {
        let source = self.name("source", value, Code::SourceInvalid)?;
        self.speaker = self.admission.speaker(source, &self.rules.units);
        if self.speaker.is_some() {
            return Some(source);
        }
        match code_in_source(source) {
            Some(code) => {
                let nearest = data::nearest_unit(self.rules, code);
                self.add(Code::SourceUnitUnknown, "/source", source, nearest);
            }
            None => {
                let others = self.admission.systems().flat_map(|source| [", ", source]);
                let allowed = others.fold(unit_source("…"), |allowed, source| allowed + source);
                self.add(Code::SourceNotAllowed, "/source", source, allowed);
            }
        }
        None
    }

    /// A JSON integer, or in a header its decimal text; 1 where it is absent.
    fn revision(&mut self) -> Option<Revision> {
        let Some(given) = self.attributes.revision else { return Some(Revision::FIRST) };
        let number = match given.json() {
            Json::Str(text) if self.binary => {
                let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                if plain { text.parse().ok() } else { None }
            }
            Json::Number(number) => match number.in_units(0) {
                Scaled { is_negative: false, whole: Some(number), has_rest: false } => number.try_into().ok(),
                _ => None,
            },
            other => {
                self.add(Code::FieldWrongType, "/revision", &other.to_string(), REVISIONS);
                return None;
            }
        };
        let revision = number.and_then(Revision::new);
        if revision.is_none() {
            let found = match given.json() {
                Json::Str(text) => text.to_owned(),
                _ => given.written(),
            };
            self.add(Code::RevisionInvalid, "/revision", &found, REVISIONS);
        }
        revision
    }

    fn time(&mut self) -> Option<Timestamp> {
        let text = self.text("time", self.attributes.time, true)?;
        let time = rfc3339(text);
        if time.is_none() {
            self.add(Code::TimeInvalid, "/time", text, "YYYY-MM-DDThh:mm:ss±hh:mm");
        }
        time
    }

    fn datacontenttype(&mut self) {
        const JSON: &str = "application/json";
        let text = self.text("datacontenttype", self.attributes.datacontenttype, false);
        if let Some(text) = text.filter(|text| *text != JSON && !media_type(text).eq_ignore_ascii_case(JSON)) {
            self.add(Code::DatacontenttypeUnsupported, "/datacontenttype", text, "application/json");
        }
    }

    fn event_type(&mut self) -> Option<&'static TypeSpec> {
        let text = self.text("type", self.attributes.event_type, true)?;
        let spec = TypeSpec::of(text);
        if spec.is_none() {
            let version = |stem: &str| {
                let version = text.strip_prefix(stem).and_then(|rest| rest.strip_prefix('v'));
                version.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
            };
            match TYPES.iter().find(|spec| version(spec.stem())) {
                Some(spec) => self.add(Code::TypeVersionUnknown, "/type", text, spec.event_type),
                None => {
                    let all: Vec<&str> = TYPES.iter().map(|spec| spec.event_type).collect();
                    self.add(Code::TypeUnknown, "/type", text, all.join(", "));
                }
            }
        }
        spec
    }

    /// The data and its members.
    fn data(&mut self) -> Option<(Json<'d>, Members<'d>)> {
        if !self.binary && self.attributes.data_base64.is_some() {
            self.add(Code::DataBase64, "/data_base64", "", "data");
            return None;
        }
        match self.attributes.data.map(JsonAt::json) {
            Some(data @ Json::Object(members)) => return Some((data, members)),
            Some(other) => self.add(Code::FieldWrongType, "/data", &other.to_string(), "{…}"),
            None => self.add(Code::FieldMissing, "/data", "", "{…}"),
        }
        None
    }

    /// The unit's code; of a withdrawal any unit's that it names, else that of its source.
    fn partition_key(
        &mut self,
        given: Option<JsonAt<'d>>,
        spec: Option<&TypeSpec>,
        unit: Option<UnitCode>,
        source: Option<&str>,
    ) -> Option<UnitCode> {
        let given = self.text("partitionkey", given, false);
        let has_unit = spec?.field("unit").is_some();
        let Some(given) = given else {
            let of_source = || source.and_then(code_in_source).and_then(UnitCode::new);
            return if has_unit { unit } else { of_source() };
        };
        if has_unit {
            let unit = unit?;
            if UnitCode::new(given) != Some(unit) {
                self.add(Code::PartitionkeyMismatch, "/partitionkey", given, unit.to_string());
            }
            return Some(unit);
        }
        if !UnitCode::new(given).is_some_and(|code| self.rules.units.knows(code)) {
            self.add(Code::PartitionkeyMismatch, "/partitionkey", given, data::nearest_unit(self.rules, given));
        }
        UnitCode::new(given)
    }

    /// Whether the event says that it is made up; refused where that is not taken.
    fn synthetic(&mut self) -> bool {
        let is_synthetic = match self.attributes.synthetic.map(JsonAt::json) {
            None | Some(Json::Bool(false) | Json::Str("false")) => false,
            Some(Json::Bool(true) | Json::Str("true")) => true,
            Some(other) => {
                self.add(Code::FieldWrongType, "/synthetic", &other.to_string(), "true, false");
                false
            }
        };
        if is_synthetic && !self.admission.takes_synthetic() {
            self.add(Code::SyntheticNotAccepted, "/synthetic", "true", "");
        }
        is_synthetic
    }
}

//! An event to bytes: the structured form, its members in the order of the contract.

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::spec::TypeSpec;
use crate::domain::{HANOI, Revision};

/// An event that is about to be sent. It is not checked here: decode what comes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Its type.
    pub spec: &'static TypeSpec,
    /// Who keeps the record.
    pub source: String,
    /// The record's number within its source.
    pub subject: String,
    /// Which revision of the record.
    pub revision: Revision,
    /// The event's id; `None` for the usual `<subject>.<revision>`.
    pub id: Option<String>,
    /// When it was recorded.
    pub time: Timestamp,
    /// The unit's code where `data` has none (a withdrawal).
    pub partition_key: Option<String>,
    /// Whether it is made up, and says so.
    pub synthetic: bool,
    /// What it says.
    pub data: Map<String, Value>,
}

impl Draft {
    /// The first revision of a record.
    pub fn new(
        spec: &'static TypeSpec,
        source: impl Into<String>,
        subject: impl Into<String>,
        time: Timestamp,
        data: Map<String, Value>,
    ) -> Self {
        Self {
            spec,
            source: source.into(),
            subject: subject.into(),
            revision: Revision::FIRST,
            id: None,
            time,
            partition_key: None,
            synthetic: false,
            data,
        }
    }

    /// The Kafka key: the unit's code, of `data` or else the one given.
    pub fn key(&self) -> Option<&str> {
        self.data.get("unit").and_then(Value::as_str).or(self.partition_key.as_deref())
    }

    /// The event's id.
    pub fn id(&self) -> String {
        match &self.id {
            Some(id) => id.clone(),
            None => self.revision.usual_id(&self.subject),
        }
    }

    /// The event as JSON on one line, `application/cloudevents+json`.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        // Neither a map with text keys nor writing to a Vec can fail.
        let _ = serde_json::to_writer(&mut out, self);
        out
    }
}

impl Serialize for Draft {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("specversion", "1.0")?;
        map.serialize_entry("id", &self.id())?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("type", self.spec.event_type)?;
        map.serialize_entry("subject", &self.subject)?;
        // Hanoi's wall clock: what its readers compare the dates with.
        map.serialize_entry("time", &self.time.display_with_offset(HANOI).to_string())?;
        map.serialize_entry("datacontenttype", "application/json")?;
        if let Some(key) = self.key() {
            map.serialize_entry("partitionkey", key)?;
        }
        map.serialize_entry("revision", &self.revision)?;
        if self.synthetic {
            map.serialize_entry("synthetic", &true)?;
        }
        map.serialize_entry("data", &InOrder(self))?;
        map.end()
    }
}

/// `data` with its fields in the order of the contract, then what else there is.
struct InOrder<'d>(&'d Draft);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Draft { spec, data, .. } = self.0;
        let mut map = serializer.serialize_map(Some(data.len()))?;
        for field in spec.fields {
            if let Some(value) = data.get(field.name) {
                map.serialize_entry(field.name, value)?;
            }
        }
        for (name, value) in data.iter().filter(|(name, _)| spec.field(name).is_none()) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_written_in_the_order_of_the_contract() {
        let data = serde_json::json!({"body": "other", "extra": 1, "held_on": "2020-03-04", "unit": "00004"});
        let Value::Object(data) = data else { panic!() };
        let time = "2020-03-04T09:12:33+07:00".parse().unwrap();
        let spec = TypeSpec::named("supervision").unwrap();
        let mut draft = Draft::new(spec, "/units/00004", "GS-1", time, data);
        assert_eq!(
            String::from_utf8(draft.to_json()).unwrap(),
            r#"{"specversion":"1.0","id":"GS-1.1","source":"/units/00004","type":"vn.giaoban.supervision.v1","subject":"GS-1","time":"2020-03-04T09:12:33+07:00","datacontenttype":"application/json","partitionkey":"00004","revision":1,"data":{"unit":"00004","held_on":"2020-03-04","body":"other","extra":1}}"#
        );
        draft.synthetic = true;
        draft.revision = Revision::new(3).unwrap();
        let json: Value = serde_json::from_slice(&draft.to_json()).unwrap();
        assert_eq!((&json["id"], &json["synthetic"], &json["revision"]), (&"GS-1.3".into(), &true.into(), &3.into()));
    }

    #[test]
    fn a_withdrawal_travels_with_the_key_of_its_record() {
        let time = "2020-03-04T09:12:33Z".parse().unwrap();
        let mut draft = Draft::new(TypeSpec::named("withdrawal").unwrap(), "/x", "1", time, Map::new());
        assert_eq!(draft.key(), None);
        draft.partition_key = Some("00004".into());
        assert_eq!(draft.key(), Some("00004"));
    }
}

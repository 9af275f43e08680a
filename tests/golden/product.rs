//! All that these tests know of the library, in one place: a redesign that moves things changes this file alone.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use giaoban::domain::{Calendar, Rules, UnitTable};
use giaoban::log::embedded::EmbeddedLog;
use giaoban::log::{EventLog as _, Outgoing};
use giaoban::wire::{Admission, Code, Decoder, Message};

use crate::show;

/// The topic of events.
pub const EVENTS: &str = "giaoban.events";
/// A source that is allowed besides units.
pub const ALLOWED: &str = "https://dvc.example/mttq";

/// Names and values, in order.
pub type Headers = Vec<(String, Option<Vec<u8>>)>;

/// A message as it lies in a log.
#[derive(Clone, Debug, Default)]
pub struct Raw {
    pub key: Option<Vec<u8>>,
    pub headers: Headers,
    pub payload: Vec<u8>,
}

fn rules_by(calendar: Calendar) -> Rules {
    let units = include_str!("../../config/units/hanoi.csv");
    let succession = include_str!("../../config/units/hanoi-succession.csv");
    Rules::new(UnitTable::from_csv(units, succession).unwrap(), calendar)
}

/// A calendar that ends on 4 March 2020.
fn short() -> Calendar {
    Calendar::from_csv("short", "2020-Q1,2020-01-01,2020-03-04\n").unwrap()
}

/// The fingerprint of the rules by each calendar.
pub fn fingerprints() -> String {
    let mut text = String::new();
    for (name, calendar) in
        [("decree-09-2019", Calendar::Decree09), ("calendar-quarter", Calendar::CalendarQuarter), ("short", short())]
    {
        writeln!(text, "{name} {}", rules_by(calendar).fingerprint()).unwrap();
    }
    text
}

/// Every code.
pub fn codes() -> Vec<&'static str> {
    Code::ALL.iter().map(|code| code.as_str()).collect()
}

/// Says in one line what becomes of messages: what was read, with digest and stored fact, or each code with its
/// place, in order.
pub struct Judge {
    decoder: Decoder,
    rules: Rules,
    admission: Admission,
}

impl Judge {
    pub fn new() -> Self {
        let admission = Admission::new().with_system(ALLOWED).unwrap();
        Self { decoder: Decoder::new(), rules: rules_by(Calendar::Decree09), admission }
    }

    /// Of a store that was made for events that are made up.
    pub fn of_samples() -> Self {
        Self { admission: Admission::new().with_synthetic(true), ..Self::new() }
    }

    /// By a calendar that ends on 4 March 2020.
    pub fn with_a_short_calendar() -> Self {
        Self { rules: rules_by(short()), ..Self::new() }
    }

    pub fn verdict(&mut self, headers: &Headers, payload: Option<&[u8]>) -> String {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let message = Message { headers: &headers, payload, ..Message::default() };
        match self.decoder.decode(&message, &self.rules, &self.admission) {
            Ok(event) => format!(
                "{} {:?} r{} id {:?} at {} key {:?}{} {} {}",
                event.key.source(),
                event.key.subject(),
                event.revision.number(),
                event.id,
                event.time,
                event.partition_key.map(|unit| unit.to_string()),
                if event.synthetic { " synthetic" } else { "" },
                show::hex(&event.digest.0),
                show::hex(&postcard::to_stdvec(&event.fact).unwrap()),
            ),
            Err(errors) => errors
                .iter()
                .map(|error| format!("{} {}", error.code.as_str(), error.pointer).trim_end().to_owned())
                .collect::<Vec<_>>()
                .join(", "),
        }
    }
}

/// Into the embedded log as a producer of one's own would send: nothing is checked.
pub fn send(data: &Path, messages: Vec<Raw>) {
    let mut producer =
        EmbeddedLog::create(data, &["giaoban.events", "giaoban.events.dlq"]).unwrap().producer(EVENTS).unwrap();
    for Raw { key, headers, payload } in messages {
        producer.send(&Outgoing { key, headers, payload, ..Outgoing::default() }, 0).unwrap();
    }
    assert!(producer.flush(Duration::from_secs(60)).iter().all(|delivery| delivery.result.is_ok()));
}

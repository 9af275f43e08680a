//! Dead letters: a first burst, what nobody decides about, and a partition that is held.

use std::time::Duration;

use giaoban::domain::Partition;
use giaoban::log::embedded::EmbeddedLog;
use giaoban::log::{EventLog as _, Outgoing};

use super::{Watched, of_installation};
use crate::harness::{Giaoban, session};
use crate::pages::Page;
use crate::prometheus::Prometheus;

const HERE: &str = "letters";
const TOPICS: [&str; 2] = ["giaoban.events", "giaoban.events.dlq"];

/// Into partition 0 as a producer of one's own would: nothing is checked.
pub fn send(giaoban: &Giaoban, payloads: impl Iterator<Item = Vec<u8>>) {
    let mut producer = EmbeddedLog::create(&giaoban.data(), &TOPICS).unwrap().producer(TOPICS[0]).unwrap();
    for payload in payloads {
        producer.send(&Outgoing { partition: Some(Partition(0)), payload, ..Outgoing::default() }, 0).unwrap();
    }
    assert!(producer.flush(Duration::from_secs(20)).iter().all(|delivery| delivery.result.is_ok()));
}

/// What is no event.
pub fn broken(number: usize) -> Vec<u8> {
    format!("{{\"number\":{number},").into_bytes()
}

/// Of a system that nobody has allowed yet.
fn foreign(number: usize) -> Vec<u8> {
    session("00004", number, 1, "2020-03-04", 1).replace("/units/00004", "/systems/hr").into_bytes()
}

pub fn are_too_many(prometheus: &Prometheus) {
    let giaoban = of_installation(Giaoban::new(), HERE).with("GIAOBAN__WORKER__DEAD_LETTER_RUN", "25");
    // Nearly a third, and all read before Prometheus sees the worker for the first time.
    let mixed = (0..300).map(|number| match number % 10 {
        0..3 => foreign(number),
        _ => session("00007", number, 1, "2020-03-04", 1).into_bytes(),
    });
    send(&giaoban, mixed);
    let worker = Watched::worker(prometheus, &giaoban);
    prometheus.fires("GiaobanDeadLetterShareHigh", HERE);
    assert_eq!(prometheus.fires("GiaobanDeadLetters", HERE)["reason"], "source.not_allowed");
    prometheus.fires("GiaobanDeadLettersUndecided", HERE);
    for alert in ["GiaobanDeadLetterShareHigh", "GiaobanDeadLetters", "GiaobanDeadLettersUndecided"] {
        Page::of(alert).is_looked_at(&giaoban);
    }
    worker.stop();
    let giaoban = giaoban.with("GIAOBAN__SOURCES__ALLOWED", "/systems/hr");
    let worker = Watched::worker(prometheus, &giaoban);
    let letters = Page::of("GiaobanDeadLetters");
    letters.is_done(&giaoban, "giaoban dlq redrive --dry-run", &[]);
    letters.is_done(&giaoban, "giaoban dlq redrive", &[]);
    for alert in ["GiaobanDeadLettersUndecided", "GiaobanDeadLetterShareHigh", "GiaobanDeadLetters"] {
        prometheus.ends(alert, HERE);
    }

    send(&giaoban, (300..330).map(broken));
    assert_eq!(prometheus.fires("GiaobanPartitionHeld", HERE)["partition"], "0");
    let held = Page::of("GiaobanPartitionHeld");
    held.is_looked_at(&giaoban);
    held.is_done(&giaoban, "giaoban dlq accept", &[]);
    prometheus.ends("GiaobanPartitionHeld", HERE);
    prometheus.fires("GiaobanDeadLettersUndecided", HERE);
    let undecided = Page::of("GiaobanDeadLettersUndecided");
    undecided.is_done(&giaoban, "giaoban dlq discard", &[("unit.unknown", "json.syntax")]);
    prometheus.ends("GiaobanDeadLettersUndecided", HERE);
    worker.stop();
}

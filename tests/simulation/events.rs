//! What lies in the log of a run: few records with many revisions, so that they
//! meet, on few units that merge, move and vanish.

use std::sync::{Arc, LazyLock};

use giaoban::domain::record::Rank;
use giaoban::domain::{Calendar, Fact, Offset, Partition, RecordKey, Rules, UnitTable};
use giaoban::wire::decode::Decoder;
use giaoban::wire::{Admission, Message};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// A ward that another takes over whole, one that is cut up, and one that changes its district.
const UNITS: &str = "code,name,kind,parent_code,valid_from,valid_to
01,City,city,,2020-01-01,
001,East,urban_district,01,2020-01-01,
002,West,urban_district,01,2020-01-01,
00001,Alder,ward,001,2020-01-01,
00002,Birch,ward,001,2020-01-01,2024-12-31
00003,Cedar,ward,002,2020-01-01,2025-06-30
00003,Cedar,ward,001,2025-07-01,
00004,Elm,commune,002,2020-01-01,2024-12-31
";
pub const SUCCESSION: &str = "from_code,to_code,effective_on,extent,basis
00002,00001,2025-01-01,whole,made up
00004,00001,2025-01-01,part,made up
00004,00003,2025-01-01,part,made up
";
const CODES: [&str; 6] = ["00001", "00002", "00003", "00004", "001", "002"];
/// The city speaks for all of them, a district for its own.
const SOURCES: [&str; 4] = ["01", "01", "001", "01"];
const DAYS: [&str; 6] = ["2020-03-14", "2020-03-15", "2024-12-14", "2024-12-15", "2024-12-31", "2025-07-01"];
const BODIES: [&str; 2] = ["trade_union", "peoples_council"];
const FIELDS: [&str; 2] = ["environment", "budget_finance"];
pub const PERIODS: [&str; 5] = ["2020-Q1", "2020-Q2", "2025-Q1", "2025-Q3", "2025"];

pub static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| {
    let units = UnitTable::from_csv(UNITS, SUCCESSION).unwrap();
    Arc::new(Rules::new(units, Calendar::Decree09))
});

/// The seeded source of every choice of a run.
pub struct Dice(ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.0.next_u64() % limit as u64) as usize
    }

    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last + 1));
        }
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// A message as it lies in the log.
#[derive(Clone)]
pub struct Sent {
    pub offset: Offset,
    /// By clocks that jump forward and back, or not told.
    pub timestamp_ms: Option<i64>,
    pub payload: Option<Vec<u8>>,
    /// What it says; `None` if it is not a valid event.
    pub event: Option<(RecordKey, Rank, Fact)>,
}

/// A partition, with messages that are yet to come.
#[derive(Clone)]
pub struct PartitionLog {
    pub partition: Partition,
    messages: Vec<Sent>,
    /// How many of them have come.
    come: usize,
    /// The first offset that has not expired.
    pub low: i64,
    /// So many offsets behind the last message are none.
    tail: i64,
    /// How often it became another: its epoch, and its topic's id.
    pub generation: u64,
    /// What it was before it lost what the store had counted.
    pub before: Option<Box<Self>>,
}

impl PartitionLog {
    pub fn come(&self) -> &[Sent] {
        &self.messages[..self.come]
    }

    pub fn high(&self) -> i64 {
        let last = self.come().last().map_or(0, |message| message.offset.next().0);
        self.messages.get(self.come).map_or(last + self.tail, |next| next.offset.0)
    }

    /// More messages come.
    pub fn grow(&mut self, by: usize) {
        self.come = self.come.saturating_add(by).min(self.messages.len());
    }

    /// Those that have come, from an offset on; others before it may have expired.
    pub fn from(&self, offset: i64) -> &[Sent] {
        let begin = self.come().partition_point(|message| message.offset.0 < offset);
        &self.come()[begin..]
    }

    /// Each message was taken at a time of its own.
    pub fn stamp(&mut self) {
        let next = 1_600_000_000_000 * (1 + self.generation as i64);
        self.messages.iter_mut().zip(next..).for_each(|(message, at)| message.timestamp_ms = Some(at));
    }

    /// All from an offset on is gone, and so many other messages lie there, some of which are yet to come.
    pub fn lose(&mut self, dice: &mut Dice, from: i64, others: usize) {
        self.before = Some(Box::new(self.clone()));
        self.messages.retain(|message| message.offset.0 < from);
        self.come = self.messages.len();
        (self.generation, self.tail) = (self.generation + 1, 0);
        let kept = self.messages.clone();
        let mut decoder = Decoder::new();
        self.messages.extend((from..).take(others).map(|offset| sent(&mut decoder, offset, None, message(dice, 20))));
        self.stamp();
        self.messages[..kept.len()].clone_from_slice(&kept);
        self.grow(dice.below(others + 1));
    }

    /// Those of a span.
    pub fn between(&self, from: i64, to: i64) -> &[Sent] {
        let rest = self.from(from);
        &rest[..rest.partition_point(|message| message.offset.0 < to)]
    }
}

/// The partitions of a run, none of whose messages have come.
pub fn log(dice: &mut Dice, partitions: usize) -> Vec<PartitionLog> {
    let records = 3 + dice.below(30);
    let most = 20 + dice.below(100);
    let mut known: Vec<Option<Vec<u8>>> = Vec::new();
    let mut decoder = Decoder::new();
    let mut partition = |index| {
        let mut offset = 0;
        let messages = (0..most / 2 + dice.below(most)).map(|_| {
            // A producer that had no answer sends again, and a unit that moved sends elsewhere.
            let payload = if dice.one_in(6) && !known.is_empty() {
                known[dice.below(known.len())].clone()
            } else {
                message(dice, records)
            };
            known.push(payload.clone());
            // Transactions and compaction leave holes.
            offset += if dice.one_in(10) { 1 + dice.below(4) as i64 } else { 0 };
            let timestamp_ms = dice.pick(&[None, Some(0), Some(1_600_000_000_000), Some(-5), Some(i64::MAX)]);
            offset += 1;
            sent(&mut decoder, offset - 1, timestamp_ms, payload)
        });
        let messages = messages.collect();
        let tail = dice.pick(&[0, 0, 1, 3]);
        PartitionLog { partition: Partition(index), messages, come: 0, low: 0, tail, generation: 0, before: None }
    };
    (0..partitions as i32).map(&mut partition).collect()
}

/// A message at that offset.
fn sent(decoder: &mut Decoder, offset: i64, timestamp_ms: Option<i64>, payload: Option<Vec<u8>>) -> Sent {
    let message = Message { payload: payload.as_deref(), ..Message::default() };
    let event = decoder.decode(&message, &RULES, &Admission::new()).ok();
    let event = event.map(|event| (event.key, (event.revision, event.digest), event.fact));
    Sent { offset: Offset(offset), timestamp_ms, payload, event }
}

/// An event of one of so many records, or something that is none.
fn message(dice: &mut Dice, records: usize) -> Option<Vec<u8>> {
    let number = dice.below(records);
    let (source, revision) = (SOURCES[number % 4], 1 + dice.below(3));
    // Some have a clock that is years off, and some lie before what they tell of.
    let time = dice.pick(&["2026-01-01T08:00:00+07:00", "2031-05-05T00:00:00Z", "2026-01-01T08:00:00+07:00"]);
    let time = if dice.one_in(25) { "1999-12-31T23:59:59Z" } else { time };
    let (unit, day) = (dice.pick(&CODES), dice.pick(&DAYS));
    let by = format!(r#""body":"{}","field":"{}""#, dice.pick(&BODIES), dice.pick(&FIELDS));
    let amount = dice.below(4);
    let (kind, data) = match dice.below(16) {
        0 => return Some(dice.pick(&[&b"{no event"[..], b"", b"[]", b"\xff", b"{\"specversion\":\"1.0\"}"]).to_vec()),
        1 => return None,
        2 => ("withdrawal", r#"{"reason":"sent in error"}"#.to_owned()),
        3 => ("nilreturn", format!(r#"{{"unit":"{unit}","period":"{}"}}"#, dice.pick(&PERIODS))),
        4 => ("inspectionplan", format!(r#"{{"unit":"{unit}","year":2025,"planned":{amount}}}"#)),
        5 => (
            "petition",
            format!(r#"{{"unit":"{unit}","received_on":"{day}","kind":"complaint","resolved_on":"2025-07-01"}}"#),
        ),
        6..10 => (
            "violation",
            format!(
                r#"{{"unit":"{unit}","detected_on":"{day}",{by},"status":"{}","recommended":true{}}}"#,
                dice.pick(&["suspected", "confirmed", "dismissed"]),
                dice.pick(&[
                    "",
                    r#","resolved_on":"2025-07-01","money_recovered_vnd":7000,"land_recovered_m2":0.25"#,
                    r#","resolved_on":"2024-12-31","money_other_vnd":1"#,
                ]),
            ),
        ),
        _ => ("supervision", format!(r#"{{"unit":"{unit}","held_on":"{day}",{by},"participants":{amount}}}"#)),
    };
    let event = format!(
        r#"{{"specversion":"1.0","id":"R-{number}.{revision}","source":"/units/{source}","type":"vn.giaoban.{kind}.v1","subject":"R-{number}","time":"{time}","revision":{revision},"data":{data}}}"#
    );
    Some(event.into_bytes())
}

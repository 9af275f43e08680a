//! The year as it passes: units with their habits, draws, and records that are sent, corrected and withdrawn.

use jiff::civil::{Date, date};
use jiff::{Span, Timestamp};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde_json::{Map, Value, json};

use crate::domain::{HANOI, Revision, Rules, UnitRow};
use crate::text::sample;
use crate::wire::encode::Draft;
use crate::wire::spec::EventType;
use crate::wire::unit_source;

const SEED: u64 = 20_201_203;
/// The first day of the year.
const FIRST: Date = date(2020, 1, 1);
/// The last day of the year.
pub(super) const LAST: Date = date(2020, 12, 14);

/// Whether a unit was in force from the first day of the year to the last.
pub(super) fn in_force_all_year(row: &UnitRow) -> bool {
    row.in_force_on(FIRST) && row.in_force_on(LAST)
}

/// A message of the sample, in the order of sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleEvent {
    /// The Kafka key: the unit's code.
    pub key: String,
    /// A structured CloudEvent.
    pub payload: Vec<u8>,
}

/// How a commune reports.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Habit {
    /// Nothing all year.
    Never,
    /// A nil return every quarter.
    NilOnly,
    /// As it should.
    Prompt,
    /// Weeks or months later.
    Late,
}

impl Habit {
    pub(super) fn has_records(self) -> bool {
        matches!(self, Self::Prompt | Self::Late)
    }
}

pub(super) struct Unit {
    pub(super) code: String,
    pub(super) is_district: bool,
    /// How much happens there, against others.
    pub(super) weight: u64,
    pub(super) habit: Habit,
    /// Quarters with a record.
    pub(super) active: [bool; 4],
    /// Whether the last quarter has a session or a case of the Community Investment Supervision Board.
    pub(super) has_board: bool,
    /// For record numbers.
    pub(super) counter: usize,
}

/// An event with when it is sent.
pub(super) struct Sent {
    at: Timestamp,
    order: usize,
    event: SampleEvent,
}

pub(super) struct Year {
    rng: ChaCha8Rng,
    pub(super) units: Vec<Unit>,
    pub(super) root: String,
    sent: Vec<Sent>,
}

impl Year {
    pub(super) fn new(rules: &Rules) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let in_force = |row: &&UnitRow| in_force_all_year(row) && row.kind.level() > 0;
        let rows: Vec<&UnitRow> = rules.units.rows().iter().filter(in_force).collect();
        // A busy district makes its communes busy.
        let districts: std::collections::BTreeMap<String, u64> = rows
            .iter()
            .filter(|row| row.kind.level() == 1)
            .map(|row| (row.code.to_string(), 2 + rng.next_u64() % 9))
            .collect();
        let mut units: Vec<Unit> = rows
            .iter()
            .map(|row| {
                let busy = row.parent.and_then(|parent| districts.get(parent.as_str())).copied().unwrap_or(20);
                let draw = rng.next_u64() % 100;
                let habit = match (row.kind.level(), draw) {
                    (1, _) => Habit::Prompt,
                    (_, 0..4) => Habit::Never,
                    (_, 4..9) => Habit::NilOnly,
                    (_, 9..30) => Habit::Late,
                    _ => Habit::Prompt,
                };
                let spread = 1 + rng.next_u64() % 6;
                let is_district = row.kind.level() == 1;
                let (code, weight) = (row.code.to_string(), busy * spread);
                Unit { code, is_district, weight, habit, active: [false; 4], has_board: false, counter: 0 }
            })
            .collect();
        // Of very few units the draw may leave none that reports.
        if !units.iter().any(|unit| unit.habit.has_records())
            && let Some(first) = units.first_mut()
        {
            first.habit = Habit::Prompt;
        }
        Self { rng, units, root: rules.units.root().code.to_string(), sent: Vec::new() }
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.rng.next_u64() % limit
    }

    pub(super) fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// A unit that has records, by weight.
    pub(super) fn unit(&mut self) -> usize {
        let has_records = |unit: &Unit| unit.habit.has_records();
        let total: u64 = self.units.iter().filter(|unit| has_records(unit)).map(|unit| unit.weight).sum();
        let mut draw = self.below(total);
        for (index, unit) in self.units.iter().enumerate().filter(|(_, unit)| has_records(unit)) {
            if draw < unit.weight {
                return index;
            }
            draw -= unit.weight;
        }
        0
    }

    /// A day of the year: little at Tết and in the lockdown of April, most in autumn.
    pub(super) fn day(&mut self) -> Date {
        loop {
            let day = FIRST.saturating_add(Span::new().days(self.below(349) as i64));
            let keep = match day.month() {
                1 => 35,
                2 => 45,
                4 => 20,
                5..=7 => 65,
                9..=11 => 100,
                _ => 75,
            };
            if self.below(100) < keep && day <= LAST {
                return day;
            }
        }
    }

    pub(super) fn active(&mut self, unit: usize, day: Date) {
        let quarter = match (day.month(), day.day()) {
            (1..=2, _) | (3, ..15) => 0,
            (3..=5, _) | (6, ..15) => 1,
            (6..=8, _) | (9, ..15) => 2,
            _ => 3,
        };
        self.units[unit].active[quarter] = true;
    }

    /// When a record of that day is sent.
    pub(super) fn time(&mut self, unit: usize, day: Date) -> Timestamp {
        let wait = match self.units[unit].habit {
            Habit::Late => 15 + self.below(75),
            _ => self.below(9),
        };
        let hour = 8 + self.below(9) as i8;
        let minute = self.below(60) as i8;
        let at = day.saturating_add(Span::new().days(wait as i64)).at(hour, minute, 0, 0);
        HANOI.to_timestamp(at).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    pub(super) fn number(&mut self, unit: usize, prefix: &str) -> String {
        self.units[unit].counter += 1;
        format!("{prefix}-2020-{:06}", self.units[unit].counter)
    }

    pub(super) fn draft(
        &self,
        of: EventType,
        unit: usize,
        subject: String,
        time: Timestamp,
        data: Map<String, Value>,
    ) -> Draft {
        let source = unit_source(self.units[unit].code.as_str());
        Draft { synthetic: true, ..Draft::new(of.spec(), source, subject, time, data) }
    }

    pub(super) fn send(&mut self, draft: &Draft) {
        self.sent.push(Sent { at: draft.time, order: self.sent.len(), event: event(draft) });
    }

    /// Sends a record with the life that records have: sometimes again, corrected, out of order.
    pub(super) fn live(&mut self, draft: Draft, correct: impl Fn(&mut Self, &mut Map<String, Value>)) {
        let first = draft.clone();
        let days = |time: Timestamp, days: i64| time.checked_add(Span::new().hours(days * 24)).unwrap_or(time);
        if self.one_in(12) {
            let mut second = Draft { revision: revision(2), time: days(draft.time, 3), ..draft.clone() };
            correct(self, &mut second.data);
            if self.one_in(5) {
                let mut third = Draft { revision: revision(3), time: days(second.time, 9), ..second.clone() };
                correct(self, &mut third.data);
                self.send(&third);
            }
            if self.one_in(4) {
                // The correction overtakes what it corrects.
                let (earlier, later) = (second.time, first.time);
                second.time = later;
                self.send(&second);
                self.send(&Draft { time: earlier, ..first });
                return;
            }
            self.send(&second);
        }
        self.send(&first);
        if self.one_in(25) {
            self.send(&first);
        }
    }

    /// Sends a record that is withdrawn: it does not count in the end.
    pub(super) fn withdrawn(&mut self, draft: &Draft) {
        self.send(draft);
        let Ok(time) = draft.time.checked_add(Span::new().hours(120)) else { return };
        let spec = EventType::Withdrawal.spec();
        let data = [("reason".to_owned(), json!(self.pick(sample::WITHDRAWALS)))].into_iter().collect();
        let key = draft.key().map(str::to_owned);
        self.send(&Draft { spec, revision: revision(2), time, data, partition_key: key, ..draft.clone() });
    }

    pub(super) fn in_order(mut self) -> Vec<SampleEvent> {
        self.sent.sort_by_key(|sent| (sent.at, sent.order));
        self.sent.into_iter().map(|sent| sent.event).collect()
    }
}

/// An event as it is sent.
pub(super) fn event(draft: &Draft) -> SampleEvent {
    SampleEvent { key: draft.key().unwrap_or_default().to_owned(), payload: draft.to_json() }
}

/// The revision of that number.
pub(super) fn revision(number: i64) -> Revision {
    Revision::new(number).unwrap_or(Revision::FIRST)
}

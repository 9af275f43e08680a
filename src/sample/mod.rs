//! The sample year 2020 of the demo, made from a fixed seed.
//!
//! The city's totals are those of the committee's briefing of 3 December 2020;
//! everything else is made up, uneven as life is: units that report late,
//! corrections, duplicates, withdrawals, nil returns, some that never report.
//! Every event says of itself that it is synthetic. Pure: no clock.

use jiff::civil::{Date, date};
use jiff::{Span, Timestamp, tz};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde_json::{Map, Value, json};

use crate::domain::{ActivityKind, Body, Field, PetitionKind, Revision, Rules, UnitRow};
use crate::text::sample;
use crate::wire::encode::Draft;
use crate::wire::spec::TypeSpec;

/// Supervision sessions in 2020 by the briefing.
pub const SESSIONS: usize = 5_085;
/// Cases with signs of violation in 2020 by the briefing.
pub const CASES: usize = 848;

const SEED: u64 = 20_201_203;
const FIRST: Date = date(2020, 1, 1);
const LAST: Date = date(2020, 12, 14);

/// A message of the sample, in the order of sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleEvent {
    /// The Kafka key: the unit's code.
    pub key: String,
    /// A structured CloudEvent.
    pub payload: Vec<u8>,
}

fn in_force_all_year(row: &UnitRow) -> bool {
    row.in_force_on(FIRST) && row.in_force_on(LAST)
}

/// Whether the rules have units for the sample year: a city or province over at
/// least one district or commune, in force from its first day to its last.
pub fn covers(rules: &Rules) -> bool {
    let level = |wanted: fn(u8) -> bool| {
        rules.units.rows().iter().any(|row| in_force_all_year(row) && wanted(row.kind.level()))
    };
    level(|level| level == 0) && level(|level| level > 0)
}

/// The sample year over the rules' own units; empty if these have none, see [`covers`].
pub fn sample_year(rules: &Rules) -> Vec<SampleEvent> {
    if !covers(rules) {
        return Vec::new();
    }
    let mut year = Year::new(rules);
    year.sessions();
    year.cases();
    year.activities();
    year.petitions();
    year.nil_returns();
    year.plans_and_indices();
    year.in_order()
}

/// A few messages that are no events, so that the demo has dead letters to show.
pub fn bad_examples() -> Vec<Vec<u8>> {
    let event = |event_type: &str, data: &str| {
        format!(
            r#"{{"specversion":"1.0","id":"SAI-1.1","source":"/units/00004","type":"{event_type}","subject":"SAI-1","time":"2020-06-01T08:00:00+07:00","synthetic":true,"data":{data}}}"#
        )
    };
    let supervision = "vn.giaoban.supervision.v1";
    let violation = "vn.giaoban.violation.v1";
    let case = |rest: &str| {
        format!(
            r#"{{"unit":"00004","detected_on":"2020-05-20","body":"trade_union","field":"environment","status":"confirmed","recommended":true,{rest}}}"#
        )
    };
    let messages = [
        event(supervision, r#"{"unit":"99999","held_on":"2020-05-20","body":"trade_union","field":"environment"}"#),
        event(supervision, r#"{"unit":"00004","held_on":"2020-02-30","body":"trade_union","field":"environment"}"#),
        event(violation, &case(r#""resolved_on":"2020-05-30","money_recovered_vnd":-5000000"#)),
        event(violation, &case(r#""resolved_on":"2020-05-01""#)),
        event("vn.giaoban.weather.v1", "{}"),
        r#"{"specversion":"1.0","id":"SAI-"#.to_owned(),
    ];
    messages.into_iter().map(String::into_bytes).collect()
}

/// How a commune reports.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Habit {
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
    fn has_records(self) -> bool {
        matches!(self, Self::Prompt | Self::Late)
    }
}

struct Unit {
    code: String,
    is_district: bool,
    /// How much happens there, against others.
    weight: u64,
    habit: Habit,
    /// Quarters with a record.
    active: [bool; 4],
    /// For record numbers.
    counter: usize,
}

/// An event with when it is sent.
struct Sent {
    at: Timestamp,
    order: usize,
    event: SampleEvent,
}

struct Year {
    rng: ChaCha8Rng,
    units: Vec<Unit>,
    root: String,
    sent: Vec<Sent>,
}

impl Year {
    fn new(rules: &Rules) -> Self {
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
                Unit { code, is_district, weight, habit, active: [false; 4], counter: 0 }
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

    fn below(&mut self, limit: u64) -> u64 {
        self.rng.next_u64() % limit
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// A unit that has records, by weight.
    fn unit(&mut self) -> usize {
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
    fn day(&mut self) -> Date {
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

    fn active(&mut self, unit: usize, day: Date) {
        let quarter = match (day.month(), day.day()) {
            (1..=2, _) | (3, ..15) => 0,
            (3..=5, _) | (6, ..15) => 1,
            (6..=8, _) | (9, ..15) => 2,
            _ => 3,
        };
        self.units[unit].active[quarter] = true;
    }

    /// When a record of that day is sent.
    fn time(&mut self, unit: usize, day: Date) -> Timestamp {
        let wait = match self.units[unit].habit {
            Habit::Late => 15 + self.below(75),
            _ => self.below(9),
        };
        let hour = 8 + self.below(9) as i8;
        let minute = self.below(60) as i8;
        let at = day.saturating_add(Span::new().days(wait as i64)).at(hour, minute, 0, 0);
        tz::offset(7).to_timestamp(at).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn number(&mut self, unit: usize, prefix: &str) -> String {
        self.units[unit].counter += 1;
        format!("{prefix}-2020-{:06}", self.units[unit].counter)
    }

    fn draft(
        &self,
        name: &str,
        unit: usize,
        subject: String,
        time: Timestamp,
        data: Map<String, Value>,
    ) -> Option<Draft> {
        let source = format!("/units/{}", self.units[unit].code);
        let spec = TypeSpec::named(name)?;
        Some(Draft { synthetic: true, ..Draft::new(spec, source, subject, time, data) })
    }

    fn send(&mut self, draft: &Draft) {
        let event = SampleEvent { key: draft.key().unwrap_or_default().to_owned(), payload: draft.to_json() };
        self.sent.push(Sent { at: draft.time, order: self.sent.len(), event });
    }

    /// Sends a record with the life that records have: sometimes again, corrected, out of order.
    fn live(&mut self, draft: Draft, correct: impl Fn(&mut Self, &mut Map<String, Value>)) {
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
    fn withdrawn(&mut self, draft: &Draft) {
        self.send(draft);
        let (Some(spec), Some(time)) =
            (TypeSpec::named("withdrawal"), draft.time.checked_add(Span::new().hours(120)).ok())
        else {
            return;
        };
        let data = [("reason".to_owned(), json!(self.pick(sample::WITHDRAWALS)))].into_iter().collect();
        let key = draft.key().map(str::to_owned);
        self.send(&Draft { spec, revision: revision(2), time, data, partition_key: key, ..draft.clone() });
    }

    fn sessions(&mut self) {
        let withdrawn = 40;
        for number in 0..SESSIONS + withdrawn {
            let unit = self.unit();
            let Some(draft) = self.session(unit) else { continue };
            match number {
                number if number < withdrawn => self.withdrawn(&draft),
                number if number < withdrawn + 5 => {
                    // Withdrawn by mistake, and brought back.
                    self.withdrawn(&draft);
                    let time = draft.time.checked_add(Span::new().hours(240)).unwrap_or(draft.time);
                    self.send(&Draft { revision: revision(3), time, ..draft });
                }
                _ => self.live(draft, |year, data| {
                    data.insert("participants".into(), json!(5 + year.below(60)));
                    if year.one_in(6) {
                        // Held in another quarter than was first said.
                        let earlier = date(2020, 3, 10).saturating_add(Span::new().days(year.below(20) as i64));
                        let held_on = data.get("held_on").and_then(Value::as_str).unwrap_or_default();
                        if held_on > "2020-04-01" {
                            data.insert("held_on".into(), json!(earlier.to_string()));
                        }
                    }
                }),
            }
        }
    }

    fn session(&mut self, unit: usize) -> Option<Draft> {
        let day = self.day();
        self.active(unit, day);
        let time = self.time(unit, day);
        let subject = self.number(unit, "GS");
        let (body, field) = (self.body(), self.field());
        let mut data = self.place(unit, "held_on", day);
        data.insert("body".into(), json!(body.name()));
        data.insert("field".into(), json!(field.name()));
        if !self.one_in(10) {
            data.insert("participants".into(), json!(3 + self.below(45)));
        }
        data.insert("topic".into(), json!(sample::topic(field)));
        if body == Body::CommunityInvestmentBoard {
            data.insert("project".into(), json!(self.pick(sample::PROJECTS)));
        }
        if self.one_in(3) {
            data.insert(
                "recommendations".into(),
                json!({"party": self.below(3), "authority": 1 + self.below(3), "other": self.below(2)}),
            );
        }
        self.draft("supervision", unit, subject, time, data)
    }

    fn body(&mut self) -> Body {
        let draw = self.below(100);
        match draw {
            0..38 => Body::FatherlandFront,
            38..60 => Body::PeoplesInspectionBoard,
            60..76 => Body::CommunityInvestmentBoard,
            76..84 => Body::TradeUnion,
            84..93 => Body::SociopoliticalOrganisation,
            93..98 => Body::PeoplesCouncil,
            _ => Body::Other,
        }
    }

    fn field(&mut self) -> Field {
        let draw = self.below(100);
        match draw {
            0..16 => Field::BudgetFinance,
            16..36 => Field::LandConstructionPlanning,
            36..54 => Field::InvestmentProjects,
            54..64 => Field::PeoplesContributions,
            64..76 => Field::SocialPolicy,
            76..84 => Field::AdministrativeProcedures,
            84..89 => Field::OfficialConduct,
            89..97 => Field::Environment,
            _ => Field::Other,
        }
    }

    fn place(&self, unit: usize, name: &str, day: Date) -> Map<String, Value> {
        [("unit".to_owned(), json!(self.units[unit].code)), (name.to_owned(), json!(day.to_string()))]
            .into_iter()
            .collect()
    }

    fn cases(&mut self) {
        let withdrawn = 9;
        for number in 0..CASES + withdrawn {
            let unit = self.unit();
            let Some(draft) = self.case(unit) else { continue };
            if number < withdrawn {
                self.withdrawn(&draft);
            } else {
                self.live(draft, |_, data| {
                    data.insert("status".into(), json!("confirmed"));
                    data.insert("recommended".into(), json!(true));
                });
            }
        }
    }

    fn case(&mut self, unit: usize) -> Option<Draft> {
        let day = self.day();
        self.active(unit, day);
        let mut time = self.time(unit, day);
        let subject = self.number(unit, "VP");
        let field = self.field();
        let mut data = self.place(unit, "detected_on", day);
        data.insert("body".into(), json!(self.body().name()));
        data.insert("field".into(), json!(field.name()));
        data.insert("status".into(), json!(self.pick(&["suspected", "confirmed", "confirmed", "dismissed"])));
        data.insert("recommended".into(), json!(!self.one_in(3)));
        data.insert("summary".into(), json!(sample::summary(field)));
        let resolved = day.saturating_add(Span::new().days(10 + self.below(120) as i64));
        if resolved <= LAST && !self.one_in(4) {
            data.insert("resolved_on".into(), json!(resolved.to_string()));
            time = time.max(self.time(unit, resolved));
            self.active(unit, resolved);
            if self.one_in(2) {
                data.insert("money_recovered_vnd".into(), json!((1 + self.below(400)) * 250_000));
            }
            if self.one_in(6) {
                data.insert("money_other_vnd".into(), json!((1 + self.below(90)) * 1_000_000));
            }
            if field == Field::InvestmentProjects && self.one_in(2) {
                data.insert("settlement_reduction_vnd".into(), json!((1 + self.below(300)) * 500_000));
            }
            if field == Field::LandConstructionPlanning {
                data.insert("land_recovered_m2".into(), json!((1 + self.below(40_000)) as f64 / 20.0));
                if self.one_in(3) {
                    data.insert("land_other_m2".into(), json!((1 + self.below(9_000)) as f64 / 20.0));
                }
            }
        } else if self.one_in(8) {
            data.insert("legal_obstacle".into(), json!(sample::OBSTACLE));
        }
        self.draft("violation", unit, subject, time, data)
    }

    fn activities(&mut self) {
        for _ in 0..2_600 {
            let unit = self.unit();
            let day = self.day();
            self.active(unit, day);
            let (time, subject) = (self.time(unit, day), self.number(unit, "HD"));
            let kind = self.pick(ActivityKind::ALL);
            let count = if kind == ActivityKind::OpinionContribution { 5 + self.below(120) } else { 1 };
            let mut data = self.place(unit, "held_on", day);
            data.insert("kind".into(), json!(kind.name()));
            data.insert("body".into(), json!(self.body().name()));
            data.insert("count".into(), json!(count));
            if let Some(draft) = self.draft("activity", unit, subject, time, data) {
                self.live(draft, |year, data| {
                    data.insert("count".into(), json!(1 + year.below(4)));
                });
            }
        }
    }

    fn petitions(&mut self) {
        for _ in 0..1_900 {
            let unit = self.unit();
            let day = self.day();
            self.active(unit, day);
            let (mut time, subject) = (self.time(unit, day), self.number(unit, "DT"));
            let mut data = self.place(unit, "received_on", day);
            data.insert("kind".into(), json!(self.pick(PetitionKind::ALL).name()));
            let resolved = day.saturating_add(Span::new().days(5 + self.below(60) as i64));
            if resolved <= LAST && !self.one_in(3) {
                data.insert("resolved_on".into(), json!(resolved.to_string()));
                self.active(unit, resolved);
                time = time.max(self.time(unit, resolved));
            }
            if let Some(draft) = self.draft("petition", unit, subject, time, data) {
                self.live(draft, |_, _| {});
            }
        }
    }

    /// Units without anything in a quarter say so, most of them.
    fn nil_returns(&mut self) {
        let deadlines = [date(2020, 3, 14), date(2020, 6, 14), date(2020, 9, 14), LAST];
        for unit in 0..self.units.len() {
            for (quarter, deadline) in deadlines.into_iter().enumerate() {
                let habit = self.units[unit].habit;
                let quiet = !self.units[unit].active[quarter];
                if habit == Habit::Never || !quiet || (habit != Habit::NilOnly && self.one_in(4)) {
                    continue;
                }
                let (time, subject) = (self.time(unit, deadline), self.number(unit, "BC"));
                let data = [("unit", self.units[unit].code.clone()), ("period", format!("2020-Q{}", quarter + 1))];
                let data = data.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
                if let Some(draft) = self.draft("nilreturn", unit, subject, time, data) {
                    self.send(&draft);
                }
            }
        }
    }

    /// Plans for the year and the two indices, plainly made up.
    fn plans_and_indices(&mut self) {
        let begin = tz::offset(7).to_timestamp(date(2020, 1, 10).at(9, 0, 0, 0)).unwrap_or(Timestamp::UNIX_EPOCH);
        let end = tz::offset(7).to_timestamp(date(2020, 12, 10).at(9, 0, 0, 0)).unwrap_or(Timestamp::UNIX_EPOCH);
        for unit in 0..self.units.len() {
            if !self.units[unit].is_district {
                continue;
            }
            let subject = self.number(unit, "KH");
            let planned = 4 + self.below(20);
            let data = json!({"unit": self.units[unit].code, "year": 2020, "planned": planned});
            if let (Some(draft), Value::Object(data)) =
                (self.draft("inspectionplan", unit, subject, begin, Map::new()), data)
            {
                self.send(&Draft { data, ..draft });
            }
        }
        for (index, score, rank, out_of) in [("papi", 40.0, 40, 63), ("sipas", 80.0, 30, 63)] {
            let Some(spec) = TypeSpec::named("index") else { continue };
            let data = json!({"unit": self.root, "year": 2020, "index": index, "score": score, "rank": rank, "out_of": out_of});
            let Value::Object(data) = data else { continue };
            let subject = format!("CS-2020-{index}");
            let draft =
                Draft { synthetic: true, ..Draft::new(spec, format!("/units/{}", self.root), subject, end, data) };
            self.send(&draft);
        }
    }

    fn in_order(mut self) -> Vec<SampleEvent> {
        self.sent.sort_by_key(|sent| (sent.at, sent.order));
        self.sent.into_iter().map(|sent| sent.event).collect()
    }
}

fn revision(number: i64) -> Revision {
    Revision::new(number).unwrap_or(Revision::FIRST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Calendar, Entry, Fact, Figure, Offset, Partition, Period, Position, UnitTable};
    use crate::rollup::table::Cells;
    use crate::rollup::{Rollup, contributions};
    use crate::wire::decode::Decoder;
    use crate::wire::{AllowedSources, Message};
    use sha2::{Digest as _, Sha256};
    use std::collections::BTreeMap;

    fn hanoi() -> Rules {
        let units = include_str!("../../config/units/hanoi.csv");
        let succession = include_str!("../../config/units/hanoi-succession.csv");
        Rules::new(UnitTable::from_csv(units, succession).unwrap(), Calendar::Decree09)
    }

    fn decode(payload: &[u8], rules: &Rules) -> Result<crate::wire::Event, Vec<crate::wire::ValidationError>> {
        let message = Message { headers: &[], payload: Some(payload) };
        Decoder::new().decode(&message, rules, &AllowedSources::new())
    }

    /// By record, the revision that counts.
    fn recount(rules: &Rules) -> BTreeMap<(String, String), (crate::domain::record::Rank, Fact)> {
        let mut counting = BTreeMap::new();
        for event in sample_year(rules) {
            let event = decode(&event.payload, rules).unwrap_or_else(|errors| panic!("{errors:?}"));
            assert!(event.synthetic);
            let key = (event.key.source().to_owned(), event.key.subject().to_owned());
            let rank = (event.revision, event.digest);
            match counting.get(&key) {
                Some((known, _)) if *known >= rank => {}
                _ => {
                    counting.insert(key, (rank, event.fact));
                }
            }
        }
        counting
    }

    #[test]
    fn a_recount_gives_the_briefings_totals() {
        let rules = hanoi();
        let counting = recount(&rules);
        let facts: Vec<&Fact> = counting.values().map(|(_, fact)| fact).collect();
        let sessions = facts.iter().filter(|fact| matches!(fact, Fact::Supervision { .. })).count();
        let cases = facts.iter().filter(|fact| matches!(fact, Fact::Violation { .. })).count();
        assert_eq!((sessions, cases), (5_085, 848));

        let year = Period::Year(2020);
        let mut cells = Cells::default();
        for fact in &facts {
            contributions(fact, &rules, |part| {
                assert_eq!(part.quarter.year(), 2020);
                cells.at(part.place).add(part.figure, part.body, part.field, part.amount);
            })
            .unwrap();
        }
        let rollup = Rollup::of(year, None, &cells, &rules).unwrap();
        let city = rollup.first().unwrap();
        assert_eq!(city.figure(Figure::SupervisionSessions), 5_085);
        assert_eq!(city.figure(Figure::ViolationsFound), 848);
        for figure in Figure::ALL {
            assert!(city.figure(*figure) > 0, "{} is zero", figure.name());
        }
        for row in rollup.rows.iter().filter(|row| row.parent.as_deref() == Some("01")) {
            assert!(row.figure(Figure::SupervisionSessions) > 0, "nothing in {}", row.name);
        }
        let silent = rollup.reporting.iter().filter(|unit| !unit.records && !unit.nil).count();
        let nil = rollup.reporting.iter().filter(|unit| !unit.records && unit.nil).count();
        assert!(silent > 5 && nil > 5, "{silent} silent, {nil} nil");
    }

    #[test]
    fn the_sample_is_the_same_every_time() {
        let rules = hanoi();
        let mut hash = Sha256::new();
        let events = sample_year(&rules);
        events.iter().for_each(|event| hash.update(&event.payload));
        let entry = Entry {
            key: crate::domain::RecordKey::new("", ""),
            revision: Revision::FIRST,
            digest: crate::domain::Digest(hash.finalize().into()),
            event_id: None,
            fact: Fact::Withdrawal,
            position: Position { partition: Partition(0), offset: Offset(0) },
        };
        insta::assert_snapshot!(format!("{} events, SHA-256 {}", events.len(), entry.digest));
    }

    fn rules(rows: &str) -> Rules {
        let units = format!("code,name,kind,parent_code,valid_from,valid_to\n{rows}");
        let units = UnitTable::from_csv(&units, "from_code,to_code,effective_on,extent,basis\n").unwrap();
        Rules::new(units, Calendar::Decree09)
    }

    #[test]
    fn another_provinces_sample_has_the_same_totals() {
        let rules = rules("9,B,province,,2019-01-01,\n91,C,commune,9,2019-01-01,\n");
        let counting = recount(&rules);
        let count = |kind| counting.values().filter(|(_, fact)| fact.kind() == kind).count();
        assert_eq!((count("supervision"), count("violation")), (SESSIONS, CASES));
    }

    #[test]
    fn units_that_came_after_2020_have_no_sample() {
        for rows in ["9,B,province,,2025-07-01,\n91,C,commune,9,2025-07-01,\n", "9,B,province,,2019-01-01,\n"] {
            assert!(!covers(&rules(rows)));
            assert_eq!(sample_year(&rules(rows)), []);
        }
        assert!(covers(&hanoi()));
    }

    #[test]
    fn every_bad_example_is_refused_for_another_reason() {
        let rules = hanoi();
        let reason = |payload: &Vec<u8>| decode(payload, &rules).unwrap_err()[0].code.as_str();
        let reasons: std::collections::BTreeSet<_> = bad_examples().iter().map(reason).collect();
        assert_eq!(reasons.len(), bad_examples().len(), "{reasons:?}");
    }
}

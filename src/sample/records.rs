//! What happens in the year: sessions, cases, activities, petitions, nil returns, plans and indices.

use jiff::civil::{Date, date};
use jiff::{Span, Timestamp};
use serde_json::{Map, Value, json};

use super::SampleEvent;
use super::year::{Habit, LAST, Unit, Year, event, revision};
use crate::domain::{ActivityKind, Body, Field, HANOI, PetitionKind};
use crate::text::sample;
use crate::wire::encode::Draft;
use crate::wire::spec::EventType;
use crate::wire::unit_source;

/// Supervision sessions in 2020 by the briefing.
pub const SESSIONS: usize = 5_085;
/// Cases with signs of violation in 2020 by the briefing.
pub const CASES: usize = 848;

impl Year {
    pub(super) fn sessions(&mut self) {
        let withdrawn = 40;
        for number in 0..SESSIONS + withdrawn {
            let unit = self.unit();
            let draft = self.session(unit);
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

    fn session(&mut self, unit: usize) -> Draft {
        let day = self.day();
        self.active(unit, day);
        let time = self.time(unit, day);
        let subject = self.number(unit, "GS");
        let (body, field) = (self.body(), self.field());
        self.note_board(unit, body, day);
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
        self.draft(EventType::Supervision, unit, subject, time, data)
    }

    /// That something of the board lies in the last quarter.
    fn note_board(&mut self, unit: usize, body: Body, day: Date) {
        self.units[unit].has_board |= body == Body::CommunityInvestmentBoard && day >= date(2020, 9, 15);
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

    pub(super) fn cases(&mut self) {
        let withdrawn = 9;
        for number in 0..CASES + withdrawn {
            let unit = self.unit();
            let draft = self.case(unit);
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

    fn case(&mut self, unit: usize) -> Draft {
        let day = self.day();
        self.active(unit, day);
        let mut time = self.time(unit, day);
        let subject = self.number(unit, "VP");
        let field = self.field();
        let mut data = self.place(unit, "detected_on", day);
        let body = self.body();
        self.note_board(unit, body, day);
        data.insert("body".into(), json!(body.name()));
        data.insert("field".into(), json!(field.name()));
        data.insert("status".into(), json!(self.pick(&["suspected", "confirmed", "confirmed", "dismissed"])));
        data.insert("recommended".into(), json!(!self.one_in(3)));
        data.insert("summary".into(), json!(sample::summary(field)));
        let resolved = day.saturating_add(Span::new().days(10 + self.below(120) as i64));
        if resolved <= LAST && !self.one_in(4) {
            data.insert("resolved_on".into(), json!(resolved.to_string()));
            time = time.max(self.time(unit, resolved));
            self.active(unit, resolved);
            self.note_board(unit, body, resolved);
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
        self.draft(EventType::Violation, unit, subject, time, data)
    }

    pub(super) fn activities(&mut self) {
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
            let draft = self.draft(EventType::Activity, unit, subject, time, data);
            self.live(draft, |year, data| {
                data.insert("count".into(), json!(1 + year.below(4)));
            });
        }
    }

    pub(super) fn petitions(&mut self) {
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
            let draft = self.draft(EventType::Petition, unit, subject, time, data);
            self.live(draft, |_, _| {});
        }
    }

    /// Units without anything in a quarter say so, most of them.
    pub(super) fn nil_returns(&mut self) {
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
                let draft = self.draft(EventType::NilReturn, unit, subject, time, data);
                self.send(&draft);
            }
        }
    }

    /// Two forms of the last quarter, of a commune whose board's sessions were sent one by one as well, which is for it to
    /// settle, and of one that had none. They say what was recovered, not the sessions and cases, which the briefing counts.
    pub(super) fn forms(&mut self) -> Vec<SampleEvent> {
        let totals = [
            json!({"participants": 64, "money_recovered_vnd": 12_500_000, "settlement_reduction_vnd": 48_000_000}),
            json!({"participants": 0, "settlement_reduction_vnd": 7_500_000, "land_recovered_m2": 35.5}),
        ];
        let time = HANOI.to_timestamp(LAST.at(16, 30, 0, 0)).unwrap_or(Timestamp::UNIX_EPOCH);
        let reports = |unit: &Unit| !unit.is_district && unit.habit == Habit::Prompt && unit.active[3];
        let mut forms = Vec::new();
        for (has_board, totals) in [true, false].into_iter().zip(totals) {
            let is_meant = |unit: &Unit| reports(unit) && unit.has_board == has_board;
            let Some(unit) = self.units.iter().position(is_meant) else { continue };
            let (subject, code) = (self.number(unit, "TH"), self.units[unit].code.clone());
            let data =
                json!({"unit": code, "period": "2020-Q4", "form": "community_investment_board", "totals": totals});
            let Value::Object(data) = data else { continue };
            forms.push(event(&self.draft(EventType::FormTotal, unit, subject, time, data)));
        }
        forms
    }

    /// Plans for the year and the two indices, plainly made up.
    pub(super) fn plans_and_indices(&mut self) {
        let begin = HANOI.to_timestamp(date(2020, 1, 10).at(9, 0, 0, 0)).unwrap_or(Timestamp::UNIX_EPOCH);
        let end = HANOI.to_timestamp(date(2020, 12, 10).at(9, 0, 0, 0)).unwrap_or(Timestamp::UNIX_EPOCH);
        for unit in 0..self.units.len() {
            if !self.units[unit].is_district {
                continue;
            }
            let subject = self.number(unit, "KH");
            let planned = 4 + self.below(20);
            let data = json!({"unit": self.units[unit].code, "year": 2020, "planned": planned});
            let Value::Object(data) = data else { continue };
            let draft = self.draft(EventType::InspectionPlan, unit, subject, begin, data);
            self.send(&draft);
        }
        for (index, score, rank, out_of) in [("papi", 40.0, 40, 63), ("sipas", 80.0, 30, 63)] {
            let data = json!({"unit": self.root, "year": 2020, "index": index, "score": score, "rank": rank, "out_of": out_of});
            let Value::Object(data) = data else { continue };
            let subject = format!("CS-2020-{index}");
            let draft = Draft {
                synthetic: true,
                ..Draft::new(EventType::Index.spec(), unit_source(self.root.as_str()), subject, end, data)
            };
            self.send(&draft);
        }
    }
}

//! A naive recount, independent of the product's own: for every unit and figure
//! it walks over all records. Slow, and simple enough to be believed.

#![allow(dead_code)]

use std::collections::BTreeMap;

use giaoban::domain::record::Rank;
use giaoban::domain::{Body, Fact, Field, Figure, Period, PetitionKind, RecordKey, Rules, Status, UnitCode, UnitRow};
use giaoban::rollup::Rollup;
use jiff::civil::Date;

/// (unit, first day) → figure → value; parts by body and field under `figure/body:x`.
pub type Figures = BTreeMap<(String, String), BTreeMap<String, i128>>;

/// The revision of each record that counts.
pub fn winners(revisions: &[(RecordKey, Rank, Fact)]) -> Vec<Fact> {
    let mut best: BTreeMap<&RecordKey, (Rank, &Fact)> = BTreeMap::new();
    for (key, rank, fact) in revisions {
        match best.get(key) {
            Some((known, _)) if known >= rank => {}
            _ => {
                best.insert(key, (*rank, fact));
            }
        }
    }
    best.into_values().map(|(_, fact)| fact.clone()).collect()
}

struct Happening {
    unit: UnitCode,
    found: Date,
    day: Date,
    body: Option<Body>,
    field: Option<Field>,
    figures: Vec<(Figure, i128)>,
}

fn happenings(fact: &Fact) -> Vec<Happening> {
    use Figure::*;
    match fact.clone() {
        Fact::Supervision { unit, held_on, body, field, participants, recommendations: [party, authority, other] } => {
            vec![Happening {
                unit,
                found: held_on,
                day: held_on,
                body: Some(body),
                field: Some(field),
                figures: vec![
                    (SupervisionSessions, 1),
                    (Participants, participants.into()),
                    (RecommendationsParty, party.into()),
                    (RecommendationsAuthority, authority.into()),
                    (RecommendationsOther, other.into()),
                ],
            }]
        }
        Fact::Violation { unit, detected_on, body, field, status, recommended, resolution } => {
            let mut all = vec![Happening {
                unit,
                found: detected_on,
                day: detected_on,
                body: Some(body),
                field: Some(field),
                figures: vec![
                    (ViolationsFound, 1),
                    (ViolationsSuspected, (status == Status::Suspected).into()),
                    (ViolationsConfirmed, (status == Status::Confirmed).into()),
                    (ViolationsDismissed, (status == Status::Dismissed).into()),
                    (ViolationsRecommended, recommended.into()),
                ],
            }];
            if let Some(resolution) = resolution {
                all.push(Happening {
                    unit,
                    found: detected_on,
                    day: resolution.on,
                    body: Some(body),
                    field: Some(field),
                    figures: vec![
                        (ViolationsResolved, 1),
                        (MoneyRecoveredVnd, resolution.money_recovered.dong()),
                        (MoneyOtherVnd, resolution.money_other.dong()),
                        (SettlementReductionVnd, resolution.settlement_reduction.dong()),
                        (LandRecoveredM2, resolution.land_recovered.centi_m2()),
                        (LandOtherM2, resolution.land_other.centi_m2()),
                    ],
                });
            }
            all
        }
        Fact::Activity { unit, held_on, kind, body, count } => {
            let figure = Figure::parse(kind.name()).unwrap();
            let figures = vec![(figure, count.into())];
            vec![Happening { unit, found: held_on, day: held_on, body: Some(body), field: None, figures }]
        }
        Fact::Petition { unit, received_on, kind, resolved_on } => {
            let name = match kind {
                PetitionKind::Complaint => "complaints",
                PetitionKind::Denunciation => "denunciations",
                PetitionKind::Recommendation => "petitions",
            };
            let figure = |what: &str| vec![(Figure::parse(&format!("{name}_{what}")).unwrap(), 1)];
            let mut all = vec![Happening {
                unit,
                found: received_on,
                day: received_on,
                body: None,
                field: None,
                figures: figure("received"),
            }];
            all.extend(resolved_on.map(|day| Happening {
                unit,
                found: received_on,
                day,
                body: None,
                field: None,
                figures: figure("resolved"),
            }));
            all
        }
        _ => Vec::new(),
    }
}

/// The row of a code on a day, by looking at every row.
fn row_on(rules: &Rules, code: UnitCode, day: Date) -> Option<&UnitRow> {
    rules.units.rows().iter().find(|row| row.code == code && row.in_force_on(day))
}

/// Who answers on `day` for a case that `code` found on `found`, read off the succession file itself.
fn answers_for<'a>(rules: &'a Rules, succession: &str, code: UnitCode, found: Date, day: Date) -> Option<&'a UnitRow> {
    let mut row = row_on(rules, code, found)?;
    while !row.in_force_on(day) {
        let next_day = row.valid_to?.tomorrow().unwrap();
        let same = row_on(rules, row.code, next_day).filter(|next| next.name == row.name);
        row = match same {
            Some(next) => next,
            None => {
                let line = succession.lines().map(|line| line.split(',').collect::<Vec<_>>()).find(|columns| {
                    columns[0] == row.code.as_str() && columns[2] == next_day.to_string() && columns[3] == "whole"
                })?;
                row_on(rules, UnitCode::new(line[1]).unwrap(), next_day)?
            }
        };
    }
    Some(row)
}

/// Every figure of every unit in force in the period, by walking over every fact.
pub fn recount(facts: &[Fact], period: Period, rules: &Rules, succession: &str) -> Figures {
    let (from, to) = rules.calendar.range(period).unwrap();
    let key = |row: &UnitRow| (row.code.to_string(), row.valid_from.to_string());
    let in_force: Vec<&UnitRow> = rules.units.rows().iter().filter(|row| row.in_force_within(from, to)).collect();
    let mut figures: Figures = in_force
        .iter()
        .map(|row| (key(row), Figure::ALL.iter().map(|figure| (figure.name().to_owned(), 0)).collect()))
        .collect();
    let dissolved = ("dissolved".to_owned(), String::new());
    // (code, name) is a unit: rows that went on unchanged are one.
    let identity = |row: &UnitRow| (row.code, row.name.clone());
    let mut with_record = std::collections::BTreeSet::new();
    let mut with_nil = std::collections::BTreeSet::new();
    for fact in facts {
        for happening in happenings(fact).into_iter().filter(|happening| (from..=to).contains(&happening.day)) {
            let mut places = Vec::new();
            match answers_for(rules, succession, happening.unit, happening.found, happening.day) {
                Some(unit) => {
                    with_record.insert(identity(unit));
                    let mut above = Some(unit);
                    while let Some(row) = above {
                        places.push(key(row));
                        above = row.parent.and_then(|parent| row_on(rules, parent, happening.day));
                    }
                }
                None => places
                    .extend([dissolved.clone(), key(row_on(rules, rules.units.root().code, happening.day).unwrap())]),
            }
            for place in places {
                let row = figures.entry(place).or_default();
                for (figure, amount) in happening.figures.iter().filter(|(_, amount)| *amount != 0) {
                    *row.entry(figure.name().to_owned()).or_default() += amount;
                    if let Some(body) = happening.body {
                        *row.entry(format!("{}/body:{}", figure.name(), body.name())).or_default() += amount;
                    }
                    if let Some(field) = happening.field {
                        *row.entry(format!("{}/field:{}", figure.name(), field.name())).or_default() += amount;
                    }
                }
            }
        }
        if let Fact::NilReturn { unit, period: nil } = fact {
            for quarter in nil.quarters().into_iter().filter(|quarter| period.quarters().contains(quarter)) {
                let (from, to) = rules.calendar.quarter_range(quarter).unwrap();
                let last = rules
                    .units
                    .rows()
                    .iter()
                    .filter(|row| row.code == *unit && row.in_force_within(from, to))
                    .max_by_key(|row| row.valid_from);
                with_nil.extend(last.map(identity));
            }
        }
    }
    // The units of each row's subtree, by way of every day's parents in the period.
    let mut subtrees: BTreeMap<(String, String), std::collections::BTreeSet<_>> = BTreeMap::new();
    for unit in in_force.iter().filter(|unit| unit.kind.level() > 0) {
        let mut day = from.max(unit.valid_from);
        while day <= to && unit.in_force_on(day) {
            let mut above = Some(*unit);
            while let Some(row) = above {
                subtrees.entry(key(row)).or_default().insert(identity(unit));
                above = row.parent.and_then(|parent| row_on(rules, parent, day));
            }
            // Parents change only where rows do, and those are cut at 1 January and 1 July here.
            day = day.saturating_add(jiff::Span::new().days(14));
        }
    }
    for row in &in_force {
        let units = subtrees.remove(&key(row)).unwrap_or_default();
        let counts = [
            units.len(),
            units.iter().filter(|unit| with_record.contains(unit) || with_nil.contains(unit)).count(),
            units.iter().filter(|unit| with_nil.contains(unit) && !with_record.contains(unit)).count(),
        ];
        let row = figures.get_mut(&key(row)).unwrap();
        for (figure, count) in ["units_expected", "units_reported", "units_nil"].into_iter().zip(counts) {
            row.insert(figure.to_owned(), count as i128);
        }
    }
    figures
}

/// The product's own figures in the recount's form.
pub fn figures_of(rollup: &Rollup) -> Figures {
    let mut figures = Figures::new();
    for row in &rollup.rows {
        let key = (row.unit.clone(), row.valid_from.map(|day| day.to_string()).unwrap_or_default());
        let values = figures.entry(key).or_default();
        for figure in Figure::ALL {
            if row.unit != "dissolved" || row.figure(*figure) != 0 {
                values.insert(figure.name().to_owned(), row.figure(*figure));
            }
            values.extend(
                row.by_body(*figure).map(|(body, amount)| (format!("{}/body:{}", figure.name(), body.name()), amount)),
            );
            values.extend(
                row.by_field(*figure)
                    .map(|(field, amount)| (format!("{}/field:{}", figure.name(), field.name()), amount)),
            );
        }
    }
    figures
}

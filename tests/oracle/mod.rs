//! A naive recount, independent of the product's own: for every unit and figure
//! it walks over all records. Slow, and simple enough to be believed.

#![allow(dead_code)]

use std::collections::{BTreeMap, BTreeSet};

use giaoban::domain::record::Rank;
use giaoban::domain::{
    Body, Fact, Figure, Form, Period, PetitionKind, Quarter, RecordKey, Rules, Status, UnitCode, UnitRow,
};
use giaoban::rollup::Rollup;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

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
    field: Option<&'static str>,
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
                field: Some(field.name()),
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
                field: Some(field.name()),
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
                    field: Some(field.name()),
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

fn hanoi_day(moment: Timestamp) -> Date {
    jiff::tz::Offset::UTC.to_datetime(moment + 7.hours()).date()
}

/// The unit that a fact without a day of its own means: by the day in Hanoi on which it was recorded if the code was in
/// force then and the day lies from `from` to `to`, else by the last of these days on which it was.
pub fn meant(rules: &Rules, code: UnitCode, recorded: Timestamp, from: Date, to: Date) -> Option<&UnitRow> {
    let hanoi = hanoi_day(recorded);
    let then = if hanoi < from || hanoi > to { None } else { row_on(rules, code, hanoi) };
    then.or_else(|| {
        let mut day = to;
        while day >= from {
            if let Some(row) = row_on(rules, code, day) {
                return Some(row);
            }
            day = day.yesterday().unwrap();
        }
        None
    })
}

/// The same, with the day whose ancestors it counts under.
fn meant_day(rules: &Rules, code: UnitCode, recorded: Timestamp, from: Date, to: Date) -> Option<(&UnitRow, Date)> {
    let row = meant(rules, code, recorded, from, to)?;
    let hanoi = hanoi_day(recorded);
    let in_time = hanoi >= from && hanoi <= to && row.in_force_on(hanoi);
    Some((row, if in_time { hanoi } else { row.valid_to.map_or(to, |end| end.min(to)) }))
}

/// (code, name): rows that went on unchanged are one unit.
type Identity = (UnitCode, String);

fn identity(row: &UnitRow) -> Identity {
    (row.code, row.name.clone())
}

/// The row of a day and the rows over it on that day.
fn lineage<'r>(rules: &'r Rules, row: &'r UnitRow, day: Date) -> Vec<&'r UnitRow> {
    let mut rows = vec![row];
    while let Some(above) = rows.last().unwrap().parent.and_then(|parent| row_on(rules, parent, day)) {
        rows.push(above);
    }
    rows
}

/// The days from `from` to `to` on which some unit may have changed, and the first.
fn days(from: Date, to: Date) -> Vec<Date> {
    // Units change at 1 January and 1 July alone, here.
    let changes = (from.year()..=to.year()).flat_map(|year| [1, 7].map(|month| jiff::civil::date(year, month, 1)));
    std::iter::once(from).chain(changes.filter(|day| *day > from && *day <= to)).collect()
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
    // Of each row, the units that have a record or a nil return on a day on which they were under it.
    let mut with_record: BTreeMap<(String, String), BTreeSet<Identity>> = BTreeMap::new();
    let mut with_nil: BTreeMap<(String, String), BTreeSet<Identity>> = BTreeMap::new();
    for fact in facts {
        for happening in happenings(fact).into_iter().filter(|happening| (from..=to).contains(&happening.day)) {
            let places = match answers_for(rules, succession, happening.unit, happening.found, happening.day) {
                Some(unit) => {
                    let rows = lineage(rules, unit, happening.day);
                    for row in &rows {
                        with_record.entry(key(row)).or_default().insert(identity(unit));
                    }
                    rows.into_iter().map(key).collect()
                }
                None => vec![dissolved.clone(), key(row_on(rules, rules.units.root().code, happening.day).unwrap())],
            };
            add(&mut figures, &places, &happening);
        }
        if let Fact::FormTotal { unit, quarter, form, totals, recorded } = fact
            && period.quarters().contains(quarter)
        {
            let (first, last) = rules.calendar.quarter_range(*quarter).unwrap();
            let (row, day) = meant_day(rules, *unit, *recorded, first, last).unwrap();
            let mut sums: Vec<(Figure, i128)> = totals.figures().collect();
            let found = sums.iter().find(|(figure, _)| *figure == Figure::ViolationsFound).map(|(_, found)| *found);
            sums.extend(found.map(|found| (Figure::ViolationsSuspected, found)));
            let body = Some(form.body());
            let happening = Happening { unit: *unit, found: day, day, body, field: Some("unspecified"), figures: sums };
            add(&mut figures, &lineage(rules, row, day).into_iter().map(key).collect::<Vec<_>>(), &happening);
            under(rules, identity(row), first, last, |row, unit| {
                with_record.entry(key(row)).or_default().insert(unit);
            });
        }
        if let Fact::NilReturn { unit, period: nil, recorded } = fact {
            let (first, last) = rules.calendar.range(*nil).unwrap();
            let row = meant(rules, *unit, *recorded, first, last).unwrap();
            for quarter in nil.quarters().into_iter().filter(|quarter| period.quarters().contains(quarter)) {
                let (first, last) = rules.calendar.quarter_range(quarter).unwrap();
                under(rules, identity(row), first, last, |row, unit| {
                    with_nil.entry(key(row)).or_default().insert(unit);
                });
            }
        }
    }
    let mut expected: BTreeMap<(String, String), BTreeSet<Identity>> = BTreeMap::new();
    for unit in in_force.iter().filter(|unit| unit.kind.level() > 0) {
        under(rules, identity(unit), from, to, |row, unit| {
            expected.entry(key(row)).or_default().insert(unit);
        });
    }
    // Of itself a unit has all that it has in the period, on whichever of its rows.
    for of in [&mut with_record, &mut with_nil] {
        for unit in in_force.iter().map(|row| identity(row)).collect::<BTreeSet<_>>() {
            let own: Vec<_> = in_force.iter().filter(|row| identity(row) == unit).map(|row| key(row)).collect();
            if own.iter().any(|row| of.get(row).is_some_and(|units| units.contains(&unit))) {
                for row in own {
                    of.entry(row).or_default().insert(unit.clone());
                }
            }
        }
    }
    for row in &in_force {
        let [units, with_record, with_nil] =
            [&expected, &with_record, &with_nil].map(|of| of.get(&key(row)).cloned().unwrap_or_default());
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

/// Every row over a unit, and its own, on some day from `from` to `to`.
fn under<'r>(rules: &'r Rules, unit: Identity, from: Date, to: Date, mut each: impl FnMut(&'r UnitRow, Identity)) {
    for day in days(from, to) {
        if let Some(row) = row_on(rules, unit.0, day).filter(|row| row.name == unit.1) {
            lineage(rules, row, day).into_iter().for_each(|row| each(row, unit.clone()));
        }
    }
}

fn add(figures: &mut Figures, places: &[(String, String)], happening: &Happening) {
    for place in places {
        let row = figures.entry(place.clone()).or_default();
        for (figure, amount) in happening.figures.iter().filter(|(_, amount)| *amount != 0) {
            *row.entry(figure.name().to_owned()).or_default() += amount;
            if let Some(body) = happening.body {
                *row.entry(format!("{}/body:{}", figure.name(), body.name())).or_default() += amount;
            }
            if let Some(field) = happening.field {
                *row.entry(format!("{}/field:{field}", figure.name())).or_default() += amount;
            }
        }
    }
}

/// Where a form's totals stand beside single sessions or cases, or beside those of another: unit, quarter and form.
pub fn overlaps(
    facts: &[Fact],
    period: Period,
    rules: &Rules,
    succession: &str,
) -> BTreeSet<(Quarter, UnitCode, String, &'static str)> {
    let mut forms: BTreeMap<(Quarter, UnitCode, String, &'static str), usize> = BTreeMap::new();
    let mut singles = BTreeSet::new();
    for fact in facts {
        match fact {
            Fact::FormTotal { unit, quarter, form, recorded, .. } => {
                let (from, to) = rules.calendar.quarter_range(*quarter).unwrap();
                let (code, name) = identity(meant(rules, *unit, *recorded, from, to).unwrap());
                *forms.entry((*quarter, code, name, form.name())).or_default() += 1;
            }
            Fact::Supervision { .. } | Fact::Violation { .. } => {
                for happening in happenings(fact) {
                    let unit = answers_for(rules, succession, happening.unit, happening.found, happening.day);
                    let form = Form::ALL.iter().find(|form| Some(form.body()) == happening.body);
                    if let (Some(unit), Some(form)) = (unit, form) {
                        let quarter = rules.calendar.quarter_of(happening.day).unwrap();
                        singles.insert((quarter, unit.code, unit.name.clone(), form.name()));
                    }
                }
            }
            _ => {}
        }
    }
    let listed = forms.into_iter().filter(|(place, count)| *count > 1 || singles.contains(place));
    listed.map(|(place, _)| place).filter(|place| period.quarters().contains(&place.0)).collect()
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

//! Who is expected to report, who has, and to whom, where units change within a period.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use giaoban::domain::*;
use giaoban::rollup::table::{Cells, OfUnit};
use giaoban::rollup::{Rollup, contributions};
use jiff::civil::Date;

/// In the decree's third quarter of 2020 (15 June to 14 September), on 1 July: Old District is dissolved; Ward Moved
/// goes from it to New District, Ward Direct to the city; code 00003 is another ward's; Ward Ended has no heir.
const UNITS: &str = "\
code,name,kind,parent_code,valid_from,valid_to
01,City,city,,2020-01-01,
1,Old District,urban_district,01,2020-01-01,2020-06-30
2,New District,urban_district,01,2020-01-01,
00001,Ward Moved,ward,1,2020-01-01,2020-06-30
00001,Ward Moved,ward,2,2020-07-01,
00002,Ward Direct,ward,1,2020-01-01,2020-06-30
00002,Ward Direct,ward,01,2020-07-01,
00003,Ward First,ward,1,2020-01-01,2020-06-30
00003,Ward Second,ward,2,2020-07-01,
00004,Ward Ended,ward,1,2020-01-01,2020-06-30
";

fn rules() -> Rules {
    let units = UnitTable::from_csv(UNITS, "from_code,to_code,effective_on,extent,basis\n").unwrap();
    Rules::new(units, Calendar::Decree09)
}

fn unit(code: &str) -> UnitCode {
    UnitCode::new(code).unwrap()
}

fn session(code: &str, held_on: &str) -> Fact {
    Fact::Supervision {
        unit: unit(code),
        held_on: held_on.parse().unwrap(),
        body: Body::TradeUnion,
        field: Field::Other,
        participants: 0,
        recommendations: [0; 3],
    }
}

fn at_noon(day: &str) -> jiff::Timestamp {
    HANOI.to_timestamp(day.parse::<Date>().unwrap().at(12, 0, 0, 0)).unwrap()
}

fn nil(code: &str, period: &str, recorded: &str) -> Fact {
    Fact::NilReturn { unit: unit(code), period: period.parse().unwrap(), recorded: at_noon(recorded) }
}

fn form(code: &str, quarter: &str, recorded: &str) -> Fact {
    Fact::FormTotal {
        unit: unit(code),
        quarter: quarter.parse().unwrap(),
        form: Form::PeoplesInspectionBoard,
        totals: Box::new(FormTotals { supervision_sessions: Some(5), ..FormTotals::default() }),
        recorded: at_noon(recorded),
    }
}

fn rollup(facts: &[Fact], period: &str) -> Rollup {
    let (rules, period) = (rules(), period.parse::<Period>().unwrap());
    let mut cells = Cells::default();
    for fact in facts {
        let add = |part: giaoban::rollup::Contribution| {
            if period.quarters().contains(&part.quarter) {
                cells.at(part.place).add(part.counted, part.body, part.field, part.amount);
            }
        };
        contributions(fact, &rules, add).unwrap();
    }
    Rollup::of(period, None, &cells, &rules).unwrap()
}

/// Expected, reported and nil of each row, by name and first day.
fn counts(facts: &[Fact], period: &str) -> BTreeMap<String, [i128; 3]> {
    let figures = [Figure::UnitsExpected, Figure::UnitsReported, Figure::UnitsNil];
    let rollup = rollup(facts, period);
    let key = |row: &giaoban::rollup::RollupRow| match (row.name.as_str(), row.valid_from.unwrap().month()) {
        (name, 7) => format!("{name} since July"),
        (name, _) => name.to_owned(),
    };
    rollup.rows.iter().map(|row| (key(row), figures.map(|figure| row.figure(figure)))).collect()
}

#[test]
fn a_unit_is_expected_by_each_that_it_was_under_on_some_day_of_the_period() {
    let counts = counts(&[], "2020-Q3");
    assert_eq!(counts["City"], [7, 0, 0], "two districts, five wards, each once");
    assert_eq!(counts["Old District"], [5, 0, 0], "itself and its four wards");
    assert_eq!(counts["New District"], [3, 0, 0], "itself, the ward that came, and the second of the code");
    for row in ["Ward Moved", "Ward Moved since July", "Ward First", "Ward Second since July", "Ward Ended"] {
        assert_eq!(counts[row], [1, 0, 0], "{row}");
    }
}

#[test]
fn a_record_is_a_report_to_those_that_its_unit_was_under_on_its_day() {
    let before = counts(&[session("00001", "2020-06-30")], "2020-Q3");
    assert_eq!((before["City"], before["Old District"], before["New District"]), ([7, 1, 0], [5, 1, 0], [3, 0, 0]));
    let after = counts(&[session("00001", "2020-07-01")], "2020-Q3");
    assert_eq!((after["City"], after["Old District"], after["New District"]), ([7, 1, 0], [5, 0, 0], [3, 1, 0]));
    assert_eq!((after["Ward Moved"], after["Ward Moved since July"]), ([1, 1, 0], [1, 1, 0]), "one unit");
    let direct = counts(&[session("00002", "2020-07-01")], "2020-Q3");
    assert_eq!((direct["City"], direct["Old District"], direct["New District"]), ([7, 1, 0], [5, 0, 0], [3, 0, 0]));
    let both = counts(&[session("00001", "2020-06-30"), session("00001", "2020-07-01")], "2020-Q3");
    assert_eq!((both["City"], both["Old District"], both["New District"]), ([7, 1, 0], [5, 1, 0], [3, 1, 0]));
}

#[test]
fn a_nil_return_is_of_the_unit_in_force_when_it_was_recorded_or_else_of_the_last_one() {
    let first = counts(&[nil("00003", "2020-Q3", "2020-06-20")], "2020-Q3");
    assert_eq!((first["Ward First"], first["Ward Second since July"]), ([1, 1, 1], [1, 0, 0]));
    assert_eq!((first["Old District"], first["New District"]), ([5, 1, 1], [3, 0, 0]));
    for recorded in ["2020-07-01", "2020-09-14", "2020-09-15", "2021-03-01"] {
        let second = counts(&[nil("00003", "2020-Q3", recorded)], "2020-Q3");
        assert_eq!((second["Ward First"], second["Ward Second since July"]), ([1, 0, 0], [1, 1, 1]), "{recorded}");
        assert_eq!((second["Old District"], second["New District"]), ([5, 0, 0], [3, 1, 1]), "{recorded}");
    }
    // Its code was nobody's on that day of the period: of the last one in it.
    let ended = counts(&[nil("00004", "2020-Q3", "2020-08-01")], "2020-Q3");
    assert_eq!((ended["Ward Ended"], ended["Old District"]), ([1, 1, 1], [5, 1, 1]));
}

#[test]
fn a_nil_return_counts_in_each_quarter_in_which_its_unit_was_in_force_under_each_that_it_was_under() {
    let year = |recorded: &str| [nil("00003", "2020", recorded)];
    let of = |facts: &[Fact], quarter: &str, row: &str| counts(facts, quarter).get(row).copied();
    // The first unit of the code: until June.
    let first = year("2020-06-20");
    assert_eq!(of(&first, "2020-Q1", "Ward First"), Some([1, 1, 1]));
    assert_eq!(of(&first, "2020-Q3", "Ward First"), Some([1, 1, 1]));
    assert_eq!(of(&first, "2020-Q4", "Ward Second since July"), Some([1, 0, 0]));
    // The second: since July, so not in the first half year.
    let second = year("2020-12-01");
    assert_eq!(of(&second, "2020-Q2", "Ward First"), Some([1, 0, 0]));
    assert_eq!(of(&second, "2020-Q3", "Ward Second since July"), Some([1, 1, 1]));
    assert_eq!(of(&second, "2020-Q4", "Ward Second since July"), Some([1, 1, 1]));
    // A unit that moved within the quarter had nothing to report under either district.
    let moved = counts(&[nil("00001", "2020-Q3", "2020-08-01")], "2020-Q3");
    assert_eq!((moved["City"], moved["Old District"], moved["New District"]), ([7, 1, 1], [5, 1, 1], [3, 1, 1]));
}

#[test]
fn of_a_unit_that_has_both_a_record_and_a_nil_return_the_record_counts() {
    let both = counts(&[nil("00001", "2020-Q3", "2020-08-01"), session("00001", "2020-07-01")], "2020-Q3");
    assert_eq!((both["City"], both["New District"]), ([7, 1, 0], [3, 1, 0]));
    assert_eq!(both["Old District"], [5, 1, 1], "under it there was no record");
}

#[test]
fn a_forms_totals_count_once_and_are_a_report_to_each_that_the_unit_was_under_in_the_quarter() {
    for (recorded, old, new) in [("2020-06-20", 5, 0), ("2020-07-01", 0, 5), ("2020-10-01", 0, 5)] {
        let facts = [form("00001", "2020-Q3", recorded)];
        let rollup = rollup(&facts, "2020-Q3");
        let sessions = |name: &str| {
            let rows = rollup.rows.iter().filter(|row| row.name == name);
            rows.map(|row| row.figure(Figure::SupervisionSessions)).sum::<i128>()
        };
        assert_eq!((sessions("City"), sessions("Ward Moved")), (5, 5), "{recorded}");
        assert_eq!((sessions("Old District"), sessions("New District")), (old, new), "{recorded}");
        let counts = counts(&facts, "2020-Q3");
        assert_eq!((counts["Old District"], counts["New District"]), ([5, 1, 0], [3, 1, 0]), "{recorded}");
    }
    let of_second = counts(&[form("00003", "2020-Q3", "2020-09-20")], "2020-Q3");
    assert_eq!((of_second["Ward First"], of_second["Ward Second since July"]), ([1, 0, 0], [1, 1, 0]));
}

#[test]
fn who_is_listed_behind_a_count_is_who_was_counted() {
    let facts = [session("00001", "2020-07-01"), nil("00004", "2020-Q3", "2020-06-20")];
    let (rules, period) = (rules(), "2020-Q3".parse::<Period>().unwrap());
    let mut cells = Cells::default();
    for fact in &facts {
        let add = |part: giaoban::rollup::Contribution| {
            cells.at(part.place).add(part.counted, part.body, part.field, part.amount);
        };
        contributions(fact, &rules, add).unwrap();
    }
    let whole = Rollup::of(period, None, &cells, &rules).unwrap();
    for row in &whole.rows {
        let unit = OfUnit { code: Some(&row.unit), since: row.valid_from };
        let of_row = Rollup::of_row(period, unit.row(period, &rules).unwrap(), &cells, &rules).unwrap();
        for figure in [Figure::UnitsExpected, Figure::UnitsReported, Figure::UnitsNil] {
            let listed = of_row.reporting.iter().filter(|unit| unit.reported.counts_in(figure)).count();
            assert_eq!(listed as i128, row.figure(figure), "{} of {}", figure.name(), row.name);
        }
        assert_eq!(row.silent.len() as i128, row.figure(Figure::UnitsExpected) - row.figure(Figure::UnitsReported));
    }
    let old = whole.rows.iter().find(|row| row.name == "Old District").unwrap();
    assert_eq!(old.silent, ["Old District", "Ward Moved", "Ward Direct", "Ward First"]);
}

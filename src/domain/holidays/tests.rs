//! The shipped table against the law and the moon, and a table that is wrong.

use std::f64::consts::PI;

use jiff::civil::date;

use super::*;

fn shipped() -> Holidays {
    Holidays::from_csv(include_str!("../../../config/holidays.csv")).unwrap()
}

/// The local day of the new moon of that number since 1900 in Viet Nam, as a Julian day (Meeus, Astronomical Algorithms).
fn new_moon(k: i64) -> i64 {
    let t = k as f64 / 1236.85;
    let (t2, t3, dr) = (t * t, t * t * t, PI / 180.0);
    let mean = 2_415_020.759_33 + 29.530_588_68 * k as f64 + 0.000_117_8 * t2 - 0.000_000_155 * t3
        + 0.000_33 * ((166.56 + 132.87 * t - 0.009_173 * t2) * dr).sin();
    let sun = (359.2242 + 29.105_356_08 * k as f64 - 0.000_033_3 * t2 - 0.000_003_47 * t3) * dr;
    let moon = (306.0253 + 385.816_918_06 * k as f64 + 0.010_730_6 * t2 + 0.000_012_36 * t3) * dr;
    let node = (21.2964 + 390.670_506_46 * k as f64 - 0.001_652_8 * t2 - 0.000_002_39 * t3) * dr;
    let correction = (0.1734 - 0.000_393 * t) * sun.sin() + 0.0021 * (2.0 * sun).sin() - 0.4068 * moon.sin()
        + 0.0161 * (2.0 * moon).sin()
        - 0.0004 * (3.0 * moon).sin()
        + 0.0104 * (2.0 * node).sin()
        - 0.0051 * (sun + moon).sin()
        - 0.0074 * (sun - moon).sin()
        + 0.0004 * (2.0 * node + sun).sin()
        - 0.0004 * (2.0 * node - sun).sin()
        - 0.0006 * (2.0 * node + moon).sin()
        + 0.0010 * (2.0 * node - moon).sin()
        + 0.0005 * (2.0 * moon + sun).sin();
    let lag = -0.000_278 + 0.000_265 * t + 0.000_262 * t2;
    (mean + correction - lag + 0.5 + 7.0 / 24.0).floor() as i64
}

/// In which twelfth of its way the sun stands at the beginning of that Julian day in Viet Nam: 0 from the spring equinox on.
fn sun_sector(day: i64) -> i64 {
    let t = (day as f64 - 0.5 - 7.0 / 24.0 - 2_451_545.0) / 36_525.0;
    let dr = PI / 180.0;
    let anomaly = (357.529_10 + 35_999.050_30 * t - 0.000_155_9 * t * t) * dr;
    let centre = (1.914_600 - 0.004_817 * t) * anomaly.sin()
        + 0.019_993 * (2.0 * anomaly).sin()
        + 0.000_290 * (3.0 * anomaly).sin();
    ((280.466_45 + 36_000.769_83 * t + centre).rem_euclid(360.0) / 30.0) as i64
}

fn julian(day: Date) -> i64 {
    i64::from(date(2000, 1, 1).until(day).unwrap().get_days()) + 2_451_545
}

fn civil(julian: i64) -> Date {
    date(2000, 1, 1).checked_add(jiff::Span::new().days(julian - 2_451_545)).unwrap()
}

/// The first days of the first and the third lunar month of a year: the month with the winter solstice is the eleventh, and
/// one without a sector of its own is a leap month.
fn first_and_third_month(year: i16) -> [Date; 2] {
    let around = ((julian(date(year - 1, 12, 31)) as f64 - 2_415_021.077) / 29.530_588_86) as i64;
    let eleventh = (around - 1..=around + 1)
        .rev()
        .find(|k| sun_sector(new_moon(*k)) < 9 && new_moon(*k) <= julian(date(year - 1, 12, 31)))
        .unwrap();
    let (mut month, mut k, mut found) = (11, eleventh, Vec::new());
    while found.len() < 2 {
        k += 1;
        let is_leap = sun_sector(new_moon(k)) == sun_sector(new_moon(k + 1));
        // A leap month takes the number of the one before; in these years it matters in spring only.
        if !(is_leap && found.len() == 1) {
            month = month % 12 + 1;
        }
        if month == 1 && found.is_empty() || month == 3 {
            found.push(civil(new_moon(k)));
        }
    }
    [found[0], found[1]]
}

#[test]
fn tet_and_the_day_of_the_hung_kings_are_where_the_moon_has_them() {
    let holidays = shipped();
    let named = |name: &str, year: i16| -> Vec<Date> {
        holidays.iter().filter(|(day, of)| *of == name && day.year() == year).map(|(day, _)| day).collect()
    };
    for year in 2020..=2027 {
        let [first, third] = first_and_third_month(year);
        let tet = named("Tết Nguyên đán", year);
        assert_eq!(tet.len(), 5, "{year}");
        // Five days off about the first day of the year, all of them working days, without one between that is none.
        assert!(tet[0] < first && first <= tet[4] && tet[0].until(first).unwrap().get_days() <= 2, "{year}: {first}");
        assert_eq!(holidays.working_days_between(tet[0], tet[4]), 0, "{year}");
        // The tenth day of the third month, or the next working day.
        let mut day = third.checked_add(jiff::Span::new().days(9)).unwrap();
        while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) || (day.month(), day.day()) == (5, 1) {
            day = day.tomorrow().unwrap();
        }
        assert_eq!(named("Giỗ Tổ Hùng Vương", year), [day], "{year}");
    }
    assert_eq!(first_and_third_month(2020)[0], date(2020, 1, 25));
    assert_eq!(first_and_third_month(2025)[0], date(2025, 1, 29));
}

#[test]
fn each_year_has_the_days_off_that_the_law_gives_and_none_is_a_weekend() {
    let holidays = shipped();
    for year in 2020..=2027 {
        let days: Vec<(Date, &str)> = holidays.iter().filter(|(day, _)| day.year() == year).collect();
        let count = |name: &str| days.iter().filter(|(_, of)| *of == name).count();
        let exchanged = count("Nghỉ hoán đổi");
        let by_law = if year == 2020 { 10 } else { 11 } + usize::from(year >= 2026);
        assert_eq!(days.len() - exchanged, by_law, "{year}");
        assert_eq!(count("Quốc khánh"), if year == 2020 { 1 } else { 2 }, "{year}");
        for (day, _) in days {
            assert!(!matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday), "{day}");
            assert!(!holidays.is_working_day(day));
        }
    }
}

#[test]
fn fourteen_quiet_days_about_tet_are_few_working_days() {
    let holidays = shipped();
    // From the Thursday before Tết 2025 to the Monday after it.
    assert_eq!(holidays.working_days_between(date(2025, 1, 23), date(2025, 2, 3)), 1);
    // A weekend is none, whatever stands round it.
    assert_eq!(holidays.working_days_between(date(2025, 3, 7), date(2025, 3, 10)), 0);
    assert_eq!(holidays.working_days_between(date(2025, 3, 7), date(2025, 3, 11)), 1);
    assert_eq!(holidays.working_days_between(date(2025, 3, 11), date(2025, 3, 7)), 0);
}

#[test]
fn a_table_out_of_order_with_a_double_or_a_day_that_is_none_is_told_by_its_line() {
    let wrong = |rows: &str| {
        let HolidayError { line, problem } = Holidays::from_csv(&format!("# x\ndate,name\n{rows}")).unwrap_err();
        (line, problem)
    };
    let day = date(2025, 1, 1);
    assert_eq!(wrong("2025-01-02,a\n2025-01-01,b\n"), (4, HolidayProblem::Order(day)));
    assert_eq!(wrong("2025-01-01,a\n2025-01-01,b\n"), (4, HolidayProblem::Order(day)));
    assert_eq!(wrong("2025-02-30,a\n"), (3, HolidayProblem::Date("2025-02-30".into())));
    assert_eq!(wrong("2025-01-01\n"), (3, HolidayProblem::Line("2025-01-01".into())));
    assert_eq!(wrong("2025-01-01,\n"), (3, HolidayProblem::Line("2025-01-01,".into())));
    let head = Holidays::from_csv("2025-01-01,a\n").unwrap_err();
    assert_eq!(head, HolidayError { line: 1, problem: HolidayProblem::Head });
    assert!(Holidays::from_csv("").is_err());
}

//! Which days lie in a quarter. Two rules are in real use, so the calendar is
//! configuration; any other is a file of dated ranges.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::civil::{Date, date};
use jiff::tz::Offset;

use super::period::{Period, Quarter};

/// The time of all Vietnam, all year: in it times are written, and days are compared with moments.
pub const HANOI: Offset = Offset::constant(7);

/// The rule that says which days lie in which quarter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Calendar {
    /// Decree 09/2019/NĐ-CP, article 12: a quarter runs from the 15th of the
    /// month before it to the 14th of its last month.
    Decree09,
    /// Quarters of the calendar year (statistical reports, Decree 60/2018).
    CalendarQuarter,
    /// Ranges described in a file.
    Dated(DatedCalendar),
}

/// A calendar of the operator's own: contiguous, dated quarters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatedCalendar {
    name: String,
    /// First day of a quarter → the quarter and its last day.
    starts: BTreeMap<Date, (Quarter, Date)>,
}

/// What is wrong with a calendar's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CalendarError {
    /// A row, and its 1-based line.
    Row(usize, CalendarProblem),
    /// No row at all.
    Empty,
}

/// What is wrong with a row of a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CalendarProblem {
    /// So many columns, which are not three.
    Columns(usize),
    /// No quarter.
    Quarter(String),
    /// No day.
    Day(String),
    /// A quarter that ends before it begins.
    EndsBeforeItBegins(Quarter),
    /// A quarter that does not begin on the day after the row before ends.
    NotContiguous {
        /// The quarter that is out of step.
        quarter: Quarter,
        /// Its first day.
        found: Date,
        /// The last day of the row before.
        previous_end: Date,
    },
    /// A quarter that is not the one after that of the row before.
    NotNext {
        /// The quarter.
        quarter: Quarter,
        /// That of the row before.
        before: Quarter,
    },
}

impl Calendar {
    /// The names of the built-in calendars.
    pub const NAMES: [&'static str; 2] = ["decree-09-2019", "calendar-quarter"];

    /// A built-in calendar by its name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "decree-09-2019" => Some(Self::Decree09),
            "calendar-quarter" => Some(Self::CalendarQuarter),
            _ => None,
        }
    }

    /// A calendar from CSV with the columns `quarter,from,to`, both days inclusive.
    ///
    /// # Errors
    ///
    /// The first row that cannot be read or does not follow the one before it, with its line.
    pub fn from_csv(name: &str, text: &str) -> Result<Self, CalendarError> {
        let mut starts = BTreeMap::new();
        let mut previous: Option<(Quarter, Date)> = None;
        for (index, row) in text.lines().enumerate() {
            let line = index + 1;
            let row = row.trim_start_matches('\u{feff}').trim();
            if row.is_empty() || row.starts_with('#') || (line == 1 && row.starts_with("quarter")) {
                continue;
            }
            let fields: Vec<&str> = row.split(',').map(str::trim).collect();
            let wrong = |problem: CalendarProblem| CalendarError::Row(line, problem);
            let day = |text: &str| text.parse::<Date>().map_err(|_| wrong(CalendarProblem::Day(text.to_owned())));
            let [quarter, from, to] = fields[..] else {
                return Err(wrong(CalendarProblem::Columns(fields.len())));
            };
            let quarter: Quarter = quarter.parse().map_err(|_| wrong(CalendarProblem::Quarter(quarter.to_owned())))?;
            let (from, to) = (day(from)?, day(to)?);
            if to < from {
                return Err(wrong(CalendarProblem::EndsBeforeItBegins(quarter)));
            }
            if let Some((before, previous_end)) = previous {
                if previous_end.tomorrow().ok() != Some(from) {
                    return Err(wrong(CalendarProblem::NotContiguous { quarter, found: from, previous_end }));
                }
                if quarter.previous() != before {
                    return Err(wrong(CalendarProblem::NotNext { quarter, before }));
                }
            }
            previous = Some((quarter, to));
            starts.insert(from, (quarter, to));
        }
        if starts.is_empty() {
            return Err(CalendarError::Empty);
        }
        Ok(Self::Dated(DatedCalendar { name: name.to_owned(), starts }))
    }

    /// The name under which reports give it.
    pub fn name(&self) -> &str {
        match self {
            Self::Decree09 => "decree-09-2019",
            Self::CalendarQuarter => "calendar-quarter",
            Self::Dated(dated) => &dated.name,
        }
    }

    /// The quarter in which a day lies; `None` outside a dated calendar.
    pub fn quarter_of(&self, day: Date) -> Option<Quarter> {
        let quarter = |year: i16, month: i8| Quarter::new(year, ((month - 1) / 3 + 1).unsigned_abs());
        match self {
            Self::CalendarQuarter => quarter(day.year(), day.month()),
            Self::Decree09 => match (day.day() >= 15, day.month()) {
                (true, 12) => quarter(day.year() + 1, 1),
                (true, month) => quarter(day.year(), month + 1),
                (false, month) => quarter(day.year(), month),
            },
            Self::Dated(dated) => {
                let (_, (quarter, to)) = dated.starts.range(..=day).next_back()?;
                (day <= *to).then_some(*quarter)
            }
        }
    }

    /// First and last day of a quarter; `None` outside a dated calendar.
    pub fn quarter_range(&self, quarter: Quarter) -> Option<(Date, Date)> {
        let (year, number) = (quarter.year(), quarter.number() as i8);
        match self {
            Self::CalendarQuarter => {
                let last = date(year, number * 3, 1).last_of_month();
                Some((date(year, number * 3 - 2, 1), last))
            }
            Self::Decree09 => {
                let from = if number == 1 { date(year - 1, 12, 15) } else { date(year, number * 3 - 3, 15) };
                Some((from, date(year, number * 3, 14)))
            }
            Self::Dated(dated) => {
                dated.starts.iter().find(|(_, (q, _))| *q == quarter).map(|(from, (_, to))| (*from, *to))
            }
        }
    }

    /// First and last day of a period; `None` where a dated calendar lacks one of its quarters.
    pub fn range(&self, period: Period) -> Option<(Date, Date)> {
        let quarters = period.quarters();
        let (first, last) = (quarters.first()?, quarters.last()?);
        Some((self.quarter_range(*first)?.0, self.quarter_range(*last)?.1))
    }

    /// All that decides figures, as text for the rules' fingerprint.
    pub(super) fn describe(&self, out: &mut String) {
        let _ = writeln!(out, "calendar {}", self.name());
        if let Self::Dated(dated) = self {
            for (from, (quarter, to)) in &dated.starts {
                let _ = writeln!(out, "{quarter} {from} {to}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decrees_quarters_begin_on_the_15th() {
        let of = |day| Calendar::Decree09.quarter_of(day).unwrap().to_string();
        assert_eq!(of(date(2019, 12, 14)), "2019-Q4");
        assert_eq!(of(date(2019, 12, 15)), "2020-Q1");
        assert_eq!(of(date(2020, 3, 14)), "2020-Q1");
        assert_eq!(of(date(2020, 3, 15)), "2020-Q2");
        assert_eq!(of(date(2020, 6, 15)), "2020-Q3");
        assert_eq!(of(date(2020, 9, 15)), "2020-Q4");
        assert_eq!(of(date(2020, 12, 20)), "2021-Q1");
        assert_eq!(of(date(2020, 1, 31)), "2020-Q1");
    }

    #[test]
    fn every_day_lies_in_the_range_of_its_quarter() {
        for calendar in [Calendar::Decree09, Calendar::CalendarQuarter] {
            let mut day = date(2019, 1, 1);
            while day < date(2026, 1, 1) {
                let (from, to) = calendar.quarter_range(calendar.quarter_of(day).unwrap()).unwrap();
                assert!(from <= day && day <= to, "{day} in {}", calendar.name());
                day = day.tomorrow().unwrap();
            }
        }
    }

    #[test]
    fn the_decrees_year_runs_from_december_to_december() {
        let range = Calendar::Decree09.range(Period::Year(2020)).unwrap();
        assert_eq!(range, (date(2019, 12, 15), date(2020, 12, 14)));
        let range = Calendar::Decree09.range("2020-Q4".parse().unwrap()).unwrap();
        assert_eq!(range, (date(2020, 9, 15), date(2020, 12, 14)));
        let range = Calendar::CalendarQuarter.range("2020-H1".parse().unwrap()).unwrap();
        assert_eq!(range, (date(2020, 1, 1), date(2020, 6, 30)));
    }

    #[test]
    fn a_calendar_from_a_file_answers_within_its_ranges_only() {
        let text = "quarter,from,to\n2020-Q1,2020-01-05,2020-04-04\n2020-Q2,2020-04-05,2020-07-04\n";
        let calendar = Calendar::from_csv("school", text).unwrap();
        assert_eq!(calendar.quarter_of(date(2020, 4, 4)).unwrap().to_string(), "2020-Q1");
        assert_eq!(calendar.quarter_of(date(2020, 7, 5)), None);
        assert_eq!(calendar.quarter_of(date(2020, 1, 4)), None);
        assert_eq!(calendar.range(Period::Half(2020, 1)).unwrap(), (date(2020, 1, 5), date(2020, 7, 4)));
        assert_eq!(calendar.range(Period::Year(2020)), None);
    }

    #[test]
    fn a_broken_calendar_is_refused_with_its_line() {
        let gap = "2020-Q1,2020-01-01,2020-03-31\n2020-Q2,2020-04-02,2020-06-30\n";
        assert!(matches!(
            Calendar::from_csv("x", gap),
            Err(CalendarError::Row(2, CalendarProblem::NotContiguous { .. }))
        ));
        assert!(matches!(
            Calendar::from_csv("x", "2020-Q1,2020-02-30,2020-03-01"),
            Err(CalendarError::Row(1, CalendarProblem::Day(_)))
        ));
        assert_eq!(Calendar::from_csv("x", "quarter,from,to\n"), Err(CalendarError::Empty));
    }
}

//! On which days nobody works: Saturdays, Sundays, and the holidays of a dated table. A day that the table does not reach is
//! taken for a working day unless it is a Saturday or a Sunday.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};

/// The days on which offices are closed though it is neither Saturday nor Sunday, each with its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holidays(BTreeMap<Date, String>);

/// What is wrong with a table of holidays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolidayError {
    /// In which line, from 1.
    pub line: usize,
    /// What it is.
    pub problem: HolidayProblem,
}

/// What may be wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HolidayProblem {
    /// The first line is not `date,name`.
    Head,
    /// It is not a date and a name.
    Line(String),
    /// There is no such day.
    Date(String),
    /// It is not after the day before it, or is that day again.
    Order(Date),
}

impl Holidays {
    /// Of a table `date,name` in the order of its days; `#` begins a remark.
    ///
    /// # Errors
    /// With the first line that is wrong.
    pub fn from_csv(text: &str) -> Result<Self, HolidayError> {
        let lines = text.trim_start_matches('\u{feff}').lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
        let mut lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        match lines.next() {
            Some((_, "date,name")) => {}
            head => return Err(HolidayError { line: head.map_or(1, |(line, _)| line), problem: HolidayProblem::Head }),
        }
        let mut days = BTreeMap::new();
        for (line, text) in lines {
            let wrong = |problem| Err(HolidayError { line, problem });
            let Some((date, name)) = text.split_once(',').filter(|(_, name)| !name.is_empty() && !name.contains(','))
            else {
                return wrong(HolidayProblem::Line(text.to_owned()));
            };
            let Ok(day) = date.parse::<Date>() else { return wrong(HolidayProblem::Date(date.to_owned())) };
            if days.last_key_value().is_some_and(|(last, _)| day <= *last) {
                return wrong(HolidayProblem::Order(day));
            }
            days.insert(day, name.to_owned());
        }
        Ok(Self(days))
    }

    /// The holidays in order, each with its name.
    pub fn iter(&self) -> impl Iterator<Item = (Date, &str)> {
        self.0.iter().map(|(day, name)| (*day, name.as_str()))
    }

    /// Whether offices are open on that day.
    pub fn is_working_day(&self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.0.contains_key(&day)
    }

    /// How many working days lie between two days, neither of them counted; 0 where the second is not later.
    pub fn working_days_between(&self, from: Date, to: Date) -> u32 {
        let days = from.series(jiff::Span::new().days(1)).skip(1).take_while(|day| *day < to);
        days.filter(|day| self.is_working_day(*day)).count() as u32
    }
}

#[cfg(test)]
mod tests;

//! What an address asks for, as typed parameters.

use jiff::civil::Date;
use serde::Deserialize;

use super::absent::Absent;
use crate::domain::{Calendar, Figure, Period};
use crate::text::Lang;

/// The query of an address, as it was written. An empty value is none.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    period: Option<String>,
    unit: Option<String>,
    since: Option<String>,
    figure: Option<String>,
    format: Option<String>,
    lang: Option<String>,
}

/// The forms in which programs get figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForPrograms {
    /// JSON.
    Json,
    /// CSV.
    Csv,
}

impl Params {
    /// The reader's language: Vietnamese unless English is asked for.
    pub fn lang(&self) -> Lang {
        if self.lang.as_deref() == Some("en") { Lang::En } else { Lang::Vi }
    }

    /// The period, of those that have figures, newest first. If none is asked for, the newest quarter that has begun by
    /// that day, so that a record of a clock that is years off takes the first page from nobody; the first that will
    /// begin if none has. `None` if there are none.
    ///
    /// # Errors
    /// If the period that is asked for has no figures.
    pub fn period(&self, periods: &[Period], calendar: &Calendar, today: Date) -> Result<Option<Period>, Absent> {
        let mut quarters = periods.iter().copied().filter(|period| matches!(period, Period::Quarter(_)));
        let has_begun = |period: &Period| calendar.range(*period).is_some_and(|(from, _)| from <= today);
        let shown = quarters.clone().find(has_begun).or_else(|| quarters.next_back());
        let (Some(text), Some(_)) = (given(&self.period), shown) else { return Ok(shown) };
        let has_figures =
            |period: &Period| period.quarters().iter().any(|quarter| periods.contains(&Period::Quarter(*quarter)));
        let asked = text.parse().ok().filter(has_figures);
        asked.map(Some).ok_or_else(|| Absent::Period(text.to_owned()))
    }

    /// The code of a unit.
    pub fn unit(&self) -> Option<&str> {
        given(&self.unit)
    }

    /// The first day of the unit.
    ///
    /// # Errors
    /// If it is not a day.
    pub fn since(&self) -> Result<Option<Date>, Absent> {
        let Some(text) = given(&self.since) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Absent::Day(text.to_owned()))
    }

    /// The figure.
    ///
    /// # Errors
    /// If there is no such figure.
    pub fn figure(&self) -> Result<Figure, Absent> {
        let text = given(&self.figure).unwrap_or_default();
        Figure::parse(text)
            .ok_or_else(|| Absent::Figure { given: text.to_owned(), unit: self.unit().map(str::to_owned) })
    }

    /// The form, JSON unless another is asked for.
    ///
    /// # Errors
    /// If there is no such form.
    pub fn format(&self) -> Result<ForPrograms, Absent> {
        match given(&self.format) {
            None | Some("json") => Ok(ForPrograms::Json),
            Some("csv") => Ok(ForPrograms::Csv),
            Some(other) => Err(Absent::Format(other.to_owned())),
        }
    }
}

fn given(value: &Option<String>) -> Option<&str> {
    value.as_deref().filter(|value| !value.is_empty())
}

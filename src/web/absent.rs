//! Error and not-found answers: a sentence, and what there is instead. Never says
//! where the store is: that is for the program's log.

use axum::http::StatusCode;
use jiff::civil::Date;

use super::links::Links;
use super::reply::Reply;
use super::view::{Choice, message};
use crate::domain::{Figure, Period, Rules};
use crate::failure::{Explained as _, FailureKind};
use crate::report::numbers;
use crate::report::records::ListingError;
use crate::rollup::RollupError;
use crate::rollup::table::OfUnit;
use crate::store::StoreError;
use crate::text::names::figure as figure_name;
use crate::text::{Lang, Text, web as say};

/// Why there is no such answer.
#[derive(Debug)]
pub enum Absent {
    /// No page has this address.
    Page,
    /// This program failed.
    Failed,
    /// There are too many questions.
    Busy,
    /// The server is called by a name that it does not know.
    Host(String),
    /// The store has no records yet.
    Records,
    /// The store cannot be read.
    Store(StoreError),
    /// There are no figures of the period.
    Period(String),
    /// The calendar does not have all of the period.
    Calendar(Period, String),
    /// There is no such figure.
    Figure {
        /// What was asked for.
        given: String,
        /// Of which unit.
        unit: Option<String>,
    },
    /// No unit had the code in the period.
    Unit {
        /// The code.
        code: String,
        /// Units that there are: code and name.
        there_are: Vec<(String, String)>,
    },
    /// The code was several units in the period: names and first days.
    WhichUnit(String, Figure, Vec<(String, Date)>),
    /// It is not a day.
    Day(String),
    /// There is no such format.
    Format(String),
}

impl From<StoreError> for Absent {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Absent {
    /// Why figures of a unit cannot be shown.
    pub fn figures(error: ListingError, rules: &Rules) -> Self {
        match error {
            ListingError::Store(error) => Self::Store(error),
            ListingError::Rollup(RollupError::NoSuchUnit { unit, .. } | RollupError::WhichUnit { unit, .. }) => {
                Self::unit(&unit, rules)
            }
            ListingError::Rollup(RollupError::PeriodOutsideCalendar { period, calendar }) => {
                Self::Calendar(period, calendar)
            }
        }
    }

    /// There is no unit of that code, but one of the nearest, and the one over all others.
    pub fn unit(code: &str, rules: &Rules) -> Self {
        let root = rules.units.root();
        let nearest = rules.units.nearest_code(code).map(|code| (code.to_string(), code.to_string()));
        let root = (root.code.to_string(), root.name.clone());
        Self::Unit { code: code.to_owned(), there_are: nearest.into_iter().chain([root]).collect() }
    }

    /// The page, where nothing is known of what there is.
    pub fn page(&self, lang: Lang) -> Reply {
        self.page_among(Links { lang, period: None }, &[])
    }

    /// The page, with links to what there is.
    pub fn page_among(&self, links: Links, periods: &[Period]) -> Reply {
        let (title, sentence) = (self.title(), self.sentence());
        let page = message(links.lang, &title, &sentence, self.choices(links, periods));
        Reply::html(self.status(), page)
    }

    /// For programs, to which no records are no figures.
    pub fn json_among(&self, links: Links, periods: &[Period]) -> Reply {
        let status = if matches!(self, Self::Records) { StatusCode::NOT_FOUND } else { self.status() };
        let names: Vec<String> = self.choices(links, periods).into_iter().map(|choice| choice.name).collect();
        let error = serde_json::json!({ "error": self.sentence().get(links.lang), "choices": names });
        Reply::json(status, format!("{error}\n"))
    }

    fn status(&self) -> StatusCode {
        let kind = match self {
            Self::Records => return StatusCode::OK,
            Self::Failed => return StatusCode::INTERNAL_SERVER_ERROR,
            Self::Busy => return StatusCode::SERVICE_UNAVAILABLE,
            Self::Host(_) => return StatusCode::MISDIRECTED_REQUEST,
            Self::Store(error) => error.kind(),
            Self::WhichUnit(..) => FailureKind::Ambiguous,
            Self::Page
            | Self::Period(_)
            | Self::Calendar(..)
            | Self::Figure { .. }
            | Self::Unit { .. }
            | Self::Day(_)
            | Self::Format(_) => FailureKind::NotFound,
        };
        StatusCode::from_u16(kind.policy().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn title(&self) -> Text {
        match self {
            Self::Records => say::empty_title(),
            Self::Failed => say::failed_title(),
            Self::Busy => say::busy_title(),
            Self::Host(_) => say::unknown_host_title(),
            Self::Store(_) => say::store_title(),
            _ => say::no_such_page_title(),
        }
    }

    /// It in a sentence.
    pub fn sentence(&self) -> Text {
        match self {
            Self::Page => say::no_such_page(),
            Self::Failed => say::failed(),
            Self::Busy => say::busy(),
            Self::Host(name) => say::unknown_host(name),
            Self::Records => say::empty(),
            Self::Store(StoreError::Missing { .. }) => say::store_missing(),
            Self::Store(_) => say::store_unreadable(),
            Self::Period(given) => say::no_such_period(given),
            Self::Calendar(period, calendar) => say::outside_calendar(period, calendar),
            Self::Figure { given, .. } => say::no_such_figure(given),
            Self::Unit { code, .. } => say::no_such_unit(code),
            Self::WhichUnit(code, ..) => say::which_unit(code),
            Self::Day(given) => say::not_a_day(given),
            Self::Format(given) => say::no_such_format(given),
        }
    }

    /// What there is instead.
    fn choices(&self, links: Links, periods: &[Period]) -> Vec<Choice> {
        match self {
            Self::Period(_) | Self::Calendar(..) => {
                let link = |period| Links { period: Some(period), ..links }.overview();
                periods.iter().map(|period| Choice { name: period.to_string(), link: link(*period) }).collect()
            }
            Self::Figure { unit, .. } => {
                let unit = OfUnit { code: unit.as_deref(), since: None };
                let name = |figure: Figure| format!("{} ({})", figure_name(figure).get(links.lang), figure.name());
                let choice = |figure: &Figure| Choice { name: name(*figure), link: links.records(unit, *figure) };
                Figure::ALL.iter().map(choice).collect()
            }
            Self::Unit { there_are, .. } => {
                let choice = |(code, name): &(String, String)| Choice { name: name.clone(), link: links.unit(code) };
                there_are.iter().map(choice).collect()
            }
            Self::WhichUnit(code, figure, units) => {
                let choice = |(name, since): &(String, Date)| Choice {
                    name: say::unit_since(name, numbers::day(*since)).get(links.lang).to_owned(),
                    link: links.records(OfUnit { code: Some(code), since: Some(*since) }, *figure),
                };
                units.iter().map(choice).collect()
            }
            Self::Format(_) => {
                let choice = |format: &str| Choice { name: format.to_owned(), link: links.rollup(None, format) };
                ["json", "csv"].map(choice).into()
            }
            Self::Page | Self::Failed | Self::Busy | Self::Host(_) | Self::Records | Self::Store(_) | Self::Day(_) => {
                Vec::new()
            }
        }
    }
}

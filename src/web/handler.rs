//! From what is asked to what is answered: parameters, query, view. The store
//! is read on a thread that may wait.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::absent::Absent;
use super::links::{Links, records_path, unit_path};
use super::params::{ForPrograms, Params};
use super::query::{Figures, StoreQuery};
use super::reply::Reply;
use super::view::Frame;
use super::{limits, view};
use crate::domain::Period;
use crate::report::records::ListingError;
use crate::report::{Caveats, csv, json};
use crate::rollup::RollupError;
use crate::rollup::table::OfUnit;
use crate::text::Lang;

/// Where answers come from, and room for those that are being made.
#[derive(Clone)]
pub struct Site {
    figures: Figures,
    reads: Arc<Semaphore>,
}

impl Site {
    /// A site over those figures.
    pub fn new(figures: Figures) -> Self {
        Self { figures, reads: Arc::new(Semaphore::new(limits::READS_AT_A_TIME)) }
    }

    /// Answers by reading, apart from other tasks; busy where there is no room. What is being read is read to its end even
    /// if nobody waits for it, so it keeps its room until then.
    pub async fn read(self, lang: Lang, answer: impl FnOnce(&Figures) -> Reply + Send + 'static) -> Response {
        let Self { figures, reads } = self;
        let Ok(room) = reads.try_acquire_owned() else { return limits::busy(lang) };
        let read = move || {
            let _room = room;
            answer(&figures)
        };
        tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| Absent::Failed.page(lang)).into_response()
    }
}

type Here = State<Site>;
type Asked = Query<Params>;

/// Who is answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Person,
    Program,
}

/// What every answer knows: the store, what is asked, the period that is meant, and which there are.
struct Question<'a> {
    query: StoreQuery<'a>,
    params: &'a Params,
    period: Period,
    periods: Vec<Period>,
    caveats: Caveats,
}

impl Question<'_> {
    fn absent(&self, error: ListingError) -> Absent {
        Absent::figures(error, self.query.rules)
    }

    fn frame(&self, here: String) -> Frame {
        let links = Links { lang: self.params.lang(), period: Some(self.period) };
        Frame { title: String::new(), links, periods: self.periods.clone(), here, caveats: self.caveats }
    }
}

/// `/`.
pub async fn overview(State(site): Here, Query(params): Asked) -> Response {
    answered(site, params, Reader::Person, |question| {
        let (rollup, overlaps) = question.query.overview(question.period).map_err(|error| question.absent(error))?;
        Ok(Reply::html(StatusCode::OK, view::overview(question.frame("/".into()), &rollup, overlaps)))
    })
    .await
}

/// `/units/{code}`.
pub async fn unit(State(site): Here, Path(code): Path<String>, Query(params): Asked) -> Response {
    answered(site, params, Reader::Person, move |question| {
        let rollup = question.query.rollup(question.period, Some(&code)).map_err(|error| question.absent(error))?;
        if !rollup.rows.iter().any(|row| row.unit == code) {
            return Err(Absent::unit(&code, question.query.rules));
        }
        let lineage = question.query.lineage(question.period, OfUnit { code: Some(&code), since: None });
        let frame = question.frame(unit_path(&code));
        Ok(Reply::html(StatusCode::OK, view::unit(frame, &rollup, &code, &lineage)))
    })
    .await
}

/// `/records`.
pub async fn records(State(site): Here, Query(params): Asked) -> Response {
    answered(site, params, Reader::Person, |question| {
        let (figure, since) = (question.params.figure()?, question.params.since()?);
        let root = question.query.rules.units.root().code;
        let code = question.params.unit().unwrap_or(root.as_str());
        let unit = OfUnit { code: Some(code), since };
        let listing = question.query.listing(figure, question.period, unit).map_err(|error| match error {
            ListingError::Rollup(RollupError::WhichUnit { units, .. }) => {
                Absent::WhichUnit(code.to_owned(), figure, units)
            }
            error => question.absent(error),
        })?;
        let lineage = question.query.lineage(question.period, unit);
        let frame = question.frame(records_path(unit, figure));
        Ok(Reply::html(StatusCode::OK, view::records(frame, &listing, unit, &lineage)))
    })
    .await
}

/// `/overlaps`.
pub async fn overlaps(State(site): Here, Query(params): Asked) -> Response {
    answered(site, params, Reader::Person, |question| {
        let overlaps = question.query.overlaps(question.period).map_err(|error| question.absent(error))?;
        Ok(Reply::html(StatusCode::OK, view::overlaps(question.frame("/overlaps".into()), question.period, &overlaps)))
    })
    .await
}

/// `/v1/rollup`.
pub async fn rollup(State(site): Here, Query(params): Asked) -> Response {
    answered(site, params, Reader::Program, |question| {
        let unit = question.params.unit();
        let rollup = question.query.rollup(question.period, unit).map_err(|error| question.absent(error))?;
        Ok(match question.params.format()? {
            ForPrograms::Json => Reply::json(StatusCode::OK, json::rollup_json(&rollup, question.caveats)),
            ForPrograms::Csv => Reply::csv(csv::rollup_csv(&rollup, question.caveats)),
        })
    })
    .await
}

/// Any other address.
pub async fn nowhere(Query(params): Asked) -> Response {
    Absent::Page.page(params.lang()).into_response()
}

async fn answered(
    site: Site,
    params: Params,
    reader: Reader,
    answer: impl FnOnce(&mut Question<'_>) -> Result<Reply, Absent> + Send + 'static,
) -> Response {
    site.read(params.lang(), move |figures| answer_of(figures, &params, reader, answer)).await
}

fn answer_of(
    figures: &Figures,
    params: &Params,
    reader: Reader,
    answer: impl FnOnce(&mut Question<'_>) -> Result<Reply, Absent>,
) -> Reply {
    let lang = params.lang();
    let opened = StoreQuery::open(figures).and_then(|mut query| Ok((query.periods()?, query.caveats()?, query)));
    let (periods, caveats, query) = match opened {
        Ok(opened) => opened,
        Err(error) => return instead(&error.into(), reader, Links { lang, period: None }, &[]),
    };
    let shown = params.period(&periods, &figures.rules.calendar, (figures.today)());
    let period = match shown.and_then(|period| period.ok_or(Absent::Records)) {
        Ok(period) => period,
        Err(absent) => return instead(&absent, reader, Links { lang, period: None }, &periods),
    };
    let mut question = Question { query, params, period, periods, caveats };
    let links = Links { lang, period: Some(period) };
    answer(&mut question).unwrap_or_else(|absent| instead(&absent, reader, links, &question.periods))
}

/// What is answered where the question cannot be, with links to what there is.
fn instead(absent: &Absent, reader: Reader, links: Links, periods: &[Period]) -> Reply {
    if let Absent::Store(error) = absent {
        tracing::warn!(event = "figures_not_read", %error, "the figures cannot be read");
    }
    match reader {
        Reader::Person => absent.page_among(links, periods),
        Reader::Program => absent.json_among(links, periods),
    }
}

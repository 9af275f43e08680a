//! The state of the pipeline as a page, and the last hours of it, which the
//! process that serves keeps in memory. The page is there also where the figures
//! cannot be read: that is when it is looked for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use tokio::time::{MissedTickBehavior, interval};

use super::absent::Absent;
use super::handler::Site;
use super::links::Links;
use super::params::Params;
use super::probes::Watched;
use super::query::{Figures, StoreQuery};
use super::reply::Reply;
use super::view;
use super::view::Frame;
use crate::observability::{History, Pipeline, Scrape};
use crate::report::completeness::Completeness;
use crate::report::operations::{Operations, Window, courses};
use crate::report::{Caveats, timeline};
use crate::store::StoreError;

/// How often a sample is taken.
const EVERY: Duration = Duration::from_secs(15);
/// For how long samples are kept, and how they are drawn.
const WINDOW: Window = Window { least_ms: 3_600_000, most_ms: 6 * 3_600_000, columns: 120 };

/// What operators watch, with its last hours.
pub struct Recorder {
    watched: Arc<dyn Watched>,
    history: Mutex<History>,
}

impl Recorder {
    /// Takes samples until nobody has it any more.
    pub fn start(watched: Arc<dyn Watched>) -> Arc<Self> {
        let keep = WINDOW.most_ms / EVERY.as_millis() as i64;
        let recorder = Arc::new(Self { watched, history: Mutex::new(History::new(keep as usize)) });
        let recorded = Arc::downgrade(&recorder);
        tokio::spawn(async move {
            let mut every = interval(EVERY);
            every.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                every.tick().await;
                let Some(recorder) = recorded.upgrade() else { return };
                let pipeline = recorder.look();
                recorder.with_history(|history| history.note(now_ms(), &pipeline));
            }
        });
        recorder
    }

    /// The process as it says of itself at this moment.
    fn look(&self) -> Pipeline {
        Pipeline::of([(String::new(), Ok(Scrape::read(&self.watched.metrics())))])
    }

    fn with_history<T>(&self, act: impl FnOnce(&mut History) -> T) -> T {
        act(&mut self.history.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the page needs: the figures, and what is recorded.
#[derive(Clone)]
pub struct Desk {
    /// The pages' site.
    pub site: Site,
    /// What is recorded.
    pub recorder: Arc<Recorder>,
}

/// `/operations`.
pub async fn operations(State(desk): State<Desk>, Query(params): Query<Params>) -> Response {
    let Desk { site, recorder } = desk;
    site.read(params.lang(), move |figures| page(figures, &recorder, &params)).await
}

fn page(figures: &Figures, recorder: &Recorder, params: &Params) -> Reply {
    let (lang, now_ms) = (params.lang(), now_ms());
    let pipeline = recorder.look();
    let (caveats, completeness, unread) = match newest(figures) {
        Ok((caveats, completeness)) => (caveats, completeness, None),
        Err(error) => {
            tracing::warn!(event = "figures_not_read", %error, "the figures cannot be read");
            (Caveats::default(), None, Some(Absent::Store(error).sentence()))
        }
    };
    let (operations, courses) = recorder.with_history(|history| {
        (Operations::of(&pipeline, history, completeness.as_ref(), now_ms), courses(history, WINDOW, now_ms, lang))
    });
    let links = Links { lang, period: None };
    let frame = Frame { title: String::new(), links, periods: Vec::new(), here: "/operations".into(), caveats };
    let charts = courses.map(|course| (timeline::drawn(&course), course));
    Reply::html(StatusCode::OK, view::operations(frame, operations, charts.into(), unread))
}

/// What figures have to be taken with, and how complete the newest quarter is that has begun.
fn newest(figures: &Figures) -> Result<(Caveats, Option<Completeness>), StoreError> {
    let mut query = StoreQuery::open(figures)?;
    Ok((query.caveats()?, query.completeness((figures.today)())?))
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

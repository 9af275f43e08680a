//! Pages for people and an interface for programs, over HTTP: what operators
//! watch, and the figures with every record behind them.
//!
//! Reads alone, GET alone. Knows reports and the store's reader; nothing of how
//! events travel.

mod answer;
mod frame;
mod pages;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::Semaphore;

use crate::domain::Rules;
use crate::ingest::metrics::Metrics;
use crate::store::{StoreError, StoreReader};
use answer::{Ask, Params, Reply};

/// What operators watch.
pub trait Watched: Send + Sync {
    /// All metrics in the Prometheus text format.
    fn metrics(&self) -> String;
    /// Whether the process goes round.
    fn live(&self) -> bool;
    /// Whether it does its work.
    fn ready(&self) -> bool;
    /// Whether it has begun its work.
    fn started(&self) -> bool;
}

impl Watched for Metrics {
    fn metrics(&self) -> String {
        self.render()
    }

    fn live(&self) -> bool {
        Self::live(self)
    }

    fn ready(&self) -> bool {
        Self::ready(self)
    }

    fn started(&self) -> bool {
        Self::started(self)
    }
}

/// What is served.
#[derive(Clone)]
pub struct WebState {
    /// What operators watch.
    pub watched: Arc<dyn Watched>,
    /// The figures; `None` where metrics alone are served.
    pub figures: Option<Figures>,
}

/// Opens the store for one answer.
pub type Open = dyn Fn() -> Result<Box<dyn StoreReader>, StoreError> + Send + Sync;

/// Where figures come from.
#[derive(Clone)]
pub struct Figures {
    /// The rules that they are made by.
    pub rules: Arc<Rules>,
    /// The store, opened anew for each answer, so that a new generation is seen.
    pub open: Arc<Open>,
}

/// How many answers may read the store at a time: each opens it for itself.
const READS_AT_A_TIME: usize = 16;
/// How long one may wait for an answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// Serves until `shutdown` ends and what is being answered is answered.
///
/// # Errors
/// If the listener fails.
pub async fn serve(
    listener: tokio::net::TcpListener,
    state: WebState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(state, ANSWERS_WITHIN)).with_graceful_shutdown(shutdown).await
}

fn router(state: WebState, within: Duration) -> Router {
    let watched = Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(async |State(watched): Watching| probe(watched.live())))
        .route("/readyz", get(async |State(watched): Watching| probe(watched.ready())))
        .route("/startupz", get(async |State(watched): Watching| probe(watched.started())))
        .with_state(state.watched);
    let routes = match state.figures {
        Some(figures) => watched.merge({
            let figures = Asked { figures, reads: Arc::new(Semaphore::new(READS_AT_A_TIME)) };
            Router::new()
                .route(
                    "/",
                    get(async |state: State<Asked>, params: Asking| answered(state, Ask::Overview, params).await),
                )
                .route("/units/{code}", get(unit))
                .route(
                    "/records",
                    get(async |state: State<Asked>, params: Asking| answered(state, Ask::Records, params).await),
                )
                .route(
                    "/v1/rollup",
                    get(async |state: State<Asked>, params: Asking| answered(state, Ask::Rollup, params).await),
                )
                .fallback(async |params: Asking| answer::no_such_page(&params.0).into_response())
                .with_state(figures)
        }),
        None => watched,
    };
    routes.layer(from_fn_with_state(within, in_time)).layer(map_response(secured))
}

type Watching = State<Arc<dyn Watched>>;

/// Where answers come from, and room for those that are being made.
#[derive(Clone)]
struct Asked {
    figures: Figures,
    reads: Arc<Semaphore>,
}
type Asking = Query<Params>;

async fn metrics(State(watched): Watching) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], watched.metrics()).into_response()
}

fn probe(well: bool) -> Response {
    if well { (StatusCode::OK, "ok\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ok\n") }.into_response()
}

async fn unit(state: State<Asked>, Path(code): Path<String>, params: Asking) -> Response {
    answered(state, Ask::Unit(code), params).await
}

/// The store is read on a thread that may wait. What is being read is read to
/// its end even if nobody waits for it, so it keeps its room until then.
async fn answered(State(Asked { figures, reads }): State<Asked>, ask: Ask, Query(params): Asking) -> Response {
    let lang = params.lang();
    let Ok(room) = reads.try_acquire_owned() else { return busy(answer::busy(lang)) };
    let read = move || {
        let _room = room;
        answer::answer(&figures, &ask, &params)
    };
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| answer::failed(lang)).into_response()
}

/// Nobody waits longer than that.
async fn in_time(State(within): State<Duration>, Query(params): Asking, request: Request, next: Next) -> Response {
    tokio::time::timeout(within, next.run(request)).await.unwrap_or_else(|_| busy(answer::busy(params.lang())))
}

fn busy(reply: Reply) -> Response {
    ([(header::RETRY_AFTER, "5")], reply).into_response()
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, self.content_type)], self.body).into_response()
    }
}

/// Nothing but this page's own text and style; in no frame; kept by nobody.
async fn secured(mut response: Response) -> Response {
    const POLICY: &str =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;

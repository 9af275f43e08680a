//! Pages for people and an interface for programs, over HTTP: what operators
//! watch, and the figures with every record behind them.
//!
//! A request goes straight down: the routes here, `handler` (what is asked, as
//! typed parameters), `query` (reads the store), `view` (what a page shows, as
//! typed values), the templates. What is not there is `absent`'s answer.
//!
//! Two sites stand side by side and know nothing of each other: `probes`, for
//! operators, which an operators' port will serve alone; and the pages, which
//! sign-in of a committee will stand before. Reads alone, GET alone. Knows
//! reports and the store's reader; nothing of how events travel.

mod absent;
pub mod client;
mod connections;
mod handler;
mod hosts;
mod limits;
mod links;
mod operations;
mod params;
mod probes;
mod query;
mod reply;
mod view;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::get;

pub use connections::ConnectionLimits;
use handler::Site;
pub use hosts::KnownHosts;
use operations::{Desk, Recorder};
pub use probes::Watched;
pub use query::{Figures, Open};

/// What is served.
#[derive(Clone)]
pub struct WebState {
    /// What operators watch.
    pub watched: Arc<dyn Watched>,
    /// Whether metrics are served, beside health.
    pub metrics: bool,
    /// The figures; `None` where no pages are served.
    pub figures: Option<Figures>,
    /// By which names the server may be called.
    pub hosts: KnownHosts,
}

/// Serves until `shutdown` ends and what is being answered is answered.
pub async fn serve(
    listener: tokio::net::TcpListener,
    state: WebState,
    limits: ConnectionLimits,
    shutdown: impl Future<Output = ()> + Send,
) {
    connections::serve(listener, router(state, limits::ANSWERS_WITHIN), limits, shutdown).await;
}

fn router(state: WebState, within: Duration) -> Router {
    let routes = match state.figures {
        Some(figures) => {
            let recorder = Recorder::start(Arc::clone(&state.watched));
            watched(state.watched, state.metrics).merge(pages(figures, recorder))
        }
        None => watched(state.watched, state.metrics),
    };
    routes
        .layer(from_fn_with_state(within, limits::in_time))
        .layer(from_fn_with_state(state.hosts, hosts::known))
        .layer(map_response(reply::secured))
}

/// For operators.
fn watched(watched: Arc<dyn Watched>, metrics: bool) -> Router {
    let routes = if metrics { Router::new().route("/metrics", get(probes::metrics)) } else { Router::new() };
    routes
        .route("/livez", get(probes::live))
        .route("/readyz", get(probes::ready))
        .route("/startupz", get(probes::started))
        .with_state(watched)
}

/// For everybody who reads figures.
fn pages(figures: Figures, recorder: Arc<Recorder>) -> Router {
    let site = Site::new(figures);
    let desk = Desk { site: site.clone(), recorder };
    let operations = Router::new().route("/operations", get(operations::operations)).with_state(desk);
    Router::new()
        .route("/", get(handler::overview))
        .route("/units/{code}", get(handler::unit))
        .route("/records", get(handler::records))
        .route("/overlaps", get(handler::overlaps))
        .route("/v1/rollup", get(handler::rollup))
        .fallback(handler::nowhere)
        .with_state(site)
        .merge(operations)
}

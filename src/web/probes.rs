//! What operators and their machines watch: metrics, and whether the process lives and works.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::observability::Metrics;

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
    /// What somebody should know of its work, a line each.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Watched for Metrics {
    fn metrics(&self) -> String {
        self.render()
    }

    fn live(&self) -> bool {
        self.health.live()
    }

    fn ready(&self) -> bool {
        self.health.ready()
    }

    fn started(&self) -> bool {
        self.health.started()
    }

    fn remarks(&self) -> Vec<String> {
        self.remarks()
    }
}

type Watching = State<Arc<dyn Watched>>;

/// `/metrics`.
pub async fn metrics(State(watched): Watching) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], watched.metrics()).into_response()
}

/// `/livez`.
pub async fn live(State(watched): Watching) -> Response {
    probe(watched.live()).into_response()
}

/// `/readyz`.
pub async fn ready(State(watched): Watching) -> Response {
    let (status, said) = probe(watched.ready());
    let lines = watched.remarks().into_iter().map(|remark| remark + "\n");
    (status, said.to_owned() + &lines.collect::<String>()).into_response()
}

/// `/startupz`.
pub async fn started(State(watched): Watching) -> Response {
    probe(watched.started()).into_response()
}

fn probe(well: bool) -> (StatusCode, &'static str) {
    if well { (StatusCode::OK, "ok\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ok\n") }
}

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
    /// Why the process is to be started again, a line each; none while it goes round.
    fn not_live(&self) -> Vec<String>;
    /// Why it does not do its work, a line each; none while it does.
    fn not_ready(&self) -> Vec<String>;
    /// Why it has not begun its work, a line each; none once it has.
    fn not_started(&self) -> Vec<String>;
    /// What somebody should know of its work, a line each.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Watched for Metrics {
    fn metrics(&self) -> String {
        self.render()
    }

    fn not_live(&self) -> Vec<String> {
        self.health.not_live_because()
    }

    fn not_ready(&self) -> Vec<String> {
        self.health.not_ready_because()
    }

    fn not_started(&self) -> Vec<String> {
        self.health.not_started_because()
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

/// `/livez`: whether a supervisor is to start the process again. That store or log are away is no reason: a new process
/// would wait for them as well.
pub async fn live(State(watched): Watching) -> Response {
    probe(watched.not_live(), Vec::new())
}

/// `/readyz`: whether it does its work now, and what somebody should know though it does.
pub async fn ready(State(watched): Watching) -> Response {
    probe(watched.not_ready(), watched.remarks())
}

/// `/startupz`: whether it has begun its work.
pub async fn started(State(watched): Watching) -> Response {
    probe(watched.not_started(), Vec::new())
}

fn probe(reasons: Vec<String>, remarks: Vec<String>) -> Response {
    let well = reasons.is_empty();
    let (status, said) = if well { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ok") };
    let lines: String = reasons.into_iter().chain(remarks).map(|line| line + "\n").collect();
    (status, format!("{said}\n{lines}")).into_response()
}

//! How much is answered at a time, and how long anybody waits.

use std::time::Duration;

use axum::extract::{Query, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::absent::Absent;
use super::params::Params;
use crate::text::Lang;

/// How many answers may read the store at a time: each opens it for itself.
pub const READS_AT_A_TIME: usize = 16;
/// How long one may wait for an answer.
pub const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// Nobody waits longer than that.
pub async fn in_time(
    State(within): State<Duration>,
    Query(params): Query<Params>,
    request: Request,
    next: Next,
) -> Response {
    tokio::time::timeout(within, next.run(request)).await.unwrap_or_else(|_| busy(params.lang()))
}

/// The answer to more questions than can be answered.
pub fn busy(lang: Lang) -> Response {
    ([(header::RETRY_AFTER, "5")], Absent::Busy.page(lang)).into_response()
}

//! What goes out: a status, a media type and a text, with the headers that every answer has.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::text::safe::{json_text, visible_lines};

/// An answer.
#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    content_type: &'static str,
    body: String,
}

impl Reply {
    /// A page.
    pub fn html(status: StatusCode, body: String) -> Self {
        Self { status, content_type: "text/html; charset=utf-8", body: visible_lines(&body).into_owned() }
    }

    /// For programs.
    pub fn json(status: StatusCode, body: String) -> Self {
        Self { status, content_type: "application/json", body: json_text(&body).into_owned() }
    }

    /// For spreadsheets.
    pub fn csv(body: String) -> Self {
        Self { status: StatusCode::OK, content_type: "text/csv; charset=utf-8", body }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        (self.status, [(header::CONTENT_TYPE, self.content_type)], self.body).into_response()
    }
}

/// Who serves; nothing but this page's own text and style; in no frame; kept by nobody.
pub async fn secured(mut response: Response) -> Response {
    const POLICY: &str =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    for (name, value) in [
        (header::SERVER, concat!("giaoban/", env!("CARGO_PKG_VERSION"))),
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

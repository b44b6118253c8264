//! Every answer of `/api` that is no success, as JSON: what is wrong, and what to do.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Why a request of the page was not answered as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The status of the answer.
    pub status: StatusCode,
    /// One word that programs go by.
    pub code: &'static str,
    /// What is wrong and what to do, without any value of a row (P11).
    pub error: String,
    /// When it is worth to ask again.
    pub retry_after_ms: Option<u64>,
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    code: &'a str,
    retry_after_ms: Option<u64>,
}

impl ApiError {
    /// An error of this status.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, error: impl Into<String>) -> Self {
        Self { status, code, error: error.into(), retry_after_ms: None }
    }

    /// The request itself is wrong.
    #[must_use]
    pub fn bad_request(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", error)
    }

    /// There is no such thing.
    #[must_use]
    pub fn not_found(error: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", error)
    }

    /// What the request rests on has changed.
    #[must_use]
    pub fn conflict(error: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", error)
    }

    /// Something of the same kind is running, of which there is one at a time.
    #[must_use]
    pub fn busy(error: impl Into<String>, retry_after_ms: u64) -> Self {
        Self { retry_after_ms: Some(retry_after_ms), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", error) }
    }

    /// A server did not answer.
    #[must_use]
    pub fn away(error: impl Into<String>) -> Self {
        Self { retry_after_ms: Some(1_000), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "away", error) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Body { error: &self.error, code: self.code, retry_after_ms: self.retry_after_ms };
        (self.status, Json(body)).into_response()
    }
}

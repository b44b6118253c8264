//! `/api/overview`, `/api/history`, `/api/partitions`, `/api/alerts`: what was sampled last. No request here asks a server.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::shapes::Partition;
use crate::page::Page;
use crate::page::access::header_text;
use crate::page::alerts::Alert;
use crate::page::error::ApiError;

/// `GET /api/overview`: the bytes of the last event, for pages without a stream. They say by `If-None-Match` what they have.
///
/// # Errors
/// There is no sample yet.
pub async fn overview(State(page): State<Arc<Page>>, headers: HeaderMap) -> Result<Response, ApiError> {
    page.sampled.is_looked_at(Instant::now());
    let news = Arc::clone(&page.sampled.news().borrow());
    if news.seq == 0 {
        return Err(not_yet());
    }
    let tag = format!("\"{}-{}\"", page.sampled.instance(), news.seq);
    if header_text(&headers, "if-none-match") == Some(tag.as_str()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    Ok(([(header::CONTENT_TYPE, "application/json".to_owned()), (header::ETAG, tag)], news.body.clone()).into_response())
}

/// `GET /api/history`
///
/// # Errors
/// The numbers cannot be written, which a defect of this program would be.
pub async fn history(State(page): State<Arc<Page>>) -> Result<Response, ApiError> {
    let json = page.sampled.history().map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "defect", error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}

/// `GET /api/partitions`
///
/// # Errors
/// There is no sample yet.
pub async fn partitions(State(page): State<Arc<Page>>) -> Result<Json<Vec<Partition>>, ApiError> {
    page.sampled.is_looked_at(Instant::now());
    page.sampled.overview().map(|overview| Json(overview.partitions.clone())).ok_or_else(not_yet)
}

/// `GET /api/alerts`
///
/// # Errors
/// There is no sample yet.
pub async fn alerts(State(page): State<Arc<Page>>) -> Result<Json<Vec<Alert>>, ApiError> {
    page.sampled.is_looked_at(Instant::now());
    page.sampled.overview().map(|overview| Json(overview.alerts.clone())).ok_or_else(not_yet)
}

fn not_yet() -> ApiError {
    ApiError::away("nothing was sampled yet: the process has just started; ask again in a second")
}

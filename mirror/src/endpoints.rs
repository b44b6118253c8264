//! The endpoints that are served over HTTP: `/livez`, `/readyz`, `/health`, `/status`, `/metrics`.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};

use crate::health::Health;
use crate::metrics::Metrics;

/// What the endpoints read.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// The state for `/readyz`, `/health` and `/status`.
    pub health: Health,
    /// The counters for `/metrics`.
    pub metrics: Metrics,
}

/// The routes, without a listener.
pub fn router(endpoints: Endpoints) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/health", get(health))
        .route("/status", get(status))
        .route("/metrics", get(metrics))
        .with_state(endpoints)
}

async fn readyz(State(Endpoints { health, .. }): State<Endpoints>) -> Response {
    let verdict = health.verdict();
    if verdict.ready {
        return "ok\n".into_response();
    }
    let lines: String = verdict.reasons.iter().map(|reason| format!("{reason}\n")).collect();
    (StatusCode::SERVICE_UNAVAILABLE, lines).into_response()
}

async fn health(State(Endpoints { health, .. }): State<Endpoints>) -> Response {
    let view = health.health();
    let code = if view.verdict.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(view)).into_response()
}

async fn status(State(Endpoints { health, .. }): State<Endpoints>) -> Response {
    Json(health.status()).into_response()
}

async fn metrics(State(Endpoints { metrics, .. }): State<Endpoints>, headers: HeaderMap) -> Response {
    metrics.answer(&headers)
}

//! The endpoints that are served over HTTP: `/livez`, `/readyz`, `/health`, `/status`, `/metrics`.

use std::time::Instant;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};

use crate::health::{Health, HealthView, StatusView, Verdict, liveness, readiness};
use crate::metrics::Metrics;

/// What the endpoints read.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// The state for the probes, `/health` and `/status`.
    pub health: Health,
    /// The counters for `/metrics`.
    pub metrics: Metrics,
}

/// The routes, without a listener.
pub fn router(endpoints: Endpoints) -> Router {
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/health", get(health))
        .route("/status", get(status))
        .route("/metrics", get(metrics))
        .with_state(endpoints)
}

async fn livez(State(endpoints): State<Endpoints>) -> Response {
    probe(&liveness(&endpoints.health.snapshot(), endpoints.health.rules(), Instant::now()))
}

async fn readyz(State(endpoints): State<Endpoints>) -> Response {
    probe(&readiness(&endpoints.health.snapshot(), endpoints.health.rules(), Instant::now()))
}

/// The answer of a probe, with one reason per line. A positive answer also lists what is degraded.
fn probe(verdict: &Verdict) -> Response {
    let lines = |what: &[String]| what.iter().map(|line| format!("{line}\n")).collect::<String>();
    if !verdict.is_yes() {
        return (StatusCode::SERVICE_UNAVAILABLE, lines(&verdict.reasons)).into_response();
    }
    if verdict.degraded.is_empty() { "ok\n".into_response() } else { format!("degraded\n{}", lines(&verdict.degraded)).into_response() }
}

async fn health(State(endpoints): State<Endpoints>) -> Response {
    let (snapshot, now) = (endpoints.health.snapshot(), Instant::now());
    let verdict = readiness(&snapshot, endpoints.health.rules(), now);
    let code = if verdict.is_yes() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(HealthView::new(&snapshot, verdict, now))).into_response()
}

async fn status(State(endpoints): State<Endpoints>) -> Json<StatusView> {
    let (snapshot, now) = (endpoints.health.snapshot(), Instant::now());
    let verdict = readiness(&snapshot, endpoints.health.rules(), now);
    Json(StatusView::new(&snapshot, verdict, endpoints.health.breakers(), now))
}

async fn metrics(State(endpoints): State<Endpoints>, headers: HeaderMap) -> Response {
    endpoints.metrics.answer(&headers)
}

#[cfg(test)]
mod tests;

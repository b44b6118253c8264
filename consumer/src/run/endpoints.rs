//! The endpoints that are served over HTTP: `/livez`, `/readyz`, `/health`, `/status`, `/metrics`.

use std::time::Instant;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
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

/// The metrics as OpenMetrics for whoever asks for that, as Prometheus does, and otherwise as the older text, which every tool reads.
async fn metrics(State(endpoints): State<Endpoints>, headers: HeaderMap) -> Response {
    // Sources of the types: OpenMetrics 1.0, "Content-Type"; Prometheus, "Exposition formats".
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";
    let mut accepted = headers.get_all(header::ACCEPT).iter().filter_map(|accepted| accepted.to_str().ok());
    let (kind, text) = if accepted.any(|accepted| accepted.contains("application/openmetrics-text")) {
        (OPEN_METRICS, endpoints.metrics.encode())
    } else {
        (PLAIN, endpoints.metrics.encode_plain())
    };
    match text {
        Ok(text) => ([(header::CONTENT_TYPE, kind)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

#[cfg(test)]
mod tests;

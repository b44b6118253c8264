//! The endpoints: `/livez`, `/readyz`, `/health`, `/status`, `/metrics`.

use std::future::Future;
use std::io;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;

use crate::health::{Health, HealthView, StatusView, Verdict, liveness, readiness};
use crate::metrics::Metrics;

/// How long open connections may hold up the end of the process (P10).
const GRACE: Duration = Duration::from_secs(1);

/// What the endpoints read.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// For the probes, `/health` and `/status`.
    pub health: Health,
    /// For `/metrics`.
    pub metrics: Metrics,
}

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("http.listen: cannot listen on {address}: {hint}")]
pub struct BindError {
    address: String,
    hint: String,
    source: io::Error,
}

/// Takes the address, so that a port in use is found before any work begins.
///
/// # Errors
/// If another process has the port, or the address is not of this machine.
pub async fn bind(address: &str) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|source| {
        let hint = match source.kind() {
            io::ErrorKind::AddrInUse => "another process listens there; stop it or set HTTP_LISTEN to another port".to_owned(),
            io::ErrorKind::AddrNotAvailable => "this machine does not have the address".to_owned(),
            io::ErrorKind::PermissionDenied => "ports below 1024 need more rights".to_owned(),
            _ => source.to_string(),
        };
        BindError { address: address.to_owned(), hint, source }
    })
}

/// Answers until `shutdown` is done, and then for a second at most.
///
/// # Errors
/// If the listener breaks.
pub async fn serve(listener: TcpListener, endpoints: Endpoints, shutdown: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let (began, has_begun) = tokio::sync::oneshot::channel::<()>();
    let signal = async move {
        shutdown.await;
        // The receiver is gone only if the server has ended by itself.
        let _ = began.send(());
    };
    let server = axum::serve(listener, router(endpoints)).with_graceful_shutdown(signal).into_future();
    let deadline = async {
        match has_begun.await {
            Ok(()) => tokio::time::sleep(GRACE).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = server => ended,
        () = deadline => Ok(()),
    }
}

/// The routes, without a listener.
pub fn router(endpoints: Endpoints) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/health", get(health))
        .route("/status", get(status))
        .route("/metrics", get(metrics))
        .with_state(endpoints)
}

async fn index() -> &'static str {
    "orderstream: /livez /readyz /health /status /metrics\n"
}

async fn livez(State(endpoints): State<Endpoints>) -> Response {
    probe(&liveness(&endpoints.health.snapshot(), endpoints.health.rules(), Instant::now()))
}

async fn readyz(State(endpoints): State<Endpoints>) -> Response {
    probe(&readiness(&endpoints.health.snapshot(), endpoints.health.rules(), Instant::now()))
}

/// One reason per line; what is degraded is told with a yes too.
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

async fn metrics(State(endpoints): State<Endpoints>) -> Response {
    // Source: OpenMetrics 1.0, "Content-Type".
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match endpoints.metrics.encode() {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

#[cfg(test)]
mod tests;

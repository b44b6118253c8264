//! The HTTP server and its endpoints: `/livez`, `/readyz`, `/health`, `/status`, `/metrics`.
//!
//! The port may be open to anybody. Whatever clients do there, they take only a bounded part of the process (P10), and probes are answered.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::Listener;
use axum::{Json, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use service::tasks::not_panicked;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::health::{Health, HealthView, StatusView, Verdict, liveness, readiness};
use crate::metrics::Metrics;

/// The time for which open connections may hold up the end of the process (P10).
const GRACE: Duration = Duration::from_secs(1);

/// The number of connections at once (P10): far more than probes and scrapers need, and far less than the file descriptors that the process
/// needs for its servers.
const CONNECTIONS: usize = 64;

/// The time that a client may take for the header of its request (P10).
const HEADER: Duration = Duration::from_secs(5);

/// The time that a client may take from its connection until it has read the answer (P10).
const REQUEST: Duration = Duration::from_secs(10);

/// What the endpoints read.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// The state for the probes, `/health` and `/status`.
    pub health: Health,
    /// The counters for `/metrics`.
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

/// Binds the address, so that a port in use is found before any work begins.
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

/// Answers until `shutdown` is done, and then for a second at most. Nothing that a client does can end the server. A defect behind an
/// endpoint ends it with a panic (P13).
pub async fn serve(mut listener: TcpListener, endpoints: Endpoints, shutdown: impl Future<Output = ()> + Send + 'static) {
    let (router, mut connections) = (router(endpoints), Connections::default());
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            // The listener skips errors of a client, and waits while the process lacks file descriptors.
            (stream, _) = Listener::accept(&mut listener) => connections.serve(stream, router.clone()),
            Some(ended) = connections.open.join_next() => not_panicked(ended),
        }
    }
    drop(listener);
    let finish = async {
        while let Some(ended) = connections.open.join_next().await {
            not_panicked(ended);
        }
    };
    // Connections that are still open after that are cut off.
    tokio::time::timeout(GRACE, finish).await.ok();
}

/// The connections of clients, up to a fixed number.
#[derive(Debug, Default)]
struct Connections {
    open: JoinSet<()>,
    /// All open connections, and some that have ended, the oldest first.
    by_age: VecDeque<AbortHandle>,
}

impl Connections {
    /// Answers one request. If all places are taken, the oldest connection is cut off. An honest client is done within milliseconds, so the
    /// oldest connection belongs to a client that only occupies its place.
    fn serve(&mut self, stream: TcpStream, router: Router) {
        self.by_age.retain(|connection| !connection.is_finished());
        while self.by_age.len() >= CONNECTIONS
            && let Some(oldest) = self.by_age.pop_front()
        {
            oldest.abort();
        }
        self.by_age.push_back(self.open.spawn(async move {
            let mut http = http1::Builder::new();
            // Without a limit, a client that never ends its header would stay for ever. Each connection serves one request, so that nobody
            // keeps a place.
            http.timer(TokioTimer::new()).header_read_timeout(HEADER).keep_alive(false);
            let answered = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
            // A client that goes away, says nothing, or does not read is no trouble of this process.
            drop(tokio::time::timeout(REQUEST, answered).await);
        }));
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

async fn metrics(State(endpoints): State<Endpoints>) -> Response {
    // Source of the type: OpenMetrics 1.0, "Content-Type".
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match endpoints.metrics.encode() {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

#[cfg(test)]
mod tests;

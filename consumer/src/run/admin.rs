//! What an operator changes while the process runs: `/admin/log`, on a port that only this machine reaches.
//!
//! A page in a browser on this machine could send requests there too. So a request must name this machine as its host, which a page cannot
//! that was loaded from elsewhere under a name of its own, and a change must carry a header that a browser sends for no page without
//! asking first; the question is never answered.

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use service::http::is_loopback;
use service::logging::Level;

/// The header that a change must carry, with any value.
const MEANT: &str = "x-orderstream";

/// The largest list of directives in bytes (P10).
const LARGEST: usize = 4_096;

/// The routes, without a listener.
pub(super) fn router(level: Level) -> Router {
    Router::new().route("/admin/log", get(shown).post(changed)).layer(DefaultBodyLimit::max(LARGEST)).with_state(level)
}

async fn shown(State(level): State<Level>, headers: HeaderMap) -> Response {
    if is_of_this_machine(&headers) { format!("{}\n", level.now()).into_response() } else { refused() }
}

/// Logs by the directives in the body from now on, until the process starts again.
async fn changed(State(level): State<Level>, headers: HeaderMap, directives: String) -> Response {
    if !is_of_this_machine(&headers) || !headers.contains_key(MEANT) || headers.contains_key(header::ORIGIN) {
        return refused();
    }
    match level.set(directives.trim()) {
        Ok(()) => format!("{}\n", level.now()).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    }
}

fn is_of_this_machine(headers: &HeaderMap) -> bool {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).is_some_and(is_loopback)
}

fn refused() -> Response {
    let how = "only for this machine, by its own name: curl -H 'X-Orderstream: admin' --data 'info,orderstream=debug' http://127.0.0.1:<port>/admin/log";
    (StatusCode::FORBIDDEN, format!("{how}\n")).into_response()
}

#[cfg(test)]
mod tests;

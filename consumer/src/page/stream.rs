//! `GET /api/stream`: the news of each second, as server-sent events. Each stream sends the bytes that were made once for all of them, and one
//! whose reader is slow leaves seconds out: nothing queues (P10).

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use service::http::Connection;
use tokio::sync::watch;

use super::Page;
use super::access::{Caller, Role, role_of};
use super::error::ApiError;
use super::sampler::News;

/// The last words to a page whose server ends, or who may not read any more.
const END: &[u8] = b"event: end\ndata: {}\n\n";

/// A stream between two events.
struct Reader {
    page: Arc<Page>,
    connection: Connection,
    /// Who listens, as the request told.
    caller: Caller,
    headers: HeaderMap,
    news: watch::Receiver<Arc<News>>,
    stopping: watch::Receiver<bool>,
    has_ended: bool,
}

/// Begins a stream, with what is known now as its first event.
///
/// # Errors
/// There are as many streams as there may be; the page asks every two seconds instead.
pub async fn stream(
    State(page): State<Arc<Page>>,
    Extension(caller): Extension<Caller>,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if !connection.becomes_stream() {
        return Err(ApiError::away("as many pages listen as there may be; ask /api/overview instead"));
    }
    let mut news = page.sampled.news();
    news.mark_changed();
    let stopping = page.stopping.clone();
    let events = unfold(Reader { page, connection, caller, headers, news, stopping, has_ended: false }, next);
    // A proxy that buffers would hold back what is news for a second.
    let headers = [(header::CONTENT_TYPE.as_str(), "text/event-stream"), ("x-accel-buffering", "no")];
    Ok((headers, Body::from_stream(events)).into_response())
}

async fn next(mut reader: Reader) -> Option<(Result<Bytes, std::convert::Infallible>, Reader)> {
    if reader.has_ended {
        return None;
    }
    reader.connection.goes_on();
    let is_news = tokio::select! {
        changed = reader.news.changed() => changed.is_ok(),
        // If the owner of the sender is gone, the process ends too.
        _ = reader.stopping.wait_for(|stopping| *stopping) => false,
    };
    // A login that was ended, and a token that was taken out, end the streams that they began.
    let is_news = is_news && role_of(&reader.page, &reader.headers, reader.caller.peer) >= Some(Role::Read);
    let event = if is_news { reader.news.borrow_and_update().event.clone() } else { Bytes::from_static(END) };
    reader.has_ended = !is_news;
    Some((Ok(event), reader))
}

//! `POST /api/orders/{id}/search`: lines of JSON, how far the search is and then what it has found. The search is part of the answer's body: it
//! ends when nobody reads that any more. One search runs at a time in a process (P10).

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body as Answer, Bytes};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::DateTime;
use futures_util::stream::unfold;
use serde::Deserialize;
use serde_json::json;
use service::http::Connection;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::sleep;

use super::number;
use crate::page::Page;
use crate::page::access::Caller;
use crate::page::asked::shown;
use crate::page::body::Body;
use crate::page::error::ApiError;
use crate::trace::mask::Shown;
use crate::trace::records::search::{self, Limits, Searched};

/// How far a search goes.
const LIMITS: Limits = Limits { records: 200_000, time: Duration::from_secs(10), since_ms: None };

/// How often it tells how far it is. Each line also finds out whether the client is still there.
const TOLD_EVERY: Duration = Duration::from_millis(250);

/// What is searched for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// Where the search begins, by Kafka's clock.
    since: Option<String>,
    /// Names and addresses as they are.
    reveal: bool,
}

type Outcome = Result<Searched, String>;

/// A search under way.
struct Running {
    /// `None` once it has ended.
    search: Option<Pin<Box<dyn Future<Output = Outcome> + Send>>>,
    looked_at: watch::Receiver<i64>,
    _place: OwnedSemaphorePermit,
}

/// Begins a search.
///
/// # Errors
/// The id is none, names are asked for without the role, or somebody is searching.
pub async fn search(
    State(page): State<Arc<Page>>,
    Extension(caller): Extension<Caller>,
    Extension(connection): Extension<Connection>,
    Path(id): Path<String>,
    Body(wanted): Body<Wanted>,
) -> Result<Response, ApiError> {
    let (id, shown) = (number(&id)?, shown(&caller, wanted.reveal, "search")?);
    let since = wanted.since.as_deref().map(DateTime::parse_from_rfc3339).transpose();
    let since = since.map_err(|_| ApiError::bad_request("since is no time such as 2026-01-31T12:00:00Z"))?;
    let place = page.asked.searches()?;
    if !connection.becomes_stream() {
        return Err(ApiError::away("as many pages listen as there may be; ask again when one of them is closed"));
    }
    let limits = Limits { since_ms: since.map(|since| since.timestamp_millis()), ..LIMITS };
    let (told, looked_at) = watch::channel(0);
    let search = Box::pin(searched(page, id, limits, shown, told));
    let lines = unfold(Running { search: Some(search), looked_at, _place: place }, next);
    let headers = [(header::CONTENT_TYPE.as_str(), "application/x-ndjson"), ("x-accel-buffering", "no")];
    Ok((headers, Answer::from_stream(lines)).into_response())
}

async fn searched(page: Arc<Page>, id: i64, limits: Limits, shown: Shown, told: watch::Sender<i64>) -> Outcome {
    let servers = &page.asked.servers;
    let facts = servers.order(id).await;
    let mut stopping = page.stopping.clone();
    let interrupted = async move { drop(stopping.wait_for(|stopping| *stopping).await) };
    let progress = |records| {
        told.send_replace(records);
    };
    search::search(&facts, &servers.kafka, limits, shown, interrupted, progress).await
}

async fn next(mut running: Running) -> Option<(Result<Bytes, Infallible>, Running)> {
    let search = running.search.as_mut()?;
    let line = tokio::select! {
        biased;
        outcome = search.as_mut() => {
            running.search = None;
            match outcome {
                Ok(searched) => json!({ "search": searched }),
                Err(why) => json!({ "error": why }),
            }
        }
        () = sleep(TOLD_EVERY) => json!({ "progress": { "records": *running.looked_at.borrow() } }),
    };
    Some((Ok(Bytes::from(format!("{line}\n"))), running))
}

//! `POST /api/orders/{id}/search`: lines of JSON, how far the search is and then what it has found. The search is a task of
//! its own, so a client that reads slowly keeps neither the search nor its place; it ends when the client goes. One search runs at a time in a
//! process (P10).

use std::convert::Infallible;
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
use tokio::task::JoinSet;
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
    /// Empty once its outcome was told. What is dropped before ends the search.
    search: JoinSet<Outcome>,
    looked_at: watch::Receiver<i64>,
}

impl Running {
    /// Begins. The place is free again as soon as the search has ended, whether somebody reads the lines or not.
    fn begin(search: impl Future<Output = Outcome> + Send + 'static, looked_at: watch::Receiver<i64>, place: OwnedSemaphorePermit) -> Self {
        let mut task = JoinSet::new();
        task.spawn(async move {
            let _place = place;
            search.await
        });
        Self { search: task, looked_at }
    }
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
    let lines = unfold(Running::begin(searched(page, id, limits, shown, told), looked_at, place), next);
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
    let line = tokio::select! {
        biased;
        outcome = running.search.join_next() => match outcome? {
            Ok(Ok(searched)) => json!({ "search": searched }),
            Ok(Err(why)) => json!({ "error": why }),
            Err(_) => json!({ "error": "the search has failed; the log says why" }),
        },
        () = sleep(TOLD_EVERY) => json!({ "progress": { "records": *running.looked_at.borrow() } }),
    };
    Some((Ok(Bytes::from(format!("{line}\n"))), running))
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::timeout;

    use super::*;
    use crate::page::asked::Asked;

    async fn is_free(asked: &Asked) -> bool {
        let free = async {
            while asked.searches().is_err() {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(5), free).await.is_ok()
    }

    #[tokio::test]
    async fn a_search_that_has_ended_keeps_its_place_no_longer_although_nobody_has_read_its_lines() {
        let (asked, (_told, looked_at)) = (Asked::nobody(), watch::channel(0));
        let running = Running::begin(ready(Err("it is away".to_owned())), looked_at, asked.searches().unwrap());
        assert!(is_free(&asked).await);
        let (line, running) = next(running).await.unwrap();
        assert_eq!(line.unwrap(), "{\"error\":\"it is away\"}\n");
        assert!(next(running).await.is_none());
    }

    #[tokio::test]
    async fn a_search_whose_client_has_gone_ends() {
        let (asked, (_told, looked_at)) = (Asked::nobody(), watch::channel(0));
        let running = Running::begin(pending(), looked_at, asked.searches().unwrap());
        let (line, running) = next(running).await.unwrap();
        assert_eq!(line.unwrap(), "{\"progress\":{\"records\":0}}\n");
        drop(running);
        assert!(is_free(&asked).await);
    }
}

//! `/api/letters`: dead letters in pages, one of them, and its bytes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::{Extension, Json};
use tokio::time::timeout;

use super::Page;
use super::access::Caller;
use super::asked::{shown, unanswered};
use super::body::Body;
use super::error::ApiError;
use super::sampler::unix_ms;
use crate::results::letter_pages::{After, LetterCounts, Run};
use crate::trace::payload::Payload;

mod shapes;

pub use shapes::{Letter, LetterFilter, LetterPage, ReasonCount};

/// How much of key, value and each header is shown.
const SHOWN: usize = 64 << 10;

/// How long the read of a letter may take, its connection included.
const READING: Duration = Duration::from_secs(5);

/// `POST /api/letters/list`: the filter may hold the id of a customer, which has no place in a URL (P11).
///
/// # Errors
/// The filter cannot be read, or Postgres does not answer in time.
pub async fn list(State(page): State<Arc<Page>>, Body(asked): Body<LetterFilter>) -> Result<Json<LetterPage>, ApiError> {
    let began = Instant::now();
    let filter = asked.meant()?;
    let after = asked.after.as_deref().map(|text| After::parse(text).ok_or_else(|| ApiError::bad_request("after is no place in the list")));
    let (results, as_of) = (&page.asked.servers.results, unix_ms());
    let found = results.letter_page(&filter, after.transpose()?.as_ref()).await.map_err(|error| unanswered(&error))?;
    let all_reasons = crate::results::dead_letters::Filter { reasons: Vec::new(), ..filter };
    let counted = results.counted_letters(&all_reasons).await.map_err(|error| unanswered(&error))?;
    let rising = results.rising_letters().await.map_err(|error| unanswered(&error))?;
    Ok(Json(LetterPage {
        as_of,
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        items: found.letters.iter().map(Letter::new).collect(),
        next: found.next.as_ref().map(After::text),
        capped: counted.capped,
        counts: counts(counted, &rising),
    }))
}

/// The reasons, the most letters first.
fn counts(counted: LetterCounts, rising: &BTreeMap<String, Run>) -> Vec<ReasonCount> {
    let of = |(reason, letters)| ReasonCount { rising_since: rising.get(&reason).map(|run| run.since), reason, letters };
    let mut counts: Vec<ReasonCount> = counted.by_reason.into_iter().map(of).collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.letters));
    counts
}

/// `GET /api/letters/{id}`
///
/// # Errors
/// There is no such letter, or Postgres does not answer in time.
pub async fn one(State(page): State<Arc<Page>>, Path(id): Path<String>) -> Result<Json<Letter>, ApiError> {
    find(&page, &id).await.map(|letter| Json(Letter::new(&letter)))
}

/// `GET /api/letters/{id}/payload`: the bytes of the record as text.
///
/// # Errors
/// There is no such letter, or Postgres or Kafka does not answer in time, or others are reading.
pub async fn payload(
    State(page): State<Arc<Page>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Payload>, ApiError> {
    shown(&caller, true, "letter")?;
    let letter = find(&page, &id).await?;
    let _place = page.asked.reads()?;
    let read = page.asked.servers.kafka.one(&letter.dlq_topic, letter.dlq_partition, letter.dlq_offset);
    match timeout(READING, read).await {
        Ok(Ok(Some(record))) => Ok(Json(Payload::of(&record, SHOWN))),
        Ok(Ok(None)) => Err(ApiError::not_found(format!("the letter itself is gone from {}", letter.dlq_topic))),
        Ok(Err(error)) => Err(ApiError::away(format!("the letter itself cannot be read from {}: {error}", letter.dlq_topic))),
        Err(_) => Err(ApiError::away(format!("Kafka did not answer within {} s", READING.as_secs()))),
    }
}

async fn find(page: &Page, id: &str) -> Result<crate::results::dead_letters::Letter, ApiError> {
    let found = page.asked.servers.results.ledger.letter(id).await.map_err(|error| unanswered(&error))?;
    found.ok_or_else(|| ApiError::not_found("there is no such letter: it was closed, and its time was over"))
}

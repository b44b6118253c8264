//! `/api/orders` and `/api/customers`: what happened to one of them, and a search through Kafka for the records of an order.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, RawQuery, State};
use axum::{Extension, Json};
use serde::Deserialize;

use super::Page;
use super::access::Caller;
use super::asked::shown;
use super::body::Body;
use super::error::ApiError;
use crate::trace::customer::report::CustomerReport;
use crate::trace::records::{self, Reading};
use crate::trace::report::OrderReport;

mod search;

pub use search::search;

/// How long the records may take that row, tombstone and letters name: each, and all of them.
const READING: Reading = Reading { each: Duration::from_secs(2), all: Duration::from_secs(5) };

/// The longest id of a customer that is looked for.
const LONGEST: usize = 1_000;

/// `GET /api/orders/{id}?events=true&reveal=true`: also the records that row, tombstone and letters name; names and addresses as they are.
///
/// # Errors
/// The id is none, names are asked for without the role, or others are reading records.
pub async fn order(
    State(page): State<Arc<Page>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<OrderReport>, ApiError> {
    let wants = |what: &str| query.as_deref().unwrap_or_default().split('&').any(|pair| pair.split_once('=') == Some((what, "true")));
    let (id, shown) = (number(&id)?, shown(&caller, wants("reveal"), "order")?);
    let place = if wants("events") { Some(page.asked.reads()?) } else { None };
    let facts = page.asked.servers.order(id).await;
    let mut report = OrderReport::new(&facts, shown);
    if place.is_some() {
        report.records = Some(records::read(&facts, &page.asked.servers.kafka, READING, shown).await);
    }
    Ok(Json(report))
}

/// Which customer is meant.
#[derive(Debug, Deserialize)]
pub struct WhichCustomer {
    id: String,
    #[serde(default)]
    reveal: bool,
}

/// `POST /api/customers/trace`: the id may be an address, which has no place in a URL (P11).
///
/// # Errors
/// The id is none, or names are asked for without the role.
pub async fn customer(
    State(page): State<Arc<Page>>,
    Extension(caller): Extension<Caller>,
    Body(WhichCustomer { id, reveal }): Body<WhichCustomer>,
) -> Result<Json<CustomerReport>, ApiError> {
    if id.is_empty() || id.len() > LONGEST {
        return Err(ApiError::bad_request("that is no id of a customer"));
    }
    let shown = shown(&caller, reveal, "customer")?;
    Ok(Json(CustomerReport::new(&page.asked.servers.customer(&id).await, shown)))
}

fn number(id: &str) -> Result<i64, ApiError> {
    id.parse().map_err(|_| ApiError::bad_request("the id of an order is a whole number"))
}

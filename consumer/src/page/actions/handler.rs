//! The routes of the actions.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use chrono::DateTime;
use serde::{Deserialize, Serialize};

use super::Actions;
use super::plan::Plan;
use super::refusal::Refusal;
use super::request::Request;
use super::state::Action;
use crate::page::Page;
use crate::page::access::{Caller, Role};
use crate::page::asked::unanswered;
use crate::page::error::ApiError;
use crate::trace::mask::Shown;

/// What the operator has typed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmed {
    #[serde(default)]
    confirm: Option<String>,
}

/// Actions, the last first.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ActionPage {
    /// At least 50 if there are so many.
    pub items: Vec<Action>,
}

/// `POST /api/actions/preview`
///
/// # Errors
/// What is wrong with the request, or a server that does not answer.
pub async fn preview(
    Extension(actions): Extension<Actions>,
    Extension(caller): Extension<Caller>,
    request: Result<Json<Request>, JsonRejection>,
) -> Result<Json<Plan>, ApiError> {
    let Json(request) = request.map_err(|error| ApiError::bad_request(error.body_text()))?;
    Ok(Json(actions.preview(request, &caller).await?))
}

/// `POST /api/actions/{id}`
///
/// # Errors
/// The plan does not hold any more, or was not confirmed, or a server does not answer.
pub async fn execute(
    Extension(actions): Extension<Actions>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    confirmed: Result<Json<Confirmed>, JsonRejection>,
) -> Result<(StatusCode, Json<Action>), ApiError> {
    let Json(Confirmed { confirm }) = confirmed.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let action = actions.execute(&id, confirm.as_deref(), &caller).await?;
    Ok((StatusCode::ACCEPTED, Json(action)))
}

/// `GET /api/actions?before=`
///
/// # Errors
/// Postgres does not answer.
pub async fn list(
    State(page): State<Arc<Page>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Json<ActionPage>, ApiError> {
    let before = before(query.as_deref().unwrap_or_default())?.and_then(DateTime::from_timestamp_millis);
    let rows = page.asked.servers.results.actions_before(before).await.map_err(|error| unanswered(&error))?;
    let shown = shown(&caller);
    Ok(Json(ActionPage { items: rows.into_iter().filter_map(|row| Action::of(row, shown)).collect() }))
}

/// `GET /api/actions/{id}`
///
/// # Errors
/// There is no such action, or Postgres does not answer.
pub async fn one(
    State(page): State<Arc<Page>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Action>, ApiError> {
    let row = page.asked.servers.results.action(&id).await.map_err(|error| unanswered(&error))?;
    let action = row.and_then(|row| Action::of(row, shown(&caller)));
    Ok(Json(action.ok_or(Refusal::Unknown)?))
}

/// `POST /api/actions/{id}/stop`
///
/// # Errors
/// There is no such action, or Postgres does not answer.
pub async fn stop(
    Extension(actions): Extension<Actions>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Action>, ApiError> {
    Ok(Json(actions.stop(&id, &caller).await?))
}

/// The moment of `before=`, where the list goes on.
fn before(query: &str) -> Result<Option<i64>, ApiError> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("before="));
    value.map(str::parse).transpose().map_err(|_| ApiError::bad_request("before is a moment in Unix milliseconds"))
}

fn shown(caller: &Caller) -> Shown {
    if caller.may(Role::Reveal) { Shown::Revealed } else { Shown::Masked }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_goes_on_before_a_moment() {
        assert_eq!(before("").unwrap(), None);
        assert_eq!(before("x=1&before=1780000000000").unwrap(), Some(1_780_000_000_000));
        assert_eq!(before("before=yesterday").unwrap_err().status, StatusCode::BAD_REQUEST);
    }
}

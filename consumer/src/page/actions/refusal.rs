//! Why an action is not planned, not executed or not stopped.

use axum::http::StatusCode;
use ledger::StoreError;

use crate::page::error::ApiError;

/// Why an action is not planned, not executed or not stopped.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The request itself is wrong.
    #[error("{0}")]
    Invalid(String),
    /// There is no such plan or action.
    #[error("there is no such plan or action")]
    Unknown,
    /// What the plan rests on has changed, or cannot be done as things are.
    #[error("{0}")]
    Conflict(String),
    /// Too much is under way.
    #[error("{0}")]
    Busy(String),
    /// A setting does not allow it.
    #[error("{0}")]
    Off(String),
    /// A server did not answer.
    #[error("{0}")]
    Away(String),
}

impl Refusal {
    pub(super) fn invalid(what: impl Into<String>) -> Self {
        Self::Invalid(what.into())
    }

    pub(super) fn conflict(what: impl Into<String>) -> Self {
        Self::Conflict(what.into())
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Away(format!("Postgres: {error}"))
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let words = refusal.to_string();
        match refusal {
            Refusal::Invalid(_) => Self::bad_request(words),
            Refusal::Unknown => Self::not_found(words),
            Refusal::Conflict(_) => Self::conflict(words),
            Refusal::Busy(_) => Self::busy(words, 5_000),
            Refusal::Off(_) => Self::new(StatusCode::FORBIDDEN, "off", words),
            Refusal::Away(_) => Self::away(words),
        }
    }
}

//! A call to Postgres that nobody waits for any more (P9, P10).

use std::io::{Error, ErrorKind};
use std::time::Duration;

/// Why a call stopped waiting for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The server does not answer at all.
    #[error("Postgres is silent: no answer within {} ms", .0.as_millis())]
    Silent(Duration),
    /// The server may be there, but it should have given up the statement by itself.
    #[error("Postgres did not answer within {} ms, which is longer than database.statement_timeout_ms", .0.as_millis())]
    Overdue(Duration),
}

impl From<Unanswered> for sqlx::Error {
    fn from(unanswered: Unanswered) -> Self {
        Error::new(ErrorKind::TimedOut, unanswered).into()
    }
}

impl Unanswered {
    /// The reason, if the error is a wait that was given up.
    pub fn of(error: &sqlx::Error) -> Option<Self> {
        let sqlx::Error::Io(error) = error else { return None };
        error.get_ref()?.downcast_ref().copied()
    }
}

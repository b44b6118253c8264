//! A lock between the commands of operators: two of a kind must not run at once.

use sqlx::postgres::PgConnection;

use crate::{Ledger, StoreError};

/// What is locked. Any numbers will do that nobody else uses as advisory locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// `orderstream rebuild`
    Rebuild = 7_365_002,
    /// `orderstream dlq replay`
    Replay = 7_365_003,
    /// `orderstream reconcile --repair`
    Reconcile = 7_365_004,
}

/// Held until it is dropped, or until this process or its connection ends.
#[derive(Debug)]
#[must_use = "the lock is held only as long as this lives"]
pub struct Lock {
    _connection: Option<PgConnection>,
}

impl Ledger {
    /// Takes the lock; `None` if another process has it.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn lock(&self, work: Work) -> Result<Option<Lock>, StoreError> {
        // A connection of its own: back in the pool it would keep the lock.
        let mut lease = self.lease().await?;
        let question = sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(work as i64);
        let taken: bool = lease.ask(|connection| question.fetch_one(connection)).await?;
        Ok(taken.then(|| Lock { _connection: lease.detach() }))
    }
}

//! A lock between the commands of operators, and between processes, so that two works of a kind never run at once.

use std::time::Duration;

use sqlx::Executor;
use sqlx::postgres::PgConnection;
use tokio::time::timeout;

use crate::{Ledger, StoreError};

/// How long the connection of a lock may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// The work that is locked. The numbers are free: nobody else uses them as advisory locks. The migrations take 7365000, what is inserted and
/// deleted at one position 7365001, and the audit trail 7365010 and 7365011 (sql/results).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// The command `orderstream rebuild`.
    Rebuild = 7_365_002,
    /// The command `orderstream dlq replay`.
    Replay = 7_365_003,
    /// The command `orderstream reconcile --repair`.
    Reconcile = 7_365_004,
    /// A comparison that a process makes by itself.
    Comparison = 7_365_005,
}

/// A lock that is held until it is dropped, or until this process or its connection ends.
#[derive(Debug)]
#[must_use = "the lock is held only as long as this lives"]
pub struct Lock {
    connection: Option<PgConnection>,
}

impl Lock {
    /// Whether the lock is still held. A server that was restarted, or a line that was cut, has given the lock to whoever asked next (P4).
    pub async fn is_held(&mut self) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        matches!(timeout(ANSWER, connection.execute("select 1")).await, Ok(Ok(_)))
    }
}

impl Ledger {
    /// Takes the lock; `None` if another process has it.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn lock(&self, work: Work) -> Result<Option<Lock>, StoreError> {
        // The lock has a connection for itself: back in the pool, the connection would keep the lock.
        let mut lease = self.lease().await?;
        let question = sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(work as i64);
        let taken: bool = lease.ask(|connection| question.fetch_one(connection)).await?;
        Ok(taken.then(|| Lock { connection: lease.detach() }))
    }
}

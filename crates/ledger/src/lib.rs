//! Postgres as the ledger of what was processed, which makes each event of a job count once, whatever the job's tables are (P3, P4).
//!
//! - [`arrays`]: the columns of a batch as arrays
//! - [`session`]: the settings that every session of Postgres must have
//! - [`connections`]: how many connections there are, and the deadline around every call
//! - `timeline`: tells an old primary from the one that took its place
//! - [`unanswered`]: a call that nobody waits for any more
//! - [`error`]: what an error of Postgres means
//! - [`migrate`]: brings the tables up to date
//! - [`claim`]: decides who may write a partition, and from which offset
//! - [`mod@fence`]: moves the offset as the first statement of a transaction, or tells that this worker may not write
//! - [`offsets`]: shows where each partition stands, and moves an offset by hand
//! - [`mod@letters`]: the dead letters of a job, for operators
//! - [`lock`]: a lock between the commands of operators

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

use std::sync::Arc;
use std::time::Duration;

use service::settings::Renewable;
use sqlx::postgres::PgConnection;

pub mod arrays;
pub mod claim;
pub mod connections;
pub mod error;
pub mod fence;
pub mod letters;
pub mod lock;
pub mod migrate;
pub mod offsets;
pub mod session;
mod timeline;
pub mod unanswered;

pub use claim::Claim;
pub use connections::Lease;
pub use error::{Class, StoreError};
pub use session::Unfit;

use connections::Connections;
use session::Sessions;

/// How to connect to Postgres.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// A Postgres URL, asked anew for each connection.
    pub url: Renewable,
    /// The highest number of connections.
    pub max_connections: u32,
    /// Postgres gives up a statement after this time (P10).
    pub statement_timeout: Duration,
    /// Postgres gives up waiting for a lock after this time (P10).
    pub lock_timeout: Duration,
}

/// The connections to Postgres. A clone is cheap and shares them.
#[derive(Debug, Clone)]
pub struct Ledger {
    connections: Arc<Connections>,
}

impl Ledger {
    /// Prepares the connections. Each of them connects when it is first used.
    ///
    /// # Errors
    /// If the URL cannot be read.
    pub fn new(config: &StoreConfig) -> Result<Self, StoreError> {
        let sessions = Sessions::new(config.url.clone(), "orderstream", config.statement_timeout, config.lock_timeout)?;
        // One connection is set apart for pings.
        let number = config.max_connections.saturating_sub(1).max(1);
        Ok(Self { connections: Connections::new(sessions, number, config.statement_timeout) })
    }

    /// The same as [`Self::new`], with all tables of the job in a schema of their own, beside tables of others.
    ///
    /// # Errors
    /// If the URL cannot be read.
    pub fn within(config: &StoreConfig, schema: &'static str) -> Result<Self, StoreError> {
        let sessions = Sessions::within(config.url.clone(), "orderstream", schema, config.statement_timeout, config.lock_timeout)?;
        let number = config.max_connections.saturating_sub(1).max(1);
        Ok(Self { connections: Connections::new(sessions, number, config.statement_timeout) })
    }

    /// Prepares connections that only read, as many as `max_connections` says, for a `program` of another name in the server's views. Nobody pings
    /// on them, so none is set apart.
    ///
    /// # Errors
    /// If the URL cannot be read.
    pub fn reading(config: &StoreConfig, program: &'static str) -> Result<Self, StoreError> {
        let sessions = Sessions::reading(config.url.clone(), program, config.statement_timeout, config.lock_timeout)?;
        Ok(Self { connections: Connections::new(sessions, config.max_connections.max(1), config.statement_timeout) })
    }

    /// Whether Postgres answers.
    ///
    /// # Errors
    /// If Postgres does not answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.connections.ping().await
    }

    /// How many commits of this role wait for a synchronous standby for so long that the standby is away.
    ///
    /// # Errors
    /// If Postgres does not answer.
    pub async fn commits_held_up(&self) -> Result<i64, StoreError> {
        self.connections.commits_held_up().await
    }

    /// A new connection that belongs to the caller alone, with the same settings as every other.
    ///
    /// # Errors
    /// If Postgres is away, refuses, or lacks what a session must have.
    pub async fn connect(&self, patience: Duration) -> Result<PgConnection, StoreError> {
        self.connections.connect(patience).await
    }

    /// One of the connections, which belongs to the caller until the lease is dropped.
    ///
    /// # Errors
    /// If Postgres is away, refuses, or lacks what a session must have.
    pub async fn lease(&self) -> Result<Lease, StoreError> {
        self.connections.lease().await
    }

    /// How many of the connections are in use, and how many there may be.
    #[must_use]
    pub fn in_use(&self) -> (usize, usize) {
        self.connections.in_use()
    }

    /// All connections, for a caller that needs them for long.
    #[must_use]
    pub fn connections(&self) -> Arc<Connections> {
        Arc::clone(&self.connections)
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.connections.close().await;
    }
}

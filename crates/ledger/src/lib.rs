//! Postgres as the ledger of what was processed: what makes a job exactly-once, whatever its tables are (P3, P4).
//!
//! - [`session`]: what a session has to be before anything else is asked of it
//! - [`connections`]: the number of connections, and the deadline around every call
//! - [`error`]: what an error means
//! - [`migrate`]: the tables brought up to date
//! - [`claim`]: who may write a partition, and from which offset
//! - [`offsets`]: where each partition stands, and an offset moved by hand
//! - [`lock`]: a lock between the commands of operators

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};

pub mod claim;
pub mod connections;
pub mod error;
pub mod lock;
pub mod migrate;
pub mod offsets;
pub mod session;

pub use claim::Claim;
pub use connections::Lease;
pub use error::{Class, StoreError};
pub use session::Unfit;

use connections::Connections;
use session::Sessions;

/// How to connect.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// A Postgres URL.
    pub url: String,
    /// Connections at most.
    pub max_connections: u32,
    /// Postgres gives up a statement after this (P10).
    pub statement_timeout: Duration,
    /// Postgres gives up waiting for a lock after this (P10).
    pub lock_timeout: Duration,
}

/// The connections to Postgres. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ledger {
    connections: Arc<Connections>,
}

impl Ledger {
    /// Prepares the connections; connects when they are first used.
    ///
    /// # Errors
    /// If the URL cannot be read.
    pub fn new(config: &StoreConfig) -> Result<Self, StoreError> {
        let options: PgConnectOptions = config.url.parse().map_err(StoreError::Url)?;
        let sessions = Sessions::new(options.application_name("orderstream"), config.statement_timeout, config.lock_timeout);
        // One of them is for pings.
        let number = config.max_connections.saturating_sub(1).max(1);
        Ok(Self { connections: Connections::new(sessions, number, config.statement_timeout) })
    }

    /// Whether Postgres answers.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.connections.ping().await
    }

    /// A connection of the caller's own, made as every other is.
    ///
    /// # Errors
    /// If Postgres is away, refuses, or is not what it has to be.
    pub async fn connect(&self, patience: Duration) -> Result<PgConnection, StoreError> {
        self.connections.connect(patience).await
    }

    /// One of the connections, for as long as it is needed.
    ///
    /// # Errors
    /// If Postgres is away, refuses, or is not what it has to be.
    pub async fn lease(&self) -> Result<Lease, StoreError> {
        self.connections.lease().await
    }

    /// The connections themselves, for whoever asks on one of them for long.
    #[must_use]
    pub fn connections(&self) -> Arc<Connections> {
        Arc::clone(&self.connections)
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.connections.close().await;
    }
}

//! Postgres: the enriched orders and the ledger that makes them exactly-once.
//!
//! - `session`: what the server has to be for each of them
//! - `connections`: their number, and the deadline around every call
//! - `migrate`: the tables brought up to date
//! - [`claim`]: who may write a partition, and from which offset
//! - [`batch`]: what one transaction writes
//! - [`apply`]: the transaction of a batch of orders
//! - `fence`, `rounds`, `settle`, `lsn_space`, `refused`, `letters`: its statements, in order
//! - [`truncate`]: what a truncate removes, in all partitions
//! - [`bisect`]: the rows that Postgres refuses
//! - [`customers`]: the transaction of a batch of customers
//! - [`ledger`]: where each partition stands, and moved by hand
//! - `stand_in`: what the rows know of customers whose events lack a column
//! - [`marked`], [`due`]: customers who have changed, and the list of what the sweep has to complete
//! - [`states`]: rows read back, for the hashes in Redis
//! - [`dead_letters`], [`replay`]: letters listed, and processed again
//! - [`retention`]: what is removed after its time
//! - [`side`], [`reconcile`]: rows compared with those of the source, and set right
//! - [`raise`]: revisions above those of a Redis that is ahead
//! - [`summary`], [`lock`]: for operators
//! - [`error`]: what an error means

use std::sync::Arc;
use std::time::Duration;

use connections::{Connections, Lease};
use session::Sessions;
use sqlx::postgres::{PgConnectOptions, PgConnection};

pub mod apply;
pub mod batch;
pub mod bisect;
pub mod claim;
mod column;
mod columns;
pub(crate) mod connections;
pub mod customers;
pub mod dead_letters;
pub mod due;
pub mod error;
mod fence;
pub mod ledger;
mod letters;
pub mod lock;
mod lsn_space;
pub mod marked;
pub(crate) mod migrate;
mod numeric;
mod overtaken;
pub mod raise;
pub mod reconcile;
mod refused;
pub mod replay;
pub mod retention;
mod rounds;
pub(crate) mod session;
mod settle;
pub mod side;
mod stand_in;
pub mod states;
pub mod summary;
mod timestamp;
pub mod truncate;

pub use apply::{Applied, ApplyError};
pub use claim::Claim;
pub use error::{Class, StoreError};
pub use rounds::UPSERT;
pub use session::Unfit;

/// The migrations, embedded: a binary and its schema cannot come apart.
pub(crate) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../sql/results");

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
pub struct Results {
    connections: Arc<Connections>,
}

impl Results {
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
    pub(crate) async fn connect(&self, patience: Duration) -> Result<PgConnection, StoreError> {
        self.connections.connect(patience).await
    }

    async fn lease(&self) -> Result<Lease, StoreError> {
        self.connections.lease().await
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.connections.close().await;
    }
}

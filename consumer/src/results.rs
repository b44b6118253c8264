//! Postgres: the enriched orders and the ledger that makes them exactly-once.
//!
//! - `connections`: their number, and the deadline around every call
//! - [`claim`]: who may write a partition, and from which offset
//! - [`batch`]: what one transaction writes
//! - [`apply`]: the transaction of a batch of orders
//! - `fence`, `rounds`, `settle`, `lsn_space`, `refused`, `letters`: its statements, in order
//! - [`truncate`]: what a truncate removes, in all partitions
//! - [`bisect`]: the rows that Postgres refuses
//! - [`keep`]: the transaction of a batch of customers
//! - [`ledger`]: where each partition stands, and moved by hand
//! - [`due`]: the list of what the sweep has to complete
//! - `stand_in`: what the rows know of customers whose events lack a column
//! - [`states`]: rows read back, for the hashes in Redis
//! - [`dead_letters`], [`replay`]: letters listed, and processed again
//! - [`side`], [`reconcile`]: rows compared with those of the source, and set right
//! - [`summary`], [`lock`]: for operators
//! - [`error`]: what an error means

use std::sync::Arc;
use std::time::Duration;

use connections::{Connections, Lease};
use sqlx::postgres::PgConnectOptions;

pub mod apply;
pub mod batch;
pub mod bisect;
pub mod claim;
mod column;
mod columns;
pub(crate) mod connections;
pub mod dead_letters;
pub mod due;
pub mod error;
mod fence;
pub mod keep;
pub mod ledger;
mod letters;
pub mod lock;
mod lsn_space;
mod numeric;
mod overtaken;
pub mod reconcile;
mod refused;
pub mod replay;
mod rounds;
mod settle;
pub mod side;
mod stand_in;
pub mod states;
pub mod summary;
pub mod truncate;

pub use apply::{Applied, ApplyError};
pub use claim::Claim;
pub use error::{Class, StoreError};
pub use rounds::UPSERT;

/// The migrations, embedded: a binary and its schema cannot come apart.
pub(crate) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../sql/results");

/// A worker that was stopped in the middle of a transaction, or that cannot be reached any more, holds its locks no longer than this:
/// whoever has the partition next waits for them (P4). No transaction of ours pauses between its statements.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(10);

/// The migrations together may take so many times as long as a statement.
const MIGRATIONS_MAY_TAKE: u32 = 10;

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
        let milliseconds = |duration: Duration| duration.as_millis().to_string();
        let options: PgConnectOptions = config.url.parse().map_err(StoreError::Url)?;
        let options = options.application_name("orderstream").options([
            ("statement_timeout", milliseconds(config.statement_timeout)),
            ("lock_timeout", milliseconds(config.lock_timeout)),
            ("idle_in_transaction_session_timeout", milliseconds(IDLE_IN_TRANSACTION)),
        ]);
        // One of them is for pings.
        let number = config.max_connections.saturating_sub(1).max(1);
        Ok(Self { connections: Connections::new(options, number, config.statement_timeout) })
    }

    /// Creates or updates the tables, under a lock: processes that start together take turns.
    ///
    /// # Errors
    /// If Postgres is away, refuses, or was migrated by a newer version.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let mut lease = self.lease().await?;
        Ok(lease.ask_patiently(MIGRATIONS_MAY_TAKE, |on| MIGRATIONS.run(on)).await?)
    }

    /// Whether Postgres answers.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.connections.ping().await
    }

    async fn lease(&self) -> Result<Lease, StoreError> {
        self.connections.lease().await
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.connections.close().await;
    }
}

//! Postgres: the enriched orders and the ledger that makes them exactly-once.
//!
//! - [`claim`]: who may write a partition, and from which offset
//! - [`batch`]: what one transaction writes
//! - [`apply`]: the transaction of a batch of orders
//! - `fence`, `rounds`, `settle`, `letters`: its statements, in order
//! - [`truncate`]: what a truncate removes, in all partitions
//! - [`bisect`]: the rows that Postgres refuses
//! - [`keep`]: the transaction of a batch of customers
//! - [`ledger`]: where each partition stands, and moved by hand
//! - [`due`]: the list of what the sweep has to complete
//! - [`states`]: rows read back, for the hashes in Redis
//! - [`dead_letters`], [`replay`]: letters listed, and processed again
//! - [`side`], [`reconcile`]: rows compared with those of the source, and set right
//! - [`summary`], [`lock`]: for operators
//! - [`error`]: what an error means

use std::io::ErrorKind;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

pub mod apply;
pub mod batch;
pub mod bisect;
pub mod claim;
mod columns;
pub mod dead_letters;
pub mod due;
pub mod error;
mod fence;
pub mod keep;
pub mod ledger;
mod letters;
pub mod lock;
pub mod reconcile;
pub mod replay;
mod rounds;
mod settle;
pub mod side;
pub mod states;
pub mod summary;
pub mod truncate;

pub use apply::{Applied, ApplyError};
pub use claim::Claim;
pub use error::{Class, StoreError};
pub use rounds::UPSERT;

/// The migrations, embedded: a binary and its schema cannot come apart.
pub(crate) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../sql/results");

/// A server that stands still keeps its connections open: it is as good as none if it is silent for this long (P9, P10).
const PING_DEADLINE: Duration = Duration::from_secs(3);

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
    pool: PgPool,
}

impl Results {
    /// Prepares the pool; connects when it is first used.
    ///
    /// # Errors
    /// If the URL cannot be read.
    pub fn new(config: &StoreConfig) -> Result<Self, StoreError> {
        let milliseconds = |duration: Duration| duration.as_millis().to_string();
        let options: PgConnectOptions = config.url.parse().map_err(StoreError::Url)?;
        let options = options.application_name("orderstream").options([
            ("statement_timeout", milliseconds(config.statement_timeout)),
            ("lock_timeout", milliseconds(config.lock_timeout)),
            // A worker that was stopped in the middle of a transaction must not hold its locks for ever (P4).
            ("idle_in_transaction_session_timeout", milliseconds(config.statement_timeout)),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(config.max_connections)
            .acquire_timeout(Duration::from_secs(5))
            // A ping before each transaction is a round trip; a dead connection shows itself at the first statement and is closed then.
            .test_before_acquire(false)
            .connect_lazy_with(options);
        Ok(Self { pool })
    }

    /// Creates or updates the tables, under a lock: processes that start together take turns.
    ///
    /// # Errors
    /// If Postgres is away, refuses, or was migrated by a newer version.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        Ok(MIGRATIONS.run(&self.pool).await?)
    }

    /// Whether Postgres answers.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        let asking = sqlx::query("select 1").execute(&mut *connection);
        let Ok(answer) = tokio::time::timeout(PING_DEADLINE, asking).await else {
            // Half an exchange is still on its way: nobody else may get this connection.
            drop(connection.detach());
            return Err(sqlx::Error::Io(ErrorKind::TimedOut.into()).into());
        };
        answer?;
        Ok(())
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

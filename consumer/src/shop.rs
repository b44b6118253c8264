//! The source, that is the shop's own Postgres, as far as an operator lets orderstream look: reads `orders` and `customers` for a
//! comparison, and asks Debezium through its signal table to send rows again. The source may be another server than that of `results`.
//!
//! - [`catalog`]: what the shop's catalog says of the two tables
//! - [`connect`]: how Kafka Connect says that the connector is
//! - [`slots`]: the replication slots, which say who reads the shop's log
//! - [`contract`]: whether the decoder can read these tables, and whether somebody reads the log

pub mod catalog;
pub mod connect;
pub mod contract;
mod customers;
pub mod slots;

use std::sync::Arc;
use std::time::Duration;

use comparison::signal;
use ledger::StoreError;
use ledger::connections::Connections;
use ledger::session::Sessions;

use crate::results::side::Side;
use slots::Slot;

/// One connection for each of the questions that are asked at once.
const CONNECTIONS: u32 = 2;

/// The longest that a statement of a comparison may run (P10).
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(60);

/// An order's columns as `results` has them: money with two decimals, the total exact. [`CUSTOMER`] adds the customer's columns: an order
/// whose customer is unknown is `missing`, an order that names nobody is `none`.
const ORDER: &str = "o.customer_id::text, o.product_id::text, o.quantity::text, round(o.price, 2)::text, round(o.quantity * o.price, 2)::text, \
                     o.status::text, o.created_at::timestamp::text, o.updated_at::timestamp::text";
const CUSTOMER: &str = "c.name::text, c.email::text, c.tier::text, c.country::text, \
     case when o.customer_id is null then 'none' when c.id is null then 'missing' else 'complete' end";

/// The schema and the name of a table, which Debezium calls a data collection.
const COLLECTION: &str = "
select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1::regclass";

/// Why the source's database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceDatabaseError {
    /// The URL cannot be read.
    #[error("the source's URL is {0}; it should be like postgres://user@host:port/database")]
    Url(String),
    /// The source is away or refuses.
    #[error("the source's Postgres: {0}")]
    Store(#[from] StoreError),
    /// The role may not write to Debezium's signal table.
    #[error("{}", signal::MAY_NOT)]
    NoSignal,
}

impl From<sqlx::Error> for SourceDatabaseError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The connections to the source.
#[derive(Debug, Clone)]
pub struct SourceDatabase {
    connections: Arc<Connections>,
    side: Side,
}

impl SourceDatabase {
    /// Prepares the connections, which are made when they are first used. `customers` says whether the customers are compared too.
    ///
    /// # Errors
    /// [`SourceDatabaseError::Url`]
    pub fn new(url: &str, customers: bool) -> Result<Self, SourceDatabaseError> {
        let unreadable = |_may_quote_it| SourceDatabaseError::Url("not a Postgres URL".into());
        let sessions = Sessions::new(url.into(), "orderstream reconcile", STATEMENT_TIMEOUT, STATEMENT_TIMEOUT).map_err(unreadable)?;
        let connections = Connections::new(sessions, CONNECTIONS, STATEMENT_TIMEOUT);
        let side = if customers {
            let from = "orders o left join customers c on c.id = o.customer_id";
            Side::new(Arc::clone(&connections), "orders o", from, "o.id", &[ORDER, CUSTOMER])
        } else {
            Side::new(Arc::clone(&connections), "orders o", "orders o", "o.id", &[ORDER])
        };
        Ok(Self { connections, side })
    }

    /// `orders` as a side of the comparison.
    #[must_use]
    pub fn side(&self) -> &Side {
        &self.side
    }

    /// Whether somebody reads the source's log: `false` if there are logical replication slots and nobody is connected to any.
    ///
    /// # Errors
    /// If the source is away or refuses.
    pub async fn is_read(&self) -> Result<bool, SourceDatabaseError> {
        let slots = self.slots().await?;
        Ok(slots.is_empty() || slots.iter().any(|slot| slot.is_active))
    }

    /// The logical replication slots of the source's database.
    ///
    /// # Errors
    /// If the source is away or refuses.
    pub async fn slots(&self) -> Result<Vec<Slot>, StoreError> {
        Ok(self.connections.lease().await?.ask(slots::read).await?)
    }

    /// Makes sure that Debezium can be asked.
    ///
    /// # Errors
    /// [`SourceDatabaseError`]
    pub async fn may_signal(&self) -> Result<(), SourceDatabaseError> {
        if signal::may(&mut self.connections.lease().await?).await? { Ok(()) } else { Err(SourceDatabaseError::NoSignal) }
    }

    /// Asks Debezium for the rows of a table that fulfil any of these conditions. `name`, which has up to 30 characters, makes the signals'
    /// ids unique.
    ///
    /// # Errors
    /// If the source is away or refuses.
    pub async fn ask_for_snapshots(&self, name: &str, table: &str, filters: &[String]) -> Result<(), SourceDatabaseError> {
        if filters.is_empty() {
            return Ok(());
        }
        let query = sqlx::query_scalar(COLLECTION).bind(table);
        let collection: String = self.connections.lease().await?.ask(|on| query.fetch_one(on)).await?;
        let filters: Vec<Option<String>> = filters.iter().cloned().map(Some).collect();
        signal::ask(&mut self.connections.lease().await?, name, &collection, &filters).await?;
        Ok(())
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.connections.close().await;
    }
}

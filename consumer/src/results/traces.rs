//! What Postgres knows of one order or one customer, in one round trip: the functions are in sql/results/0025_traces.sql and
//! 0026_results_history.sql.

use change::position::Position;
use chrono::{DateTime, Utc};
use ledger::StoreError;
use serde::Deserialize;

use super::Results;
use super::history::StoredHistory;
use crate::orders::row::ResultRow;
pub(super) use read::instant;
use read::{maybe_instant, position, read};

mod read;

const ORDER: &str = "select order_trace($1)::text, order_history($1)::text";
const CUSTOMER: &str = "select customer_trace($1)::text";

/// What Postgres knows of an order.
#[derive(Debug, Clone, Deserialize)]
pub struct StoredOrder {
    /// The row of `results`.
    pub row: Option<StoredRow>,
    /// The row of `deleted_orders`.
    pub tombstone: Option<Tombstone>,
    /// The order's place on the list of the sweep.
    pub due: Option<DueOrder>,
    /// The mark of the order's customer, whose orders are still to be looked through.
    pub due_customer: Option<DueCustomer>,
    /// The newest letters of the order, the newest first.
    pub letters: Vec<StoredLetter>,
    /// How many letters the order has; counted up to 1,001.
    pub letters_counted: i64,
    /// The truncates that are known, one of each epoch.
    pub truncates: Vec<StoredTruncate>,
    /// The partitions of the ledger, the highest epoch first.
    pub partitions: Vec<StoredPartition>,
    /// Orders with ids near this one: they tell how keys become partitions.
    pub neighbours: Vec<Neighbour>,
    /// The recorded changes of the order.
    #[serde(default)]
    pub history: StoredHistory,
}

/// What Postgres knows of a customer.
#[derive(Debug, Clone, Deserialize)]
pub struct StoredCustomer {
    /// The mark of the customer, whose orders are still to be looked through.
    pub due: Option<DueCustomer>,
    /// The rows of the customer's orders, counted.
    pub rows: CustomerRows,
    /// Some of the customer's orders.
    pub orders: Vec<String>,
    /// The newest letters of the customer, the newest first.
    pub letters: Vec<StoredLetter>,
    /// How many letters the customer has; counted up to 1,001.
    pub letters_counted: i64,
    /// The partitions of the ledger, the highest epoch first.
    pub partitions: Vec<StoredPartition>,
}

/// The rows of a customer's orders. Up to 1,001 rows are counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct CustomerRows {
    /// How many rows were counted.
    pub counted: i64,
    /// Those that have the customer.
    pub complete: i64,
    /// Those whose customer was not found.
    pub missing: i64,
    /// Those for which Redis could not be asked.
    pub pending: i64,
    /// Those on the list of the sweep.
    pub due: i64,
    /// Why Postgres refuses to complete one of them.
    pub refusal: Option<String>,
    /// Some versions of the customer that the rows have.
    pub versions: Vec<String>,
}

/// A row of `results` with its position.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRow {
    /// The row.
    pub row: ResultRow,
    /// Where the event stands that the row owes its state to.
    pub position: Position,
}

/// A row of `deleted_orders`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Tombstone {
    /// When the delete was processed.
    #[serde(deserialize_with = "instant")]
    pub deleted_at: DateTime<Utc>,
    /// The revision.
    pub revision: i64,
    /// Where the delete stands.
    #[serde(flatten, deserialize_with = "position")]
    pub position: Position,
}

/// An order's place on the list of the sweep.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DueOrder {
    /// The partition whose owner sweeps the order.
    pub partition: i32,
    /// When the order is looked at next.
    #[serde(deserialize_with = "instant")]
    pub due_at: DateTime<Utc>,
    /// How often it was looked at in vain.
    pub attempts: i32,
    /// Why Postgres refused the row at the last try.
    pub refusal: Option<String>,
}

/// The mark of a customer who has changed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DueCustomer {
    /// The partition of the customers' topic whose owner works the mark off.
    pub partition: i32,
    /// The customer's version; `None` for a deleted customer.
    pub version: Option<String>,
    /// When the customer was marked, or when the walk through the orders was last gone on with.
    #[serde(deserialize_with = "instant")]
    pub marked_at: DateTime<Utc>,
}

/// A row of `dead_letters`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StoredLetter {
    /// topic-partition-offset-epoch of the record.
    pub id: String,
    /// The epoch of the record.
    pub epoch: i32,
    /// The topic of the record.
    pub topic: String,
    /// The partition of the record.
    pub partition: i32,
    /// The offset of the record.
    pub offset: i64,
    /// The reason, of a closed set.
    pub reason: String,
    /// The step that refused the record.
    pub stage: String,
    /// What is wrong and where, without any value of the record (P11).
    pub message: String,
    /// The dead letter topic.
    pub dlq_topic: String,
    /// The letter's partition on that topic.
    pub dlq_partition: i32,
    /// The letter's offset in that partition.
    pub dlq_offset: i64,
    /// How often the letter was replayed in vain.
    pub replays: i32,
    /// When the record was first refused.
    #[serde(deserialize_with = "instant")]
    pub created_at: DateTime<Utc>,
    /// When the letter was closed.
    #[serde(default, deserialize_with = "maybe_instant")]
    pub resolved_at: Option<DateTime<Utc>>,
    /// What became of the letter, if it was closed.
    pub resolution: Option<String>,
}

/// The last truncate of an epoch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StoredTruncate {
    /// The epoch.
    pub epoch: i32,
    /// The partition of the truncate's event.
    pub partition: i32,
    /// The offset of the truncate's event.
    pub offset: i64,
    /// Rows up to this order were looked at; `None`: all were.
    pub swept_to: Option<i64>,
    /// Whether the order's row is from before the truncate.
    pub covers_row: bool,
}

/// A partition of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StoredPartition {
    /// The epoch.
    pub epoch: i32,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The first offset without a fate.
    pub next_offset: i64,
    /// The process that claimed the partition last.
    pub claimed_by: String,
    /// The timestamp of the last record with a fate, in milliseconds since 1970.
    pub last_ms: Option<i64>,
    /// Why the process that claimed the partition has stopped it.
    pub stopped: Option<String>,
}

/// An order with an id near another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Neighbour {
    /// The order.
    pub order_id: i64,
    /// The partition of its last event.
    pub partition: i32,
    /// The epoch of its last event.
    pub epoch: i32,
}

impl Results {
    /// What is known of an order.
    ///
    /// # Errors
    /// If Postgres is away or refuses, or if somebody has written something into the tables that this program does not write.
    pub async fn trace_of_order(&self, order_id: i64) -> Result<StoredOrder, StoreError> {
        let query = sqlx::query_as(ORDER).bind(order_id);
        let (known, history): (String, String) = self.lease().await?.ask(|on| query.fetch_one(on)).await?;
        Ok(StoredOrder { history: read(&history)?, ..read(&known)? })
    }

    /// What is known of a customer.
    ///
    /// # Errors
    /// As [`Self::trace_of_order`].
    pub async fn trace_of_customer(&self, customer_id: &str) -> Result<StoredCustomer, StoreError> {
        let query = sqlx::query_scalar(CUSTOMER).bind(customer_id);
        let text: String = self.lease().await?.ask(|on| query.fetch_one(on)).await?;
        read(&text)
    }
}

//! What the servers have answered about one order.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use kafka::source::Watermarks;

use crate::redis::cache::look::{OrderLook, Seen};
use crate::redis::customers::look::{CustomerLook, SeenCustomerHash};
use crate::results::traces::{StoredOrder, StoredPartition};

/// The answer of a server, and how long it took.
#[derive(Debug, Clone)]
pub struct Asked<T> {
    /// The answer, or why there is none, without any value of a row (P11).
    pub answer: Result<T, String>,
    /// The time from the question to the answer, or until nobody waited any more.
    pub took: Duration,
}

impl<T> Asked<T> {
    /// The answer, if there is one.
    pub fn get(&self) -> Option<&T> {
        self.answer.as_ref().ok()
    }
}

/// Where the partitions of a topic begin and end.
pub type Ends = BTreeMap<i32, Watermarks>;

/// What this program is configured with, as far as a verdict depends on it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `source.epoch`.
    pub epoch: i32,
    /// The topic of orders.
    pub orders_topic: String,
    /// The topic of customers; `None` if another program keeps them in Redis.
    pub customers_topic: Option<String>,
    /// Whether the orders of a customer who changes follow (`enrichment.when_customer_changes`).
    pub refresh: bool,
    /// How long hashes of orders live.
    pub order_ttl: Duration,
}

/// Everything that is known of an order.
#[derive(Debug, Clone)]
pub struct OrderFacts {
    /// The order.
    pub id: i64,
    /// When the servers were asked.
    pub at: DateTime<Utc>,
    /// What the verdict depends on beside the answers.
    pub settings: Settings,
    /// The answer of Postgres.
    pub postgres: Asked<StoredOrder>,
    /// The answer of Redis: the order's hash.
    pub redis: Asked<OrderLook>,
    /// The answer of Redis about the order's customer; `None` if nobody knows who that is.
    pub customer: Option<Asked<CustomerLook>>,
    /// The answer of Kafka: where the partitions of orders end.
    pub kafka: Asked<Ends>,
}

impl OrderFacts {
    /// The hash of the order's customer; `None` if nothing is known of it.
    #[must_use]
    pub fn customer_hash(&self) -> Option<&Seen<SeenCustomerHash>> {
        Some(&self.customer.as_ref()?.get()?.hash)
    }

    /// The partitions of orders in the present epoch, as the ledger has them.
    pub fn partitions(&self) -> impl Iterator<Item = &StoredPartition> {
        let all = self.postgres.get().into_iter().flat_map(|stored| &stored.partitions);
        all.filter(|known| known.epoch == self.settings.epoch && known.topic == self.settings.orders_topic)
    }

    /// Whether Redis reflects everything that Postgres has of a partition; `None` if one of them did not answer.
    #[must_use]
    pub fn redis_follows(&self, partition: i32) -> Option<bool> {
        let look = self.redis.get()?;
        let known = self.partitions().find(|known| known.partition == partition)?;
        let point = look.progress.get(&format!("{}:{partition}", known.topic));
        Some(point.is_some_and(|point| (point.epoch, point.next_offset) >= (known.epoch, known.next_offset)))
    }
}

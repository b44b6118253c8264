//! The metrics of Redis: what was asked of it and written to it.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use service::metrics::series::gauge;

use super::{ByPartition, Metrics};

/// The kind of hashes that is being made whole in Redis (P8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebuild {
    /// The hashes `order:<id>`, from `results`.
    Orders,
    /// The hashes `customer:<id>`, from Kafka.
    Customers,
}

impl Rebuild {
    const ALL: [Self; 2] = [Self::Orders, Self::Customers];

    fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Customers => "customers",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LookupLabels {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HashLabels {
    of: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RebuildLabels {
    of: &'static str,
}

#[derive(Debug, Clone, Default)]
pub(super) struct RedisCounts {
    lookups: Family<LookupLabels, Counter>,
    unreadable: Counter,
    hashes: Family<HashLabels, Counter>,
    behind: Family<ByPartition, Gauge>,
    rebuilds: Family<RebuildLabels, Counter>,
    rebuilt: Family<RebuildLabels, Counter>,
    rebuilding: Family<RebuildLabels, Gauge>,
}

impl RedisCounts {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let counts = Self::default();
        registry.register("customer_lookups", "Lookups of the customer of an order, by outcome", counts.lookups.clone());
        registry.register(
            "customer_hashes_unreadable",
            "Customer hashes that do not parse; their orders are missing",
            counts.unreadable.clone(),
        );
        registry.register("redis_hashes", "Hashes written, or skipped because a newer one was there", counts.hashes.clone());
        registry.register("redis_behind_records", "Records that Postgres has committed and Redis does not reflect", counts.behind.clone());
        registry.register("rebuilds", "Times that Redis had lost something and was made whole", counts.rebuilds.clone());
        registry.register("rebuilt_hashes", "Hashes written while Redis was made whole", counts.rebuilt.clone());
        registry.register(
            "rebuilding",
            "Partitions of which Redis has lost something and that are being made whole",
            counts.rebuilding.clone(),
        );
        counts.show_zeros();
        counts
    }

    fn show_zeros(&self) {
        ["found", "missing", "unavailable"].iter().for_each(|outcome| drop(self.lookups.get_or_create_owned(&LookupLabels { outcome })));
        for of in Rebuild::ALL.map(Rebuild::as_str) {
            drop(self.rebuilds.get_or_create_owned(&RebuildLabels { of }));
            drop(self.rebuilt.get_or_create_owned(&RebuildLabels { of }));
            drop(self.rebuilding.get_or_create_owned(&RebuildLabels { of }));
            ["written", "skipped"].iter().for_each(|outcome| drop(self.hashes.get_or_create_owned(&HashLabels { of, outcome })));
        }
    }
}

impl Metrics {
    /// Reports the number of orders for which Redis found the customer, and for which it did not.
    pub fn customers_looked_up(&self, found: u64, missing: u64) {
        self.live.looked_up(found, missing, 0);
        self.lookups("found", found);
        self.lookups("missing", missing);
    }

    /// Reports the number of orders for whose customers Redis could not be asked.
    pub fn customers_unavailable(&self, orders: u64) {
        self.live.looked_up(0, 0, orders);
        self.lookups("unavailable", orders);
    }

    /// Reports that the hash of a customer does not parse.
    pub fn customer_unreadable(&self) {
        self.redis.unreadable.inc();
    }

    /// Reports the number of hashes `order:<id>` that were written, and that were skipped because a newer version was there.
    pub fn order_hashes(&self, written: u64, skipped: u64) {
        self.live.hashes(written);
        self.hashes(Rebuild::Orders, written, skipped);
    }

    /// Reports the number of hashes `customer:<id>` that were written, and that were skipped because a newer version was there.
    pub fn customer_hashes(&self, written: u64, skipped: u64) {
        self.hashes(Rebuild::Customers, written, skipped);
    }

    /// Reports the number of records that are committed in Postgres and not reflected in Redis.
    pub fn redis_behind(&self, topic: &str, partition: i32, records: u64) {
        self.redis.behind.get_or_create(&ByPartition::new(topic, partition)).set(gauge(records));
    }

    /// Removes the partition's gauge, because the partition belongs to another process now, which reports how far Redis is behind.
    pub fn redis_behind_unknown(&self, topic: &str, partition: i32) {
        self.redis.behind.remove(&ByPartition::new(topic, partition));
    }

    /// Reports that Redis lost something and is being made whole.
    pub fn rebuild_started(&self, what: Rebuild) {
        self.redis.rebuilds.get_or_create(&RebuildLabels { of: what.as_str() }).inc();
    }

    /// Reports that further hashes were written while Redis is made whole.
    pub fn rebuilt(&self, what: Rebuild, hashes: u64) {
        self.redis.rebuilt.get_or_create(&RebuildLabels { of: what.as_str() }).inc_by(hashes);
    }

    /// Reports the number of partitions of customers and of orders that are behind. The numbers are counted anew in each round, so that
    /// they are right however a rebuild ends.
    pub fn rebuilding(&self, customers: usize, orders: usize) {
        self.live.rebuilding(customers, orders);
        for (what, partitions) in [(Rebuild::Customers, customers), (Rebuild::Orders, orders)] {
            self.redis.rebuilding.get_or_create(&RebuildLabels { of: what.as_str() }).set(gauge(partitions as u64));
        }
    }

    fn lookups(&self, outcome: &'static str, orders: u64) {
        self.redis.lookups.get_or_create(&LookupLabels { outcome }).inc_by(orders);
    }

    fn hashes(&self, of: Rebuild, written: u64, skipped: u64) {
        for (outcome, count) in [("written", written), ("skipped", skipped)] {
            self.redis.hashes.get_or_create(&HashLabels { of: of.as_str(), outcome }).inc_by(count);
        }
    }
}

//! Which partitions lag while a comparison waits: what lags cannot be judged yet.

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use kafka::source::survey::Survey;

use super::{Sides, is_of};

/// Which partitions have not come to where they should be by now, and where Redis is behind.
#[derive(Debug, Default)]
pub(super) struct Lags {
    pub(super) orders: HashSet<i32>,
    pub(super) customers: bool,
    pub(super) redis: HashSet<i32>,
    pub(super) redis_customers: bool,
}

impl Lags {
    /// Compares the ledger and Redis' progress with `survey`, which was made before the wait.
    pub(super) async fn read(sides: &Sides<'_>, survey: &Survey) -> anyhow::Result<Self> {
        let epoch = sides.shared.decoder.epoch;
        let entries = sides.shared.results.ledger.entries(epoch).await.context("the ledger cannot be read")?;
        let progress = if sides.redis { sides.shared.redis_progress.read().await.context("Redis")? } else { HashMap::new() };
        let mut lags = Self::default();
        for (partition, log) in &survey.logs {
            let is_of_orders = *partition.topic == *sides.config.kafka.orders_topic;
            let entry = entries.iter().find(|entry| is_of(entry, partition));
            let next_offset = entry.map_or(log.low, |entry| entry.next_offset);
            if sides.reread.waits(&partition.topic, partition.number, next_offset..log.high).await {
                if is_of_orders {
                    lags.orders.insert(partition.number);
                } else {
                    lags.customers = true;
                }
            }
            let point = progress.get(&format!("{}:{}", partition.topic, partition.number));
            if entry.is_some() && point.is_none_or(|point| point.epoch == epoch && point.next_offset < next_offset) {
                if is_of_orders {
                    lags.redis.insert(partition.number);
                } else {
                    lags.redis_customers = true;
                }
            }
        }
        Ok(lags)
    }

    /// Whether an order of this partition may have changes that are still to come. An order that was never seen may be of any partition.
    pub(super) fn of(&self, partition: Option<i32>) -> bool {
        self.customers || partition.map_or(!self.orders.is_empty(), |partition| self.orders.contains(&partition))
    }
}

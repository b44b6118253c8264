//! A rebuild that an operator asked for (`orderstream rebuild`): writes all partitions again, whether or not Redis seems to have lost
//! anything, beside running processes.
//!
//! A rebuild by hand works like the automatic one, and both may run at once: writes are guarded (P5), and Redis' progress moves only if
//! Redis still has what it had when the rebuild began (P8).

use std::ops::ControlFlow;
use std::sync::Arc;

use kafka::reread::Reread;
use kafka::source::Watermarks;

use super::NotYet;
use super::mark::begin;
use super::walk::Walk;
use crate::redis::link::Run;
use crate::redis::progress::{Advance, Of};
use crate::shared::Shared;

/// A partition, and how far it is committed.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The next offset in the ledger.
    pub next_offset: i64,
}

impl Committed {
    fn whose<'a>(&'a self, shared: &Shared) -> Of<'a> {
        Of { topic: &self.topic, partition: self.partition, epoch: shared.decoder.epoch }
    }
}

/// What a rebuild writes.
#[derive(Debug, Clone)]
pub enum Whole {
    /// The hashes of all orders, and `recent_orders`.
    Orders(Vec<Committed>),
    /// The hashes of all customers, from these logs.
    Customers(Vec<(Committed, Watermarks)>),
}

impl Whole {
    /// All partitions of orders of which anything was processed.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn orders(shared: &Shared, topic: &str) -> Result<Self, NotYet> {
        Ok(Self::Orders(committed(shared, topic).await?))
    }

    /// All partitions of customers of which anything was processed.
    ///
    /// # Errors
    /// Postgres or Kafka is away.
    pub async fn customers(shared: &Shared, topic: &str, reread: &Reread) -> Result<Self, NotYet> {
        let partitions = committed(shared, topic).await?;
        let survey = reread.survey(topic).await?;
        let log = |number| survey.logs.iter().find(|(known, _)| known.number == number).map(|(_, log)| *log);
        Ok(Self::Customers(partitions.into_iter().filter_map(|of| log(of.partition).map(|log| (of, log))).collect()))
    }

    /// Whether nothing was ever processed, so that there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Orders(partitions) => partitions.is_empty(),
            Self::Customers(logs) => logs.is_empty(),
        }
    }

    /// How many records of customers are read; `None` for orders, whose rows are counted elsewhere.
    #[must_use]
    pub fn records(&self) -> Option<u64> {
        match self {
            Self::Orders(_) => None,
            Self::Customers(logs) => Some(logs.iter().map(|(of, log)| u64::try_from(of.next_offset - log.low).unwrap_or(0)).sum()),
        }
    }

    /// Writes the hashes. `told` is called with the number of rows or records after each step, and ends the rebuild by breaking.
    ///
    /// # Errors
    /// A server is away, or the rebuild was ended. What was written stays, and the rebuild may be run again.
    pub async fn write(
        &self,
        shared: &Shared,
        reread: &Reread,
        told: &mut (impl FnMut(u64) -> ControlFlow<()> + Send),
    ) -> Result<(), NotYet> {
        match self {
            Self::Orders(partitions) => {
                for partition in partitions {
                    orders(shared, partition, told).await?;
                }
            }
            Self::Customers(logs) => {
                for (partition, log) in logs {
                    customers(shared, partition, *log, reread, told).await?;
                }
            }
        }
        Ok(())
    }
}

async fn committed(shared: &Shared, topic: &str) -> Result<Vec<Committed>, NotYet> {
    let entries = shared.results.ledger.entries(shared.decoder.epoch).await?;
    let of_topic = entries.into_iter().filter(|entry| *entry.topic == *topic);
    Ok(of_topic.map(|entry| Committed { topic: entry.topic, partition: entry.partition, next_offset: entry.next_offset }).collect())
}

/// Writes the hashes of all orders of a partition.
async fn orders(shared: &Shared, of: &Committed, told: &mut impl FnMut(u64) -> ControlFlow<()>) -> Result<(), NotYet> {
    let run = shared.redis_progress.server().await?;
    let from = begin(shared, of.whose(shared)).await?;
    let mut walk = Walk::begin(shared, of.whose(shared), from, of.next_offset, run).await?;
    walk.go_on(shared, of.whose(shared), None, told).await?;
    walk.tell_sweeps(shared, of.whose(shared)).await?;
    finish(shared, of, from, run).await
}

/// Writes the hashes of all customers of a partition from its log.
async fn customers(
    shared: &Shared,
    of: &Committed,
    log: Watermarks,
    reread: &Reread,
    told: &mut impl FnMut(u64) -> ControlFlow<()>,
) -> Result<(), NotYet> {
    let run = shared.redis_progress.server().await?;
    let from = begin(shared, of.whose(shared)).await?;
    super::customers::again(shared, &of.topic, of.partition, log.low..of.next_offset, reread, told).await?;
    finish(shared, of, from, run).await
}

async fn finish(shared: &Shared, of: &Committed, from: i64, run: Run) -> Result<(), NotYet> {
    let to = of.next_offset.max(from);
    match shared.redis_progress.advance(of.whose(shared), from, to, Some(run)).await? {
        Advance::Moved => Ok(()),
        Advance::Behind { .. } => Err(NotYet::LostAgain),
    }
}

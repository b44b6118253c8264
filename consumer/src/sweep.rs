//! The sweep: completes rows whose customer was missing, unknown or has changed, and writes hashes that could not be written (P2, P8).
//!
//! Each process sweeps the orders of the partitions that it owns. A row is changed only if its revision is the one that was read, and an
//! order leaves the list only after its hash is written and if nobody has put it on the list again.
//!
//! What cannot be done for one row, one customer or one partition is told and tried again later, and holds up nothing else (P13): a row that
//! Postgres refuses keeps the customer of before. Only an outage ends a round. Every step is bounded, whatever one customer has (P10).
//!
//! No offset speaks of the hashes that a sweep writes. So each sweep has a number, which Redis is told after the hashes and Postgres in the
//! statement that shortens the list: a Redis with a lower number than Postgres has lost hashes of a sweep, and the rebuild writes all again.

use std::panic;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::shared::{Shared, Topics};
use ledger::{Class, StoreError};

mod complete;
mod expand;

/// Orders of one partition in one round of the sweep.
const CHUNK: i64 = 2_000;
/// So many partitions are swept side by side: Postgres works for one while Redis does for another.
const LANES: usize = 4;
/// What speaks in logs.
const TASK: &str = "sweep";

/// Sweeps when woken and every second, until it is aborted.
pub async fn run(shared: Arc<Shared>, topics: Topics) {
    let mut backoff = shared.backoff();
    loop {
        match sweep(&shared, &topics).await {
            Ok(Swept::Some) => backoff.reset(),
            Ok(Swept::Nothing) => {
                // Woken at once by a batch that leaves something to do; else the time of postponed orders comes.
                tokio::time::timeout(Duration::from_secs(1), shared.due.notified()).await.ok();
            }
            Ok(Swept::Hindered | Swept::RedisIsAway) => tokio::time::sleep(backoff.next_delay()).await,
            Err(error) => {
                shared.troubled(TASK, &error);
                tokio::time::sleep(backoff.next_delay()).await;
            }
        }
    }
}

/// What a sweep did, the more telling the later.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Swept {
    Nothing,
    Some,
    /// A part of it failed, and it was told.
    Hindered,
    RedisIsAway,
}

async fn sweep(shared: &Arc<Shared>, topics: &Topics) -> Result<Swept, StoreError> {
    let owned = |topic: &str| shared.places.of(topic).iter().map(|place| place.claim.partition).collect::<Vec<_>>();
    let customers = topics.customers.as_deref().map(owned).unwrap_or_default();
    let mut all = part(shared, expand::expand(shared, &customers).await)?;
    let orders = owned(&topics.orders);
    all = all.max(part(shared, truncate(shared, &orders).await)?);
    let mut lanes = JoinSet::new();
    for partitions in orders.chunks(orders.len().div_ceil(LANES).max(1)) {
        lanes.spawn(lane(Arc::clone(shared), topics.clone(), partitions.to_vec()));
    }
    let mut all = Ok(all);
    while let Some(swept) = lanes.join_next().await {
        let swept = swept.unwrap_or_else(|broken| panic::resume_unwind(broken.into_panic()));
        // To their end, also beside one that failed: what they do takes hold only with its last step.
        all = all.and_then(|all| Ok(all.max(swept?)));
    }
    all
}

/// An outage ends the round. What else is in the way of one part is told, and the others go on.
fn part(shared: &Shared, swept: Result<Swept, StoreError>) -> Result<Swept, StoreError> {
    match swept {
        Err(error) if !matches!(error.class(), Class::Connection | Class::UnknownOutcome) => {
            shared.troubled(TASK, &error);
            Ok(Swept::Hindered)
        }
        other => other,
    }
}

/// A chunk of what a truncate removes.
async fn truncate(shared: &Shared, partitions: &[i32]) -> Result<Swept, StoreError> {
    let truncating = shared.results.sweep_truncate(partitions, CHUNK).await?;
    if let Some(refusal) = &truncating.refusal {
        shared.rows_refused("removed by a truncate", 1, refusal);
    }
    Ok(if truncating.has_more { Swept::Some } else { Swept::Nothing })
}

/// A chunk of each of these partitions.
async fn lane(shared: Arc<Shared>, topics: Topics, partitions: Vec<i32>) -> Result<Swept, StoreError> {
    let mut all = Swept::Nothing;
    for partition in partitions {
        all = all.max(part(&shared, complete::chunk(&shared, &topics, partition).await)?);
    }
    Ok(all)
}

//! The sweep: completes rows whose customer was missing, unknown or has changed, and writes hashes that could not be written (P2, P8).
//!
//! Each process sweeps the orders of the partitions that it owns. A row is changed only if its revision is still the one that was read. An
//! order leaves the list only after its hash is written, and only if nobody has put the order on the list again meanwhile.
//!
//! What cannot be done for one row, one customer or one partition is logged and tried again later, and holds up nothing else (P13): a row
//! whose change Postgres refuses keeps the customer that it had. Only an outage ends a round. Every step is bounded, however many orders
//! one customer has (P10).
//!
//! No offset speaks of the hashes that a sweep writes. So each sweep has a number. Redis is told the number after the hashes are written,
//! and Postgres in the statement that shortens the list. A Redis with a lower number than Postgres has lost hashes of a sweep, and the
//! rebuild writes all of them again.

use std::panic;
use std::sync::Arc;
use std::time::Duration;

use ledger::{Class, StoreError};
use tokio::task::JoinSet;

use crate::shared::{Shared, Topics};

mod complete;
mod expand;

/// The orders of one partition that one round of the sweep takes at most.
const CHUNK: i64 = 2_000;
/// How many partitions are swept side by side: Postgres works for one while Redis works for another.
const LANES: usize = 4;
/// The name of this task in logs.
const TASK: &str = "sweep";

/// Sweeps when woken and every second, until the task is aborted.
pub async fn run(shared: Arc<Shared>, topics: Topics) {
    let mut backoff = shared.backoff();
    loop {
        match sweep(&shared, &topics).await {
            Ok(Swept::Some) => backoff.reset(),
            Ok(Swept::Nothing) => {
                // A batch that leaves something to do wakes the sweep at once. Postponed orders are looked for every second.
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

/// What a sweep did. Of several outcomes the later one in this list counts.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Swept {
    Nothing,
    Some,
    /// A part of the sweep failed, and the failure was logged.
    Hindered,
    RedisIsAway,
}

async fn sweep(shared: &Arc<Shared>, topics: &Topics) -> Result<Swept, StoreError> {
    let owned = |topic: &str| shared.places.of(topic).iter().map(|place| place.tenure.claim.partition).collect::<Vec<_>>();
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
        // The other lanes run to their end beside one that failed: what a lane does takes hold only with its last step.
        all = all.and_then(|all| Ok(all.max(swept?)));
    }
    all
}

/// An outage ends the round. Any other error of one part is logged, and the other parts go on.
fn part(shared: &Shared, swept: Result<Swept, StoreError>) -> Result<Swept, StoreError> {
    match swept {
        Err(error) if !matches!(error.class(), Class::Connection | Class::UnknownOutcome) => {
            shared.troubled(TASK, &error);
            Ok(Swept::Hindered)
        }
        other => other,
    }
}

/// Removes a chunk of the rows that a truncate of the source removes.
async fn truncate(shared: &Shared, partitions: &[i32]) -> Result<Swept, StoreError> {
    let truncating = shared.results.sweep_truncate(partitions, CHUNK).await?;
    if let Some(refusal) = &truncating.refusal {
        shared.rows_refused("removed by a truncate", 1, refusal);
    }
    Ok(if truncating.has_more { Swept::Some } else { Swept::Nothing })
}

/// Sweeps a chunk of each of these partitions.
async fn lane(shared: Arc<Shared>, topics: Topics, partitions: Vec<i32>) -> Result<Swept, StoreError> {
    let mut all = Swept::Nothing;
    for partition in partitions {
        all = all.max(part(&shared, complete::chunk(&shared, &topics, partition).await)?);
    }
    Ok(all)
}

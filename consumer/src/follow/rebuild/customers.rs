//! Restores the customers of a partition from their topic.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::time::Instant;

use change::record::Ended;
use kafka::reread::Reread;

use super::NotYet;
use super::mark::{begin, target, whole};
use crate::metrics::Rebuild;
use crate::orders::customers;
use crate::shared::{Place, Shared};

/// Restores the customers of this partition, then tells Redis how far it reflects the partition.
pub(super) async fn make_whole(shared: &Arc<Shared>, place: &Arc<Place>, reread: &Reread) -> Result<(), NotYet> {
    let run = shared.redis_progress.server().await?;
    let began = Instant::now();
    shared.metrics.rebuild_started(Rebuild::Customers);
    let from = begin(shared, place.of()).await?;
    let target = target(place).await;
    let low = place.tenure.progress().watermarks().low;
    again(shared, &place.tenure.claim.topic, place.tenure.claim.partition, low..target, reread, &mut |_| ControlFlow::Continue(())).await?;
    whole(shared, place, from, target, run, began).await
}

/// Writes the hashes of all customers in the partition. `told` is called with the number of records after each step. An older event of the
/// log does not undo what the partition's worker has written (P5).
pub(super) async fn again(
    shared: &Shared,
    topic: &Arc<str>,
    partition: i32,
    offsets: Range<i64>,
    reread: &Reread,
    told: &mut impl FnMut(u64) -> ControlFlow<()>,
) -> Result<(), NotYet> {
    let mut batches = reread.start(topic, partition, offsets);
    let mut ended = Ended::default();
    while let Some(records) = batches.next().await {
        let records = records?;
        let mut batch = customers::decode(&shared.decoder, &records, &mut ended);
        shared.results.stand_in(&mut batch.changes).await?;
        let customers = shared.customers.rebuild_customers(&batch.changes).await?;
        shared.metrics.rebuilt(Rebuild::Customers, customers.len() as u64);
        // An order that was enriched after Redis had lost something, and before the loss was noticed, may have taken an older state of its
        // customer.
        shared.results.mark_customers(partition, &customers, shared.refresh).await?;
        if told(records.len() as u64).is_break() {
            return Err(NotYet::Ended);
        }
    }
    Ok(())
}

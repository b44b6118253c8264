//! The third stage of a partition of orders: writes the hashes of committed batches. An order whose hash cannot be written goes on the list
//! of the sweep.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::store::Stored;
use super::tell::WrittenBack;
use worker::Revoked;

use crate::follow::reflect;
use crate::metrics::Step;
use crate::redis::link::{RedisError, Run};
use crate::shared::{Place, Shared};

/// Writes back until the stage before has ended, or until the partition is taken away while an order cannot be put on the list.
pub(super) async fn run(shared: Arc<Shared>, place: Arc<Place>, mut batches: mpsc::Receiver<Stored>, out: mpsc::Sender<WrittenBack>) {
    while let Some(stored) = batches.recv().await {
        let to = stored.batch.to;
        // This batch is not covered, and neither is any batch behind it. Redis' progress stays here, and the next owner of the partition
        // reads the keys of these records again (P8).
        let Ok(run) = write_back(&shared, &place, stored).await else { return };
        out.send(WrittenBack { to, run }).await.ok();
    }
}

/// Returns the run of Redis in which the hashes were written; `None` if all orders are on the list of the sweep.
async fn write_back(shared: &Shared, place: &Place, stored: Stored) -> Result<Option<Run>, Revoked> {
    let Stored { batch, token, applied, trace } = stored;
    shared.results_changed();
    let redis_away = batch.redis_away;
    let order_ids: Vec<i64> = applied.written.iter().map(|write| write.order_id).collect();
    let states = batch.into_states(applied);
    if redis_away || states.is_empty() {
        // The transaction has put the orders on the list of the sweep already.
        shared.orders_are_due();
        return Ok(None);
    }
    let write = async {
        reflect::begin(shared, place).await?;
        let run = shared.redis_progress.server().await?;
        Ok::<_, RedisError>((run, shared.cache.write_orders(&states, place.tenure.claim.epoch, Some(&token)).await?))
    };
    let (run, due) = match shared.timed(Step::WriteBack, &trace.span, write).await {
        Ok((run, written)) => {
            shared.metrics.order_hashes(written.written as u64, written.stale as u64);
            (Some(run), shared.to_refresh(written.outdated, &states))
        }
        Err(error) => {
            shared.redis.failed("writing order hashes", &error);
            (None, order_ids)
        }
    };
    mark_due(shared, place, due).await?;
    Ok(run)
}

/// Puts orders on the list of the sweep, and waits for Postgres if necessary: an order with an old hash that is on no list would be
/// forgotten.
async fn mark_due(shared: &Shared, place: &Place, order_ids: Vec<i64>) -> Result<(), Revoked> {
    if order_ids.is_empty() {
        return Ok(());
    }
    let mut backoff = shared.backoff();
    while let Err(error) = shared.results.mark_due(place.tenure.claim.partition, order_ids.clone()).await {
        place.troubled(shared, &error);
        place.tenure.pause(backoff.next_delay()).await?;
    }
    shared.orders_are_due();
    Ok(())
}

//! Third stage: the hashes of what is committed. Best effort: what fails here goes on the list of the sweep.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::store::Stored;
use super::tell::WrittenBack;
use crate::flow::{Flow, Place, Revoked};
use crate::follow::reflect;
use crate::metrics::Stage;
use crate::redis_link::{RedisError, Run};

/// Writes back until the stage before has ended, or until the partition is taken away while something cannot be noted.
pub(super) async fn run(flow: Arc<Flow>, place: Arc<Place>, mut batches: mpsc::Receiver<Stored>, out: mpsc::Sender<WrittenBack>) {
    while let Some(stored) = batches.recv().await {
        let to = stored.batch.to;
        // Not covered, nor what comes behind it: Redis' progress stays here, and whoever has the partition next reads these records' keys
        // again (P8).
        let Ok(run) = write_back(&flow, &place, stored).await else { return };
        out.send(WrittenBack { to, run }).await.ok();
    }
}

/// In which life of Redis the hashes were written; `None`: they are on the list of the sweep.
async fn write_back(flow: &Flow, place: &Place, stored: Stored) -> Result<Option<Run>, Revoked> {
    let Stored { batch, token, applied } = stored;
    flow.results_changed();
    let redis_away = batch.redis_away;
    let order_ids: Vec<i64> = applied.written.iter().map(|write| write.order_id).collect();
    let states = batch.into_states(applied);
    if redis_away || states.is_empty() {
        // The transaction has put them on the list already.
        flow.orders_are_due();
        return Ok(None);
    }
    let write = async {
        reflect::begin(flow, place).await?;
        let run = flow.redis_progress.server().await?;
        Ok::<_, RedisError>((run, flow.cache.write_orders(&states, place.claim.epoch, Some(&token)).await?))
    };
    let (run, due) = match flow.timed(Stage::WriteBack, write).await {
        Ok((run, written)) => {
            flow.metrics.order_hashes(written.written as u64, written.stale as u64);
            (Some(run), flow.to_refresh(written.outdated, &states))
        }
        Err(error) => {
            flow.redis.failed("writing order hashes", &error);
            (None, order_ids)
        }
    };
    mark_due(flow, place, due).await?;
    Ok(run)
}

/// Waits for Postgres if it must: an order whose hash is old and that is on no list would be forgotten.
async fn mark_due(flow: &Flow, place: &Place, order_ids: Vec<i64>) -> Result<(), Revoked> {
    if order_ids.is_empty() {
        return Ok(());
    }
    let mut backoff = flow.backoff();
    while let Err(error) = flow.results.mark_due(place.claim.partition, order_ids.clone()).await {
        place.troubled(flow, &error);
        place.pause(backoff.next_delay()).await?;
    }
    flow.orders_are_due();
    Ok(())
}

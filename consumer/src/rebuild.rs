//! Makes Redis whole after it has lost something: its tail, its last hour, everything (P8).
//!
//! Redis' own progress tells how much is gone. Orders: if it is behind, the keys of the records since are read again from Kafka and
//! their orders go on the list of the sweep; if it is absent, or Kafka has no longer got those records, all rows of the partition are
//! written again in key order. Customers: their topic is compacted, so it is read again from its start.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};

use crate::cache::DELETED_FOR_SECONDS;
use crate::customer_partition;
use crate::enrich::OrderState;
use crate::envelope::Decoded;
use crate::flow::{Flow, Place};
use crate::metrics::Rebuild;
use crate::progress::{Advance, Point};
use crate::record::Record;
use crate::redis_link::RedisError;
use crate::repair::Topics;
use crate::reread::Reread;
use crate::results::StoreError;
use crate::source::RereadError;

pub mod by_hand;

/// Rows in one round of a rebuild.
const CHUNK: i64 = 1_000;

/// Progress of a Redis that reflects nothing.
const FROM_THE_START: i64 = 0;

/// Why a partition is not whole yet; to be tried again.
#[derive(Debug, thiserror::Error)]
pub enum NotYet {
    /// Redis is away.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// Postgres is away.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Kafka is away.
    #[error(transparent)]
    Reread(#[from] RereadError),
    /// It was emptied meanwhile.
    #[error("Redis has lost something again")]
    LostAgain,
}

/// Checks every second, and when woken, that Redis still has what it acknowledged; makes whole what it has lost. Runs until aborted.
pub async fn run(flow: Arc<Flow>, topics: Topics, reread: Reread) {
    let mut backoff = flow.backoff();
    loop {
        tokio::time::timeout(Duration::from_secs(1), flow.behind.notified()).await.ok();
        for place in flow.places.all() {
            crate::reflect::cover(&flow, &place, 0).await;
            if !place.reflection.lock().await.behind {
                continue;
            }
            let keeps_customers = topics.customers.as_deref() == Some(&*place.claim.topic);
            match make_whole(&flow, &place, keeps_customers, &reread).await {
                Ok(()) => backoff.reset(),
                Err(error) => {
                    tracing::warn!(topic = %place.claim.topic, partition = place.claim.partition, %error, "Redis is not whole yet; it is tried again");
                    tokio::time::sleep(backoff.next_delay()).await;
                }
            }
        }
    }
}

/// Restores what Redis lost of this partition, then tells Redis how far it is.
async fn make_whole(flow: &Arc<Flow>, place: &Arc<Place>, keeps_customers: bool, reread: &Reread) -> Result<(), NotYet> {
    let claim = &place.claim;
    // Batches that are committed from here on look after their own hashes; this is about those before.
    let target = place.reflection.lock().await.covered;
    let began = Instant::now();
    let what = if keeps_customers { Rebuild::Customers } else { Rebuild::Orders };
    flow.metrics.rebuild_started(what);
    let from = begin(flow, &claim.topic, claim.partition).await?;
    if keeps_customers {
        let low = place.progress().watermarks().low;
        customers_again(flow, &claim.topic, claim.partition, low..target, reread, &mut |_| ()).await?;
    } else {
        match from {
            FROM_THE_START => all_orders_again(flow, claim.partition, &mut |_| ()).await?,
            from => match orders_again(flow, place, from, target, reread).await {
                Err(NotYet::Reread(RereadError::Gone { .. })) => all_orders_again(flow, claim.partition, &mut |_| ()).await?,
                outcome => outcome?,
            },
        }
    }
    let mut reflection = place.reflection.lock().await;
    // Only from where it began: if Redis has lost something again meanwhile, this was not enough.
    let Advance::Moved = flow.redis_progress.advance(&claim.topic, claim.partition, claim.epoch, from, target).await? else {
        return Err(NotYet::LostAgain);
    };
    reflection.acknowledged = target;
    reflection.behind = false;
    flow.metrics.rebuild_ended(what);
    let seconds = began.elapsed().as_secs_f64();
    tracing::info!(topic = %claim.topic, partition = claim.partition, target, seconds, "Redis is whole again");
    Ok(())
}

/// Where Redis stands; a mark is set if it has nothing, which is gone again if it loses everything once more.
async fn begin(flow: &Flow, topic: &str, partition: i32) -> Result<i64, RedisError> {
    let epoch = flow.decoder.epoch;
    let stored = flow.redis_progress.read().await?.remove(&format!("{topic}:{partition}"));
    match stored {
        Some(point) if point.epoch == epoch => Ok(point.next_offset),
        _ => {
            flow.redis_progress.set(topic, partition, Point { epoch, next_offset: FROM_THE_START }).await?;
            Ok(FROM_THE_START)
        }
    }
}

/// The orders of the records from one offset to another go on the list of the sweep.
async fn orders_again(flow: &Arc<Flow>, place: &Arc<Place>, from: i64, to: i64, reread: &Reread) -> Result<(), NotYet> {
    let mut batches = reread.start(&place.claim.topic, place.claim.partition, from..to);
    while let Some(records) = batches.next().await {
        let order_ids = orders_of(flow, &records?);
        flow.results.mark_due(place.claim.partition, order_ids).await?;
        flow.orders_are_due();
    }
    Ok(())
}

fn orders_of(flow: &Flow, records: &[Record]) -> Vec<i64> {
    let id = |record| match flow.decoder.order(record) {
        Ok(Decoded::Change(change)) => Some(change.id),
        _ => None,
    };
    records.iter().filter_map(id).collect()
}

/// The hashes of all customers in the partition; `told` hears of the offsets. An older event of the log does not undo what the partition's
/// worker has written.
async fn customers_again(
    flow: &Flow,
    topic: &Arc<str>,
    partition: i32,
    offsets: Range<i64>,
    reread: &Reread,
    told: &mut impl FnMut(u64),
) -> Result<(), NotYet> {
    let mut batches = reread.start(topic, partition, offsets);
    while let Some(records) = batches.next().await {
        let records = records?;
        let batch = customer_partition::decode(flow, &records);
        let customers = flow.customers.rebuild_customers(&batch.changes).await?;
        flow.metrics.rebuilt(Rebuild::Customers, customers.len() as u64);
        // An order that met Redis between its loss and its discovery may have taken an older state of its customer.
        flow.results.mark_customers(partition, &customers, flow.refresh).await?;
        told(records.len() as u64);
    }
    Ok(())
}

/// All rows of the partition in key order, and the orders deleted so recently that their hash would still be there.
async fn all_orders_again(flow: &Flow, partition: i32, told: &mut impl FnMut(u64)) -> Result<(), NotYet> {
    let (partitions, epoch) = ([partition], flow.decoder.epoch);
    let mut after = i64::MIN;
    loop {
        let rows = flow.results.live_after(after, &partitions, CHUNK).await?;
        let Some(last) = rows.last() else { break };
        after = last.order_id;
        let states: Vec<OrderState> = rows.into_iter().map(OrderState::Live).collect();
        let written = flow.cache.write_orders(&states, epoch, None).await?;
        flow.metrics.rebuilt(Rebuild::Orders, states.len() as u64);
        flow.results.mark_due(partition, flow.to_refresh(written.outdated, &states)).await?;
        told(states.len() as u64);
    }
    let since = Utc::now() - TimeDelta::seconds(DELETED_FOR_SECONDS.into());
    let mut after = i64::MIN;
    loop {
        let rows = flow.results.deleted_after(after, &partitions, CHUNK, since).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.order_id;
        let states: Vec<OrderState> = rows.into_iter().map(OrderState::Deleted).collect();
        flow.cache.write_orders(&states, epoch, None).await?;
    }
}

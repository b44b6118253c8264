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
use crate::progress::{Advance, Of, Point};
use crate::record::{Ended, Record};
use crate::redis_link::{RedisError, Run};
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
        let lost = lost_sweeps(&flow, &topics.orders).await.unwrap_or_else(|error| {
            told(&flow, &error);
            Vec::new()
        });
        for place in flow.places.all() {
            crate::reflect::cover(&flow, &place, 0, None).await;
            if topics.orders == *place.claim.topic && lost.contains(&place.claim.partition) {
                place.reflection.lock().await.behind = true;
            }
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

/// What cannot be known now is asked again in a second.
fn told(flow: &Flow, error: &NotYet) {
    match error {
        NotYet::Redis(error) => flow.redis.failed("reading what sweeps wrote", error),
        NotYet::Store(error) => flow.metrics.postgres_error(error.class().as_str()),
        NotYet::Reread(_) | NotYet::LostAgain => {}
    }
}

/// The partitions of orders of which Redis has lost hashes that a sweep wrote.
async fn lost_sweeps(flow: &Flow, topic: &str) -> Result<Vec<i32>, NotYet> {
    // Postgres first: Redis is told before it, so it cannot have less by accident.
    let swept = flow.results.swept(flow.decoder.epoch).await?;
    let reflected = flow.redis_progress.read_swept().await?;
    let epoch = flow.decoder.epoch;
    let is_lost = |(partition, number): &(i32, i64)| {
        reflected.get(&format!("{topic}:{partition}")).is_none_or(|point| *point < Point { epoch, next_offset: *number })
    };
    Ok(swept.into_iter().filter(is_lost).map(|(partition, _)| partition).collect())
}

/// Restores what Redis lost of this partition, then tells Redis how far it is.
async fn make_whole(flow: &Arc<Flow>, place: &Arc<Place>, keeps_customers: bool, reread: &Reread) -> Result<(), NotYet> {
    let claim = &place.claim;
    let run = flow.redis_progress.server().await?;
    let began = Instant::now();
    let what = if keeps_customers { Rebuild::Customers } else { Rebuild::Orders };
    if place.reflection.lock().await.ahead {
        // First of all: whatever is written from here on has to be above what Redis has. In all partitions, since all have lost.
        flow.results.lift_revisions().await?;
        flow.redis_progress.start_over(&claim.topic, claim.epoch).await?;
        // The others of this process that have seen it need not do it again.
        for other in flow.places.all().into_iter().chain([Arc::clone(place)]) {
            other.reflection.lock().await.ahead = false;
        }
    }
    flow.metrics.rebuild_started(what);
    let from = begin(flow, place.of()).await?;
    // After the mark: if what is written until here is lost, the mark is too. All that is committed counts, since it is committed before
    // its hashes are written: some of those that are just being written may have been there before the loss. What is committed from here
    // on looks after its own hashes.
    let target = {
        let mut reflection = place.reflection.lock().await;
        reflection.run = None;
        reflection.covered = reflection.covered.max(place.progress().done());
        reflection.covered
    };
    if keeps_customers {
        let low = place.progress().watermarks().low;
        customers_again(flow, &claim.topic, claim.partition, low..target, reread, &mut |_| ()).await?;
    } else {
        let sweeps_are_lost = lost_sweeps(flow, &claim.topic).await?.contains(&claim.partition);
        match from {
            from if from == FROM_THE_START || sweeps_are_lost => whole_partition_again(flow, place.of(), run, &mut |_| ()).await?,
            from => match orders_again(flow, place, from, target, reread).await {
                Err(NotYet::Reread(RereadError::Gone { .. })) => whole_partition_again(flow, place.of(), run, &mut |_| ()).await?,
                outcome => outcome?,
            },
        }
    }
    let mut reflection = place.reflection.lock().await;
    // Only from where it began, and in the same life: if Redis has lost something again meanwhile, this was not enough.
    let Advance::Moved = flow.redis_progress.advance(place.of(), from, target, Some(run)).await? else {
        return Err(NotYet::LostAgain);
    };
    reflection.acknowledged = target;
    reflection.begun = true;
    reflection.behind = false;
    flow.metrics.rebuild_ended(what);
    let seconds = began.elapsed().as_secs_f64();
    tracing::info!(topic = %claim.topic, partition = claim.partition, target, seconds, "Redis is whole again");
    Ok(())
}

/// Where Redis stands; a mark is set if it has nothing, which is gone again if it loses everything once more.
async fn begin(flow: &Flow, of: Of<'_>) -> Result<i64, RedisError> {
    match flow.redis_progress.read().await?.remove(&of.to_string()) {
        Some(point) if point.epoch == of.epoch => Ok(point.next_offset),
        _ => {
            flow.redis_progress.set(of, FROM_THE_START, None).await?;
            Ok(FROM_THE_START)
        }
    }
}

/// All orders of a partition, and with them those that sweeps have written.
async fn whole_partition_again(flow: &Flow, of: Of<'_>, run: Run, told: &mut impl FnMut(u64)) -> Result<(), NotYet> {
    let swept = flow.results.swept(of.epoch).await?.into_iter().find(|(partition, _)| *partition == of.partition);
    let Some((_, number)) = swept else { return all_orders_again(flow, of.partition, told).await };
    let from = match flow.redis_progress.read_swept().await?.remove(&of.to_string()) {
        Some(point) if point.epoch == of.epoch => point.next_offset,
        _ => FROM_THE_START,
    };
    // The same mark as that of `begin`.
    let _: Advance = flow.redis_progress.advance_swept(of, None, from, run).await?;
    all_orders_again(flow, of.partition, told).await?;
    match flow.redis_progress.advance_swept(of, Some(from), number, run).await? {
        Advance::Moved => Ok(()),
        Advance::Behind { .. } => Err(NotYet::LostAgain),
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
    let mut ended = Ended::default();
    while let Some(records) = batches.next().await {
        let records = records?;
        let mut batch = customer_partition::decode(flow, &records, &mut ended);
        flow.results.stand_in(&mut batch.changes).await?;
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
        if written.stale > 0 {
            above_redis(flow, &states).await?;
        }
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
        let written = flow.cache.write_orders(&states, epoch, None).await?;
        if written.stale > 0 {
            above_redis(flow, &states).await?;
        }
    }
}

/// Of orders whose hash is newer than what Postgres has: gives what Postgres has a revision above that, and writes it. Others may write them
/// at the same time; from the second round on what they write is above too.
async fn above_redis(flow: &Flow, states: &[OrderState]) -> Result<(), NotYet> {
    let epoch = flow.decoder.epoch;
    let (mut orders, mut highest) = flow.cache.ahead(states, epoch).await?;
    while !orders.is_empty() {
        let states = flow.results.states(&orders).await?;
        let (still, above) = flow.cache.ahead(&states, epoch).await?;
        highest = highest.max(above);
        let ahead = states.into_iter().filter(|state| still.contains(&state.order_id())).collect();
        let raised = flow.results.raise(ahead, highest).await?;
        let written = flow.cache.write_orders(&raised, epoch, None).await?;
        flow.metrics.order_hashes(written.written as u64, written.stale as u64);
        orders = still;
        let done: Vec<i64> = raised.iter().map(OrderState::order_id).collect();
        orders.retain(|id| !done.contains(id));
    }
    Ok(())
}

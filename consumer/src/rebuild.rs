//! Makes Redis whole after it has lost something: its tail, its last hour, everything (P8).
//!
//! Redis' own progress tells how much is gone. Orders: if it is behind, the keys of the records since are read again from Kafka and
//! their orders go on the list of the sweep; if it is absent, or Kafka has no longer got those records, all rows of the partition are
//! written again in key order (`walk`). Customers: their topic is compacted, so it is read again from its start.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::customer_partition;
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
mod walk;

use walk::Walk;

/// Between two looks at a Redis that is whole, and the time for the orders of all partitions between two looks at the customers.
const SLICE: Duration = Duration::from_secs(1);

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
    let mut walks = Walks::new();
    let mut round = Round::Whole;
    loop {
        match round {
            Round::Whole => drop(tokio::time::timeout(SLICE, flow.behind.notified()).await),
            Round::HasMore => {}
            Round::Hindered => tokio::time::sleep(backoff.next_delay()).await,
        }
        round = one_round(&flow, &topics, &reread, &mut walks).await;
        if round != Round::Hindered {
            backoff.reset();
        }
    }
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// Nothing is left to do.
    Whole,
    /// A partition's time was up before its orders were.
    HasMore,
    /// A partition could not be made whole; it was told. The others were seen to.
    Hindered,
}

/// Walks that are under way, by topic, partition and generation: they go on where they were after an outage, and after their slice.
type Walks = HashMap<(Arc<str>, i32, i64), Walk>;

/// Customers first, whatever the topics are called: until Redis has all of them no order can be enriched. So orders get slices of time, and
/// between any two of them it is looked whether customers were lost.
async fn one_round(flow: &Arc<Flow>, topics: &Topics, reread: &Reread, walks: &mut Walks) -> Round {
    let mut round = Round::Whole;
    let lost = lost_sweeps(flow, &topics.orders).await.unwrap_or_else(|error| {
        round = Round::Hindered;
        told(flow, &error, None);
        Vec::new()
    });
    let keeps_customers = |place: &Place| topics.customers.as_deref() == Some(&*place.claim.topic);
    let mut places = flow.places.all();
    places.sort_by_key(|place| !keeps_customers(place));
    let mut behind = Vec::new();
    for place in places {
        crate::reflect::cover(flow, &place, 0, None).await;
        let mut reflection = place.reflection.lock().await;
        reflection.behind |= topics.orders == *place.claim.topic && lost.contains(&place.claim.partition);
        let is_behind = reflection.behind;
        drop(reflection);
        if is_behind {
            behind.push(place);
        }
    }
    walks.retain(|key, _| behind.iter().any(|place| *key == key_of(place)));
    let open = |what| behind.iter().filter(|place| keeps_customers(place) == (what == Rebuild::Customers)).count();
    let (mut customers, mut orders) = (open(Rebuild::Customers), open(Rebuild::Orders));
    flow.metrics.rebuilding(customers, orders);
    let slice = SLICE / u32::try_from(orders.max(1)).unwrap_or(u32::MAX);
    for place in &behind {
        let outcome = if keeps_customers(place) {
            make_customers_whole(flow, place, reread).await.map(|()| true)
        } else {
            make_orders_whole(flow, place, reread, walks, Instant::now() + slice).await
        };
        match outcome {
            Ok(true) if keeps_customers(place) => customers -= 1,
            Ok(true) => orders -= 1,
            Ok(false) => round = if round == Round::Hindered { round } else { Round::HasMore },
            Err(error) => {
                round = Round::Hindered;
                told(flow, &error, Some(place));
            }
        }
        flow.metrics.rebuilding(customers, orders);
    }
    round
}

fn key_of(place: &Place) -> (Arc<str>, i32, i64) {
    (Arc::clone(&place.claim.topic), place.claim.partition, place.claim.generation)
}

fn told(flow: &Flow, error: &NotYet, place: Option<&Place>) {
    match error {
        NotYet::Redis(error) => flow.redis.failed("making Redis whole", error),
        NotYet::Store(error) => flow.metrics.postgres_error(error.class().as_str()),
        NotYet::Reread(_) | NotYet::LostAgain => {}
    }
    if let Some(suppressed) = flow.throttle("rebuild") {
        let (topic, partition) = place.map(|place| (&*place.claim.topic, place.claim.partition)).unzip();
        tracing::warn!(topic, partition, suppressed, %error, "Redis is not whole yet; it is tried again");
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

/// Restores the customers of this partition, then tells Redis how far it is.
async fn make_customers_whole(flow: &Arc<Flow>, place: &Arc<Place>, reread: &Reread) -> Result<(), NotYet> {
    let run = flow.redis_progress.server().await?;
    let began = Instant::now();
    flow.metrics.rebuild_started(Rebuild::Customers);
    let from = begin(flow, place.of()).await?;
    let target = target(place).await;
    let low = place.progress().watermarks().low;
    customers_again(flow, &place.claim.topic, place.claim.partition, low..target, reread, &mut |_| ()).await?;
    whole(flow, place, from, target, run, began).await
}

/// Restores what Redis lost of the orders of this partition, then tells Redis how far it is. False if the time is up before that: the walk is
/// kept and goes on where it was.
async fn make_orders_whole(
    flow: &Arc<Flow>,
    place: &Arc<Place>,
    reread: &Reread,
    walks: &mut Walks,
    until: Instant,
) -> Result<bool, NotYet> {
    lift_above_redis(flow, place).await?;
    let key = key_of(place);
    if let Some(walk) = walks.get(&key)
        && !walk.still_stands(flow, place.of()).await?
    {
        walks.remove(&key);
    }
    if !walks.contains_key(&key) {
        match begin_orders(flow, place, reread).await? {
            Some(walk) => drop(walks.insert(key.clone(), walk)),
            None => return Ok(true),
        }
    }
    // An error leaves it where it is: what is written stays written.
    let Some(walk) = walks.get_mut(&key) else { return Ok(false) };
    if !walk.go_on(flow, place.of(), Some(until), &mut |_| ()).await? {
        return Ok(false);
    }
    walk.tell_sweeps(flow, place.of()).await?;
    whole(flow, place, walk.from, walk.target, walk.run, walk.began).await?;
    walks.remove(&key);
    Ok(true)
}

/// First of all, if Redis has what Postgres has lost: whatever is written from here on has to be above what Redis has. In all partitions, since
/// all have lost.
async fn lift_above_redis(flow: &Flow, place: &Arc<Place>) -> Result<(), NotYet> {
    if place.reflection.lock().await.ahead {
        flow.results.lift_revisions().await?;
        flow.redis_progress.start_over(&place.claim.topic, place.claim.epoch).await?;
        // The others of this process that have seen it need not do it again.
        for other in flow.places.all().into_iter().chain([Arc::clone(place)]) {
            other.reflection.lock().await.ahead = false;
        }
    }
    Ok(())
}

/// A walk through all rows, unless the records that Redis has lost are still in Kafka: then their orders are on the list of the sweep now.
async fn begin_orders(flow: &Arc<Flow>, place: &Arc<Place>, reread: &Reread) -> Result<Option<Walk>, NotYet> {
    let run = flow.redis_progress.server().await?;
    let began = Instant::now();
    flow.metrics.rebuild_started(Rebuild::Orders);
    let from = begin(flow, place.of()).await?;
    let target = target(place).await;
    let sweeps_are_lost = lost_sweeps(flow, &place.claim.topic).await?.contains(&place.claim.partition);
    if from != FROM_THE_START && !sweeps_are_lost {
        match orders_again(flow, place, from..target, run, reread).await {
            Err(NotYet::Reread(RereadError::Gone { .. })) => {}
            outcome => {
                whole(flow, place, outcome?, target, run, began).await?;
                return Ok(None);
            }
        }
    }
    Walk::begin(flow, place.of(), from, target, run).await.map(Some)
}

/// Up to where it is made whole: to be asked after the mark of [`begin`]. If what is written until here is lost, the mark is too. All that is
/// committed counts, since it is committed before its hashes are written: some of those that are just being written may have been there
/// before the loss. What is committed from here on looks after its own hashes.
async fn target(place: &Place) -> i64 {
    let mut reflection = place.reflection.lock().await;
    reflection.run = None;
    reflection.covered = reflection.covered.max(place.progress().done());
    reflection.covered
}

/// Tells Redis how far it is. Only from where it began, and in the same life: if Redis has lost something again meanwhile, this was not
/// enough.
async fn whole(flow: &Flow, place: &Place, from: i64, target: i64, run: Run, began: Instant) -> Result<(), NotYet> {
    let claim = &place.claim;
    let mut reflection = place.reflection.lock().await;
    let Advance::Moved = flow.redis_progress.advance(place.of(), from, target, Some(run)).await? else {
        return Err(NotYet::LostAgain);
    };
    reflection.acknowledged = target;
    reflection.begun = true;
    reflection.behind = false;
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

/// The orders of these records go on the list of the sweep. Redis' progress follows, so that the next try goes on where this one ends; returns
/// where it is then.
async fn orders_again(flow: &Arc<Flow>, place: &Arc<Place>, offsets: Range<i64>, run: Run, reread: &Reread) -> Result<i64, NotYet> {
    let mut from = offsets.start;
    let mut batches = reread.start(&place.claim.topic, place.claim.partition, offsets);
    while let Some(records) = batches.next().await {
        let records = records?;
        flow.results.mark_due(place.claim.partition, orders_of(flow, &records)).await?;
        flow.orders_are_due();
        let Some(next) = records.last().map(|last| last.offset + 1) else { continue };
        let Advance::Moved = flow.redis_progress.advance(place.of(), from, next, Some(run)).await? else {
            return Err(NotYet::LostAgain);
        };
        from = next;
    }
    Ok(from)
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

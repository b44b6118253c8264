//! Restores the orders of a partition: those of the records that Redis has not seen, or all.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::time::Instant;

use change::record::Record;
use kafka::reread::Reread;
use kafka::source::RereadError;

use super::mark::{FROM_THE_START, begin, target, whole};
use super::walk::Walk;
use super::{NotYet, Walks, key_of};
use crate::metrics::Rebuild;
use crate::orders::decode::Decoded;
use crate::redis::link::Run;
use crate::redis::progress::{Advance, Point};
use crate::shared::{Place, Shared};

/// The partitions of orders for which Redis has lost hashes that a sweep wrote.
pub(super) async fn lost_sweeps(shared: &Shared, topic: &str) -> Result<Vec<i32>, NotYet> {
    // Postgres is asked first. Redis is told of a sweep before Postgres is, so Redis cannot have a lower number by accident.
    let swept = shared.results.swept(shared.decoder.epoch).await?;
    let reflected = shared.redis_progress.read_swept().await?;
    let epoch = shared.decoder.epoch;
    let is_lost = |(partition, number): &(i32, i64)| {
        reflected.get(&format!("{topic}:{partition}")).is_none_or(|point| *point < Point { epoch, next_offset: *number })
    };
    Ok(swept.into_iter().filter(is_lost).map(|(partition, _)| partition).collect())
}

/// Restores the orders of this partition that Redis has lost, then tells Redis how far it reflects the partition. Returns false if the time
/// is over before the end: the walk is kept and goes on where it was.
pub(super) async fn make_whole(
    shared: &Arc<Shared>,
    place: &Arc<Place>,
    reread: &Reread,
    walks: &mut Walks,
    until: Instant,
) -> Result<bool, NotYet> {
    lift_above_redis(shared, place).await?;
    let key = key_of(place);
    if let Some(walk) = walks.get(&key)
        && !walk.still_stands(shared, place.of()).await?
    {
        walks.remove(&key);
    }
    if !walks.contains_key(&key) {
        match start(shared, place, reread).await? {
            Some(walk) => drop(walks.insert(key.clone(), walk)),
            None => return Ok(true),
        }
    }
    // An error leaves the walk where it is, because what is written stays written.
    let Some(walk) = walks.get_mut(&key) else { return Ok(false) };
    if !walk.go_on(shared, place.of(), Some(until), &mut |_| ControlFlow::Continue(())).await? {
        return Ok(false);
    }
    walk.tell_sweeps(shared, place.of()).await?;
    whole(shared, place, walk.from, walk.target, walk.run, walk.began).await?;
    walks.remove(&key);
    Ok(true)
}

/// If Redis has what Postgres has lost, lifts all revisions above those that Redis has, before anything else is written. Then the progress
/// of all partitions of the topic starts over, because Postgres has lost commits of all of them.
async fn lift_above_redis(shared: &Shared, place: &Arc<Place>) -> Result<(), NotYet> {
    if place.reflection.lock().await.ahead {
        shared.results.lift_revisions().await?;
        shared.redis_progress.start_over(&place.tenure.claim.topic, place.tenure.claim.epoch).await?;
        // The other partitions of this process that have seen the loss need not lift the revisions again.
        for other in shared.places.all().into_iter().chain([Arc::clone(place)]) {
            other.reflection.lock().await.ahead = false;
        }
    }
    Ok(())
}

/// Begins a walk through all rows. If the records that Redis has lost are still in Kafka, no walk is needed: their orders are put on the
/// list of the sweep, and the result is `None`.
async fn start(shared: &Arc<Shared>, place: &Arc<Place>, reread: &Reread) -> Result<Option<Walk>, NotYet> {
    let run = shared.redis_progress.server().await?;
    let began = Instant::now();
    shared.metrics.rebuild_started(Rebuild::Orders);
    let from = begin(shared, place.of()).await?;
    let target = target(place).await;
    let sweeps_are_lost = lost_sweeps(shared, &place.tenure.claim.topic).await?.contains(&place.tenure.claim.partition);
    if from != FROM_THE_START && !sweeps_are_lost {
        match again(shared, place, from..target, run, reread).await {
            Err(NotYet::Reread(RereadError::Gone { .. })) => {}
            outcome => {
                whole(shared, place, outcome?, target, run, began).await?;
                return Ok(None);
            }
        }
    }
    Walk::begin(shared, place.of(), from, target, run).await.map(Some)
}

/// Puts the orders of these records on the list of the sweep. Redis' progress follows after each batch, so that a next try goes on where
/// this one ends. Returns where Redis' progress is in the end.
async fn again(shared: &Arc<Shared>, place: &Arc<Place>, offsets: Range<i64>, run: Run, reread: &Reread) -> Result<i64, NotYet> {
    let mut from = offsets.start;
    let mut batches = reread.start(&place.tenure.claim.topic, place.tenure.claim.partition, offsets);
    while let Some(records) = batches.next().await {
        let records = records?;
        shared.results.mark_due(place.tenure.claim.partition, orders_of(shared, &records)).await?;
        shared.orders_are_due();
        let Some(next) = records.last().map(|last| last.offset + 1) else { continue };
        let Advance::Moved = shared.redis_progress.advance(place.of(), from, next, Some(run)).await? else {
            return Err(NotYet::LostAgain);
        };
        from = next;
    }
    Ok(from)
}

fn orders_of(shared: &Shared, records: &[Record]) -> Vec<i64> {
    let id = |record| match shared.decoder.order(record) {
        Ok(Decoded::Change(change)) => Some(change.id),
        _ => None,
    };
    records.iter().filter_map(id).collect()
}

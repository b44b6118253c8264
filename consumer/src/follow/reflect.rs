//! How far Redis reflects each partition, told to Redis itself, so that Redis cannot lose anything without being noticed (P8).

use std::collections::HashMap;

use tokio::sync::MutexGuard;

use crate::orders::customer::ChangedCustomer;
use crate::orders::customer::CustomerChange;
use crate::redis::customers::PutError;
use crate::redis::link::{RedisError, Run};
use crate::redis::progress::{Advance, Point};
use crate::shared::{Place, Reflection, Shared};
use ledger::Claim;

/// Asks Redis for its progress before it gets its first hash, and gives it one where there can be none yet: later, none means a loss.
///
/// # Errors
/// Any [`RedisError`]; no hash may be written yet.
pub async fn begin(shared: &Shared, place: &Place) -> Result<(), RedisError> {
    let reflection = place.reflection.lock().await;
    if reflection.begun || reflection.behind { Ok(()) } else { tell(shared, place, reflection).await }
}

/// Everything below `to` is in Redis, written in its life `run`, or on the list of the sweep: moves Redis' progress there. With Redis away it
/// moves with a later call, but never over hashes of an earlier life: a replica that took over may not have got them.
pub async fn cover(shared: &Shared, place: &Place, to: i64, run: Option<Run>) {
    let mut reflection = place.reflection.lock().await;
    reflection.covered = reflection.covered.max(to);
    // The oldest counts: runs never come back.
    reflection.run = reflection.run.or(run);
    if !reflection.behind
        && let Err(error) = tell(shared, place, reflection).await
    {
        shared.redis_troubled("moving Redis' progress", &error, ());
    }
}

/// Moves Redis' progress to what is covered.
async fn tell(shared: &Shared, place: &Place, reflection: MutexGuard<'_, Reflection>) -> Result<(), RedisError> {
    if !reflection.begun && is_ahead(shared, place).await? {
        tracing::warn!(
            topic = %place.claim.topic, partition = place.claim.partition, next_offset = place.claim.next_offset,
            "Redis is ahead of Postgres, which has lost its last commits (a backup restored, a failover); the hashes are written again"
        );
        let mut reflection = reflection;
        reflection.ahead = true;
        fall_behind(shared, reflection);
        return Ok(());
    }
    let to = reflection.covered;
    match shared.redis_progress.advance(place.of(), reflection.acknowledged, to, reflection.run).await {
        Ok(advance) => follow(shared, place, reflection, advance, to).await,
        Err(RedisError::AnotherRun) => {
            tracing::warn!(
                topic = %place.claim.topic, partition = place.claim.partition, from = reflection.acknowledged, to,
                "Redis was restarted or replaced before it had acknowledged these offsets; their hashes are written again"
            );
            fall_behind(shared, reflection);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Whether Redis reflects more than was committed when the partition was claimed. It is told after Postgres, so it cannot have more by
/// accident; of customers it is told before. While Redis is made whole it is told little: what this process itself has committed says more. An
/// operator who has moved the offset back has lost nothing: no last record stands beside it then.
async fn is_ahead(shared: &Shared, place: &Place) -> Result<bool, RedisError> {
    let claim = &place.claim;
    if shared.customers.come_by(&claim.topic) {
        return Ok(false);
    }
    if place.has_lost {
        return Ok(true);
    }
    let was_moved_by_hand = claim.landmark.is_none() && !claim.is_first();
    let is_above = |points: HashMap<String, Point>, committed| {
        points.get(&place.of().to_string()).is_some_and(|point| point.epoch == claim.epoch && point.next_offset > committed)
    };
    let is_ahead_of_the_log = !was_moved_by_hand && is_above(shared.redis_progress.read().await?, claim.next_offset);
    Ok(is_ahead_of_the_log || is_above(shared.redis_progress.read_swept().await?, claim.last_stamp))
}

fn fall_behind(shared: &Shared, mut reflection: MutexGuard<'_, Reflection>) {
    reflection.behind = true;
    shared.behind.notify_one();
}

/// Writes customers and moves Redis' progress to `to`, both before the transaction that marks the customers' orders (P2).
///
/// # Errors
/// [`PutError`]; the same changes may be put again.
pub async fn put_customers(shared: &Shared, place: &Place, changes: &[CustomerChange], to: i64) -> Result<Vec<ChangedCustomer>, PutError> {
    begin(shared, place).await?;
    let mut reflection = place.reflection.lock().await;
    if reflection.behind {
        // The rebuild reads up to what is covered; these come after it, and progress follows when it is through.
        let run = shared.redis_progress.server().await?;
        let customers = shared.customers.put_customers_only(changes).await?;
        reflection.covered = reflection.covered.max(to);
        reflection.run = reflection.run.or(Some(run));
        return Ok(customers);
    }
    let claim = &place.claim;
    let put = shared.customers.put_customers(changes, claim.partition, claim.epoch, reflection.acknowledged, to).await?;
    reflection.covered = reflection.covered.max(to);
    follow(shared, place, reflection, put.progress, to).await?;
    Ok(put.customers)
}

/// Takes note of what Redis answered.
async fn follow(
    shared: &Shared,
    place: &Place,
    mut reflection: MutexGuard<'_, Reflection>,
    advance: Advance,
    to: i64,
) -> Result<(), RedisError> {
    let claim = &place.claim;
    match advance {
        Advance::Moved => {}
        Advance::Behind { stored } if !reflection.begun && has_nothing_to_lose(claim, stored) => {
            shared.redis_progress.set(place.of(), to, reflection.run).await?;
        }
        Advance::Behind { stored } => {
            tracing::warn!(
                topic = %claim.topic, partition = claim.partition, acknowledged = reflection.acknowledged,
                stored = stored.map(|point| point.next_offset),
                "Redis has lost what it had acknowledged; it is being made whole"
            );
            fall_behind(shared, reflection);
            return Ok(());
        }
    }
    (reflection.acknowledged, reflection.run, reflection.begun) = (to, None, true);
    Ok(())
}

/// Whether Redis' progress is not the sign of a loss: nobody has written anything for this partition in this epoch before. (A process that
/// joins takes partitions over from one that has only just claimed them.) In an earlier epoch somebody has, and its progress still stands.
fn has_nothing_to_lose(claim: &Claim, stored: Option<Point>) -> bool {
    claim.is_first() && stored.map_or(!claim.has_past, |point| point.epoch < claim.epoch)
}

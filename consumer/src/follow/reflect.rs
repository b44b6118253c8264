//! Tells Redis how far it reflects each partition, and compares what Redis answers: so Redis cannot lose anything unnoticed (P8).

use std::collections::HashMap;

use ledger::Claim;
use tokio::sync::MutexGuard;

use crate::orders::customer::{ChangedCustomer, CustomerChange};
use crate::redis::customers::PutError;
use crate::redis::link::{RedisError, Run};
use crate::redis::progress::{Advance, Point};
use crate::shared::{Place, Reflection, Shared};

/// Asks Redis for the partition's progress before the first hash of this claim is written. If Redis has none because nothing was ever
/// written, Redis gets a first progress: from then on a missing progress means a loss.
///
/// # Errors
/// Any [`RedisError`]; no hash may be written yet.
pub async fn begin(shared: &Shared, place: &Place) -> Result<(), RedisError> {
    let reflection = place.reflection.lock().await;
    if reflection.begun || reflection.behind { Ok(()) } else { tell(shared, place, reflection).await }
}

/// Moves Redis' progress to `to`. Everything below `to` is in Redis, written in the run `run` of the server, or on the list of the sweep.
/// If Redis is away, a later call moves the progress. The progress never moves over hashes that were written in an earlier run: a replica
/// that took over may lack them.
pub async fn cover(shared: &Shared, place: &Place, to: i64, run: Option<Run>) {
    let mut reflection = place.reflection.lock().await;
    reflection.covered = reflection.covered.max(to);
    // The oldest run counts, because runs never come back.
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
            topic = %place.tenure.claim.topic, partition = place.tenure.claim.partition, next_offset = place.tenure.claim.next_offset,
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
                topic = %place.tenure.claim.topic, partition = place.tenure.claim.partition, acknowledged = reflection.acknowledged, covered = to,
                "Redis was restarted or replaced before it had acknowledged these offsets; their hashes are written again"
            );
            fall_behind(shared, reflection);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Whether Redis reflects more orders than were committed when the partition was claimed. Redis is told of orders after Postgres, so Redis
/// cannot have more by accident. Redis is told of customers before Postgres, so their topic is not compared. While Redis is being made
/// whole its progress is low and proves nothing: what this process itself has committed says more (`has_lost`). An operator who has moved
/// the offset back has lost nothing: the ledger then has no landmark of a last record.
async fn is_ahead(shared: &Shared, place: &Place) -> Result<bool, RedisError> {
    let claim = &place.tenure.claim;
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
    Ok(is_ahead_of_the_log || is_above(shared.redis_progress.read_swept().await?, place.last_stamp))
}

fn fall_behind(shared: &Shared, mut reflection: MutexGuard<'_, Reflection>) {
    reflection.behind = true;
    shared.behind.notify_one();
}

/// Writes customers and moves Redis' progress to `to`. Both happen before the transaction that marks the customers' orders (P2).
///
/// # Errors
/// [`PutError`]; the same changes may be put again.
pub async fn put_customers(shared: &Shared, place: &Place, changes: &[CustomerChange], to: i64) -> Result<Vec<ChangedCustomer>, PutError> {
    begin(shared, place).await?;
    let mut reflection = place.reflection.lock().await;
    if reflection.behind {
        // The rebuild reads the topic up to what was covered. The customers written here come after that, and the progress follows when the
        // rebuild is done.
        let run = shared.redis_progress.server().await?;
        let customers = shared.customers.put_customers_only(changes).await?;
        reflection.covered = reflection.covered.max(to);
        reflection.run = reflection.run.or(Some(run));
        return Ok(customers);
    }
    let claim = &place.tenure.claim;
    let put = shared.customers.put_customers(changes, claim.partition, claim.epoch, reflection.acknowledged, to).await?;
    reflection.covered = reflection.covered.max(to);
    follow(shared, place, reflection, put.progress, to).await?;
    Ok(put.customers)
}

/// Takes note of what Redis answered to a move of its progress.
async fn follow(
    shared: &Shared,
    place: &Place,
    mut reflection: MutexGuard<'_, Reflection>,
    advance: Advance,
    to: i64,
) -> Result<(), RedisError> {
    let claim = &place.tenure.claim;
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

/// Whether a missing or older progress is no sign of a loss, because nobody has written anything for this partition in this epoch before.
/// (A process that joins takes partitions over from one that has only just claimed them.) If an earlier epoch has worked on the partition,
/// somebody has written, and the progress of that epoch must still be there.
fn has_nothing_to_lose(claim: &Claim, stored: Option<Point>) -> bool {
    claim.is_first() && stored.map_or(!claim.has_past, |point| point.epoch < claim.epoch)
}

//! Redis' own progress around what is restored: a mark before it, and after it how far Redis is, if the mark has stood through it all (P8).

use std::time::Instant;

use super::NotYet;
use crate::redis::link::{RedisError, Run};
use crate::redis::progress::{Advance, Of};
use crate::shared::{Place, Shared};

/// Progress of a Redis that reflects nothing.
pub(super) const FROM_THE_START: i64 = 0;

/// Where Redis stands; a mark is set if it has nothing, which is gone again if it loses everything once more.
pub(super) async fn begin(shared: &Shared, of: Of<'_>) -> Result<i64, RedisError> {
    match shared.redis_progress.read().await?.remove(&of.to_string()) {
        Some(point) if point.epoch == of.epoch => Ok(point.next_offset),
        _ => {
            shared.redis_progress.set(of, FROM_THE_START, None).await?;
            Ok(FROM_THE_START)
        }
    }
}

/// Up to where it is made whole: to be asked after the mark of [`begin`]. If what is written until here is lost, the mark is too. All that is
/// committed counts, since it is committed before its hashes are written: some of those that are just being written may have been there
/// before the loss. What is committed from here on looks after its own hashes.
pub(super) async fn target(place: &Place) -> i64 {
    let mut reflection = place.reflection.lock().await;
    reflection.run = None;
    reflection.covered = reflection.covered.max(place.progress().done());
    reflection.covered
}

/// Tells Redis how far it is. Only from where it began, and in the same life: if Redis has lost something again meanwhile, this was not
/// enough.
pub(super) async fn whole(shared: &Shared, place: &Place, from: i64, target: i64, run: Run, began: Instant) -> Result<(), NotYet> {
    let claim = &place.claim;
    let mut reflection = place.reflection.lock().await;
    let Advance::Moved = shared.redis_progress.advance(place.of(), from, target, Some(run)).await? else {
        return Err(NotYet::LostAgain);
    };
    reflection.acknowledged = target;
    reflection.begun = true;
    reflection.behind = false;
    let seconds = began.elapsed().as_secs_f64();
    tracing::info!(topic = %claim.topic, partition = claim.partition, target, seconds, "Redis is whole again");
    Ok(())
}

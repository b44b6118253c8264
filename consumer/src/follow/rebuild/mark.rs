//! Redis' own progress before and after a rebuild: a mark is set before, and the progress moves on afterwards only if the mark has stayed
//! (P8).

use std::time::Instant;

use super::NotYet;
use crate::redis::link::{RedisError, Run};
use crate::redis::progress::{Advance, Of};
use crate::shared::{Place, Shared};

/// The progress of a Redis that reflects nothing.
pub(super) const FROM_THE_START: i64 = 0;

/// Returns Redis' progress. If Redis has none in this epoch, a mark is set. If Redis loses everything once more, the mark is gone too.
pub(super) async fn begin(shared: &Shared, of: Of<'_>) -> Result<i64, RedisError> {
    match shared.redis_progress.read().await?.remove(&of.to_string()) {
        Some(point) if point.epoch == of.epoch => Ok(point.next_offset),
        _ => {
            shared.redis_progress.set(of, FROM_THE_START, None).await?;
            Ok(FROM_THE_START)
        }
    }
}

/// The offset up to which the partition is made whole. Must be asked after the mark of [`begin`] is set: if Redis loses what is written
/// until now, the mark is lost too. All that is committed counts, because orders are committed before their hashes are written: some hashes
/// that are just being written may have been in Redis before the loss. The worker looks after the hashes of what is committed from now on.
pub(super) async fn target(place: &Place) -> i64 {
    let mut reflection = place.reflection.lock().await;
    reflection.run = None;
    reflection.covered = reflection.covered.max(place.tenure.progress().done());
    reflection.covered
}

/// Tells Redis how far it reflects the partition, and notes that the partition is whole. The progress moves only from where the rebuild
/// began, and in the same run: if Redis has lost something again meanwhile, the rebuild was not enough.
pub(super) async fn whole(shared: &Shared, place: &Place, from: i64, target: i64, run: Run, began: Instant) -> Result<(), NotYet> {
    let claim = &place.tenure.claim;
    let mut reflection = place.reflection.lock().await;
    let Advance::Moved = shared.redis_progress.advance(place.of(), from, target, Some(run)).await? else {
        return Err(NotYet::LostAgain);
    };
    reflection.acknowledged = target;
    reflection.begun = true;
    reflection.behind = false;
    // The list of the newest orders may be lost too, and a quiet shop changes no row for long.
    shared.results_changed();
    let seconds = began.elapsed().as_secs_f64();
    tracing::info!(topic = %claim.topic, partition = claim.partition, next_offset = target, seconds, "Redis is whole again");
    Ok(())
}

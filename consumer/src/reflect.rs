//! How far Redis reflects each partition, told to Redis itself, so that Redis cannot lose anything without being noticed (P8).

use crate::cache::Progress;
use crate::flow::{Flow, Place};

/// Everything below `to` is in Redis or on the list of the sweep: moves Redis' progress there.
pub async fn cover(flow: &Flow, place: &Place, to: i64) {
    let mut reflection = place.reflection.lock().await;
    reflection.covered = reflection.covered.max(to);
    if reflection.behind {
        return;
    }
    let (claim, covered) = (&place.claim, reflection.covered);
    match flow.cache.advance_progress(&claim.topic, claim.partition, claim.epoch, reflection.acknowledged, covered).await {
        Ok(Progress::Moved) => reflection.acknowledged = covered,
        // Nobody has written anything for this partition in this epoch before.
        Ok(Progress::Behind { stored: None }) if claim.is_first() && reflection.acknowledged == claim.next_offset => {
            if flow.cache.set_progress(&claim.topic, claim.partition, claim.epoch, covered).await.is_ok() {
                reflection.acknowledged = covered;
            }
        }
        Ok(Progress::Behind { stored }) => {
            tracing::warn!(
                topic = %claim.topic, partition = claim.partition, acknowledged = reflection.acknowledged, stored,
                "Redis has lost what it had acknowledged; it is being made whole"
            );
            reflection.behind = true;
            flow.metrics.redis_behind(&claim.topic, claim.partition, true);
            flow.behind.notify_one();
        }
        Err(_away) => {}
    }
}

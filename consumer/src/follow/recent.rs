//! Keeps the Redis list `recent_orders`: the newest 100 orders. The list is written again at most once a second, when `results` has
//! changed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::shared::Shared;

const NEWEST: i64 = 100;
/// The name of this task in logs.
const TASK: &str = "newest orders";

/// Writes the list again once a second if `results` has changed, until the task is aborted.
pub async fn run(shared: Arc<Shared>) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        second.tick().await;
        if shared.recent_is_old.swap(false, Ordering::Relaxed) && !rewrite(&shared).await {
            shared.results_changed();
        }
    }
}

/// Writes the list again. Returns whether the list is now as new as the table; false also if another process has just had its turn to
/// write.
async fn rewrite(shared: &Shared) -> bool {
    let rows = match shared.results.newest(NEWEST).await {
        Ok(rows) => rows,
        Err(error) => {
            shared.troubled(TASK, &error);
            return false;
        }
    };
    shared.cache.rewrite_recent(&rows).await.unwrap_or_else(|error| shared.redis_troubled("writing recent_orders", &error, false))
}

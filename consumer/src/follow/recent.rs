//! Keeps the Redis list `recent_orders`: the newest 100 orders. The list is written again at most once a second, when `results` has
//! changed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::rebuild::NotYet;
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

/// Writes the list again, for a task that tries again. Returns whether the list is now as new as the table.
async fn rewrite(shared: &Shared) -> bool {
    match write(shared).await {
        Ok(is_new) => is_new,
        Err(NotYet::Store(error)) => {
            shared.troubled(TASK, &error);
            false
        }
        Err(NotYet::Redis(error)) => shared.redis_troubled("writing recent_orders", &error, false),
        Err(NotYet::Reread(_) | NotYet::LostAgain) => false,
    }
}

/// Writes the list, after the turn of another process if need be.
///
/// # Errors
/// Postgres or Redis is away.
pub async fn write_in_turn(shared: &Shared) -> Result<(), NotYet> {
    while !write(shared).await? {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Writes the list. Returns false if another process has just had its turn to write it.
///
/// # Errors
/// Postgres or Redis is away.
async fn write(shared: &Shared) -> Result<bool, NotYet> {
    let rows = shared.results.newest(NEWEST).await?;
    Ok(shared.cache.rewrite_recent(&rows).await?)
}

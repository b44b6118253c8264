//! Keeps the list `recent_orders`: the newest 100, written again at most once a second when anything has changed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::flow::Flow;

const NEWEST: i64 = 100;
/// What speaks in logs.
const TASK: &str = "newest orders";

/// Runs until it is aborted.
pub async fn run(flow: Arc<Flow>) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        second.tick().await;
        if flow.recent_is_old.swap(false, Ordering::Relaxed) && !rewrite(&flow).await {
            flow.results_changed();
        }
    }
}

/// Whether the list is as new as the table; false too if another process has just had its turn.
async fn rewrite(flow: &Flow) -> bool {
    let rows = match flow.results.newest(NEWEST).await {
        Ok(rows) => rows,
        Err(error) => {
            flow.troubled(TASK, &error);
            return false;
        }
    };
    flow.cache.rewrite_recent(&rows).await.unwrap_or_else(|error| flow.redis_troubled("writing recent_orders", &error, false))
}

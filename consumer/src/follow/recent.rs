//! Keeps the Redis list `recent_orders`: the newest 100 orders. The list is written again at most once a second, when `results` has
//! changed, Redis was made whole, or another run of the server has begun: no number tells whether that run has the list that was written
//! last (P8).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::rebuild::NotYet;
use crate::redis::link::Run;
use crate::shared::Shared;

const NEWEST: i64 = 100;
/// Whoever had the turn when a wait of this length began does not have it at the end (P10).
const LONGER_THAN_A_TURN: Duration = Duration::from_secs(2);
/// The time between two looks for the turn.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// The name of this task in logs.
const TASK: &str = "newest orders";

/// Writes the list again once a second if `results` has changed, until the task is aborted.
pub async fn run(shared: Arc<Shared>) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut written_in: Option<Run> = None;
    loop {
        second.tick().await;
        // Without an answer nothing can be written either, and the breaker tells why.
        let Ok(run) = shared.redis_progress.server().await else { continue };
        if written_in.replace(run) != Some(run) {
            shared.results_changed();
        }
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

/// Writes the list for an operator. If another process has the turn, the next turn is waited for; a process that takes that one too writes
/// the rows of now itself.
///
/// # Errors
/// Postgres or Redis is away.
pub async fn write_in_turn(shared: &Shared) -> Result<(), NotYet> {
    let began = Instant::now();
    loop {
        let rows = shared.results.newest(NEWEST).await?;
        if shared.cache.rewrite_recent(&rows).await? || began.elapsed() > LONGER_THAN_A_TURN {
            return Ok(());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

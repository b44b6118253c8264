//! Removes what is kept for a limited time: tombstones of deleted orders, closed dead letters with their records on the topic, months of the
//! audit trail, and what operators have done (P10).
//!
//! A tombstone keeps an older event of its order from bringing the order back (P5). When the tombstone is removed, no such event can come
//! any more:
//!
//! - Older events were on the topic before the delete was processed. A tombstone is removed only when every partition has processed
//!   everything that is older than the time to keep. So all older events have been read, also those in another partition than the delete.
//! - What Connect sends again is a tail of the log without gaps, so that an older event that comes again brings the delete along. The order
//!   is there until the delete comes, and is gone then. The same holds for a topic that is read again after `offsets reset`.
//! - A snapshot reads only rows that exist.
//! - An older change may wait as a dead letter. An open letter of the order keeps the tombstone.
//! - No hash of the order is left in Redis: the order is not on the list of the sweep, and hashes live no longer than tombstones.
//!
//! Closed letters are removed after their time. Then the records of the dead letter topic are removed that lie below the lowest offset of
//! any letter. Records above the removed letters stay, because a letter is on the topic before its row is committed.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use kafka::topics::places::{self, Asked, KafkaError};
use ledger::StoreError;

use crate::config::{Audit, Config};
use crate::run::history;
use crate::shared::Shared;

/// The time between two walks. What is to be removed has waited for days.
const INTERVAL: Duration = Duration::from_secs(3600);

/// The pause between two steps, because the orders go first.
const PAUSE: Duration = Duration::from_millis(500);

/// The time until the process looks again whether it has the first partition.
const SOON: Duration = Duration::from_secs(5);

/// The time until the next walk after an outage.
const LATER: Duration = Duration::from_secs(60);

/// The number of tombstones that one step looks at, and of letters that one step removes.
const STEP: i64 = 2_000;

/// The name of this task in logs.
const TASK: &str = "retention";

/// How long tombstones and letters are kept, and where.
pub(super) struct Kept {
    /// How long tombstones of orders are kept, at least as long as hashes; `None` means for ever.
    deleted_orders: Option<Duration>,
    /// How long letters are kept after they were closed; `None` means for ever.
    closed_letters: Option<Duration>,
    /// The topic of orders: `kafka.orders_topic`.
    orders: String,
    /// Whether changes of `results` are recorded, and how long.
    audit: Audit,
    /// Settings of Kafka clients.
    kafka: Vec<(String, String)>,
}

impl Kept {
    /// The times by the configuration.
    #[must_use]
    pub(super) fn of(config: &Config, kafka: Vec<(String, String)>) -> Self {
        Self {
            deleted_orders: config.retention.deleted_orders.map(|kept| kept.max(config.redis.order_ttl)),
            closed_letters: config.retention.closed_letters,
            orders: config.kafka.orders_topic.clone(),
            audit: config.audit,
            kafka,
        }
    }

    fn asked(&self, topic: &str) -> Asked {
        Asked { properties: self.kafka.clone(), topic: topic.to_owned() }
    }
}

/// Shows no settings, because passwords are among them (P11).
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { deleted_orders, closed_letters, .. } = self;
        f.debug_struct("Kept").field("deleted_orders", deleted_orders).field("closed_letters", closed_letters).finish_non_exhaustive()
    }
}

/// Why a walk did not come to its end.
#[derive(Debug, thiserror::Error)]
enum Hindered {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("Kafka does not answer: {0}")]
    Kafka(#[from] KafkaError),
}

/// Walks through the tombstones and letters every hour, until it is aborted. Only the process that has the first partition of orders does
/// so.
pub(super) async fn run(shared: Arc<Shared>, kept: Kept) {
    let mut removed = Highest::new();
    loop {
        let is_ours = shared.places.of(&kept.orders).iter().any(|place| place.tenure.claim.partition == 0);
        let pause = if !is_ours {
            SOON
        } else if let Err(error) = walk(&shared, &kept, &mut removed).await {
            told(&shared, &error);
            LATER
        } else {
            INTERVAL
        };
        tokio::time::sleep(pause).await;
    }
}

fn told(shared: &Shared, error: &Hindered) {
    if let Hindered::Store(error) = error {
        shared.troubled(TASK, error);
    } else if let Some(suppressed) = shared.throttle(TASK) {
        tracing::warn!(suppressed, %error, "What has had its time stays longer; it is tried again");
    }
}

/// The highest offset of the letters that were removed, by topic and partition.
type Highest = HashMap<(String, i32), i64>;

async fn walk(shared: &Shared, kept: &Kept, removed: &mut Highest) -> Result<(), Hindered> {
    let now = Utc::now();
    // What hinders this hinders nothing else: a role that does not own the tables may well remove tombstones.
    if let Err(error) = history::keep(&shared.results, kept.audit).await {
        shared.troubled("the audit trail", &error);
    }
    shared.results.forget_controls().await?;
    close_actions(shared).await?;
    forget_actions(shared).await?;
    if let Some(time) = kept.deleted_orders {
        forget_deleted(shared, kept, now - time).await?;
    }
    if let Some(time) = kept.closed_letters {
        remove_letters(shared, now - time, removed).await?;
        // The error is only logged and does not end the walk: otherwise a user without this right would be told every minute.
        if let Err(error) = trim(shared, kept, removed).await {
            told(shared, &error);
        }
    }
    Ok(())
}

/// One step is enough: a process executes a few actions at once.
async fn close_actions(shared: &Shared) -> Result<(), Hindered> {
    let actions = shared.results.close_interrupted_actions(STEP).await?;
    if actions > 0 {
        tracing::warn!(actions, "Actions of operators are closed as failed: their processes were not heard of any more");
    }
    Ok(())
}

async fn forget_actions(shared: &Shared) -> Result<(), Hindered> {
    while shared.results.forget_actions(STEP).await? > 0 {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

async fn forget_deleted(shared: &Shared, kept: &Kept, before: DateTime<Utc>) -> Result<(), Hindered> {
    let written = places::first_since(kept.asked(&kept.orders), before.timestamp_millis()).await?;
    let entries = shared.results.ledger.entries(shared.decoder.epoch).await?;
    let of_orders = entries.iter().filter(|entry| *entry.topic == *kept.orders);
    if !all_processed(&written, &of_orders.map(|entry| (entry.partition, entry.next_offset)).collect()) {
        return Ok(());
    }
    let (mut after, mut tombstones) = (i64::MIN, 0);
    loop {
        let step = shared.results.forget_deleted(after, STEP, before).await?;
        tombstones += step.tombstones;
        let Some(up_to) = step.up_to else { break };
        after = up_to;
        tokio::time::sleep(PAUSE).await;
    }
    if tombstones > 0 {
        tracing::info!(tombstones, %before, "Tombstones of orders that were deleted before this time are gone");
    }
    Ok(())
}

/// Whether each partition has processed everything that was written before the time. `written` holds the offset where the older records
/// end.
fn all_processed(written: &BTreeMap<i32, i64>, processed: &HashMap<i32, i64>) -> bool {
    !written.is_empty() && written.iter().all(|(partition, end)| *end == 0 || processed.get(partition).is_some_and(|next| next >= end))
}

async fn remove_letters(shared: &Shared, before: DateTime<Utc>, removed: &mut Highest) -> Result<(), Hindered> {
    let mut letters = 0;
    loop {
        let step = shared.results.remove_closed_letters(before, STEP).await?;
        if step.is_empty() {
            break;
        }
        for of in step {
            letters += of.letters;
            let highest = removed.entry((of.dlq_topic, of.dlq_partition)).or_insert(of.highest);
            *highest = of.highest.max(*highest);
        }
        tokio::time::sleep(PAUSE).await;
    }
    if letters > 0 {
        tracing::info!(letters, %before, "Dead letters that were closed before this time are gone");
    }
    Ok(())
}

/// Removes the records of the dead letter topic that belong to no letter any more.
async fn trim(shared: &Shared, kept: &Kept, removed: &mut Highest) -> Result<(), Hindered> {
    let places: Vec<(String, i32)> = removed.keys().cloned().collect();
    for place in places {
        let Some(highest) = removed.get(&place) else { continue };
        let lowest = shared.results.lowest_letter(&place.0, place.1).await?;
        let below = lowest.unwrap_or(i64::MAX).min(highest + 1);
        places::forget_below(kept.asked(&place.0), place.1, below).await?;
        // Higher offsets wait for a lower letter, and are removed together with it.
        if below > *highest {
            removed.remove(&place);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_that_is_behind_or_was_never_read_keeps_all_tombstones() {
        let written = BTreeMap::from([(0, 10), (1, 7), (2, 0)]);
        assert!(all_processed(&written, &HashMap::from([(0, 10), (1, 8)])));
        assert!(!all_processed(&written, &HashMap::from([(0, 9), (1, 8)])));
        assert!(!all_processed(&written, &HashMap::from([(0, 10)])));
        assert!(!all_processed(&BTreeMap::new(), &HashMap::from([(0, 10)])), "the topic is not there");
    }
}

//! The sweep: completes rows whose customer was missing, unknown or has changed, and writes hashes that could not be written (P2, P8).
//!
//! Each process sweeps the orders of the partitions that it owns. A row is changed only if its revision is the one that was read, and an
//! order leaves the list only after its hash is written and if nobody has put it on the list again.
//!
//! No offset speaks of the hashes that a sweep writes. So each sweep has a number, which Redis is told after the hashes and Postgres in the
//! statement that shortens the list: a Redis with a lower number than Postgres has lost hashes of a sweep, and the rebuild writes all again.

use std::collections::{HashMap, HashSet};
use std::panic;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::task::JoinSet;

use crate::enrich::{Enrichment, Lookup, OrderState, ResultRow, nobody};
use crate::flow::Flow;
use crate::progress::{Advance, Of};
use crate::redis_link::{RedisError, Run};
use crate::results::StoreError;
use crate::results::due::Due;

/// Orders of one partition in one round of the sweep.
const CHUNK: i64 = 2_000;
/// So many partitions are swept side by side: Postgres works for one while Redis does for another.
const LANES: usize = 4;

/// The topics whose partitions decide what this process sweeps.
#[derive(Debug, Clone)]
pub struct Topics {
    /// `kafka.orders_topic`
    pub orders: String,
    /// `kafka.customers_topic`
    pub customers: Option<String>,
}

/// Sweeps when woken and every second, until it is aborted.
pub async fn run(flow: Arc<Flow>, topics: Topics) {
    let mut backoff = flow.backoff();
    loop {
        match sweep(&flow, &topics).await {
            Ok(Swept::Some) => backoff.reset(),
            Ok(Swept::Nothing) => {
                // Woken at once by a batch that leaves something to do; else the time of postponed orders comes.
                tokio::time::timeout(Duration::from_secs(1), flow.due.notified()).await.ok();
            }
            Ok(Swept::RedisIsAway) => tokio::time::sleep(backoff.next_delay()).await,
            Err(error) => {
                flow.metrics.postgres_error(error.class().as_str());
                tokio::time::sleep(backoff.next_delay()).await;
            }
        }
    }
}

/// What a sweep did, the more telling the later.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Swept {
    Nothing,
    Some,
    RedisIsAway,
}

impl Swept {
    fn without_redis(flow: &Flow, error: &RedisError) -> Self {
        flow.redis.failed("sweeping order hashes", error);
        Self::RedisIsAway
    }
}

async fn sweep(flow: &Arc<Flow>, topics: &Topics) -> Result<Swept, StoreError> {
    let owned = |topic: &str| flow.places.of(topic).iter().map(|place| place.claim.partition).collect::<Vec<_>>();
    let customers = topics.customers.as_deref().map(owned).unwrap_or_default();
    let expanded = expand(flow, &customers).await?;
    let orders = owned(&topics.orders);
    let truncating = flow.results.sweep_truncate(&orders, CHUNK).await?;
    let mut lanes = JoinSet::new();
    for partitions in orders.chunks(orders.len().div_ceil(LANES).max(1)) {
        lanes.spawn(lane(Arc::clone(flow), topics.orders.clone(), partitions.to_vec()));
    }
    let mut all = Ok(if truncating { expanded.max(Swept::Some) } else { expanded });
    while let Some(swept) = lanes.join_next().await {
        let swept = swept.unwrap_or_else(|broken| panic::resume_unwind(broken.into_panic()));
        // To their end, also beside one that failed: what they do takes hold only with its last step.
        all = all.and_then(|all| Ok(all.max(swept?)));
    }
    all
}

/// Puts orders of customers who have changed on the list.
async fn expand(flow: &Flow, partitions: &[i32]) -> Result<Swept, StoreError> {
    let marked = flow.results.marked_customers(partitions, CHUNK).await?;
    let ids: Vec<&str> = marked.iter().map(|marked| marked.customer_id.as_str()).collect();
    let (lookups, _) = flow.customers.look_up(&ids).await;
    let mut expanded = 0;
    for (marked, lookup) in marked.iter().zip(lookups) {
        let version = match &lookup {
            Lookup::Found(customer) => customer.version.as_deref(),
            Lookup::Missing => None,
            Lookup::Unavailable => return Ok(Swept::RedisIsAway),
        };
        expanded += flow.results.expand(marked, version, flow.refresh, CHUNK).await?;
    }
    Ok(if expanded == 0 { Swept::Nothing } else { Swept::Some })
}

/// A chunk of each of these partitions.
async fn lane(flow: Arc<Flow>, topic: String, partitions: Vec<i32>) -> Result<Swept, StoreError> {
    let mut all = Swept::Nothing;
    for partition in partitions {
        let due = flow.results.take_due(flow.decoder.epoch, partition, CHUNK).await?;
        if !due.is_empty() {
            all = all.max(complete(&flow, &topic, &due).await?);
        }
    }
    Ok(all)
}

async fn complete(flow: &Flow, topic: &str, due: &[Due]) -> Result<Swept, StoreError> {
    let ids: Vec<i64> = due.iter().map(|due| due.order_id).collect();
    let mut states = flow.results.states(&ids).await?;
    let run = match flow.redis_progress.server().await {
        Ok(run) => run,
        Err(error) => return Ok(Swept::without_redis(flow, &error)),
    };
    let customer_ids: Vec<&str> = live(&states).filter_map(|row| row.customer_id.as_deref()).collect();
    let (lookups, token) = flow.customers.look_up(&customer_ids).await;
    if Lookup::is_unavailable(&lookups) {
        return Ok(Swept::RedisIsAway);
    }

    let mut answers = lookups.iter();
    let of_row = |row: &ResultRow| completed(row, row.customer_id.as_ref().and_then(|_| answers.next()), flow.refresh);
    let outdated: Vec<ResultRow> = live(&states).filter_map(of_row).collect();
    let moved = refresh(flow, &mut states, outdated).await?;
    let epoch = flow.decoder.epoch;
    let written = match flow.cache.write_orders(&states, epoch, Some(&token)).await {
        Ok(written) => written,
        Err(error) => return Ok(Swept::without_redis(flow, &error)),
    };

    flow.metrics.order_hashes(written.written as u64, written.stale as u64);
    let again: HashSet<i64> = flow.to_refresh(written.outdated, &states).into_iter().chain(moved).collect();
    let missing: HashSet<i64> = live(&states).filter(|row| row.enrichment == Enrichment::Missing).map(|row| row.order_id).collect();
    let (later, done): (Vec<Due>, Vec<Due>) =
        due.iter().filter(|due| !again.contains(&due.order_id)).partition(|due| missing.contains(&due.order_id));
    flow.results.postpone_due(&later).await?;
    if !acknowledged(flow, topic, &done, run).await {
        return Ok(Swept::RedisIsAway);
    }
    flow.results.finish_due(epoch, &done).await?;
    flow.results_changed();
    Ok(Swept::Some)
}

/// Tells Redis the number of this sweep, in each partition. Not if it was restarted since the hashes were written, or has less than it should.
async fn acknowledged(flow: &Flow, topic: &str, done: &[Due], run: Run) -> bool {
    let partitions: HashMap<i32, &Due> = done.iter().map(|due| (due.partition, due)).collect();
    for (partition, due) in partitions {
        let of = Of { topic, partition, epoch: flow.decoder.epoch };
        match flow.redis_progress.advance_swept(of, due.swept, due.sweep, run).await {
            Ok(Advance::Moved) => {}
            Ok(Advance::Behind { .. }) => {
                flow.behind.notify_one();
                return false;
            }
            Err(error) => {
                flow.redis.failed("telling Redis of a sweep", &error);
                return false;
            }
        }
    }
    true
}

fn live(states: &[OrderState]) -> impl Iterator<Item = &ResultRow> {
    states.iter().filter_map(|state| match state {
        OrderState::Live(row) => Some(row),
        OrderState::Deleted(_) => None,
    })
}

/// The row as it should be, if it is not; a guest's has no lookup.
fn completed(row: &ResultRow, lookup: Option<&Lookup>, refresh: bool) -> Option<ResultRow> {
    if row.enrichment == Enrichment::Complete && !refresh {
        return None;
    }
    let (customer, enrichment) = lookup.map_or_else(nobody, Lookup::columns);
    let is_right = row.enrichment == enrichment && row.customer == customer;
    (!is_right).then(|| ResultRow { customer, enrichment, ..row.clone() })
}

/// Writes the completed rows and puts their new revisions into `states`; takes out and returns the orders that have changed meanwhile.
async fn refresh(flow: &Flow, states: &mut Vec<OrderState>, outdated: Vec<ResultRow>) -> Result<Vec<i64>, StoreError> {
    if outdated.is_empty() {
        return Ok(Vec::new());
    }
    let now = Utc::now();
    let revisions: HashMap<i64, i64> = flow.results.refresh(&outdated, now).await?.into_iter().collect();
    let mut fresh: HashMap<i64, ResultRow> = outdated.into_iter().map(|row| (row.order_id, row)).collect();
    let (mut moved, mut refreshed, mut completed_rows) = (Vec::new(), 0, 0);
    states.retain_mut(|state| {
        let OrderState::Live(row) = state else { return true };
        let Some(completed) = fresh.remove(&row.order_id) else { return true };
        let Some(&revision) = revisions.get(&row.order_id) else {
            moved.push(row.order_id);
            return false;
        };
        let counted = if row.enrichment == Enrichment::Complete { &mut refreshed } else { &mut completed_rows };
        *counted += 1;
        *row = ResultRow { revision, processed_at: now, ..completed };
        true
    });
    flow.metrics.rows_completed(completed_rows);
    flow.metrics.rows_refreshed(refreshed);
    Ok(moved)
}

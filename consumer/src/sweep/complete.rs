//! Completes the orders on the list of the sweep: looks their customers up, writes their rows and then their hashes.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::Utc;
use ledger::StoreError;
use service::traces::{Beginning, Span};

use super::{CHUNK, Swept};
use crate::orders::enrich::{Enrichment, Lookup, nobody};
use crate::orders::row::{OrderState, ResultRow};
use crate::redis::link::Run;
use crate::redis::progress::{Advance, Of};
use crate::results::due::Due;
use crate::shared::{Shared, Topics};

/// The longest time between two looks at an order whose customer is missing. The customer's event wakes the order; looking is for what no
/// event tells, such as a hash that was written by hand. An order costs about fifteen looks in its first nine hours, and four a day from
/// then on.
const LONGEST_WAIT: Duration = Duration::from_secs(6 * 3600);

/// The longest time between two looks where another program keeps the customers in Redis: no event wakes the order there, so looking is the
/// only way.
const LONGEST_WAIT_WITHOUT_EVENTS: Duration = Duration::from_secs(5 * 60);

/// Completes a chunk of the orders of a partition that are due.
pub(super) async fn chunk(shared: &Shared, topics: &Topics, partition: i32) -> Result<Swept, StoreError> {
    let due = shared.results.take_due(shared.decoder.epoch, partition, CHUNK).await?;
    if due.is_empty() {
        return Ok(Swept::Nothing);
    }
    let trace = begin(shared, partition, due.len());
    let swept = complete(shared, topics, &due, &trace).await;
    match &swept {
        Ok(Swept::RedisIsAway) => trace.given_up("Redis is away"),
        Ok(_) => {}
        Err(error) => trace.given_up(error.class().as_str()),
    }
    swept
}

/// Begins the span of a chunk, if it is traced. No span names an order's customer (P11).
fn begin(shared: &Shared, partition: i32, orders: usize) -> Span {
    if !shared.traces.draw() {
        return Span::default();
    }
    let span = shared.traces.begin("sweep", &Beginning::default(), &[]);
    span.set("messaging.destination.partition.id", partition.to_string());
    span.set("orderstream.orders", i64::try_from(orders).unwrap_or(i64::MAX));
    span
}

async fn complete(shared: &Shared, topics: &Topics, due: &[Due], trace: &Span) -> Result<Swept, StoreError> {
    let ids: Vec<i64> = due.iter().map(|due| due.order_id).collect();
    let read = trace.around("read", shared.results.states(&ids)).await?;
    let (mut states, mut refused) = (read.states, HashMap::from_iter(read.unreadable));
    let run = match shared.redis_progress.server().await {
        Ok(run) => run,
        Err(error) => return Ok(shared.redis_troubled("sweeping order hashes", &error, Swept::RedisIsAway)),
    };
    let customer_ids: Vec<&str> = live(&states).filter_map(|row| row.customer_id.as_deref()).collect();
    let (lookups, token) = trace.around("lookup", shared.customers.look_up(&customer_ids)).await;
    if Lookup::is_unavailable(&lookups) {
        return Ok(Swept::RedisIsAway);
    }

    let mut answers = lookups.iter();
    let of_row = |row: &ResultRow| completed(row, row.customer_id.as_ref().and_then(|_| answers.next()), shared.refresh);
    let outdated: Vec<ResultRow> = live(&states).filter_map(of_row).collect();
    let moved = trace.around("commit", refresh(shared, &mut states, outdated, &mut refused)).await?;
    let epoch = shared.decoder.epoch;
    let written = match trace.around("write_back", shared.cache.write_orders(&states, epoch, Some(&token))).await {
        Ok(written) => written,
        Err(error) => return Ok(shared.redis_troubled("sweeping order hashes", &error, Swept::RedisIsAway)),
    };

    shared.metrics.order_hashes(written.written as u64, written.stale as u64);
    let again: HashSet<i64> = shared.to_refresh(written.outdated, &states).into_iter().chain(moved).collect();
    let missing: HashSet<i64> = live(&states).filter(|row| row.enrichment == Enrichment::Missing).map(|row| row.order_id).collect();
    let (held_up, others): (Vec<Due>, Vec<Due>) = due.iter().partition(|due| refused.contains_key(&due.order_id));
    let (later, done): (Vec<Due>, Vec<Due>) =
        others.iter().filter(|due| !again.contains(&due.order_id)).partition(|due| missing.contains(&due.order_id));
    put_off(shared, &held_up, &refused).await?;
    shared.results.postpone_due(&later, longest_wait(topics)).await?;
    if !acknowledged(shared, &topics.orders, &done, run).await {
        return Ok(Swept::RedisIsAway);
    }
    shared.results.finish_due(epoch, &done).await?;
    shared.results_changed();
    Ok(Swept::Some)
}

fn longest_wait(topics: &Topics) -> Duration {
    if topics.customers.is_some() { LONGEST_WAIT } else { LONGEST_WAIT_WITHOUT_EVENTS }
}

/// Puts orders off whose row Postgres refuses. The orders stay on the list with the reason and are tried again rarely; the reason is
/// logged.
async fn put_off(shared: &Shared, held_up: &[Due], refused: &HashMap<i64, String>) -> Result<(), StoreError> {
    let with_reason: Vec<(Due, &str)> = held_up.iter().filter_map(|due| Some((*due, refused.get(&due.order_id)?.as_str()))).collect();
    if let Some((_, refusal)) = with_reason.first() {
        shared.rows_refused("completed", with_reason.len(), refusal);
    }
    shared.results.refuse_due(&with_reason).await
}

/// Tells Redis the number of this sweep, in each partition. Returns false if Redis was restarted since the hashes were written, or has a
/// lower number than it should have.
async fn acknowledged(shared: &Shared, topic: &str, done: &[Due], run: Run) -> bool {
    let partitions: HashMap<i32, &Due> = done.iter().map(|due| (due.partition, due)).collect();
    for (partition, due) in partitions {
        let of = Of { topic, partition, epoch: shared.decoder.epoch };
        match shared.redis_progress.advance_swept(of, due.swept, due.sweep, run).await {
            Ok(Advance::Moved) => {}
            Ok(Advance::Behind { .. }) => {
                shared.behind.notify_one();
                return false;
            }
            Err(error) => return shared.redis_troubled("telling Redis of a sweep", &error, false),
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

/// The row as it should be, or `None` if the row is right already. A guest's order has no lookup.
fn completed(row: &ResultRow, lookup: Option<&Lookup>, refresh: bool) -> Option<ResultRow> {
    if row.enrichment == Enrichment::Complete && !refresh {
        return None;
    }
    let (customer, enrichment) = lookup.map_or_else(nobody, Lookup::columns);
    let is_right = row.enrichment == enrichment && row.customer == customer;
    (!is_right).then(|| ResultRow { customer, enrichment, ..row.clone() })
}

/// Writes the completed rows and puts their new revisions into `states`. Takes out of `states` and returns the orders that have changed
/// meanwhile. Rows that Postgres refuses stay as they are, and are added to `refused`.
async fn refresh(
    shared: &Shared,
    states: &mut Vec<OrderState>,
    outdated: Vec<ResultRow>,
    refused: &mut HashMap<i64, String>,
) -> Result<Vec<i64>, StoreError> {
    if outdated.is_empty() {
        return Ok(Vec::new());
    }
    let now = Utc::now();
    let refreshed = shared.results.refresh(&outdated, now).await?;
    refused.extend(refreshed.refused);
    let mut fresh: HashMap<i64, ResultRow> = outdated.into_iter().map(|row| (row.order_id, row)).collect();
    let (mut moved, mut refreshed_rows, mut completed_rows) = (Vec::new(), 0, 0);
    states.retain_mut(|state| {
        let OrderState::Live(row) = state else { return true };
        if refused.contains_key(&row.order_id) {
            return true;
        }
        let Some(completed) = fresh.remove(&row.order_id) else { return true };
        let Some(&revision) = refreshed.revisions.get(&row.order_id) else {
            moved.push(row.order_id);
            return false;
        };
        let counted = if row.enrichment == Enrichment::Complete { &mut refreshed_rows } else { &mut completed_rows };
        *counted += 1;
        *row = ResultRow { revision, processed_at: now, ..completed };
        true
    });
    shared.metrics.rows_completed(completed_rows);
    shared.metrics.rows_refreshed(refreshed_rows);
    Ok(moved)
}

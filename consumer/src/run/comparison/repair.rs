//! Sets right what a reconciliation has found, each kind in the way that keeps the promises. Rows that are missing or different are asked
//! of Debezium, and come as events like all others (P5). Ghosts, that is rows that the source does not have, become tombstones where they
//! stood. Hashes are written again by the sweep.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::keys::wrong_customers;
use super::suspects::{Findings, pairs, wrong_hashes};
use super::{CHUNK, Mending, Sides};
use crate::orders::customer::ChangedCustomer;
use crate::reconcile::customers::CustomerDifference;
use crate::reconcile::filter::{filters, text_filters};
use crate::reconcile::report::Repair;
use crate::reconcile::verdict::Difference;
use crate::redis::cache::check::Wrong;

/// The time between two looks at what does not agree yet.
const PAUSE: Duration = Duration::from_millis(500);

/// The time between two lines of progress.
const SAY_EVERY: Duration = Duration::from_secs(5);

pub(super) async fn repair(mending: &Mending, sides: &Sides<'_>, findings: &Findings) -> anyhow::Result<Repair> {
    let ghosts = findings.wrong(|difference| *difference == Difference::Extra);
    let extra_customers = findings.wrong_customers(|difference| *difference == CustomerDifference::Extra).len();
    if ghosts.len().max(extra_customers) as u64 > mending.max_removed {
        bail!(
            "{} rows of results and {extra_customers} customers in Redis are not in the source, and at most {} are removed: if this is the \
             right source, raise --max-removed. Nothing was changed",
            ghosts.len(),
            mending.max_removed
        );
    }
    let (customers_asked_for, customers_removed, customers) = repair_customers(sides, findings).await?;
    let hashes_removed = remove_leftovers(sides, &findings.wrong(|difference| *difference == Difference::HashExtra)).await?;
    let wanted = findings.wrong(|difference| matches!(difference, Difference::Missing | Difference::Different(_)));
    let hashes = findings.wrong(|difference| matches!(difference, Difference::HashAbsent | Difference::HashDifferent));
    let filters = filters(&wanted);
    sides.source.ask_for_snapshots(&name(), "orders", &filters).await?;
    let removed = remove_ghosts(sides, &ghosts).await?;
    write_again(sides, &hashes).await?;
    let mut repair = Repair {
        asked_for: wanted.len() as u64,
        signals: filters.len() as u64,
        removed,
        hashes: hashes.len() as u64,
        hashes_removed,
        customers_asked_for,
        customers_removed,
        ..Repair::default()
    };
    let leftovers = findings.wrong(|difference| *difference == Difference::HashExtra);
    let touched: HashSet<i64> = wanted.into_iter().chain(ghosts).chain(hashes).chain(leftovers).collect();
    let (orders, customers) = agree(sides, touched.into_iter().collect(), customers, mending.wait).await?;
    orders.into_iter().for_each(|id| repair.left.add(mending.limit, id, Vec::new()));
    customers.iter().for_each(|id| repair.left.add(mending.limit, id.as_str(), Vec::new()));
    Ok(repair)
}

/// Asks Debezium for the customers that are missing or different, and removes those that the source does not have. Returns how many were
/// asked for, how many were removed, and the ids of all of them.
async fn repair_customers(sides: &Sides<'_>, findings: &Findings) -> anyhow::Result<(u64, u64, Vec<String>)> {
    let wanted = findings.wrong_customers(|difference| *difference != CustomerDifference::Extra);
    let wanted: Vec<String> = wanted.into_iter().map(|(id, _)| id).collect();
    sides.shared.customers.unguard(&wanted.iter().map(String::as_str).collect::<Vec<_>>()).await.context("Redis")?;
    sides.source.ask_for_snapshots(&name(), "customers", &text_filters(&wanted)).await?;
    let extra = findings.wrong_customers(|difference| *difference == CustomerDifference::Extra);
    let mut removed = 0;
    for seen in extra.chunks(CHUNK) {
        removed += remove_customers(sides, seen).await?;
    }
    Ok((wanted.len() as u64, removed, wanted.into_iter().chain(extra.into_iter().map(|(id, _)| id)).collect()))
}

/// Removes customers that the source does not have, after asking the source once more. A customer that comes back later has another
/// position by the time it is removed, or its event comes after the tombstone.
async fn remove_customers(sides: &Sides<'_>, seen: &[(String, String)]) -> anyhow::Result<u64> {
    let ids: Vec<&str> = seen.iter().map(|(id, _)| id.as_str()).collect();
    let back: HashSet<String> = sides.source.which_customers(&ids).await?.into_iter().collect();
    let gone: Vec<(String, String)> = seen.iter().filter(|(id, _)| !back.contains(id)).cloned().collect();
    let removed = sides.shared.customers.bury(&gone).await.context("Redis")?;
    // The customers' orders follow: first the hash, then the mark, as with every change of a customer (P2).
    let mut of_partition: BTreeMap<i32, Vec<ChangedCustomer>> = BTreeMap::new();
    for (id, position) in gone {
        let partition = position.get(10..20).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        of_partition.entry(partition).or_default().push(ChangedCustomer { id, version: None });
    }
    for (partition, customers) in of_partition {
        sides.shared.results.mark_customers(partition, &customers, sides.shared.refresh).await.context("Postgres")?;
    }
    Ok(removed)
}

/// Removes hashes of orders that have no row. The versions are read first, then the rows once more: an order that comes back in between has
/// another version by the time its hash is removed.
async fn remove_leftovers(sides: &Sides<'_>, ids: &[i64]) -> anyhow::Result<u64> {
    let mut removed = 0;
    for ids in ids.chunks(CHUNK) {
        let versions: Vec<(i64, String)> = sides.shared.cache.live(ids).await.context("Redis")?;
        let back: HashSet<i64> = sides.shared.results.with_row(ids).await.context("Postgres")?.into_iter().collect();
        let seen: Vec<(i64, String)> = versions.into_iter().filter(|(id, _)| !back.contains(id)).collect();
        removed += sides.shared.cache.remove_seen(&seen).await.context("Redis")?;
        sides.shared.results.mark_deleted(ids).await.context("Postgres")?;
    }
    Ok(removed)
}

/// The name of this repair's signals, unlike those of any other repair.
fn name() -> String {
    format!("reconcile-{:016x}", fastrand::u64(..))
}

/// Removes rows that the source does not have. The revisions are read first, then the source is asked once more: an order that comes back
/// in between has another revision by the time its row is removed, and an order that comes back later has a position above its tombstone's.
async fn remove_ghosts(sides: &Sides<'_>, ghosts: &[i64]) -> anyhow::Result<u64> {
    let mut removed = 0;
    for ids in ghosts.chunks(CHUNK) {
        let mut revisions = sides.shared.results.revisions(ids).await.context("Postgres")?;
        let back = sides.source.side().checksums_of(ids).await.context("the source's Postgres")?;
        revisions.retain(|(id, _)| !back.contains_key(id));
        removed += sides.shared.results.bury(&revisions).await.context("Postgres")?;
    }
    Ok(removed)
}

async fn write_again(sides: &Sides<'_>, ids: &[i64]) -> anyhow::Result<()> {
    for ids in ids.chunks(CHUNK) {
        let wrong = wrong_hashes(sides, ids).await?;
        let ahead: Vec<i64> = wrong.iter().filter(|(_, wrong, _)| *wrong == Wrong::Ahead).map(|(id, ..)| *id).collect();
        sides.shared.cache.remove(&ahead).await.context("Redis")?;
        // The orders go on the list of the sweep after the removal: whatever was written in between, the sweep writes again.
        sides.shared.results.renew(ids).await.context("Postgres")?;
    }
    Ok(())
}

/// Waits until all of these orders and customers agree. Returns those that do not agree in time.
async fn agree(
    sides: &Sides<'_>,
    mut ids: Vec<i64>,
    mut customers: Vec<String>,
    wait: Duration,
) -> anyhow::Result<(Vec<i64>, Vec<String>)> {
    let (deadline, mut next) = (Instant::now() + wait, Instant::now() + SAY_EVERY);
    loop {
        let began = Instant::now();
        let mut left = Vec::new();
        for ids in ids.chunks(CHUNK) {
            left.extend(disagreeing(sides, ids).await?);
        }
        left.sort_unstable();
        ids = left;
        let mut left = Vec::new();
        for customers in customers.chunks(CHUNK) {
            left.extend(wrong_customers(sides, customers).await?.into_keys());
        }
        customers = left;
        if (ids.is_empty() && customers.is_empty()) || Instant::now() >= deadline {
            return Ok((ids, customers));
        }
        if Instant::now() >= next {
            next = Instant::now() + SAY_EVERY;
            sides.pace.say(format_args!("{} are still to come right; is a process running, and Debezium?", ids.len() + customers.len()));
        }
        tokio::time::sleep(PAUSE).await;
        sides.pace.rest(began).await;
    }
}

async fn disagreeing(sides: &Sides<'_>, ids: &[i64]) -> anyhow::Result<HashSet<i64>> {
    let mut left: HashSet<i64> = pairs(sides, ids).await?.into_keys().collect();
    if sides.redis {
        left.extend(wrong_hashes(sides, ids).await?.into_iter().map(|(id, ..)| id));
        let rows: HashSet<i64> = sides.shared.results.revisions(ids).await.context("Postgres")?.into_iter().map(|(id, _)| id).collect();
        let gone: Vec<i64> = ids.iter().copied().filter(|id| !rows.contains(id)).collect();
        left.extend(sides.shared.cache.live(&gone).await.context("Redis")?.into_iter().map(|(id, _)| id));
    }
    Ok(left)
}

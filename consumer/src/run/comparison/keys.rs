//! Compares Redis with the source: customers with their hashes, and keys that neither the source nor `results` explains.

use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use anyhow::Context;

use super::Sides;
use super::meter::Meter;
use super::walk::Suspects;
use crate::reconcile::report::Report;
use crate::redis::cache::leftovers::Page;
use crate::redis::customers::SeenCustomer;

const REDIS: &str = "Redis; --no-redis leaves it out";

/// Compares every customer of the source with its hash.
pub(super) async fn customers(sides: &Sides<'_>, found: &mut Suspects, report: &mut Report) -> anyhow::Result<()> {
    let all = if sides.pace.counts() { sides.source.count_customers().await? } else { 0 };
    let mut meter = Meter::new(sides.pace, "customers", all);
    let (mut after, mut compared) = (None, 0);
    loop {
        let began = Instant::now();
        let customers = sides.source.customers_after(after.as_deref(), sides.pace.rows()).await?;
        let Some((last, _)) = customers.last() else { break };
        compared += customers.len() as i64;
        found.customers.extend(sides.shared.customers.wrong(&customers).await.context(REDIS)?);
        meter.at(compared, found.customers.len());
        if sides.pace.is_too_much(found.customers.len()) {
            report.end_early("so many customers differ");
            break;
        }
        after = Some(last.clone());
        sides.pace.rest(began).await;
    }
    report.customer_hashes.get_or_insert_default().compared = compared;
    Ok(())
}

/// Looks through all keys for orders and customers that should not be there.
pub(super) async fn leftovers(sides: &Sides<'_>, found: &mut Suspects, report: &mut Report) -> anyhow::Result<()> {
    let mut meter = Meter::new(sides.pace, "keys", sides.shared.cache.keys().await.context(REDIS)?);
    let (mut page, mut seen) = (sides.shared.cache.page("0").await.context(REDIS)?, 0);
    loop {
        let began = Instant::now();
        seen += (page.orders.len() + page.customers.len()) as i64;
        let customers: &[String] = if sides.customer_hashes { &page.customers } else { &[] };
        // All servers are asked at the same time, so that none of them waits for the others.
        let (leftovers, customers, next) =
            tokio::try_join!(without_row(sides, &page.orders), not_in_source(sides, customers), following(sides, page.next.as_deref()))?;
        found.leftovers.extend(leftovers);
        found.customers.extend(customers);
        meter.at(seen, found.leftovers.len() + found.customers.len());
        let Some(next) = next else { return Ok(()) };
        if sides.pace.is_too_much(found.leftovers.len() + found.customers.len()) {
            report.end_early("so many keys are left over in Redis");
            return Ok(());
        }
        page = next;
        sides.pace.rest(began).await;
    }
}

async fn following(sides: &Sides<'_>, cursor: Option<&str>) -> anyhow::Result<Option<Page>> {
    match cursor {
        Some(cursor) => sides.shared.cache.page(cursor).await.context(REDIS).map(Some),
        None => Ok(None),
    }
}

/// The orders that have a hash and no row, with the hash's version.
pub(super) async fn without_row(sides: &Sides<'_>, ids: &[i64]) -> anyhow::Result<BTreeMap<i64, String>> {
    let rows: HashSet<i64> = sides.shared.results.with_row(ids).await.context("Postgres")?.into_iter().collect();
    let rest: Vec<i64> = ids.iter().copied().filter(|id| !rows.contains(id)).collect();
    Ok(sides.shared.cache.live(&rest).await.context(REDIS)?.into_iter().collect())
}

/// The customers among these that differ now.
pub(super) async fn wrong_customers(sides: &Sides<'_>, ids: &[String]) -> anyhow::Result<BTreeMap<String, SeenCustomer>> {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let customers = sides.source.customers_of(&ids).await?;
    let known: HashSet<&str> = customers.iter().map(|(id, _)| id.as_str()).collect();
    let unknown: Vec<&str> = ids.into_iter().filter(|id| !known.contains(id)).collect();
    let extra = sides.shared.customers.live(&unknown).await.context(REDIS)?;
    let wrong = sides.shared.customers.wrong(&customers).await.context(REDIS)?;
    Ok(wrong.into_iter().chain(extra).collect())
}

async fn not_in_source(sides: &Sides<'_>, ids: &[String]) -> anyhow::Result<Vec<(String, SeenCustomer)>> {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let known: HashSet<String> = sides.source.which_customers(&ids).await?.into_iter().collect();
    let unknown: Vec<&str> = ids.into_iter().filter(|id| !known.contains(*id)).collect();
    sides.shared.customers.live(&unknown).await.context(REDIS)
}

//! The first look of a reconciliation: compares both databases and Redis, range by range.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::Utc;

use super::meter::Meter;
use super::{Sides, keys};
use crate::orders::row::ResultRow;
use crate::reconcile::compare::{Digest, Pair, Range, differing};
use crate::reconcile::report::Report;
use crate::redis::cache::check::Wrong;
use crate::redis::customers::SeenCustomer;

/// What differed at the first look.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    pub(super) rows: BTreeMap<i64, Pair>,
    /// The orders whose hash does not match their row, and the row's revision.
    pub(super) hashes: BTreeMap<i64, i64>,
    /// The orders with a hash and no row, and the hash's version.
    pub(super) leftovers: BTreeMap<i64, String>,
    /// The customers that are not in Redis as the source has them.
    pub(super) customers: BTreeMap<String, SeenCustomer>,
    /// Whether Redis has evicted keys: then an absent hash says nothing.
    pub(super) evicts: bool,
}

impl Suspects {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.hashes.is_empty() && self.leftovers.is_empty() && self.customers.is_empty()
    }
}

pub(super) async fn walk(sides: &Sides<'_>, report: &mut Report) -> anyhow::Result<Suspects> {
    let all = if sides.pace.counts() { sides.shared.results.rows().await.context("Postgres")? } else { 0 };
    let mut meter = Meter::new(sides.pace, "orders", i64::try_from(all)?);
    let evicts = sides.redis && sides.shared.cache.evicted().await.context("Redis; --no-redis leaves it out")? > 0;
    let mut found = Suspects { evicts, ..Suspects::default() };
    report.hashes = sides.redis.then_some(0);
    let mut after = i64::MIN;
    loop {
        let began = Instant::now();
        let up_to = bound(sides, after).await?;
        let range = Range { after, up_to };
        let digests = async { tokio::try_join!(of_source(sides, range), of_results(sides, range)) };
        let ((source, results), rows) = tokio::try_join!(digests, hashes(sides, range, &mut found, report))?;
        report.orders += source.rows;
        report.results += results.rows;
        report.hashes = report.hashes.map(|hashes| hashes + rows);
        if source != results {
            narrow(sides, range, &mut found).await?;
        }
        if up_to == i64::MAX {
            break;
        }
        if sides.pace.is_too_much(found.rows.len() + found.hashes.len()) {
            report.end_early("so much differs");
            return Ok(found);
        }
        meter.at(report.orders.max(report.results), found.rows.len() + found.hashes.len());
        after = up_to;
        sides.pace.rest(began).await;
    }
    if sides.customer_hashes {
        keys::customers(sides, &mut found, report).await?;
    }
    if sides.redis {
        keys::leftovers(sides, &mut found, report).await?;
    }
    Ok(found)
}

/// The end of the next range, in which neither side has more rows than a chunk.
async fn bound(sides: &Sides<'_>, after: i64) -> anyhow::Result<i64> {
    let rows = sides.pace.rows() - 1;
    let bounds = tokio::try_join!(async { sides.source.side().bound(after, rows).await.context("the source's Postgres") }, async {
        sides.results.bound(after, rows).await.context("Postgres")
    },);
    let (source, results) = bounds?;
    Ok(source.unwrap_or(i64::MAX).min(results.unwrap_or(i64::MAX)))
}

async fn of_source(sides: &Sides<'_>, range: Range) -> anyhow::Result<Digest> {
    sides.source.side().digest(range).await.context("the source's Postgres")
}

async fn of_results(sides: &Sides<'_>, range: Range) -> anyhow::Result<Digest> {
    sides.results.digest(range).await.context("Postgres")
}

async fn narrow(sides: &Sides<'_>, range: Range, found: &mut Suspects) -> anyhow::Result<()> {
    let source = sides.source.side().checksums(range).await.context("the source's Postgres")?;
    let results = sides.results.checksums(range).await.context("Postgres")?;
    found.rows.extend(differing(&source, &results));
    Ok(())
}

/// Compares the hashes of a range. Returns how many.
async fn hashes(sides: &Sides<'_>, range: Range, found: &mut Suspects, report: &mut Report) -> anyhow::Result<u64> {
    if !sides.redis {
        return Ok(0);
    }
    let rows = sides.shared.results.rows_in(range).await.context("Postgres")?;
    let wrong = sides.shared.cache.wrong(&rows, sides.shared.decoder.epoch).await.context("Redis; --no-redis leaves it out")?;
    let absent: BTreeSet<i64> = wrong.iter().filter(|(_, wrong)| *wrong == Wrong::Absent).map(|(id, _)| *id).collect();
    let suspect: BTreeSet<i64> = wrong.iter().map(|(id, _)| *id).collect();
    for row in rows.iter().filter(|row| suspect.contains(&row.order_id)) {
        if absent.contains(&row.order_id) && has_expired(sides, row) {
            report.expired += 1;
        } else if absent.contains(&row.order_id) && found.evicts {
            report.evicted += 1;
        } else {
            found.hashes.insert(row.order_id, row.revision);
        }
    }
    Ok(rows.len() as u64)
}

/// How far the clocks of this machine and of Postgres may lie apart.
const SKEW: Duration = Duration::from_secs(60);

/// Whether the hash of this row may have expired. The hash was written when the row was, or later, and lives for `redis.order_ttl_seconds`.
fn has_expired(sides: &Sides<'_>, row: &ResultRow) -> bool {
    Utc::now().signed_duration_since(row.processed_at).to_std().is_ok_and(|age| age + SKEW >= sides.config.redis.order_ttl)
}

//! What was found is set right, each kind by the way that keeps the promises: rows that are missing or different are asked of Debezium, and
//! come as events like all others (P5); ghosts become tombstones where they stood; hashes are written again by the sweep.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::suspects::{Findings, pairs, wrong_hashes};
use super::{Arguments, CHUNK, Sides};
use crate::cache::check::Wrong;
use crate::cli::say;
use crate::reconcile::filter::filters;
use crate::reconcile::report::{Repair, Report};
use crate::reconcile::verdict::Difference;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Between two lines of progress.
const SAY_EVERY: Duration = Duration::from_secs(5);

pub(super) async fn repair(arguments: &Arguments, sides: &Sides<'_>, findings: &Findings, report: &Report) -> anyhow::Result<Repair> {
    if report.extra.count > arguments.max_removed {
        bail!(
            "{} rows of results are not in the source, and at most {} are removed: if this is the right source, raise --max-removed. \
             Nothing was changed",
            report.extra.count,
            arguments.max_removed
        );
    }
    let wanted = findings.wrong(|difference| matches!(difference, Difference::Missing | Difference::Different(_)));
    let ghosts = findings.wrong(|difference| *difference == Difference::Extra);
    let hashes = findings.wrong(|difference| matches!(difference, Difference::HashAbsent | Difference::HashDifferent));
    let filters = filters(&wanted);
    sides.source.ask_for_snapshots(&name(), &filters).await?;
    let removed = remove_ghosts(sides, &ghosts).await?;
    write_again(sides, &hashes).await?;
    let mut repair =
        Repair { asked_for: wanted.len() as u64, signals: filters.len() as u64, removed, hashes: hashes.len() as u64, ..Repair::default() };
    let touched: HashSet<i64> = wanted.into_iter().chain(ghosts).chain(hashes).collect();
    for id in agree(sides, touched.into_iter().collect(), arguments.wait).await? {
        repair.left.add(arguments.limit, id, Vec::new());
    }
    Ok(repair)
}

/// Of the signals of this repair; others may have asked before.
fn name() -> String {
    format!("reconcile-{:016x}", fastrand::u64(..))
}

/// Revisions first, then the source once more: an order that comes back in between has another revision by the time its row is removed,
/// and one that comes back later has a position above its tombstone's.
async fn remove_ghosts(sides: &Sides<'_>, ghosts: &[i64]) -> anyhow::Result<u64> {
    let mut removed = 0;
    for ids in ghosts.chunks(CHUNK) {
        let mut revisions = sides.flow.results.revisions(ids).await.context("Postgres")?;
        let back = sides.source.side().checksums_of(ids).await.context("the source's Postgres")?;
        revisions.retain(|(id, _)| !back.contains_key(id));
        removed += sides.flow.results.bury(&revisions).await.context("Postgres")?;
    }
    Ok(removed)
}

async fn write_again(sides: &Sides<'_>, ids: &[i64]) -> anyhow::Result<()> {
    for ids in ids.chunks(CHUNK) {
        let wrong = wrong_hashes(sides, ids).await?;
        let ahead: Vec<i64> = wrong.iter().filter(|(_, wrong, _)| *wrong == Wrong::Ahead).map(|(id, ..)| *id).collect();
        sides.flow.cache.remove(&ahead).await.context("Redis")?;
        // On the list after the removal: whoever wrote in between, the sweep writes again.
        sides.flow.results.renew(ids).await.context("Postgres")?;
    }
    Ok(())
}

/// Waits until all of these agree; returns those that do not in time.
async fn agree(sides: &Sides<'_>, mut ids: Vec<i64>, wait: Duration) -> anyhow::Result<Vec<i64>> {
    let (deadline, mut next) = (Instant::now() + wait, Instant::now() + SAY_EVERY);
    loop {
        let mut left = Vec::new();
        for ids in ids.chunks(CHUNK) {
            left.extend(disagreeing(sides, ids).await?);
        }
        left.sort_unstable();
        ids = left;
        if ids.is_empty() || Instant::now() >= deadline {
            return Ok(ids);
        }
        if Instant::now() >= next {
            next = Instant::now() + SAY_EVERY;
            say(format_args!("{} orders are still to come right; is a process running, and Debezium?", ids.len()));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn disagreeing(sides: &Sides<'_>, ids: &[i64]) -> anyhow::Result<HashSet<i64>> {
    let mut left: HashSet<i64> = pairs(sides, ids).await?.into_keys().collect();
    if sides.redis {
        left.extend(wrong_hashes(sides, ids).await?.into_iter().map(|(id, ..)| id));
        let rows: HashSet<i64> = sides.flow.results.revisions(ids).await.context("Postgres")?.into_iter().map(|(id, _)| id).collect();
        let gone: Vec<i64> = ids.iter().copied().filter(|id| !rows.contains(id)).collect();
        left.extend(sides.flow.cache.live(&gone).await.context("Redis")?);
    }
    Ok(left)
}

//! The second look of a reconciliation: what differed is looked at again until it agrees, or has stood still long enough to be judged.
//!
//! An order counts only if it differed the whole time, did not change meanwhile, and its partition has come to where Kafka's log ended when
//! the wait began. Orders on the list of the sweep are told apart, and so are orders that are wrong because of an open dead letter.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::lags::Lags;
use super::walk::Suspects;
use super::{CHUNK, Sides, keys, survey};
use crate::reconcile::compare::{Pair, changed, columns, differing};
use crate::reconcile::customers::{CustomerCircumstances, CustomerDifference, judge_customer};
use crate::reconcile::report::Report;
use crate::reconcile::verdict::{Circumstances, Difference, Verdict, judge};
use crate::redis::cache::check::Wrong;
use crate::redis::customers::SeenCustomer;

/// The time between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// The suspects that still differ, with their verdicts; those that are wrong can be repaired.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    judged: Vec<(i64, Difference, Verdict)>,
    customers: Vec<(String, SeenCustomer, Verdict)>,
}

impl Findings {
    /// Puts all findings into the report, by ascending id.
    pub(super) fn report(mut self, limit: usize, report: &mut Report) -> Self {
        self.judged.sort_by_key(|(id, ..)| *id);
        self.judged.iter().for_each(|(id, difference, verdict)| report.add(limit, *id, difference, *verdict));
        self.customers.iter().for_each(|(id, seen, verdict)| report.add_customer(limit, id, &seen.difference, *verdict));
        self
    }

    /// The orders that are wrong and whose difference fulfils `is`, ascending.
    pub(super) fn wrong(&self, is: impl Fn(&Difference) -> bool) -> Vec<i64> {
        self.judged.iter().filter(|(_, difference, verdict)| verdict.is_wrong() && is(difference)).map(|(id, ..)| *id).collect()
    }
}

impl Findings {
    /// The customers that are wrong and whose difference fulfils `is`, with the position of their hash, ascending.
    pub(super) fn wrong_customers(&self, is: impl Fn(&CustomerDifference) -> bool) -> Vec<(String, String)> {
        let wrong = self.customers.iter().filter(|(_, seen, verdict)| verdict.is_wrong() && is(&seen.difference));
        wrong.map(|(id, seen, _)| (id.clone(), seen.position.clone())).collect()
    }
}

/// Waits until the suspects agree or `settle` is over, and judges those that still differ.
pub(super) async fn settle(sides: &Sides<'_>, found: &mut Suspects, settle: Duration) -> anyhow::Result<Findings> {
    if found.is_empty() {
        return Ok(Findings::default());
    }
    let survey = survey(sides.config).await.context("what differs cannot be judged without Kafka")?;
    let (deadline, mut moved) = (Instant::now() + settle, Moved::default());
    loop {
        let began = Instant::now();
        look_again(sides, found, &mut moved).await?;
        if found.is_empty() || Instant::now() >= deadline {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        sides.pace.rest(began).await;
    }
    let lags = Lags::read(sides, &survey).await?;
    let mut findings = Findings::default();
    let rows: Vec<i64> = found.rows.keys().copied().collect();
    for ids in rows.chunks(CHUNK) {
        judge_all(sides, differences(sides, ids).await?, &moved.orders, &lags, &mut findings).await?;
    }
    let hashes: Vec<i64> = found.hashes.keys().copied().collect();
    for ids in hashes.chunks(CHUNK) {
        let wrong = hash_differences(sides, ids).await?;
        judge_all(sides, wrong, &moved.orders, &lags, &mut findings).await?;
    }
    // An order that is missing in `results` has its finding already.
    let leftovers: Vec<i64> = found.leftovers.keys().copied().filter(|id| !found.rows.contains_key(id)).collect();
    for ids in leftovers.chunks(CHUNK) {
        let extra = ids.iter().map(|id| (*id, Difference::HashExtra)).collect();
        judge_all(sides, extra, &moved.orders, &lags, &mut findings).await?;
    }
    judge_customers(sides, found, &moved.customers, &lags, &mut findings).await?;
    Ok(findings)
}

/// The orders and customers that changed while they were looked at.
#[derive(Debug, Default)]
struct Moved {
    orders: HashSet<i64>,
    customers: HashSet<String>,
}

/// Takes out the suspects that agree now, and adds those that have changed to `moved`.
async fn look_again(sides: &Sides<'_>, found: &mut Suspects, moved: &mut Moved) -> anyhow::Result<()> {
    let mut rows = BTreeMap::new();
    for ids in found.rows.keys().copied().collect::<Vec<_>>().chunks(CHUNK) {
        rows.extend(pairs(sides, ids).await?);
    }
    let mut hashes = BTreeMap::new();
    for ids in found.hashes.keys().copied().collect::<Vec<_>>().chunks(CHUNK) {
        hashes.extend(wrong_hashes(sides, ids).await?.into_iter().map(|(id, _, revision)| (id, revision)));
    }
    let mut leftovers = BTreeMap::new();
    for ids in found.leftovers.keys().copied().collect::<Vec<_>>().chunks(CHUNK) {
        leftovers.extend(keys::without_row(sides, ids).await?);
    }
    let mut customers = BTreeMap::new();
    for ids in found.customers.keys().cloned().collect::<Vec<_>>().chunks(CHUNK) {
        customers.extend(keys::wrong_customers(sides, ids).await?);
    }
    moved.orders.extend(changed(&found.rows, &rows));
    moved.orders.extend(changed(&found.hashes, &hashes));
    moved.orders.extend(changed(&found.leftovers, &leftovers));
    moved.customers.extend(changed(&found.customers, &customers));
    *found = Suspects { rows, hashes, leftovers, customers, evicts: found.evicts };
    Ok(())
}

/// The orders among these whose rows differ now.
pub(super) async fn pairs(sides: &Sides<'_>, ids: &[i64]) -> anyhow::Result<BTreeMap<i64, Pair>> {
    let source = sides.source.side().checksums_of(ids).await.context("the source's Postgres")?;
    let results = sides.results.checksums_of(ids).await.context("Postgres")?;
    Ok(differing(&source, &results))
}

/// The orders that have a row but not its hash now, with the row's revision.
pub(super) async fn wrong_hashes(sides: &Sides<'_>, ids: &[i64]) -> anyhow::Result<Vec<(i64, Wrong, i64)>> {
    let rows = sides.shared.results.rows_of(ids).await.context("Postgres")?;
    let wrong = sides.shared.cache.wrong(&rows, sides.shared.decoder.epoch).await.context("Redis")?;
    let revisions: HashMap<i64, i64> = rows.iter().map(|row| (row.order_id, row.revision)).collect();
    Ok(wrong.into_iter().filter_map(|(id, wrong)| Some((id, wrong, *revisions.get(&id)?))).collect())
}

/// How these orders differ, column by column. Checksums are not enough, because databases of two encodings may have two checksums for one
/// text.
async fn differences(sides: &Sides<'_>, ids: &[i64]) -> anyhow::Result<Vec<(i64, Difference)>> {
    let source: HashMap<i64, _> = sides.source.side().rows_of(ids).await.context("the source's Postgres")?.into_iter().collect();
    let results: HashMap<i64, _> = sides.results.rows_of(ids).await.context("Postgres")?.into_iter().collect();
    let of = |id: &i64| match (source.get(id), results.get(id)) {
        (Some(_), None) => Some(Difference::Missing),
        (None, Some(_)) => Some(Difference::Extra),
        (Some(source), Some(results)) => Some(columns(source, results)).filter(|columns| !columns.is_empty()).map(Difference::Different),
        (None, None) => None,
    };
    Ok(ids.iter().filter_map(|id| Some((*id, of(id)?))).collect())
}

async fn hash_differences(sides: &Sides<'_>, ids: &[i64]) -> anyhow::Result<Vec<(i64, Difference)>> {
    let wrong = wrong_hashes(sides, ids).await?.into_iter();
    Ok(wrong.map(|(id, wrong, _)| (id, if wrong == Wrong::Absent { Difference::HashAbsent } else { Difference::HashDifferent })).collect())
}

async fn judge_customers(
    sides: &Sides<'_>,
    found: &Suspects,
    moved: &HashSet<String>,
    lags: &Lags,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let ids: Vec<String> = found.customers.keys().cloned().collect();
    for ids in ids.chunks(CHUNK) {
        let letters: HashSet<String> = sides.shared.results.customers_with_letters(ids).await.context("Postgres")?.into_iter().collect();
        for id in ids {
            let Some(seen) = found.customers.get(id) else { continue };
            let circumstances = CustomerCircumstances {
                in_flight: moved.contains(id) || lags.customers,
                redis_behind: lags.redis_customers,
                letter: letters.contains(id),
            };
            findings.customers.push((id.clone(), seen.clone(), judge_customer(circumstances)));
        }
    }
    Ok(())
}

async fn judge_all(
    sides: &Sides<'_>,
    differences: Vec<(i64, Difference)>,
    moved: &HashSet<i64>,
    lags: &Lags,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let ids: Vec<i64> = differences.iter().map(|(id, _)| *id).collect();
    let known = sides.shared.results.known(&ids).await.context("Postgres")?;
    let known: HashMap<i64, _> = known.into_iter().map(|known| (known.order_id, known)).collect();
    for (id, difference) in differences {
        let Some(known) = known.get(&id) else { continue };
        let circumstances = Circumstances {
            in_flight: moved.contains(&id) || lags.of(known.partition),
            due: known.due,
            truncated: known.truncated,
            letter: known.letter,
            redis_behind: known.partition.is_some_and(|partition| lags.redis.contains(&partition)),
        };
        let verdict = judge(&difference, circumstances);
        findings.judged.push((id, difference, verdict));
    }
    Ok(())
}

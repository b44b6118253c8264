//! The last comparison that a process has made by itself, for all processes to tell of.

use std::time::{Duration, Instant};

use ledger::StoreError;

use super::Results;
use crate::health::Comparison;

const NOTE: &str = "
insert into comparisons (ended_at, seconds, orders, kinds, counts, not_judged, repaired, compared_by, ended_early)
values (now(), $1, $2, $3, $4, $5, $6, $7, $8)
on conflict (single) do update
set ended_at = excluded.ended_at, seconds = excluded.seconds, orders = excluded.orders, kinds = excluded.kinds, counts = excluded.counts,
    not_judged = excluded.not_judged, repaired = excluded.repaired, compared_by = excluded.compared_by, ended_early = excluded.ended_early";

const LAST: &str = "
select greatest(extract(epoch from now() - ended_at), 0)::float8 as age, seconds, orders, kinds, counts, not_judged, repaired,
       compared_by, ended_early
from comparisons";

#[derive(sqlx::FromRow)]
struct Row {
    age: f64,
    seconds: f64,
    orders: i64,
    kinds: Vec<String>,
    counts: Vec<i64>,
    not_judged: i64,
    repaired: i64,
    compared_by: String,
    ended_early: bool,
}

impl Results {
    /// Notes a comparison that has just ended.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn note_comparison(&self, comparison: &Comparison) -> Result<(), StoreError> {
        let (kinds, counts): (Vec<&str>, Vec<i64>) = comparison.differences.iter().map(|(kind, count)| (kind.as_str(), *count)).unzip();
        let query = sqlx::query(NOTE).bind(comparison.took.as_secs_f64()).bind(comparison.orders).bind(kinds).bind(counts);
        let query = query.bind(comparison.not_judged).bind(comparison.repaired).bind(&comparison.by).bind(comparison.ended_early);
        self.lease().await?.ask(|on| query.execute(on)).await?;
        Ok(())
    }

    /// The last comparison, if there was one.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn last_comparison(&self) -> Result<Option<Comparison>, StoreError> {
        let row: Option<Row> = self.lease().await?.ask(|on| sqlx::query_as(LAST).fetch_optional(on)).await?;
        Ok(row.map(comparison))
    }
}

fn comparison(row: Row) -> Comparison {
    let Row { age, seconds, orders, kinds, counts, not_judged, repaired, compared_by: by, ended_early } = row;
    let time = |seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let now = Instant::now();
    let ended = now.checked_sub(time(age)).unwrap_or(now);
    let differences = kinds.into_iter().zip(counts).collect();
    Comparison { ended, took: time(seconds), orders, ended_early, differences, not_judged, repaired, by }
}

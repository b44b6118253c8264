//! The processes of the consumer group: each reports to Postgres, and any of them can tell of all (P9).

use std::time::Duration;

use ledger::StoreError;

use super::Results;
use crate::health::{Heard, ProcessReport};

const REPORT: &str = "
insert into processes (instance, group_id, process, version, revision, started_at, heard_at, state, reasons, partitions, detail)
values ($1, $2, $3, $4, $5, now() - make_interval(secs => $6), now(), $7, $8, $9, $10::jsonb)
on conflict (instance) do update
set heard_at = excluded.heard_at, state = excluded.state, reasons = excluded.reasons, partitions = excluded.partitions, detail = excluded.detail";

/// The most processes that are shown (P10), those that were heard of last.
const PROCESSES: &str = "
select instance, process, version, revision, extract(epoch from heard_at - started_at)::bigint as up_seconds, state, reasons, partitions, detail::text,
       greatest(extract(epoch from now() - heard_at), 0)::float8 as age
from processes where group_id = $1 order by heard_at desc, instance limit 200";

const FORGET: &str = "delete from processes where instance = $1";

/// Ten minutes are long enough to see which process has died, and short enough for the table to stay small.
const FORGET_SILENT: &str = "delete from processes where heard_at < now() - interval '10 minutes'";

#[derive(sqlx::FromRow)]
struct Row {
    instance: String,
    process: String,
    version: String,
    revision: String,
    up_seconds: i64,
    state: String,
    reasons: Vec<String>,
    partitions: Vec<String>,
    detail: Option<String>,
    age: f64,
}

impl Results {
    /// Stores what a process of the group says of itself.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn report_process(&self, group: &str, report: &ProcessReport) -> Result<(), StoreError> {
        #[expect(clippy::cast_precision_loss, reason = "seconds since a start")]
        let up = report.up_seconds as f64;
        let query = sqlx::query(REPORT).bind(&report.instance).bind(group).bind(&report.process).bind(&report.version);
        let query = query.bind(&report.revision).bind(up).bind(&report.state).bind(&report.reasons).bind(&report.partitions);
        let query = query.bind(report.detail.as_ref().and_then(|detail| serde_json::to_string(detail).ok()));
        self.lease().await?.ask(|on| query.execute(on)).await?;
        Ok(())
    }

    /// The processes of the group, those that were heard of last first.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn processes(&self, group: &str) -> Result<Vec<Heard>, StoreError> {
        let rows: Vec<Row> = self.lease().await?.ask(|on| sqlx::query_as(PROCESSES).bind(group).fetch_all(on)).await?;
        Ok(rows.into_iter().map(heard).collect())
    }

    /// Removes the row of a process that ends.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn forget_process(&self, instance: &str) -> Result<(), StoreError> {
        self.lease().await?.ask(|on| sqlx::query(FORGET).bind(instance).execute(on)).await?;
        Ok(())
    }

    /// Removes the rows of processes that were silent for ten minutes, of whatever group.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn forget_silent_processes(&self) -> Result<(), StoreError> {
        self.lease().await?.ask(|on| sqlx::query(FORGET_SILENT).execute(on)).await?;
        Ok(())
    }
}

fn heard(row: Row) -> Heard {
    let Row { instance, process, version, revision, up_seconds, state, reasons, partitions, detail, age } = row;
    // A detail that another version has written otherwise is as good as none.
    let detail = detail.and_then(|detail| serde_json::from_str(&detail).ok());
    let report = ProcessReport { instance, process, version, revision, up_seconds, state, reasons, partitions, detail };
    Heard { report, age: Duration::try_from_secs_f64(age).unwrap_or_default() }
}

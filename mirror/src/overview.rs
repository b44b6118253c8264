//! How each mirrored table stands, as the mirror's own tables in the target tell it: for the commands of operators.

use chrono::{DateTime, Utc};
use ledger::{Ledger, StoreError};

use crate::catalog::TableName;
use crate::tables::exists;

/// How a mirrored table stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableState {
    /// The name in the source.
    pub source: TableName,
    /// The name in the target.
    pub target: TableName,
    /// The topic that its events came from last.
    pub topic: String,
    /// Why its events wait.
    pub waits: Option<String>,
    /// The columns whose old values the source has changed without any event.
    pub stale_columns: Vec<String>,
    /// The dead letters that are not closed.
    pub open_letters: i64,
    /// About how many rows it has in the target, by the statistics of Postgres; `None` if it is not there.
    pub rows: Option<i64>,
    /// When the last record of its topic was written to Kafka whose change is committed here.
    pub last_change: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    source_schema: String,
    source_table: String,
    target_schema: String,
    target_table: String,
    topic: String,
    waits: Option<String>,
    stale_columns: Vec<String>,
    open_letters: i64,
    rows: Option<i64>,
    last_ms: Option<i64>,
}

const TABLES: &str = "
with letters as (
    select table_schema, table_name, count(*) as open from dead_letters where resolved_at is null group by table_schema, table_name),
changes as (select topic, max(last_ms) as last_ms from consumer_offsets where epoch = $1 group by topic)
select m.source_schema, m.source_table, m.target_schema, m.target_table, m.topic, m.waits, m.stale_columns, coalesce(l.open, 0) as open_letters,
    (select s.n_live_tup from pg_catalog.pg_stat_all_tables s where s.schemaname = m.target_schema and s.relname = m.target_table) as rows, c.last_ms
from mirror_tables m
    left join letters l on l.table_schema = m.source_schema and l.table_name = m.source_table
    left join changes c on c.topic = m.topic
order by m.source_schema collate \"C\", m.source_table collate \"C\"";

/// All mirrored tables, in the order of their names. There is none before the mirror has run.
///
/// # Errors
/// If the target is away or refuses.
pub async fn tables(target: &Ledger, epoch: i32) -> Result<Vec<TableState>, StoreError> {
    let mut lease = target.lease().await?;
    if !exists(&mut lease).await? {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = lease.ask(|on| sqlx::query_as(TABLES).bind(epoch).fetch_all(on)).await?;
    let state = |row: Row| TableState {
        source: TableName::new(row.source_schema, row.source_table),
        target: TableName::new(row.target_schema, row.target_table),
        topic: row.topic,
        waits: row.waits,
        stale_columns: row.stale_columns,
        open_letters: row.open_letters,
        rows: row.rows,
        last_change: row.last_ms.and_then(DateTime::from_timestamp_millis),
    };
    Ok(rows.into_iter().map(state).collect())
}

//! Which tables are mirrored, as the target has noted it.

use ledger::{Lease, StoreError};

use super::register;
use crate::catalog::TableName;

const MIRRORED: &str = "
select id, version, source_schema, source_table, target_schema, target_table, key_columns, topic, waits, stale_columns
from mirror_tables order by source_schema, source_table";
const RE_READ: &str = "update mirror_tables set stale_columns = '{}' where id = $1 and version = $2 and stale_columns <> '{}'";

/// A table that is mirrored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrored {
    /// The number of the table, which its guard's name has.
    pub id: i32,
    /// The version of its shape.
    pub version: i32,
    /// The name in the source.
    pub source: TableName,
    /// The name in the target.
    pub target: TableName,
    /// The columns of its key, in its order; empty if it has none.
    pub key: Vec<String>,
    /// The topic that its events come from.
    pub topic: String,
    /// Why its events wait.
    pub waits: Option<String>,
    /// The columns whose old values the source has changed without any event.
    pub stale: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i32,
    version: i32,
    source_schema: String,
    source_table: String,
    target_schema: String,
    target_table: String,
    key_columns: Vec<String>,
    topic: String,
    waits: Option<String>,
    stale_columns: Vec<String>,
}

/// All mirrored tables, by the name in the source; none if the mirror has never run on this target.
///
/// # Errors
/// If the target is away or refuses.
pub async fn mirrored(lease: &mut Lease) -> Result<Vec<Mirrored>, StoreError> {
    if !register::exists(lease).await? {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = lease.ask(|on| sqlx::query_as(MIRRORED).fetch_all(on)).await?;
    Ok(rows.into_iter().map(Row::into_mirrored).collect())
}

/// Notes that no column of the table is stale any more, if its shape is still that of `table`.
///
/// # Errors
/// If the target is away or refuses.
pub async fn re_read(lease: &mut Lease, table: &Mirrored) -> Result<(), StoreError> {
    let query = sqlx::query(RE_READ).bind(table.id).bind(table.version);
    let _: sqlx::postgres::PgQueryResult = lease.ask(|on| query.execute(on)).await?;
    Ok(())
}

impl Row {
    fn into_mirrored(self) -> Mirrored {
        Mirrored {
            id: self.id,
            version: self.version,
            source: TableName::new(self.source_schema, self.source_table),
            target: TableName::new(self.target_schema, self.target_table),
            key: self.key_columns,
            topic: self.topic,
            waits: self.waits,
            stale: self.stale_columns,
        }
    }
}

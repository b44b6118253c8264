//! What the source publishes: `pg_publication`.

use ledger::StoreError;
use sqlx::postgres::PgConnection;

use super::TableName;

const PUBLICATION: &str = "
select p.pubviaroot as via_root, p.pubinsert as inserts, p.pubupdate as updates, p.pubdelete as deletes, p.pubtruncate as truncates
from pg_catalog.pg_publication p where p.pubname = $1::text";

/// A table without columns has no list of them.
const PUBLISHED: &str = "
select t.schemaname::text as schema, t.tablename::text as name, coalesce(t.attnames::text[], '{}') as columns, t.rowfilter is not null as is_filtered
from pg_catalog.pg_publication_tables t where t.pubname = $1::text
order by t.schemaname collate \"C\", t.tablename collate \"C\"";

/// A publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The publication's name.
    pub name: String,
    /// Whether a change of a partition is published as one of its uppermost table (`publish_via_partition_root`).
    pub via_root: bool,
    /// Whether inserts are published.
    pub inserts: bool,
    /// Whether updates are published.
    pub updates: bool,
    /// Whether deletes are published.
    pub deletes: bool,
    /// Whether truncates are published.
    pub truncates: bool,
    /// The tables under whose names changes are published.
    pub tables: Vec<Published>,
}

/// A table in a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The table.
    pub table: TableName,
    /// The columns that are published.
    pub columns: Vec<String>,
    /// Whether rows have to fulfil a condition.
    pub is_filtered: bool,
}

#[derive(sqlx::FromRow)]
struct PublicationRow {
    via_root: bool,
    inserts: bool,
    updates: bool,
    deletes: bool,
    truncates: bool,
}

#[derive(sqlx::FromRow)]
struct PublishedRow {
    schema: String,
    name: String,
    columns: Vec<String>,
    is_filtered: bool,
}

/// The names of all publications.
///
/// # Errors
/// If the server is away or refuses.
pub async fn publications(connection: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    let names = "select pubname::text from pg_catalog.pg_publication order by pubname";
    Ok(sqlx::query_scalar(names).fetch_all(connection).await?)
}

/// Reads the publication of this name; `None` if there is none.
///
/// # Errors
/// If the server is away or refuses.
pub async fn publication(connection: &mut PgConnection, name: &str) -> Result<Option<Publication>, StoreError> {
    let row: Option<PublicationRow> = sqlx::query_as(PUBLICATION).bind(name).fetch_optional(&mut *connection).await?;
    let Some(row) = row else { return Ok(None) };
    let tables: Vec<PublishedRow> = sqlx::query_as(PUBLISHED).bind(name).fetch_all(connection).await?;
    let published =
        |row: PublishedRow| Published { table: TableName::new(row.schema, row.name), columns: row.columns, is_filtered: row.is_filtered };
    Ok(Some(Publication {
        name: name.to_owned(),
        via_root: row.via_root,
        inserts: row.inserts,
        updates: row.updates,
        deletes: row.deletes,
        truncates: row.truncates,
        tables: tables.into_iter().map(published).collect(),
    }))
}

impl Publication {
    /// What is published of the table.
    #[must_use]
    pub fn of(&self, table: &TableName) -> Option<&Published> {
        self.tables.iter().find(|published| published.table == *table)
    }
}

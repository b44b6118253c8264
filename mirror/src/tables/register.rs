//! The mirror's own tables about tables: which are mirrored, what their columns follow, what was done to their shape.

use std::collections::BTreeMap;

use ledger::{Lease, StoreError};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor};

use super::Cause;
use crate::catalog::{Table, TableName};
use crate::layout::Layout;
use crate::plan::{Followed, Step};
use crate::settings::Types;
use crate::statements;

/// One process at a time changes the shape of tables.
const ALONE: &str = "select pg_advisory_xact_lock(7365021)";
/// Waits for the batches that write the table; later ones see its new version.
const WAIT_FOR_BATCHES: &str = "select pg_advisory_xact_lock(7365020, $1)";

const FIND: &str = "select id, version, key_columns, waits, topic, epoch from mirror_tables where source_schema = $1 and source_table = $2";
const ALL: &str = "select source_schema, source_table, topic from mirror_tables order by id";
const ADD: &str = "
insert into mirror_tables (source_schema, source_table, target_schema, target_table, key_columns, made_here, topic, epoch)
values ($1, $2, $3, $4, $5, $6, $7, $8) returning id, version, key_columns, waits, topic, epoch";
const RAISE: &str = "
update mirror_tables set version = version + 1, waits = null, stale_columns = array(select distinct unnest(stale_columns || $2::text[]))
where id = $1 returning id, version, key_columns, waits, topic, epoch";
const WAITS: &str = "update mirror_tables set waits = $3 where source_schema = $1 and source_table = $2 and waits is distinct from $3";
const FOLLOWED: &str = "select name, attnum, source_type from mirror_columns where table_id = $1";
const FORGET: &str = "delete from mirror_columns where table_id = $1 and name = any($2)";
const FOLLOW: &str = "
insert into mirror_columns (table_id, name, attnum, source_type) select $1, * from unnest($2::text[], $3::int[], $4::text[])";
const NOTE: &str = "
insert into mirror_ddl (table_id, sql, why, topic, partition, \"offset\")
select $1, sql, why, $4, $5, $6 from unnest($2::text[], $3::text[]) as d (sql, why)";

/// A table that is mirrored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Registered {
    /// The number of the table.
    pub(super) id: i32,
    /// The version of its shape.
    pub(super) version: i32,
    /// The columns of its key, in its order.
    #[sqlx(rename = "key_columns")]
    pub(super) key: Vec<String>,
    /// Why its events wait.
    pub(super) waits: Option<String>,
    /// The topic that its events come from.
    pub(super) topic: String,
    /// The epoch in which they came from there.
    pub(super) epoch: i32,
}

/// A table that is to be mirrored.
#[derive(Debug)]
pub(super) struct Registration<'a> {
    pub(super) source: &'a TableName,
    pub(super) target: &'a TableName,
    pub(super) key: Vec<String>,
    pub(super) made_here: bool,
    pub(super) epoch: i32,
    pub(super) cause: &'a Cause,
}

pub(super) async fn alone(lease: &mut Lease) -> Result<(), StoreError> {
    run(lease, ALONE).await
}

pub(super) async fn wait_for_batches(lease: &mut Lease, id: i32) -> Result<(), StoreError> {
    let query = sqlx::query(WAIT_FOR_BATCHES).bind(id);
    let _: sqlx::postgres::PgQueryResult = lease.ask(|on| query.execute(on)).await?;
    Ok(())
}

/// Runs a statement that was made of the catalog, with its names quoted.
pub(super) async fn run(lease: &mut Lease, sql: &str) -> Result<(), StoreError> {
    let statement = AssertSqlSafe(sql.to_owned());
    let _: sqlx::postgres::PgQueryResult = lease.ask(async |on: &mut PgConnection| on.execute(sqlx::raw_sql(statement)).await).await?;
    Ok(())
}

/// Whether the mirror has ever run on this target.
pub(crate) async fn exists(lease: &mut Lease) -> Result<bool, StoreError> {
    Ok(lease.ask(|on| sqlx::query_scalar("select to_regclass('mirror_tables') is not null").fetch_one(on)).await?)
}

pub(super) async fn find(lease: &mut Lease, name: &TableName) -> Result<Option<Registered>, StoreError> {
    let query = sqlx::query_as(FIND).bind(&name.schema).bind(&name.table);
    Ok(lease.ask(|on| query.fetch_optional(on)).await?)
}

/// All mirrored tables, each with its topic.
pub(super) async fn all(lease: &mut Lease) -> Result<Vec<(TableName, String)>, StoreError> {
    let rows: Vec<(String, String, String)> = lease.ask(|on| sqlx::query_as(ALL).fetch_all(on)).await?;
    Ok(rows.into_iter().map(|(schema, table, topic)| (TableName::new(schema, table), topic)).collect())
}

/// Adds a table, with what its columns follow.
pub(super) async fn add(lease: &mut Lease, registration: &Registration<'_>, source: &Table) -> Result<Registered, StoreError> {
    let Registration { source: name, target, key, made_here, epoch, cause } = registration;
    let query = sqlx::query_as(ADD).bind(&name.schema).bind(&name.table).bind(&target.schema).bind(&target.table);
    let query = query.bind(key).bind(made_here).bind(&*cause.topic).bind(epoch);
    let registered: Registered = lease.ask(|on| query.fetch_one(on)).await?;
    follow(lease, registered.id, source).await?;
    Ok(registered)
}

/// Notes that the shape of a table has changed.
pub(super) async fn raise(lease: &mut Lease, registered: Registered, source: &Table, stale: &[String]) -> Result<Registered, StoreError> {
    let query = sqlx::query_as(RAISE).bind(registered.id).bind(stale);
    let raised = lease.ask(|on| query.fetch_one(on)).await?;
    follow(lease, registered.id, source).await?;
    Ok(raised)
}

pub(super) async fn set_key(lease: &mut Lease, id: i32, key: &[String]) -> Result<(), StoreError> {
    let query = sqlx::query("update mirror_tables set key_columns = $2 where id = $1").bind(id).bind(key);
    let _: sqlx::postgres::PgQueryResult = lease.ask(|on| query.execute(on)).await?;
    Ok(())
}

pub(super) async fn set_topic(lease: &mut Lease, id: i32, topic: &str, epoch: i32) -> Result<(), StoreError> {
    let query = sqlx::query("update mirror_tables set topic = $2, epoch = $3 where id = $1").bind(id).bind(topic).bind(epoch);
    let _: sqlx::postgres::PgQueryResult = lease.ask(|on| query.execute(on)).await?;
    Ok(())
}

pub(super) async fn note_waits(lease: &mut Lease, name: &TableName, reason: &str) -> Result<(), StoreError> {
    let query = sqlx::query(WAITS).bind(&name.schema).bind(&name.table).bind(reason);
    let _: sqlx::postgres::PgQueryResult = lease.ask(|on| query.execute(on)).await?;
    Ok(())
}

/// What is known of the columns that the target's columns follow, as far as it comes from where `types` come from now: a catalog numbers the columns, and
/// events do not.
pub(super) async fn followed(lease: &mut Lease, id: i32, types: Types) -> Result<BTreeMap<String, Followed>, StoreError> {
    let rows: Vec<(String, i32, String)> = lease.ask(|on| sqlx::query_as(FOLLOWED).bind(id).fetch_all(on)).await?;
    let is_own = |attnum: &i32| (*attnum != 0) == (types == Types::Catalog);
    let rows = rows.into_iter().filter(|(_, attnum, _)| is_own(attnum));
    let followed = rows.filter_map(|(name, attnum, sql_type)| Some((name, Followed { attnum: attnum.try_into().ok()?, sql_type })));
    Ok(followed.collect())
}

/// Whether it is written down that the columns follow those of the source as they are now.
pub(super) fn is_followed(followed: &BTreeMap<String, Followed>, source: &Table) -> bool {
    let is_written = |column: &crate::catalog::Column| {
        followed.get(&column.name).is_some_and(|known| known.attnum == column.attnum && known.sql_type == column.sql_type)
    };
    source.columns.iter().all(is_written)
}

async fn follow(lease: &mut Lease, id: i32, source: &Table) -> Result<(), StoreError> {
    // What a column has followed that is gone in the source stays written down, so that the plan still knows it as the source's.
    let names: Vec<String> = source.columns.iter().map(|column| column.name.clone()).collect();
    let forget = sqlx::query(FORGET).bind(id).bind(&names);
    let _: sqlx::postgres::PgQueryResult = lease.ask(|on| forget.execute(on)).await?;
    let query = sqlx::query(FOLLOW)
        .bind(id)
        .bind(&names)
        .bind(source.columns.iter().map(|column| i32::from(column.attnum)).collect::<Vec<_>>())
        .bind(source.columns.iter().map(|column| column.sql_type.clone()).collect::<Vec<_>>());
    let _: sqlx::postgres::PgQueryResult = lease.ask(|on| query.execute(on)).await?;
    Ok(())
}

/// Writes down what was done to the shape of a table, and which event asked for it.
pub(super) async fn note(lease: &mut Lease, id: i32, steps: &[Step], cause: &Cause) -> Result<(), StoreError> {
    let query = sqlx::query(NOTE)
        .bind(id)
        .bind(steps.iter().map(|step| step.sql.clone()).collect::<Vec<_>>())
        .bind(steps.iter().map(|step| step.why.clone()).collect::<Vec<_>>())
        .bind(&*cause.topic)
        .bind(cause.partition)
        .bind(cause.offset);
    let _: sqlx::postgres::PgQueryResult = lease.ask(|on| query.execute(on)).await?;
    Ok(())
}

/// Makes what is kept of the rows beside the table: the guard of a table with a key, else what counts the rows.
pub(super) async fn guard(lease: &mut Lease, layout: &Layout) -> Result<(), StoreError> {
    let statement = if layout.key.is_empty() { statements::keyless::create_seen(layout) } else { statements::create_guard(layout) };
    run(lease, &statement).await
}

//! Reads what the shop's catalog says of `orders` and `customers`, in one transaction that can change nothing.

use ledger::StoreError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::slots::{self, Slot};

const BEGIN: &str = "begin isolation level repeatable read read only";

/// The longest that a statement may run (P10). The limit is set in the transaction, which works behind a connection pooler too.
const LIMIT: &str = "set local statement_timeout = '5s'";

const SERVER: &str = "
select current_user::text as role,
       current_setting('server_version') as version,
       current_setting('server_version_num')::int as version_number,
       current_setting('wal_level') as wal_level";

/// The table as the search path of the role finds it, by the same name that a comparison uses.
const TABLE: &str = "
select n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind, c.relpersistence::text as persistence,
       c.relreplident::text as identity, c.reltoastrelid <> 0 as has_toast,
       exists(select
              from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
              where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indnkeyatts = 1 and a.attname = 'id')
           as has_unique_id,
       array(select a.attname::text
             from pg_index i cross join lateral unnest(i.indkey) with ordinality as k (number, place)
             join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
             where i.indrelid = c.oid and i.indisprimary and k.place <= i.indnkeyatts order by k.place) as primary_key,
       array(select a.attname::text
             from pg_index i cross join lateral unnest(i.indkey) with ordinality as k (number, place)
             join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
             where i.indrelid = c.oid and i.indisreplident and k.place <= i.indnkeyatts order by k.place) as identity_index
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.oid = to_regclass($1)";

/// The columns of a table. A domain counts as the type that it is made of, as in Debezium.
const COLUMNS: &str = "
with recursive resolved as (
    select a.attname, a.attnum, a.attnotnull as is_not_null, a.attgenerated <> '' as is_generated, a.atttypid as type, a.atttypmod as modifier
    from pg_attribute a
    where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
    union all
    select r.attname, r.attnum, r.is_not_null or t.typnotnull, r.is_generated, t.typbasetype, t.typtypmod
    from resolved r join pg_type t on t.oid = r.type
    where t.typtype = 'd'
)
select r.attname::text as name, t.typname::text as type_name, t.typtype = 'e' as is_enum, r.modifier,
       format_type(r.type, r.modifier) as declared, r.is_not_null, r.is_generated
from resolved r join pg_type t on t.oid = r.type
where t.typtype <> 'd'
order by r.attnum";

/// The columns are read by way of JSON, because not every version of Postgres has each of them.
const PUBLICATIONS: &str = "
select p.pubname::text as name, p.pubinsert as inserts, p.pubupdate as updates, p.pubdelete as deletes,
       coalesce((to_jsonb(p) ->> 'pubtruncate')::boolean, false) as truncates,
       t.tablename is not null as has_table,
       to_jsonb(t) ->> 'rowfilter' as row_filter,
       array(select jsonb_array_elements_text(
           case when jsonb_typeof(to_jsonb(t) -> 'attnames') = 'array' then to_jsonb(t) -> 'attnames' end)) as columns
from pg_publication p
left join pg_publication_tables t on t.pubname = p.pubname and t.schemaname = $1 and t.tablename = $2
order by p.pubname";

/// What the catalog says.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// The server, and the role that asks it.
    pub server: Server,
    /// The slots of the database.
    pub slots: Vec<Slot>,
    /// `orders`, if the role finds one.
    pub orders: Option<Described>,
    /// `customers`, if the role finds one.
    pub customers: Option<Described>,
}

/// The server, and the role that asks it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Server {
    /// The role that looks for the tables.
    pub role: String,
    /// The version, for people.
    pub version: String,
    /// The version as a number: 150004 is 15.4.
    pub version_number: i32,
    /// The setting `wal_level`: how much the server writes to its log.
    pub wal_level: String,
}

/// A table with everything that is read of it.
#[derive(Debug, Clone)]
pub struct Described {
    /// Its row of `pg_class`.
    pub table: Table,
    /// Its columns, in their order.
    pub columns: Vec<Column>,
    /// Every publication of the database, and whether it has the table.
    pub publications: Vec<Publication>,
}

/// A table.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// `pg_class.relkind`
    pub kind: String,
    /// `pg_class.relpersistence`
    pub persistence: String,
    /// `pg_class.relreplident`
    pub identity: String,
    /// Whether a value can be so long that it is stored out of line.
    pub has_toast: bool,
    /// Whether an index makes sure that no two rows have the same `id`.
    pub has_unique_id: bool,
    /// The columns of the primary key, empty without one.
    pub primary_key: Vec<String>,
    /// The columns of the index that is the replica identity, if one is.
    pub identity_index: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// `pg_type.typname` of its type, domains resolved.
    pub type_name: String,
    /// Whether the type is an enumeration.
    pub is_enum: bool,
    /// `pg_attribute.atttypmod`: precision and scale of a `numeric`.
    pub modifier: i32,
    /// The type as it is declared, for people.
    pub declared: String,
    /// Whether it cannot be null.
    pub is_not_null: bool,
    /// Whether it is `generated always as (..)`.
    pub is_generated: bool,
}

/// A publication, as one table sees it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Publication {
    /// Its name.
    pub name: String,
    /// Whether it publishes inserts.
    pub inserts: bool,
    /// Whether it publishes updates.
    pub updates: bool,
    /// Whether it publishes deletes.
    pub deletes: bool,
    /// Whether it publishes truncates.
    pub truncates: bool,
    /// Whether the table is in it.
    pub has_table: bool,
    /// The condition that a row has to fulfil.
    pub row_filter: Option<String>,
    /// The columns that it publishes; empty where Postgres does not tell.
    pub columns: Vec<String>,
}

/// Reads the catalog of the source over a connection of its own.
///
/// # Errors
/// Why the catalog cannot be read, in words that may name roles and databases, never passwords.
pub async fn read(url: &str, customers: bool) -> Result<Catalog, String> {
    let options: PgConnectOptions = url.parse().map_err(|_may_quote_it| "not a Postgres URL".to_owned())?;
    let mut connection = options.application_name("orderstream check").connect().await.map_err(StoreError::words)?;
    let catalog = ask(&mut connection, customers).await.map_err(StoreError::words)?;
    // The answers are complete. How the connection ends changes nothing.
    drop(connection.close().await);
    Ok(catalog)
}

async fn ask(connection: &mut PgConnection, customers: bool) -> sqlx::Result<Catalog> {
    sqlx::query(BEGIN).execute(&mut *connection).await?;
    sqlx::query(LIMIT).execute(&mut *connection).await?;
    let server = sqlx::query_as(SERVER).fetch_one(&mut *connection).await?;
    let slots = slots::read(connection).await?;
    let orders = describe(connection, "orders").await?;
    let customers = if customers { describe(connection, "customers").await? } else { None };
    Ok(Catalog { server, slots, orders, customers })
}

async fn describe(connection: &mut PgConnection, name: &str) -> sqlx::Result<Option<Described>> {
    let Some(table) = sqlx::query_as::<_, Table>(TABLE).bind(name).fetch_optional(&mut *connection).await? else { return Ok(None) };
    let columns = sqlx::query_as(COLUMNS).bind(name).fetch_all(&mut *connection).await?;
    let publications = sqlx::query_as(PUBLICATIONS).bind(&table.schema).bind(&table.name).fetch_all(&mut *connection).await?;
    Ok(Some(Described { table, columns, publications }))
}

#[cfg(test)]
pub(super) mod examples;

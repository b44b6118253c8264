//! The tables themselves: `pg_class`.

use sqlx::postgres::PgConnection;
use sqlx::postgres::types::Oid;

use super::{Identity, Persistence, Relation, TableName};

/// All tables that neither Postgres nor an extension has made, by name. What an extension has made comes with the extension.
const ALL: &str = "
select n.nspname::text as schema, c.relname::text as name
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_toast%'
    and not exists(select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
order by n.nspname collate \"C\", c.relname collate \"C\"";

/// The wanted tables. A partitioned table has no values itself, so its partitions say whether long ones are stored apart.
const WANTED: &str = "
select c.oid, w.schema, w.name, c.relkind::text as kind, c.relpersistence::text as persistence, c.relreplident::text as identity,
       c.reltoastrelid <> 0 or c.relkind = 'p' and exists(
           select from pg_catalog.pg_partition_tree(c.oid) t join pg_catalog.pg_class leaf on leaf.oid = t.relid where leaf.reltoastrelid <> 0)
           as has_toast,
       root_n.nspname::text as root_schema, root.relname::text as root_name,
       not c.relispartition and exists(select from pg_catalog.pg_inherits i where i.inhrelid = c.oid) as inherits,
       c.relkind = 'r' and exists(select from pg_catalog.pg_inherits i where i.inhparent = c.oid) as is_inherited
from unnest($1::text[], $2::text[]) as w (schema, name)
join pg_catalog.pg_namespace n on n.nspname::text = w.schema
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname::text = w.name and c.relkind in ('r', 'p', 'v', 'm', 'f')
left join pg_catalog.pg_class root on c.relispartition and root.oid = pg_catalog.pg_partition_root(c.oid)
left join pg_catalog.pg_namespace root_n on root_n.oid = root.relnamespace
order by w.schema collate \"C\", w.name collate \"C\"";

/// A row of `pg_class`.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct TableRow {
    pub(super) oid: Oid,
    pub(super) schema: String,
    pub(super) name: String,
    kind: String,
    persistence: String,
    identity: String,
    pub(super) has_toast: bool,
    root_schema: Option<String>,
    root_name: Option<String>,
    inherits: bool,
    is_inherited: bool,
}

pub(super) async fn all(connection: &mut PgConnection) -> sqlx::Result<Vec<TableName>> {
    let rows: Vec<(String, String)> = sqlx::query_as(ALL).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|(schema, table)| TableName { schema, table }).collect())
}

pub(super) async fn wanted(connection: &mut PgConnection, names: &[TableName]) -> sqlx::Result<Vec<TableRow>> {
    let schemas: Vec<&str> = names.iter().map(|name| name.schema.as_str()).collect();
    let tables: Vec<&str> = names.iter().map(|name| name.table.as_str()).collect();
    sqlx::query_as(WANTED).bind(schemas).bind(tables).fetch_all(connection).await
}

impl TableRow {
    pub(super) fn relation(&self) -> Relation {
        if let (Some(schema), Some(table)) = (&self.root_schema, &self.root_name) {
            return Relation::Partition { root: TableName::new(schema, table) };
        }
        match self.kind.as_str() {
            "p" => Relation::Partitioned,
            "r" if self.inherits => Relation::Inherits,
            "r" if self.is_inherited => Relation::Inherited,
            "r" => Relation::Plain,
            _ => Relation::NoTable,
        }
    }

    pub(super) fn persistence(&self) -> Persistence {
        match self.persistence.as_str() {
            "p" => Persistence::Logged,
            "t" => Persistence::Temporary,
            _ => Persistence::Unlogged,
        }
    }

    pub(super) fn identity(&self) -> Identity {
        match self.identity.as_str() {
            "f" => Identity::Full,
            "i" => Identity::Index,
            "n" => Identity::Nothing,
            _ => Identity::Default,
        }
    }
}

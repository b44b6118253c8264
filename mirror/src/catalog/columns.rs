//! The columns: `pg_attribute` and `pg_attrdef`.

use std::sync::Arc;

use sqlx::postgres::PgConnection;
use sqlx::postgres::types::Oid;

use super::type_rows::Types;
use super::types::{Typed, qualified};
use super::{Column, Generated, IdentityColumn};

/// The columns of all wanted tables. No function of Postgres tells whether a default is volatile, and a function that Postgres brings along
/// is no dependency of a default. So the numbers of the functions come from the stored expression.
const COLUMNS: &str = r"
select a.attrelid as relation, a.attname::text as name, a.attnum, a.atttypid as type, a.atttypmod as modifier,
       pg_catalog.format_type(a.atttypid, a.atttypmod) as declared,
       a.attcollation as collation, cn.nspname::text as collation_schema, co.collname::text as collation_name,
       a.attnotnull as not_null, a.attgenerated::text as generated, a.attidentity::text as identity,
       a.attlen = -1 and a.attstorage <> 'p' as may_be_apart,
       case when a.atthasmissing then pg_catalog.array_to_string(a.attmissingval, '') end as missing,
       pg_catalog.pg_get_expr(d.adbin, d.adrelid) as default_expression,
       a.attidentity <> '' or a.attgenerated = '' and d.adbin is not null and exists(
           select from pg_catalog.regexp_matches(d.adbin::text, ':(?:funcid|opfuncid) (\d+)', 'g') as f (match)
           join pg_catalog.pg_proc p on p.oid = f.match[1]::oid
           where p.provolatile = 'v') as is_volatile
from pg_catalog.pg_attribute a
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
left join pg_catalog.pg_collation co on co.oid = a.attcollation
left join pg_catalog.pg_namespace cn on cn.oid = co.collnamespace
where a.attrelid = any($1) and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum";

/// A row of `pg_attribute`.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct ColumnRow {
    pub(super) relation: Oid,
    name: String,
    attnum: i16,
    #[sqlx(rename = "type")]
    type_: Oid,
    modifier: i32,
    declared: String,
    collation: Oid,
    collation_schema: Option<String>,
    collation_name: Option<String>,
    not_null: bool,
    generated: String,
    identity: String,
    may_be_apart: bool,
    missing: Option<String>,
    default_expression: Option<String>,
    is_volatile: bool,
}

pub(super) async fn of(connection: &mut PgConnection, tables: &[Oid]) -> sqlx::Result<Vec<ColumnRow>> {
    sqlx::query_as(COLUMNS).bind(tables).fetch_all(connection).await
}

impl ColumnRow {
    /// The column; `None` if its type is not among `types`.
    pub(super) fn into_column(self, types: &Types) -> Option<Column> {
        let (type_, own) = types.get(&self.type_)?;
        let type_ = Typed { type_: Arc::clone(type_), modifier: self.modifier, declared: self.declared.clone() };
        let collation = self.collation_schema.filter(|_| *own != self.collation).zip(self.collation_name);
        Some(Column {
            name: self.name,
            attnum: self.attnum,
            sql_type: self.declared,
            type_,
            collation: collation.map(|(schema, name)| qualified(&schema, &name)),
            not_null: self.not_null,
            generated: match self.generated.as_str() {
                "s" => Generated::Stored,
                "v" => Generated::Virtual,
                _ => Generated::No,
            },
            identity_column: match self.identity.as_str() {
                "a" => IdentityColumn::Always,
                "d" => IdentityColumn::ByDefault,
                _ => IdentityColumn::No,
            },
            may_be_apart: self.may_be_apart,
            missing: self.missing,
            default: self.default_expression,
            default_is_volatile: self.is_volatile,
        })
    }
}

//! The attributes of composite types: `pg_attribute` once more.

use std::collections::HashMap;

use sqlx::postgres::PgConnection;
use sqlx::postgres::types::Oid;

use super::types::qualified;

const ATTRIBUTES: &str = "
select a.attrelid as relation, a.attname::text as name, a.atttypid as type, a.atttypmod as modifier,
       pg_catalog.format_type(a.atttypid, a.atttypmod) as declared,
       a.attcollation as collation, n.nspname::text as collation_schema, o.collname::text as collation_name
from pg_catalog.pg_attribute a
left join pg_catalog.pg_collation o on o.oid = a.attcollation
left join pg_catalog.pg_namespace n on n.oid = o.collnamespace
where a.attrelid = any($1) and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum";

/// An attribute whose type is a number yet.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct AttributeRow {
    relation: Oid,
    pub(super) name: String,
    #[sqlx(rename = "type")]
    pub(super) type_: Oid,
    pub(super) modifier: i32,
    pub(super) declared: String,
    collation: Oid,
    collation_schema: Option<String>,
    collation_name: Option<String>,
}

/// The attributes of each composite type, by the number of its row of `pg_class`.
pub(super) async fn of(connection: &mut PgConnection, relations: &[Oid]) -> sqlx::Result<HashMap<Oid, Vec<AttributeRow>>> {
    let rows: Vec<AttributeRow> = sqlx::query_as(ATTRIBUTES).bind(relations).fetch_all(connection).await?;
    let mut attributes: HashMap<Oid, Vec<AttributeRow>> = HashMap::new();
    for row in rows {
        attributes.entry(row.relation).or_default().push(row);
    }
    Ok(attributes)
}

impl AttributeRow {
    /// The collation, qualified, unless it is the one that the type has by itself.
    pub(super) fn collation(&self, own: Oid) -> Option<String> {
        let schema = self.collation_schema.as_deref().filter(|_| self.collation != own);
        schema.zip(self.collation_name.as_deref()).map(|(schema, name)| qualified(schema, name))
    }
}

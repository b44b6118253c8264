//! Types and all that they are made of: `pg_type`, `pg_enum` and `pg_range`.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::postgres::PgConnection;
use sqlx::postgres::types::Oid;

use super::attributes::{self, AttributeRow};
use super::types::{Attribute, Extension, Type, TypeKind, Typed, qualified};

/// The types of all columns of the wanted tables, and the types that these are made of. `int2vector` and the like have elements, but are no
/// arrays: an array is the type that its element names as its array.
const TYPES: &str = "
with recursive used (oid) as (
    select distinct a.atttypid from pg_catalog.pg_attribute a where a.attrelid = any($1) and a.attnum > 0 and not a.attisdropped
    union
    select part.oid
    from used u join pg_catalog.pg_type t on t.oid = u.oid
    cross join lateral (
        select e.oid from pg_catalog.pg_type e where e.oid = t.typelem and e.typarray = t.oid
        union all select t.typbasetype where t.typbasetype <> 0
        union all select r.rngsubtype from pg_catalog.pg_range r where r.rngtypid = t.oid
        union all select r.rngtypid from pg_catalog.pg_range r where r.rngmultitypid = t.oid
        union all select a.atttypid from pg_catalog.pg_attribute a
            where t.typrelid <> 0 and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
    ) as part
)
select t.oid, n.nspname::text as schema, t.typname::text as name, t.typtype::text as kind, t.typcategory::text as category,
       pg_catalog.format_type(t.oid, null) as unmodified, t.typcollation as collation,
       x.extname::text as extension, xn.nspname::text as extension_schema,
       (select e.oid from pg_catalog.pg_type e where e.oid = t.typelem and e.typarray = t.oid) as element,
       nullif(t.typbasetype, 0) as base, t.typtypmod as base_modifier,
       pg_catalog.format_type(nullif(t.typbasetype, 0), t.typtypmod) as base_declared,
       array(select e.enumlabel::text from pg_catalog.pg_enum e where e.enumtypid = t.oid order by e.enumsortorder) as labels,
       nullif(t.typrelid, 0) as relation,
       coalesce((select c.relkind <> 'c' from pg_catalog.pg_class c where c.oid = t.typrelid), false) as of_table,
       r.rngsubtype as subtype, r.rngcanonical::oid <> 0 as is_canonical, m.typname::text as multirange,
       case when r.rngcollation <> st.typcollation then rcn.nspname::text end as range_collation_schema, rc.collname::text as range_collation,
       case when not o.opcdefault then onn.nspname::text end as operator_class_schema, o.opcname::text as operator_class,
       (select mr.rngtypid from pg_catalog.pg_range mr where mr.rngmultitypid = t.oid) as range
from used u join pg_catalog.pg_type t on t.oid = u.oid
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
left join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and d.objid = t.oid and d.deptype = 'e'
left join pg_catalog.pg_extension x on x.oid = d.refobjid
left join pg_catalog.pg_namespace xn on xn.oid = x.extnamespace
left join pg_catalog.pg_range r on r.rngtypid = t.oid
left join pg_catalog.pg_type m on m.oid = r.rngmultitypid
left join pg_catalog.pg_type st on st.oid = r.rngsubtype
left join pg_catalog.pg_collation rc on rc.oid = r.rngcollation
left join pg_catalog.pg_namespace rcn on rcn.oid = rc.collnamespace
left join pg_catalog.pg_opclass o on o.oid = r.rngsubopc
left join pg_catalog.pg_namespace onn on onn.oid = o.opcnamespace";

/// A row of `pg_type` with what belongs to it.
#[derive(Debug, sqlx::FromRow)]
struct TypeRow {
    oid: Oid,
    schema: String,
    name: String,
    kind: String,
    category: String,
    unmodified: String,
    collation: Oid,
    extension: Option<String>,
    extension_schema: Option<String>,
    element: Option<Oid>,
    base: Option<Oid>,
    base_modifier: i32,
    base_declared: Option<String>,
    labels: Vec<String>,
    relation: Option<Oid>,
    of_table: bool,
    subtype: Option<Oid>,
    is_canonical: Option<bool>,
    multirange: Option<String>,
    range_collation_schema: Option<String>,
    range_collation: Option<String>,
    operator_class_schema: Option<String>,
    operator_class: Option<String>,
    range: Option<Oid>,
}

/// The types by their numbers, each with the collation that it has by itself behind its domains; 0 stands for a type without.
pub(super) type Types = HashMap<Oid, (Arc<Type>, Oid)>;

/// What the server has said of types and attributes, and the types that are made of it so far.
struct Making {
    rows: HashMap<Oid, TypeRow>,
    attributes: HashMap<Oid, Vec<AttributeRow>>,
    made: Types,
}

pub(super) async fn of(connection: &mut PgConnection, tables: &[Oid]) -> sqlx::Result<Types> {
    let rows: Vec<TypeRow> = sqlx::query_as(TYPES).bind(tables).fetch_all(&mut *connection).await?;
    let relations: Vec<Oid> = rows.iter().filter_map(|row| row.relation).collect();
    let attributes = if relations.is_empty() { HashMap::new() } else { attributes::of(connection, &relations).await? };
    let numbers: Vec<Oid> = rows.iter().map(|row| row.oid).collect();
    let mut making = Making { rows: rows.into_iter().map(|row| (row.oid, row)).collect(), attributes, made: HashMap::new() };
    for oid in numbers {
        making.make(oid);
    }
    Ok(making.made)
}

impl Making {
    /// Makes a type after those that it is made of. Postgres lets no type contain itself, so that there is an end.
    fn make(&mut self, oid: Oid) -> Option<(Arc<Type>, Oid)> {
        if let Some(made) = self.made.get(&oid) {
            return Some(made.clone());
        }
        // The row is used up, because each type is made once.
        let row = self.rows.remove(&oid)?;
        let inner = row.base.or(row.element).and_then(|inner| self.make(inner));
        let collation = inner.map_or(row.collation, |(_, collation)| collation);
        let extension = row.extension.clone().zip(row.extension_schema.clone()).map(|(name, schema)| Extension { name, schema });
        let kind = self.kind(&row)?;
        let category = row.category.chars().next().unwrap_or('U');
        let type_ = Type { schema: row.schema, name: row.name, unmodified: row.unmodified, category, extension, kind };
        let made = (Arc::new(type_), collation);
        self.made.insert(oid, made.clone());
        Some(made)
    }

    fn type_of(&mut self, oid: Option<Oid>) -> Option<Arc<Type>> {
        self.make(oid?).map(|(type_, _)| type_)
    }

    fn kind(&mut self, row: &TypeRow) -> Option<TypeKind> {
        if row.element.is_some() {
            return Some(TypeKind::Array { element: self.type_of(row.element)? });
        }
        Some(match row.kind.as_str() {
            "e" => TypeKind::Enum { labels: row.labels.clone() },
            "d" => {
                let (type_, declared) = (self.type_of(row.base)?, row.base_declared.clone()?);
                TypeKind::Domain { base: Box::new(Typed { type_, modifier: row.base_modifier, declared }) }
            }
            "c" => TypeKind::Composite { attributes: self.attributes(row)?, of_table: row.of_table },
            "r" => TypeKind::Range {
                subtype: self.type_of(row.subtype)?,
                collation: both(row.range_collation_schema.as_ref(), row.range_collation.as_ref()),
                operator_class: both(row.operator_class_schema.as_ref(), row.operator_class.as_ref()),
                is_canonical: row.is_canonical?,
                multirange: row.multirange.clone()?,
            },
            "m" => TypeKind::Multirange { range: self.type_of(row.range)? },
            "p" => TypeKind::Pseudo,
            _ => TypeKind::Base,
        })
    }

    fn attributes(&mut self, row: &TypeRow) -> Option<Vec<Attribute>> {
        let rows = row.relation.and_then(|relation| self.attributes.remove(&relation)).unwrap_or_default();
        let made = rows.into_iter().map(|row| {
            let (type_, own) = self.make(row.type_)?;
            let collation = row.collation(own);
            Some(Attribute { name: row.name, typed: Typed { type_, modifier: row.modifier, declared: row.declared }, collation })
        });
        made.collect()
    }
}

/// A qualified name, if both parts are there.
fn both(schema: Option<&String>, name: Option<&String>) -> Option<String> {
    schema.zip(name).map(|(schema, name)| qualified(schema, name))
}

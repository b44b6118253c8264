//! What a table is by its events alone, where no catalog tells: by their schemas (`mirror.types = schema`), or by nothing but the names in them
//! (`mirror.types = text`). Nothing is taken from a name or a value.
//!
//! - `connect`: the type of Postgres for a type of Kafka Connect, by its logical name
//! - `propagated`: the type of Postgres that the connector has named (`column.propagate.source.type`)

mod connect;
mod propagated;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Fit, Followed, Names, Unmade, fit};
use crate::catalog::{
    Column, Extension, Generated, Identity, IdentityColumn, KeyFrom, Persistence, Relation, Table, TableName, Type, TypeKind, Typed,
};
use crate::settings::Types;
use crate::value::ConnectType;

/// The table as the schema of its events describes it, with the key of the records; and the columns whose type the schema does not tell, which the table
/// lacks. A key with such a column is none.
#[must_use]
pub fn by_schema(name: &TableName, columns: &[(String, ConnectType)], key: &[String]) -> (Table, Vec<Unmade>) {
    let (mut out, mut unmade) = (Vec::with_capacity(columns.len()), Vec::new());
    for (column, type_) in columns {
        match of_schema(type_) {
            Ok(typed) => out.push((column.clone(), typed)),
            Err(why) => unmade.push(Unmade { column: column.clone(), sql_type: written(type_), why }),
        }
    }
    (table(name, out, key), unmade)
}

/// The table with a text for every column, and `jsonb` for those whose values are objects or arrays, with the key of the record.
#[must_use]
pub fn by_text(name: &TableName, columns: &[(String, bool)], key: &[String]) -> Table {
    let typed = |is_nested: bool| if is_nested { built_in("jsonb", "jsonb", 'U', -1) } else { built_in("text", "text", 'S', -1) };
    table(name, columns.iter().map(|(column, is_nested)| (column.clone(), typed(*is_nested))).collect(), key)
}

/// The type of Postgres for a column of a schema, as SQL writes it; `None` if the schema does not tell.
#[must_use]
pub fn sql_type(type_: &ConnectType) -> Option<String> {
    of_schema(type_).ok().map(|typed| typed.declared)
}

/// The table that is described, as [`evolve`](super::evolve()) compares it with the target's: a column that the target has is as it is there, because an
/// event tells less of it, until its description has become one that the target's type does not hold. A column that the event lacks stays. Columns
/// are known by their names, so that a rename is another column, and have no numbers.
#[must_use]
pub fn compared(described: &Table, target: &Table, followed: &BTreeMap<String, Followed>, names: &Names, types: Types) -> Table {
    let mut columns: Vec<Column> = target.columns.iter().map(|there| both(described, there, followed, names, types)).collect();
    columns.extend(described.columns.iter().filter(|column| target.column(&column.name).is_none()).cloned());
    columns.iter_mut().for_each(|column| column.attnum = 0);
    let of = if described.key.is_empty() { target } else { described };
    let key = of.key_columns().filter_map(|key| columns.iter().position(|column| column.name == key.name)).collect();
    Table { name: described.name.clone(), columns, key, key_from: of.key_from, identity: Identity::Default, ..target.clone() }
}

fn both(described: &Table, there: &Column, followed: &BTreeMap<String, Followed>, names: &Names, types: Types) -> Column {
    let known = followed.get(&there.name).map(|followed| followed.sql_type.clone());
    let Some(column) = described.column(&there.name) else {
        return Column { sql_type: known.unwrap_or_else(|| there.sql_type.clone()), ..there.clone() };
    };
    match known {
        // A text takes every value, so that a null of the first event decides nothing.
        Some(known) if types == Types::Text => Column { sql_type: known, ..there.clone() },
        Some(known) if known != column.sql_type => match fit(&there.type_, &column.type_, names) {
            Fit::Same => Column { sql_type: column.sql_type.clone(), ..there.clone() },
            // An event from before a change, or one whose values the type takes as they are.
            Fit::Holds => Column { sql_type: known, ..there.clone() },
            Fit::Widens | Fit::Differs => Column { generated: there.generated, not_null: there.not_null, ..column.clone() },
        },
        _ => Column { sql_type: column.sql_type.clone(), ..there.clone() },
    }
}

fn of_schema(type_: &ConnectType) -> Result<Typed, String> {
    match type_.propagated() {
        Some(source) => propagated::typed(source, &type_.parameters).map_or_else(|| without_name(source, type_), Ok),
        None => connect::typed(type_),
    }
}

/// A type of the source that is not one of Postgres' own: its values are text if the event says so, and else only the type's own form is right.
fn without_name(source: &str, type_: &ConnectType) -> Result<Typed, String> {
    if type_.is_bytes() {
        return Err(format!(
            "the source's type {} is none of Postgres' own; make the table in the target, set mirror.source_url, or leave the column out",
            source.to_lowercase()
        ));
    }
    connect::typed(type_)
}

/// The type as the schema names it.
fn written(type_: &ConnectType) -> String {
    type_.name.clone().unwrap_or_else(|| type_.type_.clone())
}

fn table(name: &TableName, columns: Vec<(String, Typed)>, key: &[String]) -> Table {
    let columns: Vec<Column> = columns
        .into_iter()
        .map(|(name, type_)| Column {
            not_null: key.contains(&name),
            name,
            // Events do not number the columns.
            attnum: 0,
            sql_type: type_.declared.clone(),
            type_,
            collation: None,
            generated: Generated::No,
            identity_column: IdentityColumn::No,
            may_be_apart: false,
            missing: None,
            default: None,
            default_is_volatile: false,
        })
        .collect();
    let places: Option<Vec<usize>> = key.iter().map(|key| columns.iter().position(|column| column.name == *key)).collect();
    let places = places.unwrap_or_default();
    Table {
        name: name.clone(),
        key_from: if places.is_empty() { KeyFrom::None } else { KeyFrom::Primary },
        key: places,
        columns,
        key_name: None,
        identity: Identity::Default,
        identity_index: Vec::new(),
        kind: Relation::Plain,
        persistence: Persistence::Logged,
        has_toast: true,
        constraints: Vec::new(),
    }
}

/// A type of `pg_catalog`: `typname`, as `format_type` writes it, `typcategory`, `atttypmod`.
fn built_in(name: &str, declared: &str, category: char, modifier: i32) -> Typed {
    let unmodified = declared.split('(').next().unwrap_or(declared).to_owned();
    let type_ =
        Type { schema: "pg_catalog".to_owned(), name: name.to_owned(), unmodified, category, extension: None, kind: TypeKind::Base };
    Typed { type_: Arc::new(type_), modifier, declared: declared.to_owned() }
}

/// A type of an extension, which the target has, or which is made in its schema `public`.
fn of_extension(extension: &str, name: &str, modifier: Option<i32>) -> Typed {
    let (schema, unmodified) = ("public".to_owned(), format!("public.{name}"));
    let declared = modifier.map_or_else(|| unmodified.clone(), |modifier| format!("{unmodified}({modifier})"));
    let extension = Extension { name: extension.to_owned(), schema: schema.clone() };
    let type_ = Type { schema, name: name.to_owned(), unmodified, category: 'U', extension: Some(extension), kind: TypeKind::Base };
    Typed { type_: Arc::new(type_), modifier: modifier.unwrap_or(-1), declared }
}

fn array_of(element: &Typed) -> Typed {
    let type_ = Type {
        schema: element.type_.schema.clone(),
        name: format!("_{}", element.type_.name),
        unmodified: format!("{}[]", element.type_.unmodified),
        category: 'A',
        extension: element.type_.extension.clone(),
        kind: TypeKind::Array { element: Arc::clone(&element.type_) },
    };
    Typed { type_: Arc::new(type_), modifier: element.modifier, declared: format!("{}[]", element.declared) }
}

#[cfg(test)]
mod tests;

//! How the columns of a target's table are written, from its catalog.

use crate::catalog::{Generated, Identity, IdentityColumn, Table, Type, TypeKind, Typed};
use crate::facts::{is_null_if_unchanged, kind};
use crate::layout::Column;
use crate::quote::quote_identifier;
use crate::value::{Kind, Modes};

/// The types whose modifier rounds a value instead of refusing it.
const ROUNDING: [&str; 6] = ["numeric", "time", "timetz", "timestamp", "timestamptz", "interval"];

/// The columns of the table, and behind them those that events have and that nothing is done with.
pub(super) fn of<'n>(
    table: &Table,
    source: Option<&Table>,
    modes: &Modes,
    gone: impl Iterator<Item = &'n str>,
    is_excluded: impl Fn(&str) -> bool,
) -> Vec<Column> {
    let has_old_row = source.is_some_and(|source| source.identity == Identity::Full);
    let there = table.columns.iter().map(|column| Column {
        name: column.name.clone(),
        sql_type: column.sql_type.clone(),
        cast_type: cast_type(&column.type_.type_),
        equals: equals(&column.type_),
        rounds: column.type_.base().modifier >= 0 && ROUNDING.contains(&&*column.type_.base().type_.name),
        is_fixed: column.identity_column == IdentityColumn::Always,
        collation: column.collation.clone(),
        kind: kind(&column.type_),
        null_if_unchanged: !has_old_row && column.may_be_apart && is_null_if_unchanged(&column.type_, modes),
        missing: source.and_then(|source| source.column(&column.name)?.missing.clone()),
        is_kept: column.generated == Generated::No && is_excluded(&column.name),
        written: column.generated == Generated::No && !is_excluded(&column.name),
    });
    let mut columns: Vec<Column> = there.collect();
    for name in gone {
        if !columns.iter().any(|column| column.name == name) {
            let text = || "text".to_owned();
            let equals = "operator(pg_catalog.=)".to_owned();
            columns.push(Column {
                name: name.to_owned(),
                sql_type: text(),
                cast_type: text(),
                equals,
                rounds: false,
                is_fixed: false,
                collation: None,
                kind: Kind::Text,
                null_if_unchanged: false,
                missing: None,
                is_kept: false,
                written: false,
            });
        }
    }
    columns
}

/// Takes values for whatever their JSON is, where nothing tells the types of the source.
pub(super) fn as_is(columns: &mut [Column]) {
    for column in columns.iter_mut().filter(|column| matches!(column.sql_type.as_str(), "text" | "json" | "jsonb")) {
        column.kind = Kind::AsIs;
    }
}

/// The type in a cast that cuts nothing off: `character` and `bit` without a length mean one character and one bit.
pub(crate) fn cast_type(type_: &Type) -> String {
    match (&*type_.schema, &*type_.name) {
        ("pg_catalog", "bpchar") => "bpchar".to_owned(),
        ("pg_catalog", "bit") => "\"bit\"".to_owned(),
        ("pg_catalog", "_bpchar") => "bpchar[]".to_owned(),
        ("pg_catalog", "_bit") => "\"bit\"[]".to_owned(),
        _ => type_.unmodified.clone(),
    }
}

/// The operator that the key's index goes by, which the session does not find by itself where it belongs to an extension.
pub(crate) fn equals(typed: &Typed) -> String {
    let base = &typed.base().type_;
    let schema = if base.extension.is_some() && matches!(base.kind, TypeKind::Base) { &base.schema } else { "pg_catalog" };
    format!("operator({}.=)", quote_identifier(schema))
}

/// Name, number and type of each column, by which a change of the table is seen.
pub(super) fn shape(table: &Table) -> Vec<(String, i16, String)> {
    table.columns.iter().map(|column| (column.name.clone(), column.attnum, column.sql_type.clone())).collect()
}

//! Tables for tests, which are built without a server.

use std::sync::Arc;

use super::{
    Attribute, Column, Extension, Generated, Identity, IdentityColumn, KeyFrom, Persistence, Relation, Table, TableName, Type, TypeKind,
    Typed,
};

/// A table `shop.orders` without key.
pub(crate) fn table(columns: Vec<Column>) -> Table {
    Table {
        name: TableName::new("shop", "orders"),
        columns: columns.into_iter().zip(1..).map(|(column, attnum)| Column { attnum, ..column }).collect(),
        key: Vec::new(),
        key_from: KeyFrom::None,
        key_name: None,
        identity: Identity::Full,
        identity_index: Vec::new(),
        kind: Relation::Plain,
        persistence: Persistence::Logged,
        has_toast: true,
        constraints: Vec::new(),
    }
}

/// The table with a primary key over these columns, which refuse null.
pub(crate) fn keyed(mut table: Table, key: &[&str]) -> Table {
    table.key = key.iter().map(|name| table.columns.iter().position(|column| column.name == *name).unwrap()).collect();
    for &place in &table.key {
        table.columns[place].not_null = true;
    }
    Table { key_from: KeyFrom::Primary, key_name: Some("orders_pkey".to_owned()), ..table }
}

/// A column that may be null.
pub(crate) fn column(name: &str, type_: Typed) -> Column {
    Column {
        name: name.to_owned(),
        attnum: 0,
        sql_type: type_.declared.clone(),
        type_,
        collation: None,
        not_null: false,
        generated: Generated::No,
        identity_column: IdentityColumn::No,
        may_be_apart: false,
        missing: None,
        default: None,
        default_is_volatile: false,
    }
}

fn typed(schema: &str, name: &str, kind: TypeKind) -> Typed {
    let declared = format!("{schema}.{name}");
    let type_ =
        Type { schema: schema.to_owned(), name: name.to_owned(), unmodified: declared.clone(), category: 'U', extension: None, kind };
    Typed { type_: Arc::new(type_), modifier: -1, declared }
}

/// A type of `pg_catalog` as `format_type` writes it, with its modifier.
pub(crate) fn built_in(name: &str, declared: &str, modifier: i32) -> Typed {
    let category = match name {
        "text" | "varchar" | "bpchar" | "name" => 'S',
        _ => 'U',
    };
    let unmodified = declared.split('(').next().unwrap().to_owned();
    let (schema, name) = ("pg_catalog".to_owned(), name.to_owned());
    let type_ = Type { schema, name, unmodified, category, extension: None, kind: TypeKind::Base };
    Typed { type_: Arc::new(type_), modifier, declared: declared.to_owned() }
}

/// `integer`
pub(crate) fn integer() -> Typed {
    built_in("int4", "integer", -1)
}

/// `text`
pub(crate) fn text() -> Typed {
    built_in("text", "text", -1)
}

/// `character varying(length)`
pub(crate) fn varchar(length: i32) -> Typed {
    built_in("varchar", &format!("character varying({length})"), length + 4)
}

/// `numeric(precision,scale)`
pub(crate) fn numeric(precision: i32, scale: i32) -> Typed {
    built_in("numeric", &format!("numeric({precision},{scale})"), ((precision << 16) | scale) + 4)
}

/// An array of the type.
pub(crate) fn array(element: &Typed) -> Typed {
    let type_ = Type {
        schema: element.type_.schema.clone(),
        name: format!("_{}", element.type_.name),
        unmodified: format!("{}[]", element.type_.unmodified),
        category: 'A',
        extension: None,
        kind: TypeKind::Array { element: Arc::clone(&element.type_) },
    };
    Typed { type_: Arc::new(type_), modifier: element.modifier, declared: format!("{}[]", element.declared) }
}

/// An enumeration.
pub(crate) fn enumeration(schema: &str, name: &str, labels: &[&str]) -> Typed {
    typed(schema, name, TypeKind::Enum { labels: labels.iter().map(ToString::to_string).collect() })
}

/// A domain.
pub(crate) fn domain(schema: &str, name: &str, base: &Typed) -> Typed {
    typed(schema, name, TypeKind::Domain { base: Box::new(base.clone()) })
}

/// A composite type.
pub(crate) fn composite(schema: &str, name: &str, attributes: &[(&str, Typed)]) -> Typed {
    let attributes = attributes.iter().map(|(name, typed)| Attribute { name: (*name).to_owned(), typed: typed.clone(), collation: None });
    typed(schema, name, TypeKind::Composite { attributes: attributes.collect(), of_table: false })
}

/// A range and the type of its multirange.
pub(crate) fn range(schema: &str, name: &str, subtype: &Typed) -> (Typed, Typed) {
    let range = typed(
        schema,
        name,
        TypeKind::Range {
            subtype: Arc::clone(&subtype.type_),
            collation: None,
            operator_class: None,
            is_canonical: false,
            multirange: format!("{name}_multi"),
        },
    );
    let multirange = typed(schema, &format!("{name}_multi"), TypeKind::Multirange { range: Arc::clone(&range.type_) });
    (range, multirange)
}

/// A type of an extension, with the text of its modifier.
pub(crate) fn of_extension(extension: &str, schema: &str, name: &str, modifier: &str) -> Typed {
    let plain = typed(schema, name, TypeKind::Base);
    let extension = Extension { name: extension.to_owned(), schema: schema.to_owned() };
    let type_ = Type { extension: Some(extension), ..(*plain.type_).clone() };
    Typed { declared: format!("{}{modifier}", plain.declared), modifier: if modifier.is_empty() { -1 } else { 3 }, type_: Arc::new(type_) }
}

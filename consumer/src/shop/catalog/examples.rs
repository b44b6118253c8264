//! A catalog as the demo shop has it, for tests that change one thing.

use super::*;

/// A column that can be read and is not null.
pub(crate) fn column(name: &str, type_name: &str) -> Column {
    Column {
        name: name.into(),
        type_name: type_name.into(),
        is_enum: false,
        modifier: -1,
        declared: type_name.into(),
        is_not_null: true,
        is_generated: false,
    }
}

/// A table as the contract wants it.
pub(crate) fn described(name: &str, columns: &[(&str, &str)]) -> Described {
    let columns: Vec<Column> = columns.iter().map(|(name, type_name)| column(name, type_name)).collect();
    let publication = Publication {
        name: "orderstream".into(),
        inserts: true,
        updates: true,
        deletes: true,
        truncates: true,
        has_table: true,
        row_filter: None,
        columns: columns.iter().map(|column| column.name.clone()).collect(),
    };
    let table = Table {
        schema: "public".into(),
        name: name.into(),
        kind: "r".into(),
        persistence: "p".into(),
        identity: "f".into(),
        has_toast: true,
        has_unique_id: true,
        primary_key: vec!["id".into()],
        identity_index: Vec::new(),
    };
    Described { table, columns, publications: vec![publication] }
}

/// A source as the contract wants it.
pub(crate) fn catalog() -> Catalog {
    let orders = [
        ("id", "int4"),
        ("customer_id", "varchar"),
        ("product_id", "varchar"),
        ("quantity", "int4"),
        ("price", "numeric"),
        ("status", "varchar"),
        ("created_at", "timestamp"),
        ("updated_at", "timestamp"),
    ];
    let customers = [("id", "varchar"), ("name", "text"), ("email", "text"), ("tier", "text"), ("country", "text")];
    let mut orders = described("orders", &orders);
    // numeric(10,2)
    orders.columns[4].modifier = (10 << 16) + 2 + 4;
    let server = Server { role: "shop".into(), version: "15.4".into(), version_number: 150_004, wal_level: "logical".into() };
    let slot = Slot {
        name: "orderstream".into(),
        is_active: true,
        is_lost: false,
        unread: Some("56 bytes".into()),
        lag_bytes: Some(56),
        retained_bytes: Some(56),
    };
    Catalog { server, slots: vec![slot], orders: Some(orders), customers: Some(described("customers", &customers)) }
}

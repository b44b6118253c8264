//! What the mirror is told: which tables, under which names, and what it may do to the target.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::catalog::TableName;

/// What is done with a table of the target that the mirror did not make and that has foreign keys, triggers or checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Constraints {
    /// The table waits, and `check` names what is in the way.
    Refuse,
    /// Foreign keys and triggers are left aside, as Postgres' own replication does. The role must be allowed to set session_replication_role.
    ReplicaRole,
    /// The constraints stay in force: the operator knows that they hold after each event.
    Trust,
}

/// What is done when the source's table has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evolution {
    /// What adds something is done by itself, anything else waits for `orderstream mirror apply`.
    Additive,
    /// Every change waits for `orderstream mirror apply`.
    Wait,
}

/// Where the types of a table come from that the target lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Types {
    /// The source's catalog.
    #[default]
    Catalog,
    /// The schemas of the events.
    Schema,
    /// Nowhere: every column is a text, or `jsonb` if its values are objects or arrays.
    Text,
}

/// Which tables are mirrored, and under which names.
#[derive(Debug, Clone)]
pub struct Selection {
    /// The schemas of the target by those of the source; a schema that is not named keeps its name.
    pub schemas: BTreeMap<String, String>,
    /// The names in the target by `schema.table` of the source.
    pub tables: BTreeMap<String, String>,
    /// Put before the name of each table that `tables` does not name.
    pub prefix: String,
    /// Tables (`schema.table`) whose events are passed over.
    pub excluded_tables: Vec<String>,
    /// Columns (`schema.table.column`) that are not written.
    pub excluded_columns: Vec<String>,
}

impl Selection {
    /// The name in the target.
    #[must_use]
    pub fn target(&self, source: &TableName) -> TableName {
        let schema = self.schemas.get(&source.schema).unwrap_or(&source.schema);
        let renamed = self.tables.get(&dotted(source));
        TableName::new(schema.clone(), renamed.cloned().unwrap_or_else(|| format!("{}{}", self.prefix, source.table)))
    }

    /// Whether the events of the table are passed over.
    #[must_use]
    pub fn excludes(&self, source: &TableName) -> bool {
        self.excluded_tables.contains(&dotted(source))
    }

    /// Whether a column is not written.
    #[must_use]
    pub fn excludes_column(&self, source: &TableName, column: &str) -> bool {
        self.excluded_columns.contains(&format!("{}.{column}", dotted(source)))
    }
}

/// The name as the configuration writes it.
fn dotted(name: &TableName) -> String {
    format!("{}.{}", name.schema, name.table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_keeps_its_name_unless_the_configuration_says_otherwise() {
        let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let selection = Selection {
            schemas: pairs(&[("public", "copy")]),
            tables: pairs(&[("public.orders", "all_orders")]),
            prefix: "m_".into(),
            excluded_tables: vec!["public.secret".into()],
            excluded_columns: vec!["public.orders.note".into()],
        };
        for (schema, table, target) in [("public", "orders", "copy.all_orders"), ("public", "b", "copy.m_b"), ("x", "orders", "x.m_orders")]
        {
            assert_eq!(dotted(&selection.target(&TableName::new(schema, table))), target);
        }
        let orders = TableName::new("public", "orders");
        assert!(selection.excludes(&TableName::new("public", "secret")) && !selection.excludes(&orders));
        assert!(selection.excludes_column(&orders, "note") && !selection.excludes_column(&orders, "id"));
    }
}

//! The columns whose values do not arrive as the source has them.

use crate::catalog::{Column, Generated, Table, TableName};
use crate::value::Loss;

/// A column whose values do not arrive as the source has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inexact {
    /// The table.
    pub table: TableName,
    /// The column.
    pub column: String,
    /// The type as the source declares it.
    pub sql_type: String,
    /// Whether the column is part of the key, in which case the table cannot be mirrored.
    pub is_key: bool,
    /// What is lost.
    pub loss: Loss,
}

/// The columns of the table that do not arrive exactly. `loss` knows that of a column's type, under the connector's settings. A column that
/// the database computes is computed in the target too, and need not arrive.
pub fn inexact(table: &Table, loss: impl Fn(&Column) -> Option<Loss>) -> Vec<Inexact> {
    let written = table.columns.iter().filter(|column| column.generated == Generated::No);
    let found = written.filter_map(|column| {
        loss(column).map(|loss| Inexact {
            table: table.name.clone(),
            column: column.name.clone(),
            sql_type: column.sql_type.clone(),
            is_key: table.is_key(&column.name),
            loss,
        })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::examples::{column, integer, keyed, table, text};
    use crate::value::Delivery;

    #[test]
    fn an_inexact_column_is_named_unless_the_target_computes_it() {
        let computed = Column { generated: Generated::Stored, ..column("c", text()) };
        let of = keyed(table(vec![column("a", text()), column("b", integer()), computed]), &["a"]);
        let loss = |column: &Column| {
            let loss = Loss { delivery: Delivery::Lossy, what: "The length is lost.", mended_by: None };
            (column.type_.type_.name == "text").then_some(loss)
        };
        let found = inexact(&of, loss);
        assert_eq!(found.iter().map(|found| (found.column.as_str(), found.is_key)).collect::<Vec<_>>(), [("a", true)]);
    }
}

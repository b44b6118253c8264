//! Which columns of a table are compared, which cannot be, and in which way the rows are walked through. Pure.

use serde::Serialize;

use crate::catalog::{Column, Generated, Table};
use crate::plan::Inexact;
use crate::value::Delivery;

/// The types of Postgres whose values every server and every database sorts alike. Texts are not among them: two databases may have two
/// collations, or two versions of one. Labels of an enumeration may stand in another order.
const SORTED_ALIKE: [&str; 23] = [
    "bool",
    "int2",
    "int4",
    "int8",
    "oid",
    "numeric",
    "float4",
    "float8",
    "money",
    "uuid",
    "date",
    "time",
    "timetz",
    "timestamp",
    "timestamptz",
    "interval",
    "bytea",
    "char",
    "name",
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
];

/// A column that is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The column.
    pub column: String,
    /// Why it is not compared, in a sentence or a part of one.
    pub why: String,
}

/// What is compared of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// The columns that are compared, in the order of the source.
    pub columns: Vec<String>,
    /// The columns that are not compared.
    pub left_out: Vec<LeftOut>,
    /// Those of the compared columns of which the plan says that some values do not arrive.
    pub inexact: Vec<String>,
    /// The columns that the source computes.
    pub computed: Vec<String>,
}

/// What is compared of two tables. Excluded columns are not in `source` any more. `null_if_unchanged` are the columns of which an update may say
/// null although nothing has changed.
#[must_use]
pub fn shape(source: &Table, target: &Table, inexact: &[Inexact], null_if_unchanged: &[String]) -> Shape {
    let mut shape = Shape::default();
    for column in &source.columns {
        let name = &column.name;
        let loss = inexact.iter().find(|inexact| inexact.column == *name && !inexact.is_key).map(|inexact| inexact.loss);
        let why = match (target.column(name), loss) {
            (None, _) => Some("the target does not have it yet"),
            (Some(there), _) if column.generated != Generated::No && there.generated == Generated::No => {
                Some("the source computes it, and the target does not")
            }
            (Some(there), _) if column.generated == Generated::No && there.generated != Generated::No => Some("the target computes it"),
            (Some(_), Some(loss)) if loss.delivery != Delivery::Except => Some(loss.what),
            (Some(_), _) => None,
        };
        match why {
            Some(why) => shape.left_out.push(LeftOut { column: name.clone(), why: why.to_owned() }),
            None => shape.columns.push(name.clone()),
        }
        if column.generated != Generated::No {
            shape.computed.push(name.clone());
        }
        if why.is_none() && (loss.is_some() || null_if_unchanged.contains(name)) {
            shape.inexact.push(name.clone());
        }
    }
    shape
}

/// Whether both tables surely have their keys in the same order, so that a range of keys has the same rows in both.
#[must_use]
pub fn is_sorted_alike(source: &[&Column], target: &[&Column]) -> bool {
    let alike = |(source, target): (&&Column, &&Column)| {
        let (one, other) = (&source.type_.base().type_, &target.type_.base().type_);
        let is_c = |column: &Column| matches!(column.collation.as_deref(), Some(r#""pg_catalog"."C""# | r#""pg_catalog"."POSIX""#));
        let is_known = SORTED_ALIKE.contains(&&*one.name) || matches!(&*one.name, "text" | "varchar") && is_c(source) && is_c(target);
        one.is_built_in() && other.is_built_in() && one.name == other.name && is_known
    };
    source.iter().zip(target).all(alike)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::examples::{column, integer, keyed, table, text};
    use crate::value::Loss;

    #[test]
    fn what_cannot_be_compared_is_left_out_and_said() {
        let computed = |name| Column { generated: Generated::Stored, ..column(name, integer()) };
        let names = ["id", "lost", "some", "kept"].into_iter().map(|name| column(name, integer()));
        let source = keyed(table(names.chain([computed("both"), computed("here"), column("late", text())]).collect()), &["id"]);
        let there = ["id", "lost", "some", "kept", "here"].into_iter().map(|name| column(name, integer()));
        let target = table(there.chain([computed("both"), column("own", text())]).collect());
        let inexact = [("lost", Delivery::Lossy), ("some", Delivery::Except)].map(|(name, delivery)| Inexact {
            table: source.name.clone(),
            column: name.to_owned(),
            sql_type: String::new(),
            is_key: false,
            loss: Loss { delivery, what: "It is lost.", mended_by: None },
        });
        let shape = shape(&source, &target, &inexact, &["kept".to_owned()]);
        assert_eq!(shape.columns, ["id", "some", "kept", "both"]);
        assert_eq!((&*shape.inexact, &*shape.computed), (&["some".to_owned(), "kept".into()][..], &["both".to_owned(), "here".into()][..]));
        let left_out: Vec<_> = shape.left_out.iter().map(|left| (left.column.as_str(), left.why.as_str())).collect();
        let expected = [
            ("lost", "It is lost."),
            ("here", "the source computes it, and the target does not"),
            ("late", "the target does not have it yet"),
        ];
        assert_eq!(left_out, expected);
    }

    #[test]
    fn texts_are_sorted_alike_only_by_their_bytes() {
        let (number, word) = (column("a", integer()), column("b", text()));
        let bytes = Column { collation: Some(r#""pg_catalog"."C""#.to_owned()), ..word.clone() };
        assert!(is_sorted_alike(&[&number, &bytes], &[&number, &bytes]));
        assert!(!is_sorted_alike(&[&number, &word], &[&number, &word]) && !is_sorted_alike(&[&bytes], &[&word]));
        assert!(!is_sorted_alike(&[&number], &[&word]));
    }
}

//! Judges the type of a column by what becomes of its values: what Debezium writes for the type, and what the decoder takes
//! (<https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-data-types>).

use super::super::catalog::Column;
use super::Grade;

/// How the decoder reads a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// An integer, the key.
    OrderId,
    /// A text, the key.
    CustomerId,
    /// A text that must be there.
    Product,
    /// A text or null.
    Text,
    /// An integer from 0 to 2147483647.
    Quantity,
    /// A decimal from 0 that fits `numeric(12,2)`.
    Price,
    /// A time or null.
    Time,
}

type Verdict = Option<(Grade, String)>;

/// The verdict on a column that exists; `None` if each of its values is taken as it is.
pub(super) fn judge(reads: Reads, column: &Column) -> Verdict {
    let declared = &column.declared;
    let concern = |what: &str| Some((Grade::Concern, format!("{declared}: {what}")));
    let refused = |what: &str| Some((Grade::Wrong, format!("{declared}: {what}, so every event becomes a dead letter")));
    let by_type = match (reads, column.type_name.as_str()) {
        (Reads::OrderId, "int2" | "int4" | "int8") | (Reads::Quantity, "int2" | "int4") => None,
        (Reads::OrderId, _) => refused("not an integer, and orders are known by integers; have a bigint as key"),
        (Reads::Quantity, "int8") => concern("a quantity above 2147483647 becomes a dead letter; int is enough for all others"),
        (Reads::Quantity, _) => refused("not an integer; use int, for the quantity is a number of pieces"),
        (Reads::Price, name) => price(name, column),
        (Reads::Time, name) => time(name, declared),
        (Reads::CustomerId, "uuid") => concern("`reconcile` cannot compare customers whose id is no text; use text for that"),
        (Reads::CustomerId, _) if column.is_enum => concern("`reconcile` cannot compare customers whose id is no text; use text for that"),
        (Reads::CustomerId | Reads::Product | Reads::Text, "bpchar") => {
            concern("its values end in blanks, which are part of them in events and not in SQL; use varchar or text")
        }
        (Reads::CustomerId | Reads::Product | Reads::Text, name) if is_text(name) || column.is_enum => None,
        (Reads::CustomerId | Reads::Product | Reads::Text, _) => refused("not a type that events write as a text; use text or varchar"),
    };
    let must_be_there = matches!(reads, Reads::Quantity | Reads::Price | Reads::Product);
    if by_type.is_none() && must_be_there && !column.is_not_null {
        return concern("it may be null, and an order with null becomes a dead letter; `set not null`");
    }
    by_type
}

fn is_text(name: &str) -> bool {
    matches!(name, "text" | "varchar" | "citext" | "name" | "uuid" | "json" | "jsonb" | "xml" | "inet" | "cidr" | "macaddr" | "macaddr8")
}

fn price(name: &str, column: &Column) -> Verdict {
    let declared = &column.declared;
    let concern = |what: &str| Some((Grade::Concern, format!("{declared}: {what}")));
    match name {
        "int2" | "int4" => None,
        "int8" => concern("a price from 10000000000 becomes a dead letter; numeric(12,2) holds all others"),
        "numeric" => match numeric(column.modifier) {
            None => concern("a price with more than two decimals or from 10000000000 becomes a dead letter; use numeric(12,2)"),
            Some((_, scale)) if scale > 2 => {
                let what =
                    "a price with more than two decimals becomes a dead letter, and such a column is made for them; use numeric(12,2)";
                Some((Grade::Wrong, format!("{declared}: {what}")))
            }
            Some((precision, scale)) if precision - scale > 10 => {
                concern("a price from 10000000000 becomes a dead letter; use numeric(12,2)")
            }
            Some(_) => None,
        },
        "float4" | "float8" => concern(
            "a price that is no exact number of hundredths becomes a dead letter, and `reconcile` cannot compare it; use numeric(12,2)",
        ),
        "money" => concern("`reconcile` cannot compare it; use numeric(12,2)"),
        "text" | "varchar" => {
            concern("a price that is no decimal number becomes a dead letter, and `reconcile` cannot compare it; use numeric(12,2)")
        }
        _ => Some((Grade::Wrong, format!("{declared}: not a number, so every event becomes a dead letter; use numeric(12,2)"))),
    }
}

/// The precision and the scale of a `numeric`, if they are declared. Since Postgres 15 the scale has eleven bits with a sign
/// (`numeric_typmod_scale` in its source).
fn numeric(modifier: i32) -> Option<(i32, i32)> {
    let packed = modifier.checked_sub(4).filter(|packed| *packed >= 0)?;
    Some(((packed >> 16) & 0xffff, ((packed & 0x7ff) ^ 1024) - 1024))
}

fn time(name: &str, declared: &str) -> Verdict {
    match name {
        "timestamp" | "timestamptz" | "date" => None,
        "int2" | "int4" | "int8" => Some((
            Grade::Concern,
            format!("{declared}: a number is read by source.time_unit, and `reconcile` cannot compare it; use timestamp"),
        )),
        "text" | "varchar" => {
            Some((Grade::Concern, format!("{declared}: a text that is no ISO 8601 time becomes a dead letter; use timestamp")))
        }
        _ => {
            Some((Grade::Wrong, format!("{declared}: no point in time, so events become dead letters or have a wrong time; use timestamp")))
        }
    }
}

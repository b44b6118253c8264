//! Which columns of a row readers see in Redis, in the hash and in the list of the newest orders alike.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use smol_str::SmolStr;

use super::columns;
use crate::enrich::ResultRow;
use crate::order::Timestamp;

/// The value of a column.
pub(super) enum Column<'a> {
    Null,
    Text(&'a str),
    Number(i64),
    Money(Decimal),
    Time(Timestamp),
    Instant(DateTime<Utc>),
}

impl<'a> Column<'a> {
    fn text(value: &'a Option<SmolStr>) -> Self {
        value.as_deref().map_or(Self::Null, Self::Text)
    }

    fn time(value: Option<Timestamp>) -> Self {
        value.map_or(Self::Null, Self::Time)
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Appends the value as text; null appends nothing.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Null => {}
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::Number(number) => columns::integer(out, number),
            Self::Money(amount) => columns::money(out, amount),
            Self::Time(time) => columns::timestamp(out, time),
            Self::Instant(time) => columns::instant(out, time),
        }
    }
}

/// The columns beside the order's id, with their names. `redis/write_orders.lua` has the same names in the same order.
pub(super) fn columns_of(row: &ResultRow) -> [(&'static str, Column<'_>); 14] {
    let customer = &row.customer.customer;
    [
        ("customer_id", Column::Text(&row.customer_id)),
        ("customer_name", Column::text(&customer.name)),
        ("customer_email", Column::text(&customer.email)),
        ("customer_tier", Column::text(&customer.tier)),
        ("customer_country", Column::text(&customer.country)),
        ("product_id", Column::Text(&row.product_id)),
        ("quantity", Column::Number(row.quantity.into())),
        ("price", Column::Money(row.price)),
        ("total", Column::Money(row.total)),
        ("status", Column::Text(&row.status)),
        ("ordered_at", Column::time(row.ordered_at)),
        ("updated_at", Column::time(row.updated_at)),
        ("enrichment", Column::Text(row.enrichment.as_str())),
        ("processed_at", Column::Instant(row.processed_at)),
    ]
}

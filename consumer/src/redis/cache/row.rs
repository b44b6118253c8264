//! The columns of a row that readers see in Redis, in the hash and in the list of the newest orders alike.

use change::value::Timestamp;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use smol_str::SmolStr;

use super::columns;
use super::dump::Name;
use crate::orders::row::ResultRow;

/// The value of a column.
pub(super) enum HashField<'a> {
    Null,
    Text(&'a str),
    Number(i64),
    Money(Decimal),
    Time(Timestamp),
    Instant(DateTime<Utc>),
}

impl<'a> HashField<'a> {
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

static CUSTOMER_ID: Name = Name::new("customer_id");
static CUSTOMER_NAME: Name = Name::new("customer_name");
static CUSTOMER_EMAIL: Name = Name::new("customer_email");
static CUSTOMER_TIER: Name = Name::new("customer_tier");
static CUSTOMER_COUNTRY: Name = Name::new("customer_country");
static PRODUCT_ID: Name = Name::new("product_id");
static QUANTITY: Name = Name::new("quantity");
static PRICE: Name = Name::new("price");
static TOTAL: Name = Name::new("total");
static STATUS: Name = Name::new("status");
static ORDERED_AT: Name = Name::new("ordered_at");
static UPDATED_AT: Name = Name::new("updated_at");
static ENRICHMENT: Name = Name::new("enrichment");
static REFUSED: Name = Name::new("refused");
static PROCESSED_AT: Name = Name::new("processed_at");

/// The names of the columns that [`columns_of`] gives, in its order.
pub(super) static NAMES: [&Name; 15] = [
    &CUSTOMER_ID,
    &CUSTOMER_NAME,
    &CUSTOMER_EMAIL,
    &CUSTOMER_TIER,
    &CUSTOMER_COUNTRY,
    &PRODUCT_ID,
    &QUANTITY,
    &PRICE,
    &TOTAL,
    &STATUS,
    &ORDERED_AT,
    &UPDATED_AT,
    &ENRICHMENT,
    &REFUSED,
    &PROCESSED_AT,
];

/// The columns of a row as the hash has them: the name, and the text unless the column is null.
#[must_use]
pub fn texts_of(row: &ResultRow) -> Vec<(&'static str, Option<String>)> {
    let text = |field: &HashField<'_>| {
        let mut out = Vec::new();
        field.write(&mut out);
        (!field.is_null()).then(|| String::from_utf8_lossy(&out).into_owned())
    };
    columns_of(row).iter().map(|(name, field)| (name.as_str(), text(field))).collect()
}

/// The columns beside the order's id, with their names. `redis/write_orders.lua` has the same names in the same order.
pub(super) fn columns_of(row: &ResultRow) -> [(&'static Name, HashField<'_>); 15] {
    let customer = &row.customer.customer;
    [
        (&CUSTOMER_ID, HashField::text(&row.customer_id)),
        (&CUSTOMER_NAME, HashField::text(&customer.name)),
        (&CUSTOMER_EMAIL, HashField::text(&customer.email)),
        (&CUSTOMER_TIER, HashField::text(&customer.tier)),
        (&CUSTOMER_COUNTRY, HashField::text(&customer.country)),
        (&PRODUCT_ID, HashField::Text(&row.product_id)),
        (&QUANTITY, HashField::Number(row.quantity.into())),
        (&PRICE, HashField::Money(row.price)),
        (&TOTAL, HashField::Money(row.total)),
        (&STATUS, HashField::text(&row.status)),
        (&ORDERED_AT, HashField::time(row.ordered_at)),
        (&UPDATED_AT, HashField::time(row.updated_at)),
        (&ENRICHMENT, HashField::Text(row.enrichment.as_str())),
        (&REFUSED, HashField::text(&row.refused)),
        (&PROCESSED_AT, HashField::Instant(row.processed_at)),
    ]
}

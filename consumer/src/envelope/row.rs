//! A row's columns to an order or a customer.

use serde::Deserialize;
use serde_json::value::RawValue;
use smol_str::SmolStr;

use super::TimeUnit;
use super::decimal;
use super::field::{Field, Kind};
use super::json::{self, Object};
use super::schema::Schema;
use super::time;
use crate::order::{Customer, Order, Text};
use crate::rejection::{Reason, Rejection, Stage};

/// What stands in the place of a TOAST value that did not change
/// (<https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-toasted-values>).
const UNAVAILABLE: &str = "__debezium_unavailable_value";

/// The status of an order whose row has none: the default of the source's column.
const DEFAULT_STATUS: &str = "pending";

/// The columns of either table, unread; other columns are passed over, so that the shop may add some.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct Row<'a> {
    #[serde(skip)]
    place: &'static str,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    customer_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    product_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    quantity: Option<&'a RawValue>,
    #[serde(borrow, default)]
    price: Option<&'a RawValue>,
    #[serde(borrow, default)]
    status: Option<&'a RawValue>,
    #[serde(borrow, default)]
    created_at: Option<&'a RawValue>,
    #[serde(borrow, default)]
    updated_at: Option<&'a RawValue>,
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    email: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tier: Option<&'a RawValue>,
    #[serde(borrow, default)]
    country: Option<&'a RawValue>,
}

/// The row before the event, which has the unchanged TOAST values if the table's replica identity is full.
///
/// Kept unread: hardly any event needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before<'a>(pub(super) Option<&'a RawValue>);

/// Picks a column of a row.
type Column<'a> = fn(&Row<'a>) -> Option<&'a RawValue>;

impl<'a> Row<'a> {
    /// The row with the name of the object that holds it, for messages.
    pub(super) fn at(self, place: &'static str) -> Self {
        Self { place, ..self }
    }

    /// The column `id`.
    pub(super) fn id(&self) -> Field<'a> {
        self.field("id", self.id)
    }

    fn field(&self, name: &'static str, raw: Option<&'a RawValue>) -> Field<'a> {
        Field { place: self.place, name, raw }
    }

    /// The order that the row is.
    pub(super) fn order(
        &self,
        before: Before<'a>,
        schema: Schema<'a>,
        decimal_scale: Option<u32>,
        time_unit: TimeUnit,
    ) -> Result<Order, Rejection> {
        let quantity = self.field("quantity", self.quantity);
        let price = self.field("price", self.price);
        let created_at = self.field("created_at", self.created_at);
        let updated_at = self.field("updated_at", self.updated_at);
        let columns = if decimal::needs_schema(price) || created_at.kind() == Kind::Number || updated_at.kind() == Kind::Number {
            schema.columns()?
        } else {
            None
        };

        let count = quantity.integer(0..=i64::from(i32::MAX))?;
        let count = i32::try_from(count).map_err(|_| quantity.mismatch("an integer of 32 bits"))?;
        let price = decimal::price(price, columns.as_ref(), decimal_scale)?;
        let customer_id = self.field("customer_id", self.customer_id);
        let product_id = self.field("product_id", self.product_id);
        Ok(Order {
            customer_id: self.text("customer_id", |row| row.customer_id, before)?.ok_or_else(|| customer_id.missing())?,
            product_id: self.text("product_id", |row| row.product_id, before)?.ok_or_else(|| product_id.missing())?,
            quantity: count,
            price,
            total: decimal::total(count, price)?,
            status: self.text("status", |row| row.status, before)?.unwrap_or_else(|| Text::Value(SmolStr::new_static(DEFAULT_STATUS))),
            ordered_at: time::timestamp(created_at, columns.as_ref(), time_unit)?,
            updated_at: time::timestamp(updated_at, columns.as_ref(), time_unit)?,
        })
    }

    /// The customer that the row is.
    pub(super) fn customer(&self, before: Before<'a>) -> Result<Customer, Rejection> {
        Ok(Customer {
            name: self.whole_text("name", |row| row.name, before)?,
            email: self.whole_text("email", |row| row.email, before)?,
            tier: self.whole_text("tier", |row| row.tier, before)?,
            country: self.whole_text("country", |row| row.country, before)?,
        })
    }

    /// A text column; in the place of an unchanged TOAST value the one that `before` has.
    fn text(&self, name: &'static str, column: Column<'a>, before: Before<'a>) -> Result<Option<Text>, Rejection> {
        match self.field(name, column(self)).optional_text()? {
            Some(text) if text == UNAVAILABLE => Ok(Some(before.text(name, column)?.map_or(Text::Unchanged, Text::Value))),
            text => Ok(text.map(|text| Text::Value(text.into()))),
        }
    }

    /// A text column of a table whose rows are replaced as a whole, so that an unchanged value has to come with the event.
    fn whole_text(&self, name: &'static str, column: Column<'a>, before: Before<'a>) -> Result<Option<SmolStr>, Rejection> {
        match self.text(name, column, before)? {
            None => Ok(None),
            Some(Text::Value(text)) => Ok(Some(text)),
            Some(Text::Unchanged) => {
                let field = self.field(name, None);
                let message = format!("{field}: an unchanged TOAST value was not sent (the table needs REPLICA IDENTITY FULL)");
                Err(Rejection { reason: Reason::UnresolvedToast, stage: Stage::Decode, message })
            }
        }
    }
}

impl<'a> Before<'a> {
    /// The columns, all null if there is no row.
    pub(super) fn row(self) -> Result<Row<'a>, Rejection> {
        let Object::<Row<'_>>(row) = self.0.map(|raw| json::parse("before", raw.get())).transpose()?.unwrap_or_default();
        Ok(row.unwrap_or_default().at("before"))
    }

    /// A value that was stored out of line. An empty one was not: where `before` holds only the replica identity, Debezium fills the other
    /// columns that cannot be null with empty values.
    fn text(self, name: &'static str, column: Column<'a>) -> Result<Option<SmolStr>, Rejection> {
        let row = self.row()?;
        let text = row.field(name, column(&row)).optional_text()?;
        Ok(text.filter(|text| !text.is_empty() && text != UNAVAILABLE).map(SmolStr::from))
    }
}

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

/// The columns of either table, each unread or where in a layout it is; other columns are passed over, so that the shop may add some.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct Cells<V> {
    pub(super) id: Option<V>,
    customer_id: Option<V>,
    product_id: Option<V>,
    quantity: Option<V>,
    price: Option<V>,
    status: Option<V>,
    created_at: Option<V>,
    updated_at: Option<V>,
    name: Option<V>,
    email: Option<V>,
    tier: Option<V>,
    country: Option<V>,
}

impl<V> Cells<V> {
    /// The same columns, each turned into something else.
    pub(super) fn map<W>(self, mut of: impl FnMut(V) -> W) -> Cells<W> {
        Cells {
            id: self.id.map(&mut of),
            customer_id: self.customer_id.map(&mut of),
            product_id: self.product_id.map(&mut of),
            quantity: self.quantity.map(&mut of),
            price: self.price.map(&mut of),
            status: self.status.map(&mut of),
            created_at: self.created_at.map(&mut of),
            updated_at: self.updated_at.map(&mut of),
            name: self.name.map(&mut of),
            email: self.email.map(&mut of),
            tier: self.tier.map(&mut of),
            country: self.country.map(&mut of),
        }
    }
}

/// A row, unread.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// The object that holds it, for messages.
    pub(super) place: &'static str,
    pub(super) cells: Cells<&'a str>,
}

/// The row before the event, which has the unchanged TOAST values if the table's replica identity is full.
///
/// Kept unread: hardly any event needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before<'a>(pub(super) Option<&'a str>);

/// Picks a column of a row.
type Column<'a> = fn(&Cells<&'a str>) -> Option<&'a str>;

impl<'a> Row<'a> {
    /// The column `id`.
    pub(super) fn id(&self) -> Field<'a> {
        self.field("id", self.cells.id)
    }

    fn field(&self, name: &'static str, raw: Option<&'a str>) -> Field<'a> {
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
        let quantity = self.field("quantity", self.cells.quantity);
        let price = self.field("price", self.cells.price);
        let created_at = self.field("created_at", self.cells.created_at);
        let updated_at = self.field("updated_at", self.cells.updated_at);
        let columns = if decimal::needs_schema(price) || created_at.kind() == Kind::Number || updated_at.kind() == Kind::Number {
            schema.columns()?
        } else {
            None
        };

        let count = quantity.integer(0..=i64::from(i32::MAX))?;
        let count = i32::try_from(count).map_err(|_| quantity.mismatch("an integer of 32 bits"))?;
        let price = decimal::price(price, columns.as_ref(), decimal_scale)?;
        let customer_id = self.field("customer_id", self.cells.customer_id);
        let product_id = self.field("product_id", self.cells.product_id);
        Ok(Order {
            customer_id: self.text("customer_id", |cells| cells.customer_id, before)?.ok_or_else(|| customer_id.missing())?,
            product_id: self.text("product_id", |cells| cells.product_id, before)?.ok_or_else(|| product_id.missing())?,
            quantity: count,
            price,
            total: decimal::total(count, price)?,
            status: self.text("status", |cells| cells.status, before)?.unwrap_or_else(|| Text::Value(SmolStr::new_static(DEFAULT_STATUS))),
            ordered_at: time::timestamp(created_at, columns.as_ref(), time_unit)?,
            updated_at: time::timestamp(updated_at, columns.as_ref(), time_unit)?,
        })
    }

    /// The customer that the row is.
    pub(super) fn customer(&self, before: Before<'a>) -> Result<Customer, Rejection> {
        Ok(Customer {
            name: self.whole_text("name", |cells| cells.name, before)?,
            email: self.whole_text("email", |cells| cells.email, before)?,
            tier: self.whole_text("tier", |cells| cells.tier, before)?,
            country: self.whole_text("country", |cells| cells.country, before)?,
        })
    }

    /// A text column; in the place of an unchanged TOAST value the one that `before` has.
    fn text(&self, name: &'static str, column: Column<'a>, before: Before<'a>) -> Result<Option<Text>, Rejection> {
        match self.field(name, column(&self.cells)).optional_text()? {
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
        let Object(cells) = self.0.map(|raw| json::parse::<Object<Cells<&RawValue>>>("before", raw)).transpose()?.unwrap_or_default();
        Ok(Row { place: "before", cells: cells.map(|cells| cells.map(RawValue::get)).unwrap_or_default() })
    }

    /// A value that was stored out of line. An empty one was not: where `before` holds only the replica identity, Debezium fills the other
    /// columns that cannot be null with empty values.
    fn text(self, name: &'static str, column: Column<'a>) -> Result<Option<SmolStr>, Rejection> {
        let row = self.row()?;
        let text = row.field(name, column(&row.cells)).optional_text()?;
        Ok(text.filter(|text| !text.is_empty() && text != UNAVAILABLE).map(SmolStr::from))
    }
}

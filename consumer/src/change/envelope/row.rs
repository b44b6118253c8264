//! A row's columns to an order or a customer.

use serde::Deserialize;
use serde_json::value::RawValue;
use smol_str::SmolStr;

use super::TimeUnit;
use super::decimal;
use super::field::{Field, Kind};
use super::json::{self, Object, present};
use super::schema::Schema;
use super::time;
use crate::change::rejection::{Reason, Rejection, Stage};
use crate::orders::absent::{Column, Columns};
use crate::orders::customer::CustomerRow;
use crate::orders::order::{Order, Text};

/// What stands in the place of a TOAST value that did not change
/// (<https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-toasted-values>).
const UNAVAILABLE: &str = "__debezium_unavailable_value";

/// The columns of either table, each unread or where in a layout it is; none is absent, `null` is a value like others. Other columns are passed over,
/// so that the shop may add some.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(bound(deserialize = "V: Deserialize<'de>"))]
pub(super) struct Cells<V> {
    #[serde(default, deserialize_with = "present")]
    pub(super) id: Option<V>,
    #[serde(default, deserialize_with = "present")]
    customer_id: Option<V>,
    #[serde(default, deserialize_with = "present")]
    product_id: Option<V>,
    #[serde(default, deserialize_with = "present")]
    quantity: Option<V>,
    #[serde(default, deserialize_with = "present")]
    price: Option<V>,
    #[serde(default, deserialize_with = "present")]
    status: Option<V>,
    #[serde(default, deserialize_with = "present")]
    created_at: Option<V>,
    #[serde(default, deserialize_with = "present")]
    updated_at: Option<V>,
    #[serde(default, deserialize_with = "present")]
    name: Option<V>,
    #[serde(default, deserialize_with = "present")]
    email: Option<V>,
    #[serde(default, deserialize_with = "present")]
    tier: Option<V>,
    #[serde(default, deserialize_with = "present")]
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
type Pick<'a> = fn(&Cells<&'a str>) -> Option<&'a str>;

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

        // Their number is what the order is about: with nothing to multiply there is no total, and no stored value stands in.
        for field in [quantity, price] {
            if field.raw.is_none() {
                return Err(field.absent());
            }
        }
        let count = quantity.integer(0..=i64::from(i32::MAX))?;
        let count = i32::try_from(count).map_err(|_| quantity.mismatch("an integer of 32 bits"))?;
        let price = decimal::price(price, columns.as_ref(), decimal_scale)?;
        let product_id = self.text(Column::ProductId, |cells| cells.product_id, before)?;
        if product_id == Text::Null {
            return Err(self.field("product_id", self.cells.product_id).missing());
        }
        Ok(Order {
            customer_id: self.text(Column::CustomerId, |cells| cells.customer_id, before)?,
            product_id,
            quantity: count,
            price,
            total: decimal::total(count, price)?,
            status: self.text(Column::Status, |cells| cells.status, before)?,
            ordered_at: time::timestamp(created_at, columns.as_ref(), time_unit)?,
            updated_at: time::timestamp(updated_at, columns.as_ref(), time_unit)?,
            absent: self.absent_of_an_order(),
        })
    }

    fn absent_of_an_order(&self) -> Columns {
        Columns::default()
            .with(Column::CustomerId, self.cells.customer_id.is_none())
            .with(Column::ProductId, self.cells.product_id.is_none())
            .with(Column::Status, self.cells.status.is_none())
            .with(Column::CreatedAt, self.cells.created_at.is_none())
            .with(Column::UpdatedAt, self.cells.updated_at.is_none())
    }

    /// The customer that the row is.
    pub(super) fn customer(&self, before: Before<'a>) -> Result<CustomerRow, Rejection> {
        Ok(CustomerRow {
            name: self.whole_text(Column::Name, |cells| cells.name, before)?,
            email: self.whole_text(Column::Email, |cells| cells.email, before)?,
            tier: self.whole_text(Column::Tier, |cells| cells.tier, before)?,
            country: self.whole_text(Column::Country, |cells| cells.country, before)?,
            stored: None,
        })
    }

    /// A text column; in the place of an unchanged TOAST value the one that `before` has.
    fn text(&self, column: Column, pick: Pick<'a>, before: Before<'a>) -> Result<Text, Rejection> {
        let field = self.field(column.as_str(), pick(&self.cells));
        if field.raw.is_none() {
            return Ok(Text::Unchanged);
        }
        Ok(match field.optional_text()? {
            None => Text::Null,
            Some(text) if text == UNAVAILABLE => before.text(column, pick)?.map_or(Text::Unchanged, Text::Value),
            Some(text) => Text::Value(text.into()),
        })
    }

    /// A text column of a customer: an unchanged value has to come with the event, for the topic is compacted and this event may be all that is
    /// left of the customer. A column that no event has any more can only stay as it is stored.
    fn whole_text(&self, column: Column, pick: Pick<'a>, before: Before<'a>) -> Result<Text, Rejection> {
        let text = self.text(column, pick, before)?;
        let field = self.field(column.as_str(), pick(&self.cells));
        if text == Text::Unchanged && field.raw.is_some() {
            let message = format!("{field}: an unchanged TOAST value was not sent (the table needs REPLICA IDENTITY FULL)");
            return Err(Rejection { reason: Reason::UnresolvedToast, stage: Stage::Decode, message });
        }
        Ok(text)
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
    fn text(self, column: Column, pick: Pick<'a>) -> Result<Option<SmolStr>, Rejection> {
        let row = self.row()?;
        let text = row.field(column.as_str(), pick(&row.cells)).optional_text()?;
        Ok(text.filter(|text| !text.is_empty() && text != UNAVAILABLE).map(SmolStr::from))
    }
}

//! Decodes records to changes of orders and of customers. The functions are pure.

use change::effect::{Change, Effect};
use change::envelope::{
    Action, Before, Event, EventReader, Field, Format, Json, Layouts, Names, Row, Schema, TimeUnit, id_of_key, needs_schema, timestamp,
};
use change::position::{Origin, Position};
use change::record::Record;
use change::rejection::{Reason, Rejection, Stage};
use change::value::Text;
use smol_str::SmolStr;

use super::absent::{ColumnSet, ContractColumn};
use super::customer::{CustomerChange, CustomerRow};
use super::order::{Order, OrderChange};
use super::price::{price, total};

/// The columns of `orders` that count, the id first.
const ORDER: Names<'static> = &[
    SmolStr::new_static("id"),
    SmolStr::new_static("customer_id"),
    SmolStr::new_static("product_id"),
    SmolStr::new_static("quantity"),
    SmolStr::new_static("price"),
    SmolStr::new_static("status"),
    SmolStr::new_static("created_at"),
    SmolStr::new_static("updated_at"),
];
/// The columns of `customers` that count, the id first.
const CUSTOMER: Names<'static> = &[
    SmolStr::new_static("id"),
    SmolStr::new_static("name"),
    SmolStr::new_static("email"),
    SmolStr::new_static("tier"),
    SmolStr::new_static("country"),
];

/// Reads the events of one source.
#[derive(Debug, Clone)]
pub struct Decoder {
    /// The shape of the values.
    pub format: Format,
    /// The operator's `source.epoch`, which each position carries.
    pub epoch: i32,
    /// The setting `source.decimal_scale`. If it is set, a price without a schema is base64 with this many decimals.
    pub decimal_scale: Option<u32>,
    /// The setting `source.time_unit`.
    pub time_unit: TimeUnit,
    /// The setting `source.max_record_bytes`. A larger record is rejected unread.
    pub max_record_bytes: usize,
}

/// What a record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded<C> {
    /// A change of a row.
    Change(C),
    /// The table was emptied: every older row is gone.
    Truncate(Position),
    /// There is nothing to do: a tombstone, a heartbeat, a logical message.
    Ignored,
}

impl Decoder {
    /// Reads an event of `orders`.
    ///
    /// # Errors
    /// The reason why the record can never be processed.
    pub fn order(&self, record: &Record) -> Result<Decoded<OrderChange>, Rejection> {
        self.order_of(self.reader().event(record, ORDER, None)?)
    }

    /// Does the same as [`Self::order`], but faster for events that look like earlier ones with the same `layouts`.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub fn order_among(&self, record: &Record, layouts: &mut Layouts) -> Result<Decoded<OrderChange>, Rejection> {
        self.order_of(self.reader().event(record, ORDER, Some(layouts))?)
    }

    fn order_of(&self, event: Option<Event<'_>>) -> Result<Decoded<OrderChange>, Rejection> {
        let Some(event) = event else { return Ok(Decoded::Ignored) };
        if matches!(event.action, Action::Truncate) {
            return truncate(event.position);
        }
        let id = event.id(Field::bigint)?;
        let effect = match event.action {
            Action::Put { after, before } => Effect::Put(self.order_row(&after, before, event.schema)?),
            Action::Delete { .. } | Action::Truncate => Effect::Delete,
        };
        Ok(Decoded::Change(Change { id, effect, position: event.position }))
    }

    /// The order that the key names, even if the value cannot be read, for people who look for a dead letter.
    #[must_use]
    pub fn order_of_key(&self, record: &Record) -> Option<i64> {
        id_of_key(record)?.bigint().ok()
    }

    /// The position of an order's event, even if its row cannot be read.
    #[must_use]
    pub fn position(&self, record: &Record) -> Position {
        self.reader().position(record, ORDER)
    }

    /// The customer that the key names.
    #[must_use]
    pub fn customer_of_key(&self, record: &Record) -> Option<String> {
        Some(id_of_key(record)?.text().ok()?.into_owned())
    }

    /// Reads an event of `customers`.
    ///
    /// # Errors
    /// The reason why the record can never be processed.
    pub fn customer(&self, record: &Record) -> Result<Decoded<CustomerChange>, Rejection> {
        let Some(event) = self.reader().event(record, CUSTOMER, None)? else { return Ok(Decoded::Ignored) };
        if matches!(event.action, Action::Truncate) {
            return Err(Rejection::unsupported("op: the table was truncated, which names no row; delete the customers row by row instead"));
        }
        let id = event.id(Field::text)?.into_owned();
        let effect = match event.action {
            Action::Put { after, before } => Effect::Put(customer_row(&after, before)?),
            Action::Delete { .. } | Action::Truncate => Effect::Delete,
        };
        Ok(Decoded::Change(Change { id, effect, position: event.position }))
    }

    fn reader(&self) -> EventReader {
        EventReader { format: self.format, epoch: self.epoch, max_record_bytes: self.max_record_bytes }
    }

    fn order_row<'a>(&self, row: &Row<'a>, before: Before<'a>, schema: Schema<'a>) -> Result<Order, Rejection> {
        let [_, customer_id, product_id, quantity, amount, status, created_at, updated_at] = std::array::from_fn(|at| row.field(at));
        let is_number = |field: Field<'_>| field.kind() == Json::Number;
        let columns = if needs_schema(amount) || is_number(created_at) || is_number(updated_at) { schema.columns()? } else { None };

        // An event must have quantity and price: without them there is no total, and no stored value stands in for them.
        for field in [quantity, amount] {
            if field.raw.is_none() {
                return Err(field.absent());
            }
        }
        let count = quantity.integer(0..=i64::from(i32::MAX))?;
        let count = i32::try_from(count).map_err(|_| quantity.mismatch("an integer of 32 bits"))?;
        let price = price(amount, columns.as_ref(), self.decimal_scale)?;
        let product = row.text(2, before)?;
        if product == Text::Null {
            return Err(product_id.missing());
        }
        Ok(Order {
            customer_id: row.text(1, before)?,
            product_id: product,
            quantity: count,
            price,
            total: total(count, price)?,
            status: row.text(5, before)?,
            ordered_at: timestamp(created_at, columns.as_ref(), self.time_unit)?,
            updated_at: timestamp(updated_at, columns.as_ref(), self.time_unit)?,
            absent: ColumnSet::default()
                .with(ContractColumn::CustomerId, customer_id.raw.is_none())
                .with(ContractColumn::ProductId, product_id.raw.is_none())
                .with(ContractColumn::Status, status.raw.is_none())
                .with(ContractColumn::CreatedAt, created_at.raw.is_none())
                .with(ContractColumn::UpdatedAt, updated_at.raw.is_none()),
        })
    }
}

fn customer_row<'a>(row: &Row<'a>, before: Before<'a>) -> Result<CustomerRow, Rejection> {
    Ok(CustomerRow {
        name: whole_text(row, 1, before)?,
        email: whole_text(row, 2, before)?,
        tier: whole_text(row, 3, before)?,
        country: whole_text(row, 4, before)?,
        stored: None,
    })
}

/// Reads a text column of a customer. An unchanged value has to come with the event, because the topic is compacted and this event may be
/// all that is left of the customer. A column that no event has any more can only stay as it is stored.
fn whole_text<'a>(row: &Row<'a>, at: usize, before: Before<'a>) -> Result<Text, Rejection> {
    let (field, text) = (row.field(at), row.text(at, before)?);
    if text == Text::Unchanged && field.raw.is_some() {
        let message = format!("{field}: an unchanged TOAST value was not sent (the table needs REPLICA IDENTITY FULL)");
        return Err(Rejection { reason: Reason::UnresolvedToast, stage: Stage::Decode, message });
    }
    Ok(text)
}

/// The position of a truncate. Only the log tells what is older than a truncate, so a truncate without a position in the log is refused.
fn truncate<C>(position: Position) -> Result<Decoded<C>, Rejection> {
    if position.kind == Origin::Stream && position.lsn.is_some() {
        return Ok(Decoded::Truncate(position));
    }
    Err(Rejection::unsupported("op: the table was truncated, and source does not say where in the log"))
}

#[cfg(test)]
mod tests;

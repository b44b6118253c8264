//! Rows as columns: each statement takes one array per column, so that a batch of any size is one statement and one plan.

use ledger::arrays::Array;
use sqlx::error::BoxDynError;

use super::numeric::Money;
use super::timestamp::Time;
use crate::orders::enrich::Enrichment;
use crate::orders::order::Order;
use crate::orders::write::Put;

/// The columns of orders.
#[derive(Debug)]
pub(super) struct Orders<'a> {
    pub(super) order_id: Array<i64>,
    pub(super) customer_id: Array<Option<&'a str>>,
    pub(super) customer_name: Array<Option<&'a str>>,
    pub(super) customer_email: Array<Option<&'a str>>,
    pub(super) customer_tier: Array<Option<&'a str>>,
    pub(super) customer_country: Array<Option<&'a str>>,
    pub(super) product_id: Array<&'a str>,
    pub(super) quantity: Array<i32>,
    pub(super) price: Array<Money>,
    pub(super) total: Array<Money>,
    pub(super) status: Array<Option<&'a str>>,
    pub(super) ordered_at: Array<Option<Time>>,
    pub(super) updated_at: Array<Option<Time>>,
    pub(super) enrichment: Array<&'static str>,
    pub(super) customer_version: Array<Option<&'a str>>,
}

impl<'a> Orders<'a> {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self {
            order_id: Array::with_capacity(rows),
            customer_id: Array::with_capacity(rows),
            customer_name: Array::with_capacity(rows),
            customer_email: Array::with_capacity(rows),
            customer_tier: Array::with_capacity(rows),
            customer_country: Array::with_capacity(rows),
            product_id: Array::with_capacity(rows),
            quantity: Array::with_capacity(rows),
            price: Array::with_capacity(rows),
            total: Array::with_capacity(rows),
            status: Array::with_capacity(rows),
            ordered_at: Array::with_capacity(rows),
            updated_at: Array::with_capacity(rows),
            enrichment: Array::with_capacity(rows),
            customer_version: Array::with_capacity(rows),
        }
    }

    /// Adds an order. `filled` is the same order completed with what its event leaves out.
    pub(super) fn push(&mut self, put: &'a Put, filled: Option<&'a Order>) -> Result<(), BoxDynError> {
        let (order, customer) = (filled.unwrap_or(&put.enriched.order), &put.enriched.customer);
        let customer_id = order.customer_id.value();
        // The stored row may say that this is a guest's order where the event leaves the customer out.
        let enrichment = if customer_id.is_none() { Enrichment::None } else { put.enriched.enrichment };
        self.order_id.push(put.order_id)?;
        self.customer_id.push(customer_id)?;
        self.customer_name.push(customer.customer.name.as_deref())?;
        self.customer_email.push(customer.customer.email.as_deref())?;
        self.customer_tier.push(customer.customer.tier.as_deref())?;
        self.customer_country.push(customer.customer.country.as_deref())?;
        self.product_id.push(order.product_id.value().unwrap_or_default())?;
        self.quantity.push(order.quantity)?;
        self.price.push(Money(order.price))?;
        self.total.push(Money(order.total))?;
        self.status.push(order.status.value())?;
        self.ordered_at.push(order.ordered_at.map(Time))?;
        self.updated_at.push(order.updated_at.map(Time))?;
        self.enrichment.push(enrichment.as_str())?;
        self.customer_version.push(customer.version.as_deref())
    }
}

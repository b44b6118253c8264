//! Rows as columns: each statement takes one array per column, so that a batch of any size is one statement and one plan.

use sqlx::error::BoxDynError;

use super::column::Column;
use super::numeric::Money;
use super::timestamp::Time;
use crate::orders::enrich::Enrichment;
use crate::orders::order::Order;
use crate::orders::write::Put;
use change::position::{Kind, Position};

/// The columns of positions.
#[derive(Debug)]
pub(super) struct Positions {
    pub(super) epoch: Column<i32>,
    pub(super) partition: Column<i32>,
    pub(super) offset: Column<i64>,
    pub(super) kind: Column<i8>,
    pub(super) commit: Column<Option<i64>>,
    pub(super) lsn: Column<Option<i64>>,
    pub(super) source_ms: Column<Option<i64>>,
}

impl Positions {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self {
            epoch: Column::with_capacity(rows),
            partition: Column::with_capacity(rows),
            offset: Column::with_capacity(rows),
            kind: Column::with_capacity(rows),
            commit: Column::with_capacity(rows),
            lsn: Column::with_capacity(rows),
            source_ms: Column::with_capacity(rows),
        }
    }

    pub(super) fn push(&mut self, position: &Position) -> Result<(), BoxDynError> {
        self.epoch.push(position.epoch)?;
        self.partition.push(position.partition)?;
        self.offset.push(position.offset)?;
        self.kind.push(kind_code(position.kind))?;
        self.commit.push(position.commit)?;
        self.lsn.push(position.lsn)?;
        self.source_ms.push(position.ts_ms)
    }
}

/// The kind that [`kind_code`] stored; what nobody stored says nothing.
pub(super) fn kind_of(code: i8) -> Kind {
    [Kind::Snapshot, Kind::Stream, Kind::Incremental, Kind::Tombstone]
        .into_iter()
        .find(|kind| kind_code(*kind) == code)
        .unwrap_or(Kind::Unknown)
}

/// Postgres' `"char"` is a signed byte on the wire.
pub(super) fn kind_code(kind: Kind) -> i8 {
    match kind {
        Kind::Snapshot => b's' as i8,
        Kind::Stream => b'w' as i8,
        Kind::Incremental => b'i' as i8,
        Kind::Unknown => b'u' as i8,
        Kind::Tombstone => b't' as i8,
    }
}

/// The columns of orders.
#[derive(Debug)]
pub(super) struct Orders<'a> {
    pub(super) order_id: Column<i64>,
    pub(super) customer_id: Column<Option<&'a str>>,
    pub(super) customer_name: Column<Option<&'a str>>,
    pub(super) customer_email: Column<Option<&'a str>>,
    pub(super) customer_tier: Column<Option<&'a str>>,
    pub(super) customer_country: Column<Option<&'a str>>,
    pub(super) product_id: Column<&'a str>,
    pub(super) quantity: Column<i32>,
    pub(super) price: Column<Money>,
    pub(super) total: Column<Money>,
    pub(super) status: Column<Option<&'a str>>,
    pub(super) ordered_at: Column<Option<Time>>,
    pub(super) updated_at: Column<Option<Time>>,
    pub(super) enrichment: Column<&'static str>,
    pub(super) customer_version: Column<Option<&'a str>>,
}

impl<'a> Orders<'a> {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self {
            order_id: Column::with_capacity(rows),
            customer_id: Column::with_capacity(rows),
            customer_name: Column::with_capacity(rows),
            customer_email: Column::with_capacity(rows),
            customer_tier: Column::with_capacity(rows),
            customer_country: Column::with_capacity(rows),
            product_id: Column::with_capacity(rows),
            quantity: Column::with_capacity(rows),
            price: Column::with_capacity(rows),
            total: Column::with_capacity(rows),
            status: Column::with_capacity(rows),
            ordered_at: Column::with_capacity(rows),
            updated_at: Column::with_capacity(rows),
            enrichment: Column::with_capacity(rows),
            customer_version: Column::with_capacity(rows),
        }
    }

    /// Adds an order; `filled` is the same with what its event leaves out.
    pub(super) fn push(&mut self, put: &'a Put, filled: Option<&'a Order>) -> Result<(), BoxDynError> {
        let (order, customer) = (filled.unwrap_or(&put.enriched.order), &put.enriched.customer);
        let customer_id = order.customer_id.value();
        // A guest's order whose event does not say so again.
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

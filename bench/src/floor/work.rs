//! The work of the floor: all bytes that are sent, made before anything is measured.

use std::time::Duration;

use anyhow::{Context, Result};
use change::value::Timestamp;
use orderstream::config::settings;
use orderstream::orders::customer::Customer;
use orderstream::orders::enrich::{Enrichment, KnownCustomer};
use orderstream::orders::row::{OrderState, ResultRow};
use orderstream::redis::cache::write_call;
use orderstream::redis::customers::read_customer;
use rust_decimal::Decimal;

use super::postgres;
use super::redis::with_end;
use crate::fill::{Filled, PARTITIONS};
use crate::ground::Ground;
use crate::shop::{Order, Shop, customer_id, product_id};

/// How many orders orderstream writes per call of the script. `TIME_TO_LIVE` is how long orderstream keeps a hash.
const ORDERS_PER_CALL: usize = 50;
const TIME_TO_LIVE: Duration = Duration::from_secs(7 * 24 * 3600);

/// How hashes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    /// By the script that guards the hashes' version.
    Script,
    /// By HSET and EXPIRE, whatever Redis has.
    Plain,
}

/// The batches of each partition.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) partitions: Vec<Vec<Batch>>,
}

/// What a batch sends.
#[derive(Debug)]
pub(super) struct Batch {
    /// The messages that bind the statement's arguments and run the statement.
    pub(super) upsert: Vec<u8>,
    /// The commands that look the customers up, each customer once.
    pub(super) lookup: Vec<u8>,
    script: Vec<u8>,
    plain: Vec<u8>,
}

impl Batch {
    /// The commands that write the hashes.
    pub(super) fn write(&self, write: Write) -> &[u8] {
        match write {
            Write::Script => &self.script,
            Write::Plain => &self.plain,
        }
    }
}

impl Work {
    /// Makes the work: each partition has its share of the orders, in batches as large as orderstream takes at most, by ascending id.
    pub(super) fn prepare(ground: &Ground, filled: &Filled) -> Result<Self> {
        let records = settings::find("batch.max_records").and_then(|key| key.default.parse().ok()).context("batch.max_records")?;
        let share = |partition| {
            let mine = filled.outcome.orders.iter().filter(|(id, _)| id % i64::from(PARTITIONS) == i64::from(partition));
            let rows: Vec<Row> = mine.map(|(id, version)| Row::new(&ground.shop, *id, *version)).collect();
            rows.chunks(records).map(|rows| batch(partition, rows)).collect()
        };
        Ok(Self { partitions: (0..PARTITIONS).map(share).collect::<Result<_>>()? })
    }
}

fn batch(partition: i32, rows: &[Row]) -> Result<Batch> {
    let mut customers: Vec<&str> = rows.iter().filter_map(|row| row.result.customer_id.as_deref()).collect();
    customers.sort_unstable();
    customers.dedup();
    let states: Vec<OrderState> = rows.iter().map(|row| OrderState::Live(row.result.clone())).collect();
    let calls = states.chunks(ORDERS_PER_CALL).map(|states| write_call(states, 0, TIME_TO_LIVE));
    Ok(Batch {
        upsert: postgres::upsert(partition, rows)?,
        lookup: with_end(customers.iter().map(|id| read_customer(id).get_packed_command())),
        script: with_end(calls.map(|call| call.get_packed_command())),
        plain: with_end(rows.iter().map(|row| plain(&row.result))),
    })
}

/// The command that writes the columns of a result, in the order of the script, without a guard.
fn plain(row: &ResultRow) -> Vec<u8> {
    let customer = &row.customer.customer;
    let key = format!("order:{}", row.order_id);
    let column = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let time = |time: Option<Timestamp>| {
        time.and_then(|time| chrono::DateTime::from_timestamp_micros(time.micros())).map(|time| time.to_rfc3339())
    };
    let mut set = redis::cmd("HSET");
    set.arg(&key).arg("version").arg(format!("{:010}-{:020}", 0, row.revision)).arg("order_id").arg(row.order_id);
    set.arg("customer_id").arg(column(row.customer_id.as_deref())).arg("customer_name").arg(column(customer.name.as_deref()));
    set.arg("customer_email").arg(column(customer.email.as_deref())).arg("customer_tier").arg(column(customer.tier.as_deref()));
    set.arg("customer_country").arg(column(customer.country.as_deref())).arg("product_id").arg(row.product_id.as_str());
    set.arg("quantity").arg(row.quantity).arg("price").arg(row.price.to_string()).arg("total").arg(row.total.to_string());
    set.arg("status")
        .arg(column(row.status.as_deref()))
        .arg("ordered_at")
        .arg(time(row.ordered_at))
        .arg("updated_at")
        .arg(time(row.updated_at));
    set.arg("enrichment").arg(row.enrichment.as_str()).arg("processed_at").arg(row.processed_at.to_rfc3339());
    let mut expire = redis::cmd("EXPIRE");
    expire.arg(&key).arg(TIME_TO_LIVE.as_secs());
    [set.get_packed_command(), expire.get_packed_command()].concat()
}

/// An order with its customer, as the upsert and the hash write it.
pub(super) struct Row {
    pub(super) result: ResultRow,
}

impl Row {
    fn new(shop: &Shop, id: i64, version: u32) -> Self {
        let order = shop.order(id, version);
        let Order { customer, product, quantity, cents, status, created, updated, .. } = order;
        let known = shop.customer(customer);
        let customer_columns = Customer {
            name: Some(known.name.into()),
            email: Some(known.email.into()),
            tier: Some(known.tier.into()),
            country: Some(known.country.into()),
        };
        let result = ResultRow {
            order_id: id,
            customer_id: Some(customer_id(customer).into()),
            customer: KnownCustomer { customer: customer_columns, version: Some(format!("0.{}.{customer}", customer % 4).into()) }.into(),
            product_id: product_id(product).into(),
            quantity,
            price: Decimal::new(cents, 2),
            total: Decimal::new(order.total_cents(), 2),
            status: Some(status.into()),
            ordered_at: Timestamp::from_micros(created),
            updated_at: Timestamp::from_micros(updated),
            enrichment: Enrichment::Complete,
            refused: None,
            processed_at: chrono::Utc::now(),
            revision: id,
        };
        Self { result }
    }
}

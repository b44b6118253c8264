//! Generated events, as Debezium writes them with connect/shop.json: without schemas, with decimals as text and times as ISO text, and
//! with the whole row before an update.

use std::fmt::Write;

use crate::shop::{Customer, MIDNIGHT, Order};
use crate::workload::Poison;

/// The position at which the source's log begins; `LSN_STEP` is how far an event of one row moves the position.
const FIRST_LSN: u64 = 26_449_144;
const LSN_STEP: u64 = 224;
const FIRST_TRANSACTION: u64 = 749;
/// How many microseconds the source's clock moves from one event to the next.
const BETWEEN_EVENTS: u64 = 25;
/// How many microseconds after the commit Debezium saw the event.
const DELAY_US: u64 = 7_300;

/// Writes the key of an order.
pub(crate) fn order_key(out: &mut String, id: i64) {
    out.clear();
    infallible(write!(out, r#"{{"id":{id}}}"#));
}

/// Writes the event `number` of the log: the order `after` was created, or updated from `before`.
pub(crate) fn order_event(out: &mut String, number: u64, before: Option<&Order>, after: &Order) {
    out.clear();
    out.push_str(r#"{"before":"#);
    match before {
        Some(before) => order_row(out, before),
        None => out.push_str("null"),
    }
    out.push_str(r#","after":"#);
    order_row(out, after);
    end(out, "orders", number, if before.is_some() { 'u' } else { 'c' });
}

/// Writes the key and the event `number` of a customer who was created.
pub(crate) fn customer_event(key: &mut String, out: &mut String, number: u64, customer: &Customer) {
    let Customer { id, name, email, tier, country, updated } = customer;
    key.clear();
    infallible(write!(key, r#"{{"id":"{id}"}}"#));
    out.clear();
    infallible(write!(
        out,
        r#"{{"before":null,"after":{{"id":"{id}","name":"{name}","email":"{email}","tier":"{tier}","country":"{country}","updated_at":""#
    ));
    time(out, *updated);
    out.push_str(r#""}"#);
    end(out, "customers", number, 'c');
}

/// Changes the event of an order so that it can never be processed.
pub(crate) fn poison(key: &mut String, value: &mut String, kind: Poison) {
    let replace = |value: &mut String, field: &str, with: &str| {
        let Some(start) = value.find(field) else { return };
        let end = value[start..].find(',').map_or(value.len(), |comma| start + comma + 1);
        value.replace_range(start..end, with);
    };
    match kind {
        Poison::Truncated => value.truncate(value.len() / 2),
        Poison::NoPrice => replace(value, r#""price":"#, ""),
        Poison::QuantityAsText => replace(value, r#""quantity":"#, r#""quantity":"seven","#),
        Poison::PriceOutOfRange => replace(value, r#""price":"#, r#""price":"99999999999.99","#),
        Poison::NulCharacter => replace(value, r#""product_id":"#, r#""product_id":"PROD\u0000","#),
        Poison::OtherKey => order_key(key, 0),
    }
}

fn order_row(out: &mut String, order: &Order) {
    let Order { id, customer, product, quantity, cents, status, created, updated } = order;
    let (whole, hundredths) = (cents / 100, cents % 100);
    infallible(write!(
        out,
        r#"{{"id":{id},"customer_id":"CUST{customer:05}","product_id":"PROD{product:03}","quantity":{quantity},"price":"{whole}.{hundredths:02}","status":"{status}","created_at":""#
    ));
    time(out, *created);
    out.push_str(r#"","updated_at":""#);
    time(out, *updated);
    out.push_str(r#""}"#);
}

/// Writes `source` and the fields after it. The event is a transaction of one row, so its first position is that of the commit.
fn end(out: &mut String, table: &str, number: u64, op: char) {
    let (lsn, transaction) = (FIRST_LSN + number * LSN_STEP, FIRST_TRANSACTION + number);
    let us = MIDNIGHT.unsigned_abs() + 13 * 3600 * 1_000_000 + number * BETWEEN_EVENTS;
    let seen = us + DELAY_US;
    let (ms, seen_ms) = (us / 1000, seen / 1000);
    infallible(write!(
        out,
        r#","source":{{"version":"3.6.1.Final","connector":"postgresql","name":"shop","ts_ms":{ms},"snapshot":"false","db":"orders","sequence":"[\"{lsn}\",\"{lsn}\"]","ts_us":{us},"ts_ns":{us}000,"schema":"public","table":"{table}","txId":{transaction},"lsn":{lsn},"xmin":null,"origin":null,"origin_lsn":null}},"transaction":null,"op":"{op}","ts_ms":{seen_ms},"ts_us":{seen},"ts_ns":{seen}582}}"#
    ));
}

/// Writes a time of the one day on which everything happens.
fn time(out: &mut String, micros: i64) {
    let (seconds, fraction) = ((micros - MIDNIGHT) / 1_000_000, (micros - MIDNIGHT) % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    infallible(write!(out, "2026-01-31T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z"));
}

/// Writing into a `String` does not fail.
fn infallible(result: std::fmt::Result) {
    debug_assert!(result.is_ok());
}

#[cfg(test)]
mod tests;

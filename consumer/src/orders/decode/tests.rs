//! Tests of each shape of an event: what Debezium writes, and how it is decoded.

mod contract;
mod flat;
mod layouts;
mod never_panics;
mod poison;
mod rows;
mod schemas;
mod shapes;

use change::effect::{Change, Effect};
use change::position::{Origin, Position};
use change::record::{Headers, Record};
use change::rejection::{Reason, Rejection};
use change::value::{Text, Timestamp};

use super::{Decoded, Decoder, Format, Layouts, TimeUnit};
use crate::orders::absent::{ColumnSet, ContractColumn};
use crate::orders::customer::{Customer, CustomerChange, CustomerRow};
use crate::orders::order::{Order, OrderChange};

/// The `after` of the orders in these tests.
const ROW: &str = r#"{"id":17,"customer_id":"CUST005","product_id":"PROD500","quantity":7,"price":"19.99","status":"paid",
    "created_at":"2026-01-31T12:30:00.123456Z","updated_at":null}"#;

/// The `source` of a change from the log.
const SOURCE: &str = r#"{"version":"3.6.1.Final","connector":"postgresql","name":"shop","ts_ms":1769862600123,"snapshot":"false",
    "db":"orders","sequence":"[\"24023128\",\"24023664\"]","ts_us":1769862600123456,"ts_ns":1769862600123456000,"schema":"public",
    "table":"orders","txId":742,"lsn":24023664,"xmin":null}"#;

fn envelope(op: &str, before: &str, after: &str) -> String {
    with_source(op, before, after, SOURCE)
}

fn with_source(op: &str, before: &str, after: &str, source: &str) -> String {
    format!(
        r#"{{"before":{before},"after":{after},"source":{source},"transaction":null,"op":"{op}","ts_ms":1769862600130,
            "ts_us":1769862600130123,"ts_ns":1769862600130123456}}"#
    )
}

/// The row `ROW` with one column's JSON replaced.
fn row_with(column: &str, json: &str) -> String {
    let mut row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(ROW).unwrap();
    row.remove(column);
    let rest = serde_json::to_string(&row).unwrap();
    format!(r#"{{"{column}":{json},{}"#, &rest[1..])
}

fn record(key: Option<&str>, value: Option<&str>) -> Record {
    Record {
        topic: "shop.public.orders".into(),
        partition: 2,
        offset: 40,
        timestamp_ms: None,
        key: key.map(|key| key.as_bytes().into()),
        value: value.map(|value| value.as_bytes().to_vec()),
        headers: Headers::default(),
    }
}

fn decoder(format: Format) -> Decoder {
    Decoder { format, epoch: 1, decimal_scale: None, time_unit: TimeUnit::Auto, max_record_bytes: 1_000_000 }
}

/// What the envelope `value` says about order 17.
fn order(value: &str) -> Result<OrderChange, Rejection> {
    change(decoder(Format::Envelope).order(&record(Some(r#"{"id":17}"#), Some(value))))
}

/// What the envelope with `row` as `after` says about order 17.
fn put(row: &str) -> Result<Order, Rejection> {
    order(&envelope("c", "null", row)).map(order_of)
}

fn customer(key: &str, value: &str) -> Result<CustomerChange, Rejection> {
    change(decoder(Format::Envelope).customer(&record(Some(key), Some(value))))
}

fn change<C>(decoded: Result<Decoded<C>, Rejection>) -> Result<C, Rejection> {
    decoded.map(|decoded| match decoded {
        Decoded::Change(change) => change,
        Decoded::Ignored | Decoded::Truncate(_) => panic!("ignored"),
    })
}

fn order_of<Id, T>(change: Change<Id, T>) -> T {
    match change.effect {
        Effect::Put(row) => row,
        Effect::Delete => panic!("a delete"),
    }
}

fn text(text: &str) -> Text {
    Text::Value(text.into())
}

/// The time 2026-01-31T12:30:00.123456Z.
fn noon() -> Option<Timestamp> {
    Timestamp::from_micros(1_769_862_600_123_456)
}

/// The order that `ROW` holds.
fn expected() -> Order {
    Order {
        customer_id: text("CUST005"),
        product_id: text("PROD500"),
        quantity: 7,
        price: "19.99".parse().unwrap(),
        total: "139.93".parse().unwrap(),
        status: text("paid"),
        ordered_at: noon(),
        updated_at: None,
        absent: ColumnSet::default(),
    }
}

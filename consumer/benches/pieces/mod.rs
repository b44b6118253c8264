//! The pure parts of the work on a batch, each with its input made before. `pure.rs` measures their time, and
//! `tests/instruction_counts.rs` counts their instructions.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use change::collapse::collapse;
use change::envelope::{Format, Layouts, TimeUnit};
use change::position::Position;
use change::record::{Headers, Record};
use change::value::Timestamp;
use chrono::{DateTime, Utc};
use orderstream::orders::customer::Customer;
use orderstream::orders::decode::{Decoded, Decoder};
use orderstream::orders::enrich::{Enrichment, KnownCustomer};
use orderstream::orders::order::OrderChange;
use orderstream::orders::row::{OrderState, ResultRow};
use orderstream::redis::cache::write_call;
use rust_decimal::Decimal;

/// How many events, pairs of positions or hashes a part has per run.
pub(crate) const ITEMS: i64 = 1_000;
/// How many events each order has in the batch that is collapsed.
const CHANGES_PER_ORDER: i64 = 5;
/// How many orders there are per call of the script, as in the write-back.
const ORDERS_PER_CALL: usize = 50;
const DAY: i64 = 1_769_817_600_000_000;

/// A part of the work on a batch.
pub(crate) struct Piece {
    /// The name of the part in counts and reports.
    pub(crate) name: &'static str,
    /// Does the work once for all items.
    pub(crate) run: Box<dyn FnMut()>,
}

/// All parts.
pub(crate) fn all() -> Vec<Piece> {
    vec![
        decode_batch("decode-create", false),
        decode_batch("decode-update", true),
        decode_alone(),
        position_rule(),
        collapse_batch(),
        encode_hashes(),
    ]
}

/// Decodes the events of a batch, which look alike.
fn decode_batch(name: &'static str, is_update: bool) -> Piece {
    let records: Vec<Record> = (0..ITEMS).map(|number| record(number, number, is_update)).collect();
    piece(name, move || {
        let mut layouts = Layouts::default();
        records.iter().for_each(|record| drop(black_box(decoder().order_among(black_box(record), &mut layouts))));
    })
}

/// Decodes each event with the parser, which reads every event that looks like no event before.
fn decode_alone() -> Piece {
    let records: Vec<Record> = (0..ITEMS).map(|number| record(number, number, false)).collect();
    piece("decode-alone", move || records.iter().for_each(|record| drop(black_box(decoder().order(black_box(record))))))
}

fn position_rule() -> Piece {
    let positions: Vec<Position> = changes().iter().map(|change| change.position).collect();
    piece("position-rule", move || {
        let newer =
            positions.iter().zip(positions.iter().cycle().skip(1)).filter(|(one, other)| black_box(*one).supersedes(black_box(other)));
        black_box(newer.count());
    })
}

fn collapse_batch() -> Piece {
    let changes = changes();
    piece("collapse", move || drop(black_box(collapse(black_box(&changes), |_| false))))
}

/// Encodes the arguments of the script's calls as bytes for the server.
fn encode_hashes() -> Piece {
    let states: Vec<OrderState> = (0..ITEMS).map(|id| OrderState::Live(row(id))).collect();
    piece("encode-hashes", move || {
        for chunk in states.chunks(ORDERS_PER_CALL) {
            black_box(write_call(black_box(chunk), 0, Duration::from_secs(604_800)).get_packed_command());
        }
    })
}

fn piece(name: &'static str, run: impl FnMut() + 'static) -> Piece {
    Piece { name, run: Box::new(run) }
}

fn decoder() -> Decoder {
    Decoder { format: Format::Envelope, epoch: 0, decimal_scale: None, time_unit: TimeUnit::Auto, max_record_bytes: 1 << 20 }
}

/// Every order's changes, interleaved with those of the others.
fn changes() -> Vec<OrderChange> {
    let orders = ITEMS / CHANGES_PER_ORDER;
    let records = (0..ITEMS).map(|number| record(number, number % orders, number >= orders));
    let changes = records.filter_map(|record| match decoder().order(&record) {
        Ok(Decoded::Change(change)) => Some(change),
        _ => None,
    });
    let changes: Vec<OrderChange> = changes.collect();
    assert_eq!(changes.len() as i64, ITEMS, "an event of the benchmark does not decode");
    changes
}

/// An event as connect/shop.json makes it.
fn record(number: i64, id: i64, update: bool) -> Record {
    let row = |status: &str| {
        format!(
            r#"{{"id":{id},"customer_id":"CUST{:05}","product_id":"PROD{:03}","quantity":{},"price":"{}.95","status":"{status}","created_at":"2026-01-31T12:30:00.123456Z","updated_at":"2026-01-31T12:30:00.123456Z"}}"#,
            id * 7919 % 20_000,
            id % 1_000,
            1 + id % 9,
            1 + id % 500
        )
    };
    let (before, after, op) = if update { (row("pending"), row("shipped"), 'u') } else { ("null".to_owned(), row("pending"), 'c') };
    let (lsn, ms) = (26_449_144 + number * 224, DAY / 1_000 + number);
    let source = format!(
        r#"{{"version":"3.6.1.Final","connector":"postgresql","name":"shop","ts_ms":{ms},"snapshot":"false","db":"orders","sequence":"[\"{lsn}\",\"{lsn}\"]","ts_us":{ms}000,"ts_ns":{ms}000000,"schema":"public","table":"orders","txId":{},"lsn":{lsn},"xmin":null,"origin":null,"origin_lsn":null}}"#,
        749 + number
    );
    let value = format!(
        r#"{{"before":{before},"after":{after},"source":{source},"transaction":null,"op":"{op}","ts_ms":{ms},"ts_us":{ms}582,"ts_ns":{ms}582000}}"#
    );
    Record {
        topic: Arc::from("shop.public.orders"),
        partition: 0,
        offset: number,
        timestamp_ms: Some(ms),
        key: Some(format!(r#"{{"id":{id}}}"#).into_bytes().into()),
        value: Some(value.into_bytes()),
        headers: Headers::default(),
    }
}

fn row(id: i64) -> ResultRow {
    let customer = Customer {
        name: Some(format!("Alice Johnson {id}").into()),
        email: Some(format!("alice.{id}@example.com").into()),
        tier: Some("gold".into()),
        country: Some("US".into()),
    };
    let price = Decimal::new(100 + id * 37 % 50_000, 2);
    ResultRow {
        order_id: id,
        customer_id: Some(format!("CUST{:05}", id * 7919 % 20_000).into()),
        customer: KnownCustomer { customer, version: Some(format!("0.0.{id}").into()) }.into(),
        product_id: format!("PROD{:03}", id % 1_000).into(),
        quantity: 7,
        price,
        total: price * Decimal::from(7),
        status: Some("pending".into()),
        ordered_at: Timestamp::from_micros(DAY + id * 25),
        updated_at: Timestamp::from_micros(DAY + id * 25),
        enrichment: Enrichment::Complete,
        refused: None,
        processed_at: DateTime::<Utc>::from_timestamp_micros(DAY + id).unwrap_or_default(),
        revision: id,
    }
}

//! The tests of the generated events: the events have the shape of the real Debezium's, and say what the shop says.

use change::effect::Effect;
use change::envelope::{Format, TimeUnit};
use change::position::Origin;
use change::record::{Headers, Record};
use change::value::Text;
use orderstream::orders::decode::{Decoded, Decoder};
use serde_json::Value;

use super::*;
use crate::shop::{Shop, customer_id, product_id};
use crate::workload::{Event, Workload};

const SHOP: Shop = Shop { seed: 1, customers: 20_000 };

fn record(key: &str, value: &str, offset: u64) -> Record {
    Record {
        topic: "bench.create".into(),
        partition: 0,
        offset: i64::try_from(offset).unwrap(),
        timestamp_ms: None,
        key: Some(key.as_bytes().into()),
        value: Some(value.into()),
        headers: Headers::default(),
    }
}

fn decoder() -> Decoder {
    Decoder { format: Format::Envelope, epoch: 0, decimal_scale: None, time_unit: TimeUnit::Auto, max_record_bytes: 1 << 20 }
}

fn written(number: u64, event: Event) -> (String, String) {
    let (mut key, mut value) = (String::new(), String::new());
    order_key(&mut key, event.id);
    let before = event.version.checked_sub(1).map(|version| SHOP.order(event.id, version));
    order_event(&mut value, number, before.as_ref(), &SHOP.order(event.id, event.version));
    if let Some(kind) = event.poison {
        poison(&mut key, &mut value, kind);
    }
    (key, value)
}

#[test]
fn every_event_decodes_to_the_state_it_carries() {
    for (number, event) in (0..).zip(Workload::Mixed.events(1, 5_000)) {
        let (key, value) = written(number, event);
        let Ok(Decoded::Change(change)) = decoder().order(&record(&key, &value, number)) else { panic!("{value}") };
        let order = SHOP.order(event.id, event.version);
        let Effect::Put(read) = change.effect else { panic!("{value}") };
        assert_eq!((change.id, change.position.kind), (event.id, Origin::Stream));
        assert_eq!(read.customer_id, Text::Value(customer_id(order.customer).into()));
        assert_eq!(read.product_id, Text::Value(product_id(order.product).into()));
        assert_eq!((read.quantity, read.total.mantissa()), (order.quantity, i128::from(order.total_cents())));
        assert_eq!(read.ordered_at.map(change::value::Timestamp::micros), Some(order.created));
        assert_eq!(read.updated_at.map(change::value::Timestamp::micros), Some(order.updated));
    }
}

#[test]
fn a_later_event_stands_behind_an_earlier_one() {
    let positions = (0..).zip(Workload::Mixed.events(1, 1_000)).map(|(number, event)| {
        let (key, value) = written(number, event);
        match decoder().order(&record(&key, &value, number)) {
            Ok(Decoded::Change(change)) => change.position,
            other => panic!("{other:?}"),
        }
    });
    let positions: Vec<_> = positions.collect();
    assert!(positions.windows(2).all(|pair| pair[1].supersedes(&pair[0]) && !pair[0].supersedes(&pair[1])));
}

#[test]
fn no_poison_record_decodes() {
    let mut kinds = Vec::new();
    for (number, event) in (0..).zip(Workload::Poison.events(1, 2_000)) {
        let (key, value) = written(number, event);
        let decoded = decoder().order(&record(&key, &value, number));
        assert_eq!(decoded.is_err(), event.poison.is_some(), "{value}");
        kinds.extend(event.poison);
    }
    assert!(Poison::ALL.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
}

#[test]
fn a_customer_decodes_to_the_row_it_is() {
    let customer = SHOP.customer(4711);
    let (mut key, mut value) = (String::new(), String::new());
    customer_event(&mut key, &mut value, 3, &customer);
    let Ok(Decoded::Change(change)) = decoder().customer(&record(&key, &value, 3)) else { panic!("{value}") };
    let Effect::Put(read) = change.effect else { panic!("{value}") };
    let columns = [read.name, read.email, read.tier, read.country].map(|column| column.carried().flatten().unwrap());
    assert_eq!(change.id, customer.id);
    assert_eq!(columns, [customer.name, customer.email, customer.tier.to_owned(), customer.country.to_owned()]);
}

/// Every field with the type of its value, in the order of the text.
fn fields(event: &str) -> Vec<String> {
    fn walk(path: &str, value: &Value, out: &mut Vec<String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| walk(&format!("{path}.{name}"), value, out)),
            Value::String(_) => out.push(format!("{path}: text")),
            Value::Number(_) => out.push(format!("{path}: number")),
            other => out.push(format!("{path}: {other}")),
        }
    }
    let mut out = Vec::new();
    walk("", &serde_json::from_str(event).unwrap(), &mut out);
    let quoted: Vec<&str> = event.split('"').collect();
    out.extend(quoted.windows(2).filter(|pair| pair[1].starts_with(':')).map(|pair| pair[0].to_owned()));
    out
}

/// Checks that both events have the same fields of the same types in the same order, and about as many bytes.
fn assert_same_shape(generated: &str, captured: &str) {
    assert_eq!(fields(generated), fields(captured));
    assert!(generated.len().abs_diff(captured.trim().len()) < 60, "{generated}\n{captured}");
}

#[test]
fn the_events_have_the_shape_of_captured_ones() {
    let event = |version| written(17, Event { id: 123_456, version, poison: None }).1;
    assert_same_shape(&event(0), include_str!("../../tests/captured/create.json"));
    assert_same_shape(&event(1), include_str!("../../tests/captured/update.json"));
    let (mut key, mut value) = (String::new(), String::new());
    customer_event(&mut key, &mut value, 17, &SHOP.customer(17));
    assert_same_shape(&value, include_str!("../../tests/captured/customer.json"));
}

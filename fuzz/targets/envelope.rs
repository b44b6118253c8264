//! The fuzz target of the decoder: whatever the bytes are, decoding ends with a change that Postgres and Redis can take, with nothing to
//! do, or with a reason.
//!
//! The first byte chooses the settings, the key ends at the first line end, and the value is the rest.

#![no_main]

use change::effect::Effect;
use change::envelope::{Format, Layouts, TimeUnit};
use change::position::Position;
use change::record::{Headers, Record};
use change::value::Text;
use libfuzzer_sys::fuzz_target;
use orderstream::orders::decode::{Decoded, Decoder};
use orderstream::orders::order::Order;
use rust_decimal::Decimal;

fuzz_target!(|data: &[u8]| {
    let Some((settings, rest)) = data.split_first() else { return };
    let mut parts = rest.splitn(2, |byte| *byte == b'\n');
    let (key, value) = (parts.next().map(<[u8]>::to_vec), parts.next().map(<[u8]>::to_vec));
    let record = Record {
        topic: "t".into(),
        partition: 1,
        offset: 7,
        timestamp_ms: None,
        key: key.filter(|key| !key.is_empty()).map(Into::into),
        value: value.filter(|value| !value.is_empty()),
        headers: Headers::default(),
    };
    let format = if settings & 1 == 0 { Format::Envelope } else { Format::Flat };
    let decimal_scale = [None, Some(0), Some(2), Some(10)][usize::from(settings >> 1 & 3)];
    let decoder = Decoder { format, epoch: 3, decimal_scale, time_unit: TimeUnit::Auto, max_record_bytes: 1 << 20 };

    let order = decoder.order(&record);
    assert_eq!(order, decoder.order(&record), "the same bytes give the same change");
    let mut layouts = like_a_create(&decoder);
    assert_eq!(order, decoder.order_among(&record, &mut layouts), "it may look like another event");
    assert_eq!(order, decoder.order_among(&record, &mut layouts), "it looks like itself");
    if let Ok(Decoded::Change(change)) = order {
        stands(&change.position);
        if let Effect::Put(order) = change.effect {
            fits(&order);
        }
    }
    if let Ok(Decoded::Change(change)) = decoder.customer(&record) {
        stands(&change.position);
        assert!(!change.id.contains('\0'));
        if let Effect::Put(customer) = change.effect {
            for (_, text) in customer.columns() {
                assert!(text.value().is_none_or(|text| !text.contains('\0')));
            }
        }
    }
});

/// The layouts after one event of the kind that the dictionary and the corpus have many of.
fn like_a_create(decoder: &Decoder) -> Layouts {
    const CREATE: &[u8] = br#"{"before":null,"after":{"id":1,"customer_id":"C","product_id":"P","quantity":1,"price":"1.00","status":"s"},"source":{"snapshot":"false","sequence":"[\"1\",\"1\"]","ts_ms":1,"lsn":1},"op":"c"}"#;
    let mut layouts = Layouts::default();
    let record = Record {
        topic: "t".into(),
        partition: 1,
        offset: 6,
        timestamp_ms: None,
        key: None,
        value: Some(CREATE.to_vec()),
        headers: Headers::default(),
    };
    assert!(decoder.format == Format::Flat || decoder.order_among(&record, &mut layouts).is_ok());
    layouts
}

/// Checks that the coordinates are those of the record, and that Redis' fixed-width text can hold each number.
fn stands(position: &Position) {
    assert_eq!((position.epoch, position.partition, position.offset), (3, 1, 7));
    assert!(position.commit.is_none_or(|commit| commit >= 0), "{position:?}");
    assert!(position.lsn.is_none_or(|lsn| lsn >= 0), "{position:?}");
}

/// Checks that the columns of `results` can hold the order, so that Postgres would not refuse it.
fn fits(order: &Order) {
    assert!(order.quantity >= 0);
    assert!(order.price >= Decimal::ZERO && order.price < Decimal::from(10_000_000_000_i64) && order.price.normalize().scale() <= 2);
    assert_eq!(order.total, order.price * Decimal::from(order.quantity));
    for text in [&order.customer_id, &order.product_id, &order.status] {
        if let Text::Value(text) = text {
            assert!(!text.contains('\0'));
        }
    }
}

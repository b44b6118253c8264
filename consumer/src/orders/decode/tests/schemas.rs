//! Tests of values with the schema beside them.

use super::*;

/// The schema of an envelope whose price and `created_at` have these types. The schema of `before` has other types, which must not be
/// taken.
fn schema(price: &str, created_at: &str) -> String {
    let row = |name: &str, price: &str, created_at: &str| {
        format!(
            r#"{{"type":"struct","fields":[{{"type":"int32","optional":false,"default":0,"field":"id"}},{{{price},"field":"price"}},
                {{{created_at},"optional":true,"field":"created_at"}}],"optional":true,"name":"shop.public.orders.Value","field":"{name}"}}"#
        )
    };
    let before = row("before", r#""type":"string""#, r#""type":"string""#);
    let after = row("after", price, created_at);
    format!(r#"{{"type":"struct","fields":[{before},{after},{{"type":"string","optional":false,"field":"op"}}],"optional":false}}"#)
}

fn with_schema(schema: &str, row: &str) -> Result<Order, Rejection> {
    order(&format!(r#"{{"schema":{schema},"payload":{}}}"#, envelope("c", "null", row))).map(order_of)
}

const STRING: &str = r#""type":"string","optional":false"#;
const DECIMAL: &str = r#""type":"bytes","optional":false,"name":"org.apache.kafka.connect.data.Decimal","version":1,
    "parameters":{"scale":"2","connect.decimal.precision":"10"}"#;

#[test]
fn the_payload_beside_a_schema_is_the_event() {
    assert_eq!(with_schema(&schema(STRING, STRING), ROW), Ok(expected()));
    assert_eq!(with_schema("null", ROW), Ok(expected()), "a schema may be null");
    assert_eq!(with_schema("{}", ROW), Ok(expected()), "and is not read if the value tells all");
}

#[test]
fn the_schema_gives_the_scale_of_a_base64_price() {
    let price = |json: &str| with_schema(&schema(DECIMAL, STRING), &row_with("price", json)).map(|order| order.price.to_string());
    assert_eq!(price(r#""B88=""#), Ok("19.99".into()));
    assert_eq!(price(r#""AA==""#), Ok("0.00".into()));
    assert_eq!(price(r#""AOjUpQ//""#), Ok("9999999999.99".into()));
    assert!(price(r#""AOjUpRAA""#).unwrap_err().message.contains("numeric(12,2)"), "one hundredth more");
    assert!(price(r#""////""#).unwrap_err().message.contains("negative"));
    assert!(price(r#""""#).unwrap_err().message.contains("base64 of 0 bytes"));
    assert!(price(r#""B8""#).unwrap_err().message.contains("not the base64"));
}

#[test]
fn the_schema_tells_text_that_could_be_base64_from_base64() {
    let row = row_with("price", r#""1234""#);
    assert_eq!(with_schema(&schema(STRING, STRING), &row).unwrap().price.to_string(), "1234.00");
    let rejection = with_schema(&schema(DECIMAL, STRING), &row).unwrap_err();
    assert_eq!(rejection.message, "after.price: negative", "0xd76df8 is a negative number");
}

#[test]
fn a_decimal_schema_without_scale_is_malformed() {
    let decimal = r#""type":"bytes","name":"org.apache.kafka.connect.data.Decimal""#;
    let rejection = with_schema(&schema(decimal, STRING), &row_with("price", r#""B88=""#)).unwrap_err();
    assert_eq!(rejection.reason, Reason::Malformed);
}

#[test]
fn the_schema_gives_the_unit_of_an_integer_time() {
    let noon_of = |unit: &str, json: &str| {
        let schema = schema(STRING, &format!(r#""type":"int64","name":"{unit}","version":1"#));
        with_schema(&schema, &row_with("created_at", json)).map(|order| order.ordered_at)
    };
    assert_eq!(noon_of("io.debezium.time.MicroTimestamp", "1769862600123456"), Ok(noon()));
    assert_eq!(noon_of("io.debezium.time.NanoTimestamp", "1769862600123456789"), Ok(noon()));
    let millis = Ok(Timestamp::from_micros(1_769_862_600_123_000));
    assert_eq!(noon_of("io.debezium.time.Timestamp", "1769862600123"), millis);
    assert_eq!(noon_of("org.apache.kafka.connect.data.Timestamp", "1769862600123"), millis);
    assert_eq!(noon_of("io.debezium.time.Date", "20484"), Ok(Timestamp::from_micros(1_769_817_600_000_000)));

    assert_eq!(noon_of("io.debezium.time.Timestamp", "9223372036825200"), Ok(Some(Timestamp::INFINITY)));
    assert_eq!(noon_of("io.debezium.time.NanoTimestamp", "9223372036854775807"), Ok(Some(Timestamp::INFINITY)));
    assert_eq!(noon_of("io.debezium.time.NanoTimestamp", "-1"), Ok(Timestamp::from_micros(-1)), "cut towards the past, as text is");
    assert_eq!(noon_of("", "1").unwrap_err().message, "after.created_at: an integer whose schema names no unit of time");
}

//! Tests of columns: defaults, TOAST, texts, times, decimals without a schema.

use super::*;

const GONE: &str = r#""__debezium_unavailable_value""#;

#[test]
fn unknown_columns_are_passed_over_and_absent_ones_are_said_to_be_absent() {
    let row = r#"{"id":17,"quantity":0,"price":1,"schema":{"x":[]},"payload":1,"note":"n"}"#;
    let order = put(row).unwrap();
    assert_eq!((order.ordered_at, order.updated_at, order.quantity), (None, None, 0));
    assert_eq!([&order.customer_id, &order.product_id, &order.status], [&Text::Unchanged; 3]);
    assert_eq!(order.absent.names(), "customer_id, product_id, status, created_at, updated_at");
}

#[test]
fn null_is_a_value_and_not_absent() {
    let order = put(&row_with("status", "null")).unwrap();
    assert_eq!((order.status, order.absent), (Text::Null, ColumnSet::default()));
    assert_eq!(put(&row_with("customer_id", "null")).unwrap().customer_id, Text::Null, "a guest");
}

#[test]
fn a_customers_absent_column_stays_as_it_is_and_a_null_one_is_null() {
    let row =
        customer(r#"{"id":"C1"}"#, &envelope("u", "null", r#"{"id":"C1","full_name":"Ann","tier":null,"country":"DE"}"#)).map(order_of);
    let row = row.unwrap();
    assert_eq!([&row.name, &row.email, &row.tier, &row.country], [&Text::Unchanged, &Text::Unchanged, &Text::Null, &text("DE")]);
    assert_eq!(row.absent(), ColumnSet::default().with(ContractColumn::Name, true).with(ContractColumn::Email, true));
}

#[test]
fn an_unchanged_toast_value_is_taken_from_before_or_kept_as_stored() {
    let after = row_with("product_id", GONE);
    let product = |before: &str| order(&envelope("u", before, &after)).map(|change| order_of(change).product_id);
    assert_eq!(product(&row_with("product_id", r#""as it was""#)), Ok(text("as it was")));
    assert_eq!(product("null"), Ok(Text::Unchanged));
    assert_eq!(product(&row_with("product_id", GONE)), Ok(Text::Unchanged));
    assert_eq!(product(&row_with("product_id", r#""""#)), Ok(Text::Unchanged), "what was stored out of line is not empty");
}

#[test]
fn a_customer_with_a_toast_value_nowhere_to_be_found_is_unresolved() {
    let after = format!(r#"{{"id":"C1","name":{GONE}}}"#);
    let rejection = customer(r#"{"id":"C1"}"#, &envelope("u", "null", &after)).unwrap_err();
    assert_eq!(rejection.reason, Reason::UnresolvedToast);
    assert!(rejection.message.starts_with("after.name:"), "{rejection}");

    let found = customer(r#"{"id":"C1"}"#, &envelope("u", r#"{"id":"C1","name":"Ann"}"#, &after)).map(order_of);
    assert_eq!(found.unwrap().name, text("Ann"));
}

#[test]
fn texts_keep_every_character() {
    assert_eq!(put(&row_with("status", r#""\u00e9\n\"\\ \ud83d\ude00 ü""#)).unwrap().status, text("é\n\"\\ 😀 ü"));
}

#[test]
fn a_price_is_read_from_text_and_numbers_alike() {
    for json in [r#""1500.00""#, "1500.0", "1500", "1.5e3", "1.5E+3", r#""1.5E3""#] {
        let order = put(&row_with("price", json)).unwrap();
        assert_eq!((order.price.to_string(), order.total.to_string()), ("1500.00".into(), "10500.00".into()), "{json}");
    }
}

#[test]
fn a_price_of_any_scale_brings_its_scale() {
    let order = put(&row_with("price", r#"{"scale":3,"value":"TiA="}"#)).unwrap();
    assert_eq!(order.price.to_string(), "20.00", "0x4e20 thousandths");
}

#[test]
fn without_a_schema_base64_needs_the_configured_scale() {
    let event = envelope("c", "null", &row_with("price", r#""B88=""#));
    let rejection = order(&event).unwrap_err();
    assert_eq!(rejection.reason, Reason::Invalid);
    assert!(rejection.message.contains("source.decimal_scale"), "{rejection}");

    let configured = Decoder { decimal_scale: Some(2), ..decoder(Format::Envelope) };
    let order = change(configured.order(&record(Some("17"), Some(&event)))).map(order_of).unwrap();
    assert_eq!(order.price.to_string(), "19.99", "0x07cf hundredths");
}

#[test]
fn an_integer_time_without_a_schema_counts_what_the_setting_says() {
    let time = |time_unit: TimeUnit, json: &str| {
        let decoder = Decoder { time_unit, ..decoder(Format::Envelope) };
        let record = record(Some(r#"{"id":17}"#), Some(&envelope("c", "null", &row_with("created_at", json))));
        change(decoder.order(&record)).map(order_of).unwrap().ordered_at
    };
    let millis = Timestamp::from_micros(1_769_862_600_123_000);
    assert_eq!(time(TimeUnit::Millis, "1769862600123"), millis);
    assert_eq!(time(TimeUnit::Micros, "1769862600123456"), noon());
    assert_eq!(time(TimeUnit::Nanos, "1769862600123456789"), noon());
    for unit in [TimeUnit::Millis, TimeUnit::Micros, TimeUnit::Nanos] {
        assert_eq!(time(unit, "9223372036854775807"), Some(Timestamp::INFINITY));
    }
    assert_eq!(time(TimeUnit::Millis, "9223372036825200"), Some(Timestamp::INFINITY));
}

#[test]
fn an_integer_time_without_a_schema_has_the_unit_that_its_size_says() {
    let time = |json: &str| put(&row_with("created_at", json)).map(|order| order.ordered_at.map(Timestamp::micros));
    for (json, micros) in [
        ("20484", 1_769_817_600_000_000),
        ("1769862600123", 1_769_862_600_123_000),
        ("1769862600123456", 1_769_862_600_123_456),
        ("1769862600123456000", 1_769_862_600_123_456),
        // The first and the last moment of each unit.
        ("365", 31_536_000_000_000),
        ("193943", 16_756_675_200_000_000),
        ("31536000000", 31_536_000_000_000),
        ("16756761599999", 16_756_761_599_999_000),
        ("31536000000000", 31_536_000_000_000),
        ("16756761599999999", 16_756_761_599_999_999),
        ("31536000000000000", 31_536_000_000_000),
        // Numbers that nobody can mistake: 1970 itself, the end of the year 9999.
        ("0", 0),
        ("253402300799999", 253_402_300_799_999_000),
        ("253402300799999999", 253_402_300_799_999_999),
    ] {
        assert_eq!(time(json), Ok(Some(micros)), "{json}");
    }
    for json in ["1", "-1", "364", "193944", "31535999999", "16756761600000", "16756761600000000", "-62135596800000000"] {
        let rejection = time(json).unwrap_err();
        assert_eq!(rejection.reason, Reason::Invalid, "{json}");
        assert!(rejection.message.contains("set source.time_unit"), "{rejection}");
    }
    assert_eq!(
        put(&row_with("created_at", "9223372036825200")).unwrap().ordered_at,
        Some(Timestamp::INFINITY),
        "of the driver, in milliseconds"
    );
    assert_eq!(put(&row_with("created_at", "-9223372036832400")).unwrap().ordered_at, Some(Timestamp::NEG_INFINITY));
}

#[test]
fn two_times_of_one_row_may_have_two_units() {
    let row = row_with("created_at", "1769862600123").replace(r#""updated_at":null"#, r#""updated_at":1769862600123456"#);
    let order = put(&row).unwrap();
    assert_eq!((order.ordered_at, order.updated_at), (Timestamp::from_micros(1_769_862_600_123_000), noon()));
}

#[test]
fn an_infinite_time_is_infinite_in_text_and_number() {
    let time = |json: &str| put(&row_with("created_at", json)).unwrap().ordered_at;
    for json in
        [r#""infinity""#, r#""+294247-01-10T04:00:25.2Z""#, r#""+292278994-08-16T23:00:00Z""#, "9223372036825200000", "9223372036854775807"]
    {
        assert_eq!(time(json), Some(Timestamp::INFINITY), "{json}");
    }
    for json in [
        r#""-infinity""#,
        r#""-290308-12-21T19:59:27.6Z""#,
        r#""-292275055-05-16T23:00:00Z""#,
        "-9223372036832400000",
        "-9223372036854775808",
    ] {
        assert_eq!(time(json), Some(Timestamp::NEG_INFINITY), "{json}");
    }
}

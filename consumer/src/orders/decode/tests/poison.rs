//! Tests of records that can never be processed: the reason, the place, and never a value.

use super::*;

/// The message of an order with this JSON in one column.
fn refused(column: &str, json: &str) -> String {
    let rejection = put(&row_with(column, json)).unwrap_err();
    assert_eq!(rejection.reason, Reason::Invalid, "{column} {json}: {rejection}");
    rejection.message
}

#[test]
fn a_missing_field_is_named() {
    for column in ["id", "product_id", "quantity", "price"] {
        assert_eq!(refused(column, "null"), format!("after.{column}: null"));
    }
    for column in ["quantity", "price"] {
        let row = row_with(column, "0").replace(&format!(r#""{column}":0,"#), "");
        let message = put(&row).unwrap_err().message;
        assert!(message.starts_with(&format!("after.{column}: the event does not have the column")), "{message}");
    }
}

#[test]
fn a_wrong_type_is_named() {
    assert_eq!(refused("customer_id", "5"), "after.customer_id: expected text, found a number");
    assert_eq!(refused("status", "{}"), "after.status: expected text, found an object");
    assert_eq!(refused("quantity", r#""7""#), "after.quantity: expected an integer, found text");
    assert_eq!(refused("quantity", "7.0"), "after.quantity: expected an integer, found a number with a fraction or an exponent");
    assert_eq!(refused("price", "true"), "after.price: expected a decimal number, found a boolean");
    assert_eq!(refused("created_at", "[]"), "after.created_at: expected an ISO 8601 time or an integer, found an array");
    assert_eq!(refused("created_at", r#""yesterday""#), "after.created_at: text that is no ISO 8601 time");
    assert_eq!(refused("updated_at", "1.5"), "after.updated_at: expected an integer, found a number with a fraction or an exponent");
}

#[test]
fn what_is_out_of_range_is_refused() {
    for json in ["-1", "2147483648", "99999999999999999999"] {
        assert_eq!(refused("quantity", json), "after.quantity: integer out of range 0 to 2147483647");
    }
    assert!(refused("id", "9223372036854775808").contains("out of range"));
    assert_eq!(refused("price", "-0.01"), "after.price: negative");
    for json in ["10000000000", "0.001", "1e11", "1e-3", "1e999999", r#""19.999""#, "123456789012345678901234567890123456789012"] {
        assert!(refused("price", json).contains("does not fit numeric(12,2)"), "{json}");
    }
    for json in [r#""NaN""#, r#""Infinity""#, r#""""#, r#"".""#, r#""1e""#, r#""12,50""#] {
        assert!(refused("price", json).contains("no decimal number"), "{json}");
    }
    assert_eq!(refused("created_at", r#""-5000-01-01T00:00:00Z""#), "after.created_at: before 4714 BC, where Postgres' timestamps begin");
}

#[test]
fn a_total_that_does_not_fit_is_refused() {
    let row = row_with("quantity", "2147483647").replace("19.99", "9999999999.99");
    assert_eq!(put(&row).unwrap_err().message, "total: quantity * price does not fit numeric(20,2)");
}

#[test]
fn a_nul_character_is_refused_wherever_it_would_be_stored() {
    assert_eq!(refused("product_id", r#""a\u0000b""#), "after.product_id: text with a NUL character, which Postgres cannot store");
    assert!(put(&row_with("note", r#""a\u0000b""#)).is_ok(), "an unknown column is not stored");
    let customer = customer(r#"{"id":"C\u0000"}"#, &envelope("d", "null", "null"));
    assert_eq!(customer.unwrap_err().reason, Reason::Invalid);
}

#[test]
fn an_id_that_is_not_the_keys_is_refused() {
    assert_eq!(refused("id", "18"), "after.id: not the id that the key has");
    let flat = decoder(Format::Flat).order(&record(Some("18"), Some(ROW))).unwrap_err();
    assert_eq!((flat.reason, flat.message.as_str()), (Reason::Invalid, "id: not the id that the key has"));
    let customer = customer(r#"{"id":"C2"}"#, &envelope("c", "null", r#"{"id":"C1"}"#)).unwrap_err();
    assert_eq!(customer.message, "after.id: not the id that the key has");
}

#[test]
fn a_key_without_the_id_is_refused() {
    let value = envelope("d", ROW, "null");
    for key in ["{}", r#"{"order_no":17}"#, r#"{"id":null}"#, r#"{"schema":{},"payload":{"x":1}}"#, "[17]", "true", r#"{"id":"17"}"#] {
        let rejection = decoder(Format::Envelope).order(&record(Some(key), Some(&value))).unwrap_err();
        assert_eq!(rejection.reason, Reason::Invalid, "{key}");
        assert!(rejection.message.starts_with("key"), "{rejection}");
    }
    assert_eq!(order(&envelope("d", "null", "null")).map(|change| change.id), Ok(17));
    let nameless = decoder(Format::Envelope).order(&record(None, Some(&envelope("d", "null", "null")))).unwrap_err();
    assert_eq!((nameless.reason, nameless.message.as_str()), (Reason::Invalid, "before.id: missing or null"));
}

#[test]
fn what_is_no_change_event_is_malformed() {
    let deep = "[".repeat(100_000);
    let truncated = &envelope("c", "null", ROW)[..200];
    let values = [
        "",
        "{",
        "hello",
        "[]",
        "17",
        r#""text""#,
        "{}",
        "{}{}",
        truncated,
        &deep,
        r#"{"op":"c"}"#,
        r#"{"op":"c","after":null}"#,
        r#"{"op":"c","after":[17,"C","P",1,1]}"#,
        r#"{"op":"c","after":"x"}"#,
        r#"{"op":"c","op":"d"}"#,
        r#"{"payload":{"op":"u"}}"#,
        r#"{"payload":[]}"#,
        r#"{"after":{"id":17}}"#,
    ];
    for value in values {
        let rejection = order(value).unwrap_err();
        assert_eq!(rejection.reason, Reason::Malformed, "{value}: {rejection}");
    }
    assert_eq!(put(&row_with("price", "NaN")).unwrap_err().reason, Reason::Malformed, "JSON has no NaN");
    assert_eq!(put(&row_with("status", r#""\ud800""#)).unwrap_err().reason, Reason::Malformed, "half a character");
    let bytes = Record { value: Some(b"{\"op\":\"\xff\"}".to_vec()), ..record(None, None) };
    assert_eq!(decoder(Format::Envelope).order(&bytes).unwrap_err().message, "value: not UTF-8 from byte 7 on");
}

#[test]
fn unknown_columns_may_nest_as_deep_as_they_like() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(put(&row_with("note", &deep)), Ok(expected()));
}

#[test]
fn a_truncate_says_where_it_stands_and_of_customers_it_is_unsupported() {
    let value = r#"{"before":null,"after":null,"source":{"snapshot":null,"sequence":"[\"90\",\"100\"]","lsn":100},"op":"t"}"#;
    let decoder = decoder(Format::Envelope);
    let decoded = decoder.order(&record(None, Some(value))).unwrap();
    let Decoded::Truncate(position) = decoded else { panic!("{decoded:?}") };
    assert_eq!((position.kind, position.commit, position.lsn), (Origin::Stream, Some(90), Some(100)));
    assert_eq!(decoder.customer(&record(None, Some(value))).unwrap_err().reason, Reason::Unsupported);
}

#[test]
fn truncates_without_a_place_in_the_log_and_unknown_operations_are_unsupported() {
    let nowhere = r#"{"before":null,"after":null,"source":{},"op":"t"}"#.to_owned();
    for value in [nowhere, envelope("x", "null", "null"), envelope("", "null", "null")] {
        let rejection = decoder(Format::Envelope).order(&record(None, Some(&value))).unwrap_err();
        assert_eq!(rejection.reason, Reason::Unsupported, "{value}");
    }
    let source = r#"{"snapshot":"sideways","lsn":1}"#;
    assert_eq!(order(&with_source("u", "null", ROW, source)).unwrap_err().reason, Reason::Unsupported);
}

#[test]
fn a_record_over_the_limit_is_not_even_read() {
    let record = record(Some("17"), Some("not JSON"));
    let decoder = Decoder { max_record_bytes: 9, ..decoder(Format::Envelope) };
    let rejection = decoder.order(&record).unwrap_err();
    assert_eq!(rejection.reason, Reason::TooLarge);
    assert_eq!(rejection.message, "the record has 10 bytes, source.max_record_bytes allows 9");
}

#[test]
fn no_message_quotes_the_record() {
    let secret = r#""s3cret@example.com""#;
    for column in ["id", "quantity", "price", "created_at"] {
        assert!(!refused(column, secret).contains("s3cret"), "{column}");
    }
    for value in
        [envelope("c", secret, secret), envelope("s3cret", "null", ROW), format!("{{{secret}"), with_source("c", "null", ROW, secret)]
    {
        assert!(!order(&value).unwrap_err().message.contains("s3cret"), "{value}");
    }
}

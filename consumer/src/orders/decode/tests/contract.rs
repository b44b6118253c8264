//! Tests of what `docs/contract.md` says of other types than those of the contract, as Debezium writes their values.

use super::*;

#[test]
fn a_value_of_another_type_is_taken_or_refused_as_the_contract_says() {
    for (column, declared, json, is_taken) in [
        ("customer_id", "uuid", r#""0f8fad5b-d9cb-469f-a165-70867728950e""#, true),
        ("customer_id", "bigint", "5", false),
        ("customer_id", "nullable", "null", true),
        ("product_id", "nullable", "null", false),
        ("product_id", "jsonb", r#""{\"sku\": 1}""#, true),
        ("product_id", "text[]", r#"["a"]"#, false),
        ("status", "boolean", "true", false),
        ("quantity", "bigint", "2147483647", true),
        ("quantity", "bigint", "2147483648", false),
        ("quantity", "int", "-1", false),
        ("quantity", "numeric(10,0)", r#""7""#, false),
        ("quantity", "double precision", "7.0", false),
        ("quantity", "nullable", "null", false),
        ("price", "numeric(12,4)", r#""19.9900""#, true),
        ("price", "numeric(12,4)", r#""19.9901""#, false),
        ("price", "numeric(20,2)", r#""9999999999.99""#, true),
        ("price", "numeric(20,2)", r#""10000000000.00""#, false),
        ("price", "numeric(12,2)", r#""-0.01""#, false),
        ("price", "double precision", "19.99", true),
        ("price", "double precision", "0.30000000000000004", false),
        ("price", "numeric", r#""NaN""#, false),
        ("price", "numeric[]", r#"["19.99"]"#, false),
        ("price", "nullable", "null", false),
        ("created_at", "timestamptz", r#""2026-01-31T13:30:00.123456+01:00""#, true),
        ("created_at", "date", r#""2026-01-31Z""#, true),
        ("created_at", "time", r#""12:30:00Z""#, false),
        ("created_at", "timestamp[]", r#"["2026-01-31T12:30:00Z"]"#, false),
        ("created_at", "text", r#""yesterday""#, false),
        ("created_at", "nullable", "null", true),
        ("gift", "an array in a further column", "[1,2]", true),
    ] {
        let read = put(&row_with(column, json));
        let is_as_said = match &read {
            Ok(_) => is_taken,
            Err(rejection) => !is_taken && rejection.reason == Reason::Invalid,
        };
        assert!(is_as_said, "{column} {declared} {json}: {read:?}");
    }
}

#[test]
fn keys_of_another_type_or_without_the_id_are_refused_and_further_columns_of_a_key_are_not_seen() {
    let event = |id: &str| envelope("c", "null", &row_with("id", id));
    let read = |key: &str, id: &str| change(decoder(Format::Envelope).order(&record(Some(key), Some(&event(id))))).map(|change| change.id);
    for (key, id) in [
        (r#"{"id":"17"}"#, r#""17""#),
        (r#"{"id":"0f8fad5b-d9cb-469f-a165-70867728950e"}"#, r#""0f8fad5b-d9cb-469f-a165-70867728950e""#),
        (r#"{"code":"A"}"#, "17"),
    ] {
        assert_eq!(read(key, id).unwrap_err().reason, Reason::Invalid, "{key}");
    }
    // The two rows of the shop are one row for orderstream, so `id` alone has to name one row of the shop.
    assert_eq!([read(r#"{"id":17,"region":"EU"}"#, "17"), read(r#"{"id":17,"region":"US"}"#, "17")], [Ok(17), Ok(17)]);
    let of_customer = customer(r#"{"id":5}"#, &envelope("c", "null", r#"{"id":5,"name":"Ann"}"#));
    assert_eq!(of_customer.unwrap_err().reason, Reason::Invalid);
}

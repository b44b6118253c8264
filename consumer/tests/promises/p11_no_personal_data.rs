//! P11: no personal data in logs, metrics or error headers.

use std::fs;

use crate::shop::Shop;
use crate::shop::poison::{ADD_CONSTRAINT, DROP_CONSTRAINT, FIRST_ID, event};
use crate::shop::topic::{CUSTOMERS, DEAD_LETTERS, ORDERS, Sent};

/// Data that only readers of results may see.
const PERSONAL: [&str; 4] = ["Zebulon Quixwood", "zebulon.quixwood@example.com", "Quixwood-7731", ID];

/// The customer's id. A shop may know its customers by their e-mail addresses.
const ID: &str = "zq@customers.example.com";

#[test]
fn names_and_addresses_are_in_no_log_line_no_metric_and_no_header() {
    let shop = Shop::with(&[("LOG_LEVEL", "debug,sqlx=info,librdkafka=info,rdkafka=info"), ("DATABASE_LOCK_TIMEOUT_MS", "200")]);
    let letters = shop.topics().ends(DEAD_LETTERS);
    shop.sql(&format!("insert into customers (id, name, email) values ('{ID}', '{}', '{}')", PERSONAL[0], PERSONAL[1]));
    let id = shop.order(ID, 1, "1.00");
    shop.await_hash_field(id, "customer_name", PERSONAL[0]);
    // The test causes everything that is logged when something goes wrong: poison with the data in it, refusals by the database, outages.
    shop.sql(&format!("{DROP_CONSTRAINT}; {ADD_CONSTRAINT}"));
    let poison = |id: i64, from: &str, to: &str| Sent::order(id, event(id).to_string().replace(from, to));
    let customer = format!(r#"{{"before":null,"after":{{"id":"{ID}","name":"{}","email":["{}"]}},"op":"c"}}"#, PERSONAL[0], PERSONAL[1]);
    shop.topics().send(
        ORDERS,
        &[
            poison(FIRST_ID, r#""quantity":1"#, &format!(r#""quantity":"{}""#, PERSONAL[0])),
            poison(FIRST_ID + 1, "1.00", PERSONAL[1]),
            poison(FIRST_ID + 2, "2026-11-21T12:00:00Z", PERSONAL[2]),
            poison(FIRST_ID + 3, r#""op":"c""#, &format!(r#""op":"{}""#, PERSONAL[2])),
            poison(FIRST_ID + 4, "POISON", &format!(r"{}\u0000", PERSONAL[0])),
            poison(FIRST_ID + 5, r#""product_id":"POISON""#, &format!(r#""status":"{}","product_id":"REFUSED""#, PERSONAL[2])),
            Sent::order(FIRST_ID + 6, format!("{{\"{}", PERSONAL[0])),
        ],
    );
    shop.topics().send(
        CUSTOMERS,
        &[Sent { key: Some(format!(r#"{{"id":"{ID}"}}"#).into_bytes()), value: Some(customer.into()), ..Sent::default() }],
    );
    shop.await_the_end_of_the_topics();
    shop.stack().redis().stop().unwrap();
    shop.sql(&format!("update orders set status = '{}' where id = {id}", PERSONAL[2]));
    shop.await_sql(&format!("select enrichment from results where order_id = {id}"), "pending");
    shop.stack().postgres().kill();
    shop.process(0).await_readiness(503, "postgres: down");
    shop.stack().heal().unwrap();
    shop.sql(DROP_CONSTRAINT);
    shop.await_everything_right_with_letters(8);

    let found = shop.topics().read(DEAD_LETTERS, &letters);
    assert_eq!(found.len(), 8);
    for (key, value) in found.iter().flat_map(|letter| &letter.record.headers) {
        let value = String::from_utf8_lossy(value.as_deref().unwrap_or_default());
        assert_clean(&format!("the header {key}"), &value);
    }
    assert_clean("dead_letters", &shop.sql("select message from dead_letters"));
    for path in ["/metrics", "/status", "/health", "/readyz"] {
        assert_clean(path, &shop.process(0).get(path).unwrap().1);
    }
    let log = fs::read_to_string(shop.stack().folder().join(shop.process(0).service().name()).with_extension("log")).unwrap();
    assert!(log.contains("Postgres does not take this partition's batch") || log.contains("partition claimed"), "this is not the log");
    assert_clean("the log", &log);
}

fn assert_clean(place: &str, text: &str) {
    for secret in PERSONAL {
        let line = text.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{place} has {secret}: {line:?}");
    }
}

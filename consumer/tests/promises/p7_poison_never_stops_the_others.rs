//! P7: a poison record goes to the dead letters byte for byte, with its reason, at the speed of the batch around it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use stack::wait::{Attempt, until};

use crate::shop::poison::{ADD_CONSTRAINT, DROP_CONSTRAINT, FIRST_ID, MAX_RECORD_BYTES, Poison, all_kinds, event};
use crate::shop::topic::{CUSTOMERS, DEAD_LETTERS, Found, ORDERS, Sent};
use crate::shop::{PATIENCE, Shop};

/// The headers that a dead letter has after those of its record.
const ADDED: [&str; 9] = [
    "__connect.errors.topic",
    "__connect.errors.partition",
    "__connect.errors.offset",
    "__connect.errors.stage",
    "__connect.errors.exception.class.name",
    "__connect.errors.exception.message",
    "x-dlq-id",
    "x-dlq-reason",
    "x-dlq-replays",
];

/// The records whose header `kind` has this value.
fn of_kind<'f>(found: &'f [Found], kind: &str) -> Vec<&'f Found> {
    found.iter().filter(|found| found.header("kind") == Some(kind)).collect()
}

fn check_letter(shop: &Shop, poison: &Poison, original: &Found, letter: &Found) {
    let name = poison.name;
    assert_eq!(letter.record.key, original.record.key, "{name}: the key");
    assert_eq!(letter.record.value, original.record.value, "{name}: the value");
    assert_eq!(letter.timestamp, original.timestamp, "{name}: the timestamp");
    let own = original.record.headers.len();
    assert_eq!(letter.record.headers[..own], original.record.headers, "{name}: the record's own headers");
    let added: Vec<&str> = letter.record.headers[own..].iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(added, ADDED, "{name}: the headers that were added");
    let (partition, offset) = (original.partition, original.offset);
    let id = format!("{ORDERS}-{partition}-{offset}-0");
    for (header, expected) in [
        ("__connect.errors.topic", ORDERS),
        ("__connect.errors.partition", &partition.to_string()),
        ("__connect.errors.offset", &offset.to_string()),
        ("__connect.errors.stage", poison.stage),
        ("x-dlq-id", &id),
        ("x-dlq-replays", "0"),
    ] {
        assert_eq!(letter.header(header), Some(expected), "{name}: {header}");
    }
    let (reason, message) = (letter.header("x-dlq-reason").unwrap(), letter.header("__connect.errors.exception.message").unwrap());
    assert!(poison.reason.is_empty() || poison.reason == reason, "{name}: {reason}: {message}");
    assert!(message.contains(poison.message), "{name}: {message}");
    let row = shop.sql(&format!("select id, reason, stage, dlq_topic, dlq_partition, dlq_offset from dead_letters where id = '{id}'"));
    assert_eq!(row, format!("{id}|{reason}|{}|{DEAD_LETTERS}|{}|{}", poison.stage, letter.partition, letter.offset), "{name}");
}

#[test]
fn each_kind_of_poison_is_a_dead_letter_and_the_good_records_around_it_are_in_results() {
    let shop = Shop::with(&[("SOURCE_MAX_RECORD_BYTES", MAX_RECORD_BYTES)]);
    shop.sql(&format!("{DROP_CONSTRAINT}; {ADD_CONSTRAINT}"));
    let (orders, letters) = (shop.topics().ends(ORDERS), shop.topics().ends(DEAD_LETTERS));
    let kinds = all_kinds();
    for (number, poison) in kinds.iter().enumerate() {
        shop.order("CUST001", i32::try_from(number).unwrap(), "1.00");
        shop.topics().send(ORDERS, std::slice::from_ref(&poison.record));
    }
    shop.orders("AROUND", 100);
    shop.await_everything_right_with_letters(i64::try_from(kinds.len()).unwrap());
    let (originals, letters) = (shop.topics().read(ORDERS, &orders), shop.topics().read(DEAD_LETTERS, &letters));
    assert_eq!(letters.len(), kinds.len());
    for poison in &kinds {
        let (original, letter) = (of_kind(&originals, poison.name), of_kind(&letters, poison.name));
        assert_eq!((original.len(), letter.len()), (1, 1), "{}", poison.name);
        assert_eq!(original[0].record, poison.record, "{}", poison.name);
        check_letter(&shop, poison, original[0], letter[0]);
    }
    shop.sql(DROP_CONSTRAINT);
}

#[test]
fn a_hundred_poison_records_among_ten_thousand_are_no_slower_than_a_batch() {
    let mut shop = Shop::closed();
    // The tables are made here, because before the first process of the run there are none.
    shop.says(true, &["migrate"]);
    let (begin, letters) = (shop.topics().ends(ORDERS), shop.topics().ends(DEAD_LETTERS));
    for round in 0..50_i64 {
        let so_far: i64 = shop.topics().ends(ORDERS).iter().sum();
        shop.orders("AMONG", 200);
        let arrived = || Attempt::when(shop.topics().ends(ORDERS).iter().sum::<i64>() == so_far + 200);
        until("the round is in Kafka", PATIENCE, arrived).unwrap();
        let poison = |id: i64| Sent::order(id, event(id).to_string().replace("1.00", "cheap"));
        shop.topics().send(ORDERS, &[poison(FIRST_ID + 2 * round), poison(FIRST_ID + 2 * round + 1)]);
    }
    assert_eq!(shop.topics().ends(ORDERS).iter().sum::<i64>(), begin.iter().sum::<i64>() + 10_100);
    let started = Instant::now();
    shop.launch_another(&[]);
    shop.await_sql("select count(*) from results where product_id = 'AMONG'", "10000");
    let took = started.elapsed();
    shop.await_everything_right_with_letters(100);
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    for letter in shop.topics().read(DEAD_LETTERS, &letters) {
        *ids.entry(letter.header("x-dlq-id").unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!((ids.len(), ids.values().sum::<usize>()), (100, 100));
    // The time includes the start of the process. One by one the records would take 10,000 transactions.
    assert!(took < Duration::from_secs(10), "it took {took:?}");
    let transactions = shop.number("select count(distinct xmin::text) from results where product_id = 'AMONG'");
    assert!(transactions < 100, "{transactions} transactions");
    shop.clear("AMONG");
}

#[test]
fn a_poison_change_leaves_the_order_as_it_was_and_a_later_good_one_applies() {
    let shop = Shop::open();
    let id = shop.order("CUST001", 1, "2.00");
    shop.await_hash_field(id, "total", "2.00");
    shop.topics().send(ORDERS, &[Sent::order(id, event(id).to_string().replace(r#""quantity":1"#, r#""quantity":"x""#))]);
    shop.await_everything_right_with_letters(1);
    assert_eq!(shop.sql(&format!("select total from results where order_id = {id}")), "2.00");
    shop.sql(&format!("update orders set quantity = 5 where id = {id}"));
    shop.await_hash_field(id, "total", "10.00");
    shop.await_everything_right_with_letters(1);
}

#[test]
fn a_row_that_the_database_refuses_costs_only_itself() {
    let shop = Shop::open();
    shop.sql(&format!("{DROP_CONSTRAINT}; {ADD_CONSTRAINT}"));
    // The orders come in one transaction, so that good and bad orders share their batches.
    shop.sql(
        "insert into orders (customer_id, product_id, quantity, price)
         select 'CUST002', case when i % 250 = 0 then 'REFUSED' else 'ACCEPTED' end, 1, 1.00 from generate_series(1, 1000) as i",
    );
    shop.await_sql("select count(*) from results where product_id = 'ACCEPTED'", "996");
    shop.await_the_end_of_the_topics();
    assert_eq!(shop.new_letters(), 4);
    shop.sql(DROP_CONSTRAINT);
    // Postgres accepts the orders now, and the next change of each order brings the order in.
    shop.sql("update orders set status = 'paid' where product_id = 'REFUSED'");
    shop.await_everything_right_with_letters(4);
    shop.sql("delete from orders where product_id = 'REFUSED'");
}

/// The reasons of the newest dead letters, in the order in which they came.
fn reasons(shop: &Shop, letters: &[i64]) -> Vec<String> {
    let found = shop.topics().read(DEAD_LETTERS, letters);
    found.iter().map(|letter| letter.header("x-dlq-reason").unwrap().to_owned()).collect()
}

#[test]
fn where_a_missing_customer_is_a_dead_letter_the_order_is_kept_there_and_not_written() {
    let shop = Shop::with(&[("ENRICHMENT_WHEN_CUSTOMER_IS_MISSING", "dead_letter")]);
    let before = shop.topics().ends(DEAD_LETTERS);
    let id = shop.order("NOBODY1", 1, "1.00");
    let known = shop.order("CUST001", 1, "1.00");
    shop.await_hash_field(known, "customer_name", "Alice Johnson");
    shop.await_the_end_of_the_topics();
    assert_eq!(reasons(&shop, &before), ["customer_missing"]);
    assert_eq!(shop.number(&format!("select count(*) from results where order_id = {id}")), 0);
    shop.sql(&format!("delete from orders where id = {id}"));
    shop.await_everything_right_with_letters(1);
}

#[test]
fn where_an_absent_redis_makes_dead_letters_the_orders_are_kept_there_until_it_is_back() {
    let shop = Shop::with(&[("ENRICHMENT_WHEN_REDIS_IS_DOWN", "dead_letter")]);
    let before = shop.topics().ends(DEAD_LETTERS);
    shop.stack().redis().stop().unwrap();
    let id = shop.order("CUST001", 1, "1.00");
    shop.await_that("the order is a dead letter", || shop.new_letters() == 1);
    assert_eq!(reasons(&shop, &before), ["redis_down"]);
    assert_eq!(shop.number(&format!("select count(*) from results where order_id = {id}")), 0);
    shop.stack().redis().start().unwrap();
    shop.process(0).await_readiness(200, "ok");
    // The next change of the order brings it in.
    shop.sql(&format!("update orders set quantity = 3 where id = {id}"));
    shop.await_hash_field(id, "total", "3.00");
    shop.await_everything_right_with_letters(1);
}

#[test]
fn a_poison_customer_is_a_dead_letter_too() {
    let shop = Shop::open();
    let key = Some(br#"{"id":"POISON1"}"#.to_vec());
    let value = Some(br#"{"before":null,"after":{"id":"POISON1","name":7},"op":"c"}"#.to_vec());
    let before = shop.topics().ends(DEAD_LETTERS);
    shop.topics().send(CUSTOMERS, &[Sent { key, value, ..Sent::default() }]);
    shop.customer("HEALTHY1", "Hanna");
    let id = shop.order("HEALTHY1", 1, "1.00");
    shop.await_hash_field(id, "customer_name", "Hanna");
    shop.await_everything_right_with_letters(1);
    let letters = shop.topics().read(DEAD_LETTERS, &before);
    assert_eq!(
        (letters.len(), letters[0].header("x-dlq-reason"), letters[0].header("__connect.errors.topic")),
        (1, Some("invalid"), Some(CUSTOMERS))
    );
}

//! `orderstream dlq`: dead letters are found, looked at, and processed again without ever undoing a newer change (P5, P7).

use crate::shop::Shop;
use crate::shop::topic::{ORDERS, Sent};

/// Closes the open letters of earlier tests, so that they do not count in this test.
fn shop_without_open_letters() -> Shop {
    without_open_letters(Shop::open())
}

fn without_open_letters(shop: Shop) -> Shop {
    shop.sql("update dead_letters set resolved_at = now(), resolution = 'test' where resolved_at is null");
    shop
}

/// Makes orders of 666 pieces dead letters, until [`permit`].
fn forbid(shop: &Shop) {
    shop.sql("alter table results add constraint no_666 check (quantity <> 666) not valid");
}

fn permit(shop: &Shop) {
    shop.sql("alter table results drop constraint no_666");
}

fn await_letters(shop: &Shop, count: i64) {
    shop.await_sql("select count(*) from dead_letters where resolved_at is null", &count.to_string());
}

fn resolution(shop: &Shop, order: i64) -> String {
    shop.sql(&format!("select resolution, replays from dead_letters where order_id = {order}"))
}

#[test]
fn a_replayed_letter_is_applied_unless_something_newer_is_there() {
    let shop = shop_without_open_letters();
    forbid(&shop);
    let (lost, overtaken, deleted) =
        (shop.order("CUST002", 666, "1.00"), shop.order("CUST002", 666, "2.00"), shop.order("CUST002", 666, "3.00"));
    shop.sql(&format!("update orders set quantity = 5 where id = {overtaken}"));
    shop.sql(&format!("delete from orders where id = {deleted}"));
    shop.await_the_end_of_the_topics();
    let of_both = format!("order_id in ({overtaken}, {deleted}) and resolution = 'overtaken'");
    shop.await_sql(&format!("select count(*) from dead_letters where {of_both}"), "2");
    // The letters are opened again, as if they had come by another partition than the changes after them, where nothing tells which is
    // newer.
    shop.sql(&format!("update dead_letters set resolved_at = null, resolution = null where {of_both}"));
    await_letters(&shop, 3);
    permit(&shop);
    let listed = shop.says(true, &["dlq", "list", "--reason", "rejected_by_database", "--since", "1h"]);
    assert!(listed.contains("3 letters") && listed.contains("no_666") && !listed.contains("CUST002"), "{listed}");
    assert!(shop.says(true, &["dlq", "list", "--key", &lost.to_string()]).contains("1 letter\n"));
    assert!(shop.says(true, &["dlq", "list", "--until", "1h"]).contains("no letters"));
    let planned = shop.says(true, &["dlq", "replay"]);
    assert!(planned.contains("3 letters") && planned.contains("Nothing was changed"), "{planned}");
    await_letters(&shop, 3);
    let done = shop.says(true, &["dlq", "replay", "--execute"]);
    assert!(done.contains("replayed: 1 applied, 2 stale, 0 with nothing to do, 0 refused again"), "{done}");
    assert_eq!([lost, overtaken, deleted].map(|order| resolution(&shop, order)), ["applied|0", "stale|0", "stale|0"]);
    // The sweep has written the customer and the hash.
    shop.await_hash_field(lost, "customer_name", "Bob Smith");
    shop.await_everything_right_with_letters(3);
    assert!(shop.says(true, &["dlq", "replay", "--execute"]).contains("replayed: 0 applied"));
}

#[test]
fn a_letter_that_fails_again_stays_one_and_is_left_alone_after_three_replays() {
    let shop = shop_without_open_letters();
    shop.topics().send(ORDERS, &[Sent::order(900_000_011, r#"{"secret of mine"#)]);
    await_letters(&shop, 1);
    let id = shop.sql("select id from dead_letters where resolved_at is null");
    let shown = shop.says(true, &["dlq", "show", &id]);
    assert!(shown.contains("malformed") && shown.contains("900000011") && !shown.contains("secret"), "{shown}");
    assert!(shop.says(true, &["dlq", "show", &id, "--payload"]).contains("secret of mine"));
    assert!(shop.says(false, &["dlq", "show", "nothing-0-0-0"]).contains("no letter"));
    for _ in 0..3 {
        assert!(shop.says(false, &["dlq", "replay", "--execute"]).contains("1 refused again"));
    }
    assert_eq!(resolution(&shop, 900_000_011), "|3");
    let left = shop.says(false, &["dlq", "replay", "--execute"]);
    assert!(left.contains("3 times or more") && left.contains("0 refused again"), "{left}");
    assert!(shop.says(false, &["dlq", "replay", "--execute", "--max-replays", "4"]).contains("1 refused again"));
    shop.await_everything_right_with_letters(1);
}

#[test]
fn a_replay_of_many_goes_on_where_it_ended_at_the_rate_it_is_given() {
    // So many records in a row become letters only if the operator says so.
    let shop = without_open_letters(Shop::with(&[("DEAD_LETTERS_MAX_SHARE", "1")]));
    forbid(&shop);
    shop.sql("insert into orders (customer_id, product_id, quantity, price) select 'CUST001', 'MANY', 666, 1 from generate_series(1, 500)");
    await_letters(&shop, 500);
    permit(&shop);
    assert!(shop.says(true, &["dlq", "replay", "--execute", "--max", "150"]).contains("replayed: 150 applied"));
    await_letters(&shop, 350);
    let began = std::time::Instant::now();
    assert!(shop.says(true, &["dlq", "replay", "--execute", "--rate", "175"]).contains("replayed: 350 applied"));
    assert!(began.elapsed() >= std::time::Duration::from_secs(1));
    shop.await_everything_right_with_letters(500);
}

#[test]
fn a_partition_where_nearly_all_is_poison_stops_until_an_operator_decides_and_loses_nothing() {
    const POISON: i64 = 3_000;
    let mut shop = Shop::with(&[]);
    // A tombstone comes after each fourth poison record, so that the records are no series of nothing but letters.
    let poison: Vec<Sent> = (0..POISON)
        .flat_map(|number| {
            let poison = Sent::order(910_000_000 + number, r#"{"op":"c","after":{"new":"schema"}}"#);
            let tombstone = (number % 4 == 3).then(|| Sent { value: None, ..poison.clone() });
            [Some(poison), tombstone].into_iter().flatten().map(|sent| Sent { partition: Some(1), ..sent })
        })
        .collect();
    shop.topics().send(ORDERS, &poison);
    shop.process(0).await_readiness(503, "records cannot be processed");
    // The other partitions go on, and the records after the poison wait.
    shop.orders("CAPPED", 40);
    shop.await_at_least("select count(*) from results where product_id = 'CAPPED'", 10);
    let metrics = shop.process(0).get("/metrics").unwrap().1;
    for expected in ["partition_stopped_by_dead_letters_total{topic=\"shop.public.orders\",partition=\"1\"} 1", "state=\"stopped\"} 1"] {
        assert!(metrics.contains(expected), "{expected}");
    }
    assert!(shop.new_letters() < POISON, "all of it became letters");

    // A restart alone frees nothing, because the ledger knows the letters before. With batches of other sizes the process may stop at
    // another letter.
    shop.process(0).service().stop().unwrap();
    let number = shop.launch_another(&[]);
    shop.process(number).await_readiness(503, "records cannot be processed");
    assert!(shop.new_letters() < POISON, "all of it became letters");
    shop.process(number).service().stop().unwrap();

    shop.start_another(&[("DEAD_LETTERS_MAX_SHARE", "1")]);
    shop.await_everything_right_with_letters(POISON);
    // Open letters would count against the partition in later tests.
    shop.sql("update dead_letters set resolved_at = now(), resolution = 'test' where resolved_at is null");
}

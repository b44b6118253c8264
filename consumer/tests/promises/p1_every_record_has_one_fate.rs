//! P1: every record on the topic is applied, stale, ignored or dead-lettered, and counted once.

use std::collections::BTreeMap;

use crate::shop::Shop;
use crate::shop::topic::{Found, ORDERS, Sent};

const FATES: &str =
    "select sum(applied), sum(stale), sum(ignored), sum(dead_lettered) from consumer_offsets where topic = 'shop.public.orders'";

fn fates(shop: &Shop) -> Vec<i64> {
    shop.sql(FATES).split('|').map(|count| count.parse().unwrap()).collect()
}

#[test]
fn each_kind_of_record_is_counted_under_its_fate() {
    let shop = Shop::open();
    shop.await_everything_right();
    let (before, ends) = (fates(&shop), shop.topics().ends(ORDERS));
    shop.orders("FATES", 10);
    shop.sql("update orders set status = 'paid' where product_id = 'FATES'");
    shop.sql("delete from orders where id in (select id from orders where product_id = 'FATES' order by id limit 3)");
    shop.await_everything_right();
    // The records are those of 10 inserts, 10 updates and 3 deletes, and 3 tombstones after the deletes.
    let again: Vec<Sent> = shop.topics().read(ORDERS, &ends).iter().map(Found::again).collect();
    assert_eq!(again.len(), 26);
    // The 23 changes are stale the second time, the tombstones are ignored again.
    shop.topics().send(ORDERS, &again);
    shop.topics().send(ORDERS, &[Sent::order(900_000_001, "{"), Sent::order(900_000_002, "[]")]);
    shop.await_everything_right_with_letters(2);
    let counted: Vec<i64> = fates(&shop).iter().zip(before).map(|(after, before)| after - before).collect();
    assert_eq!(counted, [23, 23, 6, 2]);
}

#[test]
fn the_counters_of_each_partition_add_up_to_its_records_as_read() {
    let shop = Shop::open();
    shop.orders("COUNTED", 200);
    shop.await_everything_right();
    let mut records: BTreeMap<i32, i64> = BTreeMap::new();
    for found in shop.topics().read_all(ORDERS) {
        *records.entry(found.partition).or_default() += 1;
    }
    let expected: Vec<String> = records.iter().map(|(partition, count)| format!("{partition}|{count}")).collect();
    assert_eq!(expected.len(), 4);
    let counted = "select partition, applied + stale + ignored + dead_lettered from consumer_offsets where topic = 'shop.public.orders'";
    shop.await_sql(&format!("{counted} order by partition"), &expected.join("\n"));
}

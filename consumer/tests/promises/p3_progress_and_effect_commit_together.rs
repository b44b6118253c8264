//! P3: the position and the effect commit together, so that a death at any moment loses and repeats nothing.

use crate::shop::Shop;

const APPLIED: &str = "select sum(applied) from consumer_offsets where topic = 'shop.public.orders'";

#[test]
fn five_sigkills_during_a_burst_lose_and_double_nothing() {
    let mut shop = Shop::closed();
    let number = shop.start_another(&[("BATCH_MAX_RECORDS", "200")]);
    shop.await_everything_right();
    let (letters, before) = (shop.letters_on_topic(), shop.number(APPLIED));
    shop.orders("KILLED", 10_000);
    let mut alive = number;
    for life in 1..=5 {
        shop.await_at_least(APPLIED, before + 1_500 * life);
        shop.kill(alive);
        assert!(shop.number(APPLIED) < before + 10_000, "it was through before it was killed: this test shows nothing");
        alive = shop.launch_another(&[("BATCH_MAX_RECORDS", "200")]);
    }
    shop.await_sql("select count(*), count(distinct order_id) from results where product_id = 'KILLED'", "10000|10000");
    shop.await_everything_right();
    assert_eq!(shop.number(APPLIED), before + 10_000);
    assert_eq!(shop.letters_on_topic(), letters);
}

#[test]
fn sigkills_among_changes_of_orders_and_customers_leave_no_order_with_an_old_customer() {
    let mut shop = Shop::closed();
    let mut alive = shop.start_another(&[]);
    shop.sql("insert into customers (id, name) select 'MOVING' || i, 'Name 0' from generate_series(1, 50) as i");
    for life in 1..=3 {
        shop.sql(&format!(
            "insert into orders (customer_id, product_id, quantity, price)
             select 'MOVING' || 1 + i % 50, 'MOVING', i % 100, 1.00 from generate_series(1, 1000) as i;
             update customers set name = 'Name {life}' where id like 'MOVING%';
             update orders set status = 'life {life}' where product_id = 'MOVING' and id % 3 = 0"
        ));
        shop.await_at_least(&format!("select count(*) from results where product_id = 'MOVING' and status = 'life {life}'"), 1);
        shop.kill(alive);
        alive = shop.launch_another(&[]);
    }
    shop.await_sql("select count(*) from results where customer_name = 'Name 3'", "3000");
    shop.await_everything_right();
}

#[test]
fn another_group_goes_on_where_the_ledger_says() {
    let mut shop = Shop::open();
    shop.orders("LEDGER", 50);
    shop.await_everything_right();
    let ledger = "select topic, partition, next_offset, applied, stale, ignored, dead_lettered from consumer_offsets order by 1, 2";
    let before = shop.sql(ledger);
    shop.kill(0);
    // Kafka knows nothing of this group's progress.
    shop.start_another(&[]);
    shop.await_everything_right();
    assert_eq!(shop.sql(ledger), before);
    let id = shop.order("CUST001", 1, "1.00");
    shop.await_hash_field(id, "total", "1.00");
    shop.await_everything_right();
}

//! Retention: tombstones of deleted orders and closed letters are removed after their time, and nothing deleted comes back (P5, P10).

use crate::shop::apart::{Apart, order, poisoned};
use crate::shop::topic::Sent;
use crate::shop::{Shop, poison};

/// The event of an order's delete, as Debezium writes it.
fn gone(id: i64) -> Sent {
    let mut event = poison::event(id);
    event["before"] = event["after"].take();
    event["op"] = "d".into();
    event["source"]["sequence"] = "[\"2\",\"2\"]".into();
    event["source"]["lsn"] = 2.into();
    Sent::order(id, event.to_string())
}

#[test]
fn a_tombstone_goes_after_thirty_days_unless_an_older_change_could_still_come() {
    let mut shop = Shop::closed();
    let apart = Apart::new(&shop, "tombstones", &[]).and_letters(&shop, &[]);
    let records: Vec<Sent> = (1..=4).flat_map(|id| [order(id), gone(id)]).collect();
    shop.topics().send(&apart.orders, &records);
    let number = shop.start_another(&apart.settings());
    let tombstones = "select string_agg(order_id::text, ' ' order by order_id) from deleted_orders";
    apart.await_sql(tombstones, "1 2 3 4");
    apart.await_sql("select count(*) from due_orders", "0");
    shop.process(number).service().stop().unwrap();
    apart.sql("update deleted_orders set deleted_at = now() - interval '1 day' * case order_id when 2 then 29 else 31 end");
    apart.sql(
        "insert into dead_letters (id, epoch, topic, partition, \"offset\", order_id, reason, stage, message, dlq_topic, dlq_partition, dlq_offset)
         values ('letter', 0, 'other', 0, 100, 3, 'invalid', 'decode', '', 'other', 0, 0)",
    );
    apart.sql("insert into due_orders (order_id, partition, due_at, stamp) values (4, 0, now() + interval '1 day', 1)");
    shop.start_another(&apart.settings());
    apart.await_sql(tombstones, "2 3 4");

    // An order that comes again brings its delete along.
    shop.topics().send(&apart.orders, &[order(1), gone(1)]);
    apart.await_sql(tombstones, "1 2 3 4");
    assert_eq!(apart.sql("select count(*) from results"), "0");
}

#[test]
fn letters_go_ninety_days_after_they_were_closed_and_their_records_with_them() {
    let mut shop = Shop::closed();
    let apart = Apart::new(&shop, "old_letters", &[]).and_letters(&shop, &[]);
    let records: Vec<Sent> = (1..=4).flat_map(|id| [order(10 + id), poisoned(id)]).collect();
    shop.topics().send(&apart.orders, &records);
    let number = shop.start_another(&apart.settings());
    apart.await_sql("select count(*) from dead_letters", "4");
    shop.process(number).service().stop().unwrap();
    apart.sql(
        "update dead_letters set resolved_at = now() - interval '1 day' * case order_id when 2 then 89 else 91 end, resolution = 'replayed'
         where order_id <> 4",
    );
    shop.start_another(&apart.settings());
    apart.await_sql("select string_agg(order_id::text, ' ' order by order_id) from dead_letters", "2 4");
    // The second record stays, and so do all records after it, among them the third, of which no row in `dead_letters` is left.
    shop.await_that("the records below the lowest letter are gone", || shop.topics().begins(&apart.letters) == [1]);
    assert_eq!(shop.topics().ends(&apart.letters), [4]);
}

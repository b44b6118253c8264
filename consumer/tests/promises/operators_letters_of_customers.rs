//! `orderstream dlq replay` for other letters than those of orders: letters of customers, of truncates, and of another epoch (P2, P5).

use serde_json::json;

use crate::shop::Shop;
use crate::shop::poison::MAX_RECORD_BYTES;
use crate::shop::topic::{ORDERS, Sent};

/// An id that no order of the shop will have.
const GHOST: i64 = 950_000_002;

/// A shop whose records become letters if they are larger than [`MAX_RECORD_BYTES`], and which has no other letters to be replayed.
fn shop_that_refuses_large_records() -> Shop {
    let shop = Shop::with(&[("SOURCE_MAX_RECORD_BYTES", MAX_RECORD_BYTES)]);
    shop.sql("update dead_letters set resolved_at = now(), resolution = 'test' where resolved_at is null");
    shop
}

fn await_letters(shop: &Shop, count: i64) {
    shop.await_sql("select count(*) from dead_letters where resolved_at is null", &count.to_string());
}

fn rename(shop: &Shop, customer: &str, letters: usize) {
    shop.sql(&format!("update customers set name = repeat('n', {letters}) where id = '{customer}'"));
}

#[test]
fn a_replayed_letter_of_a_customer_is_applied_unless_something_newer_was_there() {
    let mut shop = shop_that_refuses_large_records();
    for customer in ["LETTER-CHANGED", "LETTER-OVERTAKEN", "LETTER-DELETED"] {
        shop.customer(customer, "Before");
        shop.order(customer, 1, "1.00");
    }
    shop.order("LETTER-NEW", 1, "1.00");
    shop.await_everything_right();
    rename(&shop, "LETTER-CHANGED", 5_000);
    shop.sql("insert into customers (id, name) values ('LETTER-NEW', repeat('n', 5000))");
    for customer in ["LETTER-OVERTAKEN", "LETTER-DELETED"] {
        // The second change is a letter too, because its event has the long name in the row before the change.
        [5_000, 10, 20].into_iter().for_each(|letters| rename(&shop, customer, letters));
    }
    shop.sql("delete from customers where id = 'LETTER-DELETED'");
    shop.await_the_end_of_the_topics();
    let of_both = "customer_id in ('LETTER-OVERTAKEN', 'LETTER-DELETED') and resolution = 'overtaken'";
    shop.await_sql(&format!("select count(*) from dead_letters where {of_both}"), "4");
    // The letters are opened again, as if they had come by another partition than the changes after them, where nothing tells which is
    // newer.
    shop.sql(&format!("update dead_letters set resolved_at = null, resolution = null where {of_both}"));
    await_letters(&shop, 6);
    // The hash of the deleted customer is removed, as if its time to live were over, so that only the topic knows of the delete.
    redis::cmd("DEL").arg("customer:LETTER-DELETED").exec(&mut shop.redis().unwrap()).unwrap();

    let listed = shop.says(true, &["dlq", "list", "--topic", "shop.public.customers", "--key", "LETTER-NEW"]);
    assert!(listed.contains("1 letter\n") && listed.contains("too_large") && !listed.contains("nnn"), "{listed}");
    let planned = shop.says(true, &["dlq", "replay"]);
    assert!(planned.contains("6 letters") && planned.contains("Nothing was changed") && !planned.contains("left alone"), "{planned}");
    let done = shop.says(true, &["dlq", "replay", "--execute"]);
    assert!(done.contains("replayed: 2 applied, 4 stale, 0 with nothing to do, 0 refused again"), "{done}");
    let resolutions = "select customer_id || ' ' || resolution from dead_letters \
                       where customer_id in ('LETTER-CHANGED', 'LETTER-DELETED', 'LETTER-NEW', 'LETTER-OVERTAKEN') order by 1";
    let stale = ["LETTER-DELETED stale", "LETTER-DELETED stale", "LETTER-NEW applied", "LETTER-OVERTAKEN stale", "LETTER-OVERTAKEN stale"];
    assert_eq!(shop.sql(resolutions).lines().collect::<Vec<_>>(), [["LETTER-CHANGED applied"].as_slice(), &stale].concat());
    // The processes remember customers, and take the replayed customers all the same.
    shop.await_everything_right_with_letters(6);
    shop.order("LETTER-CHANGED", 2, "1.00");
    shop.await_everything_right_with_letters(6);

    // The events that come next are large too, so the next process takes large records.
    shop.process(0).service().stop().unwrap();
    shop.start_another(&[]);
    shop.sql("delete from orders where customer_id like 'LETTER-%'; delete from customers where id like 'LETTER-%'");
    shop.await_everything_right_with_letters(6);
}

#[test]
fn a_customer_that_is_refused_again_stays_a_letter_and_one_that_comes_twice_is_stale() {
    let shop = shop_that_refuses_large_records();
    shop.customer("LETTER-TWICE", "Before");
    rename(&shop, "LETTER-TWICE", 5_000);
    await_letters(&shop, 1);
    let limit = ("SOURCE_MAX_RECORD_BYTES", MAX_RECORD_BYTES);
    let output = shop.orderstream(&["dlq", "replay", "--execute"], &[limit]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 refused again"), "{output:?}");
    assert_eq!(shop.sql("select replays, reason from dead_letters where resolved_at is null"), "1|too_large");
    assert!(shop.says(true, &["dlq", "replay", "--execute", "--topic", ORDERS]).contains("replayed: 0 applied"));
    assert!(shop.says(false, &["dlq", "replay", "--execute", "--topic", "other"]).contains("letters of other are not replayed"));
    // The letter is opened again, as a replay leaves it that broke off between Redis and Postgres.
    assert!(shop.says(true, &["dlq", "replay", "--execute"]).contains("1 applied"));
    shop.sql("update dead_letters set resolved_at = null where customer_id = 'LETTER-TWICE'");
    assert!(shop.says(true, &["dlq", "replay", "--execute"]).contains("1 applied"));
    shop.await_everything_right_with_letters(1);
    // The delete's event has the long name in the row before, so the delete is a letter too, and the newest one.
    shop.sql("delete from customers where id = 'LETTER-TWICE'");
    await_letters(&shop, 1);
    assert!(shop.says(true, &["dlq", "replay", "--execute"]).contains("1 applied"));
    shop.await_everything_right_with_letters(2);
}

#[test]
fn a_letter_of_another_epoch_is_left_alone_and_said_to_be() {
    let shop = shop_that_refuses_large_records();
    shop.customer("LETTER-EPOCH", "Before");
    rename(&shop, "LETTER-EPOCH", 5_000);
    await_letters(&shop, 1);
    let output = shop.orderstream(&["dlq", "replay", "--execute"], &[("SOURCE_EPOCH", "1")]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("1 would be left alone, they are of another epoch than 1") && text.contains("replayed: 0 applied"), "{text}");
    await_letters(&shop, 1);
    assert!(shop.says(true, &["dlq", "replay", "--execute"]).contains("1 applied"));
    rename(&shop, "LETTER-EPOCH", 1);
    await_letters(&shop, 1);
    assert!(shop.says(true, &["dlq", "replay", "--execute"]).contains("1 applied"));
    shop.await_everything_right_with_letters(2);
}

#[test]
fn a_replayed_truncate_removes_what_was_older_and_leaves_what_came_later() {
    let shop = shop_that_refuses_large_records();
    let like = shop.order("CUST001", 1, "1.00");
    shop.await_everything_right();
    // A row from before the truncate, which the source does not have any more.
    shop.sql(&format!(
        "create temp table ghost as select * from results where order_id = {like};
         update ghost set order_id = {GHOST}; insert into results select * from ghost"
    ));
    let mut redis = shop.redis().unwrap();
    redis::cmd("COPY").arg(format!("order:{like}")).arg(format!("order:{GHOST}")).exec(&mut redis).unwrap();
    let lsn = shop.number("select (pg_current_wal_lsn() - '0/0')::bigint");
    shop.sql("update orders set quantity = quantity");
    shop.await_the_end_of_the_topics();
    let truncate = json!({
        "before": null, "after": null, "op": "t", "padding": "x".repeat(5_000),
        "source": { "snapshot": "false", "sequence": format!("[\"{lsn}\",\"{lsn}\"]"), "lsn": lsn, "ts_ms": 1_795_262_400_000_i64 },
    });
    let letter = Sent { partition: Some(2), value: Some(truncate.to_string().into_bytes()), ..Sent::default() };
    shop.topics().send(ORDERS, &[letter.clone(), letter]);
    await_letters(&shop, 2);
    assert_eq!(shop.number(&format!("select count(*) from results where order_id = {GHOST}")), 1);
    let done = shop.says(true, &["dlq", "replay", "--execute"]);
    assert!(done.contains("replayed: 1 applied, 1 stale, 0 with nothing to do, 0 refused again"), "{done}");
    shop.await_everything_right_with_letters(2);
    shop.await_tombstone(GHOST);
}

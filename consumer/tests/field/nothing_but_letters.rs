//! Partitions of which no record can be processed: a short partition stops too, and the way out that the message names works. A poison
//! record among good ones, and two orders that stay broken, stop nothing.

use crate::shop::Shop;
use crate::shop::apart::{Apart, order, poisoned};
use crate::shop::topic::Sent;

fn in_partition(partition: i32, sent: Sent) -> Sent {
    Sent { partition: Some(partition), ..sent }
}

fn letters(apart: &Apart) -> i64 {
    apart.sql("select count(*) from dead_letters").parse().unwrap()
}

#[test]
fn ten_partitions_with_twenty_records_each_of_which_none_can_be_processed_stop_and_the_steps_that_are_named_work() {
    let mut shop = Shop::closed();
    let apart = Apart::with_partitions(&shop, "nothing_but_letters", 10, &[]);
    let records = |partition: i32| (0..20).map(move |number| in_partition(partition, poisoned(i64::from(partition) * 100 + number)));
    shop.topics().send(&apart.orders, &(0..10).flat_map(records).collect::<Vec<_>>());
    let number = shop.launch_another(&apart.settings());
    shop.process(number)
        .await_readiness(503, "records in a row cannot be processed (about 10 or more different rows), most often invalid (after.price");
    shop.await_that("all partitions have stopped", || {
        let (_, status) = shop.process(number).get("/status").unwrap_or_default();
        status.matches("\"state\":\"stopped\"").count() == 10
    });
    assert!(letters(&apart) < 100, "{} of 200 are letters", letters(&apart));

    // Another process, `orderstream offsets show`, says that the partitions are stopped too.
    apart.await_sql("select count(*) from consumer_offsets where stopped like '%records in a row cannot be processed%'", "10");
    let show = shop.orderstream(&["offsets", "show"], &apart.settings());
    let shown = String::from_utf8(show.stdout).unwrap();
    assert_eq!((show.status.code(), shown.matches("STOPPED, see below").count()), (Some(1), 10), "{shown}");
    let reason = shown.lines().find(|line| line.contains("nothing_but_letters.public.orders/3: ")).unwrap();
    assert!(reason.contains("cannot be processed") && reason.contains("most often invalid") && reason.len() < 300, "{reason}");

    // The operator follows the message: the source is right again, and the records in Kafka stay as they are.
    shop.process(number).service().stop().unwrap();
    let uncapped = shop.start_another(&apart.settings_and(&[("DEAD_LETTERS_MAX_SHARE", "1")]));
    shop.topics().send(&apart.orders, &(0..10).map(|partition| in_partition(partition, order(i64::from(partition)))).collect::<Vec<_>>());
    apart.await_sql("select count(*), (select count(*) from dead_letters) from results", "10|200");
    let log = shop.process(uncapped).service().log_tail(10_000);
    let told = log.lines().filter(|line| line.contains("Records that cannot be processed are dead letters now")).count();
    assert!((1..=5).contains(&told), "told {told} times:\n{log}");
    shop.process(uncapped).service().stop().unwrap();
    let number = shop.start_another(&apart.settings());
    shop.topics().send(&apart.orders, &[in_partition(3, poisoned(1_000)), in_partition(3, order(1_001))]);
    apart.await_sql("select count(*), (select count(*) from dead_letters) from results", "11|201");
    shop.process(number).await_readiness(200, "ok");
    apart.await_sql("select count(*) from consumer_offsets where stopped is not null", "0");
    assert!(shop.orderstream(&["offsets", "show"], &apart.settings()).status.success());
}

#[test]
fn one_poison_record_among_few_and_two_orders_that_stay_broken_stop_nothing() {
    let mut shop = Shop::closed();
    let apart = Apart::new(&shop, "few_letters", &[]);
    shop.topics().send(&apart.orders, &[order(1), poisoned(2), order(3)]);
    let number = shop.start_another(&apart.settings());
    apart.await_sql("select count(*), (select count(*) from dead_letters) from results", "2|1");
    // The first five poison records come in one batch, and the others one by one.
    shop.topics().send(&apart.orders, &vec![poisoned(7); 5]);
    for letters in 7..=20 {
        shop.topics().send(&apart.orders, &[poisoned(6 + letters % 2)]);
        apart.await_sql("select count(*) from dead_letters", &letters.to_string());
    }
    shop.topics().send(&apart.orders, &[order(8)]);
    apart.await_sql("select string_agg(order_id::text, ' ' order by order_id) from results", "1 3 8");
    shop.process(number).await_readiness(200, "ok");
}

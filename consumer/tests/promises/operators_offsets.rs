//! `orderstream offsets`, which shows the ledger and moves a partition by hand, beside running processes (P3, P4).

use crate::shop::Shop;
use crate::shop::topic::{CUSTOMERS, ORDERS};

const LEDGER: &str = "select next_offset, generation from consumer_offsets where topic = 'shop.public.orders' and partition = 0";

/// Next offset and generation of the partition.
fn ledger(shop: &Shop) -> (i64, i64) {
    let row = shop.sql(LEDGER);
    let (next, generation) = row.split_once('|').unwrap();
    (next.parse().unwrap(), generation.parse().unwrap())
}

/// Corrects the ledger: records that were read again were counted again, and the other tests expect that each record counts once.
fn forget_the_repetition(shop: &Shop) {
    shop.sql("update consumer_offsets set stale = next_offset - applied - ignored - dead_lettered where topic = 'shop.public.orders'");
}

fn reset<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["offsets", "reset", "--topic", ORDERS, "--partition", "0"], arguments].concat()
}

#[test]
fn a_partition_moved_back_beside_a_running_process_is_read_again_and_changes_nothing() {
    // The process is a member of this test's group, because the command does not see members of other groups.
    let shop = Shop::with(&[]);
    shop.orders("MOVED", 40);
    shop.sql("update orders set quantity = 7 where product_id = 'MOVED'");
    shop.await_everything_right();
    let shown = shop.says(true, &["offsets", "show"]);
    assert_eq!(shown.matches(ORDERS).count(), 4, "{shown}");
    let before = ledger(&shop);
    let refused = shop.says(false, &reset(&["--to-low"]));
    assert!(refused.contains("being worked on") && refused.contains("--force"), "{refused}");
    let of_customers = shop.says(false, &["offsets", "reset", "--topic", CUSTOMERS, "--partition", "0", "--to-low"]);
    assert!(of_customers.contains("being worked on"), "customers have a group of their own: {of_customers}");
    let planned = shop.says(true, &reset(&["--to-low", "--force"]));
    assert!(planned.contains(&format!("Up to {} records would be read again", before.0)), "{planned}");
    assert!(planned.contains("Nothing was changed"), "{planned}");
    assert_eq!(ledger(&shop), before);
    // The worker is idle, and learns from the ledger that it was fenced.
    let done = shop.says(true, &reset(&["--to-low", "--force", "--execute"]));
    assert!(done.contains(&format!("moved from {} to 0, generation {}", before.0, before.1 + 1)), "{done}");
    shop.await_sql(LEDGER, &format!("{}|{}", before.0, before.1 + 2));
    forget_the_repetition(&shop);
    shop.await_everything_right();
}

#[test]
fn an_offset_of_another_cluster_stops_its_partition_until_an_operator_moves_it() {
    let mut shop = Shop::closed();
    // A process claims the partitions once, so that the ledger has the id of the Kafka cluster.
    let number = shop.start_another(&[]);
    shop.orders("CLUSTER", 20);
    shop.await_everything_right();
    shop.process(number).service().stop().unwrap();
    let (next, generation) = ledger(&shop);
    shop.sql("update consumer_offsets set cluster_id = 'elsewhere' where topic = 'shop.public.orders' and partition = 0");
    let number = shop.launch_another(&[]);
    shop.process(number).await_readiness(503, "belongs to Kafka cluster elsewhere");
    assert_eq!(ledger(&shop), (next, generation), "a claim that is refused fences nobody");
    let shown = shop.says(false, &["offsets", "show"]);
    let command = format!("offsets reset --topic {ORDERS} --partition 0 --to {next}");
    assert!(shown.contains(&command), "{shown}");
    let checked = shop.says(false, &["check"]);
    assert!(checked.contains("FAILED   ledger    shop.public.orders-0: the stored offset belongs"), "{checked}");
    let execute: Vec<&str> = command.split(' ').chain(["--execute"]).collect();
    // The topic was copied without its offsets, so another record stands before the offset.
    shop.sql("update consumer_offsets set last_ms = last_ms - 1 where topic = 'shop.public.orders' and partition = 0");
    assert!(shop.says(false, &execute).contains("copied without its offsets"));
    assert_eq!(ledger(&shop), (next, generation), "a move that is refused fences nobody");
    shop.sql("update consumer_offsets set last_ms = last_ms + 1 where topic = 'shop.public.orders' and partition = 0");
    let done = shop.says(true, &execute);
    assert!(done.contains("No record that Kafka has would be skipped or read again"), "{done}");
    shop.process(number).await_readiness(200, "ok");
    shop.says(true, &["offsets", "show"]);
    assert!(shop.says(true, &["check"]).contains("Kafka has what comes next in each of 8 partitions"));
    shop.orders("CLUSTER", 20);
    shop.await_everything_right();
}

#[test]
fn what_is_not_in_the_log_or_not_read_is_refused() {
    let shop = Shop::open();
    assert!(shop.says(false, &reset(&["--to", "99999999", "--force"])).contains("is not in the log"));
    assert!(shop.says(false, &["offsets", "reset", "--topic", "other", "--partition", "0", "--to-low"]).contains("not one of the topics"));
    assert!(shop.says(false, &["offsets", "reset", "--topic", ORDERS, "--partition", "77", "--to-low"]).contains("no partition 77"));
    assert!(shop.says(false, &reset(&["--to", "1", "--to-high"])).contains("cannot be used with"));
}

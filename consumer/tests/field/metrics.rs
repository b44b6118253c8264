//! Series that move when their thing happens, and only then.

use crate::shop::Shop;

const HASHES: &str = r#"orderstream_redis_hashes_total{of="customers",outcome="written"}"#;
const AGES: &str = "orderstream_event_age_seconds_count";
const DUE: &str = "orderstream_due_rows";
const UNREADABLE: &str = "orderstream_customer_hashes_unreadable_total";

fn repaired(outcome: &str) -> String {
    format!(r#"orderstream_repaired_rows_total{{outcome="{outcome}"}}"#)
}

#[test]
fn what_happens_to_customers_and_to_rows_behind_the_batches_is_counted() {
    let shop = Shop::with(&[]);
    let (process, completed, refreshed) = (shop.process(0), repaired("completed"), repaired("refreshed"));
    let await_metric = |series: &str, least: u64| shop.await_that(&format!("{series} is {least}"), || process.metric(series) >= least);

    // Orders of customers who never came wait already.
    let waiting = u64::try_from(shop.number("select count(*) from due_orders")).unwrap();

    // Before his customer.
    let id = shop.order("COUNTED", 1, "1.00");
    await_metric(AGES, 1);
    await_metric(DUE, waiting + 1);
    let (hashes, already) = (process.metric(HASHES), process.metric(&completed));
    let untouched = process.metric(&refreshed);
    shop.customer("COUNTED", "Ann");
    shop.await_hash_field(id, "customer_name", "Ann");
    await_metric(HASHES, hashes + 1);
    await_metric(&completed, already + 1);
    shop.customer("COUNTED", "Anna");
    shop.await_hash_field(id, "customer_name", "Anna");
    await_metric(&refreshed, untouched + 1);
    assert_eq!(process.metric(&completed), already + 1);
    shop.await_that("only those are due that were before", || process.metric(DUE) == waiting);

    // No hash at all.
    shop.customer("BROKEN", "Bob");
    shop.await_customer("BROKEN", "Bob");
    let mut redis = shop.redis().unwrap();
    redis::cmd("SET").arg("customer:BROKEN").arg("broken").exec(&mut redis).unwrap();
    let order = shop.order("BROKEN", 1, "1.00");
    await_metric(UNREADABLE, 1);
    redis::cmd("DEL").arg("customer:BROKEN").exec(&mut redis).unwrap();
    shop.customer("BROKEN", "Ben");
    shop.await_hash_field(order, "customer_name", "Ben");
    shop.await_everything_right();
}

//! Series of `/metrics` that move when the event that they count happens, and only then.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use stack::proxy::{Mode, Proxy};

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

    let is_due = |id: i64| shop.number(&format!("select count(*) from due_orders where order_id = {id}")) == 1;
    // Orders of customers who never came are due already, and the sweep may finish one of them at any time.
    let all_due = || u64::try_from(shop.number("select count(*) from due_orders where partition between 0 and 3")).unwrap();

    // The order comes before its customer.
    let id = shop.order("COUNTED", 1, "1.00");
    await_metric(AGES, 1);
    shop.await_that("the order waits, and is counted", || is_due(id) && process.metric(DUE) == all_due());
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
    shop.await_that("the order waits no more, and the others are counted", || !is_due(id) && process.metric(DUE) == all_due());

    // The customer's key in Redis holds a string and no hash.
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

#[test]
fn a_call_of_redis_that_takes_longer_than_breaker_slow_call_ms_is_counted() {
    let mut shop = Shop::closed();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let line = Proxy::start(runtime.handle(), shop.stack().ports().redis).unwrap();
    let url = format!("redis://127.0.0.1:{}", line.port());
    let number = shop.start_another(&[("REDIS_URL", &url), ("BREAKER_SLOW_CALL_MS", "10")]);
    line.set(Mode::Slow(Duration::from_millis(15)));
    shop.order("CUST001", 1, "1.00");
    shop.await_that("a call was slow", || shop.process(number).metric(r#"orderstream_breaker_slow_calls_total{of="calls"}"#) > 0);
    line.heal();
    shop.await_everything_right();
}

#[test]
fn promtool_finds_nothing_to_say_about_the_metrics_of_a_process() {
    let shop = Shop::open();
    shop.order("CUST001", 1, "1.00");
    shop.await_everything_right();
    let (_, metrics) = shop.process(0).get("/metrics").unwrap();
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut checking = promtool.spawn().unwrap();
    checking.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let said = checking.wait_with_output().unwrap();
    let words = [said.stdout, said.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(said.status.success() && words.iter().all(String::is_empty), "{words:?}");
}
